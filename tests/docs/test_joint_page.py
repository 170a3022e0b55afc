"""The page on joint fits says what the command does."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from asuc.cli import run
from tests.docs.pages import ROOT, blocks, page, run_line
from tte.data.events_file import read_events
from tte.joint.document import FITS

if TYPE_CHECKING:
    from pathlib import Path

PAGE = page("docs/how-to/joint-fit.md")


@pytest.mark.slow
def test_the_example_runs_as_it_is_printed(tmp_path: Path):
    line = " ".join(blocks(PAGE, "sh")[0].replace("\\\n", " ").split())
    done = run_line(line.replace("asuc ", ".venv/bin/asuc ", 1).replace("examples/", f"{ROOT}/examples/"), tmp_path)
    assert done.returncode == 0
    assert "Planned doses before day 28 stand in the exposure of 1 subject: 25." in done.stderr
    document = json.loads((tmp_path / "joint" / "joint.json").read_text(encoding="utf-8"))
    assert [one["status"] for one in document["fits"].values()] == ["converged"] * 4
    assert [key for key in ("planned_subjects", "pk_parameters", "warnings", "exposure") if key not in document] == []
    assert document["planned_subjects"] == ["25"]
    beside = document["beside"]
    assert (beside["landmark"]["n_left_out"], beside["joint"]["planned_subjects"]) == (5, [])
    assert "`beside.joint`" in PAGE
    for one in beside["joint"]["fits"].values():
        effect = one["parameters"]["lambda:LOG_AUC_CL"]
        assert one["status"] == "converged"
        assert effect["profile_interval"][0] < effect["estimate"] < effect["profile_interval"][1] < 0.0


def test_the_example_is_drawn_by_the_line_on_the_page(tmp_path: Path):
    line = next(part for part in PAGE.split("`") if part.startswith("asuc cohort simulate"))
    files = ("cohort.csv", "events.csv", "planned.csv")
    assert run([str(tmp_path / word) if word in files else word for word in line.split()[1:]]) == 0
    for name in files:
        assert (tmp_path / name).read_bytes() == (ROOT / "examples" / "virtual_colectomy" / name).read_bytes()
    events = read_events(str(tmp_path / "events.csv")).checked()
    assert (events.n_subjects, events.n_events) == (72, 11)


def test_every_fit_is_explained():
    assert [key for key in FITS if f"| `{key}` |" not in PAGE] == []

"""The page on joint fits says what the command does."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from tests.docs.pages import ROOT, blocks, page, run_line
from tte.data.events_file import read_events
from tte.joint.document import FITS

if TYPE_CHECKING:
    from pathlib import Path

PAGE = page("docs/how-to/joint-fit.md")


@pytest.mark.slow
def test_the_example_runs_as_it_is_printed(tmp_path: Path):
    line = blocks(PAGE, "sh")[0].strip()
    done = run_line(line.replace("asuc ", ".venv/bin/asuc ", 1).replace("examples/", f"{ROOT}/examples/"), tmp_path)
    assert done.returncode == 0
    assert "Planned doses before day 28 stand in the exposure of 18 subjects" in done.stderr
    document = json.loads((tmp_path / "joint" / "joint.json").read_text(encoding="utf-8"))
    assert [one["status"] for one in document["fits"].values()] == ["converged"] * 4
    assert [key for key in ("planned_subjects", "pk_parameters", "warnings", "exposure") if key not in document] == []
    assert len(document["planned_subjects"]) == 18


def test_the_example_has_the_published_numbers_of_events():
    events = read_events(str(ROOT / "examples" / "virtual_asuc_events.csv")).checked()
    assert (events.n_subjects, events.n_events) == (72, 11)
    assert ((events.kind == 1) & (events.stop < 28.0)).sum() == 5


def test_every_fit_is_explained():
    assert [key for key in FITS if f"| `{key}` |" not in PAGE] == []

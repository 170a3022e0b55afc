"""The page on event times says what the commands do."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from tests.docs.pages import ROOT, blocks, page, run_line
from tte.data.events_file import read_events
from tte.estimation.fit import FitStatus
from tte.hazards.hazard import Hazard

if TYPE_CHECKING:
    from pathlib import Path

PAGE = page("docs/how-to/fit-event-times.md")
THEORY = page("docs/theory/time-to-event.md")


def test_the_examples_run_as_they_are_printed(tmp_path: Path):
    for line in blocks(PAGE, "sh")[0].splitlines():
        done = run_line(line.replace("asuc ", ".venv/bin/asuc ", 1).replace("examples/", f"{ROOT}/examples/"), tmp_path)
        assert (done.returncode, done.stderr) == (0, "")
    assert json.loads((tmp_path / "tte" / "fit.json").read_text(encoding="utf-8"))["status"] == "converged"
    for folder, document in (("tte", "fit"), ("hazards", "compare"), ("bootstrap", "bootstrap"), ("vpc", "vpc")):
        beside = json.loads((tmp_path / folder / f"{document}.json").read_text(encoding="utf-8"))["beside"]
        assert beside["landmark"]["n_left_out"] == 5
        assert [key for key in beside if f"`{key}`" not in PAGE and f"`beside.{key}`" not in PAGE] == []
    published = json.loads((tmp_path / "published" / "fit.json").read_text(encoding="utf-8"))
    assert published["parameters"]["shape"]["estimate"] == 1.08


def test_the_example_has_the_published_numbers_of_events():
    events = read_events(str(ROOT / "examples" / "virtual_events.csv")).checked()
    assert (events.n_subjects, events.n_events) == (71, 11)
    assert ((events.kind == 1) & (events.stop < 28.0)).sum() == 5


def test_every_status_and_hazard_is_explained():
    assert [one.name.lower() for one in FitStatus if f"| `{one.name.lower()}` |" not in PAGE] == []
    assert [one.value for one in Hazard if f"`{one.value}`" not in PAGE or f"| `{one.value}` |" not in THEORY] == []
    assert [one.name for hazard in Hazard for one in hazard.parameters if f"`{one.name}`" not in THEORY] == []

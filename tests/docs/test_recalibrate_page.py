"""The page on recalibration names every method, option and file of the command."""

from __future__ import annotations

from typing import TYPE_CHECKING

import typer

from asuc.cli.tte import tte
from tests.docs.pages import ROOT, blocks, page, run_line
from tte import load_event_model
from tte.recalibration.prior import prior_of
from tte.recalibration.threshold import LEAST_EVENTS

if TYPE_CHECKING:
    from pathlib import Path

PAGE = page("docs/how-to/recalibrate.md")
THEORY = page("docs/theory/time-to-event.md")


def test_every_option_is_explained():
    command = typer.main.get_command(tte).commands["recalibrate"]  # type: ignore[attr-defined] # pyright: ignore[reportAttributeAccessIssue]
    options = [one.opts[0] for one in command.params if one.param_type_name == "option"]
    assert "--method" in options
    elsewhere = {"--out", "--help"}
    assert [option for option in options if f"`{option}" not in PAGE and option not in elsewhere] == []


def test_the_second_line_of_the_example_runs_on_the_example_cohort(tmp_path: Path):
    lines = blocks(PAGE, "sh")[0].replace("\\\n", "").splitlines()
    line = lines[1].replace("asuc ", ".venv/bin/asuc ", 1) + " --n 10 --no-figures"
    line = line.replace("exposure/events_with_exposure.csv", f"{ROOT}/examples/virtual_events.csv")
    done = run_line(line, tmp_path)
    assert done.returncode == 0, done.stderr
    opened = lines[2].split()[-1]
    assert load_event_model(tmp_path / opened).provenance is not None
    written = {file.name for file in (tmp_path / "recalibrated").iterdir()}
    assert [name for name in written if f"`{name}`" not in PAGE and name != "my_hospital_2027.toml"] == []


def test_numbers_are_those_of_the_code():
    assert LEAST_EVENTS == 10
    assert "there must be ten with" in PAGE
    prior = prior_of(load_event_model())
    assert f"{prior.covariance[1, 1] ** 0.5:.3f}" in THEORY

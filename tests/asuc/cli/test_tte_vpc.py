"""`asuc tte vpc`: what it writes and refuses."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from asuc.cli import run
from tests.asuc.shell import ROOT

if TYPE_CHECKING:
    from pathlib import Path

    import pytest

EVENTS = str(ROOT / "examples" / "virtual_events.csv")
MODEL = ["--hazard", "weibull", "--covariate", "LOG_AUC_CL"]


def test_a_fit_and_its_folder_give_the_same_check(tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    fit, first, second = (str(tmp_path / name) for name in ("fit", "first", "second"))
    assert run(["tte", "fit", EVENTS, *MODEL, "--out", fit, "--no-figures", "--no-profile"]) == 0
    more = ["--n", "40", "--by", "log_auc_cl", "--at", "5.79", "--uncertainty", "--json"]
    capsys.readouterr()
    assert run(["tte", "vpc", EVENTS, *MODEL, "--out", first, *more]) == 0
    made = json.loads(capsys.readouterr().out)
    assert run(["tte", "vpc", EVENTS, "--fit", fit, "--out", second, "--no-figures", *more]) == 0
    kept = json.loads(capsys.readouterr().out)
    assert made["schema"] == "tte-vpc/1"
    assert made["groups"] == kept["groups"]
    assert [(one["n_subjects"], one["n_events"]) for one in made["groups"]] == [(71, 11), (11, 4), (60, 7)]
    assert {file.name for file in (tmp_path / "first" / "figures").iterdir()} == {
        "figures.json",
        *(
            f"{name}{who}.{kind}"
            for name in ("vpc", "vpc-by-group")
            for who in ("", "-landmark-28")
            for kind in ("csv", "html", "svg")
        ),
    }
    # Those at the landmark are simulated from its day on, free of the event by then.
    for one in (made, kept):
        beside = one["beside"]["check"]
        assert [(own["n_subjects"], own["n_events"]) for own in beside["groups"]] == [(66, 6), (10, 3), (56, 3)]
        assert beside["groups"][0]["day"][0] == 28.0
        assert beside["groups"][0]["q025"][0] == beside["groups"][0]["observed"][0] == 1.0
    # With a fit of all its values are taken; without one the model is fitted to those at the landmark.
    assert kept["beside"]["check"]["parameters"] == kept["parameters"]
    assert made["beside"]["check"]["parameters"] != made["parameters"]


def test_it_refuses_what_does_not_fit_together(tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    out = ["--out", str(tmp_path / "vpc")]
    for more, said in (
        ([*MODEL, "--by", "CRP"], "one is given without the other"),
        ([*MODEL, "--by", "WEIGHT", "--at", "5"], "WEIGHT is no column of numbers; there are"),
        ([*MODEL, "--by", "LOG_AUC_CL", "--at", "500"], "500 parts nobody"),
        (["--fit", str(tmp_path), "--hazard", "weibull"], "brings its own model"),
        (["--fit", str(tmp_path)], "cannot be read as a fit of event times"),
        ([], "neither is given"),
    ):
        assert run(["tte", "vpc", EVENTS, *more, *out]) == 2
        assert said in capsys.readouterr().err
    assert not (tmp_path / "vpc").exists()

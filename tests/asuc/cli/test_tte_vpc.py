"""`asuc tte vpc`: what it writes and refuses."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

from asuc.cli import run
from tests.asuc.shell import ROOT
from tte.evaluation import visual_check as module

if TYPE_CHECKING:
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


def checked(out: Path, *more: str) -> int:
    return run(["tte", "vpc", EVENTS, *MODEL, "--n", "1200", "--no-figures", "--out", str(out), *more])


def test_a_check_that_is_stopped_goes_on_and_ends_with_the_same_bits(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
):
    whole, parted = tmp_path / "whole", tmp_path / "parted"
    assert checked(whole) == 0
    simulate, asked = module.simulated_studies, list[range]()

    def stopped_in_the_second_block(what: Any, numbers: range, *tell: Any) -> Any:
        asked.append(numbers)
        if len(asked) == 2:
            raise KeyboardInterrupt
        return simulate(what, numbers, *tell)

    with monkeypatch.context() as patched:
        patched.setattr(module, "simulated_studies", stopped_in_the_second_block)
        checked(parted)
        assert "500 of 1,200 studies of all are kept; the same command with --resume goes on" in capsys.readouterr().err
        assert not (parted / "vpc.json").exists()
        # What was kept is not simulated again.
        assert checked(parted, "--resume") == 0
    assert asked[2:] == [range(501, 1001), range(1001, 1201), range(1, 501), range(501, 1001), range(1001, 1201)]
    assert (parted / "vpc.json").read_bytes() == (whole / "vpc.json").read_bytes()
    assert (parted / "vpc.csv").read_bytes() == (whole / "vpc.csv").read_bytes()
    assert not (parted / "blocks").exists()


def test_a_finished_check_is_not_computed_again_and_other_settings_are_refused(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
):
    out = tmp_path / "vpc"
    line = ["tte", "vpc", EVENTS, *MODEL, "--n", "40", "--out", str(out)]
    assert run([*line, "--no-figures", "--json"]) == 0
    document = json.loads(capsys.readouterr().out)
    with monkeypatch.context() as patched:
        patched.setattr("tte.evaluation.visual_check.simulated_studies", None)
        assert run([*line, "--no-figures", "--resume", "--json"]) == 0
    said = capsys.readouterr()
    assert json.loads(said.out) == document
    assert "holds this result already; nothing was computed again" in said.err
    # Figures that are asked for and are not there are drawn.
    assert run([*line, "--resume"]) == 0
    assert (out / "figures" / "vpc.svg").exists()
    for more, sentence in (
        (["--seed", "2"], "seed is 1 there and 2 now"),
        (["--n", "41"], "n is 40 there and 41 now"),
        (["--landmark", "28"], "landmark_day is None there and 28.0 now"),
        (["--uncertainty"], "uncertainty is False there and True now"),
    ):
        assert run([*line, "--resume", *more]) == 2
        assert sentence in capsys.readouterr().err
    other = tmp_path / "other.csv"
    other.write_text(Path(EVENTS).read_text().replace("1,47,0", "1,46,0"))
    assert run([*line[:2], str(other), *line[3:], "--resume"]) == 2
    assert "data_sha256 is" in capsys.readouterr().err
    assert run(["tte", "vpc", EVENTS, *MODEL, "--n", "40", "--out", str(tmp_path / "none"), "--resume"]) == 2
    assert "there is nothing to go on with" in capsys.readouterr().err


def test_it_refuses_what_does_not_fit_together(tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    out = ["--out", str(tmp_path / "vpc")]
    for more, said in (
        ([*MODEL, "--by", "CRP"], "one is given without the other"),
        ([*MODEL, "--by", "WEIGHT", "--at", "5"], "WEIGHT is no column of numbers; there are"),
        ([*MODEL, "--by", "LOG_AUC_CL", "--at", "500"], "500 parts nobody"),
        (["--fit", str(tmp_path), "--hazard", "weibull"], "brings its own model"),
        (["--fit", str(tmp_path)], "cannot be read as a fit of event times"),
        ([], "neither is given"),
        ([*MODEL, "--visit", "14"], "no event is known by an interval"),
    ):
        assert run(["tte", "vpc", EVENTS, *more, *out]) == 2
        assert said in capsys.readouterr().err
    assert not (tmp_path / "vpc").exists()


def test_intervals_have_turnbulls_curves_and_visits_that_are_common_or_named(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
):
    rows = [f"{i},{(0, 14, 28)[i % 3]},1,{(14, 28, 42)[i % 3]}" for i in range(15)]
    rows += [f"{i},60,0," for i in range(15, 40)]
    common, mixed = tmp_path / "common.csv", tmp_path / "mixed.csv"
    common.write_text("ID,TIME,EVENT,TIME2\n" + "\n".join(rows) + "\n")
    mixed.write_text(common.read_text() + "40,10,1,20\n")
    model = ["--hazard", "exponential", "--n", "20", "--no-figures", "--json"]
    assert run(["tte", "vpc", str(common), *model, "--out", str(tmp_path / "common")]) == 0
    document = json.loads(capsys.readouterr().out)
    assert document["visit_day"] == [14.0, 28.0, 42.0]
    assert "Turnbull" in document["censoring"]["text"]
    (one,) = document["groups"]
    # Nobody is censored before: shares of 40.
    for day, free in ((14.0, 35), (28.0, 30), (42.0, 25)):
        assert one["observed"][one["day"].index(day)] == free / 40
    assert one["n_event_days"] == 3
    assert run(["tte", "vpc", str(mixed), *model, "--out", str(tmp_path / "mixed")]) == 2
    assert "expected --visit DAY for each day" in capsys.readouterr().err
    assert not (tmp_path / "mixed").exists()
    visits = [word for day in (14, 28, 42) for word in ("--visit", str(day))]
    assert run(["tte", "vpc", str(mixed), *model, *visits, "--out", str(tmp_path / "mixed")]) == 0
    assert json.loads(capsys.readouterr().out)["visit_day"] == [14.0, 28.0, 42.0]

"""`asuc nonmem export`: what is written, from a fit or a model, of levels or of event times, and what is refused."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from asuc.cli import run

if TYPE_CHECKING:
    from pathlib import Path

MODEL = ("--model", "niyigena_2026_asuc")


@pytest.fixture
def cohort(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Path:
    file = tmp_path / "cohort.csv"
    assert run(["cohort", "simulate", "--out", str(file), "--n", "20", "--seed", "5"]) == 0
    capsys.readouterr()
    return file


def objective(cohort: Path, model: str, out: Path) -> dict[str, float]:
    words = ("--method", "laplace", "--maxeval", "0", "--covariance", "none", "--no-figures")
    assert run(["fit", str(cohort), "--model", model, "--out", str(out), *words]) == 0
    return json.loads((out / "fit.json").read_text(encoding="utf-8"))


def test_a_model_and_what_is_imported_again_have_the_same_objective(cohort: Path, tmp_path: Path, capsys):
    out = tmp_path / "nonmem"
    assert run(["nonmem", "export", *MODEL, "--data", str(cohort), "--out", str(out), "--maxeval", "0"]) == 0
    said = capsys.readouterr()
    assert "20 individuals" in said.out
    assert "No NONMEM ran here" in said.err
    assert "MAXEVAL=0\n" in (out / "run.ctl").read_text(encoding="utf-8")
    assert (out / "ids.csv").read_text(encoding="utf-8").splitlines()[:2] == ["number,ID", "1,1"]
    back, data = tmp_path / "back.toml", tmp_path / "back.csv"
    assert run(["nonmem", "import", str(out / "run.ctl"), "--out", str(back), "--data-out", str(data)]) == 0
    ours = objective(cohort, MODEL[1], tmp_path / "ours")
    theirs = objective(data, str(back), tmp_path / "theirs")
    assert theirs["ofv"] == pytest.approx(ours["ofv"], abs=1e-9)


def test_a_fit_is_written_with_its_estimates(cohort: Path, tmp_path: Path):
    fit, out = tmp_path / "fit", tmp_path / "nonmem"
    words = ("--method", "laplace", "--init", "cl=0.4321", "--maxeval", "0", "--covariance", "none", "--no-figures")
    assert run(["fit", str(cohort), *MODEL, "--out", str(fit), *words]) == 0
    assert run(["nonmem", "export", str(fit), "--data", str(cohort), "--out", str(out)]) == 0
    assert "$THETA (0.0,0.4321) ; cl\n" in (out / "run.ctl").read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ((), "--model: is missing; expected the folder of a fit, or a model"),
        (("--model", "zhao_2026_pediatric"), "zhao_2026_pediatric"),
        (("no_fit",), "cannot be read as a fit"),
    ],
)
def test_what_cannot_be_written_is_one_sentence(
    cohort: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], words: tuple[str, ...], message: str
):
    assert run(["nonmem", "export", *words, "--data", str(cohort), "--out", str(tmp_path / "nonmem")]) == 2
    assert message in capsys.readouterr().err
    assert not (tmp_path / "nonmem").exists()


@pytest.mark.requirement("OPS-02")
def test_nothing_is_written_over(cohort: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    words = ["nonmem", "export", *MODEL, "--data", str(cohort), "--out", str(tmp_path / "nonmem")]
    assert run(words) == 0
    assert run(words) == 2
    assert "nothing is written over without --force" in capsys.readouterr().err
    assert run([*words, "--force"]) == 0


@pytest.mark.parametrize(("tool", "names"), [("nlmixr2", ["model.R"]), ("mrgsolve", ["model.cpp", "run.R"])])
def test_a_model_is_written_for_tools_in_r(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], tool: str, names: list[str]
):
    file, out = tmp_path / "cohort.csv", tmp_path / "out"
    file.write_text("ID,TIME,AMT,RATE,EVID,DV,WT,CRP\n7,0,400,4800,1,.,70,30\n7,9,.,.,0,11.5,70,30\n", encoding="utf-8")
    assert (
        run(["nonmem", "export", *MODEL, "--data", str(file), "--out", str(out), "--to", tool, "--maxeval", "0"]) == 0
    )
    said = capsys.readouterr()
    assert "1 individuals, 2 records" in said.out
    assert "No R ran here" in said.err
    assert sorted(one.name for one in out.iterdir()) == sorted([*names, "data.csv", "ids.csv"])
    assert (out / "ids.csv").read_text(encoding="utf-8").splitlines() == ["number,ID", "1,7"]


def test_levels_above_a_limit_are_refused_for_mapbayr(tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    file, out = tmp_path / "cohort.csv", tmp_path / "out"
    text = "ID,TIME,AMT,RATE,EVID,DV,CENS,WT,CRP\n7,0,400,4800,1,.,0,70,30\n7,9,.,.,0,20,-1,70,30\n"
    file.write_text(text, encoding="utf-8")
    assert run(["nonmem", "export", *MODEL, "--data", str(file), "--out", str(out), "--to", "mrgsolve"]) == 2
    assert "levels above a limit" in capsys.readouterr().err
    assert not out.exists()


EVENTS = """ID,TIME,EVENT,ENTRY,TIME2,LOG_AUC_CL
A,12.5,1,0,,5.1
B,90,0,3,,6.9
C,30,1,0,44,6.2
D,0,1,0,14,4.8
E,71,1,10,,5.9
F,90,0,0,,7.3
"""


@pytest.fixture
def events(tmp_path: Path) -> Path:
    file = tmp_path / "events.csv"
    file.write_text(EVENTS, encoding="utf-8")
    return file


def log_likelihood(events: Path, model: Path | str, out: Path) -> float:
    words = ("--maxeval", "0", "--no-profile", "--no-figures", "--out", str(out))
    assert run(["tte", "fit", str(events), "--model", str(model), *words]) == 0
    return json.loads((out / "fit.json").read_text(encoding="utf-8"))["log_likelihood"]


def test_the_shipped_event_model_comes_back_with_its_objective(events: Path, tmp_path: Path, capsys):
    """A file that says what became of the subjects is one of event times: the event model of the name is meant."""
    out, back, data = tmp_path / "nonmem", tmp_path / "back.toml", tmp_path / "back.csv"
    assert run(["nonmem", "export", *MODEL, "--data", str(events), "--out", str(out), "--maxeval", "0"]) == 0
    assert "6 individuals, 6 records" in capsys.readouterr().out
    text = (out / "run.ctl").read_text(encoding="utf-8")
    assert "LAPLACE LIKELIHOOD" in text
    assert "CHZ = LAM*TIME**GAM" in text
    assert run(["nonmem", "import", str(out / "run.ctl"), "--out", str(back), "--data-out", str(data)]) == 0
    assert "weibull hazard, lambda, shape, lambda:LOG_AUC_CL" in capsys.readouterr().out
    ours = log_likelihood(events, MODEL[1], tmp_path / "ours")
    assert log_likelihood(data, back, tmp_path / "theirs") == pytest.approx(ours, abs=1e-10)


def test_a_fit_of_event_times_is_written_with_its_estimates(events: Path, tmp_path: Path):
    fit, out = tmp_path / "fit", tmp_path / "nonmem"
    words = ("--hazard", "exponential", "--no-profile", "--no-figures", "--out", str(fit))
    assert run(["tte", "fit", str(events), *words]) == 0
    estimate = json.loads((fit / "fit.json").read_text(encoding="utf-8"))["parameters"]["lambda"]["estimate"]
    assert run(["nonmem", "export", str(fit), "--data", str(events), "--out", str(out)]) == 0
    (theta,) = [line for line in (out / "run.ctl").read_text(encoding="utf-8").splitlines() if "$THETA" in line]
    assert float(theta.partition(",")[2].partition(")")[0]) == pytest.approx(estimate, rel=1e-12)


def test_a_fit_and_a_model_of_event_times_are_not_both_taken(events: Path, tmp_path: Path, capsys):
    words = ["nonmem", "export", "fit", *MODEL, "--data", str(events), "--out", str(tmp_path / "nonmem")]
    assert run(words) == 2
    assert (
        "--model: is given beside the folder of a fit, which has its own; leave one of them out"
        in capsys.readouterr().err
    )

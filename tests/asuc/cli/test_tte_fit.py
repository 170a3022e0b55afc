"""`asuc tte fit` and `asuc tte compare`: what they write and refuse."""

from __future__ import annotations

import csv
import json
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from asuc.cli import run
from tests.asuc.shell import ROOT, asuc
from tests.tte.estimation.event_data import weibull_times
from tte.estimation.schema import TteFit, fit_json_schema

if TYPE_CHECKING:
    from pathlib import Path

SCHEMA = ROOT / "docs" / "schema" / "tte-fit-1.schema.json"


@pytest.fixture
def events(tmp_path: Path) -> str:
    """Return a file of 71 subjects with the exposure of the shipped event model."""
    time, event, x = weibull_times(71, effect=-0.5)
    rows = zip(
        range(1, 72),
        np.maximum(np.round(time * 4, 3), 0.1).tolist(),
        event.astype(int).tolist(),
        np.round(6.5 + x, 4).tolist(),
        strict=True,
    )
    file = tmp_path / "events.csv"
    with file.open("w", encoding="utf-8", newline="") as stream:
        csv.writer(stream).writerows([("ID", "TIME", "EVENT", "LOG_AUC_CL"), *rows])
    return str(file)


def fitted(line: list[str], capsys: pytest.CaptureFixture[str]) -> dict[str, Any]:
    assert run(["tte", "fit", *line, "--json"]) == 0
    document = json.loads(capsys.readouterr().out)
    TteFit.model_validate(document)
    return document


def test_a_fit_writes_document_tables_model_and_figures(
    events: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
):
    out = tmp_path / "fit"
    document = fitted([events, "--hazard", "weibull", "--covariate", "log_auc_cl", "--out", str(out)], capsys)
    assert json.loads((out / "fit.json").read_text(encoding="utf-8")) == document
    assert document["status"] == "converged"
    assert document["n_subjects"] == document["bic_n"] == 71
    effect = document["parameters"]["lambda:LOG_AUC_CL"]
    assert effect["interval"][0] < effect["estimate"] < effect["interval"][1]
    assert effect["profile_interval"][0] < effect["estimate"] < effect["profile_interval"][1]
    assert effect["ratio"] == pytest.approx(np.exp(effect["estimate"]))
    beside = document["beside"]
    assert beside["landmark"]["day"] == 28
    assert beside["fit"]["n_subjects"] == 71 - beside["landmark"]["n_left_out"]
    with (out / "parameters.csv").open(encoding="utf-8") as stream:
        assert [row["set"] for row in csv.DictReader(stream)] == ["all"] * 3 + ["landmark 28"] * 3
    names = {file.name for file in (out / "figures").iterdir()}
    assert names == {
        "figures.json",
        *(
            f"{name}{who}.{kind}"
            for name in ("survival", "profiles")
            for who in ("", "-landmark-28")
            for kind in ("csv", "html", "svg")
        ),
    }
    own = beside["fit"]["parameters"]["lambda:LOG_AUC_CL"]
    assert own["profile_interval"][0] < own["estimate"] < own["profile_interval"][1]
    with (out / "profile.csv").open(encoding="utf-8") as stream:
        assert {row["set"] for row in csv.DictReader(stream)} == {"all", "landmark 28"}


def test_codings_of_a_weibull_hazard_are_the_same_model(
    events: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
):
    document = fitted(
        [events, "--hazard", "weibull", "--covariate", "log_auc_cl", "--out", str(tmp_path / "fit"), "--no-figures"],
        capsys,
    )
    codings = document["codings"]
    own, inside, power = (codings[name] for name in ("proportional_hazards", "scale_inside", "rate_power"))
    shape = own["shape"]["estimate"]
    assert np.exp(own["log_lambda"]["estimate"]) == pytest.approx(document["parameters"]["lambda"]["estimate"])
    assert inside["log_lambda"]["estimate"] * shape == pytest.approx(own["log_lambda"]["estimate"])
    assert power["log_lambda"] == inside["log_lambda"]
    assert inside["lambda:LOG_AUC_CL"]["estimate"] * shape == pytest.approx(own["lambda:LOG_AUC_CL"]["estimate"])
    # Standard errors by differences of the coding in the coefficients.
    matrix, names = np.array(document["covariance"]["matrix"]), document["covariance"]["names"]
    theta = np.array([document["parameters"][name]["link_estimate"] for name in names])

    def coded(at: np.ndarray) -> np.ndarray:
        return np.array([at[0] / np.exp(at[1]), at[2] / np.exp(at[1])])

    slope = np.column_stack([(coded(theta + step) - coded(theta - step)) / 2e-6 for step in 1e-6 * np.eye(3)])
    expected = np.sqrt(np.diag(slope @ matrix @ slope.T))
    found = [inside["log_lambda"]["se"], inside["lambda:LOG_AUC_CL"]["se"]]
    assert found == pytest.approx(expected, rel=1e-6)


def test_the_shipped_event_model_is_evaluated_and_a_fit_is_read_again(
    events: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
):
    shipped = fitted([events, "--model", "niyigena_2026_asuc", "--maxeval", "0", "--out", str(tmp_path / "a")], capsys)
    assert shipped["status"] == "evaluated"
    assert shipped["parameters"]["lambda:LOG_AUC_CL"]["estimate"] == -0.56
    best = fitted([events, "--model", "niyigena_2026_asuc", "--out", str(tmp_path / "b"), "--no-figures"], capsys)
    assert best["log_likelihood"] > shipped["log_likelihood"]
    file = str(tmp_path / "b" / "model.toml")
    again = fitted([events, "--model", file, "--maxeval", "0", "--out", str(tmp_path / "c"), "--no-figures"], capsys)
    assert again["log_likelihood"] == pytest.approx(best["log_likelihood"], rel=1e-12)


def test_a_landmark_leaves_out_and_says_whom(events: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    line = [
        "tte",
        "fit",
        events,
        "--hazard",
        "exponential",
        "--landmark",
        "28",
        "--out",
        str(tmp_path / "fit"),
        "--json",
    ]
    assert run(line) == 0
    said = capsys.readouterr()
    document = json.loads(said.out)
    n = document["landmark"]["n_left_out"]
    assert f"{n} left out with the event or last seen by then" in said.err
    assert (document["beside"], document["n_subjects"]) == (None, 71 - n)


def test_separation_is_named_and_a_penalty_makes_it_finite(tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    file = tmp_path / "events.csv"
    file.write_text(
        "ID,TIME,EVENT,G\n1,5,1,0\n2,7,0,1\n3,3,1,0\n4,9,0,1\n5,2,1,0\n6,8,0,1\n7,4,1,0\n8,6,0,0\n", encoding="utf-8"
    )
    line = [str(file), "--hazard", "weibull", "--covariate", "G", "--no-figures"]
    usual = fitted([*line, "--out", str(tmp_path / "a")], capsys)
    effect = usual["parameters"]["lambda:G"]
    assert usual["status"] == "monotone_likelihood"
    assert (effect["estimate"], effect["limit"], effect["se"], effect["profile_interval"][0]) == (
        None,
        "-infinity",
        None,
        None,
    )
    assert effect["profile_interval"][1] < 0.0
    penalised = fitted([*line, "--penalize", "--out", str(tmp_path / "b")], capsys)
    assert penalised["status"] == "converged"
    assert penalised["penalty"] is not None
    assert penalised["parameters"]["lambda:G"]["estimate"] < 0.0


def test_hazards_are_compared(events: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    out = tmp_path / "hazards"
    assert run(["tte", "compare", events, "--covariate", "LOG_AUC_CL", "--out", str(out), "--json"]) == 0
    document = json.loads(capsys.readouterr().out)
    assert document["schema"] == "tte-compare/1"
    rows = document["hazards"]
    assert len(rows) == 6
    known = [row for row in rows if row["aic_difference"] is not None]
    assert [row["aic"] for row in known] == sorted(row["aic"] for row in known)
    assert sum(row["weight"] for row in rows) == pytest.approx(1.0)
    assert (out / "figures" / "hazards.svg").exists()
    assert (out / "compare.csv").exists()


@pytest.mark.parametrize(
    ("options", "problem"),
    [
        ([], "--hazard, --model: neither is given; expected one of them"),
        (
            ["--hazard", "weibull", "--model", "niyigena_2026_asuc"],
            "--hazard, --model: both are given; expected one of them",
        ),
        (
            ["--model", "niyigena_2026_asuc", "--covariate", "X"],
            "--model: names its covariates itself; leave --covariate and --reference out",
        ),
        (["--hazard", "weibull", "--level", "1.5"], "--level: 1.5 is not above 0.5 and below 1, such as 0.95"),
        (
            ["--hazard", "weibull", "--penalize", "--maxeval", "0"],
            "--penalize: with --maxeval 0 there is nothing to penalise; leave one of them out",
        ),
        (
            ["--hazard", "weibull", "--maxeval", "0"],
            "initial value: lambda, shape has none; with no step allowed every parameter needs one",
        ),
        (["--hazard", "weibull", "--landmark", "900"], "landmark: nobody is left at day 900"),
        (["--hazard", "weibull", "--covariate", "AGE"], "has no column AGE; it has ID, TIME, EVENT, LOG_AUC_CL"),
        (
            ["--hazard", "weibull", "--fix", "shape=1e10"],
            "fixed value: shape is 1e+10; expected a number from 0.001 to",
        ),
        (
            ["--hazard", "weibull", "--init", "shape=1e10"],
            "initial value: shape is 1e+10; expected a number from 0.001",
        ),
        (
            ["--hazard", "weibull", "--covariate", "LOG_AUC_CL", "--fix", "LOG_AUC_CL=1e3"],
            "lambda:LOG_AUC_CL is 1000; expected at most",
        ),
        (["--model", "niyigena_2026_asuc", "--fix", "LOG_AUC_CL=1e3"], "lambda:LOG_AUC_CL is 1000; expected at most"),
        (
            ["--hazard", "weibull", "--covariate", "LOG_AUC_CL", "--reference", "LOG_AUC_CL=1e300"],
            "reference: LOG_AUC_CL is 1e+300; expected a number from -1e+12 to 1e+12",
        ),
        (
            ["--hazard", "weibull", "--covariate", "LOG_AUC_CL", "--reference", "log_auc_cl=1e6"],
            "reference: LOG_AUC_CL is 1e+06; expected a value near those of the data",
        ),
        (
            ["--hazard", "weibull", "--covariate", "LOG_AUC_CL", "--reference", "LOG_AUC_CL=nan"],
            "--reference: “LOG_AUC_CL=nan” is no finite number; expected one",
        ),
    ],
)
def test_what_does_not_fit_together_is_refused(
    options: list[str], problem: str, events: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
):
    out = tmp_path / "fit"
    assert run(["tte", "fit", events, *options, "--out", str(out)]) == 2
    assert problem in capsys.readouterr().err
    assert not out.exists()


def test_an_absurd_reference_or_start_is_refused_by_every_command_that_takes_one(
    events: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
):
    far = ["--covariate", "LOG_AUC_CL", "--reference", "LOG_AUC_CL=1e7", "--out", str(tmp_path / "out")]
    for command in (["compare"], ["bootstrap", "--hazard", "weibull"], ["vpc", "--hazard", "weibull"]):
        assert run(["tte", command[0], events, *command[1:], *far]) == 2
        assert "reference: LOG_AUC_CL is 1e+07; expected a value near" in capsys.readouterr().err
    words = ["--hazard", "weibull", "--init", "shape=1e10", "--out", str(tmp_path / "out")]
    assert run(["tte", "bootstrap", events, *words]) == 2
    assert "initial value: shape is 1e+10" in capsys.readouterr().err
    assert not (tmp_path / "out").exists()


def test_a_folder_that_exists_is_left_alone(events: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    assert run(["tte", "fit", events, "--hazard", "weibull", "--out", str(tmp_path)]) == 2
    assert "exists; nothing is written over without --force" in capsys.readouterr().err


def test_the_json_schema_is_that_of_the_page():
    assert SCHEMA.read_text(encoding="utf-8") == fit_json_schema()


@pytest.mark.slow
def test_compiled_code_that_is_kept_on_disk_works_in_the_next_process(events: str, tmp_path: Path):
    for name in ("first", "second"):
        done = asuc(
            f"tte fit {events} --hazard weibull --no-figures --out {tmp_path / name}",
            ASUC_CACHE_DIR=str(tmp_path / "cache"),
        )
        assert done.returncode == 0, done.stderr

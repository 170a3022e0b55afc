"""`asuc cohort simulate`, `data check` and `fit`: what they write and say, and what they refuse."""

from __future__ import annotations

import csv
import json
import math
import statistics
from typing import TYPE_CHECKING

import pytest

from asuc.cli import run

if TYPE_CHECKING:
    from pathlib import Path

MODEL = ("--model", "niyigena_2026_asuc")
BARE = (*MODEL, "--no-figures")


@pytest.fixture
def cohort(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Path:
    """Return the file of a small virtual cohort."""
    file = tmp_path / "cohort.csv"
    assert run(["cohort", "simulate", "--out", str(file), "--n", "20", "--seed", "5"]) == 0
    assert capsys.readouterr().out.startswith("20 patients, ")
    return file


def rows_of(file: Path) -> list[dict[str, str]]:
    with file.open(encoding="utf-8", newline="") as stream:
        return list(csv.DictReader(stream))


def test_the_same_seed_writes_the_same_cohort_and_a_file_is_kept(
    cohort: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
):
    again = tmp_path / "again.csv"
    run(["cohort", "simulate", "--out", str(again), "--n", "20", "--seed", "5"])
    assert again.read_bytes() == cohort.read_bytes()

    before = cohort.read_bytes()
    capsys.readouterr()
    assert run(["cohort", "simulate", "--out", str(cohort), "--seed", "6"]) == 2
    assert "exists; nothing is written over without --force" in capsys.readouterr().err
    assert cohort.read_bytes() == before


def test_a_check_counts_what_was_read(cohort: Path, capsys: pytest.CaptureFixture[str]):
    assert run(["data", "check", str(cohort), *MODEL, "--json"]) == 0

    document = json.loads(capsys.readouterr().out)
    rows = rows_of(cohort)
    levels = [row for row in rows if row["MDV"] == "0"]
    assert document["n_records"] == len(rows)
    assert document["cohort"]["n_subjects"] == 20
    assert document["cohort"]["n_samples"] == len(levels)
    assert document["cohort"]["n_below"] == sum(row["CENS"] == "1" for row in levels)
    assert document["cohort"]["n_above"] == sum(row["CENS"] == "-1" for row in levels)
    assert document["problems"] == []


def test_what_missing_covariates_cost_is_a_table_of_its_own(tmp_path: Path):
    cohort, out = tmp_path / "gappy.csv", tmp_path / "fit"
    assert run(["cohort", "simulate", "--out", str(cohort), "--n", "20", "--seed", "5", "--missing", "0.3"]) == 0
    line = ["fit", str(cohort), *BARE, "--method", "focei", "--censored", "drop", "--out", str(out)]
    assert run([*line, "--impute", "multiple", "--imputations", "2"]) == 0
    document = json.loads((out / "fit.json").read_text(encoding="utf-8"))
    told = {
        name: entry["imputation"]
        for group in ("theta", "omega", "sigma")
        for name, entry in document[group].items()
        if "imputation" in entry
    }
    rows = {row.pop("parameter"): row for row in rows_of(out / "imputation.csv")}
    assert rows == {
        name: {key: "" if value is None else repr(value) for key, value in entry.items()}
        for name, entry in told.items()
    }
    assert {"cl", "sigma_proportional"} <= rows.keys()

    assert run([*line, "--force", "--maxeval", "0"]) == 0
    assert not (out / "imputation.csv").exists()


def test_every_problem_is_named_with_its_line_and_no_fit_is_made(tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    file, out = tmp_path / "wrong.csv", tmp_path / "fit"
    file.write_text("ID,TIME,AMT,DV,WT,CRP\n1,0,600,.,60,30\n1,x,.,5,60,30\n1,8,.,-2,60,30\n", encoding="utf-8")

    assert run(["data", "check", str(file)]) == 2
    printed = capsys.readouterr().out
    assert "line 3, TIME" in printed
    assert "line 4, DV" in printed

    assert run(["fit", str(file), *BARE, "--out", str(out)]) == 2
    refused = capsys.readouterr()
    assert refused.out == ""
    assert "line 3, TIME" in refused.err
    assert "line 4, DV" in refused.err
    assert not out.exists()


def test_a_fit_writes_estimates_random_effects_and_residuals(
    cohort: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
):
    out = tmp_path / "fit"
    assert run(["fit", str(cohort), *BARE, "--out", str(out), "--json"]) == 0

    printed, written = json.loads(capsys.readouterr().out), json.loads((out / "fit.json").read_text(encoding="utf-8"))
    assert printed == written
    assert written["schema"] == "asuc-fit/1"
    assert written["status"] == "converged"
    assert written["theta"]["cl"]["se"] > 0.0
    assert written["ofv_with_log2pi"] > written["ofv"]

    table = {row["parameter"]: row for row in rows_of(out / "estimates.csv")}
    for name, entry in (*written["theta"].items(), *written["omega"].items(), *written["sigma"].items()):
        assert float(table[name]["estimate"]) == entry["estimate"]
        assert table[name]["se"] == ("" if entry["se"] is None else str(entry["se"]))
    etas, levels = rows_of(out / "etas.csv"), [row for row in rows_of(cohort) if row["MDV"] == "0"]
    assert list(etas[0])[:5] == ["id", "eta_cl", "eta_v", "se_cl", "se_v"]
    assert len(etas) == 20
    assert sum(float(row["ofv_i"]) for row in etas) == pytest.approx(written["ofv"], abs=1e-6)
    assert all(float(row["cl_L_per_day"]) > 0.0 and float(row["v_L"]) > 0.0 for row in etas)

    table = rows_of(out / "table.csv")
    assert len(table) == len(levels)
    for row, level in zip(table, levels, strict=True):
        for name in ("iwres", "cwres", "npde"):
            assert (row[name] == "") == (level["CENS"] != "0")
        assert float(row["ipred"]) > 0.0

    known = [float(row["cwres"]) for row in table if row["cwres"]]
    summaries = {row["name"]: row for row in rows_of(out / "summaries.csv")}
    assert list(summaries) == ["iwres", "cwres", "npde", "eta_cl", "eta_v"]
    assert (summaries["cwres"]["kind"], int(summaries["cwres"]["n"])) == ("residual", len(known))
    assert float(summaries["cwres"]["mean"]) == pytest.approx(statistics.fmean(known), abs=1e-12)
    assert float(summaries["eta_v"]["sd"]) == pytest.approx(statistics.stdev(float(row["eta_v"]) for row in etas))


def test_the_confidence_interval_of_what_is_positive_is_that_of_its_logarithm(
    cohort: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
):
    out = tmp_path / "fit"
    assert run(["fit", str(cohort), *BARE, "--out", str(out), "--json", "--no-figures"]) == 0
    found = json.loads(capsys.readouterr().out)
    clearance, variance = found["theta"]["cl"], found["omega"]["omega2_cl"]
    half = 1.959964 * clearance["se"]
    assert clearance["ci95_high"] - clearance["estimate"] == pytest.approx(half)
    assert clearance["estimate"] - clearance["ci95_low"] == pytest.approx(half)
    assert variance["ci95_low"] * variance["ci95_high"] == pytest.approx(variance["estimate"] ** 2)
    assert 0.5 * math.log(variance["ci95_high"] / variance["ci95_low"]) == pytest.approx(
        1.959964 * variance["se"] / variance["estimate"]
    )


def test_three_random_effects_are_sampled_and_the_document_says_how_exactly(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
):
    model, file, out = ("--model", "fasanmade_2011_pediatric"), tmp_path / "three.csv", tmp_path / "fit"
    assert run(["cohort", "simulate", *model, "--out", str(file), "--n", "8", "--seed", "5"]) == 0
    capsys.readouterr()
    assert run(["fit", str(file), *model, "--no-figures", "--out", str(out), "--maxeval", "0"]) == 0

    printed = capsys.readouterr().out
    integration = json.loads((out / "fit.json").read_text(encoding="utf-8"))["integration"]
    assert integration["kind"] == "importance_sampling"
    assert 0.0 < integration["ofv_se"] <= 0.05
    assert f"standard error of the OFV {integration['ofv_se']:.2g}" in " ".join(printed.split())
    assert list(rows_of(out / "etas.csv")[0])[1:4] == ["eta_cl", "eta_v1", "eta_v2"]


def test_zero_evaluations_give_the_objective_at_the_initial_values(
    cohort: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
):
    objective = []
    for name, options in (("published", ()), ("changed", ("--init", "cl=0.7"))):
        out = str(tmp_path / name)
        assert run(["fit", str(cohort), *BARE, "--out", out, "--maxeval", "0", "--json", *options]) == 0
        document = json.loads(capsys.readouterr().out)
        assert document["status"] == "evaluated"
        objective.append(document["ofv"])
    assert objective[0] != objective[1]


def test_a_fixed_parameter_keeps_its_value_and_has_no_standard_error(
    cohort: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
):
    assert run(["fit", str(cohort), *BARE, "--out", str(tmp_path / "fit"), "--fix", "v=14", "--json"]) == 0

    entry = json.loads(capsys.readouterr().out)["theta"]["v"]
    assert (entry["estimate"], entry["se"], entry["fixed"]) == (14.0, None, True)


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (("--method", "focei"), "use laplace or exact"),
        (("--fix", "nonsense=1"), "is not a parameter of this model"),
        (("--init", "cl=fast"), "is not NAME=VALUE"),
        (("--init", "cl=-1"), "outside its bounds"),
    ],
)
def test_what_cannot_be_fitted_is_refused_in_one_sentence(
    cohort: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], options: tuple[str, ...], said: str
):
    out = tmp_path / "fit"
    assert run(["fit", str(cohort), *BARE, "--out", str(out), *options]) == 2

    printed = capsys.readouterr()
    assert printed.out == ""
    assert sum(said in line for line in printed.err.splitlines()) == 1
    assert not out.exists()


def test_a_folder_that_exists_is_refused_unless_forced(
    cohort: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
):
    out = tmp_path / "fit"
    out.mkdir()
    (out / "notes.txt").write_text("kept", encoding="utf-8")
    arguments = ["fit", str(cohort), *BARE, "--out", str(out), "--maxeval", "0"]

    assert run(arguments) == 2
    assert "exists; nothing is written over without --force" in capsys.readouterr().err
    assert run([*arguments, "--force"]) == 0
    assert (out / "fit.json").exists()
    assert (out / "notes.txt").read_text(encoding="utf-8") == "kept"


def test_halves_and_drops_are_said_in_the_result(tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    cohort, found = tmp_path / "cohort.csv", {}
    assert run(["cohort", "simulate", "--out", str(cohort), "--seed", "3"]) == 0
    capsys.readouterr()
    for choice in ("drop", "half"):
        arguments = [*BARE, "--out", str(tmp_path / choice), "--method", "focei", "--censored", choice, "--json"]
        assert run(["fit", str(cohort), *arguments]) == 0
        found[choice] = json.loads(capsys.readouterr().out)
        assert found[choice]["censored"] == choice
    assert found["drop"]["n_observations"] < found["half"]["n_observations"]


def test_bounds_hold_a_fit_and_stand_in_its_document(cohort: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    out = tmp_path / "fit"
    bounds = ("--bound", "cl=0.9:3", "--init", "cl=1", "--bound", "sigma_proportional=:2")
    assert run(["fit", str(cohort), *BARE, "--out", str(out), *bounds]) == 0
    document = json.loads((out / "fit.json").read_text(encoding="utf-8"))
    assert document["status"] == "at_bound"
    assert document["status_text"].endswith("At a bound: cl.")
    cl, v, sigma = document["theta"]["cl"], document["theta"]["v"], document["sigma"]["sigma_proportional"]
    assert (cl["lower"], cl["upper"], cl["at_bound"], cl["se"]) == (0.9, 3.0, True, None)
    assert cl["estimate"] == pytest.approx(0.9, rel=1e-4)
    assert (v["lower"], v["upper"], v["at_bound"]) == (0.0, None, False)
    assert (sigma["lower"], sigma["upper"]) == (0.0, 2.0)
    assert "at a bound" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("--bound", "cl=1"), "--bound: “cl=1” is not NAME=LOW:HIGH, such as cl=0.1:2, cl=0.1: or cl=:2"),
        (("--bound", "cl=:"), "--bound: “cl=:” is not NAME=LOW:HIGH"),
        (("--bound", "cl=nan:2"), "--bound: “cl=nan:2” is not NAME=LOW:HIGH"),
        (("--bound", "cl=2:1"), "cl: bounds 2 and 1, expected the lower bound first"),
        (("--bound", "ka=0:1"), "ka: is not a parameter of this model; bounds are possible for cl, "),
        (("--bound", "omega2_cl=0:1"), "omega2_cl: is a variance or covariance"),
        (("--bound", "cl=0.6:2"), "cl: starts at 0.49, outside its bounds 0.6 to 2"),
    ],
)
def test_a_bound_that_cannot_be_is_one_sentence(
    cohort: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], words: tuple[str, str], message: str
):
    assert run(["fit", str(cohort), *BARE, "--out", str(tmp_path / "fit"), *words]) == 2
    assert message in capsys.readouterr().err
    assert not (tmp_path / "fit").exists()

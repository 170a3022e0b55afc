"""`asuc scm --impute multiple`: the same bytes whoever computes and after an interruption, and those of a search where nothing is missing."""

from __future__ import annotations

import csv
import json
from typing import TYPE_CHECKING

import pytest

from asuc.cli import run
from tests.asuc.cli.test_scm import MODEL, files_of, interrupted

if TYPE_CHECKING:
    from pathlib import Path

DRAWN = ["--impute", "multiple", "--imputations", "3", "--seed", "4"]
FEW = ["--covariate", "WT", "--covariate", "CRP", "--form", "power", "--form", "linear", "--parameter", "cl"]


def cohort_file(folder: Path, share: float) -> str:
    """Write a virtual cohort without the CRP of some subjects."""
    file = folder / f"cohort_{share}.csv"
    assert run(["cohort", "simulate", "--out", str(file), "--n", "40", "--seed", "5", "--missing", "0"]) == 0
    with file.open(encoding="utf-8", newline="") as stream:
        rows = list(csv.DictReader(stream))
    for row in rows:
        if int(row["ID"]) <= 40 * share:
            row["CRP"] = "."
    with file.open("w", encoding="utf-8", newline="") as stream:
        writer = csv.DictWriter(stream, list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)
    return str(file)


def rows_of(folder: Path) -> list[dict[str, str]]:
    with (folder / "trace.csv").open(encoding="utf-8", newline="") as stream:
        return list(csv.DictReader(stream))


@pytest.fixture
def cohort(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> str:
    file = cohort_file(tmp_path, 0.3)
    capsys.readouterr()
    return file


@pytest.mark.slow
def test_two_workers_and_an_interruption_change_no_byte(
    cohort: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
):
    whole, two, parts = tmp_path / "whole", tmp_path / "two", tmp_path / "parts"
    line = ["scm", cohort, *MODEL, *FEW, *DRAWN]
    assert run([*line, "--workers", "1", "--out", str(whole)]) == 0
    said = capsys.readouterr()
    assert "crp_mg_per_L is missing in 12 subjects; each test that it matters to draws it 3 times" in said.err
    assert "tests are pooled, each over 3 completed cohorts. 0 of" in said.out
    assert run([*line, "--workers", "2", "--out", str(two)]) == 0
    assert files_of(two) == files_of(whole)
    assert run([*line, "--workers", "1", "--out", str(parts)]) == 0
    (parts / "scm.json").unlink()
    file = parts / "trace.csv"
    lines = file.read_bytes().splitlines(keepends=True)
    # Stopped in the middle of a line, the fits before it in another order and nothing selected yet.
    file.write_bytes(b"".join([*lines[:2], *lines[2:5][::-1], lines[5][:-20]]))
    assert run([*line, "--workers", "1", "--out", str(parts), "--resume"]) == 0
    assert files_of(parts) == files_of(whole)
    capsys.readouterr()

    rows = rows_of(whole)
    by_weight = next(row for row in rows if row["covariate"] == "weight_kg")
    assert (by_weight["distribution"], by_weight["imputations"], by_weight["fits"]) == ("chi2", "", "1")
    assert float(by_weight["statistic"]) == -float(by_weight["change"])
    by_crp = next(row for row in rows if row["covariate"] == "crp_mg_per_L")
    assert (by_crp["distribution"], by_crp["imputations"], by_crp["fits_failed"]) == ("F", "3", "0")
    assert float(by_crp["df_denominator"]) == pytest.approx(2.0 / float(by_crp["missing_information"]) ** 2)
    document = json.loads((whole / "scm.json").read_text(encoding="utf-8"))
    assert document["imputation"]["missing"] == {"crp_mg_per_L": 12}
    assert (document["settings"]["imputations"], document["settings"]["seed"]) == (3, 4)

    assert run([*line[:-1], "5", "--out", str(whole), "--resume"]) == 2
    assert "seed is 4 there and 5 now" in capsys.readouterr().err


def test_where_nothing_is_missing_the_trace_is_that_of_the_ordinary_search(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
):
    file = cohort_file(tmp_path, 0.0)
    line = ["scm", file, *MODEL, *FEW, "--workers", "1"]
    assert run([*line, "--out", str(tmp_path / "ordinary")]) == 0
    capsys.readouterr()
    assert run([*line, *DRAWN, "--out", str(tmp_path / "drawn")]) == 0
    assert "no covariate of the search is missing; nothing is drawn" in capsys.readouterr().err
    ordinary, drawn = files_of(tmp_path / "ordinary"), files_of(tmp_path / "drawn")
    assert drawn["trace.csv"] == ordinary["trace.csv"]
    documents = [json.loads(one["scm.json"]) for one in (ordinary, drawn)]
    assert documents[0] | {"settings": None} == documents[1] | {"settings": None}


@pytest.mark.slow
def test_ctrl_c_keeps_what_is_done(cohort: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    out, whole = tmp_path / "scm", tmp_path / "whole"
    options = ["scm", cohort, *MODEL, *FEW, *DRAWN, "--workers", "2"]
    status, printed, said = interrupted(
        [*options, "--out", str(out)], out / "trace.csv", lambda text: text.count(b",F,") > 0
    )
    assert (status, printed) == (1, "")
    assert "fits are kept; the same command with --resume goes on" in said
    assert "Traceback" not in said
    assert run([*options, "--out", str(out), "--resume"]) == 0
    assert run([*options[:-1], "1", "--out", str(whole)]) == 0
    assert files_of(out) == files_of(whole)
    capsys.readouterr()


def test_the_full_model_is_pooled_too(cohort: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    line = [
        "scm",
        cohort,
        *MODEL,
        "--covariate",
        "CRP",
        "--form",
        "power",
        "--parameter",
        "cl",
        "--keep",
        "v:weight_kg",
    ]
    assert (
        run([*line, *DRAWN, "--fix", "omega2_v=0.2", "--full", "--workers", "1", "--out", str(tmp_path / "scm")]) == 0
    )
    assert "3 of 3 fits to completed cohorts are pooled" in capsys.readouterr().out
    full = json.loads((tmp_path / "scm" / "scm.json").read_text(encoding="utf-8"))["full"]
    assert full["imputation"] == {"n": 3, "n_used": 3, "statuses": {"converged": 3}}
    assert full["coefficients"]["cl_crp_mg_per_L"]["imputation"]["missing_information_pct"] > 0.0


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        (["--impute", "mean"], "'--impute': 'mean' is not one of 'median', 'multiple'"),
        (["--impute", "multiple", "--imputations", "1"], "'--imputations'"),
    ],
)
def test_what_is_wrong_is_said_in_one_sentence(
    options: list[str], sentence: str, cohort: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
):
    out = tmp_path / "scm"
    assert run(["scm", cohort, *MODEL, *FEW, *options, "--out", str(out)]) == 2
    said = capsys.readouterr().err.splitlines()
    assert sentence in said[-1]
    assert not out.exists()

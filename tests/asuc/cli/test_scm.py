"""`asuc scm`: what it writes, how it goes on after it was stopped, and what it refuses."""

from __future__ import annotations

import csv
import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from asuc.cli import run
from tests.asuc.shell import HEEDING, ROOT

if TYPE_CHECKING:
    from collections.abc import Callable

MODEL = ["--model", "niyigena_2026_asuc", "--method", "focei", "--censored", "drop"]
FEW = ["--covariate", "weight_kg", "--covariate", "CRP", "--form", "power", "--form", "hockey_stick"]
ONE = [*MODEL, *FEW, "--workers", "1"]


@pytest.fixture
def cohort(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> str:
    file = str(tmp_path / "cohort.csv")
    assert run(["cohort", "simulate", "--out", file, "--n", "40", "--seed", "5"]) == 0
    capsys.readouterr()
    return file


def files_of(folder: Path) -> dict[str, bytes]:
    return {file.name: file.read_bytes() for file in folder.iterdir()}


def test_it_writes_a_document_and_every_fit(cohort: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    out = tmp_path / "scm"
    assert run(["scm", cohort, *ONE, "--covariate", "SEX", "--out", str(out), "--json"]) == 0
    printed = json.loads(capsys.readouterr().out)
    assert printed == json.loads((out / "scm.json").read_text(encoding="utf-8"))
    assert printed["schema"] == "asuc-scm/1"
    assert printed["n_candidates"] == 2 * (2 + 2 + 1)
    with (out / "trace.csv").open(encoding="utf-8", newline="") as stream:
        rows = list(csv.DictReader(stream))
    assert len(rows) == printed["n_fits"] == 1 + sum(len(step["fits"]) for step in printed["steps"])
    first = [row for row in rows if row["step"] == "1"]
    assert {(row["parameter"], row["covariate"]) for row in first} == {
        (parameter, covariate) for parameter in ("cl", "v") for covariate in ("weight_kg", "crp_mg_per_L", "sex")
    }
    assert {row["form"] for row in first if row["covariate"] == "sex"} == {"category"}
    assert sum(row["selected"] == "1" for row in rows) == sum(step["selected"] is not None for step in printed["steps"])
    assert set(json.loads(rows[0]["estimates"])) == set(printed["base"]["estimates"])
    assert printed["covariates"]["weight_kg"]["median"] > 0.0
    assert sorted(files_of(out)) == ["final.csv", "scm.json", "settings.json", "trace.csv"]
    final = printed["final"]
    with (out / "final.csv").open(encoding="utf-8", newline="") as stream:
        table = {row["parameter"]: row for row in csv.DictReader(stream)}
    assert {name: float(row["estimate"]) for name, row in table.items()} == final["estimates"]
    base = printed["base"]["estimates"]
    assert all(row["base_estimate"] == (repr(base[name]) if name in base else "") for name, row in table.items())


def with_column(cohort: str, name: str, value: Callable[[int], object]) -> str:
    """Write a column of a subject's number beside the others."""
    with Path(cohort).open(encoding="utf-8", newline="") as stream:
        rows = list(csv.DictReader(stream))
    file = Path(cohort).with_name("wider.csv")
    with file.open("w", encoding="utf-8", newline="") as stream:
        writer = csv.DictWriter(stream, [*rows[0], name])
        writer.writeheader()
        writer.writerows({**row, name: value(int(row["ID"]))} for row in rows)
    return str(file)


def test_numbers_of_any_column_are_codes_where_they_are_said_to_be(
    cohort: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
):
    file = with_column(cohort, "SITE", lambda i: (2, 5, 2, 9)[i % 4])
    out = tmp_path / "scm"
    assert (
        run(["scm", file, *MODEL, "--category", "SITE", "--workers", "1", "--full", "--out", str(out), "--json"]) == 0
    )
    printed = json.loads(capsys.readouterr().out)
    assert [(one["parameter"], one["covariate"], one["form"]) for one in printed["steps"][0]["fits"]] == [
        ("cl", "site", "category"),
        ("v", "site", "category"),
    ]
    # A multiplier for each code but the most frequent.
    assert [one["df"] for one in printed["steps"][0]["fits"]] == [2, 2]
    assert printed["full"]["coefficients"].keys() == {"cl_site_5", "cl_site_9", "v_site_5", "v_site_9"}


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (lambda i: 0.5 * i, "--category site: holds 0.5; expected codes: whole numbers, 20 of them at most"),
        (lambda i: i, "--category site: has 40 different values; expected codes"),
    ],
)
def test_what_is_no_code_is_refused(
    cohort: str, tmp_path: Path, capsys: pytest.CaptureFixture[str], value: Callable[[int], object], expected: str
):
    file = with_column(cohort, "SITE", value)
    assert run(["scm", file, *MODEL, "--category", "SITE", "--out", str(tmp_path / "scm")]) == 2
    assert expected in capsys.readouterr().err


def test_two_workers_and_an_interruption_change_no_byte(
    cohort: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
):
    whole, two, parts = tmp_path / "whole", tmp_path / "two", tmp_path / "parts"
    assert run(["scm", cohort, *ONE, "--out", str(whole)]) == 0
    assert "Written to" in capsys.readouterr().out
    assert run(["scm", cohort, *MODEL, *FEW, "--workers", "2", "--out", str(two)]) == 0
    assert files_of(two) == files_of(whole)

    assert run(["scm", cohort, *ONE, "--out", str(parts)]) == 0
    (parts / "scm.json").write_text("of other fits", encoding="utf-8")
    file = parts / "trace.csv"
    lines = file.read_bytes().splitlines(keepends=True)
    # Stopped in the middle of a line, the fits before it in another order and nothing selected yet.
    shuffled = [lines[0], lines[1], *lines[2:8][::-1], lines[8][:-30]]
    file.write_bytes(b"".join(shuffled))
    assert run(["scm", cohort, *ONE, "--out", str(parts), "--resume"]) == 0
    assert files_of(parts) == files_of(whole)
    assert run(["scm", cohort, *ONE, "--out", str(parts), "--resume"]) == 0
    assert files_of(parts) == files_of(whole)


def interrupted(options: list[str], file: Path, is_under_way: Callable[[bytes], bool]) -> tuple[int, str, str]:
    """Run the command until a file says that it is under way, press Ctrl-C, and return exit status and what was said."""
    with subprocess.Popen(  # noqa: S603 - a line of our own
        [sys.executable, "-c", HEEDING, *options],
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    ) as process:
        ends = time.monotonic() + 180.0
        while time.monotonic() < ends and not (file.exists() and is_under_way(file.read_bytes())):
            time.sleep(0.02)
        os.killpg(process.pid, signal.SIGINT)
        try:
            printed, said = process.communicate(timeout=60)
        finally:
            process.kill()
    return process.returncode, printed, said


def test_ctrl_c_keeps_what_is_done(cohort: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    out, whole = tmp_path / "scm", tmp_path / "whole"
    options = ["scm", cohort, *MODEL, *FEW, "--covariate", "ALB", "--workers", "2"]
    file = out / "trace.csv"
    status, printed, said = interrupted([*options, "--out", str(out)], file, lambda text: text.count(b"\n") > 4)
    n_kept = file.read_bytes().count(b"\n") - 1
    assert (status, printed) == (1, "")
    assert f"{n_kept} fits are kept; the same command with --resume goes on" in said
    assert "Traceback" not in said
    assert not (out / "scm.json").exists()
    assert run([*options, "--out", str(out), "--resume"]) == 0
    assert run([*options[:-1], "1", "--out", str(whole)]) == 0
    assert files_of(out) == files_of(whole)
    capsys.readouterr()


def test_an_effect_that_is_kept_stays_and_is_not_tried(cohort: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    out = str(tmp_path / "scm")
    assert run(["scm", cohort, *ONE, "--keep", "cl:weight_kg", "--fix", "v=13", "--out", out, "--json"]) == 0
    document = json.loads(capsys.readouterr().out)
    assert document["base"]["estimates"]["cl_weight_kg"] == document["final"]["estimates"]["cl_weight_kg"] == 0.75
    assert document["final"]["estimates"]["v"] == 13.0
    assert "cl:weight_kg" not in {f"{one['parameter']}:{one['covariate']}" for one in document["steps"][0]["fits"]}
    assert run(["scm", cohort, *ONE, "--keep", "cl:sex", "--out", out, "--force"]) == 2
    assert "--keep: “cl:sex” is not an effect of niyigena_2026_asuc, which has cl:crp" in capsys.readouterr().err


def test_a_column_that_no_model_reads_and_a_body_mass_index_from_height(tmp_path: Path, cohort: str):
    with Path(cohort).open(encoding="utf-8", newline="") as stream:
        rows = list(csv.DictReader(stream))
    for row in rows:
        row["HT"], row["FCP"] = str(160 + int(row["ID"]) % 20), str(100 + 7 * (int(row["ID"]) % 11))
        del row["BMI"]
    file = tmp_path / "other.csv"
    with file.open("w", encoding="utf-8", newline="") as stream:
        writer = csv.DictWriter(stream, list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)
    line = ["scm", str(file), *MODEL, "--covariate", "bmi_kg_per_m2", "--covariate", "FCP", "--form", "linear"]
    assert run([*line, "--workers", "1", "--out", str(tmp_path / "scm")]) == 0
    document = json.loads((tmp_path / "scm" / "scm.json").read_text(encoding="utf-8"))
    assert document["covariates"]["fcp"]["median"] == 135.0
    assert 18.0 < document["covariates"]["bmi_kg_per_m2"]["median"] < 28.0


def test_the_full_model_stands_beside_the_search(cohort: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    line = ["scm", cohort, *MODEL, "--covariate", "WT", "--form", "power", "--workers", "1", "--full"]
    assert run([*line, "--out", str(tmp_path / "scm")]) == 0
    assert "Full covariate model" in capsys.readouterr().out
    document = json.loads((tmp_path / "scm" / "scm.json").read_text(encoding="utf-8"))
    assert set(document["full"]["coefficients"]) == {"cl_weight_kg", "v_weight_kg"}
    assert document["full"]["effects"] == ["cl:weight_kg:power", "v:weight_kg:power"]
    with (tmp_path / "scm" / "full.csv").open(encoding="utf-8", newline="") as stream:
        for row in csv.DictReader(stream):
            own = document["full"]["coefficients"][row.pop("coefficient")]
            assert row == {name: "" if value is None else repr(value) for name, value in own.items()}
    # A search without the full model leaves none of an earlier one.
    assert run([*line[:-1], "--out", str(tmp_path / "scm"), "--force"]) == 0
    assert not (tmp_path / "scm" / "full.csv").exists()


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        (["--covariate", "crohn"], "--covariate crohn: {cohort} has no column CROHN; it has weight_kg"),
        (["--covariate", "WT", "--parameter", "ka"], "--parameter ka: is not a parameter of niyigena_2026_asuc"),
        (["--covariate", "WT", "--form", "cubic"], "--form: “cubic” is not a form of continuous covariates, which are"),
        (["--covariate", "WT", "--p-forward", "1.5"], "'--p-forward': Input should be less than or equal to 1."),
        (["--covariate", "WT", "--p-backward", "-1"], "'--p-backward': Input should be greater than or equal to 0."),
        (["--covariate", "WT", "--init", "cl_weight_kg=1"], "cl_weight_kg: is not a parameter of this model"),
        ([], "--covariate: is missing; expected at least one candidate, or one of --category"),
    ],
)
def test_what_is_wrong_is_said_in_one_sentence(
    options: list[str], sentence: str, cohort: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
):
    out = tmp_path / "scm"
    assert run(["scm", cohort, *MODEL, *options, "--out", str(out)]) == 2
    said = capsys.readouterr().err.splitlines()
    assert sentence.format(cohort=cohort) in said[-1]
    assert sum("missing in" not in line for line in said) == 1
    assert not out.exists()


def test_nothing_is_written_over_and_other_settings_are_no_continuation(
    cohort: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
):
    out = str(tmp_path / "scm")
    assert run(["scm", cohort, *ONE, "--out", out, "--resume"]) == 2
    assert "there is nothing to go on with" in capsys.readouterr().err
    assert run(["scm", cohort, *ONE, "--out", out]) == 0
    capsys.readouterr()
    assert run(["scm", cohort, *ONE, "--out", out]) == 2
    assert "nothing is written over without --force" in capsys.readouterr().err
    assert run(["scm", cohort, *ONE, "--out", out, "--resume", "--p-forward", "0.1"]) == 2
    assert "p_forward is 0.05 there and 0.1 now" in capsys.readouterr().err

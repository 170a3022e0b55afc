"""`asuc bootstrap`: what it writes, and how it goes on after it was stopped."""

from __future__ import annotations

import csv
import json
import os
import signal
import subprocess
import sys
import time
from typing import TYPE_CHECKING

import pytest

from asuc.cli import run
from tests.asuc.shell import HEEDING, ROOT

if TYPE_CHECKING:
    from pathlib import Path

OPTIONS = ["--model", "niyigena_2026_asuc", "--method", "focei", "--censored", "drop"]
# A few fits take less time than the start of the processes that would share them.
HERE = [*OPTIONS, "--workers", "1"]


@pytest.fixture
def cohort(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> str:
    file = str(tmp_path / "cohort.csv")
    assert run(["cohort", "simulate", "--out", file, "--n", "40", "--seed", "5"]) == 0
    capsys.readouterr()
    return file


def found(folder: Path) -> dict[str, object]:
    document = json.loads((folder / "bootstrap.json").read_text(encoding="utf-8"))
    return {key: value for key, value in document.items() if key != "n_resumed"}


def test_it_goes_on_to_the_same_result(cohort: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    whole, parts = tmp_path / "whole", tmp_path / "parts"
    assert run(["bootstrap", cohort, *HERE, "--out", str(whole), "--n", "8", "--json"]) == 0
    document = json.loads(capsys.readouterr().out)
    assert (document["schema"], document["n"], document["n_resumed"]) == ("asuc-bootstrap/1", 8, 0)

    assert run(["bootstrap", cohort, *HERE, "--out", str(parts), "--n", "5"]) == 0
    (parts / "bootstrap.json").write_text("of other fits", encoding="utf-8")
    file = parts / "replicates.csv"
    # Stopped in the middle of a line.
    file.write_bytes(file.read_bytes()[:-20])
    assert run(["bootstrap", cohort, *HERE, "--out", str(parts), "--n", "8", "--resume"]) == 0
    assert json.loads((parts / "bootstrap.json").read_text(encoding="utf-8"))["n_resumed"] == 4
    assert found(parts) == found(whole)
    for name in ("replicates.csv", "bootstrap.csv"):
        assert (parts / name).read_bytes() == (whole / name).read_bytes()


def test_the_summary_is_a_table_as_well(cohort: str, tmp_path: Path):
    out = tmp_path / "boot"
    assert run(["bootstrap", cohort, *HERE, "--out", str(out), "--n", "4", "--fix", "omega2_v=0.57"]) == 0
    parameters = json.loads((out / "bootstrap.json").read_text(encoding="utf-8"))["parameters"]
    with (out / "bootstrap.csv").open(encoding="utf-8", newline="") as stream:
        rows = list(csv.DictReader(stream))
    assert [row["parameter"] for row in rows] == list(parameters)
    assert list(rows[0]) == ["parameter", *parameters["cl"]]
    for row in rows:
        entry = parameters[row["parameter"]]
        assert row["fixed"] == str(int(entry["fixed"]))
        for key in ("estimate", "mean", "bias", "se", "q025", "q05", "q50", "q95", "q975"):
            assert row[key] == ("" if entry[key] is None else repr(entry[key]))
    fixed = {row["parameter"] for row in rows if row["fixed"] == "1"}
    assert "omega2_v" in fixed
    assert {row["parameter"] for row in rows if not row["se"]} == fixed


def test_it_refuses_to_go_on_with_something_else(cohort: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    out = str(tmp_path / "boot")
    assert run(["bootstrap", cohort, *HERE, "--out", out, "--n", "2", "--resume"]) == 2
    assert "there is nothing to go on with" in capsys.readouterr().err
    assert run(["bootstrap", cohort, *HERE, "--out", out, "--n", "2"]) == 0
    capsys.readouterr()
    assert run(["bootstrap", cohort, *HERE, "--out", out, "--n", "2"]) == 2
    assert "nothing is written over without --force" in capsys.readouterr().err
    assert run(["bootstrap", cohort, *HERE, "--out", out, "--n", "3", "--resume", "--seed", "2"]) == 2
    assert "seed is 1 there and 2 now" in capsys.readouterr().err


def test_ctrl_c_keeps_what_is_done(cohort: str, tmp_path: Path):
    out = tmp_path / "boot"
    line = [sys.executable, "-c", HEEDING, "bootstrap", cohort, *OPTIONS, "--out", str(out), "--n", "5000"]
    with subprocess.Popen(  # noqa: S603 - a line of our own
        line,
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        file = out / "replicates.csv"
        ends = time.monotonic() + 90.0
        while time.monotonic() < ends and not (file.exists() and file.read_bytes().count(b"\n") > 4):
            time.sleep(0.05)
        process.send_signal(signal.SIGINT)
        try:
            printed, said = process.communicate(timeout=60)
        finally:
            process.kill()
    kept = file.read_bytes()
    assert process.returncode == 1
    assert printed == ""
    n_kept = kept.count(b"\n") - 1
    assert f"{n_kept} of 5000 fits are kept; the same command with --resume goes on" in said
    assert "Traceback" not in said
    assert kept.endswith(b"\n")
    assert not (out / "bootstrap.json").exists()

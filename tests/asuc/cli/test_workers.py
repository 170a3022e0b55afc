"""Commands with workers: the same bytes as one process writes, whatever becomes of the workers, and how they go on."""

from __future__ import annotations

import csv
import json
import multiprocessing
import os
import shutil
import signal
import threading
import time
from typing import TYPE_CHECKING

import pytest

from asuc.cli import run
from pkpd.estimation import bootstrap as estimation

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

MODEL = ["--model", "niyigena_2026_asuc"]
FIT = [*MODEL, "--method", "focei", "--censored", "drop"]
SEARCH = ["--covariate", "weight_kg", "--covariate", "CRP", "--form", "power"]


@pytest.fixture(scope="module")
def cohort(tmp_path_factory: pytest.TempPathFactory) -> str:
    file = tmp_path_factory.mktemp("cohort") / "cohort.csv"
    assert run(["cohort", "simulate", "--out", str(file), "--n", "20", "--seed", "5"]) == 0
    return str(file)


@pytest.fixture
def in_small_blocks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("pkpd.simulation.replicates._BLOCK_LEVELS", 2_000)


def files_of(folder: Path) -> dict[str, bytes]:
    return {str(file.relative_to(folder)): file.read_bytes() for file in folder.rglob("*") if file.is_file()}


def kill_a_worker_at(file: Path, n_lines: int) -> Iterator[int]:
    """Kill a worker of this process as soon as a table has some lines."""
    ends = time.monotonic() + 120.0
    while time.monotonic() < ends and not (file.exists() and file.read_bytes().count(b"\n") > n_lines):
        time.sleep(0.01)
    for child in multiprocessing.active_children()[:1]:
        assert child.pid is not None
        os.kill(child.pid, signal.SIGKILL)
        yield child.pid


@pytest.mark.slow
@pytest.mark.parametrize(
    ("words", "table"), [(["bootstrap", "--n", "16"], "replicates.csv"), (["scm", *SEARCH], "trace.csv")]
)
def test_nothing_is_lost_with_a_killed_worker(
    words: list[str], table: str, cohort: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
):
    line = [words[0], cohort, *FIT, *words[1:]]
    assert run([*line, "--workers", "1", "--out", str(tmp_path / "one")]) == 0
    capsys.readouterr()
    killed: list[int] = []
    killer = threading.Thread(target=lambda: killed.extend(kill_a_worker_at(tmp_path / "two" / table, 3)))
    killer.start()
    assert run([*line, "--workers", "2", "--out", str(tmp_path / "two")]) == 0
    killer.join()
    assert len(killed) == 1
    assert "A worker was lost (signal 9); " in capsys.readouterr().err
    assert files_of(tmp_path / "two") == files_of(tmp_path / "one")


def test_a_fit_that_raises_is_counted_and_shown_and_made_again_by_resume(
    cohort: str, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
):
    whole = estimation.bootstrap_replicate

    def raising(original, number, **options):
        if number == 3:
            raise FloatingPointError("no pivot")
        return whole(original, number, **options)

    line = ["bootstrap", cohort, *FIT, "--n", "5", "--workers", "1", "--out"]
    with monkeypatch.context() as patched:
        patched.setattr("pkpd.estimation.bootstrap.bootstrap_replicate", raising)
        assert run([*line, str(tmp_path / "boot")]) == 0
    shown = capsys.readouterr()
    assert "Fit 3: FloatingPointError: no pivot; it counts as failed." in shown.err
    assert "1 of 5 fits did not converge" in shown.out
    document = json.loads((tmp_path / "boot" / "bootstrap.json").read_text(encoding="utf-8"))
    assert document["statuses"]["failed"] == 1
    assert document["failures"] == {"3": "FloatingPointError: no pivot"}
    with (tmp_path / "boot" / "replicates.csv").open(encoding="utf-8", newline="") as stream:
        failed = list(csv.DictReader(stream))[2]
    assert set(failed.values()) == {"3", "failed", ""}

    assert run([*line, str(tmp_path / "boot"), "--resume"]) == 0
    assert run([*line, str(tmp_path / "whole")]) == 0
    assert (tmp_path / "boot" / "replicates.csv").read_bytes() == (tmp_path / "whole" / "replicates.csv").read_bytes()
    again = json.loads((tmp_path / "boot" / "bootstrap.json").read_text(encoding="utf-8"))
    assert (again["n_resumed"], again["failures"], "failed" in again["statuses"]) == (4, {}, False)


def test_a_search_goes_on_where_a_fit_raises(
    cohort: str, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
):
    from pkpd.diagnostics import scm as search  # noqa: PLC0415

    whole = search.fit_trial

    def raising(given, trial):
        if trial.tested and trial.tested.parameter == "v":
            raise FloatingPointError("no pivot")
        return whole(given, trial)

    line = ["scm", cohort, *FIT, "--covariate", "CRP", "--form", "power", "--workers", "1"]
    monkeypatch.setattr("pkpd.diagnostics.scm.fit_trial", raising)
    assert run([*line, "--out", str(tmp_path / "scm")]) == 0
    assert "forward v:crp_mg_per_L:power: FloatingPointError: no pivot; it counts" in capsys.readouterr().err
    document = json.loads((tmp_path / "scm" / "scm.json").read_text(encoding="utf-8"))
    assert document["n_failed"] == document["statuses"]["failed"] >= 1
    assert document["warnings"][0]["code"] == "fits_failed"


@pytest.mark.slow
@pytest.mark.usefixtures("in_small_blocks")
@pytest.mark.parametrize(
    "words", [["vpc", "--n", "150"], ["simulate", "--n", "150"], ["exposure"]], ids=lambda words: words[0]
)
def test_two_workers_write_the_bytes_of_one_and_a_finished_result_is_not_computed_again(
    words: list[str], cohort: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
):
    line = [words[0], cohort, *MODEL, *words[1:]]
    assert run([*line, "--out", str(tmp_path / "one")]) == 0
    assert run([*line, "--workers", "2", "--out", str(tmp_path / "two"), "--json"]) == 0
    one = files_of(tmp_path / "one")
    assert files_of(tmp_path / "two") == one
    capsys.readouterr()

    assert run([*line, "--out", str(tmp_path / "one"), "--resume", "--json"]) == 0
    shown = capsys.readouterr()
    assert "holds this result already; nothing was computed again." in shown.err
    assert json.loads(shown.out) == json.loads(one[f"{words[0]}.json"])
    assert files_of(tmp_path / "one") == one
    assert run([*line, "--out", str(tmp_path / "one"), "--resume", "--init", "cl=0.7"]) == 2
    assert "values is" in capsys.readouterr().err


@pytest.mark.usefixtures("in_small_blocks")
def test_blocks_that_were_drawn_are_kept_until_all_are_there(
    cohort: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
):
    from pkpd.simulation import replicates  # noqa: PLC0415

    whole, asked = replicates.draw_block, list[int]()
    line = ["simulate", cohort, *MODEL, "--n", "150", "--out"]

    def stopped(drawing, numbers):
        if numbers.start > 100:
            raise KeyboardInterrupt
        return whole(drawing, numbers)

    def counted(drawing, numbers):
        asked.append(numbers.start)
        return whole(drawing, numbers)

    assert run([*line, str(tmp_path / "whole")]) == 0
    monkeypatch.setattr("pkpd.simulation.replicates.draw_block", stopped)
    assert run([*line, str(tmp_path / "parts")]) == 1
    kept = sorted((tmp_path / "parts" / "blocks").iterdir())
    assert len(kept) > 1
    kept[0].write_bytes(kept[0].read_bytes()[:-7])
    monkeypatch.setattr("pkpd.simulation.replicates.draw_block", counted)
    assert run([*line, str(tmp_path / "parts"), "--resume"]) == 0
    assert files_of(tmp_path / "parts") == files_of(tmp_path / "whole")
    assert len(asked) == 1 + sum(start > 100 for start in asked)
    capsys.readouterr()


def test_subjects_that_were_integrated_are_kept(
    cohort: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
):
    from pkpd.exposure import cohort as exposure  # noqa: PLC0415

    whole, asked = exposure.exposure_at, list[int]()
    line = ["exposure", cohort, *MODEL, "--out"]

    def stopped(given, place):
        if place == 12:
            raise KeyboardInterrupt
        if place == 5:
            raise FloatingPointError("no pivot")
        return whole(given, place)

    def counted(given, place):
        asked.append(place)
        return whole(given, place)

    assert run([*line, str(tmp_path / "whole")]) == 0
    monkeypatch.setattr("pkpd.exposure.cohort.exposure_at", stopped)
    capsys.readouterr()
    assert run([*line, str(tmp_path / "parts")]) == 1
    said = capsys.readouterr().err
    assert "Subject 6: FloatingPointError: no pivot; its cells are empty." in said
    assert "12 of 20 subjects are kept; the same command with --resume goes on" in said
    shutil.copytree(tmp_path / "parts", tmp_path / "other")
    monkeypatch.setattr("pkpd.exposure.cohort.exposure_at", counted)
    assert run([*line, str(tmp_path / "parts"), "--resume"]) == 0
    assert files_of(tmp_path / "parts") == files_of(tmp_path / "whole")
    assert asked == [5, *range(12, 20)]

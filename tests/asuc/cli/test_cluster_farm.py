"""Tasks on a Dask cluster: they find what this machine finds, whatever becomes of the workers."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from contextlib import ExitStack
from typing import TYPE_CHECKING

import pytest

from asuc.cli import run
from asuc.cli.code_version import code_version, difference
from tests.asuc.cluster import scheduler, worker
from tests.asuc.shell import ROOT

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

MODEL = ["--model", "niyigena_2026_asuc", "--method", "focei", "--censored", "drop"]
SEARCH = ["--covariate", "weight_kg", "--covariate", "CRP", "--form", "power", "--parameter", "cl"]


@pytest.fixture
def cohort(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> str:
    file = str(tmp_path / "cohort.csv")
    assert run(["cohort", "simulate", "--out", file, "--n", "20", "--seed", "5"]) == 0
    capsys.readouterr()
    return file


@pytest.fixture(scope="module")
def address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with scheduler(tmp_path_factory.mktemp("cluster")) as (found, _), worker(found), worker(found):
        yield found


def files_of(folder: Path) -> dict[str, bytes]:
    return {file.name: file.read_bytes() for file in folder.iterdir() if file.is_file()}


def begun(*words: str) -> subprocess.Popen[str]:
    """Start the command in a process of its own, where every warning is an error."""
    # A process that a shell started in the background ignores Ctrl-C, as do those that it starts.
    heeding = (
        "import signal, sys; signal.signal(signal.SIGINT, signal.default_int_handler); "
        "from asuc.cli import run; sys.exit(run(sys.argv[1:]))"
    )
    line = [sys.executable, "-W", "error", "-c", heeding, *words]
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    return subprocess.Popen(  # noqa: S603 - a line of our own
        line, cwd=ROOT, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )


def wait_for_lines(file: Path, n: int, process: subprocess.Popen[str]) -> None:
    ends = time.monotonic() + 120.0
    while not (file.exists() and file.read_bytes().count(b"\n") > n):
        assert time.monotonic() < ends, "nothing is computed"
        assert process.poll() is None, process.communicate()
        time.sleep(0.02)


@pytest.mark.slow
def test_a_bootstrap_loses_nothing_where_one_of_two_workers_is_killed(cohort: str, tmp_path: Path):
    here, there = tmp_path / "here", tmp_path / "there"
    line = ["bootstrap", cohort, *MODEL, "--n", "20"]
    assert run([*line, "--workers", "1", "--out", str(here)]) == 0
    with scheduler(tmp_path) as (address, _), worker(address) as first, worker(address):
        process = begun(*line, "--scheduler", address, "--out", str(there))
        wait_for_lines(there / "replicates.csv", 4, process)
        first.send_signal(signal.SIGKILL)
        _, said = process.communicate(timeout=300)
    assert process.returncode == 0
    assert "Traceback" not in said
    assert files_of(there) == files_of(here)
    document = json.loads((there / "bootstrap.json").read_text(encoding="utf-8"))
    assert (document["n"], document["n_resumed"], document["failures"]) == (20, 0, {})


@pytest.mark.slow
@pytest.mark.parametrize(
    "words",
    [["scm", *MODEL[:2], *SEARCH], ["exposure", *MODEL[:2]], ["simulate", *MODEL[:2], "--n", "30"]],
    ids=lambda words: words[0],
)
def test_a_cluster_writes_the_bytes_of_one_process(words: list[str], address: str, cohort: str, tmp_path: Path):
    line = [words[0], cohort, *words[1:]]
    assert run([*line, "--workers", "1", "--out", str(tmp_path / "here")]) == 0
    process = begun(*line, "--scheduler", address, "--out", str(tmp_path / "there"))
    _, said = process.communicate(timeout=300)
    assert (process.returncode, "Traceback" in said) == (0, False)
    assert files_of(tmp_path / "there") == files_of(tmp_path / "here")


@pytest.mark.slow
def test_where_the_scheduler_is_lost_the_fits_are_kept_and_another_machine_goes_on(cohort: str, tmp_path: Path):
    out = tmp_path / "boot"
    line = ["bootstrap", cohort, *MODEL]
    with scheduler(tmp_path) as (address, leader), worker(address):
        process = begun(*line, "--n", "5000", "--scheduler", address, "--out", str(out))
        wait_for_lines(out / "replicates.csv", 4, process)
        leader.kill()
        printed, said = process.communicate(timeout=120)
    assert (process.returncode, printed) == (2, "")
    assert f"--scheduler: the connection to {address} was lost" in said.splitlines()[-1]
    assert "go on with --resume" in said.splitlines()[-1]
    assert "Traceback" not in said
    n_kept = (out / "replicates.csv").read_bytes().count(b"\n") - 1
    assert run([*line, "--n", str(n_kept + 1), "--workers", "1", "--out", str(out), "--resume"]) == 0
    assert run([*line, "--n", str(n_kept + 1), "--workers", "1", "--out", str(tmp_path / "whole")]) == 0
    assert (out / "replicates.csv").read_bytes() == (tmp_path / "whole" / "replicates.csv").read_bytes()


@pytest.mark.slow
def test_ctrl_c_keeps_what_a_cluster_did_and_leaves_it_free_for_the_next_command(
    address: str, cohort: str, tmp_path: Path
):
    out = tmp_path / "boot"
    line = ["bootstrap", cohort, *MODEL, "--scheduler", address, "--out", str(out)]
    process = begun(*line, "--n", "5000")
    wait_for_lines(out / "replicates.csv", 2, process)
    process.send_signal(signal.SIGINT)
    printed, said = process.communicate(timeout=120)
    n_kept = (out / "replicates.csv").read_bytes().count(b"\n") - 1
    assert (process.returncode, printed, "Traceback" in said) == (1, "", False)
    assert f"{n_kept} of 5000 fits are kept; the same command with --resume goes on" in said
    process = begun(*line, "--n", str(n_kept), "--resume")
    _, said = process.communicate(timeout=300)
    assert (process.returncode, "Traceback" in said) == (0, False)
    assert json.loads((out / "bootstrap.json").read_text(encoding="utf-8"))["n"] == n_kept


@pytest.mark.parametrize(
    ("address", "sentence"),
    [
        ("127.0.0.1:8786", "--scheduler: “127.0.0.1:8786” is not an address such as tcp://127.0.0.1:8786"),
        (
            "tcp://127.0.0.1:1",
            "--scheduler: no Dask scheduler answers at tcp://127.0.0.1:1 (Connection refused); start one",
        ),
        ("tcp://127.0.0.1:99999", "--scheduler: no Dask scheduler answers at tcp://127.0.0.1:99999"),
    ],
)
def test_a_scheduler_that_is_none_is_named_in_one_sentence(
    address: str, sentence: str, cohort: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
):
    out = tmp_path / "boot"
    assert run(["bootstrap", cohort, *MODEL, "--scheduler", address, "--out", str(out)]) == 2
    assert sentence in capsys.readouterr().err.splitlines()[-1]
    assert not out.exists()


@pytest.mark.slow
def test_workers_that_would_compute_something_else_are_refused(cohort: str, tmp_path: Path):
    other = tmp_path / "other"
    (other / "asuc" / "cli").mkdir(parents=True)
    for folder in (other / "asuc", other / "asuc" / "cli"):
        (folder / "__init__.py").touch()
    text = (ROOT / "asuc" / "cli" / "code_version.py").read_text(encoding="utf-8")
    (other / "asuc" / "cli" / "code_version.py").write_text(text, encoding="utf-8")
    with ExitStack() as opened:
        address, _ = opened.enter_context(scheduler(tmp_path))
        opened.enter_context(worker(address, PYTHONPATH=str(other), PYTHONSAFEPATH="1"))
        process = begun("bootstrap", cohort, *MODEL, "--scheduler", address, "--out", str(tmp_path / "boot"))
        _, said = process.communicate(timeout=120)
    assert process.returncode == 2
    assert "is not like this program: asuc is " in said.splitlines()[-1]
    assert not (tmp_path / "boot").exists()


def test_two_versions_differ_in_what_is_named():
    here = code_version()
    assert difference(here, dict(here)) is None
    assert difference({**here, "numpy": "1"}, {**here, "numpy": "2"}) == "numpy is 2 there and 1 here"

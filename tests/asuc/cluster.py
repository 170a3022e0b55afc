"""A Dask scheduler and its workers on this machine, each a process of its own."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING

from tests.asuc.shell import ROOT

if TYPE_CHECKING:
    from collections.abc import Generator
    from pathlib import Path


@contextmanager
def dask(*words: str, **variables: str) -> Generator[subprocess.Popen[bytes]]:
    """Run a command of Dask until the block ends."""
    process = subprocess.Popen(  # noqa: S603 - a line of our own
        [sys.executable, "-m", "dask", *words],
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": str(ROOT), **variables},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        yield process
    finally:
        process.kill()
        process.wait()


@contextmanager
def scheduler(folder: Path) -> Generator[tuple[str, subprocess.Popen[bytes]]]:
    """Run a scheduler, and yield its address and process."""
    file = folder / "scheduler.json"
    words = ("--host", "127.0.0.1", "--port", "0", "--no-dashboard", "--scheduler-file", str(file))
    with dask("scheduler", *words) as process:
        ends = time.monotonic() + 60.0
        while not file.exists():
            assert time.monotonic() < ends, "the scheduler does not begin"
            time.sleep(0.05)
        time.sleep(0.1)
        yield json.loads(file.read_text(encoding="utf-8"))["address"], process


@contextmanager
def worker(address: str, **variables: str) -> Generator[subprocess.Popen[bytes]]:
    """Run a worker of one thread, whose process computes itself."""
    with dask("worker", address, "--nthreads", "1", "--no-nanny", "--no-dashboard", **variables) as process:
        yield process

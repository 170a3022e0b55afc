"""Many users at once: each changes a value every two seconds, over HTTP, driven by one process."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from http.client import HTTPException
from pathlib import Path
from threading import Thread
from typing import TYPE_CHECKING

import numpy as np

from benchmarks.visitor import RequestError, Visitor
from dosing_app.ui import ids

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pkpd.arrays import FloatArray

N_USERS = 50
PERIOD_SECONDS = 2.0
_CASE = Path(__file__).parent.parent / "dosing_app" / "examples" / "typical.json"
_HOST = "127.0.0.1"
_KIB_PER_MIB = 1024
# Fields of /proc/<pid>/stat behind the name, which is in parentheses.
_USER_TIME, _SYSTEM_TIME = 11, 12


@dataclass(frozen=True, slots=True)
class Load:
    """What many users at once cost.

    Parameters
    ----------
    seconds : (n_changes,) array
        From the moment a value was to be changed until everything that follows from it had arrived, regimens included.
    requests : int
        Requests that these changes took.
    errors : tuple of str
        What went wrong.
    cpu_seconds : float
        Processor time of the server, per change.
    memory_mib : tuple of float
        Resident memory of the server after a quarter of the time, when it remembers as many cases as it ever does, and at
        the end.
    """

    seconds: FloatArray
    requests: int
    errors: tuple[str, ...]
    cpu_seconds: float
    memory_mib: tuple[float, float]


def measure(duration: float) -> Load:
    """Let the users work for a time [s], every value a new one, so that nothing comes from what the server remembers."""
    with _server() as (port, pid):
        visitors = [Visitor(_HOST, port) for _ in range(N_USERS)]
        for number, visitor in enumerate(visitors):
            visitor.open()
            visitor.change(ids.field("weight_kg"), "value", _weight(number, 0))
        cpu, started = _cpu_seconds(pid), time.perf_counter()
        with ThreadPoolExecutor(N_USERS + 1) as pool:
            memory = pool.submit(_memory_after, pid, duration / 4.0)
            logs = list(pool.map(lambda number: _work(visitors[number], number, started, duration), range(N_USERS)))
        used = _cpu_seconds(pid) - cpu
        after = _memory_mib(pid)
        for visitor in visitors:
            visitor.close()
    seconds = np.array([taken for log in logs for taken in log.seconds])
    errors = tuple(error for log in logs for error in log.errors)
    return Load(
        seconds, sum(log.requests for log in logs), errors, used / max(seconds.size, 1), (memory.result(), after)
    )


@dataclass(slots=True)
class _Log:
    seconds: list[float]
    errors: list[str]
    requests: int = 0


def _work(visitor: Visitor, number: int, started: float, duration: float) -> _Log:
    """Change one user's value every period; who is late begins the next change at once, and the delay counts."""
    log = _Log([], [])
    due = started + PERIOD_SECONDS * number / N_USERS
    step = 1
    while due < started + duration:
        time.sleep(max(0.0, due - time.perf_counter()))
        try:
            asked = visitor.change(ids.field("weight_kg"), "value", _weight(number, step))
            log.requests += asked
            if asked < 2:  # the figures and the regimens
                log.errors.append(f"{asked} requests after a change, expected at least 2")
        except (RequestError, OSError, HTTPException) as error:
            log.errors.append(f"{type(error).__name__}: {error}")
            visitor.close()
        log.seconds.append(time.perf_counter() - due)
        due += PERIOD_SECONDS
        step += 1
    return log


def _weight(number: int, step: int) -> str:
    """Return a weight that no other user and no other step has [kg]."""
    return f"{50.0 + number + 0.01 * step:.2f}"


@contextmanager
def _server() -> Iterator[tuple[int, int]]:
    """Run the app in a process of its own, and yield its port and process id."""
    command = [sys.executable, "-m", "asuc", "app", "--no-browser", "--port", "0", str(_CASE)]
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True) as process:  # noqa: S603
        assert process.stderr is not None
        try:
            for line in process.stderr:
                if found := re.search(r"http://[^:]+:(\d+)/", line):
                    # Read on: a server whose log is not read stops at the line that no longer fits into the pipe.
                    Thread(target=process.stderr.read, daemon=True).start()
                    yield int(found.group(1)), process.pid
                    break
        finally:
            process.terminate()


def _cpu_seconds(pid: int) -> float:
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[_USER_TIME]) + int(fields[_SYSTEM_TIME])) / os.sysconf("SC_CLK_TCK")


def _memory_after(pid: int, seconds: float) -> float:
    time.sleep(seconds)
    return _memory_mib(pid)


def _memory_mib(pid: int) -> float:
    found = re.search(r"VmRSS:\s+(\d+) kB", Path(f"/proc/{pid}/status").read_text())
    assert found is not None
    return int(found.group(1)) / _KIB_PER_MIB

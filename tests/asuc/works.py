"""Work that a farm's tests give to other processes, which import it from here."""

from __future__ import annotations

import os
import signal
import time
from pathlib import Path


def square(shared: int, task: int) -> int:
    """Return shared times the square of the task."""
    return shared * task * task


def square_unless_seven(shared: int, task: int) -> int:
    """Raise at seven."""
    if task == 7:
        raise ValueError("seven is\nnot squared")
    return square(shared, task)


def process_id(_shared: object, _task: int) -> int:
    """Return which process computes; slow enough for the others to have their share."""
    time.sleep(0.02)
    return os.getpid()


def die_at_seven(shared: int, task: int) -> int:
    """Kill the process that computes at seven."""
    if task == 7:
        os.kill(os.getpid(), signal.SIGKILL)
    return square(shared, task)


def die_once_at_seven(shared: str, task: int) -> int:
    """Kill the process that computes at seven, unless the file is there that the first one leaves."""
    if task == 7 and not Path(shared).exists():
        Path(shared).touch()
        os.kill(os.getpid(), signal.SIGKILL)
    return square(2, task)


def die(_shared: object, _task: int) -> None:
    """Kill the process that computes."""
    os.kill(os.getpid(), signal.SIGKILL)


def threads(_shared: object, _task: int) -> int:
    """Return on how many threads compiled loops would run."""
    import numba  # noqa: PLC0415 - in the process only

    return numba.get_num_threads()

"""How many threads the compiled loops run on, and what those do that have none to run."""

from __future__ import annotations

import os
from contextlib import contextmanager
from typing import TYPE_CHECKING

import numba

if TYPE_CHECKING:
    from collections.abc import Generator


def let_waiting_threads_sleep() -> None:
    """Let threads that wait for others, or for the next loop, sleep, where the environment does not say otherwise.

    By default OpenMP lets them turn in circles for milliseconds: processor time that other processes of a server or a cluster then
    lack, more than half of all that a fit took. It reads the setting where its library is loaded: with the first parallel loop.
    """
    os.environ.setdefault("OMP_WAIT_POLICY", "passive")


def start_threads() -> None:
    """Start the threads of compiled loops.

    Numba does so as it compiles or loads a function with a parallel loop, but not as it loads one that calls another one with such a loop,
    which then jumps to nowhere.
    """
    numba.get_num_threads()


def compute_on_one_thread() -> None:
    """Let the loops of this process run on one thread, as processes do that share the processors between them."""
    numba.set_num_threads(1)


@contextmanager
def on_one_thread(*, is_wanted: bool) -> Generator[None]:
    """Run the loops inside on one thread, if wanted: those of little work wait longer for the others than they take."""
    before = numba.get_num_threads()
    if is_wanted:
        numba.set_num_threads(1)
    try:
        yield
    finally:
        numba.set_num_threads(before)

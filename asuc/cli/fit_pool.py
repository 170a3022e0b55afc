"""The fits of a covariate search in several processes; what they find does not depend on how many there are."""

from __future__ import annotations

import os
import signal
from concurrent.futures import ProcessPoolExecutor, as_completed
from contextlib import contextmanager
from multiprocessing import get_context
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Iterator, Sequence

    from pkpd.diagnostics.scm import Search, TestedFit, Trial

    FitSome = Callable[[Sequence[Trial]], Iterator[tuple[Trial, TestedFit]]]

# What a worker was given as it began.
_SEARCHES: list[Search] = []


def available_processors() -> int:
    """Return how many processors this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


@contextmanager
def fit_pool(search: Search, workers: int) -> Generator[FitSome]:
    """Yield what fits models of a search and gives each result as soon as there is one.

    Parameters
    ----------
    search : Search
        What is searched; every worker gets it once.
    workers : int
        Processes; with one, the fits are made here.
    """
    from pkpd.diagnostics.scm import fit_trial  # noqa: PLC0415 - loads the engine

    if workers == 1:
        yield lambda trials: ((trial, fit_trial(search, trial)) for trial in trials)
        return
    pool = ProcessPoolExecutor(workers, get_context("spawn"), initializer=_begin, initargs=(search,))

    def fit_some(trials: Sequence[Trial]) -> Iterator[tuple[Trial, TestedFit]]:
        with _no_interruption():  # submitting starts the workers
            waiting = {pool.submit(_fit, trial): trial for trial in trials}
        for done in as_completed(waiting):
            yield waiting[done], done.result()

    try:
        yield fit_some
    finally:
        pool.shutdown(wait=True, cancel_futures=True)


@contextmanager
def _no_interruption() -> Generator[None]:
    """Hold Ctrl-C back; processes that are started meanwhile never hear of it, since it is their parent's matter."""
    before = signal.pthread_sigmask(signal.SIG_BLOCK, (signal.SIGINT,))
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def _begin(search: Search) -> None:
    """Make a worker ready."""
    from pkpd.kernels.threads import compute_on_one_thread  # noqa: PLC0415

    compute_on_one_thread()
    _SEARCHES[:] = [search]


def _fit(trial: Trial) -> TestedFit:
    from pkpd.diagnostics.scm import fit_trial  # noqa: PLC0415

    return fit_trial(_SEARCHES[0], trial)

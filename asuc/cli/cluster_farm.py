"""Tasks computed by the workers of a Dask cluster that is there already.

Few tasks are with the cluster at a time, short ones several together; a worker that is lost is made up for by the scheduler, which gives
its tasks to others.
"""

from __future__ import annotations

import logging
import pickle
import re
import socket
import threading
import time
import warnings
from collections import deque
from concurrent.futures import CancelledError
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import dask.config
import distributed
from distributed.client import Client, FuturesCancelledError
from distributed.comm.core import CommClosedError
from distributed.scheduler import KilledWorker

from asuc.cli.code_version import code_version, difference
from asuc.cli.output import report
from asuc.cli.task import TaskFailure, outcome_of
from pkpd.errors import InputError, input_error

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Iterator, Sequence

    from asuc.cli.task import Begin, Compute, Work

_ADDRESS = re.compile(r"(?:tcp|tls)://(\[[^\]]+\]|[^:/\[\]]+):(\d{1,5})")
# Waiting for an answer of the scheduler, and for a first worker [s].
_FOR_ANSWER, _FOR_WORKERS = 10.0, 60.0
# Between looks at which workers there are [s].
_LOOK = 2.0
# Work that goes to a worker at once [s], and tasks in it at most: what is lost with a worker, or with Ctrl-C, stays small.
_PORTION, _MOST_TASKS = 0.5, 64
_LOST = (CancelledError, FuturesCancelledError, CommClosedError, OSError)
_ALONE = threading.Lock()
# The library declares no types.
_wait: Callable[..., Any] = vars(distributed)["wait"]


class OtherCodeError(Exception):
    """A worker runs another version of the program; the text says in what it differs."""


@contextmanager
def cluster_farm(address: str) -> Generator[Begin]:
    """Yield what begins to compute tasks on a cluster, whose workers run the same program.

    Parameters
    ----------
    address : str
        Of the scheduler, such as tcp://10.0.0.1:8786.

    Raises
    ------
    InputError
        Where there is no scheduler, no worker, or another program.
    """
    with _silence():
        client = _connected(address)
        try:
            _check_workers(client, address)

            def begin(work: Work, shared: Any) -> Compute:  # noqa: ANN401
                return _Cluster(client, address, work, shared).compute

            yield begin
        finally:
            client.close()


@contextmanager
def _silence() -> Generator[None]:
    """Keep what the libraries log of lost connections from standard error, where one sentence says it."""
    # Their loggers have levels of their own, which change as they are loaded.
    before = logging.root.manager.disable
    logging.disable(logging.CRITICAL)
    try:
        yield
    finally:
        logging.disable(before)


def _connected(address: str) -> Any:  # noqa: ANN401 - the library declares no types
    """Return a connection to a scheduler."""
    match = _ADDRESS.fullmatch(address)
    if match is None:
        raise input_error("--scheduler", f"“{address}” is not an address such as tcp://127.0.0.1:8786")
    advice = "start one with `dask scheduler`, which prints its address"
    try:
        # A socket finds out at once where nobody listens.
        socket.create_connection((match[1].strip("[]"), int(match[2])), timeout=_FOR_ANSWER).close()
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # other versions there, which are told in a sentence of our own
            return Client(address, timeout=_FOR_ANSWER)
    except Exception as error:  # noqa: BLE001 - what answers may be anything
        cause = getattr(error, "strerror", None) or error or type(error).__name__
        raise input_error("--scheduler", f"no Dask scheduler answers at {address} ({cause}); {advice}") from None


def _check_workers(client: Any, address: str) -> None:  # noqa: ANN401
    """Refuse a cluster without workers, or with a worker that would compute something else."""
    if not client.nthreads():
        report(f"{address}: no worker yet; waiting for one.")
        try:
            client.wait_for_workers(1, timeout=_FOR_WORKERS)
        except TimeoutError:
            message = f"{address} has no worker; start some with `dask worker {address} --nthreads 1`"
            raise input_error("--scheduler", message) from None
    here = code_version()
    for worker, there in client.run(code_version, on_error="return").items():
        if isinstance(there, Exception):
            said = f"{type(there).__name__}: {there}"
            message = f"the worker {worker} cannot load this program ({said}); install the same version there"
            raise input_error("--scheduler", message)
        if other := difference(here, there):
            raise _other_code(f"the worker {worker} is not like this program: {other}")


def _other_code(found: str) -> InputError:
    return input_error("--scheduler", f"{found}; expected the same everywhere, or results would depend on the worker")


class _Cluster:
    """The workers of a cluster, and what is with them."""

    def __init__(self, client: Any, address: str, work: Work, shared: Any) -> None:  # noqa: ANN401
        self.client, self.address = client, address
        # The scheduler keeps the bytes, so that the data can be made again where every worker that has them is lost.
        with dask.config.set({"distributed.admin.large-graph-warning-threshold": "10 GB"}):
            self.given = client.submit(pickle.loads, pickle.dumps((work, shared)), pure=False)
        self.threads: dict[str, int] = client.nthreads()
        self.looked = time.monotonic()
        self.portion = 1

    def compute(self, tasks: Sequence[Any]) -> Iterator[tuple[Any, Any]]:
        """Yield each task with its outcome as soon as there is one."""
        waiting, alone = deque(range(len(tasks))), deque[int]()
        running: dict[Any, list[int]] = {}
        try:
            while waiting or alone or running:
                self._look()
                self._hand_out(tasks, waiting, alone, running)
                for future in self._done(running):
                    yield from self._outcomes(tasks, running.pop(future), future, alone)
        except _LOST as error:
            raise self._lost(error) from None
        finally:
            if running:
                self._cancel(running)

    def _hand_out(
        self, tasks: Sequence[Any], waiting: deque[int], alone: deque[int], running: dict[Any, list[int]]
    ) -> None:
        """Keep each thread of the cluster in work, with one portion more that waits for it."""
        most = 2 * max(sum(self.threads.values()), 1)
        while (waiting or alone) and len(running) < most:
            size = max(min(self.portion, -(-len(waiting) // most)), 1)
            numbers = [alone.popleft()] if alone else [waiting.popleft() for _ in range(min(size, len(waiting)))]
            given = [tasks[number] for number in numbers]
            running[self.client.submit(_computed, self.given, code_version(), given, pure=False)] = numbers

    def _done(self, running: dict[Any, list[int]]) -> list[Any]:
        """Return what is done, waiting a while for it."""
        try:
            return list(_wait(list(running), timeout=_LOOK, return_when="FIRST_COMPLETED").done)
        except TimeoutError:
            return []

    def _outcomes(
        self,
        tasks: Sequence[Any],
        numbers: list[int],
        future: Any,  # noqa: ANN401
        alone: deque[int],
    ) -> Iterator[tuple[Any, Any]]:
        """Yield the outcomes of a portion; of one that took workers down with it, tasks are tried one by one."""
        try:
            seconds, outcomes = future.result()
        except KilledWorker:
            if len(numbers) > 1:
                alone.extend(numbers)
                return
            yield tasks[numbers[0]], TaskFailure("every worker that computed it was lost")
        except OtherCodeError as error:
            raise _other_code(str(error)) from None
        except _LOST:
            raise
        except Exception as error:  # noqa: BLE001 - such as a task that cannot be read there
            failure = TaskFailure(f"{type(error).__name__}: {' '.join(str(error).split())}")
            yield from ((tasks[number], failure) for number in numbers)
        else:
            each = seconds / len(numbers)
            self.portion = int(min(max(_PORTION / max(each, 1e-6), 1.0), _MOST_TASKS))
            yield from zip((tasks[number] for number in numbers), outcomes, strict=True)

    def _look(self) -> None:
        """See now and then which workers there are, and say which were lost."""
        if time.monotonic() - self.looked < _LOOK:
            return
        before, self.threads = self.threads, self.client.nthreads()
        self.looked = time.monotonic()
        for worker in sorted(before.keys() - self.threads.keys()):
            report(f"The worker {worker} was lost; what it computed is computed again by another one.")
        if before and not self.threads:
            report(f"{self.address}: no worker is left; waiting for one (Ctrl-C keeps what is done).")

    def _lost(self, error: BaseException) -> InputError:
        found = f"the connection to {self.address} was lost ({type(error).__name__}); what was done until then is kept"
        return input_error("--scheduler", f"{found}: go on with --resume")

    def _cancel(self, running: dict[Any, list[int]]) -> None:
        """Tell the cluster that nobody waits any more."""
        try:
            self.client.cancel(list(running))
        except _LOST:
            return


def _computed(given: tuple[Work, Any], expected: dict[str, str], tasks: list[Any]) -> tuple[float, list[Any]]:
    """Return how long some tasks took [s], and their outcomes: what a worker does."""
    from pkpd.kernels.threads import compute_on_one_thread  # noqa: PLC0415 - on the worker only

    if other := difference(expected, code_version()):
        raise OtherCodeError(f"a worker is not like this program: {other}")
    work, shared = given
    # Compiled loops are not made for two of a process's threads at the same time.
    with _ALONE:
        compute_on_one_thread()
        started = time.perf_counter()
        outcomes = [outcome_of(work, shared, task) for task in tasks]
        return time.perf_counter() - started, outcomes

"""Tasks computed by processes of this machine; what they find does not depend on how many there are, nor on which are lost.

A pool of ``concurrent.futures`` breaks as a whole where one of its processes is killed, and does not say at which task. Here each
process has a pipe of its own and one task at a time, so that the others go on, and a task that kills what computes it is known.
"""

from __future__ import annotations

import os
import signal
from collections import Counter, deque
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from multiprocessing import get_context, resource_tracker
from multiprocessing.connection import wait
from typing import TYPE_CHECKING, Any

from asuc.cli.output import report
from asuc.cli.task import TaskFailure, outcome_of
from pkpd.errors import InputError, input_error

if TYPE_CHECKING:
    from collections.abc import Generator, Iterator, Sequence
    from multiprocessing.connection import Connection
    from multiprocessing.context import SpawnProcess

    from asuc.cli.task import Begin, Compute, Work

# Processes that end while they compute the same task, until it counts as failed.
_MOST_LOSSES = 3
# Processes that end for each worker, without a result in between, until no further one is started.
_MOST_IN_A_ROW = 10
_SPAWN = get_context("spawn")


@contextmanager
def process_farm(n_workers: int) -> Generator[Begin]:
    """Yield what begins to compute tasks in processes, which end with the block.

    Parameters
    ----------
    n_workers : int
        Processes at the same time; each computes on one thread.
    """
    with ExitStack() as ended:

        def begin(work: Work, shared: Any) -> Compute:  # noqa: ANN401
            crew = _Crew(n_workers, (work, shared))
            ended.callback(crew.end)
            return crew.compute

        yield begin


@dataclass(slots=True)
class _Worker:
    """A process, and the number of the task that it has."""

    process: SpawnProcess
    connection: Connection
    is_ready: bool = False
    task: int | None = None


class _Crew:
    """The processes that compute one kind of task."""

    def __init__(self, n_workers: int, given: tuple[Work, Any]) -> None:
        self.n_workers, self.given = n_workers, given
        self.workers: list[_Worker] = []
        self.lost_in_a_row = 0

    def compute(self, tasks: Sequence[Any]) -> Iterator[tuple[Any, Any]]:
        """Yield each task with its outcome as soon as there is one."""
        waiting, losses, n_open = deque(range(len(tasks))), Counter[int](), len(tasks)
        try:
            while n_open:
                self._hand_out(tasks, waiting)
                for number, outcome in self._heard(waiting, losses):
                    n_open -= 1
                    self.lost_in_a_row = 0
                    yield tasks[number], outcome
        finally:
            if n_open:  # whoever asked has left: what is still computed is nobody's
                self.end()

    def end(self) -> None:
        """End every process, in the middle of what it computes."""
        for worker in self.workers:
            worker.process.terminate()
        for worker in self.workers:
            _bury(worker)
        self.workers.clear()

    def _hand_out(self, tasks: Sequence[Any], waiting: deque[int]) -> None:
        """Give a task to each process without one, and start processes while there are tasks for them."""
        for worker in self.workers:
            if waiting and worker.is_ready and worker.task is None:
                worker.task = waiting.popleft()
                _send(worker, (worker.task, tasks[worker.task]))
        n_idle = sum(worker.task is None for worker in self.workers)
        for _ in range(min(self.n_workers - len(self.workers), len(waiting) - n_idle)):
            self.workers.append(_started())

    def _heard(self, waiting: deque[int], losses: Counter[int]) -> Iterator[tuple[int, Any]]:
        """Wait for processes to say something, or to end, and yield the outcomes."""
        heard = set(wait([worker.connection for worker in self.workers]))
        for worker in [one for one in self.workers if one.connection in heard]:
            try:
                number, outcome = worker.connection.recv()
            except (EOFError, OSError):
                yield from self._lost(worker, waiting, losses)
                continue
            if worker.is_ready:
                worker.task = None
                yield number, outcome
            else:
                worker.is_ready = True
                _send(worker, self.given)

    def _lost(self, worker: _Worker, waiting: deque[int], losses: Counter[int]) -> Iterator[tuple[int, TaskFailure]]:
        """Take the task of a process that has ended back, or yield it as failed where it was the end of several."""
        self.workers.remove(worker)
        ended = _bury(worker)
        self.lost_in_a_row += 1
        if self.lost_in_a_row > _MOST_IN_A_ROW * self.n_workers:
            raise _nobody_stays(self.lost_in_a_row, ended)
        if (task := worker.task) is None:
            report(f"A worker was lost ({ended}); another one takes its place.")
            return
        losses[task] += 1
        if losses[task] < _MOST_LOSSES:
            waiting.appendleft(task)
            report(f"A worker was lost ({ended}); what it computed is computed again.")
            return
        report(f"A worker was lost ({ended}), the {_MOST_LOSSES}rd by the same task, which counts as failed.")
        yield task, TaskFailure(f"{_MOST_LOSSES} workers were lost while they computed it, the last by {ended}")


def _nobody_stays(n_lost: int, ended: str) -> InputError:
    found = f"{n_lost} worker processes ended one after another without a result, the last by {ended}"
    return input_error(
        "--workers", f"{found}; expected them to stay; where memory is short use fewer, and --resume goes on"
    )


def _started() -> _Worker:
    """Start a process; it never hears of Ctrl-C, which is its parent's matter."""
    ours, theirs = _SPAWN.Pipe()
    process = _SPAWN.Process(target=_serve, args=(theirs,), daemon=True)
    # The first process starts a tracker of resources as well, and what starts that lets Ctrl-C through again.
    resource_tracker.ensure_running()
    before = signal.pthread_sigmask(signal.SIG_BLOCK, (signal.SIGINT,))
    try:
        process.start()
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)
    # With the only open end in the process, its end is the end of the pipe.
    theirs.close()
    return _Worker(process, ours)


def _bury(worker: _Worker) -> str:
    """Give back what belongs to a process that has ended, and return how it did."""
    worker.connection.close()
    worker.process.join()
    code = worker.process.exitcode or 0
    worker.process.close()
    return f"signal {-code}" if code < 0 else f"exit code {code}"


def _send(worker: _Worker, message: object) -> None:
    with suppress(OSError):  # where it has ended, which is heard next
        worker.connection.send(message)


def _serve(connection: Connection) -> None:
    """Compute what comes through the pipe until it closes: what a process does."""
    # Processes share the processors between them. The engine reads this where it is loaded, which begins with the work.
    os.environ["NUMBA_NUM_THREADS"] = "1"
    try:
        # Only now is there somebody who reads: what is sent earlier may be too large for the pipe, and hold up the parent.
        connection.send((None, None))
        work, shared = connection.recv()
        while True:
            number, task = connection.recv()
            connection.send((number, outcome_of(work, shared, task)))
    except (EOFError, OSError):
        return

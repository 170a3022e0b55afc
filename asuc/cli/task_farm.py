"""Where the tasks of a command are computed: here, by processes of this machine, or by a Dask cluster.

What is found is the same to the last bit, since a task is a function of its own numbers, and those who wait for tasks put them into
their order.
"""

from __future__ import annotations

import os
from contextlib import contextmanager
from typing import TYPE_CHECKING, Annotated, Any

import typer

from asuc.cli.task import outcome_of
from pkpd.errors import input_error

if TYPE_CHECKING:
    from collections.abc import Generator

    from asuc.cli.task import Begin, Compute, Work

Workers = Annotated[int | None, typer.Option(min=1, max=256, help="Processes; one for each processor where left out.")]
FewWorkers = Annotated[int | None, typer.Option(min=1, max=256, help="Processes; 1 where left out.")]
Scheduler = Annotated[
    str | None, typer.Option(metavar="tcp://HOST:PORT", help="Compute on the Dask cluster of this scheduler.")
]
Resume = Annotated[bool, typer.Option("--resume", help="Go on with what the folder holds.")]


def available_processors() -> int:
    """Return how many processors this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


@contextmanager
def task_farm(workers: int, scheduler: str | None) -> Generator[Begin]:
    """Yield what begins to compute tasks; whatever computes them ends with the block.

    Parameters
    ----------
    workers : int
        Processes of this machine; with one, tasks are computed in this process.
    scheduler : str or None
        Address of a Dask scheduler, whose workers compute instead.

    Raises
    ------
    InputError
        Where the scheduler or its workers cannot be used.
    """
    from asuc.cli.process_farm import process_farm  # noqa: PLC0415 - multiprocessing

    if scheduler is not None:
        from asuc.cli.cluster_farm import cluster_farm  # noqa: PLC0415 - loads Dask

        with cluster_farm(scheduler) as begin:
            yield begin
    elif workers > 1:
        with process_farm(workers) as begin:
            yield begin
    else:
        yield _begin_here


def n_workers(workers: int | None, scheduler: str | None, *, usual: int | None = None) -> int:
    """Return how many processes are meant.

    Parameters
    ----------
    workers : int or None
        What `--workers` says.
    scheduler : str or None
        What `--scheduler` says.
    usual : int, optional
        Where nothing is said; one for each processor where left out.

    Raises
    ------
    InputError
        Where both are given.
    """
    if workers is not None and scheduler is not None:
        message = f"{workers} is given beside --scheduler, whose cluster has its own workers; leave out one of the two"
        raise input_error("--workers", message)
    return workers or usual or available_processors()


def _begin_here(work: Work, shared: Any) -> Compute:  # noqa: ANN401 - whatever the work takes
    return lambda tasks: ((task, outcome_of(work, shared, task)) for task in tasks)

"""Replicates of an evaluation of pooled trials, each kept as a file until all are there."""

from __future__ import annotations

import shutil
import zipfile
from typing import TYPE_CHECKING

from asuc.cli.output import report
from asuc.cli.progress import shown_progress
from asuc.cli.task import TaskFailure
from asuc.cli.task_farm import task_farm

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from crohns_srs.evaluation.resampling import Resampling, Result, Task

    Kept = dict[Task, Result]

_FOLDER = "replicates"


def kept_replicates(
    folder: Path, shared: Resampling, tasks: Sequence[Task], farm: tuple[int, str | None]
) -> tuple[Kept, dict[Task, str]]:
    """Return replicates, and the reasons of those without a result; what an earlier command left in the folder is taken from there.

    Parameters
    ----------
    folder : Path
        Of the results.
    shared : Resampling
        What is drawn from.
    tasks : sequence of Task
        Which.
    farm : tuple of int and (str or None)
        Processes, and address of a Dask scheduler.
    """
    from crohns_srs.evaluation.resampling import replicate  # noqa: PLC0415 - the engine loads after the words are read

    found: Kept = {}
    for task in tasks:
        if (kept := _kept(_file(folder, task))) is not None:
            found[task] = kept
    missing = [task for task in tasks if task not in found]
    failures: dict[Task, str] = {}
    if not missing:
        return found, failures
    (folder / _FOLDER).mkdir(exist_ok=True)
    try:
        with task_farm(*farm) as begin, shown_progress("Replicates") as tell:
            for done, (task, outcome) in enumerate(begin(replicate, shared)(missing), start=1):
                if isinstance(outcome, TaskFailure):
                    failures[task] = outcome.reason.removeprefix("InputError: ")
                else:
                    found[task] = outcome
                    _keep(_file(folder, task), outcome)
                tell(done / len(missing))
    except KeyboardInterrupt:
        report(
            f"{folder}: {len(found):,} of {len(tasks):,} replicates are kept; the same command with --resume goes on."
        )
        raise
    order = {task: i for i, task in enumerate(tasks)}
    # Whoever was first: the sums over replicates have the same bits.
    return {task: found[task] for task in sorted(found, key=order.__getitem__)}, failures


def forget_replicates(folder: Path) -> None:
    """Remove what a command kept."""
    shutil.rmtree(folder / _FOLDER, ignore_errors=True)


def _file(folder: Path, task: Task) -> Path:
    kind, number = task
    return folder / _FOLDER / f"{kind.value}-{number}.npz"


def _keep(file: Path, arrays: Result) -> None:
    import numpy as np  # noqa: PLC0415

    beside = file.with_suffix(".new")
    with beside.open("wb") as stream:
        np.savez(stream, allow_pickle=False, **arrays)
    beside.replace(file)


def _kept(file: Path) -> Result | None:
    """Return a replicate; None where it is not there, or not whole, so that it is computed again."""
    import numpy as np  # noqa: PLC0415

    try:
        with np.load(file, allow_pickle=False) as arrays:
            return {name: arrays[name] for name in arrays.files}
    except (OSError, ValueError, KeyError, EOFError, zipfile.BadZipFile):
        return None

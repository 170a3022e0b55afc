"""Simulated studies of event times, in blocks that are kept in a folder until all are there."""

from __future__ import annotations

import shutil
import zipfile
from functools import partial
from typing import TYPE_CHECKING

from asuc.cli.output import report

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tte.evaluation.visual_check import Simulation, Studies

_FOLDER = "blocks"
# Studies of one block: what is lost with Ctrl-C stays small.
_BLOCK = 500


def kept_studies(what: Simulation, n: int, folder: Path, name: str, tell: Callable[[float], object]) -> Studies:
    """Return simulated studies; blocks that an earlier command left in the folder are taken from there.

    Parameters
    ----------
    what : Simulation
        What they are simulated from.
    n : int
        How many.
    folder : Path
        Of the results.
    name : str
        What the subjects are called in the names of the blocks.
    tell : callable
        Told the share that is done.

    Raises
    ------
    InputError
        As ``tte.evaluation.visual_check.simulated_studies``.
    """
    import numpy as np  # noqa: PLC0415 - the engine loads after the words are read

    from tte.evaluation.visual_check import Studies, simulated_studies  # noqa: PLC0415

    found: list[Studies] = []
    try:
        for first in range(1, n + 1, _BLOCK):
            numbers = range(first, min(first + _BLOCK, n + 1))
            file = folder / _FOLDER / f"{name}-{numbers.start}-{numbers.stop - 1}.npz"
            block = _kept(file, len(numbers)) if n > _BLOCK else None
            if block is None:
                block = simulated_studies(what, numbers, partial(_tell_of_all, tell, numbers, n))
                if n > _BLOCK:
                    _keep(file, block)
            found.append(block)
    except KeyboardInterrupt:
        n_kept = sum(block.n_events.shape[1] for block in found) if n > _BLOCK else 0
        report(
            f"{folder}: {n_kept:,} of {n:,} studies of {name} are kept; the same command with --resume goes on from there."
        )
        raise
    return Studies(*(np.concatenate(parts, axis=1) for parts in zip(*found, strict=True)))


def forget_studies(folder: Path) -> None:
    """Remove the blocks that a command left."""
    shutil.rmtree(folder / _FOLDER, ignore_errors=True)


def _tell_of_all(tell: Callable[[float], object], numbers: range, n: int, share: float) -> None:
    """Tell the share of all studies that is done where a share of some is."""
    tell((numbers.start - 1 + share * len(numbers)) / n)


def _keep(file: Path, block: Studies) -> None:
    import numpy as np  # noqa: PLC0415

    file.parent.mkdir(exist_ok=True)
    beside = file.with_suffix(".new")
    with beside.open("wb") as stream:
        np.savez(stream, curves=block.curves, n_events=block.n_events)
    beside.replace(file)


def _kept(file: Path, n: int) -> Studies | None:
    """Return the studies of a block; None where it is not there, or not whole, so that they are simulated again."""
    import numpy as np  # noqa: PLC0415

    from tte.evaluation.visual_check import Studies  # noqa: PLC0415

    try:
        with np.load(file, allow_pickle=False) as block:
            found = Studies(block["curves"], block["n_events"])
    except (OSError, ValueError, KeyError, EOFError, zipfile.BadZipFile):
        return None
    return found if found.n_events.shape[1] == n else None

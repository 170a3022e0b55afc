"""Replicates of a cohort, drawn in blocks that may be computed elsewhere, and that are kept until all are there."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING

from asuc.cli.output import report
from asuc.cli.task import TaskFailure

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from asuc.cli.task import Begin
    from pkpd.arrays import ShortFloatArray
    from pkpd.simulation.replicates import Drawing, Replicates

_FOLDER = "blocks"


def drawn_replicates(
    drawing: Drawing, n_replicates: int, begin: Begin, folder: Path, tell: Callable[[float], object]
) -> Replicates:
    """Return replicates of a cohort; blocks that an earlier command left in the folder are taken from there.

    Parameters
    ----------
    drawing : Drawing
        What is drawn.
    n_replicates : int
        How often.
    begin : callable
        Hands the work to those that draw.
    folder : Path
        Of the results; nothing of the blocks is left in it once all are there.
    tell : callable
        Told the share that is done.

    Raises
    ------
    RuntimeError
        Where a block could not be drawn, since the others alone would be another sample.
    """
    import numpy as np  # noqa: PLC0415 - the engine loads after the words are read

    from pkpd.simulation.replicates import Replicates, draw_block, replicate_blocks, typical_levels  # noqa: PLC0415

    pred = typical_levels(drawing)
    measured = np.empty((pred.size, n_replicates), dtype=np.float32)
    blocks = replicate_blocks(pred.size, n_replicates)
    kept = _kept(folder, blocks, pred.size)
    for numbers, block in kept.items():
        measured[:, numbers.start - 1 : numbers.stop - 1] = block
    missing = [numbers for numbers in blocks if numbers not in kept]
    try:
        for done, (numbers, block) in enumerate(begin(draw_block, drawing)(missing), start=1):
            if isinstance(block, TaskFailure):
                which = f"replicates {numbers.start} to {numbers.stop - 1}"
                raise RuntimeError(f"{which} were not drawn: {block.reason}")  # noqa: TRY004 - no question of types
            measured[:, numbers.start - 1 : numbers.stop - 1] = block
            tell(done / len(missing))
            if len(blocks) > 1:
                _keep(folder, numbers, block)
                kept[numbers] = block
    except KeyboardInterrupt:
        n_kept = sum(map(len, kept))
        report(f"{folder}: {n_kept} of {n_replicates} replicates are kept; the same command with --resume goes on.")
        raise
    forget_blocks(folder)
    return Replicates(pred, measured)


def forget_blocks(folder: Path) -> None:
    """Remove the blocks that a command left."""
    shutil.rmtree(folder / _FOLDER, ignore_errors=True)


def _keep(folder: Path, numbers: range, block: ShortFloatArray) -> None:
    import numpy as np  # noqa: PLC0415

    file = _file(folder, numbers)
    file.parent.mkdir(exist_ok=True)
    beside = file.with_suffix(".new")
    with beside.open("wb") as stream:
        np.save(stream, block, allow_pickle=False)
    beside.replace(file)


def _kept(folder: Path, blocks: list[range], n_levels: int) -> dict[range, ShortFloatArray]:
    import numpy as np  # noqa: PLC0415

    found: dict[range, ShortFloatArray] = {}
    for numbers in blocks:
        try:
            block = np.load(_file(folder, numbers), allow_pickle=False)
        except (OSError, ValueError, EOFError):
            continue  # not there, or not whole: it is drawn again
        if block.shape == (n_levels, len(numbers)) and block.dtype == np.float32:
            found[numbers] = block
    return found


def _file(folder: Path, numbers: range) -> Path:
    return folder / _FOLDER / f"{numbers.start}-{numbers.stop - 1}.npy"

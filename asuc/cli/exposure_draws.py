"""Draws from the posteriors of subjects: each subject's are kept as they come, and joined to one table in the end."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from pkpd.arrays import FloatArray
    from pkpd.exposure.cohort import ExposureOf

_FOLDER = "blocks"


def keep_draws(folder: Path, place: int, draws: FloatArray) -> None:
    """Write the draws of a subject into a file of their own."""
    import numpy as np  # noqa: PLC0415 - the engine loads after the words are read

    file = _file(folder, place)
    file.parent.mkdir(exist_ok=True)
    beside = file.with_suffix(".new")
    with beside.open("wb") as stream:
        np.save(stream, draws, allow_pickle=False)
    beside.replace(file)


def has_draws(folder: Path, place: int) -> bool:
    """Return whether the draws of a subject are there."""
    return _file(folder, place).exists()


def kept_draws(folder: Path, place: int) -> FloatArray:
    """Return the draws of a subject, (n_draws, n_measures)."""
    import numpy as np  # noqa: PLC0415

    return np.load(_file(folder, place), allow_pickle=False)


def finish_draws(file: Path, ids: Sequence[str], given: ExposureOf, regimen: str | None) -> int:
    """Write the draws of all subjects into one table, in their order, and return how many there are.

    Parameters
    ----------
    file : Path
        CSV or Parquet, by its ending.
    ids : sequence of str
        The subjects.
    given : ExposureOf
        What was drawn.
    regimen : str or None
        Words on a hypothetical regimen, which are a further column.
    """
    from pkpd.data.draws_table import written_draws  # noqa: PLC0415 - loads Arrow

    places = [place for place in range(len(ids)) if has_draws(file.parent, place)]
    blocks = ((ids[place], kept_draws(file.parent, place)) for place in places)
    n = written_draws(file, given.names, blocks, further={} if regimen is None else {"regimen": regimen})
    forget_draws(file.parent)
    return n


def forget_draws(folder: Path) -> None:
    """Remove the files of single subjects."""
    shutil.rmtree(folder / _FOLDER, ignore_errors=True)


def _file(folder: Path, place: int) -> Path:
    return folder / _FOLDER / f"{place}.npy"

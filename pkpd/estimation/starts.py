"""Places around the given initial values that searches begin at."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from pkpd.estimation.scale import to_free

if TYPE_CHECKING:
    from pkpd.arrays import FloatArray
    from pkpd.estimation.scale import Piece, Scale


def scattered_place(scale: Scale, number: int, *, spread: float, seed: int) -> FloatArray:
    """Return free coordinates drawn around those of the initial values.

    Parameters
    ----------
    scale : Scale
        What is searched, with the initial values.
    number : int
        Which place.
    spread : float
        Standard deviation: of logarithms where a parameter is positive, of shares of its value where it is a coefficient.
    seed : int
        Seed of all places.

    Returns
    -------
    (n_free,) array
        The place.
    """
    free = to_free(scale, scale.values)
    z = np.random.default_rng([seed, number]).standard_normal(scale.n_free)
    return free + spread * _units(scale, free) * z


def _units(scale: Scale, free: FloatArray) -> FloatArray:
    """Return what a change by its whole size is for each coordinate: for one below the diagonal of a block, the standard deviation."""
    units: list[float] = []
    for piece in scale.pieces:
        n = len(piece.places)
        units += _block_units(piece, free[len(units) : len(units) + n]) if piece.kind == "block" else [1.0] * n
    return np.array(units)


def _block_units(piece: Piece, free: FloatArray) -> list[float]:
    n = round((np.sqrt(8.0 * len(piece.places) + 1.0) - 1.0) / 2.0)
    rows, columns = np.tril_indices(n)
    factor = np.where(rows == columns, np.exp(free), free)
    sd = np.sqrt(np.bincount(rows, factor**2))
    return np.where(rows == columns, 1.0, sd[rows]).tolist()

"""Pointwise band of a ROC curve: percentiles of the sensitivity over drawn subjects at each false-positive rate."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from tte.evaluation.roc import check_both
from tte.evaluation.stratified_draws import counts_below, stratified_counts

if TYPE_CHECKING:
    from pkpd.arrays import BoolArray, FloatArray
    from tte.evaluation.roc import Direction

_GRID = np.linspace(0.0, 1.0, 101)
_CELLS = 4_000_000


class RocBand(NamedTuple):
    """95 % band, pointwise.

    Attributes
    ----------
    false_positive_rate : (101,) array
        From 0 to 1.
    low, high : (101,) arrays
        Percentiles of the highest sensitivity that is reached with so many false positives.
    """

    false_positive_rate: FloatArray
    low: FloatArray
    high: FloatArray


def roc_band(marker: FloatArray, is_case: BoolArray, direction: Direction, *, n_draws: int, seed: int) -> RocBand:
    """Return the band over draws of as many subjects with the event, and as many without it, as there are.

    Parameters
    ----------
    marker, is_case, direction
        As ``roc.roc_curve``; so are the errors.
    n_draws, seed : int
        How often subjects are drawn, at least twice, and from what.
    """
    check_both(is_case)
    mirrored = -marker if direction == "higher" else marker
    code = np.unique(mirrored, return_inverse=True)[1].astype(np.int64)
    n_values, block = int(code.max()) + 1, max(1, _CELLS // code.size)
    reached: list[FloatArray] = []
    for first in range(0, n_draws, block):
        counts = stratified_counts(is_case, min(block, n_draws - first), seed, first)
        cases, controls = counts_below(counts, code, is_case, n_values)
        sensitivity, rate = cases / cases[:, -1:], controls / controls[:, -1:]
        # A rate that is a point of the grid is reached whatever its last bit.
        places = [np.searchsorted(one, _GRID + 1e-12, side="right") - 1 for one in rate]
        reached += [one[place] for one, place in zip(sensitivity, places, strict=True)]
    low, high = (np.asarray(np.quantile(reached, share, axis=0), dtype=np.float64) for share in (0.025, 0.975))
    return RocBand(_GRID, low, high)

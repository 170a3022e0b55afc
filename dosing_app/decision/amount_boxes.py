"""Boxes of regimens: the same infusion times, each amount between a lowest and a highest level."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from dosing_app.decision.reference_plan import TOLERANCE
from dosing_app.decision.regimen_sets import amounts_of, required_until_next, with_zero_first

if TYPE_CHECKING:
    from collections.abc import Iterator

    from dosing_app.decision.candidates import CandidateGrid
    from pkpd.arrays import FloatArray, IntArray


def least_levels(grid: CandidateGrid, sets: IntArray) -> IntArray:
    """Return the least level of each infusion that can still reach the reference plan, the others at their largest."""
    largest = with_zero_first(amounts_of(grid, sets, grid.n_levels[sets] - 1))
    others = np.cumsum(largest, axis=1)[:, :-1]
    # An infusion must make up for what all earlier ones at their largest leave open before the next one.
    return level_at_least(grid, sets, required_until_next(grid, sets)[:, 1:] - others)


def level_at_least(grid: CandidateGrid, sets: IntArray, amounts: FloatArray) -> IntArray:
    """Return the lowest level whose amount is at least the one given (the number of levels where none is)."""
    low, high = np.zeros_like(sets), grid.n_levels[sets]
    while np.any(low < high):
        middle = (low + high) // 2
        is_enough = amounts_of(grid, sets, middle) >= amounts - TOLERANCE
        is_open = low < high
        high = np.where(is_open & is_enough, middle, high)
        low = np.where(is_open & ~is_enough, middle + 1, low)
    return low


def box_sizes(low: IntArray, high: IntArray) -> FloatArray:
    """Return how many regimens lie between two rows of levels, both included (a float: it may be astronomic)."""
    return np.prod((high - low + 1).astype(np.float64), axis=1)


def regimens_in(low: IntArray, high: IntArray, chunk: int) -> Iterator[tuple[IntArray, IntArray]]:
    """Yield every row of levels between pairs of rows.

    Parameters
    ----------
    low, high : (n_boxes, n_infusions) array
        Lowest and highest level of each infusion, ``low <= high``.
    chunk : int
        Most rows in one yield.

    Yields
    ------
    box : (n,) array
        Which row of ``low`` each one lies in.
    levels : (n, n_infusions) array
        The levels.
    """
    widths = high - low + 1
    sizes = np.prod(widths, axis=1)
    ends = np.cumsum(sizes)
    total = int(ends[-1]) if ends.size else 0
    for start in range(0, total, chunk):
        stop = min(start + chunk, total)
        first, last = np.searchsorted(ends, (start, stop - 1), side="right").tolist()
        before = ends[first : last + 1] - sizes[first : last + 1]
        counts = np.minimum(ends[first : last + 1], stop) - np.maximum(before, start)
        box = np.repeat(np.arange(first, last + 1, dtype=np.int64), counts)
        rest = np.arange(start, stop, dtype=np.int64) - np.repeat(before, counts)
        levels = low[box]
        for column in range(low.shape[1] - 1, -1, -1):
            width = widths[:, column][box]
            above = rest // width
            levels[:, column] += rest - above * width
            rest = above
        yield box, levels

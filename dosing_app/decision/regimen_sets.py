"""Regimens of a grid: which sets of infusion times there are, and which amounts reach the reference plan."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from dosing_app.decision.reference_plan import TOLERANCE
from pkpd.units import DAYS_PER_WEEK

if TYPE_CHECKING:
    from collections.abc import Iterator

    from dosing_app.decision.candidates import CandidateGrid
    from pkpd.arrays import BoolArray, FloatArray, IntArray

_CHUNK_SETS = 16_384


def at_fixed_interval(grid: CandidateGrid) -> CandidateGrid:
    """Return the regimens of a grid whose infusions follow each other by 7 days, those of a single infusion included."""
    apart = grid.times[None, :] - grid.times[:, None]
    return replace(grid, may_precede=grid.may_precede & (np.abs(apart - DAYS_PER_WEEK) < TOLERANCE))


def at_fixed_dose(grid: CandidateGrid, amount_mg: float) -> CandidateGrid:
    """Return the regimens with one amount [mg] at every infusion, at the times of a grid."""
    return replace(grid, levels=np.full((grid.times.size, 1), amount_mg), n_levels=grid.is_usable.astype(np.int64))


def at_largest(grid: CandidateGrid) -> CandidateGrid:
    """Return the regimens of a grid that hold the largest amount at each of their times."""
    last = np.maximum(grid.n_levels - 1, 0)[:, None]
    return replace(grid, levels=np.take_along_axis(grid.levels, last, axis=1), n_levels=np.minimum(grid.n_levels, 1))


def without_requirement(grid: CandidateGrid) -> CandidateGrid:
    """Return the regimens of a grid as if nothing had to be reached at any time."""
    return replace(grid, required_before=np.zeros(grid.times.size), required_mg=0.0)


def day_sets(grid: CandidateGrid) -> Iterator[IntArray]:
    """Yield every set of infusion times that the limits allow and whose largest amounts reach the reference plan.

    Yields
    ------
    (n_sets, n_infusions) array
        Indices into the times, ascending in each row; one size in each array, at most some ten thousand rows.
    """
    waiting: list[IntArray] = [np.zeros((1, 0), dtype=np.int64)]
    while waiting:
        sets = waiting.pop()
        covering = sets[covers(grid, sets, amounts_of(grid, sets, grid.n_levels[sets] - 1))]
        if covering.shape[0]:
            yield covering
        longer = _with_one_before(grid, sets)
        waiting.extend(longer[start : start + _CHUNK_SETS] for start in range(0, longer.shape[0], _CHUNK_SETS))


def is_candidate(grid: CandidateGrid, sets: IntArray, amounts: FloatArray) -> bool:
    """Return whether one regimen, (1, n_infusions) indices and amounts [mg], is on the grid."""
    times = sets[0]
    n_left = np.arange(times.size, 0, -1, dtype=np.int64)
    return bool(
        times.size <= grid.n_max
        and np.all(grid.may_precede[times[:-1], times[1:]])
        and np.all(n_left <= grid.n_from[times])
        and all(
            np.any(np.abs(grid.levels[time, : grid.n_levels[time]] - amount) < TOLERANCE)
            for time, amount in zip(times.tolist(), amounts[0].tolist(), strict=True)
        )
        and covers(grid, sets, amounts)[0]
    )


def covers(grid: CandidateGrid, sets: IntArray, amounts: FloatArray) -> BoolArray:
    """Return whether regimens give at least the reference plan's drug at every time.

    Parameters
    ----------
    grid : CandidateGrid
        What is required.
    sets : (n, n_infusions) array
        Indices into the times, ascending in each row.
    amounts : (n, n_infusions) array
        Amounts [mg].

    Returns
    -------
    (n,) array
        True where nothing is starved.
    """
    return np.all(np.cumsum(with_zero_first(amounts), axis=1) >= required_until_next(grid, sets) - TOLERANCE, axis=1)


def amounts_of(grid: CandidateGrid, sets: IntArray, levels: IntArray) -> FloatArray:
    """Return the amounts [mg] of levels, both (n, n_infusions)."""
    return grid.levels[sets, np.minimum(levels, grid.levels.shape[1] - 1)]


def required_until_next(grid: CandidateGrid, sets: IntArray) -> FloatArray:
    """Return what must be given by each infusion and before the next: (n, 1 + n_infusions), the first before any."""
    until = np.full((sets.shape[0], sets.shape[1] + 1), grid.required_mg)
    until[:, :-1] = grid.required_before[sets]
    return until


def with_zero_first(amounts: FloatArray) -> FloatArray:
    """Return amounts with a column of zeros before them, for what is given before the first infusion."""
    return np.concatenate((np.zeros((amounts.shape[0], 1)), amounts), axis=1)


def _with_one_before(grid: CandidateGrid, sets: IntArray) -> IntArray:
    """Return the sets with one more infusion, before their first."""
    n_infusions = sets.shape[1] + 1
    if n_infusions > grid.n_max:
        return np.zeros((0, n_infusions), dtype=np.int64)
    is_possible = (grid.n_levels > 0) & (grid.n_from >= n_infusions)
    may_add = np.broadcast_to(is_possible, (sets.shape[0], grid.times.size))
    if sets.shape[1]:
        may_add = may_add & grid.may_precede[:, sets[:, 0]].T
    rows, added = np.nonzero(may_add)
    return np.concatenate((added[:, None], sets[rows]), axis=1)

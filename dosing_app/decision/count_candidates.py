"""The exact size of a grid of regimens, without enumerating it."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np

from dosing_app.decision.reference_plan import TOLERANCE

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from dosing_app.decision.candidates import CandidateGrid

    # How many ways lead to each amount given so far: the part in whole steps is the index (the last cell is everything
    # that is required, or more), the part that is not is the key. Python integers, since the numbers may be astronomic.
    Ways = dict[float, NDArray[np.object_]]


# Sums of Python integers that an exact count may take.
_MOST_SUMS = 1e7


def count_candidates(grid: CandidateGrid) -> int:
    """Return how many regimens a grid holds, the one without infusions included where nothing is required.

    Parameters
    ----------
    grid : CandidateGrid
        Any size; the number may be far larger than could be enumerated.

    Returns
    -------
    int
        The exact number.
    """
    n_cells = math.ceil(grid.required_mg / grid.step_mg - TOLERANCE) + 1
    total = int(grid.required_mg <= TOLERANCE)
    later: dict[int, Ways] = {}
    for n_left in range(min(grid.n_max, grid.times.size), 0, -1):
        layer: dict[int, Ways] = {}
        for time in np.flatnonzero((grid.n_levels > 0) & (grid.n_from >= n_left)).tolist():
            before: Ways = {0.0: np.array([1] + [0] * (n_cells - 1), dtype=object)}
            for previous, ways in later.items():
                if grid.may_precede[previous, time]:
                    _add(before, ways)
            layer[time] = _one_more(grid, _reaching(grid, before, grid.required_before[time]), time)
        later = layer
        if n_left == 1:
            last = [_reaching(grid, ways, grid.required_mg) for ways in layer.values()]
            total += sum(int(cells.sum()) for ways in last for cells in ways.values())
    return total


def is_countable(grid: CandidateGrid) -> bool:
    """Return whether an exact count takes at most a second or so.

    It does not where the amounts of the plan are off the grid on many days (every sum of them counts by itself), or where
    what the plan requires is very many steps.
    """
    steps = grid.levels / grid.step_mg
    is_off = np.isfinite(steps) & (np.abs(steps - np.round(np.where(np.isfinite(steps), steps, 0.0))) > TOLERANCE)
    n_sums = 2.0 ** int(is_off.any(axis=1).sum())
    n_pairs = min(grid.n_max, grid.times.size) * int(grid.may_precede.sum())
    return n_sums * n_pairs * (1.0 + grid.required_mg / grid.step_mg) < _MOST_SUMS


def count_at_most(grid: CandidateGrid) -> int:
    """Return how many regimens a grid holds if nothing had to be reached: no less than the exact number."""
    amounts = grid.n_levels.astype(object)
    later = np.zeros(grid.times.size, dtype=object)
    may_precede = grid.may_precede.astype(object)
    for n_left in range(min(grid.n_max, grid.times.size), 0, -1):
        later = np.where(grid.n_from >= n_left, amounts * (1 + later @ may_precede), 0)
    return 1 + int(later.sum())


def count_time_sets(grid: CandidateGrid) -> float:
    """Return how many sets of infusion times a grid holds, whether or not they reach the reference plan."""
    total, later = 1.0, np.zeros(grid.times.size)
    for n_left in range(min(grid.n_max, grid.times.size), 0, -1):
        is_possible = (grid.n_levels > 0) & (grid.n_from >= n_left)
        later = np.where(is_possible, 1.0 + later @ grid.may_precede, 0.0)
    return total + float(later.sum())


def _add(ways: Ways, others: Ways) -> None:
    for rest, cells in others.items():
        ways[rest] = ways[rest] + cells if rest in ways else cells


def _reaching(grid: CandidateGrid, ways: Ways, required_mg: float) -> Ways:
    """Drop the ways that have given less than required."""
    reaching: Ways = {}
    for rest, cells in ways.items():
        given = rest + np.arange(cells.size) * grid.step_mg
        is_enough = given >= required_mg - TOLERANCE
        is_enough[-1] = True
        reaching[rest] = np.where(is_enough, cells, 0)
    return reaching


def _one_more(grid: CandidateGrid, ways: Ways, time: int) -> Ways:
    """Return the ways after one more infusion."""
    amounts = grid.levels[time, : grid.n_levels[time]]
    steps = np.round(amounts / grid.step_mg)
    is_multiple = np.abs(amounts - steps * grid.step_mg) < TOLERANCE
    # A reference dose above the largest new amount may be a multiple too, but not the next one.
    is_multiple &= steps == np.cumsum(is_multiple)
    n_multiples = int(is_multiple.sum())
    more: Ways = {}
    for rest, cells in ways.items():
        _add(more, {rest: _plus_multiples(cells, n_multiples)})
        for amount in amounts[~is_multiple].tolist():
            _add(more, {round(rest + amount, 6): cells})
    return more


def _plus_multiples(cells: NDArray[Any], n_multiples: int) -> NDArray[Any]:
    """Return the ways after an infusion of 1, 2, ... or `n_multiples` steps."""
    n_cells = cells.size
    until = np.concatenate((np.array([0], dtype=object), np.cumsum(cells)))
    place = np.arange(n_cells)
    more = until[place] - until[np.maximum(place - n_multiples, 0)]
    # The last cell takes every number of steps that leads to it or beyond.
    n_beyond = np.maximum(n_multiples - np.maximum(n_cells - 1 - place, 1) + 1, 0)
    more[-1] = sum(int(number) * int(count) for number, count in zip(n_beyond.tolist(), cells.tolist(), strict=True))
    return more

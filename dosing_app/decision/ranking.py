"""The order of regimens: those that reach the target by added drug, the others by how near they come."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeVar

import numpy as np

from dosing_app.decision.reference_plan import TOLERANCE

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from pkpd.arrays import BoolArray, FloatArray, IntArray

_Number = TypeVar("_Number", np.int64, np.float64)
# What differs by less counts as equal, so that the next criterion decides and not the last bit of a sum.
MEASURE_DECIMALS = 9
TOTAL_DECIMALS = 6


@dataclass(frozen=True, slots=True)
class Plans:
    """Regimens with how well each does.

    Parameters
    ----------
    time_index : (n, n_infusions) array
        Indices of infusion times, ascending, -1 after the last.
    amounts : (n, n_infusions) array
        Amounts [mg], 0 after the last.
    measure : (n,) array
        Larger is better: a probability of reaching the target, or ln(AUC/CL).
    """

    time_index: IntArray
    amounts: FloatArray
    measure: FloatArray

    def __len__(self) -> int:
        """Return the number of regimens."""
        return self.measure.size


def no_plans() -> Plans:
    """Return an empty list of regimens."""
    return Plans(np.zeros((0, 0), dtype=np.int64), np.zeros((0, 0)), np.zeros(0))


def total_mg(plans: Plans) -> FloatArray:
    """Return the drug of each regimen [mg], rounded so that equal sums are equal."""
    total: FloatArray = plans.amounts.sum(axis=1)
    return np.round(total, TOTAL_DECIMALS)


def is_reached(measure: FloatArray, threshold: float) -> BoolArray:
    """Return whether a measure reaches the threshold, differences below 1e-9 left aside."""
    return measure >= threshold - TOLERANCE


def best_plans(plans: Plans, threshold: float, count: int) -> Plans:
    """Return the best regimens in order of rank, each once.

    Parameters
    ----------
    plans : Plans
        Any number.
    threshold : float
        What the measure must reach.
    count : int
        Most regimens to return.

    Returns
    -------
    Plans
        Those that reach the threshold by drug, then measure, if any does; else all by measure, then drug. Ties: fewer
        infusions, then an earlier first one, then earlier times and larger amounts from the first infusion on.
    """
    reached = is_reached(plans.measure, threshold)
    rows = np.flatnonzero(reached) if reached.any() else np.arange(len(plans))
    drug, merit = total_mg(plans)[rows], -np.round(plans.measure[rows], MEASURE_DECIMALS)
    first, second = (drug, merit) if reached.any() else (merit, drug)
    near = _shortlist(first, second, count)
    rows, first, second = rows[near], first[near], second[near]
    times, amounts = plans.time_index[rows], plans.amounts[rows]
    late_if_none = np.where(times < 0, np.iinfo(np.int64).max, times)
    keys = (first, second, (times >= 0).sum(axis=1), *late_if_none.T, *-amounts.T)
    order = rows[np.lexsort(keys[::-1])]
    return _rows(plans, _without_repeats(plans, order)[:count])


def first_of(plans: Plans) -> Plans:
    """Return the first regimen alone."""
    return _rows(plans, np.arange(min(1, len(plans))))


def joined(first: Plans, second: Plans) -> Plans:
    """Return both lists in one."""
    width = max(first.time_index.shape[1], second.time_index.shape[1])
    return Plans(
        np.concatenate([_widened(plans.time_index, width, -1) for plans in (first, second)]),
        np.concatenate([_widened(plans.amounts, width, 0) for plans in (first, second)]),
        np.concatenate((first.measure, second.measure)),
    )


def _shortlist(first: FloatArray, second: FloatArray, count: int) -> IntArray:
    """Return the rows that can be among the `count` smallest by (first, second), so that few are sorted in full.

    Twice as many are looked at, since two lists that were joined may hold a regimen twice.
    """
    n_near = 2 * count
    if first.size <= n_near:
        return np.arange(first.size)
    edge = np.partition(first, n_near - 1)[n_near - 1]
    below, at_edge = np.flatnonzero(first < edge), np.flatnonzero(first == edge)
    n_left = n_near - below.size
    if at_edge.size > n_left:
        at_edge = at_edge[second[at_edge] <= np.partition(second[at_edge], n_left - 1)[n_left - 1]]
    return np.concatenate((below, at_edge))


def _without_repeats(plans: Plans, order: IntArray) -> IntArray:
    """Drop rows equal to the one before."""
    if order.size == 0:
        return order
    times, amounts = plans.time_index[order], plans.amounts[order]
    is_new = np.ones(order.size, dtype=np.bool_)
    is_new[1:] = np.any(times[1:] != times[:-1], axis=1) | np.any(amounts[1:] != amounts[:-1], axis=1)
    return order[is_new]


def _rows(plans: Plans, rows: IntArray) -> Plans:
    return Plans(plans.time_index[rows], plans.amounts[rows], plans.measure[rows])


def _widened(values: NDArray[_Number], width: int, fill: int) -> NDArray[_Number]:
    return np.pad(values, ((0, 0), (0, width - values.shape[1])), constant_values=fill)

"""The search for the best regimens of a grid that is too large to look at every one, without losing any.

The measure of a regimen never falls when an amount rises. Therefore a box of regimens whose largest amounts do not
reach the target holds none that does, and one whose least amounts exceed the drug of the regimens found so far holds
none that ranks higher. Nor does one that would reach too little with all the drug it may still give counted as given at
the best times left. Boxes that are neither are halved until they are small enough to look at every regimen in them.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from dosing_app.decision.amount_boxes import box_sizes, regimens_in
from dosing_app.decision.first_regimens import first_regimens, near_the_best
from dosing_app.decision.goal import Found
from dosing_app.decision.ranking import MEASURE_DECIMALS, best_plans, is_reached, joined, no_plans, total_mg
from dosing_app.decision.regimen_boxes import (
    Boxes,
    amounts_at,
    bound_by_drug,
    is_within,
    narrowed,
    regimen_space,
    scored,
    whole_space,
)

if TYPE_CHECKING:
    from dosing_app.decision.candidates import CandidateGrid
    from dosing_app.decision.goal import Goal, Progress
    from dosing_app.decision.ranking import Plans
    from dosing_app.decision.regimen_boxes import RegimenSpace
    from pkpd.arrays import BoolArray, FloatArray, IntArray

_BOXES = 512
_LEAF = 32.0
_CHUNK = 65_536
# A batch takes some time however few regimens it holds; as many evaluations are counted for it.
_BATCH = 300
_USUAL_TIMES = 28
# Sums in floating point; a bound must not lose a regimen by their last bits [mg], and of the measure.
_SLACK_MG = 1e-6
_SLACK = 1e-8
# A regimen is looked for from the best of so many boxes, in the first batches and then in every so many.
_STARTS, _FIRST_BATCHES, _EVERY = 8, 30, 10


@dataclass(frozen=True, slots=True)
class _Cut:
    """What a regimen must do to enter the best ones found so far.

    At most ``drug_mg``, and a measure of at least ``measure``; with just as much drug, at least ``measure_at_edge``.
    With a measure that is no larger than ``tie`` it must hold no more than ``drug_at_tie`` [mg].
    """

    drug_mg: float
    measure: float
    measure_at_edge: float
    tie: float = -np.inf
    drug_at_tie: float = np.inf


def search_by_bounds(
    grid: CandidateGrid,
    *,
    goal: Goal,
    evaluations_max: int,
    n_min: int = 0,
    above: float | None = None,
    progress: Progress | None = None,
) -> Found:
    """Return the best regimens of a grid of any size, in bounded memory.

    Parameters
    ----------
    grid : CandidateGrid
        Amounts and what is required.
    goal : Goal
        What is searched for; its measure never falls when an amount rises.
    evaluations_max : int
        The search is cut off after so many evaluations (and the one batch that goes beyond).
    n_min : int
        Fewest infusions of a regimen.
    above : float, optional
        Only the largest measure is looked for, and only if it is above this one; what hardly differs counts as equal.
    progress : callable, optional
        Told the share of the grid, or of the evaluations allowed, that is done.

    Returns
    -------
    Found
        The same regimens as when looking at every one, unless cut off.
    """
    space = regimen_space(grid, goal.envelope, n_min=n_min)
    pool, n_evaluated, n_batches, done = no_plans(), 0, 0, 0.0
    # A regimen takes as much longer as it may hold more infusions.
    most = evaluations_max / max(1.0, space.times.size / _USUAL_TIMES)
    best, difference_mg = None, _least_difference(grid)
    waiting = [(whole_space(space), np.ones(1))]
    while waiting:
        if n_evaluated + n_batches * _BATCH > most:
            return Found(pool, n_evaluated, None, is_complete=False)
        boxes, share = waiting.pop()
        cut = _cut(pool, goal) if above is None else _cut_above(pool, above)
        done += float(share.sum())
        boxes, share, n_bounds = _promising(space, boxes, share, goal, cut, difference_mg)
        is_leaf = box_sizes(boxes.low, boxes.high) <= _LEAF
        pool, n_leaves = _with_all_of(pool, space, boxes.rows(is_leaf), goal)
        boxes, share = boxes.rows(~is_leaf), share[~is_leaf]
        done -= float(share.sum())
        n_evaluated += n_bounds + n_leaves
        if len(boxes) and (n_batches < _FIRST_BATCHES or n_batches % _EVERY == 0):
            first, n_new = first_regimens(space, boxes.rows(slice(-_STARTS, None)), goal)
            pool = best_plans(joined(pool, first), goal.threshold, goal.count)
            n_evaluated += n_new
            if above is None:
                pool, n_new, best = near_the_best(space, pool, goal, best)
                n_evaluated += n_new
        waiting.extend(_pieces(*_halved(space, boxes, share)))
        n_batches += 1
        if progress is not None:
            progress(min(1.0, max(done, (n_evaluated + n_batches * _BATCH) / most)))
    return Found(pool, n_evaluated, None, is_complete=True)


def _cut(pool: Plans, goal: Goal) -> _Cut:
    """Return what the last of the best regimens found so far leaves open; everything while there are too few."""
    is_any_reached = bool(is_reached(pool.measure, goal.threshold).any())
    lowest = goal.threshold - _SLACK if is_any_reached else -np.inf
    if len(pool) < goal.count:
        return _Cut(np.inf, lowest, lowest)
    drug, measure = float(total_mg(pool)[-1]), float(pool.measure[-1])
    if is_any_reached:
        return _Cut(drug, lowest, max(lowest, measure - _SLACK))
    return _Cut(np.inf, measure - _SLACK, measure - _SLACK, tie=measure, drug_at_tie=drug)


def _cut_above(pool: Plans, above: float) -> _Cut:
    """Return what is left to look for where only the largest measure is wanted."""
    needed = np.nextafter(max(above, *pool.measure.tolist(), -np.inf) + _SLACK, np.inf)
    return _Cut(np.inf, needed, needed)


def _promising(
    space: RegimenSpace, boxes: Boxes, share: FloatArray, goal: Goal, cut: _Cut, difference_mg: float
) -> tuple[Boxes, FloatArray, int]:
    """Return the boxes that may hold one of the best, the most promising last, and how many bounds it took."""
    room = cut.drug_mg + _SLACK_MG - amounts_at(space, boxes.low).sum(axis=1)
    kept, boxes, room = narrowed(space, boxes, room)
    share = share[kept]
    bound = scored(space, boxes.high, goal).measure
    is_open = (bound >= cut.measure) & _may_tie(space, boxes, bound, cut)
    boxes, share, room, bound = boxes.rows(is_open), share[is_open], room[is_open], bound[is_open]
    by_drug = bound_by_drug(space, boxes, room, goal)
    n_bounds = is_open.size + room.size
    is_open = (by_drug >= cut.measure_at_edge) & _may_tie(space, boxes, by_drug, cut)
    if np.isfinite(cut.drug_mg):
        # Better than the last one found is what gives less drug and reaches the target, or as much drug and does more.
        is_open |= bound_by_drug(space, boxes, room - difference_mg, goal) >= cut.measure
        n_bounds += room.size
    order = np.flatnonzero(is_open)[np.argsort(np.minimum(bound, by_drug)[is_open], kind="stable")]
    return boxes.rows(order), share[order], n_bounds


def _may_tie(space: RegimenSpace, boxes: Boxes, bound: FloatArray, cut: _Cut) -> BoolArray:
    """Return whether a bound is above the tie, or the least drug is not."""
    is_above = np.round(bound, MEASURE_DECIMALS) > np.round(cut.tie, MEASURE_DECIMALS)
    return is_above | (amounts_at(space, boxes.low).sum(axis=1) <= cut.drug_at_tie + _SLACK_MG)


def _least_difference(grid: CandidateGrid) -> float:
    """Return the least difference between two totals that are not equal [mg]; 0 where amounts have no common step."""
    amounts = grid.levels[np.isfinite(grid.levels)]
    steps = np.round(amounts / grid.step_mg)
    return grid.step_mg if np.all(np.abs(amounts - steps * grid.step_mg) < _SLACK_MG) else 0.0


def _with_all_of(pool: Plans, space: RegimenSpace, boxes: Boxes, goal: Goal) -> tuple[Plans, int]:
    """Return the best of a pool and every regimen of some boxes, and how many these are."""
    n_evaluated = 0
    for _, levels in regimens_in(boxes.low, boxes.high, _CHUNK):
        plans = scored(space, levels[is_within(space, levels)], goal)
        pool, n_evaluated = best_plans(joined(pool, plans), goal.threshold, goal.count), n_evaluated + len(plans)
    return pool, n_evaluated


def _halved(space: RegimenSpace, boxes: Boxes, share: FloatArray) -> tuple[Boxes, FloatArray]:
    """Return both halves of each box: with and without an infusion at the best open time, else parted at the widest."""
    is_undecided = (boxes.low == 0) & (boxes.high > 0)
    place = np.empty(space.times.size)
    place[space.order] = np.arange(space.times.size)
    widths = boxes.high - boxes.low
    # Undecided times before all others.
    key = np.where(is_undecided, 1e9 - place, widths)
    rows = np.arange(len(boxes))
    column = np.argmax(key, axis=1) if key.size else rows
    low, high = boxes.low[rows, column], boxes.high[rows, column]
    middle = np.where(low == 0, 0, (low + high) // 2)
    low_of_upper, high_of_lower = boxes.low.copy(), boxes.high.copy()
    low_of_upper[rows, column], high_of_lower[rows, column] = middle + 1, middle
    both = Boxes(_alternating(boxes.low, low_of_upper), _alternating(high_of_lower, boxes.high))
    return both, np.repeat(share / 2.0, 2)


def _alternating(first: IntArray, second: IntArray) -> IntArray:
    return np.stack((first, second), axis=1).reshape(2 * len(first), first.shape[1])


def _pieces(boxes: Boxes, share: FloatArray) -> list[tuple[Boxes, FloatArray]]:
    starts = range(0, len(boxes), _BOXES)
    return [(boxes.rows(slice(at, at + _BOXES)), share[at : at + _BOXES]) for at in starts]

"""The search for the best regimens of a grid that is too large to look at every one, without losing any.

The measure of a regimen never falls when an amount rises. Therefore a box of regimens whose largest amounts do not
reach the target holds none that does, and one whose least amounts exceed the drug of the regimens found so far holds
none that ranks higher. Nor does one that would reach too little with all the drug it may still give counted as given at
the best time. Boxes that are neither are halved until they are small enough to look at every regimen in them.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from dosing_app.decision.amount_boxes import box_sizes, least_levels, level_at_least, regimens_in
from dosing_app.decision.goal import Found, score
from dosing_app.decision.ranking import best_plans, is_reached, joined, no_plans, total_mg
from dosing_app.decision.regimen_sets import amounts_of, covers

if TYPE_CHECKING:
    from dosing_app.decision.candidates import CandidateGrid
    from dosing_app.decision.goal import Goal, Sets
    from dosing_app.decision.ranking import Plans
    from pkpd.arrays import BoolArray, FloatArray, IntArray

_CHUNK = 65_536
_BOXES = 4_096
_LEAF = 32.0
# A measure is a sum in floating point; a bound must not lose a regimen by its last bits.
_SLACK = 1e-6


@dataclass(frozen=True, slots=True)
class _Boxes:
    """Boxes of regimens: indices of times, lowest and highest level of each infusion; all (n, n_infusions)."""

    sets: IntArray
    low: IntArray
    high: IntArray

    def rows(self, which: BoolArray | slice) -> _Boxes:
        return _Boxes(self.sets[which], self.low[which], self.high[which])


@dataclass(frozen=True, slots=True)
class _Cut:
    """What a regimen must do to enter the best ones found so far: not more drug [mg], at least the measure.

    At exactly that drug the measure must be at least ``measure_at_edge``.
    """

    drug_mg: float
    measure: float
    measure_at_edge: float


def search_by_bounds(grid: CandidateGrid, sets: Sets, *, goal: Goal, evaluations_max: int) -> Found:
    """Return the best regimens of a grid of any size, in bounded memory.

    Parameters
    ----------
    grid : CandidateGrid
        Amounts and what is required.
    sets : callable
        Yields the sets of infusion times to look at, each time it is called.
    goal : Goal
        What is searched for; its measure never falls when an amount rises.
    evaluations_max : int
        The search is cut off after so many evaluations (and the one batch that goes beyond).

    Returns
    -------
    Found
        The same regimens as when looking at every one, unless cut off.
    """
    pool, n_evaluated = no_plans(), 0
    for chunk in sets():
        pool = best_plans(joined(pool, _strongest(grid, chunk, goal)), goal.threshold, goal.count)
        n_evaluated += chunk.shape[0]
        if n_evaluated > evaluations_max:
            return Found(pool, n_evaluated, None, is_complete=False)
    for chunk in sets():
        roots = _Boxes(chunk, least_levels(grid, chunk), grid.n_levels[chunk] - 1)
        # The strongest of each set are in the count already; ending at the first root chunk would be no search at all.
        roots, _ = _promising(grid, roots, goal, _cut(pool, goal))
        if bool(is_reached(pool.measure, goal.threshold).any()):
            least, n_new = _least_reaching(grid, roots, goal)
            pool, n_evaluated = best_plans(joined(pool, least), goal.threshold, goal.count), n_evaluated + n_new
        waiting = _pieces(roots)
        while waiting:
            boxes, n_bounds = _promising(grid, waiting.pop(), goal, _cut(pool, goal))
            is_leaf = box_sizes(boxes.low, boxes.high) <= _LEAF
            pool, n_leaves = _with_all_of(pool, grid, boxes.rows(is_leaf), goal)
            n_evaluated += n_bounds + n_leaves
            if n_evaluated > evaluations_max:
                return Found(pool, n_evaluated, None, is_complete=False)
            waiting.extend(_pieces(_halved(boxes.rows(~is_leaf))))
    return Found(pool, n_evaluated, None, is_complete=True)


def _strongest(grid: CandidateGrid, sets: IntArray, goal: Goal) -> Plans:
    return score(goal, sets, amounts_of(grid, sets, grid.n_levels[sets] - 1))


def _cut(pool: Plans, goal: Goal) -> _Cut:
    """Return what the last of the best regimens found so far leaves open; everything while there are too few."""
    is_any_reached = bool(is_reached(pool.measure, goal.threshold).any())
    lowest = goal.threshold if is_any_reached else -np.inf
    if len(pool) < goal.count:
        return _Cut(np.inf, lowest, lowest)
    if is_any_reached:
        return _Cut(float(total_mg(pool)[-1]), lowest, float(pool.measure[-1]))
    return _Cut(np.inf, float(pool.measure[-1]), lowest)


def _promising(grid: CandidateGrid, boxes: _Boxes, goal: Goal, cut: _Cut) -> tuple[_Boxes, int]:
    """Return the boxes that may hold one of the best, cut down to the drug allowed, and how many bounds it took."""
    least = amounts_of(grid, boxes.sets, boxes.low)
    room = cut.drug_mg + _SLACK - least.sum(axis=1)
    above = level_at_least(grid, boxes.sets, least + room[:, None] + 2 * _SLACK)
    high = np.minimum(boxes.high, above - 1)
    is_open = (room >= 0) & np.all(high >= boxes.low, axis=1)
    boxes, room = _Boxes(boxes.sets, boxes.low, high).rows(is_open), room[is_open]
    largest = amounts_of(grid, boxes.sets, boxes.high)
    bound = score(goal, boxes.sets, largest).measure
    needed = np.where(room <= 2 * _SLACK, np.maximum(cut.measure, cut.measure_at_edge), cut.measure)
    is_open = (bound >= needed - _SLACK) & covers(grid, boxes.sets, largest)
    boxes, room, needed = boxes.rows(is_open), room[is_open], needed[is_open]
    if goal.best_index is None or not np.isfinite(cut.drug_mg):
        return boxes, bound.size
    # Better than the last one found is what gives less drug and reaches the target, or as much drug and does more.
    with_less = _bound_by_drug(grid, boxes, room - _least_difference(grid), goal) >= cut.measure - _SLACK
    with_as_much = _bound_by_drug(grid, boxes, room, goal) >= max(cut.measure, cut.measure_at_edge) - _SLACK
    return boxes.rows(with_less | with_as_much), bound.size + 2 * room.size


def _bound_by_drug(grid: CandidateGrid, boxes: _Boxes, room: FloatArray, goal: Goal) -> FloatArray:
    """Return a bound of the measure when ``room`` more than the least amounts may be given in all [mg].

    The drug beyond the least amounts counts as given at the best time, at every point of the posterior. -inf where there
    is no room.
    """
    if goal.best_index is None:
        return np.full(room.size, np.inf)
    sets = np.concatenate((boxes.sets, np.full((room.size, 1), goal.best_index, dtype=np.int64)), axis=1)
    amounts = np.concatenate((amounts_of(grid, boxes.sets, boxes.low), np.maximum(room, 0.0)[:, None]), axis=1)
    return np.where(room >= -_SLACK, score(goal, sets, amounts).measure, -np.inf)


def _least_difference(grid: CandidateGrid) -> float:
    """Return the least difference between two totals that are not equal [mg]; 0 where amounts have no common step."""
    amounts = grid.levels[np.isfinite(grid.levels)]
    steps = np.round(amounts / grid.step_mg)
    return grid.step_mg if np.all(np.abs(amounts - steps * grid.step_mg) < _SLACK) else 0.0


def _with_all_of(pool: Plans, grid: CandidateGrid, boxes: _Boxes, goal: Goal) -> tuple[Plans, int]:
    """Return the best of a pool and every regimen of some boxes, and how many these are."""
    n_evaluated = 0
    for box, levels in regimens_in(boxes.low, boxes.high, _CHUNK):
        sets = boxes.sets[box]
        amounts = amounts_of(grid, sets, levels)
        kept = covers(grid, sets, amounts)
        plans = score(goal, sets[kept], amounts[kept])
        pool, n_evaluated = best_plans(joined(pool, plans), goal.threshold, goal.count), n_evaluated + len(plans)
    return pool, n_evaluated


def _halved(boxes: _Boxes) -> _Boxes:
    """Return both halves of each box, parted at its widest infusion."""
    rows = np.arange(boxes.sets.shape[0], dtype=np.int64)
    widths = boxes.high - boxes.low
    widest = np.argmax(widths, axis=1) if widths.size else rows
    middle = (boxes.low[rows, widest] + boxes.high[rows, widest]) // 2
    low_of_upper, high_of_lower = boxes.low.copy(), boxes.high.copy()
    low_of_upper[rows, widest], high_of_lower[rows, widest] = middle + 1, middle
    return _Boxes(
        np.concatenate((boxes.sets, boxes.sets)),
        np.concatenate((low_of_upper, boxes.low)),
        np.concatenate((boxes.high, high_of_lower)),
    )


def _pieces(boxes: _Boxes) -> list[_Boxes]:
    return [boxes.rows(slice(start, start + _BOXES)) for start in range(0, boxes.sets.shape[0], _BOXES)]


def _least_reaching(grid: CandidateGrid, boxes: _Boxes, goal: Goal) -> tuple[Plans, int]:
    """Return one regimen of each box that reaches the target and of which no single amount can be lowered.

    Good regimens found early spare most of the search. Every box must hold one that reaches the target, or nearly so.
    """
    n_evaluated = 0

    def reaches(levels: IntArray) -> BoolArray:
        amounts = amounts_of(grid, boxes.sets, levels)
        return covers(grid, boxes.sets, amounts) & is_reached(score(goal, boxes.sets, amounts).measure, goal.threshold)

    def lowered(levels: IntArray, least: IntArray, columns: slice) -> IntArray:
        """Raise the least levels of some columns together as little as the target needs."""
        nonlocal n_evaluated
        low = np.zeros(levels.shape[0], dtype=np.int64)
        high: IntArray = np.max(levels[:, columns] - least[:, columns], axis=1, initial=0)
        while np.any(low < high):
            middle = (low + high) // 2
            trial = levels.copy()
            trial[:, columns] = np.minimum(levels[:, columns], least[:, columns] + middle[:, None])
            is_enough = reaches(trial)
            n_evaluated += trial.shape[0]
            is_open = low < high
            high = np.where(is_open & is_enough, middle, high)
            low = np.where(is_open & ~is_enough, middle + 1, low)
        result = levels.copy()
        result[:, columns] = np.minimum(levels[:, columns], least[:, columns] + low[:, None])
        return result

    levels = lowered(boxes.high, boxes.low, slice(None))
    for column in reversed(range(boxes.sets.shape[1])):
        levels = lowered(levels, boxes.low, slice(column, column + 1))
    amounts: FloatArray = amounts_of(grid, boxes.sets, levels)
    plans = score(goal, boxes.sets, amounts)
    kept = is_reached(plans.measure, goal.threshold) & covers(grid, boxes.sets, amounts)
    return type(plans)(plans.time_index[kept], plans.amounts[kept], plans.measure[kept]), n_evaluated + len(plans)

"""Boxes of regimens: each time's amount between two levels, the lowest of which is no infusion at all.

A box holds regimens with different sets of infusion times, so that very many sets are left aside at once.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from dosing_app.decision.amount_boxes import level_at_least
from dosing_app.decision.ranking import Plans
from dosing_app.decision.reference_plan import TOLERANCE
from dosing_app.decision.regimen_sets import amounts_of, covers, required_until_next, with_zero_first

if TYPE_CHECKING:
    from dosing_app.decision.candidates import CandidateGrid
    from dosing_app.decision.goal import Envelope, Goal
    from pkpd.arrays import BoolArray, FloatArray, IntArray


@dataclass(frozen=True, slots=True)
class RegimenSpace:
    """The regimens of a grid as rows of levels, one column for each usable time, level 0 being no infusion.

    Parameters
    ----------
    grid : CandidateGrid
        With the amount 0 before the amounts of each usable time.
    times : (n,) array
        Indices of the usable times, ascending.
    is_conflict : (n, n) array
        1 where two of these times may not both hold an infusion, else 0.
    n_from : (n,) array
        Most infusions from each time on, if there is one at that time.
    order : (n,) array
        The columns from the best time to the worst.
    n_min : int
        Fewest infusions.
    stand_in : (n,) array
        In that order, an infusion of the measure that is as good as any from there on; empty where none is known.
    """

    grid: CandidateGrid
    times: IntArray
    is_conflict: FloatArray
    n_from: IntArray
    order: IntArray
    n_min: int
    stand_in: IntArray


@dataclass(frozen=True, slots=True)
class Boxes:
    """Boxes of regimens: lowest and highest level of each time, both (n_boxes, n_times)."""

    low: IntArray
    high: IntArray

    def __len__(self) -> int:
        """Return the number of boxes."""
        return self.low.shape[0]

    def rows(self, which: BoolArray | IntArray | slice) -> Boxes:
        """Return some of the boxes."""
        return Boxes(self.low[which], self.high[which])


def regimen_space(grid: CandidateGrid, envelope: Envelope | None, *, n_min: int = 0) -> RegimenSpace:
    """Return the space of a grid's regimens that hold at least ``n_min`` infusions."""
    times = np.flatnonzero(grid.n_levels > 0)
    may_follow = grid.may_precede[np.ix_(times, times)]
    is_conflict = ~(may_follow | may_follow.T)
    np.fill_diagonal(is_conflict, val=False)
    none = np.zeros((grid.times.size, 1))
    is_usable = np.isin(envelope.times, times) if envelope else np.zeros(0, dtype=np.bool_)
    return RegimenSpace(
        grid=replace(grid, levels=np.hstack((none, grid.levels)), n_levels=grid.n_levels + (grid.n_levels > 0)),
        times=times,
        is_conflict=is_conflict.astype(np.float64),
        n_from=grid.n_from[times],
        order=np.searchsorted(times, envelope.times[is_usable]) if envelope else np.arange(times.size),
        n_min=n_min,
        stand_in=envelope.index[is_usable] if envelope else np.zeros(0, dtype=np.int64),
    )


def whole_space(space: RegimenSpace) -> Boxes:
    """Return the one box that holds every regimen."""
    return Boxes(np.zeros((1, space.times.size), dtype=np.int64), top_levels(space)[None, :])


def top_levels(space: RegimenSpace) -> IntArray:
    """Return the level of the largest amount at each time."""
    return space.grid.n_levels[space.times] - 1


def amounts_at(space: RegimenSpace, levels: IntArray) -> FloatArray:
    """Return the amounts [mg] of rows of levels."""
    return amounts_of(space.grid, _sets(space, levels), levels)


def scored(space: RegimenSpace, levels: IntArray, goal: Goal) -> Plans:
    """Return rows of levels as regimens with their measure."""
    index = np.where(levels > 0, space.times, -1)
    times, amounts = _packed(index, amounts_at(space, levels))
    return Plans(times, amounts, goal.measure(times, amounts))


def levels_of(space: RegimenSpace, plans: Plans) -> IntArray:
    """Return regimens as rows of levels."""
    rows, columns = np.nonzero(plans.time_index >= 0)
    place = np.searchsorted(space.times, plans.time_index[rows, columns])
    amounts = np.full((len(plans), space.times.size), -np.inf)
    amounts[rows, place] = plans.amounts[rows, columns]
    return level_at_least(space.grid, _sets(space, amounts), amounts)


def is_within(space: RegimenSpace, levels: IntArray) -> BoolArray:
    """Return whether rows of levels keep gaps and numbers of infusions and reach the reference plan."""
    is_enough = (levels > 0).sum(axis=1) >= space.n_min
    keeps_up = covers(space.grid, _sets(space, levels), amounts_at(space, levels))
    return is_enough & keeps_up & _keeps_times(space, levels > 0)


def completed(space: RegimenSpace, boxes: Boxes) -> IntArray:
    """Return one row of levels of each box: as many infusions as the limits allow, the best times first, largest amounts."""
    is_given = boxes.low > 0
    for column in space.order:
        trial = is_given.copy()
        trial[:, column] |= boxes.high[:, column] > 0
        is_given[:, column] = trial[:, column] & _keeps_times(space, trial)
    return np.where(is_given, boxes.high, 0)


def narrowed(space: RegimenSpace, boxes: Boxes, room: FloatArray) -> tuple[IntArray, Boxes, FloatArray]:
    """Return boxes without levels that no regimen within the limits has, and without boxes that hold no such regimen.

    Parameters
    ----------
    space : RegimenSpace
        Where they lie.
    boxes : Boxes
        Boxes.
    room : (n_boxes,) array
        How much more than its least amounts a regimen may give [mg].

    Returns
    -------
    tuple
        Which boxes are left, they, and their room.
    """
    kept = np.flatnonzero(room >= 0.0)
    boxes, room = boxes.rows(kept), room[kept]
    least = amounts_at(space, boxes.low)
    above = level_at_least(space.grid, _sets(space, least), least + room[:, None] + 2.0 * TOLERANCE)
    total = least.sum(axis=1) + room
    boxes = Boxes(boxes.low, np.minimum(np.minimum(boxes.high, above - 1), _still_possible(space, boxes)))
    largest = amounts_at(space, boxes.high)
    is_left = covers(space.grid, _sets(space, largest), largest) & np.all(boxes.low <= boxes.high, axis=1)
    kept, boxes, largest, total = kept[is_left], boxes.rows(is_left), largest[is_left], total[is_left]
    boxes = Boxes(np.maximum(boxes.low, _least_needed(space, largest)), boxes.high)
    room = total - amounts_at(space, boxes.low).sum(axis=1)
    is_left = (room >= 0.0) & np.all(boxes.low <= boxes.high, axis=1) & _keeps_times(space, boxes.low > 0)
    return kept[is_left], boxes.rows(is_left), room[is_left]


def bound_by_drug(space: RegimenSpace, boxes: Boxes, room: FloatArray, goal: Goal) -> FloatArray:
    """Return what no regimen of a box exceeds that gives at most ``room`` more than its least amounts [mg].

    What may be added counts as given at the best times that are open, as far as each can hold it, and at every point of
    the posterior as an infusion as good as any of the times from there on: at each point the drug that counts at more
    than any value is then no less than in any regimen of the box. -inf where there is no room.
    """
    if space.stand_in.size == 0:
        return np.where(room >= 0.0, np.inf, -np.inf)
    least, largest = amounts_at(space, boxes.low), amounts_at(space, boxes.high)
    is_given = boxes.low > 0
    is_open = ~is_given & (boxes.high > 0)
    largest_new = np.max(largest, axis=1, initial=0.0, where=is_open)
    n_left = space.grid.n_max - is_given.sum(axis=1)
    is_counted = is_open[:, space.order]
    is_counted &= np.cumsum(is_counted, axis=1) <= n_left[:, None]
    most = np.where(is_given, largest - least, 0.0)[:, space.order]
    most = np.where(is_counted, largest_new[:, None], most)
    given = np.minimum(np.cumsum(most, axis=1), np.maximum(room, 0.0)[:, None])
    added = np.diff(given, axis=1, prepend=0.0)
    index = np.concatenate((np.where(is_given, space.times, -1), np.where(added > 0.0, space.stand_in, -1)), axis=1)
    measure = goal.measure(*_packed(index, np.concatenate((least, added), axis=1)))
    return np.where(room >= 0.0, measure, -np.inf)


def _least_needed(space: RegimenSpace, largest: FloatArray) -> IntArray:
    """Return the least level of each time that can still reach the reference plan, the others at their largest."""
    sets = _sets(space, largest)
    earlier = np.cumsum(with_zero_first(largest), axis=1)[:, :-1]
    return level_at_least(space.grid, sets, required_until_next(space.grid, sets)[:, 1:] - earlier)


def _still_possible(space: RegimenSpace, boxes: Boxes) -> IntArray:
    """Return the highest levels, 0 where the infusions that every regimen of a box holds allow no further one."""
    is_given = boxes.low > 0
    n_later = np.cumsum(is_given[:, ::-1], axis=1)[:, ::-1]
    is_full = is_given & (n_later >= space.n_from)
    is_closed = is_given @ space.is_conflict > 0
    is_closed |= np.cumsum(is_full, axis=1) > 0
    is_closed |= n_later >= space.n_from
    is_closed |= (is_given.sum(axis=1) >= space.grid.n_max)[:, None]
    return np.where(is_closed & ~is_given, 0, boxes.high)


def _keeps_times(space: RegimenSpace, is_given: BoolArray) -> BoolArray:
    """Return whether sets of times keep gaps and numbers of infusions."""
    n_later = np.cumsum(is_given[:, ::-1], axis=1)[:, ::-1]
    is_broken = is_given & ((is_given @ space.is_conflict > 0) | (n_later > space.n_from))
    return ~is_broken.any(axis=1) & (is_given.sum(axis=1) <= space.grid.n_max)


def _sets(space: RegimenSpace, rows: IntArray | FloatArray) -> IntArray:
    return np.broadcast_to(space.times, (rows.shape[0], space.times.size))


def _packed(index: IntArray, amounts: FloatArray) -> tuple[IntArray, FloatArray]:
    """Return infusions without the columns between them that hold none: -1 and 0 stand after the last."""
    is_used = index >= 0
    width = max(1, int(is_used.sum(axis=1).max(initial=0)))
    if index.shape[1] == 0:
        return np.full((index.shape[0], 1), -1, dtype=np.int64), np.zeros((index.shape[0], 1))
    order = np.argsort(~is_used, axis=1, kind="stable")[:, :width]
    times = np.take_along_axis(index, order, axis=1)
    return times, np.where(times >= 0, np.take_along_axis(amounts, order, axis=1), 0.0)

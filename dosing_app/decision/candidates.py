"""The practical grid of regimens: which infusions may be given when, and how much, under the limits of a case.

A regimen is a set of infusion times before day 28 with an amount for each. The grid is described by small arrays, so
that all regimens are enumerated, counted and checked without a loop over regimens.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from dosing_app.decision.reference_plan import (
    HEART_FAILURE_MG_PER_KG,
    LABEL_DURATION_HOUR,
    LAST_WINDOW_DAY,
    TOLERANCE,
    first_whole_day,
    is_allowed_day,
)

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from dosing_app.decision.case_schema import PatientCase
    from dosing_app.decision.reference_plan import ReferencePlan
    from pkpd.arrays import BoolArray, FloatArray, IntArray

# A case holds no larger infusion, and a regimen that is found must be usable as a plan.
LARGEST_AMOUNT_MG = 5000.0
WINDOW_DAY = 28.0
_CHUNK_SETS = 16_384


@dataclass(frozen=True, slots=True)
class GridLimits:
    """The limits of a search as plain numbers, so that one of them can be relaxed.

    Parameters
    ----------
    largest_mg : float
        No new amount is above it [mg].
    step_mg : float
        Amounts are its multiples [mg].
    gap_day : float
        Shortest time between the starts of two infusions [day].
    doses_max : int
        Most infusions in any 28 days.
    capped_mg : float or None
        What heart failure caps every dose at [mg]; None without heart failure.
    is_any_day : bool
        Whether ``first_day``, ``days_allowed`` and ``weekdays_allowed`` are lifted.
    """

    largest_mg: float
    step_mg: float
    gap_day: float
    doses_max: int
    capped_mg: float | None
    is_any_day: bool = False


@dataclass(frozen=True, slots=True)
class CandidateGrid:
    """All regimens within the limits.

    Parameters
    ----------
    times : (n_times,) array
        Possible infusion times [day], ascending.
    durations_hour : (n_times,) array
        Duration of an infusion at each time [h].
    levels : (n_times, n_levels_max) array
        Possible amounts at each time [mg], ascending; infinite beyond ``n_levels``.
    n_levels : (n_times,) array
        How many amounts each time has; 0 where the limits forbid it.
    may_precede : (n_times, n_times) array
        Whether two times are far enough apart to follow each other.
    n_from : (n_times,) array
        Most infusions from each time on, itself included, if there is one at that time.
    n_max : int
        Most infusions in all.
    required_before : (n_times,) array
        What the reference plan has given before each time [mg].
    required_mg : float
        What the reference plan gives before day 28 [mg].
    """

    times: FloatArray
    durations_hour: FloatArray
    levels: FloatArray
    n_levels: IntArray
    may_precede: BoolArray
    n_from: IntArray
    n_max: int
    required_before: FloatArray
    required_mg: float


def grid_limits(case: PatientCase, weight_kg: float) -> GridLimits:
    """Return the limits of a case for a body weight [kg]."""
    limits = case.limits
    capped = HEART_FAILURE_MG_PER_KG * weight_kg if case.heart_failure else None
    return GridLimits(
        largest_mg=min(limits.mg_per_kg_max * weight_kg, LARGEST_AMOUNT_MG, math.inf if capped is None else capped),
        step_mg=limits.dose_step_mg,
        gap_day=limits.gap_day_min,
        doses_max=limits.doses_max_28_day,
        capped_mg=capped,
    )


def candidate_grid(case: PatientCase, reference: ReferencePlan, limits: GridLimits) -> CandidateGrid:
    """Return the regimens that intensify a reference plan within the limits.

    Parameters
    ----------
    case : PatientCase
        A checked case.
    reference : ReferencePlan
        What must be reached at every time, unless ``limits.reference`` is "none".
    limits : GridLimits
        Those of the case, or with one of them relaxed.

    Returns
    -------
    CandidateGrid
        With the same times, in the same order, whatever the limits.
    """
    own = {dose.time_day: dose for dose in reference.early}
    times = np.array(sorted({*own, *map(float, range(first_whole_day(case), int(LAST_WINDOW_DAY)))}), dtype=np.float64)
    is_own = np.array([time in own for time in times.tolist()], dtype=np.bool_)
    given = np.array([dose.time_day for dose in case.doses])
    kept = np.array([dose.time_day for dose in reference.kept], dtype=np.float64)
    is_usable = is_own.copy()
    for index, time in enumerate(times.tolist()):
        if not is_own[index]:
            others = np.concatenate((given, kept))
            keeps_gap = bool(np.all(np.abs(others - time) >= limits.gap_day - TOLERANCE))
            is_usable[index] = keeps_gap and (limits.is_any_day or is_allowed_day(case, time))
    amounts = [_amounts(limits, own[time].amount_mg if time in own else None) for time in times.tolist()]
    n_levels = np.array([len(row) for row in amounts], dtype=np.int64) * is_usable
    levels = np.full((times.size, max((len(row) for row in amounts), default=0) or 1), np.inf)
    for row, values in zip(levels, amounts, strict=True):
        row[: len(values)] = values
    durations = [own[time].duration_hour if time in own else LABEL_DURATION_HOUR for time in times.tolist()]
    n_from, n_max = _counts_allowed(times, given, kept, np.array(sorted(own)), limits.doses_max)
    needed = _needed(case, reference, limits)
    # In the reference itself a gap may be too short; keeping such a pair breaks the limit no further.
    far_enough = times[None, :] - times[:, None] >= limits.gap_day - TOLERANCE
    follows = np.arange(times.size)[None, :] > np.arange(times.size)[:, None]
    return CandidateGrid(
        times=times,
        durations_hour=np.array(durations, dtype=np.float64),
        levels=levels,
        n_levels=n_levels,
        may_precede=follows & (far_enough | (is_own[:, None] & is_own[None, :])),
        n_from=n_from,
        n_max=n_max,
        required_before=np.array([sum(mg for at, mg in needed if at < time) for time in times.tolist()], dtype=float),
        required_mg=float(sum(mg for _, mg in needed)),
    )


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
        covering = sets[covers(grid, sets, _amount_at(grid, sets, grid.n_levels[sets] - 1))]
        if covering.shape[0]:
            yield covering
        longer = _with_one_before(grid, sets)
        waiting.extend(longer[start : start + _CHUNK_SETS] for start in range(0, longer.shape[0], _CHUNK_SETS))


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
    return np.all(
        np.cumsum(_with_zero_first(amounts), axis=1) >= _required_until_next(grid, sets) - TOLERANCE, axis=1
    )


def least_levels(grid: CandidateGrid, sets: IntArray) -> IntArray:
    """Return the least level of each infusion that can still reach the reference plan, the others at their largest."""
    largest = _with_zero_first(_amount_at(grid, sets, grid.n_levels[sets] - 1))
    others = np.cumsum(largest, axis=1)[:, :-1]
    # An infusion must make up for what all earlier ones at their largest leave open before the next one.
    return level_at_least(grid, sets, _required_until_next(grid, sets)[:, 1:] - others)


def level_at_least(grid: CandidateGrid, sets: IntArray, amounts: FloatArray) -> IntArray:
    """Return the lowest level whose amount is at least the one given (the number of levels where none is)."""
    low, high = np.zeros_like(sets), grid.n_levels[sets]
    while np.any(low < high):
        middle = (low + high) // 2
        is_enough = _amount_at(grid, sets, middle) >= amounts - TOLERANCE
        is_open = low < high
        high = np.where(is_open & is_enough, middle, high)
        low = np.where(is_open & ~is_enough, middle + 1, low)
    return low


def amounts_of(grid: CandidateGrid, sets: IntArray, levels: IntArray) -> FloatArray:
    """Return the amounts [mg] of levels, both (n, n_infusions)."""
    return _amount_at(grid, sets, levels)


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
    ends = np.cumsum(np.prod(widths, axis=1))
    total = int(ends[-1]) if ends.size else 0
    for start in range(0, total, chunk):
        flat = np.arange(start, min(start + chunk, total))
        box = np.searchsorted(ends, flat, side="right")
        rest = flat - (ends[box] - np.prod(widths[box], axis=1))
        levels = np.empty((flat.size, low.shape[1]), dtype=np.int64)
        for column in range(low.shape[1]):
            rest, digit = np.divmod(rest, widths[box, column])
            levels[:, column] = low[box, column] + digit
        yield box, levels


def largest_multiple(limit_mg: float, step_mg: float) -> float:
    """Return the largest multiple of a dose step within a limit [mg]; 0 where one step is too much."""
    return math.floor(limit_mg / step_mg + TOLERANCE) * step_mg


def _amounts(limits: GridLimits, unchanged_mg: float | None) -> Sequence[float]:
    """Return the amounts of one time: multiples of the step, and the reference dose as it is."""
    n_steps = math.floor(limits.largest_mg / limits.step_mg + TOLERANCE)
    multiples = {limits.step_mg * number for number in range(1, n_steps + 1)}
    if unchanged_mg is not None and (limits.capped_mg is None or unchanged_mg <= limits.capped_mg + TOLERANCE):
        near = next((value for value in multiples if abs(value - unchanged_mg) < TOLERANCE), None)
        multiples = (multiples - {near}) | {unchanged_mg}
    return sorted(value for value in multiples if value is not None)


def _needed(case: PatientCase, reference: ReferencePlan, limits: GridLimits) -> list[tuple[float, float]]:
    """Return what candidates must reach: time [day] and amount [mg] of each reference dose before day 28."""
    if case.limits.reference == "none":
        return []
    if limits.capped_mg is None:
        return [(dose.time_day, dose.amount_mg) for dose in reference.early]
    # In whole steps: 5 mg/kg of 63 kg are 315 mg, which no practical dose of 300 mg would reach.
    practical = largest_multiple(limits.capped_mg, limits.step_mg) or limits.capped_mg
    return [
        (dose.time_day, dose.amount_mg if dose.amount_mg <= limits.capped_mg + TOLERANCE else practical)
        for dose in reference.early
    ]


def _counts_allowed(
    times: FloatArray, given: FloatArray, kept: FloatArray, own: FloatArray, doses_max: int
) -> tuple[IntArray, int]:
    """Return the most infusions from each time on, and in all.

    Every possible time lies between now and day 28, so a window that starts at a given dose holds all of them, and one
    that starts at a possible time holds all later ones.
    """
    plan = np.concatenate((given, own, kept))

    def count_in(starts: FloatArray, infusions: FloatArray) -> IntArray:
        ahead = infusions[None, :] - starts[:, None]
        return np.sum((ahead >= -TOLERANCE) & (ahead < WINDOW_DAY - TOLERANCE), axis=1)

    allowed_from = np.maximum(doses_max, count_in(times, plan)) - count_in(times, kept)
    fixed = np.concatenate((given, kept))
    allowed = np.maximum(doses_max, count_in(given, plan)) - count_in(given, fixed)
    return allowed_from.astype(np.int64), int(allowed.min())


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


def _required_until_next(grid: CandidateGrid, sets: IntArray) -> FloatArray:
    """Return what must be given by each infusion and before the next: (n, 1 + n_infusions), the first before any."""
    until = np.full((sets.shape[0], sets.shape[1] + 1), grid.required_mg)
    until[:, :-1] = grid.required_before[sets]
    return until


def _with_zero_first(amounts: FloatArray) -> FloatArray:
    return np.concatenate((np.zeros((amounts.shape[0], 1)), amounts), axis=1)


def _amount_at(grid: CandidateGrid, sets: IntArray, levels: IntArray) -> FloatArray:
    return grid.levels[sets, np.minimum(levels, grid.levels.shape[1] - 1)]

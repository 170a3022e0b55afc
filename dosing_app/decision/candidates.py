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
    from collections.abc import Sequence

    from dosing_app.decision.case_schema import PatientCase
    from dosing_app.decision.reference_plan import ReferencePlan
    from pkpd.arrays import BoolArray, FloatArray, IntArray

# A case holds no larger infusion, and a regimen that is found must be usable as a plan.
LARGEST_AMOUNT_MG = 5000.0


WINDOW_DAY = 28.0


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
    extra_day : float or None
        A day that may be used although ``first_day``, ``days_allowed`` or ``weekdays_allowed`` leave it out.
    """

    largest_mg: float
    step_mg: float
    gap_day: float
    doses_max: int
    capped_mg: float | None
    extra_day: float | None = None


@dataclass(frozen=True, slots=True)
class CandidateGrid:
    """All regimens within the limits.

    Parameters
    ----------
    times : (n_times,) array
        Possible infusion times [day], ascending.
    durations_hour : (n_times,) array
        Duration of an infusion at each time [h].
    is_usable : (n_times,) array
        Whether days, given and kept doses leave room for an infusion at each time.
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
    step_mg : float
        New amounts are its multiples [mg].
    required_before : (n_times,) array
        What the reference plan has given before each time [mg].
    required_mg : float
        What the reference plan gives before day 28 [mg].
    """

    times: FloatArray
    durations_hour: FloatArray
    is_usable: BoolArray
    levels: FloatArray
    n_levels: IntArray
    may_precede: BoolArray
    n_from: IntArray
    n_max: int
    step_mg: float
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
            is_usable[index] = keeps_gap and (time == limits.extra_day or is_allowed_day(case, time))
    amounts = [_amounts(limits, own[time].amount_mg if time in own else None) for time in times.tolist()]
    n_levels = np.array([len(row) for row in amounts], dtype=np.int64) * is_usable
    levels = np.full((times.size, max((len(row) for row in amounts), default=0) or 1), np.inf)
    for row, values in zip(levels, amounts, strict=True):
        row[: len(values)] = values
    durations = [own[time].duration_hour if time in own else LABEL_DURATION_HOUR for time in times.tolist()]
    n_from, n_max = _counts_allowed(times, given, kept, np.array(sorted(own)), limits.doses_max)
    needed = needed_doses(case, reference, limits)
    # In the reference itself a gap may be too short; keeping such a pair breaks the limit no further.
    far_enough = times[None, :] - times[:, None] >= limits.gap_day - TOLERANCE
    follows = np.arange(times.size)[None, :] > np.arange(times.size)[:, None]
    return CandidateGrid(
        times=times,
        durations_hour=np.array(durations, dtype=np.float64),
        is_usable=is_usable,
        levels=levels,
        n_levels=n_levels,
        may_precede=follows & (far_enough | (is_own[:, None] & is_own[None, :])),
        n_from=n_from,
        n_max=n_max,
        step_mg=limits.step_mg,
        required_before=np.array([sum(mg for at, mg in needed if at < time) for time in times.tolist()], dtype=float),
        required_mg=float(sum(mg for _, mg in needed)),
    )


def needed_doses(case: PatientCase, reference: ReferencePlan, limits: GridLimits) -> list[tuple[float, float]]:
    """Return what candidates must reach: time [day] and amount [mg] of each reference dose before day 28.

    Under heart failure each counts as what a candidate may give of it.
    """
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


def largest_multiple(limit_mg: float, step_mg: float) -> float:
    """Return the largest multiple of a dose step within a limit [mg]; 0 where one step is too much."""
    return math.floor(limit_mg / step_mg + TOLERANCE) * step_mg


def _amounts(limits: GridLimits, unchanged_mg: float | None) -> Sequence[float]:
    """Return the amounts of one time: multiples of the step, and the reference dose as it is."""
    n_steps = math.floor(limits.largest_mg / limits.step_mg + TOLERANCE)
    multiples = {limits.step_mg * number for number in range(1, n_steps + 1)}
    if unchanged_mg is not None and (limits.capped_mg is None or unchanged_mg <= limits.capped_mg + TOLERANCE):
        multiples = {value for value in multiples if abs(value - unchanged_mg) >= TOLERANCE} | {unchanged_mg}
    return sorted(multiples)


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

"""ROC areas that depend on time, of a marker that is known at the start.

Cumulative/dynamic: subjects with the event by day t against those free of it, weighted for censoring (Uno H, et al. J Am Stat Assoc
2007;102:527-537, doi:10.1198/016214507000000149; Hung H, Chiang CT. Can J Stat 2010;38:8-26, doi:10.1002/cjs.10046).
Incident/dynamic: subjects with the event on day t against those who stay at risk, averaged over neighbouring events (Heagerty PJ, Zheng Y.
Biometrics 2005;61:92-105, doi:10.1111/j.0006-341X.2005.030814.x; Saha-Chaudhuri P, Heagerty PJ. Biostatistics 2013;14:42-59,
doi:10.1093/biostatistics/kxs021).
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING

import numpy as np

from pkpd.diagnostics.prediction_errors import measured
from tte.evaluation.concordance import risk_set_ranks
from tte.evaluation.drawn_subjects import drawn_subjects
from tte.evaluation.event_times import Known, check_start
from tte.evaluation.kaplan_meier import censoring_survival, stepped

if TYPE_CHECKING:
    from collections.abc import Callable

    from pkpd.arrays import FloatArray, IntArray
    from tte.evaluation.event_times import EventTimes
    from tte.evaluation.roc import Direction


class AreaStatus(Enum):
    """Whether there is an area on a day; the value is the sentence the user reads."""

    FOUND = "Subjects with and without the event were compared."
    NO_CASE = "Nobody has had the event yet."
    NO_CONTROL = "Nobody is known to be free of the event so long."


@dataclass(frozen=True, slots=True)
class TimeDependentAuc:
    """Areas on some days.

    Parameters
    ----------
    days : (k,) array
        Days.
    auc, low, high : (k,) arrays
        Areas with percentiles over drawn subjects; NaN where the status says that there is none, or nobody was drawn.
    n_cases, n_controls, n_unknown : (k,) arrays
        Subjects with the event by then, free of it, and censored before.
    status : tuple of AreaStatus
        For each day.
    """

    days: FloatArray
    auc: FloatArray
    low: FloatArray
    high: FloatArray
    n_cases: IntArray
    n_controls: IntArray
    n_unknown: IntArray
    status: tuple[AreaStatus, ...]


def cumulative_dynamic_auc(
    times: EventTimes,
    marker: FloatArray,
    direction: Direction,
    days: FloatArray,
    *,
    n_draws: int = 0,
    seed: int = 1,
    tell: Callable[[float], object] = lambda _: None,
) -> TimeDependentAuc:
    """Return the areas of subjects with the event by each day against those free of it.

    To leave out events before a landmark, hand over ``times.from_landmark``; censoring is then estimated from the landmark on.

    Parameters
    ----------
    times : EventTimes
        Of n subjects, who are all under observation from one day on.
    marker : (n,) array
        Finite, known at the start.
    direction : "lower" or "higher"
        Which values mean the event.
    days : (k,) array
        Days.
    n_draws, seed : int
        How often subjects are drawn for the intervals, and from what.
    tell : callable
        Told the share of the draws that is done.

    Raises
    ------
    InputError
        Where observation does not begin on one day for all.
    """
    check_start(times)
    risk = -marker if direction == "lower" else marker
    order = _in_order(times)
    code, own = np.unique(risk[order], return_inverse=True)[1].astype(np.int64), times.rows(order)
    auc = _areas(own, code, days, None)
    draws = [_areas(own, code, days, counts) for counts in drawn_subjects(times.n, n_draws, seed, tell)]
    drawn = np.array(draws).reshape(n_draws, days.size)
    ends = [measured(float(a), column[np.isfinite(column)]) for a, column in zip(auc, drawn.T, strict=True)]
    known = np.array([times.known_at(float(day)) for day in days]).reshape(days.size, times.n)
    n_cases, n_controls, n_unknown = (
        (known == int(kind)).sum(axis=1).astype(np.int64) for kind in (Known.EVENT, Known.FREE, Known.UNKNOWN)
    )
    status = tuple(
        AreaStatus.NO_CASE if a == 0 else AreaStatus.NO_CONTROL if b == 0 else AreaStatus.FOUND
        for a, b in zip(n_cases.tolist(), n_controls.tolist(), strict=True)
    )
    low, high = (np.array([getattr(one, side) for one in ends], dtype=np.float64) for side in ("low", "high"))
    return TimeDependentAuc(days, auc, low, high, n_cases, n_controls, n_unknown, status)


def incident_dynamic_auc(
    times: EventTimes, marker: FloatArray, direction: Direction, days: FloatArray, *, bandwidth_day: float
) -> FloatArray:
    """Return the areas of subjects with the event on each day against those who stay at risk; delayed entry may be.

    Parameters
    ----------
    times, marker, direction, days
        As ``cumulative_dynamic_auc``.
    bandwidth_day : float
        Events so near count, with the weights 1 − (distance/bandwidth)².

    Returns
    -------
    (k,) array
        NaN where no event is near enough that leaves somebody at risk.
    """
    ranked = risk_set_ranks(times, -marker if direction == "lower" else marker)
    used = times.event & (ranked[:, 2] > 0.0)
    place = (ranked[used, 0] + 0.5 * ranked[used, 1]) / ranked[used, 2]
    near = np.maximum(1.0 - ((days[:, None] - times.time_day[used]) / bandwidth_day) ** 2, 0.0)
    total = near.sum(axis=1)
    return np.divide(near @ place, total, out=np.full(days.size, np.nan), where=total > 0.0)


def _areas(times: EventTimes, code: IntArray, days: FloatArray, counts: FloatArray | None) -> FloatArray:
    """Return the areas of subjects in ``_in_order`` who count several times, by the number of their marker's value."""
    w = np.ones(times.n) if counts is None else counts
    curve = censoring_survival(times, w)
    # Weights of cases do not depend on the day, and those of controls are the same for all.
    rows = np.flatnonzero(times.event)
    uncensored = stepped(*curve, times.time_day[rows], is_before=True)
    of_case = np.divide(w[rows], uncensored, out=np.zeros(rows.size), where=w[rows] > 0.0)
    found, n_values = np.full(days.size, np.nan), int(code.max()) + 1
    n_cases = np.searchsorted(times.time_day[rows], days, side="right")
    # On the day itself events come first, and those who are censored on it are free.
    n_before = np.searchsorted(times.time_day, days, side="left")
    first_free = n_before + n_cases - np.searchsorted(times.time_day[rows], days, side="left")
    for k, (upto, first) in enumerate(zip(n_cases.tolist(), first_free.tolist(), strict=True)):
        cases = np.bincount(code[rows[:upto]], weights=of_case[:upto], minlength=n_values)
        controls = np.bincount(code[first:], weights=w[first:], minlength=n_values)
        pairs = cases.sum() * controls.sum()
        if pairs > 0.0:
            found[k] = (cases @ (np.cumsum(controls) - 0.5 * controls)) / pairs
    return found


def _in_order(times: EventTimes) -> IntArray:
    """Return subjects by their last day, those with the event first: what is sorted already is sorted fast in every draw."""
    return np.lexsort((~times.event, times.time_day)).astype(np.int64)

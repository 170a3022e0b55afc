"""Net benefit of acting on a predicted risk, over the risks from which on one would act.

Vickers AJ, Elkin EB. Med Decis Making 2006;26:565-574, doi:10.1177/0272989X06295361; for times to an event Vickers AJ, et al. BMC Med
Inform Decis Mak 2008;8:53, doi:10.1186/1472-6947-8-53: events among those above a threshold are counted by their Kaplan–Meier risk.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from pkpd.errors import input_error
from tte.evaluation.drawn_subjects import drawn_subjects
from tte.evaluation.event_times import check_horizon
from tte.evaluation.kaplan_meier import risk_table

if TYPE_CHECKING:
    from collections.abc import Callable

    from pkpd.arrays import BoolArray, FloatArray, IntArray
    from tte.evaluation.event_times import EventTimes


@dataclass(frozen=True, slots=True)
class DecisionCurve:
    """Net benefit per subject: share treated who would have the event, minus share treated who would not times p/(1 − p).

    Parameters
    ----------
    threshold : (k,) array
        Risks p from which on one would act.
    model, model_low, model_high : (k,) arrays
        Of acting on the predicted risk, with percentiles over drawn subjects; NaN where nobody was drawn.
    everybody, everybody_low, everybody_high : (k,) arrays
        Of acting on all. Acting on nobody has a net benefit of 0.
    difference_low, difference_high : (k,) arrays
        Percentiles of the model's minus the better one of both, over the same draws.
    n_above : (k,) array
        Subjects whose predicted risk is at or above the threshold.
    """

    threshold: FloatArray
    model: FloatArray
    model_low: FloatArray
    model_high: FloatArray
    everybody: FloatArray
    everybody_low: FloatArray
    everybody_high: FloatArray
    difference_low: FloatArray
    difference_high: FloatArray
    n_above: IntArray


def decision_curve(
    times: EventTimes,
    risk: FloatArray,
    threshold: FloatArray,
    *,
    horizon_day: float,
    n_draws: int = 0,
    seed: int = 1,
    tell: Callable[[float], object] = lambda _: None,
) -> DecisionCurve:
    """Return the net benefit of acting on those whose predicted risk is at a threshold or above.

    Parameters
    ----------
    times : EventTimes
        Of n subjects.
    risk : (n,) array
        Predicted probability of the event by the horizon.
    threshold : (k,) array
        Above 0 and below 1.
    horizon_day : float
        Horizon.
    n_draws, seed : int
        How often subjects are drawn for the intervals, and from what.
    tell : callable
        Told the share of the draws that is done.

    Raises
    ------
    InputError
        For a threshold of 0 or 1 or beyond, and where nobody is observed until the horizon.
    """
    wrong = threshold[~((threshold > 0.0) & (threshold < 1.0))]
    if wrong.size:
        raise input_error("threshold", f"is {wrong[0]:g}; expected a risk above 0 and below 1")
    check_horizon(times, horizon_day)
    own = _net_benefit(times, risk, threshold, horizon_day, np.ones(times.n))
    drawn = np.array(
        [
            _net_benefit(times, risk, threshold, horizon_day, counts)
            for counts in drawn_subjects(times.n, n_draws, seed, tell)
        ]
    ).reshape(n_draws, 2, threshold.size)
    better = drawn[:, 0] - np.maximum(drawn[:, 1], 0.0)
    ends = [_percentiles(part) for part in (drawn[:, 0], drawn[:, 1], better)]
    n_above = (risk[:, None] >= threshold).sum(axis=0).astype(np.int64)
    return DecisionCurve(threshold, own[0], *ends[0], own[1], *ends[1], *ends[2], n_above)


def _net_benefit(
    times: EventTimes, risk: FloatArray, threshold: FloatArray, horizon_day: float, counts: FloatArray
) -> FloatArray:
    """Return rows of net benefit: by the predicted risk, and of acting on all."""
    odds = threshold / (1.0 - threshold)
    total = float(counts.sum())
    chosen = [_shares(times, np.where(risk >= p, counts, 0.0), horizon_day, total) for p in threshold.tolist()]
    everybody = _shares(times, counts, horizon_day, total)
    rows = np.array([chosen, [everybody] * threshold.size]).reshape(2, threshold.size, 2)
    return rows[:, :, 0] - rows[:, :, 1] * odds


def _shares(times: EventTimes, counts: FloatArray, horizon_day: float, total: float) -> tuple[float, float]:
    """Return the shares, of all, who are chosen and have the event by the horizon, and who are chosen and have not."""
    chosen = counts > 0.0
    share = float(counts.sum()) / total
    if share == 0.0:
        return 0.0, 0.0
    days, at_risk, events = risk_table(times.rows(chosen), counts[chosen])
    upto: BoolArray = days <= horizon_day
    survival = float(np.multiply.reduce(1.0 - events[upto] / at_risk[upto]))
    return share * (1.0 - survival), share * survival


def _percentiles(drawn: FloatArray) -> tuple[FloatArray, FloatArray]:
    if drawn.shape[0] < 2:
        none = np.full(int(drawn.shape[1]), np.nan)
        return none, none
    low, high = (np.asarray(np.quantile(drawn, share, axis=0), dtype=np.float64) for share in (0.025, 0.975))
    return low, high

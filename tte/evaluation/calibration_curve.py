"""Smooth calibration curve: the risk that was seen among subjects of each predicted risk, without groups.

The hazard is regressed (Cox) on restricted cubic splines of ln(−ln(1 − risk)), the predicted logarithm of the cumulative hazard; see
Austin PC, Harrell FE, van Klaveren D. Stat Med 2020;39:2714-2742, doi:10.1002/sim.8570, which also defines ICI, E50 and E90.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING

import numpy as np

from pkpd.diagnostics.prediction_errors import Measured, measured
from tte.evaluation.cox import cox_cumulative_hazard
from tte.evaluation.drawn_subjects import drawn_subjects
from tte.evaluation.event_times import check_horizon

if TYPE_CHECKING:
    from collections.abc import Callable

    from pkpd.arrays import FloatArray
    from tte.evaluation.event_times import EventTimes

_ENDS = 1e-9
_N_POINTS = 60
# Quantiles of the knots: Harrell FE. Regression Modeling Strategies, 2nd ed. 2015, table 2.3.
_KNOTS = {3: (0.10, 0.50, 0.90), 4: (0.05, 0.35, 0.65, 0.95), 5: (0.05, 0.275, 0.5, 0.725, 0.95)}


class CurveStatus(Enum):
    """Whether there is a curve; the value is the sentence the user reads."""

    FOUND = "The curve is that of a hazard regression on splines of the predicted risk."
    LINE = "The predictions have too few different values for splines: the curve is a line on the scale of ln(−ln(1 − risk))."
    CONSTANT = "All predictions are the same, so that there is no curve."
    TOO_FEW_EVENTS = "Fewer than three events: there is no curve."
    NOT_FITTED = "The regression found no finite estimate, so that there is no curve."


@dataclass(frozen=True, slots=True)
class CalibrationCurve:
    """Risk that was seen over the predicted one.

    Parameters
    ----------
    predicted : (k,) array
        From the lowest to the highest prediction; empty without a curve.
    observed, low, high : (k,) arrays
        Risk by the regression, with pointwise percentiles over drawn subjects; NaN where nobody was drawn.
    ici, e50, e90 : Measured
        Mean, median and 90 % quantile of |observed − predicted| over the subjects, with percentiles of the same of drawn subjects and
        their own curve; NaN without a curve.
    n_draws : int
        How often subjects were drawn.
    n_failed : int
        Draws whose regression found no finite estimate; the percentiles are those of the others.
    status : CurveStatus
        Whether there is a curve.
    """

    predicted: FloatArray
    observed: FloatArray
    low: FloatArray
    high: FloatArray
    ici: Measured
    e50: Measured
    e90: Measured
    n_draws: int
    n_failed: int
    status: CurveStatus


def calibration_curve(
    times: EventTimes,
    risk: FloatArray,
    *,
    horizon_day: float,
    n_knots: int = 3,
    n_draws: int = 0,
    seed: int = 1,
    tell: Callable[[float], object] = lambda _: None,
) -> CalibrationCurve:
    """Return the smooth calibration curve at a horizon; delayed entry may be.

    Parameters
    ----------
    times : EventTimes
        Of n subjects.
    risk : (n,) array
        Predicted probability of the event by the horizon.
    horizon_day : float
        Horizon.
    n_knots : int
        3, 4 or 5.
    n_draws, seed : int
        How often subjects are drawn for the band and the intervals, and from what.
    tell : callable
        Told the share of the draws that is done.

    Raises
    ------
    InputError
        Where nobody is observed until the horizon.
    """
    check_horizon(times, horizon_day)
    if np.ptp(risk) == 0.0:
        return _without(CurveStatus.CONSTANT)
    if times.n_events < 3:
        return _without(CurveStatus.TOO_FEW_EVENTS)
    knots = np.unique(np.quantile(_log_hazard(risk), _KNOTS[n_knots]))
    points: FloatArray = np.linspace(float(risk.min()), float(risk.max()), _N_POINTS)
    both = np.concatenate([points, risk])
    everybody = np.ones(times.n)
    own = _observed(times, risk, everybody, knots, (both, horizon_day))
    if own is None:
        return _without(CurveStatus.NOT_FITTED)
    drawn = [
        (counts, _observed(times, risk, counts, knots, (both, horizon_day)))
        for counts in drawn_subjects(times.n, n_draws, seed, tell)
    ]
    kept = [(counts, one) for counts, one in drawn if one is not None]
    band = (
        np.quantile([one[:_N_POINTS] for _, one in kept], (0.025, 0.975), axis=0)
        if len(kept) > 1
        else np.full((2, _N_POINTS), np.nan)
    )
    value = _distances(own[_N_POINTS:], risk, everybody)
    spread = np.array([_distances(one[_N_POINTS:], risk, counts) for counts, one in kept]).reshape(-1, value.size)
    ici, e50, e90 = (measured(float(one), column) for one, column in zip(value, spread.T, strict=True))
    return CalibrationCurve(
        predicted=points,
        observed=own[:_N_POINTS],
        low=band[0],
        high=band[1],
        ici=ici,
        e50=e50,
        e90=e90,
        n_draws=n_draws,
        n_failed=len(drawn) - len(kept),
        status=CurveStatus.FOUND if knots.size > 2 else CurveStatus.LINE,
    )


def restricted_cubic_spline(x: FloatArray, knots: FloatArray) -> FloatArray:
    """Return the columns of a restricted cubic spline: x itself, and one for each knot but two; linear beyond the knots.

    Parameters
    ----------
    x : (n,) array
        Places.
    knots : (k,) array
        Ascending; with fewer than three the spline is x alone.

    Returns
    -------
    (n, max(k − 1, 1)) array
        Scaled by the squared range of the knots.
    """
    if knots.size < 3:
        return x[:, None]
    last, before = knots[-1], knots[-2]

    def cube(knot: float) -> FloatArray:
        return np.maximum(x - knot, 0.0) ** 3

    columns = [
        (cube(knot) - cube(before) * (last - knot) / (last - before) + cube(last) * (before - knot) / (last - before))
        / (last - knots[0]) ** 2
        for knot in knots[:-2].tolist()
    ]
    return np.column_stack([x, *columns])


def _log_hazard(risk: FloatArray) -> FloatArray:
    return np.log(-np.log1p(-np.clip(risk, _ENDS, 1.0 - _ENDS)))


def _without(status: CurveStatus) -> CalibrationCurve:
    none, no_distance = np.zeros(0), Measured(np.nan, np.nan, np.nan)
    return CalibrationCurve(none, none, none, none, no_distance, no_distance, no_distance, 0, 0, status)


def _distances(observed: FloatArray, predicted: FloatArray, counts: FloatArray) -> FloatArray:
    """Return mean, median and 90 % quantile of |observed − predicted| over subjects that count so many times."""
    error = np.repeat(np.abs(observed - predicted), counts.astype(np.int64))
    return np.array([error.mean(), *np.quantile(error, (0.5, 0.9))])


def _observed(
    times: EventTimes, risk: FloatArray, counts: FloatArray, knots: FloatArray, wanted: tuple[FloatArray, float]
) -> FloatArray | None:
    """Return the risk by the horizon at some predictions, from a Cox regression; None where it finds no estimate."""
    places, horizon_day = wanted
    spline, new = (restricted_cubic_spline(_log_hazard(one), knots) for one in (risk, places))
    hazard = cox_cumulative_hazard(times, spline, counts, new, day=horizon_day)
    return None if hazard is None else -np.expm1(-hazard)

"""Brier score of predicted risks under censoring, at a horizon and integrated over horizons.

Graf E, et al. Stat Med 1999;18:2529-2545. The reference of the scaled score predicts the Kaplan–Meier risk for everybody.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from pkpd.diagnostics.prediction_errors import Measured, measured
from tte.evaluation.censoring_weights import CensoringWeights, censoring_weights
from tte.evaluation.drawn_subjects import drawn_subjects
from tte.evaluation.event_times import check_horizon
from tte.evaluation.kaplan_meier import censoring_survival

if TYPE_CHECKING:
    from collections.abc import Callable

    from pkpd.arrays import FloatArray
    from tte.evaluation.event_times import EventTimes


class Brier(NamedTuple):
    """Brier score.

    Attributes
    ----------
    score : Measured
        Mean squared difference of predicted risk and outcome, with percentiles over drawn subjects.
    reference : float
        That of the Kaplan–Meier risk for everybody.
    scaled : Measured
        1 − score/reference; NaN where the reference is zero, all outcomes being the same.
    """

    score: Measured
    reference: float
    scaled: Measured


def brier_at(
    times: EventTimes,
    risk: FloatArray,
    horizon_day: float,
    *,
    n_draws: int = 0,
    seed: int = 1,
    tell: Callable[[float], object] = lambda _: None,
) -> Brier:
    """Return the Brier score at a horizon.

    Parameters
    ----------
    times : EventTimes
        Of n subjects, who are all under observation from one day on.
    risk : (n,) array
        Predicted probability of the event by the horizon.
    horizon_day : float
        Horizon.
    n_draws, seed : int
        How often subjects are drawn for the intervals, and from what.
    tell : callable
        Told the share of the draws that is done.

    Raises
    ------
    InputError
        Where nobody is observed until the horizon, or observation does not begin on one day for all.
    """
    days = np.array([check_horizon(times, horizon_day)])
    return integrated_brier(times, risk[:, None], days, n_draws=n_draws, seed=seed, tell=tell)


def integrated_brier(
    times: EventTimes,
    risk: FloatArray,
    days: FloatArray,
    *,
    n_draws: int = 0,
    seed: int = 1,
    tell: Callable[[float], object] = lambda _: None,
) -> Brier:
    """Return the mean Brier score between the first and the last of some days, by the trapezoidal rule.

    Parameters
    ----------
    risk : (n, k) array
        Predicted probability of the event by each day.
    days : (k,) array
        Ascending.
    times, n_draws, seed, tell
        As ``brier_at``; so are the errors.
    """
    check_horizon(times, float(days[-1]))
    score, reference = _scores(times, risk, days, np.ones(times.n))
    drawn = np.array([_scores(times, risk, days, w) for w in drawn_subjects(times.n, n_draws, seed, tell)])
    drawn = drawn.reshape(n_draws, 2)[np.isfinite(drawn.reshape(n_draws, 2)).all(axis=1)]
    informed = drawn[drawn[:, 1] > 0.0]
    scaled = 1.0 - score / reference if reference > 0.0 else np.nan
    return Brier(measured(score, drawn[:, 0]), reference, measured(scaled, 1.0 - informed[:, 0] / informed[:, 1]))


def brier_value(weights: CensoringWeights, risk: FloatArray) -> float:
    """Return the Brier score of weighted subjects, NaN where they have no weight."""
    total = float(weights.case.sum() + weights.control.sum())
    if total == 0.0:
        return np.nan
    return float(weights.case @ (1.0 - risk) ** 2 + weights.control @ risk**2) / total


def _scores(times: EventTimes, risk: FloatArray, days: FloatArray, counts: FloatArray) -> tuple[float, float]:
    scores = np.empty((2, days.size))
    curve = censoring_survival(times, counts)
    for k, day in enumerate(days.tolist()):
        weights = censoring_weights(times, day, counts, curve=curve)
        total = weights.case.sum() + weights.control.sum()
        scores[0, k] = brier_value(weights, risk[:, k])
        scores[1, k] = weights.case.sum() * weights.control.sum() / total**2 if total > 0.0 else np.nan
    if days.size == 1:
        return float(scores[0, 0]), float(scores[1, 0])
    means = np.trapezoid(scores, days, axis=1) / (days[-1] - days[0])
    return float(means[0]), float(means[1])

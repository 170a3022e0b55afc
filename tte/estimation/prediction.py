"""Survival that a fit gives for its own subjects, with its uncertainty."""

from __future__ import annotations

from dataclasses import dataclass
from statistics import NormalDist
from typing import TYPE_CHECKING

import numpy as np

from tte.hazards.curves import cumulative_hazard

if TYPE_CHECKING:
    from collections.abc import Callable

    from pkpd.arrays import FloatArray
    from tte.estimation.fit import EventFit

# Subjects whose curves are averaged; more change nothing that can be seen.
_MOST_SUBJECTS = 2000
_DIFFERENCE = 1e-4


@dataclass(frozen=True, slots=True)
class SurvivalCurve:
    """Mean survival of subjects.

    Parameters
    ----------
    day : (n_days,) array
        Days [day].
    survival, lower, upper : (n_days,) arrays
        Survival and its interval; NaN ends where the fit has no covariance matrix.
    """

    day: FloatArray
    survival: FloatArray
    lower: FloatArray
    upper: FloatArray


def linear_predictors(fit: EventFit, theta: FloatArray | None = None) -> FloatArray:
    """Return the linear predictors of every row, (n_rows, n_parameters).

    Parameters
    ----------
    fit : EventFit
        The fit.
    theta : (n_coefficients,) array, optional
        Other coefficients than the estimates.
    """
    model, events = fit.model, fit.events
    values = fit.theta if theta is None else theta
    n_own = len(model.hazard.parameters)
    linear = np.tile(values[:n_own], (events.n_rows, 1))
    for effect, value, k in zip(model.effects, values[n_own:], model.parameter_index[n_own:], strict=True):
        linear[:, k] += value * (events.covariates[effect.covariate] - effect.reference)
    return linear


def survival_curve(fit: EventFit, days: FloatArray, *, level: float = 0.95) -> SurvivalCurve:
    """Return the mean survival of the subjects with their first covariates, from the first day that anybody was watched on.

    Parameters
    ----------
    fit : EventFit
        The fit.
    days : (n_days,) array
        Days [day], from the earliest start on.
    level : float
        Probability of the intervals, by the delta method on the scale of ln(-ln S).
    """
    first = np.flatnonzero(fit.events.first)
    chosen = first[:: -(-first.size // _MOST_SUBJECTS)]
    origin = float(fit.events.start.min())

    def log_hazard(theta: FloatArray) -> FloatArray:
        linear = linear_predictors(fit, theta)[chosen][:, None, :]
        hazard = fit.model.hazard
        grown = cumulative_hazard(hazard, days[None, :], linear) - cumulative_hazard(
            hazard, np.array([[origin]]), linear
        )
        with np.errstate(divide="ignore"):
            return np.log(-np.log(np.exp(-grown).mean(axis=0)))

    with np.errstate(invalid="ignore"):
        middle = log_hazard(fit.theta)
        half = NormalDist().inv_cdf(0.5 + 0.5 * level) * np.sqrt(_variance(fit, log_hazard))
        is_origin = days <= origin
        ends = [np.where(is_origin, 1.0, np.exp(-np.exp(middle + side * half))) for side in (1.0, -1.0)]
        return SurvivalCurve(days, np.where(is_origin, 1.0, np.exp(-np.exp(middle))), ends[0], ends[1])


def _variance(fit: EventFit, function: Callable[[FloatArray], FloatArray]) -> FloatArray:
    """Return the variance of a function of the coefficients by differences in steps of a small part of a standard error."""
    columns: list[FloatArray] = []
    se = np.nan_to_num(fit.se)
    for i, width in enumerate((_DIFFERENCE * se).tolist()):
        step = np.zeros(se.size)
        step[i] = width
        change = function(fit.theta + step) - function(fit.theta - step)
        columns.append(change / (2.0 * width) if width > 0.0 else np.zeros_like(change))
    gradient = np.stack(columns, axis=-1)
    return np.asarray(np.einsum("di,ij,dj->d", gradient, fit.covariance, gradient))

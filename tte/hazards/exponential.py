"""The exponential time-to-event distribution in closed form: H(t) = λ·t with λ = exp(log_rate).

Times are days; a time before 0 counts as 0. NaN in, NaN out.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeAlias

import numpy as np

if TYPE_CHECKING:
    from pkpd.arrays import FloatArray

Number: TypeAlias = "float | FloatArray"


def cumulative_hazard(time_day: Number, log_rate: Number) -> FloatArray:
    """Return H(t) = λ·t.

    Parameters
    ----------
    time_day : float or array
        Time [day].
    log_rate : float or array
        ln λ, covariate effects included.

    Returns
    -------
    array
        Broadcast shape of the arguments.
    """
    with np.errstate(over="ignore"):
        return np.exp(log_rate) * np.maximum(time_day, 0.0)


def hazard(time_day: Number, log_rate: Number) -> FloatArray:
    """Return h(t) = λ [1/day] on every day; parameters as in `cumulative_hazard`."""
    return np.exp(log_rate) + np.multiply(0.0, time_day)


def survival(time_day: Number, log_rate: Number) -> FloatArray:
    """Return S(t) = exp(-H(t)); parameters as in `cumulative_hazard`."""
    return np.exp(-cumulative_hazard(time_day, log_rate))


def risk(time_day: Number, log_rate: Number) -> FloatArray:
    """Return 1 - S(t), accurate for small risks; parameters as in `cumulative_hazard`."""
    return -np.expm1(-cumulative_hazard(time_day, log_rate))


def quantile_time(probability: Number, log_rate: Number) -> FloatArray:
    """Return the day by which the event has happened with a given probability: -ln(1 - p)/λ."""
    with np.errstate(divide="ignore", over="ignore"):
        return -np.log1p(-np.asarray(probability)) * np.exp(-np.asarray(log_rate))


def restricted_mean(horizon_day: Number, log_rate: Number) -> FloatArray:
    """Return the mean event-free time up to a horizon τ: (1 - exp(-λτ))/λ [day]."""
    u = cumulative_hazard(horizon_day, log_rate)
    with np.errstate(divide="ignore", invalid="ignore"):
        share = np.where(u == 0.0, 1.0, -np.expm1(-u) / u)
    return np.maximum(horizon_day, 0.0) * share

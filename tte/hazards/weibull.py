"""The Weibull time-to-event distribution in closed form: H(t) = λ·t^γ with λ = exp(log_rate) and shape γ.

``log_rate`` is the logarithm of the cumulative hazard at day 1 [λ in day^-γ], covariate effects included; shape 1 is the
exponential distribution. Times are days; a time before 0 counts as 0. NaN in, NaN out.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeAlias

import numpy as np

if TYPE_CHECKING:
    from pkpd.arrays import FloatArray

Number: TypeAlias = "float | FloatArray"

# Up to this cumulative hazard exp(-u)·M(1, a+1, u), a sum of positive terms, gives all digits without overflow; above
# it the incomplete gamma function does.
_SERIES_LIMIT = 30.0


def log_cumulative_hazard(time_day: Number, log_rate: Number, *, shape: Number) -> FloatArray:
    """Return ln H(t) = log_rate + γ·ln t; -inf at day 0.

    Parameters
    ----------
    time_day : float or array
        Time [day].
    log_rate : float or array
        Logarithm of the cumulative hazard at day 1.
    shape : float or array
        Shape γ, above 0.

    Returns
    -------
    array
        Broadcast shape of the arguments.
    """
    with np.errstate(divide="ignore"):
        return log_rate + shape * np.log(np.maximum(time_day, 0.0))


def cumulative_hazard(time_day: Number, log_rate: Number, *, shape: Number) -> FloatArray:
    """Return H(t) = λ·t^γ; parameters as in `log_cumulative_hazard`."""
    with np.errstate(over="ignore"):
        return np.exp(log_cumulative_hazard(time_day, log_rate, shape=shape))


def hazard(time_day: Number, log_rate: Number, *, shape: Number) -> FloatArray:
    """Return h(t) = λ·γ·t^(γ-1) [1/day]; parameters as in `log_cumulative_hazard`.

    At day 0 this is 0 for a shape above 1, λ for shape 1 and infinity below.
    """
    with np.errstate(over="ignore", divide="ignore", invalid="ignore"):
        power = np.subtract(shape, 1.0)
        with_time = np.where(power == 0.0, 0.0, np.multiply(power, np.log(np.maximum(time_day, 0.0))))
        return np.exp(log_rate + np.log(shape) + with_time)


def survival(time_day: Number, log_rate: Number, *, shape: Number) -> FloatArray:
    """Return S(t) = exp(-H(t)); 1 at day 0; parameters as in `log_cumulative_hazard`."""
    return np.exp(-cumulative_hazard(time_day, log_rate, shape=shape))


def risk(time_day: Number, log_rate: Number, *, shape: Number) -> FloatArray:
    """Return 1 - S(t), accurate for small risks; parameters as in `log_cumulative_hazard`."""
    return -np.expm1(-cumulative_hazard(time_day, log_rate, shape=shape))


def quantile_time(probability: Number, log_rate: Number, *, shape: Number) -> FloatArray:
    """Return the day by which the event has happened with a given probability: (-ln(1 - p) / λ)^(1/γ).

    Parameters
    ----------
    probability : float or array
        Probability in [0, 1]; 0 gives day 0, 1 gives infinity.
    log_rate, shape : float or array
        As in `log_cumulative_hazard`.

    Returns
    -------
    array
        Time [day].
    """
    with np.errstate(divide="ignore", over="ignore"):
        return np.exp((np.log(-np.log1p(-np.asarray(probability))) - log_rate) / shape)


def restricted_mean(horizon_day: Number, log_rate: Number, *, shape: Number) -> FloatArray:
    """Return the mean event-free time up to a horizon τ, the integral of S from 0 to τ.

    With u = H(τ) and a = 1/γ it is τ·Γ(1 + a)·u^(-a)·P(a, u) = τ·exp(-u)·M(1, a + 1, u), P being the regularised
    incomplete gamma function and M Kummer's function.

    Parameters
    ----------
    horizon_day : float or array
        Horizon τ [day].
    log_rate, shape : float or array
        As in `log_cumulative_hazard`.

    Returns
    -------
    array
        Time [day], between 0 and τ.

    References
    ----------
    NIST Digital Library of Mathematical Functions, https://dlmf.nist.gov/8.5 (equation 8.5.1).
    """
    inverse = np.divide(1.0, shape)
    u = cumulative_hazard(horizon_day, log_rate, shape=shape)
    low = np.minimum(u, _SERIES_LIMIT)
    high = np.maximum(u, _SERIES_LIMIT)
    # Imported here: SciPy's special functions would double the time a forecast takes to start.
    from scipy import special  # noqa: PLC0415

    series = np.exp(-low) * special.hyp1f1(1.0, inverse + 1.0, low)
    tail = np.exp(special.gammaln(1.0 + inverse) - inverse * np.log(high)) * special.gammainc(inverse, high)
    return np.maximum(horizon_day, 0.0) * np.where(u > _SERIES_LIMIT, tail, series)

"""The log-normal time-to-event distribution in closed form: ln t is normal with mean μ and standard deviation σ.

Covariates act on μ, as in accelerated failure time models. Times are days; a time before 0 counts as 0. NaN in, NaN out.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, TypeAlias

import numpy as np

if TYPE_CHECKING:
    from pkpd.arrays import FloatArray

Number: TypeAlias = "float | FloatArray"

_LOG_SQRT_2PI = 0.5 * math.log(2.0 * math.pi)


def _score(time_day: Number, mu: Number, sigma: Number) -> FloatArray:
    """Return z = (ln t - μ)/σ."""
    with np.errstate(divide="ignore"):
        return (np.log(np.maximum(time_day, 0.0)) - mu) / sigma


def cumulative_hazard(time_day: Number, mu: Number, *, sigma: Number) -> FloatArray:
    """Return H(t) = -ln Phi(-z), z = (ln t - μ)/σ.

    Parameters
    ----------
    time_day : float or array
        Time [day].
    mu : float or array
        Mean of ln t, covariate effects included.
    sigma : float or array
        Standard deviation σ of ln t, above 0.

    Returns
    -------
    array
        Broadcast shape of the arguments.
    """
    # Imported here, and below: SciPy's special functions would double the time a forecast takes to start.
    from scipy import special  # noqa: PLC0415

    return -special.log_ndtr(-_score(time_day, mu, sigma))


def hazard(time_day: Number, mu: Number, *, sigma: Number) -> FloatArray:
    """Return h(t) = phi(z)/(σ·t·Phi(-z)) [1/day], 0 at day 0; parameters as in `cumulative_hazard`."""
    z = _score(time_day, mu, sigma)
    with np.errstate(divide="ignore", invalid="ignore"):
        log_time = np.log(np.maximum(time_day, 0.0))
        log_hazard = cumulative_hazard(time_day, mu, sigma=sigma) - 0.5 * z * z - _LOG_SQRT_2PI - np.log(sigma)
        return np.where(z == -np.inf, 0.0, np.exp(log_hazard - log_time))


def survival(time_day: Number, mu: Number, *, sigma: Number) -> FloatArray:
    """Return S(t) = Phi(-z); parameters as in `cumulative_hazard`."""
    from scipy import special  # noqa: PLC0415

    return special.ndtr(-_score(time_day, mu, sigma))


def risk(time_day: Number, mu: Number, *, sigma: Number) -> FloatArray:
    """Return 1 - S(t) = Phi(z), accurate for small risks; parameters as in `cumulative_hazard`."""
    from scipy import special  # noqa: PLC0415

    return special.ndtr(_score(time_day, mu, sigma))


def quantile_time(probability: Number, mu: Number, *, sigma: Number) -> FloatArray:
    """Return the day by which the event has happened with probability p: exp(μ + σ·Phi⁻¹(p))."""
    from scipy import special  # noqa: PLC0415

    with np.errstate(over="ignore"):
        return np.exp(mu + np.multiply(sigma, special.ndtri(probability)))


def restricted_mean(horizon_day: Number, mu: Number, *, sigma: Number) -> FloatArray:
    """Return the mean event-free time up to a horizon τ, the integral of S from 0 to τ.

    With z = (ln τ - μ)/σ it is τ·Phi(-z) + exp(μ + σ²/2)·Phi(z - σ); the second term is τ·exp(-z²/2)·erfcx((σ - z)/√2)/2 as well, which does
    not overflow where σ is large.

    Parameters
    ----------
    horizon_day : float or array
        Horizon τ [day].
    mu, sigma : float or array
        As in `cumulative_hazard`.

    Returns
    -------
    array
        Time [day], between 0 and τ.
    """
    from scipy import special  # noqa: PLC0415

    tau = np.maximum(horizon_day, 0.0)
    z = _score(horizon_day, mu, sigma)
    above = np.subtract(z, sigma)
    with np.errstate(over="ignore", invalid="ignore"):
        scaled = 0.5 * tau * np.exp(-0.5 * z * z) * special.erfcx(-np.minimum(above, 0.0) / math.sqrt(2.0))
        plain = np.exp(np.where(above > 0.0, mu + 0.5 * np.square(sigma), 0.0)) * special.ndtr(above)
        return tau * special.ndtr(-z) + np.where(above > 0.0, plain, scaled)

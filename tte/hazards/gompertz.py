"""The Gompertz time-to-event distribution in closed form: h(t) = λ·exp(γt), H(t) = λ·(exp(γt) - 1)/γ with λ = exp(log_rate).

γ may be negative: then H never exceeds λ/|γ| and some never have the event; at γ = 0 it is the exponential distribution. Times are days; a
time before 0 counts as 0. NaN in, NaN out.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeAlias

import numpy as np

from tte.hazards.quadrature import NOTHING_LEFT, integral_over_panels

if TYPE_CHECKING:
    from pkpd.arrays import FloatArray

Number: TypeAlias = "float | FloatArray"

_N_PANELS = 10


def cumulative_hazard(time_day: Number, log_rate: Number, *, gamma: Number) -> FloatArray:
    """Return H(t) = λ·(exp(γt) - 1)/γ.

    Parameters
    ----------
    time_day : float or array
        Time [day].
    log_rate : float or array
        ln λ, the logarithm of the hazard at day 0, covariate effects included.
    gamma : float or array
        Growth γ [1/day].

    Returns
    -------
    array
        Broadcast shape of the arguments.
    """
    time = np.maximum(time_day, 0.0)
    with np.errstate(over="ignore", invalid="ignore", divide="ignore"):
        z = np.multiply(gamma, time)
        return np.exp(log_rate) * np.where((z == 0.0) | np.equal(gamma, 0.0), time, np.expm1(z) / gamma)


def hazard(time_day: Number, log_rate: Number, *, gamma: Number) -> FloatArray:
    """Return h(t) = λ·exp(γt) [1/day]; parameters as in `cumulative_hazard`."""
    with np.errstate(over="ignore"):
        return np.exp(log_rate + np.multiply(gamma, np.maximum(time_day, 0.0)))


def survival(time_day: Number, log_rate: Number, *, gamma: Number) -> FloatArray:
    """Return S(t) = exp(-H(t)); parameters as in `cumulative_hazard`."""
    return np.exp(-cumulative_hazard(time_day, log_rate, gamma=gamma))


def risk(time_day: Number, log_rate: Number, *, gamma: Number) -> FloatArray:
    """Return 1 - S(t), accurate for small risks; parameters as in `cumulative_hazard`."""
    return -np.expm1(-cumulative_hazard(time_day, log_rate, gamma=gamma))


def quantile_time(probability: Number, log_rate: Number, *, gamma: Number) -> FloatArray:
    """Return the day by which the event has happened with a given probability; infinity for one that is never reached.

    Parameters
    ----------
    probability : float or array
        Probability p in [0, 1].
    log_rate, gamma : float or array
        As in `cumulative_hazard`.

    Returns
    -------
    array
        ln(1 - γ·ln(1 - p)/λ)/γ [day].
    """
    with np.errstate(divide="ignore", over="ignore"):
        reached = -np.log1p(-np.asarray(probability, dtype=np.float64)) * np.exp(-np.asarray(log_rate))
    return _time_of(reached, np.asarray(gamma, dtype=np.float64))


def _time_of(by_rate: FloatArray, gamma: FloatArray) -> FloatArray:
    """Return the time at which H/λ has a given value."""
    with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
        x = by_rate * gamma
        time = np.where((np.abs(x) < np.finfo(float).tiny) | (gamma == 0.0), by_rate, np.log1p(x) / gamma)
        return np.where(x <= -1.0, np.inf, time)


def restricted_mean(horizon_day: Number, log_rate: Number, *, gamma: Number) -> FloatArray:
    """Return the mean event-free time up to a horizon τ, the integral of S from 0 to τ.

    With a = λ/γ it is exp(a)·(E₁(a) - E₁(a·exp(γτ)))/γ, E₁ and, for a negative γ, Ei being exponential integrals. Where the hazard grows or
    falls by less than a factor e while anybody is left, that is a difference of nearly equal numbers, and the integral is taken by a rule of
    Gauss and Legendre instead.

    Parameters
    ----------
    horizon_day : float or array
        Horizon τ [day].
    log_rate, gamma : float or array
        As in `cumulative_hazard`.

    Returns
    -------
    array
        Time [day], between 0 and τ.

    References
    ----------
    NIST Digital Library of Mathematical Functions, https://dlmf.nist.gov/6.2.
    """
    tau, log_lambda, growth = np.broadcast_arrays(np.maximum(horizon_day, 0.0), log_rate, gamma)
    with np.errstate(over="ignore"):
        end = np.minimum(tau, _time_of(NOTHING_LEFT * np.exp(-log_lambda), growth))
    is_slow = np.abs(growth) * end <= 1.0
    edges = end[..., None] * np.linspace(0.0, 1.0, _N_PANELS + 1)

    def curve(time: FloatArray) -> FloatArray:
        return survival(time, log_lambda[..., None, None], gamma=growth[..., None, None])

    by_rule = integral_over_panels(curve, np.where(is_slow[..., None], edges, 0.0))
    # At NaN is_slow is false, and what follows is NaN as well.
    return np.where(is_slow, by_rule, _by_exponential_integrals(end, log_lambda, np.where(is_slow, 1.0, growth)))


def _by_exponential_integrals(end: FloatArray, log_rate: FloatArray, gamma: FloatArray) -> FloatArray:
    # Imported here: SciPy's special functions would double the time a forecast takes to start.
    from scipy import special  # noqa: PLC0415

    with np.errstate(over="ignore", invalid="ignore", divide="ignore"):
        a = np.exp(log_rate - np.log(np.abs(gamma)))
        grown = np.exp(log_rate - np.log(np.abs(gamma)) + gamma * end)
        rising = np.exp(a) * (special.exp1(a) - special.exp1(grown))
        falling = np.exp(-a) * (special.expi(a) - special.expi(grown))
        return np.where(gamma > 0.0, rising, falling) / np.abs(gamma)

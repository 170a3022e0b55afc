"""The log-logistic time-to-event distribution in closed form: H(t) = ln(1 + (t/α)^β) with α = exp(log_alpha), the median.

Covariates act on ln α, as in accelerated failure time models. Times are days; a time before 0 counts as 0. NaN in, NaN out.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeAlias

import numpy as np

from tte.hazards.quadrature import NOTHING_LEFT, integral_over_panels

if TYPE_CHECKING:
    from pkpd.arrays import FloatArray

Number: TypeAlias = "float | FloatArray"

# Up to this shape the restricted mean is integrated: the hypergeometric function loses digits around a shape of 1.
_INTEGRATED_SHAPE = 1.1
_PANEL = 4.0


def _log_odds(time_day: Number, log_alpha: Number, beta: Number) -> FloatArray:
    """Return ln (t/α)^β."""
    with np.errstate(divide="ignore"):
        return np.multiply(beta, np.log(np.maximum(time_day, 0.0)) - log_alpha)


def cumulative_hazard(time_day: Number, log_alpha: Number, *, beta: Number) -> FloatArray:
    """Return H(t) = ln(1 + (t/α)^β).

    Parameters
    ----------
    time_day : float or array
        Time [day].
    log_alpha : float or array
        Logarithm of the median, covariate effects included.
    beta : float or array
        Shape β, above 0.

    Returns
    -------
    array
        Broadcast shape of the arguments.
    """
    return np.logaddexp(0.0, _log_odds(time_day, log_alpha, beta))


def hazard(time_day: Number, log_alpha: Number, *, beta: Number) -> FloatArray:
    """Return h(t) = (β/α)·(t/α)^(β-1)/(1 + (t/α)^β) [1/day]; parameters as in `cumulative_hazard`.

    At day 0 this is 0 for a shape above 1, 1/α for shape 1 and infinity below.
    """
    with np.errstate(divide="ignore", over="ignore", invalid="ignore"):
        power = np.subtract(beta, 1.0)
        log_ratio = np.log(np.maximum(time_day, 0.0)) - log_alpha
        grown = np.where(power == 0.0, 0.0, power * log_ratio)
        return np.exp(np.log(beta) - log_alpha + grown - cumulative_hazard(time_day, log_alpha, beta=beta))


def survival(time_day: Number, log_alpha: Number, *, beta: Number) -> FloatArray:
    """Return S(t) = 1/(1 + (t/α)^β); parameters as in `cumulative_hazard`."""
    return np.exp(-cumulative_hazard(time_day, log_alpha, beta=beta))


def risk(time_day: Number, log_alpha: Number, *, beta: Number) -> FloatArray:
    """Return 1 - S(t), accurate for small risks; parameters as in `cumulative_hazard`."""
    return -np.expm1(-cumulative_hazard(time_day, log_alpha, beta=beta))


def quantile_time(probability: Number, log_alpha: Number, *, beta: Number) -> FloatArray:
    """Return the day by which the event has happened with probability p: α·(p/(1 - p))^(1/β)."""
    p = np.asarray(probability, dtype=np.float64)
    with np.errstate(divide="ignore", over="ignore"):
        return np.exp(log_alpha + (np.log(p) - np.log1p(-p)) / beta)


def restricted_mean(horizon_day: Number, log_alpha: Number, *, beta: Number) -> FloatArray:
    """Return the mean event-free time up to a horizon τ, the integral of S from 0 to τ.

    It is τ·₂F₁(1, 1/β; 1 + 1/β; -z) with z = (τ/α)^β. For a shape up to 1.1 its integral over s = τ·exp(-y), of exp(-y)/(1 + z·exp(-βy)), is
    taken by a rule of Gauss and Legendre instead, which loses nothing where ₂F₁ nears the logarithm that it is at a shape of 1.

    Parameters
    ----------
    horizon_day : float or array
        Horizon τ [day].
    log_alpha, beta : float or array
        As in `cumulative_hazard`.

    Returns
    -------
    array
        Time [day], between 0 and τ.

    References
    ----------
    NIST Digital Library of Mathematical Functions, https://dlmf.nist.gov/15.6 (equation 15.6.1).
    """
    tau = np.maximum(horizon_day, 0.0)
    log_z, shape = np.broadcast_arrays(_log_odds(horizon_day, log_alpha, beta), np.asarray(beta, dtype=np.float64))
    is_low = shape <= _INTEGRATED_SHAPE
    # Imported here: SciPy's special functions would double the time a forecast takes to start.
    from scipy import special  # noqa: PLC0415

    inverse = 1.0 / np.where(is_low, 2.0, shape)
    with np.errstate(over="ignore"):
        by_function = special.hyp2f1(1.0, inverse, 1.0 + inverse, -np.exp(np.where(is_low, 0.0, log_z)))
    return tau * np.where(is_low, _integrated(np.where(is_low, log_z, 0.0), np.where(is_low, shape, 1.0)), by_function)


def _integrated(log_z: FloatArray, shape: FloatArray) -> FloatArray:
    """Return the integral of exp(-y)/(1 + z·exp(-βy)) over y from 0 to infinity."""
    longest = NOTHING_LEFT + np.where(np.isfinite(log_z), np.maximum(log_z, 0.0) / shape, 0.0)
    n_panels = int(np.ceil(longest.max(initial=NOTHING_LEFT) / _PANEL))
    edges = longest[..., None] * np.linspace(0.0, 1.0, n_panels + 1)

    def curve(y: FloatArray) -> FloatArray:
        return np.exp(-y - np.logaddexp(0.0, log_z[..., None, None] - shape[..., None, None] * y))

    return integral_over_panels(curve, edges)

"""Log-logistic and log-normal hazards: H and ln h with their derivatives by the linear predictors.

Both are functions of one z: (ln t - ln α)·β with predictors ln α and ln β, or (ln t - μ)/σ with predictors μ and ln σ.
"""

from __future__ import annotations

import math

from pkpd.kernels.special import log_ndtr, log_ndtr_derivatives
from tte.kernels._jit import inlined_kernel
from tte.kernels.terms import Terms, chained, with_slope

_LOG_SQRT_2PI = 0.5 * math.log(2.0 * math.pi)


@inlined_kernel
def _softplus(z: float) -> float:
    return z + math.log1p(math.exp(-z)) if z > 0.0 else math.log1p(math.exp(z))


@inlined_kernel
def _logistic(z: float) -> float:
    return 1.0 / (1.0 + math.exp(-z))


@inlined_kernel
def _loglogistic_place(log_alpha: float, log_beta: float, log_time: float) -> Terms:
    beta = math.exp(log_beta)
    z = beta * (log_time - log_alpha)
    return z, -beta, z, 0.0, 0.0, -beta, 0.0, z, 0.0, 0.0


@inlined_kernel
def loglogistic_cumulative(log_alpha: float, log_beta: float, log_time: float) -> Terms:
    """Return H = ln(1 + (t/α)^β)."""
    place = _loglogistic_place(log_alpha, log_beta, log_time)
    p = _logistic(place[0])
    return chained(place, _softplus(place[0]), p, p * _logistic(-place[0]))


@inlined_kernel
def loglogistic_log_hazard(log_alpha: float, log_beta: float, log_time: float) -> Terms:
    """Return ln h = ln β - ln t + z - ln(1 + exp(z))."""
    place = _loglogistic_place(log_alpha, log_beta, log_time)
    q = _logistic(-place[0])
    terms = chained(place, log_beta - log_time - _softplus(-place[0]), q, -q * _logistic(place[0]))
    return with_slope(terms, 1.0)


@inlined_kernel
def _lognormal_place(mu: float, log_sigma: float, log_time: float) -> Terms:
    inverse = math.exp(-log_sigma)
    z = (log_time - mu) * inverse
    return z, -inverse, -z, 0.0, 0.0, inverse, 0.0, z, 0.0, 0.0


@inlined_kernel
def lognormal_cumulative(mu: float, log_sigma: float, log_time: float) -> Terms:
    """Return H = -ln Phi(-z)."""
    place = _lognormal_place(mu, log_sigma, log_time)
    first, second, _ = log_ndtr_derivatives(-place[0])
    return chained(place, -log_ndtr(-place[0]), first, -second)


@inlined_kernel
def lognormal_log_hazard(mu: float, log_sigma: float, log_time: float) -> Terms:
    """Return ln h = ln phi(z) - ln Phi(-z) - ln σ - ln t."""
    place = _lognormal_place(mu, log_sigma, log_time)
    z = place[0]
    first, second, _ = log_ndtr_derivatives(-z)
    value = -0.5 * z * z - _LOG_SQRT_2PI - log_ndtr(-z) - log_sigma - log_time
    return with_slope(chained(place, value, first - z, -second - 1.0), -1.0)

"""Exponential, Weibull and Gompertz hazards: H and ln h with their derivatives by the linear predictors.

The first predictor is ln λ; the second ln γ (Weibull, H = λ·t^γ) or γ itself (Gompertz, h = λ·exp(γt)).
"""

from __future__ import annotations

import math

from tte.kernels._jit import inlined_kernel, kernel
from tte.kernels.terms import Terms

# Below this |γt| the integrals of Gompertz are sums of a series, above it closed forms without cancellation.
_SERIES_LIMIT = 1.0
_N_SERIES = 19


@inlined_kernel
def exponential_cumulative(log_rate: float, time: float) -> Terms:
    """Return H = λ·t."""
    h = math.exp(log_rate) * time
    return h, h, 0.0, 0.0, h, 0.0, 0.0, 0.0, 0.0, 0.0


@inlined_kernel
def exponential_log_hazard(log_rate: float) -> Terms:
    """Return ln h = ln λ."""
    return log_rate, 1.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0


@inlined_kernel
def weibull_cumulative(log_rate: float, log_shape: float, log_time: float) -> Terms:
    """Return H = λ·t^γ."""
    w = math.exp(log_shape) * log_time
    h = math.exp(log_rate + w)
    hw = h * w
    return h, h, hw, 0.0, h, hw, 0.0, hw * (1.0 + w), 0.0, 0.0


@inlined_kernel
def weibull_log_hazard(log_rate: float, log_shape: float, log_time: float) -> Terms:
    """Return ln h = ln λ + ln γ + (γ - 1)·ln t."""
    w = math.exp(log_shape) * log_time
    return log_rate + log_shape + w - log_time, 1.0, 1.0 + w, 0.0, 0.0, 0.0, 0.0, w, 0.0, 0.0


@kernel
def growth_integral(z: float, power: int) -> float:
    """Return the integral of v^power·exp(zv) over v from 0 to 1, for a power of 0, 1 or 2."""
    if abs(z) < _SERIES_LIMIT:
        total, factor = 0.0, 1.0
        for k in range(_N_SERIES):
            total += factor / (k + power + 1.0)
            factor *= z / (k + 1.0)
        return total
    if power == 0:
        return math.expm1(z) / z
    if power == 1:
        return (math.exp(z) * (z - 1.0) + 1.0) / (z * z)
    return (math.exp(z) * (z * (z - 2.0) + 2.0) - 2.0) / (z * z * z)


@inlined_kernel
def gompertz_cumulative(log_rate: float, gamma: float, time: float) -> Terms:
    """Return H = λ·(exp(γt) - 1)/γ, which is λt at γ = 0."""
    rate, z = math.exp(log_rate), gamma * time
    h = rate * time * growth_integral(z, 0)
    by_gamma = rate * time * time * growth_integral(z, 1)
    twice = rate * time * time * time * growth_integral(z, 2)
    return h, h, by_gamma, 0.0, h, by_gamma, 0.0, twice, 0.0, 0.0


@inlined_kernel
def gompertz_log_hazard(log_rate: float, gamma: float, time: float) -> Terms:
    """Return ln h = ln λ + γt."""
    return log_rate + gamma * time, 1.0, time, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0

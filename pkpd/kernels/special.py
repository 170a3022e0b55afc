"""Normal distribution functions that keep their accuracy in the far tails (Numba has none of its own)."""

from __future__ import annotations

import math

import numpy as np

from pkpd.arrays import FloatArray
from pkpd.kernels._jit import inlined_kernel, kernel

_SQRT_HALF = math.sqrt(0.5)
_LOG_SQRT_2PI = 0.5 * math.log(2.0 * math.pi)
# Below this z the complementary error function nears the smallest double and the asymptotic series has all its digits.
_TAIL = -30.0


@inlined_kernel
def ndtr(z: float) -> float:
    """Return the standard normal distribution function at z."""
    return 0.5 * math.erfc(-z * _SQRT_HALF)


@kernel
def _tail_series(z: float) -> float:
    """Return -z Phi(z) / phi(z) for z far below zero (Abramowitz and Stegun 26.2.12)."""
    w = 1.0 / (z * z)
    return 1.0 - w * (1.0 - 3.0 * w * (1.0 - 5.0 * w * (1.0 - 7.0 * w * (1.0 - 9.0 * w))))


@kernel
def log_ndtr(z: float) -> float:
    """Return the logarithm of the standard normal distribution function; -inf at -inf, NaN at NaN."""
    if z > 1.0:
        return math.log1p(-0.5 * math.erfc(z * _SQRT_HALF))
    if z > _TAIL:
        return math.log(0.5 * math.erfc(-z * _SQRT_HALF))
    if not np.isfinite(z):
        return z
    return -0.5 * z * z - _LOG_SQRT_2PI - math.log(-z) + math.log(_tail_series(z))


@kernel
def mills(z: float) -> float:
    """Return phi(z) / Phi(z), the derivative of ``log_ndtr``; close to -z far below zero."""
    if z > _TAIL:
        return math.exp(-0.5 * z * z - _LOG_SQRT_2PI) / (0.5 * math.erfc(-z * _SQRT_HALF))
    return -z / _tail_series(z)


@kernel
def log_ndtr_derivatives(z: float) -> tuple[float, float, float]:
    """Return the first three derivatives of ``log_ndtr``: h, -h (z + h), and what follows from h' = -h (z + h).

    Far below zero h is close to -z; there the sums are taken from the series, term by term, before they can cancel.
    """
    first = mills(z)
    if z > _TAIL:
        rise = z + first
        second = -first * rise
        return first, second, -second * rise - first * (1.0 + second)
    w = 1.0 / (z * z)
    u = 1.0 - 5.0 * w * (1.0 - 7.0 * w * (1.0 - 9.0 * w))
    t = 1.0 - 3.0 * w * u
    s = 1.0 - w * t
    rise = -t / (z * s)
    second = -first * rise
    return first, second, -second * rise - first * w * (3.0 * u - 2.0 * t + w * t * t) / (s * s)


def _log_ndtr_table() -> FloatArray:
    """Return log Phi and its derivative per node distance at the nodes of ``log_ndtr_lookup``."""
    rows: list[tuple[float, float]] = []
    for i in range(round((_TABLE_HIGH - _TABLE_LOW) * _TABLE_DENSITY) + 1):
        z = _TABLE_LOW + i / _TABLE_DENSITY
        below = 0.5 * math.erfc(-z * _SQRT_HALF)
        log_below = math.log1p(-0.5 * math.erfc(z * _SQRT_HALF)) if z > 1.0 else math.log(below)
        rows.append((log_below, math.exp(-0.5 * z * z - _LOG_SQRT_2PI) / below / _TABLE_DENSITY))
    return np.array(rows)


def _mills_table() -> FloatArray:
    """Return the derivative of log Phi and its own per node distance at the nodes of ``mills_lookup``."""
    rows: list[tuple[float, float]] = []
    for i in range(round((_TABLE_HIGH - _TABLE_LOW) * _TABLE_DENSITY) + 1):
        z = _TABLE_LOW + i / _TABLE_DENSITY
        ratio = math.exp(-0.5 * z * z - _LOG_SQRT_2PI) / (0.5 * math.erfc(-z * _SQRT_HALF))
        rows.append((ratio, -ratio * (z + ratio) / _TABLE_DENSITY))
    return np.array(rows)


_TABLE_LOW = -10.0
_TABLE_HIGH = 9.0
_TABLE_DENSITY = 64.0
_TABLE = _log_ndtr_table()
_MILLS_TABLE = _mills_table()


@inlined_kernel
def log_ndtr_lookup(z: float) -> float:
    """Return ``log_ndtr`` to an absolute 1e-9, by cubic Hermite interpolation in a table, many times faster.

    Meant for scans and integrals that see thousands of nodes of one subject; what is printed comes from ``log_ndtr``.
    """
    if z >= _TABLE_HIGH:
        return 0.0
    if not z > _TABLE_LOW:
        return log_ndtr(z)
    return _interpolated(_TABLE, z)


@inlined_kernel
def mills_lookup(z: float) -> float:
    """Return ``mills`` to an absolute 1e-8 as ``log_ndtr_lookup`` does its own."""
    if z >= _TABLE_HIGH:
        return 0.0
    if not z > _TABLE_LOW:
        return mills(z)
    return _interpolated(_MILLS_TABLE, z)


@inlined_kernel
def _interpolated(table: FloatArray, z: float) -> float:
    """Return the cubic Hermite interpolation of a table of values and derivatives per node distance."""
    x = (z - _TABLE_LOW) * _TABLE_DENSITY
    i = int(x)
    t = x - i
    f0, d0 = table[i, 0], table[i, 1]
    f1, d1 = table[i + 1, 0], table[i + 1, 1]
    rise = f1 - f0
    return f0 + t * (d0 + t * (3.0 * rise - 2.0 * d0 - d1 + t * (d0 + d1 - 2.0 * rise)))

"""The surge hazard h = A / (1 + u⁴), u = (t - PT)/SW: H and ln h with their derivatives by ln A, PT and ln SW."""

from __future__ import annotations

import math

import numpy as np

from pkpd.arrays import FloatArray
from tte.kernels._jit import inlined_kernel, kernel
from tte.kernels.terms import Terms

_SQRT2 = math.sqrt(2.0)
# The integral of 1/(1 + v⁴) from 0 to infinity.
_WHOLE_HALF = math.pi / (2.0 * _SQRT2)
# From here on the rest of the integral is a series in u⁻⁴ that loses nothing by cancellation.
_TAIL = 2.0
_N_TAIL = 14
# Below this length ten nodes have all digits, the poles being 0.7 or more from the real axis.
_LITTLE = 0.5
_NODE, _WEIGHT = (0.5 * (1.0 + np.polynomial.legendre.leggauss(10)[0]), 0.5 * np.polynomial.legendre.leggauss(10)[1])


@kernel
def _near(u: float) -> float:
    """Return the integral from 0 to u, for u from 0 to about 2."""
    side = _SQRT2 * u
    return (math.log1p(2.0 * side / (u * u - side + 1.0)) + 2.0 * math.atan2(side, 1.0 - u * u)) / (4.0 * _SQRT2)


@kernel
def _beyond(u: float) -> float:
    """Return the integral from u to infinity, for u from about 2 on."""
    ratio = -1.0 / (u * u * u * u)
    total, power = 0.0, 1.0
    for k in range(_N_TAIL):
        total += power / (4.0 * k + 3.0)
        power *= ratio
    return total / (u * u * u)


@kernel
def area_from_peak(u: float) -> float:
    """Return the integral of 1/(1 + v⁴) over v from 0 to u, for u of at least 0."""
    return _WHOLE_HALF - _beyond(u) if u > _TAIL else _near(u)


@kernel
def _over_little(low: float, length: float) -> float:
    """Return the integral from low over a small length by a rule of Gauss and Legendre; a difference would lose digits."""
    total = 0.0
    for k in range(_NODE.size):
        v = low + length * _NODE[k]
        total += _WEIGHT[k] / (1.0 + v * v * v * v)
    return length * total


@kernel
def area_over(low: float, length: float) -> float:
    """Return the integral of 1/(1 + v⁴) over v from low over a length, exact to the last digits on either side of the peak."""
    high = low + length
    if length < _LITTLE:
        return _over_little(low, length)
    if low < 0.0 < high:
        return area_from_peak(-low) + area_from_peak(high)
    near, far = min(abs(low), abs(high)), max(abs(low), abs(high))
    if near > _TAIL:
        return _beyond(near) - _beyond(far)
    return area_from_peak(far) - area_from_peak(near)


@kernel
def areas_over(low: FloatArray, length: FloatArray, area: FloatArray) -> None:
    """Write `area_over` of arrays of n numbers."""
    for i in range(area.size):
        area[i] = area_over(low[i], length[i])


@inlined_kernel
def surge_cumulative(log_amplitude: float, peak: float, log_width: float, time: float) -> Terms:
    """Return H = A·SW·(F(u) - F(u₀)), F being the integral of 1/(1 + v⁴) and u₀ belonging to time 0."""
    width = math.exp(log_width)
    u, first = (time - peak) / width, -peak / width
    g, g0 = 1.0 / (1.0 + u * u * u * u), 1.0 / (1.0 + first * first * first * first)
    slope, slope0 = -4.0 * u * u * u * g * g, -4.0 * first * first * first * g0 * g0
    area = area_over(first, time / width)
    a = math.exp(log_amplitude)
    h = a * width * area
    by_peak = -a * (g - g0)
    by_width = a * width * (area - (u * g - first * g0))
    peak_peak = a * (slope - slope0) / width
    peak_width = a * (u * slope - first * slope0)
    width_width = by_width + a * width * (u * u * slope - first * first * slope0)
    return h, h, by_peak, by_width, h, by_peak, by_width, peak_peak, peak_width, width_width


@inlined_kernel
def surge_log_hazard(log_amplitude: float, peak: float, log_width: float, time: float) -> Terms:
    """Return ln h = ln A - ln(1 + u⁴)."""
    width = math.exp(log_width)
    u = (time - peak) / width
    u4 = u * u * u * u
    g = 1.0 / (1.0 + u4)
    by_u = -4.0 * u * u * u * g
    twice = -4.0 * u * u * (3.0 - u4) * g * g
    return (
        log_amplitude - math.log1p(u4),
        1.0,
        -by_u / width,
        -by_u * u,
        0.0,
        0.0,
        0.0,
        twice / (width * width),
        (twice * u + by_u) / width,
        twice * u * u + by_u * u,
    )

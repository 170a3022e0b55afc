"""A function of a hazard's linear predictors with its derivatives, as ten numbers, and how they add up.

``(f, f1, f2, f3, f11, f12, f13, f22, f23, f33)``, the digits being the predictors; those of a hazard with fewer are 0.
"""

from __future__ import annotations

from typing import TypeAlias

from tte.kernels._jit import inlined_kernel

Terms: TypeAlias = tuple[float, float, float, float, float, float, float, float, float, float]


@inlined_kernel
def nothing() -> Terms:
    """Return the terms of 0."""
    return 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0


@inlined_kernel
def plus(a: Terms, b: Terms, factor: float) -> Terms:
    """Return the terms of a + factor·b."""
    return (
        a[0] + factor * b[0],
        a[1] + factor * b[1],
        a[2] + factor * b[2],
        a[3] + factor * b[3],
        a[4] + factor * b[4],
        a[5] + factor * b[5],
        a[6] + factor * b[6],
        a[7] + factor * b[7],
        a[8] + factor * b[8],
        a[9] + factor * b[9],
    )


@inlined_kernel
def chained(d: Terms, value: float, slope: float, curvature: float) -> Terms:
    """Return the terms of f(d) from its value, slope and curvature at d."""
    return (
        value,
        slope * d[1],
        slope * d[2],
        slope * d[3],
        slope * d[4] + curvature * d[1] * d[1],
        slope * d[5] + curvature * d[1] * d[2],
        slope * d[6] + curvature * d[1] * d[3],
        slope * d[7] + curvature * d[2] * d[2],
        slope * d[8] + curvature * d[2] * d[3],
        slope * d[9] + curvature * d[3] * d[3],
    )


@inlined_kernel
def with_slope(a: Terms, slope: float) -> Terms:
    """Return terms whose value holds the second predictor, times a slope, besides what they tell."""
    return a[0], a[1], a[2] + slope, a[3], a[4], a[5], a[6], a[7], a[8], a[9]

"""Arithmetic of Taylor polynomials of degree three in one variable, from which every derivative of a population fit comes.

A polynomial is its four coefficients: c0 + c1 s + c2 s^2 + c3 s^3. Carried through a formula along a direction of its
arguments it yields the value and the first three derivatives in that direction, c1, 2 c2 and 6 c3, to full precision. Mixed
derivatives are differences between a few directions (Griewank, Utke and Walther 2000, doi:10.1090/S0025-5718-00-01120-0).
"""

from __future__ import annotations

import math

import numpy as np

from pkpd.kernels._jit import inlined_kernel
from pkpd.kernels.special import log_ndtr, log_ndtr_derivatives

Taylor = tuple[float, float, float, float]
"""Coefficients, lowest first."""


@inlined_kernel
def constant(value: float) -> Taylor:
    """Return a number as a polynomial."""
    return (value, 0.0, 0.0, 0.0)


@inlined_kernel
def linear(value: float, slope: float) -> Taylor:
    """Return value + slope s."""
    return (value, slope, 0.0, 0.0)


@inlined_kernel
def scaled(a: Taylor, factor: float) -> Taylor:
    """Return a times a number."""
    return (a[0] * factor, a[1] * factor, a[2] * factor, a[3] * factor)


@inlined_kernel
def raised(a: Taylor, by: float) -> Taylor:
    """Return a plus a number."""
    return (a[0] + by, a[1], a[2], a[3])


@inlined_kernel
def added(a: Taylor, b: Taylor) -> Taylor:
    """Return a + b."""
    return (a[0] + b[0], a[1] + b[1], a[2] + b[2], a[3] + b[3])


@inlined_kernel
def subtracted(a: Taylor, b: Taylor) -> Taylor:
    """Return a - b."""
    return (a[0] - b[0], a[1] - b[1], a[2] - b[2], a[3] - b[3])


@inlined_kernel
def multiplied(a: Taylor, b: Taylor) -> Taylor:
    """Return a b."""
    return (
        a[0] * b[0],
        a[0] * b[1] + a[1] * b[0],
        a[0] * b[2] + a[1] * b[1] + a[2] * b[0],
        a[0] * b[3] + a[1] * b[2] + a[2] * b[1] + a[3] * b[0],
    )


@inlined_kernel
def divided(a: Taylor, b: Taylor) -> Taylor:
    """Return a / b."""
    inverse = 1.0 / b[0]
    c0 = a[0] * inverse
    c1 = (a[1] - c0 * b[1]) * inverse
    c2 = (a[2] - c0 * b[2] - c1 * b[1]) * inverse
    return (c0, c1, c2, (a[3] - c0 * b[3] - c1 * b[2] - c2 * b[1]) * inverse)


@inlined_kernel
def composed(f0: float, f1: float, f2: float, f3: float, a: Taylor) -> Taylor:
    """Return f(a) from the value and the first three derivatives of f at a[0]."""
    return (
        f0,
        f1 * a[1],
        f1 * a[2] + 0.5 * f2 * a[1] * a[1],
        f1 * a[3] + f2 * a[1] * a[2] + f3 * a[1] * a[1] * a[1] / 6.0,
    )


@inlined_kernel
def exponential(a: Taylor) -> Taylor:
    """Return exp(a)."""
    e = math.exp(a[0])
    return composed(e, e, e, e, a)


@inlined_kernel
def logarithm(a: Taylor) -> Taylor:
    """Return ln(a); NaN where a[0] is negative."""
    inverse = 1.0 / a[0]
    return composed(np.log(a[0]), inverse, -inverse * inverse, 2.0 * inverse * inverse * inverse, a)


@inlined_kernel
def square_root(a: Taylor) -> Taylor:
    """Return the square root of a; NaN where a[0] is negative."""
    root = np.sqrt(a[0])
    first = 0.5 / root
    second = -0.5 * first / a[0]
    return composed(root, first, second, -1.5 * second / a[0], a)


@inlined_kernel
def log_normal_distribution(a: Taylor) -> Taylor:
    """Return the logarithm of the standard normal distribution function at a."""
    first, second, third = log_ndtr_derivatives(a[0])
    if first == 0.0:
        # So far on the right side that nothing changes; the products below could be infinity times zero.
        return (log_ndtr(a[0]), 0.0, 0.0, 0.0)
    return composed(log_ndtr(a[0]), first, second, third, a)


@inlined_kernel
def log_one_minus_exponential(a: Taylor) -> Taylor:
    """Return ln(1 - exp(a)) for a[0] < 0."""
    e = math.exp(a[0])
    rest = -math.expm1(a[0])
    first = -e / rest
    second = first / rest
    return composed(np.log(rest), first, second, second * (1.0 + e) / rest, a)

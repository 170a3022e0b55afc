"""The closed form of two compartments (``kernels.twocomp``) carried out on Taylor polynomials."""

from __future__ import annotations

import math
from typing import NamedTuple

from pkpd.kernels._jit import inlined_kernel, kernel
from pkpd.kernels.taylor import (
    Taylor,
    added,
    constant,
    divided,
    exponential,
    multiplied,
    raised,
    scaled,
    square_root,
    subtracted,
)
from pkpd.kernels.twocomp import SHORT

# Below this root * step the series of cosh and sinh have all their digits with the terms taken.
_NEARLY_EQUAL = 0.1


class Spectrum(NamedTuple):
    """What the disposition of two compartments follows from, all [1/day] but ``square``."""

    k10: Taylor
    k12: Taylor
    k21: Taylor
    middle: Taylor
    half: Taylor
    square: Taylor
    root: Taylor
    slow: Taylor


@inlined_kernel
def spectrum_taylor(cl: Taylor, v1: Taylor, q: Taylor, v2: Taylor) -> Spectrum:
    """Return the rate constants and eigenvalues (text of ``kernels.twocomp``): m, its root and the slow eigenvalue."""
    k10, k12, k21 = divided(cl, v1), divided(q, v1), divided(q, v2)
    out = added(k10, k12)
    middle = scaled(added(out, k21), 0.5)
    half = scaled(subtracted(out, k21), 0.5)
    square = added(multiplied(half, half), multiplied(k12, k21))
    root = square_root(square)
    slow = divided(multiplied(k10, k21), added(middle, root))
    return Spectrum(k10, k12, k21, middle, half, square, root, slow)


@kernel
def advance_twocomp_taylor(
    central: Taylor, peripheral: Taylor, rate: float, by: Spectrum, step: float
) -> tuple[Taylor, Taylor]:
    """Return both amounts [mg] after ``step`` [day] of infusion at ``rate`` [mg/day]."""
    given1, given2 = constant(0.0), constant(0.0)
    u1, u2 = central, peripheral
    if rate > 0.0:
        if (by.middle[0] + by.root[0]) * step < SHORT:
            given1, given2 = _short_infusion(rate, by, step)
        else:
            given1 = divided(constant(rate), by.k10)
            given2 = divided(multiplied(given1, by.k12), by.k21)
            u1, u2 = subtracted(central, given1), subtracted(peripheral, given2)
    x = by.root[0] * step
    if x < _NEARLY_EQUAL:
        y = scaled(by.square, step * step)
        decay = exponential(scaled(by.middle, -step))
        cosine = raised(multiplied(y, raised(multiplied(y, raised(scaled(y, 1.0 / 720.0), 1.0 / 24.0)), 0.5)), 1.0)
        inner = raised(multiplied(y, raised(scaled(y, 1.0 / 5040.0), 1.0 / 120.0)), 1.0 / 6.0)
        sine = scaled(raised(multiplied(y, inner), 1.0), step)
    else:
        fast = exponential(scaled(by.root, -2.0 * step))
        decay = exponential(scaled(by.slow, -step))
        cosine = raised(scaled(fast, 0.5), 0.5)
        lost = (-math.expm1(-2.0 * x), -fast[1], -fast[2], -fast[3])
        sine = scaled(divided(lost, by.root), 0.5)
    cosine, sine = multiplied(decay, cosine), multiplied(decay, sine)
    turned1 = subtracted(multiplied(by.k21, u2), multiplied(by.half, u1))
    turned2 = added(multiplied(by.k12, u1), multiplied(by.half, u2))
    return (
        added(given1, added(multiplied(cosine, u1), multiplied(sine, turned1))),
        added(given2, added(multiplied(cosine, u2), multiplied(sine, turned2))),
    )


@kernel
def _short_infusion(rate: float, by: Spectrum, step: float) -> tuple[Taylor, Taylor]:
    """Return both amounts [mg] after an infusion alone, by the series of the module ``kernels.twocomp``."""
    out = added(by.k10, by.k12)
    term1, term2 = constant(rate * step), constant(0.0)
    total1, total2 = term1, term2
    for power in range(2, 10):
        scale = step / power
        back = multiplied(by.k21, term2)
        new1 = scaled(subtracted(back, multiplied(out, term1)), scale)
        term2 = scaled(subtracted(multiplied(by.k12, term1), back), scale)
        term1 = new1
        total1, total2 = added(total1, term1), added(total2, term2)
    return total1, total2

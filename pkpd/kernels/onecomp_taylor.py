"""The closed form of one compartment (``kernels.onecomp``) carried out on Taylor polynomials."""

from __future__ import annotations

import math

from pkpd.kernels._jit import inlined_kernel
from pkpd.kernels.taylor import Taylor, added, divided, exponential, multiplied, scaled


@inlined_kernel
def advance_onecomp_taylor(amount: Taylor, rate: float, k: Taylor, step: float) -> Taylor:
    """Return the amount [mg] after ``step`` [day] of elimination at k [1/day] and infusion at ``rate`` [mg/day]."""
    x = scaled(k, step)
    decay = exponential(scaled(x, -1.0))
    moved = multiplied(amount, decay)
    if rate == 0.0:
        return moved
    lost = (-math.expm1(-x[0]), -decay[1], -decay[2], -decay[3])
    return added(moved, scaled(divided(lost, x), rate * step))

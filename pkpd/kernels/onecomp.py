"""One compartment with infusion and first-order elimination, in closed form over one interval of constant rate.

With x = k dt: A(dt) = A(0) exp(-x) + R dt phi1(x), phi1(x) = (1 - exp(-x)) / x, and
integral of A = A(0) dt phi1(x) + R dt^2 phi2(x), phi2(x) = (1 - phi1(x)) / x.
"""

from __future__ import annotations

import math

from pkpd.kernels._jit import inlined_kernel, kernel

_SMALL = 1e-3


@inlined_kernel
def phi1(x: float) -> float:
    """Return (1 - exp(-x)) / x, 1 at zero."""
    return 1.0 if x == 0.0 else -math.expm1(-x) / x


@kernel
def phi2(x: float) -> float:
    """Return (1 - phi1(x)) / x, 1/2 at zero, without cancellation for small x."""
    if x < _SMALL:
        return 0.5 - x * (1.0 / 6.0 - x * (1.0 / 24.0 - x / 120.0))
    return (1.0 - phi1(x)) / x


@inlined_kernel
def advance_onecomp(amount: float, rate: float, k: float, step: float) -> float:
    """Return the amount [mg] after ``step`` [day] of elimination at k [1/day] and infusion at ``rate`` [mg/day]."""
    x = k * step
    moved = amount * math.exp(-x)
    return moved + rate * step * phi1(x) if rate != 0.0 else moved

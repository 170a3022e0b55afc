"""The closed forms of absorption (``kernels.absorption``) carried out on Taylor polynomials."""

from __future__ import annotations

import math

from pkpd.kernels._jit import inlined_kernel, kernel
from pkpd.kernels.taylor import Taylor, added, constant, divided, exponential, multiplied, raised, scaled, subtracted
from pkpd.kernels.twocomp_taylor import Spectrum

# Below it the series of phi1 has all its digits, and above it the quotient has.
_SMALL = 0.3
_TERMS = 14


@inlined_kernel
def _phi1_taylor(x: Taylor) -> Taylor:
    """Return (1 - exp(-x)) / x."""
    if x[0] < _SMALL:
        total = constant(1.0)
        for n in range(_TERMS, 1, -1):
            total = raised(scaled(multiplied(x, total), -1.0 / n), 1.0)
        return total
    decay = exponential(scaled(x, -1.0))
    return divided((-math.expm1(-x[0]), -decay[1], -decay[2], -decay[3]), x)


@kernel
def _through_both(a: Taylor, b: Taylor, step: float) -> Taylor:
    """Return E of ``kernels.absorption`` [day]."""
    less, more = (a, b) if a[0] < b[0] else (b, a)
    decay = exponential(scaled(less, -step))
    return scaled(multiplied(decay, _phi1_taylor(scaled(subtracted(more, less), step))), step)


@kernel
def absorbed_onecomp_taylor(depot: Taylor, ka: Taylor, k: Taylor, step: float) -> tuple[Taylor, Taylor]:
    """Return what is left in the depot, and what of it is in the central compartment after ``step`` [mg]."""
    left = multiplied(depot, exponential(scaled(ka, -step)))
    return left, multiplied(multiplied(depot, ka), _through_both(k, ka, step))


@kernel
def absorbed_twocomp_taylor(depot: Taylor, ka: Taylor, by: Spectrum, step: float) -> tuple[Taylor, Taylor, Taylor]:
    """Return what is left in the depot, and what of it is in the central and the peripheral compartment [mg]."""
    left = multiplied(depot, exponential(scaled(ka, -step)))
    given = multiplied(depot, ka)
    by_fast = _through_both(added(by.middle, by.root), ka, step)
    by_slow = _through_both(by.slow, ka, step)
    # The smaller share, without a difference of near equals.
    absolute = by.half if by.half[0] > 0.0 else scaled(by.half, -1.0)
    less = divided(scaled(multiplied(by.k12, by.k21), 0.5), multiplied(by.root, added(by.root, absolute)))
    more, other = (by_fast, by_slow) if by.half[0] > 0.0 else (by_slow, by_fast)
    central = added(subtracted(more, multiplied(less, more)), multiplied(less, other))
    peripheral = scaled(divided(multiplied(by.k12, subtracted(by_slow, by_fast)), by.root), 0.5)
    return left, multiplied(given, central), multiplied(given, peripheral)

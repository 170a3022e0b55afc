"""First-order absorption from a depot into one or two compartments, in closed form over one interval.

A depot D empties as D exp(-ka t). What of it is in the central compartment is added to what the disposition makes of the amounts
that were there before. With one compartment that is D ka E(k, ka, t), where

    E(a, b, t) = (exp(-a t) - exp(-b t)) / (b - a) = t exp(-min(a, b) t) phi1(|b - a| t),

the second form being exact also where both rate constants are equal. With two, the response exp(M t) e1 of the central
compartment is c exp(-fast t) + (1 - c) exp(-slow t), c = (1 + half / root) / 2, of which the smaller
share is k12 k21 / (2 root (root + |half|)), and that of the peripheral one
k12 (exp(-slow t) - exp(-fast t)) / (2 root) (symbols of ``kernels.twocomp``, half = (k10 + k12 - k21) / 2); each exponential is
replaced by its E. ADVAN2 and ADVAN4 of NONMEM.
"""

from __future__ import annotations

import math

from pkpd.arrays import FloatArray
from pkpd.kernels._jit import inlined_kernel, kernel
from pkpd.kernels.codes import (
    ABSORPTION_RATE,
    CENTRAL_VOLUME,
    CL_OR_KE,
    INTERCOMPARTMENTAL_CLEARANCE,
    PERIPHERAL_VOLUME,
)
from pkpd.kernels.onecomp import phi1
from pkpd.kernels.twocomp import spectrum


@inlined_kernel
def _through_both(a: float, b: float, step: float) -> float:
    """Return E of the module's text [day]."""
    return step * math.exp(-min(a, b) * step) * phi1(abs(b - a) * step)


@kernel
def absorbed_onecomp(depot: float, ka: float, k: float, step: float) -> tuple[float, float]:
    """Return what is left in the depot, and what of it is in the central compartment after ``step`` [mg]."""
    return depot * math.exp(-ka * step), depot * ka * _through_both(k, ka, step)


@kernel
def absorbed_twocomp(depot: float, parameters: FloatArray, step: float) -> tuple[float, float, float]:
    """Return what is left in the depot, and what of it is in the central and the peripheral compartment [mg]."""
    ka = parameters[ABSORPTION_RATE]
    v1, q = parameters[CENTRAL_VOLUME], parameters[INTERCOMPARTMENTAL_CLEARANCE]
    m, root, slow = spectrum(parameters[CL_OR_KE], v1, q, parameters[PERIPHERAL_VOLUME])
    by_fast, by_slow = _through_both(m + root, ka, step), _through_both(slow, ka, step)
    half = (parameters[CL_OR_KE] + q) / v1 - m
    # The smaller share without a difference of near equals.
    less = 0.5 * q / v1 * q / parameters[PERIPHERAL_VOLUME] / (root * (root + abs(half)))
    of_fast, of_slow = (1.0 - less, less) if half > 0.0 else (less, 1.0 - less)
    given = depot * ka
    return (
        depot * math.exp(-ka * step),
        given * (of_fast * by_fast + of_slow * by_slow),
        given * q / v1 * (by_slow - by_fast) / (2.0 * root),
    )

"""Two compartments with central infusion and elimination, in closed form over one interval of constant rate.

With M the rate matrix, m = (k10 + k12 + k21) / 2 and q = m^2 - k10 k21 (never negative), the eigenvalues are
-(m +- sqrt(q)) and exp(M t) = C I + S (M + m I), C = exp(-m t) cosh(sqrt(q) t), S = exp(-m t) sinh(sqrt(q) t) / sqrt(q).
An infusion adds the difference of the steady state and what of it is left, which cancels over steps shorter than the
rate constants; so does the area by mass balance. There the series a(t) = a(0) + (t + M t^2 / 2 + M^2 t^3 / 6 + ...) a'(0)
takes their place, with a'(0) = M a(0) + rate e1.
"""

from __future__ import annotations

import math

from pkpd.arrays import FloatArray
from pkpd.kernels._jit import kernel

_SMALL = 1e-4
SHORT = 0.05
"""Product of the fast eigenvalue and a step below which the series has all its digits."""


@kernel
def spectrum(cl: float, v1: float, q: float, v2: float) -> tuple[float, float, float]:
    """Return m, sqrt(q) and the slow eigenvalue [1/day] of the disposition (see the module's text)."""
    k10 = cl / v1
    k12 = q / v1
    k21 = q / v2
    m = 0.5 * (k10 + k12 + k21)
    half = 0.5 * (k10 + k12 - k21)
    root = math.sqrt(half * half + k12 * k21)
    return m, root, k10 * k21 / (m + root)


@kernel
def propagator(root: float, step: float) -> tuple[float, float]:
    """Return C and S of the module's text times exp(step * slow eigenvalue), so that neither can underflow."""
    x = root * step
    fast = math.exp(-2.0 * x)
    cosine = 0.5 * (1.0 + fast)
    if x < _SMALL:
        return cosine, step * math.exp(-x) * (1.0 + x * x / 6.0)
    return cosine, -math.expm1(-2.0 * x) / (2.0 * root)


@kernel
def advance_twocomp(
    central: float, peripheral: float, rate: float, parameters: FloatArray, step: float
) -> tuple[float, float]:
    """Return both amounts [mg] after ``step`` [day]; ``parameters`` are CL, V1, Q, V2."""
    cl, v1, q, v2 = parameters[0], parameters[1], parameters[2], parameters[3]
    m, root, slow = spectrum(cl, v1, q, v2)
    if (m + root) * step < SHORT:
        _, central, peripheral = short_step(central, peripheral, rate, parameters, step)
        return central, peripheral
    cosine, sine = propagator(root, step)
    decay = math.exp(-slow * step)
    given1, given2 = rate * v1 / cl, rate * v2 / cl
    u1, u2 = central - given1, peripheral - given2
    g11 = m - (cl + q) / v1
    return (
        given1 + decay * (cosine * u1 + sine * (g11 * u1 + q / v2 * u2)),
        given2 + decay * (cosine * u2 + sine * (q / v1 * u1 - g11 * u2)),
    )


@kernel
def short_step(
    central: float, peripheral: float, rate: float, parameters: FloatArray, step: float
) -> tuple[float, float, float]:
    """Return the integral of the central amount [mg day] and both amounts [mg], by the series of the module's text."""
    k10, k12, k21 = parameters[0] / parameters[1], parameters[2] / parameters[1], parameters[2] / parameters[3]
    back = k21 * peripheral
    term1, term2 = step * (rate + back - (k10 + k12) * central), step * (k12 * central - back)
    total1, total2 = central + term1, peripheral + term2
    mean = central + 0.5 * term1
    for power in range(2, 10):
        scale = step / power
        back = k21 * term2
        term1, term2 = scale * (back - (k10 + k12) * term1), scale * (k12 * term1 - back)
        total1 += term1
        total2 += term2
        mean += term1 / (power + 1)
    return step * mean, total1, total2

"""Two compartments with central infusion and elimination, in closed form over one interval of constant rate.

With M the rate matrix, m = (k10 + k12 + k21) / 2 and q = m^2 - k10 k21 (never negative), the eigenvalues are
-(m +- sqrt(q)) and exp(M t) = C I + S (M + m I), C = exp(-m t) cosh(sqrt(q) t), S = exp(-m t) sinh(sqrt(q) t) / sqrt(q).
Both are analytic in (m, q), which gives the derivatives without a case for equal eigenvalues:
dC/dm = -t C, dC/dq = t S / 2, dS/dm = -t S, dS/dq = (t C - S) / (2 q).
An infusion adds the difference of the steady state and what of it is left, which cancels over steps shorter than the
rate constants; there the series rate t (1 + M t / 2 + M^2 t^2 / 6 + ...) e1 takes its place.
"""

from __future__ import annotations

import math

from pkpd.arrays import FloatArray
from pkpd.kernels._jit import kernel

_SMALL = 1e-4
# Products of rate constants and step below which the series has all its digits.
_SHORT = 0.05


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
    cosine, sine = propagator(root, step)
    decay = math.exp(-slow * step)
    given1, given2 = rate * v1 / cl, rate * v2 / cl
    u1, u2 = central - given1, peripheral - given2
    if (m + root) * step < _SHORT:
        given1, given2 = _short_infusion(rate, cl / v1, q / v1, q / v2, step)
        u1, u2 = central, peripheral
    g11 = m - (cl + q) / v1
    return (
        given1 + decay * (cosine * u1 + sine * (g11 * u1 + q / v2 * u2)),
        given2 + decay * (cosine * u2 + sine * (q / v1 * u1 - g11 * u2)),
    )


@kernel
def _short_infusion(rate: float, k10: float, k12: float, k21: float, step: float) -> tuple[float, float]:
    """Return both amounts [mg] after an infusion alone, by the series of the module's text."""
    term1, term2 = rate * step, 0.0
    total1, total2 = term1, term2
    for power in range(2, 10):
        scale = step / power
        term1, term2 = scale * (k21 * term2 - (k10 + k12) * term1), scale * (k12 * term1 - k21 * term2)
        total1 += term1
        total2 += term2
    return total1, total2


@kernel
def advance_twocomp_derivatives(state: FloatArray, rate: float, parameters: FloatArray, step: float) -> None:
    """Advance both amounts and their derivatives with respect to ln CL, ln V1, ln Q, ln V2, in place.

    Parameters
    ----------
    state : (5, 2) array
        Row 0 the amounts [mg], rows 1 to 4 the derivatives; overwritten.
    rate, step : float
        Infusion rate [mg/day], time [day].
    parameters : (4,) array
        CL [L/day], V1 [L], Q [L/day], V2 [L].
    """
    cl, v1, q, v2 = parameters[0], parameters[1], parameters[2], parameters[3]
    m, root, slow = spectrum(cl, v1, q, v2)
    cosine, sine = propagator(root, step)
    decay = math.exp(-slow * step)
    cosine *= decay
    sine *= decay
    k10, k12, k21 = cl / v1, q / v1, q / v2
    square = root * root
    if root * step < 1e-3:
        sine_q = math.exp(-m * step) * step * step * step * (1.0 / 6.0 + square * step * step / 60.0)
    else:
        sine_q = (step * cosine - sine) / (2.0 * square)
    is_short = (m + root) * step < _SHORT
    given1, given2 = rate * v1 / cl, rate * v2 / cl
    u1, u2 = state[0, 0] - given1, state[0, 1] - given2
    if is_short:
        given1, given2 = _short_infusion(rate, k10, k12, k21, step)
        u1, u2 = state[0, 0], state[0, 1]
    g11 = m - k10 - k12
    gu1 = g11 * u1 + k21 * u2
    gu2 = k12 * u1 - g11 * u2
    for j in range(4):
        d10 = k10 if j == 0 else (-k10 if j == 1 else 0.0)
        d12 = k12 if j == 2 else (-k12 if j == 1 else 0.0)
        d21 = k21 if j == 2 else (-k21 if j == 3 else 0.0)
        dm = 0.5 * (d10 + d12 + d21)
        dq = 2.0 * m * dm - d10 * k21 - k10 * d21
        dcosine = -step * cosine * dm + 0.5 * step * sine * dq
        dsine = -step * sine * dm + sine_q * dq
        dg11 = dm - d10 - d12
        if is_short:
            dgiven1, dgiven2 = _short_infusion_derivatives(rate, k10, k12, k21, d10, d12, d21, step)
            w1, w2 = state[1 + j, 0], state[1 + j, 1]
        else:
            dgiven1 = -given1 if j == 0 else (given1 if j == 1 else 0.0)
            dgiven2 = -given2 if j == 0 else (given2 if j == 3 else 0.0)
            w1, w2 = state[1 + j, 0] - dgiven1, state[1 + j, 1] - dgiven2
        state[1 + j, 0] = (
            dgiven1
            + cosine * w1
            + sine * (g11 * w1 + k21 * w2)
            + dcosine * u1
            + dsine * gu1
            + sine * (dg11 * u1 + d21 * u2)
        )
        state[1 + j, 1] = (
            dgiven2
            + cosine * w2
            + sine * (k12 * w1 - g11 * w2)
            + dcosine * u2
            + dsine * gu2
            + sine * (d12 * u1 - dg11 * u2)
        )
    state[0, 0] = given1 + cosine * u1 + sine * gu1
    state[0, 1] = given2 + cosine * u2 + sine * gu2


@kernel
def _short_infusion_derivatives(
    rate: float, k10: float, k12: float, k21: float, d10: float, d12: float, d21: float, step: float
) -> tuple[float, float]:
    """Return the derivatives of ``_short_infusion`` with respect to what changes the rate constants by d10, d12, d21."""
    term1, term2 = rate * step, 0.0
    slope1, slope2 = 0.0, 0.0
    total1, total2 = 0.0, 0.0
    for power in range(2, 10):
        scale = step / power
        slope1, slope2 = (
            scale * (k21 * slope2 - (k10 + k12) * slope1 + d21 * term2 - (d10 + d12) * term1),
            scale * (k12 * slope1 - k21 * slope2 + d12 * term1 - d21 * term2),
        )
        term1, term2 = scale * (k21 * term2 - (k10 + k12) * term1), scale * (k12 * term1 - k21 * term2)
        total1 += slope1
        total2 += slope2
    return total1, total2

"""The individual objective along straight lines through the random effects.

Whitened coordinates are z = y d + W w: d the first column of the subject's frame, W the others. A line holds w and runs
over y. Where every clearance and volume carries a random effect, d multiplies them all alike: the rate constants stay,
every prediction is f(0) exp(-line_scale y), and a line costs one walk over the events. Elsewhere d runs along the
clearance, and every node costs a walk. Along either kind of line concentrations, areas and ln(AUC/CL) fall monotonically.
"""

from __future__ import annotations

import math

import numpy as np

from pkpd.arrays import FloatArray
from pkpd.kernels._jit import inlined_kernel, kernel
from pkpd.kernels.advance import eta_from_white, predict
from pkpd.kernels.codes import (
    ADDITIVE,
    CENSORED,
    ERROR_KIND,
    EXPONENT,
    LEVEL,
    LLOQ,
    PROPORTIONAL,
    ULOQ,
    Censored,
    ErrorKind,
    PackedSubject,
)
from pkpd.kernels.objective import minus2_log_likelihood
from pkpd.kernels.residual import LOG_2PI, minus2_log_density
from pkpd.kernels.special import log_ndtr_lookup

_NONE = float(Censored.NONE)
_BELOW = float(Censored.BELOW)
_BETWEEN = float(Censored.BETWEEN)
_VARIANCES_ADD = float(ErrorKind.VARIANCES_ADD)


@inlined_kernel
def white_on_line(subject: PackedSubject, outer: FloatArray, y: float, z: FloatArray) -> None:
    """Write z = y d + W w."""
    for i in range(z.size):
        total = y * subject.frame[i, 0]
        for j in range(outer.size):
            total += subject.frame[i, 1 + j] * outer[j]
        z[i] = total


@kernel
def line_objective(subject: PackedSubject, outer: FloatArray, low: float, step: float, values: FloatArray) -> None:
    """Write phi (``objective.objective``) at the nodes low + m step of the line through ``outer``.

    Parameters
    ----------
    outer : (n_eta - 1,) array
        Position of the line.
    values : (n_nodes,) array
        Overwritten.
    """
    n = outer.size + 1
    z = np.empty(n)
    eta = np.empty(n)
    observations = subject.observations
    prediction = np.empty(observations.shape[0])
    penalty = 0.0
    for j in range(outer.size):
        penalty += outer[j] * outer[j]
    if subject.line_scale > 0.0:
        white_on_line(subject, outer, low, z)
        eta_from_white(subject, z, eta)
        predict(subject, eta, prediction)
        for m in range(values.size):
            y = low + m * step
            values[m] = penalty + y * y
        for o in range(observations.shape[0]):
            _add_scaled_observation(observations[o], prediction[o], subject.line_scale * step, values)
        return
    for m in range(values.size):
        y = low + m * step
        white_on_line(subject, outer, y, z)
        eta_from_white(subject, z, eta)
        predict(subject, eta, prediction)
        values[m] = penalty + y * y + minus2_log_likelihood(subject, prediction)


@inlined_kernel
def _add_scaled_observation(observation: FloatArray, first: float, log_step: float, values: FloatArray) -> None:
    """Add one observation's -2 log density at predictions first * exp(-m log_step).

    A purely proportional error, the common case, needs no logarithm at each node.
    """
    level, censored = observation[LEVEL], observation[CENSORED]
    additive, proportional = observation[ADDITIVE], observation[PROPORTIONAL]
    is_plain = observation[ERROR_KIND] == _VARIANCES_ADD and observation[EXPONENT] == 1.0 and censored != _BETWEEN
    if additive != 0.0 or first == 0.0 or not is_plain:
        for m in range(values.size):
            values[m] += minus2_log_density(observation, first * math.exp(-log_step * m))
        return
    inverse = 1.0 / proportional
    growth = math.exp(log_step)
    if censored == _NONE:
        constant = LOG_2PI + 2.0 * math.log(proportional * first)
        ratio = level / first
        for m in range(values.size):
            z = (ratio - 1.0) * inverse
            values[m] += constant - 2.0 * log_step * m + z * z
            ratio *= growth
        return
    limit, sign = (observation[LLOQ], 1.0) if censored == _BELOW else (observation[ULOQ], -1.0)
    ratio = limit / first
    for m in range(values.size):
        values[m] -= 2.0 * log_ndtr_lookup(sign * (ratio - 1.0) * inverse)
        ratio *= growth

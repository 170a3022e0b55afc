"""Probabilities of reaching an exposure for many regimens at once.

At given rate constants the area under the curve is linear in the doses, so that one table of areas per mg for every line
and infusion time serves every regimen. On lines of constant rate constants ln(AUC/CL) falls by 2 line_scale per unit of y:
the point where a regimen meets a target is a subtraction away, and its probability is one look-up for each line.
"""

from __future__ import annotations

import math

import numpy as np

from pkpd.arrays import FloatArray, IntArray
from pkpd.kernels._jit import inlined_kernel, kernel, parallel_kernel, prange
from pkpd.kernels.quadrature import integral_at


@inlined_kernel
def _regimen_area(areas: FloatArray, fixed: FloatArray, times: IntArray, amounts: FloatArray, line: int) -> float:
    """Return the scaled area of the fixed doses and the regimen's on one line."""
    total = fixed[line]
    for j in range(times.size):
        if times[j] >= 0:
            total += amounts[j] * areas[times[j], line]
    return total


@inlined_kernel
def regimen_probability(
    areas: FloatArray,
    fixed: FloatArray,
    offset: FloatArray,
    fall: FloatArray,
    step: FloatArray,
    density: FloatArray,
    integral: FloatArray,
    times: IntArray,
    amounts: FloatArray,
    target: float,
) -> float:
    """Return P(ln(AUC/CL) >= target) of one regimen (see ``regimen_probabilities``)."""
    n_nodes = density.shape[1]
    reached = 0.0
    for line in range(fixed.size):
        total = _regimen_area(areas, fixed, times, amounts, line)
        if total <= 0.0:
            continue
        position = (math.log(total) + offset[line] - target) / fall[line]
        if position >= n_nodes - 1:
            reached += integral[line, n_nodes - 1]
        elif position > 0.0:
            value, _ = integral_at(density[line], integral[line], step[line], position)
            reached += value
    return min(max(reached, 0.0), 1.0)


@parallel_kernel
def regimen_probabilities(
    areas: FloatArray,
    fixed: FloatArray,
    offset: FloatArray,
    fall: FloatArray,
    step: FloatArray,
    density: FloatArray,
    integral: FloatArray,
    times: IntArray,
    amounts: FloatArray,
    target: float,
    result: FloatArray,
) -> None:
    """Write P(ln(AUC/CL) >= target) of every regimen, on all threads.

    Parameters
    ----------
    areas : (n_times, n_lines) array
        Area per mg of a dose at each infusion time, at the first node of each line, times exp(-offset).
    fixed : (n_lines,) array
        Area of the doses that every regimen holds, likewise.
    offset : (n_lines,) array
        ln(AUC/CL) at the first node of a line is ln(total) + offset.
    fall : (n_lines,) array
        Fall of ln(AUC/CL) per node along each line.
    step, density, integral
        See ``quadrature.integrate_lines``.
    times, amounts : (n_regimens, k) arrays
        Infusion times as indices, -1 for none, and amounts [mg].
    result : (n_regimens,) array
        Overwritten.
    """
    for r in prange(times.shape[0]):
        result[r] = regimen_probability(
            areas, fixed, offset, fall, step, density, integral, times[r], amounts[r], target
        )


@kernel
def regimen_probabilities_alone(
    areas: FloatArray,
    fixed: FloatArray,
    offset: FloatArray,
    fall: FloatArray,
    step: FloatArray,
    density: FloatArray,
    integral: FloatArray,
    times: IntArray,
    amounts: FloatArray,
    target: float,
    result: FloatArray,
) -> None:
    """Do the same on the calling thread: waking the others costs more than a few thousand regimens."""
    for r in range(times.shape[0]):
        result[r] = regimen_probability(
            areas, fixed, offset, fall, step, density, integral, times[r], amounts[r], target
        )


@kernel
def regimen_log_exposures(
    areas: FloatArray, fixed: FloatArray, offset: float, times: IntArray, amounts: FloatArray, result: FloatArray
) -> None:
    """Write ln(AUC/CL) of every regimen at one point of the parameters.

    Parameters
    ----------
    areas, fixed, offset
        As in ``regimen_probabilities``, for a single line: (n_times, 1), (1,) and a number.
    """
    for r in range(times.shape[0]):
        total = _regimen_area(areas, fixed, times[r], amounts[r], 0)
        result[r] = math.log(total) + offset if total > 0.0 else -np.inf

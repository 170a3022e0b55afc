"""Probabilities of reaching an exposure for many regimens at once.

At given rate constants the area under the curve is linear in the doses, so that one table of areas per mg for every line
and infusion time serves every regimen. On lines of constant rate constants ln(AUC/CL) falls by 2 line_scale per unit of y:
the point where a regimen meets a target is a subtraction away, and its probability is one look-up for each line.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np

from pkpd.arrays import FloatArray, IntArray
from pkpd.kernels._jit import inlined_kernel, kernel, parallel_kernel, prange
from pkpd.kernels.quadrature import integral_at

# Share of a line's mass that counts as nothing.
_NOTHING = 1e-9


class SearchLines(NamedTuple):
    """Lines of constant rate constants of a posterior, with what the exposure of a regimen follows from.

    Attributes
    ----------
    areas : (n_times, n_lines) array
        Area per mg of a dose at each infusion time, at the first node of each line, times exp(-offset) CL.
    fixed : (n_lines,) array
        Area of the doses that every regimen holds, likewise.
    offset : (n_lines,) array
        ln(AUC/CL) at the first node of a line is ln(total) + offset.
    fall : (n_lines,) array
        Fall of ln(AUC/CL) per node along each line.
    step, density, integral
        See ``quadrature.integrate_lines``.
    """

    areas: FloatArray
    fixed: FloatArray
    offset: FloatArray
    fall: FloatArray
    step: FloatArray
    density: FloatArray
    integral: FloatArray


@inlined_kernel
def _regimen_area(areas: FloatArray, fixed: FloatArray, times: IntArray, amounts: FloatArray, line: int) -> float:
    """Return the scaled area of the fixed doses and the regimen's on one line."""
    total = fixed[line]
    for j in range(times.size):
        if times[j] >= 0:
            total += amounts[j] * areas[times[j], line]
    return total


@inlined_kernel
def _probability(
    lines: SearchLines, least: FloatArray, most: FloatArray, times: IntArray, amounts: FloatArray, target: float
) -> float:
    """Return P(ln(AUC/CL) >= target) of one regimen.

    Lines on which the area is too small for any part of the posterior, or large enough for all of it, need no logarithm.
    """
    n_nodes = lines.density.shape[1]
    reached = 0.0
    for line in range(lines.fixed.size):
        total = _regimen_area(lines.areas, lines.fixed, times, amounts, line)
        if total >= most[line]:
            reached += lines.integral[line, n_nodes - 1]
        elif total > least[line]:
            position = (math.log(total) + lines.offset[line] - target) / lines.fall[line]
            if position >= n_nodes - 1:
                reached += lines.integral[line, n_nodes - 1]
            elif position > 0.0:
                value, _ = integral_at(lines.density[line], lines.integral[line], lines.step[line], position)
                reached += value
    return min(max(reached, 0.0), 1.0)


@kernel
def _limits(lines: SearchLines, target: float, least: FloatArray, most: FloatArray) -> None:
    """Write the areas on each line below which nothing, and above which all of its mass, meets the target."""
    n_nodes = lines.density.shape[1]
    for line in range(lines.fixed.size):
        mass = lines.integral[line, n_nodes - 1]
        first, last = 0, n_nodes - 1
        while first < n_nodes - 1 and lines.integral[line, first + 1] <= _NOTHING * mass:
            first += 1
        while last > first and lines.integral[line, last - 1] >= (1.0 - _NOTHING) * mass:
            last -= 1
        least[line] = math.exp(target - lines.offset[line] + first * lines.fall[line])
        most[line] = math.exp(target - lines.offset[line] + last * lines.fall[line])


@parallel_kernel
def regimen_probabilities(
    lines: SearchLines, times: IntArray, amounts: FloatArray, target: float, result: FloatArray
) -> None:
    """Write P(ln(AUC/CL) >= target) of every regimen, on all threads.

    Parameters
    ----------
    lines : SearchLines
        Lines of the posterior with their areas per mg.
    times, amounts : (n_regimens, k) arrays
        Infusion times as indices, -1 for none, and amounts [mg].
    target : float
        Target.
    result : (n_regimens,) array
        Overwritten.
    """
    least = np.empty(lines.fixed.size)
    most = np.empty(lines.fixed.size)
    _limits(lines, target, least, most)
    for r in prange(times.shape[0]):
        result[r] = _probability(lines, least, most, times[r], amounts[r], target)


@kernel
def regimen_probabilities_alone(
    lines: SearchLines, times: IntArray, amounts: FloatArray, target: float, result: FloatArray
) -> None:
    """Do the same on the calling thread: waking the others costs more than a few thousand regimens."""
    least = np.empty(lines.fixed.size)
    most = np.empty(lines.fixed.size)
    _limits(lines, target, least, most)
    for r in range(times.shape[0]):
        result[r] = _probability(lines, least, most, times[r], amounts[r], target)


@kernel
def regimen_log_exposures(
    areas: FloatArray, fixed: FloatArray, offset: float, times: IntArray, amounts: FloatArray, result: FloatArray
) -> None:
    """Write ln(AUC/CL) of every regimen at one point of the parameters.

    Parameters
    ----------
    areas, fixed, offset
        As in ``SearchLines``, for a single line: (n_times, 1), (1,) and a number.
    """
    for r in range(times.shape[0]):
        total = _regimen_area(areas, fixed, times[r], amounts[r], 0)
        result[r] = math.log(total) + offset if total > 0.0 else -np.inf

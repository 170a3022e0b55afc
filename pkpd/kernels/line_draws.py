"""A point drawn on each of some lines, from the density along it."""

from __future__ import annotations

import numpy as np

from pkpd.arrays import FloatArray
from pkpd.kernels._jit import inlined_kernel, kernel
from pkpd.kernels.codes import PackedSubject
from pkpd.kernels.quadrature import integral_at, integrate_line

_HALVINGS = 60


@kernel
def draw_on_lines(
    subject: PackedSubject,
    outer: FloatArray,
    uniform: FloatArray,
    reach: float,
    least: float,
    n_nodes: int,
    along: FloatArray,
    mass: FloatArray,
) -> None:
    """Write a point on each line, drawn by its running integral, and the integral of exp(-(phi - least) / 2) over the line.

    Parameters
    ----------
    outer : (n, n_eta - 1) array
        Positions of the lines.
    uniform : (n,) array
        What draws, between 0 and 1.
    reach, least : float
        As ``quadrature.integrate_lines``.
    n_nodes : int
        Nodes of a line.
    along, mass : (n,) arrays
        Overwritten.
    """
    values, density, integral = np.empty(n_nodes), np.empty(n_nodes), np.empty(n_nodes)
    for i in range(uniform.size):
        low, step, _ = integrate_line(subject, outer[i], -reach, reach, least, values, density, integral)
        mass[i] = integral[n_nodes - 1]
        along[i] = low + step * _node_of(density, integral, step, uniform[i] * mass[i])


@inlined_kernel
def _node_of(density: FloatArray, integral: FloatArray, step: float, target: float) -> float:
    """Return the fractional node at which the running integral reaches a target."""
    m = min(max(int(np.searchsorted(integral, target)) - 1, 0), integral.size - 2)
    low, high = float(m), m + 1.0
    for _ in range(_HALVINGS):
        middle = 0.5 * (low + high)
        # The end of a cell belongs to the next one for ``integral_at``.
        value, _slope = integral_at(density, integral, step, middle)
        if value < target:
            low = middle
        else:
            high = middle
        if high - low < 1e-12 * (1.0 + m):
            break
    return 0.5 * (low + high)

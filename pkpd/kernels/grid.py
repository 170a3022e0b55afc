"""Lines through the nodes of a grid that grows from the modes as far as there is mass, for three random effects or more.

The nodes are centre + spacing F c with whole numbers c: the trapezoidal rule in every outer coordinate, in the shape that
the factor F of a covariance gives it. A node next to one whose line holds mass is looked at; the others never are.
"""

from __future__ import annotations

import numpy as np

from pkpd.arrays import BoolArray, FloatArray, IntArray
from pkpd.kernels._jit import inlined_kernel, kernel
from pkpd.kernels.codes import PackedSubject
from pkpd.kernels.quadrature import integrate_line

# A line with less than this share of the fullest line's mass has no neighbours.
_NEGLIGIBLE = 1e-7
# A line is first looked for where its neighbour lies, and this much of that range beyond either end.
_MARGIN = 0.1


@inlined_kernel
def _place(cell: IntArray, half: int) -> int:
    """Return the number of a cell in the box of 2 half + 1 cells to a side; -1 outside."""
    place = 0
    for i in range(cell.size):
        if abs(cell[i]) > half:
            return -1
        place = place * (2 * half + 1) + cell[i] + half
    return place


@kernel
def grow_grid(
    subject: PackedSubject,
    centre: FloatArray,
    factor: FloatArray,
    seeds: IntArray,
    seen: BoolArray,
    half: int,
    reach: float,
    least: float,
    cells: IntArray,
    outer: FloatArray,
    low: FloatArray,
    step: FloatArray,
    density: FloatArray,
    integral: FloatArray,
) -> tuple[int, float]:
    """Integrate along the lines of a grid, from the seeds to wherever there is mass.

    Parameters
    ----------
    centre : (n_outer,) array
        Position of the cell (0, ..., 0).
    factor : (n_outer, n_outer) array
        Its columns lead from a cell to the next ones.
    seeds : (n_seeds, n_outer) array
        Cells to grow from, that of the deepest mode first.
    seen : ((2 half + 1)^n_outer,) array
        All False; overwritten. Cells beyond ``half`` are not looked at.
    reach, least : float
        See ``quadrature.integrate_lines``.
    cells, outer : (n_lines, n_outer) arrays
        Overwritten with the cell and the position of each line. The grid stops growing where they are full.
    low, step : (n_lines,) arrays
        Overwritten with the first node and the node distance of each line.
    density, integral : (n_lines, n_nodes) arrays
        Overwritten with the density along each line and its running integral, in units of exp(-least / 2).

    Returns
    -------
    int, float
        Number of lines, and the sum of the changes from leaving out every second node of each.
    """
    most, n_outer = cells.shape
    n_nodes = density.shape[1]
    values = np.empty(n_nodes)
    parent = np.full(most, -1)
    near = np.empty(n_outer, dtype=np.int64)
    n = 0
    for s in range(seeds.shape[0]):
        n = _add(seeds[s], -1, seen, half, cells, parent, n)
    fullest = 0.0
    coarse = 0.0
    line = 0
    while line < n:
        for i in range(n_outer):
            outer[line, i] = centre[i]
            for j in range(n_outer):
                outer[line, i] += factor[i, j] * cells[line, j]
        start, end = -reach, reach
        if parent[line] >= 0:
            width = step[parent[line]] * (n_nodes - 1)
            start = low[parent[line]] - _MARGIN * width
            end = start + (1.0 + 2.0 * _MARGIN) * width
        low[line], step[line], error = integrate_line(
            subject, outer[line], start, end, least, values, density[line], integral[line]
        )
        coarse += error
        mass = integral[line, n_nodes - 1]
        fullest = max(fullest, mass)
        if mass > _NEGLIGIBLE * fullest:
            for i in range(n_outer):
                for side in (-1, 1):
                    near[:] = cells[line]
                    near[i] += side
                    n = _add(near, line, seen, half, cells, parent, n)
        line += 1
    return n, coarse


@inlined_kernel
def _add(cell: IntArray, source: int, seen: BoolArray, half: int, cells: IntArray, parent: IntArray, n: int) -> int:
    """Append a cell that was not seen before; return the number of cells."""
    place = _place(cell, half)
    if place < 0 or seen[place] or n >= parent.size:
        return n
    seen[place] = True
    cells[n] = cell
    parent[n] = source
    return n + 1

"""Integration over three random effects or more, along lines through a grid in the shape of the posterior."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from pkpd.kernels.advance import subject_at
from pkpd.kernels.grid import grow_grid
from pkpd.kernels.quadrature import coarser_rule_errors
from pkpd.problem import half_life_direction

if TYPE_CHECKING:
    from pkpd.arrays import FloatArray, IntArray
    from pkpd.estimation.map import MapEstimates
    from pkpd.problem import Problem

_REACH = 7.0
_N_NODES = 48
# Distances of the lines in standard deviations of the posterior: of the pilot that the standard deviations come from, the
# first one tried after it by the number of outer coordinates, and how much smaller each further one is.
_PILOT_SPACING, _FINER = 1.0, 0.8
_SPACING = {2: 0.45, 3: 0.6, 4: 1.1, 5: 1.2}
# The first axis carries the distribution of the half-life, which needs a distance that holds every detail of it.
_LARGEST_FIRST = 0.75
_MOST_PILOTS = 8
_NODE_TOLERANCE = 5e-3
_PILOT_LINES, _MOST_LINES = 4_000, 40_000
# Cells to either side of the centre, by the number of outer coordinates: memory for a few million cells.
_HALF = {2: 800, 3: 80, 4: 20, 5: 10}
# Lines with less than this share of the mass are left out at the end.
_NOTHING = 1e-10
_RIGHT_ANGLE = 1e-9
# Least variance along any axis, in units of the prior's, and least number of lines that share the mass, for each axis.
_LEAST_VARIANCE, _FEWEST_PER_AXIS = 1e-8, 1.5
_SMALLEST_SPACING = 0.1


@dataclass(frozen=True, slots=True)
class Accuracy:
    """How far a grid is refined.

    Parameters
    ----------
    tolerance : float
        Largest estimated error of a set of probabilities.
    widening : float
        Factor of the first distance of lines that is tried.
    """

    tolerance: float
    widening: float


ACCURATE, ROUGH = Accuracy(1e-3, 1.0), Accuracy(1e-2, 1.4)
"""For a patient's own model, and for one of many models that are averaged."""


@dataclass(frozen=True, slots=True)
class GridLines:
    """Lines with their densities, which sum to a total mass of one.

    Parameters
    ----------
    outer : (n_lines, n_outer) array
        Positions of the lines, whitened.
    axes : (n_outer, n_outer) array
        Its columns lead from a line to the next ones; ln of the half-life is straight along the first.
    half : (n_half,) array
        Every second line, in the manner of a chequerboard.
    low, step : (n_lines,) arrays
        First node and node distance of each line.
    density, integral : (n_lines, n_nodes) arrays
        Density along each line and its running integral.
    log_mass : float
        Logarithm of the integral of exp(-phi / 2).
    error : float
        Estimated error of a set of probabilities (``_extrapolated``).
    node_error : float
        Relative change of the mass from leaving out every second node.
    is_full : bool
        Whether the grid stopped growing at the largest number of lines.
    """

    outer: FloatArray
    axes: FloatArray
    half: IntArray
    low: FloatArray
    step: FloatArray
    density: FloatArray
    integral: FloatArray
    log_mass: float
    error: float
    node_error: float
    is_full: bool


def integrate_grid(problem: Problem, mode: MapEstimates, accuracy: Accuracy) -> GridLines | None:
    """Integrate the posterior of one subject.

    Parameters
    ----------
    problem : Problem
        The model and this subject alone.
    mode : MapEstimates
        Its modes; the grid grows from each.
    accuracy : Accuracy
        How far it is refined.

    Returns
    -------
    GridLines or None
        With an error above the tolerance where the largest number of lines was reached before; None where no grid finds
        the mass.
    """
    first = _first_axis(problem)
    shapes = (_from_curvature(problem, mode, first), _from_prior(problem, mode, first))
    pilots = (_pilot(problem, mode, first, *shape) for shape in shapes)
    found = next((pilot for pilot in pilots if pilot is not None), None)
    if found is None:
        return None
    centre, factor, n_nodes = found
    spacing = accuracy.widening * _SPACING[centre.size]
    lines = _grow(problem, mode, centre, _steps(factor, spacing), _MOST_LINES, n_nodes)
    while lines is None or lines.error >= accuracy.tolerance:
        spacing *= _FINER
        finer = _grow(problem, mode, centre, _steps(factor, spacing), _MOST_LINES, n_nodes)
        if spacing < _SMALLEST_SPACING or (finer is not None and finer.is_full):
            return finer if lines is None else lines
        lines = finer
    return lines


def _pilot(
    problem: Problem, mode: MapEstimates, first: FloatArray, centre: FloatArray, factor: FloatArray
) -> tuple[FloatArray, FloatArray, int] | None:
    """Return centre and axes of the posterior and the nodes that its lines need; None where the mass is not found."""
    n_nodes = _N_NODES
    is_found = False
    for _ in range(_MOST_PILOTS):
        pilot = _grow(problem, mode, centre, _PILOT_SPACING * factor, _PILOT_LINES, n_nodes)
        if pilot is None or _lines_that_count(pilot) < _FEWEST_PER_AXIS**centre.size:
            # Too coarse for what may be a sliver: the lines next to the mode hold all of it, or none does.
            factor = 0.5 * factor
            continue
        is_found = True
        centre, factor = _from_moments(pilot, first)
        if pilot.node_error > _NODE_TOLERANCE:
            n_nodes *= 2
        elif not pilot.is_full:
            break
    return (centre, factor, n_nodes) if is_found else None


def _lines_that_count(lines: GridLines) -> float:
    """Return how many lines of equal mass would be as uneven."""
    return 1.0 / float(np.square(lines.integral[:, -1]).sum())


def is_half_life_straight(problem: Problem) -> bool:
    """Return whether ln of the half-life is a straight line along the first axis of the grid.

    It is where the axis multiplies all rate constants alike: on lines of constant rate constants, or at a right angle to
    the lines in whitened coordinates.
    """
    white = _half_life_axis(problem)
    return white is not None and bool(problem.subjects.line_scale[0] > 0.0 or abs(white[0]) < _RIGHT_ANGLE)


def _half_life_axis(problem: Problem) -> FloatArray | None:
    """Return the direction that multiplies all rate constants alike in the frame of the lines, or None without one."""
    found = half_life_direction(problem.model)
    if found is None:
        return None
    white = np.asarray(np.linalg.solve(problem.subjects.omega_cholesky[0], found), dtype=np.float64)
    turned = white @ problem.subjects.frame[0]
    return turned / np.linalg.norm(turned)


def _first_axis(problem: Problem) -> FloatArray:
    """Return the outer coordinates' part of the half-life's axis, or else the first coordinate."""
    white = _half_life_axis(problem)
    return np.eye(problem.n_eta - 1)[0] if white is None else white[1:]


def _steps(factor: FloatArray, spacing: float) -> FloatArray:
    """Return the steps from a cell to the next ones."""
    scales = np.full(len(factor), spacing)
    scales[0] = min(spacing, _LARGEST_FIRST)
    return factor * scales


def _from_curvature(problem: Problem, mode: MapEstimates, first: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Return centre and axes of the normal approximation of the outer coordinates at the mode."""
    frame = problem.subjects.frame[0]
    spread = np.asarray(np.linalg.inv(0.5 * mode.hessian[0]), dtype=np.float64)
    covariance = frame.T @ spread @ frame
    return (frame.T @ mode.white[0])[1:], _axes(covariance[1:, 1:], first)


def _from_prior(problem: Problem, mode: MapEstimates, first: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Return the mode and the prior's axes: for a mode beside a wall, where the curvature says nothing of the rest."""
    return (problem.subjects.frame[0].T @ mode.white[0])[1:], _axes(np.eye(problem.n_eta - 1), first)


def _from_moments(lines: GridLines, first: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Return mean and axes of the outer coordinates."""
    mass = lines.integral[:, -1]
    centre = mass @ lines.outer
    deviation = lines.outer - centre
    return centre, _axes((deviation * mass[:, None]).T @ deviation, first)


def _axes(covariance: FloatArray, first: FloatArray) -> FloatArray:
    """Return a matrix F with F F' = covariance whose first column points along ``first``."""
    variances, vectors = np.linalg.eigh(covariance)
    factor = np.linalg.cholesky((vectors * np.maximum(variances, _LEAST_VARIANCE)) @ vectors.T)
    columns = np.column_stack((np.linalg.solve(factor, first), np.eye(len(factor))))
    turn, triangle = np.linalg.qr(columns)
    turn[:, 0] *= np.sign(triangle[0, 0])
    return np.asarray(factor @ turn[:, : len(factor)], dtype=np.float64)


def _grow(
    problem: Problem, mode: MapEstimates, centre: FloatArray, factor: FloatArray, most: int, n_nodes: int
) -> GridLines | None:
    n_outer, half = centre.size, _HALF[centre.size]
    modes = mode.modes[0][np.isfinite(mode.modes[0, :, 0])] @ problem.subjects.frame[0]
    inverse = np.asarray(np.linalg.inv(factor), dtype=np.float64)
    seeds = np.rint((modes[:, 1:] - centre) @ inverse.T).astype(np.int64)
    cells = np.empty((most, n_outer), dtype=np.int64)
    outer = np.empty((most, n_outer))
    low, step = np.empty(most), np.empty(most)
    density, integral = np.empty((most, n_nodes)), np.empty((most, n_nodes))
    subject = subject_at(problem.subjects, 0)
    least = mode.objective[0]
    reach = _REACH + float(np.abs(modes).max())
    n, coarse = grow_grid(
        subject,
        centre,
        factor,
        seeds,
        np.zeros(int((2 * half + 1) ** n_outer), dtype=np.bool_),
        half,
        reach,
        least,
        cells,
        outer,
        low,
        step,
        density,
        integral,
    )
    mass = integral[:n, -1]
    if not mass.sum() > 0.0:
        return None
    kept = np.flatnonzero(mass > _NOTHING * mass.sum())
    cells, outer, low, step = cells[kept], outer[kept], low[kept], step[kept]
    total = float(mass[kept].sum())
    density, integral = density[kept] / total, integral[kept] / total
    weight = np.vstack([every * (cells.T % every == 0) for every in (2.0, 4.0)])
    changes = coarser_rule_errors(subject, outer, low, step, density, integral, weight)
    return GridLines(
        outer=outer,
        axes=factor,
        half=np.flatnonzero(cells.sum(axis=1) % 2 == 0),
        low=low,
        step=step,
        density=density,
        integral=integral,
        log_mass=math.log(total * abs(float(np.linalg.det(factor)))) - 0.5 * least,
        error=_extrapolated(changes[:n_outer], changes[n_outer:]),
        node_error=coarse / total,
        is_full=n == most,
    )


def _extrapolated(by_half: FloatArray, by_quarter: FloatArray) -> float:
    """Return the error of the rule from the changes that every second and every fourth line along each axis make.

    The trapezoidal rule's error falls at least as exp(-a / distance): from four to two to one unit of distance the
    logarithm falls by a / 4, a / 2 and so by a in all.
    """
    gain = np.minimum(by_half / np.maximum(by_quarter, 1e-300), 1.0)
    return float((by_half * gain**2).max())

"""Quasi-Newton minimisation of a -2 log likelihood whose gradient is a sum over subjects.

The first Hessian is half the sum of squares of the subjects' gradients (Berndt, Hall, Hall and Hausman 1974), after that the BFGS
update with Powell's damping. What an objective wants to remember from a point, the empirical Bayes estimates for one, is handed
from each accepted point to the next evaluation, so that an evaluation is a function of its arguments alone.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Generic, Protocol, TypeVar

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Callable

    from pkpd.arrays import FloatArray

Memory = TypeVar("Memory")

_SUFFICIENT = 1e-4
_LONGEST = 1.0
_MOST_CUTS = 25
_DAMPING = 0.2
# Eigenvalues of the first Hessian below this share of the largest are raised to it.
_FLATTEST = 1e-4
# Expected decrease of -2 log L that no result depends on.
_NEGLIGIBLE = 1e-3
# Steps in a row that gain less than the tolerance, or that were cut because there is no objective, at which a search ends.
_MOST_STALLS, _MOST_WALLS = 3, 3
# Share of the tolerance that a step must promise to be tried: the objective's own error is larger than less.
_UNTRIED = 1e-3
# Smallest share of the largest eigenvalue at which rounding leaves a matrix its inverse.
_SINGULAR = 1e-14


@dataclass(frozen=True, slots=True)
class Point(Generic[Memory]):
    """An objective at one place.

    Parameters
    ----------
    place, gradient : (n,) arrays
        Where, and the derivatives there.
    value : float
        The objective.
    scores : (n_subjects, n) array
        Each subject's derivatives.
    memory : object
        What the next evaluation starts from.
    """

    place: FloatArray
    value: float
    gradient: FloatArray
    scores: FloatArray
    memory: Memory


class Objective(Protocol[Memory]):
    """A function to be minimised."""

    def __call__(self, place: FloatArray, memory: Memory, /) -> Point[Memory]:
        """Return the objective at a place; a value that is not finite says that there is none."""
        ...


@dataclass(frozen=True, slots=True)
class Minimum(Generic[Memory]):
    """Where a search ended.

    Parameters
    ----------
    point : Point
        The lowest point found.
    expected_decrease : float
        By how much the quadratic approximation would still lower the objective.
    n_evaluations : int
        Evaluations of the objective.
    is_converged : bool
        Whether the expected decrease is below the tolerance.
    """

    point: Point[Memory]
    expected_decrease: float
    n_evaluations: int
    is_converged: bool


def minimize(
    objective: Objective[Memory],
    start: Point[Memory],
    *,
    tolerance: float = 1e-6,
    most_evaluations: int = 500,
    hessian: FloatArray | None = None,
    accepted: Callable[[float], None] | None = None,
) -> Minimum[Memory]:
    """Return the minimum that a search from a point leads to.

    Parameters
    ----------
    objective : Objective
        The function.
    start : Point
        Where the search begins, of a finite value.
    tolerance : float
        Expected decrease at which it ends.
    most_evaluations : int
        Evaluations at which it ends.
    hessian : (n, n) array, optional
        The first Hessian; from the scores where left out.
    accepted : callable, optional
        Told the objective at every point that the search goes on from.
    """
    point, n, stalls, walls = start, 0, 0, 0
    curvature = first_hessian(point.scores) if hessian is None else _raised(hessian)
    while True:
        if not _is_regular(curvature):
            curvature = first_hessian(point.scores)
        step: FloatArray = -np.linalg.solve(curvature, point.gradient).astype(np.float64)
        decrease = -0.5 * float(point.gradient @ step)
        if decrease < tolerance or n >= most_evaluations:
            return Minimum(point, decrease, n, decrease < tolerance)
        found, used, is_cut_off = _search_line(objective, point, step, tolerance)
        n += used
        if found is None:
            fresh = first_hessian(point.scores)
            if np.allclose(fresh, curvature):
                return Minimum(point, decrease, n, is_converged=False)
            curvature = fresh
            continue
        gained = point.value - found.value
        curvature = _updated(curvature, found.place - point.place, found.gradient - point.gradient)
        point = found
        if accepted:
            accepted(point.value)
        # The objective is smooth only down to the error of its quadrature: below it, steps are cut again and again for nothing.
        stalls = stalls + 1 if gained < tolerance else 0
        if stalls and (decrease < _NEGLIGIBLE or stalls == _MOST_STALLS):
            return Minimum(point, decrease, n, is_converged=False)
        walls = walls + 1 if is_cut_off else 0
        if walls == _MOST_WALLS:
            return Minimum(point, decrease, n, is_converged=False)


def first_hessian(scores: FloatArray) -> FloatArray:
    """Return half the sum of squares of the subjects' gradients of -2 log L, which its Hessian equals at the truth."""
    return _raised(0.5 * scores.T @ scores)


def _is_regular(matrix: FloatArray) -> bool:
    """Return whether steps can be computed from a symmetric matrix."""
    if not np.isfinite(matrix).all():
        return False
    values = np.linalg.eigvalsh(matrix)
    return bool(values[0] > _SINGULAR * values[-1])


def _raised(matrix: FloatArray) -> FloatArray:
    values, vectors = np.linalg.eigh(0.5 * (matrix + matrix.T))
    least = max(_FLATTEST * float(values[-1]), 1e-8)
    return (vectors * np.maximum(values, least)) @ vectors.T


def _search_line(
    objective: Objective[Memory], point: Point[Memory], step: FloatArray, tolerance: float
) -> tuple[Point[Memory] | None, int, bool]:
    """Return a point along a step that lowers the objective enough, the evaluations, and whether there was none in between.

    Steps that promise next to nothing are not tried.
    """
    slope = float(point.gradient @ step)
    length = min(1.0, _LONGEST / float(np.abs(step).max()))
    is_cut_off = False
    for cut in range(1, _MOST_CUTS + 1):
        trial = objective(point.place + length * step, point.memory)
        if np.isfinite(trial.value) and trial.value <= point.value + _SUFFICIENT * length * slope:
            return trial, cut, is_cut_off
        is_cut_off = is_cut_off or not np.isfinite(trial.value)
        shrink = 0.25
        if np.isfinite(trial.value):
            rise = trial.value - point.value - length * slope
            shrink = min(max(-0.5 * length * slope / rise, 0.1), 0.5) if rise > 0.0 else 0.5
        length *= shrink
        if -length * slope < _UNTRIED * tolerance:
            return None, cut, is_cut_off
    return None, _MOST_CUTS, is_cut_off


def _updated(curvature: FloatArray, step: FloatArray, change: FloatArray) -> FloatArray:
    """Return the BFGS update of a Hessian, damped so that it stays positive definite."""
    along = curvature @ step
    bend = float(step @ along)
    product = float(step @ change)
    if not bend > 0.0:
        return curvature
    if product < _DAMPING * bend:
        share = (1.0 - _DAMPING) * bend / (bend - product)
        change = share * change + (1.0 - share) * along
        product = float(step @ change)
    return curvature - np.outer(along, along) / bend + np.outer(change, change) / product

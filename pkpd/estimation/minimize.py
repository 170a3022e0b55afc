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
# How much longer than a step that was cut the next one may be: what cut it is still near.
_WIDER = 4.0
# Steps in a row that gain less than the tolerance, or that were cut because there is no objective, at which a search ends.
_MOST_STALLS, _MOST_WALLS = 3, 2
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
    is_cut_off : bool
        Whether it ended because there was no objective beyond.
    """

    point: Point[Memory]
    expected_decrease: float
    n_evaluations: int
    is_converged: bool
    is_cut_off: bool = False


def minimize(
    objective: Objective[Memory],
    start: Point[Memory],
    *,
    tolerance: float = 1e-6,
    most_evaluations: int = 500,
    hessian: FloatArray | None = None,
    underived: Objective[Memory] | None = None,
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
    underived : Objective, optional
        The function without its derivatives (empty in its points), where these cost much: for steps that have been cut.
    accepted : callable, optional
        Told the objective at every point that the search goes on from.
    """
    point, n, stalls, walls, longest = start, 0, 0, 0, _LONGEST
    cheap, first = underived or objective, objective
    curvature = first_hessian(point.scores) if hessian is None else _raised(hessian)
    while True:
        if not _is_regular(curvature):
            curvature = first_hessian(point.scores)
        step: FloatArray = -np.linalg.solve(curvature, point.gradient).astype(np.float64)
        decrease = -0.5 * float(point.gradient @ step)
        if decrease < tolerance or n >= most_evaluations:
            return Minimum(point, decrease, n, decrease < tolerance)
        line = _search_line((first, cheap, objective), point, step, longest, tolerance)
        n, found = n + line.n_evaluations, line.point
        if found is None:
            fresh = first_hessian(point.scores)
            if np.allclose(fresh, curvature):
                return Minimum(point, decrease, n, is_converged=False)
            curvature = fresh
            continue
        gained = point.value - found.value
        taken = float(np.abs(found.place - point.place).max())
        longest = min(_WIDER * taken, _LONGEST) if line.is_cut or taken > 0.99 * longest else _LONGEST
        # A step after one that was cut is likely to be cut as well.
        first = cheap if line.is_cut else objective
        curvature = _updated(curvature, found.place - point.place, found.gradient - point.gradient)
        point = found
        if accepted:
            accepted(point.value)
        # The objective is smooth only down to the error of its quadrature: below it, steps are cut again and again for nothing.
        stalls = stalls + 1 if gained < tolerance else 0
        if stalls and (decrease < _NEGLIGIBLE or stalls == _MOST_STALLS):
            return Minimum(point, decrease, n, is_converged=False)
        walls = walls + 1 if line.is_cut_off else 0
        if walls == _MOST_WALLS:
            return Minimum(point, decrease, n, is_converged=False, is_cut_off=True)


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


@dataclass(frozen=True, slots=True)
class _Line(Generic[Memory]):
    """Where a step led: the point, if any, the evaluations, whether it was cut, and whether there was no objective on the way."""

    point: Point[Memory] | None
    n_evaluations: int
    is_cut: bool
    is_cut_off: bool


def _search_line(
    objectives: tuple[Objective[Memory], Objective[Memory], Objective[Memory]],
    point: Point[Memory],
    step: FloatArray,
    longest: float,
    tolerance: float,
) -> _Line[Memory]:
    """Look for a point along a step that lowers the objective enough.

    The objectives are those of the first step, of steps that were cut, and of the point that is returned. Steps that promise next to
    nothing are not tried.
    """
    first, cheap, objective = objectives
    slope = float(point.gradient @ step)
    length = min(1.0, longest / float(np.abs(step).max()))
    is_cut_off, n = False, 0
    for cut in range(_MOST_CUTS):
        trial = (cheap if cut else first)(point.place + length * step, point.memory)
        n += 1
        limit = point.value + _SUFFICIENT * length * slope
        if trial.value <= limit and not trial.gradient.size:
            trial = objective(trial.place, trial.memory)
            n += 1
        if trial.value <= limit:
            return _Line(trial, n, is_cut=cut > 0, is_cut_off=is_cut_off)
        is_cut_off = is_cut_off or not np.isfinite(trial.value)
        shrink = 0.25
        if np.isfinite(trial.value):
            rise = trial.value - point.value - length * slope
            shrink = min(max(-0.5 * length * slope / rise, 0.1), 0.5) if rise > 0.0 else 0.5
        length *= shrink
        if -length * slope < _UNTRIED * tolerance:
            break
    return _Line(None, n, is_cut=True, is_cut_off=is_cut_off)


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

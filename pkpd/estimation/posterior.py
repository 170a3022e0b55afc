"""The exact posterior of one subject's random effects, by deterministic quadrature, and its marginal distributions.

It is integrated along lines (see ``pkpd.kernels.lines`` and ``quadrature``) and across them by the trapezoidal rule, whose
error falls faster than any power of their distance: evenly spaced lines with two random effects, a grid of them that
grows from the modes with three or more (``pkpd.estimation.grid``).
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from statistics import NormalDist
from typing import TYPE_CHECKING

import numpy as np

from pkpd.errors import QuadratureStatus, input_error
from pkpd.estimation.grid import ACCURATE, Accuracy, integrate_grid
from pkpd.estimation.map import MapEstimates, estimate_map
from pkpd.kernels.advance import subject_at
from pkpd.kernels.quadrature import (
    NEGLIGIBLE,
    coarser_rule_errors,
    integrate_lines,
    outer_range,
    quantiles,
    running_integral,
    table_moments,
)
from pkpd.model.spec import SIGNED_SHAPES, RandomEffectShape
from pkpd.problem import Problem, take_subject

if TYPE_CHECKING:
    from pkpd.arrays import FloatArray, IntArray
    from pkpd.kernels.codes import PackedSubject
    from pkpd.model.spec import ModelSpec

_REACH = 7.0
_N_LINES, _N_NODES = 96, 48
_MOST_LINES = 640
_N_SCAN = 24
_TOLERANCE = 1e-3
# Steps and bins of ``straight_marginal`` in the change from a line to the next.
_FINE, _BINS = 4, 16
_PROBABILITY_TOLERANCE = 1e-9
_LOG_2PI = math.log(2.0 * math.pi)


@dataclass(frozen=True, slots=True)
class Posterior:
    """One subject's posterior, held as densities along lines.

    Parameters
    ----------
    problem : Problem
        The model and this subject alone.
    mode : MapEstimates
        The deepest mode.
    outer : (n_lines, n_eta - 1) array
        Positions of the lines, whitened.
    axes : (n_eta - 1, n_eta - 1) array
        Its columns lead from a line to the next ones.
    half : (n_half,) array
        Every second line: the coarser rule that the error is judged by.
    low, step : (n_lines,) arrays
        First node and node distance of each line, whitened.
    density, integral : (n_lines, n_nodes) arrays
        Density along each line and its running integral; the last ones sum to 1 over the lines.
    log_evidence : float
        Logarithm of the probability density of the observations under the model.
    error : float
        With one random effect the relative change of the mass from leaving out every second node; with two the largest
        change of a set of probabilities from leaving out every second line or node; with three or more the estimated error
        of such a set.
    status : QuadratureStatus
        How the integration ended.
    """

    problem: Problem
    mode: MapEstimates
    outer: FloatArray
    axes: FloatArray
    half: IntArray
    low: FloatArray
    step: FloatArray
    density: FloatArray
    integral: FloatArray
    log_evidence: float
    error: float
    status: QuadratureStatus

    @property
    def subject(self) -> PackedSubject:
        """Return the packed subject."""
        return subject_at(self.problem.subjects, 0)


@dataclass(frozen=True, slots=True)
class Marginal:
    """The posterior distribution of one quantity.

    Parameters
    ----------
    mean, sd : float
        Mean and standard deviation, in the quantity's unit.
    probabilities, quantiles : (n,) arrays
        Probabilities and the values that the quantity lies below with them.
    """

    mean: float
    sd: float
    probabilities: FloatArray
    quantiles: FloatArray


def integrate_posterior(problem: Problem, index: int = 0, *, accuracy: Accuracy = ACCURATE) -> Posterior:
    """Integrate the posterior of one subject of a problem.

    Parameters
    ----------
    problem : Problem
        Model and subjects; no wanted times.
    index : int
        Which subject.
    accuracy : Accuracy
        For three random effects or more, how far the grid of lines is refined; not read for fewer.

    Returns
    -------
    Posterior
        With ``status`` NO_MASS and NaN everywhere where no parameters explain the observations.
    """
    _check_shapes(problem.model)
    alone = take_subject(problem, index)
    mode = estimate_map(alone)
    if not np.isfinite(mode.objective[0]):
        return _no_mass(alone, mode)
    if alone.n_eta == 1:
        return _refine(alone, mode, np.zeros((1, 0)), np.ones(1), np.eye(0))
    if alone.n_eta == 2:
        return _on_plane(alone, mode)
    return _on_grid(alone, mode, accuracy)


def _check_shapes(model: ModelSpec) -> None:
    has_sums = len({term.parameter for term in model.terms}) < len(model.terms)
    if (
        has_sums
        and len(model.etas) > 2
        and any(term.shape is not RandomEffectShape.EXPONENTIAL for term in model.terms)
    ):
        message = "random effects of another shape than exponential, and a parameter of several terms"
        raise input_error(model.id, f"{message}; with three random effects or more a posterior takes one of the two")
    signed = [term for term in model.terms if term.eta is not None and term.shape in SIGNED_SHAPES]
    if signed:
        message = f"{signed[0].shape.value} random effect on {signed[0].parameter}; a posterior is integrated over effects that keep"
        raise input_error(model.id, f"{message} parameters positive, so give it another shape")


def _no_mass(problem: Problem, mode: MapEstimates) -> Posterior:
    nothing = np.full((1, _N_NODES), np.nan)
    return Posterior(
        problem=problem,
        mode=mode,
        outer=np.zeros((1, problem.n_eta - 1)),
        axes=np.eye(problem.n_eta - 1),
        half=np.zeros(1, dtype=np.int64),
        low=np.zeros(1),
        step=np.ones(1),
        density=nothing,
        integral=nothing,
        log_evidence=-math.inf,
        error=math.nan,
        status=QuadratureStatus.NO_MASS,
    )


def _on_lines(
    problem: Problem, mode: MapEstimates, outer: FloatArray, weight: FloatArray, n_nodes: int, axes: FloatArray
) -> Posterior:
    """Integrate along given lines; the error is that of leaving out every second node."""
    n_lines = len(outer)
    low, step = np.empty(n_lines), np.empty(n_lines)
    density, integral = np.empty((n_lines, n_nodes)), np.empty((n_lines, n_nodes))
    subject = subject_at(problem.subjects, 0)
    log_mass, error = integrate_lines(
        subject, outer, weight, _reach(problem, mode), mode.objective[0], low, step, density, integral
    )
    return Posterior(
        problem=problem,
        mode=mode,
        outer=outer,
        axes=axes,
        half=np.arange(0, n_lines, 2),
        low=low,
        step=step,
        density=density,
        integral=integral,
        log_evidence=log_mass - 0.5 * problem.n_eta * _LOG_2PI,
        error=error,
        status=QuadratureStatus.CONVERGED,
    )


def _refine(problem: Problem, mode: MapEstimates, outer: FloatArray, weight: FloatArray, axes: FloatArray) -> Posterior:
    """Double the nodes of the lines until every second one can be left out."""
    n_nodes = _N_NODES
    while True:
        posterior = _on_lines(problem, mode, outer, weight, n_nodes, axes)
        if posterior.error < _TOLERANCE:
            return posterior
        if n_nodes >= _MOST_LINES:
            return replace(posterior, status=QuadratureStatus.COARSE)
        n_nodes *= 2


def _reach(problem: Problem, mode: MapEstimates) -> float:
    position = problem.subjects.frame[0].T @ mode.white[0]
    return _REACH + float(np.abs(position).max())


def _on_plane(problem: Problem, mode: MapEstimates) -> Posterior:
    """Integrate over two random effects: equidistant lines, doubled until every second one can be left out."""
    subject = subject_at(problem.subjects, 0)
    low, high = outer_range(subject, _reach(problem, mode), mode.objective[0] + NEGLIGIBLE, np.empty(_N_SCAN), _N_SCAN)
    n_lines = _N_LINES
    while True:
        outer = np.linspace(low, high, n_lines)[:, None]
        step = (high - low) / (n_lines - 1)
        posterior = _refine(problem, mode, outer, np.full(n_lines, step), np.full((1, 1), step))
        (error,) = coarser_rule_errors(
            subject,
            posterior.outer,
            posterior.low,
            posterior.step,
            posterior.density,
            posterior.integral,
            2.0 * (np.arange(n_lines)[None, :] % 2 == 0),
        )
        if error < _TOLERANCE:
            return replace(posterior, error=max(float(error), posterior.error))
        if n_lines >= _MOST_LINES:
            return replace(posterior, error=float(error), status=QuadratureStatus.COARSE)
        n_lines *= 2


def _on_grid(problem: Problem, mode: MapEstimates, accuracy: Accuracy) -> Posterior:
    """Integrate over three random effects or more, along lines through a grid."""
    lines = integrate_grid(problem, mode, accuracy)
    if lines is None:
        return _no_mass(problem, mode)
    is_exact = lines.error < accuracy.tolerance and not lines.is_full
    return Posterior(
        problem=problem,
        mode=mode,
        outer=lines.outer,
        axes=lines.axes,
        half=lines.half,
        low=lines.low,
        step=lines.step,
        density=lines.density,
        integral=lines.integral,
        log_evidence=lines.log_mass - 0.5 * problem.n_eta * _LOG_2PI,
        error=lines.error,
        status=QuadratureStatus.CONVERGED if is_exact else QuadratureStatus.COARSE,
    )


def with_lines(posterior: Posterior, n_lines: int) -> Posterior:
    """Return a posterior of two random effects integrated on another number of lines over the same range."""
    first, last = float(posterior.outer[0, 0]), float(posterior.outer[-1, 0])
    outer = np.linspace(first, last, n_lines)[:, None]
    step = float(outer[1, 0] - outer[0, 0])
    return _refine(posterior.problem, posterior.mode, outer, np.full(n_lines, step), np.full((1, 1), step))


def thinned(posterior: Posterior) -> Posterior:
    """Return a posterior of three random effects or more on half of its lines, for what is drawn; others as is."""
    if posterior.problem.n_eta <= 2:
        return posterior
    kept = posterior.half
    mass = posterior.integral[kept, -1].sum()
    return replace(
        posterior,
        outer=posterior.outer[kept],
        half=np.arange(kept.size),
        low=posterior.low[kept],
        step=posterior.step[kept],
        density=posterior.density[kept] / mass,
        integral=posterior.integral[kept] / mass,
    )


def marginal(
    posterior: Posterior, table: FloatArray, *, sign: float, is_log: bool, probabilities: FloatArray
) -> Marginal:
    """Return the distribution of a quantity that is monotone along the lines.

    Parameters
    ----------
    posterior : Posterior
        The posterior.
    table : (n_lines, n_nodes) array
        The quantity at every node, or its logarithm.
    sign : float
        1 where it rises along the lines, -1 where it falls.
    is_log : bool
        Whether the table holds logarithms; the result is in the quantity's own unit either way.
    probabilities : (n,) array
        Ascending.
    """
    result = np.empty(probabilities.size)
    scores = np.array([NormalDist().inv_cdf(float(p)) for p in probabilities])
    lines = (posterior.step, posterior.density, posterior.integral)
    quantiles(table, sign, *lines, probabilities, _PROBABILITY_TOLERANCE, scores, result)
    mean, sd = table_moments(table, is_log, posterior.step, posterior.density)
    return Marginal(mean, sd, probabilities, np.exp(result) if is_log else result)


def outer_marginal(posterior: Posterior, row: FloatArray, *, is_log: bool, probabilities: FloatArray) -> Marginal:
    """Return the distribution of a quantity that is constant along the lines of a model with two random effects.

    Parameters
    ----------
    row : (n_lines,) array
        The quantity on every line, monotone in the line's position, or its logarithm.
    """
    density = posterior.integral[:, -1] / posterior.axes[0, 0]
    sign = 1.0 if row[-1] > row[0] else -1.0
    return _marginal_of_row(
        posterior, row, density, float(posterior.axes[0, 0]), sign=sign, is_log=is_log, probabilities=probabilities
    )


def straight_marginal(
    posterior: Posterior, table: FloatArray, width: float, *, is_log: bool, probabilities: FloatArray
) -> Marginal:
    """Return the distribution of a quantity that is straight along an axis of the grid of lines.

    Where the trapezoidal rule across the lines is exact, their mass holds every detail of a smooth density, and the
    cardinal series gives the density between them: every node's mass is spread as sin(pi x) / (pi x), x in units of the
    change from one line to the next.

    Parameters
    ----------
    table : (n_lines, n_nodes) array
        The quantity at every node, or its logarithm.
    width : float
        Its change from a line to the next along the axis, positive.
    """
    bin_width = width / (_FINE * _BINS)
    start = float(table.min()) - 2.0 * width
    bins = np.rint((table - start) / bin_width).astype(np.int64)
    mass = np.bincount(bins.reshape(-1), weights=(posterior.density * posterior.step[:, None]).reshape(-1))
    places = start + bin_width * np.arange(mass.size)
    values = np.arange(start, float(table.max()) + 2.0 * width, width / _FINE)
    density = np.sinc((values[:, None] - places) / width) @ mass / width
    return _marginal_of_row(
        posterior, values, np.maximum(density, 0.0), width / _FINE, sign=1.0, is_log=is_log, probabilities=probabilities
    )


def _marginal_of_row(
    posterior: Posterior,
    row: FloatArray,
    density: FloatArray,
    step: float,
    *,
    sign: float,
    is_log: bool,
    probabilities: FloatArray,
) -> Marginal:
    """Return the distribution of a quantity from its density at equidistant places."""
    integral = np.empty_like(density)
    running_integral(density, step, integral)
    scale = integral[-1]
    single = replace(
        posterior,
        step=np.array([step]),
        density=(density / scale)[None, :],
        integral=(integral / scale)[None, :],
    )
    return marginal(single, row[None, :].copy(), sign=sign, is_log=is_log, probabilities=probabilities)


def constant_marginal(value: float, probabilities: FloatArray) -> Marginal:
    """Return the distribution of a quantity that the model knows without doubt."""
    return Marginal(value, 0.0, probabilities, np.full(probabilities.size, value))

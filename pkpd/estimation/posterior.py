"""The exact posterior of one subject's random effects, by deterministic quadrature, and its marginal distributions.

A posterior of one to two random effects is integrated on lines a trapezoidal rule apart (see ``pkpd.kernels.lines`` and
``quadrature``), whose error falls faster than any power of their distance; with three or more, the lines pass through
quasi-Monte-Carlo points of a defensive mixture around the deepest mode and the prior, weighted by importance.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from pkpd.errors import QuadratureStatus
from pkpd.estimation.lattice import lattice_points
from pkpd.estimation.map import MapEstimates, estimate_map
from pkpd.kernels.advance import subject_at
from pkpd.kernels.quadrature import (
    every_second_line_error,
    integrate_lines,
    outer_range,
    quantiles,
    running_integral,
    table_moments,
)
from pkpd.problem import Problem, take_subject

if TYPE_CHECKING:
    from pkpd.arrays import FloatArray
    from pkpd.kernels.codes import PackedSubject

_REACH = 7.0
_N_LINES, _N_NODES = 96, 48
_MOST_LINES = 640
_N_SCAN = 24
_TOLERANCE = 1e-3
_LOG_2PI = math.log(2.0 * math.pi)
_N_REPLICATES = 4
_TOLERANCE_LATTICE = 5e-3
# Share and spread of the mixture that lattice points come from: around the mode, wider around it, the prior. Each part
# has a lattice of its own, since a part of a lattice is not even.
_MIXTURE = ((0.5, 1.2), (0.25, 2.5), (0.25, 1.2))

FINE_LATTICE, COARSE_LATTICE = 2048, 512
"""Lattice points for each of four replicates, for models with three random effects or more: for a patient's own model,
where quantiles of every parameter are then good to half a percent, and for one of many models that are averaged."""


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
    outer_step : float
        Distance of the lines of a model with two random effects; NaN otherwise.
    low, step : (n_lines,) arrays
        First node and node distance of each line, whitened.
    density, integral : (n_lines, n_nodes) arrays
        Density along each line and its running integral; the last ones sum to 1 over the lines.
    log_evidence : float
        Logarithm of the probability density of the observations under the model.
    error : float
        With one random effect the relative change of the mass from leaving out every second node; with two the largest
        change of a set of probabilities from leaving out every second line or node; with three or more the standard
        error of the mass between lattices.
    status : QuadratureStatus
        How the integration ended.
    """

    problem: Problem
    mode: MapEstimates
    outer: FloatArray
    outer_step: float
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


def integrate_posterior(problem: Problem, index: int = 0, *, n_lattice: int = FINE_LATTICE) -> Posterior:
    """Integrate the posterior of one subject of a problem.

    Parameters
    ----------
    problem : Problem
        Model and subjects; no wanted times.
    index : int
        Which subject.
    n_lattice : int
        Points of each of four lattices, a power of two; a quarter of it for three random effects, not read for fewer.

    Returns
    -------
    Posterior
        With ``status`` NO_MASS and NaN everywhere where no parameters explain the observations.
    """
    alone = take_subject(problem, index)
    mode = estimate_map(alone)
    if not np.isfinite(mode.objective[0]):
        return _no_mass(alone, mode)
    if alone.n_eta == 1:
        return _refine(alone, mode, np.zeros((1, 0)), np.ones(1), math.nan)
    if alone.n_eta == 2:
        return _on_plane(alone, mode)
    return _on_lattice(alone, mode, n_lattice)


def _no_mass(problem: Problem, mode: MapEstimates) -> Posterior:
    nothing = np.full((1, _N_NODES), np.nan)
    return Posterior(
        problem=problem,
        mode=mode,
        outer=np.zeros((1, problem.n_eta - 1)),
        outer_step=math.nan,
        low=np.zeros(1),
        step=np.ones(1),
        density=nothing,
        integral=nothing,
        log_evidence=-math.inf,
        error=math.nan,
        status=QuadratureStatus.NO_MASS,
    )


def _on_lines(
    problem: Problem, mode: MapEstimates, outer: FloatArray, weight: FloatArray, n_nodes: int, outer_step: float
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
        outer_step=outer_step,
        low=low,
        step=step,
        density=density,
        integral=integral,
        log_evidence=log_mass - 0.5 * problem.n_eta * _LOG_2PI,
        error=error,
        status=QuadratureStatus.CONVERGED,
    )


def _refine(
    problem: Problem, mode: MapEstimates, outer: FloatArray, weight: FloatArray, outer_step: float
) -> Posterior:
    """Double the nodes of the lines until every second one can be left out."""
    n_nodes = _N_NODES
    while True:
        posterior = _on_lines(problem, mode, outer, weight, n_nodes, outer_step)
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
    low, high = outer_range(subject, _reach(problem, mode), mode.objective[0], np.empty(_N_SCAN), _N_SCAN)
    n_lines = _N_LINES
    while True:
        outer = np.linspace(low, high, n_lines)[:, None]
        step = (high - low) / (n_lines - 1)
        posterior = _refine(problem, mode, outer, np.full(n_lines, step), step)
        error = every_second_line_error(
            subject, posterior.outer, posterior.low, posterior.step, posterior.density, posterior.integral
        )
        if error < _TOLERANCE:
            return replace(posterior, error=max(error, posterior.error))
        if n_lines >= _MOST_LINES:
            return replace(posterior, error=error, status=QuadratureStatus.COARSE)
        n_lines *= 2


def _on_lattice(problem: Problem, mode: MapEstimates, n_lattice: int) -> Posterior:
    """Integrate over three random effects or more: lines through weighted lattice points."""
    centre, spread = _outer_mode(problem, mode)
    # Two outer coordinates need far fewer points than three or four for the same error.
    n_lattice = n_lattice // 4 if problem.n_eta == 3 else n_lattice
    outer = np.vstack([_mixture_points(centre, spread, replicate, n_lattice) for replicate in range(_N_REPLICATES)])
    weight = 1.0 / (len(outer) * _mixture_density(outer, centre, spread))
    posterior = _refine(problem, mode, outer, weight, math.nan)
    by_replicate = posterior.integral[:, -1].reshape(_N_REPLICATES, -1).sum(axis=1) * _N_REPLICATES
    error = float(by_replicate.std(ddof=1) / math.sqrt(_N_REPLICATES))
    status = QuadratureStatus.CONVERGED if error < _TOLERANCE_LATTICE else QuadratureStatus.COARSE
    return replace(posterior, error=error, status=status)


def _outer_mode(problem: Problem, mode: MapEstimates) -> tuple[FloatArray, FloatArray]:
    """Return centre and Cholesky factor of the normal approximation of the outer coordinates at the mode."""
    frame = problem.subjects.frame[0]
    centre = (frame.T @ mode.white[0])[1:]
    curvature = np.asarray(np.linalg.inv(0.5 * mode.hessian[0]), dtype=np.float64)
    covariance = np.asarray(frame.T @ curvature @ frame, dtype=np.float64)
    return centre, np.asarray(np.linalg.cholesky(covariance[1:, 1:]), dtype=np.float64)


def _mixture_points(centre: FloatArray, factor: FloatArray, replicate: int, n_lattice: int) -> FloatArray:
    near, wide, prior = (
        spread * lattice_points(round(share * n_lattice), centre.size, replicate=len(_MIXTURE) * replicate + part)
        for part, (share, spread) in enumerate(_MIXTURE)
    )
    return np.vstack((centre + near @ factor.T, centre + wide @ factor.T, prior))


def _mixture_density(points: FloatArray, centre: FloatArray, factor: FloatArray) -> FloatArray:
    n = centre.size
    white = np.linalg.solve(factor, (points - centre).T).T
    distance = (white * white).sum(axis=1)
    log_det = float(np.log(np.diag(factor)).sum())
    from_prior = (points * points).sum(axis=1)
    total = np.zeros(len(points))
    for (share, spread), squares, log_scale in zip(
        _MIXTURE, (distance, distance, from_prior), (log_det, log_det, 0.0), strict=True
    ):
        log_density = -0.5 * squares / spread**2 - n * math.log(spread) - log_scale - 0.5 * n * _LOG_2PI
        total += share * np.exp(log_density)
    return total


def with_lines(posterior: Posterior, n_lines: int) -> Posterior:
    """Return a posterior of two random effects integrated on another number of lines over the same range."""
    first, last = float(posterior.outer[0, 0]), float(posterior.outer[-1, 0])
    outer = np.linspace(first, last, n_lines)[:, None]
    step = float(outer[1, 0] - outer[0, 0])
    return _refine(posterior.problem, posterior.mode, outer, np.full(n_lines, step), step)


def thinned(posterior: Posterior, most_lines: int) -> Posterior:
    """Return a posterior of three random effects or more on every few of its lines, a coarser lattice; others as is."""
    stride = max(1, len(posterior.low) // most_lines) if posterior.problem.n_eta > 2 else 1
    if stride == 1:
        return posterior
    kept = slice(None, None, stride)
    mass = posterior.integral[kept, -1].sum()
    return replace(
        posterior,
        outer=posterior.outer[kept].copy(),
        low=posterior.low[kept].copy(),
        step=posterior.step[kept].copy(),
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
    quantiles(table, sign, posterior.step, posterior.density, posterior.integral, probabilities, result)
    mean, sd = table_moments(table, is_log, posterior.step, posterior.density)
    return Marginal(mean, sd, probabilities, np.exp(result) if is_log else result)


def outer_marginal(posterior: Posterior, row: FloatArray, *, is_log: bool, probabilities: FloatArray) -> Marginal:
    """Return the distribution of a quantity that is constant along the lines of a model with two random effects.

    Parameters
    ----------
    row : (n_lines,) array
        The quantity on every line, monotone in the line's position, or its logarithm.
    """
    density = posterior.integral[:, -1] / posterior.outer_step
    integral = np.empty_like(density)
    running_integral(density, posterior.outer_step, integral)
    scale = integral[-1]
    single = replace(
        posterior,
        step=np.array([posterior.outer_step]),
        density=(density / scale)[None, :],
        integral=(integral / scale)[None, :],
    )
    sign = 1.0 if row[-1] > row[0] else -1.0
    return marginal(single, row[None, :].copy(), sign=sign, is_log=is_log, probabilities=probabilities)


def constant_marginal(value: float, probabilities: FloatArray) -> Marginal:
    """Return the distribution of a quantity that the model knows without doubt."""
    return Marginal(value, 0.0, probabilities, np.full(probabilities.size, value))

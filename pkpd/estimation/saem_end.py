"""What SAEM ends with: objective, information and scores at its estimates, and an honest status.

The exact objective is computed there, with its gradient. The information is the observed one with one or two random effects. With more, where
the objective is sampled and its differences would take long, the chains go on at the estimates, and the information is Louis'
difference of that of the complete data and the variance of its scores.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from pkpd.estimation.chains import Chains, enough_threads, moved
from pkpd.estimation.fit import Fit, FitOptions, FitStatus, ended, parameters_at_bound
from pkpd.estimation.information import expected_decrease, information_at, is_positive
from pkpd.estimation.minimize import Minimum, Point
from pkpd.estimation.objectives import Memory as FitMemory
from pkpd.estimation.objectives import Method, objective_of
from pkpd.estimation.scale import jacobian, to_values
from pkpd.likelihood.complete import complete_scores, shift

if TYPE_CHECKING:
    from pkpd.arrays import FloatArray
    from pkpd.estimation.scale import Scale
    from pkpd.likelihood.complete import CompleteData
    from pkpd.likelihood.population import Population
    from pkpd.model.population import PopulationParameter

_MOST_BY_DIFFERENCES = 2
_DECREASE = 0.1
"""What the objective may still fall by for a fit to count as converged: no result depends on so little."""
_SWEEPS, _HESSIAN_EVERY, _STEP = 600, 6, 1e-3


@dataclass(frozen=True, slots=True)
class End:
    """Where SAEM ended.

    Parameters
    ----------
    point : Point
        Objective, gradient and scores, and the evaluation.
    information : (n_free, n_free) array or None
        Observed information on the scale of the search; None where it was not wanted.
    expected_decrease : float
        By how much the objective would fall at its minimum.
    """

    point: Point[FitMemory]
    information: FloatArray | None
    expected_decrease: float


def finished(
    data: CompleteData,
    scale: Scale,
    free: FloatArray,
    chains: Chains,
    rng: np.random.Generator,
    *,
    with_covariance: bool,
) -> End:
    """Return objective, scores and information at the estimates.

    Parameters
    ----------
    free : (n_free,) array
        The estimates on the scale of the search.
    chains : Chains
        The chains as smoothing left them.
    """
    objective = objective_of(data.population, scale, Method.EXACT)
    point = objective(free, None)
    information = None
    if with_covariance and np.isfinite(point.value):
        if data.population.n_eta <= _MOST_BY_DIFFERENCES:
            information, _ = information_at(objective, point)
        else:
            with enough_threads(*chains.phi.shape[:2]):
                information = sampled_end(data, scale, free, chains, rng).information
    known = 0.25 * point.scores.T @ point.scores if information is None else information
    return End(point, information, expected_decrease(known, point.gradient))


def fit_at(
    end: End,
    population: Population,
    options: FitOptions,
    parameters: tuple[PopulationParameter, ...],
    scale: Scale,
    *,
    n_iterations: int,
    is_exhausted: bool,
) -> Fit:
    """Return the fit that ended there.

    Parameters
    ----------
    n_iterations : int
        Iterations made.
    is_exhausted : bool
        Whether these were all that were allowed.
    """
    at_bound = parameters_at_bound(population, parameters, scale, to_values(scale, end.point.place))
    if at_bound:
        status = FitStatus.AT_BOUND
    elif end.information is not None and not is_positive(end.information):
        status = FitStatus.NOT_POSITIVE_DEFINITE
    elif end.expected_decrease < _DECREASE and not is_exhausted:
        status = FitStatus.WITHIN_NOISE
    else:
        status = FitStatus.EVALUATIONS if is_exhausted else FitStatus.GRADIENT_NOT_SMALL
    minimum = Minimum(end.point, end.expected_decrease, n_iterations, status is FitStatus.WITHIN_NOISE)
    return ended(population, options, parameters, scale, minimum, end.information, status)


@dataclass(frozen=True, slots=True)
class SampledEnd:
    """What chains say at fixed values of the parameters.

    Parameters
    ----------
    scores : (n_subjects, n_free) array
        Mean scores on the scale of the search.
    eta : (n_subjects, n_eta) array
        Means of the random effects.
    information : (n_free, n_free) array
        Louis' observed information on the scale of the search.
    """

    scores: FloatArray
    eta: FloatArray
    information: FloatArray


def sampled_end(
    data: CompleteData, scale: Scale, free: FloatArray, chains: Chains, rng: np.random.Generator
) -> SampledEnd:
    """Return scores, random effects and Louis' information from chains at fixed values; arguments as ``finished``."""
    values = to_values(scale, free)
    slopes = jacobian(scale, free)
    n, n_chains, n_eta = chains.phi.shape
    score = np.zeros((n, scale.values.size))
    square, hessian = np.zeros((free.size, free.size)), np.zeros((free.size, free.size))
    mean, moment = np.zeros((n, n_eta)), np.zeros((n, n_eta, n_eta))
    n_hessians = 0
    for k in range(_SWEEPS):
        chains = moved(data, values, chains, rng)
        drawn = complete_scores(data, values, chains.phi).scores
        score += drawn.mean(axis=0)
        own = drawn @ slopes
        square += np.einsum("cni,cnj->ij", own, own) / n_chains
        mean += chains.phi.mean(axis=1)
        moment += np.einsum("nci,ncj->nij", chains.phi, chains.phi) / n_chains
        if k % _HESSIAN_EVERY == 0:
            hessian += _complete_hessian(data, scale, free, chains.phi)
            n_hessians += 1
    score, mean, moment = score / _SWEEPS, mean / _SWEEPS, moment / _SWEEPS
    scores = score @ slopes
    missing = 0.25 * (square / _SWEEPS - scores.T @ scores)
    return SampledEnd(scores, mean - shift(data, values), 0.5 * hessian / n_hessians - missing)


def _complete_hessian(data: CompleteData, scale: Scale, free: FloatArray, phi: FloatArray) -> FloatArray:
    """Return the Hessian of the complete data's -2 log likelihood, mean over chains, by differences of its gradient."""
    rows = np.empty((free.size, free.size))
    for k in range(free.size):
        ends: list[FloatArray] = []
        for sign in (1.0, -1.0):
            place = free + sign * _STEP * np.eye(free.size)[k]
            scores = complete_scores(data, to_values(scale, place), phi).scores.mean(axis=0).sum(axis=0)
            ends.append(scores @ jacobian(scale, place))
        rows[k] = (ends[0] - ends[1]) / (2.0 * _STEP)
    return 0.5 * (rows + rows.T)

"""Random effects that the subjects of a centre share, integrated out by adaptive Gauss-Hermite quadrature.

Given the effects kappa of a centre, its subjects are independent, and each has the likelihood L_i(kappa) of the method in use
with its typical values multiplied by exp(kappa). The centre's is

    integral of prod_i L_i(kappa) phi(kappa; 0, diag(omega^2)) dkappa

Nodes are laid around the mode of the integrand, scaled by its curvature (Liu and Pierce 1994, doi:10.1093/biomet/81.3.624), and stay
where they are for a stretch of a search; the gradient is that of the sum itself, a mean over the nodes by Fisher's identity:

    d/dtheta    E[sum of d OFV_i / dtheta]
    d/domega^2  E[1 / omega^2 - kappa^2 / omega^4]
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from pkpd.likelihood.population import Evaluation, Population, model_at
from pkpd.model.population import ParameterKind

if TYPE_CHECKING:
    from collections.abc import Callable

    from pkpd.arrays import FloatArray, IntArray
    from pkpd.model.spec import ModelSpec

    Conditional = Callable[[Population, FloatArray, Any], tuple[Evaluation, Any]]
    """A method's objective of the subjects at given effects of centres: population, values and what an evaluation before it left."""

# Nodes along each effect, by the number of effects. An odd number has one at the mode.
_N_NODES = {1: 9, 2: 5}
_MOST_STEPS = 30
# Steps to the mode, in standard deviations of the centre's prior: of the differences, the longest, and the one that ends the search.
_DIFFERENCE, _LONGEST, _SMALL = 1e-3, 1.0, 1e-4
# Changes of mean (in standard deviations) and standard deviation (a ratio) of a centre's posterior at which nodes are laid anew.
_MOVED, _STRETCHED = 0.5, 1.4


@dataclass(frozen=True, slots=True)
class CentreNodes:
    """Where the integrals over the effects of centres are evaluated.

    Parameters
    ----------
    effects : (n_centres, n_nodes, n_effects) array
        Effects of each node.
    log_weight : (n_centres, n_nodes) array
        Logarithms of the weights.
    mean, sd : (n_centres, n_effects) arrays
        Those of the posterior where the nodes were laid.
    starts : tuple
        What each node's evaluation left for the next one.
    """

    effects: FloatArray
    log_weight: FloatArray
    mean: FloatArray
    sd: FloatArray
    starts: tuple[Any, ...]


@dataclass(frozen=True, slots=True)
class CentreEvaluation(Evaluation):
    """An objective with effects of centres at one point.

    The gradient has a row for each centre instead of each subject, random effects are those given the mean effects of the centre, and
    ``ofv_i`` is a subject's objective in the mean over the centre's posterior, with an equal share of what the centre's objective is
    above (or below) the sum of these.

    Parameters
    ----------
    ofv_c : (n_centres,) array
        Objective of each centre.
    effects, effects_sd : (n_centres, n_effects) arrays
        Mean and standard deviation of the posterior of each centre's effects.
    """

    ofv_c: FloatArray
    effects: FloatArray
    effects_sd: FloatArray


def centre_places(population: Population) -> tuple[IntArray, tuple[str, ...]]:
    """Return each subject's place among the centres that there are, and the names of these."""
    known, places = np.unique(population.cohort.centre, return_inverse=True)
    return places.astype(np.int64), tuple(population.cohort.centres[int(i)] for i in known)


def shifted(population: Population, effects: FloatArray) -> Population:
    """Return a population whose typical values have the effects of centres in them, (n_centres, n_effects)."""
    model = population.model
    places, _ = centre_places(population)
    of_row = np.repeat(places, np.diff(population.cohort.row_start))
    shift = np.zeros((population.n_rows, len(model.terms)))
    for t, term in enumerate(model.terms):
        if term.centre_eta is not None:
            shift[:, t] = effects[of_row, model.centre_etas.index(term.centre_eta)]
    return replace(population, log_shift=shift)


def individual_population(population: Population, evaluation: Evaluation) -> Population:
    """Return the population at the effects of centres that an evaluation found, or as it is where there are none."""
    return shifted(population, evaluation.effects) if isinstance(evaluation, CentreEvaluation) else population


def evaluate_centres(
    population: Population, values: FloatArray, conditional: Conditional, nodes: CentreNodes | None
) -> tuple[CentreEvaluation, CentreNodes]:
    """Return the objective of a model with effects of centres, and the nodes that it was evaluated at.

    Parameters
    ----------
    population : Population
        Model and subjects.
    values : (n_parameters,) array
        Values of the parameters.
    conditional : callable
        The method.
    nodes : CentreNodes or None
        Those of an evaluation nearby; None where there was none.
    """
    if nodes is None:
        return _laid(population, values, conditional)
    found, starts = _evaluated(population, values, conditional, nodes)
    nodes = replace(nodes, starts=starts)
    moved = np.abs(found.effects - nodes.mean) / nodes.sd
    # Where all weight lies on one node there is no width: its logarithm is infinite, and nodes are laid anew.
    with np.errstate(divide="ignore"):
        stretched = np.abs(np.log(found.effects_sd / nodes.sd))
    if np.isfinite(found.ofv) and (moved.max() > _MOVED or stretched.max() > np.log(_STRETCHED)):
        return _laid(population, values, conditional)
    return found, nodes


def at_mean_effects(
    population: Population, values: FloatArray, conditional: Conditional, found: CentreEvaluation
) -> CentreEvaluation:
    """Return an evaluation with the random effects of the subjects given the mean effects of their centres."""
    if not np.isfinite(found.effects).all():
        return found
    given, _ = conditional(shifted(population, found.effects), values, None)
    return replace(
        found,
        white=given.white,
        eta=given.eta,
        covariance=given.covariance,
        flatness=given.flatness,
        status=given.status,
    )


def _laid(population: Population, values: FloatArray, conditional: Conditional) -> tuple[CentreEvaluation, CentreNodes]:
    """Lay nodes around the modes of the centres and evaluate the objective at them."""
    mode, spread = _modes(population, values, conditional)
    n_effects = mode.shape[1]
    place, weight = np.polynomial.hermite.hermgauss(_N_NODES[n_effects])
    grid = np.stack([axis.ravel() for axis in np.meshgrid(*[place] * n_effects, indexing="ij")], axis=1)
    weights = np.prod(np.meshgrid(*[weight] * n_effects, indexing="ij"), axis=0).ravel()
    factor = np.sqrt(2.0) * np.linalg.cholesky(spread)
    log_scale = np.linalg.slogdet(factor)[1]
    log_weight = (np.log(weights) + (grid**2).sum(axis=1))[None, :] + log_scale[:, None]
    nodes = CentreNodes(
        effects=mode[:, None, :] + np.einsum("cij,qj->cqi", factor, grid),
        log_weight=log_weight,
        mean=mode,
        sd=np.sqrt(np.einsum("cii->ci", spread)),
        starts=(None,) * len(grid),
    )
    found, starts = _evaluated(population, values, conditional, nodes)
    return found, replace(nodes, mean=found.effects, sd=found.effects_sd, starts=starts)


def _evaluated(
    population: Population, values: FloatArray, conditional: Conditional, nodes: CentreNodes
) -> tuple[CentreEvaluation, tuple[Any, ...]]:
    model = model_at(population, values)
    places, names = centre_places(population)
    n_centres, n_nodes, _ = nodes.effects.shape
    variance = _variances(model)
    each: list[Evaluation] = []
    starts: list[Any] = []
    for q in range(n_nodes):
        given, start = conditional(shifted(population, nodes.effects[:, q]), values, nodes.starts[q])
        each.append(given)
        starts.append(start)
    by_subject = np.array([given.ofv_i for given in each]).T
    log_density = nodes.log_weight - 0.5 * (nodes.effects**2 / variance).sum(axis=2)
    log_density -= 0.5 * _by_centre(by_subject, places, n_centres)
    top = log_density.max(axis=1)
    mass = np.exp(log_density - top[:, None])
    total = mass.sum(axis=1)
    share = mass / total[:, None]
    ofv_c = -2.0 * (top + np.log(total)) + np.log(2.0 * np.pi * variance).sum()
    effects = np.einsum("cq,cqj->cj", share, nodes.effects)
    square = np.einsum("cq,cqj->cj", share, nodes.effects**2)
    gradient = np.zeros((n_centres, len(population.parameters)))
    for q, given in enumerate(each):
        gradient += share[:, q, None] * _by_centre(given.gradient, places, n_centres)
    for k, parameter in enumerate(population.parameters):
        if parameter.kind is ParameterKind.OMEGA and parameter.place[1] in model.centre_etas:
            j = model.centre_etas.index(str(parameter.place[1]))
            gradient[:, k] = 1.0 / variance[j] - square[:, j] / variance[j] ** 2
    own = (share[places] * by_subject).sum(axis=1)
    counts = np.bincount(places, minlength=len(names))
    left = (ofv_c - np.bincount(places, own, minlength=len(names))) / counts
    middle: Evaluation = each[len(each) // 2]
    found = CentreEvaluation(
        ofv_i=own + left[places],
        white=middle.white,
        eta=middle.eta,
        covariance=middle.covariance,
        flatness=np.max([given.flatness for given in each], axis=0),
        gradient=gradient,
        status=middle.status,
        ofv_c=ofv_c,
        effects=effects,
        effects_sd=np.sqrt(np.maximum(square - effects**2, 0.0)),
    )
    return found, tuple(starts)


def _modes(population: Population, values: FloatArray, conditional: Conditional) -> tuple[FloatArray, FloatArray]:
    """Return the modes of the centres' effects and the inverse curvatures there, (n_centres, n_effects, n_effects).

    All centres are searched at once by Newton steps, the curvature from differences of the slope.
    """
    model = model_at(population, values)
    places, names = centre_places(population)
    variance = _variances(model)
    n, d = len(names), variance.size
    sd = np.sqrt(variance)
    at, start = np.zeros((n, d)), None
    spread = np.broadcast_to(np.diag(variance), (n, d, d)).copy()
    for _ in range(_MOST_STEPS):
        here, start = _slopes(population, values, model, conditional, at, start, places)
        if not np.isfinite(here).all():
            break
        hessian = np.empty((n, d, d))
        for j in range(d):
            step = _DIFFERENCE * sd[j] * np.eye(d)[j]
            ahead, _ = _slopes(population, values, model, conditional, at + step, start, places)
            hessian[:, j] = (ahead - here) / (_DIFFERENCE * sd[j])
        hessian = 0.5 * (hessian + hessian.transpose(0, 2, 1))
        if not np.isfinite(hessian).all():
            break
        curvature = _at_least_the_prior(hessian, sd)
        spread = 2.0 * np.linalg.inv(curvature).astype(np.float64)
        move = -np.linalg.solve(curvature, here[..., None])[..., 0] / sd
        longest = np.abs(move).max(axis=1, keepdims=True)
        at = at + sd * move * np.minimum(1.0, _LONGEST / np.maximum(longest, 1e-300))
        if longest.max() < _SMALL:
            break
    return at, spread


def _slopes(
    population: Population,
    values: FloatArray,
    model: ModelSpec,
    conditional: Conditional,
    at: FloatArray,
    start: Any,  # noqa: ANN401 - the method's own
    places: IntArray,
) -> tuple[FloatArray, Any]:
    """Return the slopes of -2 log of the integrand of each centre by its effects, and what the evaluation left."""
    found, start = conditional(shifted(population, at), values, start)
    by_effect = np.zeros((len(places), at.shape[1]))
    for k, parameter in enumerate(population.parameters):
        if parameter.place[0] == "value":
            term = model.terms[int(parameter.place[1] or 0)]
            if term.centre_eta is not None:
                # d/dkappa is d/dln(typical value).
                by_effect[:, model.centre_etas.index(term.centre_eta)] = term.value * found.gradient[:, k]
    return _by_centre(by_effect, places, len(at)) + 2.0 * at / _variances(model), start


def _at_least_the_prior(hessian: FloatArray, sd: FloatArray) -> FloatArray:
    """Return curvatures raised to that of the prior where they are below it, which only far from a mode they are."""
    scaled = hessian * np.outer(sd, sd)
    values, vectors = np.linalg.eigh(scaled)
    raised = np.einsum("cik,ck,cjk->cij", vectors, np.maximum(values, 2.0), vectors)
    return raised / np.outer(sd, sd)


def _by_centre(rows: FloatArray, places: IntArray, n_centres: int) -> FloatArray:
    """Return the sums of the rows of each centre's subjects."""
    total = np.zeros((n_centres, rows.shape[1]))
    np.add.at(total, places, rows)
    return total


def _variances(model: ModelSpec) -> FloatArray:
    return np.array([variance.omega2 for variance in model.centre_variances])

"""The objectives that a fit minimises, each a function of the place of a search and of what an evaluation nearby left."""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import Enum
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np

from pkpd.estimation.map import estimate_map
from pkpd.estimation.minimize import Point
from pkpd.estimation.scale import jacobian, to_values
from pkpd.kernels.laplace import Approximation
from pkpd.likelihood.centres import evaluate_centres
from pkpd.likelihood.importance import (
    Proposals,
    SampledEvaluation,
    Sampling,
    evaluate_by_sampling,
    place_proposals,
    with_enough_points,
)
from pkpd.likelihood.marginal import Nodes, evaluate_marginal, place, place_again, reach_of
from pkpd.likelihood.population import Evaluation, Population, evaluate, problem_at, scores_of, total_of

if TYPE_CHECKING:
    from collections.abc import Callable

    from pkpd.arrays import BoolArray, FloatArray
    from pkpd.estimation.scale import Scale
    from pkpd.likelihood.centres import Conditional
    from pkpd.likelihood.marginal import MarginalEvaluation

    Objective = Callable[[FloatArray, Any], Point[Any]]


class Method(Enum):
    """Which objective is minimised."""

    FO = "fo"
    FOCE = "foce"
    FOCEI = "focei"
    LAPLACE = "laplace"
    EXACT = "exact"
    SAEM = "saem"


_APPROXIMATIONS = {
    Method.FO: Approximation.FO,
    Method.FOCE: Approximation.FOCE,
    Method.FOCEI: Approximation.FOCEI,
    Method.LAPLACE: Approximation.LAPLACE,
}
# Mass at the ends of nodes, and change by leaving some of them out, from which on a subject's nodes are placed anew while a
# search goes on. Where it ends, all are.
_ENDS, _COARSE = 1e-5, 2e-2
# Mass at the ends of nodes from which on the mode itself may lie beyond them.
_BEYOND = 1e-2
MOST_BY_QUADRATURE = 2
"""Random effects that the exact method integrates by quadrature at most."""
# Share of a subject's efficiency, and multiple of the standard error of the objective, at which sampled points are worn out.
_WORN, _BLURRED = 0.2, 1.5
# Conditional variance of a whitened random effect, the prior's being 1, from which on a mode is called flat: the search by
# Laplace's objective keeps away from there.
_FLAT = 10.0


@dataclass(frozen=True, slots=True)
class Memory:
    """What an evaluation leaves to the next ones.

    Parameters
    ----------
    start : array, Nodes, SampledPoints or CentreNodes
        Empirical Bayes estimates, whitened, that searches begin with; nodes or sampled points of the exact method; or nodes over the
        effects of centres.
    evaluation : Evaluation
        The evaluation itself.
    second : (n_subjects, n_eta) array, optional
        Each subject's second deepest mode, whitened, NaN where it has none; where they were looked for.
    """

    start: Any
    evaluation: Evaluation
    second: FloatArray | None = None


class Points(Enum):
    """What becomes of sampled points at the next evaluation."""

    MOVED = "placed anew, as many as before"
    REFINED = "placed anew, as many as are needed, and kept from then on"
    KEPT = "kept"


@dataclass(frozen=True, slots=True)
class SampledPoints:
    """Points of the exact method by importance sampling.

    Parameters
    ----------
    proposals : Proposals
        Where they lie.
    task : Points
        What becomes of them.
    """

    proposals: Proposals
    task: Points


def conditional_of(
    method: Method, sampling: Sampling | None = None, *, is_search: bool = False, with_gradient: bool = True
) -> Conditional:
    """Return a method's objective of the subjects: a function of population, values and what an evaluation nearby left.

    Parameters
    ----------
    method : Method
        Any but SAEM, which has no objective of its own.
    sampling : Sampling, optional
        How exact the exact method is where it is sampled.
    is_search : bool
        Whether sampled points begin few, for a search that refines them where it ends.
    with_gradient : bool
        Whether derivatives are wanted, of the approximations; empty where not.
    """
    if method is Method.EXACT:
        return partial(_exact, sampling=sampling or Sampling(), is_search=is_search)
    return partial(_approximated, approximation=_APPROXIMATIONS[method], with_gradient=with_gradient)


def objective_of(
    population: Population,
    scale: Scale,
    method: Method,
    *,
    sampling: Sampling | None = None,
    is_search: bool = False,
    with_gradient: bool = True,
    modes: FloatArray | None = None,
) -> Objective:
    """Return what a fit minimises, as a function of the free coordinates and of what an earlier point left to it, or None.

    Parameters are those of ``conditional_of``; derivatives may be left out where that saves time (``underived_of``). Without a value, NaN: Laplace's method at a flat mode, and sampled points beyond their reach. ``modes`` are empirical Bayes estimates, whitened, (n_subjects, n_eta), that approximations begin with where no earlier point left any.
    """
    has_centres = bool(population.model.centre_variances)
    first: Any = None if has_centres or method is Method.EXACT else modes
    conditional = conditional_of(method, sampling, is_search=is_search and not has_centres, with_gradient=with_gradient)

    def objective(free: FloatArray, memory: Memory | None) -> Point[Memory]:
        values = to_values(scale, free)
        start = first if memory is None else memory.start
        if has_centres:
            found, start = evaluate_centres(population, values, conditional, start)
        else:
            found, start = conditional(population, values, start)
        point = _point(population, scale, free, found, start)
        is_flat = method is Method.LAPLACE and is_flat_mode(found).any()
        return replace(point, value=np.nan) if is_flat else point

    return objective


def underived_of(population: Population, scale: Scale, method: Method) -> Objective | None:
    """Return what a fit minimises without its derivatives (empty in its points), or None where these cost next to nothing."""
    if method in (Method.FO, Method.EXACT) or population.model.centre_variances:
        return None
    return objective_of(population, scale, method, with_gradient=False)


def forgotten(memory: Memory) -> Memory | None:
    """Return what is left of a memory when nodes are to be placed anew: how many sampled points were needed, or nothing."""
    if not isinstance(memory.start, SampledPoints):
        return None
    return replace(memory, start=replace(memory.start, task=Points.REFINED))


def has_other_points(fresh: Memory, before: Memory) -> bool:
    """Return whether sampled points moved along until now, or were fewer."""
    new, old = fresh.start, before.start
    if not isinstance(new, SampledPoints):
        return False
    return old.task is Points.MOVED or bool((new.proposals.sizes != old.proposals.sizes).any())


def is_flat_mode(evaluation: Evaluation) -> BoolArray:
    """Return for which subjects an approximation by the curvature at the mode is worthless, as for two modes that merge."""
    return ~(evaluation.flatness < _FLAT)


def placed(population: Population, values: FloatArray) -> Nodes:
    """Return the nodes of the exact method at some values of the parameters."""
    problem = problem_at(population, values)
    modes = estimate_map(problem)
    return place(population, values, modes.objective, reach_of(problem.subjects.frame, modes.white))


def is_doubtful(found: MarginalEvaluation) -> BoolArray:
    """Return for which subjects nodes have to be placed anew while a search goes on."""
    return (found.doubt[:, 0] > _ENDS) | (found.doubt[:, 1:].max(axis=1) > _COARSE)


def ofv_by_subject(population: Population, values: FloatArray, method: Method) -> FloatArray:
    """Return each subject's objective at some values of the parameters, (n_subjects,)."""
    return conditional_of(method)(population, values, None)[0].ofv_i


def _approximated(
    population: Population,
    values: FloatArray,
    start: FloatArray | None,
    *,
    approximation: Approximation,
    with_gradient: bool,
) -> tuple[Evaluation, FloatArray]:
    found = evaluate(population, values, approximation, start=start, with_gradient=with_gradient)
    return found, found.white


def _exact(
    population: Population,
    values: FloatArray,
    start: Any,  # noqa: ANN401 - nodes or sampled points
    *,
    sampling: Sampling,
    is_search: bool,
) -> tuple[Evaluation, Any]:
    if population.n_eta > MOST_BY_QUADRATURE:
        return _sampled(population, values, start, sampling=sampling, is_search=is_search)
    return _by_quadrature(population, values, start)


def _by_quadrature(population: Population, values: FloatArray, nodes: Nodes | None) -> tuple[Evaluation, Nodes]:
    if nodes is None:
        nodes = placed(population, values)
        return evaluate_marginal(population, values, nodes), nodes
    found = evaluate_marginal(population, values, nodes)
    doubtful = is_doubtful(found)
    if doubtful.any():
        if found.doubt[:, 0].max() < _BEYOND:
            least, reach = found.lowest, nodes.reach
        else:
            problem = problem_at(population, values)
            modes = estimate_map(problem)
            least, reach = modes.objective, reach_of(problem.subjects.frame, modes.white)
        nodes = place_again(population, values, least, reach, nodes, doubtful)
        found = evaluate_marginal(population, values, nodes)
    return found, nodes


def _sampled(
    population: Population, values: FloatArray, start: SampledPoints | None, *, sampling: Sampling, is_search: bool
) -> tuple[Evaluation, SampledPoints]:
    """Return the exact objective by importance sampling.

    A search begins with few points that are placed anew at every evaluation: a smooth function, whose gradient errs as much as
    it does itself. From near the minimum on, points are as many as needed and stay, and the gradient is exactly the objective's.
    """
    task = (Points.MOVED if is_search else Points.REFINED) if start is None else start.task
    if task is Points.KEPT and start is not None:
        found = evaluate_by_sampling(population, values, start.proposals)
        # Values by other points err otherwise and are no comparison: the search keeps within the reach of these.
        if is_worn(found, start.proposals):
            found = replace(found, ofv_i=np.full_like(found.ofv_i, np.nan))
        return found, start
    proposals = place_proposals(population, values, sampling, None if start is None else start.proposals.sizes)
    if task is Points.REFINED:
        proposals, task = with_enough_points(population, values, proposals), Points.KEPT
    return evaluate_by_sampling(population, values, proposals), SampledPoints(proposals, task)


def is_worn(found: SampledEvaluation, proposals: Proposals) -> bool:
    """Return whether points have become much less efficient for some subject, or blurred for all, since they were placed."""
    efficiency = found.effective / found.n_points
    is_inefficient = ~(efficiency > _WORN * proposals.efficiency) & np.isfinite(proposals.efficiency)
    return bool(is_inefficient.any()) or not found.ofv_se <= _BLURRED * max(proposals.ofv_se, proposals.sampling.target)


def _point(
    population: Population,
    scale: Scale,
    free: FloatArray,
    found: Evaluation,
    start: Any,  # noqa: ANN401 - the method's
) -> Point[Memory]:
    ofv = float(total_of(population, found.ofv_i))
    if not found.gradient.size:
        none = np.empty((found.ofv_i.size, 0))
        return Point(free, ofv, none[0], none, Memory(start, found))
    # Impossible observations have infinite derivatives, whose products are no numbers: said by a value that is none.
    with np.errstate(invalid="ignore"):
        scores = found.gradient @ jacobian(scale, free)
        is_finite = bool(np.isfinite(found.ofv_i).all() and np.isfinite(scores).all())
        gradient = total_of(population, scores)
    return Point(free, ofv if is_finite else np.nan, gradient, scores_of(population, scores), Memory(start, found))

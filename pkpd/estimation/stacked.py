"""One fit to several completed cohorts at once: the mean of their objectives, which has one minimum.

Subjects that lack nothing stand in it once, those that do once for each completed cohort with its inverse number as weight. The scores there say
how the cohorts differ: the variance of their sums is the information that is missing (Louis TA. J R Stat Soc B 1982;44:226-233).
Cohorts and fits take turns, each cohort being drawn at parameters of their own from the normal approximation of the posterior (Tanner MA, Wong WH.
J Am Stat Assoc 1987;82:528-540, doi:10.1080/01621459.1987.10478458).
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from pkpd.data.cohort import Cohort, select_subjects
from pkpd.data.imputation import begin_augmentation, to_values
from pkpd.estimation.covariate_chains import CovariateChain, Gaps, begin_chain, gaps_of, swept
from pkpd.estimation.fit import Fit, fit, parameters_at_bound
from pkpd.estimation.information import information_at, is_positive
from pkpd.estimation.minimize import minimize
from pkpd.estimation.multiple_imputation import parameters_at
from pkpd.estimation.objectives import objective_of
from pkpd.estimation.scale import jacobian, to_free
from pkpd.estimation.scale import to_values as values_on_scale
from pkpd.likelihood.population import bind_population

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from pkpd.arrays import BoolArray, FloatArray, IntArray
    from pkpd.data.imputation import ImputedColumn
    from pkpd.estimation.multiple_imputation import ImputationOptions
    from pkpd.estimation.objectives import Objective
    from pkpd.estimation.scale import Scale
    from pkpd.likelihood.population import Population
    from pkpd.model.spec import ModelSpec

# Draws of everything before each fit.
_SWEEPS = 3
# Cohorts that the information of complete data is a mean over: they hardly differ in it.
_FEW = 4
# Cohorts that a fit is to which only the next draws rest on: as many as a hundredth of the final variance needs.
_ENOUGH = 8
# By how much less the objective could still become where a search ends that only the next draws rest on.
_ROUGH = 1e-2
_MOST_EVALUATIONS = 50
# Information below which a draw would be about nothing: a variance of almost nothing, on logarithms.
_HARDLY = 0.1


@dataclass(frozen=True, slots=True)
class Stack:
    """Several completed cohorts as one.

    Parameters
    ----------
    cohort : Cohort
        Subjects that lack nothing that the model reads, then the others, once for each completed cohort.
    weights : (n,) array
        What each counts.
    n_whole, n_lacking, n_imputations : int
        Subjects that lack nothing, subjects that do, and completed cohorts.
    """

    cohort: Cohort
    weights: FloatArray
    n_whole: int
    n_lacking: int
    n_imputations: int


@dataclass(frozen=True, slots=True)
class StackedFit:
    """Completed cohorts drawn under a model, and the fit of it to all of them.

    Parameters
    ----------
    fit : Fit
        The fit; its objective is the mean over the cohorts.
    stack : Stack
        The cohorts.
    within : (n_free, n_free) array
        Information of complete data, half the Hessian of the objective on the scale of the search.
    scores : (n_imputations, n_free) array
        Derivatives of the log-likelihood of each cohort there, on the same scale, up to what all cohorts share.
    chains : tuple of CovariateChain
        What was drawn for each.
    """

    fit: Fit
    stack: Stack
    within: FloatArray
    scores: FloatArray
    chains: tuple[CovariateChain, ...]


def stacked_fit(
    start: Fit,
    incomplete: Cohort,
    columns: Sequence[ImputedColumn],
    options: ImputationOptions,
    *,
    tell: Callable[[float], object] = lambda _: None,
) -> StackedFit:
    """Draw completed cohorts under a model and fit it to all of them.

    Parameters
    ----------
    start : Fit
        A fit of the model to the cohort with some value, such as the median, for each missing covariate; its options are those of the
        fit.
    incomplete : Cohort
        The same cohort with NaN for covariates that a subject has no value of; at least one that the model reads.
    columns : sequence of ImputedColumn
        Covariates that missing ones are drawn with.
    options : ImputationOptions
        How many, from which seed, and after how many fits before.
    tell : callable, optional
        Told the share that is done.
    """
    first = incomplete.row_start[:-1]
    values = np.column_stack([incomplete.covariates[one.name][first] for one in columns])
    state = begin_augmentation(columns, values)
    gaps = gaps_of(start, state)
    chains = [begin_chain(state, gaps)] * options.n_imputations
    place = to_free(start.scale, start.values)
    within = observed = _information(start, start.population, start.scale, place)
    for turn in range(options.burn_in + 1):
        chains = [
            _next_chain(chain, gaps, start, place, observed, np.random.SeedSequence([options.seed, turn, k]))
            for k, chain in enumerate(chains)
        ]
        if turn < options.burn_in:
            stack = stack_of(start.population.cohort, gaps.subjects, _some(chains, turn))
            place, scores = _approached(start, stack, place, within)
            observed = within - _lost(scores)
        tell((turn + 1.0) / (options.burn_in + 2.0))
    return _ended(start, place, within, gaps, chains)


def _some(chains: Sequence[CovariateChain], turn: int) -> list[CovariateChain]:
    """Return some of the chains, others in each turn."""
    n = min(len(chains), _ENOUGH)
    return [chains[(turn * n + k) % len(chains)] for k in range(n)]


def stack_of(cohort: Cohort, lacking: IntArray, chains: Sequence[CovariateChain]) -> Stack:
    """Return the cohorts of some chains as one.

    Parameters
    ----------
    cohort : Cohort
        The cohort with some value for each missing covariate.
    lacking : (n_lacking,) array
        Places of the subjects that the chains differ in.
    chains : sequence of CovariateChain
        At least one.
    """
    m = len(chains)
    whole = np.setdiff1d(np.arange(cohort.n_subjects), lacking)
    stacked = select_subjects(cohort, np.concatenate((whole, np.tile(lacking, m))))
    parts = [completed_cohort(cohort, one) for one in chains]
    own = [select_subjects(part, lacking).covariates for part in parts]
    begun = select_subjects(cohort, whole).covariates
    covariates = {name: np.concatenate((begun[name], *(one[name] for one in own))) for name in cohort.covariates}
    weights = np.concatenate((np.ones(whole.size), np.full(m * lacking.size, 1.0 / m)))
    return Stack(replace(stacked, covariates=covariates), weights, whole.size, lacking.size, m)


def completed_cohort(cohort: Cohort, chain: CovariateChain) -> Cohort:
    """Return a cohort with the drawn covariates of a chain."""
    state = chain.covariates
    values = to_values(state.columns, state.normal)
    rows = np.repeat(np.arange(cohort.n_subjects), np.diff(cohort.row_start))
    drawn = {
        one.name: np.where(state.is_missing[rows, k], values[rows, k], cohort.covariates[one.name])
        for k, one in enumerate(state.columns)
    }
    return replace(cohort, covariates={**cohort.covariates, **drawn})


def is_held(fit: Fit, place: FloatArray) -> BoolArray:
    """Return which free coordinates of a fit belong to parameters that lie at a bound at some place, (n_free,)."""
    values = values_on_scale(fit.scale, place)
    names = parameters_at_bound(fit.population, fit.parameters, fit.scale, values)
    return np.array([fit.parameters[i].name in names for i in fit.scale.free])


def _next_chain(
    chain: CovariateChain,
    gaps: Gaps,
    start: Fit,
    place: FloatArray,
    information: FloatArray,
    seeds: np.random.SeedSequence,
) -> CovariateChain:
    """Return a chain after some draws at parameters of its own."""
    of_parameters, of_covariates = (np.random.default_rng(one) for one in seeds.spawn(2))
    at = values_on_scale(start.scale, _drawn_place(start, place, information, of_parameters))
    for _ in range(_SWEEPS):
        chain = swept(chain, gaps, at, of_covariates)
    return chain


def _drawn_place(start: Fit, place: FloatArray, information: FloatArray, rng: np.random.Generator) -> FloatArray:
    """Return a draw from the normal approximation of the posterior; what lies at a bound, or is hardly known, stays."""
    noise = rng.standard_normal(place.size)
    moves = ~is_held(start, place) & (np.diag(information) > _HARDLY)
    own = information[np.ix_(moves, moves)]
    drawn = place.copy()
    if moves.any() and is_positive(own):
        drawn[moves] += np.linalg.solve(np.linalg.cholesky(own).T, noise[moves])
    return drawn


def _approached(start: Fit, stack: Stack, place: FloatArray, within: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Return about where the mean objective of a stack is least, and the scores there (``_by_cohort``)."""
    objective = _objective(start, bind_stack(start.population.model, stack), start.scale, is_search=True)
    begun = objective(place, None)
    if not np.isfinite(begun.value):
        return place, np.zeros((stack.n_imputations, stack.n_lacking, place.size))
    found = minimize(objective, begun, tolerance=_ROUGH, most_evaluations=_MOST_EVALUATIONS, hessian=_hessian(within))
    return found.point.place, _by_cohort(found.point.scores, stack)


def _ended(
    start: Fit, place: FloatArray, within: FloatArray, gaps: Gaps, chains: Sequence[CovariateChain]
) -> StackedFit:
    """Return the fit to the cohorts of the chains as they are."""
    cohort, model = start.population.cohort, start.population.model
    stack = stack_of(cohort, gaps.subjects, chains)
    inverse = np.linalg.inv(jacobian(start.scale, place)[start.scale.free])
    found = fit(
        bind_stack(model, stack),
        start.options,
        parameters=parameters_at(start.parameters, values_on_scale(start.scale, place)),
        hessian=_hessian(inverse.T @ within @ inverse),
    )
    few = stack_of(cohort, gaps.subjects, chains[:_FEW])
    at = to_free(found.scale, found.values)
    return StackedFit(
        fit=found,
        stack=stack,
        within=_information(start, bind_stack(model, few), found.scale, at),
        scores=_by_cohort(found.scores @ jacobian(found.scale, at)[found.scale.free], stack).sum(axis=1),
        chains=tuple(chains),
    )


def bind_stack(model: ModelSpec, stack: Stack) -> Population:
    """Bind a model to a stack, each of whose subjects counts its weight."""
    return replace(bind_population(model, stack.cohort), weight=stack.weights)


def _objective(start: Fit, population: Population, scale: Scale, *, is_search: bool) -> Objective:
    options = start.options
    return objective_of(population, scale, options.method, sampling=options.sampling, is_search=is_search)


def _hessian(within: FloatArray) -> FloatArray | None:
    """Return what a search begins with: twice an information, or nothing where that is not known."""
    return 2.0 * within if np.isfinite(within).all() else None


def _information(start: Fit, population: Population, scale: Scale, place: FloatArray) -> FloatArray:
    """Return half the Hessian of the objective on the scale of the search; NaN where there is none."""
    objective = _objective(start, population, scale, is_search=False)
    point = objective(place, None)
    if not np.isfinite(point.value):
        return np.full((place.size, place.size), np.nan)
    return information_at(objective, point)[0]


def _by_cohort(scores: FloatArray, stack: Stack) -> FloatArray:
    """Return the derivatives of the log-likelihood of each lacking subject in each cohort, (n_imputations, n_lacking, n_free).

    Parameters
    ----------
    scores : (n, n_free) array
        Derivatives of the objectives of a stack, times the root of their weight (``Point.scores``).
    """
    own = scores[stack.n_whole :].reshape(stack.n_imputations, stack.n_lacking, -1)
    return -0.5 * np.sqrt(stack.n_imputations) * own


def _lost(scores: FloatArray) -> FloatArray:
    """Return the information that is missing: the sum over subjects of the covariance of their scores between cohorts."""
    away = scores - scores.mean(axis=0)
    return np.einsum("kia,kib->ab", away, away) / (len(scores) - 1.0)

"""A model fitted to several cohorts in which missing covariates are drawn from what they may have been.

A covariate is drawn from its distribution given the subject's other covariates, weighted by the likelihood of the subject's levels
under it. Drawing without the levels would weaken the covariate's effect, and drawing with the subject's empirical Bayes estimates as
one more covariate would as well, since these are shrunken; weighted by the model itself, the draws and the fit agree (Bartlett JW,
Seaman SR, White IR, Carpenter JR. Stat Methods Med Res 2015;24:462-487, doi:10.1177/0962280214521348).

Fits and draws take turns: each draw has parameters from the normal approximation of the posterior at the fit before it (Tanner MA, Wong
WH. J Am Stat Assoc 1987;82:528-540, doi:10.1080/01621459.1987.10478458). Of the candidates one is what was drawn last, which
makes the choice among them exact however few they are (Andrieu C, Lee A, Vihola M. Bernoulli 2018;24:842-872,
doi:10.3150/15-BEJ785).
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from pkpd.data.cohort import Cohort, select_subjects
from pkpd.data.imputation import (
    Augmented,
    begin_augmentation,
    draw_latent,
    draw_missing,
    draw_parameters,
    is_possible,
    to_values,
)
from pkpd.estimation.bootstrap import parameters_of
from pkpd.estimation.covariance import CovarianceKind, uncertainty
from pkpd.estimation.fit import Fit, fit
from pkpd.estimation.objectives import ofv_by_subject
from pkpd.estimation.scale import jacobian, to_free
from pkpd.estimation.scale import to_values as values_on_scale
from pkpd.likelihood.population import bind_population
from pkpd.model_covariates import imputed_columns

if TYPE_CHECKING:
    from collections.abc import Callable

    from pkpd.arrays import FloatArray, IntArray
    from pkpd.model.population import PopulationParameter
    from pkpd.model.spec import ModelSpec

_N_CANDIDATES = 40
_SWEEPS = 4


@dataclass(frozen=True, slots=True)
class ImputationOptions:
    """How missing covariates are drawn.

    Parameters
    ----------
    n_imputations : int
        Completed cohorts that are fitted and kept; at least two.
    seed : int
        Imputation k comes from the seed, k and the fit before it.
    burn_in : int
        Fits before the first that is kept.
    """

    n_imputations: int = 20
    seed: int = 1
    burn_in: int = 5


@dataclass(frozen=True, slots=True)
class ImputedFits:
    """Fits to completed cohorts.

    Parameters
    ----------
    fits : tuple of Fit
        One for each imputation.
    middle : Cohort
        The cohort with the mean of the drawn values on the normal scale (of codes, the one drawn more often) for missing ones.
    missing : dict of str to int
        How many subjects each covariate of the model is drawn for.
    columns : tuple of str
        The covariates that they are drawn with.
    """

    fits: tuple[Fit, ...]
    middle: Cohort
    missing: dict[str, int]
    columns: tuple[str, ...]


def missing_covariates(cohort: Cohort, model: ModelSpec) -> dict[str, int]:
    """Return how many subjects have no value of each covariate of a model; only those that are missing somewhere."""
    first = cohort.row_start[:-1]
    counts = {name: int(np.isnan(cohort.covariates[name][first]).sum()) for name in model.covariates}
    return {name: n for name, n in counts.items() if n}


def fit_imputed(
    start: Fit,
    incomplete: Cohort,
    options: ImputationOptions,
    *,
    tell: Callable[[float], object] = lambda _: None,
) -> ImputedFits:
    """Fit a model to cohorts with drawn covariates.

    Parameters
    ----------
    start : Fit
        A fit with some value, such as the median, for each missing covariate; its options are those of every fit.
    incomplete : Cohort
        The same cohort with NaN for covariates that a subject has no value of.
    options : ImputationOptions
        How covariates are drawn.
    tell : callable, optional
        Told the share that is done.
    """
    model = start.population.model
    columns = imputed_columns(incomplete, model)
    first = incomplete.row_start[:-1]
    values = np.column_stack([incomplete.covariates[one.name][first] for one in columns])
    state, last = begin_augmentation(columns, values), start
    fits: list[Fit] = []
    drawn: list[FloatArray] = []
    n_steps = options.burn_in + options.n_imputations
    for k in range(n_steps):
        tell(k / n_steps)
        rng = np.random.default_rng([options.seed, k])
        at = _drawn_values(last, rng)
        for _ in range(_SWEEPS):
            state = draw_latent(draw_parameters(state, rng), rng)
            state = weighted_draw(state, incomplete, last, at, rng)
        population = bind_population(model, completed(incomplete, state, state.normal))
        fit_options = replace(start.options, with_covariance=True)
        last = fit(population, fit_options, parameters=parameters_of(last))
        if k >= options.burn_in:
            fits.append(last)
            drawn.append(state.normal)
    middle = completed(incomplete, state, np.mean(drawn, axis=0))
    return ImputedFits(tuple(fits), middle, missing_covariates(incomplete, model), tuple(one.name for one in columns))


def parameters_at(parameters: tuple[PopulationParameter, ...], values: FloatArray) -> tuple[PopulationParameter, ...]:
    """Return parameters with other initial values, (n_parameters,)."""
    return tuple(replace(one, value=float(value)) for one, value in zip(parameters, values, strict=True))


def completed(incomplete: Cohort, state: Augmented, normal: FloatArray) -> Cohort:
    """Return a cohort with values on the normal scale, (n_subjects, n_columns), in place of missing covariates."""
    values = to_values(state.columns, normal)
    counts = np.diff(incomplete.row_start)
    covariates = dict(incomplete.covariates)
    for k, one in enumerate(state.columns):
        own = covariates[one.name]
        covariates[one.name] = np.where(np.isnan(own), np.repeat(values[:, k], counts), own)
    return replace(incomplete, covariates=covariates)


def _drawn_values(last: Fit, rng: np.random.Generator) -> FloatArray:
    """Return parameters drawn from the normal approximation of their posterior; the estimates where there is no covariance."""
    known = uncertainty(last, CovarianceKind.R)
    noise = rng.standard_normal(last.scale.n_free)
    if known is None:
        return last.values
    free = to_free(last.scale, last.values)
    inverse = np.linalg.inv(jacobian(last.scale, free)[last.scale.free])
    factor = np.linalg.cholesky(inverse @ known.matrix @ inverse.T)
    return values_on_scale(last.scale, free + factor @ noise)


def weighted_draw(
    state: Augmented, incomplete: Cohort, last: Fit, at: FloatArray, rng: np.random.Generator
) -> Augmented:
    """Return covariates with missing ones drawn given the known ones and the levels.

    Parameters
    ----------
    state : Augmented
        Covariates with what was drawn last, and the parameters of their distribution.
    incomplete : Cohort
        The cohort with NaN for missing covariates.
    last : Fit
        Model and method that the levels are weighted by.
    at : (n_parameters,) array
        Values of the model's parameters.
    rng : Generator
        Source of randomness.
    """
    subjects = np.flatnonzero(state.is_missing.any(axis=1))
    candidates = np.array(
        [np.concatenate((state.normal[i][None], draw_missing(state, int(i), _N_CANDIDATES - 1, rng))) for i in subjects]
    )
    ofv = _ofv_of(candidates, subjects, state, incomplete, last, at)
    # The largest of -ofv / 2 plus a Gumbel variable is a draw by the weights exp(-ofv / 2).
    chosen = np.argmax(-0.5 * ofv + rng.gumbel(size=ofv.shape), axis=1)
    normal = state.normal.copy()
    normal[subjects] = candidates[np.arange(subjects.size), chosen]
    return replace(state, normal=normal)


def _ofv_of(
    candidates: FloatArray, subjects: IntArray, state: Augmented, incomplete: Cohort, last: Fit, at: FloatArray
) -> FloatArray:
    """Return the objective of each subject under each candidate, (n_subjects, n_candidates); infinite where impossible."""
    n, n_candidates, n_columns = candidates.shape
    flat = candidates.reshape(-1, n_columns)
    repeated = select_subjects(incomplete, np.repeat(subjects, n_candidates))
    possible = is_possible(state.columns, to_values(state.columns, flat))
    # An impossible candidate is not evaluated, and what was drawn last stands in for it meanwhile.
    safe = np.where(possible[:, None], flat, np.repeat(candidates[:, 0], n_candidates, axis=0))
    population = bind_population(last.population.model, completed(repeated, state, safe))
    ofv = ofv_by_subject(population, at, last.options.method)
    return np.where(possible & np.isfinite(ofv), ofv, np.inf).reshape(n, n_candidates)

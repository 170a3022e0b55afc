"""Fits of a search to completed cohorts: a pooled likelihood ratio for each candidate, from draws under the larger of its two models.

Drawn under a model without the tested effect, covariates would not be related to the levels as the effect says, and the test would find
less of it than there is. So each test has draws of its own, and both of its models are fitted to the same stack of cohorts
(``estimation.stacked``).
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from pkpd.data.imputation import ImputationScale
from pkpd.diagnostics.trials import (
    Direction,
    ImputedTest,
    SearchImputation,
    bound_model,
    compared,
    estimates_of,
    fit_once,
    trial_options,
)
from pkpd.errors import input_error
from pkpd.estimation.bootstrap import USED
from pkpd.estimation.fit import Fit, FitStatus, fit
from pkpd.estimation.information import is_positive
from pkpd.estimation.multiple_imputation import missing_covariates
from pkpd.estimation.pooling import PooledRatio, pool_ratio, relative_increase
from pkpd.estimation.scale import to_free
from pkpd.estimation.stacked import StackedFit, bind_stack, is_held, stacked_fit
from pkpd.model_covariates import imputed_columns, read_covariates

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pkpd.arrays import BoolArray
    from pkpd.data.cohort import Cohort
    from pkpd.data.imputation import ImputedColumn
    from pkpd.diagnostics.candidates import CovariateValues, Relation
    from pkpd.diagnostics.trials import Search, TestedFit, Trial
    from pkpd.estimation.multiple_imputation import ImputationOptions
    from pkpd.likelihood.population import Population
    from pkpd.model.population import PopulationParameter
    from pkpd.model.spec import ModelSpec


def fit_trial(search: Search, trial: Trial) -> TestedFit:
    """Fit one model of a search: to completed cohorts where it, or what it is compared with, reads a covariate that is missing."""
    larger, smaller = _models(trial)
    population, parameters = bound_model(search, larger, trial.start)
    given = search.imputation
    if given is None or not lacks(given, population.model):
        return fit_once(search, trial)
    start = fit(population, trial_options(search), parameters=parameters)
    if not np.isfinite(start.ofv):
        return _outcome(trial, given, (start,), start, np.nan, None)
    found = stacked_fit(start, given.incomplete, given.columns, given.options)
    if trial.tested is None:
        return _outcome(trial, given, (start, found.fit), found.fit, np.nan, None)
    without, inside = bound_model(search, smaller, trial.start)
    other = _smaller_fit(search, trial, found, without, inside)
    ofv = trial.ofv_before if other is None else other.ofv
    is_tested = _is_tested(found.fit, inside)
    ratio = _pooled(found, ofv, is_tested) if other is None or other.status in USED else None
    fits = (start, found.fit) if other is None else (start, found.fit, other)
    if other is not None and trial.direction is Direction.BACKWARD:
        return _outcome(trial, given, fits, other, found.fit.ofv, ratio)
    return _outcome(trial, given, fits, found.fit, ofv, ratio)


def search_imputation(search: Search, incomplete: Cohort, options: ImputationOptions) -> SearchImputation | None:
    """Return how a search draws missing covariates; None where it reads none that is missing.

    Continuous candidates are drawn within the values of the cohort: beyond them a multiplier may be negative.

    Raises
    ------
    InputError
        For covariates that cannot be drawn, and for a model with effects of centres, whose likelihood is no sum over subjects.
    """
    read = read_covariates(search.base) | {one.covariate for one in search.candidates}
    own = {name: domain for name, domain in search.base.covariates.items() if name in read}
    model = replace(search.base, covariates=own)
    missing = missing_covariates(incomplete, model)
    if not missing:
        return None
    if model.centre_variances:
        message = "multiple does not go with random effects of centres, which patients share; take median"
        raise input_error("--impute", message)
    columns = tuple(_within(one, search.values) for one in imputed_columns(incomplete, model))
    return SearchImputation(incomplete, columns, options, missing)


def _within(column: ImputedColumn, values: Mapping[str, CovariateValues]) -> ImputedColumn:
    known = values.get(column.name)
    if known is None or column.scale is ImputationScale.BINARY:
        return column
    return replace(column, low=known.low, high=known.high)


def lacks(given: SearchImputation, model: ModelSpec) -> bool:
    """Return whether a model reads a covariate that some subject has no value of."""
    return bool(missing_covariates(given.incomplete, model).keys() & read_covariates(model))


def _models(trial: Trial) -> tuple[tuple[Relation, ...], tuple[Relation, ...]]:
    """Return what is in the larger and in the smaller of the two models that a trial compares."""
    if trial.tested is None:
        return trial.relations, trial.relations
    without = tuple(one for one in trial.relations if one != trial.tested)
    return (*without, trial.tested), without


def _smaller_fit(
    search: Search, trial: Trial, found: StackedFit, without: Population, inside: tuple[PopulationParameter, ...]
) -> Fit | None:
    """Return the fit of the smaller model; None where it is the current one and reads nothing that is missing, and is known."""
    if search.imputation is not None and lacks(search.imputation, without.model):
        return fit(bind_stack(without.model, found.stack), trial_options(search), parameters=inside)
    if trial.direction is Direction.FORWARD:
        return None
    return fit(without, trial_options(search), parameters=inside)


def _is_tested(larger: Fit, inside: tuple[PopulationParameter, ...]) -> BoolArray:
    """Return which free parameters of the larger model the smaller one has not, (n_free,)."""
    known = {one.name for one in inside}
    return np.array([larger.parameters[i].name not in known for i in larger.scale.free])


def _pooled(found: StackedFit, ofv: float, is_tested: BoolArray) -> PooledRatio | None:
    """Return the pooled test; None where the larger model has no fit, or no positive curvature."""
    larger = found.fit
    is_known = ~is_held(larger, to_free(larger.scale, larger.values))
    within = found.within[np.ix_(is_known, is_known)]
    if larger.status not in USED or not is_known.any() or not is_positive(within):
        return None
    own = is_tested[is_known]
    # What lies at a bound has no variance; the mean over all others stands for it.
    increase = relative_increase(within, found.scores[:, is_known], own if own.any() else np.ones_like(own))
    df, m = int(is_tested.sum()), found.stack.n_imputations
    return pool_ratio(ofv - larger.ofv, increase, df=df, n_imputations=m)


def _outcome(
    trial: Trial,
    given: SearchImputation,
    fits: tuple[Fit, ...],
    fitted: Fit,
    other_ofv: float,
    ratio: PooledRatio | None,
) -> TestedFit:
    """Return what a trial says; its status is that of the fitted model unless the test failed for another reason."""
    failed = [one.status for one in fits[1:] if one.status not in USED]
    status = next(iter(failed), fitted.status)
    if trial.tested is not None and ratio is None and status in USED:
        status = FitStatus.NOT_POSITIVE_DEFINITE
    tested = compared(replace(trial, ofv_before=other_ofv), fitted.ofv, status, fitted.at_bound, estimates_of(fitted))
    counts = (given.options.n_imputations, len(fits), sum(one.status not in USED for one in fits))
    p = np.nan if ratio is None else ratio.p
    return replace(tested, p=p, imputed=ImputedTest(ratio, *counts))

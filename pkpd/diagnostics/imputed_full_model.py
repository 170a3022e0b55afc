"""The full covariate model fitted to completed cohorts, pooled by Rubin's rules."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any

import numpy as np

from pkpd.diagnostics.full_model import (
    Coefficients,
    coefficients_entry,
    fitted_coefficients,
    full_model_document,
    full_relations,
    number_or_none,
)
from pkpd.diagnostics.imputed_trial import lacks
from pkpd.diagnostics.trials import bound_model, trial_options
from pkpd.estimation.bootstrap import USED
from pkpd.estimation.fit import FitOptions, FitStatus, fit
from pkpd.estimation.multiple_imputation import parameters_at
from pkpd.estimation.pooling import Pooled, pool, pooled_covariance
from pkpd.estimation.stacked import completed_cohort, stacked_fit
from pkpd.likelihood.population import bind_population

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from pkpd.diagnostics.trials import Search, SearchImputation
    from pkpd.estimation.fit import Fit
    from pkpd.likelihood.population import Population
    from pkpd.model.population import PopulationParameter

# Share of the work that is the draws'.
_DRAWING = 0.3


def full_model(search: Search, *, tell: Callable[[float], object] = lambda _: None) -> dict[str, Any]:
    """Fit the full covariate model of a search, to completed cohorts where covariates are drawn.

    Parameters
    ----------
    search : Search
        What is searched.
    tell : callable, optional
        Told the share that is done.
    """
    relations = full_relations(search.candidates)
    population, parameters = bound_model(search, relations, {})
    given = search.imputation
    if given is None or not lacks(given, population.model):
        return full_model_document(search)
    fits = _completed_fits(search, given, population, parameters, tell)
    used = [one for one in fits if one.status in USED]
    statuses = Counter(one.status.name.lower() for one in fits)
    worse = (one.status for one in fits if one.status not in USED)
    is_bounded = any(one.at_bound for one in fits)
    status = next(worse, FitStatus.AT_BOUND if is_bounded else FitStatus.CONVERGED)
    return {
        "status": status.name.lower(),
        "status_text": f"{len(used)} of {len(fits)} fits to completed cohorts are pooled. {status.value}",
        "ofv": float(np.mean([one.ofv for one in used])) if used else None,
        "at_bound": sorted({name for one in fits for name in one.at_bound}),
        "effects": [str(one) for one in relations],
        **_pooled_entry(search, used if len(used) > 1 else fits),
        "estimates": _mean_estimates(used or fits),
        "imputation": {"n": len(fits), "n_used": len(used), "statuses": dict(statuses)},
    }


def _completed_fits(
    search: Search,
    given: SearchImputation,
    population: Population,
    parameters: tuple[PopulationParameter, ...],
    tell: Callable[[float], object],
) -> list[Fit]:
    """Return a fit with standard errors to each of the cohorts that are drawn under the full model."""
    start = fit(population, trial_options(search), parameters=parameters)
    found = stacked_fit(
        start, given.incomplete, given.columns, given.options, tell=lambda share: tell(_DRAWING * share)
    )
    begun = parameters_at(start.parameters, found.fit.values)
    fits: list[Fit] = []
    for k, chain in enumerate(found.chains):
        tell(_DRAWING + (1.0 - _DRAWING) * k / len(found.chains))
        cohort = completed_cohort(search.cohort, chain)
        fits.append(fit(bind_population(population.model, cohort), FitOptions(search.method), parameters=begun))
    return fits


def _pooled_entry(search: Search, fits: Sequence[Fit]) -> dict[str, Any]:
    """Return the pooled coefficients; without standard errors where one of the fits has none."""
    each = [fitted_coefficients(search, one) for one in fits]
    estimates = np.array([one.estimate for one in each])
    covariances = [one.covariance for one in each if one.covariance is not None]
    scale = np.mean([one.scale for one in each], axis=0)
    mean = estimates.mean(axis=0)
    if len(covariances) < len(each):
        return coefficients_entry(Coefficients(each[0].own, mean, None, each[0].reach, scale))
    variances = np.array([np.diag(one) for one in covariances])
    df_complete = float(max(fits[0].population.n_subjects - fits[0].scale.n_free, 1))
    pooled = pool(estimates, variances, df_complete=df_complete)
    whole = pooled_covariance(estimates, np.array(covariances))
    entry = coefficients_entry(Coefficients(each[0].own, mean, whole, pooled.reach, scale))
    for i, one in enumerate(each[0].own):
        entry["coefficients"][one.name]["imputation"] = _lost_entry(pooled, i)
    return entry


def _lost_entry(pooled: Pooled, i: int) -> dict[str, float | None]:
    """Return what the missing covariates cost a coefficient; None where it lies at a bound in one of the fits."""
    return {
        "se_within": number_or_none(float(np.sqrt(pooled.within[i]))),
        "sd_between": number_or_none(float(np.sqrt(pooled.between[i]))),
        "df": number_or_none(float(pooled.df[i])),
        "missing_information_pct": number_or_none(float(100.0 * pooled.fmi[i])),
    }


def _mean_estimates(fits: Sequence[Fit]) -> dict[str, float]:
    values = np.mean([one.values for one in fits], axis=0)
    return {one.name: float(value) for one, value in zip(fits[0].parameters, values, strict=True)}

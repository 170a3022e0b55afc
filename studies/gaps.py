"""What the study of imputation does with one cohort: tests of the effect of CRP, of which some is missing."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from pkpd.diagnostics.candidates import CovariateForm, Relation, covariate_values, without_effects
from pkpd.diagnostics.imputed_trial import fit_trial, search_imputation
from pkpd.diagnostics.trials import Direction, Search, TestedFit, Trial
from pkpd.estimation.multiple_imputation import ImputationOptions
from pkpd.estimation.objectives import Method
from pkpd.likelihood.population import bind_population, model_at
from pkpd.model import load_model
from pkpd.model.population import population_parameters
from pkpd.model_covariates import with_model_covariates
from pkpd.simulation.virtual_cohort import Design, virtual_cohort
from studies.estimates import EFFECT, MODEL, TRUTHS, true_values

if TYPE_CHECKING:
    from pkpd.data.cohort import Cohort

METHODS = ("complete", "median", "multiple")
COVARIATE = "crp_mg_per_L"
_RELATION = Relation("cl", COVARIATE, CovariateForm.POWER_LOG_RATIO)
_BURN_IN = 3


@dataclass(frozen=True, slots=True)
class Row:
    """One test of the effect of CRP on the clearance.

    Parameters
    ----------
    seed, cohort : int
        Which: cohorts count from 1.
    truth : str
        One of ``studies.estimates.TRUTHS``.
    method : str
        One of ``METHODS``: CRP as it was before it went missing, the median, or drawn.
    status : str
        How the fit with the effect ended.
    n_missing : int
        Subjects without CRP.
    statistic, p, missing_information : float
        The test; NaN where there is none.
    estimate : float
        Coefficient of the effect.
    """

    seed: int
    cohort: int
    truth: str
    method: str
    status: str
    n_missing: int
    statistic: float
    p: float
    missing_information: float
    estimate: float


def cohort_with_gaps(number: int, truth: str, *, seed: int, share: float) -> tuple[Cohort, Cohort]:
    """Return a cohort of the published design, and the same without the CRP of some subjects, whatever it was."""
    model = load_model(MODEL)
    stem = [seed, number, TRUTHS.index(truth)]
    design = Design(missing=0.0)
    empty = virtual_cohort(model, design, np.random.default_rng(stem))
    bound = bind_population(model, empty)
    whole = virtual_cohort(model_at(bound, true_values(bound, truth)), design, np.random.default_rng(stem))
    is_gone = np.random.default_rng([*stem, 1]).random(whole.n_subjects) < share
    values = np.where(is_gone, np.nan, whole.covariates[COVARIATE])
    return whole, replace(whole, covariates={**whole.covariates, COVARIATE: values})


def search_of(whole: Cohort, gappy: Cohort, method: str, *, n_imputations: int, seed: int) -> Search:
    """Return the search of a single candidate, CRP on the clearance in the published form; the effects of weight stay."""
    model = load_model(MODEL)
    kept = {(term.parameter, one.covariate) for term in model.terms for one in term.effects} - {("cl", COVARIATE)}
    base = without_effects(model, ("cl", "v"), kept)
    ready = with_model_covariates(whole if method == "complete" else gappy, model)
    values = {COVARIATE: covariate_values(ready.cohort, model.covariates[COVARIATE])}
    parameters = population_parameters(base)
    search = Search(base, ready.cohort, parameters, (_RELATION,), Method.EXACT, 0.05, 0.01, values)
    if method != "multiple":
        return search
    options = ImputationOptions(n_imputations, seed, burn_in=_BURN_IN)
    return replace(search, imputation=search_imputation(search, ready.carried, options))


def tested(number: int, truth: str, method: str, share: float, n_imputations: int, *, seed: int) -> Row:
    """Draw a cohort and test the effect of CRP."""
    whole, gappy = cohort_with_gaps(number, truth, seed=seed, share=share)
    search = search_of(whole, gappy, method, n_imputations=n_imputations, seed=seed)
    base = fit_trial(search, Trial(0, Direction.BASE, None, (), 0, {}, np.nan))
    found = fit_trial(search, Trial(1, Direction.FORWARD, _RELATION, (_RELATION,), 1, base.estimates, base.ofv))
    return Row(
        seed=seed,
        cohort=number,
        truth=truth,
        method=method,
        status=found.status.name.lower(),
        n_missing=int(np.isnan(gappy.covariates[COVARIATE]).sum()),
        statistic=found.statistic,
        p=found.p,
        missing_information=_missing_information(found),
        estimate=found.estimates.get(EFFECT, np.nan),
    )


def _missing_information(found: TestedFit) -> float:
    if found.imputed is None or found.imputed.ratio is None:
        return 0.0
    return found.imputed.ratio.fmi

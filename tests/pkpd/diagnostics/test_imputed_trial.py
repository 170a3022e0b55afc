"""Tests of a search where covariates are missing: what is drawn, what is not, and what a test rests on."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from scipy.stats import f

from pkpd.data.censored import without_censored
from pkpd.diagnostics.candidates import CovariateForm, Relation, candidate_relations, covariate_values, without_effects
from pkpd.diagnostics.imputed_full_model import full_model
from pkpd.diagnostics.imputed_trial import fit_trial, search_imputation
from pkpd.diagnostics.scm import search_covariates
from pkpd.diagnostics.scm_document import scm_document
from pkpd.diagnostics.trials import Direction, Search, Trial, fit_once
from pkpd.errors import InputError
from pkpd.estimation import stacked
from pkpd.estimation.fit import FitStatus, with_changes
from pkpd.estimation.multiple_imputation import ImputationOptions
from pkpd.estimation.objectives import Method
from pkpd.model import load_model
from pkpd.model.population import population_parameters
from pkpd.model.spec import EtaVariance
from pkpd.model_covariates import with_model_covariates
from pkpd.simulation.virtual_cohort import Design, virtual_cohort

if TYPE_CHECKING:
    from pkpd.diagnostics.trials import TestedFit
    from pkpd.estimation.fit import Fit

NIYIGENA = load_model("niyigena_2026_asuc")
BARE = without_effects(NIYIGENA, ("cl", "v"), ())
CRP = "crp_mg_per_L"
ON_CL, WEIGHT = Relation("cl", CRP, CovariateForm.POWER), Relation("cl", "weight_kg", CovariateForm.POWER)
OPTIONS = ImputationOptions(3, seed=2, burn_in=1)


def searched(missing: float, *, is_drawn: bool = True) -> Search:
    """Return a search by FOCE-I of CRP and weight on clearance and volume."""
    whole = virtual_cohort(NIYIGENA, Design(40, missing=0.0), np.random.default_rng(5))
    gaps = np.random.default_rng(6).random(40) < missing
    crp = np.where(gaps, np.nan, whole.covariates[CRP])
    ready = with_model_covariates(replace(whole, covariates={**whole.covariates, CRP: crp}), BARE)
    cohort, incomplete = (without_censored(one, "drop") for one in (ready.cohort, ready.carried))
    values = {name: covariate_values(cohort, BARE.covariates[name]) for name in (CRP, "weight_kg")}
    forms = (CovariateForm.POWER,)
    relations, _ = candidate_relations(BARE, values, parameters=("cl", "v"), forms=forms, kept=())
    search = Search(BARE, cohort, population_parameters(BARE), relations, Method.FOCEI, 0.05, 0.01, values)
    return replace(search, imputation=search_imputation(search, incomplete, OPTIONS)) if is_drawn else search


@pytest.fixture(scope="module")
def search() -> Search:
    return searched(0.3)


@pytest.fixture(scope="module")
def base(search: Search) -> TestedFit:
    return fit_trial(search, Trial(0, Direction.BASE, None, (), 0, {}, np.nan))


@pytest.fixture(scope="module")
def with_crp(search: Search, base: TestedFit) -> TestedFit:
    return fit_trial(search, Trial(1, Direction.FORWARD, ON_CL, (ON_CL,), 1, base.estimates, base.ofv))


def test_where_nothing_is_missing_a_search_is_the_ordinary_one():
    drawn, ordinary = searched(0.0), searched(0.0, is_drawn=False)
    assert drawn.imputation is None
    # As texts, since NaN is not equal to itself.
    assert str(search_covariates(drawn)) == str(search_covariates(ordinary))


def test_what_reads_nothing_that_is_missing_is_fitted_once(search: Search, base: TestedFit):
    assert base.imputed is None
    trial = Trial(1, Direction.FORWARD, WEIGHT, (WEIGHT,), 1, base.estimates, base.ofv)
    assert str(fit_trial(search, trial)) == str(fit_once(search, trial))


def test_candidates_are_drawn_within_the_values_of_the_cohort(search: Search):
    given = search.imputation
    assert given is not None
    assert dict(given.missing) == {CRP: int(np.isnan(given.incomplete.covariates[CRP]).sum())}
    known = given.incomplete.covariates[CRP]
    column = next(one for one in given.columns if one.name == CRP)
    assert (column.low, column.high) == (np.nanmin(known), np.nanmax(known))


def test_a_test_is_the_pooled_ratio_of_its_two_models(search: Search, base: TestedFit, with_crp: TestedFit):
    imputed = with_crp.imputed
    assert imputed is not None
    assert imputed.ratio is not None
    # The smaller model does not read CRP and is known.
    assert (imputed.n_imputations, imputed.n_fits, imputed.n_failed) == (3, 2, 0)
    ratio = imputed.ratio
    assert with_crp.change == with_crp.ofv - base.ofv < 0.0
    assert ratio.statistic == pytest.approx(-with_crp.change * (1.0 - ratio.fmi))
    assert ratio.df_denominator == pytest.approx(2.0 / ratio.fmi**2)
    assert with_crp.p == ratio.p == pytest.approx(f.sf(ratio.statistic, 1, ratio.df_denominator))
    again = fit_trial(search, Trial(1, Direction.FORWARD, ON_CL, (ON_CL,), 1, base.estimates, base.ofv))
    assert str(again) == str(with_crp)
    assert search.imputation is not None
    other = replace(search, imputation=replace(search.imputation, options=replace(OPTIONS, seed=3)))
    drawn = fit_trial(other, Trial(1, Direction.FORWARD, ON_CL, (ON_CL,), 1, base.estimates, base.ofv))
    assert drawn.ofv != with_crp.ofv


def test_both_models_are_fitted_to_the_same_cohorts_forwards_and_backwards(search: Search, with_crp: TestedFit):
    start = with_crp.estimates
    forward = fit_trial(search, Trial(2, Direction.FORWARD, WEIGHT, (ON_CL, WEIGHT), 1, start, with_crp.ofv))
    assert forward.imputed is not None
    assert forward.imputed.n_fits == 3
    backward = fit_trial(search, Trial(3, Direction.BACKWARD, WEIGHT, (ON_CL,), 1, forward.estimates, forward.ofv))
    assert backward.imputed is not None
    assert backward.imputed.ratio is not None
    assert forward.imputed.ratio is not None
    # The same two models and the same seed; the starts differ, and with them what is drawn, a little.
    assert backward.change == pytest.approx(-forward.change, abs=0.05)
    assert backward.p == pytest.approx(forward.imputed.ratio.p, rel=0.1)
    # What is removed is CRP itself: the smaller model has the same objective in all cohorts.
    gone = fit_trial(search, Trial(3, Direction.BACKWARD, ON_CL, (WEIGHT,), 1, forward.estimates, forward.ofv))
    alone = fit_once(search, Trial(1, Direction.FORWARD, WEIGHT, (WEIGHT,), 1, {}, 0.0))
    assert gone.ofv == pytest.approx(alone.ofv, abs=1e-3)


def test_a_search_says_what_was_drawn_and_lost(search: Search):
    result = search_covariates(search)
    document = scm_document(search, result)
    made = document["imputation"]
    assert (made["n"], made["seed"], made["burn_in"]) == (3, 2, 1)
    entries = [one["imputation"] for step in document["steps"] for one in step["fits"] if "imputation" in one]
    assert made["n_tests"] == len(entries) > 0
    assert made["most_missing_information_pct"] == max(one["missing_information_pct"] for one in entries)
    assert all({"statistic", "df_denominator", "n", "n_fits", "n_fits_failed"} < set(one) for one in entries)


def test_a_fit_that_fails_is_counted_and_selects_nothing(
    search: Search, base: TestedFit, monkeypatch: pytest.MonkeyPatch
):
    whole = stacked.fit

    def failing(*given: Any, **named: Any) -> Fit:
        return replace(whole(*given, **named), status=FitStatus.EVALUATIONS)

    monkeypatch.setattr("pkpd.estimation.stacked.fit", failing)
    found = fit_trial(search, Trial(1, Direction.FORWARD, ON_CL, (ON_CL,), 1, base.estimates, base.ofv))
    assert found.imputed is not None
    assert (found.imputed.ratio, found.imputed.n_fits, found.imputed.n_failed) == (None, 2, 1)
    assert not found.is_used
    assert np.isnan(found.p)
    assert np.isnan(found.statistic)
    assert found.status is FitStatus.EVALUATIONS


def test_the_full_model_is_pooled(search: Search):
    told: list[float] = []
    # A variance that ends at its bound leaves no standard errors.
    held = with_changes(search.parameters, initial={}, fixed={"omega2_v": 0.2})
    document = full_model(replace(search, parameters=held), tell=told.append)
    assert told == sorted(told)
    assert document["imputation"]["n"] == document["imputation"]["n_used"] == 3
    assert "3 of 3 fits to completed cohorts are pooled" in document["status_text"]
    one = document["coefficients"][f"cl_{CRP}"]
    lost = one["imputation"]
    assert one["se"] == pytest.approx(np.sqrt(lost["se_within"] ** 2 + 4.0 / 3.0 * lost["sd_between"] ** 2))
    of_weight = document["coefficients"]["cl_weight_kg"]["imputation"]
    assert lost["missing_information_pct"] > of_weight["missing_information_pct"]
    assert one["q975"] - one["estimate"] > 1.96 * one["se"]


def test_effects_of_centres_and_more_than_two_categories_are_refused(search: Search):
    given = search.imputation
    assert given is not None
    shared = replace(search, base=replace(BARE, centre_variances=(EtaVariance("centre_cl", 0.1),)))
    with pytest.raises(InputError, match="does not go with random effects of centres"):
        search_imputation(shared, given.incomplete, OPTIONS)
    three = replace(BARE.covariates[CRP], categories=(("a", 1.0), ("b", 2.0), ("c", 3.0)))
    coded = replace(search, base=replace(BARE, covariates={**BARE.covariates, CRP: three}))
    with pytest.raises(InputError, match="more than two categories"):
        search_imputation(coded, given.incomplete, OPTIONS)

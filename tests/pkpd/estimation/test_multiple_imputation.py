"""Multiple imputation of a missing covariate: what it recovers that the median loses."""

from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pytest

from pkpd.data.cohort import select_subjects
from pkpd.data.imputation import begin_augmentation
from pkpd.errors import InputError
from pkpd.estimation.covariance import CovarianceKind
from pkpd.estimation.fit import FitOptions, FitStatus, fit
from pkpd.estimation.imputed_result import imputed_document, pooled_fits
from pkpd.estimation.multiple_imputation import (
    ImputationOptions,
    completed,
    fit_imputed,
    missing_covariates,
    weighted_draw,
)
from pkpd.estimation.objectives import Method, ofv_by_subject
from pkpd.likelihood.population import bind_population
from pkpd.model.library import load_model
from pkpd.model_covariates import imputed_columns, with_model_covariates
from pkpd.simulation.virtual_cohort import Design, virtual_cohort

MODEL = load_model("niyigena_2026_asuc")
CRP = "crp_mg_per_L"


def cohort_of(n, seed, missing):
    whole = virtual_cohort(MODEL, Design(n, missing=0.0), np.random.default_rng(seed))
    gaps = np.random.default_rng([seed, 1]).random(n) < missing
    crp = np.where(gaps, np.nan, whole.covariates[CRP])
    return whole, replace(whole, covariates={**whole.covariates, CRP: crp})


def begun(cohort):
    ready = with_model_covariates(cohort, MODEL)
    return fit(bind_population(MODEL, ready.cohort), FitOptions(Method.EXACT)), ready.carried


def test_the_same_seed_draws_the_same_and_known_covariates_stay():
    whole, cohort = cohort_of(25, 4, 0.2)
    start, incomplete = begun(cohort)
    options = ImputationOptions(2, seed=3, burn_in=1)
    found, again = (fit_imputed(start, incomplete, options) for _ in range(2))
    for one, other in zip(found.fits, again.fits, strict=True):
        np.testing.assert_array_equal(one.values, other.values)
    known = ~np.isnan(incomplete.covariates[CRP])
    for one in found.fits:
        drawn = one.population.cohort.covariates[CRP]
        np.testing.assert_array_equal(drawn[known], whole.covariates[CRP][known])
        assert not np.isnan(drawn).any()
    first, second = (one.population.cohort.covariates[CRP][~known] for one in found.fits)
    assert (first != second).any()
    assert found.missing == {CRP: int((~known).sum())} == missing_covariates(incomplete, MODEL)


def test_a_missing_covariate_has_the_distribution_that_other_covariates_and_levels_leave():
    """Draws of one subject's CRP against prior times likelihood on a dense grid, parameters held."""
    whole, _ = cohort_of(8, 4, 0.0)
    crp = whole.covariates[CRP].copy()
    crp[2] = np.nan
    start, incomplete = begun(replace(whole, covariates={**whole.covariates, CRP: crp}))
    columns = tuple(one for one in imputed_columns(incomplete, MODEL) if one.name in ("weight_kg", CRP))
    values = np.column_stack([incomplete.covariates[one.name] for one in columns])
    mean, covariance = np.array([np.log(63.0), np.log(29.0)]), np.array([[0.05, 0.1], [0.1, 1.5]])
    state = replace(begin_augmentation(columns, values), mean=mean, covariance=covariance)
    at = np.array([one.value for one in start.population.parameters])

    grid = np.linspace(np.log(0.05), np.log(1000.0), 400)
    slope = covariance[1, 0] / covariance[0, 0]
    centre, variance = mean[1] + slope * (state.normal[2, 0] - mean[0]), covariance[1, 1] - slope * covariance[0, 1]
    repeated = select_subjects(incomplete, np.full(grid.size, 2))
    filled = replace(repeated, covariates={**repeated.covariates, CRP: np.exp(grid)})
    log_weight = -0.5 * ofv_by_subject(bind_population(MODEL, filled), at, Method.EXACT)
    log_weight -= 0.5 * (grid - centre) ** 2 / variance
    weight = np.exp(log_weight - log_weight.max())
    weight /= weight.sum()
    expected = float(weight @ grid)
    sd = float(np.sqrt(weight @ (grid - expected) ** 2))
    # The levels say something, or the test would not.
    assert abs(expected - centre) > 0.1

    rng, drawn = np.random.default_rng(6), []
    for _ in range(150):
        state = weighted_draw(state, incomplete, start, at, rng)
        drawn.append(state.normal[2, 1])
    # Successive draws hardly depend on each other; four standard errors of as many as a third would be.
    assert np.mean(drawn) == pytest.approx(expected, abs=4.0 * sd / np.sqrt(50.0))
    assert np.std(drawn) == pytest.approx(sd, rel=4.0 / np.sqrt(2.0 * 50.0))


@pytest.mark.slow
def test_the_pooled_effect_is_that_of_complete_data_within_what_the_gaps_cost():
    """CRP is missing at random in 40 %; the mean difference to complete data is nothing."""
    differences, gone = [], []
    for seed in range(1, 3):
        whole, cohort = cohort_of(40, seed, 0.4)
        complete = fit(bind_population(MODEL, whole), FitOptions(Method.EXACT))
        start, incomplete = begun(cohort)
        imputed = fit_imputed(start, incomplete, ImputationOptions(3, seed=1, burn_in=1))
        pooled, used = pooled_fits(imputed, CovarianceKind.SANDWICH)
        k = [complete.parameters[i].name for i in complete.scale.free].index("cl_crp_mg_per_L")
        # One that ends with a variance of nothing has no standard errors.
        assert len(used) >= 2
        differences.append(pooled.estimate[k] - complete.values[complete.scale.free[k]])
        gone.append(np.sqrt((1.0 + 1.0 / 3.0) * pooled.between[k]))
    # Three standard errors of the mean of two.
    assert abs(np.mean(differences)) < 3.0 * max(np.mean(gone), np.std(differences)) / np.sqrt(2.0)


def test_the_document_holds_pooled_estimates_and_says_what_was_missing():
    _, cohort = cohort_of(25, 4, 0.2)
    start, incomplete = begun(cohort)
    options = ImputationOptions(3, seed=3, burn_in=0)
    imputed = fit_imputed(start, incomplete, options)
    document, middle = imputed_document(imputed, options, CovarianceKind.R, seconds=1.0, data_sha256="")
    place = [one.name for one in start.parameters].index("cl")
    estimates = [one.values[place] for one in imputed.fits]
    assert document["theta"]["cl"]["estimate"] == pytest.approx(np.mean(estimates))
    assert document["imputation"]["n"] == 3
    assert document["imputation"]["missing"] == imputed.missing
    assert document["ofv"] == pytest.approx(np.mean([one.ofv for one in imputed.fits]))
    assert "ofv_of_imputations" in {one["code"] for one in document["warnings"]}
    if document["covariance"]:
        assert document["theta"]["cl"]["se"] > document["theta"]["cl"]["imputation"]["se_within"]
    drawn = np.log([one.population.cohort.covariates[CRP] for one in imputed.fits])
    np.testing.assert_allclose(np.log(middle.population.cohort.covariates[CRP]), drawn.mean(axis=0))


def test_fits_without_an_objective_leave_no_number_that_is_none():
    _, cohort = cohort_of(25, 4, 0.2)
    start, incomplete = begun(cohort)
    options = ImputationOptions(2, seed=3, burn_in=0)
    imputed = fit_imputed(start, incomplete, options)
    lost = tuple(replace(one, status=FitStatus.NO_FINITE_START, gradient_norm=np.nan) for one in imputed.fits)
    document, _ = imputed_document(replace(imputed, fits=lost), options, None, seconds=1.0, data_sha256="")
    assert document["status"] == "no_finite_start"
    assert document["gradient_norm"] is None
    json.dumps(document, allow_nan=False)


def test_columns_are_those_of_the_model_and_what_else_is_known():
    _, cohort = cohort_of(25, 4, 0.2)
    columns = imputed_columns(cohort, MODEL)
    assert [(one.name, one.scale.value) for one in columns] == [
        ("weight_kg", "log"),
        (CRP, "log"),
        ("albumin_g_per_L", "log"),
        ("age_year", "log"),
        ("sex", "binary"),
        ("bmi_kg_per_m2", "log"),
    ]
    state = begin_augmentation(columns, np.column_stack([cohort.covariates[one.name] for one in columns]))
    assert not np.isnan(completed(cohort, state, state.normal).covariates[CRP]).any()


def test_a_covariate_that_nobody_has_is_refused():
    _, cohort = cohort_of(20, 4, 1.1)
    with pytest.raises(InputError, match="is known in no subject"):
        imputed_columns(cohort, MODEL)

"""Several completed cohorts in one fit: weights as copies, and the pooled test beside the likelihood of what was observed."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from pkpd.data.cohort import select_subjects
from pkpd.estimation.fit import FitOptions, fit, with_changes
from pkpd.estimation.information import information_at
from pkpd.estimation.minimize import Point, minimize
from pkpd.estimation.multiple_imputation import ImputationOptions
from pkpd.estimation.objectives import Method, objective_of
from pkpd.estimation.pooling import pool_ratio, relative_increase
from pkpd.estimation.scale import jacobian, scale_of, to_free, to_values
from pkpd.estimation.stacked import completed_cohort, stacked_fit
from pkpd.likelihood.population import bind_population
from pkpd.model.library import load_model
from pkpd.model_covariates import imputed_columns, with_model_covariates
from pkpd.simulation.virtual_cohort import Design, virtual_cohort

MODEL = load_model("niyigena_2026_asuc")
CRP, EFFECT = "crp_mg_per_L", "cl_crp_mg_per_L"


def cohort_of(n, seed, missing):
    whole = virtual_cohort(MODEL, Design(n, missing=0.0), np.random.default_rng(seed))
    gaps = np.random.default_rng([seed, 1]).random(n) < missing
    crp = np.where(gaps, np.nan, whole.covariates[CRP])
    return with_model_covariates(replace(whole, covariates={**whole.covariates, CRP: crp}), MODEL)


def drawn_with(ready):
    known = ready.carried.covariates[CRP]
    low, high = float(np.nanmin(known)), float(np.nanmax(known))
    columns = imputed_columns(ready.carried, MODEL)
    return tuple(replace(one, low=low, high=high) if one.name == CRP else one for one in columns)


def stacked(ready, m, method=Method.EXACT, **more):
    start = fit(bind_population(MODEL, ready.cohort), FitOptions(method, with_covariance=False, tolerance=1e-4))
    return start, stacked_fit(start, ready.carried, drawn_with(ready), ImputationOptions(m, **more))


def test_the_stack_is_the_mean_of_its_cohorts_and_its_scores_are_theirs():
    ready = cohort_of(30, 4, 0.3)
    start, found = stacked(ready, 3, seed=2, burn_in=1)
    again = stacked(ready, 3, seed=2, burn_in=1)[1]
    np.testing.assert_array_equal(again.fit.values, found.fit.values)
    options = replace(start.options, most_evaluations=0)
    parameters = tuple(replace(p, value=float(v)) for p, v in zip(found.fit.parameters, found.fit.values, strict=True))
    each = [
        fit(bind_population(MODEL, completed_cohort(ready.cohort, one)), options, parameters=parameters)
        for one in found.chains
    ]
    # Quadrature has other nodes in each.
    assert found.fit.ofv == pytest.approx(np.mean([one.ofv for one in each]), abs=2e-3)
    slopes = jacobian(found.fit.scale, to_free(found.fit.scale, found.fit.values))[found.fit.scale.free]
    whole = np.array([-0.5 * one.scores.sum(axis=0) @ slopes for one in each])
    np.testing.assert_allclose(found.scores - found.scores.mean(axis=0), whole - whole.mean(axis=0), atol=2e-3)
    known = ~np.isnan(ready.carried.covariates[CRP])
    low, high = np.nanmin(ready.carried.covariates[CRP]), np.nanmax(ready.carried.covariates[CRP])
    for one in found.chains:
        drawn = completed_cohort(ready.cohort, one).covariates[CRP]
        np.testing.assert_array_equal(drawn[known], ready.cohort.covariates[CRP][known])
        assert ((drawn >= low) & (drawn <= high)).all()
    other = [completed_cohort(ready.cohort, one).covariates[CRP][~known] for one in found.chains]
    assert (other[0] != other[1]).any()


def test_newton_steps_of_cohorts_are_their_fits():
    """Between-cohort variance from scores at the stacked fit, beside that of fits to each cohort."""
    ready = cohort_of(40, 4, 0.3)
    start, found = stacked(ready, 6, seed=2, burn_in=1)
    at = to_free(found.fit.scale, found.fit.values)
    steps = (found.scores - found.scores.mean(axis=0)) @ np.linalg.inv(found.within)
    fits = [
        fit(bind_population(MODEL, completed_cohort(ready.cohort, one)), start.options, parameters=found.fit.parameters)
        for one in found.chains
    ]
    moved = np.array([to_free(found.fit.scale, one.values) for one in fits]) - at
    k = [found.fit.parameters[i].name for i in found.fit.scale.free].index(EFFECT)
    # A step of Newton's method leaves what the objective is not quadratic in.
    np.testing.assert_allclose(steps[:, k], moved[:, k], atol=0.25 * np.abs(moved[:, k]).max())
    assert np.corrcoef(steps[:, k], moved[:, k])[0, 1] > 0.95


def observed_minimum(ready, start, n_grid=40):
    """Return the least -2 log likelihood of levels and known covariates, and the variance of the effect: CRP integrated over a grid.

    ln CRP given the other covariates is normal with the regression of those who have it, cut off at the smallest and the largest.
    """
    cohort, logs = ready.carried, np.log(ready.carried.covariates[CRP])
    n, known = cohort.n_subjects, ~np.isnan(logs)
    others = [np.log(cohort.covariates[one]) for one in ("weight_kg", "albumin_g_per_L", "age_year", "bmi_kg_per_m2")]
    design = np.column_stack([np.ones(n), *others, cohort.covariates["sex"]])
    slope = np.linalg.lstsq(design[known], logs[known], rcond=None)[0]
    centre, away = design @ slope, (logs - design @ slope)[known]
    sd = np.sqrt(away @ away / (known.sum() - design.shape[1]))
    nodes, weights = np.polynomial.legendre.leggauss(n_grid)
    low, high = logs[known].min(), logs[known].max()
    grid = low + 0.5 * (high - low) * (nodes + 1.0)
    gone, here = np.flatnonzero(~known), np.flatnonzero(known)
    repeated = select_subjects(ready.cohort, np.concatenate((here, np.repeat(gone, n_grid))))
    crp = repeated.covariates[CRP].copy()
    crp[here.size :] = np.tile(np.exp(grid), gone.size)
    population = bind_population(MODEL, replace(repeated, covariates={**repeated.covariates, CRP: crp}))
    prior = np.exp(-0.5 * ((grid - centre[gone][:, None]) / sd) ** 2) * weights
    log_prior = np.log(prior / prior.sum(axis=1, keepdims=True))
    scale = scale_of(start.parameters)
    each = objective_of(population, scale, Method.EXACT)

    def objective(place, memory):
        point = each(place, memory)
        terms = log_prior - 0.5 * point.memory.evaluation.ofv_i[here.size :].reshape(-1, n_grid)
        most = terms.max(axis=1, keepdims=True)
        total = most[:, 0] + np.log(np.exp(terms - most).sum(axis=1))
        share = np.exp(terms - total[:, None])
        of_grid = point.scores[here.size :].reshape(gone.size, n_grid, -1)
        scores = np.concatenate((point.scores[: here.size], np.einsum("ig,igp->ip", share, of_grid)))
        value = point.memory.evaluation.ofv_i[: here.size].sum() - 2.0 * total.sum()
        return Point(place, float(value), scores.sum(axis=0), scores, point.memory)

    found = minimize(objective, objective(to_free(scale, start.values), None), tolerance=1e-4).point
    information = information_at(objective, found)[0]
    k = scale.free.index([one.name for one in start.parameters].index(EFFECT))
    unit = jacobian(scale, found.place)[scale.free[k], k]
    return found.value, to_values(scale, found.place), np.linalg.inv(information)[k, k] * unit**2


@pytest.mark.slow
def test_the_pooled_test_is_that_of_the_likelihood_of_what_was_observed():
    """An effect of CRP that 20 of 72 do not have: statistic, estimate and standard error without any imputation."""
    ready = cohort_of(72, 4, 0.3)
    start, found = stacked(ready, 30, seed=1, burn_in=3)
    zero = with_changes(start.population.parameters, initial={}, fixed={EFFECT: 0.0})
    without = fit(start.population, start.options, parameters=zero)
    least, values, variance = observed_minimum(ready, start)
    k = start.scale.free.index([one.name for one in start.parameters].index(EFFECT))
    is_tested = np.arange(start.scale.n_free) == k
    increase = relative_increase(found.within, found.scores, is_tested)
    ratio = pool_ratio(without.ofv - found.fit.ofv, increase, df=1, n_imputations=30)
    unit = jacobian(found.fit.scale, to_free(found.fit.scale, found.fit.values))[start.scale.free[k], k]
    total = np.linalg.inv(found.within)[k, k] * unit**2 * (1.0 + increase)
    se = np.sqrt(variance)
    # Thirty imputations leave the estimate an error of a tenth of its standard error, and r one of a quarter of itself. 16.8 is the ratio.
    assert found.fit.values[start.scale.free[k]] == pytest.approx(values[start.scale.free[k]], abs=0.4 * se)
    assert np.sqrt(total) == pytest.approx(se, rel=0.15)
    assert ratio.statistic == pytest.approx(without.ofv - least, rel=0.2)
    # Without imputation's price the test would be sure of more than there is.
    assert without.ofv - found.fit.ofv > 1.1 * (without.ofv - least)

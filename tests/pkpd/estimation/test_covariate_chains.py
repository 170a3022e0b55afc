"""Chains over missing covariates and random effects: their covariates against a dense grid of the marginal likelihood."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from pkpd.data.cohort import select_subjects
from pkpd.data.imputation import begin_augmentation
from pkpd.estimation.covariate_chains import begin_chain, drawn_given, gaps_of, swept
from pkpd.estimation.fit import FitOptions, fit
from pkpd.estimation.objectives import Method, ofv_by_subject
from pkpd.likelihood.population import bind_population
from pkpd.model.library import load_model
from pkpd.model.spec import Effect, EffectForm
from pkpd.model_covariates import imputed_columns, read_covariates, with_model_covariates
from pkpd.simulation.virtual_cohort import Design, virtual_cohort

PUBLISHED = load_model("niyigena_2026_asuc")
CRP = "crp_mg_per_L"
TERMS = {term.parameter: term for term in PUBLISHED.terms}
STRONG = Effect(CRP, EffectForm.POWER, 0.5, 30.0)
# On a parameter with a random effect the predictions stay where a covariate changes, on one without they do not.
ON_V_ALONE = replace(
    PUBLISHED,
    terms=(TERMS["cl"], replace(TERMS["v"], eta=None, effects=(STRONG,))),
    etas=PUBLISHED.etas[:1],
    variances=PUBLISHED.variances[:1],
)
ON_BOTH = replace(PUBLISHED, terms=(TERMS["cl"], replace(TERMS["v"], effects=(STRONG,))))


def begun(model, n=8, gap=2):
    """Return a fit at the model's own values, and the cohort without one subject's CRP."""
    whole = virtual_cohort(PUBLISHED, Design(n, missing=0.0), np.random.default_rng(4))
    crp = whole.covariates[CRP].copy()
    crp[gap] = np.nan
    ready = with_model_covariates(replace(whole, covariates={**whole.covariates, CRP: crp}), model)
    return fit(bind_population(model, ready.cohort), FitOptions(Method.EXACT, 0)), ready.carried


@pytest.mark.slow
@pytest.mark.parametrize("model", [PUBLISHED, ON_V_ALONE, ON_BOTH], ids=["cl", "v without effect", "cl and v"])
def test_drawn_covariates_have_the_distribution_of_prior_times_marginal_likelihood(model):
    start, incomplete = begun(model)
    columns = tuple(one for one in imputed_columns(incomplete, model) if one.name in ("weight_kg", CRP))
    columns = tuple(replace(one, low=1.0, high=300.0) if one.name == CRP else one for one in columns)
    values = np.column_stack([incomplete.covariates[one.name] for one in columns])
    mean, covariance = np.array([np.log(63.0), np.log(29.0)]), np.array([[0.05, 0.1], [0.1, 1.5]])
    state = replace(begin_augmentation(columns, values), mean=mean, covariance=covariance)

    grid = np.linspace(np.log(1.0), np.log(300.0), 400)
    slope = covariance[1, 0] / covariance[0, 0]
    centre, variance = mean[1] + slope * (state.normal[2, 0] - mean[0]), covariance[1, 1] - slope * covariance[0, 1]
    repeated = select_subjects(incomplete, np.full(grid.size, 2))
    filled = replace(repeated, covariates={**repeated.covariates, CRP: np.exp(grid)})
    log_prior = -0.5 * (grid - centre) ** 2 / variance
    log_weight = log_prior - 0.5 * ofv_by_subject(bind_population(model, filled), start.values, Method.EXACT)
    weight = np.exp(log_weight - log_weight.max())
    weight /= weight.sum()
    expected = float(weight @ grid)
    sd = float(np.sqrt(weight @ (grid - expected) ** 2))
    prior = np.exp(log_prior)
    # The levels say something, or the test would not.
    assert abs(expected - prior @ grid / prior.sum()) > 0.08

    gaps = gaps_of(start, state)
    assert gaps.subjects.tolist() == [2]
    rng, chain, drawn = np.random.default_rng(6), begin_chain(state, gaps), []
    for _ in range(1000):
        chain = drawn_given(chain, gaps, start.values, rng)
        drawn.append(chain.covariates.normal[2, 1])
    # Of successive draws every fifth counts at least; four standard errors.
    assert np.mean(drawn) == pytest.approx(expected, abs=4.0 * sd / np.sqrt(200.0))
    assert np.std(drawn) == pytest.approx(sd, rel=4.0 / np.sqrt(2.0 * 200.0))


def test_known_covariates_stay_and_one_that_the_model_does_not_read_is_drawn_without_the_levels():
    start, incomplete = begun(PUBLISHED)
    covariates = {name: values.copy() for name, values in incomplete.covariates.items()}
    covariates["albumin_g_per_L"][5] = np.nan
    incomplete = replace(incomplete, covariates=covariates)
    columns = imputed_columns(incomplete, PUBLISHED)
    state = begin_augmentation(columns, np.column_stack([covariates[one.name] for one in columns]))
    gaps = gaps_of(start, state)
    assert (gaps.subjects.tolist(), gaps.others.tolist()) == ([2], [5])
    one, again = (swept(begin_chain(state, gaps), gaps, start.values, np.random.default_rng(3)) for _ in range(2))
    np.testing.assert_array_equal(one.covariates.normal, again.covariates.normal)
    is_latent = state.is_latent
    changed = (one.covariates.normal != state.normal)[:, ~is_latent]
    np.testing.assert_array_equal(changed, state.is_missing[:, ~is_latent])


def test_covariates_that_are_read_are_those_of_effects_and_variances():
    assert read_covariates(PUBLISHED) == {"weight_kg", CRP}
    by_sex = replace(PUBLISHED.variances[0], covariate="sex", table=((0.0, 0.2), (1.0, 0.3)))
    assert read_covariates(replace(PUBLISHED, variances=(by_sex,))) == {"weight_kg", CRP, "sex"}

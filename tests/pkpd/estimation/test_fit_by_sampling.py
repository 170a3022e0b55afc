"""Exact fits of models with three random effects, where the likelihood is sampled."""

from __future__ import annotations

from functools import cache

import numpy as np
import pytest

from pkpd.data.cohort import cohort_of
from pkpd.data.records import Dose, Subject
from pkpd.estimation.bootstrap import bootstrap_replicate
from pkpd.estimation.covariance import CovarianceKind, uncertainty
from pkpd.estimation.fit import Fit, FitOptions, FitStatus, fit, with_changes
from pkpd.estimation.objectives import Method
from pkpd.estimation.result import fit_document
from pkpd.likelihood.importance import SampledEvaluation, Sampling, integrate_by_sampling
from pkpd.likelihood.population import bind_population
from pkpd.model import load_model
from pkpd.simulation.population import simulate_levels
from tests.oracles.patients import median_covariates, quantified

MODEL = load_model("fasanmade_2011_pediatric")
DAYS = (0.2, 2.0, 7.0, 13.9, 15.0, 28.0)
# What six levels of each subject do not tell.
HELD = {"cl_weight_kg_2": -0.34, "cl_albumin_g_per_L": -1.22, "v1_weight_kg_2": -0.171, "v2_weight_kg_2": -0.414}


def informative(n: int, seed: int):
    row = median_covariates(MODEL)
    doses = (Dose(0.0, 400.0, 2.0 / 24.0), Dose(14.0, 400.0, 2.0 / 24.0))
    subjects = [Subject(doses, tuple(quantified(day, 1.0) for day in DAYS), (row,)) for _ in range(n)]
    return bind_population(MODEL, simulate_levels(MODEL, cohort_of(subjects), np.random.default_rng(seed)))


@cache
def fitted() -> Fit:
    population = informative(40, 1)
    return fit(
        population, FitOptions(Method.EXACT), parameters=with_changes(population.parameters, initial={}, fixed=HELD)
    )


@pytest.mark.slow
def test_a_fit_converges_and_has_standard_errors():
    found = fitted()
    assert found.status is FitStatus.CONVERGED
    known = uncertainty(found, CovarianceKind.R)
    assert known is not None
    truth = np.array([parameter.value for parameter in found.parameters])[found.scale.free]
    assert np.abs((found.values[found.scale.free] - truth) / known.se).max() < 3.5


@pytest.mark.slow
def test_the_minimum_has_the_value_that_other_seeds_give_there_and_is_lower_than_the_truth():
    found = fitted()
    assert isinstance(found.evaluation, SampledEvaluation)
    other = integrate_by_sampling(found.population, found.values, Sampling(seed=5), with_gradient=False)
    assert found.ofv == pytest.approx(other.ofv, abs=4.0 * np.hypot(found.evaluation.ofv_se, other.ofv_se))
    truth = np.array([parameter.value for parameter in found.parameters])
    assert other.ofv < integrate_by_sampling(found.population, truth, Sampling(seed=5), with_gradient=False).ofv


@pytest.mark.slow
def test_other_seeds_end_at_the_same_estimates():
    """Within a tenth of their standard errors."""
    found = fitted()
    again = fit(found.population, FitOptions(Method.EXACT, sampling=Sampling(seed=9)), parameters=found.parameters)
    known = uncertainty(found, CovarianceKind.R)
    assert known is not None
    free = found.scale.free
    assert np.abs((again.values[free] - found.values[free]) / known.se).max() < 0.1


@pytest.mark.slow
def test_the_document_says_how_exact_the_objective_is():
    document = fit_document(fitted(), CovarianceKind.R, seconds=1.0)
    integration = document["integration"]
    assert integration["kind"] == "importance_sampling"
    assert 0.0 < integration["ofv_se"] < 0.06
    assert integration["points"] >= 40 * 512
    assert integration["least_effective_sample_size"] > 50.0
    assert not document["warnings"]


def test_a_target_that_was_missed_is_a_warning():
    population = informative(5, 2)
    rough = fit(population, FitOptions(Method.EXACT, 0, sampling=Sampling(target=1e-4, most=64)))
    document = fit_document(rough, CovarianceKind.R, seconds=1.0)
    (text,) = (one["text"] for one in document["warnings"] if one["code"] == "integration_not_exact")
    assert text.startswith("The objective is exact to a standard error of ")


def test_a_replicate_of_a_bootstrap_is_fitted_too():
    population = informative(12, 3)
    held = {p.name: p.value for p in population.parameters if p.name not in ("cl", "omega2_cl", "sigma_proportional")}
    original = fit(
        population, FitOptions(Method.EXACT), parameters=with_changes(population.parameters, initial={}, fixed=held)
    )
    found = bootstrap_replicate(original, 1, seed=1)
    assert found.status is FitStatus.CONVERGED

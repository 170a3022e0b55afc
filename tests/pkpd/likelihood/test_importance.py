"""The exact objective by importance sampling against quadrature, dense grids and its own differences.

Where a result is compared with an exact one, the tolerance is four of its own standard errors: the sum over subjects is nearly
normal, and tests with fixed seeds repeat to the last bit.
"""

from __future__ import annotations

import dataclasses

import numba
import numpy as np
import pytest

from pkpd.data.cohort import cohort_of, subject_of
from pkpd.data.records import Dose, Subject
from pkpd.estimation.objectives import placed
from pkpd.likelihood.importance import (
    N_BATCHES,
    Sampling,
    evaluate_by_sampling,
    integrate_by_sampling,
    place_proposals,
    points_of,
)
from pkpd.likelihood.marginal import evaluate_marginal
from pkpd.likelihood.population import bind_population, quantified_by_subject
from pkpd.model import load_model
from pkpd.model.population import with_values
from tests.oracles.dense_cube import minus2_log_marginal
from tests.oracles.dense_grid import integrate
from tests.oracles.patients import above, below, median_covariates, quantified
from tests.pkpd.likelihood.test_gradients import differences, population_of, population_with_changes, values_of

THREE = "fasanmade_2011_pediatric"
MANY = [THREE, "wojciechowski_2017", "ternant_2008"]
DOSES = (Dose(0.0, 400.0, 2.0 / 24.0), Dose(14.0, 400.0, 2.0 / 24.0))
SAMPLES = {
    "quantified": (quantified(1.0, 80.0), quantified(13.0, 12.0), quantified(20.0, 45.0)),
    "censored": (above(2.0, 40.0), below(13.9, 3.0), quantified(18.0, 30.0)),
    "one level": (quantified(10.0, 15.0),),
    "contradictory": (quantified(13.0, 0.5), quantified(13.5, 40.0), below(40.0, 0.3)),
}


def dense_of(name: str, samples: str, **values: float) -> float:
    model = load_model(name)
    return minus2_log_marginal(
        with_values(model, values), Subject(DOSES, SAMPLES[samples], (median_covariates(model),))
    )


def alone(name: str, samples: str):
    model = load_model(name)
    return bind_population(model, cohort_of([Subject(DOSES, SAMPLES[samples], (median_covariates(model),))]))


@pytest.mark.parametrize("name", ["niyigena_2026_asuc", "fasanmade_2009", "song_2025"])
def test_one_and_two_random_effects_have_the_value_of_the_quadrature(name: str):
    """Ordinary, extreme and contradictory subjects, some with two modes."""
    population = population_of(name, censored=True, n=24)
    values = values_of(population)
    exact = evaluate_marginal(population, values, placed(population, values))
    found = integrate_by_sampling(population, values)
    assert found.ofv_se < 0.05
    assert found.ofv == pytest.approx(exact.ofv, abs=4.0 * found.ofv_se)
    # A single subject's standard error comes from eight batches: a t distribution of seven degrees of freedom.
    assert np.abs((found.ofv_i - exact.ofv_i) / np.sqrt(found.variance)).max() < 6.0
    assert found.eta == pytest.approx(exact.eta, abs=0.03)
    assert found.covariance == pytest.approx(exact.covariance, abs=0.1)


@pytest.mark.parametrize("name", ["passot_2016_adult", "hanzel_2021"])
def test_a_subject_far_from_what_the_model_expects_has_the_value_of_a_dense_grid(name: str):
    population = population_of(name, censored=True, n=24)
    grid = integrate(population.model, subject_of(population.cohort, 17))
    found = integrate_by_sampling(population, values_of(population), with_gradient=False)
    expected = -2.0 * grid.log_evidence - np.log(2.0 * np.pi) * quantified_by_subject(population)[17]
    assert found.ofv_i[17] == pytest.approx(expected, abs=6.0 * np.sqrt(found.variance[17]))


@pytest.mark.requirement("POP-01")
@pytest.mark.parametrize("samples", SAMPLES)
def test_three_random_effects_have_the_value_of_a_dense_grid(samples: str):
    population = alone(THREE, samples)
    found = integrate_by_sampling(population, values_of(population), Sampling(target=5e-3))
    expected = dense_of(THREE, samples) - np.log(2.0 * np.pi) * quantified_by_subject(population)[0]
    assert found.ofv_se < 5e-3
    assert found.ofv == pytest.approx(expected, abs=6.0 * found.ofv_se)


@pytest.mark.parametrize("parameter", ["cl", "q", "omega2_v1", "sigma_proportional"])
def test_the_gradient_is_the_difference_of_a_dense_grid(parameter: str):
    population = alone(THREE, "censored")
    values = values_of(population)
    names = [one.name for one in population.parameters]
    k = names.index(parameter)
    found = integrate_by_sampling(population, values, Sampling(target=2e-3))
    step = 1e-3 * values[k]
    ahead, behind = (dense_of(THREE, "censored", **{parameter: values[k] + s * step}) for s in (1.0, -1.0))
    slope = (ahead - behind) / (2.0 * step)
    # Scaled by the parameter it is a change of the objective.
    assert values[k] * found.gradient[0, k] == pytest.approx(values[k] * slope, rel=2e-3, abs=0.01)


@pytest.mark.parametrize("name", ["niyigena_2026_asuc", *MANY])
def test_the_gradient_is_exactly_that_of_the_objective_at_fixed_points(name: str):
    """Away from where the points were placed too, censored levels included."""
    population = population_of(name, censored=True)
    values = values_of(population)
    proposals = place_proposals(population, values, Sampling())
    away = values * 1.02

    def objective(at):
        return evaluate_by_sampling(population, at, proposals, with_gradient=False).ofv_i

    found = evaluate_by_sampling(population, away, proposals)
    expected = differences(away, objective, relative=1e-5)
    scale = 1.0 + np.abs(expected).max(axis=0)
    assert np.abs(found.gradient - expected).max(axis=0) / scale == pytest.approx(0.0, abs=1e-6)


def test_the_gradient_holds_with_covariates_that_change_over_time():
    population = population_with_changes(6)
    values = values_of(population)
    proposals = place_proposals(population, values, Sampling())

    def objective(at):
        return evaluate_by_sampling(population, at, proposals, with_gradient=False).ofv_i

    expected = differences(values * 1.01, objective, relative=1e-5)
    found = evaluate_by_sampling(population, values * 1.01, proposals)
    scale = 1.0 + np.abs(expected).max(axis=0)
    assert np.abs(found.gradient - expected).max(axis=0) / scale == pytest.approx(0.0, abs=1e-6)


def test_the_standard_error_is_that_of_other_seeds():
    """Over 60 seeds, few points: deviations from the quadrature have mean 0 and the stated size."""
    population = population_of("niyigena_2026_asuc", censored=True, n=24)
    values = values_of(population)
    exact = evaluate_marginal(population, values, placed(population, values))
    runs = [integrate_by_sampling(population, values, Sampling(target=10.0, seed=seed)) for seed in range(1, 61)]
    z = np.array([(run.ofv - exact.ofv) / run.ofv_se for run in runs])
    # The mean of 60 has standard error 0.13, their root mean square 1 relative standard error 0.09.
    assert abs(z.mean()) < 0.5
    assert 0.75 < np.sqrt(np.mean(z**2)) < 1.3


def test_points_are_added_until_the_standard_error_is_as_wanted():
    population = population_of(THREE, censored=True)
    values = values_of(population)
    rough, fine = (integrate_by_sampling(population, values, Sampling(target=target)) for target in (0.5, 0.01))
    assert fine.ofv_se <= 0.01
    assert rough.n_points.sum() < fine.n_points.sum()
    assert abs(rough.ofv - fine.ofv) < 4.0 * rough.ofv_se
    bounded = integrate_by_sampling(population, values, Sampling(target=1e-6, most=128))
    assert bounded.n_points.max() == 128 * N_BATCHES
    assert bounded.ofv_se > 1e-6


@pytest.mark.requirement("OPS-01")
def test_the_number_of_threads_changes_no_bit():
    population = population_of(THREE, censored=True)
    values = values_of(population)
    before = numba.get_num_threads()
    results = []
    for n in (1, before):
        numba.set_num_threads(n)
        results.append(integrate_by_sampling(population, values))
    numba.set_num_threads(before)
    for field in dataclasses.fields(results[0]):
        np.testing.assert_array_equal(getattr(results[0], field.name), getattr(results[1], field.name))


def test_a_subject_does_not_depend_on_those_after_it():
    population = population_of(THREE, censored=True, n=6)
    fewer = bind_population(population.model, cohort_of([subject_of(population.cohort, i) for i in range(3)]))
    one, other = (
        evaluate_by_sampling(p, values_of(p), place_proposals(p, values_of(p), Sampling())) for p in (population, fewer)
    )
    np.testing.assert_array_equal(one.ofv_i[:3], other.ofv_i)


def test_points_of_every_scramble_lie_one_in_each_stratum():
    points = points_of(256, 3, 1)
    assert points.stratum.shape == (N_BATCHES, 256, 5)
    assert (np.sort(points.stratum, axis=1) == np.arange(256)[None, :, None]).all()


def test_impossible_observations_are_infinite_and_leave_the_others_alone():
    """A level before any dose, where the error is proportional."""
    model = load_model("wojciechowski_2017")
    row = median_covariates(model)
    subjects = [Subject((Dose(t, 300.0, 0.1),), (quantified(13.0, 5.0),), (row,)) for t in (0.0, 13.5)]
    population = bind_population(model, cohort_of(subjects))
    found = integrate_by_sampling(population, values_of(population))
    assert np.isfinite(found.ofv_i[0])
    assert found.ofv_i[1] == np.inf


def test_many_random_effects_are_integrated_too():
    """Without samples the integral is 1, whatever the random effects and their number."""
    model = load_model("ternant_2008")
    population = bind_population(model, cohort_of([Subject(DOSES, (), (median_covariates(model),))]))
    found = integrate_by_sampling(population, values_of(population))
    assert found.ofv == pytest.approx(0.0, abs=4.0 * found.ofv_se + 1e-9)

"""Gradients of the population's objectives against differences of the objectives, subject by subject."""

from __future__ import annotations

import numpy as np
import pytest

from pkpd.data.cohort import cohort_of, subject_of
from pkpd.data.records import CovariateRow, Subject
from pkpd.estimation.objectives import placed
from pkpd.kernels.laplace import Approximation
from pkpd.likelihood.marginal import evaluate_marginal
from pkpd.likelihood.population import bind_population, evaluate, quantified_by_subject
from pkpd.model import load_model
from pkpd.model.population import with_values
from pkpd.model_covariates import with_model_covariates
from pkpd.simulation.virtual_cohort import Design, virtual_cohort
from tests.oracles.dense_grid import integrate
from tests.oracles.patients import KINDS, quantified, random_subject

MODELS = ["niyigena_2026_asuc", "passot_2016_adult", "wojciechowski_2017", "ternant_2008", "hanzel_2021"]


def population_of(name: str, *, censored: bool, n: int = 12):
    model = load_model(name)
    rng = np.random.default_rng(7)
    subjects = [random_subject(model, rng, KINDS[i % 3]) for i in range(n)]
    if not censored:
        subjects = [
            Subject(s.doses, tuple(quantified(x.time_day, 5.0 + i) for i, x in enumerate(s.samples)), s.covariates)
            for s in subjects
        ]
    return bind_population(model, cohort_of(subjects))


def values_of(population) -> np.ndarray:
    return np.array([parameter.value for parameter in population.parameters])


def differences(values, objective, *, relative: float):
    columns = []
    for k, value in enumerate(values):
        step = relative * max(abs(value), 0.05)
        ahead, behind = values.copy(), values.copy()
        ahead[k] += step
        behind[k] -= step
        columns.append((objective(ahead) - objective(behind)) / (2.0 * step))
    return np.array(columns).T


@pytest.mark.requirement("POP-03")
@pytest.mark.parametrize("name", MODELS)
@pytest.mark.parametrize("method", list(Approximation))
def test_the_gradient_of_a_conditional_objective_is_its_difference(name: str, method: Approximation):
    population = population_of(name, censored=method is Approximation.LAPLACE)
    values = values_of(population)
    found = evaluate(population, values, method)
    usable = np.isfinite(found.ofv_i)
    assert usable.sum() >= 8

    def objective(at):
        return evaluate(population, at, method, start=found.white, with_gradient=False).ofv_i

    expected = differences(values, objective, relative=1e-5)
    scale = 1.0 + np.abs(expected[usable]).max(axis=0)
    assert np.abs(found.gradient[usable] - expected[usable]).max(axis=0) / scale == pytest.approx(0.0, abs=2e-6)


def population_with_changes(n: int):
    """Patients whose weight and albumin change before their first sample."""
    model = load_model("wojciechowski_2017")
    rng = np.random.default_rng(3)
    subjects = []
    for _ in range(n):
        one = random_subject(model, rng, KINDS[0])
        first = dict(one.covariates[0].values)
        later = first | {"weight_kg": 0.9 * first["weight_kg"], "albumin_g_per_L": first["albumin_g_per_L"] + 4.0}
        rows = (CovariateRow(0.0, first), CovariateRow(one.samples[0].time_day * 0.7, later))
        subjects.append(Subject(one.doses, one.samples, rows))
    return bind_population(model, cohort_of(subjects))


def test_the_gradient_holds_with_covariates_that_change_over_time():
    population = population_with_changes(8)
    values = values_of(population)
    found = evaluate(population, values, Approximation.LAPLACE)

    def objective(at):
        return evaluate(population, at, Approximation.LAPLACE, start=found.white, with_gradient=False).ofv_i

    expected = differences(values, objective, relative=1e-5)
    scale = 1.0 + np.abs(expected).max(axis=0)
    assert np.abs(found.gradient - expected).max(axis=0) / scale == pytest.approx(0.0, abs=2e-6)


@pytest.mark.requirement("POP-01")
def test_the_exact_objective_is_that_of_a_dense_grid():
    population = population_of("niyigena_2026_asuc", censored=True, n=24)
    values = values_of(population)
    found = evaluate_marginal(population, values, placed(population, values))
    grids = [integrate(population.model, subject_of(population.cohort, i)) for i in range(population.n_subjects)]
    dense = np.array([-2.0 * grid.log_evidence for grid in grids])
    expected = dense - np.log(2.0 * np.pi) * quantified_by_subject(population)
    assert found.ofv == pytest.approx(expected.sum(), abs=0.01)
    assert found.ofv_i == pytest.approx(expected, abs=2e-3)


def test_an_edge_sharper_than_the_lines_is_noticed():
    """A level below its limit long after the doses: every second line alone gives by chance what all of them give, which is wrong."""
    model = load_model("niyigena_2026_asuc")
    drawn = with_model_covariates(virtual_cohort(model, Design(72), np.random.default_rng(1)), model).cohort
    elsewhere = {
        "cl": 0.5152733206249844,
        "cl_crp_mg_per_L": 0.5311767553296333,
        "v": 17.054018920567046,
        "omega2_cl": 0.43654415680417463,
        "omega2_v": 0.4612590139264333,
        "sigma_proportional": 0.50847332142741,
    }
    moved = with_values(model, elsewhere)
    population = bind_population(moved, drawn)
    values = values_of(population)
    found = evaluate_marginal(population, values, placed(population, values))
    grids = [integrate(moved, subject_of(drawn, i)) for i in (20, 47)]
    dense = np.array([-2.0 * grid.log_evidence for grid in grids])
    quantified_terms = np.log(2.0 * np.pi) * quantified_by_subject(population)[[20, 47]]
    assert found.ofv_i[[20, 47]] == pytest.approx(dense - quantified_terms, abs=1e-4)


@pytest.mark.requirement("POP-03")
def test_the_exact_gradient_is_the_difference_of_the_exact_objective():
    population = population_of("niyigena_2026_asuc", censored=True, n=24)
    values = values_of(population)
    nodes = placed(population, values)
    found = evaluate_marginal(population, values, nodes)

    def objective(at):
        return evaluate_marginal(population, at, nodes, with_gradient=False).ofv_i

    expected = differences(values, objective, relative=1e-4)
    scale = 1.0 + np.abs(expected).max(axis=0)
    assert np.abs(found.gradient - expected).max(axis=0) / scale == pytest.approx(0.0, abs=2e-3)


def test_laplace_lies_above_the_exact_objective_of_sparse_censored_data():
    population = population_of("niyigena_2026_asuc", censored=True, n=60)
    values = values_of(population)
    exact = evaluate_marginal(population, values, placed(population, values))
    laplace = evaluate(population, values, Approximation.LAPLACE)
    assert laplace.ofv > exact.ofv

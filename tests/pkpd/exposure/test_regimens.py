"""Exposure of many regimens at once against each regimen's own exposure on a dense grid."""

from __future__ import annotations

import math

import numpy as np
import pytest

from pkpd.data.records import Dose, Subject
from pkpd.errors import InputError
from pkpd.estimation.posterior import integrate_posterior
from pkpd.exposure.metrics import exposure_problem, log_auc_at, parameters_at
from pkpd.exposure.regimens import exposure_table, log_auc_cl_at_mode, log_auc_cl_marginal, probability_at_least
from pkpd.model import load_model
from pkpd.problem import bind
from tests.oracles import dense_grid
from tests.oracles.patients import above, below, median_covariates, quantified

PROBABILITIES = np.array([0.05, 0.5, 0.95])
GIVEN = (Dose(0.0, 300.0, 2.0 / 24.0),)
TIMES = np.array([7.0, 10.0, 14.0, 21.0, 27.0])
DURATIONS = np.array([2.0, 2.0, 2.0, 3.0, 2.0]) / 24.0
INDEX = np.array([[-1, -1, -1], [2, -1, -1], [0, 2, -1], [1, 3, 4], [4, -1, -1], [0, 3, 2]])
AMOUNTS = np.array(
    [
        [0.0, 0.0, 0.0],
        [300.0, 0.0, 0.0],
        [400.0, 300.0, 0.0],
        [200.0, 300.0, 500.0],
        [600.0, 0, 0],
        [600.0, 600.0, 600.0],
    ]
)
CASES = {
    "quantified": (quantified(5.0, 25.0), quantified(7.0, 9.0)),
    "censored": (above(2.0, 30.0), below(7.0, 1.0)),
    "fast": (quantified(1.0, 30.0), below(5.0, 0.3)),
}


@pytest.fixture(scope="module", params=[(n, c) for n in ("niyigena_2026_asuc", "passot_2016_adult") for c in CASES])
def case(request):
    name, samples = request.param
    model = load_model(name)
    subject = Subject(GIVEN, CASES[samples], (median_covariates(model),))
    posterior = integrate_posterior(bind(model, [subject]))
    table = exposure_table(posterior, subject, fixed_doses=GIVEN, times=TIMES, durations=DURATIONS)
    return subject, posterior, table, dense_grid.integrate(model, subject, n=400)


def regimen(subject: Subject, index: np.ndarray, amounts: np.ndarray) -> Subject:
    chosen = [
        Dose(float(TIMES[i]), float(a), float(DURATIONS[i])) for i, a in zip(index, amounts, strict=True) if i >= 0
    ]
    return Subject((*GIVEN, *sorted(chosen, key=lambda d: d.time_day)), subject.samples, subject.covariates)


def test_probabilities_of_all_regimens_are_those_of_the_dense_grid(case):
    subject, _, table, grid = case
    for target in (4.5, 5.79, 6.8):
        found = probability_at_least(table, INDEX, AMOUNTS, target)
        for share, index, amounts in zip(found, INDEX, AMOUNTS, strict=True):
            spread = dense_grid.log_area(
                grid, (14.0, 28.0), over_clearance=True, subject=regimen(subject, index, amounts)
            )
            assert share == pytest.approx(1.0 - spread.below(target), abs=1e-3)


def test_the_distribution_of_one_regimen_is_that_of_the_dense_grid(case):
    subject, _, table, grid = case
    for index, amounts in zip(INDEX, AMOUNTS, strict=True):
        found, values = log_auc_cl_marginal(table, index, amounts, PROBABILITIES)
        assert values.shape == table.posterior.density.shape
        spread = dense_grid.log_area(grid, (14.0, 28.0), over_clearance=True, subject=regimen(subject, index, amounts))
        for probability, value in zip(PROBABILITIES, found.quantiles, strict=True):
            share = spread.below(value)
            assert share == pytest.approx(probability, abs=1e-3)
            # far out in the tail of a patient without drug the density is so low that 1e-4 of probability is wide
            assert abs(share - probability) < 2e-4 or value == pytest.approx(
                spread.quantile(float(probability)), abs=2e-3
            )
        if spread.value.min() > -1e5:  # else the grid's areas, differences of larger ones, are zero somewhere
            assert found.mean == pytest.approx(spread.mean(), abs=2e-3)


def test_exposure_at_the_mode_is_that_of_each_regimen_by_itself(case):
    subject, posterior, table, _ = case
    eta = posterior.mode.eta[0]
    found = log_auc_cl_at_mode(table, INDEX, AMOUNTS)
    for value, index, amounts in zip(found, INDEX, AMOUNTS, strict=True):
        own = exposure_problem(posterior.problem, regimen(subject, index, amounts))
        expected = log_auc_at(own, eta) - math.log(parameters_at(posterior.problem, eta)["cl"])
        assert value == pytest.approx(expected, abs=1e-9)


def test_more_drug_is_never_less_probable_to_reach_the_target(case):
    _, _, table, _ = case
    amounts = np.arange(0.0, 3000.0, 100.0)[:, None]
    index = np.full((amounts.size, 1), 2)
    found = probability_at_least(table, index, amounts, 5.79)
    assert (np.diff(found) >= -1e-12).all()
    assert ((found >= 0.0) & (found <= 1.0)).all()


def test_a_regimen_without_drug_in_the_window_reaches_nothing():
    model = load_model("niyigena_2026_asuc")
    subject = Subject(GIVEN, CASES["quantified"], (median_covariates(model),))
    posterior = integrate_posterior(bind(model, [subject]))
    table = exposure_table(posterior, subject, fixed_doses=(), times=np.array([14.0, 30.0]), durations=np.full(2, 0.1))
    index, amounts = np.array([[-1], [1], [0]]), np.array([[0.0], [500.0], [500.0]])
    assert probability_at_least(table, index, amounts, -50.0).tolist() == [0.0, 0.0, pytest.approx(1.0, abs=1e-6)]
    at_mode = log_auc_cl_at_mode(table, index, amounts)
    assert at_mode[:2].tolist() == [-math.inf, -math.inf]
    assert math.isfinite(at_mode[2])


def test_a_clearance_that_leaves_nothing_in_the_window_does_not_underflow():
    model = load_model("niyigena_2026_asuc")
    subject = Subject((Dose(0.0, 300.0, 0.0),), (quantified(0.5, 5e-5),), (median_covariates(model),))
    posterior = integrate_posterior(bind(model, [subject]))
    table = exposure_table(
        posterior, subject, fixed_doses=subject.doses, times=np.array([1.0, 20.0]), durations=np.array([0.1, 0.1])
    )
    found = log_auc_cl_at_mode(table, np.array([[-1], [0]]), np.array([[0.0], [500.0]]))
    assert np.isfinite(found).all()
    assert found[0] < found[1]


def test_a_model_without_lines_of_constant_rate_constants_is_refused():
    model = load_model("aubourg_2015")
    subject = Subject(GIVEN, (), (median_covariates(model),))
    posterior = integrate_posterior(bind(model, [subject]))
    with pytest.raises(InputError, match="random effects on all parameters"):
        exposure_table(posterior, subject, fixed_doses=GIVEN, times=TIMES, durations=DURATIONS)

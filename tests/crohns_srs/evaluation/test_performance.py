"""Calibration and discrimination against counts of pairs and other packages."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.optimize import minimize
from scipy.special import expit, logit, ndtr
from scipy.stats import binomtest, linregress
from scipy.stats import t as student

from crohns_srs.evaluation.performance import (
    c_statistic,
    logistic_calibration,
    mean_interval,
    pair_concordance,
    performance,
    slope_interval,
)


def data(n: int = 160, seed: int = 1) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    predicted = np.round(rng.normal(90.0, 30.0, n), 0)  # with ties
    outcome = 10.0 + 0.8 * predicted + rng.normal(0.0, 60.0, n)
    return outcome, predicted, outcome >= 100.0, expit((predicted - 100.0) / 50.0)


def brute_area(is_case: np.ndarray, marker: np.ndarray) -> tuple[float, float]:
    """Return the area and DeLong's error by comparing every case with every control."""
    case, control = marker[is_case], marker[~is_case]
    won = np.array([[(x > y) + 0.5 * (x == y) for y in control] for x in case])
    error = np.sqrt(won.mean(axis=1).var(ddof=1) / case.size + won.mean(axis=0).var(ddof=1) / control.size)
    return float(won.mean()), float(error)


@pytest.mark.requirement("EVAL-02")
def test_c_statistic_is_that_of_all_pairs():
    _, _, is_case, chance = data()
    area, error = brute_area(is_case, chance)
    found = c_statistic(is_case, chance)
    assert found.value == pytest.approx(area, rel=1e-12)
    reach = 1.959963984540054 * error / (area * (1.0 - area))
    assert (found.low, found.high) == pytest.approx((expit(logit(area) - reach), expit(logit(area) + reach)), rel=1e-9)


def test_no_c_statistic_without_cases_and_none_without_controls():
    assert np.isnan(c_statistic(np.zeros(3, dtype=bool), np.arange(3.0)).value)
    assert np.isnan(c_statistic(np.ones(3, dtype=bool), np.arange(3.0)).value)
    assert c_statistic(np.array([False, True]), np.array([0.1, 0.9])).value == 1.0


def test_concordance_of_outcomes_is_that_of_all_pairs():
    outcome, predicted, _, _ = data(700)
    outcome = 10.0 * np.round(outcome / 10.0)
    won = total = 0.0
    for i in range(outcome.size):
        for j in range(i):
            if outcome[i] != outcome[j]:
                total += 1.0
                same = (outcome[i] - outcome[j]) * (predicted[i] - predicted[j])
                won += 0.5 if same == 0.0 else float(same > 0.0)
    assert pair_concordance(outcome, predicted) == pytest.approx(won / total, rel=1e-12)
    assert np.isnan(pair_concordance(np.ones(4), np.arange(4.0)))


def test_slope_and_mean_have_the_intervals_of_least_squares():
    outcome, predicted, _, _ = data()
    fit = linregress(predicted, outcome)
    reach = student.ppf(0.975, outcome.size - 2) * fit.stderr
    found = slope_interval(predicted, outcome)
    assert (found.value, found.low, found.high) == pytest.approx((fit.slope, fit.slope - reach, fit.slope + reach))
    mean = mean_interval(outcome)
    low, high = student.interval(0.95, outcome.size - 1, outcome.mean(), outcome.std(ddof=1) / np.sqrt(outcome.size))
    assert (mean.low, mean.high) == pytest.approx((low, high))


def test_logistic_calibration_is_the_maximum_of_its_likelihood():
    _, _, is_case, chance = data(400)
    x = logit(chance)

    def loss(beta: np.ndarray) -> float:
        eta = beta[0] + beta[1] * x
        return float(np.logaddexp(0.0, eta).sum() - eta[is_case].sum())

    both = minimize(loss, [0.0, 1.0], method="BFGS", options={"gtol": 1e-9})
    alone = minimize(lambda a: loss(np.array([a[0], 1.0])), [0.0], method="BFGS", options={"gtol": 1e-9})
    intercept, slope = logistic_calibration(is_case, chance)
    assert intercept.value == pytest.approx(alone.x[0], abs=1e-5)
    assert slope.value == pytest.approx(both.x[1], abs=1e-5)
    assert slope.low < slope.value < slope.high


def test_separated_responses_have_no_slope():
    chance = np.array([0.1, 0.2, 0.8, 0.9])
    _, slope = logistic_calibration(np.array([False, False, True, True]), chance)
    assert np.isnan(slope.value)
    intercept, _ = logistic_calibration(np.ones(4, dtype=bool), chance)
    assert np.isnan(intercept.value)


def test_bins_hold_everybody_and_have_exact_intervals():
    outcome, predicted, is_case, chance = data()
    found = performance(outcome, predicted, is_case, chance, n_bins=10)
    assert sum(one.n for one in found.bins) == outcome.size
    first = np.argsort(chance, kind="stable")[: found.response_bins[0].n]
    interval = binomtest(int(is_case[first].sum()), first.size).proportion_ci(0.95, method="exact")
    assert (found.response_bins[0].observed.low, found.response_bins[0].observed.high) == pytest.approx(
        (interval.low, interval.high)
    )
    assert found.rmse == pytest.approx(np.sqrt(np.mean((outcome - predicted) ** 2)))
    assert found.r_squared == pytest.approx(
        1 - np.sum((outcome - predicted) ** 2) / np.sum((outcome - outcome.mean()) ** 2)
    )


def test_true_predictions_are_calibrated():
    rng = np.random.default_rng(7)
    mean = rng.normal(90.0, 30.0, 20_000)
    y = mean + rng.normal(0.0, 60.0, mean.size)
    found = performance(y, mean, y >= 100.0, ndtr((mean - 100.0) / 60.0), n_bins=10)
    for one, truth in (
        (found.intercept, 0.0),
        (found.slope, 1.0),
        (found.response_intercept, 0.0),
        (found.response_slope, 1.0),
    ):
        # Four standard errors: four numbers of one drawn table.
        assert abs(one.value - truth) < 4.0 * (one.high - one.value) / 1.96

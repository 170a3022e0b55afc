"""Residuals against their definitions, and the trend test against derivatives of the partial likelihood."""

from __future__ import annotations

import numpy as np
import pytest
from lifelines import NelsonAalenFitter
from scipy.stats import kstest

from pkpd.errors import InputError
from tests.tte.evaluation.drawn_times import drawn_times
from tte.evaluation.event_times import event_times
from tte.evaluation.residuals import (
    cox_snell_check,
    cox_snell_of_intervals,
    deviance,
    martingale,
    schoenfeld,
    time_trend,
)


def log_partial(times, x, beta):
    """Return the log partial likelihood (Breslow) of coefficients (n_events, p), one row for each event in order of its day."""
    order = np.flatnonzero(times.event)[np.argsort(times.time_day[times.event], kind="stable")]
    total = 0.0
    for row, i in enumerate(order):
        at_risk = (times.entry_day < times.time_day[i]) & (times.time_day >= times.time_day[i])
        total += x[i] @ beta[row] - np.log(np.exp(x[at_risk] @ beta[row]).sum())
    return total


def derivatives(function, size, step=1e-3):
    """Return gradient and minus the Hessian at zero by central differences."""
    unit = np.eye(size) * step
    gradient = np.array([(function(u) - function(-u)) / (2 * step) for u in unit])
    hessian = np.array([[
        (function(a + b) - function(a - b) - function(b - a) + function(-a - b)) / (4 * step**2) for b in unit
    ] for a in unit])  # fmt: skip
    return gradient, -hessian


@pytest.mark.parametrize("is_late", [False, True])
@pytest.mark.parametrize("clock", ["rank", "log_day"])
def test_the_trend_test_is_the_score_test_of_time_dependent_coefficients(clock, is_late):
    times, marker = drawn_times(40, 3, is_late=is_late)
    x = np.column_stack([marker, np.round(np.random.default_rng(1).standard_normal(40), 1)])
    beta = np.array([0.6, -0.1])
    found = schoenfeld(times, x, beta)
    g = np.log(found.day) if clock == "log_day" else np.argsort(np.argsort(found.day)) * 0.0
    if clock == "rank":
        g = np.array([(found.day < d).sum() + 0.5 * ((found.day == d).sum() + 1) for d in found.day])
    g = (g - g.mean()) / g.std()

    def likelihood(parameters):
        return log_partial(times, x, beta + parameters[:2] + g[:, None] * parameters[2:])

    gradient, information = derivatives(likelihood, 4)
    tested = time_trend(found, clock, times)
    a, b, c = information[2:, 2:], information[2:, :2], information[:2, :2]
    score = gradient[2:] - b @ np.linalg.solve(c, gradient[:2])
    variance = a - b @ np.linalg.solve(c, b.T)
    assert tested.overall == pytest.approx(score @ np.linalg.solve(variance, score), rel=1e-4)
    for k in range(2):
        row = information[2 + k, :2]
        alone = gradient[2 + k] - row @ np.linalg.solve(c, gradient[:2])
        expected = alone**2 / (information[2 + k, 2 + k] - row @ np.linalg.solve(c, row))
        assert tested.statistic[k] == pytest.approx(expected, rel=1e-4)


def test_under_constant_ratios_p_is_uniform_and_a_crossing_effect_is_found():
    p = []
    for seed in range(200):
        times, marker = drawn_times(150, 1000 + seed, is_tied=False)
        p.append(time_trend(schoenfeld(times, marker[:, None], np.array([0.8])), "rank", times).overall_p)
    assert kstest(p, "uniform").pvalue > 0.01
    rng = np.random.default_rng(2)
    x = np.repeat([0.0, 1.0], 300)
    # The same mean hazard, rising in one half and falling in the other.
    time = np.where(x == 1.0, rng.weibull(2.5, 600), rng.weibull(0.7, 600))
    crossing = event_times(time, np.ones(600))
    found = time_trend(schoenfeld(crossing, x[:, None], np.array([0.0])), "rank", crossing)
    assert found.overall_p < 1e-6


def test_schoenfeld_residuals_are_the_covariate_minus_its_weighted_mean():
    times, marker = drawn_times(30, 5, is_late=True)
    found = schoenfeld(times, marker[:, None], np.array([0.7]))
    order = np.flatnonzero(times.event)[np.argsort(times.time_day[times.event], kind="stable")]
    for row, i in enumerate(order):
        at_risk = (times.entry_day < times.time_day[i]) & (times.time_day >= times.time_day[i])
        weight = np.exp(0.7 * marker[at_risk])
        mean = (weight @ marker[at_risk]) / weight.sum()
        assert found.residual[row, 0] == pytest.approx(marker[i] - mean, abs=1e-12)
        assert found.variance[row, 0, 0] == pytest.approx(
            (weight @ (marker[at_risk] - mean) ** 2) / weight.sum(), abs=1e-12
        )


def test_cox_snell_residuals_have_the_nelson_aalen_curve_of_lifelines():
    times, marker = drawn_times(71, 6)
    hazard = times.time_day / 80.0 * np.exp(0.8 * marker)
    found = cox_snell_check(times.event, hazard, np.zeros(71))
    other = NelsonAalenFitter(nelson_aalen_smoothing=False).fit(hazard, times.event)
    assert found.cumulative_hazard == pytest.approx(
        other.cumulative_hazard_at_times(found.residual).to_numpy(), abs=1e-12
    )
    assert np.all((found.low < found.cumulative_hazard) & (found.cumulative_hazard < found.high))


def test_of_a_true_model_with_late_entry_residuals_have_hazard_one():
    rng = np.random.default_rng(8)
    entry = np.where(rng.uniform(size=20_000) < 0.5, 0.0, rng.uniform(0.0, 1.0, 20_000))
    time, censored = rng.exponential(1.0, 20_000), rng.uniform(0.5, 3.0, 20_000)
    kept = np.minimum(time, censored) > entry
    found = cox_snell_check((time <= censored)[kept], np.minimum(time, censored)[kept], entry[kept])
    inside = found.residual < 2.0
    assert np.mean((found.low <= found.residual) & (found.residual <= found.high)) > 0.6
    assert np.abs(found.cumulative_hazard - found.residual)[inside].max() < 0.1
    assert np.exp(-found.cumulative_hazard[inside]) == pytest.approx(np.exp(-found.residual[inside]), abs=0.03)


def test_of_a_true_model_residuals_known_by_intervals_have_hazard_one():
    rng = np.random.default_rng(9)
    n = 3000
    rate, entry = np.exp(rng.normal(size=n)) / 40.0, 10.0
    happened = entry + rng.exponential(1.0 / rate)
    visits = np.array([10.0, 25.0, 40.0, 70.0, 100.0, np.inf])
    place = np.searchsorted(visits, happened)
    event = place < 5
    last = np.where(event, visits[np.minimum(place, 4)], 100.0)
    free = np.where(event, visits[place - 1], last)
    found = cox_snell_of_intervals(event, rate * (last - entry), rate * (free - entry))
    # Three standard errors of a cumulative hazard of 1 in as many subjects with exact days are 0.07; intervals tell less.
    inside = found.residual < 1.0
    assert inside.sum() > 20
    assert np.abs(found.cumulative_hazard - found.residual)[inside].max() < 0.1
    assert np.isnan(found.low).all()
    with pytest.raises(InputError, match="beyond which nobody is free"):
        cox_snell_of_intervals(np.array([True]), np.array([1.0]), np.array([0.5]))


def test_martingale_and_deviance_residuals_are_their_formulas():
    event, hazard = np.array([1, 0, 1, 0], bool), np.array([0.5, 0.5, 1.0, 0.0])
    assert martingale(event, hazard) == pytest.approx([0.5, -0.5, 0.0, 0.0])
    expected = [np.sqrt(-2 * (0.5 + np.log(0.5))), -1.0, 0.0, 0.0]
    assert deviance(event, hazard) == pytest.approx(expected)


def test_what_cannot_be_tested_is_refused_in_one_sentence():
    times = event_times([5.0, 5.0, 9.0], [1, 1, 0])
    with pytest.raises(InputError, match="events: lie on 1 days"):
        time_trend(schoenfeld(times, np.arange(3.0)[:, None], np.zeros(1)), "rank", times)
    two_days = event_times([5.0, 6.0, 9.0], [1, 1, 0])
    with pytest.raises(InputError, match="no variance of their own"):
        time_trend(schoenfeld(two_days, np.ones((3, 1)), np.zeros(1)), "rank", two_days)
    with pytest.raises(InputError, match="hazard of subject 2: is 1 at the end and 1 at entry"):
        cox_snell_check(np.ones(2, bool), np.array([1.0, 1.0]), np.array([0.0, 1.0]))

"""Observed over expected, slope and groups against closed forms, a general optimiser and what was simulated."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
from scipy.optimize import minimize, minimize_scalar
from scipy.stats import chi2, norm, poisson

from pkpd.errors import InputError
from tests.tte.evaluation.drawn_times import drawn_times
from tte.evaluation.calibration import SlopeStatus, calibration_groups, calibration_slope, observed_over_expected
from tte.evaluation.event_times import event_times
from tte.evaluation.kaplan_meier import kaplan_meier


def test_the_interval_of_a_poisson_count_is_exact():
    event, hazard = np.arange(71) < 11, np.full(71, 8.0 / 71)
    found = observed_over_expected(event, hazard)
    assert found.ratio.value == pytest.approx(11 / 8)
    assert poisson.sf(10, 8.0 * found.ratio.low) == pytest.approx(0.025)
    assert poisson.cdf(11, 8.0 * found.ratio.high) == pytest.approx(0.025)
    nobody = observed_over_expected(np.zeros(71, bool), hazard)
    assert nobody.ratio.low == 0.0
    assert poisson.cdf(0, 8.0 * nobody.ratio.high) == pytest.approx(0.025)


def test_a_calibrated_model_has_ratio_one_intercept_zero_and_slope_one_with_late_entry():
    times, marker = drawn_times(20_000, 1, is_late=True, is_tied=False)
    hazard = (times.time_day - times.entry_day) / 80.0 * np.exp(0.8 * marker)
    # Subjects whose time was moved behind their entry had their event earlier, and so are left out.
    kept = times.time_day > times.entry_day + 1.0
    event = times.event[kept]
    ratio = observed_over_expected(event, hazard[kept]).ratio
    assert ratio.low < 1.1
    found = calibration_slope(event, hazard[kept], 0.8 * marker[kept])
    assert found.slope.value == pytest.approx(1.0, abs=0.05)


def test_a_model_with_a_slope_twice_too_steep_is_found_at_one_half():
    times, marker = drawn_times(20_000, 2, is_tied=False)
    hazard = times.time_day / 80.0 * np.exp(1.6 * marker)
    found = calibration_slope(times.event, hazard, 1.6 * marker)
    assert found.slope.low < 0.5 < found.slope.high
    assert found.p < 1e-10


def test_estimates_and_intervals_are_those_of_a_general_optimiser():
    times, marker = drawn_times(71, 3)
    predictor = 0.5 * marker
    hazard = times.time_day / 90.0 * np.exp(predictor)
    x = predictor - predictor.mean()

    def minus(parameters):
        shift = parameters[0] + parameters[1] * x
        return float((hazard * np.exp(shift)).sum() - shift[times.event].sum())

    other = minimize(minus, np.zeros(2), method="BFGS", options={"gtol": 1e-9})
    found = calibration_slope(times.event, hazard, predictor)
    assert found.intercept.value == pytest.approx(other.x[0], abs=1e-6)
    assert found.slope.value == pytest.approx(1.0 + other.x[1], abs=1e-6)
    mean = hazard * np.exp(other.x[0] + other.x[1] * x)
    inverse = np.linalg.inv([[mean.sum(), (mean * x).sum()], [(mean * x).sum(), (mean * x * x).sum()]])
    assert (found.slope.high - found.slope.low) / 2 == pytest.approx(1.959964 * np.sqrt(inverse[1, 1]), rel=1e-5)


def test_no_events_the_same_prediction_for_all_and_events_at_one_end_have_a_status():
    hazard = np.array([0.1, 0.2, 0.4, 0.1])
    x = np.array([0.0, 1.0, 2.0, 0.5])
    assert calibration_slope(np.zeros(4, bool), hazard, x).status is SlopeStatus.NO_EVENTS
    constant = calibration_slope(np.array([1, 0, 0, 0], bool), hazard, np.ones(4))
    assert constant.status is SlopeStatus.CONSTANT
    assert constant.intercept.value == pytest.approx(np.log(1 / 0.8))
    end = calibration_slope(np.array([0, 0, 1, 0], bool), hazard, x)
    assert end.status is SlopeStatus.UNBOUNDED


@pytest.mark.parametrize("far", [72.0, 300.0, 600.0])
def test_one_prediction_far_from_all_others_leaves_no_slope_and_is_said(far: float):
    predictor = np.append(np.random.default_rng(3).standard_normal(30), far)
    found = calibration_slope(np.arange(31) % 4 == 0, 0.1 * np.exp(predictor), predictor)
    assert found.status is SlopeStatus.INDETERMINATE
    assert np.isnan([found.slope.value, found.intercept.value, found.p]).all()


@pytest.mark.parametrize(
    ("hazard", "words"), [([0.0, 0.0], "zero for everybody"), ([0.1, np.nan], "nan"), ([0.1, -1.0], "-1")]
)
def test_hazards_that_are_none_are_refused(hazard, words):
    with pytest.raises(InputError, match=words):
        observed_over_expected(np.array([True, False]), np.array(hazard))


def test_groups_part_all_subjects_and_show_kaplan_meier_beside_the_mean_prediction():
    times, marker = drawn_times(71, 4)
    risk = 1.0 - np.exp(-60.0 / 80.0 * np.exp(0.8 * marker))
    groups = calibration_groups(times, risk, horizon_day=60.0, n_groups=4)
    assert len(groups) == 4
    assert sum(one.n for one in groups) == 71
    assert sum(one.n_events for one in groups) == (times.event & (times.time_day <= 60.0)).sum()
    first = groups[0]
    inside = risk <= first.high_risk
    assert first.observed.value == pytest.approx(1.0 - float(kaplan_meier(times.rows(inside)).at(60.0)))
    assert first.expected == pytest.approx(risk[inside].mean())
    assert all(a.high_risk < b.low_risk for a, b in pairwise(groups))


def test_equal_risks_stay_together_and_a_group_without_events_has_a_wide_interval():
    times = event_times([95.0] * 10 + [30.0] * 5, [0] * 10 + [1] * 5)
    groups = calibration_groups(times, np.array([0.1] * 10 + [0.6] * 5), horizon_day=90.0, n_groups=5)
    assert [one.n for one in groups] == [10, 5]
    assert groups[0].observed.value == 0.0
    assert groups[0].observed.high == pytest.approx(1.0 - 0.025**0.1)


def _by_visits(n: int, seed: int) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Return events, hazards by the end and when last known free, and a predictor; a third of the events is known by the day."""
    rng = np.random.default_rng(seed)
    x = rng.normal(size=n)
    rate = 0.02 * np.exp(0.7 * x)
    happened = rng.exponential(1.0 / (1.3 * 0.02 * np.exp(0.5 * x)))
    visits = np.array([0.0, 10.0, 20.0, 40.0, 80.0, np.inf])
    place = np.searchsorted(visits, happened)
    event = happened <= 80.0
    is_exact = event & (rng.random(n) < 1.0 / 3.0)
    last = np.where(event, np.where(is_exact, happened, visits[np.minimum(place, 4)]), 80.0)
    free = np.where(event & ~is_exact, visits[place - 1], last)
    return event, rate * last, rate * free, np.log(rate)


def test_ratio_and_slope_of_intervals_are_where_their_likelihood_is_greatest():
    event, hazard, free, predictor = _by_visits(150, 4)
    is_interval = free < hazard
    centred = predictor - predictor.mean()

    def minus(b):
        factor = np.exp(b[0] + b[1] * centred)
        inside = np.log(np.exp(-free * factor) - np.exp(-hazard * factor), where=is_interval, out=np.zeros(event.size))
        exact = event & ~is_interval
        return -(inside.sum() - (free * factor)[~is_interval].sum() + np.log(factor[exact]).sum())

    ratio = observed_over_expected(event, hazard, free)
    alone = minimize_scalar(lambda a: minus([a, 0.0]), bracket=(-1.0, 1.0), tol=1e-12)
    assert np.log(ratio.ratio.value) == pytest.approx(alone.x, abs=1e-6)
    assert ratio.observed / ratio.expected == pytest.approx(ratio.ratio.value)
    step = 1e-3
    bend = (minus([alone.x + step, 0.0]) - 2.0 * alone.fun + minus([alone.x - step, 0.0])) / step**2
    spread = np.log(ratio.ratio.high / ratio.ratio.low) / (2.0 * norm.ppf(0.975))
    assert spread == pytest.approx(1.0 / np.sqrt(bend), rel=1e-4)
    found = calibration_slope(event, hazard, predictor, free)
    best = minimize(minus, [0.0, 0.0], method="Nelder-Mead", options={"xatol": 1e-9, "fatol": 1e-12})
    assert (found.intercept.value, found.slope.value - 1.0) == pytest.approx(best.x, abs=1e-6)
    assert found.p == pytest.approx(chi2.sf(2.0 * (minus([0.0, 0.0]) - best.fun), 2), rel=1e-6)


def test_of_one_visit_for_all_the_ratio_is_that_of_a_binomial_share():
    event = np.arange(40) < 14
    hazard, free = np.full(40, 0.3), np.where(event, 0.0, 0.3)
    found = observed_over_expected(event, hazard, free)
    # Newton's method ends where 1e-10 of likelihood is left, within 1e-5 standard errors.
    assert found.ratio.value == pytest.approx(-np.log1p(-14.0 / 40.0) / 0.3, rel=1e-6)

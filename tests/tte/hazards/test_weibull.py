"""Closed forms of the Weibull distribution."""

from __future__ import annotations

import itertools
import math

import mpmath
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats
from scipy.integrate import quad

from tte.hazards.weibull import (
    cumulative_hazard,
    hazard,
    log_cumulative_hazard,
    quantile_time,
    restricted_mean,
    risk,
    survival,
)

times = st.floats(1e-3, 1e4)
log_rates = st.floats(-15.0, 2.0)
shapes = st.floats(0.1, 10.0)


@given(times, log_rates, shapes)
def test_survival_is_exp_of_minus_the_cumulative_hazard(time, log_rate, shape):
    expected = np.exp(-np.exp(log_rate) * time**shape)
    assert survival(time, log_rate, shape=shape) == pytest.approx(expected, rel=1e-9, abs=1e-300)
    assert survival(time, log_rate, shape=shape) + risk(time, log_rate, shape=shape) == pytest.approx(1.0)


@given(log_rates, shapes)
def test_survival_at_day_0_and_before_is_1(log_rate, shape):
    days = np.array([-3.0, 0.0])
    assert survival(days, log_rate, shape=shape).tolist() == [1.0, 1.0]
    assert risk(days, log_rate, shape=shape).tolist() == [0.0, 0.0]
    assert log_cumulative_hazard(0.0, log_rate, shape=shape) == -np.inf


@given(log_rates, shapes, st.lists(times, min_size=2, max_size=20))
def test_survival_never_rises(log_rate, shape, days):
    assert np.all(np.diff(survival(np.sort(days), log_rate, shape=shape)) <= 0.0)


@given(times, log_rates)
def test_shape_1_is_the_exponential_distribution(time, log_rate):
    exponential = stats.expon(scale=math.exp(-log_rate))
    assert survival(time, log_rate, shape=1.0) == pytest.approx(exponential.sf(time), rel=1e-9, abs=1e-300)
    assert hazard(time, log_rate, shape=1.0) == pytest.approx(math.exp(log_rate))
    mean = exponential.cdf(time) * math.exp(-log_rate)
    assert restricted_mean(time, log_rate, shape=1.0) == pytest.approx(mean, rel=1e-9)


@given(st.floats(0.1, 1000.0), log_rates, st.floats(0.3, 4.0))
def test_the_hazard_is_the_derivative_of_the_cumulative_hazard(time, log_rate, shape):
    step = 1e-5 * time
    after, before = (cumulative_hazard(time + sign * step, log_rate, shape=shape) for sign in (1, -1))
    assert hazard(time, log_rate, shape=shape) == pytest.approx((after - before) / (2.0 * step), rel=1e-6)


def test_the_hazard_at_day_0_depends_on_the_shape():
    shapes_ = np.array([0.8, 1.0, 1.2])
    assert hazard(0.0, -2.0, shape=shapes_).tolist() == pytest.approx([np.inf, math.exp(-2.0), 0.0])


@given(st.floats(1e-6, 1.0 - 1e-6), st.floats(-10.0, 2.0), st.floats(0.3, 5.0))
def test_the_quantile_time_is_the_inverse_of_the_risk(probability, log_rate, shape):
    time = quantile_time(probability, log_rate, shape=shape)
    assert risk(time, log_rate, shape=shape) == pytest.approx(probability, rel=1e-9)


def test_nobody_has_the_event_by_day_0_and_everybody_by_infinity():
    assert quantile_time(np.array([0.0, 1.0]), -3.0, shape=1.2).tolist() == [0.0, np.inf]


@given(st.floats(0.5, 400.0), st.floats(-12.0, 2.0), st.floats(0.3, 5.0))
def test_the_restricted_mean_is_the_area_under_the_survival_curve(horizon, log_rate, shape):
    scale = math.exp(-log_rate / shape)  # where H is 1; where H is 40 nothing is left
    end = min(horizon, scale * 40.0 ** (1.0 / shape))
    pieces = itertools.pairwise(end * np.linspace(0.0, 1.0, 33) ** 3)
    area = math.fsum(quad(lambda t: math.exp(-((t / scale) ** shape)), low, high)[0] for low, high in pieces)
    assert restricted_mean(horizon, log_rate, shape=shape) == pytest.approx(area, rel=1e-7)


@pytest.mark.parametrize("hazard_at_horizon", [1e-300, 1e-8, 1.0, 29.999, 30.001, 1e3, 1e200])
@pytest.mark.parametrize("shape", [0.1, 0.5, 1.08, 10.0])
def test_the_restricted_mean_has_all_digits_at_small_and_large_hazards(hazard_at_horizon, shape):
    horizon = 90.0
    log_rate = math.log(hazard_at_horizon) - shape * math.log(horizon)
    with mpmath.workdps(40):
        a, u = 1 / mpmath.mpf(shape), mpmath.mpf(hazard_at_horizon)
        expected = float(horizon * a * u**-a * mpmath.gammainc(a, 0, u))
    assert restricted_mean(horizon, log_rate, shape=shape) == pytest.approx(expected, rel=1e-10)


def test_the_restricted_mean_lies_between_0_and_the_horizon():
    assert restricted_mean(np.array([-1.0, 0.0]), -3.0, shape=1.1).tolist() == [0.0, 0.0]
    assert restricted_mean(90.0, -800.0, shape=1.1) == 90.0
    assert restricted_mean(90.0, 2000.0, shape=1.1) == 0.0


@pytest.mark.parametrize("function", [cumulative_hazard, hazard, survival, risk, quantile_time, restricted_mean])
def test_nan_in_gives_nan_out(function):
    assert np.isnan(function(np.nan, -2.0, shape=1.1))
    assert np.isnan(function(0.5, np.nan, shape=1.1))
    assert np.isnan(function(0.5, -2.0, shape=np.nan))

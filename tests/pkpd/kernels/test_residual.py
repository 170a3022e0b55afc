"""Residual error and Beal's M3 against mpmath: values, slopes, curvatures, and predictions of zero."""

from __future__ import annotations

import math

import mpmath
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pkpd.kernels.residual import (
    minus2_log_density,
    minus2_log_density_derivatives,
    probability_of_lower_level,
    residual_sd,
)

mpmath.mp.dps = 50
NONE, BELOW, ABOVE, BETWEEN = 0.0, 1.0, 2.0, 3.0
errors = st.sampled_from([(0.0, 0.44), (0.72, 0.223), (2.3, 0.0), (0.0413, 0.403), (1.66, 0.102), (0.0, 0.04)])
levels = st.floats(0.05, 300.0)


def observation(censored: float, level: float, additive: float, proportional: float) -> np.ndarray:
    return np.array([level if censored == NONE else np.nan, censored, level, level, additive, proportional, 1.0, 0.0])


def exact(censored: float, level: float, additive: float, proportional: float):
    y, a, b = mpmath.mpf(level), mpmath.mpf(additive), mpmath.mpf(proportional)

    def value(f: mpmath.mpf) -> mpmath.mpf:
        variance = a**2 + (b * f) ** 2
        z = (y - f) / mpmath.sqrt(variance)
        if censored == NONE:
            return mpmath.log(2 * mpmath.pi * variance) + z**2
        return -2 * mpmath.log(mpmath.erfc((z if censored == ABOVE else -z) / mpmath.sqrt(2)) / 2)

    return value


@pytest.mark.requirement("DATA-02", "PK-02")
@given(st.sampled_from([NONE, BELOW, ABOVE]), levels, st.floats(0.05, 300.0), errors)
def test_value_slope_and_curvature_agree_with_mpmath(censored, level, prediction, error):
    row = observation(censored, level, *error)
    reference = exact(censored, level, *error)
    found = minus2_log_density_derivatives(row, prediction)
    assert minus2_log_density(row, prediction) == pytest.approx(found[0], rel=1e-13, abs=1e-14)
    expected = [float(mpmath.diff(reference, prediction, n)) for n in (0, 1, 2)]
    scale = max(1.0, abs(expected[0]))
    assert found[0] == pytest.approx(expected[0], rel=1e-11, abs=1e-13)
    # a derivative is small against the value where terms of opposite sign meet
    assert found[1] == pytest.approx(expected[1], rel=1e-8, abs=1e-9 * scale / prediction)
    assert found[2] == pytest.approx(expected[2], rel=1e-7, abs=1e-9 * scale / prediction**2)


@given(levels, st.floats(0.05, 300.0), errors)
def test_below_and_above_the_same_limit_are_certain_together(limit, prediction, error):
    inside = [math.exp(-0.5 * minus2_log_density(observation(c, limit, *error), prediction)) for c in (BELOW, ABOVE)]
    assert sum(inside) == pytest.approx(1.0, abs=1e-12)


def test_below_the_limit_stays_possible_at_any_concentration_under_a_proportional_error():
    assert math.exp(-0.5 * minus2_log_density(observation(BELOW, 0.4, 0.0, 0.44), 1e9)) == pytest.approx(
        0.01153, abs=1e-5
    )


@pytest.mark.parametrize(("censored", "expected"), [(NONE, math.inf), (BELOW, 0.0), (ABOVE, math.inf)])
def test_without_drug_and_additive_error_only_a_level_below_the_limit_is_possible(censored, expected):
    row = observation(censored, 3.0, 0.0, 0.44)
    assert minus2_log_density(row, 0.0) == expected
    assert minus2_log_density_derivatives(row, 0.0) == (expected, 0.0, 0.0)


@pytest.mark.parametrize(("lower", "expected"), [(0.0, 0.0), (0.1, math.inf)])
def test_without_drug_a_level_between_two_limits_is_possible_where_the_lower_is_zero(lower, expected):
    row = np.array([math.nan, BETWEEN, lower, 3.0, 0.0, 0.44, 1.0, 0.0])
    assert minus2_log_density(row, 0.0) == expected
    assert minus2_log_density_derivatives(row, 0.0) == (expected, 0.0, 0.0)


@pytest.mark.parametrize("censored", [NONE, BELOW, ABOVE])
def test_without_drug_an_additive_error_decides(censored):
    row = observation(censored, 3.0, 0.72, 0.223)
    reference = exact(censored, 3.0, 0.72, 0.223)
    found = minus2_log_density_derivatives(row, 0.0)
    assert found[0] == pytest.approx(float(reference(mpmath.mpf(0))), rel=1e-12)
    assert found[1] == pytest.approx(float(mpmath.diff(reference, 0, 1)), rel=1e-9)
    assert found[2] == pytest.approx(float(mpmath.diff(reference, 0, 2)), rel=1e-7)


def test_the_standard_deviation_combines_both_errors():
    assert residual_sd(10.0, 3.0, 0.4) == pytest.approx(5.0, rel=1e-15)
    assert residual_sd(0.0, 0.3, 0.4) == 0.3


@pytest.mark.parametrize("prediction", [1e-60, 1e-111, 1e-150])
def test_far_below_the_lower_limit_nothing_changes_any_more(prediction):
    row = observation(BELOW, 0.4, 0.0, 0.44)
    assert minus2_log_density_derivatives(row, prediction) == (0.0, 0.0, 0.0)


def test_nan_predictions_give_nan():
    for censored in (NONE, BELOW, ABOVE):
        assert math.isnan(minus2_log_density(observation(censored, 3.0, 0.1, 0.2), math.nan))


@given(levels, errors)
def test_a_lower_level_is_as_probable_as_the_average_over_predictions_says(value, error):
    prediction = np.array([[0.5, 5.0], [20.0, 80.0]])
    weight = np.array([[0.1, 0.2], [0.3, 0.4]])
    sd = np.hypot(error[0], error[1] * prediction)
    expected = sum(
        w * float(mpmath.ncdf((value - f) / s)) for w, f, s in zip(weight.flat, prediction.flat, sd.flat, strict=True)
    )
    found = probability_of_lower_level(weight, np.log(prediction), value, *error)
    assert found == pytest.approx(expected, abs=1e-13)

"""Normal distribution functions of the kernels against mpmath."""

from __future__ import annotations

import math

import mpmath
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pkpd.kernels.special import log_ndtr, log_ndtr_lookup, mills, mills_lookup, ndtr

mpmath.mp.dps = 40
POINTS = [
    -1e8,
    -1e4,
    -300.0,
    -40.0,
    -38.0,
    -30.1,
    -30.0,
    -29.9,
    -12.0,
    -5.0,
    -1.0,
    -1e-9,
    0.0,
    0.3,
    1.0,
    1.1,
    5.0,
    8.5,
    12.0,
]


def exact_log_ndtr(z: float) -> float:
    x = mpmath.mpf(z)
    if z < -100.0:  # mpmath's erfc is exact there too, but slow far out
        w = 1 / x**2
        return float(
            -(x**2) / 2 - mpmath.log(-x * mpmath.sqrt(2 * mpmath.pi)) + mpmath.log(1 - w + 3 * w**2 - 15 * w**3)
        )
    if z > 0.0:
        return float(mpmath.log1p(-mpmath.erfc(x / mpmath.sqrt(2)) / 2))
    return float(mpmath.log(mpmath.erfc(-x / mpmath.sqrt(2)) / 2))


def exact_mills(z: float) -> float:
    x = mpmath.mpf(z)
    if z < -100.0:
        w = 1 / x**2
        return float(-x / (1 - w + 3 * w**2 - 15 * w**3))
    return float(mpmath.npdf(x) / (mpmath.erfc(-x / mpmath.sqrt(2)) / 2))


@pytest.mark.parametrize("z", POINTS)
def test_log_ndtr_has_thirteen_digits_in_both_tails(z):
    assert log_ndtr(z) == pytest.approx(exact_log_ndtr(z), rel=2e-13, abs=1e-300)


@given(st.floats(-60.0, 30.0))
def test_log_ndtr_has_thirteen_digits_everywhere(z):
    assert log_ndtr(z) == pytest.approx(exact_log_ndtr(z), rel=2e-13, abs=1e-16 if z < 8.0 else 1e-300)


@given(st.floats(-35.0, 38.0))
def test_ndtr_is_half_the_complementary_error_function(z):
    assert ndtr(z) == pytest.approx(float(mpmath.erfc(-mpmath.mpf(z) / mpmath.sqrt(2)) / 2), rel=1e-12)


@pytest.mark.parametrize("z", POINTS)
def test_mills_is_density_over_distribution_function(z):
    assert mills(z) == pytest.approx(exact_mills(z), rel=1e-12)


@given(st.floats(-30.5, 8.0))
def test_mills_is_the_derivative_of_log_ndtr(z):
    h = 1e-5
    assert (log_ndtr(z + h) - log_ndtr(z - h)) / (2.0 * h) == pytest.approx(mills(z), rel=1e-5, abs=1e-9)


@given(st.floats(-40.0, 15.0))
def test_the_table_of_log_ndtr_is_exact_to_1e9(z):
    assert log_ndtr_lookup(z) == pytest.approx(log_ndtr(z), abs=1e-9)


@pytest.mark.parametrize("z", np.linspace(-10.0, 9.0, 1217)[[0, 1, 2, 300, 640, 641, 1214, 1215, 1216]].tolist())
def test_the_table_of_log_ndtr_is_exact_at_and_beside_its_nodes(z):
    for x in (z, np.nextafter(z, -np.inf), np.nextafter(z, np.inf)):
        assert log_ndtr_lookup(x) == pytest.approx(log_ndtr(x), abs=1e-9)


@given(st.floats(-40.0, 15.0))
def test_the_table_of_mills_is_exact_to_1e8(z):
    assert mills_lookup(z) == pytest.approx(mills(z), abs=1e-8)


@pytest.mark.parametrize("function", [log_ndtr, log_ndtr_lookup])
def test_log_ndtr_at_infinity_and_nan(function):
    assert function(-math.inf) == -math.inf
    assert function(math.inf) == 0.0
    assert math.isnan(function(math.nan))


def test_mills_and_ndtr_at_infinity_and_nan():
    assert mills(-math.inf) == math.inf
    assert mills(math.inf) == 0.0
    assert (ndtr(-math.inf), ndtr(math.inf)) == (0.0, 1.0)
    assert math.isnan(mills(math.nan))
    assert math.isnan(ndtr(math.nan))

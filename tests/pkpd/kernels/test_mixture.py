"""Compiled functions of a mixture of normals against SciPy."""

from __future__ import annotations

import itertools
import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import special, stats
from scipy.integrate import quad

from pkpd.kernels.mixture import mixture_distribution, mixture_quantile, mixture_quantiles, mixture_risk_moments

PROBABILITIES = np.array([1e-6, 0.05, 0.25, 0.5, 0.75, 0.95, 1.0 - 1e-6])


@st.composite
def mixtures(draw):
    n = draw(st.integers(1, 12))
    weight = np.array(draw(st.lists(st.floats(1e-6, 1.0), min_size=n, max_size=n)))
    mean = np.array(draw(st.lists(st.floats(-30.0, 30.0), min_size=n, max_size=n)))
    sd = np.array(draw(st.lists(st.floats(0.01, 5.0), min_size=n, max_size=n)))
    return weight / weight.sum(), mean, sd


@given(mixtures(), st.floats(-40.0, 40.0))
def test_distribution_and_density_are_sums_over_the_components(mixture, y):
    weight, mean, sd = mixture
    probability, density = mixture_distribution(y, weight, mean, sd)
    assert probability == pytest.approx(weight @ stats.norm.cdf(y, mean, sd), rel=1e-9, abs=1e-15)
    assert density == pytest.approx(weight @ stats.norm.pdf(y, mean, sd), rel=1e-9, abs=1e-300)


@given(mixtures(), st.sampled_from(PROBABILITIES.tolist()))
def test_the_distribution_function_at_a_quantile_is_the_probability(mixture, probability):
    weight, mean, sd = mixture
    y = mixture_quantile(probability, special.ndtri(probability), weight, mean, sd)
    # y itself is known to 1e-12 of its size, more closely than F where F is steep
    below, above = (mixture_distribution(y + sign * 1e-12 * max(1.0, abs(y)), weight, mean, sd)[0] for sign in (-2, 2))
    assert below - 1e-15 <= probability <= above + 1e-15


@given(st.floats(-20.0, 20.0), st.floats(0.01, 5.0), st.sampled_from(PROBABILITIES.tolist()))
def test_one_component_has_the_quantiles_of_its_normal(mean, sd, probability):
    z = special.ndtri(probability)
    found = mixture_quantile(probability, z, np.ones(1), np.array([mean]), np.array([sd]))
    assert found == pytest.approx(mean + z * sd, abs=1e-11)


def test_a_quantile_in_a_gap_between_components_is_found():
    weight, mean, sd = np.array([0.5, 0.5]), np.array([-1000.0, 1000.0]), np.array([0.1, 0.1])
    y = mixture_quantile(0.5, 0.0, weight, mean, sd)
    assert mixture_distribution(y, weight, mean, sd)[0] == 0.5
    assert mixture_quantile(0.25, special.ndtri(0.25), weight, mean, sd) == pytest.approx(-1000.0, abs=1e-9)


def test_several_mixtures_are_solved_row_by_row():
    weight = np.array([0.3, 0.7])
    mean, sd = np.array([[0.0, 1.0], [-2.0, 3.0]]), np.array([[1.0, 0.5], [0.2, 2.0]])
    z = special.ndtri(PROBABILITIES)
    found = np.empty((2, PROBABILITIES.size))
    mixture_quantiles(PROBABILITIES, z, weight, mean, sd, found)
    for row in range(2):
        expected = [mixture_quantile(p, z[j], weight, mean[row], sd[row]) for j, p in enumerate(PROBABILITIES)]
        assert found[row].tolist() == expected


def exact_moment(power: int, mean: float, sd: float) -> float:
    def integrand(z: float) -> float:
        return (-math.expm1(-math.exp(mean + sd * z))) ** power * math.exp(-0.5 * z * z) / math.sqrt(2.0 * math.pi)

    pieces = itertools.pairwise(np.linspace(-12.0, 12.0, 49))
    return math.fsum(quad(integrand, low, high, epsabs=1e-15)[0] for low, high in pieces)


@pytest.mark.parametrize("sd", [0.0, 0.05, 0.3, 0.6, 1.0, 2.0, 5.0, 10.0])
@pytest.mark.parametrize("mean", [-9.0, -3.0, -1.5, 0.0, 2.0])
def test_mean_and_variance_of_the_risk_are_the_integrals(mean, sd):
    found, variance = mixture_risk_moments(np.ones(1), np.array([mean]), np.array([sd]))
    first, second = exact_moment(1, mean, sd), exact_moment(2, mean, sd)
    assert found == pytest.approx(first, abs=1e-9)
    assert variance == pytest.approx(second - first**2, abs=1e-9)


def test_absurd_standard_deviations_are_cut_short():
    found, _ = mixture_risk_moments(np.ones(1), np.array([0.0]), np.array([1e3]))
    assert found == pytest.approx(0.5, abs=1e-2)
    assert np.isfinite(mixture_risk_moments(np.ones(1), np.array([0.0]), np.array([1e300]))).all()


@given(mixtures())
def test_the_moments_of_a_mixture_are_those_of_its_components(mixture):
    weight, mean, sd = mixture
    parts = np.array([mixture_risk_moments(np.ones(1), mean[k : k + 1], sd[k : k + 1]) for k in range(mean.size)])
    expected = weight @ parts[:, 0]
    spread = weight @ (parts[:, 1] + (parts[:, 0] - expected) ** 2)
    found, variance = mixture_risk_moments(weight, mean, sd)
    assert found == pytest.approx(expected, abs=2e-9)
    assert variance == pytest.approx(spread, abs=2e-9)


def test_equal_points_without_spread_have_no_variance():
    mean, variance = mixture_risk_moments(np.array([0.4, 0.6]), np.full(2, -1.5), np.zeros(2))
    assert mean == pytest.approx(-math.expm1(-math.exp(-1.5)), abs=1e-15)
    assert variance == 0.0


@pytest.mark.parametrize("place", [0, 1, 2])
@pytest.mark.parametrize("which", [0, 1, 2])
def test_nan_in_gives_nan_out(place, which):
    arrays = [np.array([0.2, 0.3, 0.5]), np.array([0.0, 1.0, 2.0]), np.array([1.0, 1.0, 1.0])]
    arrays[which][place] = np.nan
    assert np.isnan(mixture_distribution(0.5, *arrays)).all()
    assert np.isnan(mixture_quantile(0.5, 0.0, *arrays))
    assert np.isnan(mixture_risk_moments(*arrays)).all()

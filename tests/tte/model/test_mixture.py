"""Mixtures with a mass at infinity, and posteriors without spread of their own."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from tte.model.mixture import Mixture, mixture_quantiles, risk_moments

PROBABILITIES = (0.05, 0.25, 0.5, 0.75, 0.95)


def test_quantiles_of_mixtures_by_row_are_those_of_each():
    weight, mean = np.array([0.2, 0.8]), np.array([[0.0, 1.0], [2.0, 5.0], [-1.0, -1.0]])
    sd = np.tile([0.3, 0.4], (3, 1))
    together = mixture_quantiles(Mixture(weight, mean, sd), PROBABILITIES)
    alone = [mixture_quantiles(Mixture(weight, mean[row], sd[row]), PROBABILITIES) for row in range(3)]
    assert together.tolist() == [row.tolist() for row in alone]


@given(st.floats(0.0, 1.0))
def test_quantiles_that_only_the_mass_at_infinity_reaches_are_infinite(infinite):
    mixture = Mixture(np.array([1.0 - infinite]), np.array([-1.5]), np.array([0.4]), infinite)
    found = mixture_quantiles(mixture, PROBABILITIES)
    for probability, quantile in zip(PROBABILITIES, found, strict=True):
        if probability >= 1.0 - infinite:
            assert quantile == np.inf
        else:
            assert quantile == pytest.approx(stats.norm.ppf(probability / (1.0 - infinite), -1.5, 0.4), abs=1e-11)


def test_nothing_but_infinity_is_a_risk_of_1():
    mixture = Mixture(np.empty(0), np.empty(0), np.empty(0), 1.0)
    assert mixture_quantiles(mixture, PROBABILITIES).tolist() == [np.inf] * 5
    assert risk_moments(mixture) == (1.0, 0.0)


@given(st.floats(0.0, 1.0))
def test_the_mass_at_infinity_counts_as_a_risk_of_1(infinite):
    mixture = Mixture(np.array([1.0 - infinite]), np.array([-1.5]), np.array([0.4]), infinite)
    mean, sd = risk_moments(Mixture(np.ones(1), mixture.mean, mixture.sd))
    expected = (1.0 - infinite) * mean + infinite
    square = (1.0 - infinite) * (sd**2 + mean**2) + infinite
    found, spread = risk_moments(mixture)
    assert found == pytest.approx(expected, abs=1e-12)
    assert spread == pytest.approx(np.sqrt(max(square - expected**2, 0.0)), abs=1e-7)


@pytest.mark.parametrize(("n_nodes", "tolerance"), [(80, 2e-3), (200, 3e-4)])
def test_a_posterior_without_further_spread_has_the_quantiles_of_its_density(n_nodes, tolerance):
    density = stats.skewnorm(-3.0, loc=-1.0, scale=0.6)
    nodes = np.linspace(density.ppf(1e-9), density.ppf(1.0 - 1e-9), n_nodes)[::-1]
    weight = density.pdf(nodes) / density.pdf(nodes).sum()
    found = mixture_quantiles(Mixture(weight, nodes, np.zeros(n_nodes)), PROBABILITIES)
    assert found == pytest.approx(density.ppf(PROBABILITIES), abs=tolerance)


def test_a_single_point_is_every_quantile():
    mixture = Mixture(np.ones(1), np.array([-1.5]), np.zeros(1))
    assert mixture_quantiles(mixture, PROBABILITIES).tolist() == [-1.5] * 5


@pytest.mark.parametrize("sd", [0.0, 0.5])
def test_a_nan_among_the_components_makes_everything_nan(sd):
    mixture = Mixture(np.full(3, 1.0 / 3.0), np.array([0.0, np.nan, 1.0]), np.full(3, sd))
    assert np.isnan(mixture_quantiles(mixture, PROBABILITIES)).all()
    assert np.isnan(risk_moments(mixture)).all()

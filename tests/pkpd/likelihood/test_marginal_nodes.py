"""Nodes of the exact marginal likelihood: as many as a subject needs, and anew where a posterior has moved."""

from __future__ import annotations

import numpy as np
import pytest

from pkpd.estimation.map import estimate_map
from pkpd.estimation.objectives import placed
from pkpd.likelihood.marginal import evaluate_marginal, place_again
from pkpd.likelihood.population import bind_population, problem_at
from pkpd.model import load_model
from pkpd.simulation.virtual_cohort import Design, virtual_cohort
from tests.pkpd.likelihood.test_gradients import population_of, values_of


@pytest.fixture(scope="module")
def population():
    model = load_model("niyigena_2026_asuc")
    return bind_population(model, virtual_cohort(model, Design(24, missing=0.0), np.random.default_rng(5)))


@pytest.fixture(scope="module")
def published(population):
    return np.array([one.value for one in population.parameters])


def test_nodes_placed_anew_for_some_subjects_leave_the_others_as_they_were(population, published):
    nodes = placed(population, published)
    elsewhere = published * np.array([1.6, 1.0, 1.0, 1.3, 1.0, 1.0, 1.0, 1.0])
    is_meant = np.arange(24) % 3 == 0
    least = estimate_map(problem_at(population, elsewhere)).objective
    moved = place_again(population, elsewhere, least, nodes.reach, nodes, is_meant)
    before = evaluate_marginal(population, elsewhere, nodes).ofv_i
    after = evaluate_marginal(population, elsewhere, moved).ofv_i
    afresh = evaluate_marginal(population, elsewhere, placed(population, elsewhere)).ofv_i
    assert after[~is_meant] == pytest.approx(before[~is_meant], abs=1e-12)
    assert after[is_meant] == pytest.approx(afresh[is_meant], abs=1e-4)


def test_the_least_phi_at_the_nodes_is_that_of_the_deepest_mode_or_little_above(population, published):
    lowest = evaluate_marginal(population, published, placed(population, published)).lowest
    deepest = estimate_map(problem_at(population, published)).objective
    assert (lowest >= deepest - 1e-6).all()
    assert (lowest < deepest + 1.0).all()


def test_few_nodes_differ_from_very_many_by_less_than_a_thousandth_in_all(population, published, monkeypatch):
    few = evaluate_marginal(population, published, placed(population, published)).ofv
    monkeypatch.setattr("pkpd.likelihood.marginal._TOLERANCE", 1e-7)
    many = evaluate_marginal(population, published, placed(population, published)).ofv
    assert few == pytest.approx(many, abs=1e-3)


@pytest.mark.parametrize(("name", "expected"), [("passot_2016_adult", 182.888), ("hanzel_2021", 397.288)])
def test_a_mode_far_beyond_the_prior_is_integrated(name: str, expected: float):
    # The dense grid's values (tests/oracles/dense_grid) of a subject whose samples contradict each other: modes 11 and 15 standard
    # deviations away.
    bound = population_of(name, censored=True, n=24)
    found = evaluate_marginal(bound, values_of(bound), placed(bound, values_of(bound)))
    assert found.ofv_i[17] == pytest.approx(expected, abs=2e-3)
    assert found.doubt[:, 1:].max() < 1e-3

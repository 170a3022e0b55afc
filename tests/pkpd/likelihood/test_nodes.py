"""Nodes of the exact marginal likelihood."""

from __future__ import annotations

import numpy as np
import pytest

from pkpd.estimation.fit import placed
from pkpd.likelihood.marginal import evaluate_marginal
from pkpd.likelihood.population import bind_population
from pkpd.model import load_model
from pkpd.simulation.virtual_cohort import Design, virtual_cohort


def test_nodes_like_others_are_no_fewer_and_give_the_same_integral():
    model = load_model("niyigena_2026_asuc")
    population = bind_population(model, virtual_cohort(model, Design(20, missing=0.0), np.random.default_rng(1)))
    values = np.array([one.value for one in population.parameters])
    first = placed(population, values)
    elsewhere = placed(population, values * 1.05, like=first)
    again = placed(population, values, like=elsewhere)
    assert (np.diff(elsewhere.line_start) >= np.diff(first.line_start)).all()
    assert (elsewhere.n_nodes >= first.n_nodes).all()
    ofv = [evaluate_marginal(population, values, nodes).ofv for nodes in (first, again)]
    assert ofv[1] == pytest.approx(ofv[0], abs=1e-3)

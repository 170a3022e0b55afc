"""Averages over models: weights by evidence, quantiles of the mixture."""

from __future__ import annotations

import math

import numpy as np
import pytest

from pkpd.data.records import Dose, Subject
from pkpd.estimation.averaging import averaged_quantiles, evidence_weights
from pkpd.estimation.posterior import integrate_posterior
from pkpd.exposure.metrics import exposure_problem, log_auc_table, parameter_marginals, parameter_tables
from pkpd.model import load_model
from pkpd.problem import bind
from tests.oracles import dense_grid
from tests.oracles.patients import median_covariates, quantified

NAMES = ("niyigena_2026_asuc", "passot_2016_adult", "fasanmade_2009")
PROBABILITIES = np.array([0.05, 0.25, 0.5, 0.75, 0.95])


@pytest.fixture(scope="module")
def averaged():
    subjects, posteriors, grids = [], [], []
    for name in NAMES:
        model = load_model(name)
        samples = (quantified(10.0, 18.0), quantified(20.0, 30.0))
        subject = Subject((Dose(0.0, 400.0, 0.1), Dose(14.0, 400.0, 0.1)), samples, (median_covariates(model),))
        subjects.append(subject)
        posteriors.append(integrate_posterior(bind(model, [subject])))
        grids.append(dense_grid.integrate(model, subject, n=400))
    return subjects, posteriors, grids


def test_weights_are_the_shares_of_the_evidence(averaged):
    _, posteriors, grids = averaged
    found = evidence_weights(np.array([p.log_evidence for p in posteriors]))
    evidence = np.exp([g.log_evidence for g in grids])
    assert found == pytest.approx(evidence / evidence.sum(), rel=1e-6)


def test_weights_survive_evidences_that_underflow():
    found = evidence_weights(np.array([-5000.0, -5000.0 + math.log(3.0), -math.inf]))
    assert found == pytest.approx([0.25, 0.75, 0.0], rel=1e-12)


def test_models_that_all_fail_have_equal_weights():
    assert evidence_weights(np.full(4, -math.inf)).tolist() == [0.25] * 4


def test_quantiles_are_those_of_the_mixture_of_the_grids(averaged):
    subjects, posteriors, grids = averaged
    weights = evidence_weights(np.array([p.log_evidence for p in posteriors]))
    areas = [log_auc_table(p, exposure_problem(p.problem, s)) for p, s in zip(posteriors, subjects, strict=True)]
    clearances = [parameter_tables(p)[0] for p in posteriors]
    cases = (
        (clearances, 1.0, [dense_grid.log_parameter(g, "cl") for g in grids]),
        (areas, -1.0, [dense_grid.log_area(g, (14.0, 28.0), over_clearance=False) for g in grids]),
    )
    for tables, sign, spreads in cases:
        found = averaged_quantiles(posteriors, tables, [sign] * 3, weights, PROBABILITIES)
        for probability, value in zip(PROBABILITIES, found, strict=True):
            mixture = sum(w * s.below(value) for w, s in zip(weights, spreads, strict=True))
            assert mixture == pytest.approx(probability, abs=1e-3)


def test_a_model_with_all_the_weight_gives_its_own_quantiles(averaged):
    _, posteriors, _ = averaged
    tables = [parameter_tables(p)[0] for p in posteriors]
    found = averaged_quantiles(posteriors, tables, [1.0] * 3, np.array([0.0, 1.0, 0.0]), PROBABILITIES)
    own = parameter_marginals(posteriors[1], parameter_tables(posteriors[1]), PROBABILITIES)["cl"]
    assert np.exp(found) == pytest.approx(own.quantiles, rel=1e-7)

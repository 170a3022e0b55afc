"""Random effects on any parameter, also where the clearance has none: exact objectives by plain integration, and fits by every method."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest
from scipy.integrate import quad

from pkpd.data.censored import without_censored
from pkpd.data.cohort import subject_of
from pkpd.data.records import Censoring
from pkpd.errors import InputError
from pkpd.estimation.fit import FitOptions, FitStatus, fit
from pkpd.estimation.objectives import Method, placed
from pkpd.likelihood.marginal import evaluate_marginal
from pkpd.likelihood.population import bind_population
from pkpd.model import load_model
from pkpd.model_covariates import with_model_covariates
from pkpd.simulation.virtual_cohort import Design, virtual_cohort
from tests.oracles.likelihood import objective

NIYIGENA = load_model("niyigena_2026_asuc")


def on_volume_alone():
    terms = tuple(replace(term, eta=term.eta if term.parameter == "v" else None) for term in NIYIGENA.terms)
    variances = tuple(one for one in NIYIGENA.variances if one.eta == "v")
    return replace(NIYIGENA, terms=terms, etas=("v",), variances=variances)


MODEL = on_volume_alone()
COHORT = with_model_covariates(virtual_cohort(MODEL, Design(40, missing=0.0), np.random.default_rng(4)), MODEL).cohort


def test_the_exact_objective_is_the_integral_over_the_volume_s_effect():
    population = bind_population(MODEL, COHORT)
    values = np.array([one.value for one in population.parameters])
    found = evaluate_marginal(population, values, placed(population, values)).ofv_i
    omega2 = MODEL.variances[0].omega2
    for i in range(12):
        subject = subject_of(COHORT, i)

        def phi(eta: float, subject=subject) -> float:
            return float(objective(MODEL, subject, np.array([[eta]]))[0])

        grid = np.linspace(-6.0, 6.0, 601)
        least = objective(MODEL, subject, grid[:, None])
        at, floor = float(grid[np.argmin(least)]), float(least.min())
        area = quad(
            lambda eta, phi=phi, floor=floor: math.exp(-0.5 * (phi(eta) - floor)), -8.0, 8.0, points=[at], limit=400
        )[0]
        n = sum(sample.censoring is Censoring.NONE for sample in subject.samples)
        expected = floor - 2.0 * math.log(area) + math.log(2.0 * math.pi * omega2) - n * math.log(2.0 * math.pi)
        assert found[i] == pytest.approx(expected, abs=1e-4)


@pytest.mark.parametrize("method", [Method.EXACT, Method.FOCEI])
def test_such_a_model_is_fitted(method: Method):
    cohort = COHORT if method is Method.EXACT else without_censored(COHORT, "drop")
    found = fit(bind_population(MODEL, cohort), FitOptions(method))
    assert found.status is FitStatus.CONVERGED
    by_name = dict(zip((one.name for one in found.parameters), found.values, strict=True))
    assert by_name["cl"] == pytest.approx(0.49, rel=0.35)
    assert by_name["omega2_v"] == pytest.approx(0.57, rel=0.8)


def test_a_model_without_any_random_effect_is_refused():
    terms = tuple(replace(term, eta=None) for term in NIYIGENA.terms)
    with pytest.raises(InputError, match="has no random effect of the subjects; expected at least one variance"):
        bind_population(replace(NIYIGENA, terms=terms, etas=(), variances=()), COHORT)

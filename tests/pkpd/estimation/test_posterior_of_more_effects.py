"""The posterior of three, four and five random effects against large importance samples.

The draws are good to about 2e-3 in probability and 1e-3 in log evidence (checked here); the engine's grid of lines is held
to 1e-2 in probability, draws included. Without samples every parameter is lognormal, which is the sharper comparison.
"""

from __future__ import annotations

from functools import cache

import numpy as np
import pytest

from pkpd.data.records import Dose, Subject
from pkpd.errors import QuadratureStatus
from pkpd.estimation.posterior import Posterior, integrate_posterior, marginal
from pkpd.exposure.metrics import exposure_problem, log_auc_table, parameter_marginals, parameter_tables, parameters_at
from pkpd.model import load_model, omega_matrix
from pkpd.problem import bind
from tests.oracles.importance import Draws, draw
from tests.oracles.patients import above, below, median_covariates, quantified
from tests.oracles.superposition import area, kinetics

SCORES = np.array([-1.6448536269514722, -0.6744897501960817, 0.0, 0.6744897501960817, 1.6448536269514722])
PROBABILITIES = np.array([0.05, 0.25, 0.5, 0.75, 0.95])
DOSES = (Dose(0.0, 400.0, 2.0 / 24.0), Dose(14.0, 400.0, 2.0 / 24.0))
MODELS = ["fasanmade_2011_combined", "fasanmade_2011_pediatric", "dubinsky_2017", "wojciechowski_2017", "ternant_2008"]
SAMPLES = {
    "two levels": (quantified(13.0, 12.0), quantified(20.0, 45.0)),
    "censored": (above(2.0, 40.0), below(13.9, 3.0), quantified(18.0, 30.0)),
    "one level": (quantified(10.0, 15.0),),
}
N_DRAWS = 100_000

every_case = pytest.mark.parametrize(("name", "samples"), [(n, s) for n in MODELS for s in SAMPLES])


@cache
def subject_of(name: str, samples: str) -> Subject:
    return Subject(DOSES, SAMPLES[samples], (median_covariates(load_model(name)),))


@cache
def posterior_of(name: str, samples: str) -> Posterior:
    return integrate_posterior(bind(load_model(name), [subject_of(name, samples)]))


@cache
def draws_of(name: str, samples: str) -> Draws:
    return draw(load_model(name), subject_of(name, samples), N_DRAWS)


@every_case
def test_log_evidence_is_that_of_the_draws(name, samples):
    posterior, draws = posterior_of(name, samples), draws_of(name, samples)
    assert draws.effective > 15_000
    assert draws.standard_error < 5e-3
    assert posterior.status is QuadratureStatus.CONVERGED
    assert posterior.log_evidence == pytest.approx(draws.log_evidence, abs=1e-3 + 4.0 * draws.standard_error)


@every_case
def test_parameters_and_exposure_have_the_distribution_of_the_draws(name, samples):
    subject, posterior, draws = subject_of(name, samples), posterior_of(name, samples), draws_of(name, samples)
    tables = parameter_tables(posterior)
    found = {k: m.quantiles for k, m in parameter_marginals(posterior, tables, PROBABILITIES).items() if m.sd > 0.0}
    log_area = log_auc_table(posterior, exposure_problem(posterior.problem, subject))
    ratio = marginal(posterior, log_area - tables[0], sign=-1.0, is_log=True, probabilities=PROBABILITIES)
    kin = kinetics(posterior.problem.model, subject.covariates[0].values, draws.eta)
    drawn = dict(kin.parameters)
    drawn["ratio"] = area(kin, DOSES, 14.0, 28.0) / drawn["cl"]
    found["ratio"] = ratio.quantiles
    for quantity, quantiles in found.items():
        shares = [draws.below(drawn[quantity], float(value)) for value in quantiles]
        assert shares == pytest.approx(PROBABILITIES.tolist(), abs=1e-2), quantity
        expected = [draws.quantile(drawn[quantity], float(p)) for p in PROBABILITIES]
        width = np.log(expected[-1] / expected[0])
        assert np.log(quantiles) == pytest.approx(np.log(expected), abs=0.03 * width), quantity


@pytest.mark.parametrize("name", MODELS)
def test_without_samples_every_parameter_is_lognormal(name):
    model = load_model(name)
    posterior = integrate_posterior(bind(model, [Subject(DOSES, (), (median_covariates(model),))]))
    assert posterior.log_evidence == pytest.approx(0.0, abs=2e-5)
    variances = dict(zip(model.etas, np.diag(omega_matrix(model, median_covariates(model).values)), strict=True))
    typical = parameters_at(posterior.problem, np.zeros(len(model.etas)))
    found = parameter_marginals(posterior, parameter_tables(posterior), PROBABILITIES)
    single = [t for t in model.terms if t.eta and sum(o.parameter == t.parameter for o in model.terms) == 1]
    assert len(single) >= 2
    for term in single:
        expected = np.log(typical[term.parameter]) + np.sqrt(variances[str(term.eta)]) * SCORES
        assert np.log(found[term.parameter].quantiles) == pytest.approx(expected, abs=1e-3), term.parameter

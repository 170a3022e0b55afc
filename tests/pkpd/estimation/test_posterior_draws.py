"""Draws from a posterior of one, two and more random effects against its own marginal distributions."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import kstest

from pkpd.data.records import Censoring, CovariateRow, Dose, Sample, Subject
from pkpd.errors import QuadratureStatus
from pkpd.estimation.posterior import integrate_posterior
from pkpd.estimation.posterior_draws import draw_random_effects
from pkpd.exposure.metrics import parameter_marginals, parameter_tables, parameters_at
from pkpd.model import load_model
from pkpd.problem import bind

NONE = float("nan")
COVARIATES = {"weight_kg": 63.0, "crp_mg_per_L": 30.0, "albumin_g_per_L": 31.0, "sex": 1.0, "ada_positive": 0.0}
MORE = {"bmi_kg_per_m2": 22.0, "immunomodulator": 0.0, "assay": 1.0}
PROBABILITIES = np.linspace(0.01, 0.99, 99)
# One random effect, two on lines of constant rate constants and of the clearance, three, and four.
MODELS = ["song_2025", "niyigena_2026_asuc", "fasanmade_2009", "fasanmade_2011_combined", "wojciechowski_2017"]


def posterior_of(name: str):
    model = load_model(name)
    covariates = {one: (COVARIATES | MORE).get(one, domain.median) for one, domain in model.covariates.items()}
    samples = (Sample(6.0, 25.0, Censoring.NONE, NONE, NONE), Sample(13.9, NONE, Censoring.BELOW, 6.0, NONE))
    return integrate_posterior(
        bind(model, [Subject((Dose(0.0, 400.0, 0.1),), samples, (CovariateRow(0.0, covariates),))])
    )


@pytest.mark.parametrize("name", MODELS)
def test_draws_have_the_marginal_distributions_of_the_posterior(name: str):
    posterior = posterior_of(name)
    assert posterior.status is QuadratureStatus.CONVERGED
    eta = draw_random_effects(posterior, 4000, (7, 0))
    assert eta.shape == (4000, posterior.problem.n_eta)
    marginals = parameter_marginals(posterior, parameter_tables(posterior), PROBABILITIES)
    drawn = [parameters_at(posterior.problem, one) for one in eta]
    for key, known in marginals.items():
        if known.sd < 1e-9:
            continue
        values = np.array([one[key] for one in drawn])
        # The limit of a fixed seed; the distribution function is interpolated between percentiles, which adds nothing that is seen.
        test = kstest(values, lambda x, q=known.quantiles: np.interp(x, q, PROBABILITIES, left=0.005, right=0.995))
        assert test.statistic < 0.03, key
        inside = [float((values < quantile).mean()) for quantile in known.quantiles]
        # Four standard errors of a share.
        limit = 4.0 * np.sqrt(PROBABILITIES * (1.0 - PROBABILITIES) / 4000.0)
        assert (np.abs(np.array(inside) - PROBABILITIES) < limit + 1e-3).all(), key


def test_draws_follow_the_correlation_of_the_random_effects():
    posterior = posterior_of("niyigena_2026_asuc")
    eta = draw_random_effects(posterior, 20_000, (1, 2))
    tables = parameter_tables(posterior)
    mass = posterior.density * posterior.step[:, None]
    deviation = [table - (mass * table).sum() / mass.sum() for table in (tables[0], tables[1])]
    covariance = [(mass * a * b).sum() / mass.sum() for a, b in ((deviation[0],) * 2, deviation, (deviation[1],) * 2)]
    expected = covariance[1] / np.sqrt(covariance[0] * covariance[2])
    correlation = float(np.corrcoef(eta[:, 0], eta[:, 1]).ravel()[1])
    assert correlation == pytest.approx(expected, abs=4.0 * (1.0 - expected**2) / np.sqrt(20_000.0))


def test_a_bound_that_is_exceeded_is_raised_and_all_is_drawn_again(monkeypatch: pytest.MonkeyPatch):
    posterior = posterior_of("wojciechowski_2017")
    plain = draw_random_effects(posterior, 300, (3,))
    monkeypatch.setattr("pkpd.estimation.posterior_draws._BOUND", 0.2)
    raised = draw_random_effects(posterior, 300, (3,))
    assert raised.shape == plain.shape
    assert np.array_equal(raised, draw_random_effects(posterior, 300, (3,)))
    assert not np.array_equal(raised, plain)


def test_a_posterior_without_mass_has_no_draws():
    model = load_model("niyigena_2026_asuc")
    impossible = Sample(5.0, NONE, Censoring.ABOVE, NONE, 1e9)
    posterior = integrate_posterior(bind(model, [Subject((), (impossible,), (CovariateRow(0.0, COVARIATES),))]))
    with pytest.raises(ValueError, match="without mass"):
        draw_random_effects(posterior, 3, (1,))

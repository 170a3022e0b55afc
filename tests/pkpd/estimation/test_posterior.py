"""The exact posterior of one and two random effects against a dense grid and Gauss-Legendre rules."""

from __future__ import annotations

import dataclasses
import itertools
import math
from functools import cache
from typing import TYPE_CHECKING

import numpy as np
import pytest
from scipy.integrate import fixed_quad, quad
from scipy.stats import norm

from pkpd.data.records import Dose, Subject
from pkpd.errors import QuadratureStatus
from pkpd.estimation.posterior import Marginal, Posterior, integrate_posterior, marginal
from pkpd.exposure.metrics import exposure_problem, log_auc_table, parameter_marginals, parameter_tables
from pkpd.model import load_model
from pkpd.model.parameters import omega_matrix, typical_parameters
from pkpd.problem import bind
from tests.oracles import dense_grid
from tests.oracles.likelihood import objective
from tests.oracles.patients import KINDS, below, median_covariates, quantified, random_subject
from tests.oracles.superposition import area, concentration, kinetics

if TYPE_CHECKING:
    from tests.oracles.dense_grid import DenseGrid, Spread

TWO_EFFECTS = [
    "niyigena_2026_asuc",
    "niyigena_2026_asuc_explog",
    "passot_2016_adult",
    "fasanmade_2009",
    "aubourg_2015",
    "hanzel_2021",
    "faelens_2021_adapted_dreesen",
]
ONE_EFFECT = ["song_2025", "zhao_2026_pediatric"]
PROBABILITIES = np.array([0.05, 0.25, 0.5, 0.75, 0.95])
N_PATIENTS = 3


@cache
def patient(name: str, index: int) -> Subject:
    rng = np.random.default_rng(100 + index)
    return random_subject(load_model(name), rng, KINDS[index % 3])


@cache
def posterior_of(name: str, index: int) -> Posterior:
    return integrate_posterior(bind(load_model(name), [patient(name, index)]))


@cache
def grid_of(name: str, index: int) -> DenseGrid:
    return dense_grid.integrate(load_model(name), patient(name, index), n=700)


def assert_same(found: np.ndarray, spread: Spread, *, tolerance: float) -> None:
    """Compare quantiles on the scale of the spread, and the probabilities below them."""
    for probability, value in zip(PROBABILITIES, found, strict=True):
        assert spread.below(value) == pytest.approx(probability, abs=1e-3)
        assert value == pytest.approx(spread.quantile(float(probability)), abs=tolerance)


two_effects = pytest.mark.parametrize("name", TWO_EFFECTS)
indices = pytest.mark.parametrize("index", range(N_PATIENTS))


@pytest.mark.requirement("IND-02")
@two_effects
@indices
def test_log_evidence_is_that_of_the_dense_grid(name, index):
    assert posterior_of(name, index).log_evidence == pytest.approx(grid_of(name, index).log_evidence, abs=1e-6)


@two_effects
@indices
def test_the_posterior_holds_a_mass_of_one_and_says_that_it_converged(name, index):
    posterior = posterior_of(name, index)
    assert posterior.integral[:, -1].sum() == pytest.approx(1.0, abs=1e-12)
    assert (np.diff(posterior.integral, axis=1) >= 0.0).all()
    assert posterior.status is QuadratureStatus.CONVERGED


@two_effects
@indices
def test_parameters_have_the_distribution_of_the_dense_grid(name, index):
    posterior, grid = posterior_of(name, index), grid_of(name, index)
    marginals = parameter_marginals(posterior, parameter_tables(posterior), PROBABILITIES)
    for parameter, found in marginals.items():
        if found.sd == 0.0:
            continue
        spread = dense_grid.log_parameter(grid, parameter)
        assert_same(np.log(found.quantiles), spread, tolerance=1e-3)
        mean = float(spread.mass @ np.exp(spread.value))
        second = float(spread.mass @ np.exp(2.0 * spread.value))
        assert found.mean == pytest.approx(mean, rel=1e-3)
        assert found.sd == pytest.approx(math.sqrt(second - mean**2), rel=5e-3)


@pytest.mark.requirement("IND-02", "DOSE-01")
@two_effects
@indices
@pytest.mark.parametrize("window", [(14.0, 28.0), (0.0, 7.0), (20.0, 90.0)])
def test_areas_and_log_auc_over_clearance_have_the_distribution_of_the_dense_grid(name, index, window):
    posterior, grid, subject = posterior_of(name, index), grid_of(name, index), patient(name, index)
    exposure = exposure_problem(posterior.problem, subject, window=window)
    table = log_auc_table(posterior, exposure)
    found = marginal(posterior, table, sign=-1.0, is_log=True, probabilities=PROBABILITIES)
    over = marginal(
        posterior, table - parameter_tables(posterior)[0], sign=-1.0, is_log=False, probabilities=PROBABILITIES
    )
    assert_same(np.log(found.quantiles), dense_grid.log_area(grid, window, over_clearance=False), tolerance=1e-3)
    spread = dense_grid.log_area(grid, window, over_clearance=True)
    assert_same(over.quantiles, spread, tolerance=2e-3)
    assert over.mean == pytest.approx(spread.mean(), abs=2e-3)


# ------------------------------------------------------------------------------------------------------ one random effect


@pytest.mark.parametrize("name", ONE_EFFECT)
@pytest.mark.parametrize("index", range(6))
def test_one_random_effect_is_integrated_as_by_gauss_legendre_rules(name, index):
    model, subject, posterior = load_model(name), patient(name, index), posterior_of(name, index)
    variance = model.variances[0].omega2
    axis = np.linspace(-14.0, 14.0, 4001)[:, None] * math.sqrt(variance)
    phi = objective(model, subject, axis)
    least = float(phi.min())
    carries = axis[phi < least + 60.0, 0]
    low, high = float(carries.min()), float(carries.max())

    def mass(start: float, end: float) -> float:
        """Integral of the density, by 24-point Gauss-Legendre rules on 32 pieces."""
        cuts = np.unique(np.clip(np.linspace(low, high, 33), start, end))
        return sum(fixed_quad(density, a, b, n=24)[0] for a, b in itertools.pairwise(cuts))

    def density(eta: np.ndarray) -> np.ndarray:
        return np.exp(-0.5 * (objective(model, subject, eta[:, None]) - least))

    total = mass(low, high)
    log_evidence = math.log(total) - 0.5 * least - 0.5 * math.log(2.0 * math.pi * variance)
    assert posterior.log_evidence == pytest.approx(log_evidence, abs=1e-6)
    typical = math.log(typical_parameters(model, subject.covariates[0].values)["cl"])
    tables = parameter_tables(posterior)
    found = parameter_marginals(posterior, tables, PROBABILITIES)
    for probability, value in zip(PROBABILITIES, found["cl"].quantiles, strict=True):
        assert mass(low, math.log(value) - typical) / total == pytest.approx(probability, abs=2e-4)
    # every other quantity is a monotone function of the clearance: its quantiles are those of the clearance, carried over
    etas = np.log(found["cl"].quantiles) - typical
    kin = kinetics(model, subject.covariates[0].values, etas[:, None])
    half_lives = found["half_life"].quantiles
    assert half_lives == pytest.approx(
        np.sort(_at_reversed(model, subject, found["cl"], typical, "half_life")), rel=1e-3
    )
    table = log_auc_table(posterior, exposure_problem(posterior.problem, subject))
    areas = marginal(posterior, table, sign=-1.0, is_log=True, probabilities=PROBABILITIES).quantiles
    assert areas == pytest.approx(area(kin, subject.doses, 14.0, 28.0)[::-1], rel=1e-3)
    assert found["v1"].sd == 0.0


def _at_reversed(model, subject, clearance: Marginal, typical: float, parameter: str) -> np.ndarray:
    etas = np.log(clearance.quantiles) - typical
    return kinetics(model, subject.covariates[0].values, etas[:, None]).parameters[parameter]


# ----------------------------------------------------------------------------------------------------------------- limits


@pytest.mark.parametrize("name", ["niyigena_2026_asuc", "faelens_2021_adapted_dreesen", "aubourg_2015", "song_2025"])
def test_without_samples_parameters_are_log_normal(name):
    model = load_model(name)
    row = median_covariates(model)
    posterior = integrate_posterior(bind(model, [Subject((Dose(0.0, 300.0, 0.1),), (), (row,))]))
    assert posterior.log_evidence == pytest.approx(0.0, abs=1e-8)
    marginals = parameter_marginals(posterior, parameter_tables(posterior), PROBABILITIES)
    omega = omega_matrix(model, row.values)
    typical = typical_parameters(model, row.values)
    for eta, variance in zip(model.etas, np.diag(omega), strict=True):
        if eta not in marginals:
            continue
        expected = typical[eta] * np.exp(math.sqrt(variance) * norm.ppf(PROBABILITIES))
        assert marginals[eta].quantiles == pytest.approx(expected, rel=1e-4)
        assert marginals[eta].mean == pytest.approx(typical[eta] * math.exp(0.5 * variance), rel=1e-6)
        assert marginals[eta].sd == pytest.approx(
            typical[eta] * math.exp(0.5 * variance) * math.sqrt(math.expm1(variance)), rel=1e-4
        )
    if name == "niyigena_2026_asuc":
        spread = math.sqrt(omega[0, 0] + omega[1, 1])
        expected = math.log(2.0) * typical["v"] / typical["cl"] * np.exp(spread * norm.ppf(PROBABILITIES))
        assert marginals["half_life"].quantiles == pytest.approx(expected, rel=1e-4)


def test_with_more_and_more_residual_noise_the_posterior_becomes_the_prior():
    model = load_model("passot_2016_adult")
    subject = Subject((Dose(0.0, 300.0, 0.1),), (quantified(14.0, 2.0),), (median_covariates(model),))
    distances = []
    for noise in (0.3, 30.0, 3000.0):
        residual = dataclasses.replace(model.residual, additive_sd=noise, proportional_sd=0.0)
        posterior = integrate_posterior(bind(dataclasses.replace(model, residual=residual), [subject]))
        marginals = parameter_marginals(posterior, parameter_tables(posterior), PROBABILITIES)
        typical = typical_parameters(model, subject.covariates[0].values)["cl"]
        prior = typical * np.exp(math.sqrt(model.variances[0].omega2) * norm.ppf(PROBABILITIES))
        distances.append(float(np.abs(marginals["cl"].quantiles / prior - 1.0).max()))
    assert distances[0] > 0.1
    assert distances[0] > distances[1] > distances[2]
    assert distances[2] < 1e-4


def test_samples_that_nothing_explains_leave_no_mass():
    model = load_model("niyigena_2026_asuc")
    subject = Subject((Dose(10.0, 300.0, 0.1),), (quantified(5.0, 3.0),), (median_covariates(model),))
    posterior = integrate_posterior(bind(model, [subject]))
    assert posterior.status is QuadratureStatus.NO_MASS
    assert posterior.log_evidence == -math.inf
    assert np.isnan(posterior.density).all()


@pytest.mark.parametrize(
    "samples",
    [
        (quantified(0.5, 150.0), below(6.0, 0.3)),
        (quantified(3.0, 0.05), quantified(13.0, 60.0)),
        (below(1.0, 0.3), below(7.0, 0.3)),
    ],
    ids=["fast", "contradictory", "nothing found"],
)
@pytest.mark.parametrize("name", ["niyigena_2026_asuc", "passot_2016_adult"])
def test_strange_samples_are_integrated_as_exactly(name, samples):
    model = load_model(name)
    subject = Subject((Dose(0.0, 300.0, 2.0 / 24.0),), samples, (median_covariates(model),))
    posterior, grid = integrate_posterior(bind(model, [subject])), dense_grid.integrate(model, subject, n=700)
    assert posterior.log_evidence == pytest.approx(grid.log_evidence, abs=1e-5)
    marginals = parameter_marginals(posterior, parameter_tables(posterior), PROBABILITIES)
    for parameter, found in marginals.items():
        assert_same(np.log(found.quantiles), dense_grid.log_parameter(grid, parameter), tolerance=1e-3)


def test_the_grid_itself_predicts_the_concentration_of_its_own_kinetics():
    """The oracle's two halves agree: area from 0 is the integral of the concentration."""
    model, subject = load_model("hanzel_2021"), patient("hanzel_2021", 0)
    kin = kinetics(model, subject.covariates[0].values, np.array([[0.2, -0.3]]))
    cuts = sorted({d.time_day for d in subject.doses} | {d.time_day + d.duration_day for d in subject.doses} | {90.0})
    total = sum(
        quad(lambda t: float(concentration(kin, subject.doses, t)[0]), a, b, epsrel=1e-11)[0]
        for a, b in itertools.pairwise(cuts)
    )
    assert area(kin, subject.doses, 0.0, 90.0)[0] == pytest.approx(total, rel=1e-9)

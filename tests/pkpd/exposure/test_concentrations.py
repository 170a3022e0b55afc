"""Bands of concentrations and percentiles of samples against a dense grid."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy.special import ndtr

from pkpd.data.records import Censoring, Dose, Subject
from pkpd.estimation.posterior import integrate_posterior
from pkpd.exposure.concentrations import concentration_bands, measurement_percentiles
from pkpd.model import load_model
from pkpd.model.residual import residual_sd_parameters
from pkpd.problem import bind
from pkpd.simulation.predict import curve_problem
from tests.oracles import dense_grid
from tests.oracles.patients import above, below, median_covariates, quantified
from tests.oracles.superposition import concentration, kinetics

PROBABILITIES = np.array([0.05, 0.25, 0.5, 0.75, 0.95])
DOSES = (Dose(0.0, 400.0, 2.0 / 24.0), Dose(14.0, 400.0, 2.0 / 24.0))
SAMPLES = (quantified(5.0, 25.0), below(13.0, 1.0), above(16.0, 40.0))
TWO_EFFECTS = [
    "niyigena_2026_asuc",
    "passot_2016_adult",
    "faelens_2021_adapted_dreesen",
    "aubourg_2015",
    "hanzel_2021",
    "fasanmade_2009",
]


@pytest.mark.parametrize("name", TWO_EFFECTS)
def test_bands_are_those_of_the_dense_grid(name):
    """Within infusions, at their end, days later, and from a dose that is only planned."""
    model = load_model(name)
    subject = Subject(DOSES, SAMPLES, (median_covariates(model),))
    posterior = integrate_posterior(bind(model, [subject]))
    grid = dense_grid.integrate(model, subject, n=400)
    planned = Subject((*DOSES, Dose(20.0, 600.0, 0.125)), SAMPLES, subject.covariates)
    times = np.array([0.05, 14.0 + 2.0 / 24.0, 14.5, 13.9, 19.0, 20.125, 27.0, 45.0])
    bands = concentration_bands(posterior, curve_problem(model, planned, times), times, PROBABILITIES)
    worst = 0.0
    for time, row in zip(times, bands.quantiles, strict=True):
        spread = dense_grid.log_concentration(grid, float(time), planned)
        for probability, value in zip(PROBABILITIES, row, strict=True):
            assert spread.below(math.log(value)) == pytest.approx(probability, abs=1.5e-3), (time, probability)
            worst = max(worst, abs(math.log(value) - spread.quantile(float(probability))))
    assert worst < 1e-3


@pytest.mark.parametrize("name", [*TWO_EFFECTS, "dubinsky_2017", "fasanmade_2011_combined"])
def test_bands_for_a_figure_are_within_a_hundredth(name):
    model = load_model(name)
    subject = Subject(DOSES, SAMPLES, (median_covariates(model),))
    posterior = integrate_posterior(bind(model, [subject]))
    times = np.linspace(0.1, 45.0, 40)
    problem = curve_problem(model, subject, times)

    exact = concentration_bands(posterior, problem, times, PROBABILITIES).quantiles
    drawn = concentration_bands(posterior, problem, times, PROBABILITIES, is_drawn=True).quantiles

    assert np.abs(drawn - exact).max() < 0.01 * exact.max()
    assert np.abs(drawn[:, 2] / exact[:, 2] - 1.0).max() < 0.01


def test_before_the_first_dose_the_band_is_zero():
    model = load_model("niyigena_2026_asuc")
    subject = Subject((Dose(5.0, 400.0, 0.1),), (), (median_covariates(model),))
    posterior = integrate_posterior(bind(model, [subject]))
    times = np.array([0.0, 5.0, 6.0])
    bands = concentration_bands(posterior, curve_problem(model, subject, times), times, PROBABILITIES)
    assert (bands.quantiles[:2] == 0.0).all()
    assert (np.diff(bands.quantiles[2]) > 0.0).all()


@pytest.mark.parametrize("name", ["niyigena_2026_asuc", "passot_2016_adult", "aubourg_2015"])
def test_the_percentile_of_a_sample_counts_parameters_and_residual_error(name):
    model = load_model(name)
    subject = Subject(DOSES, SAMPLES, (median_covariates(model),))
    blank = Subject(DOSES, (), subject.covariates)
    prior = integrate_posterior(bind(model, [blank]))
    times = np.array([sample.time_day for sample in SAMPLES])
    found = measurement_percentiles(prior, subject, curve_problem(model, subject, times))
    grid = dense_grid.integrate(model, blank, n=400)
    kin = kinetics(model, subject.covariates[0].values, grid.eta)
    additive, proportional = residual_sd_parameters(model, None)
    for sample, share in zip(SAMPLES, found, strict=True):
        limit = {Censoring.NONE: sample.level, Censoring.BELOW: sample.lloq, Censoring.ABOVE: sample.uloq}
        prediction = concentration(kin, DOSES, sample.time_day)
        sd = np.hypot(additive, proportional * prediction)
        with np.errstate(divide="ignore", over="ignore"):  # nothing left under a proportional error: certainly below
            expected = float(grid.mass @ ndtr((limit[sample.censoring] - prediction) / sd))
        assert share == pytest.approx(expected, abs=1e-4)


@pytest.mark.parametrize("name", ["wojciechowski_2017", "ternant_2008", "fasanmade_2011_combined"])
def test_bands_of_more_random_effects_are_those_of_many_draws_before_any_sample(name):
    model = load_model(name)
    subject = Subject(DOSES, (), (median_covariates(model),))
    posterior = integrate_posterior(bind(model, [subject]))
    times = np.array([1.0, 13.0, 40.0])
    bands = concentration_bands(posterior, curve_problem(model, subject, times), times, PROBABILITIES)
    factor = posterior.problem.subjects.omega_cholesky[0]
    eta = np.random.default_rng(4).standard_normal((200_000, len(model.etas))) @ factor.T
    kin = kinetics(model, subject.covariates[0].values, eta)
    for time, row in zip(times, bands.quantiles, strict=True):
        drawn = concentration(kin, DOSES, float(time))
        shares = [float((drawn < value).mean()) for value in row]
        assert shares == pytest.approx(PROBABILITIES.tolist(), abs=2e-2)

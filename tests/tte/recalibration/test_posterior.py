"""The posterior against a dense grid in other coordinates, one-dimensional integrals, and its limits."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy import integrate, stats

from tests.tte.model.event_model_files import refitted
from tests.tte.recalibration.event_cohorts import PUBLISHED, X, cohort, log_likelihood
from tte.data.events import landmark
from tte.recalibration.parameters import log_hazard
from tte.recalibration.posterior import (
    PosteriorStatus,
    event_data,
    linear_quantiles,
    log_rate_quantiles,
    posterior,
    posterior_parameters,
)
from tte.recalibration.prior import prior_of
from tte.recalibration.updates import Update, fit_update, updated_parameters

SHARES = (0.025, 0.25, 0.5, 0.75, 0.975)
MIXED = cohort(60, 8, factor=1.6, slope=-0.2, is_mixed=True)
NO_EVENT = cohort(25, 1, factor=1e-6)
CASES = {
    "mixed": (MIXED, PUBLISHED, 1.0),
    "landmark": (landmark(MIXED, 28.0).events, PUBLISHED, 1.0),
    "discounted": (MIXED, PUBLISHED, 0.3),
    "no event": (NO_EVENT, PUBLISHED, 1.0),
    "covariance": (MIXED, refitted(), 1.0),
}


def found_of(case, **options):
    events, model, weight = CASES[case]
    prior = prior_of(model, weight=weight)
    return posterior(event_data(events, X, prior), prior, **options)


def dense(case, n=41):
    """Return points (ln H at the centre, γ, β) of a dense grid over the prior and their probabilities; γ itself is an axis here."""
    events, model, weight = CASES[case]
    prior = prior_of(model, weight=weight)
    sd = np.sqrt(np.diag(prior.covariance))
    reach = 6.0 if weight == 1.0 else 5.0
    eta = prior.mean[0] + sd[0] * np.linspace(-reach - 2.0, reach, n)
    shape = np.exp(prior.mean[1] + sd[1] * np.linspace(-reach, reach, n))
    beta = prior.mean[2] + sd[2] * np.linspace(-reach, reach, n)
    gap = np.gradient(shape)  # the axis of γ is not even
    precision = np.linalg.inv(prior.covariance)
    grid = np.stack(np.meshgrid(eta, shape, beta, indexing="ij"), axis=-1).reshape(-1, 3)
    width = np.broadcast_to(gap[None, :, None], (n, n, n)).ravel()
    centred = np.column_stack([grid[:, 0], np.log(grid[:, 1]), grid[:, 2]]) - prior.mean
    log_prior = -0.5 * np.einsum("ni,ij,nj->n", centred, precision, centred) - np.log(grid[:, 1])
    value = np.full(grid.shape[0], -np.inf)
    for i in np.flatnonzero(log_prior > log_prior.max() - 35.0):
        log_hazard_day90, gamma, slope = grid[i]
        log_rate = log_hazard_day90 - gamma * math.log(90.0)
        value[i] = log_likelihood(events, log_rate, gamma, slope, prior.centre)
    log_density = value + log_prior
    density = np.exp(log_density - log_density.max()) * width
    volume = (eta[1] - eta[0]) * (beta[1] - beta[0])
    constant = -0.5 * (3.0 * math.log(2.0 * math.pi) + np.linalg.slogdet(prior.covariance)[1])
    evidence = float(log_density.max() + math.log(density.sum() * volume) + constant)
    return grid, density / density.sum(), evidence


def quantiles(values, weights, shares):
    order = np.argsort(values)
    return np.interp(shares, np.cumsum(weights[order]) - 0.5 * weights[order], values[order])


@pytest.mark.parametrize("case", CASES)
def test_moments_and_evidence_are_those_of_a_dense_grid(case):
    found, (grid, weights, evidence) = found_of(case), dense(case)
    assert found.status is PosteriorStatus.INTEGRATED
    mine = np.column_stack([found.nodes[:, 0], np.exp(found.nodes[:, 1]), found.nodes[:, 2]])
    mean, expected = found.weights @ mine, weights @ grid
    sd = np.sqrt(weights @ (grid - expected) ** 2)
    assert (np.abs(mean - expected) < 5e-3 * sd).all()
    np.testing.assert_allclose(np.sqrt(found.weights @ (mine - mean) ** 2), sd, rtol=5e-3)
    assert found.log_evidence == pytest.approx(evidence, abs=5e-3)


def test_quantiles_are_those_of_draws_from_the_posterior():
    """Of ln H at three exposures, the shape, β and ln λ, by importance sampling with heavy tails."""
    found = found_of("mixed")
    rng = np.random.default_rng(3)
    z = 1.1 * rng.standard_t(8, size=(150_000, 3))
    u = found.mode + z @ np.linalg.cholesky(found.spread).T
    from tte.recalibration.posterior import _log_density  # noqa: PLC0415 # pyright: ignore[reportPrivateUsage]

    log_weight = _log_density(found.data, found.prior, u) - stats.t.logpdf(z / 1.1, 8).sum(axis=1)
    weight = np.exp(log_weight - log_weight.max())
    weight /= weight.sum()
    for gradient in ((1.0, 0.0, 0.0), (0.0, 1.0, 0.0), (0.0, 0.0, 1.0), (1.0, 0.0, -1.5), (1.0, 0.0, 2.0)):
        values = u @ np.array(gradient)
        sd = math.sqrt(float(weight @ (values - weight @ values) ** 2))
        mine = linear_quantiles(found, gradient, SHARES)
        np.testing.assert_allclose(mine, quantiles(values, weight, SHARES), atol=0.03 * sd)
    prior = found.prior
    log_rate = u[:, 0] - np.exp(u[:, 1]) * math.log(90.0) + u[:, 2] * (PUBLISHED.x_ref - prior.centre)
    mine = log_rate_quantiles(found, PUBLISHED.x_ref, SHARES)
    sd = math.sqrt(float(weight @ (log_rate - weight @ log_rate) ** 2))
    np.testing.assert_allclose(mine, quantiles(log_rate, weight, SHARES), atol=0.03 * sd)


def test_with_shape_and_effect_known_the_posterior_is_a_one_dimensional_integral():
    prior = prior_of(PUBLISHED, shape_sd=1e-4)
    sure = prior.covariance.copy()
    sure[2, 2] = 1e-8
    prior = type(prior)(prior.mean, sure, prior.centre, 90.0, 1.0, "")
    events = cohort(80, 3, factor=2.0)
    found = posterior(event_data(events, X, prior), prior)
    exposed = float((events.stop**1.08 * np.exp(-0.56 * (events.covariates[X] - prior.centre))).sum()) / 90.0**1.08

    def density(eta, power=0):
        return (
            eta**power
            * math.exp(events.n_events * (eta + 2.0) - math.exp(eta) * exposed + math.exp(-2.0) * exposed)
            * stats.norm.pdf(eta, prior.mean[0], math.sqrt(prior.covariance[0, 0]))
        )

    whole = integrate.quad(density, -5.0, 2.0, epsrel=1e-11)[0]
    mean = integrate.quad(density, -5.0, 2.0, args=(1,), epsrel=1e-11)[0] / whole
    square = integrate.quad(density, -5.0, 2.0, args=(2,), epsrel=1e-11)[0] / whole
    assert found.weights @ found.nodes[:, 0] == pytest.approx(mean, abs=1e-5)
    assert found.weights @ found.nodes[:, 0] ** 2 == pytest.approx(square, abs=1e-4)


def test_a_finer_grid_gives_the_same():
    coarse, fine = found_of("mixed"), found_of("mixed", step=0.4)
    assert coarse.log_evidence == pytest.approx(fine.log_evidence, abs=1e-8)
    one, two = (posterior_parameters(found, PUBLISHED.x_ref) for found in (coarse, fine))
    np.testing.assert_allclose(one.values, two.values, atol=1e-8)
    np.testing.assert_allclose(one.covariance, two.covariance, atol=1e-7)


def test_what_a_file_keeps_has_mean_and_variance_of_the_posterior_for_every_day_and_exposure():
    found = found_of("mixed")
    kept = posterior_parameters(found, PUBLISHED.x_ref)
    for day in (10.0, 90.0):
        for x in (4.0, 6.0, 9.0):
            mean, sd = log_hazard(kept, np.array([x]), day=day)
            eta, log_shape, beta = found.nodes.T
            values = eta + np.exp(log_shape) * math.log(day / 90.0) + beta * (x - found.prior.centre)
            own = found.weights @ values
            assert mean[0] == pytest.approx(own, abs=1e-9)
            assert sd[0] == pytest.approx(math.sqrt(found.weights @ (values - own) ** 2), rel=1e-7)


def test_many_patients_outweigh_the_prior():
    events = cohort(6000, 4, factor=1.7, slope=-0.3, shape=1.4)
    prior = prior_of(PUBLISHED)
    found = posterior_parameters(posterior(event_data(events, X, prior), prior), PUBLISHED.x_ref)
    fit = updated_parameters(fit_update(events, PUBLISHED, X, Update.REFIT), PUBLISHED)
    assert np.abs(found.values - fit.values).max() < 0.35 * fit.sd.max()
    np.testing.assert_allclose(found.sd, fit.sd, rtol=0.06)


def test_patients_without_an_event_lower_the_hazard_and_say_little_of_the_effect():
    found = found_of("no event")
    mean = found.weights @ found.nodes
    assert mean[0] < found.prior.mean[0] - 0.1
    assert abs(mean[2] - found.prior.mean[2]) < 0.5 * math.sqrt(found.prior.covariance[2, 2])


def test_counts_of_rows_are_those_of_repeated_subjects():
    prior = prior_of(PUBLISHED)
    events = cohort(40, 6)
    counts = np.ones(40)
    counts[:7] = 3.0
    counts[7:11] = 0.0
    rows = np.repeat(np.arange(40), counts.astype(int))
    from tte.data.events import events_of  # noqa: PLC0415

    repeated = events_of(events.stop[rows], events.kind[rows] == 1, covariates={X: events.covariates[X][rows]})
    one = posterior(event_data(events, X, prior, counts), prior)
    two = posterior(event_data(repeated, X, prior), prior)
    np.testing.assert_allclose(one.weights @ one.nodes, two.weights @ two.nodes, atol=1e-9)

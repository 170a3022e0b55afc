"""Chains have the posterior as their stationary distribution, whatever their proposals are."""

from __future__ import annotations

import numpy as np
import pytest

from pkpd.data.cohort import cohort_of
from pkpd.data.records import Dose, Subject
from pkpd.kernels.metropolis import FREEDOM, N_JOINT_MOVES, walk_all_chains
from pkpd.likelihood.population import bind_population
from pkpd.model import load_model
from tests.oracles.dense_grid import integrate
from tests.oracles.patients import above, below, median_covariates, quantified

MODEL = load_model("niyigena_2026_asuc")
SUBJECTS = {
    "below and above": (below(40.0, 0.4), above(5.0, 20.0)),
    "below alone": (below(20.0, 1.0),),
    "quantified and above": (quantified(10.0, 12.0), above(3.0, 60.0)),
}
N_CHAINS, N_SWEEPS = 400, 300


def subject_of(name: str) -> Subject:
    return Subject((Dose(0.0, 300.0, 2.0 / 24.0),), SUBJECTS[name], (median_covariates(MODEL),))


def walked(subject: Subject, *, seed: int, centre: float, wide: float, n_sweeps: int = N_SWEEPS):
    """Random effects of chains, one row for each sweep after as many that are forgotten, with proposals that are none too good."""
    packed = bind_population(MODEL, cohort_of([subject])).packed
    rng = np.random.default_rng(seed)
    z = rng.standard_normal((1, N_CHAINS, 2))
    n_moves = N_JOINT_MOVES + 2
    found = np.empty((n_sweeps, N_CHAINS, 2))
    accepted = np.empty((1, n_moves))
    middle, factor, scale = np.full((1, 2), centre), wide * np.eye(2)[None], np.full((1, 3), 1.5)
    for k in range(-n_sweeps, n_sweeps):
        normal = rng.standard_normal((1, N_CHAINS, n_moves, 2 + FREEDOM))
        uniform = rng.random((1, N_CHAINS, n_moves))
        walk_all_chains(packed, middle, factor, scale, normal, uniform, z, accepted)
        if k >= 0:
            found[k] = z[0] @ packed.omega_cholesky[0].T
    return found, accepted


@pytest.mark.parametrize("name", SUBJECTS)
@pytest.mark.parametrize(("centre", "wide"), [(0.0, 1.0), (0.8, 0.5)])
def test_mean_and_covariance_of_the_chains_are_those_of_the_posterior(name: str, centre: float, wide: float):
    subject = subject_of(name)
    grid = integrate(MODEL, subject)
    mean = grid.mass @ grid.eta
    covariance = (grid.eta - mean).T @ ((grid.eta - mean) * grid.mass[:, None])
    found, _ = walked(subject, seed=3, centre=centre, wide=wide)

    draws = found.reshape(-1, 2)
    sd = np.sqrt(np.diag(covariance))
    # 120,000 draws of which about every tenth counts: 0.01 of a standard deviation is the error of a mean.
    assert (draws.mean(axis=0) - mean) / sd == pytest.approx(np.zeros(2), abs=0.03)
    assert np.cov(draws.T) / np.outer(sd, sd) == pytest.approx(covariance / np.outer(sd, sd), abs=0.05)
    for k in range(2):
        # Tails too: the share of the draws beyond the posterior's own quantiles.
        order = np.argsort(grid.eta[:, k])
        quantiles = np.interp((0.02, 0.5, 0.98), np.cumsum(grid.mass[order]), grid.eta[order, k])
        shares = [(draws[:, k] < one).mean() for one in quantiles]
        assert shares == pytest.approx([0.02, 0.5, 0.98], abs=0.012)


def test_without_observations_the_prior_is_accepted_always():
    lone = Subject((Dose(0.0, 300.0, 0.1),), (), (median_covariates(MODEL),))
    found, accepted = walked(lone, seed=1, centre=0.0, wide=1.0, n_sweeps=20)
    assert accepted[0, 0] == pytest.approx(1.0)
    assert np.isfinite(found).all()


def test_the_same_numbers_give_the_same_chains():
    one, _ = walked(subject_of("below and above"), seed=5, centre=0.0, wide=1.0, n_sweeps=5)
    other, _ = walked(subject_of("below and above"), seed=5, centre=0.0, wide=1.0, n_sweeps=5)
    assert np.array_equal(one, other)

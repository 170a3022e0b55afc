"""The bootstrap of few numbers beside one of whole outcomes, and its closed forms beside dense algebra."""

from __future__ import annotations

import numpy as np
import pytest

from crohns_srs.lmm import GroupEffects, fit_mixed, held_covariance, held_shift, parametric_bootstrap
from crohns_srs.lmm.bootstrap import draw_statistics
from crohns_srs.lmm.summary import statistics_of
from tests.crohns_srs.lmm.designs import drawn

SECOND = pytest.mark.parametrize("second", ["", "crossed", "nested"])


@SECOND
def test_the_held_covariance_and_shift_are_those_of_dense_algebra(second: str):
    data = drawn(3, second=second)
    fit = fit_mixed(data.design, data.outcome)
    _, x, z = data.dense
    inverse = np.linalg.inv(data.dense.sigma(np.append(fit.group_variance, fit.residual_variance)))
    lever = np.linalg.inv(x.T @ inverse @ x) @ x.T @ inverse
    np.testing.assert_allclose(held_covariance(fit), fit.residual_variance * lever @ lever.T, rtol=1e-9, atol=1e-12)
    np.testing.assert_allclose(held_shift(fit), lever @ np.hstack(z) @ fit.effects, rtol=1e-8, atol=1e-11)


@pytest.mark.parametrize("second", ["", "nested"])
@pytest.mark.requirement("CD-01")
def test_drawn_numbers_have_the_moments_of_drawn_outcomes(second: str):
    """Mean and covariance of (Q'y, U'Z'r, r'r) over 4,000 draws each way, compared within five standard errors."""
    data = drawn(3, second=second)
    fit = fit_mixed(data.design, data.outcome)
    rng = np.random.default_rng(0)
    n, z = 4000, np.hstack(data.dense.z)
    effects = rng.standard_normal((n, z.shape[1]))
    short = draw_statistics(fit, effects, rng)
    mean = data.design.matrix @ fit.estimate
    noise = np.sqrt(fit.residual_variance) * rng.standard_normal((n, data.outcome.size))
    long = [statistics_of(fit.summary, mean + z @ b + e) for b, e in zip(effects, noise, strict=True)]
    a = np.column_stack([short.projection, short.rotated, short.square])
    b = np.vstack([np.concatenate([one.projection[0], one.rotated[0], one.square]) for one in long])
    error = np.sqrt((a.var(axis=0) + b.var(axis=0)) / n)
    assert (np.abs(a.mean(axis=0) - b.mean(axis=0)) < 5 * error).all()
    a, b = ((one - one.mean(axis=0)) / b.std(axis=0) for one in (a, b))
    difference = np.abs(a.T @ a - b.T @ b) / n
    spread = np.sqrt(((a**2).T @ a**2 + (b**2).T @ b**2) / n / n)
    assert (difference < 5 * spread).all()


@pytest.mark.parametrize("effects", list(GroupEffects))
def test_replicates_spread_as_their_closed_form_says(effects: GroupEffects):
    """With many groups the ratio is well known, so that closed forms at a fixed ratio hold within a few percent."""
    data = drawn(8, sizes=(20,) * 40)
    fit = fit_mixed(data.design, data.outcome)
    found = parametric_bootstrap(fit, 10_000, effects=effects, rng=np.random.default_rng(1))
    held = effects is GroupEffects.HELD
    expected = held_covariance(fit) if held else fit.covariance
    np.testing.assert_allclose(found.estimate.std(axis=0), np.sqrt(np.diag(expected)), rtol=0.03)
    shift = held_shift(fit) if held else 0.0
    error = np.sqrt(np.diag(expected) / 10_000)
    assert (np.abs(found.estimate.mean(axis=0) - fit.estimate - shift) < 5 * error).all()
    variance = found.ratio[:, 0] * found.residual_variance
    # Predicted effects are shrunk: held, they vary less than the groups.
    between = fit.effects.var(ddof=1) if held else fit.group_variance[0]
    assert variance.mean() == pytest.approx(between, rel=0.02)


def test_the_same_seed_gives_the_same_replicates():
    fit = fit_mixed(drawn(3).design, drawn(3).outcome)
    a, b = (
        parametric_bootstrap(fit, 50, effects=GroupEffects.REDRAWN, rng=np.random.default_rng(7)).estimate
        for _ in range(2)
    )
    assert (a == b).all()


def test_two_groupings_are_redrawn_too():
    data = drawn(3, second="crossed")
    fit = fit_mixed(data.design, data.outcome)
    found = parametric_bootstrap(fit, 60, effects=GroupEffects.REDRAWN, rng=np.random.default_rng(7))
    assert found.ratio.shape == (60, 2)
    assert found.estimate[:, 1].mean() == pytest.approx(fit.estimate[1], abs=5 * fit.standard_error[1] / 60**0.5)

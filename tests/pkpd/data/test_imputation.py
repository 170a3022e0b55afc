"""Data augmentation of covariates against the distribution that they were drawn from."""

from __future__ import annotations

import numpy as np
import pytest

from pkpd.data.imputation import (
    ImputationScale,
    ImputedColumn,
    begin_augmentation,
    draw_latent,
    draw_missing,
    draw_parameters,
    is_possible,
    to_values,
)

COLUMNS = (
    ImputedColumn("weight_kg", ImputationScale.LOG, 10.0, 300.0),
    ImputedColumn("albumin_g_per_L", ImputationScale.IDENTITY, 5.0, 70.0),
    ImputedColumn("sex", ImputationScale.BINARY, 0.0, 1.0),
)
MEAN = np.array([np.log(63.0), 31.0, 0.4])
COVARIANCE = np.array([[0.05, 0.3, 0.12], [0.3, 60.0, 1.5], [0.12, 1.5, 1.0]])


def covariates(n, rng, missing):
    normal = rng.multivariate_normal(MEAN, COVARIANCE, size=n)
    values = to_values(COLUMNS, normal)
    return np.where(rng.random(values.shape) < missing, np.nan, values)


def test_parameters_come_back_from_covariates_of_which_a_fifth_is_missing():
    rng = np.random.default_rng(2)
    state = begin_augmentation(COLUMNS, covariates(1500, rng, 0.2))
    means, covariances = [], []
    for k in range(120):
        state = draw_latent(draw_parameters(state, rng), rng)
        normal = state.normal.copy()
        for i in np.flatnonzero(state.is_missing.any(axis=1)):
            normal[i] = draw_missing(state, int(i), 1, rng)[0]
        state = type(state)(state.columns, state.values, normal, state.mean, state.covariance)
        if k >= 40:
            means.append(state.mean)
            covariances.append(state.covariance)
    sd = np.sqrt(np.diag(COVARIANCE))
    # Four standard errors of 1,200 known values are 0.12 standard deviations; a code tells less than a value.
    assert (np.abs(np.mean(means, axis=0) - MEAN) / sd < np.array([0.12, 0.12, 0.17])).all()
    correlation = np.mean(covariances, axis=0)
    root = np.sqrt(np.diag(correlation))
    expected = COVARIANCE / np.outer(sd, sd)
    assert np.abs(correlation / np.outer(root, root) - expected).max() < 0.13
    # The variance behind a code is 1, always.
    assert all(one[2, 2] == pytest.approx(1.0) for one in covariances)


def test_missing_values_have_the_conditional_distribution_of_normal_ones():
    rng = np.random.default_rng(4)
    values = np.array([[80.0, np.nan, 1.0], *covariates(10, rng, 0.0).tolist()])
    state = begin_augmentation(COLUMNS, values)
    state = type(state)(COLUMNS, values, state.normal, MEAN, COVARIANCE)
    n = 40_000
    drawn = draw_missing(state, 0, n, rng)
    known, missing = [0, 2], 1
    slope = COVARIANCE[missing, known] @ np.linalg.inv(COVARIANCE[np.ix_(known, known)])
    centre = MEAN[missing] + slope @ (state.normal[0, known] - MEAN[known])
    variance = COVARIANCE[missing, missing] - slope @ COVARIANCE[known, missing]
    assert drawn[:, 1].mean() == pytest.approx(centre, abs=5.0 * np.sqrt(variance / n))
    assert drawn[:, 1].var() == pytest.approx(variance, rel=5.0 * np.sqrt(2.0 / n))
    np.testing.assert_array_equal(drawn[:, known], np.repeat(state.normal[:1, known], n, axis=0))


def test_latent_variables_lie_on_the_side_of_their_code():
    rng = np.random.default_rng(5)
    values = covariates(200, rng, 0.0)
    state = draw_latent(draw_parameters(begin_augmentation(COLUMNS, values), rng), rng)
    np.testing.assert_array_equal(state.normal[:, 2] > 0.0, values[:, 2] == 1.0)
    np.testing.assert_allclose(to_values(COLUMNS, state.normal)[:, 2], values[:, 2])
    np.testing.assert_allclose(to_values(COLUMNS, state.normal)[:, 0], values[:, 0])


def test_a_value_out_of_its_range_is_not_possible():
    rows = np.array([[63.0, 31.0, 1.0], [400.0, 31.0, 1.0], [63.0, 4.0, 0.0]])
    assert is_possible(COLUMNS, rows).tolist() == [True, False, False]

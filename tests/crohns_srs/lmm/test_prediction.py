"""Predictions and their errors beside dense algebra."""

from __future__ import annotations

import numpy as np
import pytest

from crohns_srs.lmm import fit_mixed, predict_groups, predict_population
from tests.crohns_srs.lmm.designs import drawn

SECOND = pytest.mark.parametrize("second", ["", "crossed", "nested"])


@SECOND
def test_errors_of_predictions_are_those_of_the_best_linear_predictor(second: str):
    """y_new = c'y has the error variance s² + c'Σc - 2c'k, with c from generalised least squares."""
    data = drawn(3, second=second)
    fit = fit_mixed(data.design, data.outcome)
    _, x, z = data.dense
    sigma = data.dense.sigma(np.append(fit.group_variance, fit.residual_variance))
    inverse = np.linalg.inv(sigma)
    lever = np.linalg.inv(x.T @ inverse @ x) @ x.T @ inverse
    groups = data.design.groupings
    new = np.array([[1.0, 35.0, 1.0], [1.0, 60.0, 0.0], [1.0, 20.0, 0.0]])
    rows = [0, 20, 34]
    labels = [[one.levels[one.code[i]] for i in rows] for one in groups]
    labels[0][2] = "a trial of its own"
    found = predict_groups(fit, new, labels)
    for j, i in enumerate(rows):
        shared = sum(
            (v * one @ one[i] if not (k == 0 and j == 2) else np.zeros(sigma.shape[0]))
            for k, (one, v) in enumerate(zip(z, fit.group_variance, strict=True))
        )
        c = lever.T @ new[j] + inverse @ shared - inverse @ x @ lever @ shared
        own = fit.group_variance.sum()
        error = own + c @ sigma @ c - 2 * c @ shared
        assert found.mean[j] == pytest.approx(c @ data.outcome, rel=1e-9)
        assert found.standard_error[j] == pytest.approx(np.sqrt(error), rel=1e-8)
        assert found.error_of_new[j] == pytest.approx(np.sqrt(error + fit.residual_variance), rel=1e-8)


@SECOND
def test_a_row_of_unknown_groups_is_one_of_the_population(second: str):
    data = drawn(3, second=second)
    fit = fit_mixed(data.design, data.outcome)
    new = np.array([[1.0, 35.0, 1.0]])
    average = predict_population(fit, new)
    unknown = predict_groups(fit, new, [["?"]] * len(data.design.groupings))
    assert unknown.mean == pytest.approx(average.mean)
    assert unknown.error_of_new == pytest.approx(average.error_of_new)
    assert average.standard_error[0] == pytest.approx(np.sqrt(new[0] @ fit.covariance @ new[0]))

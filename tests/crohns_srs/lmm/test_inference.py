"""Degrees of freedom and tests beside dense equations and numerical derivatives."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from crohns_srs.design import create_design, grouping
from crohns_srs.lmm import (
    DegreesOfFreedom,
    Likelihood,
    contrast,
    fit_mixed,
    joint_test,
    kenward_roger_covariance,
    likelihood_ratio_test,
)
from crohns_srs.lmm.inference import kenward_roger_scale
from pkpd.errors import InputError
from tests.crohns_srs.lmm.designs import drawn
from tests.oracles.mixed_model import DenseModel, kenward_roger, minus2_loglik

SECOND = pytest.mark.parametrize("second", ["", "crossed", "nested"])


def variances(fit) -> np.ndarray:
    return np.append(fit.group_variance, fit.residual_variance)


@SECOND
@pytest.mark.parametrize("rank", [1, 2, 3])
def test_kenward_and_roger_are_the_printed_equations(second: str, rank: int):
    data = drawn(3, second=second)
    fit = fit_mixed(data.design, data.outcome)
    weights = np.array([[1.0, 50.0, 0.0], [0.0, 1.0, 0.3], [0.0, 0.0, 1.0]])[:rank]
    adjusted, df, scale = kenward_roger(data.dense, variances(fit), weights)
    np.testing.assert_allclose(kenward_roger_covariance(fit), adjusted, rtol=1e-8)
    assert kenward_roger_scale(fit, weights) == pytest.approx((df, scale), rel=1e-8)
    found = joint_test(fit, weights, method=DegreesOfFreedom.KENWARD_ROGER)
    value = weights @ fit.estimate
    f = scale * value @ np.linalg.solve(weights @ adjusted @ weights.T, value) / rank
    assert (found.f, found.df[1], found.p) == pytest.approx((f, df, stats.f.sf(f, rank, df)), rel=1e-7)


def test_kenward_and_roger_of_one_contrast_are_a_t_test():
    data = drawn(3)
    fit = fit_mixed(data.design, data.outcome)
    weights = np.array([0.0, 1.0, 0.3])
    one = contrast(fit, weights, method=DegreesOfFreedom.KENWARD_ROGER)
    joint = joint_test(fit, weights[None, :], method=DegreesOfFreedom.KENWARD_ROGER)
    assert one.df == pytest.approx(joint.df[1], rel=1e-9)
    assert (one.estimate / one.standard_error) ** 2 == pytest.approx(joint.f, rel=1e-9)
    assert one.p == pytest.approx(joint.p, rel=1e-8)


def dense_satterthwaite(model: DenseModel, at: np.ndarray, weights: np.ndarray, *, restricted: bool) -> float:
    """Return 2 v²/(g'Cg) by central differences of the dense deviance and variance."""
    step = 1e-4 * at
    k = at.size

    def variance(where: np.ndarray) -> float:
        return float(weights @ np.linalg.inv(model.x.T @ np.linalg.inv(model.sigma(where)) @ model.x) @ weights)

    eye = np.diag(step)
    gradient = np.array([(variance(at + e) - variance(at - e)) / (2 * s) for e, s in zip(eye, step, strict=True)])
    hessian = np.empty((k, k))
    for i in range(k):
        for j in range(k):
            signs = [(1, 1, 1), (1, -1, -1), (-1, 1, -1), (-1, -1, 1)]
            total = sum(
                s * minus2_loglik(model, at + a * eye[i] + b * eye[j], restricted=restricted) for a, b, s in signs
            )
            hessian[i, j] = total / (4 * step[i] * step[j])
    return float(2 * variance(at) ** 2 / (gradient @ (2 * np.linalg.inv(hessian)) @ gradient))


@SECOND
@pytest.mark.parametrize("likelihood", list(Likelihood))
def test_satterthwaite_is_that_of_numerical_derivatives(second: str, likelihood: Likelihood):
    data = drawn(7 if second == "nested" else 3, second=second)
    fit = fit_mixed(data.design, data.outcome, likelihood=likelihood)
    assert (fit.ratio > 0.0).all()
    weights = np.array([1.0, 40.0, 0.5])
    expected = dense_satterthwaite(data.dense, variances(fit), weights, restricted=likelihood is Likelihood.RESTRICTED)
    # Second differences of the deviance have five digits.
    assert contrast(fit, weights).df == pytest.approx(expected, rel=1e-4)


def test_balanced_groups_have_the_degrees_of_freedom_of_the_analysis_of_variance():
    rng = np.random.default_rng(5)
    code = np.repeat(np.arange(8), 6)
    x = np.tile(rng.standard_normal(6), 8)
    y = 3.0 + x + 2.0 * rng.standard_normal(8)[code] + rng.standard_normal(48)
    fit = fit_mixed(create_design("data", {"x": x - x.mean()}, [grouping("G", [str(i) for i in code])]), y)
    for method in (DegreesOfFreedom.SATTERTHWAITE, DegreesOfFreedom.KENWARD_ROGER):
        assert contrast(fit, np.array([1.0, 0.0]), method=method).df == pytest.approx(7.0, rel=1e-8)
        assert contrast(fit, np.array([0.0, 1.0]), method=method).df == pytest.approx(39.0, rel=1e-8)


def test_at_the_boundary_satterthwaite_is_least_squares():
    for seed in range(20):
        data = drawn(seed, sd_group=0.0)
        fit = fit_mixed(data.design, data.outcome)
        if not fit.ratio[0]:
            one = contrast(fit, np.array([0.0, 1.0, 0.0]))
            assert one.df == pytest.approx(fit.n_obs - 3, rel=1e-12)
            reach = stats.t.ppf(0.975, fit.n_obs - 3) * one.standard_error
            assert one.interval == pytest.approx((one.estimate - reach, one.estimate + reach))
            return
    pytest.fail("no boundary fit among twenty")


def test_a_joint_test_of_one_contrast_is_its_t_test_squared():
    data = drawn(3)
    fit = fit_mixed(data.design, data.outcome)
    weights = np.array([1.0, 40.0, 0.5])
    one, joint = contrast(fit, weights), joint_test(fit, weights[None, :])
    assert joint.df[1] == pytest.approx(one.df, rel=1e-12)
    assert joint.p == pytest.approx(one.p, rel=1e-9)
    far = joint_test(fit, np.eye(3)[1:], method=DegreesOfFreedom.NORMAL)
    assert far.p == pytest.approx(stats.chi2.sf(2 * far.f, 2), rel=1e-10)


def test_a_likelihood_ratio_needs_nested_fits_by_ml():
    data = drawn(3)
    smaller = create_design("data", {"age": data.design.matrix[:, 1]}, data.design.groupings)
    full, less = (fit_mixed(one, data.outcome, likelihood=Likelihood.FULL) for one in (data.design, smaller))
    found = likelihood_ratio_test(full, less)
    assert (found.df, found.p) == (1, pytest.approx(stats.chi2.sf(less.deviance - full.deviance, 1)))
    with pytest.raises(InputError, match="are not nested in"):
        likelihood_ratio_test(less, full)
    with pytest.raises(InputError, match="needs fits by ML; these are by REML"):
        likelihood_ratio_test(fit_mixed(data.design, data.outcome), less)
    with pytest.raises(InputError, match="need a fit by REML; this is by ML"):
        contrast(full, np.array([1.0, 0.0, 0.0]), method=DegreesOfFreedom.KENWARD_ROGER)

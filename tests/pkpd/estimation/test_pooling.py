"""Pooled estimates and likelihood ratios against numbers by hand."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import chi2, f

from pkpd.estimation.pooling import pool, pool_ratio, pooled_covariance, relative_increase


def test_three_imputations_by_hand():
    found = pool(np.array([[1.0], [2.0], [3.0]]), np.array([[0.5], [0.4], [0.6]]), df_complete=47.0)
    # Mean 2, within 0.5, between 1, total 0.5 + 4/3.
    assert found.estimate == pytest.approx([2.0])
    assert found.within == pytest.approx([0.5])
    assert found.between == pytest.approx([1.0])
    assert found.se == pytest.approx([np.sqrt(11.0 / 6.0)])
    share = (4.0 / 3.0) / (11.0 / 6.0)
    rubin = 2.0 / share**2
    observed = 48.0 / 50.0 * 47.0 * (1.0 - share)
    df = rubin * observed / (rubin + observed)
    assert found.df == pytest.approx([df])
    ratio = (4.0 / 3.0) / 0.5
    assert found.fmi == pytest.approx([(ratio + 2.0 / (df + 3.0)) / (1.0 + ratio)])


def test_imputations_that_agree_lose_no_information():
    found = pool(np.full((5, 2), 3.0), np.full((5, 2), 0.25), df_complete=60.0)
    assert found.se == pytest.approx([0.5, 0.5])
    # Barnard and Rubin: (nu + 1) / (nu + 3) of the degrees of freedom remain.
    assert found.df == pytest.approx([61.0 / 63.0 * 60.0] * 2)
    assert (found.fmi < 0.04).all()


def test_pooled_intervals_of_a_normal_mean_cover_it():
    """Half of a normal sample is missing at random and drawn properly: the 95 % interval of its mean holds it."""
    from scipy.stats import t  # noqa: PLC0415

    rng = np.random.default_rng(7)
    n, m, n_studies = 40, 10, 1000
    inside = 0
    for _ in range(n_studies):
        seen = rng.normal(size=n // 2)
        sd = np.sqrt(seen.var(ddof=1) * (n // 2 - 1) / rng.chisquare(n // 2 - 1, m))
        mean = seen.mean() + sd * rng.standard_normal(m) / np.sqrt(n // 2)
        drawn = mean[:, None] + sd[:, None] * rng.standard_normal((m, n // 2))
        whole = np.column_stack((np.repeat(seen[None], m, axis=0), drawn))
        found = pool(whole.mean(axis=1)[:, None], whole.var(axis=1, ddof=1)[:, None] / n, df_complete=n - 1.0)
        inside += int(abs(found.estimate[0]) < t.ppf(0.975, found.df[0]) * found.se[0])
    # Three standard errors of a share of 0.95 among a thousand.
    assert abs(inside / n_studies - 0.95) < 0.021


def test_the_total_variance_is_the_diagonal_of_the_pooled_covariance():
    rng = np.random.default_rng(3)
    estimates, roots = rng.normal(size=(6, 3)), rng.normal(size=(6, 3, 3))
    covariances = roots @ roots.transpose(0, 2, 1)
    whole = pooled_covariance(estimates, covariances)
    found = pool(estimates, np.array([np.diag(one) for one in covariances]), df_complete=60.0)
    assert np.diag(whole) == pytest.approx(found.total)
    assert whole[0, 1] == pytest.approx(covariances[:, 0, 1].mean() + 7.0 / 6.0 * np.cov(estimates.T)[0, 1])


def test_a_pooled_ratio_by_hand():
    found = pool_ratio(9.0, 0.5, df=2, n_imputations=21)
    # 9 over 2 · 1.5, and 40 · (1 + 1/0.5)² degrees of freedom.
    assert found.statistic == pytest.approx(3.0)
    assert found.fmi == pytest.approx(1.0 / 3.0)
    assert found.df_denominator == pytest.approx(360.0)
    assert found.p == pytest.approx(f.sf(3.0, 2, 360.0))
    assert pool_ratio(-0.1, 0.5, df=1, n_imputations=5).p == 1.0


def test_a_ratio_of_data_sets_that_agree_is_chi_square():
    found = pool_ratio(5.0, 0.0, df=2, n_imputations=5)
    assert (found.fmi, found.df_denominator) == (0.0, np.inf)
    assert found.p == pytest.approx(chi2.sf(5.0, 2), rel=1e-12)


def test_the_relative_increase_is_that_of_the_data_sets_own_estimates():
    """In linear regression with known error Newton's step leads to the estimate, and r is Li's from estimates and variances."""
    rng = np.random.default_rng(5)
    m, n = 8, 50
    whole, y = rng.normal(size=(n, 3)), rng.normal(size=n)
    within = whole.T @ whole
    pooled = np.linalg.solve(within, whole.T @ y)
    shift = rng.normal(size=(m, n)) * 0.3
    shift -= shift.mean(axis=0)
    scores = np.array([whole.T @ (y + one - whole @ pooled) for one in shift])
    estimates = np.array([np.linalg.solve(within, whole.T @ (y + one)) for one in shift])
    tested = np.array([True, False, True])
    between = np.cov(estimates[:, tested].T)
    own = np.linalg.inv(within)[np.ix_(tested, tested)]
    expected = (1.0 + 1.0 / m) * np.trace(between @ np.linalg.inv(own)) / 2.0
    assert relative_increase(within, scores, tested) == pytest.approx(expected)


def test_pooled_ratios_of_nothing_are_uniform():
    """Half of a normal sample is missing at random and drawn properly: its mean is tested at its level."""
    rng = np.random.default_rng(12)
    n, m, n_studies = 40, 10, 4000
    below = 0
    for _ in range(n_studies):
        seen = rng.normal(size=n // 2)
        mean = seen.mean() + rng.standard_normal(m) / np.sqrt(n // 2)
        drawn = mean + rng.standard_normal((n // 2, m))
        sums = seen.sum() + drawn.sum(axis=0)
        # Of variance 1: the score at the mean of all, and the fall of the mean objective without it.
        pooled = sums.mean() / n
        increase = relative_increase(np.array([[float(n)]]), (sums - n * pooled)[:, None], np.array([True]))
        below += int(pool_ratio(n * pooled**2, increase, df=1, n_imputations=m).p < 0.05)
    # Three standard errors of a share of 0.05 among four thousand.
    assert abs(below / n_studies - 0.05) < 0.0104

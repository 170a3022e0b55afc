"""Rubin's rules against numbers by hand."""

from __future__ import annotations

import numpy as np
import pytest

from pkpd.estimation.pooling import pool


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

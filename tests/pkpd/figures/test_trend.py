"""The running median."""

from __future__ import annotations

import numpy as np

from pkpd.figures.trend import running_median


def test_the_median_of_a_constant_is_that_constant():
    x, y = running_median(np.linspace(0.0, 1.0, 100), np.full(100, 3.0))
    assert np.array_equal(y, np.full(x.size, 3.0))
    assert np.all(np.diff(x) > 0.0)


def test_a_rising_line_rises_and_outliers_do_not_matter():
    x = np.linspace(0.0, 1.0, 200)
    y = x.copy()
    y[::10] = 1e6
    places, medians = running_median(x, y)
    inner = (places > 0.2) & (places < 0.8)
    assert np.abs(medians - places)[inner].max() < 0.05


def test_the_order_of_points_does_not_matter():
    rng = np.random.default_rng(1)
    x, y = rng.permutation(50).astype(float), rng.standard_normal(50)
    order = rng.permutation(50)
    assert np.array_equal(running_median(x, y), running_median(x[order], y[order]))


def test_few_points_have_no_trend():
    assert running_median(np.arange(21.0), np.arange(21.0))[0].size == 0


def test_censored_values_count_on_their_side_and_a_median_among_them_is_none():
    x = np.arange(60.0)
    y = np.full(60, 5.0)
    y[::3] = -np.inf
    assert np.array_equal(np.unique(running_median(x, y)[1]), [5.0])
    assert np.isnan(running_median(x, np.full(60, np.inf))[1]).all()


def test_points_at_one_place_have_one_median():
    places, medians = running_median(np.zeros(40), np.arange(40.0))
    assert places.tolist() == [0.0]
    assert medians.size == 1

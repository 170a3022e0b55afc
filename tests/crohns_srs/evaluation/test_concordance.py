"""Agreement of labelings, counted by hand."""

from __future__ import annotations

from itertools import combinations

import numpy as np
import pytest

from crohns_srs.evaluation.concordance import concordance, stratified_kappa

ALL = np.zeros((4, 3), dtype=np.int64)


def test_a_labeling_that_says_nothing_agrees_with_every_other_by_the_published_count_alone():
    strict = np.array([[0, 1, 2], [2, 1, 0], [0, 1, 1], [1, 0, 1]])
    found = concordance(strict, ALL)
    assert found.published == 1.0
    assert found.same == 0.0
    assert found.resolved == 0.0
    assert np.isnan(found.resolved_agreement)
    assert np.isnan(found.resolved_kappa)
    assert found.kappa == pytest.approx(0.0, abs=1e-12)


def test_opposite_orders_contradict():
    first = np.array([[0, 1, 2], [0, 1, 1], [0, 0, 0], [0, 1, 1]])
    second = np.array([[0, 2, 1], [1, 0, 0], [0, 1, 1], [0, 1, 1]])
    # Patient 1: classes 2 and 3 in opposite orders; patient 2: class 1 against both; patients 3 and 4: none.
    assert concordance(first, second).published == 0.5


def test_kappa_of_ordered_pairs_by_hand():
    # One pair of classes: 6 patients a > b in both, 2 only in the first, 1 only in the second, 3 b > a in both.
    a, b = [0, 1], [1, 0]
    first = np.array([a] * 8 + [b] * 4)
    second = np.array([a] * 6 + [b] * 2 + [a] * 1 + [b] * 3)
    observed, expected = 9 / 12, (8 / 12) * (7 / 12) + (4 / 12) * (5 / 12)
    found = concordance(first, second)
    assert found.resolved_agreement == pytest.approx(observed)
    assert found.resolved_kappa == pytest.approx((observed - expected) / (1 - expected))


def test_no_kappa_where_every_pair_has_one_order():
    first = np.array([[0, 1, 2]] * 5)
    assert np.isnan(concordance(first, first).resolved_kappa)


def test_kappa_with_strata_is_that_of_a_plain_count():
    rng = np.random.default_rng(5)
    first, second = rng.integers(0, 3, (200, 3)), rng.integers(0, 3, (200, 3))
    observed = expected = n = 0.0
    for a, b in combinations(range(3), 2):
        x = [int(np.sign(row[b] - row[a])) for row in first]
        y = [int(np.sign(row[b] - row[a])) for row in second]
        observed += sum(i == j for i, j in zip(x, y, strict=True))
        expected += sum(x.count(k) * y.count(k) / 200 for k in (-1, 0, 1))
        n += 200
    assert concordance(first, second).kappa == pytest.approx((observed - expected) / (n - expected), rel=1e-12)


def test_nothing_to_compare_has_no_kappa():
    assert np.isnan(stratified_kappa(ALL, ALL, np.zeros(ALL.shape, dtype=bool)))

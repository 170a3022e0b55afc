"""The paper's own counts, and tables with empty margins."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import beta, hypergeom

from tte.evaluation.two_by_two import TwoByTwo, accuracy, fisher, two_by_two

PAPER = TwoByTwo(true_positive=5, false_negative=1, false_positive=9, true_negative=51)


def test_the_counts_of_the_paper_give_its_sentence():
    found = accuracy(PAPER)
    assert [round(100 * share.value) for share in (found.sensitivity, found.specificity, found.accuracy)] == [
        83,
        85,
        85,
    ]
    assert (round(100 * found.accuracy.low), round(100 * found.accuracy.high)) == (74, 92)
    assert (round(100 * found.ppv.value), round(100 * (1 - found.npv.value))) == (36, 2)
    assert round(fisher(PAPER).p, 3) == 0.001


def test_exact_intervals_are_those_of_the_binomial_tails():
    found = accuracy(PAPER).ppv
    assert found.low == pytest.approx(beta.ppf(0.025, 5, 10))
    assert found.high == pytest.approx(beta.ppf(0.975, 6, 9))


def test_fisher_is_the_sum_of_tables_no_more_probable():
    table = hypergeom(66, 6, 14)
    own = table.pmf(5)
    expected = sum(p for k in range(7) if (p := float(table.pmf(k))) <= own * (1 + 1e-9))
    assert fisher(PAPER).p == pytest.approx(expected, rel=1e-9)


def test_the_conditional_odds_ratio_solves_its_own_equations():
    """Mean of the non-central hypergeometric at the estimate, and both tails at the ends of the interval."""
    found = fisher(PAPER).odds_ratio
    k = np.arange(7)

    def pmf(ratio: float):
        weights = hypergeom(66, 6, 14).pmf(k) * ratio**k
        return weights / weights.sum()

    assert (pmf(found.value) * k).sum() == pytest.approx(5.0, rel=1e-6)
    assert pmf(found.low)[5:].sum() == pytest.approx(0.025, rel=1e-5)
    assert pmf(found.high)[:6].sum() == pytest.approx(0.025, rel=1e-5)


def test_an_empty_cell_and_an_empty_margin_are_said_as_they_are():
    assert fisher(TwoByTwo(5, 0, 9, 52)).odds_ratio.value == np.inf
    nobody = TwoByTwo(0, 6, 0, 60)
    assert fisher(nobody).p == 1.0
    assert np.isnan(fisher(nobody).odds_ratio.value)
    assert np.isnan(accuracy(nobody).ppv.value)
    assert accuracy(nobody).sensitivity.value == 0.0


def test_counts_come_from_masks():
    is_high, is_case = np.array([1, 1, 0, 0, 1], bool), np.array([1, 0, 1, 0, 1], bool)
    assert two_by_two(is_high, is_case) == TwoByTwo(2, 1, 1, 1)

"""The study of labels: its cohorts, and what its page makes of rows."""

from __future__ import annotations

from argparse import Namespace
from dataclasses import replace

import numpy as np
import pytest

from crohns_srs.data.config import PLACEBO
from crohns_srs.evaluation.rows import matrix
from crohns_srs.predict.library import shipped_models
from studies.labels import Row, drawn_trials, labels_of, page, wrong_share

ROW = Row(1, 1, "none", 0.0, 0.6, 0.1, 0.0, 0.4, 0.05, 0.0, 0.4, 0.05)


def test_a_cohort_has_the_published_arms_and_no_difference_where_there_is_none():
    cohort, effects = drawn_trials(1, "none", seed=1)
    assert cohort.n_rows == 5703
    assert (cohort.arm == PLACEBO).sum() == 1621
    assert np.unique(cohort.trial).size == 15
    np.testing.assert_array_equal(effects[:, 0], effects[:, 2])
    other, published = drawn_trials(1, "published", seed=1)
    assert np.ptp(published, axis=1).min() > 0.0
    assert not np.array_equal(other.outcome, cohort.outcome)
    placebo = shipped_models().placebo
    rest = cohort.outcome - matrix(cohort, placebo.terms) @ placebo.estimate - effects[:, 1]
    own = (cohort.arm == "anti_integrin") & (cohort.trial == "GEMINI2")
    # 915 participants: the standard error of their variance is 4.7 % of it.
    assert rest[own].var(ddof=1) == pytest.approx(8317.23, rel=4.0 * 0.047)


def test_every_order_is_wrong_where_no_class_differs():
    group = np.array([[0, 1, 1], [0, 0, 0], [2, 1, 0]])
    assert wrong_share(group, np.zeros((3, 3))) == pytest.approx(5 / 9)
    # The third patient's order is the true one.
    assert wrong_share(group, np.array([[0.0] * 3, [0.0] * 3, [1.0, 2.0, 3.0]])) == pytest.approx(2 / 9)


def test_the_same_seed_gives_the_same_row():
    assert labels_of(2, "none", seed=1) == labels_of(2, "none", seed=1)
    assert labels_of(2, "none", seed=1) != labels_of(2, "none", seed=2)


def test_the_page_has_means_with_errors():
    rows = [ROW, replace(ROW, cohort=2, paper_labelled=0.2, paper_ordered=0.2, paper_wrong=0.2)]
    text = page(rows, Namespace(n=2, seed=1))
    assert "| no class differs | `paper` | 40.0 ± 20.0 % | 30.0 ± 10.0 % | 30.0 ± 10.0 % | 50 % |" in text
    assert "| classes differ as published | `paper` | – | – | – | – |" in text

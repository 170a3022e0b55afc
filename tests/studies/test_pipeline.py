"""The study of the whole way: its cohorts, and what its page makes of rows."""

from __future__ import annotations

from argparse import Namespace
from dataclasses import replace

import pytest

from studies import pipeline_cohorts
from studies.pipeline import page
from studies.pipeline_cohorts import EVENT_MODEL, EVENTS, SIZE, Row, drawn_study, new_patients, recovered
from tte import risk_day90

OK = "converged"
ROW = Row(
    seed=1, cohort=1, n_drawn=3, n_early=2, pk_status=OK, tte_status=OK, joint_status=OK, cl=0.49, v=13.2, beta=-0.56,
    se=0.2, lower=-1.0, upper=-0.2, p=0.01, shape=1.1, beta_joint=-0.6, se_joint=0.25, auroc=0.7, auroc_low=0.52,
    auroc_high=0.9, threshold=5.8, j=0.6, j_new=0.3, j_best=0.35, risk_at_threshold=0.2, risk_error=0.03, risk_ratio=1.0,
)  # fmt: skip


def test_a_cohort_is_drawn_again_until_it_has_the_published_number_of_events():
    study, n_drawn = drawn_study(1, seed=1)
    assert (study.cohort.n_subjects, study.events.n_events) == (SIZE, EVENTS)
    assert n_drawn > 1


def test_a_cohort_goes_the_whole_way(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(pipeline_cohorts, "NEW", 2_000)
    new_patients.cache_clear()
    row = recovered(2, seed=1)
    new_patients.cache_clear()
    assert (row.pk_status, row.tte_status) == (OK, OK)
    assert row.lower < row.beta < row.upper
    assert row.joint_status == OK
    assert row.se_joint > 0.0
    assert row.j_new <= row.j_best + 1e-12
    assert row.risk_at_threshold == pytest.approx(float(risk_day90(EVENT_MODEL, row.threshold)))


def test_the_page_says_how_often_the_truth_is_found():
    rows = [ROW, replace(ROW, cohort=2, p=0.2, lower=-0.5), replace(ROW, cohort=3, tte_status="monotone_likelihood")]
    text = page(rows, Namespace(n=3, seed=1))
    assert "found (p < 0.05) in 50.0 %" in text
    assert "by profile 50.0 %" in text
    assert "| hazard | 2 `converged`, 1 `monotone_likelihood` |" in text
    assert "9 cohorts were drawn for the 3 with 11 events." in text

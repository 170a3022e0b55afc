"""The paper's section on risk groups from a cohort with its counts, and populations in which nothing can be said."""

from __future__ import annotations

import json
from functools import partial

import numpy as np
import pytest

from tests.tte.evaluation.published_counts import THRESHOLD, published_counts
from tte.evaluation.event_times import event_times
from tte.evaluation.kaplan_meier import log_rank
from tte.evaluation.published_thresholds import published_thresholds
from tte.evaluation.roc import AurocStatus
from tte.evaluation.threshold import MarkerStatus, compare_markers, evaluate_marker, until
from tte.evaluation.threshold_document import RULE_HEAD, finding_entry, rule_rows, summary_head, summary_row
from tte.evaluation.two_by_two import TwoByTwo

evaluate = partial(evaluate_marker, name="x", horizon_day=90.0, n_draws=50, seed=1)


def test_the_landmark_of_the_published_counts_gives_the_published_numbers():
    times, columns = published_counts()
    later, kept = times.from_landmark(28.0)
    found = evaluate(later, columns["log_auc_cl"][kept], given=[THRESHOLD])
    assert (times.n, times.n_events, found.counts.n, found.counts.n_events) == (71, 11, 66, 6)
    assert found.direction == "lower"
    assert found.best is not None
    assert found.best.threshold == pytest.approx(THRESHOLD)
    assert found.best.table == found.given[0].table == TwoByTwo(5, 1, 9, 51)
    shares = found.given[0].accuracy
    assert [round(100 * one.value) for one in (shares.sensitivity, shares.specificity, shares.accuracy)] == [83, 85, 85]
    assert [round(100 * end) for end in shares.accuracy[1:]] == [74, 92]
    assert round(found.given[0].fisher.p, 3) == 0.001
    assert found.given[0].log_rank.p < 0.001


def test_subjects_censored_before_the_horizon_and_without_a_marker_are_counted_and_left_out():
    times = event_times([10.0, 20.0, 50.0, 60.0, 95.0, 95.0, 95.0], [1, 1, 1, 0, 0, 0, 1])
    found = evaluate(times, np.array([1.0, 2.0, np.nan, 0.0, 5.0, 6.0, 7.0]))
    assert found.counts == (5, 2, 1, 1, 0)
    assert found.auroc is not None
    assert found.auroc.area.value == 1.0
    assert found.auroc.status is AurocStatus.SEPARATED
    assert found.auc_at_horizon is not None
    assert found.best is not None
    # The censored subject is in the curves: it is at risk at both events of its group.
    own = until(times.rows(np.array([0, 1, 3, 4, 5, 6])), 90.0)
    is_high = np.array([True, True, True, False, False, False])
    assert found.best.log_rank.p == pytest.approx(log_rank(own, (is_high, ~is_high)).p)


def test_late_entries_are_counted_and_have_no_weighted_area():
    times = event_times([10.0, 20.0, 95.0, 95.0], [1, 1, 0, 0], [0.0, 0.0, 0.0, 15.0])
    found = evaluate(times, np.array([1.0, 2.0, 3.0, 1.5]))
    assert found.counts.n_late == 1
    assert found.auc_at_horizon is None


@pytest.mark.parametrize(
    ("event", "marker", "status"),
    [
        ([0, 0, 0], [1.0, 2.0, 3.0], MarkerStatus.NO_EVENT),
        ([1, 1, 1], [1.0, 2.0, 3.0], MarkerStatus.ALL_EVENTS),
        ([1, 0, 0], [np.nan] * 3, MarkerStatus.NOBODY),
    ],
)
def test_where_nothing_can_be_compared_a_status_says_why(event, marker, status):
    time = [95.0 if not one else 10.0 + k for k, one in enumerate(event)]
    found = evaluate(event_times(time, event), np.array(marker))
    assert found.status is status
    entry = finding_entry(found)
    assert (entry["auroc"], entry["best"], entry["status_text"]) == (None, None, status.value)
    assert len(summary_row({"all": found})) == len(summary_head(["all"]))


def test_a_constant_marker_has_an_area_of_one_half_and_no_threshold():
    found = evaluate(event_times([10.0, 95.0, 95.0], [1, 0, 0]), np.array([2.0, 2.0, 2.0]), given=[1.0])
    assert found.auroc is not None
    assert found.auroc.area.value == 0.5
    assert found.best is None
    assert found.given[0].table.true_positive == 1  # "higher": everybody is at the threshold or above
    entry = finding_entry(found)
    assert entry["youden"]["status"] == "useless"
    assert entry["youden"]["threshold"] is None
    json.dumps(entry, allow_nan=False)


def test_one_event_is_enough_for_all_but_an_interval_of_the_area():
    found = evaluate(event_times([10.0, 95.0, 95.0, 95.0], [1, 0, 0, 0]), np.array([1.0, 2.0, 3.0, 0.5]))
    assert found.auroc is not None
    assert found.auroc.status is AurocStatus.TOO_FEW
    json.dumps(finding_entry(found), allow_nan=False)


def test_a_known_direction_is_kept_even_where_it_is_the_wrong_one():
    times, columns = published_counts()
    found = evaluate(times, columns["log_auc_cl"], direction="higher")
    assert found.auroc is not None
    assert found.auroc.area.value < 0.5
    assert not found.is_free


def test_rows_of_tables_match_their_heads():
    times, columns = published_counts()
    found = evaluate(times, columns["log_auc_cl"], given=[5.0, 6.0])
    rows = list(rule_rows("all", found))
    assert [row[2] for row in rows] == ["best", "given", "given"]
    assert all(len(row) == len(RULE_HEAD) for row in rows)
    summary = dict(zip(summary_head(["all"]), summary_row({"all": found}), strict=True))
    assert summary["all_npv_low"] == found.best.accuracy.npv.low  # type: ignore[union-attr]
    assert summary["all_corrected_j"] == found.drawn.j.corrected  # type: ignore[union-attr]


def test_two_markers_are_compared_where_both_are_known():
    times, columns = published_counts()
    other = columns["cl"].copy()
    other[:3] = np.nan
    tested = compare_markers(times, columns["log_auc_cl"], other, horizon_day=90.0, directions=("lower", "higher"))
    assert tested is not None
    assert tested[1] == 68
    assert (
        compare_markers(times, columns["cl"], np.full(71, np.nan), horizon_day=90.0, directions=("lower", "lower"))
        is None
    )


def test_times_until_a_horizon_have_no_later_event():
    times = until(event_times([50.0, 95.0, 120.0], [1, 1, 0], [0.0, 0.0, 100.0]), 90.0)
    assert times.time_day.tolist() == [50.0, 90.0, 120.0]
    assert times.event.tolist() == [True, False, False]


def test_published_thresholds_are_data_with_their_source():
    one = published_thresholds()[0]
    assert (one.marker, one.value, one.direction, one.sensitivity_pct) == (
        "battat_2021_clearance",
        0.627,
        "higher",
        80.0,
    )
    assert one.doi == "10.1016/j.cgh.2020.03.072"

"""Curves, bands and tests beside lifelines, and identities that only the right conventions meet."""

from __future__ import annotations

import numpy as np
import pytest
from lifelines import KaplanMeierFitter
from lifelines.statistics import multivariate_logrank_test
from scipy.stats import chi2, hypergeom

from tests.tte.estimation.event_data import weibull_times
from tests.tte.evaluation.drawn_times import drawn_times
from tte.data.events import Events, events_of
from tte.evaluation.event_times import Known, event_times
from tte.evaluation.kaplan_meier import (
    censoring_survival,
    kaplan_meier,
    log_rank,
    number_at_risk,
    risk_by,
    stepped,
)
from tte.evaluation.marker_table import times_of_rows


@pytest.mark.parametrize("is_late", [False, True])
def test_curve_and_band_are_those_of_lifelines(is_late):
    times, _ = drawn_times(71, 3, is_late=is_late)
    # lifelines has a subject at risk on the day of its entry, so that its entries are moved behind the day.
    entry = np.where(times.entry_day > 0.0, times.entry_day + 1e-6, 0.0)
    other = KaplanMeierFitter().fit(times.time_day, times.event, entry=entry)
    curve = kaplan_meier(times)
    assert curve.survival == pytest.approx(other.survival_function_at_times(curve.time_day).to_numpy(), abs=1e-12)
    if is_late:
        return
    band = other.confidence_interval_survival_function_
    at = [int(np.flatnonzero(band.index.to_numpy() == day)[0]) for day in curve.time_day]
    seen = band.to_numpy()[at]
    known = curve.survival > 0.0
    assert curve.low[known] == pytest.approx(seen[known, 0], abs=1e-12)
    assert curve.high[known] == pytest.approx(seen[known, 1], abs=1e-12)


@pytest.mark.parametrize("has_entry", [False, True])
def test_curve_and_band_are_those_of_lifelines_with_ties_and_delayed_entry(has_entry):
    time, event, _ = weibull_times(80)
    time = np.ceil(time)
    entry = np.where(np.arange(80) % 3 == 0, np.floor(0.3 * time), 0.0) if has_entry else np.zeros(80)
    ours = kaplan_meier(event_times(time, event, entry))
    theirs = KaplanMeierFitter().fit(time, event, entry=entry if has_entry else None)
    expected = theirs.survival_function_.loc[ours.time_day].to_numpy().ravel()
    assert ours.survival == pytest.approx(expected, abs=1e-12)
    interval = theirs.confidence_interval_.loc[ours.time_day].to_numpy()
    is_inside = ours.survival > 0.0
    assert np.column_stack((ours.low, ours.high))[is_inside] == pytest.approx(interval[is_inside], abs=1e-10)


def test_rows_of_a_counting_process_count_once():
    time, event, _ = weibull_times(50)
    whole = events_of(time, event)
    half = 0.5 * time
    parts = Events(
        whole.ids,
        np.repeat(np.arange(50), 2),
        np.column_stack((np.zeros(50), half)).ravel(),
        np.column_stack((half, time)).ravel(),
        np.column_stack((half, time)).ravel(),
        np.column_stack((np.zeros(50, dtype=np.int64), whole.kind)).ravel(),
    )
    once, twice = kaplan_meier(times_of_rows(whole)), kaplan_meier(times_of_rows(parts))
    assert twice.survival == pytest.approx(once.survival, abs=1e-14)
    assert twice.at_risk.tolist() == once.at_risk.tolist()
    days = np.array([0.0, 3.0, 10.0])
    assert number_at_risk(times_of_rows(parts), days).tolist() == number_at_risk(times_of_rows(whole), days).tolist()


def test_weights_count_subjects_several_times():
    times, _ = drawn_times(30, 5, is_late=True)
    weights = np.random.default_rng(1).integers(0, 4, 30)
    repeated = times.rows(np.repeat(np.arange(30), weights))
    once, often = kaplan_meier(repeated), kaplan_meier(times, weights.astype(float))
    assert often.survival == pytest.approx(once.survival, abs=1e-13)
    assert often.time_day.tolist() == once.time_day.tolist()
    assert [part.tolist() for part in censoring_survival(repeated)][1] == pytest.approx(
        stepped(*censoring_survival(times, weights.astype(float)), censoring_survival(repeated)[0]).tolist()
    )


@pytest.mark.parametrize("seed", range(4))
def test_subjects_weighted_for_censoring_give_the_curve_back(seed):
    times, _ = drawn_times(60, seed)
    days, survival = censoring_survival(times)
    curve = kaplan_meier(times)
    for horizon in (20.0, 45.0, 60.0, 61.0):
        known = times.known_at(horizon)
        weight = 1.0 / stepped(days, survival, times.time_day, is_before=True)
        risk = weight[known == Known.EVENT].sum() / times.n
        free = (known == Known.FREE).sum() / times.n / stepped(days, survival, horizon, is_before=True)
        assert risk == pytest.approx(1.0 - float(curve.at(horizon)), abs=1e-12)
        assert free == pytest.approx(float(curve.at(horizon)), abs=1e-12)


def test_log_rank_is_that_of_lifelines_for_two_and_three_groups():
    times, marker = drawn_times(90, 8)
    for cuts in ([0.0], [-0.5, 0.5]):
        group = np.digitize(marker, cuts)
        masks = [group == k for k in range(len(cuts) + 1)]
        other = multivariate_logrank_test(times.time_day, group, times.event)
        found = log_rank(times, masks)
        assert found.statistic == pytest.approx(other.test_statistic, rel=1e-9)
        assert found.p == pytest.approx(other.p_value, rel=1e-9)
        assert sum(found.observed) == times.n_events == pytest.approx(sum(found.expected))


def test_log_rank_with_delayed_entry_is_the_sum_of_hypergeometric_tables():
    times, marker = drawn_times(50, 2, is_late=True)
    high = marker > 0.0
    difference = variance = 0.0
    for day in np.unique(times.time_day[times.event]):
        at_risk = (times.entry_day < day) & (times.time_day >= day)
        if at_risk.sum() == 1:
            continue  # tells groups apart by nothing
        dead = at_risk & times.event & (times.time_day == day)
        table = hypergeom(int(at_risk.sum()), int((at_risk & high).sum()), int(dead.sum()))
        difference += int((dead & high).sum()) - table.mean()
        variance += table.var()
    found = log_rank(times, [high, ~high])
    assert found.statistic == pytest.approx(difference**2 / variance, rel=1e-10)
    assert found.p == pytest.approx(chi2.sf(difference**2 / variance, 1), rel=1e-10)


def test_without_events_there_is_no_test_and_the_interval_is_not_nothing():
    times = event_times([30.0, 40.0, 90.0, 95.0], [0, 0, 0, 0])
    assert np.isnan(log_rank(times, [np.array([1, 1, 0, 0], bool), np.array([0, 0, 1, 1], bool)]).p)
    found = risk_by(times, 90.0)
    assert (found.value, found.low) == (0.0, 0.0)
    assert found.high == pytest.approx(1.0 - 0.025 ** (1 / 2))


def test_when_all_have_had_the_event_the_interval_has_no_end():
    found = risk_by(event_times([10.0, 20.0], [1, 1]), 30.0)
    assert found.value == 1.0
    assert np.isnan([found.low, found.high]).all()


def test_one_group_alone_and_a_group_of_nobody_have_no_test():
    times, _ = drawn_times(20, 1)
    everyone = np.ones(20, bool)
    assert np.isnan(log_rank(times, [everyone, ~everyone]).p)


def test_numbers_at_risk_count_those_who_entered_before():
    times = event_times([10.0, 20.0, 30.0], [1, 0, 1], [0.0, 15.0, 0.0])
    assert number_at_risk(times, np.array([0.0, 10.0, 15.0, 16.0, 30.0, 31.0])).tolist() == [2, 2, 1, 2, 1, 0]
    later, _ = times.from_landmark(16.0)
    assert number_at_risk(later, np.array([10.0, 16.0, 20.0])).tolist() == [0, 2, 2]

"""Concordance by looking at every pair, and beside lifelines."""

from __future__ import annotations

import numpy as np
import pytest
from lifelines.utils import concordance_index

from pkpd.errors import InputError
from tests.tte.evaluation.drawn_times import drawn_times
from tte.evaluation.concordance import ConcordanceStatus, harrell_c, risk_set_ranks, uno_c
from tte.evaluation.event_times import event_times
from tte.evaluation.kaplan_meier import censoring_survival, stepped


def by_pairs(times, risk, weight):
    """Return concordant weight, tied weight and all, a loop over pairs."""
    sums = np.zeros(3)
    for i in np.flatnonzero(times.event):
        for j in range(times.n):
            day = times.time_day[i]
            stays = times.time_day[j] > day or (times.time_day[j] == day and not times.event[j])
            if stays and times.entry_day[j] < day:
                sums += weight[i] * np.array([risk[i] > risk[j], risk[i] == risk[j], 1.0])
    return sums


@pytest.mark.parametrize("is_late", [False, True])
@pytest.mark.parametrize("seed", range(3))
def test_harrells_c_is_that_of_all_pairs(seed, is_late):
    times, marker = drawn_times(60, seed, is_late=is_late)
    lower, tied, pairs = by_pairs(times, marker, np.ones(60))
    found = harrell_c(times, marker, "higher")
    assert found.c.value == pytest.approx((lower + 0.5 * tied) / pairs, abs=1e-14)
    assert (found.n_pairs, found.n_tied) == (pairs, tied)
    assert harrell_c(times, -marker, "lower").c.value == pytest.approx(found.c.value, abs=1e-14)


def test_harrells_c_is_that_of_lifelines_without_late_entry():
    times, marker = drawn_times(200, 5, is_tied=False)
    other = concordance_index(times.time_day, -marker, times.event)
    assert harrell_c(times, marker, "higher").c.value == pytest.approx(other, abs=1e-12)


def test_unos_c_is_that_of_weighted_pairs():
    times, marker = drawn_times(60, 4)
    horizon = 60.0
    uncensored = stepped(*censoring_survival(times), times.time_day, is_before=True)
    weight = np.where(times.time_day <= horizon, uncensored**-2.0, 0.0)
    lower, tied, pairs = by_pairs(times, marker, weight)
    found = uno_c(times, marker, "higher", horizon_day=horizon)
    assert found.c.value == pytest.approx((lower + 0.5 * tied) / pairs, abs=1e-12)
    plain = by_pairs(times, marker, (times.time_day <= horizon).astype(float))
    assert (found.n_pairs, found.n_tied) == (plain[2], plain[1])


def test_without_censoring_both_are_the_same():
    times, marker = drawn_times(40, 1)
    complete = event_times(times.time_day, np.ones(40))
    one = harrell_c(complete, marker, "higher").c.value
    assert uno_c(complete, marker, "higher", horizon_day=500.0).c.value == pytest.approx(one, abs=1e-14)


def test_subjects_that_count_twice_are_two_subjects():
    times, marker = drawn_times(30, 2, is_late=True)
    counts = np.random.default_rng(3).integers(0, 3, 30)
    rows = np.repeat(np.arange(30), counts)
    often = counts * times.event @ risk_set_ranks(times, marker, counts.astype(float))
    once = risk_set_ranks(times.rows(rows), marker[rows]).sum(axis=0)
    assert often == pytest.approx(once)


def test_the_interval_comes_from_drawn_subjects_and_holds_the_value():
    times, marker = drawn_times(71, 6)
    found = harrell_c(times, marker, "higher", n_draws=200, seed=3)
    assert found.c.low < found.c.value < found.c.high
    assert found == harrell_c(times, marker, "higher", n_draws=200, seed=3)
    assert found != harrell_c(times, marker, "higher", n_draws=200, seed=4)


def test_no_events_one_event_last_of_all_and_a_constant_marker_have_a_status():
    free = event_times([1.0, 2.0, 3.0], [0, 0, 0])
    assert harrell_c(free, np.arange(3.0), "higher").status is ConcordanceStatus.NO_PAIRS
    last = event_times([1.0, 2.0, 3.0], [0, 0, 1])
    assert uno_c(last, np.arange(3.0), "higher", horizon_day=3.0).status is ConcordanceStatus.NO_PAIRS
    same_day = event_times([3.0, 3.0], [1, 1])
    assert harrell_c(same_day, np.arange(2.0), "higher").status is ConcordanceStatus.NO_PAIRS
    constant = harrell_c(event_times([1.0, 2.0], [1, 1]), np.ones(2), "higher")
    assert (constant.status, constant.c.value) == (ConcordanceStatus.CONSTANT, 0.5)


def test_unos_c_needs_everybody_from_one_day_on():
    times = event_times([5.0, 20.0], [1, 1], [0.0, 10.0])
    with pytest.raises(InputError, match="choose a landmark"):
        uno_c(times, np.arange(2.0), "higher", horizon_day=15.0)


def test_a_hundred_thousand_patients_are_as_concordant_as_their_hazards_say():
    """With proportional exponential hazards a pair whose log hazards differ by d is concordant with probability 1/(1 + e^−d)."""
    rng = np.random.default_rng(1)
    marker = rng.standard_normal(100_000)
    times = event_times(rng.exponential(np.exp(-marker)), np.ones(100_000))
    gap = np.abs(marker[:50_000] - marker[50_000:])
    expected, se = (1.0 / (1.0 + np.exp(-gap))).mean(), 0.15 / np.sqrt(50_000)
    assert harrell_c(times, marker, "higher").c.value == pytest.approx(expected, abs=5 * se)

"""NRI and IDI by counting."""

from __future__ import annotations

import numpy as np
import pytest

from pkpd.errors import InputError
from tests.tte.evaluation.drawn_times import drawn_times
from tte.evaluation.censoring_weights import censoring_weights
from tte.evaluation.event_times import event_times
from tte.evaluation.reclassification import reclassification


def test_without_censoring_components_are_shares():
    times = event_times([10.0, 20.0, 30.0, 95.0, 95.0, 95.0, 95.0], [1, 1, 1, 0, 0, 0, 0])
    first = np.array([0.1, 0.3, 0.1, 0.3, 0.3, 0.1, 0.1])
    second = np.array([0.3, 0.3, 0.3, 0.1, 0.1, 0.3, 0.1])
    found = reclassification(times, first, second, cuts=[0.2], horizon_day=90.0)
    assert [one.value for one in (found.up_events, found.down_events, found.up_free, found.down_free)] == pytest.approx(
        [2 / 3, 0.0, 1 / 4, 2 / 4]
    )
    assert found.nri.value == pytest.approx(2 / 3 + 1 / 4)
    assert found.events.tolist() == [[0, 2], [0, 1]]
    assert found.free.tolist() == [[1, 1], [2, 0]]
    assert found.idi_events.value == pytest.approx((second - first)[:3].mean())
    assert found.idi.value == pytest.approx((second - first)[:3].mean() - (second - first)[3:].mean())


def test_censored_subjects_are_stood_for_by_weights():
    times, marker = drawn_times(71, 3)
    first, second = 1 / (1 + np.exp(-0.3 * marker)), 1 / (1 + np.exp(-marker))
    found = reclassification(times, first, second, cuts=[0.4, 0.6], horizon_day=60.0, n_draws=50)
    case, control = censoring_weights(times, 60.0)
    moved = np.sign(np.digitize(second, [0.4, 0.6]) - np.digitize(first, [0.4, 0.6]))
    assert found.nri_events.value == pytest.approx((case * moved).sum() / case.sum())
    assert found.nri_free.value == pytest.approx(-(control * moved).sum() / control.sum())
    assert found.events.sum() + found.free.sum() + found.n_unknown == 71
    assert found.nri.low < found.nri.value < found.nri.high


def test_a_prediction_beside_itself_changes_nothing_and_the_other_way_round_is_minus():
    times, marker = drawn_times(40, 4)
    one, two = 1 / (1 + np.exp(-marker)), 1 / (1 + np.exp(-0.5 * marker))
    assert reclassification(times, one, one, cuts=[0.5], horizon_day=60.0).nri.value == 0.0
    there = reclassification(times, one, two, cuts=[0.3, 0.6], horizon_day=60.0)
    back = reclassification(times, two, one, cuts=[0.3, 0.6], horizon_day=60.0)
    assert (there.nri.value, there.idi.value) == (pytest.approx(-back.nri.value), pytest.approx(-back.idi.value))


def test_without_events_there_is_no_number_and_cuts_must_ascend():
    free = event_times([95.0, 100.0], [0, 0])
    risk = np.array([0.1, 0.3])
    assert np.isnan(reclassification(free, risk, risk, cuts=[0.2], horizon_day=90.0).nri.value)
    for cuts in ([], [0.4, 0.2], [0.0], [1.2]):
        with pytest.raises(InputError, match="expected ascending risks"):
            reclassification(free, risk, risk, cuts=cuts, horizon_day=90.0)

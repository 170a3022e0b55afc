"""What counts as an event time, who is at risk, and what is known at a horizon."""

from __future__ import annotations

import numpy as np
import pytest

from pkpd.errors import InputError
from tte.evaluation.event_times import Known, check_horizon, check_marker, check_risk, check_start, event_times


def test_every_wrong_number_is_named_with_its_subject_and_value():
    with pytest.raises(InputError) as caught:
        event_times([5.0, np.nan, 7.0, -1.0], [0, 1, 2, 0], [0.0, 0.0, 8.0, -2.0])
    assert [str(one) for one in caught.value.problems] == [
        "subject 2: time is nan; expected a day above zero",
        "subject 4: time is -1; expected a day above zero",
        "subject 3: event is 2; expected 0 or 1",
        "subject 4: entry is -2; expected a day from 0 on",
        "subject 3: entry is 8; expected a day before the time, 7",
    ]


@pytest.mark.parametrize(
    ("time", "event", "entry", "words"),
    [([], [], None, "no subject"), ([1.0, 2.0], [1], None, "shapes"), ([1.0], [1], [0.0, 0.0], "shapes")],
)
def test_arrays_that_do_not_match_are_refused(time, event, entry, words):
    with pytest.raises(InputError, match=words):
        event_times(time, event, entry)


def test_a_subject_censored_before_the_horizon_is_unknown_and_one_on_it_is_free():
    times = event_times([90.0, 90.0, 89.0, 89.0, 91.0, 120.0], [0, 1, 0, 1, 1, 0], [0, 0, 0, 0, 0, 95.0])
    expected = [Known.FREE, Known.EVENT, Known.UNKNOWN, Known.EVENT, Known.FREE, Known.UNKNOWN]
    assert times.known_at(90.0).tolist() == expected


def test_a_landmark_leaves_out_events_until_its_day_and_whoever_enters_later():
    times = event_times([27.9, 28.0, 28.5, 28.0, 60.0, 70.0], [1, 1, 1, 0, 0, 1], [0, 0, 0, 0, 29.0, 28.0])
    some, kept = times.from_landmark(28.0)
    assert kept.tolist() == [False, False, True, False, False, True]
    assert some.entry_day.tolist() == [28.0, 28.0]
    assert some.n_events == 2
    assert check_start(some) == 28.0


def test_markers_and_risks_are_checked_with_value_and_subject():
    with pytest.raises(InputError, match="marker: is nan for subject 2"):
        check_marker([1.0, np.nan], 2)
    with pytest.raises(InputError, match="one number for each of 3"):
        check_marker([1.0, 2.0], 3)
    with pytest.raises(InputError, match=r"risk: is 1.2 for subject 1; expected a probability"):
        check_risk([1.2, 0.5], 2)


def test_a_horizon_beyond_observation_and_late_entries_are_refused():
    times = event_times([50.0, 60.0], [1, 0], [0.0, 55.0])
    with pytest.raises(InputError, match="observation ends on day 60"):
        check_horizon(times, 90.0)
    with pytest.raises(InputError, match="expected a day above zero"):
        check_horizon(times, np.inf)
    with pytest.raises(InputError, match="choose a landmark"):
        check_start(times)
    assert check_horizon(event_times([50.0, 60.0], [1, 1]), 90.0) == 90.0

"""Event times from arrays: what is refused, who is left at a landmark, and samples of subjects."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pkpd.errors import InputError
from tte.data.events import EventKind, at_middle, events_of, landmark, resampling_counts, subset


def problems(*arguments, **options):
    with pytest.raises(InputError) as refused:
        events_of(*arguments, **options)
    return [str(problem) for problem in refused.value.problems]


def test_rows_say_what_is_known_of_each_subject():
    events = events_of(
        [5.0, 7.0, 0.0, 3.0],
        [0, 1, 1, 1],
        entry=[1.0, 0.0, 0.0, 3.0],
        upper=[np.nan, np.nan, 4.0, 6.0],
        ids=list("abcd"),
    )
    assert events.kind.tolist() == [EventKind.CENSORED, EventKind.EVENT, EventKind.INTERVAL, EventKind.INTERVAL]
    assert events.start.tolist() == [1.0, 0.0, 0.0, 3.0]
    assert events.upper.tolist() == [5.0, 7.0, 4.0, 6.0]
    assert (events.n_subjects, events.n_events, events.n_rows) == (4, 3, 4)


def test_every_wrong_value_is_named_with_its_row():
    found = problems(
        [-1.0, 0.0, 4.0, 5.0, 6.0, np.nan, 5.0],
        [0, 1, 2, 1, 0, 1, 1],
        entry=[0, 0, 0, 5.0, 7.0, 0, 6.0],
        upper=[np.nan, np.nan, np.nan, 5.0, 9.0, np.nan, 8.0],
    )
    assert found == [
        "row 3, EVENT: is 2; expected 0 (no event) or 1 (event)",
        "row 6, TIME: is nan; expected a finite day",
        "row 1, TIME: is -1; expected a day from 0 on",
        "row 2, TIME: is 0; expected a day after 0: nothing is learned at day 0",
        "row 5, ENTRY: is 7; expected a day before TIME",
        "row 7, ENTRY: is 6; expected a day before TIME",
        "row 4, TIME2: is 5; expected a day after TIME, or nothing for an event on the day itself",
        "row 5, TIME2: is 9; expected nothing where EVENT is 0",
    ]


def test_arrays_of_different_lengths_are_refused():
    assert problems([1.0, 2.0], [1]) == ["event times: 2 times beside 1 other values; expected as many"]


def test_the_landmark_keeps_those_who_are_watched_after_it():
    events = events_of(
        [10.0, 28.0, 40.0, 60.0, 20.0, 20.0, 30.0, 90.0],
        [1, 0, 1, 0, 1, 1, 1, 0],
        upper=[np.nan, np.nan, np.nan, np.nan, 25.0, 35.0, 33.0, np.nan],
        entry=[0, 0, 0, 0, 0, 0, 0, 50.0],
        ids=list("abcdefgh"),
        covariates={"x": np.arange(8.0)},
    )
    found = landmark(events, 28.0)
    assert found.left_out == ("a", "b", "e")
    assert found.unknown == ("f",)
    assert found.events.ids == ("c", "d", "g", "h")
    assert found.events.start.tolist() == [28.0, 28.0, 28.0, 50.0]
    assert found.events.covariates["X"].tolist() == [2.0, 3.0, 6.0, 7.0]
    assert found.sentence() == (
        "Landmark at day 28: 4 subjects with 2 events; 3 left out with the event or last seen by then (a, b, e); "
        "1 left out whose event may lie before or after it (f)."
    )


def test_a_landmark_that_nobody_reaches_is_refused():
    with pytest.raises(InputError, match="nobody is left at day 50; the last is seen on day 9"):
        landmark(events_of([5.0, 9.0], [1, 0]), 50.0)
    with pytest.raises(InputError, match="-1 is no day from 0 on"):
        landmark(events_of([5.0, 9.0], [1, 0]), -1.0)


@given(st.integers(1, 30), st.integers(1, 20))
def test_samples_hold_as_many_subjects_as_there_are(n_subjects, n_samples):
    counts = resampling_counts(n_subjects, n_samples, np.random.default_rng(1))
    assert counts.shape == (n_samples, n_subjects)
    assert (counts.sum(axis=1) == n_subjects).all()
    assert (counts >= 0).all()


def test_a_subset_of_rows_numbers_the_subjects_that_are_left():
    events = events_of([1.0, 2.0, 3.0], [1, 0, 1], ids=["a", "b", "c"])
    kept = subset(events, np.array([True, False, True]))
    assert kept.ids == ("a", "c")
    assert kept.subject.tolist() == [0, 1]


def test_events_in_intervals_move_to_the_middle_and_are_named():
    times = events_of([10.0, 20.0, 30.0], [1, 0, 1], upper=[16.0, np.nan, np.nan], ids=["a", "b", "c"])
    moved, who = at_middle(times)
    assert who == ("a",)
    assert moved.stop.tolist() == [13.0, 20.0, 30.0]
    assert moved.upper.tolist() == moved.stop.tolist()
    assert moved.kind.tolist() == [EventKind.EVENT, EventKind.CENSORED, EventKind.EVENT]

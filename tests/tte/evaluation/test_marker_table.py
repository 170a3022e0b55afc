"""Markers of subjects from the rows of a file of events."""

from __future__ import annotations

import numpy as np
import pytest

from pkpd.errors import InputError
from tte.data.events_file import read_events
from tte.evaluation.marker_table import marker_table


def events_of(tmp_path, text):
    file = tmp_path / "events.csv"
    file.write_text(text)
    return read_events(str(file)).checked()


def test_one_row_for_each_subject_is_taken_as_it_stands(tmp_path):
    table = marker_table(events_of(tmp_path, "ID,TIME,EVENT,ENTRY,X\na,10,1,0,1.5\nb,90,0,3,.\n"), day=0.0)
    assert table.times.time_day.tolist() == [10.0, 90.0]
    assert table.times.entry_day.tolist() == [0.0, 3.0]
    assert table.times.event.tolist() == [True, False]
    assert table.markers["X"][0] == 1.5
    assert np.isnan(table.markers["X"][1])
    assert table.changing == ()


def test_of_a_marker_that_changes_the_value_in_force_on_the_day_is_taken(tmp_path):
    text = "ID,START,STOP,EVENT,X,Y\na,0,20,0,1,7\na,20,60,0,2,7\na,60,90,1,3,7\nb,5,30,0,4,8\n"
    events = events_of(tmp_path, text)
    start, later = marker_table(events, day=0.0), marker_table(events, day=28.0)
    assert start.markers["X"].tolist() == [1.0, 4.0]
    assert later.markers["X"].tolist() == [2.0, 4.0]
    assert marker_table(events, day=20.0).markers["X"].tolist() == [2.0, 4.0]
    assert marker_table(events, day=500.0).markers["X"].tolist() == [3.0, 4.0]
    assert start.changing == ("X",)
    assert start.times.time_day.tolist() == [90.0, 30.0]
    assert start.times.entry_day.tolist() == [0.0, 5.0]


def test_events_known_by_an_interval_and_gaps_are_refused_with_their_subjects(tmp_path):
    with pytest.raises(InputError, match=r"TIME2: gives 1 event by an interval alone \(a\)"):
        marker_table(events_of(tmp_path, "ID,TIME,EVENT,TIME2,X\na,10,1,20,1\nb,90,0,.,2\n"), day=0.0)
    text = "ID,START,STOP,EVENT,X\na,0,20,0,1\na,30,60,1,2\n"
    with pytest.raises(InputError, match=r"START: leaves 1 subject unwatched for some time \(a\)"):
        marker_table(events_of(tmp_path, text), day=0.0)

"""Files of event times: both forms, and one sentence for each problem."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pandas as pd
import pytest

from pkpd.errors import InputError
from tte.data.events import EventKind
from tte.data.events_file import read_events

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def written(tmp_path: Path):
    def write(text: str) -> str:
        file = tmp_path / "events.csv"
        file.write_text(text, encoding="utf-8")
        return str(file)

    return write


def said(path, *covariates):
    """Return the problems of a file, without its folder."""
    return [str(problem).replace(path, "events.csv") for problem in read_events(path, covariates).problems]


def test_one_row_for_each_subject(written):
    path = written("id;Time;event;entry;TIME2;Crp;note\na;5;1;.;;30;x\nb;0;1;;4;12;y\nc;9;0;2;;8;z\n")
    reading = read_events(path)
    events = reading.checked()
    assert events.ids == ("a", "b", "c")
    assert events.kind.tolist() == [EventKind.EVENT, EventKind.INTERVAL, EventKind.CENSORED]
    assert (events.start.tolist(), events.stop.tolist(), events.upper.tolist()) == ([0, 0, 2], [5, 0, 9], [5, 4, 9])
    assert events.covariates["CRP"].tolist() == [30, 12, 8]
    assert reading.notes == ("Column NOTE holds text (line 2: “x”) and is not read.",)


def test_rows_of_a_counting_process_stand_in_the_order_of_time(written):
    path = written("ID,START,STOP,EVENT,X\n1,5,9,1,2\n2,0,4,0,7\n1,0,5,0,1\n2,6,8,0,7\n")
    reading = read_events(path)
    events = reading.checked()
    assert events.subject.tolist() == [0, 0, 1, 1]
    assert events.start.tolist() == [0, 5, 0, 6]
    assert events.covariates["X"].tolist() == [1, 2, 7, 7]
    assert events.last.tolist() == [False, True, False, True]
    assert events.first.tolist() == [True, False, True, False]
    assert reading.notes == ("1 gaps between rows of a subject, in which it counts as not watched.",)


def test_every_problem_is_named_at_once_with_its_line_and_value(written):
    path = written(
        "ID,TIME,EVENT,ENTRY,TIME2,CRP\n"
        "1,0,0,,,5\n2,-3,1,,,6\n3,x,1,,,7\n4,5,2,,,8\n5,5,1,5,,9\n6,5,1,,5,10\n7,5,0,,8,high\n7,6,1,,,\n,4,1,,,3\n8,,1,,,4\n9,inf,1,,,4\n"
    )
    assert said(path, "crp") == [
        "events.csv: line 2, TIME: is 0; expected a day after 0: nothing is learned at day 0",
        "events.csv: line 3, TIME: is -3; expected a day from 0 on",
        "events.csv: line 4, TIME: “x” is not a number; expected days",
        "events.csv: line 5, EVENT: is 2; expected 0 (no event) or 1 (event)",
        "events.csv: line 6, ENTRY: is 5; expected a day before TIME",
        "events.csv: line 7, TIME2: is 5; expected a day after TIME, or nothing for an event on the day itself",
        "events.csv: line 8, CRP: “high” is not a number; the model needs one",
        "events.csv: line 8, TIME2: is 8; expected nothing where EVENT is 0",
        "events.csv: line 9, CRP: is nothing; the model needs a finite number",
        "events.csv: line 9, ID: 7 stands in line 8 already; expected one row for each subject, or START and STOP",
        "events.csv: line 10, ID: is nothing; expected the name of a subject",
        "events.csv: line 11, TIME: is nothing; expected a number",
        "events.csv: line 12, TIME: “inf” is not a number; expected days",
    ]


def test_rows_that_overlap_and_rows_after_an_event_are_refused(written):
    path = written("ID,START,STOP,EVENT\n1,0,5,0\n1,4,9,1\n2,0,3,1\n2,3,6,0\n3,2,2,0\n3,5,4,1\n")
    assert said(path) == [
        "events.csv: line 3, START: 4 lies before STOP 5 of line 2; expected rows of a subject that do not overlap",
        "events.csv: line 5, ID: subject 2 has the event in line 4; expected no row after it",
        "events.csv: line 6, START: is 2; expected a day before STOP",
        "events.csv: line 7, START: is 5; expected a day before STOP",
    ]


def test_missing_columns_and_mixed_forms_are_named(written):
    assert said(written("ID,TIME\n1,2\n"), "AGE") == [
        "events.csv: has no column EVENT; it has ID, TIME",
        "events.csv: has no column AGE; it has ID, TIME",
    ]
    assert said(written("ID,START,STOP,TIME,EVENT\n1,0,2,3,1\n")) == [
        "events.csv: has START or STOP and TIME as well; expected rows ID START STOP EVENT, or ID TIME EVENT"
    ]
    assert said(written("ID,START,STOP,ENTRY,EVENT\n1,0,2,0,1\n")) == [
        "events.csv: has START or STOP and ENTRY as well; START of a subject's first row is its entry: expected rows ID START STOP EVENT, or ID TIME EVENT"
    ]
    (beside,) = said(written("ID,START,STOP,TIME2,EVENT\n1,0,2,3,1\n"))
    assert beside.startswith(
        "events.csv: has START or STOP and TIME2 as well; the covariates between STOP and TIME2 are not known"
    )
    assert beside.endswith("or rows whose event is on the day of STOP")


def test_a_file_without_an_event_is_refused_and_one_without_censoring_noted(written):
    assert said(written("ID,TIME,EVENT\n1,2,0\n")) == [
        "events.csv: holds no event; expected at least one row with EVENT 1"
    ]
    reading = read_events(written("ID,TIME,EVENT\n1,2,1\n2,5,1\n"))
    assert reading.events is not None
    assert reading.notes == ("Every subject has the event; nobody is censored.",)


def test_parquet_is_read_too(tmp_path: Path):
    path = tmp_path / "events.parquet"
    pd.DataFrame({"ID": [1, 2], "TIME": [3.5, 4.0], "EVENT": [True, False], "X": [1, 2]}).to_parquet(path)
    events = read_events(str(path), ["X"]).checked()
    assert (events.ids, events.kind.tolist(), events.covariates["X"].tolist()) == (("1", "2"), [1, 0], [1.0, 2.0])


def test_what_is_no_table_is_refused(tmp_path: Path):
    with pytest.raises(InputError, match=r"expected event times \(CSV or Parquet\)"):
        read_events(str(tmp_path / "nowhere.csv"))
    reading = read_events_of_nothing(tmp_path)
    with pytest.raises(InputError):
        reading.checked()


def read_events_of_nothing(folder: Path):
    (folder / "none.csv").write_text("ID,TIME,EVENT\n1,2,0\n", encoding="utf-8")
    return read_events(str(folder / "none.csv"))


def test_a_covariate_of_categories_is_one_problem_that_says_how_to_write_it(written):
    path = written("ID,TIME,EVENT,SITE,X\n1,5,1,Lyon,1\n2,6,0,Ghent,2\n3,7,1,Lyon,3\n4,8,0,Bonn,1\n")
    (problem,) = said(path, "SITE", "X")
    assert problem.startswith(
        "events.csv: SITE holds text in every row (“Lyon”, “Ghent”, “Bonn”); the model needs numbers"
    )
    assert problem.endswith("give each value but one a column of its own, 1 where it holds and 0 elsewhere")

"""Event times and markers from a file of events, one value of each marker for each subject."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from pkpd.errors import InputError, Problem
from pkpd.wording import counted
from tte.data.events import EventKind
from tte.evaluation.event_times import EventTimes

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from pkpd.arrays import FloatArray, IntArray
    from tte.data.events import Events

_MOST_NAMED = 5


@dataclass(frozen=True, slots=True)
class MarkerTable:
    """Event times with markers.

    Parameters
    ----------
    times : EventTimes
        Of n subjects.
    markers : mapping of str to (n,) array
        By name; NaN where missing.
    changing : tuple of str
        Markers that change within a subject; the value in force on the day is taken.
    """

    times: EventTimes
    markers: Mapping[str, FloatArray]
    changing: tuple[str, ...]


def marker_table(events: Events, *, day: float) -> MarkerTable:
    """Return event times with the values of all covariates that are in force on a day, or when a subject enters later.

    Parameters
    ----------
    events : Events
        Rows of the subjects.
    day : float
        Day; 0 for the start.

    Raises
    ------
    InputError
        Where events are known by an interval alone, or subjects were not watched for some time.
    """
    if problems := tuple(_problems(events)):
        raise InputError(problems)
    first, last = np.flatnonzero(events.first), np.flatnonzero(events.last)
    times = EventTimes(events.stop[last], events.kind[last] == EventKind.EVENT, events.start[first])
    row = _row_in_force(events, first, last, day)
    changing = tuple(name for name, values in events.covariates.items() if _changes(values, events))
    return MarkerTable(times, {name: values[row] for name, values in events.covariates.items()}, changing)


def times_of_rows(events: Events) -> EventTimes:
    """Return the stretches of time of all rows; curves and numbers at risk count them as they count subjects.

    A row is at risk after its start and up to its end, so that rows which follow each other count once. Of an event in an interval only
    the time before it is watched.

    Parameters
    ----------
    events : Events
        Rows of the subjects.
    """
    return EventTimes(events.stop, events.kind == EventKind.EVENT, events.start)


def _row_in_force(events: Events, first: IntArray, last: IntArray, day: float) -> IntArray:
    """Return for each subject the last row that begins on a day or before it, or the first one."""
    begun = np.bincount(events.subject, weights=events.start <= day, minlength=events.n_subjects).astype(np.int64)
    return np.minimum(first + np.maximum(begun - 1, 0), last)


def _changes(values: FloatArray, events: Events) -> bool:
    follows = ~events.first[1:]
    before, after = values[:-1][follows], values[1:][follows]
    return bool(((before != after) & ~(np.isnan(before) & np.isnan(after))).any())


def _problems(events: Events) -> Iterator[Problem]:
    in_interval = np.unique(events.subject[events.kind == EventKind.INTERVAL])
    if in_interval.size:
        message = (
            f"gives {counted(in_interval.size, 'event')} by an interval alone ({_named(events, in_interval)}); curves and tests need a day: where "
            "the landmark and the horizon lie inside no interval, write the day on which each event was found as TIME and leave TIME2 empty"
        )
        yield Problem("TIME2", message)
    follows = ~events.first[1:]
    unwatched = np.unique(events.subject[1:][follows & (events.start[1:] > events.stop[:-1])])
    if unwatched.size:
        message = f"leaves {counted(unwatched.size, 'subject')} unwatched for some time ({_named(events, unwatched)}); expected rows without gaps"
        yield Problem("START", message)


def _named(events: Events, subjects: IntArray) -> str:
    more = f" and {subjects.size - _MOST_NAMED:,} more" if subjects.size > _MOST_NAMED else ""
    named = [events.ids[int(i)] for i in subjects[:_MOST_NAMED]]
    return ", ".join(named) + more

"""When events were found: subjects of one row each as times, an event that is known by an interval being found at its end.

An event between two visits has no day, but it has a visit at which it was found. Times until an event is found are censored like any others,
and whoever has had the event by a day is told by them wherever that day lies inside nobody's interval.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from pkpd.errors import input_error
from pkpd.wording import counted
from tte.data.events import EventKind
from tte.evaluation.event_times import EventTimes

if TYPE_CHECKING:
    from pkpd.arrays import BoolArray, FloatArray
    from tte.data.events import Events

_MOST_NAMED = 5


def found_times(events: Events) -> EventTimes:
    """Return the times until the event is found of subjects with one row each.

    Raises
    ------
    InputError
        For rows of a counting process, since covariates after an event are not known, and for intervals of subjects who enter on different
        days.
    """
    if events.n_rows != events.n_subjects:
        found = f"hold {events.n_rows:,} rows of {counted(events.n_subjects, 'subject')}"
        why = "what becomes of a subject depends on its covariates after its last row, which are not known"
        raise input_error("event times", f"{found}; {why}: expected one row for each subject")
    if is_interval(events).any() and np.ptp(events.start) > 0.0:
        ends = f"from day {events.start.min():g} to day {events.start.max():g}"
        message = f"have intervals (TIME2) of subjects who enter on different days, {ends}; expected one day of entry for all, as with --landmark"
        raise input_error("event times", message)
    return EventTimes(events.upper, np.asarray(events.kind != EventKind.CENSORED), events.start)


def is_interval(events: Events) -> BoolArray:
    """Return which events are known by an interval, (n_rows,)."""
    return np.asarray(events.kind == EventKind.INTERVAL)


def spans(events: Events, days: FloatArray) -> BoolArray:
    """Return which days lie inside an interval, so that somebody is not known to have had the event by then or not."""
    own = is_interval(events)
    inside = (events.stop[own, None] < days) & (days < events.upper[own, None])
    return np.asarray(inside.any(axis=0))


def check_known_at(events: Events, horizon_day: float) -> None:
    """Refuse a horizon inside an interval.

    Raises
    ------
    InputError
        With whose intervals these are, and the nearest days before and after that lie in none.
    """
    if not spans(events, np.array([horizon_day]))[0]:
        return
    inside = is_interval(events) & (events.stop < horizon_day) & (horizon_day < events.upper)
    rows = np.flatnonzero(inside)
    who = ", ".join(events.ids[int(events.subject[i])] for i in rows[:_MOST_NAMED].tolist())
    more = f" and {rows.size - _MOST_NAMED:,} more" if rows.size > _MOST_NAMED else ""
    ends = np.unique(np.concatenate([events.stop[is_interval(events)], events.upper[is_interval(events)]]))
    known = ends[~spans(events, ends) & (ends > events.start.min())]
    near = [f"{day:g}" for day in (*known[known < horizon_day][-1:], *known[known > horizon_day][:1])]
    cure = (
        f"expected a day inside no interval, such as {' or '.join(near)}"
        if near
        else "expected a day inside no interval"
    )
    message = f"day {horizon_day:g} lies inside the interval of subject {who}{more}, of whom it is not known whether the event came by then; {cure}"
    raise input_error("--horizon", message)

"""Visits of simulated subjects: on which days they are examined, and what is then known of an event between two of them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from pkpd.errors import input_error
from tte.evaluation.found_events import is_interval

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pkpd.arrays import BoolArray, FloatArray
    from tte.data.events import Events


def visits_of(events: Events, asked: Sequence[float] = ()) -> tuple[float, ...]:
    """Return the days on which subjects of simulated studies are examined; none where every event is known exactly.

    Parameters
    ----------
    events : Events
        What was seen.
    asked : sequence of float
        Days of visits, in any order; the ends of the intervals where there are none.

    Raises
    ------
    InputError
        For one that is no day above 0, and for intervals that overlap where no days are given: then the visits were not the same for all.
    """
    own = is_interval(events)
    if not own.any():
        return ()
    wrong = [day for day in asked if not (np.isfinite(day) and day > 0.0)]
    if wrong:
        raise input_error("--visit", f"{wrong[0]:g} is no day of a visit; expected days above 0")
    if asked:
        return tuple(sorted({float(day) for day in asked}))
    ends = np.unique(np.concatenate([events.stop[own], events.upper[own]]))
    within = (events.stop[own, None] < ends) & (ends < events.upper[own, None])
    if within.any():
        i, k = (int(place[0]) for place in np.nonzero(within))
        row = int(np.flatnonzero(own)[i])
        where = f"from day {events.stop[row]:g} to day {events.upper[row]:g}"
        message = (
            f"hold an interval {where} (subject {events.ids[row]}) with the end of another inside, on day {ends[k]:g}, so that the visits of "
            "simulated subjects are not known; expected --visit DAY for each day on which subjects were to be examined"
        )
        raise input_error("event times", message)
    return tuple(ends[ends > 0.0].tolist())


def examined(
    happened: FloatArray, ended: FloatArray, entry: FloatArray, visits: FloatArray, is_exact: BoolArray
) -> tuple[FloatArray, FloatArray]:
    """Return what is known of subjects who are examined at visits and on their last day.

    Parameters
    ----------
    happened, ended, entry : (n,) arrays
        Days of the event, of the end of observation, and of entry, from which on a subject is free of the event.
    visits : (k,) array
        Days of visits, ascending.
    is_exact : (n,) array
        Whose event is known by its day.

    Returns
    -------
    free_until, by : (n,) arrays
        As ``tte.evaluation.turnbull.turnbull`` takes them.
    """
    is_seen = happened <= ended
    days = np.concatenate(([-np.inf], visits, [np.inf]))
    place = np.searchsorted(days, happened, side="left")
    before, after = np.maximum(days[place - 1], entry), np.minimum(days[place], ended)
    free = np.where(is_seen, np.where(is_exact, happened, before), ended)
    return free, np.where(is_seen, np.where(is_exact, happened, after), np.inf)

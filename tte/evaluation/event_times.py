"""Times to an event as arrays, who is under observation when, and what is known of each subject at a horizon."""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum
from typing import TYPE_CHECKING

import numpy as np

from pkpd.errors import InputError, Problem, input_error
from pkpd.wording import counted

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import ArrayLike

    from pkpd.arrays import BoolArray, FloatArray, IntArray

_MOST_NAMED = 20


class Known(IntEnum):
    """What is known of a subject at a horizon."""

    FREE = 0
    EVENT = 1
    UNKNOWN = -1


@dataclass(frozen=True, slots=True)
class EventTimes:
    """Times to an event, right-censored and possibly left-truncated.

    A subject is at risk on day t where entry < t ≤ time. Of an event and a censoring on the same day the event comes first.

    Parameters
    ----------
    time_day : (n,) array
        Day of the event or of the end of observation.
    event : (n,) array
        Whether it is an event.
    entry_day : (n,) array
        Day from which on the subject is under observation, 0 usually.
    """

    time_day: FloatArray
    event: BoolArray
    entry_day: FloatArray

    @property
    def n(self) -> int:
        """Return the number of subjects."""
        return self.time_day.size

    @property
    def n_events(self) -> int:
        """Return the number of events."""
        return int(self.event.sum())

    def rows(self, kept: BoolArray | IntArray) -> EventTimes:
        """Return some of the subjects, by mask or by number."""
        return EventTimes(self.time_day[kept], self.event[kept], self.entry_day[kept])

    def known_at(self, horizon_day: float) -> IntArray:
        """Return a ``Known`` for each subject: event on or before the horizon, free of it after that day, or censored before.

        A subject that is censored on the horizon itself has been free of the event until then; one that enters later says nothing.
        """
        is_case = self.event & (self.time_day <= horizon_day)
        is_free = ~is_case & (self.time_day >= horizon_day) & (self.entry_day < horizon_day)
        return np.select([is_case, is_free], [int(Known.EVENT), int(Known.FREE)], int(Known.UNKNOWN)).astype(np.int64)

    def is_at_risk_after(self, landmark_day: float) -> BoolArray:
        """Return who is under observation on the landmark and free of the event beyond it."""
        return (self.time_day > landmark_day) & (self.entry_day <= landmark_day)

    def from_landmark(self, landmark_day: float) -> tuple[EventTimes, BoolArray]:
        """Return the subjects at risk after a landmark, which is their entry, and which they are."""
        kept = self.is_at_risk_after(landmark_day)
        start = np.full(int(kept.sum()), landmark_day)
        return EventTimes(self.time_day[kept], self.event[kept], start), kept


def event_times(time_day: ArrayLike, event: ArrayLike, entry_day: ArrayLike | None = None) -> EventTimes:
    """Return checked times to an event.

    Parameters
    ----------
    time_day, event : (n,) array-likes
        Days above zero; 0 and 1, or booleans.
    entry_day : (n,) array-like, optional
        Days before those of the events; 0 where left out.

    Raises
    ------
    InputError
        With every subject whose numbers cannot be used, subjects being counted from 1.
    """
    time = np.asarray(time_day, dtype=np.float64)
    happened = np.asarray(event, dtype=np.float64)
    entry = np.zeros_like(time) if entry_day is None else np.asarray(entry_day, dtype=np.float64)
    if time.ndim != 1 or time.shape != happened.shape or time.shape != entry.shape:
        shapes = f"{time.shape}, {happened.shape} and {entry.shape}"
        raise input_error(
            "event times", f"have the shapes {shapes}; expected one number for each subject in all of them"
        )
    if not time.size:
        raise input_error("event times", "hold no subject; expected at least one")
    problems = tuple(_problems(time, happened, entry))
    if problems:
        raise InputError(problems[:_MOST_NAMED])
    return EventTimes(time, happened == 1.0, entry)


def check_marker(marker: ArrayLike, n: int, *, place: str = "marker") -> FloatArray:
    """Return a marker, or predicted risks, as one finite number for each subject.

    Raises
    ------
    InputError
        With the first value that is none.
    """
    values = np.asarray(marker, dtype=np.float64)
    if values.shape != (n,):
        raise input_error(
            place, f"has the shape {values.shape}; expected one number for each of {counted(n, 'subject')}"
        )
    wrong = np.flatnonzero(~np.isfinite(values))
    if wrong.size:
        i = int(wrong[0])
        raise input_error(
            place, f"is {values[i]:g} for subject {i + 1}; expected a finite number, leave such subjects out"
        )
    return values


def check_risk(risk: ArrayLike, n: int, *, place: str = "risk") -> FloatArray:
    """Return predicted risks as probabilities.

    Raises
    ------
    InputError
        With the first value that is none.
    """
    values = check_marker(risk, n, place=place)
    wrong = np.flatnonzero((values < 0.0) | (values > 1.0))
    if wrong.size:
        i = int(wrong[0])
        raise input_error(place, f"is {values[i]:g} for subject {i + 1}; expected a probability from 0 to 1")
    return values


def check_horizon(times: EventTimes, horizon_day: float) -> float:
    """Return a horizon that somebody is known at.

    Raises
    ------
    InputError
        Where it is not after the start, or nobody is under observation so long and no event decides.
    """
    if not (np.isfinite(horizon_day) and horizon_day > 0.0):
        raise input_error("horizon", f"is {horizon_day:g}; expected a day above zero")
    last = float(times.time_day.max())
    if last < horizon_day and not times.event[times.time_day == last].all():
        raise input_error(
            "horizon", f"is day {horizon_day:g}, but observation ends on day {last:g}; expected a day up to that"
        )
    return float(horizon_day)


def check_start(times: EventTimes) -> float:
    """Return the day on which everybody's observation begins, as weights for censoring need it.

    Raises
    ------
    InputError
        Where somebody enters after somebody else's observation has ended.
    """
    start, first = float(times.entry_day.max()), float(times.time_day.min())
    if start >= first:
        message = (
            f"day {start:g} is somebody's, after the end of another's observation on day {first:g}; weights for censoring need "
            "everybody from one day on: choose a landmark"
        )
        raise input_error("entry", message)
    return start


def _problems(time: FloatArray, happened: FloatArray, entry: FloatArray) -> Iterator[Problem]:
    for i in np.flatnonzero(~(np.isfinite(time) & (time > 0.0))).tolist():
        yield Problem(f"subject {i + 1}", f"time is {time[i]:g}; expected a day above zero")
    for i in np.flatnonzero((happened != 0.0) & (happened != 1.0)).tolist():
        yield Problem(f"subject {i + 1}", f"event is {happened[i]:g}; expected 0 or 1")
    for i in np.flatnonzero(~(np.isfinite(entry) & (entry >= 0.0))).tolist():
        yield Problem(f"subject {i + 1}", f"entry is {entry[i]:g}; expected a day from 0 on")
    for i in np.flatnonzero(np.isfinite(entry) & np.isfinite(time) & (entry >= time)).tolist():
        yield Problem(f"subject {i + 1}", f"entry is {entry[i]:g}; expected a day before the time, {time[i]:g}")

"""Event times as arrays, one row for each stretch of time that a subject was watched with the same covariates."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from enum import IntEnum
from typing import TYPE_CHECKING

import numpy as np

from pkpd.errors import InputError, Problem
from pkpd.wording import counted
from tte.kernels import codes

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from numpy.typing import ArrayLike

    from pkpd.arrays import BoolArray, FloatArray, IntArray

_MOST_NAMED = 5


class EventKind(IntEnum):
    """What is known at the end of a row."""

    CENSORED = codes.RIGHT_CENSORED
    """Free of the event at `stop`; nothing more is known, or the subject's next row goes on."""
    EVENT = codes.EVENT
    """The event at `stop`."""
    INTERVAL = codes.INTERVAL
    """Free of the event at `stop`; the event between `stop` and `upper`."""


@dataclass(frozen=True, slots=True)
class Events:
    """Event times of some subjects; their rows stand together and in the order of time.

    Parameters
    ----------
    ids : tuple of str
        Subjects, in the order of the file.
    subject : (n_rows,) array
        Whose each row is.
    start, stop : (n_rows,) arrays
        From when to when the subject was watched [day]; ``start`` is 0 unless the subject came under observation later, and equals ``stop``
        where nothing is known before an interval.
    upper : (n_rows,) array
        End of the interval that the event lies in [day]; ``stop`` where there is none.
    kind : (n_rows,) array
        An `EventKind` each.
    covariates : dict of str to (n_rows,) array
        By name in capital letters; NaN where missing.
    """

    ids: tuple[str, ...]
    subject: IntArray
    start: FloatArray
    stop: FloatArray
    upper: FloatArray
    kind: IntArray
    covariates: Mapping[str, FloatArray] = field(default_factory=dict[str, "FloatArray"])

    @property
    def n_subjects(self) -> int:
        """Return the number of subjects."""
        return len(self.ids)

    @property
    def n_rows(self) -> int:
        """Return the number of rows."""
        return self.kind.size

    @property
    def n_events(self) -> int:
        """Return the number of events, those known by an interval included."""
        return int((self.kind != EventKind.CENSORED).sum())

    @property
    def last(self) -> BoolArray:
        """Return which rows are the last of their subject."""
        return np.append(self.subject[1:] != self.subject[:-1], True)

    @property
    def first(self) -> BoolArray:
        """Return which rows are the first of their subject."""
        return np.insert(self.subject[1:] != self.subject[:-1], 0, True)


EVENT_COLUMNS = ("ID", "TIME", "EVENT")
"""Head of a file of event times with one row for each subject."""


def event_rows(events: Events) -> Iterator[tuple[object, ...]]:
    """Yield event times of subjects with one row each, watched from day 0 on, as the rows of a file."""
    for name, stop, kind in zip(events.ids, events.stop.tolist(), events.kind.tolist(), strict=True):
        yield name, f"{stop:.10g}", int(kind == EventKind.EVENT)


def events_of(
    time: ArrayLike,
    event: ArrayLike,
    *,
    entry: ArrayLike | None = None,
    upper: ArrayLike | None = None,
    covariates: Mapping[str, ArrayLike] | None = None,
    ids: Sequence[str] | None = None,
) -> Events:
    """Return event times of subjects with one row each.

    Parameters
    ----------
    time : (n,) array
        Day of the event or of the last sight; for an event in an interval, its beginning (0: any time before ``upper``).
    event : (n,) array
        1 or true for an event.
    entry : (n,) array, optional
        Day on which the subject came under observation, 0 otherwise.
    upper : (n,) array, optional
        End of the interval; NaN for an event on the day itself.
    covariates : mapping of str to (n,) array, optional
        By name.
    ids : sequence of str, optional
        Names; 1, 2, … otherwise.

    Raises
    ------
    InputError
        With every problem, rows counted from 1.
    """
    stop = np.asarray(time, dtype=np.float64)
    n = stop.size
    is_event = np.asarray(event, dtype=np.float64)
    start = np.zeros(n) if entry is None else np.asarray(entry, dtype=np.float64)
    end = np.full(n, np.nan) if upper is None else np.asarray(upper, dtype=np.float64)
    columns = {name.upper(): np.asarray(values, dtype=np.float64) for name, values in (covariates or {}).items()}
    names = tuple(map(str, range(1, n + 1))) if ids is None else tuple(ids)
    if unequal := [
        size for size in (is_event.size, start.size, end.size, len(names), *map(len, columns.values())) if size != n
    ]:
        raise InputError([Problem("event times", f"{n} times beside {unequal[0]} other values; expected as many")])
    if faults := tuple(row_faults(start, stop, is_event, end)):
        raise InputError(
            Problem(f"row {row + 1}, {name}", f"is {value:g}; {expected}")
            for name, where, expected, values in faults
            for row, value in ((int(row), values[row]) for row in np.flatnonzero(where))
        )
    kind = np.where(is_event == 1.0, np.where(np.isnan(end), EventKind.EVENT, EventKind.INTERVAL), EventKind.CENSORED)
    return Events(names, np.arange(n), start, stop, np.where(np.isnan(end), stop, end), kind.astype(np.int64), columns)


def row_faults(
    start: FloatArray,
    stop: FloatArray,
    event: FloatArray,
    upper: FloatArray,
    names: tuple[str, str, str, str] = ("ENTRY", "TIME", "EVENT", "TIME2"),
) -> Iterator[tuple[str, BoolArray, str, FloatArray]]:
    """Yield what is wrong with rows: the column, which rows, what was expected, and the values.

    Parameters
    ----------
    start, stop, event, upper : (n,) arrays
        As `events_of` takes them.
    names : tuple of str
        What the four are called.
    """
    entry, time, happened, end = names
    is_interval = ~np.isnan(upper)
    is_from_start = is_interval & (stop == start)
    checks = (
        (happened, (event != 0.0) & (event != 1.0), "expected 0 (no event) or 1 (event)", event),
        (time, ~np.isfinite(stop), "expected a finite day", stop),
        (time, stop < 0.0, "expected a day from 0 on", stop),
        (time, (stop == 0.0) & ~is_interval, "expected a day after 0: nothing is learned at day 0", stop),
        (entry, ~np.isfinite(start), "expected a finite day", start),
        (entry, start < 0.0, "expected a day from 0 on", start),
        (entry, (start >= stop) & (stop > 0.0) & ~is_from_start, f"expected a day before {time}", start),
        (entry, (start > stop) & is_interval & (stop == 0.0), f"expected a day before {time}", start),
        (end, is_interval & ~np.isfinite(upper), "expected a finite day, or nothing", upper),
        (end, upper <= stop, f"expected a day after {time}, or nothing for an event on the day itself", upper),
        (end, is_interval & (event == 0.0), "expected nothing where EVENT is 0", upper),
    )
    for name, where, expected, values in checks:
        if where.any():
            yield name, where, expected, values


@dataclass(frozen=True, slots=True)
class Landmark:
    """Those who are free of the event and still watched at a landmark.

    Parameters
    ----------
    day : float
        The landmark [day].
    events : Events
        Subjects that are left, from the day on; the day is their entry.
    left_out : tuple of str
        Subjects with the event, or last seen, on the day or before.
    unknown : tuple of str
        Subjects whose event may lie before the day or after it, left out as well.
    """

    day: float
    events: Events
    left_out: tuple[str, ...]
    unknown: tuple[str, ...]

    def sentence(self) -> str:
        """Return who was left out, in words."""
        said = (
            f"Landmark at day {self.day:g}: {counted(self.events.n_subjects, 'subject')} with {counted(self.events.n_events, 'event')}; "
            f"{len(self.left_out):,} left out with the event or last seen by then{_named(self.left_out)}"
        )
        if self.unknown:
            said += f"; {len(self.unknown):,} left out whose event may lie before or after it{_named(self.unknown)}"
        return f"{said}."


def landmark(events: Events, day: float) -> Landmark:
    """Return those who are free of the event and still watched at a day, which becomes their entry.

    The event, or the last sight, on the day itself counts as before: nothing is learned after it.

    Raises
    ------
    InputError
        For a day that is negative or not finite, or after which nobody is left.
    """
    if not (np.isfinite(day) and day >= 0.0):
        raise InputError([Problem("landmark", f"{day:g} is no day from 0 on")])
    last = np.flatnonzero(events.last)
    until, is_interval = events.stop[last], events.kind[last] == EventKind.INTERVAL
    is_unknown = is_interval & (until < day) & (events.upper[last] > day)
    is_out = np.where(is_interval, events.upper[last] <= day, until <= day)
    is_left = ~is_out & ~is_unknown
    if not is_left.any():
        raise InputError(
            [Problem("landmark", f"nobody is left at day {day:g}; the last is seen on day {until.max():g}")]
        )
    is_kept = is_left[events.subject] & ((events.stop > day) | (events.kind == EventKind.INTERVAL))
    kept = subset(events, is_kept)
    moved = Events(
        kept.ids, kept.subject, np.maximum(kept.start, day), kept.stop, kept.upper, kept.kind, kept.covariates
    )
    out = tuple(events.ids[i] for i in np.flatnonzero(is_out))
    return Landmark(day, moved, out, tuple(events.ids[i] for i in np.flatnonzero(is_unknown)))


def at_middle(events: Events) -> tuple[Events, tuple[str, ...]]:
    """Return event times in which an event that is known by an interval lies in the middle of it, and whose these are.

    Parameters
    ----------
    events : Events
        Event times.
    """
    is_interval = events.kind == EventKind.INTERVAL
    middle = np.where(is_interval, 0.5 * (events.stop + events.upper), events.stop)
    moved = replace(events, stop=middle, upper=middle, kind=np.where(is_interval, int(EventKind.EVENT), events.kind))
    return moved, tuple(events.ids[int(i)] for i in events.subject[is_interval])


def subset(events: Events, is_kept: BoolArray) -> Events:
    """Return some rows; subjects without any leave."""
    subject = events.subject[is_kept]
    has_row = np.zeros(events.n_subjects, dtype=bool)
    has_row[subject] = True
    place: IntArray = np.cumsum(has_row) - 1
    return Events(
        ids=tuple(name for name, is_there in zip(events.ids, has_row.tolist(), strict=True) if is_there),
        subject=place[subject],
        start=events.start[is_kept],
        stop=events.stop[is_kept],
        upper=events.upper[is_kept],
        kind=events.kind[is_kept],
        covariates={name: values[is_kept] for name, values in events.covariates.items()},
    )


def resampling_counts(n_subjects: int, n_samples: int, rng: np.random.Generator) -> IntArray:
    """Return how often each sample of as many subjects, drawn with replacement, holds each subject.

    Parameters
    ----------
    n_subjects, n_samples : int
        Subjects, and samples.
    rng : Generator
        What draws.

    Returns
    -------
    (n_samples, n_subjects) array
        Each row adds up to ``n_subjects``.
    """
    return rng.multinomial(n_subjects, np.full(n_subjects, 1.0 / n_subjects), size=n_samples).astype(np.int64)


def _named(ids: Sequence[str]) -> str:
    if not ids:
        return ""
    more = f" and {len(ids) - _MOST_NAMED:,} more" if len(ids) > _MOST_NAMED else ""
    return f" ({', '.join(ids[:_MOST_NAMED])}{more})"

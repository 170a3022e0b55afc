"""Dates and times of day as they are written on a ward, and their days since the first infusion.

A day is a number of days after the *start*, the moment of the first infusion, in local time; a clock that was put forward
or back in between is not accounted for, since nobody reads drug charts that way.
"""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, time, timedelta

from dosing_app.language import Message, message

_ISO = re.compile(r"(\d{4})-(\d{1,2})-(\d{1,2})", re.ASCII)
_POINTS = re.compile(r"(\d{1,2})\.\s?(\d{1,2})\.\s?(\d{4})", re.ASCII)
_SLASHES = re.compile(r"\d{1,4}/\d{1,2}/\d{1,4}", re.ASCII)
_CLOCK = re.compile(r"(?:[T\s,]+|^)(\d{1,2})[:.](\d{2})(?::\d{2})?(?:\s?(?:Uhr|h))?$", re.ASCII)
_MIDNIGHT = time()
_MINUTE = timedelta(minutes=1)
_LONGEST = 40


def read_moment(text: str, *, clock: time = _MIDNIGHT) -> datetime | Message:
    """Read a date with or without a time of day.

    Parameters
    ----------
    text : str
        ``2026-01-12``, ``2026-01-12 08:30``, ``2026-01-12T08:30``, ``12.01.2026 8:30``.
    clock : datetime.time
        The time of day of a date without one.

    Returns
    -------
    datetime or Message
        Or what is wrong. Dates with slashes are refused, since day and month may stand in either order.
    """
    written = text.strip()
    shown = written if len(written) <= _LONGEST else written[: _LONGEST - 1] + "…"
    if _SLASHES.match(written):
        return message("moment.slashes", text=shown)
    found = _ISO.match(written) or _POINTS.match(written)
    if not found:
        return message("moment.no_date", text=shown)
    first, month, last = (int(part) for part in found.groups())
    year, day = (first, last) if found.re is _ISO else (last, first)
    rest = written[found.end() :]
    at = _CLOCK.match(rest)
    if rest.strip() and not at:
        return message("moment.no_time", text=shown)
    try:
        return datetime.combine(date(year, month, day), time(int(at[1]), int(at[2])) if at else clock, UTC)
    except ValueError:
        return message("moment.impossible", text=shown)


def read_clock(text: str) -> time | Message:
    """Read a time of day alone: ``08:30``, ``8.30``."""
    at = _CLOCK.match(text.strip())
    if at and int(at[1]) < 24 and int(at[2]) < 60:
        return time(int(at[1]), int(at[2]))
    return message("moment.no_clock", text=text.strip()[:_LONGEST])


def day_of(moment: datetime, start: datetime) -> float:
    """Return the days from the start to a moment."""
    return (moment - start) / timedelta(days=1)


def moment_text(day: float, start: datetime) -> str:
    """Return the date of a day, with its time of day where that is not the one of the start, to the minute."""
    moment = start + timedelta(days=day)
    seconds = timedelta(seconds=moment.second, microseconds=moment.microsecond)
    moment += (_MINUTE if seconds >= _MINUTE / 2 else timedelta()) - seconds
    return f"{moment:%Y-%m-%d}" if moment.time() == start.time() else f"{moment:%Y-%m-%d %H:%M}"

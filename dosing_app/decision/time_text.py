"""Dates and times of day as they are written on a ward, and their days since the first infusion.

A day is a number of days after the *start*, the moment of the first infusion, in local time; a clock that was put forward
or back in between is not accounted for, since nobody reads drug charts that way.
"""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, time, timedelta

from dosing_app.language import Message, message

_ISO = re.compile(r"(\d{4})-(\d{1,2})-(\d{1,2})", re.ASCII)
_POINTS = re.compile(r"(\d{1,2})\.\s?(\d{1,2})\.\s?(\d{4}|\d{2})(?!\d)", re.ASCII)
_NAMED = re.compile(r"(\d{1,2})\.?[\s-]+([^\W\d_]{3,9})\.?[\s,-]+(\d{4})", re.IGNORECASE)
_NO_YEAR = re.compile(r"(\d{1,2})\.\s?(\d{1,2})\.?", re.ASCII)
_SERIAL = re.compile(r"[3-6]\d{4}([.,]\d+)?", re.ASCII)
# First letters of the months in English and German; together they are told apart by the first three.
_MONTHS = {
    **dict(
        zip(
            ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"],
            range(1, 13),
            strict=True,
        )
    ),
    "mär": 3,
    "mrz": 3,
    "mai": 5,
    "okt": 10,
    "dez": 12,
}
_CENTURY = 2000
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
        ``2026-01-12``, ``2026-01-12 08:30``, ``2026-01-12T08:30``, ``12.01.2026 8:30``, ``12.01.26``, ``12 Jan 2026``.
    clock : datetime.time
        The time of day of a date without one.

    Returns
    -------
    datetime or Message
        Or what is wrong. Dates with slashes are refused, since day and month may stand in either order; so are those
        without a year, and a spreadsheet's serial numbers.
    """
    written = text.strip()
    shown = written if len(written) <= _LONGEST else written[: _LONGEST - 1] + "…"
    if _SLASHES.match(written):
        return message("moment.slashes", text=shown)
    found = _ISO.match(written) or _POINTS.match(written) or _named(written)
    if not found:
        return _no_date(written, shown)
    year, month, day = _parts(found)
    rest = written[found.end() :]
    at = _CLOCK.match(rest)
    if rest.strip() and not at:
        return message("moment.no_time", text=shown)
    try:
        return datetime.combine(date(year, month, day), time(int(at[1]), int(at[2])) if at else clock, UTC)
    except ValueError:
        return message("moment.impossible", text=shown)


def is_day_and_month(text: str) -> bool:
    """Return whether a text may be a day and a month without a year, such as 11.01, which is also a number."""
    found = _NO_YEAR.fullmatch(text.strip())
    return found is not None and 1 <= int(found[1]) <= 31 and 1 <= int(found[2]) <= 12 and len(found[2]) > 1


def _named(written: str) -> re.Match[str] | None:
    found = _NAMED.match(written)
    return found if found and found[2][:3].lower() in _MONTHS else None


def _parts(found: re.Match[str]) -> tuple[int, int, int]:
    """Return year, month and day."""
    first, middle, last = found.groups()
    if found.re is _ISO:
        return int(first), int(middle), int(last)
    if found.re is _NAMED:
        return int(last), _MONTHS[middle[:3].lower()], int(first)
    return int(last) + (_CENTURY if len(last) == 2 else 0), int(middle), int(first)


def _no_date(written: str, shown: str) -> Message:
    if _NO_YEAR.fullmatch(written):
        return message("moment.no_year", text=shown)
    if _SERIAL.fullmatch(written):
        return message("moment.serial", text=shown)
    return message("moment.no_date", text=shown)


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
    """Return the date of a day, with its time of day where that is not the one of the start, to the minute.

    Nothing where the calendar has no such day: a day may be typed that no case can have.
    """
    try:
        moment = start + timedelta(days=day)
    except OverflowError:
        return ""
    seconds = timedelta(seconds=moment.second, microseconds=moment.microsecond)
    moment += (_MINUTE if seconds >= _MINUTE / 2 else timedelta()) - seconds
    return f"{moment:%Y-%m-%d}" if moment.time() == start.time() else f"{moment:%Y-%m-%d %H:%M}"

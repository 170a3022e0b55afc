"""Dates and times of HL7 FHIR resources, and the days of a case that they fall on."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta, timezone
from typing import TYPE_CHECKING

from dosing_app.decision.fhir_faults import RefusedError
from dosing_app.language import message

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

# The years are those of a case's start_date; the fraction of a second may have any number of digits.
_DATE_TIME = re.compile(
    r"((?:19|20|21)\d\d-\d\d-\d\d)(?:T(\d\d:\d\d(?::\d\d(?:\.\d+)?)?)(Z|[+-](?:0\d|1[0-4]):[0-5]\d)?)?", re.ASCII
)
_PARTIAL = re.compile(r"\d{4}(-\d\d)?", re.ASCII)
_DAY = timedelta(days=1)
_DECIMALS = 5  # of a day or an hour, less than a second of either


@dataclass(frozen=True, slots=True)
class Moment:
    """A date, with a time of day or without.

    Parameters
    ----------
    on : date
        The date as written, in the time zone of the writer.
    at : time or None
        The time of day; None where only the date is known.
    offset : timezone or None
        The offset of the time of day; None where none is written.
    """

    on: date
    at: time | None = None
    offset: timezone | None = None


@dataclass(frozen=True, slots=True)
class Clock:
    """How the moments of one bundle become days since the first infusion.

    Parameters
    ----------
    start : Moment
        Start of the first infusion, which is day 0.
    usual : time or None
        The time of day that stands for a moment without one: that of the first infusion with a time. None where no
        infusion has one; days are then differences of dates.
    zone : timezone
        What a time without an offset is in: the offset of that infusion.
    """

    start: Moment
    usual: time | None
    zone: timezone

    def day_of(self, moment: Moment) -> float:
        """Return the day of a moment, to the second; negative before the first infusion.

        A moment of the first infusion's own time of day, or without one, falls on a whole day.
        """
        if self.usual is None:
            return float((moment.on - self.start.on).days)
        passed = _instant(moment, self.usual, self.zone) - _instant(self.start, self.usual, self.zone)
        # Adding 0.0 makes the zero of a rounded negative number a plain one.
        return round(passed / _DAY, _DECIMALS) + 0.0


def clock_for(infusions: Sequence[Moment], zone: timezone) -> Clock:
    """Return the clock whose day 0 is the start of the first infusion.

    Parameters
    ----------
    infusions : sequence of Moment
        Starts of all infusions, at least one, in any order.
    zone : timezone
        What the time of the first infusion is in where it has no offset.
    """
    timed = [moment for moment in infusions if moment.at is not None]
    if not timed:
        return Clock(min(infusions, key=lambda moment: moment.on), None, zone)
    first = min(timed, key=lambda moment: _instant(moment, time(), zone))
    usual, own_zone = first.at or time(), first.offset or zone
    return Clock(min(infusions, key=lambda moment: _instant(moment, usual, own_zone)), usual, own_zone)


def zone_of(moments: Iterable[Moment]) -> timezone:
    """Return the first offset that is written, or that of coordinated universal time."""
    return next((moment.offset for moment in moments if moment.offset is not None), UTC)


def read_moment(text: str) -> Moment:
    """Read a date or a date-time of FHIR.

    Parameters
    ----------
    text : str
        ``2026-01-05`` or ``2026-01-05T10:30:00+01:00``; seconds and offset may be missing.

    Raises
    ------
    RefusedError
        No date of the years 1900 to 2199, or one without a day.
    """
    if _PARTIAL.fullmatch(text):
        raise RefusedError(message("fhir.date_without_day"))
    found = _DATE_TIME.fullmatch(text)
    try:
        if found:
            on, at, offset = found.groups()
            moment = datetime.fromisoformat(f"{on}T{at or '00:00'}{offset or ''}")
            zone = timezone(moment.utcoffset() or timedelta()) if offset else None
            return Moment(moment.date(), moment.time() if at else None, zone)
    except ValueError:
        pass
    raise RefusedError(message("fhir.date_unreadable"))


def hours_between(start: Moment, end: Moment) -> float | None:
    """Return the hours from one moment to another, or None where one of them has no time of day."""
    if start.at is None or end.at is None:
        return None
    zone = zone_of((start, end))
    passed = _instant(end, end.at, zone) - _instant(start, start.at, zone)
    return round(passed / timedelta(hours=1), _DECIMALS)


def _instant(moment: Moment, usual: time, zone: timezone) -> datetime:
    return datetime.combine(moment.on, moment.at or usual, moment.offset or zone)

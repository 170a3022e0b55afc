"""When somebody was observed: only then does it mean something that a record is not there."""

from __future__ import annotations

from datetime import date, timedelta
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

    from crohns_srs.omop.records import Period

_NEXT = timedelta(days=1)


def observed_since(periods: Iterable[Period], index: date, gap_days: int) -> tuple[date | None, str]:
    """Return the day since when somebody was observed without a break up to the index date.

    Parameters
    ----------
    periods : iterable of Period
        Records of observation_period; those that end before they start are passed over.
    index : date
        Index date.
    gap_days : int
        How long before it observation may have ended [day].

    Returns
    -------
    (date or None, str)
        The day, or None and why there is none.
    """
    usable = sorted((one.start, one.end) for one in periods if one.start and one.end and one.start <= one.end)
    joined: list[tuple[date, date]] = []
    for start, end in usable:
        if joined and start <= _after(joined[-1][1]):
            joined[-1] = (joined[-1][0], max(joined[-1][1], end))
        else:
            joined.append((start, end))
    before = [one for one in joined if one[0] <= index]
    if not joined:
        return None, "there is no observation period"
    if not before:
        return None, f"observation begins on {joined[0][0]}, after the index date"
    start, end = before[-1]
    if (index - end).days > gap_days:
        return None, f"observation ended on {end}, before the index date"
    return start, ""


def _after(day: date) -> date:
    return day if day == date.max else day + _NEXT

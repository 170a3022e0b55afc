"""When somebody was observed: only then does it mean something that a record is not there."""

from __future__ import annotations

from datetime import date, timedelta
from typing import TYPE_CHECKING

from crohns_srs.omop.reason import said

if TYPE_CHECKING:
    from collections.abc import Iterable

    from crohns_srs.omop.reason import Said
    from crohns_srs.omop.records import Period

_NEXT = timedelta(days=1)


def observed_since(periods: Iterable[Period], index: date, gap_days: int) -> date | Said:
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
    date or Said
        The day, or why there is none.
    """
    recorded = tuple(periods)
    usable = sorted((one.start, one.end) for one in recorded if one.start and one.end and one.start <= one.end)
    joined: list[tuple[date, date]] = []
    for start, end in usable:
        if joined and start <= _after(joined[-1][1]):
            joined[-1] = (joined[-1][0], max(joined[-1][1], end))
        else:
            joined.append((start, end))
    before = [one for one in joined if one[0] <= index]
    if not joined:
        return said("observed.unusable" if recorded else "observed.never")
    if not before:
        return said("observed.later", start=joined[0][0])
    start, end = before[-1]
    if (index - end).days > gap_days:
        return said("observed.ended", end=end)
    return start


def _after(day: date) -> date:
    return day if day == date.max else day + _NEXT

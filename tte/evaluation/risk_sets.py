"""Sums over the subjects at risk on each of some days."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from pkpd.arrays import FloatArray
    from tte.evaluation.event_times import EventTimes


def sums_at_risk(times: EventTimes, columns: FloatArray, days: FloatArray) -> FloatArray:
    """Return sums over the subjects with entry < day ≤ time.

    Parameters
    ----------
    times : EventTimes
        Of n subjects.
    columns : (n, m) array
        What is summed.
    days : (k,) array
        Days.

    Returns
    -------
    (k, m) array
    """
    found = sums_from(times.time_day, columns, days)
    # Most data have no late entry, and then this is half of the work.
    return (
        found - sums_from(times.entry_day, columns, days)
        if times.entry_day.max() >= days.min(initial=np.inf)
        else found
    )


def sums_from(at: FloatArray, columns: FloatArray, days: FloatArray) -> FloatArray:
    """Return sums over those whose day is one of some days or later, (k, m); columns are (n, m)."""
    order = np.argsort(at, kind="stable")
    from_there = np.cumsum(columns[order][::-1], axis=0)[::-1]
    ending = np.concatenate([from_there, np.zeros((1, columns.shape[1]))])
    return ending[np.searchsorted(at[order], days, side="left")]

"""Day-time translation: clock times and dates as hours since an individual's first record.

Rules: NONMEM Users Guide IV, II.C.2, and help on TIME, DATE and $DATA. One colon in TIME, or a date item, makes every time of the file
a clock time. NM-TRAN writes the hours with two digits behind the point, or as many as TRANSLATE asks for; so are they rounded here.
"""

from __future__ import annotations

import datetime as dt
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from nonmem_ref.dataset.cell_numbers import cell_number, column_numbers
from nonmem_ref.dataset.faults import shown_cell
from pkpd.data.arrow import pc
from pkpd.units import hours_from_clock, hours_from_days

if TYPE_CHECKING:
    from collections.abc import Callable

    from nonmem_ref.dataset.faults import Faults
    from nonmem_ref.dataset.options import Translation
    from pkpd.arrays import BoolArray, FloatArray, IntArray

_CLOCK = re.compile(r"(-?)(\d+):(\d{1,2})(?::(\d{1,2}(?:\.\d*)?))?")
_DATE_PARTS = re.compile(r"[^0-9]+")
_DAY = re.compile(r"[+-]?\d+")
# Where day, month and year stand in each kind of date, of three parts and of two.
_ORDER = {"DATE": ("mdy", "md"), "DAT1": ("dmy", "dm"), "DAT2": ("ymd", "md"), "DAT3": ("ydm", "dm")}
# "If year is omitted, the year is assumed to be year 0, which is not a leap year"; Python's years begin with 1, no leap year either.
_NO_YEAR = 1
_DIGITS = 2
_LATEST_MINUTE = 59


@dataclass(frozen=True, slots=True)
class Dates:
    """The cells of a date item.

    Parameters
    ----------
    label : str
        DATE, DAT1, DAT2 or DAT3: the order of day, month and year.
    column : array
        Arrow array of strings.
    last_year_of_2000s : int
        Years of one or two digits up to it are of the 2000s.
    """

    label: str
    column: Any
    last_year_of_2000s: int


def is_clock(column: Any) -> bool:  # noqa: ANN401 - an Arrow array
    """Return whether any cell of a column has a colon."""
    return bool(pc.any(pc.match_substring(column, ":")).as_py())


def clock_hours(column: Any, null: float, name: str, lines: IntArray, faults: Faults) -> FloatArray:  # noqa: ANN401
    """Return clock times (hh:mm, hh:mm:ss or a number of hours) in hours.

    Parameters
    ----------
    column : array
        Arrow array of strings.
    null : float
        What a null cell becomes.
    name : str
        Name of the data item, for messages.
    lines : (n,) array
        Line of each record.
    faults : Faults
        Where cells that are no times are noted.

    Returns
    -------
    (n,) array
        Hours; not a number where there is no time.
    """
    values, wrong = column_numbers(column, null)
    found = _by_text(column, wrong, _clock_time)
    values[wrong] = found
    _note(wrong[np.isnan(found)], column, name, lines, faults, "a time as hh:mm, hh:mm:ss or hours")
    return values


def relative_times(
    hours: FloatArray, dates: Dates | None, is_origin: BoolArray, lines: IntArray, faults: Faults
) -> FloatArray:
    """Return times since the last record that is an origin, in hours, before they are rounded.

    Parameters
    ----------
    hours : (n,) array
        Clock times.
    dates : Dates or None
        Dates, where the file has them.
    is_origin : (n,) array
        Which records are translated to time 0: the first of each individual, and resets.
    lines : (n,) array
        Line of each record.
    faults : Faults
        Where dates that are none are noted.
    """
    if dates is not None:
        every = np.arange(lines.size)
        days = _by_text(dates.column, every, lambda text: _day(text, dates.label, dates.last_year_of_2000s))
        parts = _by_text(dates.column, every, lambda text: float(len(_date_parts(text))))
        kind = f"a {dates.label} of one to three parts ({'-'.join(_ORDER[dates.label][0])})"
        _note(np.flatnonzero(np.isnan(days)), dates.column, dates.label, lines, faults, kind)
        differs = np.concatenate(([False], np.diff(parts) != 0)) & ~is_origin
        expected = "has more or fewer parts than the date before; expected all dates of an individual alike"
        faults.add_rows(differs, lines, dates.label, lambda row: f"{shown_cell(dates.column[row].as_py())} {expected}")
        hours = hours + hours_from_days(1.0) * days
    origin = np.maximum.accumulate(np.where(is_origin, np.arange(lines.size), 0))
    return hours - hours[origin]


def written(values: FloatArray, translation: Translation | None, *, is_translated: bool) -> FloatArray:
    """Return times or intervals as NM-TRAN writes them into the data set of NONMEM.

    Parameters
    ----------
    values : (n,) array
        Hours, or numbers as they were.
    translation : Translation or None
        What they are divided by.
    is_translated : bool
        Whether they come from clock times.
    """
    if translation is not None:
        return np.round(values / translation.factor, translation.digits)
    return np.round(values, _DIGITS) if is_translated else values


def _by_text(column: Any, rows: IntArray, meaning: Callable[[str], float | None]) -> FloatArray:  # noqa: ANN401
    """Return what the cells of some rows mean, each different text looked at once."""
    codes = column.take(rows).dictionary_encode()
    values = [meaning(str(text)) for text in codes.dictionary.to_pylist()]
    known = np.array([np.nan if value is None else value for value in values], dtype=np.float64)
    return known[codes.indices.to_numpy(zero_copy_only=False)] if rows.size else np.empty(0)


def _note(rows: IntArray, column: Any, name: str, lines: IntArray, faults: Faults, expected: str) -> None:  # noqa: ANN401
    where = np.zeros(lines.size, dtype=bool)
    where[rows] = True
    faults.add_rows(where, lines, name, lambda row: f"is {shown_cell(column[row].as_py())}; expected {expected}")


def _clock_time(text: str) -> float | None:
    found = _CLOCK.fullmatch(text)
    if found is None or int(found[3]) > _LATEST_MINUTE or float(found[4] or 0) >= _LATEST_MINUTE + 1:
        return None
    hours = hours_from_clock(float(found[2]), float(found[3]), float(found[4] or 0))
    return -hours if found[1] else hours


def _date_parts(text: str) -> list[str]:
    if _DAY.fullmatch(text):
        return [text]
    return _DATE_PARTS.split(text)


def _day(text: str, label: str, last_year_of_2000s: int) -> float | None:
    """Return the number of a day, or None where a text is no date."""
    parts = _date_parts(text)
    if len(parts) == 1:
        return cell_number(text) if _DAY.fullmatch(text) else None
    if len(parts) > 3 or not all(part.isdecimal() and len(part) <= 4 for part in parts):
        return None
    given = dict(zip(_ORDER[label][3 - len(parts)], map(int, parts), strict=True))
    year = _NO_YEAR
    if "y" in given:
        digits = len(parts[_ORDER[label][0].index("y")])
        year = given["y"] if digits > 2 else given["y"] + (2000 if given["y"] <= last_year_of_2000s else 1900)
    try:
        return float(dt.date(year, given["m"], given["d"]).toordinal())
    except ValueError:
        return None

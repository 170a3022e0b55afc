"""From a file, $INPUT and $DATA to columns of numbers as NONMEM gets them, or to everything that is wrong with them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from nonmem_ref.dataset.cell_numbers import LONGEST_CELL, column_numbers, too_long
from nonmem_ref.dataset.cells import read_cells
from nonmem_ref.dataset.choice import kept_records
from nonmem_ref.dataset.clock import Dates, clock_hours, is_clock, relative_times, written
from nonmem_ref.dataset.events import (
    OBSERVATION,
    RESET,
    RESET_DOSE,
    check_events,
    event_types,
    missing_values,
    number_text,
)
from nonmem_ref.dataset.faults import Faults, shown_cell
from nonmem_ref.dataset.items import DATES
from nonmem_ref.dataset.options import DataOptions
from pkpd.data.arrow import pc
from pkpd.errors import InputError, input_error

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from typing import Any

    from nonmem_ref.dataset.items import DataItem
    from pkpd.arrays import FloatArray, IntArray
    from pkpd.errors import Problem


@dataclass(frozen=True, slots=True)
class Dataset:
    """Records as NONMEM gets them.

    Parameters
    ----------
    file : str
        Name of the file.
    columns : mapping of str to (n_records,) array
        Numbers by name; the two names of a synonym share theirs. Items that are dropped are not among them, EVID and MDV are
        among them whether $INPUT names them or not. Units are those of the file; TIME is relative where it was clock time.
    labels : tuple of str
        Names in the order of $INPUT, of a synonym the one that is not reserved (as NONMEM prints them), then what was generated.
    lines : (n_records,) array
        Line of the file that each record stands in, from 1.
    individual : (n_records,) array
        Number of the individual that each record is of, from 0: records of one ID that follow each other.
    names : tuple of str
        Name of each individual: its ID; where that comes back later, with ``#2``, ``#3``, … behind it.
    """

    file: str
    columns: Mapping[str, FloatArray]
    labels: tuple[str, ...]
    lines: IntArray
    individual: IntArray
    names: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class DatasetReading:
    """What was read.

    Parameters
    ----------
    dataset : Dataset or None
        The records; None where there are problems.
    problems : tuple of Problem
        What NM-TRAN or PREDPP would refuse: the first places, each with line, column, value and expectation, and how many more.
    notes : tuple of str
        What was assumed, in one sentence each.
    """

    dataset: Dataset | None
    problems: tuple[Problem, ...]
    notes: tuple[str, ...]


def read_dataset(
    path: str, items: Sequence[DataItem], options: DataOptions | None = None, *, has_events: bool = True
) -> DatasetReading:
    """Read a data set.

    Parameters
    ----------
    path : str
        The file of $DATA.
    items : sequence of DataItem
        Of $INPUT.
    options : DataOptions, optional
        Of $DATA.
    has_events : bool
        Whether PREDPP reads the records ($PK): then EVID and MDV are generated where they are missing, and events are checked. With
        $PRED they are what $INPUT says, and times may be in any order.

    Returns
    -------
    DatasetReading
        The records, or what is wrong with them.
    """
    chosen = options or DataOptions()
    faults = Faults(path)
    try:
        return _read(path, items, chosen, faults, has_events=has_events)
    except InputError as error:
        return DatasetReading(None, (*faults.problems(), *error.problems), ())


def _read(
    path: str, items: Sequence[DataItem], options: DataOptions, faults: Faults, *, has_events: bool
) -> DatasetReading:
    # Of two items of one name the one that is not dropped is meant.
    ordered = sorted(enumerate(items), key=lambda one: not one[1].is_dropped)
    place_of = {name: i for i, item in ordered for name in item.names}
    kept_items = {name for item in items if not item.is_dropped for name in item.names}
    needed = ("ID", "TIME", "DV") if has_events else ("ID", "DV")
    lacking = [name for name in needed if name not in kept_items]
    if lacking:
        raise input_error(
            path, f"$INPUT has no {' and no '.join(lacking)}; expected {', '.join(needed)} among its items"
        )
    cells = read_cells(path, len(items), options, faults)
    kept = np.flatnonzero(kept_records(cells, place_of, options, faults))
    if not kept.size:
        said = faults.problems()
        raise (
            InputError(said) if said else input_error(path, f"no record is left of {cells.lines.size:,}; expected data")
        )
    texts, lines = [column.take(kept) for column in cells.columns], cells.lines[kept]
    columns = _numbers(items, texts, options, lines, faults)
    is_first = np.concatenate(([True], np.diff(columns["ID"]) != 0.0))
    notes: list[str] = []
    if "TIME" in columns:
        resets = np.isin(columns["EVID"], (RESET, RESET_DOSE)) if has_events and "EVID" in columns else False
        date = next((name for name in place_of if name in DATES), None)
        dates = None if date is None else Dates(date, texts[place_of[date]], options.last_year_of_2000s)
        has_colon = is_clock(texts[place_of["TIME"]])
        if dates is not None or has_colon:
            columns["TIME"] = relative_times(columns["TIME"], dates, is_first | resets, lines, faults)
        if dates is not None and not has_colon:
            notes.append(f"{dates.label} makes TIME clock times in hours, though no cell of it has a colon.")
        columns["TIME"] = written(columns["TIME"], options.time, is_translated=dates is not None or has_colon)
    generated: tuple[str, ...] = ()
    if has_events:
        generated = tuple(name for name in ("EVID", "MDV") if name not in columns)
        columns["EVID"] = event_types(columns, lines.size)
        columns["MDV"] = missing_values(columns, columns["EVID"])
        check_events(columns, is_first, lines, faults)
    problems = faults.problems()
    if problems:
        return DatasetReading(None, problems, ())
    names = _names(columns["ID"][is_first])
    notes += _notes(columns, lines, cells.short[np.isin(cells.short, lines)], names)
    labels = (*(item.names[-1] for item in items if not item.is_dropped), *generated)
    for item in items:
        if not item.is_dropped:
            columns |= dict.fromkeys(item.names, columns[item.names[0]])
    individual = np.cumsum(is_first) - 1
    return DatasetReading(Dataset(path, columns, labels, lines, individual, names), (), tuple(notes))


def _numbers(
    items: Sequence[DataItem], texts: Sequence[Any], options: DataOptions, lines: IntArray, faults: Faults
) -> dict[str, FloatArray]:
    """Return the items that are not dropped as numbers, by their first name; clock times are hours."""
    columns: dict[str, FloatArray] = {}
    for item, text in zip(items, texts, strict=True):
        if item.is_dropped:
            continue
        name = item.names[0]
        if name in {"TIME", "II"} and is_clock(text):
            values = clock_hours(text, options.null, name, lines, faults)
        else:
            values, wrong = column_numbers(text, options.null)
            # A line of names, of which nobody has said that it is none of the records.
            hint = "; IGNORE=@ leaves out lines that begin with a letter" if name == "ID" and 0 in wrong[:1] else ""
            _note_cells(wrong, text, name, lines, faults, f"a number, or a point for null{hint}")
        _note_cells(too_long(text), text, name, lines, faults, f"at most {LONGEST_CELL} characters in a cell")
        if name == "II":
            values = _intervals(values, text, options)
        if options.missing:
            values = np.where(np.isin(values, options.missing), 0.0, values)
        columns[name] = values
    return columns


def _intervals(values: FloatArray, text: Any, options: DataOptions) -> FloatArray:  # noqa: ANN401 - an Arrow array
    """Return II as NM-TRAN writes it: cells with a colon are rounded, others only where they are divided."""
    if options.interval is not None:
        return written(values, options.interval, is_translated=False)
    has_colon = pc.match_substring(text, ":").to_numpy(zero_copy_only=False)
    return np.where(has_colon, written(values, None, is_translated=True), values)


def _note_cells(rows: IntArray, text: Any, name: str, lines: IntArray, faults: Faults, expected: str) -> None:  # noqa: ANN401
    where = np.zeros(lines.size, dtype=bool)
    where[rows] = True
    faults.add_rows(where, lines, name, lambda row: f"is {shown_cell(text[row].as_py())}; expected {expected}")


def _names(ids: FloatArray) -> tuple[str, ...]:
    """Return a name for each individual, numbered where its ID was there before."""
    seen: dict[float, int] = {}
    names: list[str] = []
    for number in ids.tolist():
        seen[number] = seen.get(number, 0) + 1
        times = seen[number]
        names.append(number_text(number) if times == 1 else f"{number_text(number)}#{times}")
    return tuple(names)


def _notes(columns: Mapping[str, FloatArray], lines: IntArray, short: IntArray, names: Sequence[str]) -> list[str]:
    """Return what was assumed of a data set in which nothing is wrong."""
    notes: list[str] = []
    if short.size:
        notes.append(
            f"{_counted(short.size, 'record')} before the last item of $INPUT (first: line {short[0]}): null there."
        )
    again = [name for name in names if "#" in name]
    if again:
        who = "1 individual has" if len(again) == 1 else f"{len(again):,} individuals have"
        notes.append(f"{who} an ID that was there before (first: {again[0]}); each counts as a new one.")
    if {"EVID", "DV"} <= columns.keys():
        ignored = np.flatnonzero((columns["EVID"] != OBSERVATION) & (columns["DV"] != 0.0))
        if ignored.size:
            where = (
                "1 record that is no observation" if ignored.size == 1 else f"{ignored.size:,} records that are none"
            )
            notes.append(f"DV is ignored in {where} (first: line {lines[ignored[0]]}).")
    return notes


def _counted(n: int, what: str) -> str:
    return f"1 {what} ends" if n == 1 else f"{n:,} {what}s end"

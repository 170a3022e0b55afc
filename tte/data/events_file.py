"""From the columns of a file of event times to `Events`, or to every problem with its line.

One row for each subject, ID TIME EVENT and where given ENTRY and TIME2 (the event lies between TIME and TIME2; TIME 0: at any time before
TIME2), or rows ID START STOP EVENT of a counting process, one for each stretch with the same covariates; every other column is a covariate.
Times are days. Names count in upper or lower case; an empty cell, a point and NA are null.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from pkpd.data.cohort_table import CohortTable, cell, in_order_of_lines, numbers, problem_at, read_table, texts
from pkpd.errors import InputError, Problem
from tte.data.events import EventKind, Events, row_faults

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pkpd.arrays import BoolArray, FloatArray, IntArray

_ONE_ROW = ("ID", "TIME", "EVENT")
_PROCESS = ("ID", "START", "STOP", "EVENT")
_OPTIONAL = ("ENTRY", "TIME2")
_ONE_FORM = "expected rows ID START STOP EVENT, or ID TIME EVENT"
_BESIDE_PROCESS = {
    "TIME": _ONE_FORM,
    "ENTRY": f"START of a subject's first row is its entry: {_ONE_FORM}",
    "TIME2": "the covariates between STOP and TIME2 are not known, so that an event between them has no likelihood: expected one row ID TIME EVENT "
    "TIME2 for each subject, or rows whose event is on the day of STOP",
}
_MOST_SHOWN, _MOST_KINDS = 1000, 5
# A covariate beyond is a mistake of the file, and its powers are no numbers.
_LARGEST = 1e12
_EXPECTED = {
    "EVENT": "1 for the event, 0 for none",
    **dict.fromkeys(("TIME", "TIME2", "ENTRY", "START", "STOP"), "days"),
}


@dataclass(frozen=True, slots=True)
class EventsReading:
    """What a file of event times says.

    Parameters
    ----------
    table : CohortTable
        The file.
    events : Events or None
        The event times; None where there are problems.
    problems : tuple of Problem
        Everything that is wrong, each with its line and column.
    notes : tuple of str
        What a reader should know, in one sentence each.
    """

    table: CohortTable
    events: Events | None
    problems: tuple[Problem, ...]
    notes: tuple[str, ...]

    def checked(self) -> Events:
        """Return the event times of a file without a problem.

        Raises
        ------
        InputError
            With every problem of the file.
        """
        if self.events is None:
            raise InputError(self.problems[:_MOST_SHOWN])
        return self.events


def read_events(
    path: str, covariates: Sequence[str] = (), *, is_estimated: bool = True, needs_event: bool = True
) -> EventsReading:
    """Read event times.

    Parameters
    ----------
    path : str
        A CSV or Parquet file.
    covariates : sequence of str
        Names of those that a model uses: they must be there, numeric and without gaps.
    is_estimated : bool
        Whether their effects are estimated: then they must differ between rows.
    needs_event : bool
        Whether a file without any event is refused.

    Raises
    ------
    InputError
        Where the file cannot be read as a table at all.
    """
    table = read_table(path, "event times")
    is_process = "STOP" in table.columns or "START" in table.columns
    used = [name.upper() for name in covariates]
    missing = tuple(_missing(table, used))
    if faults := tuple(_column_faults(table, is_process=is_process)):
        return EventsReading(table, None, (*faults, *missing, *table.faults), ())
    reader = _Reader(table, is_process=is_process, used=[name for name in used if name in table.columns])
    problems = (*missing, *reader.problems(is_estimated=is_estimated, needs_event=needs_event))
    events = None if problems else reader.events()
    if events is not None:
        reader.note(events)
    return EventsReading(table, events, problems, tuple(reader.notes))


def _missing(table: CohortTable, names: Sequence[str]) -> list[Problem]:
    found = ", ".join(table.columns)
    return [Problem(table.file, f"has no column {name}; it has {found}") for name in names if name not in table.columns]


def _column_faults(table: CohortTable, *, is_process: bool) -> list[Problem]:
    faults = _missing(table, _PROCESS if is_process else _ONE_ROW)
    if is_process:
        faults += [
            Problem(table.file, f"has START or STOP and {name} as well; {_BESIDE_PROCESS[name]}")
            for name in ("TIME", *_OPTIONAL)
            if name in table.columns
        ]
    return faults


class _Reader:
    """The columns of one file as arrays, and what is wrong with them."""

    def __init__(self, table: CohortTable, *, is_process: bool, used: Sequence[str]) -> None:
        self.table = table
        self.is_process = is_process
        self.used = used
        self.notes: list[str] = []
        self.faults: list[Problem] = list(table.faults)
        self.names = ("START", "STOP", "EVENT", "TIME2") if is_process else ("ENTRY", "TIME", "EVENT", "TIME2")
        defaults = (0.0, np.nan, np.nan, np.nan)
        self.start, self.stop, self.event, self.upper = map(self._column, self.names, defaults)
        if "ENTRY" in table.columns:
            self.start = np.nan_to_num(self.start, nan=0.0)
        codes = texts(table, "ID").dictionary_encode()
        self.subject: IntArray = codes.indices.to_numpy(zero_copy_only=False).astype(np.int64)
        self.ids = tuple(str(name) for name in codes.dictionary.to_pylist())
        self.order: IntArray = np.lexsort((self.start, self.subject))
        self.covariates = self._covariates(used)

    def _column(self, name: str, default: float) -> FloatArray:
        if name not in self.table.columns:
            return np.full(self.table.n_rows, default)
        values, wrong = numbers(self.table, name)
        values = np.array(values)
        for row in wrong.tolist():
            self._fault(
                row, name, f"“{cell(self.table, name, row)}” is not a number; expected {_EXPECTED.get(name, 'one')}"
            )
        if name not in _OPTIONAL:
            is_missing = np.isnan(values)
            is_missing[wrong] = False
            self._each(is_missing, name, "is {value}; expected a number")
        return values

    def _covariates(self, used: Sequence[str]) -> dict[str, FloatArray]:
        """Return the columns of covariates; one that holds text and that no model asks for is passed over."""
        found: dict[str, FloatArray] = {}
        for name in self.table.columns:
            if name in (*_ONE_ROW, *_PROCESS, *_OPTIONAL):
                continue
            values, wrong = numbers(self.table, name)
            if name not in used:
                if wrong.size:
                    line = int(self.table.line[int(wrong[0])])
                    text = cell(self.table, name, int(wrong[0]))
                    self.notes.append(f"Column {name} holds text (line {line}: “{text}”) and is not read.")
                else:
                    found[name] = values
                continue
            if 1 < wrong.size == self.table.n_rows:
                self._note_category(name)
                continue
            for row in wrong.tolist():
                self._fault(row, name, f"“{cell(self.table, name, row)}” is not a number; the model needs one")
            is_missing = ~np.isfinite(values)
            is_missing[wrong] = False
            self._each(is_missing, name, "is {value}; the model needs a finite number")
            is_beyond = np.abs(values) > _LARGEST
            self._each(
                is_beyond & ~is_missing,
                name,
                f"is {{value}}; expected a number of a patient, at most {_LARGEST:g} in size",
            )
            found[name] = values
        return found

    def _note_category(self, name: str) -> None:
        """Note a column without a number, which is one mistake and not one of each row."""
        kinds = list(dict.fromkeys(cell(self.table, name, row) for row in range(self.table.n_rows)))
        more = f" and {len(kinds) - _MOST_KINDS:,} more" if len(kinds) > _MOST_KINDS else ""
        shown = ", ".join(f"“{kind}”" for kind in kinds[:_MOST_KINDS])
        message = (
            f"{name} holds text in every row ({shown}{more}); the model needs numbers: give each value but one a column of its own, "
            "1 where it holds and 0 elsewhere"
        )
        self.faults.append(Problem(self.table.file, message))

    def _fault(self, row: int, name: str, message: str) -> None:
        self.faults.append(problem_at(self.table, int(row), name, message))

    def _each(self, where: BoolArray, name: str, message: str) -> None:
        """Note a problem of every row of some, its cell shown as {value}."""
        for row in np.flatnonzero(where).tolist():
            self._fault(row, name, message.format(value=cell(self.table, name, row) or "nothing"))

    def problems(self, *, is_estimated: bool, needs_event: bool) -> tuple[Problem, ...]:
        """Return everything that is wrong, in the order of the lines."""
        if is_estimated:
            self._check_constant()
        is_nameless = texts(self.table, "ID").to_numpy(zero_copy_only=False) == ""
        self._each(is_nameless, "ID", "is {value}; expected the name of a subject")
        is_known = ~np.isnan(self.stop) & ~np.isnan(self.event) & ~np.isnan(self.start)
        for name, where, expected, _ in row_faults(self.start, self.stop, self.event, self.upper, self.names):
            shown = name if name in self.table.columns else "TIME"
            self._each(where & is_known, shown, f"is {{value}}; {expected}")
        if self.is_process:
            self._check_process(is_known)
        else:
            self._check_once()
        if needs_event and not self.faults and not (self.event == 1.0).any():
            self.faults.append(Problem(self.table.file, "holds no event; expected at least one row with EVENT 1"))
        return in_order_of_lines(self.faults)

    def _check_constant(self) -> None:
        for name in self.used:
            values = self.covariates.get(name)
            if values is None:
                continue
            if (values == values[0]).all():
                message = (
                    f"{name} is {values[0]:g} in every row; expected different values, for its effect to be estimated"
                )
                self.faults.append(Problem(self.table.file, message))

    def _check_once(self) -> None:
        first = np.unique(self.subject, return_index=True)[1]
        is_repeated = np.ones(self.subject.size, dtype=bool)
        is_repeated[first] = False
        for row in np.flatnonzero(is_repeated).tolist():
            line = int(self.table.line[int(first[self.subject[row]])])
            message = f"{cell(self.table, 'ID', row)} stands in line {line} already; expected one row for each subject, or START and STOP"
            self._fault(row, "ID", message)

    def _check_process(self, is_known: BoolArray) -> None:
        """Note rows that overlap, and rows after an event."""
        order = self.order[is_known[self.order]]
        follows = self.subject[order][1:] == self.subject[order][:-1]
        before, after = order[:-1][follows], order[1:][follows]
        for i in np.flatnonzero(self.start[after] < self.stop[before]).tolist():
            line = int(self.table.line[int(before[i])])
            message = (
                f"{cell(self.table, 'START', int(after[i]))} lies before STOP {cell(self.table, 'STOP', int(before[i]))} of line {line}; "
                "expected rows of a subject that do not overlap"
            )
            self._fault(int(after[i]), "START", message)
        for i in np.flatnonzero(self.event[before] == 1.0).tolist():
            line = int(self.table.line[int(before[i])])
            message = f"subject {cell(self.table, 'ID', int(after[i]))} has the event in line {line}; expected no row after it"
            self._fault(int(after[i]), "ID", message)

    def events(self) -> Events:
        """Return the event times of columns in which nothing is wrong."""
        is_interval = (self.event == 1.0) & ~np.isnan(self.upper)
        kind = np.where(
            is_interval, EventKind.INTERVAL, np.where(self.event == 1.0, EventKind.EVENT, EventKind.CENSORED)
        )
        upper = np.where(is_interval, self.upper, self.stop)
        o = self.order
        return Events(
            self.ids,
            self.subject[o],
            self.start[o],
            self.stop[o],
            upper[o],
            kind[o].astype(np.int64),
            {name: values[o] for name, values in self.covariates.items()},
        )

    def note(self, events: Events) -> None:
        """Note what a reader should know of event times without a problem."""
        if events.n_events == events.n_subjects:
            self.notes.append("Every subject has the event; nobody is censored.")
        follows = ~events.first[1:]
        n_gaps = int((follows & (events.start[1:] > events.stop[:-1])).sum())
        if n_gaps:
            self.notes.append(f"{n_gaps:,} gaps between rows of a subject, in which it counts as not watched.")

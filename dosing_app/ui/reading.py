"""From the texts of the screen to a checked case, or to the cells that are wrong and one sentence for each."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal, cast

from dosing_app.decision.level_text import LEVEL_UNITS, Level, TextFault, read_level, read_quantity
from dosing_app.decision.patient import read_case
from dosing_app.ui import text
from dosing_app.ui.fields import BY_NAME, DAYS, FIELDS, HOURS, MILLIGRAMS, YES
from dosing_app.ui.state import GIVEN
from pkpd.errors import InputError
from pkpd.units import fraction_from_percent

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from dosing_app.decision.case_schema import PatientCase
    from dosing_app.ui.fields import Field
    from dosing_app.ui.state import Row, Screen
    from pkpd.errors import Problem

Area = Literal["doses", "samples", "fields", "case"]
_ROW_PLACE = re.compile(r"(doses|planned|samples)\[(\d+)\](?:\.(\w+))?")
_ITEM = re.compile(r"\[\d+\]$")
_BELOW = {field.below: field.name for field in FIELDS if field.below}
_COLUMNS = {
    "time_day": "day",
    "amount_mg": "mg",
    "duration_hour": "hours",
    "concentration_mg_per_L": "level",
    "censored": "level",
    "lloq_mg_per_L": "lloq",
    "uloq_mg_per_L": "uloq",
    "exclude": "exclude",
    "assay": "level",
}
_OWN_COLUMNS = ("day", "mg", "level", "exclude")
_CELL_UNITS: Mapping[str, Mapping[str, str]] = {
    "day": DAYS,
    "mg": MILLIGRAMS,
    "hours": HOURS,
    "lloq": LEVEL_UNITS,
    "uloq": LEVEL_UNITS,
}


@dataclass(frozen=True, slots=True)
class Fault:
    """Something on the screen that is not valid.

    Parameters
    ----------
    area : str
        doses, samples, fields, or case for what no single input stands for.
    row, column : str
        Id of the row and name of the column; the name of the field and nothing in the area fields.
    sentence : str
        What is wrong, naming row and column as the screen does.
    """

    area: Area
    row: str
    column: str
    sentence: str


@dataclass(frozen=True, slots=True)
class Reading:
    """What the screen says.

    Parameters
    ----------
    case : PatientCase or None
        The case, if everything is valid.
    faults : tuple of Fault
        What is not; empty with a case.
    """

    case: PatientCase | None
    faults: tuple[Fault, ...]


def read_screen(screen: Screen) -> Reading:
    """Read and check what stands on the screen.

    Rows without anything typed are passed over, and rows need not be in time order.

    Returns
    -------
    Reading
        With the checked case, or with every fault.
    """
    draft = _Draft(screen)
    tree = draft.tree()
    try:
        case = read_case(tree)
    except InputError as error:
        return Reading(None, draft.faults_with(error.problems))
    return Reading(None, tuple(draft.faults)) if draft.faults else Reading(case, ())


class _Draft:
    """A case in the making: its tree, and which row of the screen each of its rows came from."""

    def __init__(self, screen: Screen) -> None:
        self.screen = screen
        self.faults: list[Fault] = []
        self.rows: dict[str, list[Row]] = {
            "doses": _in_time_order([row for row in _typed(screen.doses) if row["status"] == GIVEN]),
            "planned": _in_time_order([row for row in _typed(screen.doses) if row["status"] != GIVEN]),
            "samples": _in_time_order(_typed(screen.samples)),
        }

    def tree(self) -> dict[str, Any]:
        """Return the case as plain dictionaries; what cannot be read stays in it as typed and is among the faults."""
        tree: dict[str, Any] = {"schema": "asuc-case/1", "covariates": {}}
        for key, value in self.screen.kept.items():
            tree[key] = dict(cast("dict[str, Any]", value)) if isinstance(value, dict) else value
        for field in FIELDS:
            self._put_field(tree, field)
        tree["doses"] = [self._dose(row) for row in self.rows["doses"]]
        tree["planned"] = [self._dose(row) for row in self.rows["planned"]]
        tree["samples"] = [self._sample(row) for row in self.rows["samples"]]
        return tree

    def faults_with(self, problems: Sequence[Problem]) -> tuple[Fault, ...]:
        """Return every fault once for each cell, the screen's own sentence before the reader's."""
        found: dict[tuple[str, str, str], Fault] = {}
        for fault in (*self.faults, *map(self._fault, problems)):
            found.setdefault((fault.area, fault.row, fault.column), fault)
        return tuple(found.values())

    def _put_field(self, tree: dict[str, Any], field: Field) -> None:
        typed = (self.screen.fields.get(field.name) or "").strip()
        if not typed:
            return
        value: object = typed
        if field.kind == "truth":
            value = typed == YES
        elif field.kind == "list":
            value = [self._number_in(field, item) if field.units else item for item in _items(typed)]
        elif field.kind in {"number", "percent"}:
            value = self._number_in(field, typed)
        part = tree
        for key in field.path[:-1]:
            part = part.setdefault(key, {})
        if isinstance(value, Level):
            part[field.below] = _plain(value.value)
        else:
            part[field.name] = value

    def _number_in(self, field: Field, typed: str) -> object:
        """Return a number typed into a field, a limit where it may lie below one, or the text where it is neither."""
        read = read_level(typed, field.units) if field.below and typed[0] in "<≤" else read_quantity(typed, field.units)
        if isinstance(read, TextFault):
            self.faults.append(Fault("fields", field.name, "", f"{text.FIELD_LABELS[field.name]}: {read.sentence}"))
            return typed
        if isinstance(read, Level):
            return read
        return fraction_from_percent(read) if field.kind == "percent" else _plain(read)

    def _dose(self, row: Row) -> dict[str, Any]:
        return self._numbers("doses", row, {"time_day": "day", "amount_mg": "mg", "duration_hour": "hours"})

    def _sample(self, row: Row) -> dict[str, Any]:
        sample = self._numbers("samples", row, {"time_day": "day", "lloq_mg_per_L": "lloq", "uloq_mg_per_L": "uloq"})
        for name in ("exclude", "assay"):
            typed = (row.get(name) or "").strip()  # a cell emptied with the Delete key is null
            if typed:
                sample[name] = typed
        level = read_level(row.get("level") or "")
        if isinstance(level, TextFault):
            self._cell_fault("samples", row, "level", level.sentence)
            sample["concentration_mg_per_L"] = row["level"] or "?"
        elif level.censored is None:
            sample["concentration_mg_per_L"] = _plain(level.value)
        else:
            key, column = ("lloq_mg_per_L", "lloq") if level.censored == "below" else ("uloq_mg_per_L", "uloq")
            limit = sample.setdefault(key, _plain(level.value))
            if limit != level.value:
                sentence = text.LIMITS_DISAGREE.format(level=row["level"].strip(), limit=(row[column] or "").strip())
                self._cell_fault("samples", row, "level", sentence)
            sample["censored"] = level.censored
        return sample

    def _numbers(self, area: Literal["doses", "samples"], row: Row, columns: dict[str, str]) -> dict[str, Any]:
        values: dict[str, Any] = {}
        for key, column in columns.items():
            typed = (row.get(column) or "").strip()
            if not typed:
                continue
            number = read_quantity(typed, _CELL_UNITS[column])
            values[key] = typed if isinstance(number, TextFault) else _plain(number)
            if isinstance(number, TextFault):
                self._cell_fault(area, row, column, number.sentence)
        return values

    def _cell_fault(self, area: Literal["doses", "samples"], row: Row, column: str, sentence: str) -> None:
        place = text.CELL.format(row=self._row_number(area, row), column=text.COLUMN_WORDS[column])
        self.faults.append(Fault(area, row["id"], column, f"{text.AREAS[area]} {place}: {sentence}"))

    def _fault(self, problem: Problem) -> Fault:
        """Return a finding of the case reader as a fault of the screen."""
        message = self._in_words(problem.message)
        at_row = _ROW_PLACE.fullmatch(problem.place)
        if at_row and int(at_row[2]) < len(self.rows[at_row[1]]):
            area: Literal["doses", "samples"] = "samples" if at_row[1] == "samples" else "doses"
            row, column = self.rows[at_row[1]][int(at_row[2])], _COLUMNS.get(at_row[3] or "", "day")
            place = text.CELL.format(row=self._row_number(area, row), column=text.COLUMN_WORDS[column])
            return Fault(area, row["id"], column, f"{text.AREAS[area]} {place}: {message}.")
        key = _ITEM.sub("", problem.place.rsplit(".", 1)[-1])
        name = _BELOW.get(key, key)
        if name in BY_NAME:
            return Fault("fields", name, "", f"{text.FIELD_LABELS[name]}: {message}.")
        if problem.place == "doses":
            return Fault("doses", "", "", text.NO_DOSE)
        return Fault("case", problem.place, "", f"{problem.place}: {message}.")

    def _in_words(self, message: str) -> str:
        """Return a message of the case reader with the screen's names for rows and columns."""

        def row_name(found: re.Match[str]) -> str:
            row = self.rows[found[1]][int(found[2])]
            return text.ROW.format(row=self._row_number("samples" if found[1] == "samples" else "doses", row))

        return text.in_words(_ROW_PLACE.sub(row_name, message))

    def _row_number(self, area: Literal["doses", "samples"], row: Row) -> int:
        rows = self.screen.doses if area == "doses" else self.screen.samples
        return 1 + [other["id"] for other in rows].index(row["id"])


def _typed(rows: Sequence[Row]) -> list[Row]:
    """Return the rows in which something was typed; what an empty row starts with does not count."""
    return [row for row in rows if any((row.get(column) or "").strip() for column in _OWN_COLUMNS)]


def _items(typed: str) -> list[str]:
    """Return the items of a list: between semicolons, or else between commas that a space follows, or any commas."""
    separator = ";" if ";" in typed else ", " if ", " in typed else ","
    return [item for part in typed.split(separator) if (item := part.strip().rstrip(","))]


def _plain(number: float) -> float:
    """Return a whole number without its decimal point, so that messages show it as it was typed."""
    return int(number) if number.is_integer() else number


def _in_time_order(rows: Sequence[Row]) -> list[Row]:
    """Sort rows by day, those without a readable one last."""

    def day(row: Row) -> float:
        number = read_quantity(row.get("day") or "", DAYS)
        return math.inf if isinstance(number, TextFault) else number

    return sorted(rows, key=day)

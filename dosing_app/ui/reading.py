"""From the texts of the screen to a checked case, or to the cells that are wrong and one sentence for each."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass, field
from datetime import UTC, datetime, time
from typing import TYPE_CHECKING, Any, Literal, cast

from dosing_app.decision.case_faults import CaseError
from dosing_app.decision.level_text import LEVEL_UNITS, Level, TextFault, read_level, read_quantity
from dosing_app.decision.patient import read_case
from dosing_app.decision.time_text import day_of, read_clock, read_moment
from dosing_app.language import Message, message, say, spoken
from dosing_app.ui.fields import BY_NAME, DAYS, FIELDS, HOURS, MG_PER_KG, MILLIGRAMS, UNIT_CHOICES, YES
from dosing_app.ui.state import GIVEN
from dosing_app.ui.words_for_keys import in_words
from pkpd.units import fraction_from_percent

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from dosing_app.decision.case_faults import Fault as CaseFault
    from dosing_app.decision.case_schema import PatientCase
    from dosing_app.language import Value
    from dosing_app.ui.fields import Field
    from dosing_app.ui.state import Row, Screen

Area = Literal["doses", "samples", "fields", "case"]
_ENDS_IN_A_DIGIT = re.compile(r"[\d.,]$", re.ASCII)
_BELOW = {one.below: one.name for one in FIELDS if one.below}
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
# The same fact in two columns, of which one is typed and the other follows.
TWINS = {"day": "date", "date": "day", "mg": "per_kg", "per_kg": "mg"}
_OWN_COLUMNS = ("day", "date", "mg", "per_kg", "level", "exclude")
_CELL_UNITS: Mapping[str, Mapping[str, str]] = {
    "mg": MILLIGRAMS,
    "per_kg": MG_PER_KG,
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
    start : datetime or None
        The moment of the first infusion, where it is known.
    row_ids : dict of str to tuple of str
        Ids of the rows of the screen by the lists of the case (doses, planned, samples), in the order of the case.
    """

    case: PatientCase | None
    faults: tuple[Fault, ...]
    start: datetime | None = None
    row_ids: dict[str, tuple[str, ...]] = field(default_factory=dict[str, tuple[str, ...]])


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
    except CaseError as error:
        return Reading(None, draft.faults_with(error.faults), draft.start)
    if draft.faults:
        return Reading(None, tuple(draft.faults), draft.start)
    row_ids = {name: tuple(row["id"] for row in rows) for name, rows in draft.rows.items()}
    return Reading(case, (), draft.start, row_ids)


class _Draft:
    """A case in the making: its tree, and which row of the screen each of its rows came from."""

    def __init__(self, screen: Screen) -> None:
        self.screen = screen
        self.faults: list[Fault] = []
        self.start = start_of(screen)
        self.weight_kg = self._weight()
        self.rows: dict[str, list[Row]] = {
            "doses": self._in_time_order([row for row in _typed(screen.doses) if row["status"] == GIVEN]),
            "planned": self._in_time_order([row for row in _typed(screen.doses) if row["status"] != GIVEN]),
            "samples": self._in_time_order(_typed(screen.samples)),
        }

    def tree(self) -> dict[str, Any]:
        """Return the case as plain dictionaries; what cannot be read stays in it as typed and is among the faults."""
        tree: dict[str, Any] = {"schema": "asuc-case/1", "covariates": {}}
        for key, value in self.screen.kept.items():
            tree[key] = dict(cast("dict[str, Any]", value)) if isinstance(value, dict) else value
        if self.start is not None and any(row.get("date") for row in self.screen.doses):
            # Dates were typed: a case that is saved has to hold what their days are counted from.
            tree["start_date"], tree["start_time"] = f"{self.start:%Y-%m-%d}", f"{self.start:%H:%M}"
        for one in FIELDS:
            self._put_field(tree, one)
        tree["doses"] = [self._dose(row) for row in self.rows["doses"]]
        tree["planned"] = [self._dose(row) for row in self.rows["planned"]]
        tree["samples"] = [self._sample(row) for row in self.rows["samples"]]
        return tree

    def faults_with(self, found_by_reader: Sequence[CaseFault]) -> tuple[Fault, ...]:
        """Return every fault once for each cell, the screen's own sentence before the reader's."""
        found: dict[tuple[str, str, str], Fault] = {}
        for fault in (*self.faults, *map(self._fault, found_by_reader)):
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
        elif field.name == "start_date" and not isinstance(moment := read_moment(typed), Message):
            value = f"{moment:%Y-%m-%d}"
        elif field.name == "start_time" and not isinstance(clock := read_clock(typed), Message):
            value = f"{clock:%H:%M}"
        part = tree
        for key in field.path[:-1]:
            part = part.setdefault(key, {})
        if isinstance(value, Level):
            part[field.below] = _plain(value.value)
        else:
            part[field.name] = value

    def _number_in(self, field: Field, typed: str) -> object:
        """Return a number typed into a field, a limit where it may lie below one, or the text where it is neither."""
        if field.units is DAYS:
            return self._day(typed, Fault("fields", field.name, "", ""))
        written = self._with_unit(field, typed)
        is_limit = field.below and typed[0] in "<≤"
        read = read_level(written, field.units) if is_limit else read_quantity(written, field.units)
        if isinstance(read, TextFault):
            self._field_fault(field.name, spoken(read.message))
            return typed
        if isinstance(read, Level):
            return read
        if field.kind != "percent":
            return _plain(read)
        if not 0.0 < read < _WHOLE_PERCENT:
            self._field_fault(field.name, say("input.percent", typed=typed))
        return fraction_from_percent(read)

    def _with_unit(self, field: Field, typed: str) -> str:
        """Return a text with the unit that is chosen beside the field, where it has none of its own."""
        first, *_ = UNIT_CHOICES.get(field.name, ("",))
        unit = self.screen.units.get(field.name, first)
        return f"{typed} {unit}" if unit != first and _ENDS_IN_A_DIGIT.search(typed) else typed

    def _weight(self) -> float | None:
        typed = (self.screen.fields.get("weight_kg") or "").strip()
        weight = read_quantity(typed, BY_NAME["weight_kg"].units)
        return None if isinstance(weight, TextFault) else weight

    def _day(self, typed: str, place: Fault) -> object:
        """Return the day of a number or a date, or the text where it is neither."""
        number = read_quantity(typed, DAYS)
        if not isinstance(number, TextFault):
            return _plain(number)
        moment = read_moment(typed, clock=self.start.time() if self.start else time())
        if not isinstance(moment, Message) and self.start is not None:
            return _plain(day_of(moment, self.start))
        if isinstance(moment, Message) and moment.key != "moment.no_date":
            self._fault_at(place, spoken(moment))
        else:
            self._fault_at(place, spoken(number.message) if isinstance(moment, Message) else say("input.no_start"))
        return typed

    def _dose(self, row: Row) -> dict[str, Any]:
        dose = self._times("doses", row) | self._numbers("doses", row, {"amount_mg": "mg", "duration_hour": "hours"})
        per_kg = (row.get("per_kg") or "").strip()
        if per_kg and "amount_mg" not in dose:
            dose["amount_mg"] = self._amount(row, per_kg)
        return dose

    def _amount(self, row: Row, typed: str) -> object:
        """Return the amount of a dose that was typed for each kilogram [mg]."""
        number = read_quantity(typed, MG_PER_KG)
        if isinstance(number, TextFault):
            self._cell_fault("doses", row, "per_kg", spoken(number.message))
        elif self.weight_kg is None:
            self._cell_fault("doses", row, "per_kg", say("input.no_weight"))
        else:
            return _plain(round(number * self.weight_kg, _MG_DECIMALS))
        return typed

    def _sample(self, row: Row) -> dict[str, Any]:
        limits = {"lloq_mg_per_L": "lloq", "uloq_mg_per_L": "uloq"}
        sample = self._times("samples", row) | self._numbers("samples", row, limits)
        for name in ("exclude", "assay"):
            typed = (row.get(name) or "").strip()  # a cell emptied with the Delete key is null
            if typed:
                sample[name] = typed
        level = read_level(row.get("level") or "")
        if isinstance(level, TextFault):
            self._cell_fault("samples", row, "level", spoken(level.message))
            sample["concentration_mg_per_L"] = row["level"] or "?"
        elif level.censored is None:
            sample["concentration_mg_per_L"] = _plain(level.value)
        else:
            key, column = ("lloq_mg_per_L", "lloq") if level.censored == "below" else ("uloq_mg_per_L", "uloq")
            limit = sample.setdefault(key, _plain(level.value))
            if limit != level.value:
                sentence = say("input.limits_disagree", level=row["level"].strip(), limit=(row[column] or "").strip())
                self._cell_fault("samples", row, "level", sentence)
            sample["censored"] = level.censored
        return sample

    def _times(self, area: Literal["doses", "samples"], row: Row) -> dict[str, Any]:
        column = "day" if (row.get("day") or "").strip() else "date"
        typed = (row.get(column) or "").strip()
        return {"time_day": self._day(typed, Fault(area, row["id"], column, ""))} if typed else {}

    def _numbers(self, area: Literal["doses", "samples"], row: Row, columns: dict[str, str]) -> dict[str, Any]:
        values: dict[str, Any] = {}
        for key, column in columns.items():
            typed = (row.get(column) or "").strip()
            if not typed:
                continue
            number = read_quantity(typed, _CELL_UNITS[column])
            values[key] = typed if isinstance(number, TextFault) else _plain(number)
            if isinstance(number, TextFault):
                self._cell_fault(area, row, column, spoken(number.message))
        return values

    def _cell_fault(self, area: Literal["doses", "samples"], row: Row, column: str, sentence: str) -> None:
        self.faults.append(Fault(area, row["id"], column, self._at_cell(area, row, column, sentence)))

    def _field_fault(self, name: str, sentence: str) -> None:
        self.faults.append(Fault("fields", name, "", at_field(name, sentence)))

    def _fault_at(self, place: Fault, sentence: str) -> None:
        if place.area in {"doses", "samples"}:
            rows = self.screen.doses if place.area == "doses" else self.screen.samples
            row = next(row for row in rows if row["id"] == place.row)
            self._cell_fault(cast("Literal['doses', 'samples']", place.area), row, place.column, sentence)
        else:
            self._field_fault(place.row, sentence)

    def _at_cell(self, area: Literal["doses", "samples"], row: Row, column: str, sentence: str) -> str:
        return say(
            "input.at_cell",
            area=say(f"tab.{'dosing' if area == 'doses' else 'samples'}"),
            row=str(self._row_number(area, row)),
            column=say(f"column.in_words.{column}"),
            sentence=sentence,
        )

    def _fault(self, found: CaseFault) -> Fault:
        """Return a finding of the case reader as a fault of the screen."""
        sentence = f"{spoken(in_words(found.message, self._row_words()))}."
        match found.path:
            case ("doses" | "planned" | "samples" as name, int(number), *keys) if number < len(self.rows[name]):
                area: Literal["doses", "samples"] = "samples" if name == "samples" else "doses"
                row, column = self.rows[name][number], _COLUMNS.get(str(keys[0]) if keys else "", "day")
                if not (row.get(column) or "").strip() and (row.get(TWINS.get(column, "")) or "").strip():
                    column = TWINS[column]
                return Fault(area, row["id"], column, self._at_cell(area, row, column, sentence))
            case ("doses",):
                return Fault("doses", "", "", say("input.no_dose"))
            case _:
                keys = [step for step in found.path if isinstance(step, str)]
                name = _BELOW.get(keys[-1], keys[-1]) if keys else ""
                if name in BY_NAME:
                    return Fault("fields", name, "", at_field(name, sentence))
                return Fault("case", ".".join(keys), "", sentence)

    def _row_words(self) -> dict[str, Value]:
        """Return what stands on the screen for the rows of a file."""
        return {
            f"{name}[{number}]": message(
                "input.row", row=str(self._row_number("samples" if name == "samples" else "doses", row))
            )
            for name, rows in self.rows.items()
            for number, row in enumerate(rows)
        }

    def _in_time_order(self, rows: Sequence[Row]) -> list[Row]:
        """Sort rows by when they are, those without a readable time last."""

        def day(row: Row) -> float:
            when = row_day(row, self.start)
            return math.inf if when is None else when

        return sorted(rows, key=day)

    def _row_number(self, area: Literal["doses", "samples"], row: Row) -> int:
        rows = self.screen.doses if area == "doses" else self.screen.samples
        return 1 + [other["id"] for other in rows].index(row["id"])


_WHOLE_PERCENT = 100.0
_MG_DECIMALS = 6  # what lies behind is arithmetic of mg/kg times kg


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


def at_field(name: str, sentence: str) -> str:
    """Return a sentence that names the field which it is about."""
    return say("input.at_field", field=say(f"field.{name}"), sentence=sentence)


def row_day(row: Row, start: datetime | None) -> float | None:
    """Return when a row is in days since the first infusion, whichever way it was typed; None where that is not known."""
    return day_in(row.get("day") or row.get("date") or "", start)


def day_in(typed: str, start: datetime | None) -> float | None:
    """Return the day of a number or a date; None where it is neither, or the date has no start to be counted from."""
    number = read_quantity(typed.strip(), DAYS)
    if not isinstance(number, TextFault):
        return number
    moment = read_moment(typed, clock=start.time() if start else time())
    return None if isinstance(moment, Message) or start is None else day_of(moment, start)


def start_of(screen: Screen) -> datetime | None:
    """Return the moment of the first infusion: as entered, else the earliest date among the doses."""
    day = read_moment(screen.fields.get("start_date") or "")
    clock = read_clock(screen.fields.get("start_time") or "")
    if not isinstance(day, Message):
        return datetime.combine(day.date(), time() if isinstance(clock, Message) else clock, UTC)
    moments = [read_moment(row.get("date") or row.get("day") or "") for row in screen.doses]
    return min((moment for moment in moments if not isinstance(moment, Message)), default=None)

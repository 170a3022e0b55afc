"""From the texts of the screen to a checked case, or to the cells that are wrong and one sentence for each."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, time
from typing import TYPE_CHECKING, Any, Literal, cast

from dosing_app.decision.case_faults import CaseError
from dosing_app.decision.case_fields import WEEKDAYS, weekday_number
from dosing_app.decision.level_text import LEVEL_UNITS, Level, TextFault, read_level, read_quantity
from dosing_app.decision.patient import read_case
from dosing_app.decision.time_text import day_of, is_day_and_month, read_clock, read_moment
from dosing_app.findings.numbers import number_text
from dosing_app.language import Message, message, say, spoken
from dosing_app.ui.fields import BY_NAME, DAYS, FIELDS, HOURS, MG_PER_KG, MILLIGRAMS, UNIT_CHOICES, YES
from dosing_app.ui.state import AUTO, GIVEN, PLANNED
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


def settled(screen: Screen) -> Screen:
    """Return the screen with the status of each dose that nobody chose: given where it lies before now, planned otherwise.

    Now is what was typed, or else the latest sample.
    """
    start = start_of(screen)
    now = day_in(screen.fields.get("now_day") or "", start)
    if now is None:
        days = [day for row in _typed(screen.samples) if (day := row_day(row, start)) is not None]
        now = max(days, default=-math.inf)
    return replace(screen, doses=[_with_status(row, now, start) for row in screen.doses])


def _with_status(row: Row, now: float, start: datetime | None) -> Row:
    if row.get("auto") != AUTO:
        return row
    day = row_day(row, start)
    return row | {"status": GIVEN if day is not None and day < now else PLANNED}


class _Draft:
    """A case in the making: its tree, and which row of the screen each of its rows came from."""

    def __init__(self, screen: Screen) -> None:
        screen = settled(screen)
        self.screen = screen
        self.faults: list[Fault] = []
        self.start = start_of(screen)
        self.weight_kg = self._weight()
        # Where dates are typed, a day and a month may be meant by what is also a number.
        self.has_dates = any((row.get("date") or "").strip() for row in (*screen.doses, *screen.samples))
        self.typed_as: dict[tuple[str, str], str] = {}
        self._check_status()
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
            value = [self._number_in(field, item) if field.units else _weekday(item) for item in _items(typed)]
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
        if written != typed or typed[-1].isalpha():
            self.typed_as["fields", field.name] = written
        if isinstance(read, Level):
            return read
        if field.name == "albumin_g_per_L" and 0.0 < read < _ALBUMIN_IN_GRAM_PER_DL:
            self._field_fault(field.name, say("input.albumin_unit", typed=number_text(read)))
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

    def _check_status(self) -> None:
        for row in _typed(self.screen.doses):
            if row["status"] not in {GIVEN, PLANNED}:
                self._cell_fault("doses", row, "status", say("input.status", typed=row["status"]))

    def _weight(self) -> float | None:
        typed = (self.screen.fields.get("weight_kg") or "").strip()
        weight = read_quantity(typed, BY_NAME["weight_kg"].units)
        return None if isinstance(weight, TextFault) else weight

    def _day(self, typed: str, place: Fault) -> object:
        """Return the day of a number or a date, or the text where it is neither."""
        is_date = place.column == "date"
        number = read_quantity(typed, DAYS)
        if not isinstance(number, TextFault) and not is_date:
            if self.has_dates and is_day_and_month(typed):
                self._fault_at(place, say("input.two_moments", typed=typed))
            return _plain(number)
        moment = read_moment(typed, clock=self.start.time() if self.start else time())
        if not isinstance(moment, Message):
            if self.start is not None:
                return _plain(day_of(moment, self.start))
            self._fault_at(place, say("input.no_start"))
        elif isinstance(number, TextFault) and not is_date and moment.key == "moment.no_date":
            self._fault_at(place, spoken(number.message))
        else:
            self._fault_at(place, spoken(moment))
        return typed

    def _dose(self, row: Row) -> dict[str, Any]:
        dose = self._times("doses", row) | self._numbers("doses", row, {"amount_mg": "mg", "duration_hour": "hours"})
        per_kg = (row.get("per_kg") or "").strip()
        if per_kg and "amount_mg" not in dose:
            dose["amount_mg"] = self._amount(row, per_kg)
            self.typed_as["doses", row["id"]] = per_kg if per_kg[-1].isalpha() else f"{per_kg} mg/kg"
        elif per_kg:
            self._check_twins(row, dose["amount_mg"], per_kg)
        return dose

    def _check_twins(self, row: Row, amount_mg: object, per_kg: str) -> None:
        """Mark a row in which both mg and mg/kg were pasted and are not the same dose, but for rounding."""
        number = read_quantity(per_kg, MG_PER_KG)
        if isinstance(number, TextFault) or self.weight_kg is None or not isinstance(amount_mg, int | float):
            return
        amount = number * self.weight_kg
        if abs(amount - amount_mg) > max(_TWIN_TOLERANCE * amount, 0.5 * 10 ** -_decimals(per_kg) * self.weight_kg):
            said = say(
                "input.twins_disagree",
                per_kg=per_kg,
                weight=number_text(self.weight_kg),
                mg=number_text(round(amount, 1)),
                typed=(row.get("mg") or "").strip(),
            )
            self._cell_fault("doses", row, "per_kg", said)

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
        level = self._level(row)
        if level is None:
            sample["concentration_mg_per_L"] = row["level"]
        elif isinstance(level, TextFault):
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

    def _level(self, row: Row) -> Level | TextFault | None:
        """Return a level, or the limit that a laboratory's abbreviation stands for; None where that is not known."""
        typed = (row.get("level") or "").strip()
        side = _SIDES.get("".join(typed.upper().split()))
        if side is None:
            return read_level(typed)
        column, key = ("lloq", "input.no_lower_limit") if side == "below" else ("uloq", "input.no_upper_limit")
        limit = read_quantity((row.get(column) or "").strip(), LEVEL_UNITS)
        if isinstance(limit, TextFault):
            self._cell_fault("samples", row, "level", say(key, typed=typed))
            return None
        return Level(limit, side)

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
                sentence = self._with_typed(area, row["id"], sentence) if column == "per_kg" else sentence
                return Fault(area, row["id"], column, self._at_cell(area, row, column, sentence))
            case ("doses",):
                return Fault("doses", "", "", say("input.no_dose"))
            case _:
                keys = [step for step in found.path if isinstance(step, str)]
                name = _BELOW.get(keys[-1], keys[-1]) if keys else ""
                if name in BY_NAME:
                    return Fault("fields", name, "", at_field(name, self._with_typed("fields", name, sentence)))
                return Fault("case", ".".join(keys), "", sentence)

    def _with_typed(self, area: str, name: str, sentence: str) -> str:
        """Return a sentence on a converted value with what was typed."""
        typed = self.typed_as.get((area, name))
        return sentence if typed is None else say("input.typed_as", sentence=sentence, typed=typed)

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


# What laboratories write for a level beyond a limit that stands elsewhere.
_SIDES: dict[str, Literal["below", "above"]] = {
    **dict.fromkeys(("BLQ", "BLOQ", "<LLOQ", "<LLQ", "<LOQ"), "below"),
    **dict.fromkeys(("ALQ", "ALOQ", ">ULOQ", ">ULQ"), "above"),
}
_TWIN_TOLERANCE = 0.005  # both may be rounded
_WHOLE_PERCENT = 100.0
_ALBUMIN_IN_GRAM_PER_DL = 5.0  # no patient has so few g/L; what a case refuses
_MG_DECIMALS = 6  # what lies behind is arithmetic of mg/kg times kg


def _typed(rows: Sequence[Row]) -> list[Row]:
    """Return the rows in which something was typed; what an empty row starts with does not count."""
    return [row for row in rows if any((row.get(column) or "").strip() for column in _OWN_COLUMNS)]


def _decimals(typed: str) -> int:
    """Return how many decimals a number was typed with."""
    found = re.match(r"\d*[.,](\d*)", typed)
    return len(found[1]) if found else 0


_GERMAN_WEEKDAYS = ("montag", "dienstag", "mittwoch", "donnerstag", "freitag", "samstag", "sonntag")


def _weekday(typed: str) -> str:
    """Return the name of a German day of the week, of at least two letters, as a case has it; any other text as it is."""
    short = typed.casefold().rstrip(".")
    found = [n for n, name in enumerate(_GERMAN_WEEKDAYS) if len(short) > 1 and name.startswith(short)]
    return WEEKDAYS[found[0]] if found and weekday_number(typed) is None else typed


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
    day = (row.get("day") or "").strip()
    return day_in(day, start) if day else _day_of_date((row.get("date") or "").strip(), start)


def _day_of_date(typed: str, start: datetime | None) -> float | None:
    moment = read_moment(typed, clock=start.time() if start else time())
    return None if isinstance(moment, Message) or start is None else day_of(moment, start)


def day_in(typed: str, start: datetime | None) -> float | None:
    """Return the day of a number or a date; None where it is neither, or the date has no start to be counted from."""
    number = read_quantity(typed.strip(), DAYS)
    if not isinstance(number, TextFault):
        return number
    return _day_of_date(typed, start)


def start_of(screen: Screen) -> datetime | None:
    """Return the moment of the first infusion: as entered, else the earliest date among the doses."""
    day = read_moment(screen.fields.get("start_date") or "")
    clock = read_clock(screen.fields.get("start_time") or "")
    if not isinstance(day, Message):
        return datetime.combine(day.date(), time() if isinstance(clock, Message) else clock, UTC)
    moments = [read_moment(row.get("date") or row.get("day") or "") for row in screen.doses]
    return min((moment for moment in moments if not isinstance(moment, Message)), default=None)

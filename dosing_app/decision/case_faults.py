"""Faults of a case in the making: where they sit, how a value is shown, and the messages for pydantic's findings."""

from __future__ import annotations

import json
import math
from dataclasses import dataclass
from difflib import get_close_matches
from typing import TYPE_CHECKING, NamedTuple

from dosing_app.decision.case_schema import PARTS, PatientCase
from dosing_app.language import Figure, Message, Name, listed, message
from pkpd.errors import InputError, Problem

if TYPE_CHECKING:
    from collections.abc import Iterable

    from pydantic_core import ErrorDetails

    from dosing_app.language import Value

Path = tuple[str | int, ...]

_LONGEST_SHOWN = 60
_LARGEST_SHOWN = 10**30
_NOT_WANTED = {
    "float_type": "fault.not_number",
    "int_type": "fault.not_number",
    "finite_number": "fault.not_finite",
    "bool_type": "fault.not_true_or_false",
    "string_type": "fault.not_text",
    "string_unicode": "fault.not_utf8",
    "date_type": "fault.not_date",
    "tuple_type": "fault.not_list",
    "model_type": "fault.not_object",
    "model_attributes_type": "fault.not_object",
    "literal_error": "fault.not_known_word",
}
# What the fields of a case find themselves (case_fields).
_OWN_FINDINGS = {
    "is not a date": "fault.not_date",
    "is not a time of day": "fault.not_time_of_day",
    "is not a day of the week": "fault.not_weekday",
    "is empty": "fault.empty",
}
_NUMBER_KINDS = frozenset({"float_type", "int_type"})
_TOO_LARGE = frozenset({"less_than", "less_than_equal"})
_TOO_SMALL = frozenset({"greater_than", "greater_than_equal"})
_TOO_LONG = frozenset({"string_too_long", "too_long"})
_TOO_SHORT = frozenset({"string_too_short", "too_short"})


class Fault(NamedTuple):
    """One problem, with the path to it as keys and row numbers, or the place in a text that is no tree."""

    path: Path
    message: Message
    place: Message | None = None

    def problem(self) -> Problem:
        """Return the fault in English, as in files and on the command line."""
        return Problem(place_of(self.path) if self.place is None else str(self.place), str(self.message))


class CaseError(InputError):
    """A case that cannot be used.

    Parameters
    ----------
    faults : iterable of Fault
        At least one; kept in the order of the case's fields and rows, each once.
    """

    def __init__(self, faults: Iterable[Fault]) -> None:
        self.faults = _in_order(faults)
        super().__init__(fault.problem() for fault in self.faults)


@dataclass(frozen=True, slots=True)
class UnusableNumber:
    """A number of the text that no float can hold: NaN, Infinity, 1e999, or hundreds of digits.

    Parameters
    ----------
    literal : str
        The number as written.
    finding : str
        Key of the message that says what is wrong with it.
    """

    literal: str
    finding: str = "fault.not_finite"


def place_of(path: Path) -> str:
    """Return a path as the user would write it, ``samples[2].lloq_mg_per_L``; ``case`` for the whole."""
    place = ""
    for step in path:
        if isinstance(step, int):
            place += f"[{step}]"
        else:
            name = step if step.isidentifier() and len(step) <= _LONGEST_SHOWN else quoted(step)
            place += f".{name}" if place else name
    return place or "case"


def expected(field: str) -> Message:
    """Return what may stand in the field of that name."""
    return message(f"expected.{field}")


def quoted(text: str) -> str:
    """Return a text as it would stand in JSON, short and printable."""
    return json.dumps(_shortened(text), ensure_ascii=False).replace("\\\\", "\\")


def shown(value: object) -> Value:
    """Return a value as it would stand in JSON, short and printable."""
    if isinstance(value, UnusableNumber):
        return _shortened(value.literal)
    if isinstance(value, bool) or value is None:
        return json.dumps(value)
    if isinstance(value, int):
        # Python refuses to print integers of thousands of digits.
        if abs(value) < _LARGEST_SHOWN:
            return Figure(value)
        return message("fault.huge_number" if value > 0 else "fault.huge_negative_number")
    if isinstance(value, float):
        return _shown_float(value)
    if isinstance(value, str):
        return quoted(value)
    if isinstance(value, dict | list):
        return message("fault.an_object" if isinstance(value, dict) else "fault.a_list")
    return message("fault.a_python_object", kind=type(value).__name__)


def closest(word: str, known: Iterable[str]) -> str | None:
    """Return the known word that begins alike or is nearest in spelling, or None."""
    if not word or len(word) > _LONGEST_SHOWN:
        return None
    candidates = tuple(known)
    nearest = [name for name in candidates if name.startswith(word)]
    nearest = nearest or get_close_matches(word, candidates, n=1, cutoff=0.6)
    return nearest[0] if nearest else None


def faults_from_pydantic(errors: Iterable[ErrorDetails]) -> list[Fault]:
    """Return pydantic's findings as messages of this project."""
    # The default of now_day cannot be computed where doses or samples are wrong; those are reported themselves.
    # A list whose items are all wrong counts as too short for pydantic; only one that is empty is so for the user.
    return [
        _translated(error)
        for error in errors
        if error["type"] != "default_factory_not_called" and not (error["type"] == "too_short" and error["input"])
    ]


def _in_order(faults: Iterable[Fault]) -> tuple[Fault, ...]:
    """Return the faults in the order of the case's fields and rows, each once."""
    keys = PatientCase.known_keys()

    def position(fault: Fault) -> tuple[int, int]:
        top = fault.path[0] if fault.path else None
        row = next((step for step in fault.path if isinstance(step, int)), -1)
        return (keys.index(top) if top in keys else -1, row)

    return tuple(dict.fromkeys(sorted(faults, key=position)))


def _translated(error: ErrorDetails) -> Fault:
    path, kind, value = error["loc"], error["type"], error["input"]
    if kind == "extra_forbidden":
        return Fault(path, _unknown_key(path))
    wanted = _expected(path)
    if kind == "missing":
        return Fault(path, message("fault.missing", expected=wanted))
    finding = _finding(kind, value, error["msg"])
    if finding is None:
        return Fault(path, message("fault.other", value=shown(value), finding=error["msg"], expected=wanted))
    return Fault(path, message(finding, value=shown(value), expected=wanted))


def _unknown_key(path: Path) -> Message:
    key = str(path[-1])
    known = PARTS[str(path[0]) if len(path) > 1 else ""].known_keys()
    nearest = closest(key, known)
    if nearest is not None:
        return message("fault.unknown_key.near", name=quoted(key), nearest=quoted(nearest))
    homes = [name for name, part in PARTS.items() if key in part.known_keys()]
    if homes and homes[0]:
        return message("fault.unknown_key.elsewhere", name=quoted(key), home=Name(homes[0]))
    if homes:
        return message("fault.unknown_key.in_the_case", name=quoted(key))
    return message("fault.unknown_key.only", name=quoted(key), keys=listed([Name(name) for name in known]))


def _finding(kind: str, value: object, own: str) -> str | None:
    """Return the key of the message that says what is wrong with a value, or None where there is none."""
    if isinstance(value, UnusableNumber) and kind in _NUMBER_KINDS:
        return value.finding
    if kind in _TOO_LARGE or (kind in _NUMBER_KINDS and type(value) is int):
        return "fault.too_large" if isinstance(value, int | float) and value > 0 else "fault.negative"
    if kind in _TOO_SMALL:
        return _too_small(value)
    if kind in _TOO_LONG:
        return "fault.too_long"
    if kind in _TOO_SHORT:
        return "fault.empty"
    if kind in _NUMBER_KINDS and isinstance(value, str):
        return "fault.text_not_number"
    if kind == "int_type" and isinstance(value, float):
        return "fault.not_whole_number"
    return _NOT_WANTED.get(kind) or _OWN_FINDINGS.get(own)


def _too_small(value: object) -> str:
    if value == 0:
        return "fault.zero"
    return "fault.negative" if isinstance(value, int | float) and value < 0 else "fault.too_small"


def _expected(path: Path) -> Message:
    """Return what a field is for, that of the list for one of its items."""
    keys = [step for step in path if isinstance(step, str)]
    part = PARTS["" if len(keys) < 2 else keys[0]]  # a case is two levels of keys deep
    return expected(keys[-1] if keys and keys[-1] in part.known_keys() else "case")


def _shown_float(value: float) -> str | Figure:
    if math.isnan(value):
        return "NaN"
    if math.isinf(value):
        return "Infinity" if value > 0 else "-Infinity"
    return Figure(repr(value))


def _shortened(text: str) -> str:
    printable = "".join(
        letter if letter.isprintable() else letter.encode("unicode_escape").decode() for letter in text[:_LONGEST_SHOWN]
    )
    return printable + ("…" if len(text) > _LONGEST_SHOWN else "")

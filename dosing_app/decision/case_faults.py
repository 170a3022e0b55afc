"""Faults of a case in the making: where they sit, how a value is shown, and the sentences for pydantic's findings."""

from __future__ import annotations

import json
import math
from dataclasses import dataclass
from difflib import get_close_matches
from typing import TYPE_CHECKING, NamedTuple

from dosing_app.decision.case_schema import PARTS, PatientCase
from pkpd.errors import Problem

if TYPE_CHECKING:
    from collections.abc import Iterable

    from pydantic_core import ErrorDetails

Path = tuple[str | int, ...]

_LONGEST_SHOWN = 60
_WANTED = {
    "float_type": "a number",
    "int_type": "a number",
    "finite_number": "a finite number",
    "bool_type": "true or false",
    "string_type": "text",
    "string_unicode": "text that can be written in UTF-8",
    "date_type": "a date",
    "tuple_type": "a list",
    "model_type": "an object",
    "model_attributes_type": "an object",
}
_NUMBER_KINDS = frozenset({"float_type", "int_type"})
_TOO_LARGE = frozenset({"less_than", "less_than_equal"})
_TOO_SMALL = frozenset({"greater_than", "greater_than_equal"})
_TOO_LONG = frozenset({"string_too_long", "too_long"})
_TOO_SHORT = frozenset({"string_too_short", "too_short"})


class Fault(NamedTuple):
    """One problem, with the path to it as keys and row numbers."""

    path: Path
    message: str


@dataclass(frozen=True, slots=True)
class UnusableNumber:
    """A number of the text that no float can hold: NaN, Infinity, 1e999, or hundreds of digits.

    Parameters
    ----------
    literal : str
        The number as written.
    finding : str
        What is wrong with it.
    """

    literal: str
    finding: str = "is not a finite number"


def problems_in_order(faults: Iterable[Fault]) -> list[Problem]:
    """Return the problems in the order of the case's fields and rows, each once."""
    keys = PatientCase.known_keys()

    def position(fault: Fault) -> tuple[int, int]:
        top = fault.path[0] if fault.path else None
        row = next((step for step in fault.path if isinstance(step, int)), -1)
        return (keys.index(top) if top in keys else -1, row)

    return [Problem(place_of(fault.path), fault.message) for fault in dict.fromkeys(sorted(faults, key=position))]


def place_of(path: Path) -> str:
    """Return a path as the user would write it, ``samples[2].lloq_mg_per_L``; ``case`` for the whole."""
    place = ""
    for step in path:
        if isinstance(step, int):
            place += f"[{step}]"
        else:
            name = step if step.isidentifier() and len(step) <= _LONGEST_SHOWN else shown(step)
            place += f".{name}" if place else name
    return place or "case"


def shown(value: object) -> str:
    """Return a value as it would stand in JSON, short and printable."""
    if isinstance(value, UnusableNumber):
        return _shortened(value.literal)
    if isinstance(value, bool) or value is None:
        return json.dumps(value)
    if isinstance(value, int):
        # Python refuses to print integers of thousands of digits.
        return str(value) if abs(value) < 10**30 else f"{'-' if value < 0 else ''}(a number of 31 digits or more)"
    if isinstance(value, float):
        return _shown_float(value)
    if isinstance(value, str):
        return json.dumps(_shortened(value), ensure_ascii=False).replace("\\\\", "\\")
    if isinstance(value, dict | list):
        return "an object" if isinstance(value, dict) else "a list"
    return f"a Python {type(value).__name__}"


def closest(word: str, known: Iterable[str]) -> str:
    """Return ``; did you mean "…"`` for the known word that begins alike or is nearest in spelling, or nothing."""
    if not word or len(word) > _LONGEST_SHOWN:
        return ""
    candidates = tuple(known)
    nearest = [name for name in candidates if name.startswith(word)]
    nearest = nearest or get_close_matches(word, candidates, n=1, cutoff=0.6)
    return f"; did you mean {shown(nearest[0])}" if nearest else ""


def faults_from_pydantic(errors: Iterable[ErrorDetails]) -> list[Fault]:
    """Return pydantic's findings in the words of this project."""
    # The default of now_day cannot be computed where doses or samples are wrong; those are reported themselves.
    # A list whose items are all wrong counts as too short for pydantic; only one that is empty is so for the user.
    return [
        _translated(error)
        for error in errors
        if error["type"] != "default_factory_not_called" and not (error["type"] == "too_short" and error["input"])
    ]


def _translated(error: ErrorDetails) -> Fault:
    path = error["loc"]
    if error["type"] == "extra_forbidden":
        return Fault(path, _unknown_key(path))
    return Fault(path, f"{_found(error)}; expected {_expected(path)}")


def _unknown_key(path: Path) -> str:
    key = str(path[-1])
    known = PARTS[str(path[0]) if len(path) > 1 else ""].known_keys()
    hint = closest(key, known) or _home_of(key) or f"; expected only {', '.join(known)}"
    return f"{shown(key)} is not a key that is known here{hint}"


def _home_of(key: str) -> str:
    """Return where a key that stands at the wrong place belongs, or nothing."""
    homes = [name for name, part in PARTS.items() if key in part.known_keys()]
    return f"; it belongs in {homes[0] or 'the case itself'}" if homes else ""


def _found(error: ErrorDetails) -> str:
    kind, value = error["type"], error["input"]
    if kind == "missing":
        return "missing"
    return f"{shown(value)} {_finding(kind, value, error)}"


def _finding(kind: str, value: object, error: ErrorDetails) -> str:
    if isinstance(value, UnusableNumber) and kind in _NUMBER_KINDS:
        return value.finding
    if kind in _TOO_LARGE or (kind in _NUMBER_KINDS and type(value) is int):
        return "is too large" if isinstance(value, int | float) and value > 0 else "is negative"
    if kind in _TOO_SMALL:
        return _too_small(value)
    if kind in _TOO_LONG:
        return "is too long"
    if kind in _TOO_SHORT:
        return "is empty"
    if kind in _WANTED:
        wanted = "a whole number" if kind == "int_type" and isinstance(value, float) else _WANTED[kind]
        return f"is {'text, ' if isinstance(value, str) and kind in _NUMBER_KINDS else ''}not {wanted}"
    if kind == "literal_error":
        return "is not one of the words known here"
    return error["msg"]


def _too_small(value: object) -> str:
    if value == 0:
        return "is zero"
    return "is negative" if isinstance(value, int | float) and value < 0 else "is too small"


def _expected(path: Path) -> str:
    """Return what the description of a field says, that of the list for one of its items."""
    keys = [step for step in path if isinstance(step, str)]
    part = PARTS["" if len(keys) < 2 else keys[0]]  # a case is two levels of keys deep
    for name, field in part.model_fields.items():
        if keys and keys[-1] == (field.alias or name):
            return field.description or name
    return "a JSON object of schema asuc-case/1"


def _shown_float(value: float) -> str:
    if math.isnan(value):
        return "NaN"
    if math.isinf(value):
        return "Infinity" if value > 0 else "-Infinity"
    return repr(value)


def _shortened(text: str) -> str:
    printable = "".join(
        letter if letter.isprintable() else letter.encode("unicode_escape").decode() for letter in text[:_LONGEST_SHOWN]
    )
    return printable + ("…" if len(text) > _LONGEST_SHOWN else "")

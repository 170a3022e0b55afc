"""One sentence for each key of a model file that has the wrong name, type or range."""

from __future__ import annotations

from difflib import get_close_matches
from typing import TYPE_CHECKING, Any

from pydantic import BaseModel

from pkpd.errors import Problem
from pkpd.model import schema

if TYPE_CHECKING:
    from pydantic import ValidationError
    from pydantic_core import ErrorDetails

_HELP = "docs/how-to/model-files.md lists the keys"
_LONGEST_VALUE = 60


def describe(error: ValidationError, file: str) -> tuple[Problem, ...]:
    """Return one problem for each fault that pydantic found in a model file.

    Parameters
    ----------
    error : ValidationError
        Faults of a file checked against `pkpd.model.schema.ModelFile`.
    file : str
        Name of the file, for the place.

    Returns
    -------
    tuple of Problem
        In the order of the file's schema.
    """
    return tuple(Problem(place(file, detail["loc"]), _sentence(detail)) for detail in error.errors())


def place(file: str, keys: tuple[int | str, ...]) -> str:
    """Return where in a file something is: ``model.toml, parameters.cl.effects#1.form`` (lists count from 1)."""
    path = ""
    for key in keys:
        if key == "[key]":
            continue
        path += f"#{key + 1}" if isinstance(key, int) else f".{key}"
    return f"{file}, {path.lstrip('.')}" if path else file


def shown(value: object) -> str:
    """Return a value as a message shows it: quoted if it is text, cut if it is long."""
    text = f"'{value}'" if isinstance(value, str) else str(value)
    return text if len(text) <= _LONGEST_VALUE else f"{text[:_LONGEST_VALUE]}…"


def closest(word: str, known: list[str]) -> str:
    """Return ``did you mean 'x'? `` for the known word nearest to a wrong one, nothing where none is near."""
    close = get_close_matches(word, known, n=1)
    return f"did you mean '{close[0]}'? " if close else ""


def _sentence(detail: ErrorDetails) -> str:
    """Return what was found and what was expected, for one fault."""
    kind, value = detail["type"], detail["input"]
    context: dict[str, Any] = detail.get("ctx", {})
    if kind == "missing":
        return f"is missing; {_HELP}."
    if kind == "extra_forbidden":
        return f"unknown key; {closest(str(detail['loc'][-1]), _keys())}{_HELP}."
    if kind in {"enum", "literal_error"}:
        expected = str(context["expected"])
        known = [word.strip(" '") for word in expected.replace(" or ", ",").split(",")]
        return f"{shown(value)}, {closest(str(value), known)}expected {expected}."
    if kind == "string_pattern_mismatch":
        return f"{shown(value)}, expected a name made of letters, digits and underscores that starts with a letter."
    found = "a table" if isinstance(value, dict) else shown(value)
    return f"{found}, expected {_expectation(kind, context)}."


def _expectation(kind: str, context: dict[str, Any]) -> str:
    """Return what was expected of a value, by pydantic's name for the fault."""
    match kind:
        case "greater_than":
            return f"a number above {context['gt']:g}"
        case "greater_than_equal":
            return f"a number of at least {context['ge']:g}"
        case "less_than":
            return f"a number below {context['lt']:g}"
        case "less_than_equal":
            return f"a number of at most {context['le']:g}"
        case "finite_number":
            return "a finite number"
        case "float_type" | "int_type":
            return "a number without quotes"
        case "bool_type":
            return "true or false"
        case "string_type":
            return "text in quotes"
        case "string_too_short":
            return "some text"
        case "string_too_long":
            return f"at most {context['max_length']} characters"
        case "too_short":
            return f"at least {context['min_length']} entries"
        case "too_long":
            return f"at most {context['max_length']} entries"
        case "list_type":
            return "a list in square brackets"
        case _:
            return "a table"


def _keys() -> list[str]:
    """Return every key that a model file knows."""
    sections = [kind for kind in vars(schema).values() if isinstance(kind, type) and issubclass(kind, BaseModel)]
    return sorted({field.alias or name for kind in sections for name, field in kind.model_fields.items()})

"""One sentence for each key of an event model file that has the wrong name, type or range."""

from __future__ import annotations

from difflib import get_close_matches
from typing import TYPE_CHECKING, Any, cast

from pydantic import BaseModel

from pkpd.errors import Problem
from tte.model import schema

if TYPE_CHECKING:
    from pydantic import ValidationError
    from pydantic_core import ErrorDetails

_HELP = "docs/how-to/event-model-files.md lists the keys"
_LONGEST_VALUE = 60
_KINDS = "'anchored', 'covariance' or 'none'"


def describe(error: ValidationError, file: str) -> tuple[Problem, ...]:
    """Return one problem for each fault that pydantic found in an event model file.

    Parameters
    ----------
    error : ValidationError
        Faults of a file checked against `tte.model.schema.EventModelFile`.
    file : str
        Name of the file, for the place.

    Returns
    -------
    tuple of Problem
        In the order of the file's schema.
    """
    return tuple(Problem(place(file, detail["loc"]), _sentence(detail)) for detail in error.errors())


def place(file: str, keys: tuple[int | str, ...]) -> str:
    """Return where in a file something is: ``model.toml, uncertainty.matrix#1`` (lists count from 1)."""
    path = ""
    for position, key in enumerate(keys):
        # pydantic's own steps, which are no keys of the file: a name of a table, and the kind of uncertainty
        if key == "[key]" or (position == 1 and keys[0] == "uncertainty"):
            continue
        path += f"#{key + 1}" if isinstance(key, int) else f".{repr(key)[1:-1]}"
    return f"{file}, {path.lstrip('.')}" if path else file


def shown(value: object) -> str:
    """Return a value as a message shows it: on one line, quoted if it is text, cut if it is long."""
    text = repr(value)
    return text if len(text) <= _LONGEST_VALUE else f"{text[:_LONGEST_VALUE]}…"


def closest(word: str, known: list[str]) -> str:
    """Return ``did you mean 'x'? `` for the known word nearest to a wrong one, nothing where none is near."""
    close = get_close_matches(word, known, n=1)
    return f"did you mean '{close[0]}'? " if close else ""


def _sentence(detail: ErrorDetails) -> str:
    """Return what was found and what was expected, for one fault."""
    kind, value = detail["type"], detail["input"]
    context: dict[str, Any] = detail.get("ctx", {})
    match kind:
        case "missing":
            return f"is missing; {_HELP}."
        case "extra_forbidden":
            return f"unknown key; {closest(str(detail['loc'][-1]), _keys())}{_HELP}."
        case "union_tag_not_found":
            return f"has no kind, expected {_KINDS}."
        case "union_tag_invalid":
            return f"kind {shown(context['tag'])}, expected {_KINDS}."
        case "enum" | "literal_error":
            expected = str(context["expected"])
            known = [word.strip(" '") for word in expected.replace(" or ", ",").split(",")]
            return f"{shown(value)}, {closest(str(value), known)}expected {expected}."
        case "string_pattern_mismatch" if "0-9a-f" in context["pattern"]:
            return f"{shown(value)}, expected the 64 hexadecimal digits of a SHA-256."
        case "string_pattern_mismatch":
            return f"{shown(value)}, expected a name made of letters, digits and underscores that starts with a letter."
        case _:
            found = "a table" if isinstance(value, dict) else shown(cast("object", value))
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
        case "float_type":
            return "a number without quotes"
        case "int_type" | "int_parsing_size":
            return "a whole number without quotes"
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
    """Return every key that an event model file knows."""
    sections = [kind for kind in vars(schema).values() if isinstance(kind, type) and issubclass(kind, BaseModel)]
    return sorted({field.alias or name for kind in sections for name, field in kind.model_fields.items()})

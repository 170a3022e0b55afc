"""One sentence for each key of a configuration that has the wrong name, type or range."""

from __future__ import annotations

from difflib import get_close_matches
from typing import TYPE_CHECKING, Any, cast

from pydantic import BaseModel

from crohns_srs.data import schema
from pkpd.errors import Problem

if TYPE_CHECKING:
    from pydantic import ValidationError
    from pydantic_core import ErrorDetails

_HELP = "docs/how-to/crohns.md lists the keys"
_LONGEST_VALUE = 60


def describe(error: ValidationError, file: str) -> tuple[Problem, ...]:
    """Return one problem for each fault that pydantic found in a configuration called `file`."""
    return tuple(Problem(place(file, detail["loc"]), _sentence(detail)) for detail in error.errors())


def place(file: str, keys: tuple[int | str, ...]) -> str:
    """Return where in a file something is: ``trials.toml, covariates#2.kind`` (lists count from 1)."""
    path = "".join(f"#{key + 1}" if isinstance(key, int) else f".{repr(key)[1:-1]}" for key in keys)
    return f"{file}, {path.lstrip('.')}" if path else file


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
        case "string_pattern_mismatch":
            return (
                f"{_shown(value)}, expected a name of small letters, digits and underscores that starts with a letter."
            )
        case _:
            found = "a table" if isinstance(value, dict) else _shown(cast("object", value))
            return f"{found}, expected {_expectation(kind, context)}."


def _expectation(kind: str, context: dict[str, Any]) -> str:
    match kind:
        case "literal_error":
            return str(context["expected"])
        case "greater_than_equal":
            return f"a number of at least {context['ge']:g}"
        case "less_than_equal":
            return f"a number of at most {context['le']:g}"
        case "finite_number":
            return "a finite number"
        case "float_type":
            return "a number without quotes"
        case "bool_type":
            return "true or false without quotes"
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
            return "a list"
        case _:
            return "a table"


def _shown(value: object) -> str:
    text = repr(value)
    return text if len(text) <= _LONGEST_VALUE else f"{text[:_LONGEST_VALUE]}…"


def _keys() -> list[str]:
    """Return every key that a configuration knows."""
    sections = [kind for kind in vars(schema).values() if isinstance(kind, type) and issubclass(kind, BaseModel)]
    return sorted({field.alias or name for kind in sections for name, field in kind.model_fields.items()})

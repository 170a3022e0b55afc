"""TOML files that users write (models, event models, configurations): read, or refused in one sentence for each fault."""

from __future__ import annotations

import hashlib
import sys
import tomllib
from dataclasses import dataclass, field
from difflib import get_close_matches
from typing import TYPE_CHECKING, Any, Generic, TypeVar, cast

from pydantic import BaseModel, ValidationError

from pkpd.errors import InputError, Problem, input_error

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from pydantic_core import ErrorDetails

Schema = TypeVar("Schema", bound=BaseModel)

_LONGEST_VALUE = 60
# Such a file is a few kilobytes; this keeps a wrong file from filling the memory.
_LARGEST_FILE_BYTES = 1_000_000


@dataclass(frozen=True, slots=True)
class TomlKind(Generic[Schema]):
    """A kind of file.

    Parameters
    ----------
    noun : str
        What messages call it, with its article: ``a model file``.
    asked : str
        What is asked for where there is none: ``give the path of a model's TOML file``.
    keys_page : str
        The page of the documentation that lists its keys.
    schema : type
        What it holds.
    tagged : mapping of str to tuple of str
        Tables of which there are several kinds, told apart by their key ``kind``, and those kinds.
    """

    noun: str
    asked: str
    keys_page: str
    schema: type[Schema]
    tagged: Mapping[str, tuple[str, ...]] = field(default_factory=dict[str, tuple[str, ...]])


def read_toml(kind: TomlKind[Schema], path: Path, file: str) -> tuple[Schema, str]:
    """Return what a file holds, and the SHA-256 of its bytes.

    Parameters
    ----------
    kind : TomlKind
        What it should be.
    path : Path
        Where it is.
    file : str
        What messages call it.

    Raises
    ------
    InputError
        Where it cannot be read, or with one problem for each thing wrong in it.
    """
    content = _bytes_of(kind, path, file)
    try:
        data = tomllib.loads(content.decode("utf-8"))
    except UnicodeDecodeError as error:
        raise input_error(file, f"byte {error.start + 1} is not UTF-8 text; {kind.noun} is TOML in UTF-8.") from None
    except RecursionError:
        raise input_error(file, f"is nested too deeply for {kind.noun}.") from None
    except ValueError as error:
        # tomllib's own error and Python's refusal of numbers with thousands of digits.
        raise input_error(file, f"is not valid TOML: {error}.") from None
    return checked(kind, data, file), hashlib.sha256(content).hexdigest()


def checked(kind: TomlKind[Schema], data: dict[str, Any], file: str) -> Schema:
    """Return the tables of a file as its schema has them.

    Raises
    ------
    InputError
        With one problem for each thing wrong, in the order of the schema.
    """
    try:
        return kind.schema.model_validate(data)
    except ValidationError as error:
        raise InputError(describe(kind, error, file)) from None


def describe(kind: TomlKind[Any], error: ValidationError, file: str) -> tuple[Problem, ...]:
    """Return one problem for each fault that pydantic found in a file, in the order of its schema."""
    return tuple(
        Problem(place(file, _without_tag(kind, detail["loc"])), _sentence(kind, detail)) for detail in error.errors()
    )


def place(file: str, keys: tuple[int | str, ...]) -> str:
    """Return where in a file something is: ``model.toml, parameters.cl.effects#1.form`` (lists count from 1)."""
    path = ""
    for key in keys:
        if key != "[key]":  # pydantic's own step to the name of a table
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


def _bytes_of(kind: TomlKind[Any], path: Path, file: str) -> bytes:
    try:
        if not path.is_file():
            raise input_error(file, f"{'is not a file' if path.exists() else 'no such file'}; {kind.asked}.")
        if path.stat().st_size > _LARGEST_FILE_BYTES:
            raise input_error(file, f"has {path.stat().st_size} bytes, expected {kind.noun} of a few kilobytes.")
        return path.read_bytes()
    except OSError as error:
        raise input_error(file, f"cannot be read: {error.strerror}.") from None


def _without_tag(kind: TomlKind[Any], keys: tuple[int | str, ...]) -> tuple[int | str, ...]:
    """Return pydantic's path without its step to the kind of a table, which is no key of the file."""
    return (keys[0], *keys[2:]) if keys and keys[0] in kind.tagged else keys


def _sentence(kind: TomlKind[Any], detail: ErrorDetails) -> str:
    """Return what was found and what was expected, for one fault."""
    value = detail["input"]
    context: dict[str, Any] = detail.get("ctx", {})
    match detail["type"]:
        case "missing":
            return f"is missing; {kind.keys_page} lists the keys."
        case "extra_forbidden":
            return f"unknown key; {closest(str(detail['loc'][-1]), _keys(kind))}{kind.keys_page} lists the keys."
        case "union_tag_not_found":
            return f"has no kind, expected {_kinds(kind, detail)}."
        case "union_tag_invalid":
            return f"kind {shown(context['tag'])}, expected {_kinds(kind, detail)}."
        case "enum" | "literal_error":
            expected = str(context["expected"])
            known = [word.strip(" '") for word in expected.replace(" or ", ",").split(",")]
            return f"{shown(value)}, {closest(str(value), known)}expected {expected}."
        case "string_pattern_mismatch" if "0-9a-f" in context["pattern"]:
            return f"{shown(value)}, expected the 64 hexadecimal digits of a SHA-256."
        case "string_pattern_mismatch":
            letters = "letters" if "A-Z" in context["pattern"] else "small letters"
            return (
                f"{shown(value)}, expected a name made of {letters}, digits and underscores that starts with a letter."
            )
        case fault:
            found = "a table" if isinstance(value, dict) else shown(cast("object", value))
            return f"{found}, expected {_expectation(fault, context)}."


def _expectation(fault: str, context: dict[str, Any]) -> str:
    """Return what was expected of a value, by pydantic's name for the fault."""
    match fault:
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
            return "a list in square brackets"
        case _:
            return "a table"


def _kinds(kind: TomlKind[Any], detail: ErrorDetails) -> str:
    *others, last = (f"'{one}'" for one in kind.tagged[str(detail["loc"][0])])
    return f"{', '.join(others)} or {last}"


def _keys(kind: TomlKind[Any]) -> list[str]:
    """Return every key that a kind of file knows."""
    sections = [
        one
        for one in vars(sys.modules[kind.schema.__module__]).values()
        if isinstance(one, type) and issubclass(one, BaseModel)
    ]
    return sorted({field.alias or name for one in sections for name, field in one.model_fields.items()})

"""From bytes, text or a dictionary to the plain tree of a case, with what is wrong in the writing itself."""

from __future__ import annotations

import json
import math
from collections import Counter
from typing import TYPE_CHECKING, cast

from dosing_app.decision.case_faults import Fault, Path, UnusableNumber, shown
from pkpd.errors import input_error

if TYPE_CHECKING:
    from collections.abc import Mapping

_DEEPEST = 8  # a case is three levels deep
_LONGEST_INTEGER = 300  # digits; longer ones exceed every float
_EXPECTED = "a JSON object of schema asuc-case/1"
_WHAT_IS_WRONG = {
    "Expecting value": "a value is missing or not written as JSON",
    "Expecting property name": "a key in double quotes is missing, or there is a comma too many before it",
    "Expecting ':'": "a colon after the key is missing",
    "Expecting ','": "a comma or a closing bracket is missing",
    "Extra data": "there is text after the end of the JSON object",
    "Unterminated string": "the text that starts here has no closing quote",
    "Invalid control character": "a line break or control character stands inside a text",
    "Invalid \\": "a backslash starts no known escape",
    "Illegal trailing comma": "a comma stands before a closing bracket",
}


def read_tree(source: bytes | str | Mapping[str, object]) -> tuple[dict[str, object], list[Fault]]:
    """Return the tree of dictionaries and lists that a source holds, and the faults of its writing.

    Parameters
    ----------
    source : bytes, str or dict
        UTF-8 (a byte-order mark is accepted) or text of one JSON object, or that object as a dictionary.

    Returns
    -------
    tuple of dict and list of Fault
        Numbers that no float can hold stand in the tree as ``UnusableNumber``. Faults are repeated keys, keys that are
        not text, and nesting deeper than any case.

    Raises
    ------
    InputError
        Where there is no tree: nothing given, another encoding, no valid JSON, or a top level that is no object.
    """
    faults: list[Fault] = []
    given = _parsed(_decoded(source)) if isinstance(source, bytes | bytearray | str) else source
    tree = _plain(given, (), faults)
    if not isinstance(tree, dict):
        raise input_error("case", f"the top level is {shown(tree)}; expected {_EXPECTED}")
    return cast("dict[str, object]", tree), faults


class _Object(dict[str, object]):
    """A JSON object that remembers which keys it held twice."""

    repeated: tuple[str, ...] = ()


def _decoded(source: bytes | bytearray | str) -> str:
    if isinstance(source, str):
        return source.removeprefix("\ufeff")
    try:
        return source.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        message = (
            f"byte 0x{source[error.start]:02x} at position {error.start} is not UTF-8; expected JSON text in UTF-8"
        )
        raise input_error("case", message) from None


def _parsed(text: str) -> object:
    if not text.strip():
        raise input_error("case", f"nothing was given; expected {_EXPECTED}")
    try:
        return json.loads(
            text, parse_float=_float, parse_int=_integer, parse_constant=UnusableNumber, object_pairs_hook=_object
        )
    except json.JSONDecodeError as error:
        found = shown(text[error.pos : error.pos + 20]) if error.pos < len(text) else "the end of the text"
        reason = next((words for start, words in _WHAT_IS_WRONG.items() if error.msg.startswith(start)), error.msg)
        message = f"{found} is not valid JSON: {reason}"
        raise input_error(f"line {error.lineno}, column {error.colno}", message) from None
    except RecursionError:
        raise input_error("case", f"brackets are nested too deep; expected {_EXPECTED}") from None


def _float(literal: str) -> float | UnusableNumber:
    """Read a number, but not one that rounds to infinity or to 0, which would change it in silence."""
    value = float(literal)
    if math.isinf(value):
        return UnusableNumber(literal, "is too large to be read")
    if value == 0 and any(digit in "123456789" for digit in literal.lower().split("e")[0]):
        return UnusableNumber(literal, "is too small to be told from zero")
    return value


def _integer(literal: str) -> int | UnusableNumber:
    return int(literal) if len(literal) <= _LONGEST_INTEGER else UnusableNumber(literal, "is too large to be read")


def _object(pairs: list[tuple[str, object]]) -> _Object:
    read = _Object(pairs)
    if len(read) < len(pairs):
        counts = Counter(key for key, _ in pairs)
        read.repeated = tuple(key for key, count in counts.items() if count > 1)
    return read


def _plain(value: object, path: Path, faults: list[Fault]) -> object:
    """Copy a tree into plain dictionaries and lists, so that nothing shared, cyclic or odd goes further."""
    if isinstance(value, dict | list | tuple) and len(path) > _DEEPEST:
        faults.append(Fault(path[:2], f"is nested more than {_DEEPEST} levels deep; expected {_EXPECTED}"))
        return None
    if isinstance(value, dict):
        return _plain_object(cast("dict[object, object]", value), path, faults)
    if isinstance(value, list | tuple):
        items = cast("list[object] | tuple[object, ...]", value)
        return [_plain(item, (*path, row), faults) for row, item in enumerate(items)]
    return value


def _plain_object(value: dict[object, object], path: Path, faults: list[Fault]) -> dict[str, object]:
    if isinstance(value, _Object):
        faults.extend(
            Fault((*path, key), "the key stands here more than once; expected it once") for key in value.repeated
        )
    plain: dict[str, object] = {}
    for key, item in value.items():
        if isinstance(key, str) and _is_writable(key):
            plain[key] = item if isinstance(item, float | int | str) else _plain(item, (*path, key), faults)
        else:
            faults.append(Fault(path, f"the key {shown(key)} is not text that can be written; expected keys of a case"))
    return plain


def _is_writable(text: str) -> bool:
    """Return whether a text has no half of a surrogate pair, which no file can hold."""
    return text.isascii() or not any("\ud800" <= letter <= "\udfff" for letter in text)

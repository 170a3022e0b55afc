"""From bytes, text or a dictionary to the plain tree of a case, with what is wrong in the writing itself."""

from __future__ import annotations

import json
import math
from collections import Counter
from typing import TYPE_CHECKING, cast

from dosing_app.decision.case_faults import CaseError, Fault, Path, UnusableNumber, expected, shown
from dosing_app.language import Figure, message

if TYPE_CHECKING:
    from collections.abc import Mapping

    from dosing_app.language import Message

_DEEPEST = 8  # a case is three levels deep
_LONGEST_INTEGER = 300  # digits; longer ones exceed every float
_WHAT_IS_WRONG = {
    "Expecting value": "fault.json.value",
    "Expecting property name": "fault.json.key",
    "Expecting ':'": "fault.json.colon",
    "Expecting ','": "fault.json.comma",
    "Extra data": "fault.json.text_after",
    "Unterminated string": "fault.json.quote",
    "Invalid control character": "fault.json.control_character",
    "Invalid \\": "fault.json.backslash",
    "Illegal trailing comma": "fault.json.trailing_comma",
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
    CaseError
        Where there is no tree: nothing given, another encoding, no valid JSON, or a top level that is no object.
    """
    faults: list[Fault] = []
    given = _parsed(_decoded(source)) if isinstance(source, bytes | bytearray | str) else source
    tree = _plain(given, (), faults)
    if not isinstance(tree, dict):
        raise _of_the_whole(message("fault.top_level", found=shown(tree), expected=expected("case")))
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
        byte, position = f"0x{source[error.start]:02x}", Figure(error.start)
        raise _of_the_whole(message("fault.bytes_not_utf8", byte=byte, position=position)) from None


def _parsed(text: str) -> object:
    if not text.strip():
        raise _of_the_whole(message("fault.nothing_given", expected=expected("case")))
    try:
        return json.loads(
            text, parse_float=_float, parse_int=_integer, parse_constant=UnusableNumber, object_pairs_hook=_object
        )
    except json.JSONDecodeError as error:
        raise CaseError([_not_json(text, error)]) from None
    except RecursionError:
        raise _of_the_whole(message("fault.brackets_too_deep", expected=expected("case"))) from None


def _of_the_whole(said: Message) -> CaseError:
    return CaseError([Fault((), said)])


def _not_json(text: str, error: json.JSONDecodeError) -> Fault:
    """Return where a text stops being JSON, and why."""
    found = shown(text[error.pos : error.pos + 20]) if error.pos < len(text) else message("fault.end_of_text")
    place = message("fault.line_and_column", line=Figure(error.lineno), column=Figure(error.colno))
    key = next((key for start, key in _WHAT_IS_WRONG.items() if error.msg.startswith(start)), None)
    if key is None:
        return Fault((), message("fault.json.other", found=found, reason=error.msg), place)
    return Fault((), message(key, found=found), place)


def _float(literal: str) -> float | UnusableNumber:
    """Read a number, but not one that rounds to infinity or to 0, which would change it in silence."""
    value = float(literal)
    if math.isinf(value):
        return UnusableNumber(literal, "fault.too_large_to_read")
    if value == 0 and any(digit in "123456789" for digit in literal.lower().split("e")[0]):
        return UnusableNumber(literal, "fault.too_small_to_read")
    return value


def _integer(literal: str) -> int | UnusableNumber:
    return int(literal) if len(literal) <= _LONGEST_INTEGER else UnusableNumber(literal, "fault.too_large_to_read")


def _object(pairs: list[tuple[str, object]]) -> _Object:
    read = _Object(pairs)
    if len(read) < len(pairs):
        counts = Counter(key for key, _ in pairs)
        read.repeated = tuple(key for key, count in counts.items() if count > 1)
    return read


def _plain(value: object, path: Path, faults: list[Fault]) -> object:
    """Copy a tree into plain dictionaries and lists, so that nothing shared, cyclic or odd goes further."""
    if isinstance(value, dict | list | tuple) and len(path) > _DEEPEST:
        said = message("fault.too_deep", levels=Figure(_DEEPEST), expected=expected("case"))
        faults.append(Fault(path[:2], said))
        return None
    if isinstance(value, dict):
        return _plain_object(cast("dict[object, object]", value), path, faults)
    if isinstance(value, list | tuple):
        items = cast("list[object] | tuple[object, ...]", value)
        return [_plain(item, (*path, row), faults) for row, item in enumerate(items)]
    return value


def _plain_object(value: dict[object, object], path: Path, faults: list[Fault]) -> dict[str, object]:
    if isinstance(value, _Object):
        faults.extend(Fault((*path, key), message("fault.key_repeated")) for key in value.repeated)
    plain: dict[str, object] = {}
    for key, item in value.items():
        if isinstance(key, str) and _is_writable(key):
            plain[key] = item if isinstance(item, float | int | str) else _plain(item, (*path, key), faults)
        else:
            faults.append(Fault(path, message("fault.key_not_text", name=shown(key))))
    return plain


def _is_writable(text: str) -> bool:
    """Return whether a text has no half of a surrogate pair, which no file can hold."""
    return text.isascii() or not any("\ud800" <= letter <= "\udfff" for letter in text)

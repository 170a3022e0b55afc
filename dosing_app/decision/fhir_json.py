"""From bytes or text to the plain tree of an HL7 FHIR bundle, refused where its writing leaves its meaning open.

No message shows anything of the text itself: names and numbers of patients may stand anywhere in it.
"""

from __future__ import annotations

import json
import math
from typing import TYPE_CHECKING, cast

from dosing_app.decision.case_faults import UnusableNumber
from dosing_app.decision.fhir_faults import BundleError, Finding
from dosing_app.language import message

if TYPE_CHECKING:
    from dosing_app.decision.case_tree import Tree
    from dosing_app.language import Message

_DEEPEST = 60  # a bundle whose resources hold resources is some fifteen levels deep
_LONGEST_INTEGER = 300  # digits; longer ones exceed every float


def read_bundle_tree(source: bytes | str) -> Tree:
    """Return the tree of dictionaries and lists that a JSON document holds.

    Parameters
    ----------
    source : bytes or str
        UTF-8 (a byte-order mark is accepted) or text of one JSON object.

    Returns
    -------
    dict
        Free of repeated keys, of numbers that no float can hold, and of nesting deeper than any bundle.

    Raises
    ------
    BundleError
        Where there is no such tree; by entry where the place is known.
    """
    tree = _parsed(_decoded(source))
    if not isinstance(tree, dict):
        raise _refusal("Bundle", message("fhir.no_object"))
    top = cast("Tree", tree)
    entries = top.get("entry")
    rows = cast("list[object]", entries) if isinstance(entries, list) else []
    parts = [
        ("Bundle", _without_entries(cast("_Object", tree), rows)),
        *((f"entry[{n}]", row) for n, row in enumerate(rows)),
    ]
    found = [Finding(place, said) for place, part in parts if (said := _fault_of_writing(part))]
    if found:
        raise BundleError(found)
    return top


class _Object(dict[str, object]):
    """A JSON object that remembers whether it held a key twice."""

    is_repeating: bool = False


def _without_entries(tree: _Object, rows: list[object]) -> _Object:
    """Return the bundle without its entries, which are looked at one by one, so that a fault has a place."""
    rest = _Object({key: value for key, value in tree.items() if value is not rows})
    rest.is_repeating = tree.is_repeating
    return rest


def _decoded(source: bytes | str) -> str:
    if isinstance(source, str):
        return source.removeprefix("\ufeff")
    try:
        return source.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise _refusal("Bundle", message("fhir.not_utf8", position=str(error.start))) from None


def _parsed(text: str) -> object:
    if not text.strip():
        raise _refusal("Bundle", message("fhir.nothing"))
    if text.lstrip().startswith("<"):
        raise _refusal("Bundle", message("fhir.xml"))
    try:
        return json.loads(
            text, parse_float=_float, parse_int=_integer, parse_constant=UnusableNumber, object_pairs_hook=_object
        )
    except json.JSONDecodeError as error:
        place = message("fhir.line", line=str(error.lineno), column=str(error.colno))
        raise _refusal(place, message("fhir.not_json")) from None
    except RecursionError:
        raise _refusal("Bundle", message("fhir.too_deep")) from None


def _float(literal: str) -> float | UnusableNumber:
    """Read a number, but not one that rounds to infinity or to 0, which would change it in silence."""
    value = float(literal)
    is_lost = value == 0 and any(digit in "123456789" for digit in literal.lower().split("e")[0])
    return UnusableNumber(literal) if math.isinf(value) or is_lost else value


def _integer(literal: str) -> int | UnusableNumber:
    return int(literal) if len(literal) <= _LONGEST_INTEGER else UnusableNumber(literal)


def _object(pairs: list[tuple[str, object]]) -> _Object:
    read = _Object(pairs)
    read.is_repeating = len(read) < len(pairs)
    return read


def _fault_of_writing(value: object) -> Message | None:
    """Return the first fault inside a value; with a list of what is left to see, since it may be nested very deep."""
    left: list[tuple[object, int]] = [(value, 0)]
    while left:
        item, depth = left.pop()
        if isinstance(item, UnusableNumber):
            return message("fhir.unusable_number")
        if isinstance(item, _Object) and item.is_repeating:
            return message("fhir.key_twice")
        if isinstance(item, dict | list):
            if depth > _DEEPEST:
                return message("fhir.too_deep")
            inner = cast("Tree", item).values() if isinstance(item, dict) else cast("list[object]", item)
            left.extend((part, depth + 1) for part in inner)
    return None


def _refusal(place: str | Message, said: Message) -> BundleError:
    return BundleError([Finding(place, said)])

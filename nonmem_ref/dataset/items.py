"""The data items that $INPUT names: reserved labels, synonyms, and items that are dropped."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from pkpd.errors import Problem

if TYPE_CHECKING:
    from collections.abc import Iterable

RESERVED = frozenset(
    [
        "ID",
        "L1",
        "L2",
        "DV",
        "MDV",
        "RAW_",
        "MRG_",
        "RPT_",
        "TIME",
        "DATE",
        "DAT1",
        "DAT2",
        "DAT3",
        "EVID",
        "AMT",
        "RATE",
        "SS",
        "II",
        "ADDL",
        "CMT",
        "PCMT",
        "CALL",
        "CONT",
    ]
)
DATES = ("DATE", "DAT1", "DAT2", "DAT3")
_DROPPED = frozenset({"DROP", "SKIP"})
# Meanings that are not read here: records that continue others, mixtures of raw data, extra events, replicates.
_REFUSED = frozenset(
    {"CONT", "CALL", "PCMT", "L1", "RAW_", "MRG_", "RPT_", "REPL_", *(f"XVID{i}" for i in range(1, 6))}
)
_LABEL = re.compile(r"[A-Za-z][A-Za-z0-9_]{0,23}")


@dataclass(frozen=True, slots=True)
class DataItem:
    """One item of $INPUT: one column of the file.

    Parameters
    ----------
    names : tuple of str
        Its names in capital letters, a reserved one first; empty for a bare DROP.
    is_dropped : bool
        Whether it is left out of the data set. It can still choose records, and a date sets times.
    line : int
        Line of the control stream, or 0.
    """

    names: tuple[str, ...]
    is_dropped: bool = False
    line: int = 0


def data_items(words: Iterable[tuple[int, str]]) -> tuple[tuple[DataItem, ...], tuple[Problem, ...]]:
    """Read the words of $INPUT.

    Parameters
    ----------
    words : iterable of (line, text)
        ``B`` or ``A=B`` each, in any case of letters.

    Returns
    -------
    tuple of DataItem, tuple of Problem
        The items in order, and what is wrong with them.
    """
    found: list[DataItem] = []
    faults: list[Problem] = []
    seen: dict[str, int] = {}
    for line, word in words:
        item, fault = _item(line, word)
        # A dropped item may be called like one that takes its place: DV=DROP LNDV=DV.
        if fault is None and not item.is_dropped:
            fault = next((f"{name} is named twice (line {seen[name]})" for name in item.names if name in seen), None)
        if fault is not None:
            faults.append(Problem(f"line {line}, $INPUT", fault))
        seen |= {} if item.is_dropped else dict.fromkeys(item.names, line)
        found.append(item)
    return tuple(found), tuple(faults)


def _item(line: int, word: str) -> tuple[DataItem, str | None]:
    """Return an item and what is wrong with it."""
    labels = [label.strip().upper() for label in word.split("=")]
    kept = [label for label in labels if label not in _DROPPED]
    item = DataItem(tuple(sorted(kept, key=lambda name: name not in RESERVED)), len(kept) < len(labels), line)
    if len(labels) > 2 or not all(_LABEL.fullmatch(label) for label in labels):
        return item, f"“{word}” is no data item; expected a label of letters, digits and _, or two with = between them"
    if item.is_dropped:
        return item, None
    if len(kept) == 2 and not set(kept) & RESERVED:
        return (
            item,
            f"“{word}” makes synonyms of two labels of your own; expected one of them to be reserved (DV, AMT, …)",
        )
    if set(kept) <= RESERVED and len(kept) == 2:
        return item, f"“{word}” makes synonyms of two reserved labels; expected one of them"
    refused = next((name for name in kept if name in _REFUSED), None)
    return (
        item,
        None
        if refused is None
        else f"data item {refused} is not read here; drop it ({refused}=DROP) where it says nothing",
    )

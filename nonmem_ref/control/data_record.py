"""$INPUT and $DATA as what `nonmem_ref.dataset` reads a file with."""

from __future__ import annotations

import re
from bisect import bisect
from dataclasses import dataclass, field, replace
from itertools import accumulate
from typing import TYPE_CHECKING

from nonmem_ref.control.records import logical_lines
from nonmem_ref.control.tokens import is_short_for, number_of
from nonmem_ref.dataset.items import DataItem, data_items
from nonmem_ref.dataset.options import OPERATORS, Comparison, Condition, DataOptions, Translation
from pkpd.errors import Problem

if TYPE_CHECKING:
    from collections.abc import Sequence

    from nonmem_ref.control.records import Record

_EQUAL = re.compile(r"\s*=\s*")
# A file name, quoted text, parentheses with all that is in them, or an option.
_WORD = re.compile(r"'[^']*'|\"[^\"]*\"|\((?:[^()'\"]|'[^']*'|\"[^\"]*\")*\)|[^\s,()=]+|[=(),]")
_CONDITION = re.compile(
    r"\s*(?P<label>[A-Za-z][A-Za-z0-9_]*)\s*(?P<operator>\.[A-Za-z]{2,3}\.|==|/=|<=|>=|=|<|>)?\s*(?P<value>'[^']*'|\"[^\"]*\"|[^\s=<>].*?)\s*"
)
_TRANSLATION = re.compile(r"\s*(TIME|II)\s*/\s*([0-9.]+)(?:\s*/\s*([0-9.]+))?\s*", flags=re.IGNORECASE)
_FLAGS = ("WIDE", "NOWIDE", "CHECKOUT", "CHECKDATA", "REWIND", "NOREWIND", "NOFDATACSV")
_MOST_CONDITIONS = 100
_DIGITS, _MOST_DIGITS = 2, 12


@dataclass(frozen=True, slots=True)
class DataRecord:
    """What $DATA says.

    Parameters
    ----------
    file : str
        Name of the file, as written.
    options : DataOptions
        How it is read.
    line : int
        Line of the control stream.
    """

    file: str
    options: DataOptions
    line: int


def read_input(records: Sequence[Record]) -> tuple[tuple[DataItem, ...], tuple[Problem, ...]]:
    """Read the items of all $INPUT records, which go on one another."""
    words: list[tuple[int, str]] = []
    for record in records:
        for number, text in logical_lines(record):
            words += [(number, word) for word in _EQUAL.sub("=", text).replace(",", " ").split()]
    return data_items(words)


@dataclass(slots=True)
class _Reader:
    faults: list[Problem]
    options: DataOptions
    n_comments: int = 0
    lists: set[str] = field(default_factory=set[str])

    def say(self, line: int, message: str) -> None:
        self.faults.append(Problem(f"line {line}, $DATA", message))


def read_data(record: Record) -> tuple[DataRecord | None, tuple[Problem, ...]]:
    """Read $DATA.

    Parameters
    ----------
    record : Record
        The record.

    Returns
    -------
    DataRecord or None, tuple of Problem
        What it says, and what cannot be read or is not supported.
    """
    reader = _Reader([], DataOptions())
    words = _words(record)
    if not words or words[0][1][0] in "(=,)":
        reader.say(record.line, "has no file name; expected one first, in quotes where it has commas or parentheses")
        return None, tuple(reader.faults)
    name = words[0][1]
    if name == "*":
        reader.say(
            words[0][0], "reads the data of the problem before (*), which is not supported; expected a file name"
        )
    at = 1
    while at < len(words):
        line, word = words[at]
        at += 1
        value: str | None = None
        if at < len(words) and words[at][1] == "=":
            value = words[at + 1][1] if at + 1 < len(words) else ""
            at += 2
        elif at < len(words) and words[at][1].startswith("(") and word != ",":
            value = words[at][1]
            at += 1
        if word != ",":
            _take(reader, line, word.upper(), value)
    if reader.lists == {"IGNORE", "ACCEPT"}:
        reader.say(record.line, "has a list in IGNORE and one in ACCEPT; expected one of them")
    if len(reader.options.conditions) > _MOST_CONDITIONS:
        reader.say(record.line, f"has {len(reader.options.conditions)} conditions; expected at most {_MOST_CONDITIONS}")
    return DataRecord(_bare(name), reader.options, record.line), tuple(reader.faults)


def _words(record: Record) -> list[tuple[int, str]]:
    """Return the words of the record with their lines; what stands in parentheses is one word, over lines too."""
    lines = logical_lines(record)
    text = "\n".join(one for _, one in lines)
    starts = [0, *accumulate(len(one) + 1 for _, one in lines)]
    return [(lines[bisect(starts, match.start()) - 1][0], match.group()) for match in _WORD.finditer(text)]


def _bare(word: str) -> str:
    return word[1:-1] if len(word) > 1 and word[0] in "'\"" and word[-1] == word[0] else word


def _take(reader: _Reader, line: int, word: str, value: str | None) -> None:
    """Take in one option."""
    if is_short_for(word, "IGNORE") or is_short_for(word, "ACCEPT"):
        _take_choice(reader, line, "IGNORE" if is_short_for(word, "IGNORE") else "ACCEPT", value or "")
    elif word == "BLANKOK":
        reader.options = replace(reader.options, blank_lines=True)
    elif is_short_for(word, "TRANSLATE"):
        _take_translation(reader, line, value or "")
    elif word == "NULL" or is_short_for(word, "RECORDS") or word in {"RECS", "NRECS", "NRECORDS", "LAST20", "MISDAT"}:
        _take_number(reader, line, word, _bare(value or ""))
    elif is_short_for(word, "LRECL") or any(is_short_for(word, flag) for flag in _FLAGS):
        return
    elif word.startswith("("):
        reader.say(line, f"has the format {word}, which is not supported; expected cells that commas or blanks part")
    else:
        reader.say(line, f"has the option {word}, which is not supported; expected IGNORE, ACCEPT, RECORDS, NULL, …")


def _take_choice(reader: _Reader, line: int, word: str, value: str) -> None:
    """Take in IGNORE=c, IGNORE=(…) or ACCEPT=(…)."""
    if value.startswith("("):
        reader.lists |= {word}
        found = [_condition(reader, line, text) for text in value[1:-1].replace("\n", " ").split(",") if text.strip()]
        conditions = (*reader.options.conditions, *(one for one in found if one is not None))
        reader.options = replace(reader.options, conditions=conditions, accepts=word == "ACCEPT")
        return
    mark = _bare(value)
    if word == "ACCEPT" or len(mark) != 1:
        reader.say(
            line,
            f"has {word}={value}; expected {'one character or ' if word == 'IGNORE' else ''}conditions in parentheses",
        )
        return
    # The first one takes the place of the default.
    before = reader.options.comments if reader.n_comments else ()
    reader.n_comments += 1
    reader.options = replace(reader.options, comments=(*before, mark))


def _condition(reader: _Reader, line: int, text: str) -> Condition | None:
    found = _CONDITION.fullmatch(text)
    operator = (found["operator"] or ".EQ.").upper() if found else ""
    if found is None or operator not in OPERATORS:
        reader.say(line, f"has the condition “{text.strip()}”; expected a label, an operator such as .EQ. and a value")
        return None
    condition = Condition(found["label"].upper(), OPERATORS[operator], _bare(found["value"]), line)
    if condition.comparison not in {Comparison.SAME_TEXT, Comparison.OTHER_TEXT} and number_of(condition.value) is None:
        reader.say(
            line, f"compares {condition.label} with “{condition.value}”; {condition.comparison.value} expects a number"
        )
        return None
    return condition


def _take_translation(reader: _Reader, line: int, value: str) -> None:
    for text in value.strip("()").split(","):
        found = _TRANSLATION.fullmatch(text)
        factor = number_of(found[2]) if found else None
        if found is None or not factor:
            reader.say(line, f"has TRANSLATE={value}; expected (TIME/F), (TIME/F/D), (II/F) or (II/F/D)")
            return
        # Digits: as asked for, else as many as the factor has behind its point, else two.
        given = int(number_of(found[3]) or 0) if found[3] else len(found[2].partition(".")[2])
        translation = Translation(factor, min(given, _MOST_DIGITS) or _DIGITS)
        is_time = found[1].upper() == "TIME"
        reader.options = (
            replace(reader.options, time=translation) if is_time else replace(reader.options, interval=translation)
        )


def _take_number(reader: _Reader, line: int, word: str, value: str) -> None:
    """Take in an option whose value is a number."""
    number = 0.0 if word == "NULL" and value in {"+", "-", "."} else number_of(value)
    is_whole = number is not None and number == int(number)
    if word == "NULL" and len(value) == 1 and is_whole:
        reader.options = replace(reader.options, null=number or 0.0)
    elif word == "LAST20" and is_whole:
        reader.options = replace(reader.options, last_year_of_2000s=int(number or 0))
    elif word == "MISDAT" and number is not None:
        reader.options = replace(reader.options, missing=(*reader.options.missing, number))
    elif word not in {"NULL", "LAST20", "MISDAT"} and is_whole and (number or 0) > 0:
        reader.options = replace(reader.options, n_records=int(number or 0))
    else:
        expected = "one digit" if word == "NULL" else "a number of records" if "REC" in word else "a number"
        reader.say(line, f"has {word}={value}; expected {expected}")

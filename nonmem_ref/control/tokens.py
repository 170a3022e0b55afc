"""Records that are no code as words: names, numbers, quoted text, parentheses and equal signs, each with its line."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from nonmem_ref.control.records import logical_lines
from pkpd.errors import Problem

if TYPE_CHECKING:
    from collections.abc import Sequence

    from nonmem_ref.control.records import Record

_TOKEN = re.compile(r"'[^']*'|\"[^\"]*\"|[(),=]|[^\s(),='\"]+")
_NUMBER = re.compile(r"([+-]?(?:\d+\.?\d*|\.\d+))(?:[eEdD]([+-]?\d+))?")
_FORMATS = {"FORMAT", "DELIM"}


@dataclass(frozen=True, slots=True)
class Token:
    """One word.

    Parameters
    ----------
    line : int
        Line of the file.
    text : str
        The word as written, quotes included.
    """

    line: int
    text: str

    @property
    def upper(self) -> str:
        """The word in capital letters."""
        return self.text.upper()

    @property
    def bare(self) -> str:
        """The word without quotes around it."""
        return self.text[1:-1] if len(self.text) > 1 and self.text[0] in "'\"" else self.text


@dataclass(frozen=True, slots=True)
class Option:
    """An option of a record.

    Parameters
    ----------
    line : int
        Line of the file.
    name : str
        Its name in capital letters, as written.
    value : str or None
        What stands behind the equal sign, without quotes; of parentheses the words between them with commas; None without.
    """

    line: int
    name: str
    value: str | None


class RecordError(ValueError):
    """Something in a record that cannot be read.

    Parameters
    ----------
    line : int
        Line of the file.
    message : str
        What was found, and what was expected.
    """

    def __init__(self, line: int, message: str) -> None:
        super().__init__(message)
        self.line = line


def tokens_of(record: Record) -> list[Token]:
    """Return the words of a record; a quote that is never closed is a word of its own."""
    found: list[Token] = []
    for number, text in logical_lines(record):
        place = 0
        while place < len(text):
            match = _TOKEN.match(text, place)
            if match is None:
                if not text[place].isspace():
                    found.append(Token(number, text[place]))
                place += 1
                continue
            found.append(Token(number, match.group()))
            place = match.end()
    return found


def number_of(text: str) -> float | None:
    """Return the number that a word is, or None."""
    found = _NUMBER.fullmatch(text)
    if found is None:
        return None
    value = float(f"{found[1]}e{found[2] or 0}")
    return value if abs(value) != float("inf") else None


def options_of(tokens: Sequence[Token], place: str) -> tuple[list[Option], list[Problem]]:
    """Return the words of a record as options ``NAME``, ``NAME=value`` or ``NAME=(…)``; commas part them. Numbers are no names."""
    found: list[Option] = []
    faults: list[Problem] = []
    i = 0
    while i < len(tokens):
        token = tokens[i]
        if token.text == ",":
            i += 1
            continue
        if token.text == "(":
            end, inside = group(tokens, i)
            found.append(Option(token.line, "", inside))
            i = end
            continue
        if token.text in {")", "="}:
            faults.append(Problem(f"line {token.line}, {place}", f"“{token.text}” stands where an option was expected"))
            i += 1
            continue
        if number_of(token.text) is not None or token.text[0] in "'\"":
            # Read as an option it would be passed over, and with it what was meant by it.
            behind = ""
            if i and tokens[i - 1].text not in "(),=":
                behind = f" behind {tokens[i - 1].upper}"
                if found and found[-1].name == tokens[i - 1].upper:
                    found.pop()  # one sentence for both
            faults.append(
                Problem(
                    f"line {token.line}, {place}",
                    f"“{token.bare}” stands{behind} where an option was expected; expected a value behind “=” alone",
                )
            )
            i += 1
            continue
        i += 1
        value: str | None = None
        if i < len(tokens) and tokens[i].text == "=":
            i += 1
            if token.upper in _FORMATS and i + 1 < len(tokens) and tokens[i].text == ",":
                # The comma is what parts the columns of the table.
                value, i = f",{tokens[i + 1].bare}", i + 2
            elif i == len(tokens) or tokens[i].text in {",", ")", "="}:
                faults.append(Problem(f"line {token.line}, {place}", f"{token.upper}= has no value"))
            elif tokens[i].text == "(":
                i, value = group(tokens, i)
            else:
                value, i = tokens[i].bare, i + 1
        elif i < len(tokens) and tokens[i].text == "(":
            i, value = group(tokens, i)
        found.append(Option(token.line, token.upper, value))
    return found, faults


def group(tokens: Sequence[Token], start: int) -> tuple[int, str]:
    """Return where a parenthesis is over, and the words in it with commas between them."""
    level, inside = 0, list[str]()
    for i in range(start, len(tokens)):
        text = tokens[i].text
        level += (text == "(") - (text == ")")
        if level == 0:
            return i + 1, ",".join(inside)
        if text not in "(),":
            inside.append(tokens[i].bare)
    return len(tokens), ",".join(inside)


def is_short_for(word: str, name: str, least: int = 3) -> bool:
    """Return whether a word in capital letters is a name or a beginning of it."""
    return len(word) >= least and name.startswith(word)

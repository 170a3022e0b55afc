"""$THETA: initial values and bounds."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from nonmem_ref.control.tokens import RecordError, Token, is_short_for, number_of, tokens_of
from pkpd.errors import Problem

if TYPE_CHECKING:
    from nonmem_ref.control.records import Record

# NONMEM's numbers for no bound at all.
_NO_BOUND = 1e6
_MOST_REPEATED = 1000
_IGNORED = ("NUMBERPOINTS", "NUMBERPTS", "NUMPOINTS", "NUMPTS", "ABORT", "NOABORT", "NOABORTFIRST")


@dataclass(frozen=True, slots=True)
class Theta:
    """One element of THETA.

    Parameters
    ----------
    initial : float
        Initial estimate.
    lower, upper : float
        Bounds, infinite where there are none.
    is_fixed : bool
        Whether it is held.
    label : str or None
        Its name in the code (``THETA(CL)``).
    comment : str
        What stands behind the semicolon in its line, where it is the only one there.
    line : int
        Line of the file.
    """

    initial: float
    lower: float = -math.inf
    upper: float = math.inf
    is_fixed: bool = False
    label: str | None = None
    comment: str = ""
    line: int = 0


@dataclass(slots=True)
class _Reader:
    tokens: list[Token]
    place: str
    at: int = 0

    def peek(self, ahead: int = 0) -> str:
        return self.tokens[self.at + ahead].upper if self.at + ahead < len(self.tokens) else ""

    def take(self) -> Token:
        token = self.tokens[self.at]
        self.at += 1
        return token


def read_thetas(record: Record) -> tuple[tuple[Theta, ...], tuple[Problem, ...]]:
    """Read one $THETA record.

    Parameters
    ----------
    record : Record
        The record.

    Returns
    -------
    tuple of Theta, tuple of Problem
        Its elements in order, and the first thing that cannot be read.
    """
    reader = _Reader(tokens_of(record), record.place)
    found: list[Theta] = []
    names: list[str] = []
    try:
        while reader.at < len(reader.tokens):
            if reader.peek() in {",", *_IGNORED}:
                _skip_option(reader)
            elif reader.peek() == "NAMES" and reader.peek(1) == "(":
                names += _names(reader)
            else:
                found += _value(reader)
    except RecordError as error:
        return (), (Problem(f"line {error.line}, {record.place}", str(error)),)
    labelled = [replace(one, label=name) for one, name in zip(found, names, strict=False)]
    return _commented([*labelled, *found[len(labelled) :]], record), ()


def _skip_option(reader: _Reader) -> None:
    reader.take()
    if reader.peek() == "=":
        reader.at += 2


def _names(reader: _Reader) -> list[str]:
    """Return the labels of NAMES(…)."""
    reader.at += 2
    names: list[str] = []
    while reader.at < len(reader.tokens) and reader.peek() != ")":
        token = reader.take()
        if token.text != ",":
            names.append(token.upper)
    reader.at += 1
    return names


def _value(reader: _Reader) -> list[Theta]:
    """Return the element or elements that begin here."""
    label: str | None = None
    if reader.peek(1) == "=":
        label = reader.take().upper
        reader.at += 1
    if reader.at == len(reader.tokens):
        raise RecordError(reader.tokens[-1].line, f"{label}= has no value")
    first = reader.tokens[reader.at]
    if first.text != "(":
        theta = Theta(_number(reader.take()), label=label, line=first.line)
        return [_held(reader, theta)]
    theta = replace(_bounded(reader), label=label, line=first.line)
    theta = _held(reader, theta)
    times = reader.peek()
    if times.startswith("X") and times[1:].isdecimal():
        reader.take()
        if int(times[1:]) > _MOST_REPEATED:
            raise RecordError(first.line, f"repeats a value {times[1:]} times; expected at most {_MOST_REPEATED}")
        return [theta] * int(times[1:])
    return [theta]


def _held(reader: _Reader, theta: Theta) -> Theta:
    """Return an element held where FIXED follows."""
    while is_short_for(reader.peek(), "FIXED") or reader.peek() == "UNINT":
        theta = replace(theta, is_fixed=theta.is_fixed or reader.peek() != "UNINT")
        reader.take()
    return theta


def _bounded(reader: _Reader) -> Theta:
    """Return the element of one pair of parentheses: ``(initial)``, ``(low, initial)`` or ``(low, initial, up)``."""
    opening = reader.take()
    values: list[float | None] = []
    is_fixed, after_comma = False, True
    while reader.peek() != ")":
        if reader.at == len(reader.tokens):
            raise RecordError(opening.line, "a parenthesis is not closed")
        token = reader.take()
        if token.text == ",":
            values += [None] if after_comma else []
            after_comma = True
        elif is_short_for(token.upper, "FIXED") or token.upper == "UNINT":
            is_fixed = is_fixed or token.upper != "UNINT"
        else:
            values.append(_number(token))
            after_comma = False
    reader.take()
    if not 1 <= len(values) <= 3:
        raise RecordError(
            opening.line,
            f"has {len(values)} numbers in parentheses; expected (initial), (low, initial) or (low, initial, up)",
        )
    low, initial, up = {1: (None, values[0], None), 2: (*values, None), 3: tuple(values)}[len(values)]
    if initial is None:
        raise RecordError(
            opening.line, "has no initial estimate, which NONMEM would search for; expected one between the bounds"
        )
    lower = -math.inf if low is None or low <= -_NO_BOUND else low
    upper = math.inf if up is None or up >= _NO_BOUND else up
    if not lower <= initial <= upper:
        raise RecordError(opening.line, f"begins with {initial:g}, not between its bounds {lower:g} and {upper:g}")
    return Theta(initial, lower, upper, is_fixed or lower == initial == upper)


def _number(token: Token) -> float:
    word = token.upper
    if word in {"INF", "+INF", "-INF", "INFINITY", "-INFINITY"}:
        return -math.inf if word.startswith("-") else math.inf
    value = number_of(token.text)
    if value is None:
        raise RecordError(
            token.line, f"“{token.text}” is no number; expected an initial estimate, or (low, initial, up)"
        )
    return value


def _commented(thetas: list[Theta], record: Record) -> tuple[Theta, ...]:
    """Return the elements with the comments of their lines."""
    per_line: dict[int, int] = {}
    for theta in thetas:
        per_line[theta.line] = per_line.get(theta.line, 0) + 1
    comments = {number: text.partition(";")[2].strip() for number, text in record.lines}
    return tuple(replace(one, comment=comments.get(one.line, "")) if per_line[one.line] == 1 else one for one in thetas)

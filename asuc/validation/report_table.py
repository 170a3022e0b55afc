"""Tables of the report: the same cells as a person reads them and as a file holds them."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, NamedTuple, TypeAlias

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pkpd.diagnostics.prediction_errors import Measured

_SMALL_P = 0.001
# Longer text stands to the left and is broken into lines.
_MOST_LETTERS = 28
_NO_INTERVAL = "no interval, for want of events or subjects"


class Quantity(NamedTuple):
    """A number with its interval; NaN ends where there is none, and then words on why where that needs saying."""

    value: float
    low: float
    high: float
    digits: int
    words: str = ""


SortsBy: TypeAlias = Literal["words", "numbers", "sizes"]
Cell: TypeAlias = "str | int | Quantity"


@dataclass(frozen=True, slots=True)
class ReportTable:
    """A table.

    Parameters
    ----------
    name : str
        Of its file.
    caption : str
        What it holds.
    head : tuple of str
        Of the columns; the first is that of the rows.
    rows : tuple of tuples
        Cells; of numbers with intervals, sentences on why there is none, counts and words.
    sorts_by : tuple of str
        What each column sorts by on the page: its words, its numbers, or their sizes without sign. Empty for a table that cannot be
        sorted.
    """

    name: str
    caption: str
    head: tuple[str, ...]
    rows: tuple[tuple[Cell, ...], ...]
    sorts_by: tuple[SortsBy, ...] = ()

    def shown(self) -> list[list[str]]:
        """Return the cells as a person reads them."""
        return [[shown(cell) for cell in row] for row in self.rows]

    def is_said(self) -> list[bool]:
        """Return which columns hold sentences: no numbers, and some text that needs more than a line of its column."""
        columns: list[tuple[Cell, ...]] = list(zip(*self.rows, strict=True)) or [()] * len(self.head)
        return [
            all(isinstance(cell, str) for cell in column) and any(len(str(cell)) > _MOST_LETTERS for cell in column)
            for column in columns
        ]

    def file_head(self) -> list[str]:
        """Return the columns of its file: one of numbers has the ends of the intervals, and sentences, beside it."""
        return [title for name, has in self._columns() for title in (_with_ends(name) if has else (name,))]

    def file_rows(self) -> list[list[object]]:
        """Return the rows of its file."""
        columns = self._columns()
        return [
            [
                value
                for (_, has), cell in zip(columns, row, strict=True)
                for value in (_spread(cell) if has else (cell,))
            ]
            for row in self.rows
        ]

    def _columns(self) -> list[tuple[str, bool]]:
        columns: list[tuple[Cell, ...]] = list(zip(*self.rows, strict=True)) or [()] * len(self.head)
        names = [self.head[0] or "what", *self.head[1:]]
        return [
            (name, any(isinstance(cell, Quantity) for cell in column))
            for name, column in zip(names, columns, strict=True)
        ]


def quantity(one: Measured, digits: int, *, scale: float = 1.0, none: str = "not known") -> Cell:
    """Return a number with its interval, or a sentence where it is none."""
    if math.isnan(one.value):
        return none
    words = _NO_INTERVAL if math.isnan(one.low) and math.isnan(one.high) else ""
    return Quantity(scale * one.value, scale * one.low, scale * one.high, digits, words)


def bare(value: float, digits: int, *, none: str = "not known") -> Cell:
    """Return a number that has no interval, or a sentence where it is none."""
    return none if math.isnan(value) else Quantity(value, math.nan, math.nan, digits)


def p_value(p: float, *, none: str = "no test") -> Cell:
    """Return a p value as it is printed."""
    if math.isnan(p):
        return none
    return f"<{_SMALL_P:g}" if p < _SMALL_P else f"{p:.3f}"


def shown(cell: Cell) -> str:
    """Return a cell as a person reads it."""
    if isinstance(cell, str):
        return cell
    if isinstance(cell, int):
        return f"{cell:,}"
    value = figure(cell.value, cell.digits)
    if math.isnan(cell.low) or math.isnan(cell.high):
        return f"{value}; {cell.words}" if cell.words else value
    return f"{value} ({figure(cell.low, cell.digits)} to {figure(cell.high, cell.digits)})"


def figure(value: float, digits: int) -> str:
    """Return a number with so many decimals, its sign as it is printed; zero has none."""
    if math.isinf(value):
        return "∞" if value > 0.0 else "−∞"
    text = f"{value:,.{digits}f}"
    return (text.lstrip("-") if float(text.replace(",", "")) == 0.0 else text).replace("-", "−")


def _with_ends(name: str) -> Sequence[str]:
    return name, f"{name} low", f"{name} high", f"{name} in words"


def _spread(cell: Cell) -> Sequence[object]:
    if isinstance(cell, Quantity):
        return cell.value, cell.low, cell.high, cell.words
    if isinstance(cell, int):
        return cell, "", "", ""
    return "", "", "", cell

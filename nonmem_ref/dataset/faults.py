"""What is wrong with a data set: the first places with their words, the rest as a count."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

from pkpd.errors import Problem

if TYPE_CHECKING:
    from collections.abc import Callable

    from pkpd.arrays import BoolArray, IntArray

MOST_SHOWN = 20
_LARGEST_CELL = 40


@dataclass(slots=True)
class Faults:
    """Faults while they are collected.

    Parameters
    ----------
    file : str
        Name of the data file.
    shown : list of (line, Problem)
        The first of each kind.
    n : int
        How many there are in all.
    """

    file: str
    shown: list[tuple[int, Problem]] = field(default_factory=list[tuple[int, Problem]])
    n: int = 0

    def add(self, line: int, column: str, message: str) -> None:
        """Note the fault of one cell; line 0 is the file as a whole."""
        place = ", ".join(part for part in (f"line {line}" if line else "", column) if part)
        self.shown.append((line, Problem(f"{self.file}: {place}" if place else self.file, message)))
        self.n += 1

    def add_rows(self, where: BoolArray, lines: IntArray, column: str, message: Callable[[int], str]) -> None:
        """Note the same fault in every row of some, in words for the first of them.

        Parameters
        ----------
        where : (n,) array
            Which rows have it.
        lines : (n,) array
            Line of each row.
        column : str
            Name of the data item.
        message : function of int
            The words for a row.
        """
        rows = np.flatnonzero(where)
        for row in rows[:MOST_SHOWN].tolist():
            self.add(int(lines[row]), column, message(row))
        self.n += max(0, int(rows.size) - MOST_SHOWN)

    def problems(self) -> tuple[Problem, ...]:
        """Return the first problems in the order of the file, and how many more there are."""
        first = [problem for _, problem in sorted(self.shown, key=lambda one: one[0])[:MOST_SHOWN]]
        left = self.n - len(first)
        return (*first, Problem(self.file, f"{left:,} more such faults")) if left else tuple(first)


def shown_cell(text: str) -> str:
    """Return a cell as a message shows it: in quotes, cut if it is long, a dot for what cannot be printed; “nothing” for an empty one."""
    if not text:
        return "nothing"
    cut = text if len(text) <= _LARGEST_CELL else f"{text[: _LARGEST_CELL - 1]}…"
    return f"“{''.join(letter if letter.isprintable() else '·' for letter in cut)}”"

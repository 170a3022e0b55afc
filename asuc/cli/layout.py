"""How rows and sentences are laid out at a width: nothing is ever cut off."""

from __future__ import annotations

import os
import shutil
import textwrap
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING

from rich import box
from rich.cells import cell_len
from rich.console import Console
from rich.table import Table
from rich.text import Text

from asuc.cli.output import escaped

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

_STANDARD_ERROR = 2
_WIDTH_WITHOUT_TERMINAL = 140
_NARROWEST = 20
_LEAST_WRAPPED = 26
_GAP = 2
_INDENT = "   "
_NO_BREAK = "\u00a0"


@dataclass(frozen=True, slots=True)
class Sheet:
    """A table before it is laid out.

    Parameters
    ----------
    title : str
        Heading.
    columns : tuple of str
        Heads of the columns; where rows become paragraphs, that of the first is left out.
    rows : tuple of tuple of str
        As many cells as columns; empty ones are left out of paragraphs.
    wraps : int or None
        The column whose cells may be broken into lines.
    """

    title: str
    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    wraps: int | None = None


def laid_out(parts: Iterable[Sheet | str]) -> str:
    """Return sheets and sentences as the text that standard output gets.

    A sheet is a table where it fits the width, and otherwise a paragraph for each row.
    """
    console = Console(width=output_width(), height=1, markup=False, emoji=False, highlight=False)
    with console.capture() as capture:
        for part in parts:
            if isinstance(part, str):
                console.print("\n".join(_wrapped(_readable(part), console.width)))
            else:
                _print_sheet(console, part)
    lines = [line.rstrip() for line in capture.get().splitlines()]
    kept = [line for before, line in pairwise(["", *lines]) if line or before]
    return "\n".join(kept).rstrip("\n") + "\n"


def output_width() -> int:
    """Return the width to write for: COLUMNS, the terminal's, or without one enough for all but the longest tables."""
    try:
        behind_a_pipe = os.get_terminal_size(_STANDARD_ERROR).columns  # a pager fills the same terminal
    except OSError:
        behind_a_pipe = _WIDTH_WITHOUT_TERMINAL
    return max(shutil.get_terminal_size((behind_a_pipe, 1)).columns, _NARROWEST)


def _print_sheet(console: Console, sheet: Sheet) -> None:
    rows = [[_readable(cell) for cell in row] for row in sheet.rows]
    console.print()
    console.print(Text(sheet.title, style="bold"))
    if _fits(sheet, rows, console.width):
        console.print(_table(sheet, rows))
    else:
        for row in rows:
            console.print(Text("\n".join(_wrapped(row[0], console.width)), style="bold"))
            console.print("\n".join(_packed(_named(sheet, row), console.width)))
    console.print()


def _fits(sheet: Sheet, rows: Sequence[Sequence[str]], width: int) -> bool:
    """Return whether every column has room, the one that may be broken being given enough to read."""
    widths = [max(map(cell_len, column)) for column in zip(sheet.columns, *rows, strict=True)]
    if sheet.wraps is not None:
        widths[sheet.wraps] = min(widths[sheet.wraps], max(_LEAST_WRAPPED, cell_len(sheet.columns[sheet.wraps])))
    return sum(widths) + _GAP * (len(widths) - 1) <= width


def _table(sheet: Sheet, rows: Sequence[Sequence[str]]) -> Table:
    # One of the two blanks of the gap is the box's.
    table = Table(box=box.SIMPLE_HEAD, show_edge=False, pad_edge=False, padding=(0, _GAP - 1, 0, 0))
    for i, head in enumerate(sheet.columns):
        table.add_column(head, no_wrap=i != sheet.wraps, overflow="fold")
    for row in rows:
        table.add_row(*row)
    return table


def _named(sheet: Sheet, row: Sequence[str]) -> list[str]:
    """Return the cells of a paragraph after its first line, each behind the head of its column."""
    return [f"{head}: {cell}" for head, cell in zip(sheet.columns[1:], row[1:], strict=True) if cell]


def _packed(pieces: Sequence[str], width: int) -> list[str]:
    """Return indented lines that break between pieces, and inside one only where it is longer than a line."""
    room = width - len(_INDENT) - 1
    # A sentence in a cell ends with its point only where nothing comes after it.
    parts = [*(piece.removesuffix(".") for piece in pieces[:-1]), *pieces[-1:]]
    kept = [piece.replace(" ", _NO_BREAK) if len(piece) <= room else piece for piece in parts]
    lines = textwrap.wrap(
        "; ".join(kept), width, initial_indent=_INDENT, subsequent_indent=_INDENT, break_on_hyphens=False
    )
    return [line.replace(_NO_BREAK, " ") for line in lines]


def _wrapped(text: str, width: int) -> list[str]:
    """Return the lines of a sentence."""
    return textwrap.wrap(text, width, break_on_hyphens=False)


def _readable(text: str) -> str:
    """Return a text on one line, without control characters."""
    return escaped(" ".join(text.splitlines()))

"""Lines of cells from a text that was copied out of a spreadsheet, whatever separates the cells."""

from __future__ import annotations

import csv
import re
from dataclasses import dataclass
from io import StringIO
from typing import Literal

from dosing_app.decision.pasted_columns import DATE

Delimiter = Literal["\t", ";", ","]


@dataclass(frozen=True, slots=True)
class Line:
    """One line that holds something.

    Parameters
    ----------
    number : int
        Which one of the text, from 1.
    cells : tuple of str
        Its cells, with single spaces inside and none around.
    """

    number: int
    cells: tuple[str, ...]


def lines_of(text: str, delimiter: Delimiter | None) -> tuple[Line, ...]:
    """Return the lines of a text that hold something.

    Parameters
    ----------
    text : str
        With any line ends; a byte-order mark is passed over.
    delimiter : str or None
        What separates cells; None where every line is one cell.
    """
    plain = text.removeprefix("\ufeff").replace("\r\n", "\n").replace("\r", "\n").replace("\0", " ")
    separator = delimiter or "\t"
    # A quote that is never closed, or that begins no cell, is a sign like any other; read as a quote, it would take
    # line ends and separators with it.
    quoting = csv.QUOTE_MINIMAL if _has_whole_quotes(plain, separator) else csv.QUOTE_NONE
    try:
        rows = list(csv.reader(StringIO(plain, newline=""), delimiter=separator, quoting=quoting))
    except csv.Error:
        # A cell longer than the module takes.
        rows = [row.split(separator) for row in plain.split("\n")]
    cells = [tuple(" ".join(cell.split()) for cell in row) for row in rows]
    return tuple(Line(number, row) for number, row in enumerate(cells, 1) if any(row))


def delimiter_of(text: str) -> Delimiter | None:
    """Return what separates the cells of a text, or None where every line is one cell.

    Tabs, which spreadsheets copy, come before semicolons and these before commas. A comma counts as a separator where
    none of them can be that of a decimal number: none stands between two digits, or decimal points stand beside them, or
    every line has as many of them as a first line without any digit. Dates and what is in quotes do not count.
    """
    bare = re.sub(rf'"[^"]*"|(?:{DATE})(?:[T ]+\d\d?:\d\d(?::\d\d)?)?', "x", text)
    lines = [line for line in bare.splitlines() if line.strip()]
    n_with_semicolon = sum(";" in line for line in lines)
    if "\t" in bare:
        return "\t"
    if n_with_semicolon and 2 * n_with_semicolon >= len(lines):
        return ";"
    return "," if "," in bare and not has_unclear_commas(bare) else ";" if n_with_semicolon else None


def has_unclear_commas(text: str) -> bool:
    """Return whether commas between digits may be those of decimal numbers as well as separators."""
    if not re.search(r"\d,\d", text) or re.search(r"\d\.\d", text):
        return False
    lines = [line for line in text.splitlines() if line.strip()]
    is_first_wordy = "," in lines[0] and not re.search(r"\d", lines[0])
    return not (is_first_wordy and len({line.count(",") for line in lines}) == 1)


def _has_whole_quotes(text: str, delimiter: str) -> bool:
    """Return whether every quote of a text opens or closes a cell, or is doubled inside one."""
    edge = re.escape(delimiter)
    return '"' not in re.sub(rf'(?:^|(?<=[\n{edge}]))"(?:[^"]|"")*"(?=[\n{edge}]|$)', "", text)

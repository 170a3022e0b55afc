"""Rows of doses or samples from text that was copied out of a spreadsheet.

Nothing is read as a number here: cells stay the text that they were, for the grid's own reader to judge. What starts
like a formula of a spreadsheet is text like any other.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from dosing_app.decision.pasted_cells import Line, delimiter_of, lines_of
from dosing_app.decision.pasted_columns import (
    CLOCK,
    DATE,
    POSITIONS,
    Area,
    column_of_cell,
    columns_of_header,
    unit_of_header,
)
from dosing_app.language import message

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from dosing_app.language import Message

_STATUSES = {
    **dict.fromkeys(("given", "administered", "completed", "done"), "given"),
    **dict.fromkeys(("gegeben", "verabreicht", "appliziert"), "given"),
    **dict.fromkeys(("planned", "scheduled", "geplant"), "planned"),
}
# What answers the question of a header such as "given".
_ANSWERS = {
    **dict.fromkeys(("yes", "true", "x", "1", "ja", "wahr"), "given"),
    **dict.fromkeys(("no", "false", "0", "nein", "falsch"), "planned"),
}
_NOT_LEFT_OUT = frozenset({"no", "false", "0", "-", "–", "none", "nein", "falsch", "keine"})
_LEFT_OUT = frozenset({"yes", "true", "1", "x", "ja", "wahr"})


@dataclass(frozen=True, slots=True)
class PastedRows:
    """What a pasted text holds.

    Parameters
    ----------
    rows : tuple of mapping of str to str
        Cells by column; an empty cell is not there. Of doses: ``day`` or ``date``, ``mg`` or ``per_kg``, ``hours``,
        ``status`` (``given`` or ``planned`` where the cell means that in English or German, else the cell); of samples:
        ``day`` or ``date``, ``level``, ``lloq``, ``uloq``, ``exclude`` (the reason, or `LEFT_OUT` for a mere yes).
    notes : tuple of Message
        What stands in no row: every cell without a column.
    """

    rows: tuple[Mapping[str, str], ...]
    notes: tuple[Message, ...]


def read_pasted_rows(text: str, area: Area) -> PastedRows:
    """Return the rows of a pasted text.

    Parameters
    ----------
    text : str
        Lines of cells between tabs, semicolons or commas, with a header or without.
    area : "doses" or "samples"
        What the rows are of.

    Returns
    -------
    PastedRows
        Every cell that holds something stands in a row or in a note, except for the words of the header.
    """
    delimiter = delimiter_of(text)
    lines = lines_of(text, delimiter)
    if not lines:
        return PastedRows((), (message("paste.nothing"),))
    header = columns_of_header(lines[0].cells, area)
    body = (
        [_with_units(line, lines[0].cells, header) for line in lines[1:]] if header else list(map(_clock_joined, lines))
    )
    columns = header or POSITIONS[area]
    read = [_row(line, columns, has_header=header is not None) for line in body]
    rows = tuple(row for row, _ in read if row)
    notes = (
        [message("paste.unclear_commas")] if delimiter is None and any("," in line.cells[0] for line in body) else []
    )
    notes += _notes_on_columns(lines[0], header, body) if header else []
    notes += [
        message("paste.extra_cell", line=str(line.number), cell=cell)
        for line, (_, extra) in zip(body, read, strict=True)
        for cell in extra
    ]
    return PastedRows(rows, (*notes, *([] if rows else [message("paste.no_rows")])))


LEFT_OUT = "left out"
"""What stands for the reason of a sample that a table marks as left out without one."""


def _meaning(column: str, word: str, *, has_header: bool) -> str:
    """Return what a word stands for in a column; nothing where it stands for itself."""
    if column == "status":
        return _STATUSES.get(word, _ANSWERS.get(word, "") if has_header else "")
    return LEFT_OUT if column == "exclude" and word in _LEFT_OUT and has_header else ""


def _notes_on_columns(first: Line, header: Sequence[str | None], body: Sequence[Line]) -> list[Message]:
    """Return a note for each column of the header that holds nothing for a row, with every cell of it."""
    notes: list[Message] = []
    for place, (name, column) in enumerate(zip(first.cells, header, strict=True)):
        cells = [line.cells[place] for line in body if place < len(line.cells) and line.cells[place]]
        if column is None and name:
            notes.append(message("paste.unknown_column", column=name, cells=" | ".join(cells) or "–"))
        elif column is None and cells:
            notes.append(message("paste.unnamed_column", cells=" | ".join(cells)))
    return notes


def _with_units(line: Line, names: Sequence[str], columns: Sequence[str | None]) -> Line:
    """Return a line whose numbers carry the unit that the header names, where it is not the column's own."""
    cells = list(line.cells)
    for place, (name, column) in enumerate(zip(names, columns, strict=True)):
        unit = unit_of_header(name, column)
        if unit and place < len(cells) and cells[place] and cells[place][-1].isdigit():
            cells[place] = f"{cells[place]} {unit}"
    return Line(line.number, tuple(cells))


def _clock_joined(line: Line) -> Line:
    """Return a line of a table without a header, its second cell joined to the first where they are date and time."""
    first, *rest = line.cells
    if rest and re.match(DATE, first) and column_of_cell("day", rest[0]) == CLOCK:
        return Line(line.number, (f"{first} {rest[0]}", *rest[1:]))
    return line


def _row(line: Line, columns: Sequence[str | None], *, has_header: bool) -> tuple[dict[str, str], list[str]]:
    """Return the cells of a line by column, and those that have none; what has a column of no meaning is noted there."""
    row: dict[str, str] = {}
    extra: list[str] = []
    for place, cell in enumerate(line.cells):
        name = columns[place] if place < len(columns) else ""
        column = column_of_cell(name, cell) if name else name
        if not cell or column is None:
            continue
        if not column or column in row:
            extra.append(cell)
        else:
            row[column] = _meaning(column, cell.lower(), has_header=has_header) or cell
    if row.get("exclude", "").lower() in _NOT_LEFT_OUT and has_header:
        del row["exclude"]
    clock = row.pop(CLOCK, None)
    if clock and "date" in row:
        row["date"] += f" {clock}"
    elif clock:
        extra.append(clock)
    return row, extra

"""The rows of a CSV file with their lines: those of another number of cells than the head are told, and the others read."""

from __future__ import annotations

import csv as rows_of_text
import io
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from pkpd.data.arrow import ArrowInvalid, csv, pa
from pkpd.errors import InputError, Problem, input_error

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from pkpd.arrays import IntArray

_SIGNS = ",;\t"
_UTF16 = (b"\xff\xfe", b"\xfe\xff")
_LINE_END = re.compile(rb"\r\n|\r|\n")


@dataclass(frozen=True, slots=True)
class LinedTable:
    """A table with the line of each of its rows.

    Parameters
    ----------
    table : Arrow table
        Its columns, with the rows that could be read.
    line : (n_rows,) array
        Line of the file that each row begins in.
    faults : tuple of Problem
        Every other row, with its line.
    """

    table: Any
    line: IntArray
    faults: tuple[Problem, ...]


def read_csv_table(path: str, raw: bytes) -> LinedTable:
    """Read a CSV file: comma, semicolon or tab between cells, which may stand in quotation marks; empty lines are passed over.

    Parameters
    ----------
    path : str
        Name of the file, for messages.
    raw : bytes
        What it holds.

    Raises
    ------
    InputError
        Where it is empty or not text in UTF-8, or no row has as many cells as the head.
    ArrowInvalid
        Where it cannot be read for another reason.
    """
    text = _decoded(path, raw)
    if not text.strip():
        raise input_error(
            path, "is empty; expected a head with the names of columns, and a record in each row below it"
        )
    head = next((line for line in io.StringIO(text, newline=None) if line.strip("\n")), "")
    sign = max(_SIGNS, key=head.count) if any(one in head for one in _SIGNS) else " "
    names = next(rows_of_text.reader([head.strip("\n")], delimiter=sign), list[str]())
    skipped: list[int] = []

    def skip(row: Any) -> str:  # noqa: ANN401 - Arrow has no types
        skipped.append(row.actual_columns)
        return "skip"

    try:
        table = csv.read_csv(
            pa.BufferReader(raw),
            # Cells that go over lines are looked for only where there is a quotation mark: it takes longer.
            parse_options=csv.ParseOptions(delimiter=sign, invalid_row_handler=skip, newlines_in_values=b'"' in raw),
            convert_options=csv.ConvertOptions(
                column_types=dict.fromkeys([*names, *map(str.strip, names)], pa.string()), strings_can_be_null=False
            ),
        )
    except ArrowInvalid:
        if any(_rows(path, text, sign)):
            raise
        raise input_error(path, "holds no record; expected a head, and a record in each row below it") from None
    n_lines = len(raw.rstrip(b"\r\n").splitlines())
    if not skipped and n_lines == table.num_rows + 1:
        return LinedTable(table, np.arange(2, n_lines + 1, dtype=np.int64), ())
    return _told(path, text, sign, len(names), table)


def _decoded(path: str, raw: bytes) -> str:
    if raw.startswith(_UTF16):
        raise input_error(path, "is text in UTF-16; expected UTF-8 (in a spreadsheet: save as “CSV UTF-8”)")
    try:
        return raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = len(_LINE_END.findall(raw, 0, error.start)) + 1
        message = f"holds the byte {raw[error.start]:#04x}, which is no text in UTF-8; expected a file in UTF-8"
        raise input_error(f"{path}: line {line}", message) from None


def _told(path: str, text: str, sign: str, n_expected: int, table: Any) -> LinedTable:  # noqa: ANN401 - an Arrow table
    """Return the table with the line of each row, found by going through the text once more."""
    lines: list[int] = []
    others: list[tuple[int, int, int]] = []
    for first, last, n_cells in _rows(path, text, sign):
        if n_cells == n_expected:
            lines.append(first)
        else:
            others.append((first, last, n_cells))
    if not lines and len(others) > 1 and len({n for _, _, n in others}) == 1:
        message = f"has {_cells(others[0][2])}, and so has every row; expected {n_expected}, as many as the head has"
        raise input_error(f"{path}: line {others[0][0]}", message)
    faults = tuple(Problem(f"{path}: line {one[0]}", _fault(*one, n_expected, sign)) for one in others)
    if len(lines) != table.num_rows:
        unclear = Problem(path, "has quotation marks that do not match; expected them in pairs around a cell")
        raise InputError(faults or (unclear,))
    if faults and not lines:
        raise InputError(faults)
    return LinedTable(table, np.array(lines, dtype=np.int64), faults)


def _rows(path: str, text: str, sign: str) -> Iterator[tuple[int, int, int]]:
    """Yield first line, last line and number of cells of every row below the head that holds anything.

    Raises
    ------
    InputError
        Where a quotation mark is opened and not closed.
    """
    lines = list(io.StringIO(text, newline=""))
    reader = rows_of_text.reader(lines, delimiter=sign)
    is_below, last, row = False, 0, list[str]()
    while True:
        first = last + 1
        try:
            row = next(reader)
        except StopIteration:
            return
        except rows_of_text.Error:
            raise _unclosed(path, first) from None
        last = reader.line_num
        if first < last == len(lines) and _is_unclosed(lines[first - 1 :], sign):
            raise _unclosed(path, first)
        is_blank = not row or (len(row) == 1 and not row[0].strip())
        if is_below and not is_blank:
            yield first, last, len(row)
        is_below = is_below or bool(row)


def _is_unclosed(lines: Sequence[str], sign: str) -> bool:
    """Return whether the last row of a file, which goes over some lines, ends inside quotation marks."""
    try:
        list(rows_of_text.reader(lines, delimiter=sign, strict=True))
    except rows_of_text.Error as error:
        return "unexpected end" in str(error)
    return False


def _unclosed(path: str, line: int) -> InputError:
    message = "opens a quotation mark that is not closed; expected one at the end of the cell as well"
    return input_error(f"{path}: line {line}", message)


def _fault(first: int, last: int, n_cells: int, n_expected: int, sign: str) -> str:
    where = f" and goes on to line {last} inside quotation marks" if last > first else ""
    why = "; a comma inside a number or text makes two cells of it" if n_cells > n_expected and sign == "," else ""
    return f"has {_cells(n_cells)}{where}; expected {n_expected}, as many as the head has{why}"


def _cells(n: int) -> str:
    return "1 cell" if n == 1 else f"{n} cells"

"""The cells of a cohort file, CSV or Parquet, as columns of text or numbers; nothing is judged here but what a number is."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from pkpd.data.arrow import ArrowInvalid, ArrowNotImplemented, pa, parquet, pc
from pkpd.data.csv_table import LinedTable, read_csv_table
from pkpd.errors import Problem, input_error

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from pkpd.arrays import FloatArray, IntArray

_NUMBER = r"^[+-]?(\d+(\.\d*)?|\.\d+)([eE][+-]?\d+)?$"
_MOST_SHOWN = 1000
_NOTHING = ("", ".", "NA", "NaN", "nan", "NULL", "null")
_LARGEST_CELL = 40


@dataclass(frozen=True, slots=True)
class CohortTable:
    """A table as it was read.

    Parameters
    ----------
    file, sha256 : str
        Name of the file and hash of its bytes.
    columns : dict of str to array
        Arrow columns by name in capital letters.
    n_rows : int
        Rows, without the header.
    line : (n_rows,) array
        Line of the file that each row stands in; of Parquet its number, from 1.
    faults : tuple of Problem
        Rows of a CSV file that are not among these because they have another number of cells than the head.
    """

    file: str
    sha256: str
    columns: Mapping[str, Any]
    n_rows: int
    line: IntArray
    faults: tuple[Problem, ...]


def read_table(path: str, expected: str = "a cohort") -> CohortTable:
    """Read a CSV file (any of comma, semicolon and tab between cells), or a Parquet file.

    Parameters
    ----------
    path : str
        The file.
    expected : str
        What it should hold, for messages.

    Raises
    ------
    InputError
        Where the file cannot be read as a table with named columns.
    """
    try:
        raw = Path(path).read_bytes()
        read = _read_parquet(raw) if raw.startswith(b"PAR1") else read_csv_table(path, raw)
    except OSError as error:
        raise input_error(
            path, f"cannot be read ({error.strerror or error}); expected {expected} (CSV or Parquet)"
        ) from None
    except ArrowInvalid as error:
        raise input_error(path, f"is no table: {_first_sentence(error)}") from None
    return _cohort_table(path, read, hashlib.sha256(raw).hexdigest())


def _cohort_table(path: str, read: LinedTable, sha256: str) -> CohortTable:
    table = read.table
    names = [name.strip().upper() for name in table.column_names]
    doubled = sorted({name for name in names if names.count(name) > 1})
    if doubled or not table.num_rows:
        found = f"has the column {doubled[0]} twice" if doubled else "holds no record"
        raise input_error(path, f"{found}; expected one column of each name, and a record in each row below them")
    columns = {name: table.column(i).combine_chunks() for i, name in enumerate(names)}
    return CohortTable(path, sha256, columns, table.num_rows, read.line, read.faults)


def table_parts(path: str, expected: str = "a cohort", *, rows: int = 131_072) -> Iterator[CohortTable]:
    """Yield a file part by part: a Parquet file some rows at a time, so that it need not fit the memory; a CSV file whole, since only all of it has lines.

    Parameters
    ----------
    path : str
        The file.
    expected : str
        What it should hold, for messages.
    rows : int
        Rows of a part, at most.

    Raises
    ------
    InputError
        Where the file cannot be read as a table with named columns.
    """
    try:
        with Path(path).open("rb") as stream:
            is_parquet = stream.read(4) == b"PAR1"
            stream.seek(0)
            sha256 = hashlib.file_digest(stream, "sha256").hexdigest() if is_parquet else ""
    except OSError:
        is_parquet, sha256 = False, ""
    if not is_parquet:
        yield read_table(path, expected)
        return
    try:
        source = parquet.ParquetFile(path)
        start = 0
        for batch in source.iter_batches(batch_size=rows):
            columns = [_as_numbers_or_text(column) for column in batch.columns]
            table = pa.table(columns, names=batch.schema.names)
            line = np.arange(start + 1, start + batch.num_rows + 1, dtype=np.int64)
            start += batch.num_rows
            yield _cohort_table(path, LinedTable(table, line, ()), sha256)
    except ArrowInvalid as error:
        raise input_error(path, f"is no table: {_first_sentence(error)}") from None
    if not start:
        raise input_error(path, "holds no record; expected a record in each row")


def texts(table: CohortTable, name: str, rows: IntArray | None = None) -> Any:  # noqa: ANN401 - an Arrow array
    """Return a column, or some rows of it, as text without spaces around, nothing for null."""
    column = table.columns[name] if rows is None else table.columns[name].take(pa.array(rows))
    if not (pa.types.is_string(column.type) or pa.types.is_large_string(column.type)):
        column = pc.cast(column, pa.string())
    return pc.fill_null(pc.utf8_trim_whitespace(column), "")


def names_in(table: CohortTable, name: str) -> Any:  # noqa: ANN401 - an Arrow array
    """Return a column of names as text, nothing for what stands for null: an empty cell, a point, NA."""
    text = texts(table, name)
    return pc.if_else(pc.is_in(text, value_set=pa.array(_NOTHING)), "", text)


def numbers(table: CohortTable, name: str) -> tuple[FloatArray, IntArray]:
    """Return a column as numbers, NaN for null, and the rows that hold something else."""
    column = table.columns[name]
    if pa.types.is_floating(column.type) or pa.types.is_integer(column.type) or pa.types.is_boolean(column.type):
        cast = (
            # Whole numbers too large for a float are rounded to the nearest one.
            pc.cast(column, pa.float64(), safe=False)
            if not pa.types.is_boolean(column.type)
            else pc.cast(pc.cast(column, pa.int8()), pa.float64())
        )
        return cast.to_numpy(zero_copy_only=False).astype(np.float64), np.empty(0, dtype=np.int64)
    text = texts(table, name)
    is_null = pc.is_in(text, value_set=pa.array(_NOTHING))
    text = pc.if_else(is_null, None, text)
    try:
        return pc.cast(text, pa.float64()).to_numpy(zero_copy_only=False), np.empty(0, dtype=np.int64)
    except ArrowInvalid:
        is_number = pc.fill_null(pc.match_substring_regex(text, _NUMBER), fill_value=True)
        wrong = np.flatnonzero(~is_number.to_numpy(zero_copy_only=False))
        values = pc.cast(pc.if_else(is_number, text, None), pa.float64()).to_numpy(zero_copy_only=False)
        return values, wrong.astype(np.int64)


def cell(table: CohortTable, name: str, row: int) -> str:
    """Return one cell for a message."""
    return cells(table, name, np.array([row]))[0]


def cells(table: CohortTable, name: str, rows: IntArray) -> list[str]:
    """Return some cells of a column for messages, on one line each and not too long."""
    found = (" ".join(str(text).split()) for text in texts(table, name, rows).to_pylist())
    return [one if len(one) <= _LARGEST_CELL else f"{one[: _LARGEST_CELL - 1]}…" for one in found]


def problem_at(table: CohortTable, row: int, name: str, message: str) -> Problem:
    """Return a problem of one cell, named by line, column and value."""
    return Problem(f"{table.file}: line {table.line[row]}, {name}", message)


def in_order_of_lines(problems: Iterable[Problem]) -> tuple[Problem, ...]:
    """Return problems in the order of the lines that they name, those of a whole file before all lines."""
    return tuple(sorted(problems, key=_line_of))


def first_problems(problems: Iterable[Problem], file: str) -> tuple[Problem, ...]:
    """Return the first thousand problems in the order of the lines that they name, and how many more there are."""
    ordered = in_order_of_lines(problems)
    left = len(ordered) - _MOST_SHOWN
    return (*ordered[:_MOST_SHOWN], Problem(file, f"{left:,} more such problems")) if left > 0 else ordered


def _line_of(fault: Problem) -> int:
    _, found, rest = fault.place.partition(": line ")
    return int(rest.split(",")[0]) if found else 0


def _read_parquet(raw: bytes) -> LinedTable:
    # By one thread: of several, one may still be at work when the program ends, which then ends by an abort.
    table = parquet.ParquetFile(pa.BufferReader(raw)).read(use_threads=False)
    columns = [_as_numbers_or_text(table.column(i)) for i in range(table.num_columns)]
    plain = pa.table(columns, names=table.column_names) if columns else table
    return LinedTable(plain, np.arange(1, int(table.num_rows) + 1, dtype=np.int64), ())


def _as_numbers_or_text(column: Any) -> Any:  # noqa: ANN401 - an Arrow array
    """Return a column of Parquet as it is where it holds numbers, else as text: also bytes, lists and whatever else there is."""
    kind = column.type
    if pa.types.is_floating(kind) or pa.types.is_integer(kind) or pa.types.is_boolean(kind) or pa.types.is_string(kind):
        return column
    if pa.types.is_duration(kind):
        # As text Arrow has a count of the file's own unit, which would pass for days.
        spans = pc.cast(column, pa.duration("us"), safe=False).to_pylist()
        return pa.array([None if value is None else str(value) for value in spans], type=pa.string())
    try:
        return pc.cast(column, pa.string())
    except (ArrowInvalid, ArrowNotImplemented):
        return pa.array([None if value is None else str(value) for value in column.to_pylist()], type=pa.string())


def _first_sentence(error: Exception) -> str:
    return str(error).split("\n", maxsplit=1)[0][:200]

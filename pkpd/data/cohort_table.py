"""The cells of a cohort file, CSV or Parquet, as columns of text or numbers; nothing is judged here but what a number is."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from pkpd.data.arrow import ArrowInvalid, csv, pa, parquet, pc
from pkpd.errors import Problem, input_error

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pkpd.arrays import FloatArray, IntArray

_NUMBER = r"^[+-]?(\d+(\.\d*)?|\.\d+)([eE][+-]?\d+)?$"
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
    first_line : int
        Line of the first row.
    """

    file: str
    sha256: str
    columns: Mapping[str, Any]
    n_rows: int
    first_line: int


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
    file = Path(path)
    try:
        digest = _sha256(file)
        table, first = (parquet.read_table(file), 1) if _is_parquet(file) else (_read_csv(file), 2)
    except OSError as error:
        raise input_error(
            path, f"cannot be read ({error.strerror or error}); expected {expected} (CSV or Parquet)"
        ) from None
    except ArrowInvalid as error:
        raise input_error(path, f"is no table: {_first_sentence(error)}") from None
    names = [name.strip().upper() for name in table.column_names]
    doubled = sorted({name for name in names if names.count(name) > 1})
    if doubled or not table.num_rows:
        found = f"has the column {doubled[0]} twice" if doubled else "holds no record"
        raise input_error(path, f"{found}; expected one column of each name, and a record in each row below them")
    columns = {name: table.column(i).combine_chunks() for i, name in enumerate(names)}
    return CohortTable(path, digest, columns, table.num_rows, first)


def texts(table: CohortTable, name: str) -> Any:  # noqa: ANN401 - an Arrow array
    """Return a column as text without spaces around, nothing for null."""
    column = table.columns[name]
    if not (pa.types.is_string(column.type) or pa.types.is_large_string(column.type)):
        column = pc.cast(column, pa.string())
    return pc.fill_null(pc.utf8_trim_whitespace(column), "")


def numbers(table: CohortTable, name: str) -> tuple[FloatArray, IntArray]:
    """Return a column as numbers, NaN for null, and the rows that hold something else."""
    column = table.columns[name]
    if pa.types.is_floating(column.type) or pa.types.is_integer(column.type) or pa.types.is_boolean(column.type):
        cast = (
            pc.cast(column, pa.float64())
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
    found = str(texts(table, name)[row].as_py())
    return found if len(found) <= _LARGEST_CELL else f"{found[: _LARGEST_CELL - 1]}…"


def problem_at(table: CohortTable, row: int, name: str, message: str) -> Problem:
    """Return a problem of one cell, named by line, column and value."""
    return Problem(f"{table.file}: line {table.first_line + row}, {name}", message)


def _read_csv(file: Path) -> Any:  # noqa: ANN401 - an Arrow table
    with file.open("rb") as stream:
        head = stream.readline().decode("utf-8", errors="replace")
    delimiter = max(",;\t", key=head.count) if any(sign in head for sign in ",;\t") else " "
    names = [name.strip() for name in head.strip("\r\n").split(delimiter)]
    return csv.read_csv(
        file,
        parse_options=csv.ParseOptions(delimiter=delimiter),
        convert_options=csv.ConvertOptions(
            column_types=dict.fromkeys([*names, *(name.strip('"') for name in names)], pa.string()),
            strings_can_be_null=False,
        ),
    )


def _is_parquet(file: Path) -> bool:
    with file.open("rb") as stream:
        return stream.read(4) == b"PAR1"


def _sha256(file: Path) -> str:
    with file.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def _first_sentence(error: Exception) -> str:
    return str(error).split("\n", maxsplit=1)[0][:200]

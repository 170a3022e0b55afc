"""From a table of patients, with the columns of trials or the keys of a case, to arrays, or to every problem with its line."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from pkpd.data.cohort_table import CohortTable, cell, in_order_of_lines, numbers, problem_at, table_parts, texts
from pkpd.errors import InputError, input_error

if TYPE_CHECKING:
    from collections.abc import Iterator

    from crohns_srs.data.config import Config, Covariate
    from pkpd.arrays import BoolArray, FloatArray
    from pkpd.errors import Problem

_MOST_SHOWN = 1000
_EXPECTED = "one row for each patient"
_YES, _NO = ("true", "yes", "1"), ("false", "no", "0")
_NOTHING = ("", ".", "na", "nan", "null")


@dataclass(frozen=True, slots=True)
class Patients:
    """Patients of a part of a table.

    Parameters
    ----------
    start : int
        Rows before the first of them.
    values : dict of str to (n,) array
        Covariates by term, centred; NaN where not known.
    """

    start: int
    values: dict[str, FloatArray]

    @property
    def n(self) -> int:
        """Patients."""
        return next(iter(self.values.values())).size

    @property
    def n_with_missing(self) -> int:
        """Patients of whom something is not known."""
        found = np.zeros(self.n, dtype=np.bool_)
        for values in self.values.values():
            found |= np.isnan(values)
        return int(found.sum())


@dataclass(frozen=True, slots=True)
class PatientTable:
    """A table of patients without a problem.

    Parameters
    ----------
    file, sha256 : str
        Name of the file and hash of its bytes.
    n, n_with_missing : int
        Patients, and those of whom something is not known.
    absent : tuple of str
        Keys of covariates that the table has no column of.
    kept : Patients or None
        All of them; None where they are read again part by part.
    """

    file: str
    sha256: str
    n: int
    n_with_missing: int
    absent: tuple[str, ...]
    kept: Patients | None


def read_patients(path: str, config: Config) -> PatientTable:
    """Read a CSV or Parquet file with one row for each patient, and keep it where it is CSV.

    A covariate stands in its column of the trials' table, or in one that is named by its key in a case, where values are not centred. Empty cells and columns that are not there are not known; a covariate of the placebo model alone
    is then its default.

    Raises
    ------
    InputError
        With every problem of the file, each with its line, column and value.
    """
    problems: list[Problem] = []
    n = n_with_missing = 0
    absent: tuple[str, ...] = ()
    sha256, kept, is_whole = "", None, True
    for table in table_parts(path, _EXPECTED):
        is_whole, kept = n == 0, _patients(table, config, n, problems)
        absent, sha256 = _absent(table, config), table.sha256
        n, n_with_missing = n + kept.n, n_with_missing + kept.n_with_missing
    if problems:
        raise InputError(in_order_of_lines(problems)[:_MOST_SHOWN])
    if len(absent) == len(config.drug_covariates):
        names = ", ".join(f"{one.column} or {one.case}" for one in config.drug_covariates)
        raise input_error(path, f"has no column of any covariate; expected {names}")
    return PatientTable(path, sha256, n, n_with_missing, absent, kept if is_whole else None)


def patient_parts(table: PatientTable, config: Config) -> Iterator[Patients]:
    """Yield the patients of a table, part by part."""
    if table.kept is not None:
        yield table.kept
        return
    start = 0
    for part in table_parts(table.file, _EXPECTED):
        yield _patients(part, config, start, [])
        start += part.n_rows


def _patients(table: CohortTable, config: Config, start: int, problems: list[Problem]) -> Patients:
    problems += table.faults
    values: dict[str, FloatArray] = {}
    for one in config.covariates:
        column = _column(table, one)
        unknown = np.full(table.n_rows, np.nan)
        found = unknown if column is None else _covariate(table, one, column, problems)
        if one.is_placebo_only:
            found = np.where(np.isnan(found), one.default - one.centre, found)
        values[one.name] = found
    return Patients(start, values)


def _absent(table: CohortTable, config: Config) -> tuple[str, ...]:
    return tuple(one.case for one in config.drug_covariates if _column(table, one) is None)


def _column(table: CohortTable, one: Covariate) -> str | None:
    return next((name for name in (one.column, one.case) if name.upper() in table.columns), None)


def _covariate(table: CohortTable, one: Covariate, column: str, problems: list[Problem]) -> FloatArray:
    """Return a covariate, centred, NaN where not known; what is impossible is noted."""
    name = column.upper()
    is_trials = name == one.column.upper()
    if one.is_binary:
        return _binary(table, one, column, problems)
    read, wrong = numbers(table, name)
    values = np.array(read)
    shift = one.centre if one.is_centred and is_trials else 0.0
    problems += [
        problem_at(table, row, column, f"“{cell(table, name, row)}” is not a number; expected one, or nothing")
        for row in wrong[:_MOST_SHOWN].tolist()
    ]
    # Infinity is beyond as well.
    is_beyond: BoolArray = (values < one.low - shift) | (values > one.high - shift)
    problems += [
        problem_at(
            table, row, column, f"is {cell(table, name, row)}; expected {one.low - shift:g} to {one.high - shift:g}"
        )
        for row in np.flatnonzero(is_beyond)[:_MOST_SHOWN].tolist()
    ]
    return values if shift else values - one.centre


def _binary(table: CohortTable, one: Covariate, column: str, problems: list[Problem]) -> FloatArray:
    """Return 0 and 1 of a column of numbers or words."""
    name = column.upper()
    values, wrong = numbers(table, name)
    values = np.array(values)
    if wrong.size:
        words = dict.fromkeys((*_NO, *one.words[:1]), 0.0) | dict.fromkeys((*_YES, *one.words[1:]), 1.0)
        words |= dict.fromkeys(_NOTHING, np.nan)
        found, place = np.unique(
            np.array(texts(table, name).fill_null("").to_pylist(), dtype=np.str_), return_inverse=True
        )
        values = np.array([words.get(text.strip().lower(), -1.0) for text in found.tolist()])[place]
    is_other: BoolArray = ~np.isnan(values) & (values != 0.0) & (values != 1.0)
    asked = f"{one.words[0]} or {one.words[1]}, 0 or 1" if one.words else "0 or 1, or true or false"
    problems += [
        problem_at(table, row, column, f"is {cell(table, name, row)}; expected {asked}, or nothing")
        for row in np.flatnonzero(is_other)[:_MOST_SHOWN].tolist()
    ]
    return values

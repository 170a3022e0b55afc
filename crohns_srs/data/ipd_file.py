"""From a table with one row for each participant to arrays, or to every problem with its line."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from crohns_srs.data.config import PLACEBO
from pkpd.data.cohort_table import CohortTable, cell, first_problems, numbers, problem_at, read_table, texts
from pkpd.errors import InputError, Problem
from pkpd.toml_file import closest

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from crohns_srs.data.config import Config, Covariate
    from pkpd.arrays import BoolArray, FloatArray


@dataclass(frozen=True, slots=True)
class Participants:
    """The participants of all trials.

    Parameters
    ----------
    config : Config
        How they were read.
    file, sha256 : str
        Name of the file and hash of its bytes.
    trial : (n_rows,) array of str
        Trial.
    arm : (n_rows,) array of str
        ``placebo``, or the id of a class.
    outcome : (n_rows,) array
        Outcome.
    covariates : dict of str to (n_rows,) array
        Covariates by term, centred.
    """

    config: Config
    file: str
    sha256: str
    trial: np.ndarray[tuple[int], np.dtype[np.str_]]
    arm: np.ndarray[tuple[int], np.dtype[np.str_]]
    outcome: FloatArray
    covariates: dict[str, FloatArray]

    @property
    def n_rows(self) -> int:
        """Number of participants."""
        return self.outcome.size


def read_participants(path: str, config: Config) -> Participants:
    """Read a CSV or Parquet file with one row for each participant.

    Raises
    ------
    InputError
        With every problem of the file, each with its line, column and value.
    """
    table = read_table(path, "one row for each participant")
    wanted = [config.trial_column, config.treatment_column, config.outcome.column]
    wanted += [one.column for one in config.covariates]
    if missing := tuple(_missing(table, wanted)):
        raise InputError((*missing, *table.faults))
    problems = list(table.faults)
    trial = _text(table, config.trial_column)
    problems += _each(table, config.trial_column, trial == "", "is {value}; expected the name of a trial")
    treatment = _text(table, config.treatment_column)
    problems += _treatment_problems(table, config, treatment)
    outcome = _numbers(table, config.outcome.column, config.outcome.low, config.outcome.high, problems)
    covariates = {one.name: _covariate(table, one, problems) for one in config.covariates}
    if problems:
        raise InputError(first_problems(problems, path))
    arms = {config.placebo: PLACEBO, **{one.treatment: one.id for one in config.classes}}
    arm = np.array([arms[one] for one in treatment])
    return Participants(config, path, table.sha256, trial, arm, outcome, covariates)


def read_covariates(path: str, config: Config) -> dict[str, FloatArray]:
    """Read the covariates of patients, one row for each, from a CSV or Parquet file; other columns are left alone.

    Covariates of the placebo model alone, such as the year of a trial, may have no column: patients have their default then.

    Returns
    -------
    dict of str to (n_rows,) array
        Covariates by term, centred.

    Raises
    ------
    InputError
        With every problem of the file, each with its line, column and value.
    """
    table = read_table(path, "one row for each patient")
    if missing := tuple(_missing(table, [one.column for one in config.drug_covariates])):
        raise InputError((*missing, *table.faults))
    problems = list(table.faults)
    found = {
        one.name: _covariate(table, one, problems)
        if one.column.upper() in table.columns
        else np.full(table.n_rows, one.default - one.centre)
        for one in config.covariates
    }
    if problems:
        raise InputError(first_problems(problems, path))
    return found


def _missing(table: CohortTable, wanted: Sequence[str]) -> Iterator[Problem]:
    for name in wanted:
        if name.upper() not in table.columns:
            yield Problem(table.file, f"has no column {name}; it has {', '.join(table.columns)}")


def _treatment_problems(
    table: CohortTable, config: Config, treatment: np.ndarray[tuple[int], np.dtype[np.str_]]
) -> list[Problem]:
    """Return a problem for each row of no known arm, and for each arm without rows."""
    known = [config.placebo, *(one.treatment for one in config.classes)]
    found: list[Problem] = []
    for row in np.flatnonzero(~np.isin(treatment, known)).tolist():
        shown = cell(table, config.treatment_column.upper(), row)
        said = f"“{shown}” is no arm; {closest(shown, known)}expected {', '.join(known)}" if shown else "is nothing"
        found.append(problem_at(table, row, config.treatment_column, said))
    return found + [
        Problem(table.file, f"has no row with {one} in {config.treatment_column}; every model needs rows")
        for one in known
        if not (treatment == one).any()
    ]


def _covariate(table: CohortTable, one: Covariate, problems: list[Problem]) -> FloatArray:
    shift = one.centre if one.is_centred else 0.0
    if one.is_binary:
        values = _numbers(table, one.column, -np.inf, np.inf, problems)
        is_other = np.isfinite(values) & (values != 0.0) & (values != 1.0)
        problems += _each(table, one.column, is_other, "is {value}; expected 0 or 1")
        return values
    values = _numbers(table, one.column, one.low - shift, one.high - shift, problems)
    return values if one.is_centred else values - one.centre


def _numbers(table: CohortTable, column: str, low: float, high: float, problems: list[Problem]) -> FloatArray:
    """Return a column of finite numbers between two limits; what is none is noted."""
    name = column.upper()
    values, wrong = numbers(table, name)
    values = np.array(values)
    problems += [
        problem_at(table, row, column, f"“{cell(table, name, row)}” is not a number; expected one")
        for row in wrong.tolist()
    ]
    is_missing = ~np.isfinite(values)
    is_missing[wrong] = False
    problems += _each(table, column, is_missing, "is {value}; expected a finite number, nothing is filled in")
    is_beyond = np.isfinite(values) & ((values < low) | (values > high))
    problems += _each(table, column, is_beyond, f"is {{value}}; expected {low:g} to {high:g}")
    return values


def _text(table: CohortTable, column: str) -> np.ndarray[tuple[int], np.dtype[np.str_]]:
    return np.array(texts(table, column.upper()).to_pylist(), dtype=np.str_)


def _each(table: CohortTable, column: str, where: BoolArray, message: str) -> list[Problem]:
    """Return a problem of every row of some, its cell shown as {value}."""
    return [
        problem_at(table, row, column, message.format(value=cell(table, column.upper(), row) or "nothing"))
        for row in np.flatnonzero(where).tolist()
    ]

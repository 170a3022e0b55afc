"""The cohort file of a model: what is wrong with the file and what the model rules out, together and with their lines."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np

from pkpd.data.cohort_file import CohortReading, read_cohort
from pkpd.data.cohort_table import cell, in_order_of_lines, numbers, problem_at, texts
from pkpd.errors import Problem
from pkpd.model_covariates import expected_values, is_possible

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping

    from pkpd.arrays import IntArray
    from pkpd.data.cohort_table import CohortTable
    from pkpd.model.spec import CovariateDomain, ModelSpec


def read_model_cohort(
    path: str, model: ModelSpec, *, columns: Mapping[str, str] | None = None, needed: Collection[str] | None = None
) -> CohortReading:
    """Read a cohort with the covariates of a model.

    Parameters
    ----------
    path : str
        A CSV or Parquet file.
    model : ModelSpec
        Model whose covariates are read, and whose possible values they must have.
    columns : mapping of str to str, optional
        Case names of covariates by their column, where others than those of the model are read.
    needed : collection of str, optional
        Covariates that the file must have a column of; all of the model where left out.

    Raises
    ------
    InputError
        Where the file cannot be read as a table at all.
    """
    names = {one.column: name for name, one in model.covariates.items()} if columns is None else columns
    reading = read_cohort(path, names)
    found: list[Problem] = []
    for name, domain in model.covariates.items():
        if domain.column.upper() in reading.table.columns:
            found += _impossible(reading.table, name, domain)
        elif needed is None or name in needed:
            found.append(Problem(path, f"has no column {domain.column}, which {model.id} reads {name} from"))
    if not found:
        return reading
    return replace(reading, cohort=None, problems=in_order_of_lines((*reading.problems, *found)))


def _impossible(table: CohortTable, name: str, domain: CovariateDomain) -> Iterator[Problem]:
    """Yield a problem for every value that a domain rules out; one that stands in rows on end of a subject is told once."""
    column = domain.column.upper()
    values, _ = numbers(table, column)
    wrong = np.flatnonzero(~is_possible(domain, values) & ~np.isnan(values))
    ids = texts(table, "ID", wrong).to_pylist() if "ID" in table.columns else [""] * wrong.size
    begins = [
        i
        for i, row in enumerate(wrong.tolist())
        if i == 0 or row != wrong[i - 1] + 1 or ids[i] != ids[i - 1] or values[row] != values[wrong[i - 1]]
    ]
    for i, end in pairwise((*begins, wrong.size)):
        where = _where(table, wrong[i:end], ids[i])
        message = f"is {cell(table, column, int(wrong[i]))}{where}; expected {expected_values(domain)} ({name})"
        yield problem_at(table, int(wrong[i]), column, message)


def _where(table: CohortTable, rows: IntArray, subject: str) -> str:
    if rows.size == 1:
        return ""
    return f", and so down to line {table.line[rows[-1]]} (subject {subject})"

"""The cohort file of a model: what is wrong with the file and what the model rules out, together and with their lines."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np

from pkpd.data.cohort_file import CohortReading, read_cohort
from pkpd.data.cohort_table import cell, in_order_of_lines, names_in, numbers, problem_at, texts
from pkpd.errors import Problem
from pkpd.model.spec import ResidualKind, is_oral
from pkpd.model_covariates import expected_values, is_possible

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping

    from pkpd.arrays import BoolArray, FloatArray, IntArray
    from pkpd.data.cohort_table import CohortTable
    from pkpd.model.spec import CovariateDomain, ModelSpec, ResidualError


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
    # A model in units of its own was taken over from a run, and so are its data; a logarithm needs levels above 0 anyway.
    is_log = model.residual.kind is ResidualKind.LOGARITHMIC
    reading = read_cohort(path, names, takes_any_level=model.has_own_units and not is_log)
    found: list[Problem] = []
    for name, domain in model.covariates.items():
        if domain.column.upper() in reading.table.columns:
            found += _impossible(reading.table, name, domain)
        elif needed is None or name in needed:
            found.append(Problem(path, f"has no column {domain.column}, which {model.id} reads {name} from"))
    found += _wrong_compartments(reading.table, is_oral_model=is_oral(model.parameterization))
    if any(term.occasion_eta for term in model.terms) and "OCC" in reading.table.columns:
        found += _without_occasion(reading.table)
    if model.residual.by_assay and "ASSAY" in reading.table.columns:
        found += _unknown_assays(reading.table, model)
    if _vanishes_with_prediction(model.residual):
        found += _before_doses(reading)
    if not found:
        return reading
    return replace(reading, cohort=None, problems=in_order_of_lines((*reading.problems, *found)))


def _wrong_compartments(table: CohortTable, *, is_oral_model: bool) -> Iterator[Problem]:
    """Yield a problem for every row whose CMT is not where the model takes a dose or has its levels.

    Of an oral model 1 is the depot, which boluses go into, and 2 the central compartment, which infusions go into; of others 1 is
    the central compartment. 0 and nothing are the usual compartment.
    """
    if "CMT" not in table.columns and not is_oral_model:
        return
    cmt, amount, rate, duration = (
        np.nan_to_num(numbers(table, name)[0]) if name in table.columns else np.zeros(table.n_rows)
        for name in ("CMT", "AMT", "RATE", "DUR")
    )
    is_dose, is_infusion = amount > 0.0, (rate != 0.0) | (duration != 0.0)
    into_depot = is_dose & ~is_infusion if is_oral_model else np.zeros(table.n_rows, dtype=bool)
    central = 2.0 if is_oral_model else 1.0
    # An infusion without a compartment would go into the depot of an oral model.
    is_usual = (cmt == 0.0) & ~(is_dose & is_infusion & is_oral_model)
    expected = np.where(into_depot, 1.0, central)
    for row in np.flatnonzero((cmt != expected) & ~is_usual & np.isin(_evid(table, is_dose), (0.0, 1.0))).tolist():
        what = ("an infusion" if is_infusion[row] else "a dose") if is_dose[row] else "a level"
        where = "the depot" if into_depot[row] else "the central compartment"
        found = cell(table, "CMT", row) if "CMT" in table.columns else "missing"
        message = f"is {found or 'nothing'} of {what}; expected {expected[row]:g}, {where}"
        yield problem_at(table, row, "CMT", message)


def _without_occasion(table: CohortTable) -> Iterator[Problem]:
    """Yield a problem for every row without an occasion; where there is none at all, the cohort is told to have a single one."""
    is_missing = np.isnan(numbers(table, "OCC")[0])
    if is_missing.all():
        return
    for row in np.flatnonzero(is_missing).tolist():
        text = cell(table, "OCC", row)
        if text in {"", ".", "NA", "nan"}:
            yield problem_at(
                table, row, "OCC", f"is {text or 'nothing'}; expected the occasion in every row, doses as well"
            )


def _unknown_assays(table: CohortTable, model: ModelSpec) -> Iterator[Problem]:
    """Yield a problem for every level of an assay that the model has no residual error of."""
    assays = names_in(table, "ASSAY").to_numpy(zero_copy_only=False).astype(str)
    amount = np.nan_to_num(numbers(table, "AMT")[0]) if "AMT" in table.columns else np.zeros(table.n_rows)
    is_level = (_evid(table, amount > 0.0) == 0.0) & ~np.isnan(numbers(table, "DV")[0])
    known = tuple(model.residual.by_assay)
    # Upper and lower case are the same in the name of an assay (``model.residual``).
    folded = {"", *(name.casefold() for name in known)}
    is_known = {name: name.casefold() in folded for name in np.unique(assays).tolist()}
    for row in np.flatnonzero(is_level & ~np.array([is_known[name] for name in assays.tolist()])).tolist():
        found = f"is {cell(table, 'ASSAY', row)}, which {model.id} has no residual error of"
        message = f"{found}; expected {', '.join(known)}, or nothing for its general error"
        yield problem_at(table, row, "ASSAY", message)


def _vanishes_with_prediction(residual: ResidualError) -> bool:
    """Return whether no level but 0 is possible where the prediction is 0."""
    parts = (
        (residual.additive_sd, residual.proportional_sd),
        *residual.by_assay.values(),
        *residual.by_centre.values(),
    )
    return residual.kind is ResidualKind.LOGARITHMIC or all(additive == 0.0 for additive, _ in parts)


def _before_doses(reading: CohortReading) -> Iterator[Problem]:
    for row in reading.undosed:
        text, subject = (cell(reading.table, name, row) for name in ("DV", "ID"))
        message = (
            f"is {text} before any dose of subject {subject}, where the model predicts 0 without error; expected a dose before it, "
            "a level below the limit of quantification, or MDV 1"
        )
        yield problem_at(reading.table, row, "DV", message)


def _evid(table: CohortTable, is_dose: BoolArray) -> FloatArray:
    given = numbers(table, "EVID")[0] if "EVID" in table.columns else np.full(table.n_rows, np.nan)
    return np.where(np.isnan(given), is_dose.astype(float), given)


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

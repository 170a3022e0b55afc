"""A data set of NONMEM as the rows of a cohort file that a translated model is fitted to."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from nonmem_ref.dataset.events import DOSE, OBSERVATION, RESET_DOSE
from nonmem_ref.recognition.recognize import has_absorbed_doses
from nonmem_ref.recognition.values import covariate_values
from nonmem_ref.translation.covariates import covariates_of, occasion_item
from pkpd.errors import InputError, Problem
from pkpd.model.spec import ResidualKind

if TYPE_CHECKING:
    from collections.abc import Iterator

    from nonmem_ref.dataset.read import Dataset
    from nonmem_ref.recognition.recognize import RecognizedModel
    from pkpd.arrays import FloatArray, IntArray

_HEAD = ("ID", "TIME", "AMT", "DUR", "EVID", "MDV", "ADDL", "II", "SS", "CMT", "DV", "CENS")
_RATE_FROM_MODEL, _DURATION_FROM_MODEL = -1.0, -2.0
_MOST_SHOWN = 20


def cohort_rows(dataset: Dataset, model: RecognizedModel) -> tuple[tuple[str, ...], list[tuple[float | str, ...]]]:
    """Return the head and the rows of a cohort file.

    Parameters
    ----------
    dataset : Dataset
        The data.
    model : RecognizedModel
        The model, for the scale of levels, the duration of infusions, limits, covariates and occasions.

    Returns
    -------
    head, rows
        Amounts are divided by the scale's share of the volume, so that levels are amounts by volume; levels that were logarithms are
        levels again; a censored one has its limit in DV. Times and all else are those of the data.

    Raises
    ------
    InputError
        For records that a cohort cannot hold, each with its line.
    """
    columns, n = dataset.columns, dataset.lines.size
    problems = list(_problems(dataset, model))
    if problems:
        raise InputError(problems)
    evid = columns["EVID"]
    is_dose = np.isin(evid, (DOSE, RESET_DOSE))
    is_level = (evid == OBSERVATION) & (columns["MDV"] == 0.0)
    amount = np.where(is_dose, _column(dataset, "AMT"), 0.0)
    level, censored = _levels(dataset, model)
    covariates = {name: covariate_values(one, columns) for name, one in covariates_of(model).items()}
    item = occasion_item(model)
    if item is not None:
        covariates["OCC"] = columns[item]
    compartment = np.where(is_dose, _dose_compartments(dataset, model), _central(dataset, model))
    written = (
        columns["TIME"],
        amount / model.structure.volume_factor,
        _durations(dataset, model, amount),
        np.where(is_dose, 1.0, np.where(is_level, 0.0, 2.0)),
        np.where(is_level, 0.0, 1.0),
        *(np.where(is_dose, _column(dataset, name), 0.0) for name in ("ADDL", "II", "SS")),
        compartment,
        level,
        censored,
        *covariates.values(),
    )
    assays = _assays(dataset, model)
    rows: list[tuple[float | str, ...]] = []
    for r in range(n):
        name = dataset.names[int(dataset.individual[r])]
        rows.append((name, *(float(column[r]) for column in written), *assays[r : r + 1]))
    return (*_HEAD, *covariates, *(("ASSAY",) if assays else ())), rows


def _assays(dataset: Dataset, model: RecognizedModel) -> list[str]:
    """Return the assay of each record, nothing where the general error holds; empty for a model without errors by assay."""
    found = [""] * dataset.lines.size if model.residual.by_assay else []
    for one in model.residual.by_assay:
        for row in np.flatnonzero(one.records).tolist():
            found[row] = one.name
    return found


def _column(dataset: Dataset, name: str) -> FloatArray:
    return dataset.columns.get(name, np.zeros(dataset.lines.size))


def _central(dataset: Dataset, model: RecognizedModel) -> float:
    return 2.0 if has_absorbed_doses(model.structure, dataset) else 1.0


def _dose_compartments(dataset: Dataset, model: RecognizedModel) -> FloatArray:
    """Return where the engine takes each dose: boluses of an oral model go into the depot."""
    central = _central(dataset, model)
    return np.where((_column(dataset, "RATE") == 0.0) & (central == 2.0), 1.0, central)


def _durations(dataset: Dataset, model: RecognizedModel, amount: FloatArray) -> FloatArray:
    rate = _column(dataset, "RATE")
    rate = np.where(rate == _RATE_FROM_MODEL, model.structure.rate or 0.0, rate)
    found = np.divide(amount, rate, out=np.zeros(amount.size), where=rate > 0.0)
    return np.where(rate == _DURATION_FROM_MODEL, model.structure.duration or 0.0, found)


def _levels(dataset: Dataset, model: RecognizedModel) -> tuple[FloatArray, FloatArray]:
    """Return the levels, or limits, NaN in other records; and the codes of CENS."""
    is_level = (dataset.columns["EVID"] == OBSERVATION) & (dataset.columns["MDV"] == 0.0)
    level, code = np.where(is_level, dataset.columns["DV"], np.nan), np.zeros(is_level.size)
    beyond = model.residual.censoring
    if beyond is not None:
        level[beyond.record] = beyond.limit
        code[beyond.record] = np.where(beyond.is_below, 1.0, -1.0)
    if model.residual.kind is ResidualKind.LOGARITHMIC:
        # A logarithm that no level has becomes infinite, and is told (``_problems``).
        with np.errstate(over="ignore"):
            level = np.exp(level)
    return level, code


def _problems(dataset: Dataset, model: RecognizedModel) -> Iterator[Problem]:
    """Yield records that a cohort cannot hold."""
    columns = dataset.columns
    evid, steady = columns["EVID"], _column(dataset, "SS")
    is_dose = np.isin(evid, (DOSE, RESET_DOSE))
    is_nothing = is_dose & (_column(dataset, "AMT") <= 0.0)
    is_first = np.concatenate(([True], np.diff(dataset.individual) != 0))
    reasons = (
        (is_dose & (steady > 1.0), "SS", "0 or 1; other steady states are not in the engine"),
        (is_dose & (steady == 1.0) & ~is_first, "SS", "a steady state only in an individual's first record"),
        (is_nothing & (steady == 0.0), "AMT", "an amount above 0 of a dose"),
        (
            is_nothing & (steady > 0.0),
            "AMT",
            "an amount above 0; constant infusions at steady state are not in the engine",
        ),
        (np.isinf(_levels(dataset, model)[0]), "DV", "the logarithm of a level, which has an exponential"),
    )
    for where, item, expected in reasons:
        rows: IntArray = np.flatnonzero(where)
        for row in rows[:_MOST_SHOWN].tolist():
            place = f"{dataset.file}: line {dataset.lines[row]}, {item}"
            yield Problem(place, f"is {_column(dataset, item)[row]:g}; expected {expected}")
        if rows.size > _MOST_SHOWN:
            yield Problem(f"{dataset.file}: {item}", f"is so in {rows.size - _MOST_SHOWN:,} more records")

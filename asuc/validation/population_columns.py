"""Columns of a report's tables: populations side by side, spreads of subjects, and what was published."""

from __future__ import annotations

from math import nan
from typing import TYPE_CHECKING

import numpy as np

from asuc.validation.report_table import Cell, Quantity, ReportTable, quantity
from pkpd.diagnostics.prediction_errors import Measured

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from asuc.validation.study import PopulationFinding
    from pkpd.arrays import FloatArray
    from tte import EventModel

_SHARES = (0.5, 0.05, 0.95)
_NO_SPREAD = "nobody"


def beside(
    name: str,
    caption: str,
    findings: Sequence[PopulationFinding],
    labels: Sequence[str],
    columns: Sequence[Sequence[Cell]],
    more: tuple[str, Sequence[Cell]] | None = None,
) -> ReportTable:
    """Return a table with one column for each population.

    Parameters
    ----------
    name, caption : str
        Of the table.
    findings : sequence of PopulationFinding
        The populations.
    labels : sequence of str
        Of the rows.
    columns : sequence of sequences
        Cells of each population, one for each label.
    more : (str, sequence of cells), optional
        Head and cells of a last column.
    """
    heads = [one.population.words for one in findings]
    cells = list(columns)
    if more is not None:
        heads.append(more[0])
        cells.append(more[1])
    rows = tuple((label, *row) for label, row in zip(labels, zip(*cells, strict=True), strict=True))
    return ReportTable(name, caption, ("", *heads), rows)


def short_name(key: str, n: int) -> str:
    """Return what a population is called in a narrow column."""
    return f"all {n:,}" if key == "all" else f"landmark, {n:,}"


def spread(values: FloatArray, digits: int, *, none: str = _NO_SPREAD) -> Cell:
    """Return the median of subjects with the 5 % and 95 % quantiles."""
    known = values[np.isfinite(values)]
    if not known.size:
        return none
    middle, low, high = (float(one) for one in np.quantile(known, _SHARES))
    return Quantity(middle, low, high, digits)


def read_cell(one: Mapping[str, float | None], digits: int) -> Cell:
    """Return a number of a document with the ends of its interval; each may be missing."""
    value, low, high = (nan if one[part] is None else float(one[part] or 0.0) for part in ("value", "low", "high"))
    return quantity(Measured(value, low, high), digits)


def published(model: EventModel, name: str, digits: int) -> Cell | None:
    """Return a number that the event model's source printed."""
    fact = next((one for one in model.facts if one.name == name), None)
    if fact is None:
        return None
    low, high = fact.interval if len(fact.interval) == 2 else (nan, nan)
    return Quantity(fact.value, low, high, digits)

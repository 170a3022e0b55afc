"""The exposure of subjects as a table that gets a line for each as soon as it is known, and what the lines say together."""

from __future__ import annotations

import csv
import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

from asuc.cli.cohort_source import kept_rows, write_csv

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping, Sequence
    from pathlib import Path

    from pkpd.data.cohort import Cohort
    from pkpd.estimation.posterior import Marginal
    from pkpd.exposure.cohort import Measure, ModeExposure, SubjectExposure

Source = Literal["ebe", "posterior"]
"""Whether exposures are those of the mode alone, or of the posterior too."""
FAILED = "failed"
"""Status of a subject whose integration has no result at all."""
_QUANTILES, _MOMENTS = ("q05", "q50", "q95"), ("mean", "sd")
_FIRST = ("id", "levels", "censored", "status")
SUMMARY = (("q05", 0.05), ("median", 0.5), ("q95", 0.95))
"""Quantiles over subjects."""

Row = dict[str, str]
"""Cells of a subject by column, as they stand in the file."""


@dataclass(frozen=True, slots=True)
class Columns:
    """The columns of a table.

    Parameters
    ----------
    names : tuple of str
        Measures, parameters first.
    source : Source
        With ``ebe`` there is a column for each measure, its value at the mode; with ``posterior`` also quantiles, mean and SD.
    further : dict of str to sequence of str
        Cells of further columns for each subject, by name.
    """

    names: tuple[str, ...]
    source: Source
    further: Mapping[str, Sequence[str]]

    @property
    def measured(self) -> list[str]:
        """Return the columns of the measures; means and standard deviations stand at the end."""
        if self.source == "ebe":
            return [f"{name}_map" for name in self.names]
        quantiles = [f"{name}_{part}" for name in self.names for part in ("map", *_QUANTILES)]
        return [*quantiles, *(f"{name}_{part}" for name in self.names for part in _MOMENTS)]

    @property
    def head(self) -> list[str]:
        """Return all columns."""
        return [*_FIRST, *self.measured, *self.further]

    @property
    def middle(self) -> str:
        """Return what the distribution over subjects is of: the median of each, or its value at the mode."""
        return "map" if self.source == "ebe" else "q50"

    @property
    def point(self) -> str:
        """Return the single value that stands for a subject in a fit to event times: its mean, or its value at the mode."""
        return "map" if self.source == "ebe" else "mean"


def begin_table(file: Path, head: Sequence[str], *, resume: bool) -> dict[str, Row]:
    """Return the subjects that are kept of an earlier run, by name, and leave a table that further lines can be added to.

    Those that have no result are computed again: what was their end may have been the machine's.
    """
    rows = kept_rows(file) if resume else []
    if not rows:
        write_csv(file, head, ())
    return {row["id"]: row for row in rows if row["status"] != FAILED}


def begin_troughs(file: Path, head: Sequence[str], kept: Collection[str], *, resume: bool) -> list[Row]:
    """Return the lines of the subjects that are kept, and leave a table of them that further lines can be added to."""
    rows = [row for row in kept_rows(file) if row["id"] in kept] if resume else []
    write_csv(file, head, (list(row.values()) for row in rows))
    return rows


def add_to_table(file: Path, rows: Iterable[Row]) -> None:
    """Add some lines."""
    with file.open("a", encoding="utf-8", newline="") as stream:
        csv.writer(stream).writerows(row.values() for row in rows)


def finish_table(file: Path, head: Sequence[str], rows: Iterable[Row]) -> None:
    """Write all lines anew, in the order given; an interruption leaves the table as it was."""
    beside = file.with_suffix(".new")
    write_csv(beside, head, ([row[name] for name in head] for row in rows))
    beside.replace(file)


def row_of(data: Cohort, place: int, one: SubjectExposure | None, columns: Columns) -> Row:
    """Return the line of a subject of a cohort; None for one that has no result."""
    found = one.measures if one is not None and one.measures else None
    cells = _cells(found) if found else [None] * len(columns.measured)
    return _row(data, place, FAILED if one is None else one.status.name.lower(), cells, columns)


def mode_rows(data: Cohort, found: ModeExposure, columns: Columns) -> list[Row]:
    """Return the lines of some subjects at their modes."""
    values = [found.values[name].tolist() for name in columns.names]
    cells = zip(*values, strict=True)
    return [
        _row(data, place, status.name.lower(), own, columns)
        for place, status, own in zip(found.places.tolist(), found.status, cells, strict=True)
    ]


def _row(data: Cohort, place: int, status: str, cells: Iterable[float | None], columns: Columns) -> Row:
    own = slice(int(data.sample_start[place]), int(data.sample_start[place + 1]))
    n_levels, n_censored = own.stop - own.start, int((data.censoring[own] != 0).sum())
    further = (values[place] for values in columns.further.values())
    values = (data.ids[place], str(n_levels), str(n_censored), status, *map(cell, cells), *further)
    return dict(zip(columns.head, values, strict=True))


TROUGH_FIRST = ("id", "time", "dose_mg")


def trough_head(source: Source, further: Sequence[str]) -> list[str]:
    """Return the columns of concentrations before doses."""
    parts = ("map",) if source == "ebe" else ("map", *_QUANTILES, *_MOMENTS)
    return [*TROUGH_FIRST, *(f"trough_{part}" for part in parts), *further]


def trough_rows(
    name: str, doses: Sequence[tuple[float, float]], levels: Sequence[Measure | float], further: Sequence[Sequence[str]]
) -> list[list[str]]:
    """Return the lines of a subject: the concentration before each dose but the first.

    Parameters
    ----------
    doses : sequence of (float, float)
        Day and amount [mg] of each.
    levels : sequence of Measure or float
        What is known of each, or its value at the mode.
    further : sequence of sequences of str
        Further cells of each.
    """
    rows: list[list[str]] = []
    for (day, amount), level, more in zip(doses, levels, further, strict=True):
        cells = [level] if isinstance(level, (int, float)) else [*_quantile_cells(level), *_moment_cells(level)]
        rows.append([name, f"{day:.10g}", f"{amount:.10g}", *map(cell, cells), *more])
    return rows


def distribution(rows: Sequence[Row], columns: Columns) -> dict[str, dict[str, float]]:
    """Return the distribution over subjects of each measure, and of further columns that are numbers."""
    import numpy as np  # noqa: PLC0415 - the engine loads after the words are read

    found = {name: values_of(rows, f"{name}_{columns.middle}") for name in columns.names}
    return {
        name: {key: float(np.quantile(values, share)) for key, share in SUMMARY}
        for name, values in found.items()
        if values
    }


def values_of(rows: Iterable[Row], column: str) -> list[float]:
    """Return the numbers of a column."""
    return [float(row[column]) for row in rows if row[column]]


def exposure_document(rows: Sequence[Row], columns: Columns, window: tuple[float, float]) -> dict[str, Any]:
    """Return the cohort's own distribution of the subjects' posterior medians, or of their values at the mode."""
    known = [row for row in rows if row["auc_map"]]
    return {
        "schema": "asuc-exposure/1",
        "window_day": list(window),
        "n_subjects": len(rows),
        "n_without_parameters": len(rows) - len(known),
        "n_failed": sum(row["status"] == FAILED for row in rows),
        "n_without_drug_in_window": sum(not row["ln_auc_cl_map"] for row in known),
        "subjects": distribution(known, columns),
    }


def ids_without_parameters(rows: Iterable[Mapping[str, str]]) -> list[str]:
    """Return the subjects whose levels no parameters explain."""
    return [row["id"] for row in rows if not row["auc_map"] and row["status"] != FAILED]


def _cells(measures: Mapping[str, Measure]) -> list[float | None]:
    """Return the numbers of a subject; without drug in the window an area is 0 and the logarithm of its ratio empty."""
    quantiles = [value for one in measures.values() for value in _quantile_cells(one)]
    return [*quantiles, *(value for one in measures.values() for value in _moment_cells(one))]


def _quantile_cells(one: Measure) -> list[float | None]:
    if one.posterior is None:
        return [_nothing(one)] * (1 + len(_QUANTILES))
    return [one.at_mode, *map(float, one.posterior.quantiles)]


def _moment_cells(one: Measure) -> list[float | None]:
    known: Marginal | None = one.posterior
    return [_nothing(one)] * len(_MOMENTS) if known is None else [known.mean, known.sd]


def _nothing(one: Measure) -> float | None:
    return None if math.isnan(one.at_mode) else 0.0


def cell(value: float | None) -> str:
    """Return a number as it stands in a file, nothing for none."""
    return "" if value is None or math.isnan(value) else repr(value)

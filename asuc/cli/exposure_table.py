"""The exposure of subjects as a table that gets a line for each as soon as it is known, and what the lines say together."""

from __future__ import annotations

import csv
import math
from typing import TYPE_CHECKING, Any

from asuc.cli.cohort_source import kept_rows, write_csv

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from pathlib import Path

    from pkpd.data.cohort import Cohort
    from pkpd.exposure.cohort import SubjectExposure

_QUANTILES = ("q05", "q50", "q95")
FAILED = "failed"
"""Status of a subject whose integration has no result at all."""

Row = dict[str, str]
"""Cells of a subject by column, as they stand in the file."""


def head_of(names: Sequence[str]) -> list[str]:
    """Return the columns of a table with some parameters."""
    columns = [f"{name}_{part}" for name in (*names, "auc", "ln_auc_cl") for part in ("map", *_QUANTILES)]
    return ["id", "levels", "censored", "status", *columns]


def begin_table(file: Path, head: Sequence[str], *, resume: bool) -> dict[str, Row]:
    """Return the subjects that are kept of an earlier run, by name, and leave a table that further lines can be added to.

    Those that have no result are computed again: what was their end may have been the machine's.
    """
    rows = kept_rows(file) if resume else []
    if not rows:
        write_csv(file, head, ())
    return {row["id"]: row for row in rows if row["status"] != FAILED}


def add_to_table(file: Path, row: Row) -> None:
    """Add the line of a subject."""
    with file.open("a", encoding="utf-8", newline="") as stream:
        csv.writer(stream).writerow(row.values())


def finish_table(file: Path, head: Sequence[str], rows: Iterable[Row]) -> None:
    """Write all lines anew, in the order given; an interruption leaves the table as it was."""
    beside = file.with_suffix(".new")
    write_csv(beside, head, ([row[name] for name in head] for row in rows))
    beside.replace(file)


def row_of(data: Cohort, place: int, one: SubjectExposure | None, head: Sequence[str]) -> Row:
    """Return the line of a subject of a cohort; None for one that has no result."""
    own = slice(int(data.sample_start[place]), int(data.sample_start[place + 1]))
    n_levels, n_censored = own.stop - own.start, int((data.censoring[own] != 0).sum())
    status = FAILED if one is None else one.status.name.lower()
    found = one if one is not None and one.parameters else None
    cells = _cells(found) if found else [None] * (len(head) - 4)
    values = (data.ids[place], str(n_levels), str(n_censored), status, *map(_cell, cells))
    return dict(zip(head, values, strict=True))


def exposure_document(rows: Sequence[Row], names: Sequence[str], window: tuple[float, float]) -> dict[str, Any]:
    """Return the cohort's own distribution of the subjects' posterior medians."""
    import numpy as np  # noqa: PLC0415 - the engine loads after the words are read

    known = [row for row in rows if row["auc_map"]]
    medians = {name: [float(row[f"{name}_q50"]) for row in known if row[f"{name}_q50"]] for name in _measures(names)}
    return {
        "schema": "asuc-exposure/1",
        "window_day": list(window),
        "n_subjects": len(rows),
        "n_without_parameters": len(rows) - len(known),
        "n_failed": sum(row["status"] == FAILED for row in rows),
        "n_without_drug_in_window": sum(not row["ln_auc_cl_map"] for row in known),
        "subjects": {
            name: dict(zip(("q05", "median", "q95"), map(float, np.quantile(values, (0.05, 0.5, 0.95))), strict=True))
            for name, values in medians.items()
            if values
        },
    }


def ids_without_parameters(rows: Iterable[Mapping[str, str]]) -> list[str]:
    """Return the subjects whose levels no parameters explain."""
    return [row["id"] for row in rows if not row["auc_map"] and row["status"] != FAILED]


def _measures(names: Sequence[str]) -> tuple[str, ...]:
    return (*names, "auc", "ln_auc_cl")


def _cells(one: SubjectExposure) -> list[float | None]:
    """Return the numbers of a subject; without drug in the window the area is 0 and its logarithm empty."""
    cells: list[float | None] = []
    for name, known in one.parameters.items():
        cells += [one.at_mode[name], *map(float, known.quantiles)]
    if one.auc is None or one.log_auc_cl is None:
        return [*cells, 0.0, 0.0, 0.0, 0.0, *([None] * 4)]
    ratio = math.log(one.auc_at_mode) - math.log(one.at_mode["cl"])
    return [*cells, one.auc_at_mode, *map(float, one.auc.quantiles), ratio, *map(float, one.log_auc_cl.quantiles)]


def _cell(value: float | None) -> str:
    return "" if value is None or math.isnan(value) else repr(value)

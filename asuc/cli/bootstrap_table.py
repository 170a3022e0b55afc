"""The fits of a bootstrap: a table that gets a line after each fit, so that nothing is lost where it is stopped."""

from __future__ import annotations

import csv
from typing import TYPE_CHECKING

from asuc.cli.cohort_source import kept_rows, write_csv

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from pkpd.estimation.bootstrap import Replicate
    from pkpd.estimation.fit import Fit


def begin_table(file: Path, original: Fit, *, resume: bool) -> dict[int, Replicate]:
    """Return the fits that are kept of an earlier run, by number, and leave a table that further lines can be added to.

    Fits that have no result are made again: what was their end may have been the machine's.
    """
    kept = _kept(file, original) if resume else {}
    if not kept:
        write_csv(file, _head(original), ())
    return kept


def add_to_table(file: Path, one: Replicate) -> None:
    """Add the line of a fit."""
    with file.open("a", encoding="utf-8", newline="") as stream:
        csv.writer(stream).writerow(_row(one))


def finish_table(file: Path, original: Fit, fits: Iterable[Replicate]) -> None:
    """Write all lines anew in the order of their numbers; an interruption leaves the table as it was."""
    beside = file.with_suffix(".new")
    write_csv(beside, _head(original), (_row(one) for one in sorted(fits, key=lambda one: one.number)))
    beside.replace(file)


def _kept(file: Path, original: Fit) -> dict[int, Replicate]:
    import numpy as np  # noqa: PLC0415

    from pkpd.estimation.bootstrap import Replicate  # noqa: PLC0415 - loads the engine
    from pkpd.estimation.fit import FitStatus  # noqa: PLC0415

    found: dict[int, Replicate] = {}
    for row in kept_rows(file):
        status = FitStatus[row["status"].upper()]
        if status is not FitStatus.FAILED:
            values = np.array([float(row[one.name]) for one in original.parameters])
            number, ofv = int(row["number"]), float(row["ofv"]) if row["ofv"] else float("nan")
            found[number] = Replicate(number, values, ofv, status)
    return found


def _head(original: Fit) -> tuple[str, ...]:
    return "number", "status", "ofv", *(one.name for one in original.parameters)


def _row(one: Replicate) -> tuple[object, ...]:
    return one.number, one.status.name.lower(), *map(_cell, (one.ofv, *one.values.tolist()))


def _cell(value: float) -> str:
    return repr(float(value)) if value == value else ""  # noqa: PLR0124 - NaN

"""The fits of a bootstrap of event times: a table that gets lines after each block, so that nothing is lost where it is stopped."""

from __future__ import annotations

import csv
from typing import TYPE_CHECKING

from asuc.cli.cohort_source import kept_rows, write_csv

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from pathlib import Path

    from tte.estimation.bootstrap import Resampled

_OWN = ("number", "status", "events", "log_likelihood")


def begin_table(file: Path, names: Sequence[str], *, resume: bool) -> dict[int, Resampled]:
    """Return the fits that are kept of an earlier run, by number, and leave a table that further lines can be added to.

    Fits that were not made are made again: what was their end may have been the machine's. Estimates are on the scale of the links.
    """
    kept = _kept(file, names) if resume else {}
    if not kept:
        write_csv(file, (*_OWN, *names), ())
    return kept


def add_to_table(file: Path, fits: Iterable[Resampled]) -> None:
    """Add the lines of some fits."""
    with file.open("a", encoding="utf-8", newline="") as stream:
        csv.writer(stream).writerows(map(_row, fits))


def finish_table(file: Path, names: Sequence[str], fits: Iterable[Resampled]) -> None:
    """Write all lines anew in the order of their numbers; an interruption leaves the table as it was."""
    beside = file.with_suffix(".new")
    write_csv(beside, (*_OWN, *names), (_row(one) for one in sorted(fits, key=lambda one: one.number)))
    beside.replace(file)


def _kept(file: Path, names: Sequence[str]) -> dict[int, Resampled]:
    import numpy as np  # noqa: PLC0415

    from tte.estimation.bootstrap import FAILED, Resampled  # noqa: PLC0415 - loads the engine

    return {
        int(row["number"]): Resampled(
            int(row["number"]),
            row["status"],
            int(row["events"]),
            _value(row["log_likelihood"]),
            np.array([_value(row[name]) for name in names]),
        )
        for row in kept_rows(file)
        if row["status"] != FAILED
    }


def _value(text: str) -> float:
    return float(text or "nan")


def _row(one: Resampled) -> tuple[object, ...]:
    return one.number, one.status, one.n_events, *map(_cell, (one.log_likelihood, *one.theta.tolist()))


def _cell(value: float) -> str:
    return repr(float(value)) if value == value else ""  # noqa: PLR0124 - NaN

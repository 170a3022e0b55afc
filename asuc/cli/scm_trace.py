"""The trace of a covariate search: a table that gets a line after each fit, so that nothing is lost where it is stopped."""

from __future__ import annotations

import csv
import json
from dataclasses import replace
from typing import TYPE_CHECKING

from asuc.cli.cohort_source import kept_rows, write_csv

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from pathlib import Path

    from pkpd.diagnostics.trials import ImputedTest, TestedFit, Trial

HEAD = (
    *("step", "direction", "parameter", "covariate", "form", "df", "ofv", "change", "p", "selected"),
    *("status", "at_bound", "model", "estimates"),
    *("statistic", "distribution", "df_denominator", "missing_information", "imputations", "fits", "fits_failed"),
)
Key = tuple[str, str, str]


def key_of(one: Trial | TestedFit) -> Key:
    """Return what a fit is found again by: its part of the search, what it tests, and the model that is fitted."""
    return one.direction.value, "" if one.tested is None else str(one.tested), _model(one)


def trace_row(one: TestedFit) -> tuple[object, ...]:
    """Return the line of a fit."""
    tested = one.tested
    named = ("", "", "") if tested is None else (tested.parameter, tested.covariate, tested.form.value)
    numbers = (one.df, *map(_number, (one.ofv, one.change, one.p)))
    estimates = json.dumps(dict(one.estimates))
    ended = (one.status.name.lower(), " ".join(one.at_bound), _model(one), estimates)
    return one.step, one.direction.value, *named, *numbers, int(one.is_selected), *ended, *_test_cells(one)


def _test_cells(one: TestedFit) -> tuple[object, ...]:
    """Return what a test rests on: its statistic, the distribution that p is of, and what was made of completed cohorts."""
    statistic = _number(one.statistic)
    if one.imputed is None:
        return statistic, "chi2" if one.df else "", "", "", "", 1, int(not one.is_used)
    made = (one.imputed.n_imputations, one.imputed.n_fits, one.imputed.n_failed)
    ratio = one.imputed.ratio
    if ratio is None:
        return "", "F" if one.df else "", "", "", *made
    return statistic, "F", _number(ratio.df_denominator), _number(ratio.fmi), *made


def _number(value: float) -> str:
    return repr(float(value)) if value == value else ""  # noqa: PLR0124 - NaN


def begin_trace(file: Path, *, resume: bool) -> dict[Key, Mapping[str, str]]:
    """Return the lines that are kept of an earlier run, and leave a table that further lines can be added to.

    Fits that have no result are made again: what was their end may have been the machine's.
    """
    rows = kept_rows(file) if resume else []
    if not rows:
        write_csv(file, HEAD, ())
    return {_key_of_row(row): row for row in rows if row["status"] != "failed"}


def fit_of_row(trial: Trial, row: Mapping[str, str]) -> TestedFit:
    """Return the fit of a line."""
    from pkpd.diagnostics.trials import compared  # noqa: PLC0415 - loads the engine
    from pkpd.estimation.fit import FitStatus  # noqa: PLC0415

    status, at_bound = FitStatus[row["status"].upper()], tuple(row["at_bound"].split())
    found = compared(trial, _read(row["ofv"]), status, at_bound, json.loads(row["estimates"]))
    if not row["imputations"]:
        return found
    return replace(found, change=_read(row["change"]), p=_read(row["p"]), imputed=_imputed_of_row(trial, row))


def _imputed_of_row(trial: Trial, row: Mapping[str, str]) -> ImputedTest:
    """Return what the line of a fit to completed cohorts says of them."""
    from pkpd.diagnostics.trials import ImputedTest  # noqa: PLC0415 - loads the engine
    from pkpd.estimation.pooling import PooledRatio  # noqa: PLC0415

    statistic, df_denominator, p, fmi = map(
        _read, (row["statistic"], row["df_denominator"], row["p"], row["missing_information"])
    )
    ratio = PooledRatio(statistic, trial.df, df_denominator, p, fmi) if row["statistic"] else None
    return ImputedTest(ratio, int(row["imputations"]), int(row["fits"]), int(row["fits_failed"]))


def _read(text: str) -> float:
    return float(text) if text else float("nan")


def add_to_trace(file: Path, one: TestedFit) -> None:
    """Add the line of a fit."""
    with file.open("a", encoding="utf-8", newline="") as stream:
        csv.writer(stream).writerow(trace_row(one))


def finish_trace(file: Path, fits: Iterable[TestedFit]) -> None:
    """Write all lines anew in the order of the search, with what was selected; an interruption leaves the table as it was."""
    beside = file.with_suffix(".new")
    write_csv(beside, HEAD, (trace_row(one) for one in fits))
    beside.replace(file)


def _model(one: Trial | TestedFit) -> str:
    return " ".join(map(str, one.relations))


def _key_of_row(row: Mapping[str, str]) -> Key:
    tested = ":".join((row["parameter"], row["covariate"], row["form"])) if row["parameter"] else ""
    return row["direction"], tested, row["model"]

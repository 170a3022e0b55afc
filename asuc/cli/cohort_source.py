"""Cohorts and folders of results: how commands on populations read and write."""

from __future__ import annotations

import csv
import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

from asuc.cli.output import report
from pkpd.errors import InputError, input_error

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from pkpd.data.cohort import Cohort
    from pkpd.data.cohort_file import CohortReading
    from pkpd.model.spec import ModelSpec
    from pkpd.model_covariates import ModelCohort

SETTINGS = "settings.json"
"""File with what a result depends on, in the folder of those that can be gone on with."""


def read_cohort_for(path: str, model: ModelSpec, *, is_filled: bool = True) -> tuple[CohortReading, ModelCohort]:
    """Read a cohort with the covariates of a model, and say on standard error what was assumed.

    With ``is_filled`` false nothing is said of values that stand for missing covariates, because these are drawn.

    Raises
    ------
    InputError
        With every problem of the file; a wrong cohort never produces a fit.
    """
    from pkpd.model_cohort_file import read_model_cohort  # noqa: PLC0415 - loads Arrow, which other commands need not
    from pkpd.model_covariates import with_model_covariates  # noqa: PLC0415

    reading = read_model_cohort(path, model)
    ready = with_model_covariates(whole_cohort(reading), model)
    for note in (*reading.notes, *(ready.notes if is_filled else ())):
        report(f"{path}: {note}")
    return reading, ready


def whole_cohort(reading: CohortReading) -> Cohort:
    """Return the cohort of a file without a problem.

    Raises
    ------
    InputError
        With every problem of the file.
    """
    from pkpd.data.cohort_table import first_problems  # noqa: PLC0415 - loads Arrow

    if reading.cohort is None:
        raise InputError(first_problems(reading.problems, reading.table.file))
    return reading.cohort


def check_folder(out: str, *, force: bool) -> Path:
    """Return the folder that results are to be written to, before anything is computed.

    Raises
    ------
    InputError
        Where it exists and may not be written into, or is no folder.
    """
    if not out.strip():
        raise input_error("--out", "the name is empty; expected a folder for the results")
    folder = Path(out)
    if folder.exists() and not folder.is_dir():
        raise input_error(out, "is a file; expected a folder for the results")
    if folder.exists() and not force:
        raise input_error(
            out, "exists; nothing is written over without --force, which replaces results of the same name"
        )
    return folder


def make_folder(folder: Path) -> None:
    """Make a folder for results where there is none.

    Raises
    ------
    InputError
        Where it cannot be made.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        message = f"cannot be written ({error.strerror or error}); expected a folder for the results"
        raise input_error(str(folder), message) from None


def check_settings(file: Path, settings: Mapping[str, Any]) -> None:
    """Refuse to go on with results of something else.

    Raises
    ------
    InputError
        Where the file with the settings cannot be read, or holds others.
    """
    try:
        found = json.loads(file.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        raise input_error(str(file), "cannot be read; there is nothing to go on with, begin without --resume") from None
    for name, value in settings.items():
        if found.get(name) != value:
            message = f"{name} is {found.get(name)!r} there and {value!r} now; the same settings are needed to go on"
            raise input_error(str(file), message)


def begin_results(
    folder: Path, result: str, settings: Mapping[str, Any], *, resume: bool, is_whole: bool = True
) -> dict[str, Any] | None:
    """Return the result that a folder holds already, where that is asked for; else make the folder ready for a new one.

    Parameters
    ----------
    folder : Path
        Of the results.
    result : str
        Name of the document, which is written last.
    settings : mapping
        What the result depends on.
    resume : bool
        Whether to go on with what the folder holds.
    is_whole : bool
        Whether nothing that is asked for is missing beside the document, such as figures.

    Raises
    ------
    InputError
        Where the folder holds results of something else, or cannot be written.
    """
    if resume:
        check_settings(folder / SETTINGS, settings)
        if is_whole and (folder / result).exists():
            report(f"{folder}: holds this result already; nothing was computed again.")
            found: dict[str, Any] = json.loads((folder / result).read_text(encoding="utf-8"))
            return found
    make_folder(folder)
    # An earlier result is none of what now begins.
    (folder / result).unlink(missing_ok=True)
    write_json(folder / SETTINGS, dict(settings))
    return None


def kept_rows(file: Path) -> list[dict[str, str]]:
    """Return the rows of a table that a command left unfinished; a line that was cut off is taken off the file."""
    if not file.exists():
        return []
    with file.open("r+b") as stream:
        whole = stream.read().rpartition(b"\n")[0]
        stream.truncate(len(whole) + 1 if whole else 0)
    return list(csv.DictReader(whole.decode("utf-8").splitlines()))


def write_json(file: Path, document: dict[str, Any]) -> None:
    """Write one JSON document."""
    file.write_text(json.dumps(document, ensure_ascii=False, indent=2, allow_nan=False) + "\n", encoding="utf-8")


def write_csv(file: Path, head: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
    """Write a table; what is not a number stays empty."""
    with file.open("w", encoding="utf-8", newline="") as stream:
        writer = csv.writer(stream)
        writer.writerow(head)
        writer.writerows([_cell(value) for value in row] for row in rows)


def _cell(value: object) -> object:
    if isinstance(value, float):
        return "" if value != value else repr(value)  # noqa: PLR0124 - NaN
    return value

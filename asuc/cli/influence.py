"""`asuc influence`: a model fitted without each subject, or each centre, in a folder that keeps what is done."""

from __future__ import annotations

import csv
import math
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from asuc.cli.cohort_source import check_folder, check_settings, kept_rows, make_folder, write_csv, write_json
from asuc.cli.figure_files import FOLDER, write_figures
from asuc.cli.fit_options import (
    Bounded,
    CensoredName,
    CohortFile,
    Fixed,
    Initial,
    MethodName,
    OutFolder,
    bound_settings,
    bounds_of,
    pairs,
    read_inputs,
)
from asuc.cli.layout import Sheet, laid_out
from asuc.cli.output import print_json, report, write_output
from asuc.cli.progress import shown_progress
from pkpd.errors import input_error

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from pkpd.diagnostics.influence import DeletedUnit, Deletion
    from pkpd.estimation.covariance import CovarianceKind
    from pkpd.estimation.fit import Fit

_SETTINGS, _DELETIONS, _RESULT, _TABLE = "settings.json", "deletions.csv", "influence.json", "influence.csv"
_MOST_SHOWN = 10


def influence(
    cohort: CohortFile,
    model: Annotated[str, typer.Option(metavar="NAME|FILE.toml", help="Model, with its initial values.")],
    out: OutFolder,
    by: Annotated[Literal["subject", "centre"], typer.Option(help="What is left out at a time.")] = "subject",
    approximate: Annotated[
        bool, typer.Option("--approximate", help="One Newton step from the fit to all instead of fits; at once.")
    ] = False,
    ratio: Annotated[
        bool, typer.Option("--ratio", help="Covariance ratios too, for which each fit needs its standard errors.")
    ] = False,
    method: Annotated[MethodName, typer.Option(help="Objective that is minimised.")] = "exact",
    fix: Fixed = None,
    init: Initial = None,
    bound: Bounded = None,
    covariance: Annotated[
        Literal["r", "s", "rsr"], typer.Option(help="Matrix of Cook scores and standard errors.")
    ] = "rsr",
    censored: CensoredName = None,
    no_figures: Annotated[bool, typer.Option("--no-figures", help="Draw nothing.")] = False,
    resume: Annotated[bool, typer.Option("--resume", help="Go on with what the folder holds.")] = False,
    force: Annotated[bool, typer.Option("--force", help="Begin anew where the folder exists.")] = False,
    as_json: Annotated[bool, typer.Option("--json", metavar="", help="Print one JSON document.")] = False,
) -> None:
    """Fit a model without each subject or centre; write Cook scores, covariance ratios and shifts of the estimates."""
    from pkpd.diagnostics.influence import DeletedUnit, cases, influence_document  # noqa: PLC0415 - loads the engine
    from pkpd.diagnostics.influence import influence as case_influence  # noqa: PLC0415
    from pkpd.estimation.covariance import CovarianceKind  # noqa: PLC0415
    from pkpd.estimation.fit import FitOptions  # noqa: PLC0415
    from pkpd.estimation.fit import fit as fit_population  # noqa: PLC0415
    from pkpd.estimation.objectives import Method  # noqa: PLC0415

    folder = check_folder(out, force=force or resume)
    if approximate and ratio:
        raise input_error("--ratio", "is of fits, and --approximate makes none; leave one of them out")
    initial, fixed, bounds = pairs("--init", init), pairs("--fix", fix), bounds_of(bound)
    given = read_inputs(cohort, model, initial=initial, fixed=fixed, bounds=bounds, censored=censored)
    unit, kind = DeletedUnit(by), CovarianceKind(covariance)
    if len(cases(given.population.cohort, unit)) < 2:
        raise input_error(cohort, f"has one {by}; expected at least two, so that something is left without one")
    settings: dict[str, Any] = {
        "model_sha256": given.population.model.sha256,
        "data_sha256": given.data_sha256,
        "method": method,
        "fix": fixed,
        "init": initial,
        "bound": bound_settings(bounds),
        "censored": censored,
        "by": by,
        "ratio": ratio,
        "approximate": approximate,
        "covariance": covariance,
    }
    if resume:
        check_settings(folder / _SETTINGS, settings)
    with shown_progress("Fitting all"):
        original = fit_population(given.population, FitOptions(Method(method)), parameters=given.parameters)
    if approximate and original.information is None:
        raise input_error("--approximate", f"needs a fit with an information matrix; {original.status.value}")
    make_folder(folder)
    write_json(folder / _SETTINGS, settings)
    (folder / _RESULT).unlink(missing_ok=True)
    deletions = (
        _approximated(original, unit)
        if approximate
        else _deleted(folder, original, unit, kind, ratio=ratio, resume=resume)
    )
    found = [case_influence(original, one, unit=unit, kind=kind) for one in deletions]
    document = influence_document(original, found, unit=unit, kind=kind, is_approximate=approximate)
    document["settings"] = settings
    write_json(folder / _RESULT, document)
    _write_cases(folder / _TABLE, document)
    if not no_figures:
        _draw(folder, document)
    if as_json:
        print_json(document)
    else:
        write_output(laid_out(_sheets(document, folder)))


def _approximated(original: Fit, unit: DeletedUnit) -> list[Deletion]:
    from pkpd.diagnostics.influence import approximate_deletion, cases  # noqa: PLC0415

    n = len(cases(original.population.cohort, unit))
    return [approximate_deletion(original, number, unit=unit) for number in range(n)]


def _deleted(
    folder: Path, original: Fit, unit: DeletedUnit, kind: CovarianceKind, *, ratio: bool, resume: bool
) -> list[Deletion]:
    """Make the fits that the folder does not hold yet, a line for each as soon as there is one."""
    from pkpd.diagnostics.influence import case_deletion, cases  # noqa: PLC0415

    n = len(cases(original.population.cohort, unit))
    found = {one.number: one for one in _kept(folder / _DELETIONS, original)} if resume else {}
    is_begun = bool(found)
    names = [one.name for one in original.parameters]
    with (folder / _DELETIONS).open("a" if is_begun else "w", encoding="utf-8", newline="") as stream:
        writer = csv.writer(stream)
        if not is_begun:
            writer.writerow(("number", "status", "ofv", "log_det", *names))
            stream.flush()
        missing = [number for number in range(n) if number not in found]
        try:
            with shown_progress("Fitting") as tell:
                for done, number in enumerate(missing):
                    tell(done / len(missing))
                    found[number] = case_deletion(original, number, unit=unit, kind=kind, with_ratio=ratio)
                    writer.writerow(_row(found[number]))
                    stream.flush()
        except KeyboardInterrupt:
            report(f"{folder}: {len(found)} of {n} fits are kept; the same command with --resume goes on from there.")
            raise
    return [found[number] for number in range(n)]


def _kept(file: Path, original: Fit) -> list[Deletion]:
    """Return the fits that a folder holds; a line that was cut off is taken off, to be fitted again."""
    import numpy as np  # noqa: PLC0415

    from pkpd.diagnostics.influence import Deletion  # noqa: PLC0415
    from pkpd.estimation.fit import FitStatus  # noqa: PLC0415

    return [
        Deletion(
            int(row["number"]),
            np.array([float(row[one.name]) for one in original.parameters]),
            float(row["ofv"] or "nan"),
            float(row["log_det"] or "nan"),
            FitStatus[row["status"].upper()],
        )
        for row in kept_rows(file)
    ]


def _row(one: Deletion) -> tuple[object, ...]:
    numbers = ("" if math.isnan(value) else repr(float(value)) for value in (one.ofv, one.log_det))
    return one.number, one.status.name.lower(), *numbers, *(repr(float(value)) for value in one.values)


def _write_cases(file: Path, document: Mapping[str, Any]) -> None:
    names, free = document["estimates"], document["free"]
    parts = ("case", "n_subjects", "status", "cook", "covariance_ratio", "d_ofv")
    rows = (
        [one[part] for part in parts]
        + [one["estimates"][name] for name in names]
        + [one["shift_se"].get(name) for name in free]
        for one in document["cases"]
    )
    write_csv(file, [*parts, *names, *(f"shift_se_{name}" for name in free)], rows)


def _draw(folder: Path, document: Mapping[str, Any]) -> None:
    from pkpd.figures.influence import influence_figures  # noqa: PLC0415 - loads Matplotlib

    drawings, left_out = influence_figures(document)
    with shown_progress("Drawing") as tell:
        write_figures(
            folder / FOLDER, drawings, left_out=left_out, written=lambda done: tell(done / max(len(drawings), 1))
        )


def _sheets(document: Mapping[str, Any], folder: Path) -> list[Sheet | str]:
    ended = ", ".join(f"{count} {status.replace('_', ' ')}" for status, count in document["statuses"].items())
    how = (
        "One Newton step each from the fit to all"
        if document["approximate"]
        else f"Fits by {document['method']}: {ended}"
    )
    ordered = sorted(document["cases"], key=lambda one: -(one["cook"] or 0.0))[:_MOST_SHOWN]
    rows = tuple(
        (one["case"], *(_number(one[key]) for key in ("cook", "covariance_ratio", "d_ofv")), *_largest(one["shift_se"]))
        for one in ordered
    )
    titles = (document["by"], "Cook score", "covariance ratio", "dOFV", "largest shift", "in SE")
    return [
        f"{document['n']} cases left out one at a time. {how}.",
        *(warning["text"] for warning in document["warnings"]),
        Sheet("Largest influence", titles, rows, wraps=0),
        f"Written to {folder}.",
    ]


def _largest(shift_se: Mapping[str, float | None]) -> tuple[str, str]:
    known = {name: value for name, value in shift_se.items() if value is not None}
    if not known:
        return "", ""
    name = max(known, key=lambda one: abs(known[one]))
    return name, f"{known[name]:+.2f}"


def _number(value: float | None) -> str:
    return "" if value is None else f"{value:.3g}"

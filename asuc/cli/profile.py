"""`asuc profile`: likelihood profiles of a fit's parameters, in a folder that keeps what is done."""

from __future__ import annotations

import csv
from typing import TYPE_CHECKING, Annotated, Any

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
from asuc.cli.result_tables import write_parameters
from pkpd.errors import input_error

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path
    from typing import TextIO

    from pkpd.arrays import FloatArray
    from pkpd.estimation.fit import Fit
    from pkpd.estimation.profile import Profile, ProfilePoint

_SETTINGS, _FITS, _RESULT, _TABLE = "settings.json", "fits.csv", "profile.json", "intervals.csv"
_Kept = dict[tuple[str, float], "ProfilePoint"]


def profile(
    cohort: CohortFile,
    model: Annotated[str, typer.Option(metavar="NAME|FILE.toml", help="Model, with its initial values.")],
    out: OutFolder,
    parameter: Annotated[
        list[str] | None,
        typer.Option(metavar="NAME", help="Profile this parameter; may be repeated. All free ones otherwise."),
    ] = None,
    level: Annotated[float, typer.Option(help="Probability of the intervals, above 0.5 and below 1.")] = 0.95,
    method: Annotated[MethodName, typer.Option(help="Objective that is minimised.")] = "exact",
    fix: Fixed = None,
    init: Initial = None,
    bound: Bounded = None,
    censored: CensoredName = None,
    resume: Annotated[bool, typer.Option("--resume", help="Go on with what the folder holds.")] = False,
    force: Annotated[bool, typer.Option("--force", help="Begin anew where the folder exists.")] = False,
    as_json: Annotated[bool, typer.Option("--json", metavar="", help="Print one JSON document.")] = False,
) -> None:
    """Hold each parameter in turn, fit all others again, and find where the objective has risen too far: its interval."""
    from pkpd.estimation.fit import FitOptions  # noqa: PLC0415 - the engine loads after the words are read
    from pkpd.estimation.fit import fit as fit_population  # noqa: PLC0415
    from pkpd.estimation.objectives import Method  # noqa: PLC0415 - the engine loads after the words are read
    from pkpd.estimation.profile import profiled_names  # noqa: PLC0415
    from pkpd.estimation.profile_document import profile_document  # noqa: PLC0415

    if not 0.5 < level < 1.0:
        raise input_error("--level", f"{level:g} is not above 0.5 and below 1, such as 0.95")
    folder = check_folder(out, force=force or resume)
    initial, fixed, bounds = pairs("--init", init), pairs("--fix", fix), bounds_of(bound)
    given = read_inputs(cohort, model, initial=initial, fixed=fixed, bounds=bounds, censored=censored)
    settings: dict[str, Any] = {
        "model_sha256": given.population.model.sha256,
        "data_sha256": given.data_sha256,
        "method": method,
        "level": level,
        "fix": fixed,
        "init": initial,
        "bound": bound_settings(bounds),
        "censored": censored,
    }
    if resume:
        check_settings(folder / _SETTINGS, settings)
    with shown_progress("Fitting"):
        original = fit_population(given.population, FitOptions(Method(method)), parameters=given.parameters)
    names = profiled_names(original, tuple(parameter or ()))
    make_folder(folder)
    write_json(folder / _SETTINGS, settings)
    # An earlier result is none of the profiles that now begin.
    for name in (_RESULT, _TABLE):
        (folder / name).unlink(missing_ok=True)
    profiles, n_kept = _profiles(folder / _FITS, original, names, level=level, resume=resume, out=out)
    document = profile_document(original, profiles, level=level) | {"n_resumed": n_kept, "settings": settings}
    write_json(folder / _RESULT, document)
    write_parameters(folder / _TABLE, document)
    _write_tables(folder, profiles)
    _draw(folder, profiles, level)
    if as_json:
        print_json(document)
    else:
        write_output(laid_out(_sheets(document, folder)))


def _profiles(
    file: Path, original: Fit, names: Sequence[str], *, level: float, resume: bool, out: str
) -> tuple[list[Profile], int]:
    """Return the profiles, and how many of their fits were there already; each new fit is written as soon as it is made."""
    from pkpd.estimation.profile import profile_parameter  # noqa: PLC0415

    kept = _kept(file, original) if resume else {}
    n_kept = len(kept)
    found: list[Profile] = []
    with file.open("a" if kept else "w", encoding="utf-8", newline="") as stream, shown_progress("Profiling") as tell:
        if not kept:
            head = ("parameter", "held", "status", "ofv", "evaluations", *(one.name for one in original.parameters))
            csv.writer(stream).writerow(head)
            stream.flush()
        try:
            for done, name in enumerate(names):
                held = _remembering(original, kept, stream, lambda share, done=done: tell((done + share) / len(names)))
                found.append(profile_parameter(original, name, level=level, held=held))
        except KeyboardInterrupt:
            report(f"{out}: {len(kept)} fits are kept; the same command with --resume goes on from there.")
            raise
    return found, n_kept


def _remembering(
    original: Fit, kept: _Kept, stream: TextIO, tell: Callable[[float], None]
) -> Callable[[str, float, FloatArray], ProfilePoint]:
    """Return what makes the fits of profiles, or takes them from those that are kept: the same search asks for the same fits."""
    from pkpd.estimation.profile import fit_held  # noqa: PLC0415

    made = 0

    def held(name: str, value: float, start: FloatArray) -> ProfilePoint:
        nonlocal made
        made += 1
        # An end takes four fits or so.
        tell(min(made / 10.0, 0.95))
        if (name, value) not in kept:
            point = fit_held(original, name, value, start)
            csv.writer(stream).writerow(_row(name, point))
            stream.flush()
            kept[name, value] = point
        return kept[name, value]

    return held


def _row(name: str, point: ProfilePoint) -> tuple[object, ...]:
    ofv = repr(point.ofv) if point.ofv == point.ofv else ""
    values = (repr(float(value)) for value in point.values)
    return name, repr(point.value), point.status.name.lower(), ofv, point.n_evaluations, *values


def _kept(file: Path, original: Fit) -> _Kept:
    import numpy as np  # noqa: PLC0415

    from pkpd.estimation.fit import FitStatus  # noqa: PLC0415
    from pkpd.estimation.profile import ProfilePoint  # noqa: PLC0415

    found: _Kept = {}
    for row in kept_rows(file):
        value = float(row["held"])
        values = np.array([float(row[one.name]) for one in original.parameters])
        ofv = float(row["ofv"]) if row["ofv"] else float("nan")
        status = FitStatus[row["status"].upper()]
        found[row["parameter"], value] = ProfilePoint(value, ofv, status, values, int(row["evaluations"]))
    return found


def _write_tables(folder: Path, profiles: Sequence[Profile]) -> None:
    from pkpd.figures.profile import profile_rows  # noqa: PLC0415 - loads SciPy's interpolation

    rows = (row for one in profiles for row in profile_rows(one))
    write_csv(folder / "profile.csv", ("parameter", "value", "ofv_change", "status"), rows)


def _draw(folder: Path, profiles: Sequence[Profile], level: float) -> None:
    from pkpd.figures.profile import profile_figure  # noqa: PLC0415 - loads Matplotlib

    drawn = profile_figure(profiles, level=level)
    with shown_progress("Drawing") as tell:
        drawings, left_out = ([], [drawn]) if isinstance(drawn, str) else ([drawn], [])
        write_figures(folder / FOLDER, drawings, left_out=left_out, written=tell)


def _sheets(document: dict[str, Any], folder: Path) -> list[Sheet | str]:
    rows = tuple(
        (
            name,
            f"{one['estimate']:.5g}",
            _end(one["lower"]),
            _end(one["upper"]),
            _number(one["interval_ratio"], 3),
            _number(one["wald_lower"]),
            _number(one["wald_upper"]),
        )
        for name, one in document["parameters"].items()
    )
    percent = f"{100.0 * document['level']:g} %"
    head = ("parameter", "estimate", f"{percent} from", "to", "upper/lower part", "by SE from", "to")
    return [
        (
            f"Profiles by {document['method']} in {document['n_fits']} fits, of which {document['n_fits_failed']} did not converge; an interval "
            f"ends where the OFV has risen by {document['threshold']:.2f}."
        ),
        *(warning["text"] for warning in document["warnings"]),
        Sheet("Intervals", head, rows, wraps=0),
        f"Written to {folder}.",
    ]


def _end(end: dict[str, Any]) -> str:
    if end["status"] == "found":
        return f"{end['value']:.4g}"
    return "bound" if end["status"] == "at_bound" else "–"


def _number(value: float | None, digits: int = 4) -> str:
    return "" if value is None else f"{value:.{digits}g}"

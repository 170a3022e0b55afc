"""`asuc exposure`: parameters and area over a window of every subject of a cohort."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from asuc.cli.cohort_source import begin_results, check_folder, write_json
from asuc.cli.exposure_table import (
    add_to_table,
    begin_table,
    exposure_document,
    finish_table,
    head_of,
    ids_without_parameters,
    row_of,
)
from asuc.cli.fit_options import (
    CohortFile,
    FitFolder,
    Initial,
    OutFolder,
    ValuedModel,
    estimates_of,
    pairs,
    read_inputs,
)
from asuc.cli.layout import Sheet, laid_out
from asuc.cli.output import print_json, report, write_output
from asuc.cli.progress import shown_progress
from asuc.cli.task import TaskFailure
from asuc.cli.task_farm import FewWorkers, Resume, Scheduler, n_workers, task_farm
from pkpd.errors import input_error

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from asuc.cli.exposure_table import Row
    from asuc.cli.task import Begin
    from pkpd.exposure.cohort import ExposureOf

_RESULT, _TABLE = "exposure.json", "exposure.csv"


def exposure(
    cohort: CohortFile,
    model: ValuedModel,
    out: OutFolder,
    window: Annotated[tuple[float, float], typer.Option(metavar="FROM TO", help="Window of the area, in days.")] = (
        14.0,
        28.0,
    ),
    fit: FitFolder = None,
    init: Initial = None,
    seed: Annotated[int, typer.Option(min=0, help="As in other commands; the integrals draw nothing.")] = 1,  # noqa: ARG001
    workers: FewWorkers = None,
    scheduler: Scheduler = None,
    resume: Resume = False,
    force: Annotated[bool, typer.Option("--force", help="Replace results in a folder that exists.")] = False,
    as_json: Annotated[bool, typer.Option("--json", metavar="", help="Print one JSON document.")] = False,
) -> None:
    """Estimate each subject's clearance, volumes and area over a window from its levels, with 90 % intervals."""
    import numpy as np  # noqa: PLC0415 - the engine loads after the words are read

    from pkpd.exposure.cohort import ExposureOf  # noqa: PLC0415
    from pkpd.exposure.metrics import reported_parameters  # noqa: PLC0415
    from pkpd.likelihood.population import model_at  # noqa: PLC0415

    folder = check_folder(out, force=force or resume)
    if not 0.0 <= window[0] < window[1] < float("inf"):
        raise input_error(
            "--window", f"{window[0]:g} to {window[1]:g} is no window; expected two days, the earlier first"
        )
    given = read_inputs(cohort, model, initial={**estimates_of(fit), **pairs("--init", init)}, fixed={}, censored=None)
    spec = model_at(given.population, np.array([one.value for one in given.parameters]))
    names = reported_parameters(spec)
    if spec.occasion_variances or spec.centre_variances:
        report(
            f"{cohort}: effects of occasions and centres are 0 here: exposure is that of an average occasion and centre."
        )
    settings = {"window_day": list(window), **given.origin()}
    with task_farm(n_workers(workers, scheduler, usual=1), scheduler) as begin:
        document = begin_results(folder, _RESULT, settings, resume=resume)
        if document is None:
            rows, failures = _integrate(
                folder / _TABLE, ExposureOf(spec, given.population.cohort, window), names, begin, resume=resume
            )
            if unexplained := ids_without_parameters(rows):
                first = ", ".join(unexplained[:20])
                report(f"{cohort}: no parameters explain the levels of {first}; their cells are empty.")
            document = exposure_document(rows, names, window) | {"failures": failures} | given.origin()
            write_json(folder / _RESULT, document)
    if as_json:
        print_json(document)
    else:
        write_output(laid_out(_sheets(document, folder)))


def _integrate(
    file: Path, wanted: ExposureOf, names: Sequence[str], begin: Begin, *, resume: bool
) -> tuple[list[Row], dict[str, str]]:
    """Return the line of every subject, each written as soon as it is known, and why some have no result."""
    from pkpd.exposure.cohort import exposure_at  # noqa: PLC0415 - loads the engine

    data, head = wanted.cohort, head_of(names)
    rows = begin_table(file, head, resume=resume)
    missing = [place for place, name in enumerate(data.ids) if name not in rows]
    failures: dict[str, str] = {}
    place: int
    try:
        with shown_progress("Integrating") as tell:
            for done, (place, outcome) in enumerate(begin(exposure_at, wanted)(missing), start=1):
                name = data.ids[place]
                if isinstance(outcome, TaskFailure):
                    report(f"Subject {name}: {outcome.reason}; its cells are empty.")
                    failures[name] = outcome.reason
                rows[name] = row_of(data, place, None if isinstance(outcome, TaskFailure) else outcome, head)
                add_to_table(file, rows[name])
                tell(done / len(missing))
    except KeyboardInterrupt:
        kept = f"{len(rows)} of {data.n_subjects} subjects are kept"
        report(f"{file.parent}: {kept}; the same command with --resume goes on from there.")
        raise
    ordered = [rows[name] for name in data.ids]
    finish_table(file, head, ordered)
    return ordered, {name: failures[name] for name in data.ids if name in failures}


def _sheets(document: dict[str, Any], folder: Path) -> list[Sheet | str]:
    rows = tuple(
        (name, *(f"{one[key]:.4g}" for key in ("q05", "median", "q95"))) for name, one in document["subjects"].items()
    )
    start, end = document["window_day"]
    said = [f"{document['n_subjects']:,} subjects; area from day {start:g} to {end:g} in mg·day/L."]
    if document["n_without_drug_in_window"]:
        said.append(f"{document['n_without_drug_in_window']:,} have no drug there.")
    if document["n_failed"]:
        said.append(f"{document['n_failed']:,} have no result.")
    return [
        " ".join(said),
        Sheet("Medians of the subjects", ("", "5 %", "50 %", "95 %"), rows, wraps=0),
        f"Written to {folder}.",
    ]

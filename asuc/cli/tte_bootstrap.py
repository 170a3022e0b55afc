"""`asuc tte bootstrap`: a fit of event times to drawn subjects, many times, in a folder that keeps what is done."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Annotated, Any

import typer

from asuc.cli.cohort_source import SETTINGS, check_folder, check_settings, make_folder, write_csv, write_json
from asuc.cli.figure_files import FOLDER, forget_figures, write_figures
from asuc.cli.fit_options import Fixed, Initial, OutFolder, pairs
from asuc.cli.layout import Sheet, laid_out
from asuc.cli.output import print_json, report, write_output
from asuc.cli.progress import shown_progress
from asuc.cli.task import TaskFailure
from asuc.cli.task_farm import FewWorkers, Resume, Scheduler, n_workers, task_farm
from asuc.cli.tte_bootstrap_table import add_to_table, begin_table, finish_table
from asuc.cli.tte_options import (
    Covariates,
    EventsFile,
    HazardName,
    LandmarkDay,
    ModelFile,
    References,
    read_event_time_model,
    read_event_times,
)

if TYPE_CHECKING:
    from pathlib import Path

    from asuc.cli.task import Compute
    from tte.estimation.bootstrap import Resampled
    from tte.estimation.fit import EventFit

_REPLICATES, _RESULT = "replicates.csv", "bootstrap.json"
# Fits of one task: what is lost with a worker, or with Ctrl-C, stays small.
_BLOCK = 100
_COLUMNS = ("estimate", "se", "bias", "q025", "q50", "q975")


def bootstrap(
    events: EventsFile,
    out: OutFolder,
    hazard: Annotated[HazardName | None, typer.Option(help="Hazard.")] = None,
    covariate: Covariates = None,
    reference: References = None,
    model: ModelFile = None,
    fix: Fixed = None,
    init: Initial = None,
    landmark: LandmarkDay = None,
    n: Annotated[int, typer.Option("--n", min=1, max=100_000, help="Fits.")] = 2000,
    seed: Annotated[int, typer.Option(min=0, help="The same seed draws the same subjects.")] = 1,
    workers: FewWorkers = None,
    scheduler: Scheduler = None,
    resume: Resume = False,
    no_figures: Annotated[bool, typer.Option("--no-figures", help="Draw nothing.")] = False,
    force: Annotated[bool, typer.Option("--force", help="Begin anew where the folder exists.")] = False,
    as_json: Annotated[bool, typer.Option("--json", metavar="", help="Print one JSON document.")] = False,
) -> None:
    """Fit a hazard to subjects drawn with replacement, many times; write intervals, and how the fits ended."""
    from tte.estimation.bootstrap import bootstrap_document, resampled_fits  # noqa: PLC0415 - loads the engine
    from tte.estimation.fit import fit as fit_events  # noqa: PLC0415
    from tte.estimation.intervals import axis_name  # noqa: PLC0415

    folder = check_folder(out, force=force or resume)
    wanted, origin = read_event_time_model(
        hazard, model, covariates=covariate, references=reference, initial=init, fixed=fix
    )
    given = read_event_times(events, wanted.covariates, landmark)
    settings: dict[str, Any] = {
        "data_sha256": given.data_sha256,
        "model_sha256": origin and origin["sha256"],
        "hazard": wanted.hazard.value,
        "effects": {effect.name: effect.reference for effect in wanted.effects},
        "fix": pairs("--fix", fix),
        "init": pairs("--init", init),
        "landmark_day": landmark,
        "seed": seed,
    }
    if resume:
        check_settings(folder / SETTINGS, settings)
    with task_farm(n_workers(workers, scheduler, usual=1), scheduler) as begin:
        original = fit_events(given.events, wanted)
        names = tuple(axis_name(*one) for one in zip(original.model.names, original.model.links, strict=True))
        make_folder(folder)
        write_json(folder / SETTINGS, settings)
        # An earlier result is none of the fits that now begin.
        (folder / _RESULT).unlink(missing_ok=True)
        forget_figures(folder)
        fits = begin_table(folder / _REPLICATES, names, resume=resume)
        n_resumed = sum(number <= n for number in fits)
        compute = begin(partial(resampled_fits, seed=seed), original)
        try:
            failures = _fit_missing(folder, original, fits, (n, seed), compute)
        except KeyboardInterrupt:
            report(f"{out}: {len(fits):,} of {n:,} fits are kept; the same command with --resume goes on from there.")
            raise
    finish_table(folder / _REPLICATES, names, fits.values())
    used = [fits[number] for number in range(1, n + 1)]
    document = bootstrap_document(original, used)
    document |= {"seed": seed, "n_resumed": n_resumed, "failures": failures, "settings": settings}
    _write(folder, document, original, used, is_drawn=not no_figures)
    if as_json:
        print_json(document)
    else:
        write_output(laid_out([*_sheets(document), f"Written to {folder}."]))


def _fit_missing(
    folder: Path, original: EventFit, fits: dict[int, Resampled], drawn: tuple[int, int], compute: Compute
) -> list[str]:
    """Add the fits that are not there yet, each block to the table as soon as it is done; return why some were not made."""
    from tte.estimation.bootstrap import failed_fit  # noqa: PLC0415 - loads the engine

    n, seed = drawn
    missing = [number for number in range(1, n + 1) if number not in fits]
    blocks = [tuple(missing[first : first + _BLOCK]) for first in range(0, len(missing), _BLOCK)]
    failures: list[str] = []
    with shown_progress("Fitting") as tell:
        for done, (numbers, outcome) in enumerate(compute(blocks), start=1):
            found = outcome
            if isinstance(outcome, TaskFailure):
                failures.append(f"Fits {numbers[0]} to {numbers[-1]}: {outcome.reason}")
                report(f"{failures[-1]}; they count as failed.")
                found = tuple(failed_fit(original, number, seed=seed) for number in numbers)
            fits |= {one.number: one for one in found}
            add_to_table(folder / _REPLICATES, found)
            tell(done / len(blocks))
    return sorted(failures)


def _write(
    folder: Path, document: dict[str, Any], original: EventFit, fits: list[Resampled], *, is_drawn: bool
) -> None:
    rows = [(name, *(one[key] for key in _COLUMNS)) for name, one in document["parameters"].items()]
    write_csv(folder / "parameters.csv", ("parameter", *_COLUMNS), rows)
    write_json(folder / _RESULT, document)
    if not is_drawn:
        return
    from tte.figures.bootstrap import bootstrap_figure  # noqa: PLC0415 - loads Matplotlib

    drawn = bootstrap_figure(original, fits)
    drawings, left_out = ([], [drawn]) if isinstance(drawn, str) else ([drawn], [])
    with shown_progress("Drawing") as tell:
        write_figures(folder / FOLDER, drawings, left_out=left_out, written=tell)


def _sheets(document: dict[str, Any]) -> list[Sheet | str]:
    ended = ", ".join(f"{count:,} {status.replace('_', ' ')}" for status, count in document["statuses"].items())
    rows = tuple(
        (name, one["limit"] or _number(one["estimate"]), _median(one), _number(one["se"]), _number(one["bias"]))
        for name, one in document["parameters"].items()
        if not one["fixed"]
    )
    head = ("parameter", "estimate", "bootstrap median [95 % CI]", "SE", "bias")
    return [
        f"{document['n_subjects']:,} subjects, {document['n_events']:,} events. {document['n']:,} fits: {ended}.",
        *(warning["text"] for warning in document["warnings"]),
        Sheet(f"{document['hazard'].capitalize()}: {document['equation']}", head, rows, wraps=0),
    ]


def _median(one: dict[str, Any]) -> str:
    if one["q50"] is None:
        return ""
    return f"{_number(one['q50'])} [{_number(one['q025'])} to {_number(one['q975'])}]"


def _number(value: float | None) -> str:
    return "–" if value is None else f"{value:.4g}"

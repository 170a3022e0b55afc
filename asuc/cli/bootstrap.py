"""`asuc bootstrap`: a fit to drawn subjects, many times, in a folder that keeps what is done."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from asuc.cli.bootstrap_table import add_to_table, begin_table, finish_table
from asuc.cli.cohort_source import check_folder, check_settings, make_folder, write_json
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
from asuc.cli.task import TaskFailure
from asuc.cli.task_farm import Resume, Scheduler, Workers, n_workers, task_farm

if TYPE_CHECKING:
    from asuc.cli.task import Compute
    from pkpd.estimation.bootstrap import Replicate
    from pkpd.estimation.fit import Fit

_SETTINGS, _REPLICATES, _RESULT, _TABLE = "settings.json", "replicates.csv", "bootstrap.json", "bootstrap.csv"


def bootstrap(
    cohort: CohortFile,
    model: Annotated[str, typer.Option(metavar="NAME|FILE.toml", help="Model, with its initial values.")],
    out: OutFolder,
    n: Annotated[int, typer.Option("--n", min=1, max=100_000, help="Fits.")] = 1000,
    seed: Annotated[int, typer.Option(min=0, help="The same seed draws the same subjects.")] = 1,
    method: Annotated[MethodName, typer.Option(help="Objective that is minimised.")] = "exact",
    fix: Fixed = None,
    init: Initial = None,
    bound: Bounded = None,
    censored: CensoredName = None,
    by_centre: Annotated[bool, typer.Option("--by-centre", help="Each centre keeps its number of subjects.")] = False,
    workers: Workers = None,
    scheduler: Scheduler = None,
    resume: Resume = False,
    force: Annotated[bool, typer.Option("--force", help="Begin anew where the folder exists.")] = False,
    as_json: Annotated[bool, typer.Option("--json", metavar="", help="Print one JSON document.")] = False,
) -> None:
    """Fit a model to subjects drawn with replacement, many times; write intervals, bias and how the fits ended."""
    from pkpd.estimation.bootstrap import bootstrap_document, bootstrap_replicate  # noqa: PLC0415 - loads the engine
    from pkpd.estimation.fit import FitOptions  # noqa: PLC0415
    from pkpd.estimation.fit import fit as fit_population  # noqa: PLC0415
    from pkpd.estimation.objectives import Method  # noqa: PLC0415
    from pkpd.likelihood.population import check_occasions_and_centres  # noqa: PLC0415

    folder = check_folder(out, force=force or resume)
    initial, fixed, bounds = pairs("--init", init), pairs("--fix", fix), bounds_of(bound)
    given = read_inputs(cohort, model, initial=initial, fixed=fixed, bounds=bounds, censored=censored)
    check_occasions_and_centres(given.population.model, given.population.cohort)
    settings: dict[str, Any] = {
        "model_sha256": given.population.model.sha256,
        "data_sha256": given.data_sha256,
        "method": method,
        "seed": seed,
        "fix": fixed,
        "init": initial,
        "bound": bound_settings(bounds),
        "censored": censored,
        "by_centre": by_centre,
    }
    if resume:
        check_settings(folder / _SETTINGS, settings)
    with task_farm(n_workers(workers, scheduler), scheduler) as begin:
        original = fit_population(given.population, FitOptions(Method(method)), parameters=given.parameters)
        make_folder(folder)
        write_json(folder / _SETTINGS, settings)
        # An earlier result is none of the fits that now begin.
        for name in (_RESULT, _TABLE):
            (folder / name).unlink(missing_ok=True)
        replicates = begin_table(folder / _REPLICATES, original, resume=resume)
        n_resumed = sum(number <= n for number in replicates)
        compute = begin(partial(bootstrap_replicate, seed=seed, by_centre=by_centre), original)
        try:
            failures = _fit_missing(folder, original, replicates, n, compute)
        except KeyboardInterrupt:
            report(f"{out}: {len(replicates)} of {n} fits are kept; the same command with --resume goes on from there.")
            raise
    finish_table(folder / _REPLICATES, original, replicates.values())
    document = bootstrap_document(original, [replicates[number] for number in range(1, n + 1)])
    document |= {"seed": seed, "n_resumed": n_resumed, "failures": failures, "settings": settings}
    write_parameters(folder / _TABLE, document)
    write_json(folder / _RESULT, document)
    if as_json:
        print_json(document)
    else:
        write_output(laid_out(_sheets(document, folder)))


def _fit_missing(
    folder: Path, original: Fit, replicates: dict[int, Replicate], n: int, compute: Compute
) -> dict[str, str]:
    """Add the fits that are not there yet, each to the table as soon as it is done; return why some have no result."""
    from pkpd.estimation.bootstrap import failed_replicate  # noqa: PLC0415 - loads the engine

    missing = [number for number in range(1, n + 1) if number not in replicates]
    failures: dict[int, str] = {}
    with shown_progress("Fitting") as tell:
        for done, (number, outcome) in enumerate(compute(missing), start=1):
            found = outcome
            if isinstance(outcome, TaskFailure):
                report(f"Fit {number}: {outcome.reason}; it counts as failed.")
                failures[number] = outcome.reason
                found = failed_replicate(original, number)
            replicates[number] = found
            add_to_table(folder / _REPLICATES, found)
            tell(done / len(missing))
    return {str(number): failures[number] for number in sorted(failures)}


def _sheets(document: dict[str, Any], folder: Path) -> list[Sheet | str]:
    ended = ", ".join(f"{count} {status.replace('_', ' ')}" for status, count in document["statuses"].items())
    rows = tuple(
        (name, f"{one['estimate']:.5g}", *(_number(one[key]) for key in ("se", "bias", "q025", "q50", "q975")))
        for name, one in document["parameters"].items()
        if not one["fixed"]
    )
    return [
        f"{document['n']} fits by {document['method']}: {ended}.",
        *(warning["text"] for warning in document["warnings"]),
        Sheet("Estimates", ("parameter", "estimate", "SE", "bias", "2.5 %", "50 %", "97.5 %"), rows, wraps=0),
        f"Written to {folder}.",
    ]


def _number(value: float | None) -> str:
    return "" if value is None else f"{value:.4g}"

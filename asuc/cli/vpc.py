"""`asuc vpc`: what a model predicts for a cohort, drawn many times, beside what was measured."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from asuc.cli.cohort_source import begin_results, check_folder, write_csv, write_json
from asuc.cli.drawn_replicates import drawn_replicates, forget_blocks
from asuc.cli.figure_files import FOLDER, write_figures
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
from asuc.cli.task_farm import FewWorkers, Resume, Scheduler, n_workers, task_farm
from pkpd.errors import input_error
from pkpd.wording import counted

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pkpd.diagnostics.predictive_checks import PredictiveChecks

_RESULT = "vpc.json"
# Share of the time that simulating takes.
_SIMULATING = 0.6
_MEASURES = ("p05", "p50", "p95", "below_lloq_pct", "above_uloq_pct")
_PARTS = ("observed", "low", "middle", "high")


def vpc(
    cohort: CohortFile,
    model: ValuedModel,
    out: OutFolder,
    n: Annotated[int, typer.Option("--n", min=100, max=100_000, help="Simulations of the whole cohort.")] = 1000,
    seed: Annotated[int, typer.Option(min=0, help="The same seed draws the same simulations.")] = 1,
    fit: FitFolder = None,
    init: Initial = None,
    bins: Annotated[int | None, typer.Option(min=1, max=200, help="Bins over time at most.")] = None,
    after_dose: Annotated[bool, typer.Option("--after-dose", help="Bin by time after the last dose.")] = False,
    stratify: Annotated[
        str | None, typer.Option(metavar="NAME", help="Also one check for each centre, assay, or part of a covariate.")
    ] = None,
    plain: Annotated[bool, typer.Option("--plain", help="Levels as they are, not corrected for predictions.")] = False,
    workers: FewWorkers = None,
    scheduler: Scheduler = None,
    resume: Resume = False,
    force: Annotated[bool, typer.Option("--force", help="Replace results in a folder that exists.")] = False,
    as_json: Annotated[bool, typer.Option("--json", metavar="", help="Print one JSON document.")] = False,
) -> None:
    """Simulate a cohort many times, censored like its samples; compare percentiles, shares beyond limits and intervals."""
    import numpy as np  # noqa: PLC0415 - the engine loads after the words are read

    from pkpd.diagnostics.predictive_checks import (  # noqa: PLC0415
        CheckOptions,
        check_predictions,
        checks_document,
        most_replicates,
    )
    from pkpd.diagnostics.strata import strata  # noqa: PLC0415
    from pkpd.simulation.replicates import drawing_of  # noqa: PLC0415

    folder = check_folder(out, force=force or resume)
    initial = {**estimates_of(fit, model), **pairs("--init", init)}
    given = read_inputs(cohort, model, initial=initial, fixed={}, censored=None)
    population = given.population
    if n > most_replicates(population):
        message = f"{n:,} simulations of {counted(population.cohort.level.size, 'level')} do not fit into memory"
        raise input_error("--n", f"{message}; expected at most {most_replicates(population):,}")
    values = np.array([one.value for one in given.parameters])
    options = CheckOptions(n, seed, bins, not plain, after_dose, stratify)
    if stratify is not None:
        strata(population.cohort, stratify)  # what cannot be stratified is refused before anything is drawn
    settings = {
        "n": n,
        "seed": seed,
        "bins": bins,
        "plain": plain,
        "after_dose": after_dose,
        "stratify": stratify,
        **given.origin(),
    }
    with task_farm(n_workers(workers, scheduler, usual=1), scheduler) as begin:
        document = begin_results(folder, _RESULT, settings, resume=resume)
        if document is None:
            if not resume:
                forget_blocks(folder)
            with shown_progress("Simulating") as tell:
                drawn = drawn_replicates(
                    drawing_of(population, values, seed), n, begin, folder, lambda share: tell(_SIMULATING * share)
                )
                checks = check_predictions(
                    population, values, options, drawn=drawn, tell=lambda share: tell(max(share, _SIMULATING))
                )
            document = checks_document(checks) | given.origin()
            for said in checks.notes:
                report(f"{cohort}: {said}.")
            _write(folder, document, checks)
    if as_json:
        print_json(document)
    else:
        write_output(laid_out(_sheets(document, folder)))


def _write(folder: Path, document: dict[str, Any], checks: PredictiveChecks) -> None:
    """Write tables and figures, and last the document, which says that all are there."""
    _write_bins(folder / "vpc.csv", document)
    _write_intervals(folder / "npc.csv", document)
    words = ("", "below", "above", "between")
    visual = checks.vpc
    write_csv(
        folder / "vpc_points.csv",
        ("time", "level", "censored"),
        zip(visual.time.tolist(), visual.level.tolist(), (words[int(c)] for c in visual.censoring), strict=True),
    )
    _draw(folder, checks)
    write_json(folder / _RESULT, document)


def _draw(folder: Path, checks: PredictiveChecks) -> None:
    from pkpd.figures.vpc import check_figures  # noqa: PLC0415 - loads Matplotlib

    drawings, left_out = check_figures(checks)
    with shown_progress("Drawing") as tell:
        write_figures(folder / FOLDER, drawings, left_out=left_out, written=lambda done: tell(done / len(drawings)))


def _write_bins(file: Path, document: Mapping[str, Any]) -> None:
    head = ["from_day", "to_day", "median_day", "n", *(f"{m}_{part}" for m in _MEASURES for part in _PARTS)]
    write_csv(file, head, map(_bin_cells, document["bins"]))
    by_part = file.with_name("vpc_strata.csv")
    by_part.unlink(missing_ok=True)  # of an earlier check
    if document["strata"]:
        rows = ([part["stratum"], *_bin_cells(one)] for part in document["strata"] for one in part["bins"])
        write_csv(by_part, ["stratum", *head], rows)


def _bin_cells(one: Mapping[str, Any]) -> list[Any]:
    cells = [one[key] for key in ("from_day", "to_day", "median_day", "n")]
    return cells + [one[measure][part] for measure in _MEASURES for part in _PARTS]


def _write_intervals(file: Path, document: Mapping[str, Any]) -> None:
    sides = ("below_pct", "above_pct")
    head = ["interval_pct", "expected_each_side_pct", *(f"{side}_{part}" for side in sides for part in _PARTS)]
    rows = (
        [one["interval_pct"], one["expected_each_side_pct"], *(one[side][part] for side in sides for part in _PARTS)]
        for one in document["npc"]
    )
    write_csv(file, head, rows)


def _sheets(document: Mapping[str, Any], folder: Path) -> list[Sheet | str]:
    bins = tuple(
        (
            f"{one['from_day']:.4g}–{one['to_day']:.4g}",
            str(one["n"]),
            *(_beside(one[name]) for name in ("p05", "p50", "p95")),
            *(_beside(one[name], " %") for name in ("below_lloq_pct", "above_uloq_pct")),
        )
        for one in document["bins"]
    )
    intervals = tuple(
        (f"{one['interval_pct']:.0f} %", _beside(one["below_pct"], " %"), _beside(one["above_pct"], " %"))
        for one in document["npc"]
    )
    corrected = "corrected for predictions" if document["corrected"] else "as measured"
    time = "days after a dose" if document["time"] == "after_dose" else "day"
    return [
        f"{document['n_replicates']:,} simulations; levels {corrected}. Observed, and in brackets 95 % of the simulations.",
        Sheet(
            "Levels over time [mg/L]",
            (time, "n", "5 %", "50 %", "95 %", "below LLOQ", "above ULOQ"),
            bins,
            wraps=0,
        ),
        Sheet("Outside prediction intervals", ("interval", "below", "above"), intervals, wraps=0),
        "A percentile among censored levels is not drawn (–).",
        f"Written to {folder}.",
    ]


def _beside(one: Mapping[str, float | None], unit: str = "") -> str:
    """Return what was observed and, in brackets, where simulations lie."""
    observed, low, high = (_cell(one[part]) for part in ("observed", "low", "high"))
    return f"{observed}{unit if observed != '–' else ''} ({low} to {high})"


def _cell(value: float | None) -> str:
    return "–" if value is None else f"{value:.3g}"

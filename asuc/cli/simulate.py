"""`asuc simulate`: levels drawn from a model at the times and with the limits of a cohort's samples."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from asuc.cli.cohort_source import begin_results, check_folder, write_csv, write_json
from asuc.cli.drawn_replicates import drawn_replicates, forget_blocks
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
from asuc.cli.output import print_json, report, write_output
from asuc.cli.progress import shown_progress
from asuc.cli.task_farm import FewWorkers, Resume, Scheduler, n_workers, task_farm
from pkpd.wording import counted

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pkpd.data.cohort import Cohort
    from pkpd.simulation.replicates import Replicates

_RESULT = "simulate.json"
_HEAD = ("replicate", "id", "line", "time", "pred", "dv", "cens", "lloq", "uloq")


def simulate(
    cohort: CohortFile,
    model: ValuedModel,
    out: OutFolder,
    n: Annotated[int, typer.Option("--n", min=1, max=100_000, help="Simulations of the whole cohort.")] = 1,
    seed: Annotated[int, typer.Option(min=0, help="The same seed draws the same levels.")] = 1,
    fit: FitFolder = None,
    init: Initial = None,
    workers: FewWorkers = None,
    scheduler: Scheduler = None,
    resume: Resume = False,
    force: Annotated[bool, typer.Option("--force", help="Replace results in a folder that exists.")] = False,
    as_json: Annotated[bool, typer.Option("--json", metavar="", help="Print one JSON document.")] = False,
) -> None:
    """Draw levels for a cohort's doses, covariates and sample times, censored at the limits of its samples."""
    import numpy as np  # noqa: PLC0415 - the engine loads after the words are read

    from pkpd.data.usual_limits import with_usual_limits  # noqa: PLC0415
    from pkpd.simulation.replicates import drawing_of  # noqa: PLC0415

    folder = check_folder(out, force=force or resume)
    given = read_inputs(
        cohort, model, initial={**estimates_of(fit, model), **pairs("--init", init)}, fixed={}, censored=None
    )
    values = np.array([one.value for one in given.parameters])
    data, notes = with_usual_limits(given.population.cohort)
    for said in notes:
        report(f"{cohort}: {said}.")
    settings = {"n": n, "seed": seed, **given.origin()}
    with task_farm(n_workers(workers, scheduler, usual=1), scheduler) as begin:
        document = begin_results(folder, _RESULT, settings, resume=resume)
        if document is None:
            if not resume:
                forget_blocks(folder)
            with shown_progress("Simulating") as tell:
                drawn = drawn_replicates(drawing_of(given.population, values, seed), n, begin, folder, tell)
            write_csv(folder / "simulated.csv", _HEAD, _rows(data, drawn))
            document = _document(data, drawn, seed) | given.origin()
            write_json(folder / _RESULT, document)
    if as_json:
        print_json(document)
    else:
        write_output(
            f"{n:,} times {counted(data.level.size, 'level')} of {counted(data.n_subjects, 'subject')}, {document['censored_pct']:.0f} % of them "
            f"censored.\nWritten to {folder}.\n"
        )


def _document(data: Cohort, drawn: Replicates, seed: int) -> dict[str, Any]:
    is_censored = (drawn.measured < data.lloq[:, None]) | (drawn.measured > data.uloq[:, None])
    return {
        "schema": "asuc-simulate/1",
        "n_replicates": drawn.measured.shape[1],
        "seed": seed,
        "n_subjects": data.n_subjects,
        "n_levels": data.level.size,
        "censored_pct": float(100.0 * is_censored.mean()),
    }


def _rows(data: Cohort, drawn: Replicates) -> Iterator[tuple[object, ...]]:
    """Yield a row for every level of every replicate; of a censored one the limit, as in a cohort file."""
    import numpy as np  # noqa: PLC0415

    subject = np.repeat(np.arange(data.n_subjects), np.diff(data.sample_start)).tolist()
    lloq, uloq, pred = data.lloq.tolist(), data.uloq.tolist(), drawn.pred.tolist()
    lines, times = data.sample_line.tolist(), data.sample_time.tolist()
    for replicate in range(drawn.measured.shape[1]):
        for k, level in enumerate(drawn.measured[:, replicate].astype(float).tolist()):
            cens = 1 if level < lloq[k] else -1 if level > uloq[k] else 0
            dv = (level, lloq[k], uloq[k])[cens]
            yield replicate + 1, data.ids[subject[k]], lines[k], times[k], pred[k], dv, cens, lloq[k], uloq[k]

"""`asuc cohort`: virtual cohorts."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from asuc.cli.cohort_source import write_csv
from asuc.cli.output import write_output
from asuc.cli.source import read_event_model, read_model
from pkpd.errors import InputError, Problem, input_error
from pkpd.wording import counted

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

cohort = typer.Typer(help="Virtual cohorts.", no_args_is_help=True)


@cohort.command(
    "simulate", epilog="Example: asuc cohort simulate --out cohort.csv --events events.csv --planned planned.csv"
)
def simulate(
    out: Annotated[str, typer.Option(metavar="COHORT.csv", help="File to write.")],
    n: Annotated[int, typer.Option("--n", min=1, max=10_000_000, help="Patients.")] = 72,
    seed: Annotated[int, typer.Option(min=0, help="The same seed draws the same cohort.")] = 1,
    model: Annotated[str, typer.Option(metavar="NAME|FILE.toml", help="The truth.")] = "niyigena_2026_asuc",
    missing: Annotated[float, typer.Option(min=0.0, max=0.9, help="Share of covariates that are missing.")] = 0.04,
    events: Annotated[
        str | None,
        typer.Option(metavar="EVENTS.csv", help="File for event times, which end doses and samples of the cohort."),
    ] = None,
    planned: Annotated[
        str | None, typer.Option(metavar="PLANNED.csv", help="File for the doses that an event left out.")
    ] = None,
    event_model: Annotated[
        str, typer.Option(metavar="NAME|FILE.toml", help="The truth of event times.")
    ] = "niyigena_2026_asuc",
    force: Annotated[bool, typer.Option("--force", help="Replace files that exist.")] = False,
) -> None:
    """Draw patients with acute severe ulcerative colitis, their doses and levels, like those of the published cohort.

    With --events also the day of each colectomy by day 90, or when the patient was last seen.
    """
    import numpy as np  # noqa: PLC0415

    from pkpd.data.cohort_rows import COLUMNS, cohort_rows  # noqa: PLC0415 - the engine loads after the words are read
    from pkpd.simulation.virtual_cohort import Design, virtual_cohort  # noqa: PLC0415

    if planned is not None and events is None:
        raise input_error("--planned", "doses are left out where an event ends them; expected --events as well")
    files = [name for name in (out, events, planned) if name is not None]
    if not force and (there := [name for name in files if Path(name).exists()]):
        raise InputError(Problem(name, "exists; nothing is written over without --force") for name in there)
    truth, rng = read_model(model), np.random.default_rng(seed)
    if events is None:
        drawn = virtual_cohort(truth, Design(n, missing), rng)
        _write(out, COLUMNS, cohort_rows(drawn))
        outcome = ""
    else:
        from tte.data.events import EVENT_COLUMNS, event_rows  # noqa: PLC0415
        from tte.joint.virtual_cohort import virtual_study  # noqa: PLC0415

        study = virtual_study(truth, read_event_model(event_model), Design(n, missing), rng)
        drawn = study.cohort
        _write(out, COLUMNS, cohort_rows(drawn))
        _write(events, EVENT_COLUMNS, event_rows(study.events))
        outcome = f"; {study.events.n_events:,} colectomies: {events}"
        if planned is not None:
            from pkpd.data.planned_doses import PLANNED_COLUMNS, planned_rows  # noqa: PLC0415

            _write(planned, PLANNED_COLUMNS, planned_rows(study.left_out))
            outcome += f"; {counted(study.left_out.time.size, 'dose')} planned for later: {planned}"
    levels, beyond = drawn.level.size, int((drawn.censoring != 0).sum())
    write_output(
        f"{counted(n, 'patient')}, {counted(drawn.dose_time.size, 'dose')}, {counted(levels, 'level')}, {beyond:,} of them censored: {out}{outcome}\n"
    )


def _write(file: str, columns: Sequence[str], rows: Iterable[tuple[object, ...]]) -> None:
    try:
        write_csv(Path(file), columns, rows)
    except OSError as error:
        raise input_error(file, f"cannot be written ({error.strerror or error}); expected a file to write") from None

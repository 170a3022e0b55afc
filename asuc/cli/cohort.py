"""`asuc cohort`: virtual cohorts."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from asuc.cli.cohort_source import write_csv
from asuc.cli.output import write_output
from asuc.cli.source import read_model
from pkpd.errors import input_error

cohort = typer.Typer(help="Virtual cohorts.", no_args_is_help=True)


@cohort.command("simulate", epilog="Example: asuc cohort simulate --out cohort.csv --n 72 --seed 1")
def simulate(
    out: Annotated[str, typer.Option(metavar="COHORT.csv", help="File to write.")],
    n: Annotated[int, typer.Option("--n", min=1, max=10_000_000, help="Patients.")] = 72,
    seed: Annotated[int, typer.Option(min=0, help="The same seed draws the same cohort.")] = 1,
    model: Annotated[str, typer.Option(metavar="NAME|FILE.toml", help="The truth.")] = "niyigena_2026_asuc",
    missing: Annotated[float, typer.Option(min=0.0, max=0.9, help="Share of covariates that are missing.")] = 0.04,
    force: Annotated[bool, typer.Option("--force", help="Replace a file that exists.")] = False,
) -> None:
    """Draw patients with acute severe ulcerative colitis, their doses and levels, like those of the published cohort."""
    import numpy as np  # noqa: PLC0415

    from pkpd.data.cohort_rows import COLUMNS, cohort_rows  # noqa: PLC0415 - the engine loads after the words are read
    from pkpd.simulation.virtual_cohort import Design, virtual_cohort  # noqa: PLC0415

    file = Path(out)
    if file.exists() and not force:
        raise input_error(out, "exists; nothing is written over without --force")
    drawn = virtual_cohort(read_model(model), Design(n, missing), np.random.default_rng(seed))
    try:
        write_csv(file, COLUMNS, cohort_rows(drawn))
    except OSError as error:
        raise input_error(
            out, f"cannot be written ({error.strerror or error}); expected a file for the cohort"
        ) from None
    levels, beyond = drawn.level.size, int((drawn.censoring != 0).sum())
    write_output(
        f"{n:,} patients, {drawn.dose_time.size:,} doses, {levels:,} levels, {beyond:,} of them censored: {out}\n"
    )

"""`asuc nonmem import`: a control stream as a model file of the engine, and its data as a cohort."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from asuc.cli.cohort_source import write_csv
from asuc.cli.output import report, write_output
from pkpd.errors import InputError, Problem, input_error


def import_run(
    control: Annotated[
        str, typer.Argument(metavar="CONTROL.ctl", help="Control stream, or a listing (.lst, .res) that echoes one.")
    ],
    out: Annotated[str, typer.Option(metavar="MODEL.toml", help="Model file to write.")],
    data_out: Annotated[
        str | None, typer.Option(metavar="COHORT.csv", help="Cohort to write: the data as the run reads them.")
    ] = None,
    data: Annotated[
        str | None, typer.Option(metavar="FILE", help="Data in place of the file that $DATA names.")
    ] = None,
    problem: Annotated[int, typer.Option(min=1, help="Which $PROBLEM of the control stream.")] = 1,
    force: Annotated[bool, typer.Option("--force", help="Replace files that exist.")] = False,
) -> None:
    """Translate a control stream: its initial estimates become the values of a model that `asuc fit` takes."""
    from nonmem_ref.translation.translate import translate  # noqa: PLC0415 - the engine loads after the words are read

    files = [name for name in (out, data_out) if name is not None]
    if not out.lower().endswith(".toml"):
        raise input_error("--out", f"{out} is no name of a model file; expected one that ends in .toml")
    if not force and (there := [name for name in files if Path(name).exists()]):
        raise InputError(Problem(name, "exists; nothing is written over without --force") for name in there)
    found = translate(Path(control), problem=problem, data=None if data is None else Path(data))
    for note in found.notes:
        report(note)
    try:
        Path(out).write_text(found.model.text, encoding="utf-8")
        if data_out is not None:
            write_csv(Path(data_out), found.head, found.rows)
    except OSError as error:
        raise input_error(
            str(error.filename), f"cannot be written ({error.strerror}); expected a file to write"
        ) from None
    spec = found.model.spec
    written = f"{out}: {spec.structure.value.replace('_', ' ')}, {', '.join(one.parameter for one in spec.terms)}; "
    cohort = (
        ""
        if data_out is None
        else f" {data_out}: {len(found.dataset.names):,} individuals, {len(found.rows):,} records."
    )
    write_output(f"{written}numbers in the units of the run.{cohort}\n")

"""`asuc nonmem import`: a control stream as a model file of the engine, and its data as a cohort or as event times."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from asuc.cli.cohort_source import write_csv
from asuc.cli.output import report, write_output
from pkpd.errors import InputError, Problem, input_error
from pkpd.wording import counted

if TYPE_CHECKING:
    from nonmem_ref.translation.event_translation import EventTranslation
    from nonmem_ref.translation.translate import Translation


def import_run(
    control: Annotated[
        str, typer.Argument(metavar="CONTROL.ctl", help="Control stream, or a listing (.lst, .res) that echoes one.")
    ],
    out: Annotated[str, typer.Option(metavar="MODEL.toml", help="Model file to write.")],
    data_out: Annotated[
        str | None,
        typer.Option(metavar="COHORT.csv", help="Cohort or event times to write: the data as the run reads them."),
    ] = None,
    data: Annotated[
        str | None, typer.Option(metavar="FILE", help="Data in place of the file that $DATA names.")
    ] = None,
    problem: Annotated[int, typer.Option(min=1, help="Which $PROBLEM of the control stream.")] = 1,
    force: Annotated[bool, typer.Option("--force", help="Replace files that exist.")] = False,
) -> None:
    """Translate a control stream: its initial estimates become the values of a model that `asuc fit`, of event times `asuc tte fit`, takes."""
    from nonmem_ref.translation.event_translation import translated_events  # noqa: PLC0415 - the engine loads after the words are read
    from nonmem_ref.translation.translate import read_run, translated  # noqa: PLC0415

    files = [name for name in (out, data_out) if name is not None]
    if not out.lower().endswith(".toml"):
        raise input_error("--out", f"{out} is no name of a model file; expected one that ends in .toml")
    if not force and (there := [name for name in files if Path(name).exists()]):
        raise InputError(Problem(name, "exists; nothing is written over without --force") for name in there)
    run = read_run(Path(control), problem=problem, data=None if data is None else Path(data))
    if run.has_event_times:
        events = translated_events(run)
        text, head, rows, notes = events.text, events.head, events.rows, events.notes
        said = _events_said(events)
    else:
        found = translated(run)
        text, head, rows, notes = found.model.text, found.head, found.rows, found.notes
        said = _levels_said(found)
    for note in notes:
        report(note)
    try:
        Path(out).write_text(text, encoding="utf-8")
        if data_out is not None:
            write_csv(Path(data_out), head, rows)
    except OSError as error:
        raise input_error(
            str(error.filename), f"cannot be written ({error.strerror}); expected a file to write"
        ) from None
    what, counted = said
    written = "" if data_out is None else f" {data_out}: {counted}."
    write_output(f"{out}: {what}; numbers in the units of the run.{written}\n")


def _levels_said(found: Translation) -> tuple[str, str]:
    """Return in words what the model is, and what the data hold."""
    spec = found.model.spec
    what = f"{spec.structure.value.replace('_', ' ')}, {', '.join(dict.fromkeys(one.parameter for one in spec.terms))}"
    return what, f"{len(found.dataset.names):,} individuals, {len(found.rows):,} records"


def _events_said(found: EventTranslation) -> tuple[str, str]:
    """Return in words what the model is, and what the data hold."""
    what = f"{found.model.hazard.value} hazard, {', '.join(found.model.names)}"
    n_events = sum(1 for row in found.rows if row[found.head.index("EVENT")] == 1.0)
    return what, f"{counted(len({row[0] for row in found.rows}), 'subject')} with {counted(n_events, 'event')}"

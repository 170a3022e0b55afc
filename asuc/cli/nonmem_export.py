"""`asuc nonmem export`: a model and a cohort, or event times, as NONMEM runs them as they are; a cohort also for nlmixr2, or mrgsolve with mapbayr."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from asuc.cli.cohort_source import check_folder, make_folder, write_csv
from asuc.cli.fit_options import estimates_of, read_inputs
from asuc.cli.output import report, write_output
from asuc.cli.tte_kept_fit import kept_fit
from asuc.cli.tte_options import read_event_time_model, read_event_times
from pkpd.errors import input_error

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from asuc.cli.fit_options import FitInputs
    from pkpd.model.spec import ModelSpec

_CONTROL, _DATA, _IDS = "run.ctl", "data.csv", "ids.csv"
_CHECKED = {
    True: "No NONMEM ran here: the control stream is checked by reading it again (asuc nonmem import).",
    False: "No R ran here: the text is checked by an evaluation of its own of equations and parameters.",
}


def export_run(
    data: Annotated[
        str, typer.Option("--data", metavar="COHORT.csv|EVENTS.csv", help="Cohort, or event times (CSV or Parquet).")
    ],
    out: Annotated[str, typer.Option(metavar="DIR", help="Folder for control stream and data.")],
    fit: Annotated[
        str | None,
        typer.Argument(
            metavar="[FIT_DIR]",
            help="Folder of a fit (asuc fit, asuc tte fit), whose estimates become the initial ones.",
        ),
    ] = None,
    model: Annotated[
        str | None, typer.Option(metavar="NAME|FILE.toml", help="Model; that of the fit where left out.")
    ] = None,
    to: Annotated[
        Literal["nonmem", "nlmixr2", "mrgsolve"],
        typer.Option(help="Tool that it is written for; mrgsolve is that of mapbayr, which estimates patients."),
    ] = "nonmem",
    maxeval: Annotated[
        int, typer.Option(min=0, max=99999, help="MAXEVAL; 0 has NONMEM evaluate its objective at these values.")
    ] = 9999,
    force: Annotated[bool, typer.Option("--force", help="Replace files of the same name.")] = False,
) -> None:
    """Write a model and a data set for NONMEM, nlmixr2, or mrgsolve with mapbayr: its values are the initial estimates."""
    folder = check_folder(out, force=force)
    if fit is None and model is None:
        raise input_error("--model", "is missing; expected the folder of a fit, or a model")
    if not _holds_event_times(data):
        written = _exported_levels(data, fit, model, to=to, maxeval=maxeval)
    elif to == "nonmem":
        written = _exported_events(data, fit, model, maxeval=maxeval)
    else:
        raise input_error("--to", f"is {to}, but {data} holds event times, which are written for nonmem alone")
    make_folder(folder)
    for name, text in written.texts.items():
        (folder / name).write_text(text, encoding="utf-8")
    write_csv(folder / _DATA, written.items, written.rows)
    write_csv(folder / _IDS, ("number", "ID"), ((i, name) for i, name in enumerate(written.ids, start=1)))
    report(_CHECKED[to == "nonmem"])
    table = f"{_DATA} ({len(written.ids):,} individuals, {len(written.rows):,} records)"
    write_output(f"{folder}: {', '.join((*written.texts, table, _IDS))}.\n")


@dataclass(frozen=True, slots=True)
class _Export:
    """What is written: texts by the names of their files, head and rows of the data, and the names of the individuals."""

    texts: Mapping[str, str]
    items: Sequence[str]
    rows: Sequence[Sequence[object]]
    ids: Sequence[str]


def _holds_event_times(data: str) -> bool:
    """Return whether a file is one of event times: it says what became of the subjects."""
    from pkpd.data.cohort_table import read_table  # noqa: PLC0415 - the engine loads after the words are read

    return "EVENT" in read_table(data).columns


def _exported_events(data: str, fit: str | None, model: str | None, *, maxeval: int) -> _Export:
    """Return event times and their model."""
    from nonmem_ref.writing.event_control import event_control, event_data  # noqa: PLC0415 - as above

    if fit is not None and model is not None:
        raise input_error("--model", "is given beside the folder of a fit, which has its own; leave one of them out")
    if fit is not None:
        found, _ = kept_fit(fit, data, None)
        wanted, events, title = found.model_at_estimates, found.events, f"event times, fit in {Path(fit).name}"
    else:
        wanted, _ = read_event_time_model(None, model, covariates=None, references=None, initial=None, fixed=None)
        events = read_event_times(data, wanted.covariates, None, is_estimated=False, needs_event=False).events
        title = f"event times, {Path(model or '').name}"
    written = event_control(wanted, title=title, data=_DATA, n_evaluations=maxeval)
    return _Export({_CONTROL: written.text}, written.items, list(event_data(events, written.covariates)), events.ids)


def _exported_levels(
    data: str, fit: str | None, model: str | None, *, to: Literal["nonmem", "nlmixr2", "mrgsolve"], maxeval: int
) -> _Export:
    """Return a cohort and its model."""
    from nonmem_ref.writing.control_text import control_text  # noqa: PLC0415 - as above
    from nonmem_ref.writing.data_rows import data_rows, error_names  # noqa: PLC0415
    from nonmem_ref.writing.other_tools import other_files  # noqa: PLC0415

    given = _inputs(data, fit, model)
    spec, cohort = _at_values(given), given.population.cohort
    if to != "nonmem":
        files = other_files(spec, given.parameters, cohort, to, data=_DATA, n_evaluations=maxeval)
        return _Export(files.texts, files.head, files.rows, cohort.ids)
    n_occasions = int(cohort.occasion.max(initial=0)) + 1
    assays = error_names(spec, cohort)
    written = control_text(
        spec, given.parameters, data=_DATA, n_occasions=n_occasions, assays=assays, n_evaluations=maxeval
    )
    rows = list(data_rows(cohort, spec, written.covariates))
    return _Export({_CONTROL: written.text}, written.items, rows, cohort.ids)


def _inputs(data: str, fit: str | None, model: str | None) -> FitInputs:
    """Return model, cohort and values."""
    name = model if model is not None else _model_of(fit or "")
    return read_inputs(data, name, initial=estimates_of(fit, name), fixed={}, censored=None)


def _model_of(fit: str) -> str:
    """Return the name of the model of a fit, which is a shipped one unless `--model` says its file."""
    from pkpd.model.library import model_names  # noqa: PLC0415

    estimates_of(fit)  # refuses what is no fit
    document: dict[str, Any] = json.loads((Path(fit) / "fit.json").read_text(encoding="utf-8"))
    name = str(document["model"]["name"])
    if name not in model_names():
        raise input_error("--model", f"is missing; the fit is of {name}, which is not a shipped model: give its file")
    return name


def _at_values(given: FitInputs) -> ModelSpec:
    """Return the model at the values of its parameters."""
    from pkpd.model.population import with_values  # noqa: PLC0415

    return with_values(given.population.model, {one.name: one.value for one in given.parameters})

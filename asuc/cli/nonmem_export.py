"""`asuc nonmem export`: a model and a cohort as a control stream and a data set that NONMEM runs as they are."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from asuc.cli.cohort_source import check_folder, make_folder, write_csv
from asuc.cli.fit_options import estimates_of, read_inputs
from asuc.cli.output import report, write_output
from pkpd.errors import input_error

if TYPE_CHECKING:
    from asuc.cli.fit_options import FitInputs
    from pkpd.model.spec import ModelSpec

_CONTROL, _DATA, _IDS = "run.ctl", "data.csv", "ids.csv"


def export_run(
    data: Annotated[str, typer.Option("--data", metavar="COHORT.csv", help="Cohort (CSV or Parquet).")],
    out: Annotated[str, typer.Option(metavar="DIR", help="Folder for control stream and data.")],
    fit: Annotated[
        str | None,
        typer.Argument(metavar="[FIT_DIR]", help="Folder of a fit, whose estimates become the initial ones."),
    ] = None,
    model: Annotated[
        str | None, typer.Option(metavar="NAME|FILE.toml", help="Model; that of the fit where left out.")
    ] = None,
    maxeval: Annotated[
        int, typer.Option(min=0, max=99999, help="MAXEVAL; 0 has NONMEM evaluate its objective at these values.")
    ] = 9999,
    force: Annotated[bool, typer.Option("--force", help="Replace files of the same name.")] = False,
) -> None:
    """Write a control stream and a data set: the model, its values as initial estimates, and both limits by F_FLAG."""
    from nonmem_ref.writing.control_text import control_text  # noqa: PLC0415 - the engine loads after the words are read
    from nonmem_ref.writing.data_rows import data_rows  # noqa: PLC0415

    folder = check_folder(out, force=force)
    given = _inputs(data, fit, model)
    spec, cohort = _at_values(given), given.population.cohort
    n_occasions = int(cohort.occasion.max(initial=0)) + 1
    written = control_text(spec, given.parameters, data=_DATA, n_occasions=n_occasions, n_evaluations=maxeval)
    rows = list(data_rows(cohort, spec, written.covariates))
    make_folder(folder)
    (folder / _CONTROL).write_text(written.text, encoding="utf-8")
    write_csv(folder / _DATA, written.items, rows)
    write_csv(folder / _IDS, ("number", "ID"), ((i, name) for i, name in enumerate(cohort.ids, start=1)))
    report("No NONMEM ran here: the control stream is checked by reading it again (asuc nonmem import).")
    write_output(f"{folder / _CONTROL}, {_DATA} ({cohort.n_subjects:,} individuals, {len(rows):,} records), {_IDS}.\n")


def _inputs(data: str, fit: str | None, model: str | None) -> FitInputs:
    """Return model, cohort and values."""
    if fit is None and model is None:
        raise input_error("--model", "is missing; expected the folder of a fit, or a model")
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

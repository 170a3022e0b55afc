"""`asuc tte fit`: a parametric model of event times."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from asuc.cli.cohort_source import check_folder, make_folder, write_csv, write_json
from asuc.cli.fit_options import Fixed, Initial, OutFolder, pairs
from asuc.cli.layout import Sheet, laid_out
from asuc.cli.output import print_json, report, write_output

if TYPE_CHECKING:
    from pathlib import Path

tte = typer.Typer(help="Times to an event.", no_args_is_help=True)

HazardName = Literal["exponential", "weibull", "gompertz", "loglogistic", "lognormal", "surge"]
EventsFile = Annotated[
    str,
    typer.Argument(
        metavar="EVENTS.csv",
        help="Event times (CSV or Parquet): ID TIME EVENT [ENTRY] [TIME2], or ID START STOP EVENT, and covariates.",
    ),
]


@tte.command("fit", epilog="Example: asuc tte fit events.csv --hazard weibull --covariate LOG_AUC_CL --out tte")
def fit(
    events: EventsFile,
    hazard: Annotated[HazardName, typer.Option(help="Hazard.")],
    out: OutFolder,
    covariate: Annotated[
        list[str] | None,
        typer.Option(metavar="[PARAMETER:]NAME", help="Covariate on the hazard, or on a parameter; may be repeated."),
    ] = None,
    reference: Annotated[
        list[str] | None,
        typer.Option(metavar="NAME=VALUE", help="Covariate value at which the parameters hold. [default: 0]"),
    ] = None,
    fix: Fixed = None,
    init: Initial = None,
    maxeval: Annotated[int, typer.Option(min=0, help="Newton steps allowed; 0 evaluates at the initial values.")] = 200,
    landmark: Annotated[
        float | None, typer.Option(metavar="DAY", help="Fit those who are free of the event and watched at this day.")
    ] = None,
    force: Annotated[bool, typer.Option("--force", help="Replace the folder where it exists.")] = False,
    as_json: Annotated[bool, typer.Option("--json", metavar="", help="Print one JSON document.")] = False,
) -> None:
    """Fit a hazard with covariates to event times by maximum likelihood."""
    from tte.data.events import landmark as at_landmark  # noqa: PLC0415
    from tte.data.events_file import read_events  # noqa: PLC0415
    from tte.estimation.document import fit_document  # noqa: PLC0415
    from tte.estimation.fit import FitOptions  # noqa: PLC0415
    from tte.estimation.fit import fit as fit_events  # noqa: PLC0415
    from tte.estimation.model import event_time_model  # noqa: PLC0415

    folder = check_folder(out, force=force)
    model = event_time_model(
        hazard,
        covariate or (),
        references=pairs("--reference", reference),
        initial=pairs("--init", init),
        fixed=pairs("--fix", fix),
    )
    reading = read_events(events, model.covariates)
    data = reading.checked()
    for note in reading.notes:
        report(f"{events}: {note}")
    if landmark is not None:
        found = at_landmark(data, landmark)
        report(f"{events}: {found.sentence()}")
        data = found.events
    result = fit_events(data, model, FitOptions(maxeval))
    document = fit_document(result) | {"data": {"sha256": reading.table.sha256}}
    make_folder(folder)
    write_json(folder / "fit.json", document)
    _write_parameters(folder / "parameters.csv", document)
    if as_json:
        print_json(document)
    else:
        write_output(laid_out(_sheets(document, folder)))


def _write_parameters(file: Path, document: dict[str, Any]) -> None:
    rows = (
        (name, one["estimate"], one["se"], *(one["interval"] or (None, None)), int(one["fixed"]))
        for name, one in document["parameters"].items()
    )
    write_csv(file, ("parameter", "estimate", "se", "lower", "upper", "fixed"), rows)


def _sheets(document: dict[str, Any], folder: Path) -> list[Sheet | str]:
    rows = tuple(
        (name, _number(one["estimate"]), _number(one["se"]), *map(_number, one["interval"] or (None, None)))
        for name, one in document["parameters"].items()
    )
    return [
        document["status_text"],
        f"{document['n_subjects']:,} subjects, {document['n_events']:,} events; log-likelihood {_number(document['log_likelihood'], 9)}, AIC {_number(document['aic'], 7)}.",
        Sheet(
            f"{document['hazard']}: {document['equation']}",
            ("parameter", "estimate", "SE", f"{100 * document['level']:g} % from", "to"),
            rows,
            wraps=0,
        ),
        f"Written to {folder}.",
    ]


def _number(value: float | None, digits: int = 5) -> str:
    return "" if value is None else f"{value:.{digits}g}"

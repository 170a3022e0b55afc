"""`asuc tte compare`: the same event times under every hazard."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from asuc.cli.cohort_source import check_folder, make_folder, write_csv, write_json
from asuc.cli.figure_files import FOLDER, forget_figures, write_figures
from asuc.cli.fit_options import OutFolder, pairs
from asuc.cli.layout import Sheet, laid_out
from asuc.cli.output import print_json, write_output
from asuc.cli.progress import shown_progress
from asuc.cli.tte_options import Covariates, EventsFile, LandmarkDay, References, read_event_times
from pkpd.errors import input_error

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from tte.estimation.fit import EventFit

_HEAD = ("hazard", "status", "n_parameters", "log_likelihood", "aic", "aic_difference", "weight", "bic")


def compare(
    events: EventsFile,
    out: OutFolder,
    covariate: Covariates = None,
    reference: References = None,
    landmark: LandmarkDay = None,
    no_figures: Annotated[bool, typer.Option("--no-figures", help="Draw nothing.")] = False,
    force: Annotated[bool, typer.Option("--force", help="Replace the folder where it exists.")] = False,
    as_json: Annotated[bool, typer.Option("--json", metavar="", help="Print one JSON document.")] = False,
) -> None:
    """Fit every hazard and order them by their AIC; covariates act on the first parameter of each."""
    from tte.estimation.comparison import comparison_document, fit_every_hazard  # noqa: PLC0415

    names = [name.strip().upper() for name in covariate or ()]
    for name in names:
        if ":" in name:
            raise input_error("--covariate", f"“{name}” names a parameter, which not every hazard has; expected NAME")
    folder = check_folder(out, force=force)
    references = pairs("--reference", reference)
    given = read_event_times(events, names, landmark)
    with shown_progress("Fitting"):
        fits = fit_every_hazard(given.events, names, references)
    document: dict[str, Any] = comparison_document(fits) | {
        "landmark_day": landmark,
        "data": {"file": events, "sha256": given.data_sha256},
    }
    make_folder(folder)
    write_json(folder / "compare.json", document)
    write_csv(folder / "compare.csv", _HEAD, ([one[name] for name in _HEAD] for one in document["hazards"]))
    forget_figures(folder)
    if not no_figures:
        _draw(folder, fits)
    if as_json:
        print_json(document)
    else:
        write_output(laid_out([*_sheets(document), f"Written to {folder}."]))


def _draw(folder: Path, fits: Sequence[EventFit]) -> None:
    from tte.figures.survival import hazards_figure  # noqa: PLC0415 - loads Matplotlib

    drawn = hazards_figure(fits)
    with shown_progress("Drawing") as tell:
        drawings, left_out = ([], [drawn]) if isinstance(drawn, str) else ([drawn], [])
        write_figures(folder / FOLDER, drawings, left_out=left_out, written=tell)


def _sheets(document: dict[str, Any]) -> list[Sheet | str]:
    rows = tuple(
        (
            one["hazard"],
            str(one["n_parameters"]),
            _number(one["log_likelihood"], 4),
            _number(one["aic"], 2),
            _number(one["aic_difference"], 2),
            _number(one["weight"], 3),
            _number(one["bic"], 2),
            "" if one["status"] == "converged" else one["status"].replace("_", " "),
        )
        for one in document["hazards"]
    )
    head = ("hazard", "parameters", "ln L", "AIC", "difference", "weight", "BIC", "")
    return [
        f"{document['n_subjects']:,} subjects, {document['n_events']:,} events. BIC with the number of subjects.",
        Sheet("Hazards by AIC", head, rows, wraps=7),
    ]


def _number(value: float | None, digits: int) -> str:
    return "" if value is None else f"{value:.{digits}f}"

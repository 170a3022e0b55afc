"""`asuc tte compare`: the same event times under every hazard."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from asuc.cli.cohort_source import check_folder, make_folder, write_csv, write_json
from asuc.cli.figure_files import forget_figures
from asuc.cli.fit_options import OutFolder, pairs
from asuc.cli.layout import Sheet, laid_out
from asuc.cli.output import print_json, write_output
from asuc.cli.progress import shown_progress
from asuc.cli.tte_landmark import beside_entry, draw_side_by_side, populations, sets_of, side_by_side
from asuc.cli.tte_options import Covariates, EventsFile, LandmarkDay, References, check_typed, read_event_times
from pkpd.errors import input_error
from pkpd.wording import counted

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from pkpd.figures.sheet import Drawing
    from tte.estimation.fit import EventFit

_REFUSAL = "Not compared on"
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
    from tte.estimation.model import event_time_model  # noqa: PLC0415

    names = [name.strip().upper() for name in covariate or ()]
    for name in names:
        if ":" in name:
            raise input_error("--covariate", f"“{name}” names a parameter, which not every hazard has; expected NAME")
    folder = check_folder(out, force=force)
    references = pairs("--reference", reference)
    given = read_event_times(events, names, landmark)
    check_typed(event_time_model("exponential", names, references=references), given.events, references=reference)
    people = populations(given.events, given.landmark, refusal=_REFUSAL)
    with shown_progress("Fitting") as tell:
        found = side_by_side(
            people,
            lambda one, _: fit_every_hazard(one.events, names, references),
            refusal=_REFUSAL,
            tell=tell,
        )
    document: dict[str, Any] = comparison_document(found[0][1]) | {
        "landmark_day": landmark,
        "beside": beside_entry(found, "comparison", comparison_document),
        "data": {"file": events, "sha256": given.data_sha256},
    }
    make_folder(folder)
    write_json(folder / "compare.json", document)
    rows = [(name, *(one[key] for key in _HEAD)) for name, _, own in _sets(document) for one in own["hazards"]]
    write_csv(folder / "compare.csv", ("set", *_HEAD), rows)
    forget_figures(folder)
    if not no_figures:
        draw_side_by_side(folder, found, lambda one, fits: _figures(fits, one.called))
    if as_json:
        print_json(document)
    else:
        write_output(laid_out([*_sheets(document), f"Written to {folder}."]))


def _figures(fits: Sequence[EventFit], population: tuple[str, str]) -> Iterator[Drawing | str]:
    from tte.figures.survival import hazards_figure  # noqa: PLC0415 - loads Matplotlib

    yield hazards_figure(fits, population)


def _sets(document: dict[str, Any]) -> list[tuple[str, str | None, dict[str, Any]]]:
    return sets_of(document, "comparison", document["landmark_day"])


def _sheets(document: dict[str, Any]) -> list[Sheet | str]:
    found: list[Sheet | str] = []
    for name, sentence, one in _sets(document):
        found += [sentence] if sentence else []
        found += [
            f"{counted(one['n_subjects'], 'subject')}, {counted(one['n_events'], 'event')}. BIC with the number of subjects.",
            _hazards(name, one),
        ]
    return found


def _hazards(name: str, document: dict[str, Any]) -> Sheet:
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
    return Sheet(f"Hazards by AIC, {name}", head, rows, wraps=7)


def _number(value: float | None, digits: int) -> str:
    return "" if value is None else f"{value:.{digits}f}"

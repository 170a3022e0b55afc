"""`asuc tte fit`: a parametric model of event times, with intervals, figures and the landmark beside it."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Annotated, Any

import typer

from asuc.cli.cohort_source import check_folder, make_folder, write_json
from asuc.cli.figure_files import FOLDER, forget_figures, write_figures
from asuc.cli.fit_options import Fixed, Initial, OutFolder
from asuc.cli.layout import laid_out
from asuc.cli.output import print_json, report, write_output
from asuc.cli.progress import shown_progress
from asuc.cli.tte_options import (
    Covariates,
    EventsFile,
    HazardName,
    LandmarkDay,
    ModelFile,
    References,
    read_event_time_model,
    read_event_times,
)
from asuc.cli.tte_tables import fit_sheets, write_fit_tables
from pkpd.errors import InputError, input_error

if TYPE_CHECKING:
    from pathlib import Path

    from tte.data.events import Events, Landmark
    from tte.estimation.fit import EventFit, FitOptions
    from tte.estimation.model import EventTimeModel
    from tte.estimation.profile import Profile

_USUAL_LANDMARK = 28.0
_MOST_NAMED = 1000


def fit(
    events: EventsFile,
    out: OutFolder,
    hazard: Annotated[HazardName | None, typer.Option(help="Hazard.")] = None,
    covariate: Covariates = None,
    reference: References = None,
    model: ModelFile = None,
    fix: Fixed = None,
    init: Initial = None,
    maxeval: Annotated[
        int, typer.Option(min=0, help="Newton steps allowed; 0 evaluates at the initial values.")
    ] = 1000,
    landmark: LandmarkDay = None,
    penalize: Annotated[
        bool,
        typer.Option("--penalize", help="Penalise the likelihood (Firth, Jeffreys): finite where it has no maximum."),
    ] = False,
    level: Annotated[float, typer.Option(help="Probability of the intervals, above 0.5 and below 1.")] = 0.95,
    no_profile: Annotated[bool, typer.Option("--no-profile", help="No intervals by likelihood profiles.")] = False,
    no_figures: Annotated[bool, typer.Option("--no-figures", help="Draw nothing.")] = False,
    force: Annotated[bool, typer.Option("--force", help="Replace the folder where it exists.")] = False,
    as_json: Annotated[bool, typer.Option("--json", metavar="", help="Print one JSON document.")] = False,
) -> None:
    """Fit a hazard with covariates to event times by maximum likelihood."""
    from tte.estimation.document import fit_document  # noqa: PLC0415 - the engine loads after the words are read
    from tte.estimation.fit import FitOptions  # noqa: PLC0415

    if not 0.5 < level < 1.0:
        raise input_error("--level", f"{level:g} is not above 0.5 and below 1, such as 0.95")
    if penalize and maxeval == 0:
        raise input_error("--penalize", "with --maxeval 0 there is nothing to penalise; leave one of them out")
    folder = check_folder(out, force=force)
    wanted, origin = read_event_time_model(
        hazard, model, covariates=covariate, references=reference, initial=init, fixed=fix
    )
    given = read_event_times(events, wanted.covariates, landmark, is_estimated=maxeval > 0)
    options = FitOptions(maxeval)
    started = time.perf_counter()
    with shown_progress("Fitting"):
        found = _fitted(given.events, wanted, options, is_penalised=penalize)
    profiles = () if no_profile or penalize else _profiled(found, level)
    document = fit_document(found, profiles, level=level)
    document["landmark"] = None if given.landmark is None else landmark_entry(given.landmark)
    beside = None if landmark is not None else _beside(given.events, wanted, options, level, is_penalised=penalize)
    document["beside"] = beside
    document["seconds"] = round(time.perf_counter() - started, 3)
    document["model"], document["data"] = origin, {"file": events, "sha256": given.data_sha256}
    make_folder(folder)
    write_json(folder / "fit.json", document)
    write_fit_tables(folder, document, found, profiles)
    forget_figures(folder)
    if not no_figures:
        _draw(folder, found, profiles, level)
    if as_json:
        print_json(document)
    else:
        write_output(laid_out([*fit_sheets(document), f"Written to {folder}."]))


def _fitted(events: Events, model: EventTimeModel, options: FitOptions, *, is_penalised: bool) -> EventFit:
    from tte.estimation.fit import fit as fit_events  # noqa: PLC0415
    from tte.estimation.penalised import fit_penalised  # noqa: PLC0415

    return fit_penalised(events, model) if is_penalised else fit_events(events, model, options)


def _profiled(found: EventFit, level: float) -> tuple[Profile, ...]:
    from tte.estimation.profile import profiles  # noqa: PLC0415

    with shown_progress("Profiling") as tell:
        return profiles(found, level=level, progress=tell)


def landmark_entry(landmark: Landmark) -> dict[str, Any]:
    """Return who was left out at a landmark, as it stands in documents."""
    return {
        "day": landmark.day,
        "n_left_out": len(landmark.left_out),
        "left_out": list(landmark.left_out[:_MOST_NAMED]),
        "n_unknown": len(landmark.unknown),
        "unknown": list(landmark.unknown[:_MOST_NAMED]),
    }


def _beside(
    events: Events, model: EventTimeModel, options: FitOptions, level: float, *, is_penalised: bool
) -> dict[str, Any] | None:
    """Return the same model of those at the usual landmark, where there are any with an event after it."""
    from tte.data.events import landmark  # noqa: PLC0415
    from tte.estimation.document import fit_document  # noqa: PLC0415

    if not ((events.kind != 0) & (events.upper > _USUAL_LANDMARK)).any():
        return None
    try:
        at = landmark(events, _USUAL_LANDMARK)
        found = _fitted(at.events, model, options, is_penalised=is_penalised)
    except InputError as error:
        report(f"Not fitted to those at day {_USUAL_LANDMARK:g}: {error.problems[0]}")
        return None
    return {"landmark": landmark_entry(at), "sentence": at.sentence(), "fit": fit_document(found, level=level)}


def _draw(folder: Path, found: EventFit, profiles: tuple[Profile, ...], level: float) -> None:
    from tte.estimation.intervals import axis_name  # noqa: PLC0415
    from tte.figures.profile import profile_figure  # noqa: PLC0415 - loads Matplotlib
    from tte.figures.survival import survival_figure  # noqa: PLC0415

    scales = {name: axis_name(name, link) for name, link in zip(found.model.names, found.model.links, strict=True)}
    drawn = (survival_figure(found), profile_figure(profiles, scales, level=level))
    drawings = [one for one in drawn if not isinstance(one, str)]
    with shown_progress("Drawing") as tell:
        write_figures(
            folder / FOLDER,
            drawings,
            left_out=[one for one in drawn if isinstance(one, str)],
            written=lambda n: tell(n / max(len(drawings), 1)),
        )

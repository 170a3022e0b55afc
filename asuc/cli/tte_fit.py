"""`asuc tte fit`: a parametric model of event times, with intervals, figures and the landmark beside it."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Annotated, Any

import typer

from asuc.cli.cohort_source import check_folder, make_folder, write_json
from asuc.cli.figure_files import forget_figures
from asuc.cli.fit_options import Fixed, Initial, OutFolder
from asuc.cli.layout import laid_out
from asuc.cli.output import print_json, write_output
from asuc.cli.progress import shown_progress
from asuc.cli.tte_landmark import beside_entry, draw_side_by_side, landmark_entry, populations, side_by_side
from asuc.cli.tte_options import (
    Covariates,
    EventsFile,
    HazardName,
    LandmarkDay,
    ModelFile,
    References,
    check_typed,
    read_event_time_model,
    read_event_times,
)
from asuc.cli.tte_tables import fit_sheets, write_fit_tables
from pkpd.errors import input_error

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from asuc.cli.tte_landmark import EventPopulation
    from pkpd.figures.sheet import Drawing
    from tte.data.events import Events
    from tte.estimation.fit import EventFit, FitOptions
    from tte.estimation.model import EventTimeModel
    from tte.estimation.profile import Profile

_REFUSAL = "Not fitted to"
# Share of the work that the fit is where profiles follow.
_FIT = 0.2


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
    check_typed(wanted, given.events, references=reference, initial=init, fixed=fix)
    options = FitOptions(maxeval)
    started = time.perf_counter()
    people = populations(given.events, given.landmark, refusal=_REFUSAL)

    def analysed(one: EventPopulation, tell: Callable[[float], None]) -> tuple[EventFit, tuple[Profile, ...]]:
        fitted = _fitted(one.events, wanted, options, is_penalised=penalize)
        tell(_FIT)
        has_profiles = not (no_profile or penalize)
        return fitted, _profiled(fitted, level, tell) if has_profiles else ()

    with shown_progress("Fitting") as tell:
        found = side_by_side(people, analysed, refusal=_REFUSAL, tell=tell)

    def documented(result: tuple[EventFit, tuple[Profile, ...]]) -> dict[str, Any]:
        return fit_document(*result, level=level)

    document = documented(found[0][1])
    document["landmark"] = None if given.landmark is None else landmark_entry(given.landmark)
    document["beside"] = beside_entry(found, "fit", documented)
    document["seconds"] = round(time.perf_counter() - started, 3)
    document["model"], document["data"] = origin, {"file": events, "sha256": given.data_sha256}
    make_folder(folder)
    write_json(folder / "fit.json", document)
    write_fit_tables(folder, document, [(one.name, *result) for one, result in found])
    forget_figures(folder)
    if not no_figures:
        draw_side_by_side(folder, found, lambda one, result: _figures(*result, level, one.called))
    if as_json:
        print_json(document)
    else:
        write_output(laid_out([*fit_sheets(document), f"Written to {folder}."]))


def _fitted(events: Events, model: EventTimeModel, options: FitOptions, *, is_penalised: bool) -> EventFit:
    from tte.estimation.fit import fit as fit_events  # noqa: PLC0415
    from tte.estimation.penalised import fit_penalised  # noqa: PLC0415

    return fit_penalised(events, model) if is_penalised else fit_events(events, model, options)


def _profiled(found: EventFit, level: float, tell: Callable[[float], None]) -> tuple[Profile, ...]:
    from tte.estimation.profile import profiles  # noqa: PLC0415

    return profiles(found, level=level, progress=lambda share: tell(_FIT + (1.0 - _FIT) * share))


def _figures(
    found: EventFit, profiles: tuple[Profile, ...], level: float, population: tuple[str, str]
) -> Iterator[Drawing | str]:
    from tte.estimation.intervals import axis_name  # noqa: PLC0415
    from tte.figures.profile import profile_figure  # noqa: PLC0415 - loads Matplotlib
    from tte.figures.survival import survival_figure  # noqa: PLC0415

    scales = {name: axis_name(name, link) for name, link in zip(found.model.names, found.model.links, strict=True)}
    yield survival_figure(found, population)
    yield profile_figure(profiles, scales, level=level, population=population)

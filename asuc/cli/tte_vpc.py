"""`asuc tte vpc`: a visual predictive check of a model of event times."""

from __future__ import annotations

from dataclasses import asdict, dataclass, replace
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from asuc.cli.cohort_source import begin_results, check_folder, write_csv, write_json
from asuc.cli.figure_files import forget_figures, has_figures
from asuc.cli.fit_options import FitFolder, OutFolder
from asuc.cli.layout import Sheet, laid_out
from asuc.cli.output import print_json, write_output
from asuc.cli.progress import shown_progress
from asuc.cli.task_farm import Resume
from asuc.cli.tte_kept_fit import at_values, kept_fit
from asuc.cli.tte_kept_studies import forget_studies, kept_studies
from asuc.cli.tte_landmark import beside_entry, draw_side_by_side, populations, sets_of, side_by_side
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
from pkpd.errors import input_error

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from asuc.cli.tte_landmark import EventPopulation
    from asuc.cli.tte_options import TteInputs
    from pkpd.figures.sheet import Drawing
    from tte.data.events import Events
    from tte.estimation.fit import EventFit
    from tte.estimation.model import EventTimeModel
    from tte.evaluation.visual_check import Censoring, RiskGroup, Simulation, VisualCheck

    _Checked = tuple[EventFit, VisualCheck]

_RESULT = "vpc.json"
_REFUSAL = "Not checked on"
_HEAD = ("group", "subjects", "events", "simulated_025", "simulated_50", "simulated_975", "event_days", "outside")


@dataclass(frozen=True, slots=True)
class _Asked:
    """What the options ask for: groups by a column and where it parts them, studies and what they are drawn from, how, and days of visits."""

    by: str | None
    at: float | None
    n: int
    seed: int
    censoring: Literal["drawn", "end"]
    uncertainty: bool
    visits: list[float]


@dataclass(frozen=True, slots=True)
class _Given:
    """What gives the fit that is simulated from for some event times, the event times, and what the fit depends on."""

    fitted: Callable[[Events], EventFit]
    times: TteInputs
    settings: dict[str, Any]


def vpc(
    events: EventsFile,
    out: OutFolder,
    fit: FitFolder = None,
    hazard: Annotated[HazardName | None, typer.Option(help="Hazard, which is fitted first.")] = None,
    covariate: Covariates = None,
    reference: References = None,
    model: ModelFile = None,
    landmark: LandmarkDay = None,
    by: Annotated[str | None, typer.Option(metavar="NAME", help="Column that parts low from high.")] = None,
    at: Annotated[float | None, typer.Option(metavar="VALUE", help="Where: high from this value on.")] = None,
    n: Annotated[int, typer.Option("--n", min=20, max=100_000, help="Simulated studies.")] = 1000,
    seed: Annotated[int, typer.Option(min=0, help="The same seed draws the same studies.")] = 1,
    censoring: Annotated[
        Literal["drawn", "end"],
        typer.Option(
            help="Until when subjects with the event would have been watched: drawn, or the end of the study."
        ),
    ] = "drawn",
    uncertainty: Annotated[
        bool, typer.Option("--uncertainty", help="Draw the estimates of each study from their distribution.")
    ] = False,
    visit: Annotated[
        list[float] | None,
        typer.Option(
            metavar="DAY",
            help="Day on which subjects are examined, where events are known by an interval (TIME2); the ends of the intervals without it. May be repeated.",
        ),
    ] = None,
    resume: Resume = False,
    no_figures: Annotated[bool, typer.Option("--no-figures", help="Draw nothing.")] = False,
    force: Annotated[bool, typer.Option("--force", help="Replace the folder where it exists.")] = False,
    as_json: Annotated[bool, typer.Option("--json", metavar="", help="Print one JSON document.")] = False,
) -> None:
    """Simulate studies from a model, and compare their Kaplan–Meier curves with the observed one."""
    from tte.evaluation.visual_check import check_simulation  # noqa: PLC0415 - loads the engine

    folder = check_folder(out, force=force or resume)
    if (by is None) != (at is None):
        raise input_error("--by, --at", "one is given without the other; expected --by NAME --at VALUE, or neither")
    if fit is not None and (hazard or model or covariate or reference):
        raise input_error("--fit", "brings its own model; leave --hazard, --model, --covariate and --reference out")
    given = (
        _of_folder(fit, events, landmark)
        if fit is not None
        else _made(events, (hazard, model), covariates=(covariate, reference), landmark=landmark)
    )
    _check_visits(visit, given.times.events)
    asked = _Asked(by, at, n, seed, censoring, uncertainty, sorted(visit or ()))
    settings = {"data_sha256": given.times.data_sha256, **given.settings, "landmark_day": landmark, **asdict(asked)}
    # What cannot be checked is refused before the folder is begun.
    check_simulation(_simulation(given.fitted(given.times.events), asked))
    document = begin_results(folder, _RESULT, settings, resume=resume, is_whole=no_figures or has_figures(folder))
    if document is None:
        if not resume:
            forget_studies(folder)
        document = _checked(folder, events, given, asked, is_drawn=not no_figures)
    if as_json:
        print_json(document)
    else:
        write_output(laid_out([*_sheets(document), f"Written to {folder}."]))


def _checked(folder: Path, events: str, given: _Given, asked: _Asked, *, is_drawn: bool) -> dict[str, Any]:
    """Simulate and compare, write tables and figures, and last the document, which says that all are there."""
    from tte.estimation.document import finite  # noqa: PLC0415 - loads the engine
    from tte.evaluation.visits import visits_of  # noqa: PLC0415
    from tte.evaluation.visual_check import Censoring, visual_check, visual_check_document  # noqa: PLC0415

    how = Censoring[asked.censoring.upper()]
    people = populations(given.times.events, given.times.landmark, refusal=_REFUSAL)

    def checked(one: EventPopulation, tell: Callable[[float], None]) -> _Checked:
        own = given.fitted(one.events)
        what = _simulation(own, asked)
        return own, visual_check(what, kept_studies(what, asked.n, folder, one.name.replace(" ", "-"), tell))

    def documented(result: _Checked) -> dict[str, Any]:
        own, check = result
        natural = map(finite, own.model.natural(own.theta).tolist())
        return visual_check_document(check) | {"parameters": dict(zip(own.model.names, natural, strict=True))}

    with shown_progress("Simulating") as tell:
        found = side_by_side(people, checked, refusal=_REFUSAL, tell=tell)
    column = "" if asked.by is None else asked.by.strip().upper()
    visits = visits_of(given.times.events, asked.visits)
    document = documented(found[0][1]) | {
        "seed": asked.seed,
        "hazard": found[0][1][0].model.hazard.value,
        "censoring": {"name": asked.censoring, "text": _said(how, visits)},
        "visit_day": list(visits) or None,
        "uncertainty": asked.uncertainty,
        "by": {"name": column, "at": asked.at} if column else None,
        "landmark_day": None if given.times.landmark is None else given.times.landmark.day,
        "beside": beside_entry(found, "check", documented),
        "data": {"file": events, "sha256": given.times.data_sha256},
    }
    rows = [(name, *_row(one)) for name, _, own in _sets(document) for one in own["groups"]]
    write_csv(folder / "vpc.csv", ("set", *_HEAD), rows)
    forget_figures(folder)
    if is_drawn:
        draw_side_by_side(
            folder, found, lambda one, result: _figures(result[1], _said(how, visits), column, one.called)
        )
    write_json(folder / _RESULT, document)
    forget_studies(folder)
    return document


def _check_visits(visit: list[float] | None, events: Events) -> None:
    from tte.evaluation.found_events import is_interval  # noqa: PLC0415 - loads the engine

    if visit and not is_interval(events).any():
        raise input_error("--visit", "is given, but no event is known by an interval (TIME2); leave it out")


def _said(how: Censoring, visits: tuple[float, ...]) -> str:
    """Return what the simulation assumes, in sentences."""
    if not visits:
        return how.value
    days = ", ".join(f"{day:g}" for day in visits)
    return (
        f"{how.value} Some events are known by an interval, so that curves are Turnbull's and fall where an event is known to have happened; simulated "
        f"subjects are examined on days {days} and on their last day, and as large a part of the simulated events is known by the day as of those seen."
    )


def _simulation(own: EventFit, asked: _Asked) -> Simulation:
    """Return what studies are simulated from."""
    from tte.evaluation.visits import visits_of  # noqa: PLC0415 - loads the engine
    from tte.evaluation.visual_check import Censoring, Simulation  # noqa: PLC0415

    groups = tuple(_groups(own.events, asked.by, asked.at))
    visits = visits_of(own.events, asked.visits)
    return Simulation(own, groups, asked.seed, Censoring[asked.censoring.upper()], asked.uncertainty, visits)


def _of_folder(fit: str, events: str, landmark: float | None) -> _Given:
    """Return what gives the model of a folder at its values for some event times, and these."""
    from tte.estimation.document import finite  # noqa: PLC0415 - loads the engine

    found, given = kept_fit(fit, events, landmark)
    values = dict(zip(found.model.names, found.theta.tolist(), strict=True))
    settings = {"values": values, "covariance": [[finite(x) for x in row] for row in found.covariance.tolist()]}
    return _Given(lambda own: at_values(found, own), given, _of_model(found.model) | settings)


def _made(
    events: str,
    named: tuple[str | None, str | None],
    *,
    covariates: tuple[list[str] | None, list[str] | None],
    landmark: float | None,
) -> _Given:
    """Return what fits the model that options describe to some event times, and these."""
    from tte.estimation.document import status_text  # noqa: PLC0415 - loads the engine
    from tte.estimation.fit import AT_A_MAXIMUM  # noqa: PLC0415
    from tte.estimation.fit import fit as fit_events  # noqa: PLC0415

    wanted, origin = read_event_time_model(
        *named, covariates=covariates[0], references=covariates[1], initial=None, fixed=None
    )

    def fitted(own: Events) -> EventFit:
        found = fit_events(own, wanted)
        if found.status not in AT_A_MAXIMUM:
            raise input_error(events, f"cannot be simulated from the fit: {status_text(found)}")
        return found

    given = read_event_times(events, wanted.covariates, landmark)
    check_typed(wanted, given.events, references=covariates[1])
    return _Given(fitted, given, _of_model(wanted) | {"model_sha256": origin and origin["sha256"]})


def _of_model(model: EventTimeModel) -> dict[str, Any]:
    return {"hazard": model.hazard.value, "effects": {effect.name: effect.reference for effect in model.effects}}


def _groups(events: Events, by: str | None, at: float | None) -> list[RiskGroup]:
    """Return whose curves are compared: those of all subjects, then of low and high."""
    import numpy as np  # noqa: PLC0415

    from tte.evaluation.found_events import found_times  # noqa: PLC0415 - loads the engine
    from tte.evaluation.visual_check import RiskGroup  # noqa: PLC0415

    found_times(events)
    found = [RiskGroup("all", np.ones(events.n_subjects, dtype=np.bool_))]
    if by is None or at is None:
        return found
    name = by.strip().upper()
    values = events.covariates.get(name)
    if values is None:
        raise input_error("--by", f"{name} is no column of numbers; there are {', '.join(events.covariates) or 'none'}")
    if not np.isfinite(values).all():
        who = events.ids[int(np.flatnonzero(~np.isfinite(values))[0])]
        raise input_error("--by", f"{name} is missing for subject {who}; expected a number for every subject")
    is_high = np.asarray(values >= at)
    if is_high.all() or not is_high.any():
        ends = f"from {values.min():g} to {values.max():g}"
        raise input_error("--at", f"{at:g} parts nobody: {name} goes {ends}; expected a value between")
    parts = ((f"below {at:g}", ~is_high), (f"{at:g} or more", is_high))
    return [*found, *(RiskGroup(*part) for part in parts)]


def _figures(check: VisualCheck, said: str, column: str, population: tuple[str, str]) -> Iterator[Drawing | str]:
    from tte.figures.visual_check import visual_check_figure  # noqa: PLC0415 - loads Matplotlib

    for name, by, groups in (("vpc", "", check.groups[:1]), ("vpc-by-group", column, check.groups[1:])):
        if groups:
            shown = replace(check, groups=groups)
            yield visual_check_figure(shown, name=name, column=by, said=said, population=population)


def _sets(document: dict[str, Any]) -> list[tuple[str, str | None, dict[str, Any]]]:
    return sets_of(document, "check", document["landmark_day"])


def _row(one: dict[str, Any]) -> tuple[object, ...]:
    counts = (one["n_event_days"], one["n_event_days_outside"])
    return one["name"], one["n_subjects"], one["n_events"], *one["simulated_events"].values(), *counts


def _sheets(document: dict[str, Any]) -> list[Sheet | str]:
    uncertain = "with" if document["uncertainty"] else "without"
    found: list[Sheet | str] = [
        f"{document['n']:,} studies simulated from the {document['hazard']} hazard, {uncertain} the uncertainty of its estimates.",
        document["censoring"]["text"],
    ]
    by = "" if document["by"] is None else f", by {document['by']['name']}"
    for name, sentence, one in _sets(document):
        found += [sentence] if sentence else []
        found.append(_groups_sheet(f"Observed and simulated, {name}{by}", one))
    return found


def _groups_sheet(title: str, document: dict[str, Any]) -> Sheet:
    rows = tuple(
        (
            str(name),
            f"{n:,}",
            f"{n_events:,}",
            f"{middle:.3g} [{low:.3g} to {high:.3g}]",
            f"{n_outside} of {n_days}",
        )
        for name, n, n_events, low, middle, high, n_days, n_outside in map(_row, document["groups"])
    )
    head = ("group", "subjects", "events", "simulated events, median [95 %]", "event days outside the band")
    return Sheet(title, head, rows, wraps=0)

"""`asuc tte recalibrate`: an event model brought up to date with one's own patients, as a file that the app opens."""

from __future__ import annotations

import re
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from asuc.cli.cohort_source import check_folder, make_folder, write_json
from asuc.cli.event_model_tables import event_model_card
from asuc.cli.exposure_scale import exposure_remarks
from asuc.cli.figure_files import FOLDER, forget_figures, write_figures
from asuc.cli.fit_options import OutFolder
from asuc.cli.layout import laid_out
from asuc.cli.output import print_json, report, write_output
from asuc.cli.progress import shown_progress
from asuc.cli.source import read_event_model
from asuc.cli.tte_landmark import landmark_entry, populations, side_by_side
from asuc.cli.tte_options import EventsFile, LandmarkDay, read_event_times
from asuc.cli.tte_recalibrate_options import (
    ExposureColumn,
    Level,
    Method,
    NewName,
    NewThreshold,
    NewVersion,
    OldModel,
    PatientDraws,
    Penalised,
    Population,
    PriorWeight,
    ShapeSd,
)
from asuc.cli.tte_recalibrate_tables import recalibration_sheets, write_recalibration_tables
from pkpd.errors import InputError, input_error

if TYPE_CHECKING:
    from collections.abc import Callable

    from asuc.cli.tte_options import TteInputs
    from pkpd.figures.sheet import Drawing
    from tte.data.events import Events, Landmark
    from tte.model.event_model import EventModel
    from tte.recalibration.model_text import Identity
    from tte.recalibration.recalibrate import Recalibration, Request
    from tte.recalibration.threshold import ThresholdChoice, ThresholdRule

_HORIZON = 90.0
_REFUSAL = "Not recalibrated on"
_RESULT, _CARD = "recalibrate.json", "model_card.html"
_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,79}")
_LONGEST_ID = 80
# Parts of the work, for progress.
_SHARE_THRESHOLD = 0.1


@dataclass(frozen=True, slots=True)
class Work:
    """What was computed.

    Parameters
    ----------
    own : Recalibration
        Of those whom the new model is of.
    beside : Recalibration or None
        Of those at day 28, beside all.
    landmark : Landmark or None
        Who they are.
    threshold : ThresholdChoice
        The new model's threshold.
    """

    own: Recalibration
    beside: Recalibration | None
    landmark: Landmark | None
    threshold: ThresholdChoice


def recalibrate(
    events: EventsFile,
    out: OutFolder,
    method: Method,
    event_model: OldModel = "niyigena_2026_asuc",
    covariate: ExposureColumn = "LOG_AUC_CL",
    name: NewName = None,
    model_version: NewVersion = "1.0.0",
    population: Population = "",
    landmark: LandmarkDay = None,
    penalize: Penalised = False,
    prior_weight: PriorWeight = 1.0,
    shape_sd: ShapeSd = None,
    threshold: NewThreshold = "auto",
    level: Level = 0.95,
    n: PatientDraws = 500,
    seed: Annotated[int, typer.Option(min=0, help="The same seed draws the same patients.")] = 1,
    no_figures: Annotated[bool, typer.Option("--no-figures", help="Draw nothing.")] = False,
    force: Annotated[bool, typer.Option("--force", help="Replace the folder where it exists.")] = False,
    as_json: Annotated[bool, typer.Option("--json", metavar="", help="Print one JSON document.")] = False,
) -> None:
    """Recalibrate an event model on your own patients: a file for asuc app --event-model, with its threshold and card."""
    from tte.recalibration.model_text import Identity  # noqa: PLC0415 - the engine loads after the words are read
    from tte.recalibration.recalibrate import Request  # noqa: PLC0415

    _check_options(method, level, is_penalised=penalize, prior_weight=prior_weight, shape_sd=shape_sd)
    _check_landmark(landmark)
    folder = check_folder(out, force=force)
    old = read_event_model(event_model)
    new_id = _checked_id(name, old, method)
    column = covariate.strip().upper()
    given = read_event_times(
        events, [column], landmark, is_estimated=method in ("slope", "refit"), needs_event=method != "bayes"
    )
    request = Request(old, column, method, penalize, prior_weight, shape_sd, level, n, seed)
    identity = Identity(
        new_id, model_version, f"{new_id}.toml", Path(events).name, given.data_sha256, population.strip()
    )
    document = _recalibrated(folder, events, given, request, threshold, identity, is_drawn=not no_figures)
    if as_json:
        print_json(document)
    else:
        write_output(laid_out([*recalibration_sheets(document), _ending(folder, document)]))


def _recalibrated(
    folder: Path,
    events: str,
    given: TteInputs,
    request: Request,
    rule: ThresholdRule,
    identity: Identity,
    *,
    is_drawn: bool,
) -> dict[str, Any]:
    """Recalibrate, write the folder, and return the document."""
    notes = _notes(events, given.events, request)
    started = time.perf_counter()
    with shown_progress("Recalibrating") as tell:
        work = _worked(given, request, rule, tell)
    written, work = _new_model(work, identity)
    document = _document(work, given, request)
    document["model"] = None if written is None else _model_entry(written[1], identity)
    document["data"] = {"file": events, "sha256": given.data_sha256}
    document["warnings"] = [*({"code": "exposure", "text": note} for note in notes), *document["warnings"]]
    document["seconds"] = round(time.perf_counter() - started, 3)
    make_folder(folder)
    _write(folder, document, written, identity, _figures(folder, work, is_drawn=is_drawn))
    return document


def _check_landmark(day: float | None) -> None:
    if day is not None and not 0.0 <= day < _HORIZON:
        raise input_error("--landmark", f"{day:g} is no day from 0 up to day {_HORIZON:g}, by which risks are meant")


def _check_options(
    method: str, level: float, *, is_penalised: bool, prior_weight: float, shape_sd: float | None
) -> None:
    if not 0.5 < level < 1.0:
        raise input_error("--level", f"{level:g} is not above 0.5 and below 1, such as 0.95")
    if method == "bayes" and is_penalised:
        raise input_error("--penalize", "belongs to a likelihood without a prior; leave it out with --method bayes")
    if method != "bayes" and (prior_weight != 1.0 or shape_sd is not None):
        raise input_error("--prior-weight, --shape-sd", f"belong to --method bayes; leave them out with {method}")


def _checked_id(name: str | None, old: EventModel, method: str) -> str:
    """Return the id of the new model."""
    from tte import event_model_names  # noqa: PLC0415

    chosen = f"{old.id}_{method}"[:_LONGEST_ID] if name is None else name.strip()
    if not _ID.fullmatch(chosen):
        raise input_error(
            "--id", f"“{chosen}” is no name; expected up to 80 letters, digits, points, dashes and underscores"
        )
    if chosen in event_model_names() or chosen == old.id:
        raise input_error("--id", f"{chosen} is the name of the old or of a shipped model; choose another")
    return chosen


def _notes(path: str, events: Events, request: Request) -> list[str]:
    """Return what a reader should know of the exposure, and say it on standard error.

    Raises
    ------
    InputError
        Where the column cannot be ln(AUC/CL).
    """
    from tte.recalibration.recalibrate import check_exposure  # noqa: PLC0415

    notes = [note for note in (check_exposure(events, request.covariate, request.model),) if note]
    notes += exposure_remarks(Path(path), request.model)
    for note in notes:
        report(f"{path}: {note}")
    return notes


def _worked(given: TteInputs, request: Request, rule: ThresholdRule, tell: Callable[[float], None]) -> Work:
    from tte.recalibration.recalibrate import recalibrate as recalibrated  # noqa: PLC0415

    room = 1.0 - _SHARE_THRESHOLD
    found = side_by_side(
        populations(given.events, given.landmark, refusal=_REFUSAL, needs_event=False),
        lambda one, told: recalibrated(one.events, request, from_day=one.day, tell=told),
        refusal=_REFUSAL,
        tell=lambda part: tell(room * part),
    )
    own = found[0][1]
    people, beside = found[1] if len(found) > 1 else (None, None)
    choice = _threshold(own, beside, rule, lambda part: tell(room + _SHARE_THRESHOLD * part))
    return Work(own, beside, None if people is None else people.landmark, choice)


def _threshold(
    own: Recalibration, beside: Recalibration | None, rule: ThresholdRule, tell: Callable[[float], None]
) -> ThresholdChoice:
    """Return the threshold, looked for in those at risk after day 28 where there are any, since the exposure is theirs."""
    from tte.recalibration.threshold import choose_threshold, kept_threshold  # noqa: PLC0415

    who = beside if beside is not None and beside.people is not None else own
    old = own.request.model.threshold
    if who.people is None:
        return kept_threshold(old, who.remark, from_day=who.from_day)
    request = own.request
    n_draws, seed = request.n_draws, request.seed
    return choose_threshold(who.people, request.covariate, old=old, rule=rule, n_draws=n_draws, seed=seed, tell=tell)


def _new_model(work: Work, identity: Identity) -> tuple[tuple[str, EventModel] | None, Work]:
    """Return the text of the new model's file and the model, or none and the work with a refusal that says why."""
    from dataclasses import replace  # noqa: PLC0415

    from tte.recalibration.model_text import recalibrated_model  # noqa: PLC0415

    if work.own.refusal or work.own.parameters is None:
        return None, work
    try:
        return recalibrated_model(work.own, work.threshold, identity), work
    except InputError as error:
        refusal = f"No event model was written, since its file would be refused: {error.problems[0]}"
        return None, replace(work, own=replace(work.own, refusal=refusal))


def _model_entry(model: EventModel, identity: Identity) -> dict[str, Any]:
    return {"id": model.id, "version": model.version, "file": identity.file, "sha256": model.sha256}


def _document(work: Work, given: TteInputs, request: Request) -> dict[str, Any]:
    from tte.recalibration.document import SCHEMA, recalibration_entry, threshold_entry  # noqa: PLC0415

    thresholds = (request.model.threshold, work.threshold.value)
    old = request.model
    return {
        "schema": SCHEMA,
        "method": request.method,
        "penalized": request.is_penalised,
        "covariate": request.covariate,
        "level": request.level,
        "n_draws": request.n_draws,
        "seed": request.seed,
        "event_model": {"id": old.id, "version": old.version, "sha256": old.sha256},
        "model": None,
        **recalibration_entry(work.own, thresholds),
        "threshold": threshold_entry(work.own, work.threshold),
        "landmark": None if given.landmark is None else landmark_entry(given.landmark),
        "beside": None
        if work.beside is None or work.landmark is None
        else {
            "landmark": landmark_entry(work.landmark),
            "sentence": work.landmark.sentence(),
            "recalibration": recalibration_entry(work.beside, thresholds),
        },
    }


def _figures(folder: Path, work: Work, *, is_drawn: bool) -> tuple[list[Drawing], list[str]]:
    forget_figures(folder)
    if not is_drawn:
        return [], []
    from tte.figures.recalibration import recalibration_figures  # noqa: PLC0415 - loads Matplotlib

    groups = [(_key(work.own.from_day), _words(work.own.from_day), work.own)]
    if work.beside is not None:
        groups.append((_key(work.beside.from_day), _words(work.beside.from_day), work.beside))
    drawn: list[Drawing | str] = []
    with shown_progress("Drawing") as tell:
        for k, (key, words, found) in enumerate(groups):
            drawn += recalibration_figures(found, key=key, words=words, threshold=work.threshold.value)
            tell((k + 1) / len(groups))
    drawings = [one for one in drawn if not isinstance(one, str)]
    left_out = [one for one in drawn if isinstance(one, str)]
    write_figures(folder / FOLDER, drawings, left_out=left_out, written=lambda _: None)
    return drawings, left_out


def _key(day: float) -> str:
    return "all" if day == 0.0 else f"landmark-{day:g}"


def _words(day: float) -> str:
    return "all patients" if day == 0.0 else f"patients at risk after day {day:g}"


def _write(
    folder: Path,
    document: dict[str, Any],
    written: tuple[str, EventModel] | None,
    identity: Identity,
    figures: tuple[list[Drawing], list[str]],
) -> None:
    """Write the document, its tables, the model and its card; a model and a card that are not of this run are taken away."""
    write_json(folder / _RESULT, document)
    write_recalibration_tables(folder, document)
    if written is None:
        (folder / identity.file).unlink(missing_ok=True)
        (folder / _CARD).unlink(missing_ok=True)
        return
    from asuc.fit_report.event_model_page import event_model_page  # noqa: PLC0415 - Jinja is needed for this only

    text, model = written
    (folder / identity.file).write_text(text, encoding="utf-8")
    sheets = (*event_model_card(model), *recalibration_sheets(document))
    parts = [one if isinstance(one, str) else (one.title, one.columns, one.rows) for one in sheets]
    (folder / _CARD).write_text(event_model_page(model.title, parts, figures[0]), encoding="utf-8")


def _ending(folder: Path, document: dict[str, Any]) -> str:
    if document["model"] is None:
        return f"No event model was written; the rest is in {folder}."
    file = folder / document["model"]["file"]
    return f"Written to {folder}. Open the app with it: asuc app --event-model {file}"

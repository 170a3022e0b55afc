"""`asuc validate`: how well published models predict the levels and the events of another cohort, as a report."""

from __future__ import annotations

from dataclasses import dataclass
from importlib.metadata import version
from typing import TYPE_CHECKING, Annotated, Any

import typer

from asuc.cli.cohort_source import check_folder, make_folder, write_csv, write_json
from asuc.cli.exposure_inputs import check_common
from asuc.cli.figure_files import FOLDER, forget_figures, write_figures
from asuc.cli.fit_options import CohortFile, OutFolder, read_inputs
from asuc.cli.layout import Sheet, laid_out
from asuc.cli.output import print_json, write_output
from asuc.cli.performance import write_predictions
from asuc.cli.planned_options import Plan, PlannedFile
from asuc.cli.progress import shown_progress
from asuc.cli.remarks import RESEARCH_USE
from asuc.cli.source import read_event_model
from asuc.cli.task_farm import FewWorkers, n_workers
from asuc.cli.tte_options import EventsFile
from asuc.cli.validate_inputs import Asked, cohort_exposure, own_markers, published_markers, read_followed, say
from asuc.cli.validate_options import (
    AlsoLandmark,
    MarkerColumns,
    MarkerThresholds,
    PkModel,
    PosteriorDraws,
    RiskFrom,
    RiskModel,
    SubjectDraws,
)
from pkpd.errors import InputError, Problem, input_error
from pkpd.wording import counted

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from asuc.cli.exposure_table import Source
    from asuc.cli.fit_options import FitInputs
    from asuc.validation.page import Section
    from asuc.validation.study import MarkerGiven, PopulationFinding
    from asuc.validation.subjects import Followed
    from pkpd.diagnostics.performance import Performance
    from pkpd.figures.sheet import Drawing
    from tte import EventModel

RESULT, PAGE, TABLES = "validation.json", "report.html", "tables"
_POSTERIOR_DRAWS = 1000
_DEFAULT_MODEL = "niyigena_2026_asuc"
_NOT_ASKED = "Figures: none were asked for (--no-figures)."


def validate(
    cohort: CohortFile,
    events: EventsFile,
    out: OutFolder,
    model: PkModel = _DEFAULT_MODEL,
    event_model: RiskModel = None,
    source: RiskFrom = "posterior",
    draws: PosteriorDraws = None,
    planned: PlannedFile = None,
    plan: Plan = None,
    landmark: AlsoLandmark = 28.0,
    marker: MarkerColumns = None,
    at: MarkerThresholds = None,
    bootstrap: SubjectDraws = 1000,
    seed: Annotated[int, typer.Option(min=0, help="The same seed gives the same numbers.")] = 1,
    workers: FewWorkers = None,
    no_figures: Annotated[bool, typer.Option("--no-figures", help="Draw nothing.")] = False,
    force: Annotated[bool, typer.Option("--force", help="Replace results in a folder that exists.")] = False,
    as_json: Annotated[bool, typer.Option("--json", metavar="", help="Print one JSON document.")] = False,
) -> None:
    """Predict the levels and the events of another cohort with published models, and write a report on how well; nothing is fitted."""
    from asuc.validation.subjects import followed_subjects  # noqa: PLC0415 - the engine loads after the words are read

    folder = check_folder(out, force=force)
    risk_model = read_event_model(event_model)
    _check(planned, plan, landmark, risk_model)
    n_posterior = _n_posterior(source, draws)
    given = read_inputs(cohort, model, initial={}, fixed={}, censored=None, has_exposure=True)
    times = read_followed(events)
    check_common(given.population.cohort.ids, events, times.events.ids, cohort)
    markers = (*published_markers(), *own_markers(events, times, marker, at))
    say(events, times.reading.notes)
    asked = Asked(planned, plan, source, n_posterior, seed, n_workers(workers, None, usual=1), is_drawn=not no_figures)
    exposure, said = cohort_exposure(given, events, times, risk_model, asked, folder / "exposure")
    say(cohort, said)
    followed = followed_subjects(exposure, times.events, horizon_day=risk_model.horizon_day, landmark_day=landmark)
    say(events, [*followed.notes, *(f"{one.reason} ({', '.join(one.ids)})" for one in followed.left_out)])
    levels, performance = _levels(given, bootstrap, seed)
    findings = _findings(followed, risk_model, markers, landmark, (bootstrap, seed))
    found = _Found(
        given,
        risk_model,
        followed,
        levels,
        performance,
        findings,
        (*given.notes, *times.reading.notes, *said, *followed.notes),
    )
    settings = _settings(found, asked, bootstrap, landmark) | {
        "cohort": {"file": cohort, "sha256": given.data_sha256},
        "events": {"file": events, "sha256": times.reading.table.sha256},
    }
    document, sections = _write(folder, found, settings, is_drawn=not no_figures)
    if as_json:
        print_json(document)
    else:
        write_output(laid_out(_sheets(sections, document, folder)))


@dataclass(frozen=True, slots=True)
class _Found:
    """What a validation is made of, and what it found.

    Parameters
    ----------
    given : FitInputs
        Pharmacokinetic model and cohort.
    risk_model : EventModel
        Event model.
    followed : Followed
        Subjects with exposure and event times.
    levels, performance : Performance and dict
        Predictions of all levels, and their document.
    findings : tuple of PopulationFinding
        Risks beside what became of the subjects, by population; none where nobody could be followed.
    notes : tuple of str
        What was read and assumed.
    """

    given: FitInputs
    risk_model: EventModel
    followed: Followed
    levels: Performance
    performance: dict[str, Any]
    findings: tuple[PopulationFinding, ...]
    notes: tuple[str, ...]


def _findings(
    followed: Followed,
    model: EventModel,
    markers: Sequence[MarkerGiven],
    landmark: float,
    drawn: tuple[int, int],
) -> tuple[PopulationFinding, ...]:
    """Return what is found in each population, with as many draws of subjects, from a seed; nothing of nobody."""
    from asuc.validation.study import findings_of, populations_of  # noqa: PLC0415

    if not followed.times.n:
        return ()
    people = populations_of(followed, model, markers, landmark_day=landmark)
    with shown_progress("Drawing subjects") as tell:
        return findings_of(people, model, n_draws=drawn[0], seed=drawn[1], tell=tell)


def _settings(found: _Found, asked: Asked, n_draws: int, landmark: float) -> dict[str, Any]:
    """Return what was asked for, as it stands in the document."""
    spec = found.given.population.model
    return {
        "pk_model": {"name": spec.id, "version": spec.version, "sha256": spec.sha256},
        "from": asked.source,
        "n_draws_posterior": asked.n_draws or None,
        "n_draws": n_draws,
        "seed": asked.seed,
        "landmark_day": landmark if landmark > 0.0 else None,
        "planned": asked.planned or asked.plan,
    }


def _write(
    folder: Path, found: _Found, settings: dict[str, Any], *, is_drawn: bool
) -> tuple[dict[str, Any], tuple[Section, ...]]:
    """Write figures, document, tables and report, and return the document and the parts of the report."""
    from asuc.validation.document import validation_document  # noqa: PLC0415
    from asuc.validation.report import Validation, sections_of  # noqa: PLC0415

    forget_figures(folder)
    n_draws, seed = settings["n_draws"], settings["seed"]
    drawings, left_out = _draw(folder, found.findings, found.levels, n_draws, seed) if is_drawn else ((), (_NOT_ASKED,))
    spec = found.given.population.model
    warnings = list(_warnings(spec.id, found.risk_model, found.followed, found.findings))
    document = validation_document(
        found.findings,
        found.followed,
        found.risk_model,
        performance=found.performance,
        notes=found.notes,
        warnings=warnings,
        settings=settings,
    )
    write_json(folder / RESULT, document)
    validation = Validation(
        found.findings,
        found.followed,
        found.risk_model,
        spec,
        found.given.incomplete,
        found.performance,
        found.notes,
        drawings,
        left_out,
        _how(settings["n_draws_posterior"] or 0),
    )
    sections = sections_of(validation)
    _write_tables(folder / TABLES, sections, found.findings, found.followed, found.levels)
    _write_page(folder / PAGE, sections, found.risk_model, spec.id, settings, [one["text"] for one in warnings])
    return document, sections


def _check(planned: str | None, plan: str | None, landmark: float, model: EventModel) -> None:
    """Refuse options that clash.

    Raises
    ------
    InputError
        With every clash.
    """
    faults: list[Problem] = []
    if planned is not None and plan is not None:
        faults.append(Problem("--plan", f"{plan} is given beside --planned {planned}; expected one of the two"))
    if not 0.0 <= landmark < model.horizon_day:
        message = f"is {landmark:g}; expected a day before the horizon {model.horizon_day:g}, or 0 for none"
        faults.append(Problem("--landmark", message))
    if faults:
        raise InputError(faults)


def _n_posterior(source: Source, draws: int | None) -> int:
    """Return how many draws each posterior gives; none for the mode.

    Raises
    ------
    InputError
        For draws beside the mode.
    """
    if source == "posterior":
        return _POSTERIOR_DRAWS if draws is None else draws
    if draws is not None:
        raise input_error("--draws", f"{draws} are asked for beside --from ebe; expected --from posterior")
    return 0


def _levels(given: FitInputs, n_draws: int, seed: int) -> tuple[Performance, dict[str, Any]]:
    """Return the predictions of all levels, and their document."""
    import numpy as np  # noqa: PLC0415

    from pkpd.diagnostics.performance import performance, performance_document  # noqa: PLC0415

    values = np.array([one.value for one in given.parameters])
    with shown_progress("Predicting levels") as tell:
        found = performance(given.population, values, n_draws=n_draws, seed=seed, tell=tell)
    return found, performance_document(found)


def _draw(
    folder: Path, findings: Sequence[PopulationFinding], levels: Performance, n_draws: int, seed: int
) -> tuple[tuple[Drawing, ...], tuple[str, ...]]:
    """Draw and write all figures, and return them with a sentence for each that has nothing to show."""
    from asuc.validation.report import risk_drawings  # noqa: PLC0415 - loads Matplotlib
    from pkpd.figures.performance import performance_figures  # noqa: PLC0415

    kept: list[Drawing] = []
    with shown_progress("Drawing figures") as tell:
        of_levels, left_out = performance_figures(levels)
        said = list(left_out)
        of_risk: list[Drawing] = []
        for one in risk_drawings(findings, n_draws=n_draws, seed=seed):
            if isinstance(one, str):
                said.append(one)
            else:
                of_risk.append(one)
        kept = [*of_levels, *of_risk]
        write_figures(folder / FOLDER, kept, left_out=said, written=lambda n: tell(n / len(kept)))
    return tuple(kept), tuple(said)


def _warnings(
    pk_model: str, model: EventModel, followed: Followed, findings: Sequence[PopulationFinding]
) -> Iterator[dict[str, str]]:
    if pk_model not in model.pk_models:
        text = (
            f"The event model {model.id} was estimated with exposures of {' and '.join(model.pk_models)}; those of {pk_model} are on another scale, so "
            "that what is wrong here may be the scale and not the event model."
        )
        yield {"code": "other_exposure_scale", "text": text}
    if followed.left_out:
        n = sum(len(one.ids) for one in followed.left_out)
        text = f"{counted(n, 'subject')} of either file {'is' if n == 1 else 'are'} in no evaluation of risk; the section on the cohort gives the reason."
        yield {"code": "left_out", "text": text}
    if not findings:
        yield {"code": "nobody", "text": "No subject has both an exposure and event times: no risk is evaluated."}
    else:
        last = float(followed.last_day.max())
        if last < model.horizon_day:
            text = (
                f"Observation ends on day {last:g}, before the horizon of day {model.horizon_day:g}: nobody is known to be free of the event at the "
                "horizon, and only what counts each patient's own time under observation can be judged."
            )
            yield {"code": "short_observation", "text": text}
    for one in findings:
        if one.risk.n_events == 0:
            text = (
                f"There is no event among {one.population.words}: what needs events is a sentence instead of a number."
            )
            yield {"code": "no_event", "text": text}
        elif one.risk.n_events == one.risk.n:
            text = f"Everybody has the event among {one.population.words}: what needs subjects without it is a sentence instead of a number."
            yield {"code": "all_events", "text": text}


def _how(n_posterior: int) -> str:
    start = "Nothing was fitted to these patients. Each one's exposure comes from its own doses, covariates and levels under the published model;"
    if not n_posterior:
        return f"{start} its risk is that at the mode of the exposure."
    return f"{start} its risk is the mean over {n_posterior:,} draws from the posterior of the exposure, so that what its levels leave open is in it."


def _write_tables(
    folder: Path,
    sections: Sequence[Section],
    findings: Sequence[PopulationFinding],
    followed: Followed,
    levels: Performance,
) -> None:
    from asuc.validation.document import SUBJECT_HEAD, subject_rows  # noqa: PLC0415

    make_folder(folder)
    for part in sections:
        for one in part.tables:
            write_csv(folder / f"{one.name}.csv", one.file_head(), one.file_rows())
    if findings:
        write_csv(folder / "subjects.csv", SUBJECT_HEAD, subject_rows(findings, followed))
    write_predictions(folder / "levels.csv", levels)


def _write_page(
    file: Path,
    sections: Sequence[Section],
    model: EventModel,
    pk_model: str,
    settings: dict[str, Any],
    warnings: Sequence[str],
) -> None:
    from asuc.validation.page import validation_page  # noqa: PLC0415 - loads Jinja

    of_posterior = settings["n_draws_posterior"]
    facts = (
        (
            "Pharmacokinetic model",
            f"{pk_model}, version {settings['pk_model']['version']}, SHA-256 {settings['pk_model']['sha256']}",
        ),
        ("Event model", f"{model.id}, version {model.version}, SHA-256 {model.sha256}"),
        ("Event", f"{model.event}, by day {model.horizon_day:g}"),
        ("Source of the event model", model.citation),
        ("Cohort", f"{settings['cohort']['file']}, SHA-256 {settings['cohort']['sha256']}"),
        ("Event times", f"{settings['events']['file']}, SHA-256 {settings['events']['sha256']}"),
        ("Planned doses", settings["planned"] or "none given"),
        ("Exposure", "mode of each posterior" if of_posterior is None else f"posterior, {of_posterior:,} draws"),
        ("Intervals", f"{settings['n_draws']:,} draws of subjects, seed {settings['seed']}"),
        ("Software", f"asuc {version('asuc')}"),
        (
            "Files beside this page",
            "validation.json (everything), tables/ (CSV), figures/ (SVG, HTML, CSV), exposure/ (as asuc exposure)",
        ),
    )
    title = f"External validation: {model.event} by day {model.horizon_day:g}"
    subtitle = f"Exposure by {pk_model}, risk by {model.id}, in other patients than those they were built with."
    page = validation_page(title, subtitle, sections, warnings=warnings, facts=facts)
    file.write_text(page, encoding="utf-8")


def _sheets(sections: Sequence[Section], document: dict[str, Any], folder: Path) -> list[Sheet | str]:
    shown = [table for part in sections if part.key == "summary" for table in part.tables]
    return [
        *(Sheet(one.caption, one.head, tuple(map(tuple, one.shown())), wraps=0) for one in shown),
        *(one["text"] for one in document["recalibration"]),
        *(one["text"] for one in document["warnings"]),
        RESEARCH_USE,
        f"Written to {folder}: {PAGE}, {RESULT}, {TABLES}, {FOLDER}.",
    ]

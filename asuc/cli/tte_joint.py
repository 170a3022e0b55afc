"""`asuc tte joint`: the effect of exposure on a hazard, from levels and event times together."""

from __future__ import annotations

import time
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from asuc.cli.cohort_source import check_folder, make_folder, write_csv, write_json
from asuc.cli.exposure_inputs import Choices, check_choices, event_times_of, regimens_of, windows_without_plan
from asuc.cli.figure_files import forget_figures
from asuc.cli.fit_options import (
    CohortFile,
    FitFolder,
    Fixed,
    OutFolder,
    ValuedModel,
    estimates_of,
    pairs,
    read_inputs,
)
from asuc.cli.layout import laid_out
from asuc.cli.output import print_json, report, write_output
from asuc.cli.planned_options import Plan, PlannedFile
from asuc.cli.progress import shown_progress
from asuc.cli.source import read_model
from asuc.cli.tte_joint_tables import SUBJECTS, joint_sheets, write_joint_tables
from asuc.cli.tte_landmark import (
    beside_entry,
    draw_side_by_side,
    forget_beside,
    landmark_entry,
    populations,
    side_by_side,
)
from asuc.cli.tte_options import Covariates, EventsFile, HazardName, LandmarkDay, References
from pkpd.errors import input_error
from pkpd.wording import counted

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from pathlib import Path

    from asuc.cli.exposure_inputs import EventTimes, Regimens
    from asuc.cli.fit_options import FitInputs
    from asuc.cli.tte_landmark import EventPopulation
    from pkpd.arrays import BoolArray, FloatArray
    from pkpd.figures.sheet import Drawing
    from tte.data.events import Events
    from tte.estimation.model import EventTimeModel
    from tte.joint.comparison import JointComparison
    from tte.joint.data import JointData

    _Joint = tuple[JointComparison, BoolArray]

PredictorName = Literal["log_auc_cl", "log_auc", "log_cl"]
# Share of the work that the fit of the levels alone is.
_LEVELS = 0.25
_REFUSAL = "Not fitted to"


def joint(
    cohort: CohortFile,
    events: EventsFile,
    model: ValuedModel,
    hazard: Annotated[HazardName, typer.Option(help="Hazard.")],
    out: OutFolder,
    predictor: Annotated[
        PredictorName, typer.Option(help="Exposure that the hazard depends on: ln(AUC/CL), ln AUC or ln CL.")
    ] = "log_auc_cl",
    window: Annotated[tuple[float, float], typer.Option(metavar="FROM TO", help="Window of the area, in days.")] = (
        14.0,
        28.0,
    ),
    covariate: Covariates = None,
    reference: References = None,
    fit: FitFolder = None,
    pk: Annotated[
        Literal["estimated", "fixed"],
        typer.Option(help="Estimate the pharmacokinetic parameters as well, or hold them all."),
    ] = "estimated",
    fix: Fixed = None,
    planned: PlannedFile = None,
    plan: Plan = None,
    landmark: LandmarkDay = None,
    level: Annotated[float, typer.Option(help="Probability of the intervals, above 0.5 and below 1.")] = 0.95,
    no_profile: Annotated[bool, typer.Option("--no-profile", help="No intervals by likelihood profiles.")] = False,
    no_figures: Annotated[bool, typer.Option("--no-figures", help="Draw nothing.")] = False,
    force: Annotated[bool, typer.Option("--force", help="Replace the folder where it exists.")] = False,
    as_json: Annotated[bool, typer.Option("--json", metavar="", help="Print one JSON document.")] = False,
) -> None:
    """Fit levels and event times together: the uncertainty of each exposure enters the hazard's estimates."""
    from tte.joint.data import PREDICTORS  # noqa: PLC0415 - the engine loads after the words are read

    _check_words(window, level)
    choices = Choices(regimen=None, planned=planned, plan=plan, events=events, landmark=None)
    check_choices(choices)
    folder = check_folder(out, force=force)
    held_pk, held = _held(pairs("--fix", fix), model)
    given = read_inputs(
        cohort, model, initial=estimates_of(fit, model), fixed=held_pk, censored=None, has_exposure=True
    )
    wanted = _event_model(hazard, predictor, covariate, references=pairs("--reference", reference), fixed=held)
    columns = [name for name in wanted.covariates if name not in PREDICTORS]
    times = event_times_of(events, landmark, covariates=columns)
    _check_values(wanted, times.events, columns)
    regimens = regimens_of(given.population.cohort, choices, times)
    people = _people(events, times)
    _say_what_enters(given, regimens, people[0], times, window)
    started = time.perf_counter()
    asked = _Asked(given, regimens, wanted, window, level, pk == "estimated", fit is not None, not no_profile)
    found = _compared(asked, people)
    document = _document(found, level) | {
        "landmark": None if times.landmark is None else landmark_entry(times.landmark),
        "pk": pk,
        "pk_held_from": fit or ("levels of this cohort" if pk == "estimated" else "model"),
        "plan": {"source": planned or plan, "n_left_out": regimens.n_left_out},
        "seconds": round(time.perf_counter() - started, 3),
        "data": {
            "cohort": {"file": cohort, "sha256": given.data_sha256},
            "events": {"file": events, "sha256": times.reading.table.sha256},
        },
    }
    _write(folder, document, found)
    if not no_figures:
        draw_side_by_side(folder, found, lambda one, result: _figures(*result, level, one.called))
    if as_json:
        print_json(document)
    else:
        write_output(laid_out([*joint_sheets(document), f"Written to {folder}."]))


@dataclass(frozen=True, slots=True)
class _Asked:
    """What is fitted.

    Parameters
    ----------
    given : FitInputs
        Pharmacokinetic model and levels.
    regimens : Regimens
        Doses, planned ones included.
    wanted : EventTimeModel
        The hazard.
    window : (float, float)
        Window of the area [day].
    level : float
        Probability of the intervals.
    is_estimated, keeps_values, has_profiles : bool
        Whether the pharmacokinetic parameters are estimated, whether those that are held are the given ones, and whether there are profiles.
    """

    given: FitInputs
    regimens: Regimens
    wanted: EventTimeModel
    window: tuple[float, float]
    level: float
    is_estimated: bool
    keeps_values: bool
    has_profiles: bool


def _compared(asked: _Asked, people: Sequence[EventPopulation]) -> list[tuple[EventPopulation, _Joint]]:
    """Return the fits of each population, and whose exposure holds planned doses."""
    from tte.joint.comparison import compare  # noqa: PLC0415

    given, regimens, window = asked.given, asked.regimens, asked.window
    # What does not go together is found before anything is computed.
    first = _joined(given, regimens, asked.wanted, window, people[0].events)
    with shown_progress("Fitting levels and event times") as tell:
        values, levels = _levels(given, is_estimated=asked.is_estimated, keeps_values=asked.keeps_values)
        tell(_LEVELS)

        def compared(one: EventPopulation, told: Callable[[float], None]) -> _Joint:
            data = _joined(given, regimens, asked.wanted, window, one.events) if one.is_beside else first
            comparison = compare(
                data,
                values=values,
                parameters=given.parameters,
                levels=levels,
                level=asked.level,
                with_profiles=asked.has_profiles,
                progress=told,
            )
            is_planned = regimens.planned_before(window[1])
            return comparison, is_planned & _has_event_times(data) if one.landmark is not None else is_planned

        return side_by_side(
            people, compared, refusal=_REFUSAL, tell=lambda share: tell(_LEVELS + (1.0 - _LEVELS) * share)
        )


def _document(found: Sequence[tuple[EventPopulation, _Joint]], level: float) -> dict[str, Any]:
    from tte.joint.document import joint_document  # noqa: PLC0415

    def documented(result: _Joint) -> dict[str, Any]:
        return joint_document(result[0], is_planned=result[1], level=level)

    return documented(found[0][1]) | {"landmark": None, "beside": beside_entry(found, "joint", documented)}


def _write(folder: Path, document: dict[str, Any], found: Sequence[tuple[EventPopulation, _Joint]]) -> None:
    """Write document and tables; what an earlier fit drew is none of this one's."""
    from tte.joint.document import SUBJECT_HEAD, subject_rows  # noqa: PLC0415

    make_folder(folder)
    write_json(folder / "joint.json", document)
    forget_beside(folder, [one for one, _ in found], SUBJECTS)
    for one, (comparison, is_planned) in found:
        write_csv(one.file(folder, SUBJECTS), SUBJECT_HEAD, subject_rows(comparison, is_planned))
    write_joint_tables(folder, document, {one.name: comparison.profiles for one, (comparison, _) in found})
    forget_figures(folder)


def _check_words(window: tuple[float, float], level: float) -> None:
    if not 0.0 <= window[0] < window[1] < float("inf"):
        raise input_error(
            "--window", f"{window[0]:g} to {window[1]:g} is no window; expected two days, the earlier first"
        )
    if not 0.5 < level < 1.0:
        raise input_error("--level", f"{level:g} is not above 0.5 and below 1, such as 0.95")


def _held(fixed: dict[str, float], model: str) -> tuple[dict[str, float], dict[str, float]]:
    """Return which parameters are held: those of the pharmacokinetic model, and all others, which the hazard has or refuses."""
    from pkpd.model.population import population_parameters  # noqa: PLC0415

    names = {one.name for one in population_parameters(read_model(model))}
    return (
        {name: value for name, value in fixed.items() if name in names},
        {name: value for name, value in fixed.items() if name not in names},
    )


def _event_model(
    hazard: str,
    predictor: str,
    covariates: list[str] | None,
    *,
    references: dict[str, float],
    fixed: dict[str, float],
) -> EventTimeModel:
    """Return the hazard with the exposure as its first covariate; on another parameter where a covariate says so."""
    from tte.estimation.model import event_time_model  # noqa: PLC0415
    from tte.estimation.typed_values import check_of_logarithm  # noqa: PLC0415

    name = predictor.upper()
    others = covariates or []
    has_own = any(text.rpartition(":")[2].strip().upper() == name for text in others)
    spoken = others if has_own else [name, *others]
    model = event_time_model(hazard, spoken, references=references, fixed=fixed)
    check_of_logarithm(model, name)
    return model


def _check_values(wanted: EventTimeModel, events: Events, columns: Sequence[str]) -> None:
    """Refuse effects and references that have no sense for columns of the event times; the exposure is not known yet."""
    from tte.estimation.typed_values import check_in_data  # noqa: PLC0415

    own = [effect for effect in wanted.effects if effect.covariate in columns]
    values = {effect.name: wanted.initial[effect.name] for effect in own if effect.name in wanted.initial}
    spoken = {effect.covariate: effect.reference for effect in own if effect.reference}
    check_in_data(wanted, events, values=values, references=spoken)


def _people(path: str, times: EventTimes) -> tuple[EventPopulation, ...]:
    """Return whose event times are fitted: all, and those at the usual landmark, or those at the one asked for."""
    from tte.joint.data import PREDICTORS  # noqa: PLC0415

    events, at = times.events, times.landmark
    if own := [name for name in events.covariates if name in PREDICTORS]:
        report(f"event times: column {', '.join(own)} is not read; the exposure comes from the levels.")
    if at is not None:
        report(f"{path}: {at.sentence()}")
        return populations(at.events, at, refusal=_REFUSAL)
    return populations(events, None, refusal=_REFUSAL)


def _joined(
    given: FitInputs, regimens: Regimens, wanted: EventTimeModel, window: tuple[float, float], events: Events
) -> JointData:
    """Return levels and event times together; a subject without event times among these informs the pharmacokinetics alone."""
    from tte.joint.data import PREDICTORS, joint_data  # noqa: PLC0415

    known = {name: values for name, values in events.covariates.items() if name not in PREDICTORS}
    return joint_data(given.population, regimens.cohort, window, events=replace(events, covariates=known), model=wanted)


def _say_what_enters(
    given: FitInputs, regimens: Regimens, people: EventPopulation, times: EventTimes, window: tuple[float, float]
) -> None:
    """Say whose exposure holds planned doses or lacks them, and who has levels alone."""
    from pkpd.data.planned_doses import listed  # noqa: PLC0415

    ids = given.population.cohort.ids
    own = replace(times, events=people.events)
    for sentence in (*regimens.notes, *windows_without_plan(ids, own, regimens, [window])):
        report(sentence)
    is_planned, watched = regimens.planned_before(window[1]).tolist(), set(people.events.ids)
    names = [
        name
        for name, is_so in zip(ids, is_planned, strict=True)
        if is_so and (people.landmark is None or name in watched)
    ]
    if names:
        report(
            f"Planned doses before day {window[1]:g} stand in the exposure of {counted(len(names), 'subject')}: {listed(names)}."
        )
    if without := len(ids) - len(times.events.ids):
        report(f"Levels of {counted(without, 'subject')} without event time inform the pharmacokinetics alone.")


def _has_event_times(data: JointData) -> BoolArray:
    """Return which subjects of the population have event times, (n_subjects,)."""
    import numpy as np  # noqa: PLC0415

    found = np.zeros(data.population.n_subjects, dtype=np.bool_)
    found[data.has_events] = True
    return found


def _levels(given: FitInputs, *, is_estimated: bool, keeps_values: bool) -> tuple[FloatArray, Any]:
    """Return the pharmacokinetic parameters that are held, and the fit of the levels alone where these are estimated."""
    import numpy as np  # noqa: PLC0415

    from pkpd.estimation.fit import FitOptions  # noqa: PLC0415
    from pkpd.estimation.fit import fit as fit_levels  # noqa: PLC0415
    from pkpd.estimation.objectives import Method  # noqa: PLC0415

    values = np.array([one.value for one in given.parameters])
    if not is_estimated:
        return values, None
    if all(one.is_fixed for one in given.parameters):
        raise input_error("--fix", "holds every pharmacokinetic parameter; expected --pk fixed, or one that is free")
    levels = fit_levels(given.population, FitOptions(Method.EXACT), parameters=given.parameters)
    return (values if keeps_values else levels.values), levels


def _figures(
    found: JointComparison, is_planned: BoolArray, level: float, population: tuple[str, str]
) -> Iterator[Drawing | str]:
    from tte.figures.joint import effect_figure, exposure_figure  # noqa: PLC0415 - loads Matplotlib
    from tte.figures.profile import profile_figure  # noqa: PLC0415
    from tte.joint.document import joint_document, subject_rows  # noqa: PLC0415

    names = {"modes": "plug-in", "means": "calibration", "held": "joint, PK held", "joint": "joint"}
    profiles = [replace(one, name=names[key]) for key, one in found.profiles.items()]
    scales = {names[key]: one.name for key, one in found.profiles.items()}
    document = joint_document(found, is_planned=is_planned, level=level)
    yield effect_figure(document, population)
    yield exposure_figure(document, subject_rows(found, is_planned), population)
    yield profile_figure(profiles, scales, level=level, population=population)

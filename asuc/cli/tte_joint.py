"""`asuc tte joint`: the effect of exposure on a hazard, from levels and event times together."""

from __future__ import annotations

import time
from dataclasses import replace
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from asuc.cli.cohort_source import check_folder, make_folder, write_json
from asuc.cli.exposure_inputs import Choices, check_choices, event_times_of, regimens_of, windows_without_plan
from asuc.cli.figure_files import FOLDER, forget_figures, write_figures
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
from asuc.cli.tte_joint_tables import joint_sheets, write_joint_tables
from asuc.cli.tte_options import Covariates, EventsFile, HazardName, References
from pkpd.errors import input_error

if TYPE_CHECKING:
    from pathlib import Path

    from asuc.cli.exposure_inputs import EventTimes
    from asuc.cli.fit_options import FitInputs
    from pkpd.arrays import BoolArray, FloatArray
    from tte.estimation.model import EventTimeModel
    from tte.joint.comparison import JointComparison
    from tte.joint.data import JointData

PredictorName = Literal["log_auc_cl", "log_auc", "log_cl"]
# Share of the work that the fit of the levels alone is.
_LEVELS = 0.25


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
    level: Annotated[float, typer.Option(help="Probability of the intervals, above 0.5 and below 1.")] = 0.95,
    no_profile: Annotated[bool, typer.Option("--no-profile", help="No intervals by likelihood profiles.")] = False,
    no_figures: Annotated[bool, typer.Option("--no-figures", help="Draw nothing.")] = False,
    force: Annotated[bool, typer.Option("--force", help="Replace the folder where it exists.")] = False,
    as_json: Annotated[bool, typer.Option("--json", metavar="", help="Print one JSON document.")] = False,
) -> None:
    """Fit levels and event times together: the uncertainty of each exposure enters the hazard's estimates."""
    from tte.joint.comparison import compare  # noqa: PLC0415 - the engine loads after the words are read
    from tte.joint.data import PREDICTORS  # noqa: PLC0415
    from tte.joint.document import joint_document, subject_rows  # noqa: PLC0415

    _check_words(window, level)
    choices = Choices(regimen=None, planned=planned, plan=plan, events=events, landmark=None)
    check_choices(choices)
    folder = check_folder(out, force=force)
    held_pk, held = _held(pairs("--fix", fix), model)
    given = read_inputs(cohort, model, initial=estimates_of(fit), fixed=held_pk, censored=None)
    wanted = _event_model(hazard, predictor, covariate, references=pairs("--reference", reference), fixed=held)
    times = event_times_of(events, covariates=[name for name in wanted.covariates if name not in PREDICTORS])
    data, is_planned, n_left_out = _joined(given, times, wanted, window, choices)
    started = time.perf_counter()
    with shown_progress("Fitting levels and event times") as tell:
        values, levels = _levels(given, is_estimated=pk == "estimated", keeps_values=fit is not None)
        tell(_LEVELS)
        found = compare(
            data,
            values=values,
            parameters=given.parameters,
            levels=levels,
            level=level,
            with_profiles=not no_profile,
            progress=lambda share: tell(_LEVELS + (1.0 - _LEVELS) * share),
        )
    document = joint_document(found, is_planned=is_planned, level=level)
    document["pk"] = pk
    document["pk_held_from"] = fit or ("levels of this cohort" if pk == "estimated" else "model")
    document["plan"] = {"source": planned or plan, "n_left_out": n_left_out}
    document["seconds"] = round(time.perf_counter() - started, 3)
    document["data"] = {
        "cohort": {"file": cohort, "sha256": given.data_sha256},
        "events": {"file": events, "sha256": times.reading.table.sha256},
    }
    make_folder(folder)
    write_json(folder / "joint.json", document)
    rows = subject_rows(found, is_planned)
    write_joint_tables(folder, document, rows, found.profiles)
    forget_figures(folder)
    if not no_figures:
        _draw(folder, found, document, rows)
    if as_json:
        print_json(document)
    else:
        write_output(laid_out([*joint_sheets(document), f"Written to {folder}."]))


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

    name = predictor.upper()
    others = covariates or []
    has_own = any(text.rpartition(":")[2].strip().upper() == name for text in others)
    spoken = others if has_own else [name, *others]
    return event_time_model(hazard, spoken, references=references, fixed=fixed)


def _joined(
    given: FitInputs, times: EventTimes, wanted: EventTimeModel, window: tuple[float, float], choices: Choices
) -> tuple[JointData, BoolArray, int]:
    """Return levels and event times together, who has planned doses before the end of the window, and how many doses were left out."""
    from pkpd.data.planned_doses import listed  # noqa: PLC0415
    from tte.joint.data import PREDICTORS, joint_data  # noqa: PLC0415

    events, cohort = times.events, given.population.cohort
    regimens = regimens_of(cohort, choices, times)
    is_planned = regimens.planned_before(window[1])
    if own := [name for name in events.covariates if name in PREDICTORS]:
        report(f"event times: column {', '.join(own)} is not read; the exposure comes from the levels.")
    known = {name: values for name, values in events.covariates.items() if name not in PREDICTORS}
    data = joint_data(given.population, regimens.cohort, window, events=replace(events, covariates=known), model=wanted)
    for sentence in (*regimens.notes, *windows_without_plan(cohort.ids, times, regimens, [window])):
        report(sentence)
    if is_planned.any():
        names = [name for name, is_so in zip(cohort.ids, is_planned.tolist(), strict=True) if is_so]
        report(
            f"Planned doses before day {window[1]:g} stand in the exposure of {len(names):,} subjects: {listed(names)}."
        )
    without = cohort.n_subjects - events.n_subjects
    if without:
        report(f"{without:,} subjects have levels and no event time; they inform the pharmacokinetics alone.")
    return data, is_planned, regimens.n_left_out


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


def _draw(folder: Path, found: JointComparison, document: dict[str, Any], rows: list[tuple[object, ...]]) -> None:
    from tte.figures.joint import effect_figure, exposure_figure  # noqa: PLC0415 - loads Matplotlib
    from tte.figures.profile import profile_figure  # noqa: PLC0415

    names = {"modes": "plug-in", "means": "calibration", "held": "joint, PK held", "joint": "joint"}
    profiles = [replace(one, name=names[key]) for key, one in found.profiles.items()]
    scales = {names[key]: one.name for key, one in found.profiles.items()}
    drawn = (
        effect_figure(document),
        exposure_figure(document, rows),
        profile_figure(profiles, scales, level=document["level"]),
    )
    drawings = [one for one in drawn if not isinstance(one, str)]
    with shown_progress("Drawing") as tell:
        write_figures(
            folder / FOLDER,
            drawings,
            left_out=[one for one in drawn if isinstance(one, str)],
            written=lambda n: tell(n / len(drawings)),
        )

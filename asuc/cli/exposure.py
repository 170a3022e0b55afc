"""`asuc exposure`: parameters, areas and concentrations of every subject of a cohort."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from asuc.cli.cohort_source import begin_results, check_folder, write_json
from asuc.cli.exposure_inputs import (
    Choices,
    check_choices,
    check_common,
    origin_of,
    read_event_times,
    regimens_of,
    windows_without_plan,
)
from asuc.cli.exposure_options import (
    Comparators,
    DrawsAs,
    EventsBeside,
    ExposureFrom,
    Extremes,
    HypotheticalRegimen,
    MarkedLandmark,
    PosteriorDraws,
    Troughs,
    Windows,
)
from asuc.cli.exposure_results import written
from asuc.cli.exposure_rows import Command, computed
from asuc.cli.exposure_windows import DOSES, wanted_of
from asuc.cli.fit_options import (
    CohortFile,
    FitFolder,
    Initial,
    OutFolder,
    ValuedModel,
    estimates_of,
    pairs,
    read_inputs,
)
from asuc.cli.layout import Sheet, laid_out
from asuc.cli.output import print_json, report, write_output
from asuc.cli.planned_options import Plan, PlannedFile
from asuc.cli.task_farm import FewWorkers, Resume, Scheduler, n_workers, task_farm
from pkpd.errors import input_error
from pkpd.wording import counted

if TYPE_CHECKING:
    from pathlib import Path

    from asuc.cli.exposure_inputs import EventTimes, Regimens
    from asuc.cli.fit_options import FitInputs
    from pkpd.exposure.cohort import ExposureOf
    from pkpd.exposure.measures import Wanted

_RESULT = "exposure.json"
_SHARES = (("q05", "5 %"), ("median", "50 %"), ("q95", "95 %"))


def exposure(
    cohort: CohortFile,
    model: ValuedModel,
    out: OutFolder,
    window: Windows = None,
    trough: Troughs = None,
    extremes: Extremes = False,
    source: ExposureFrom = "posterior",
    draws: PosteriorDraws = 0,
    draws_as: DrawsAs = "csv",
    regimen: HypotheticalRegimen = None,
    planned: PlannedFile = None,
    plan: Plan = None,
    events: EventsBeside = None,
    landmark: MarkedLandmark = None,
    comparators: Comparators = False,
    fit: FitFolder = None,
    init: Initial = None,
    seed: Annotated[int, typer.Option(min=0, help="The same seed gives the same draws.")] = 1,
    workers: FewWorkers = None,
    scheduler: Scheduler = None,
    no_figures: Annotated[bool, typer.Option("--no-figures", help="Draw nothing.")] = False,
    resume: Resume = False,
    force: Annotated[bool, typer.Option("--force", help="Replace results in a folder that exists.")] = False,
    as_json: Annotated[bool, typer.Option("--json", metavar="", help="Print one JSON document.")] = False,
) -> None:
    """Estimate each subject's clearance, volumes, areas and concentrations from its levels, with 90 % intervals."""
    folder = check_folder(out, force=force or resume)
    wanted, has_troughs = wanted_of(window or (), trough or (), has_extremes=extremes)
    if draws and source == "ebe":
        raise input_error("--draws", f"{draws} are asked for beside --from ebe; expected --from posterior")
    choices = Choices(regimen, planned, plan, events, landmark)
    check_choices(choices)
    given = read_inputs(
        cohort,
        model,
        initial={**estimates_of(fit, model), **pairs("--init", init)},
        fixed={},
        censored=None,
        has_exposure=True,
    )
    times = read_event_times(choices)
    if events is not None and times is not None:
        check_common(given.population.cohort.ids, events, times.events.ids, cohort)
    regimens = regimens_of(given.population.cohort, choices, times)
    exposures = _exposures(given, regimens, wanted, has_troughs=has_troughs, draws=draws, seed=seed)
    said = _said(exposures, regimens, times)
    for sentence in said:
        report(f"{cohort}: {sentence}")
    command = Command(exposures, regimens, times, source, given.incomplete, comparators, draws_as, not no_figures)
    command.check()
    origin = origin_of(regimens, times, choices) | given.origin()
    settings = {
        "window_day": [list(one) for one in wanted.windows],
        "trough_day": [*map(str, wanted.trough_days), *([DOSES] if has_troughs else [])],
        "extremes": extremes,
        "from": source,
        "draws": [draws, draws_as],
        "seed": seed,
        "comparators": comparators,
        **origin,
    }
    with task_farm(n_workers(workers, scheduler, usual=1), scheduler) as begin:
        document = begin_results(folder, _RESULT, settings, resume=resume)
        if document is None:
            rows, failures = computed(command, folder, begin, resume=resume)
            document = written(command, folder, rows, said) | {"failures": failures} | origin
            write_json(folder / _RESULT, document)
    if as_json:
        print_json(document)
    else:
        write_output(laid_out(_sheets(document, folder)))


def _exposures(
    given: FitInputs, regimens: Regimens, wanted: Wanted, *, has_troughs: bool, draws: int, seed: int
) -> ExposureOf:
    """Return whose exposure is computed, and what of it."""
    import numpy as np  # noqa: PLC0415 - the engine loads after the words are read

    from pkpd.exposure.cohort import ExposureOf  # noqa: PLC0415
    from pkpd.likelihood.population import model_at  # noqa: PLC0415

    spec = model_at(given.population, np.array([one.value for one in given.parameters]))
    return ExposureOf(spec, given.population.cohort, regimens.cohort, wanted, has_troughs, draws, seed)


def _said(exposures: ExposureOf, regimens: Regimens, times: EventTimes | None) -> list[str]:
    """Return what a reader should know of exposures."""
    ids, windows = exposures.cohort.ids, exposures.wanted.windows
    said = [*regimens.notes, *windows_without_plan(ids, times, regimens, windows)]
    if exposures.model.occasion_variances or exposures.model.centre_variances:
        said.append("Effects of occasions and centres are 0 here: exposure is that of an average occasion and centre.")
    return said


def _sheets(document: dict[str, Any], folder: Path) -> list[Sheet | str]:
    start, end = document["window_day"]
    said = [f"{counted(document['n_subjects'], 'subject')}; area from day {start:g} to {end:g} in mg·day/L."]
    if document["n_without_drug_in_window"]:
        said.append(f"{document['n_without_drug_in_window']:,} have no drug there.")
    if document["n_failed"]:
        said.append(f"{document['n_failed']:,} have no result.")
    if document.get("hypothetical_regimen"):
        said.append(f"The regimen is hypothetical: {document['hypothetical_regimen']}.")
    groups = [("", document["subjects"])]
    if landmark := document.get("landmark"):
        said.append(
            f"Day {landmark['day']:g}: {counted(landmark['n_subjects'], 'subject')} at risk with {counted(landmark['n_events'], 'event')}, beside all."
        )
        groups = [("all, ", document["subjects"]), (f"day {landmark['day']:g}, ", landmark["subjects"])]
    columns = ("", *(f"{group}{words}" for group, _ in groups for _, words in _SHARES))
    rows = tuple(
        (name, *(f"{found[name][key]:.4g}" if name in found else "" for _, found in groups for key, _ in _SHARES))
        for name in document["subjects"]
    )
    what = "Medians" if document["from"] == "posterior" else "Modes"
    return [
        " ".join(said),
        Sheet(f"{what} of the subjects", columns, rows, wraps=0),
        f"Written to {folder}.",
    ]

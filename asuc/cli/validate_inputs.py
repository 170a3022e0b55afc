"""What `asuc validate` reads and computes before anything is compared: exposures of the cohort, and markers of others."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from asuc.cli.cohort_source import make_folder
from asuc.cli.exposure_draws import forget_draws, has_draws, kept_draws
from asuc.cli.exposure_inputs import Choices, EventTimes, regimens_of, windows_without_plan
from asuc.cli.exposure_results import written
from asuc.cli.exposure_rows import A_PRIORI, EARLY, Command, computed
from asuc.cli.output import report
from asuc.cli.published_markers import threshold_of
from asuc.cli.task_farm import task_farm
from asuc.cli.threshold_options import given_thresholds, wanted_markers
from pkpd.errors import InputError, Problem, input_error

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from asuc.cli.exposure_table import Row, Source
    from asuc.cli.fit_options import FitInputs
    from asuc.validation.study import MarkerGiven
    from asuc.validation.subjects import CohortExposure
    from pkpd.arrays import FloatArray
    from pkpd.exposure.cohort import ExposureOf
    from tte import EventModel


@dataclass(frozen=True, slots=True)
class Asked:
    """What the options say of exposures.

    Parameters
    ----------
    planned, plan : str or None
        A file of planned doses, or `label`.
    source : Source
        At the mode, or from the posterior.
    n_draws, seed : int
        Draws from each posterior that the risk is the mean over, 0 for the mode, and what they are drawn with.
    workers : int
        Processes.
    is_drawn : bool
        Whether figures are wanted.
    """

    planned: str | None
    plan: str | None
    source: Source
    n_draws: int
    seed: int
    workers: int
    is_drawn: bool


def read_followed(events: str) -> EventTimes:
    """Return event times, a file without any event included.

    Raises
    ------
    InputError
        With every problem of the file.
    """
    from tte.data.events_file import read_events  # noqa: PLC0415 - the engine loads after the words are read

    reading = read_events(events, needs_event=False)
    return EventTimes(reading, reading.checked(), None)


def cohort_exposure(
    given: FitInputs, events: str, times: EventTimes, model: EventModel, asked: Asked, folder: Path
) -> tuple[CohortExposure, list[str]]:
    """Return the exposure of every subject, written as `asuc exposure` writes it, and what a reader should know.

    Parameters
    ----------
    given : FitInputs
        Model and cohort.
    events : str
        File of event times.
    times : EventTimes
        What it says.
    model : EventModel
        Event model, whose window is taken.
    asked : Asked
        What is asked for.
    folder : Path
        Folder for the exposures, made once everything that was given is read.

    Raises
    ------
    InputError
        With every problem of planned doses.
    """
    import numpy as np  # noqa: PLC0415

    from pkpd.exposure.cohort import ExposureOf  # noqa: PLC0415
    from pkpd.exposure.measures import Wanted  # noqa: PLC0415
    from pkpd.likelihood.population import model_at  # noqa: PLC0415

    data = given.population.cohort
    spec = model_at(given.population, np.array([one.value for one in given.parameters]))
    regimens = regimens_of(data, Choices(None, asked.planned, asked.plan, events, None), times)
    wanted = Wanted(windows=(model.window_day,))
    notes = [*regimens.notes, *windows_without_plan(data.ids, times, regimens, wanted.windows)]
    if regimens.planned_from is not None:
        n, end = int((regimens.planned_from < model.window_day[1]).sum()), model.window_day[1]
        whose = "1 subject has" if n == 1 else f"{n:,} subjects have"
        notes.append(f"{whose} planned doses before day {end:g}, which stand for those that the event left out.")
    exposures = ExposureOf(spec, data, regimens.cohort, wanted, False, asked.n_draws, asked.seed)  # noqa: FBT003 - no concentrations
    command = Command(exposures, regimens, times, asked.source, given.incomplete, True, "csv", asked.is_drawn)  # noqa: FBT003
    command.check()
    make_folder(folder)
    with task_farm(asked.workers, None) as begin:
        rows, failures = computed(command, folder, begin, resume=False, is_resumable=False)
    notes += [f"Subject {name}: {reason}; it has no exposure." for name, reason in failures.items()]
    found = _exposure(exposures, rows, asked.source, folder)
    forget_draws(folder)
    # The draws were for the risks: a table of them is what `asuc exposure --draws` writes.
    written(replace(command, exposures=replace(exposures, n_draws=0)), folder, rows, notes)
    return found, notes


def published_markers() -> tuple[MarkerGiven, ...]:
    """Return the clearances that others predict the event from; of the second no threshold in L/day is printed."""
    from asuc.validation.study import MarkerGiven  # noqa: PLC0415 - loads the engine
    from pkpd.exposure.comparators import EARLY_DAY  # noqa: PLC0415

    threshold = threshold_of(A_PRIORI)
    battat = f"Clearance from albumin and sex, ≥ {threshold:g} L/day (Battat 2021)"
    early = f"Clearance from the levels by day {EARLY_DAY:g} (Li Wai Suen 2026)"
    return MarkerGiven(A_PRIORI, battat, "higher", threshold), MarkerGiven(EARLY, early, "higher", None)


def own_markers(
    events: str, times: EventTimes, wanted: Sequence[str] | None, given: Sequence[str] | None
) -> tuple[MarkerGiven, ...]:
    """Return the columns of the event times that stand behind `--marker`, with the thresholds behind `--at`.

    Raises
    ------
    InputError
        With every name that is no numeric column, every one without a direction, and every threshold that is none or a second one.
    """
    from asuc.validation.study import MarkerGiven  # noqa: PLC0415 - loads the engine

    if not wanted:
        if given:
            raise input_error(
                "--at", f"“{given[0]}” is given without --marker; expected --marker NAME:lower or NAME:higher"
            )
        return ()
    markers = wanted_markers(events, wanted, times.events.covariates)
    at = given_thresholds(given, markers)
    problems = [
        Problem(
            "--marker",
            f"“{one.name}” leaves open which values mean the event, and nothing is chosen from these patients; expected {one.name}:lower or {one.name}:higher",
        )
        for one in markers
        if one.direction is None
    ]
    problems += [
        Problem("--at", f"gives {len(values)} thresholds of {name}; expected one")
        for name, values in at.items()
        if len(values) > 1
    ]
    if problems:
        raise InputError(problems)
    found: list[MarkerGiven] = []
    for one in markers:
        side = one.direction or "higher"
        (value,) = at.get(one.name, (None,))
        words = one.name if value is None else f"{one.name} {'<' if side == 'lower' else '≥'} {value:g}"
        found.append(MarkerGiven(one.name, words, side, value))
    return tuple(found)


def _exposure(exposures: ExposureOf, rows: Sequence[Row], source: Source, folder: Path) -> CohortExposure:
    import numpy as np  # noqa: PLC0415

    from asuc.validation.subjects import CohortExposure  # noqa: PLC0415
    from pkpd.exposure.measures import AUC, LOG_AUC_CL, bound_regimens, measures_at  # noqa: PLC0415

    point = "map" if source == "ebe" else "mean"

    def column(name: str) -> FloatArray:
        return np.array([float(row[name]) if row[name] else math.nan for row in rows])

    n, place = len(rows), exposures.names.index(LOG_AUC_CL)
    log_auc_cl = column(f"{LOG_AUC_CL}_{point}")
    draws = tuple(
        kept_draws(folder, i)[:, place] if exposures.n_draws and has_draws(folder, i) else log_auc_cl[i : i + 1]
        for i in range(n)
    )
    bound = bound_regimens(exposures.model, exposures.regimens, exposures.wanted)
    bare = np.zeros((n, len(exposures.model.etas)))
    a_priori = measures_at(bound, np.arange(n), bare)[LOG_AUC_CL]
    markers = {name: column(name) for name in (A_PRIORI, EARLY)}
    return CohortExposure(
        exposures.cohort.ids, log_auc_cl, column(f"{AUC}_{point}"), column(f"cl_{point}"), draws, a_priori, markers
    )


def say(file: str, notes: Sequence[str]) -> None:
    """Print notes on a file on standard error."""
    for note in notes:
        report(f"{file}: {note}")

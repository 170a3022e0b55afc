"""Markers and populations of `asuc tte threshold`, and what is found of each marker in each population."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from asuc.cli.published_markers import published_markers
from asuc.cli.threshold_options import MarkerWanted, check_days
from pkpd.wording import counted

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from pkpd.arrays import BoolArray, FloatArray
    from tte.data.events import Events
    from tte.evaluation.event_times import EventTimes
    from tte.evaluation.threshold import MarkerFinding


@dataclass(frozen=True, slots=True)
class MarkedPopulation:
    """Subjects of a study.

    Parameters
    ----------
    key, words : str
        What they are called in documents and file names, and in words.
    kept : (n_all,) array
        Which of all subjects they are.
    times : EventTimes
        Of the n kept.
    columns : dict of str to (n,) array
        Markers, NaN where missing.
    """

    key: str
    words: str
    kept: BoolArray
    times: EventTimes
    columns: dict[str, FloatArray]


@dataclass(frozen=True, slots=True)
class Study:
    """What is evaluated of whom.

    Parameters
    ----------
    horizon : float
        Day until which events count.
    n_draws, seed : int
        Draws of subjects behind intervals.
    populations : tuple of MarkedPopulation
        All subjects first.
    markers : tuple of MarkerWanted
        Those of the file first.
    given : mapping of str to tuple of float
        Thresholds to evaluate besides the best one, by marker.
    """

    horizon: float
    n_draws: int
    seed: int
    populations: tuple[MarkedPopulation, ...]
    markers: tuple[MarkerWanted, ...]
    given: Mapping[str, tuple[float, ...]]


def populations_of(
    events: str,
    data: Events,
    horizon: float,
    landmark: float,
) -> tuple[tuple[MarkedPopulation, ...], list[str]]:
    """Return all subjects, and those at risk after the landmark where there is one, with what a reader should know."""
    from tte.evaluation.marker_table import marker_table  # noqa: PLC0415

    start = marker_table(data, day=0.0)
    check_days(events, start.times, horizon, landmark)
    notes = [
        f"{name} changes within subjects; its value at the start is taken, and for the landmark the one in force then."
        for name in start.changing
    ]
    everyone = np.ones(start.times.n, dtype=np.bool_)
    found = [
        MarkedPopulation("all", f"all {counted(start.times.n, 'subject')}", everyone, start.times, dict(start.markers))
    ]
    if landmark > 0.0:
        later = marker_table(data, day=landmark)
        times, kept = later.times.from_landmark(landmark)
        n_out = later.times.n - times.n
        if times.n:
            words = f"{counted(times.n, 'subject')} at risk after day {landmark:g}"
            columns = {name: values[kept] for name, values in later.markers.items()}
            found.append(MarkedPopulation("landmark", words, kept, times, columns))
        notes.append(
            f"Landmark at day {landmark:g}: {counted(times.n, 'subject')} with {counted(times.n_events, 'event')}; {n_out:,} left out with the event, or last "
            "seen, on the day or before, or under observation later only."
        )
    return tuple(found), notes


def with_published(study: Study) -> tuple[Study, list[str]]:
    """Return the study with the markers of others that the file holds or has the covariates for, their thresholds being given ones."""
    from tte.evaluation.published_thresholds import published_thresholds  # noqa: PLC0415

    notes: list[str] = []
    markers, populations, given = list(study.markers), list(study.populations), dict(study.given)
    published = {one.column: one for one in published_thresholds()}
    for k, wanted in enumerate(markers):
        one = published.get(wanted.name)
        if one is None or wanted.direction not in (None, one.direction):
            continue
        notes.append(f"{one.column} ({one.unit}); threshold {one.value:g}: {one.citation}.")
        markers[k] = wanted._replace(direction=one.direction)
        given[one.column] = tuple(dict.fromkeys((*given.get(one.column, ()), one.value)))
    for one, values in published_markers(study.populations[0].columns):
        if isinstance(values, str):
            notes.append(values)
            continue
        notes.append(
            f"{one.marker} ({one.unit}) is computed from {' and '.join(one.covariates)}; threshold {one.value:g}: {one.citation}."
        )
        markers.append(MarkerWanted(one.marker, one.direction, one.citation))
        given[one.marker] = (*given.get(one.marker, ()), one.value)
        populations = [replace(who, columns=who.columns | {one.marker: values[who.kept]}) for who in populations]
    return replace(study, populations=tuple(populations), markers=tuple(markers), given=given), notes


def evaluated(study: Study, tell: Callable[[float], object]) -> dict[str, dict[str, MarkerFinding]]:
    """Return what was found, by marker and population."""
    from tte.evaluation.threshold import evaluate_marker  # noqa: PLC0415

    total, found = len(study.markers) * len(study.populations), dict[str, dict[str, "MarkerFinding"]]()
    for m, wanted in enumerate(study.markers):
        found[wanted.name] = {}
        for k, population in enumerate(study.populations):
            done = m * len(study.populations) + k
            found[wanted.name][population.key] = evaluate_marker(
                population.times,
                population.columns[wanted.name],
                name=wanted.name,
                horizon_day=study.horizon,
                direction=wanted.direction,
                given=study.given.get(wanted.name, ()),
                n_draws=study.n_draws,
                seed=study.seed,
                tell=lambda share, done=done: tell((done + share) / total),
            )
    return found

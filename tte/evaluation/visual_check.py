"""Visual predictive check of event times: Kaplan–Meier curves of simulated studies beside the one that was seen.

Each simulated study has the same subjects, with their covariates, their entry, and a day on which observation would end. Of a subject that was
censored this day is known. Of one with the event it is only known to lie on that day or later: it is drawn from the distribution of the days of
censoring (the reverse Kaplan–Meier curve) given that, or taken as the last day on which anybody was watched.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from pkpd.errors import input_error
from pkpd.wording import counted
from tte.data.events import EventKind
from tte.estimation.document import finite
from tte.estimation.prediction import linear_predictors
from tte.evaluation.event_times import EventTimes
from tte.evaluation.kaplan_meier import censoring_survival, kaplan_meier, stepped
from tte.hazards.curves import cumulative_hazard, quantile_time

if TYPE_CHECKING:
    from collections.abc import Callable

    from pkpd.arrays import BoolArray, FloatArray
    from tte.data.events import Events
    from tte.estimation.fit import EventFit

SCHEMA = "tte-vpc/1"
_N_DAYS = 181
_MOST_EVENT_DAYS = 2000
_ENDS = (0.025, 0.5, 0.975)
# Part of the simulated studies that still watch somebody, below which there is no band.
_FEWEST_WATCHED = 0.5


class Censoring(Enum):
    """When observation of a subject with the event would have ended; the value is the sentence the user reads."""

    DRAWN = (
        "Subjects without the event keep the day they were last seen on; of those with it, the end of observation is drawn from the "
        "distribution of the days of censoring beyond their event, taken as independent of the risk."
    )
    END = (
        "Subjects without the event keep the day they were last seen on; those with it are taken as observed until the last day on which "
        "anybody was watched."
    )


class RiskGroup(NamedTuple):
    """Subjects of one curve, (n_subjects,) mask, and what they are called."""

    name: str
    is_member: BoolArray


@dataclass(frozen=True, slots=True)
class CheckedGroup:
    """What was seen of a group beside what the model predicts.

    Parameters
    ----------
    name : str
        What it is called.
    times : EventTimes
        Of its subjects.
    observed, low, median, high : (n_days,) arrays
        Kaplan and Meier's estimate that was seen, and the 95 % prediction band of the simulated ones; NaN where nobody is watched.
    simulated_events : tuple of float
        2.5, 50 and 97.5 % quantiles of the number of events.
    n_event_days, n_outside : int
        Days with an observed event, and those on which the observed curve lies outside the band.
    """

    name: str
    times: EventTimes
    observed: FloatArray
    low: FloatArray
    median: FloatArray
    high: FloatArray
    simulated_events: tuple[float, float, float]
    n_event_days: int
    n_outside: int


@dataclass(frozen=True, slots=True)
class VisualCheck:
    """A visual predictive check.

    Parameters
    ----------
    day : (n_days,) array
        Days [day].
    groups : tuple of CheckedGroup
        All subjects, or those of groups.
    n_simulated : int
        Simulated studies.
    """

    day: FloatArray
    groups: tuple[CheckedGroup, ...]
    n_simulated: int


def times_of(events: Events) -> EventTimes:
    """Return the times of subjects with one row each.

    Raises
    ------
    InputError
        For rows of a counting process, since covariates after an event are not known, and for events known by an interval.
    """
    if events.n_rows != events.n_subjects:
        found = f"{events.n_rows:,} rows of {counted(events.n_subjects, 'subject')}; a subject's covariates after its last row are not known"
        raise input_error("event times", f"{found}, so that no check is simulated; expected one row for each subject")
    if (events.kind == EventKind.INTERVAL).any():
        raise input_error(
            "event times", "some are known by an interval (TIME2), which have no curve by Kaplan and Meier"
        )
    return EventTimes(events.stop, np.asarray(events.kind == EventKind.EVENT), events.start)


def simulated_days(fit: EventFit, theta: FloatArray, rng: np.random.Generator) -> FloatArray:
    """Return a drawn day of the event for each subject, given that it is free of it at its entry; infinity for never.

    Parameters
    ----------
    fit : EventFit
        Model and subjects, one row each.
    theta : (n_coefficients,) array
        Coefficients on the linear scale.
    rng : Generator
        What draws.
    """
    hazard, linear = fit.model.hazard, linear_predictors(fit, theta)
    grown = cumulative_hazard(hazard, fit.events.start, linear) + rng.exponential(size=fit.events.n_rows)
    return quantile_time(hazard, -np.expm1(-grown), linear)


def censoring_days(times: EventTimes, how: Censoring, rng: np.random.Generator) -> FloatArray:
    """Return the day on which observation of each subject would end, (n,)."""
    end = float(times.time_day.max())
    if how is Censoring.END:
        return np.where(times.event, end, times.time_day)
    days, curve = censoring_survival(times)
    left = rng.random(times.n) * stepped(days, curve, times.time_day, is_before=True)
    drawn = np.append(days, end)[np.searchsorted(-curve, -left, side="left")]
    return np.where(times.event, drawn, times.time_day)


class Studies(NamedTuple):
    """Simulated studies.

    Attributes
    ----------
    curves : (n_groups, n_studies, n_days) array
        Kaplan and Meier's estimates, NaN where nobody is watched.
    n_events : (n_groups, n_studies) array
        Events in each.
    """

    curves: FloatArray
    n_events: FloatArray


@dataclass(frozen=True, slots=True)
class Simulation:
    """What studies are simulated from; a study depends on the seed and its own number.

    Parameters
    ----------
    fit : EventFit
        Model with its values, and the subjects.
    groups : tuple of RiskGroup
        Whose curves are compared; none of them empty.
    seed : int
        What is drawn from.
    censoring : Censoring
        When observation of subjects with the event would have ended.
    is_uncertain : bool
        Whether each study has coefficients of its own, drawn from the normal distribution of the estimates on the scale of the links.
    """

    fit: EventFit
    groups: tuple[RiskGroup, ...]
    seed: int
    censoring: Censoring
    is_uncertain: bool = False


def check_simulation(what: Simulation) -> None:
    """Refuse what cannot be simulated.

    Raises
    ------
    InputError
        As `times_of`; for uncertain coefficients without a covariance matrix.
    """
    times_of(what.fit.events)
    if what.is_uncertain:
        _root(what.fit.covariance)


def simulated_studies(what: Simulation, numbers: range, tell: Callable[[float], object] = lambda _: None) -> Studies:
    """Simulate some studies.

    Parameters
    ----------
    what : Simulation
        From what.
    numbers : range
        Numbers of the studies, from 1 on.
    tell : callable
        Told the share that is done.

    Raises
    ------
    InputError
        As `check_simulation`.
    """
    fit, groups = what.fit, what.groups
    times = times_of(fit.events)
    day = _days(times)
    root = _root(fit.covariance) if what.is_uncertain else None
    found = Studies(np.empty((len(groups), len(numbers), day.size)), np.empty((len(groups), len(numbers))))
    for k, number in enumerate(numbers):
        rng = np.random.default_rng([what.seed, number])
        theta = fit.theta if root is None else fit.theta + root @ rng.normal(size=fit.theta.size)
        happened, ended = simulated_days(fit, theta, rng), censoring_days(times, what.censoring, rng)
        drawn = EventTimes(np.minimum(happened, ended), happened <= ended, times.entry_day)
        for g, group in enumerate(groups):
            own = drawn.rows(group.is_member)
            found.curves[g, k], found.n_events[g, k] = _curve(own, day), own.n_events
        tell((k + 1) / len(numbers))
    return found


def visual_check(what: Simulation, studies: Studies) -> VisualCheck:
    """Compare the Kaplan–Meier curves of simulated studies with the observed one.

    Parameters
    ----------
    what : Simulation
        What the studies were simulated from.
    studies : Studies
        All of them, in the order of their numbers.
    """
    times = times_of(what.fit.events)
    day = _days(times)
    checked = (_checked(one, times, day, *found) for one, *found in zip(what.groups, *studies, strict=True))
    return VisualCheck(day, tuple(checked), studies.n_events.shape[1])


def _days(times: EventTimes) -> FloatArray:
    """Return even days over the time watched, and the days of events."""
    even = np.linspace(float(times.entry_day.min()), float(times.time_day.max()), _N_DAYS)
    happened = np.unique(times.time_day[times.event])
    return np.unique(np.concatenate((even, happened[:: -(-happened.size // _MOST_EVENT_DAYS) or 1])))


def _root(covariance: FloatArray) -> FloatArray:
    """Return a matrix whose product with its transpose is the covariance matrix."""
    if not np.isfinite(covariance).all():
        raise input_error("--uncertainty", "the estimates have no covariance matrix; leave it out, or fit first")
    values, vectors = np.linalg.eigh(covariance)
    return vectors * np.sqrt(np.maximum(values, 0.0))


def _curve(times: EventTimes, day: FloatArray) -> FloatArray:
    """Return Kaplan and Meier's estimate on some days, NaN after the last one that anybody is watched on, unless all had the event."""
    curve = kaplan_meier(times)
    found = stepped(curve.time_day, curve.survival, day)
    return np.where((day > times.time_day.max()) & (found > 0.0), np.nan, found)


def _checked(
    group: RiskGroup, times: EventTimes, day: FloatArray, curves: FloatArray, counts: FloatArray
) -> CheckedGroup:
    own = times.rows(group.is_member)
    observed = _curve(own, day)
    is_watched = np.isfinite(curves).mean(axis=0) >= _FEWEST_WATCHED
    band = np.full((3, day.size), np.nan)
    band[:, is_watched] = np.nanquantile(curves[:, is_watched], _ENDS, axis=0)
    at = np.isin(day, own.time_day[own.event])
    with np.errstate(invalid="ignore"):
        is_outside = at & ((observed < band[0]) | (observed > band[2]))
    low, middle, high = map(float, np.quantile(counts, _ENDS))
    return CheckedGroup(
        group.name, own, observed, band[0], band[1], band[2], (low, middle, high), int(at.sum()), int(is_outside.sum())
    )


def visual_check_document(check: VisualCheck) -> dict[str, Any]:
    """Return a check as plain dictionaries; null where nobody is watched."""
    return {
        "schema": SCHEMA,
        "n": check.n_simulated,
        "groups": [
            {
                "name": one.name,
                "n_subjects": one.times.n,
                "n_events": one.times.n_events,
                "simulated_events": dict(zip(("q025", "q50", "q975"), one.simulated_events, strict=True)),
                "n_event_days": one.n_event_days,
                "n_event_days_outside": one.n_outside,
                "day": check.day.tolist(),
                **{
                    name: [finite(value) for value in values.tolist()]
                    for name, values in zip(
                        ("observed", "q025", "q50", "q975"), (one.observed, one.low, one.median, one.high), strict=True
                    )
                },
            }
            for one in check.groups
        ],
    }

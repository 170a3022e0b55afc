"""Visual predictive check of event times: Kaplan–Meier curves of simulated studies beside the one that was seen.

Each simulated study has the same subjects, with their covariates, their entry, and a day on which observation would end. Of a subject that was
censored this day is known. Of one with the event it is only known to lie on that day or later: it is drawn from the distribution of the days of
censoring (the reverse Kaplan–Meier curve) given that, or taken as the last day on which anybody was watched.

Where events are known by an interval, the curves are Turnbull's and fall where an event is known to have happened. Subjects of a simulated
study are then examined on days of visits that are common to all, and on their last day.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from pkpd.errors import input_error
from tte.data.events import EventKind
from tte.estimation.document import finite
from tte.estimation.prediction import linear_predictors
from tte.evaluation.event_times import EventTimes
from tte.evaluation.found_events import found_times
from tte.evaluation.kaplan_meier import censoring_survival, kaplan_meier, stepped
from tte.evaluation.turnbull import turnbull
from tte.evaluation.visits import examined
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
        Of its subjects, an event that is known by an interval at its end.
    observed, low, median, high : (n_days,) arrays
        Kaplan and Meier's estimate that was seen, or Turnbull's, and the 95 % prediction band of the simulated ones; NaN where nobody is watched.
    simulated_events : tuple of float
        2.5, 50 and 97.5 % quantiles of the number of events.
    n_event_days, n_outside : int
        Days on which the observed curve falls, and those on which the observed curve lies outside the band.
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
        Kaplan and Meier's estimates, or Turnbull's, NaN where nobody is watched.
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
    visits : tuple of float
        Days on which subjects are examined, where events are known by intervals; none where they are known exactly.
    """

    fit: EventFit
    groups: tuple[RiskGroup, ...]
    seed: int
    censoring: Censoring
    is_uncertain: bool = False
    visits: tuple[float, ...] = ()


def check_simulation(what: Simulation) -> None:
    """Refuse what cannot be simulated.

    Raises
    ------
    InputError
        As `found_times`; for uncertain coefficients without a covariance matrix.
    """
    found_times(what.fit.events)
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
    times = found_times(fit.events)
    day = _days(times)
    share_exact = float((fit.events.kind == EventKind.EVENT).sum()) / max(times.n_events, 1)
    visits = np.asarray(what.visits, dtype=np.float64)
    root = _root(fit.covariance) if what.is_uncertain else None
    found = Studies(np.empty((len(groups), len(numbers), day.size)), np.empty((len(groups), len(numbers))))
    for k, number in enumerate(numbers):
        rng = np.random.default_rng([what.seed, number])
        theta = fit.theta if root is None else fit.theta + root @ rng.normal(size=fit.theta.size)
        happened, ended = simulated_days(fit, theta, rng), censoring_days(times, what.censoring, rng)
        free, by = np.minimum(happened, ended), np.where(happened <= ended, happened, np.inf)
        if visits.size:
            is_exact = rng.random(times.n) < share_exact
            free, by = examined(happened, ended, times.entry_day, visits, is_exact)
        for g, group in enumerate(groups):
            own = group.is_member
            found.curves[g, k] = _curve(free[own], by[own], times.entry_day[own], day)[0]
            found.n_events[g, k] = np.isfinite(by[own]).sum()
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
    events = what.fit.events
    day = _days(found_times(events))
    checked = (_checked(one, events, day, *found) for one, *found in zip(what.groups, *studies, strict=True))
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


def _curve(free: FloatArray, by: FloatArray, entry: FloatArray, day: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Return the estimate on some days, NaN after the last one that anybody is watched on unless all had the event, and where it falls.

    It is Turnbull's where an event is known by an interval, all subjects entering on one day, and Kaplan and Meier's otherwise.
    """
    is_event = np.isfinite(by)
    last = np.where(is_event, by, free)
    if (is_event & (free < by)).any():
        curve = turnbull(free, by)
        found, steps = curve.found_by(day), curve.steps()
    else:
        exact = kaplan_meier(EventTimes(last, is_event, entry))
        found, steps = stepped(exact.time_day, exact.survival, day), exact.time_day
    return np.where((day > last.max()) & (found > 0.0), np.nan, found), steps


def _checked(group: RiskGroup, events: Events, day: FloatArray, curves: FloatArray, counts: FloatArray) -> CheckedGroup:
    own = found_times(events).rows(group.is_member)
    by = np.where(own.event, own.time_day, np.inf)
    observed, steps = _curve(events.stop[group.is_member], by, own.entry_day, day)
    is_watched = np.isfinite(curves).mean(axis=0) >= _FEWEST_WATCHED
    band = np.full((3, day.size), np.nan)
    band[:, is_watched] = np.nanquantile(curves[:, is_watched], _ENDS, axis=0)
    at = np.isin(day, steps)
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

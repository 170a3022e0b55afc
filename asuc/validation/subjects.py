"""Whom a validation is about: subjects with both doses and event times, and why others are left out."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from pkpd.wording import counted
from tte.data.events import at_middle
from tte.evaluation.marker_table import marker_table
from tte.evaluation.threshold import until

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from pkpd.arrays import BoolArray, FloatArray
    from tte.data.events import Events
    from tte.evaluation.event_times import EventTimes


class LeftOut(NamedTuple):
    """Subjects that are in no evaluation of risk, and the sentence on why."""

    code: str
    reason: str
    ids: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class CohortExposure:
    """What is known of the exposure of a cohort's subjects.

    Parameters
    ----------
    ids : tuple of str
        The subjects.
    log_auc_cl, auc, cl : (n,) arrays
        ln(AUC/CL), area [mg·day/L] and clearance [L/day]; NaN where no parameters explain the levels, and of the first where there is no
        drug in the window.
    draws : tuple of (n_draws,) arrays
        Exposures ln(AUC/CL) of each subject that its risk is the mean over; NaN for a draw without drug in the window.
    a_priori : (n,) array
        ln(AUC/CL) of the random effects 0: from doses and covariates, before any level.
    markers : mapping of str to (n,) array
        Further markers, NaN where missing.
    """

    ids: tuple[str, ...]
    log_auc_cl: FloatArray
    auc: FloatArray
    cl: FloatArray
    draws: tuple[FloatArray, ...]
    a_priori: FloatArray
    markers: Mapping[str, FloatArray]

    def rows(self, index: Sequence[int]) -> CohortExposure:
        """Return some of the subjects, in an order."""
        at = np.array(index, dtype=np.int64)
        return CohortExposure(
            tuple(self.ids[i] for i in index),
            self.log_auc_cl[at],
            self.auc[at],
            self.cl[at],
            tuple(self.draws[i] for i in index),
            self.a_priori[at],
            {name: values[at] for name, values in self.markers.items()},
        )


@dataclass(frozen=True, slots=True)
class Followed:
    """Subjects whose exposure and event times are known.

    Parameters
    ----------
    times : EventTimes
        Of n subjects, ending at the horizon.
    last_day : (n,) array
        Until when each was seen, beyond the horizon too [day].
    exposure : CohortExposure
        Of the same subjects.
    columns : mapping of str to (n,) array
        Numeric columns of the event times' file at the start, NaN where missing.
    left_out : tuple of LeftOut
        All others of either file.
    notes : tuple of str
        What was assumed of event times.
    """

    times: EventTimes
    last_day: FloatArray
    exposure: CohortExposure
    columns: Mapping[str, FloatArray]
    left_out: tuple[LeftOut, ...]
    notes: tuple[str, ...]


def followed_subjects(exposure: CohortExposure, events: Events, *, horizon_day: float, landmark_day: float) -> Followed:
    """Return the subjects of both files, event times in the order of theirs.

    Parameters
    ----------
    exposure : CohortExposure
        Of the cohort's subjects.
    events : Events
        Event times; an event that is known by an interval is taken to lie in its middle.
    horizon_day, landmark_day : float
        Horizon, and landmark or 0 for none.

    Raises
    ------
    InputError
        Where subjects were not watched for some time.
    """
    certain, in_interval = at_middle(events)
    table = marker_table(certain, day=0.0)
    place = {name: i for i, name in enumerate(exposure.ids)}
    is_there = np.array([name in place for name in events.ids])
    at = np.array([place.get(name, -1) for name in events.ids], dtype=np.int64)
    is_explained = is_there & np.isfinite(exposure.cl[at])
    has_drug = is_explained & np.isfinite(exposure.log_auc_cl[at])
    is_late = table.times.entry_day >= horizon_day
    kept = has_drug & ~is_late
    index = np.flatnonzero(kept)
    whole, kept_ids = table.times.rows(kept), tuple(events.ids[i] for i in index.tolist())
    in_events = set(events.ids)

    def named(mask: BoolArray) -> tuple[str, ...]:
        return tuple(events.ids[int(i)] for i in np.flatnonzero(mask))

    left_out = (
        LeftOut(
            "no_event_times",
            "In the cohort, but without event times: in the predictions of levels, in no evaluation of risk.",
            tuple(name for name in exposure.ids if name not in in_events),
        ),
        LeftOut(
            "not_in_cohort", "With event times, but not in the cohort: no doses, so no exposure.", named(~is_there)
        ),
        LeftOut(
            "levels_unexplained", "No parameters explain the levels: no exposure.", named(is_there & ~is_explained)
        ),
        LeftOut(
            "no_drug_in_window",
            "No drug in the window of the exposure: the event model says a risk of 1 by its form, which is no prediction.",
            named(is_explained & ~has_drug),
        ),
        LeftOut(
            "late",
            f"Under observation from day {horizon_day:g} on only: nothing is known by then.",
            named(has_drug & is_late),
        ),
    )
    return Followed(
        until(whole, horizon_day),
        whole.time_day,
        exposure.rows(at[index].tolist()),
        {name: values[kept] for name, values in table.markers.items()},
        tuple(one for one in left_out if one.ids),
        (
            *_of_intervals(events, in_interval, (landmark_day, horizon_day)),
            *_of_landmark(whole, kept_ids, landmark_day),
        ),
    )


def _of_intervals(events: Events, in_interval: Sequence[str], days: tuple[float, float]) -> Iterator[str]:
    if not in_interval:
        return
    yield (
        f"{counted(len(in_interval), 'event')} {'is' if len(in_interval) == 1 else 'are'} known by an interval (TIME2) and taken to lie in its middle: {', '.join(in_interval)}."
    )
    for day in days:
        across = (events.stop < day) & (events.upper > day) & (events.upper > events.stop)
        if day > 0.0 and across.any():
            who = ", ".join(events.ids[int(i)] for i in events.subject[across])
            yield f"The interval reaches across day {day:g}, so that the side is a guess: {who}."


def _of_landmark(times: EventTimes, ids: Sequence[str], day: float) -> Iterator[str]:
    """Yield who is at risk after the landmark, and who is not and why."""
    if day <= 0.0:
        return
    later, kept = times.from_landmark(day)
    said = f"Landmark at day {day:g}: {counted(later.n, 'subject')} with {counted(later.n_events, 'event')}"
    for words, mask in (
        ("with the event by then", ~kept & times.event & (times.time_day <= day)),
        ("last seen by then without it", ~kept & ~times.event & (times.time_day <= day)),
        ("under observation later only", ~kept & (times.time_day > day)),
    ):
        if mask.any():
            said += f"; {int(mask.sum()):,} {words} ({', '.join(ids[int(i)] for i in np.flatnonzero(mask))})"
    yield f"{said}."

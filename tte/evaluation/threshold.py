"""One marker as a predictor of the event by a horizon: area, best threshold, and how rules based on it do."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from pkpd.errors import InputError
from tte.evaluation.event_times import EventTimes, Known
from tte.evaluation.kaplan_meier import LogRank, log_rank
from tte.evaluation.roc import Auroc, auroc, compare_auroc, direction_of, is_high_risk, roc_curve
from tte.evaluation.time_dependent_roc import TimeDependentAuc, cumulative_dynamic_auc
from tte.evaluation.two_by_two import Accuracy, Fisher, TwoByTwo, accuracy, fisher, two_by_two
from tte.evaluation.youden import DrawnThresholds, Youden, YoudenStatus, drawn_thresholds, youden

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from pkpd.arrays import BoolArray, FloatArray
    from tte.evaluation.roc import Direction, PairedAreas

_SHARE_OF_THRESHOLDS = 0.6


class MarkerStatus(Enum):
    """Whether a marker can be evaluated; the value is the sentence the user reads."""

    EVALUATED = "Subjects with and without the event were compared."
    NO_EVENT = "Nobody with a value of the marker has the event by the horizon."
    ALL_EVENTS = "Nobody with a value of the marker is known to be free of the event at the horizon."
    NOBODY = "Nobody has a value of the marker."


@dataclass(frozen=True, slots=True)
class Rule:
    """What a threshold does.

    Parameters
    ----------
    threshold : float
        Below it subjects are called high risk, or at it and above.
    table : TwoByTwo
        Counts at the horizon.
    accuracy : Accuracy
        Shares with exact intervals.
    fisher : Fisher
        Exact test of the table.
    log_rank : LogRank
        Test of the curves of both groups up to the horizon, those included who are censored before.
    """

    threshold: float
    table: TwoByTwo
    accuracy: Accuracy
    fisher: Fisher
    log_rank: LogRank


class MarkerCounts(NamedTuple):
    """Subjects of a marker.

    Attributes
    ----------
    n, n_events : int
        Those whose marker and outcome at the horizon are known, and events among them.
    n_unknown : int
        Those with a marker who are censored before the horizon.
    n_missing : int
        Those without a marker.
    n_late : int
        Those among ``n`` who came under observation later than others.
    """

    n: int
    n_events: int
    n_unknown: int
    n_missing: int
    n_late: int


@dataclass(frozen=True, slots=True)
class MarkerFinding:
    """A marker in one population.

    Parameters
    ----------
    marker : str
        Its name.
    status : MarkerStatus
        Whether it could be evaluated; where not, everything below the counts is None.
    counts : MarkerCounts
        Of whom.
    direction : "lower" or "higher" or None
        Which values mean the event.
    is_free : bool
        Whether the direction was chosen from the data.
    auroc : Auroc or None
        Area with DeLong's interval.
    youden : Youden or None
        Best threshold.
    drawn : DrawnThresholds or None
        Intervals and optimism from drawn subjects.
    best : Rule or None
        What the best threshold does; None also where no threshold is of use.
    given : tuple of Rule
        What given thresholds do.
    auc_at_horizon : TimeDependentAuc or None
        Area weighted for censoring; None also where late entries forbid it.
    """

    marker: str
    status: MarkerStatus
    counts: MarkerCounts
    direction: Direction | None = None
    is_free: bool = False
    auroc: Auroc | None = None
    youden: Youden | None = None
    drawn: DrawnThresholds | None = None
    best: Rule | None = None
    given: tuple[Rule, ...] = ()
    auc_at_horizon: TimeDependentAuc | None = None


def evaluate_marker(
    times: EventTimes,
    marker: FloatArray,
    *,
    name: str,
    horizon_day: float,
    direction: Direction | None = None,
    given: Sequence[float] = (),
    n_draws: int,
    seed: int,
    tell: Callable[[float], object] = lambda _: None,
) -> MarkerFinding:
    """Evaluate a marker.

    Parameters
    ----------
    times : EventTimes
        Of n subjects.
    marker : (n,) array
        NaN where missing; such subjects are left out and counted.
    name : str
        Of the marker.
    horizon_day : float
        Day until which events count.
    direction : "lower" or "higher", optional
        Which values mean the event; the one with the larger area where left out.
    given : sequence of float
        Thresholds that are evaluated besides the best one.
    n_draws, seed : int
        How often subjects are drawn, and from what.
    tell : callable
        Told the share that is done.
    """
    has_marker = np.isfinite(marker)
    own, values = times.rows(has_marker), marker[has_marker]
    known = own.known_at(horizon_day)
    decided = known != int(Known.UNKNOWN)
    is_case, x = known[decided] == int(Known.EVENT), values[decided]
    counts = MarkerCounts(
        n=x.size,
        n_events=int(is_case.sum()),
        n_unknown=int((~decided).sum()),
        n_missing=int((~has_marker).sum()),
        n_late=int((own.entry_day[decided] > own.entry_day.min()).sum()) if x.size else 0,
    )
    status = _status(own.n, counts)
    if status is not MarkerStatus.EVALUATED:
        return MarkerFinding(name, status, counts)
    side = direction or direction_of(x, is_case)
    best = youden(roc_curve(x, is_case, side))
    rules = [rule(own, values, threshold, side, horizon_day=horizon_day) for threshold in (best.threshold, *given)]
    drawn = drawn_thresholds(
        x,
        is_case,
        side,
        n_draws=n_draws,
        seed=seed,
        is_free=direction is None,
        tell=lambda share: tell(_SHARE_OF_THRESHOLDS * share),
    )

    def go_on(share: float) -> None:
        tell(_SHARE_OF_THRESHOLDS + (1.0 - _SHARE_OF_THRESHOLDS) * share)

    return MarkerFinding(
        name,
        status,
        counts,
        direction=side,
        is_free=direction is None,
        auroc=auroc(x, is_case, side),
        youden=best,
        drawn=drawn,
        best=rules[0] if best.status is YoudenStatus.FOUND else None,
        given=tuple(rules[1:]),
        auc_at_horizon=_auc_at(own, values, side, horizon_day, (n_draws, seed, go_on)),
    )


def rule(times: EventTimes, marker: FloatArray, threshold: float, direction: Direction, *, horizon_day: float) -> Rule:
    """Return what a threshold does; parameters as ``evaluate_marker``, the marker without NaN."""
    is_high = is_high_risk(marker, threshold, direction)
    known = times.known_at(horizon_day)
    decided = known != int(Known.UNKNOWN)
    table = two_by_two(is_high[decided], known[decided] == int(Known.EVENT))
    test = log_rank(until(times, horizon_day), (is_high, ~is_high))
    return Rule(threshold, table, accuracy(table), fisher(table), test)


def compare_markers(
    times: EventTimes,
    first: FloatArray,
    second: FloatArray,
    *,
    horizon_day: float,
    directions: tuple[Direction, Direction],
) -> tuple[PairedAreas, int] | None:
    """Return DeLong's test of two markers among those who have both and whose outcome is known, and how many; None without both outcomes."""
    known = times.known_at(horizon_day)
    kept = np.isfinite(first) & np.isfinite(second) & (known != int(Known.UNKNOWN))
    is_case: BoolArray = known[kept] == int(Known.EVENT)
    if is_case.all() or not is_case.any():
        return None
    return compare_auroc(first[kept], second[kept], is_case, directions=directions), int(kept.sum())


def until(times: EventTimes, horizon_day: float) -> EventTimes:
    """Return times that end at a horizon; later events are none, and subjects who enter later stay as they are."""
    inside = times.entry_day < horizon_day
    end = np.where(inside, np.minimum(times.time_day, horizon_day), times.time_day)
    return EventTimes(end, times.event & (times.time_day <= horizon_day), times.entry_day)


def _status(n_with_marker: int, counts: MarkerCounts) -> MarkerStatus:
    if not n_with_marker:
        return MarkerStatus.NOBODY
    if counts.n_events == 0:
        return MarkerStatus.NO_EVENT
    return MarkerStatus.ALL_EVENTS if counts.n_events == counts.n else MarkerStatus.EVALUATED


def _auc_at(
    times: EventTimes,
    marker: FloatArray,
    direction: Direction,
    horizon_day: float,
    draws: tuple[int, int, Callable[[float], object]],
) -> TimeDependentAuc | None:
    n_draws, seed, tell = draws
    days = np.array([horizon_day])
    try:
        return cumulative_dynamic_auc(times, marker, direction, days, n_draws=n_draws, seed=seed, tell=tell)
    except InputError:  # late entries, which the finding counts
        return None

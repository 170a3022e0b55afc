"""A predicted risk against what became of its subjects: discrimination, calibration, overall error, net benefit, residuals.

Nothing is fitted. Each part is the work of the module of its name; here they are brought together, and what cannot be computed becomes the
sentence that says why.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, TypeVar

import numpy as np

from pkpd.errors import InputError
from tte.evaluation.brier import Brier, brier_at
from tte.evaluation.calibration import (
    CalibrationGroup,
    CalibrationSlope,
    ObservedOverExpected,
    calibration_groups,
    calibration_slope,
    observed_over_expected,
)
from tte.evaluation.calibration_curve import CalibrationCurve, calibration_curve
from tte.evaluation.concordance import Concordance, harrell_c, uno_c
from tte.evaluation.decision_curve import DecisionCurve, decision_curve
from tte.evaluation.event_times import Known
from tte.evaluation.residuals import (
    CoxSnellCheck,
    Schoenfeld,
    TimeTrend,
    cox_snell_check,
    cox_snell_of_intervals,
    schoenfeld,
    time_trend,
)
from tte.evaluation.threshold import MarkerFinding, evaluate_marker
from tte.evaluation.time_dependent_roc import TimeDependentAuc, cumulative_dynamic_auc

if TYPE_CHECKING:
    from collections.abc import Callable

    from pkpd.arrays import BoolArray, FloatArray
    from tte.evaluation.event_times import EventTimes

_Found = TypeVar("_Found")

FEWEST_EVENTS = 2
"""With fewer events, or fewer subjects free of it, drawn subjects say nothing of an area or an error: there are no such intervals."""
_EVENTS_OF_A_GROUP, _MOST_GROUPS = 5, 4
_THRESHOLDS = np.arange(1, 51) / 100.0
_NO_DAY = "Not computed: some events are known by an interval, and this needs the day of each."
# How long each part takes, of all.
_PARTS = (0.10, 0.05, 0.05, 0.15, 0.20, 0.05, 0.40)


@dataclass(frozen=True, slots=True)
class PredictedRisk:
    """What a model predicts of n subjects.

    Parameters
    ----------
    risk : (n,) array
        Probability of the event by the horizon, for somebody free of it when the population's observation begins.
    hazard_at_entry, hazard_at_time : (n,) arrays
        Cumulative hazard on each subject's day of entry and on its last day, that by the horizon at most.
    hazard_when_free : (n,) array
        Cumulative hazard on the last day on which each subject is known free of the event: that of its last day, but for an event that is
        known by an interval.
    log_hazard : (n,) array
        Logarithm of the cumulative hazard by the horizon, which orders subjects as the hazard ratio does.
    covariates : (n, n_covariates) array
        What proportional hazards depend on; no column where the hazards are not proportional.
    coefficients : (n_covariates,) array
        Of the logarithm of the hazard.
    names : tuple of str
        Of the covariates.
    """

    risk: FloatArray
    hazard_at_entry: FloatArray
    hazard_at_time: FloatArray
    hazard_when_free: FloatArray
    log_hazard: FloatArray
    covariates: FloatArray
    coefficients: FloatArray
    names: tuple[str, ...]

    @property
    def expected(self) -> FloatArray:
        """Return the events that are expected of each subject while it is under observation."""
        return self.hazard_at_time - self.hazard_at_entry

    @property
    def expected_when_free(self) -> FloatArray:
        """Return the events that are expected of each subject while it is known to be free of it."""
        return self.hazard_when_free - self.hazard_at_entry

    @property
    def is_interval(self) -> BoolArray:
        """Return whose event is known by an interval."""
        return self.hazard_when_free < self.hazard_at_time

    def rows(self, kept: BoolArray) -> PredictedRisk:
        """Return some of the subjects."""
        return replace(
            self,
            risk=self.risk[kept],
            hazard_at_entry=self.hazard_at_entry[kept],
            hazard_at_time=self.hazard_at_time[kept],
            hazard_when_free=self.hazard_when_free[kept],
            log_hazard=self.log_hazard[kept],
            covariates=self.covariates[kept],
        )


@dataclass(frozen=True, slots=True)
class RiskEvaluation:
    """How a predicted risk does in one population; a text is the sentence on why there is nothing.

    Parameters
    ----------
    horizon_day : float
        Horizon.
    n, n_events : int
        Subjects, and events by the horizon.
    has_intervals : bool
        Whether some of these events are known by an interval.
    marker : MarkerFinding
        The risk as a marker: area with DeLong's and drawn intervals, area weighted for censoring.
    harrell, uno : Concordance or str
        Concordance up to the horizon.
    over_time : TimeDependentAuc or str
        Area on the days of events, or at the horizon alone where some are known by an interval.
    in_the_large : ObservedOverExpected or str
        Events over those expected.
    slope : CalibrationSlope or str
        Intercept and slope.
    groups : tuple of CalibrationGroup or str
        Subjects of similar predictions.
    curve : CalibrationCurve or str
        Smooth calibration curve.
    brier : Brier or str
        Brier score.
    decision : DecisionCurve or str
        Net benefit.
    cox_snell : CoxSnellCheck or str
        Cox–Snell residuals.
    schoenfeld : Schoenfeld or str
        Schoenfeld residuals of the covariates.
    trend : TimeTrend or str
        Test of these for a trend in time, by rank.
    """

    horizon_day: float
    n: int
    n_events: int
    has_intervals: bool
    marker: MarkerFinding
    harrell: Concordance | str
    uno: Concordance | str
    over_time: TimeDependentAuc | str
    in_the_large: ObservedOverExpected | str
    slope: CalibrationSlope | str
    groups: tuple[CalibrationGroup, ...] | str
    curve: CalibrationCurve | str
    brier: Brier | str
    decision: DecisionCurve | str
    cox_snell: CoxSnellCheck | str
    schoenfeld: Schoenfeld | str
    trend: TimeTrend | str


def evaluate_risk(
    times: EventTimes,
    predicted: PredictedRisk,
    *,
    horizon_day: float,
    n_draws: int,
    seed: int,
    tell: Callable[[float], object] = lambda _: None,
) -> RiskEvaluation:
    """Evaluate predicted risks.

    Parameters
    ----------
    times : EventTimes
        Of n subjects, at least one, ending at the horizon (``threshold.until``). An event that is known by an interval happens at its end, the
        horizon lying inside nobody's (``found_events``).
    predicted : PredictedRisk
        Of the same subjects.
    horizon_day : float
        Horizon.
    n_draws, seed : int
        How often subjects are drawn for intervals, and from what.
    tell : callable
        Told the share that is done.
    """
    risk, at = predicted.risk, horizon_day
    ordered = n_draws if min(times.n_events, times.n - times.n_events) >= FEWEST_EVENTS else 0
    n_free = int((times.known_at(horizon_day) == int(Known.FREE)).sum())
    draws = ordered if n_free >= FEWEST_EVENTS else 0
    tells = _told(tell)
    expected, free = predicted.expected, predicted.expected_when_free
    has_intervals = bool(predicted.is_interval.any())
    # Between the ends of intervals it is not known who has had the event.
    days = np.union1d(() if has_intervals else times.time_day[times.event], [horizon_day])
    residuals = _or_said(lambda: _schoenfeld(times, predicted))
    return RiskEvaluation(
        horizon_day=horizon_day,
        n=times.n,
        n_events=times.n_events,
        has_intervals=has_intervals,
        marker=evaluate_marker(
            times, risk, name="risk", horizon_day=at, direction="higher", n_draws=draws, seed=seed, tell=tells[0]
        ),
        harrell=_or_said(lambda: harrell_c(times, risk, "higher", n_draws=ordered, seed=seed, tell=tells[1])),
        uno=_or_said(lambda: uno_c(times, risk, "higher", horizon_day=at, n_draws=draws, seed=seed, tell=tells[2])),
        over_time=_or_said(
            lambda: cumulative_dynamic_auc(times, risk, "higher", days, n_draws=draws, seed=seed, tell=tells[3])
        ),
        in_the_large=_or_said(lambda: observed_over_expected(times.event, expected, free)),
        slope=_or_said(lambda: calibration_slope(times.event, expected, predicted.log_hazard, free)),
        groups=_or_said(lambda: calibration_groups(times, risk, horizon_day=at, n_groups=n_groups(times.n_events))),
        curve=_NO_DAY
        if has_intervals
        else _or_said(lambda: calibration_curve(times, risk, horizon_day=at, n_draws=draws, seed=seed, tell=tells[4])),
        brier=_or_said(lambda: brier_at(times, risk, at, n_draws=draws, seed=seed, tell=tells[5])),
        decision=_or_said(
            lambda: decision_curve(times, risk, _THRESHOLDS, horizon_day=at, n_draws=draws, seed=seed, tell=tells[6])
        ),
        cox_snell=_or_said(lambda: _cox_snell(times, predicted)),
        schoenfeld=residuals,
        trend=residuals if isinstance(residuals, str) else _or_said(lambda: time_trend(residuals, "rank", times)),
    )


def n_groups(n_events: int) -> int:
    """Return how many groups of similar predictions so many events allow: one for every five events, two to four."""
    return min(_MOST_GROUPS, max(2, n_events // _EVENTS_OF_A_GROUP))


def _schoenfeld(times: EventTimes, predicted: PredictedRisk) -> Schoenfeld | str:
    if predicted.is_interval.any():
        return _NO_DAY
    if not predicted.names:
        return "The model's hazards are not proportional, so that there are no Schoenfeld residuals."
    if not times.n_events:
        return "There is no event, and so no Schoenfeld residual."
    return schoenfeld(times, predicted.covariates, predicted.coefficients)


def _cox_snell(times: EventTimes, predicted: PredictedRisk) -> CoxSnellCheck | str:
    if not times.n_events:
        return "There is no event, so that the hazard of the Cox–Snell residuals has no estimate."
    if predicted.is_interval.any():
        return cox_snell_of_intervals(times.event, predicted.expected, predicted.expected_when_free)
    return cox_snell_check(times.event, predicted.hazard_at_time, predicted.hazard_at_entry)


def _or_said(compute: Callable[[], _Found]) -> _Found | str:
    try:
        return compute()
    except InputError as error:
        return f"Not computed: {'; '.join(map(str, error.problems))}."


def _told(tell: Callable[[float], object]) -> list[Callable[[float], object]]:
    """Return what each part tells of its own share."""

    def of(before: float, own: float) -> Callable[[float], object]:
        return lambda share: tell(before + own * share)

    return [of(sum(_PARTS[:k]), own) for k, own in enumerate(_PARTS)]

"""Whether predicted risks come true: observed over expected events, slope, groups, and a smooth curve.

Crowson CS, Atkinson EJ, Therneau TM. Stat Methods Med Res 2016;25:1692-1706, doi:10.1177/0962280213497434 (events over expected ones,
intercept and slope by Poisson regression, exact for a hazard that is predicted up to a constant factor). Austin PC, Harrell FE,
van Klaveren D. Stat Med 2020;39:2714-2742, doi:10.1002/sim.8570 (smooth curve by regression of the hazard on the predicted risk).
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from scipy.stats import chi2, norm

from pkpd.diagnostics.prediction_errors import Measured
from pkpd.errors import input_error
from tte.evaluation.event_times import check_horizon
from tte.evaluation.kaplan_meier import risk_by

if TYPE_CHECKING:
    from pkpd.arrays import BoolArray, FloatArray
    from tte.evaluation.event_times import EventTimes

_NORMAL = float(norm.ppf(0.975))
_CLOSE = 1e-10
_ILL_CONDITIONED, _MOST_STEPS = 1e14, 1000


class SlopeStatus(Enum):
    """Whether there is a slope; the value is the sentence the user reads."""

    FOUND = "Intercept and slope are at the maximum of the likelihood."
    NO_EVENTS = "There is no event, so that neither intercept nor slope has a finite estimate."
    CONSTANT = "All predictions are the same, so that there is no slope; the intercept is the logarithm of observed over expected."
    INDETERMINATE = "One prediction lies so far from all others that the others do not tell the slope."
    UNBOUNDED = "The likelihood rises without end: the events are those of the most extreme predictions, and there is no finite slope."


class ObservedOverExpected(NamedTuple):
    """Events beside those expected.

    Attributes
    ----------
    observed : int
        Events.
    expected : float
        Sum of the predicted cumulative hazards over each subject's own time under observation; events over ratio where some are known by
        an interval.
    ratio : Measured
        With the exact 95 % interval of a Poisson count, or Wald's where events are known by an interval.
    """

    observed: int
    expected: float
    ratio: Measured


class CalibrationSlope(NamedTuple):
    """Recalibration of a predicted hazard h to h·exp(a + (b − 1)(lp − mean lp)).

    Attributes
    ----------
    intercept, slope : Measured
        a, which is 0, and b, which is 1, for a calibrated model; with Wald's 95 % intervals. NaN where there are none.
    p : float
        Of both being 0 and 1, by the likelihood ratio with two degrees of freedom; NaN likewise.
    status : SlopeStatus
        Whether there are estimates.
    """

    intercept: Measured
    slope: Measured
    p: float
    status: SlopeStatus

    @property
    def intercept_se(self) -> float:
        """Return the standard error of the intercept; NaN where there is none."""
        return _standard_error(self.intercept)

    @property
    def slope_se(self) -> float:
        """Return the standard error of the slope; NaN where there is none."""
        return _standard_error(self.slope)


class CalibrationGroup(NamedTuple):
    """Subjects of similar predicted risks: how many, their events by the horizon, mean prediction, and what was seen (Kaplan–Meier)."""

    n: int
    n_events: int
    low_risk: float
    high_risk: float
    expected: float
    observed: Measured


def observed_over_expected(
    event: BoolArray, cumulative_hazard: FloatArray, known_free: FloatArray | None = None
) -> ObservedOverExpected:
    """Return the events beside those expected (calibration-in-the-large), delayed entry and censoring included.

    Where events are known by an interval, the ratio is the factor of the predicted hazard at which these data are most likely, with Wald's
    interval on its logarithm; of events that are known by their day that factor is the events over those expected.

    Parameters
    ----------
    event : (n,) array
        Whether each subject had the event.
    cumulative_hazard : (n,) array
        Predicted, from each subject's entry to its last day: H(time) − H(entry); to the end of the interval that an event lies in.
    known_free : (n,) array, optional
        The same up to the last day on which each subject is known free of the event: less than ``cumulative_hazard`` for an event that is
        known by an interval.

    Raises
    ------
    InputError
        Where nothing is expected, or less than nothing of somebody.
    """
    _check_hazard(cumulative_hazard)
    observed, expected = int(event.sum()), float(cumulative_hazard.sum())
    seen = _Seen.of(event, cumulative_hazard, known_free)
    if seen.is_interval.any():
        return _most_likely_ratio(seen, observed)
    low = 0.5 * float(chi2.ppf(0.025, 2 * observed)) if observed else 0.0
    high = 0.5 * float(chi2.ppf(0.975, 2 * observed + 2))
    return ObservedOverExpected(observed, expected, Measured(observed / expected, low / expected, high / expected))


def calibration_slope(
    event: BoolArray,
    cumulative_hazard: FloatArray,
    linear_predictor: FloatArray,
    known_free: FloatArray | None = None,
) -> CalibrationSlope:
    """Return intercept and slope of a proportional-hazards model by maximum likelihood, its baseline being as predicted.

    Parameters
    ----------
    event, cumulative_hazard, known_free
        As ``observed_over_expected``; so are the errors.
    linear_predictor : (n,) array
        Logarithm of the predicted hazard ratio.
    """
    _check_hazard(cumulative_hazard)
    none = Measured(np.nan, np.nan, np.nan)
    if not event.any():
        return CalibrationSlope(none, none, np.nan, SlopeStatus.NO_EVENTS)
    centred = linear_predictor - linear_predictor.mean()
    is_constant = np.ptp(linear_predictor) == 0.0
    at_risk, of_events = linear_predictor[cumulative_hazard > 0.0], linear_predictor[event]
    if not is_constant and of_events.min() == of_events.max() and of_events[0] in {at_risk.min(), at_risk.max()}:
        return CalibrationSlope(none, none, np.nan, SlopeStatus.UNBOUNDED)
    design = np.column_stack([np.ones(event.size), *([] if is_constant else [centred])])
    seen = _Seen.of(event, cumulative_hazard, known_free)
    found = _maximum(design, seen)
    if found is None:
        return CalibrationSlope(none, none, np.nan, SlopeStatus.INDETERMINATE)
    estimate, covariance = found
    se = np.sqrt(np.diag(covariance))
    intercept = _wald(float(estimate[0]), float(se[0]))
    if is_constant:
        return CalibrationSlope(intercept, none, np.nan, SlopeStatus.CONSTANT)
    gain = 2.0 * (seen.log_likelihood(design @ estimate) - seen.log_likelihood(np.zeros(event.size)))
    slope = _wald(1.0 + float(estimate[1]), float(se[1]))
    return CalibrationSlope(intercept, slope, float(chi2.sf(max(gain, 0.0), 2)), SlopeStatus.FOUND)


def calibration_groups(
    times: EventTimes, risk: FloatArray, *, horizon_day: float, n_groups: int
) -> tuple[CalibrationGroup, ...]:
    """Return what was seen in groups of equal size by predicted risk; equal risks are never parted, so that there may be fewer groups.

    Parameters
    ----------
    times : EventTimes
        Of n subjects.
    risk : (n,) array
        Predicted probability of the event by the horizon.
    horizon_day : float
        Horizon.
    n_groups : int
        Groups wanted, at least one.

    Raises
    ------
    InputError
        Where nobody is observed until the horizon.
    """
    check_horizon(times, horizon_day)
    cuts = np.unique(np.quantile(risk, np.linspace(0.0, 1.0, n_groups + 1)[1:-1]))
    group = np.searchsorted(cuts, risk, side="left")
    return tuple(_group(times.rows(group == g), risk[group == g], horizon_day) for g in np.unique(group).tolist())


def _group(times: EventTimes, risk: FloatArray, horizon_day: float) -> CalibrationGroup:
    n_events = int((times.event & (times.time_day <= horizon_day)).sum())
    ends = float(risk.min()), float(risk.max())
    return CalibrationGroup(times.n, n_events, *ends, float(risk.mean()), risk_by(times, horizon_day))


@dataclass(frozen=True, slots=True)
class _Seen:
    """What was seen of n subjects, whose predicted hazard is multiplied by exp(shift).

    Parameters
    ----------
    event, is_interval : (n,) arrays
        Who had the event, and of whom it is known by an interval.
    before, within : (n,) arrays
        Predicted hazard while known free of the event (up to the event on its day), and inside the interval, 0 without one.
    """

    event: BoolArray
    is_interval: BoolArray
    before: FloatArray
    within: FloatArray

    @classmethod
    def of(cls, event: BoolArray, cumulative_hazard: FloatArray, known_free: FloatArray | None) -> _Seen:
        """Return what arguments of ``observed_over_expected`` say."""
        before = cumulative_hazard if known_free is None else known_free
        within = cumulative_hazard - before
        return cls(event, event & (within > 0.0), before, within)

    def log_likelihood(self, shift: FloatArray) -> float:
        """Return the log-likelihood, that of the predicted hazard rate on the days of events left out."""
        with np.errstate(over="ignore"):
            factor = np.exp(shift)
            inside = np.log(-np.expm1(-self.within[self.is_interval] * factor[self.is_interval]))
            return float(shift[self.event & ~self.is_interval].sum() + inside.sum() - (self.before * factor).sum())

    def derivatives(self, shift: FloatArray) -> tuple[FloatArray, FloatArray]:
        """Return the first derivative of each subject's part by its shift, and minus the second, which is never negative."""
        factor = np.exp(shift)
        mean = self.before * factor
        width = np.where(self.is_interval, self.within * factor, 1.0)
        share = np.where(self.is_interval, width / np.expm1(width), self.event)
        bend = np.where(self.is_interval, share * (width + share - 1.0), 0.0)
        return share - mean, mean + bend


def _most_likely_ratio(seen: _Seen, observed: int) -> ObservedOverExpected:
    found = _maximum(np.ones((seen.event.size, 1)), seen)
    if found is None:
        raise input_error("events", "are known by intervals that do not tell how many were to be expected")
    middle = _wald(float(found[0][0]), float(np.sqrt(found[1][0, 0])))
    ratio = Measured(*(float(np.exp(one)) for one in middle))
    return ObservedOverExpected(observed, observed / ratio.value, ratio)


def _maximum(design: FloatArray, seen: _Seen) -> tuple[FloatArray, FloatArray] | None:
    """Return the coefficients of greatest likelihood by Newton's method, and their covariance; None where numbers do not tell them."""
    b = np.zeros(design.shape[1])
    b[0] = np.log(seen.event.sum() / (seen.before + seen.within).sum())
    for _ in range(_MOST_STEPS):
        with np.errstate(over="ignore", invalid="ignore"):
            slope, weight = seen.derivatives(design @ b)
            information = (design * weight[:, None]).T @ design
        # A predictor that one patient alone has far from all others leaves a slope without information.
        if not np.isfinite(information).all() or np.linalg.cond(information) > _ILL_CONDITIONED:
            return None
        score = design.T @ slope
        step = np.asarray(np.linalg.solve(information, score), dtype=np.float64)
        if float(step @ score) < _CLOSE:
            return b, np.asarray(np.linalg.inv(information), dtype=np.float64)
        # The function is concave: steps this short in Xb never leave where Newton's method converges.
        b = b + step * min(1.0, 2.0 / max(float(np.abs(design @ step).max()), 2.0))
    return None


def _standard_error(one: Measured) -> float:
    """Return the standard error that a Wald interval was made of."""
    return 0.5 * (one.high - one.low) / _NORMAL


def _wald(value: float, se: float) -> Measured:
    return Measured(value, value - _NORMAL * se, value + _NORMAL * se)


def _check_hazard(cumulative_hazard: FloatArray) -> None:
    if not (np.isfinite(cumulative_hazard).all() and (cumulative_hazard >= 0.0).all() and cumulative_hazard.any()):
        wrong = cumulative_hazard[~(np.isfinite(cumulative_hazard) & (cumulative_hazard >= 0.0))]
        found = f"is {wrong[0]:g} for somebody" if wrong.size else "is zero for everybody"
        raise input_error("cumulative hazard", f"{found}; expected finite numbers from 0 on, not all zero")

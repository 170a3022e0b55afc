"""Residuals of an event model: Cox–Snell, martingale, deviance, and Schoenfeld's with a test for a trend in time.

Cox DR, Snell EJ. J R Stat Soc B 1968;30:248-275. Therneau TM, Grambsch PM, Fleming TR. Biometrika 1990;77:147-160,
doi:10.1093/biomet/77.1.147. Schoenfeld D. Biometrika 1982;69:239-241, doi:10.1093/biomet/69.1.239. Grambsch PM, Therneau TM. Biometrika
1994;81:515-526, doi:10.1093/biomet/81.3.515.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, NamedTuple

import numpy as np
from scipy.special import xlogy
from scipy.stats import chi2, norm, rankdata

from pkpd.errors import input_error
from tte.evaluation.event_times import EventTimes
from tte.evaluation.kaplan_meier import kaplan_meier, risk_table
from tte.evaluation.risk_sets import sums_at_risk
from tte.evaluation.turnbull import turnbull

if TYPE_CHECKING:
    from pkpd.arrays import BoolArray, FloatArray

Clock = Literal["rank", "day", "log_day", "kaplan_meier"]
"""Scale of time on which a trend is looked for."""
_NORMAL = float(norm.ppf(0.975))


@dataclass(frozen=True, slots=True)
class CoxSnellCheck:
    """Cox–Snell residuals as times, which have a hazard of 1 under a true model.

    Parameters
    ----------
    residual : (k,) array
        Residuals with an event, ascending.
    cumulative_hazard, low, high : (k,) arrays
        Nelson–Aalen estimate at each with its 95 % interval (log scale); the residual itself is expected. Where events are known by an
        interval, −ln of Turnbull's survival beyond each, without an interval (NaN).
    """

    residual: FloatArray
    cumulative_hazard: FloatArray
    low: FloatArray
    high: FloatArray


class TimeTrend(NamedTuple):
    """Test for hazard ratios that change with time.

    Attributes
    ----------
    statistic, p : (n_covariates,) arrays
        Of each covariate alone, chi-squared with one degree of freedom.
    overall, overall_p : float
        Of all together.
    """

    statistic: FloatArray
    p: FloatArray
    overall: float
    overall_p: float


@dataclass(frozen=True, slots=True)
class Schoenfeld:
    """Schoenfeld residuals.

    Parameters
    ----------
    day : (n_events,) array
        Days of the events, ascending.
    residual : (n_events, n_covariates) array
        Covariates of the subject with the event minus their mean among those at risk, weighted by hazard.
    variance : (n_events, n_covariates, n_covariates) array
        Their covariance among those at risk.
    """

    day: FloatArray
    residual: FloatArray
    variance: FloatArray


def cox_snell_check(event: BoolArray, hazard_at_time: FloatArray, hazard_at_entry: FloatArray) -> CoxSnellCheck:
    """Compare Cox–Snell residuals with the unit exponential distribution.

    Parameters
    ----------
    event : (n,) array
        Whether each subject had the event.
    hazard_at_time, hazard_at_entry : (n,) arrays
        Predicted cumulative hazard on the last day, and on the day of entry (0 without delayed entry), from which on the residual
        counts.

    Raises
    ------
    InputError
        Where a hazard does not rise while its subject is under observation.
    """
    wrong = np.flatnonzero(~(hazard_at_time > hazard_at_entry))
    if wrong.size:
        i = int(wrong[0])
        message = f"is {hazard_at_time[i]:g} at the end and {hazard_at_entry[i]:g} at entry; expected one that rises"
        raise input_error(f"cumulative hazard of subject {i + 1}", message)
    times = EventTimes(hazard_at_time, event, hazard_at_entry)
    days, at_risk, events = risk_table(times, np.ones(times.n))
    hazard = np.cumsum(events / at_risk)
    spread = np.exp(_NORMAL * np.sqrt(np.cumsum(events / at_risk**2)) / hazard)
    return CoxSnellCheck(days, hazard, hazard / spread, hazard * spread)


def cox_snell_of_intervals(event: BoolArray, cumulative_hazard: FloatArray, known_free: FloatArray) -> CoxSnellCheck:
    """Compare Cox–Snell residuals with the unit exponential distribution where events, and so their residuals, are known by an interval.

    What is left of a unit exponential residual after entry is one again, so that every subject counts from its own entry.

    Parameters
    ----------
    event : (n,) array
        Whether each subject had the event.
    cumulative_hazard, known_free : (n,) arrays
        Predicted between each subject's entry and its last day, the end of the interval that an event lies in, and up to the last day on
        which it is known to be free of the event.

    Raises
    ------
    InputError
        Where nobody is left free of the event beyond any interval.

    References
    ----------
    Farrington CP. Biometrics 2000;56:473-482, doi:10.1111/j.0006-341X.2000.00473.x.
    """
    found = turnbull(known_free, np.where(event, cumulative_hazard, np.inf))
    residual = found.steps()
    with np.errstate(divide="ignore"):
        hazard = -np.log(found.found_by(residual))
    is_known = np.isfinite(hazard)
    if not is_known.any():
        raise input_error(
            "events",
            "lie in intervals beyond which nobody is free of it; the residuals have no hazard that could be shown",
        )
    none = np.full(int(is_known.sum()), np.nan)
    return CoxSnellCheck(residual[is_known], hazard[is_known], none, none)


def martingale(event: BoolArray, cumulative_hazard: FloatArray) -> FloatArray:
    """Return events minus those expected, (n,), the cumulative hazard being that between entry and last day."""
    return event - cumulative_hazard


def deviance(event: BoolArray, cumulative_hazard: FloatArray) -> FloatArray:
    """Return the deviance residuals, (n,): martingale ones made more symmetric."""
    m = martingale(event, cumulative_hazard)
    d = event.astype(np.float64)
    return np.sign(m) * np.sqrt(np.maximum(-2.0 * (m + xlogy(d, d - m)), 0.0))


def schoenfeld(times: EventTimes, covariates: FloatArray, coefficients: FloatArray) -> Schoenfeld:
    """Return Schoenfeld residuals of a proportional-hazards model; the baseline hazard cancels in them, whatever its form.

    Parameters
    ----------
    times : EventTimes
        Of n subjects.
    covariates : (n, n_covariates) array
        Constant in time.
    coefficients : (n_covariates,) array
        Of the logarithm of the hazard.
    """
    predictor = covariates @ coefficients
    hazard = np.exp(predictor - predictor.max())
    x = covariates - covariates.mean(axis=0)
    n, p = x.shape
    products = (x[:, :, None] * x[:, None, :]).reshape(n, p * p)
    columns = hazard[:, None] * np.column_stack([np.ones(n), x, products])
    order = np.flatnonzero(times.event)[np.argsort(times.time_day[times.event], kind="stable")]
    day = times.time_day[order]
    sums = sums_at_risk(times, columns, day)
    mean = sums[:, 1 : p + 1] / sums[:, :1]
    second = (sums[:, p + 1 :] / sums[:, :1]).reshape(-1, p, p)
    return Schoenfeld(day, x[order] - mean, second - mean[:, :, None] * mean[:, None, :])


def time_trend(found: Schoenfeld, clock: Clock, times: EventTimes) -> TimeTrend:
    """Return the score test of coefficients β + θ·g(t), θ being 0, for each covariate and for all.

    Where the coefficients come from a parametric model, the residuals do not add up to zero; the score is the one after a step to
    the coefficients at which they would.

    Parameters
    ----------
    found : Schoenfeld
        Residuals.
    clock : Clock
        g: rank of the day, the day, its logarithm, or 1 − Kaplan–Meier.
    times : EventTimes
        Of the subjects, for the last of these.

    Raises
    ------
    InputError
        With fewer than two days of events, or a covariate that does not vary among those at risk.
    """
    if np.unique(found.day).size < 2:
        n = np.unique(found.day).size
        raise input_error("events", f"lie on {n} days; expected at least two for a trend in time")
    g = _clock(found.day, clock, times)
    g = (g - g.mean()) / g.std()
    levels, slopes, squares = (_weighted(found.variance, w) for w in (np.ones(g.size), g, g**2))
    if np.linalg.cond(levels) > 1.0 / np.finfo(float).eps:
        raise input_error(
            "covariates", "have no variance of their own among those at risk; expected covariates that differ"
        )
    carry: FloatArray = np.asarray(np.linalg.solve(levels, slopes), dtype=np.float64).T
    score = g @ found.residual - carry @ found.residual.sum(axis=0)
    information = squares - carry @ slopes
    alone = [_score_test(found, g, k) for k in range(score.size)]
    solved = np.asarray(np.linalg.solve(information, score), dtype=np.float64)
    overall = float(score @ solved)
    statistic = np.array(alone)
    p = np.asarray(chi2.sf(statistic, 1), dtype=np.float64)
    return TimeTrend(statistic, p, overall, float(chi2.sf(overall, score.size)))


def _score_test(found: Schoenfeld, g: FloatArray, k: int) -> float:
    """Return the statistic of one covariate's trend, all coefficients being free."""
    levels = found.variance.sum(axis=0)
    slope = _weighted(found.variance[:, k], g)
    carry = np.asarray(np.linalg.solve(levels, slope), dtype=np.float64)
    total: FloatArray = found.residual.sum(axis=0)
    score = float(g @ found.residual[:, k]) - float(carry @ total)
    return score**2 / (float(g**2 @ found.variance[:, k, k]) - float(carry @ slope))


def _weighted(parts: FloatArray, weight: FloatArray) -> FloatArray:
    """Return the sum of parts, (n, …), each times its weight."""
    return np.tensordot(weight, parts, axes=1)


def _clock(day: FloatArray, clock: Clock, times: EventTimes) -> FloatArray:
    if clock == "rank":
        return rankdata(day)
    if clock == "kaplan_meier":
        curve = kaplan_meier(times)
        return 1.0 - np.concatenate(([1.0], curve.survival))[np.searchsorted(curve.time_day, day, side="left")]
    return np.log(day) if clock == "log_day" else day

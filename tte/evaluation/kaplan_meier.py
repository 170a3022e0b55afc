"""Kaplan–Meier curves of groups with delayed entry, numbers at risk, and the log-rank test.

Kaplan EL, Meier P. J Am Stat Assoc 1958;53:457-481, doi:10.1080/01621459.1958.10501452. Variances are Greenwood's, intervals are on the
log(−log S) scale. The log-rank test is that of Mantel N. Cancer Chemother Rep 1966;50:163-170, risk sets with delayed entry.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from scipy.stats import chi2, norm

from pkpd.diagnostics.calibration import binomial
from pkpd.diagnostics.prediction_errors import Measured
from tte.evaluation.risk_sets import sums_at_risk, sums_from

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pkpd.arrays import BoolArray, FloatArray, IntArray
    from tte.evaluation.event_times import EventTimes

_NORMAL = float(norm.ppf(0.975))


@dataclass(frozen=True, slots=True)
class KaplanMeier:
    """The curve of one group; it steps on the days of events.

    Parameters
    ----------
    time_day : (k,) array
        Days of events, ascending.
    at_risk, events : (k,) arrays
        Subjects at risk on each of these days, and events on it (sums of weights where there are any).
    survival : (k,) array
        From each of these days to the next.
    low, high : (k,) arrays
        Its 95 % interval, NaN where survival is 0, since the scale has none there.
    """

    time_day: FloatArray
    at_risk: FloatArray
    events: FloatArray
    survival: FloatArray
    low: FloatArray
    high: FloatArray

    def at(self, days: FloatArray | float) -> FloatArray:
        """Return survival beyond each of some days, any shape."""
        return stepped(self.time_day, self.survival, days)


class LogRank(NamedTuple):
    """Log-rank test.

    Attributes
    ----------
    observed, expected : tuple of float
        Events of each group, and those expected if all had one hazard.
    statistic, p : float
        Chi-squared with one degree of freedom less than groups; NaN where no event tells groups apart.
    """

    observed: tuple[float, ...]
    expected: tuple[float, ...]
    statistic: float
    p: float


def kaplan_meier(times: EventTimes, weights: FloatArray | None = None) -> KaplanMeier:
    """Return the product-limit curve.

    Parameters
    ----------
    times : EventTimes
        Of at least one subject.
    weights : (n,) array, optional
        How often each subject counts; 1 where left out.
    """
    w = np.ones(times.n) if weights is None else weights
    days, at_risk, events = risk_table(times, w)
    kept = events > 0.0
    days, at_risk, events = days[kept], at_risk[kept], events[kept]
    survival = np.cumprod(1.0 - events / at_risk, dtype=np.float64)
    low, high = _band(survival, at_risk, events)
    return KaplanMeier(days, at_risk, events, survival, low, high)


def risk_by(times: EventTimes, day: float) -> Measured:
    """Return the risk of the event by a day with its 95 % interval.

    Without an event until then the interval is the exact binomial one of nobody among those still at risk, which is wide rather than
    nothing; where all have had the event it has no ends (NaN).
    """
    curve = kaplan_meier(times)
    if not (curve.time_day <= day).any():
        return binomial(0, int(((times.time_day >= day) & (times.entry_day < day)).sum()))
    risk, low, high = (
        1.0 - float(stepped(curve.time_day, part, day)) for part in (curve.survival, curve.high, curve.low)
    )
    return Measured(risk, low, high)


def risk_table(times: EventTimes, weights: FloatArray) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Return the days of events, ascending, with the weight at risk (entry < day ≤ time) and of the events on each."""
    days, which = np.unique(times.time_day[times.event], return_inverse=True)
    events = np.bincount(which, weights=weights[times.event], minlength=days.size).astype(np.float64)
    at_risk = sums_at_risk(times, weights[:, None], days)[:, 0]
    return days, at_risk, events


def censoring_survival(times: EventTimes, weights: FloatArray | None = None) -> tuple[FloatArray, FloatArray]:
    """Return days of censoring, ascending, and the probability of being uncensored beyond each.

    Events come before censorings of the same day, so that a subject with the event is not at risk of being censored on that day. Only
    then do subjects weighted by the inverse of this curve give the Kaplan–Meier curve back (Satten GA, Datta S. Am Stat
    2001;55:207-210, doi:10.1198/000313001317098185).
    """
    w = np.ones(times.n) if weights is None else weights
    is_censored = ~times.event
    days, which = np.unique(times.time_day[is_censored], return_inverse=True)
    censored = np.bincount(which, weights=w[is_censored], minlength=days.size)
    of_events = times.time_day[times.event], w[times.event][:, None]
    own_events = sums_from(*of_events, days) - sums_from(*of_events, np.nextafter(days, np.inf))
    at_risk = (sums_at_risk(times, w[:, None], days) - own_events)[:, 0]
    with np.errstate(invalid="ignore", divide="ignore"):
        factor = np.where(censored > 0.0, 1.0 - censored / at_risk, 1.0)
    return days, np.cumprod(factor, dtype=np.float64)


def stepped(days: FloatArray, values: FloatArray, at: FloatArray | float, *, is_before: bool = False) -> FloatArray:
    """Return a curve that is 1 before its first step, on some days, or just before them."""
    place = np.searchsorted(days, at, side="left" if is_before else "right")
    return np.concatenate(([1.0], values))[place]


def number_at_risk(times: EventTimes, days: FloatArray) -> IntArray:
    """Return how many subjects are at risk on each of some days; on the first day of all those that are under observation from then on."""
    first = times.entry_day.min()
    inside = (times.entry_day < days[:, None]) | ((times.entry_day == first) & (days[:, None] == first))
    return (inside & (times.time_day >= days[:, None])).sum(axis=1).astype(np.int64)


def log_rank(times: EventTimes, groups: Sequence[BoolArray]) -> LogRank:
    """Return the log-rank test of groups, given as (n,) masks that part the subjects."""
    days, at_risk, events = risk_table(times, np.ones(times.n))
    n_k = np.empty((len(groups), days.size))
    d_k = np.empty_like(n_k)
    for k, member in enumerate(groups):
        _, n_k[k], d_k[k] = risk_table(times, member.astype(np.float64))
    share = n_k / at_risk
    expected = share * events
    spread = events * np.where(at_risk > 1.0, (at_risk - events) / np.maximum(at_risk - 1.0, 1.0), 0.0)
    covariance = np.diag((spread * share).sum(axis=1)) - (spread * share) @ share.T
    difference = (d_k - expected).sum(axis=1)
    statistic, rank = _quadratic_form(difference, covariance)
    p = float(chi2.sf(statistic, rank)) if rank else np.nan
    return LogRank(tuple(d_k.sum(axis=1).tolist()), tuple(expected.sum(axis=1).tolist()), statistic, p)


def _quadratic_form(difference: FloatArray, covariance: FloatArray) -> tuple[float, int]:
    """Return d' C⁻ d and the rank of C, over groups that have somebody at risk at all."""
    informed = np.flatnonzero(np.diag(covariance) > 0.0)
    rank = informed.size - 1
    if rank < 1:
        return np.nan, 0
    kept = informed[:-1]
    d, c = difference[kept], covariance[np.ix_(kept, kept)]
    return float(d @ np.linalg.solve(c, d)), rank


def _band(survival: FloatArray, at_risk: FloatArray, events: FloatArray) -> tuple[FloatArray, FloatArray]:
    with np.errstate(divide="ignore", invalid="ignore"):
        variance = np.cumsum(events / (at_risk * (at_risk - events)))
        log_survival = np.log(survival)
        spread = _NORMAL * np.sqrt(variance) / np.abs(log_survival)
        low, high = np.exp(log_survival * np.exp(spread)), np.exp(log_survival * np.exp(-spread))
    is_known = survival > 0.0
    return np.where(is_known, low, np.nan), np.where(is_known, high, np.nan)

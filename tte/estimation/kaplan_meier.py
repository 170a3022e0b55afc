"""Kaplan and Meier's estimate of survival, with delayed entry and counting-process rows."""

from __future__ import annotations

from dataclasses import dataclass
from statistics import NormalDist
from typing import TYPE_CHECKING

import numpy as np

from tte.data.events import EventKind

if TYPE_CHECKING:
    from pkpd.arrays import FloatArray, IntArray
    from tte.data.events import Events


@dataclass(frozen=True, slots=True)
class KaplanMeier:
    """Steps of a survival curve.

    Parameters
    ----------
    day : (n_steps,) array
        Days with an event [day].
    at_risk, n_events : (n_steps,) arrays
        Rows that were watched just before the day, and events on it.
    survival, lower, upper : (n_steps,) arrays
        From the day on: survival, and its interval on the scale of ln(-ln S) by Greenwood's variance; NaN where survival is 0.
    """

    day: FloatArray
    at_risk: IntArray
    n_events: IntArray
    survival: FloatArray
    lower: FloatArray
    upper: FloatArray


def kaplan_meier(events: Events, *, level: float = 0.95) -> KaplanMeier:
    """Return the estimate for event times of which none is known by an interval only.

    Parameters
    ----------
    events : Events
        Event times.
    level : float
        Probability of the pointwise intervals.
    """
    happened = events.stop[events.kind == EventKind.EVENT]
    day, n_events = np.unique(happened, return_counts=True)
    entered = np.searchsorted(np.sort(events.start), day, side="left")
    left = np.searchsorted(np.sort(events.stop), day, side="left")
    at_risk = entered - left
    share = n_events / at_risk
    with np.errstate(divide="ignore", invalid="ignore"):
        survival: FloatArray = np.cumprod(1.0 - share).astype(np.float64)
        spread = np.sqrt(np.cumsum(share / (at_risk - n_events)))
        log_hazard = np.log(-np.log(survival))
        half = NormalDist().inv_cdf(0.5 + 0.5 * level) * spread / -np.log(survival)
        lower, upper = np.exp(-np.exp(log_hazard + half)), np.exp(-np.exp(log_hazard - half))
    return KaplanMeier(day, at_risk.astype(np.int64), n_events.astype(np.int64), survival, lower, upper)

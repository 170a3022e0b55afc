"""Event times with the exposure LOG_AUC_CL that tests of the recalibration share, and their likelihood written down once more."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from tte import load_event_model
from tte.data.events import events_of

if TYPE_CHECKING:
    from pkpd.arrays import FloatArray
    from tte.data.events import Events

PUBLISHED = load_event_model()
X = "LOG_AUC_CL"


def cohort(
    n: int = 120,
    seed: int = 2,
    *,
    factor: float = 1.0,
    slope: float = -0.56,
    shape: float = 1.08,
    is_mixed: bool = False,
) -> Events:
    """Return patients whose hazard is a multiple of the published one at its reference, watched for 90 days.

    With ``is_mixed`` some come under observation late, some events are known by an interval, and some by its end alone.
    """
    rng = np.random.default_rng(seed)
    x = rng.normal(6.7, 1.1, n)
    rate = factor * np.exp(PUBLISHED.log_rate + slope * (x - PUBLISHED.x_ref)) * 90.0 ** (PUBLISHED.shape - shape)
    event_day = (-np.log(rng.random(n)) / rate) ** (1.0 / shape)
    last = np.where(rng.random(n) < 0.15, rng.uniform(5.0, 90.0, n), 90.0)
    time, event = np.minimum(event_day, last), (event_day <= last).astype(float)
    if not is_mixed:
        return events_of(time, event, covariates={X: x})
    time = np.maximum(time, 0.5)
    entry = np.where(rng.random(n) < 0.3, 0.3 * time, 0.0)
    is_interval = (event == 1.0) & (rng.random(n) < 0.5)
    upper = np.where(is_interval, time + rng.uniform(1.0, 10.0, n), np.nan)
    is_left = is_interval & (rng.random(n) < 0.3)
    time, entry = np.where(is_left, 0.0, time), np.where(is_left, 0.0, entry)
    return events_of(time, event, entry=entry, upper=upper, covariates={X: x})


def log_likelihood(events: Events, log_rate: float, shape: float, slope: float, x_ref: float) -> float:
    """Return the log-likelihood of a Weibull hazard, row by row in plain NumPy."""
    rate: FloatArray = np.exp(log_rate + slope * (events.covariates[X] - x_ref))

    def hazard(day: FloatArray) -> FloatArray:
        return rate * day**shape

    total = -(hazard(events.stop) - hazard(events.start))
    with np.errstate(divide="ignore", invalid="ignore"):
        at_once = np.log(rate * shape) + (shape - 1.0) * np.log(events.stop)
        between = np.log(1.0 - np.exp(-(hazard(events.upper) - hazard(events.stop))))
    total = total + np.where(events.kind == 1, at_once, 0.0) + np.where(events.kind == 2, between, 0.0)
    return float(total.sum())

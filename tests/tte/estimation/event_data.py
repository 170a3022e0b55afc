"""Event times that tests share."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from tte.data.events import events_of

if TYPE_CHECKING:
    from pkpd.arrays import FloatArray
    from tte.data.events import Events


def weibull_times(n: int = 200, seed: int = 5, *, effect: float = 0.5) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Return times, events and a covariate of a Weibull hazard with random censoring."""
    rng = np.random.default_rng(seed)
    x = rng.normal(size=n)
    time = 10.0 * (-np.log(rng.random(n)) * np.exp(-effect * x)) ** (1.0 / 1.4)
    censoring = rng.random(n) * 25.0
    return np.minimum(time, censoring), (time < censoring).astype(float), x


def weibull_events(n: int = 200, seed: int = 5, *, effect: float = 0.5) -> Events:
    """Return `weibull_times` as event times with the covariate X."""
    time, event, x = weibull_times(n, seed, effect=effect)
    return events_of(time, event, covariates={"X": x})


def mixed_events(n: int = 60, seed: int = 3) -> Events:
    """Return right-, left- and interval-censored times with entry and two covariates."""
    rng = np.random.default_rng(seed)
    time, event, x = weibull_times(n, seed)
    time = np.maximum(time, 0.5)
    entry = np.where(rng.random(n) < 0.4, 0.4 * time, 0.0)
    is_interval = (event == 1.0) & (rng.random(n) < 0.5)
    upper = np.where(is_interval, time + rng.uniform(0.5, 5.0, n), np.nan)
    is_left = is_interval & (rng.random(n) < 0.4)
    time = np.where(is_left, 0.0, time)
    entry = np.where(is_left, 0.0, entry)
    covariates = {"X": x, "Z": rng.uniform(10.0, 90.0, n)}
    return events_of(time, event, entry=entry, upper=upper, covariates=covariates)

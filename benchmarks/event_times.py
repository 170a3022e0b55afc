"""Fits of event times, and the same ones by lifelines: for the claims on speed and agreement."""

from __future__ import annotations

import time
import warnings
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import lifelines
import numpy as np
import pandas as pd

from tte.data.events import events_of, resampling_counts
from tte.estimation.fit import FitStatus, fit, fit_samples
from tte.estimation.model import event_time_model

if TYPE_CHECKING:
    from collections.abc import Callable

    from pkpd.arrays import FloatArray

# The published design: follow-up to day 90, about 15 % with the event, ln(AUC/CL) as covariate.
_LAST_DAY, _EXPOSURE, _SPREAD = 90.0, 6.563, 1.2
_LOG_RATE, _SHAPE, _EFFECT = np.log(10.0**-2.95), 1.08, -0.56


@dataclass(frozen=True)
class Drawn:
    """Times, events and the covariate of virtual patients."""

    time: FloatArray
    event: FloatArray
    x: FloatArray


def drawn(n: int, seed: int) -> Drawn:
    """Return virtual patients of the published event model."""
    rng = np.random.default_rng(seed)
    x = rng.normal(_EXPOSURE, _SPREAD, n)
    log_rate = _LOG_RATE + _EFFECT * (x - _EXPOSURE)
    day = (rng.exponential(size=n) * np.exp(-log_rate)) ** (1.0 / _SHAPE)
    return Drawn(np.minimum(day, _LAST_DAY), (day < _LAST_DAY).astype(float), x)


def fitted(patients: Drawn) -> Any:  # noqa: ANN401 - a fit
    """Return the Weibull fit, from arrays to standard errors."""
    events = events_of(patients.time, patients.event, covariates={"X": patients.x})
    return fit(events, event_time_model("weibull", ["X"]))


def by_lifelines(patients: Drawn) -> Any:  # noqa: ANN401 - a fitter
    """Return the same fit by lifelines."""
    frame = pd.DataFrame({"time": patients.time, "event": patients.event, "x": patients.x})
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return lifelines.WeibullAFTFitter().fit(frame, "time", "event")


def bootstrap(patients: Drawn, n: int, seed: int) -> Callable[[], float]:
    """Return what fits samples of patients, and gives the share that converged."""
    events = events_of(patients.time, patients.event, covariates={"X": patients.x})
    model = event_time_model("weibull", ["X"])
    counts = resampling_counts(events.n_subjects, n, np.random.default_rng(seed))

    def run() -> float:
        return float(np.mean([one is FitStatus.CONVERGED for one in fit_samples(events, model, counts).statuses]))

    return run


def seconds_of(run: Callable[[], object]) -> float:
    """Return the wall time of one run [s]."""
    started = time.perf_counter()
    run()
    return time.perf_counter() - started

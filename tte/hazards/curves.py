"""Curves of any hazard from its linear predictors: cumulative hazard, survival, hazard, quantiles, restricted mean."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from tte.hazards import exponential, gompertz, loglogistic, lognormal, surge, weibull
from tte.hazards.hazard import Hazard

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import ModuleType

    from pkpd.arrays import FloatArray

_MODULES: dict[Hazard, ModuleType] = {
    Hazard.EXPONENTIAL: exponential,
    Hazard.WEIBULL: weibull,
    Hazard.GOMPERTZ: gompertz,
    Hazard.LOGLOGISTIC: loglogistic,
    Hazard.LOGNORMAL: lognormal,
    Hazard.SURGE: surge,
}


def cumulative_hazard(hazard: Hazard, time_day: FloatArray, linear: FloatArray) -> FloatArray:
    """Return H(t).

    Parameters
    ----------
    hazard : Hazard
        Which.
    time_day : (...) array
        Times [day].
    linear : (..., n_parameters) array
        Linear predictors of the hazard's parameters, in their order; its other axes broadcast with the times.
    """
    return _curve("cumulative_hazard", hazard, time_day, linear)


def survival(hazard: Hazard, time_day: FloatArray, linear: FloatArray) -> FloatArray:
    """Return S(t); parameters as in `cumulative_hazard`."""
    return _curve("survival", hazard, time_day, linear)


def hazard_rate(hazard: Hazard, time_day: FloatArray, linear: FloatArray) -> FloatArray:
    """Return h(t) [1/day]; parameters as in `cumulative_hazard`."""
    return _curve("hazard", hazard, time_day, linear)


def quantile_time(hazard: Hazard, probability: FloatArray, linear: FloatArray) -> FloatArray:
    """Return the day by which the event has happened with a given probability; other parameters as in `cumulative_hazard`."""
    return _curve("quantile_time", hazard, probability, linear)


def restricted_mean(hazard: Hazard, horizon_day: FloatArray, linear: FloatArray) -> FloatArray:
    """Return the mean event-free time up to a horizon [day]; other parameters as in `cumulative_hazard`."""
    return _curve("restricted_mean", hazard, horizon_day, linear)


def _curve(name: str, hazard: Hazard, at: FloatArray, linear: FloatArray) -> FloatArray:
    function: Callable[..., FloatArray] = getattr(_MODULES[hazard], name)
    first = linear[..., 0]
    with np.errstate(over="ignore"):
        match hazard:
            case Hazard.EXPONENTIAL:
                return function(at, first)
            case Hazard.WEIBULL:
                return function(at, first, shape=np.exp(linear[..., 1]))
            case Hazard.GOMPERTZ:
                return function(at, first, gamma=linear[..., 1])
            case Hazard.LOGLOGISTIC:
                return function(at, first, beta=np.exp(linear[..., 1]))
            case Hazard.LOGNORMAL:
                return function(at, first, sigma=np.exp(linear[..., 1]))
            case Hazard.SURGE:
                return function(at, first, peak_day=linear[..., 1], width_day=np.exp(linear[..., 2]))

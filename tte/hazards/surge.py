"""The surge hazard: h(t) = A/(1 + u⁴), u = (t - PT)/SW, with A = exp(log_amplitude), a peak at PT and half of it at PT ± SW.

H(t) has a closed form and a limit, so that some never have the event; quantiles and restricted means are found numerically, to all digits.
Times are days; a time before 0 counts as 0. NaN in, NaN out.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, TypeAlias

import numpy as np

from tte.hazards.quadrature import NOTHING_LEFT, integral_over_panels
from tte.kernels.surge import areas_over

if TYPE_CHECKING:
    from collections.abc import Callable

    from pkpd.arrays import FloatArray

Number: TypeAlias = "float | FloatArray"

_MOST_STEPS = 200
# Panels of an integral: around the peak in half widths, farther away in doubling ones; where the survival falls, in steps of H.
_FROM_PEAK = np.concatenate(([0.0, 0.5], 2.0 ** np.arange(60.0)))
_LEVELS = np.arange(2.0, NOTHING_LEFT + 1.0, 2.0)


def cumulative_hazard(time_day: Number, log_amplitude: Number, *, peak_day: Number, width_day: Number) -> FloatArray:
    """Return H(t) = A·SW·(F(u) - F(u₀)), F being the integral of 1/(1 + v⁴) and u₀ = -PT/SW.

    Parameters
    ----------
    time_day : float or array
        Time [day].
    log_amplitude : float or array
        Logarithm of the hazard at the peak, covariate effects included.
    peak_day, width_day : float or array
        Day of the peak, and half width at half of the peak, above 0 [day].

    Returns
    -------
    array
        Broadcast shape of the arguments.
    """
    low, length = np.broadcast_arrays(-np.divide(peak_day, width_day), np.maximum(time_day, 0.0) / width_day)
    area = np.empty(length.size)
    areas_over(low.ravel(), length.ravel(), area)
    with np.errstate(over="ignore"):
        return np.exp(log_amplitude) * width_day * area.reshape(length.shape)


def hazard(time_day: Number, log_amplitude: Number, *, peak_day: Number, width_day: Number) -> FloatArray:
    """Return h(t) = A/(1 + u⁴) [1/day]; parameters as in `cumulative_hazard`."""
    u = np.subtract(np.maximum(time_day, 0.0), peak_day) / width_day
    with np.errstate(over="ignore"):
        return np.exp(log_amplitude) / (1.0 + np.square(np.square(u)))


def survival(time_day: Number, log_amplitude: Number, *, peak_day: Number, width_day: Number) -> FloatArray:
    """Return S(t) = exp(-H(t)); parameters as in `cumulative_hazard`."""
    return np.exp(-cumulative_hazard(time_day, log_amplitude, peak_day=peak_day, width_day=width_day))


def risk(time_day: Number, log_amplitude: Number, *, peak_day: Number, width_day: Number) -> FloatArray:
    """Return 1 - S(t), accurate for small risks; parameters as in `cumulative_hazard`."""
    return -np.expm1(-cumulative_hazard(time_day, log_amplitude, peak_day=peak_day, width_day=width_day))


def quantile_time(probability: Number, log_amplitude: Number, *, peak_day: Number, width_day: Number) -> FloatArray:
    """Return the day by which the event has happened with a given probability; infinity for one that is never reached.

    Parameters
    ----------
    probability : float or array
        Probability in [0, 1].
    log_amplitude, peak_day, width_day : float or array
        As in `cumulative_hazard`.

    Returns
    -------
    array
        Time [day].
    """
    with np.errstate(divide="ignore"):
        reached = -np.log1p(-np.asarray(probability, dtype=np.float64))
    return _each(_time_of, reached, log_amplitude, peak_day, width_day)


def restricted_mean(horizon_day: Number, log_amplitude: Number, *, peak_day: Number, width_day: Number) -> FloatArray:
    """Return the mean event-free time up to a horizon, the integral of S from 0 to the horizon.

    Parameters
    ----------
    horizon_day : float or array
        Horizon [day].
    log_amplitude, peak_day, width_day : float or array
        As in `cumulative_hazard`.

    Returns
    -------
    array
        Time [day], between 0 and the horizon.
    """
    return _each(_mean_until, np.maximum(horizon_day, 0.0), log_amplitude, peak_day, width_day)


def _each(function: Callable[..., float], *arguments: Number) -> FloatArray:
    return np.asarray(np.vectorize(function, otypes=[float])(*arguments))


def _time_of(reached: float, log_amplitude: float, peak: float, width: float) -> float:
    """Return the time at which H has a given value: Newton's method inside a bracket."""

    def at(time: float) -> float:
        return float(cumulative_hazard(time, log_amplitude, peak_day=peak, width_day=width))

    if math.isnan(at(1.0)) or math.isnan(reached):
        return math.nan
    if reached <= 0.0:
        return 0.0
    if reached >= at(math.inf):
        return math.inf
    low, high = 0.0, max(peak, 0.0) + width
    while at(high) < reached:
        low, high = high, 2.0 * high
    time = 0.5 * (low + high)
    for _ in range(_MOST_STEPS):
        excess = at(time) - reached
        low, high = (low, time) if excess > 0.0 else (time, high)
        step = excess / float(hazard(time, log_amplitude, peak_day=peak, width_day=width))
        guess = time - step if low < time - step < high else 0.5 * (low + high)
        if abs(guess - time) <= 1e-15 * time:
            return guess
        time = guess
    return time


def _mean_until(horizon: float, log_amplitude: float, peak: float, width: float) -> float:
    if math.isnan(horizon + log_amplitude + peak + width):
        return math.nan
    levels = [_time_of(level, log_amplitude, peak, width) for level in _LEVELS.tolist()]
    end = min(horizon, levels[-1])
    edges = np.concatenate((peak - width * _FROM_PEAK, peak + width * _FROM_PEAK, levels))
    edges = np.unique(np.concatenate(([0.0, end], edges[(edges > 0.0) & (edges < end)])))

    def curve(time: FloatArray) -> FloatArray:
        return survival(time, log_amplitude, peak_day=peak, width_day=width)

    return float(integral_over_panels(curve, edges))

"""Which hazard of the engine a cumulative hazard is, found by evaluating it: its parameters from its values at some times.

Of each record times are looked for at which the cumulative hazard has certain levels. There every hazard of the engine has parameters that
follow from two or three of the values in closed form; it is the one whose cumulative hazard is that of the code at all of them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from scipy import special

from tte.hazards.curves import cumulative_hazard
from tte.hazards.hazard import Hazard

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from pkpd.arrays import FloatArray

    Curve = Callable[[FloatArray], FloatArray]

# Levels of the cumulative hazard, of the whole where that stays below the first such number.
_LEVELS, _WHOLE = np.array([0.1, 0.3, 0.7, 1.4, 2.4]), 6.0
# Times that levels are looked for between, as powers of e of the longest.
_EARLIEST, _LATEST, _HALVINGS = -100.0, 14.0, 15
_CLOSE = 1e-8
# Where the quartic that 1/h of a surge is is taken, in half widths from its beginning.
_ALONG = np.array([0.0, 0.75, 1.5, 2.25, 3.0])
_REFINEMENTS = 3


def linear_predictors(
    cumulative: Curve, rate: Curve, longest: FloatArray, hazards: Sequence[Hazard] = tuple(Hazard)
) -> tuple[dict[Hazard, FloatArray], dict[Hazard, FloatArray]]:
    """Return the linear predictors that each hazard would need, and how far its cumulative hazard then is from that of the code.

    Parameters
    ----------
    cumulative, rate : callable
        From (k, n) times to the cumulative hazard of each of n records at k times, and to its derivative.
    longest : (n,) array
        The longest time of the data.
    hazards : sequence of Hazard
        Which ones.

    Returns
    -------
    mapping of Hazard to (n, n_parameters) array, mapping of Hazard to (n,) array
        Linear predictors, and the largest relative difference of each record, not a number where there is none.
    """
    with np.errstate(all="ignore"):
        time = _times_of_levels(cumulative, longest)
        level = cumulative(time)
        found = {hazard: _predictors(hazard, time, level, cumulative, rate) for hazard in hazards}
        off = {
            hazard: np.abs(cumulative_hazard(hazard, time, linear) / level - 1.0).max(axis=0)
            for hazard, linear in found.items()
        }
    return found, off


def _predictors(hazard: Hazard, time: FloatArray, level: FloatArray, cumulative: Curve, rate: Curve) -> FloatArray:
    match hazard:
        case Hazard.EXPONENTIAL:
            return np.log(level[2] / time[2])[:, None]
        case Hazard.WEIBULL:
            return _weibull(time, level)
        case Hazard.GOMPERTZ:
            return _gompertz(time[-1], level[-1], cumulative(0.5 * time[-1:])[0])
        case Hazard.LOGLOGISTIC:
            return _loglogistic(time, level)
        case Hazard.LOGNORMAL:
            return _lognormal(time, level)
        case Hazard.SURGE:
            return _surge(time, rate)


def hazard_of(off: dict[Hazard, FloatArray]) -> Hazard | None:
    """Return the first hazard, the simplest ones first, that differs nowhere; None where each does."""
    return next((hazard for hazard, difference in off.items() if (difference < _CLOSE).all()), None)


def _times_of_levels(cumulative: Curve, longest: FloatArray) -> FloatArray:
    """Return times at which the cumulative hazard is near each level, (n_levels, n)."""
    whole = cumulative((longest * np.exp(_LATEST))[None])
    level = _LEVELS[:, None] * np.where(whole < _WHOLE, whole / _WHOLE, 1.0)
    low, high = np.full(level.shape, _EARLIEST), np.full(level.shape, _LATEST)
    for _ in range(_HALVINGS):
        middle = 0.5 * (low + high)
        # What is not a number lies too late.
        is_early = cumulative(longest * np.exp(middle)) < level
        low, high = np.where(is_early, middle, low), np.where(is_early, high, middle)
    return longest * np.exp(0.5 * (low + high))


def _line(x: FloatArray, y: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Return slope and intercept of the line through the first and the last of some points."""
    slope = (y[-1] - y[0]) / (x[-1] - x[0])
    return slope, y[2] - slope * x[2]


def _weibull(time: FloatArray, level: FloatArray) -> FloatArray:
    shape, log_rate = _line(np.log(time), np.log(level))
    return np.column_stack((log_rate, np.log(shape)))


def _gompertz(time: FloatArray, level: FloatArray, half: FloatArray) -> FloatArray:
    """Return the parameters from H at a time and at half of it, whose quotient is exp(gamma t/2) + 1."""
    growth = 2.0 * np.log(level / half - 1.0) / time
    grown = np.where(growth == 0.0, time, np.expm1(growth * time) / growth)
    return np.column_stack((np.log(level / grown), growth))


def _loglogistic(time: FloatArray, level: FloatArray) -> FloatArray:
    shape, intercept = _line(np.log(time), np.log(np.expm1(level)))
    return np.column_stack((-intercept / shape, np.log(shape)))


def _lognormal(time: FloatArray, level: FloatArray) -> FloatArray:
    inverse, intercept = _line(np.log(time), -special.ndtri(np.exp(-level)))
    return np.column_stack((-intercept / inverse, -np.log(inverse)))


def _surge(time: FloatArray, rate: Curve) -> FloatArray:
    """Return the parameters from 1/h, which is a quartic in time with its least value at the peak."""
    centre, width = time[2], time[-1] - time[0]
    at, found = time, np.empty((time.shape[1], 3))
    for _ in range(_REFINEMENTS):
        z = (at - centre) / width
        inverse = 1.0 / rate(at)
        powers = z.T[:, :, None] ** np.arange(5.0)
        is_known = np.isfinite(powers).all(axis=(1, 2)) & np.isfinite(inverse).all(axis=0) & (width > 0.0)
        quartic = np.full((time.shape[1], 5), np.nan)
        quartic[is_known] = np.linalg.solve(powers[is_known], inverse.T[is_known, :, None])[:, :, 0]
        peak = -quartic[:, 3] / (4.0 * quartic[:, 4])
        least = inverse[2] - quartic[:, 4] * (z[2] - peak) ** 4
        half_width = (least / quartic[:, 4]) ** 0.25 * width
        found = np.column_stack((-np.log(least), centre + peak * width, np.log(half_width)))
        centre, width = found[:, 1], half_width
        begin = np.maximum(centre - 1.5 * width, 0.01 * width)
        at = begin + width * _ALONG[:, None]
        centre = at[2]
    return found

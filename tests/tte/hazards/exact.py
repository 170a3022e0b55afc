"""Cumulative hazards by their definitions, to any number of digits."""

from __future__ import annotations

from typing import Any

from tte.hazards.hazard import Hazard


def exact_cumulative_hazard(hazard, place, day, mp) -> Any:
    """Return H(t) from its definition, with the digits of a context of mpmath; linear predictors and day are numbers of any kind."""
    a, *others = (mp.mpf(x) for x in place)
    t = mp.mpf(day)
    if t == 0:
        return mp.mpf(0)
    match hazard:
        case Hazard.EXPONENTIAL:
            return mp.exp(a) * t
        case Hazard.WEIBULL:
            return mp.exp(a) * t ** mp.exp(others[0])
        case Hazard.GOMPERTZ:
            gamma = others[0]
            return mp.exp(a) * (t if gamma == 0 else mp.expm1(gamma * t) / gamma)
        case Hazard.LOGLOGISTIC:
            return mp.log1p((t / mp.exp(a)) ** mp.exp(others[0]))
        case Hazard.LOGNORMAL:
            z = (mp.log(t) - a) / mp.exp(others[0])
            return -mp.log(mp.erfc(z / mp.sqrt(2)) / 2) if z > 0 else -mp.log1p(-mp.erfc(-z / mp.sqrt(2)) / 2)
        case Hazard.SURGE:
            peak, width = others[0], mp.exp(others[1])
            first, last = -peak / width, (t - peak) / width
            return mp.exp(a) * width * (exact_area(last, mp) - exact_area(first, mp))


def exact_area(u, mp) -> Any:
    """Return the integral of 1/(1 + v⁴) from 0 to u."""
    if mp.isinf(u):
        return mp.pi / (2 * mp.sqrt(2))
    side, arc = mp.sqrt(2) * u, mp.atan(mp.sqrt(2) * u + 1) + mp.atan(mp.sqrt(2) * u - 1)
    return mp.log((u * u + side + 1) / (u * u - side + 1)) / (4 * mp.sqrt(2)) + arc / (2 * mp.sqrt(2))

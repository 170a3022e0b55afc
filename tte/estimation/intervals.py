"""Estimates on the scales that readers expect, with standard errors by the delta method and intervals of the normal approximation."""

from __future__ import annotations

import math
from dataclasses import dataclass
from statistics import NormalDist
from typing import TYPE_CHECKING

import numpy as np

from tte.estimation.fit import FitStatus
from tte.hazards.hazard import Link

if TYPE_CHECKING:
    from tte.estimation.fit import EventFit

LEVEL = 0.95
_LARGEST_LOG = float(np.log(np.finfo(float).max))


@dataclass(frozen=True, slots=True)
class Estimate:
    """One coefficient.

    Parameters
    ----------
    name : str
        ``shape`` or ``lambda:CRP``.
    link : Link
        The scale that it was estimated on.
    value, se : float
        On the natural scale; NaN where there is no standard error.
    link_value, link_se : float
        On the scale of the link.
    lower, upper : float
        Interval of the normal approximation on the scale of the link, brought to the natural scale; NaN where there is none.
    is_fixed, is_at_bound : bool
        Whether it was held, and whether it ended at a bound.
    """

    name: str
    link: Link
    value: float
    se: float
    link_value: float
    link_se: float
    lower: float
    upper: float
    is_fixed: bool
    is_at_bound: bool


def estimates(fit: EventFit, *, level: float = LEVEL) -> tuple[Estimate, ...]:
    """Return the coefficients of a fit in their order.

    Parameters
    ----------
    fit : EventFit
        The fit.
    level : float
        Probability of the intervals.
    """
    z = NormalDist().inv_cdf(0.5 + 0.5 * level)
    bound = _at_bound(fit)
    found: list[Estimate] = []
    for i, (name, link, theta, se) in enumerate(
        zip(fit.model.names, fit.model.links, fit.theta.tolist(), fit.se.tolist(), strict=True)
    ):
        value, low, high = (_natural(link, x) for x in (theta, theta - z * se, theta + z * se))
        slope = value if link is Link.LOG else 1.0
        found.append(
            Estimate(name, link, value, slope * se, theta, se, low, high, not bool(fit.is_free[i]), name in bound)
        )
    return tuple(found)


def _at_bound(fit: EventFit) -> tuple[str, ...]:
    return fit.named if fit.status is FitStatus.AT_BOUND else ()


def _natural(link: Link, value: float) -> float:
    if link is Link.IDENTITY or math.isnan(value):
        return value
    return math.exp(value) if value < _LARGEST_LOG else math.inf


def axis_name(name: str, link: Link) -> str:
    """Return what stands beside a coefficient on the linear scale."""
    return f"ln {name}" if link is Link.LOG else name

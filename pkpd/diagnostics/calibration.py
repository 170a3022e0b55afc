"""Whether predicted probabilities come true: places of what was measured, coverage of intervals, and levels beyond limits."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from scipy.stats import beta

from pkpd.diagnostics.prediction_errors import Measured, drawn_mean

if TYPE_CHECKING:
    from pkpd.arrays import BoolArray, FloatArray, IntArray

INTERVALS = (0.5, 0.9, 0.95)
"""Prediction intervals whose coverage is counted."""
N_BINS = 10
"""Of the histogram of places."""
_GROUPS = np.linspace(0.0, 1.0, 6)


class Coverage(NamedTuple):
    """How many measurements lie inside prediction intervals.

    Attributes
    ----------
    wanted : float
        What the interval is to hold.
    n, inside : int
        Measurements, and those inside.
    exact : Measured
        Share inside, with its exact binomial interval (Clopper and Pearson 1934, doi:10.1093/biomet/26.4.404).
    drawn : Measured
        The same with the interval over drawn subjects, whose samples need not be independent.
    """

    wanted: float
    n: int
    inside: int
    exact: Measured
    drawn: Measured


class Group(NamedTuple):
    """Samples with similar predicted probabilities: how many, how many came true, mean probability, share with exact interval."""

    n: int
    seen: int
    expected: float
    share: Measured


class BeyondLimit(NamedTuple):
    """Samples beyond one of the limits, beside how many were expected there.

    Attributes
    ----------
    n, seen : int
        Samples with such a limit, and those beyond it.
    expected, sd : float
        Sum of the predicted probabilities, and the standard deviation of the count if samples were independent.
    brier, reference : Measured and float
        Mean squared difference of probability and outcome (Brier 1950); of the share seen in place of every probability.
    groups : tuple of Group
        By the predicted probability, in fifths of its range.
    """

    n: int
    seen: int
    expected: float
    sd: float
    brier: Measured
    reference: float
    groups: tuple[Group, ...]


def drawn_places(place: FloatArray, uniform: FloatArray) -> FloatArray:
    """Return one place for each measurement, evenly drawn from what is known of it.

    Under the true model these are uniform for censored levels too, and those of forecasts one after the other independent
    (Rosenblatt 1952, doi:10.1214/aoms/1177729394; for discrete outcomes Czado, Gneiting and Held 2009,
    doi:10.1111/j.1541-0420.2009.01191.x).

    Parameters
    ----------
    place : (n, 2) array
        Probability of a lower measurement, both ends of what is known.
    uniform : (n,) array
        Draws from 0 to 1.
    """
    return place[:, 0] + uniform * (place[:, 1] - place[:, 0])


def coverage(places: FloatArray, subject: IntArray, counts: IntArray, wanted: float) -> Coverage:
    """Return how many measurements lie inside the central interval of their prediction that is to hold a share ``wanted``.

    Parameters
    ----------
    places : (n,) array
        As ``drawn_places``.
    subject : (n,) array
        Subject of each.
    counts : (n_draws, n_subjects) array
        As ``prediction_errors.draw_counts``.
    """
    is_inside = np.abs(places - 0.5) <= 0.5 * wanted
    inside = int(is_inside.sum())
    return Coverage(
        wanted,
        places.size,
        inside,
        binomial(inside, places.size),
        drawn_mean(is_inside.astype(np.float64), subject, counts),
    )


def beyond_limit(
    probability: FloatArray, is_beyond: BoolArray, subject: IntArray, counts: IntArray
) -> BeyondLimit | None:
    """Return how predicted probabilities of lying beyond a limit compare with what was seen; None without such a limit.

    Parameters
    ----------
    probability : (n,) array
        Predicted; NaN where a sample has no such limit.
    is_beyond : (n,) array
        What was seen.
    subject, counts : arrays
        As ``coverage``.
    """
    known = ~np.isnan(probability)
    if not known.any():
        return None
    p, seen = probability[known], is_beyond[known]
    share = float(seen.mean())
    group = np.clip(np.searchsorted(_GROUPS, p, side="right") - 1, 0, _GROUPS.size - 2)
    return BeyondLimit(
        n=p.size,
        seen=int(seen.sum()),
        expected=float(p.sum()),
        sd=float(np.sqrt((p * (1.0 - p)).sum())),
        brier=drawn_mean((p - seen) ** 2, subject[known], counts),
        reference=share * (1.0 - share),
        groups=tuple(_group(p[group == g], seen[group == g]) for g in np.unique(group)),
    )


def _group(probability: FloatArray, seen: BoolArray) -> Group:
    n, k = probability.size, int(seen.sum())
    return Group(n, k, float(probability.mean()), binomial(k, n))


def histogram(places: FloatArray) -> IntArray:
    """Return how many places lie in each tenth, (10,)."""
    return np.histogram(places, bins=N_BINS, range=(0.0, 1.0))[0].astype(np.int64)


def binomial(k: int, n: int) -> Measured:
    """Return k of n as a share with its exact 95 % interval."""
    if n == 0:
        return Measured(np.nan, np.nan, np.nan)
    low = float(beta.ppf(0.025, k, n - k + 1)) if k else 0.0
    high = float(beta.ppf(0.975, k + 1, n - k)) if k < n else 1.0
    return Measured(k / n, low, high)

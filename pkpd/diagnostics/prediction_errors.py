"""Bias and precision of predictions, with intervals from subjects drawn with replacement.

Sheiner LB, Beal SL. Some suggestions for measuring predictive performance. J Pharmacokinet Biopharm 1981;9:503-512,
doi:10.1007/BF01060893. An error is prediction minus level; relative ones are of the level.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from pkpd.units import percent_from_fraction

if TYPE_CHECKING:
    from collections.abc import Callable

    from pkpd.arrays import FloatArray, IntArray

WITHIN = 0.3
"""A prediction is close where it differs from the level by at most this share of it."""
_INTERVAL = (0.025, 0.975)


class Measured(NamedTuple):
    """A number with its 95 % interval over drawn subjects; NaN where there is none."""

    value: float
    low: float
    high: float


class PredictionErrors(NamedTuple):
    """How far predictions of quantified levels are off.

    Attributes
    ----------
    bias, rmse : Measured
        Mean, and root mean square of the errors [mg/L].
    mpe, median_pe : Measured
        Mean and median relative error [%].
    mape, median_ape : Measured
        Mean and median of its size [%].
    rrmse : Measured
        Root mean square of the relative error [%].
    within : Measured
        Share within 30 % of the level [%].
    """

    bias: Measured
    rmse: Measured
    mpe: Measured
    median_pe: Measured
    mape: Measured
    median_ape: Measured
    rrmse: Measured
    within: Measured


def draw_counts(n_subjects: int, n_draws: int, seed: int) -> IntArray:
    """Return how often each subject is drawn, (n_draws, n_subjects); draw b comes from the seed and b alone."""
    even = np.full(n_subjects, 1.0 / n_subjects)
    return np.array(
        [np.random.default_rng([seed, b]).multinomial(n_subjects, even) for b in range(n_draws)], dtype=np.int64
    ).reshape(n_draws, n_subjects)


def prediction_errors(
    predicted: FloatArray, level: FloatArray, subject: IntArray, counts: IntArray
) -> PredictionErrors:
    """Return bias and precision of predictions.

    Parameters
    ----------
    predicted, level : (n,) arrays
        Predictions and quantified levels above zero [mg/L].
    subject : (n,) array
        Subject of each.
    counts : (n_draws, n_subjects) array
        As ``draw_counts``.
    """
    error = predicted - level
    relative = percent_from_fraction(1.0) * error / level
    # A level of 10 that 13 is predicted for is within 30 %, whatever the rounding.
    is_close = np.abs(relative) <= percent_from_fraction(WITHIN) * (1.0 + 1e-12)

    def mean(values: FloatArray, of: Callable[[FloatArray], FloatArray] = np.asarray) -> Measured:
        return drawn_mean(values, subject, counts, of=of)

    return PredictionErrors(
        bias=mean(error),
        rmse=mean(error**2, np.sqrt),
        mpe=mean(relative),
        median_pe=_drawn_median(relative, subject, counts),
        mape=mean(np.abs(relative)),
        median_ape=_drawn_median(np.abs(relative), subject, counts),
        rrmse=mean(relative**2, np.sqrt),
        within=mean(percent_from_fraction(1.0) * is_close.astype(np.float64)),
    )


def drawn_mean(
    values: FloatArray,
    subject: IntArray,
    counts: IntArray,
    *,
    of: Callable[[FloatArray], FloatArray] = np.asarray,
) -> Measured:
    """Return a function of the mean of some values, with its interval over drawn subjects.

    Parameters
    ----------
    values : (n,) array
        One for each sample.
    subject : (n,) array
        Its subject.
    counts : (n_draws, n_subjects) array
        As ``draw_counts``; a draw without a sample counts for nothing.
    of : callable
        Increasing, such as the square root.
    """
    if values.size == 0:
        return Measured(np.nan, np.nan, np.nan)
    n_subjects = counts.shape[1]
    sums, sizes = (np.bincount(subject, weights=w, minlength=n_subjects) for w in (values, np.ones(values.size)))
    with np.errstate(invalid="ignore"):
        means = (counts @ sums) / (counts @ sizes)
    return measured(float(of(values.mean())), of(means[np.isfinite(means)]))


def _drawn_median(values: FloatArray, subject: IntArray, counts: IntArray) -> Measured:
    if values.size == 0:
        return Measured(np.nan, np.nan, np.nan)
    order = np.argsort(values, kind="stable")
    ordered, owner = values[order], subject[order]
    found = np.array([_weighted_median(ordered, drawn[owner]) for drawn in counts])
    return measured(float(np.median(values)), found[np.isfinite(found)])


def _weighted_median(ordered: FloatArray, times: IntArray) -> float:
    """Return the median of ascending values of which each stands there so many times."""
    upto = np.cumsum(times)
    n = int(upto[-1])
    if n == 0:
        return np.nan
    low, high = np.searchsorted(upto, ((n - 1) // 2, n // 2), side="right")
    return float(0.5 * (ordered[low] + ordered[high]))


def measured(value: float, drawn: FloatArray) -> Measured:
    """Return a number with the 95 % interval between percentiles of its draws; without ends where there are fewer than two."""
    if drawn.size < 2:
        return Measured(value, np.nan, np.nan)
    low, high = np.quantile(drawn, _INTERVAL)
    return Measured(value, float(low), float(high))

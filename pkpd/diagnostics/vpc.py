"""Visual predictive check: percentiles of the levels over time beside those of levels simulated and censored like them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from pkpd.data.records import Censoring
from pkpd.diagnostics.ranked_levels import finite, quantiles, ranked_levels, ranked_simulations

if TYPE_CHECKING:
    from collections.abc import Callable

    from pkpd.arrays import BoolArray, FloatArray, IntArray, ShortFloatArray
    from pkpd.data.cohort import Cohort
    from pkpd.simulation.replicates import Replicates

PERCENTILES = (0.05, 0.5, 0.95)
"""Percentiles of the levels that are compared."""
INTERVAL = (0.025, 0.5, 0.975)
"""Over the replicates: lower end, middle and upper end."""
_LEVELS_A_BIN = 20
_MOST_BINS = 8


@dataclass(frozen=True, slots=True)
class Vpc:
    """A visual predictive check.

    Parameters
    ----------
    edges : (n_bins + 1,) array
        Ends of the bins [day]; a time on an edge belongs to the later bin.
    centre : (n_bins,) array
        Median time in each bin [day].
    n : (n_bins,) array
        Samples in each bin.
    observed : (n_bins, 3) array
        ``PERCENTILES`` of the levels [mg/L]; NaN where censored samples leave one open.
    simulated : (n_bins, 3, 3) array
        For each of them ``INTERVAL`` over the replicates [mg/L]; NaN where censored samples leave an end open.
    below, above : (n_bins,) arrays
        Shares of the samples below the lower and above the upper limit.
    below_simulated, above_simulated : (n_bins, 3) arrays
        ``INTERVAL`` of these shares over the replicates.
    time, level : (n_samples,) arrays
        Time [day] and level [mg/L] of every sample, corrected like the percentiles; of a censored sample its corrected limit.
    censoring : (n_samples,) array
        A ``Censoring`` for each.
    n_uncorrected : int
        Samples that could not be corrected because nothing is predicted for them.
    """

    edges: FloatArray
    centre: FloatArray
    n: IntArray
    observed: FloatArray
    simulated: FloatArray
    below: FloatArray
    below_simulated: FloatArray
    above: FloatArray
    above_simulated: FloatArray
    time: FloatArray
    level: FloatArray
    censoring: IntArray
    n_uncorrected: int


def vpc(
    cohort: Cohort,
    replicates: Replicates,
    time: FloatArray,
    edges: FloatArray,
    *,
    is_corrected: bool = True,
    rows: BoolArray | None = None,
    tell: Callable[[float], object] = lambda _: None,
) -> Vpc:
    """Return the visual predictive check of a cohort.

    Parameters
    ----------
    cohort : Cohort
        The levels and the limits that simulated ones are censored at.
    replicates : Replicates
        Simulations of all its samples.
    time : (n_samples,) array
        What the samples are binned by [day]: their time, or that after the last dose (``time_after_dose``).
    edges : (n_bins + 1,) array
        Ends of the bins [day] (``equal_bins``); every bin holds a sample.
    is_corrected : bool
        Whether each level is multiplied by the median prediction of its bin over its own prediction, so that doses and covariates
        do not widen the percentiles (pcVPC).
    rows : (n_samples,) array, optional
        The samples that are compared; all where left out.
    tell : callable, optional
        Told the share that is done.

    References
    ----------
    Bergstrand M, Hooker AC, Wallin JE, Karlsson MO. AAPS J 2011;13:143-151, doi:10.1208/s12248-011-9255-z (correction); Bergstrand M,
    Karlsson MO. AAPS J 2009;11:371-380, doi:10.1208/s12248-009-9112-5 (shares beyond the limits).
    """
    chosen = np.ones(time.size, dtype=np.bool_) if rows is None else rows
    place = np.clip(np.searchsorted(edges, time, side="right") - 1, 0, edges.size - 2)
    factor = _factors(replicates.pred, place, chosen) if is_corrected else np.ones(time.size)
    data = ranked_levels(cohort) * factor
    bins = [chosen & (place == k) for k in range(edges.size - 1)]
    found: list[tuple[FloatArray, ...]] = []
    for k, own in enumerate(bins):
        tell(k / len(bins))
        found.append(_bin(cohort, own, data, replicates.measured, factor))
    observed, simulated, shares, simulated_shares = (np.array(part) for part in zip(*found, strict=True))
    is_below, is_above = (cohort.censoring == int(kind) for kind in (Censoring.BELOW, Censoring.ABOVE))
    return Vpc(
        edges=edges,
        centre=np.array([np.median(time[own]) for own in bins]),
        n=np.array([int(own.sum()) for own in bins]),
        observed=observed,
        simulated=simulated,
        below=shares[:, 0],
        below_simulated=simulated_shares[:, 0],
        above=shares[:, 1],
        above_simulated=simulated_shares[:, 1],
        time=time[chosen],
        level=(np.where(is_above, cohort.uloq, np.where(is_below, cohort.lloq, data / factor)) * factor)[chosen],
        censoring=cohort.censoring[chosen],
        n_uncorrected=int((chosen & ~(replicates.pred > 0.0)).sum()) if is_corrected else 0,
    )


def equal_bins(time: FloatArray, n_bins: int | None = None) -> FloatArray:
    """Return the ends of bins with about equally many samples, (n_bins + 1,) [day]; equal times share a bin.

    Parameters
    ----------
    time : (n_samples,) array
        Times of the samples [day].
    n_bins : int, optional
        How many at most; where left out, one for every twenty samples and at most eight.
    """
    wanted = int(np.clip(time.size // _LEVELS_A_BIN, 1, _MOST_BINS)) if n_bins is None else n_bins
    distinct, counts = np.unique(time, return_counts=True)
    before = np.cumsum(counts)[:-1]
    # An edge lies between the two distinct times where the number of samples before it is nearest to its share.
    cuts = (
        {int(np.abs(before - time.size * k / wanted).argmin()) for k in range(1, wanted)} if before.size else set[int]()
    )
    inner = [0.5 * (distinct[cut] + distinct[cut + 1]) for cut in sorted(cuts)]
    return np.array([distinct[0], *inner, distinct[-1]])


def time_after_dose(cohort: Cohort) -> FloatArray:
    """Return the time of each sample after the start of the last infusion before it [day]; 0 where there is none."""
    found = np.empty(cohort.sample_time.size)
    for i in range(cohort.n_subjects):
        doses = cohort.dose_time[cohort.dose_start[i] : cohort.dose_start[i + 1]]
        rows = slice(int(cohort.sample_start[i]), int(cohort.sample_start[i + 1]))
        times = cohort.sample_time[rows]
        last = np.searchsorted(doses, times, side="right") - 1
        since = np.where(last >= 0, doses[np.maximum(last, 0)], times) if doses.size else times  # none: 0 days after
        found[rows] = times - since
    return found


def _factors(pred: FloatArray, place: IntArray, chosen: BoolArray) -> FloatArray:
    """Return what each level is multiplied by; 1 where nothing is predicted for it."""
    factor = np.ones(pred.size)
    for k in np.unique(place):
        own = (place == k) & chosen & (pred > 0.0)
        if own.any():
            factor[own] = np.median(pred[own]) / pred[own]
    return factor


def _bin(
    cohort: Cohort, own: BoolArray, data: FloatArray, measured: ShortFloatArray, factor: FloatArray
) -> tuple[FloatArray, FloatArray, FloatArray, FloatArray]:
    """Return observed and simulated percentiles, and observed and simulated shares beyond the limits, of one bin."""
    simulated = ranked_simulations(cohort, own, measured[own])
    # Of each percentile over the replicates.
    ends = quantiles(quantiles(simulated * factor[own, None], PERCENTILES).T, INTERVAL)
    kinds = cohort.censoring[own]
    shares = [float((kinds == int(kind)).mean()) for kind in (Censoring.BELOW, Censoring.ABOVE)]
    simulated_shares = [(simulated == end).mean(axis=0) for end in (-np.inf, np.inf)]
    return (
        finite(quantiles(data[own], PERCENTILES)),
        finite(ends.T),
        np.array(shares),
        np.quantile(np.array(simulated_shares), INTERVAL, axis=1).T,
    )

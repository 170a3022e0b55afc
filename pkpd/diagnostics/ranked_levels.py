"""Levels as they rank where some are known only to lie beyond a limit: for order statistics of data and of simulations.

A level below its limit ranks under every quantified one, a level above its limit over every quantified one. A percentile that falls
among such levels is infinite and is not drawn. Data and simulations are treated alike, so that they can be compared even where
limits differ between samples.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from pkpd.data.records import Censoring

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pkpd.arrays import BoolArray, FloatArray, ShortFloatArray
    from pkpd.data.cohort import Cohort


def ranked_levels(cohort: Cohort) -> FloatArray:
    """Return the levels of a cohort [mg/L], infinite beyond a limit; of an interval its middle, (n_samples,)."""
    ends = {int(Censoring.BELOW): -np.inf, int(Censoring.ABOVE): np.inf}
    middle = 0.5 * (cohort.lloq + cohort.uloq)
    level = np.where(cohort.censoring == int(Censoring.BETWEEN), middle, cohort.level)
    for kind, end in ends.items():
        level = np.where(cohort.censoring == kind, end, level)
    return level


def ranked_simulations(cohort: Cohort, rows: BoolArray, measured: ShortFloatArray) -> FloatArray:
    """Return simulated levels [mg/L], infinite beyond the limits of their sample, (n_rows, n_replicates).

    Parameters
    ----------
    cohort : Cohort
        Limits of the samples.
    rows : (n_samples,) array
        The samples that were simulated.
    measured : (n_rows, n_replicates) array
        What would be measured without limits [mg/L].
    """
    drawn = measured.astype(np.float64)
    is_below, is_above = drawn < cohort.lloq[rows, None], drawn > cohort.uloq[rows, None]
    return np.where(is_below, -np.inf, np.where(is_above, np.inf, drawn))


def quantiles(values: FloatArray, probabilities: Sequence[float]) -> FloatArray:
    """Return sample quantiles over the first axis, (n_probabilities, ...); infinite where they fall among infinite values.

    Between order statistics the quantile is interpolated linearly (definition 7 of Hyndman and Fan 1996); between a finite and an
    infinite one it is infinite.
    """
    ordered = np.sort(values, axis=0)
    place = (ordered.shape[0] - 1) * np.array(probabilities)
    under = np.floor(place).astype(np.int64)
    over = np.minimum(under + 1, ordered.shape[0] - 1)
    share = (place - under).reshape(-1, *([1] * (ordered.ndim - 1)))
    with np.errstate(invalid="ignore"):
        between = ordered[under] + share * (ordered[over] - ordered[under])
    # Twice the same infinity has no difference, and an infinite step times nothing is no number.
    is_there = (share == 0.0) | (ordered[under] == ordered[over])
    # From below every limit to a quantified level, the quantile lies below every limit still.
    return np.where(is_there, ordered[under], np.where(ordered[under] == -np.inf, -np.inf, between))


def finite(values: FloatArray) -> FloatArray:
    """Return numbers with NaN in place of infinite ones."""
    return np.where(np.isfinite(values), values, np.nan)

"""Numerical predictive check: how many levels lie outside each prediction interval, beside how many the model expects."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from pkpd.diagnostics.ranked_levels import ranked_levels, ranked_simulations
from pkpd.diagnostics.vpc import INTERVAL

if TYPE_CHECKING:
    from pkpd.arrays import FloatArray
    from pkpd.data.cohort import Cohort
    from pkpd.simulation.replicates import Replicates

PREDICTION_INTERVALS = (0.0, 0.2, 0.4, 0.6, 0.8, 0.9, 0.95)
"""Shares of the levels that the intervals are to hold."""


@dataclass(frozen=True, slots=True)
class Npc:
    """A numerical predictive check.

    Parameters
    ----------
    below, above : (n_intervals,) arrays
        Shares of the levels below and above each of ``PREDICTION_INTERVALS``.
    below_simulated, above_simulated : (n_intervals, 3) arrays
        ``INTERVAL`` of these shares over the replicates.
    """

    below: FloatArray
    below_simulated: FloatArray
    above: FloatArray
    above_simulated: FloatArray


def npc(cohort: Cohort, replicates: Replicates) -> Npc:
    """Return the numerical predictive check of a cohort.

    Each level has prediction intervals of its own, from its replicates. A level beyond a limit is outside where the end of its
    interval was quantified, in the data and in the replicates alike.

    Parameters
    ----------
    cohort : Cohort
        Levels and limits.
    replicates : Replicates
        Simulations of all samples.

    References
    ----------
    Karlsson MO, Savic RM. Clin Pharmacol Ther 2007;82:17-20, doi:10.1038/sj.clpt.6100241.
    """
    n_samples, n_replicates = replicates.measured.shape
    everyone = np.ones(n_samples, dtype=np.bool_)
    data = ranked_levels(cohort)
    simulated = ranked_simulations(cohort, everyone, replicates.measured)
    ordered = np.sort(simulated, axis=1)
    found: list[tuple[float, FloatArray, float, FloatArray]] = []
    for share in PREDICTION_INTERVALS:
        # Rounded, because 1 - 0.8 is a little less than 0.2.
        outside = int(round(0.5 * (1.0 - share) * n_replicates, 6))
        # The middle replicate, or the one before the middle, where the interval is a point.
        first, last = min(outside, (n_replicates - 1) // 2), max(n_replicates - 1 - outside, n_replicates // 2)
        lower, upper = ordered[:, first], ordered[:, last]
        under: FloatArray = (simulated < lower[:, None]).mean(axis=0)
        over: FloatArray = (simulated > upper[:, None]).mean(axis=0)
        found.append(
            (
                float((data < lower).mean()),
                np.quantile(under, INTERVAL),
                float((data > upper).mean()),
                np.quantile(over, INTERVAL),
            )
        )
    below, below_simulated, above, above_simulated = (np.array(part) for part in zip(*found, strict=True))
    return Npc(below, below_simulated, above, above_simulated)

"""Averages over models, each weighted by how probable it makes the observations."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from pkpd.kernels.quadrature import probability_below

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pkpd.arrays import FloatArray
    from pkpd.estimation.posterior import Posterior


def evidence_weights(log_evidence: FloatArray) -> FloatArray:
    """Return the probabilities of models that were equally probable before the observations.

    Parameters
    ----------
    log_evidence : (n_models,) array
        Log evidence of each for the same observations; -inf for a model that cannot explain them.

    Returns
    -------
    (n_models,) array
        Weights that add up to 1; equal ones where no model explains the observations.
    """
    best = log_evidence.max()
    if not np.isfinite(best):
        return np.full(log_evidence.size, 1.0 / log_evidence.size)
    weights = np.exp(log_evidence - best)
    return weights / weights.sum()


def averaged_quantiles(
    posteriors: Sequence[Posterior],
    tables: Sequence[FloatArray],
    signs: Sequence[float],
    weights: FloatArray,
    probabilities: FloatArray,
) -> FloatArray:
    """Return quantiles of a quantity under the weighted mixture of several models' posteriors.

    Parameters
    ----------
    posteriors : sequence of Posterior
        One for each model.
    tables : sequence of (n_lines, n_nodes) arrays
        The quantity at the nodes of each posterior.
    signs : sequence of float
        1 where it rises along the lines, -1 where it falls.
    weights : (n_models,) array
        Weights that add up to 1.
    probabilities : (n,) array
        Probabilities.

    Returns
    -------
    (n,) array
        Quantiles, by bisection of the mixture's distribution function to 1e-9 (1 + |quantile|).
    """
    used = [i for i in range(len(posteriors)) if weights[i] > 0.0]
    lowest = min(float(tables[i].min()) for i in used)
    highest = max(float(tables[i].max()) for i in used)
    return np.array(
        [_mixture_quantile(posteriors, tables, signs, weights, float(p), lowest, highest) for p in probabilities]
    )


def _mixture_quantile(
    posteriors: Sequence[Posterior],
    tables: Sequence[FloatArray],
    signs: Sequence[float],
    weights: FloatArray,
    probability: float,
    low: float,
    high: float,
) -> float:
    for _ in range(60):
        middle = 0.5 * (low + high)
        below = 0.0
        for posterior, table, sign, weight in zip(posteriors, tables, signs, weights, strict=True):
            if weight > 0.0:
                below += (
                    weight
                    * probability_below(table, sign, posterior.step, posterior.density, posterior.integral, middle)[0]
                )
        if below < probability:
            low = middle
        else:
            high = middle
        if high - low < 1e-9 * (1.0 + abs(middle)):
            break
    return 0.5 * (low + high)

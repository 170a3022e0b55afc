"""Averages over models, each weighted by how probable it makes the observations."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from pkpd.kernels.quadrature import probability_below

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pkpd.arrays import FloatArray
    from pkpd.estimation.posterior import Posterior

_STEPS_MAX = 100
_CLOSE = 1e-9
_LEAST_SLOPE = 1e-300  # a step over less would overflow


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
        Ascending.

    Returns
    -------
    (n,) array
        Quantiles, where the mixture's distribution function is within 1e-9 of the probability.
    """
    used = [i for i in range(len(posteriors)) if weights[i] > 0.0]
    low = min(float(tables[i].min()) for i in used)
    high = max(float(tables[i].max()) for i in used)
    found: list[float] = []
    for probability in np.sort(probabilities):
        found.append(_mixture_quantile(posteriors, tables, signs, weights, float(probability), (low, high)))
        low = found[-1]
    return np.array(found)


def _mixture_quantile(
    posteriors: Sequence[Posterior],
    tables: Sequence[FloatArray],
    signs: Sequence[float],
    weights: FloatArray,
    probability: float,
    ends: tuple[float, float],
) -> float:
    """Return one quantile by Newton steps, halving the bracket where a step would leave it."""
    low, high = ends
    guess = 0.5 * (low + high)
    for _ in range(_STEPS_MAX):
        below = slope = 0.0
        for posterior, table, sign, weight in zip(posteriors, tables, signs, weights, strict=True):
            if weight > 0.0:
                part, density = probability_below(
                    table, sign, posterior.step, posterior.density, posterior.integral, guess
                )
                below += weight * part
                slope += weight * density
        if abs(below - probability) < _CLOSE or high - low < _CLOSE:
            break
        low, high = (guess, high) if below < probability else (low, guess)
        step = guess - (below - probability) / slope if slope > _LEAST_SLOPE else high
        guess = step if low < step < high else 0.5 * (low + high)
    return guess

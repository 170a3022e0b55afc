"""How covariates are spread and go together in a population, from means and covariances alone, and what they say of inputs that are not known."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from scipy.special import ndtri

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from crohns_srs.data.config import Covariate
    from pkpd.arrays import FloatArray

# Probability that is left to each value of a binary covariate, whatever a linear regression makes of it.
_LEAST_PROBABILITY = 0.01


@dataclass(frozen=True, slots=True)
class Population:
    """Means and covariances of the covariates of the models of classes.

    Continuous covariates are normal around a linear regression on the others, those of a logarithmic scale as ln(1 + value); a binary covariate is 1 with the probability
    that its linear regression gives, between 0.01 and 0.99.

    Parameters
    ----------
    covariates : tuple of Covariate
        Covariates, in the order of all that follows.
    n_obs : int
        Participants that it is known from.
    mean, covariance : (n,), (n, n) array
        On the scale on which they are spread evenly, not centred.
    source : str
        Where they come from, in one sentence.
    """

    covariates: tuple[Covariate, ...]
    n_obs: int
    mean: FloatArray
    covariance: FloatArray
    source: str

    @property
    def terms(self) -> tuple[str, ...]:
        """Names of the covariates in the models."""
        return tuple(one.name for one in self.covariates)

    def scaled(self, values: Mapping[str, float]) -> FloatArray:
        """Return values that are known, centred as the models have them, on the scale of `mean`; NaN for the others, (n,)."""
        given = [
            _scaled(one, values[one.name] + one.centre) if one.name in values else np.nan for one in self.covariates
        ]
        return np.array(given)


def create_population(
    covariates: Sequence[Covariate], n_obs: int, mean: FloatArray, covariance: FloatArray, source: str
) -> Population:
    """Return the population with some means and covariances of values as they are measured.

    For a covariate Y of a logarithmic scale with mean m, ln(1 + Y) is normal with the variance ln(1 + Var Y/(1 + m)²), and Cov(X, Y) = (1 + m) Cov(X, ln(1 + Y)) for
    a normal X (Stein's lemma).

    Parameters
    ----------
    covariates : sequence of Covariate
        Covariates.
    n_obs : int
        Participants.
    mean, covariance : (n,), (n, n) array
        Of the values, not centred.
    source : str
        Where they come from.
    """
    mean, covariance = mean.copy(), covariance.copy()
    for i, one in enumerate(covariates):
        if one.is_logarithmic:
            whole = 1.0 + mean[i]
            spread = float(np.log1p(covariance[i, i] / whole**2))
            covariance[i] /= whole
            covariance[:, i] /= whole
            covariance[i, i] = spread
            mean[i] = np.log(whole) - 0.5 * spread
    return Population(tuple(covariates), n_obs, mean, covariance, source)


def likely_values(population: Population, known: Mapping[str, float], n: int) -> dict[str, FloatArray]:
    """Return what inputs that are not known may be, given those that are: equally likely sets of values.

    The sets are points of a lattice, not random: the same question has the same answer.

    Parameters
    ----------
    population : Population
        How covariates go together.
    known : mapping of str to float
        Values by term, centred.
    n : int
        Sets.

    Returns
    -------
    dict of str to (n,) array
        Values of each covariate of the population that is not known, centred.
    """
    given = population.scaled(known)
    is_binary = np.array([one.is_binary for one in population.covariates])
    is_known = np.isfinite(given)
    # Known ones first, then binary ones, which continuous ones follow.
    order = np.lexsort((~is_binary, ~is_known))
    n_known = int(is_known.sum())
    factor = _factor(population.covariance[np.ix_(order, order)])
    z = np.zeros((n, order.size))
    if n_known:
        rest = given[order[:n_known]] - population.mean[order[:n_known]]
        z[:, :n_known] = np.linalg.solve(factor[:n_known, :n_known], rest)
    uniform = _lattice(n, order.size - n_known)
    normal = _standardised(np.array(ndtri(uniform), dtype=np.float64))
    found: dict[str, FloatArray] = {}
    for i in range(n_known, order.size):
        one = population.covariates[int(order[i])]
        centre = population.mean[order[i]] + z[:, :i] @ factor[i, :i]
        u = uniform[:, i - n_known]
        if one.is_binary:
            chance = np.clip(centre, _LEAST_PROBABILITY, 1.0 - _LEAST_PROBABILITY)
            value: FloatArray = (u > 1.0 - chance).astype(np.float64)
            z[:, i] = (value - centre) / factor[i, i]
        else:
            z[:, i] = normal[:, i - n_known]
            value = _measured(one, centre + factor[i, i] * z[:, i])
        found[one.name] = value - one.centre
    return found


def _scaled(one: Covariate, value: float) -> float:
    return float(np.log1p(value)) if one.is_logarithmic else value


def _measured(one: Covariate, value: FloatArray) -> FloatArray:
    """Return values as they are measured, and as are possible."""
    return np.clip(np.expm1(value) if one.is_logarithmic else value, one.low, one.high)


def _factor(covariance: FloatArray) -> FloatArray:
    """Return the lower factor of a covariance whose smallest directions may be rounding."""
    scale = np.sqrt(np.diag(covariance))
    values, vectors = np.linalg.eigh(covariance / np.outer(scale, scale))
    half = vectors * np.sqrt(np.maximum(values, 1e-9))
    return scale[:, None] * np.linalg.cholesky(half @ half.T)


def _standardised(normal: FloatArray) -> FloatArray:
    """Return columns with mean 0, variance 1 and no correlation: what a finite lattice misses of a normal distribution's first two moments."""
    if not normal.size:
        return normal
    centre: FloatArray = normal.mean(axis=0)
    apart: FloatArray = normal - centre
    spread: FloatArray = apart.T @ apart / apart.shape[0]
    return apart @ np.linalg.inv(np.linalg.cholesky(spread)).T


def _lattice(n: int, n_dimensions: int) -> FloatArray:
    """Return points that fill the unit cube evenly: Kronecker's sequence by powers of the generalised golden ratio, the last coordinate a grid."""
    step: FloatArray = np.arange(n, dtype=np.float64) + 0.5
    root = 2.0
    for _ in range(60):
        root = (1.0 + root) ** (1.0 / max(n_dimensions, 1))
    columns: list[FloatArray] = [np.mod(0.5 + step * root**-k, 1.0) for k in range(n_dimensions - 1, 0, -1)]
    columns.append(step / n)
    # Away from 0 and 1, where a normal value would be infinite.
    return np.clip(np.column_stack(columns)[:, :n_dimensions], 0.5 / n, 1.0 - 0.5 / n)

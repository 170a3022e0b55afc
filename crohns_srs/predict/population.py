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

    def scaled(self, values: Mapping[str, FloatArray]) -> FloatArray:
        """Return values that are known, centred as the models have them, on the scale of `mean`; NaN for the others, (n, n_patients)."""
        n = next(iter(values.values())).size if values else 1
        return np.array(
            [_scaled(one, values.get(one.name, np.full(n, np.nan)) + one.centre) for one in self.covariates]
        )


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
    """Return what inputs of one patient that are not known may be, given those that are: equally likely sets of values.

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
    found = likely_values_of_many(population, {name: np.array([value]) for name, value in known.items()}, n)
    return {name: values[0] for name, values in found.items()}


def likely_values_of_many(population: Population, known: Mapping[str, FloatArray], n: int) -> dict[str, FloatArray]:
    """Return the same for patients of whom the same inputs are known.

    Parameters
    ----------
    population : Population
        How covariates go together.
    known : mapping of str to (n_patients,) array
        Values by term, centred.
    n : int
        Sets for each patient.

    Returns
    -------
    dict of str to (n_patients, n) array
        Values of each covariate of the population that is not known, centred.
    """
    given = population.scaled(known)
    is_binary = np.array([one.is_binary for one in population.covariates])
    is_known = np.isfinite(given).all(axis=1)
    # Known ones first, then binary ones, which continuous ones follow.
    order = np.lexsort((~is_binary, ~is_known))
    n_known = int(is_known.sum())
    factor = _factor(population.covariance[np.ix_(order, order)])
    rest = given[order[:n_known]] - population.mean[order[:n_known], None]
    z = np.linalg.solve(factor[:n_known, :n_known], rest) if n_known else np.zeros((0, given.shape[1]))
    uniform = _lattice(n, order.size - n_known)
    normal = _standardised(np.array(ndtri(uniform), dtype=np.float64))
    found: dict[str, FloatArray] = {}
    drawn: list[FloatArray] = []
    for i in range(n_known, order.size):
        one = population.covariates[int(order[i])]
        centre: FloatArray = (population.mean[order[i]] + factor[i, :n_known] @ z)[:, None]
        for j, before in enumerate(drawn):
            centre = centre + factor[i, n_known + j] * before
        if one.is_binary:
            chance = np.clip(centre, _LEAST_PROBABILITY, 1.0 - _LEAST_PROBABILITY)
            value: FloatArray = (uniform[:, i - n_known] > 1.0 - chance).astype(np.float64)
            drawn.append((value - centre) / factor[i, i])
        else:
            drawn.append(normal[None, :, i - n_known])
            value = _measured(one, centre + factor[i, i] * drawn[-1])
        found[one.name] = value - one.centre
    return found


def _scaled(one: Covariate, value: FloatArray) -> FloatArray:
    return np.log1p(value) if one.is_logarithmic else value


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

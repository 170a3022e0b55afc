"""How covariates are spread and go together in a population, from means and covariances alone, and what they say of inputs that are not known."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from scipy.special import ndtr, ndtri

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from crohns_srs.data.config import Covariate
    from pkpd.arrays import FloatArray, IntArray

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
    given = _conditions(population, known)
    uniform = _lattice(n, given.order.size - given.n_known)
    return _values(population, given, uniform, _standardised(np.array(ndtri(uniform), dtype=np.float64)))


def drawn_values(population: Population, n: int, rng: np.random.Generator) -> dict[str, FloatArray]:
    """Draw patients as the trials had them: continuous covariates are cut at their usual values, each given those before it.

    Parameters
    ----------
    population : Population
        How covariates go together.
    n : int
        Patients.
    rng : numpy.random.Generator
        Source of random numbers.

    Returns
    -------
    dict of str to (n,) array
        Values of each covariate of the population, centred.
    """
    found = _values(population, _conditions(population, {}), rng.random((n, len(population.covariates))), None)
    return {name: values[0] for name, values in found.items()}


@dataclass(frozen=True, slots=True)
class _Conditions:
    """Order of the covariates, known ones first, and what those say of the others.

    `factor` is the lower factor of the covariance in that order, and `z` (n_known, n_patients) the known values by it.
    """

    order: IntArray
    n_known: int
    factor: FloatArray
    z: FloatArray


def _conditions(population: Population, known: Mapping[str, FloatArray]) -> _Conditions:
    given = population.scaled(known)
    is_binary = np.array([one.is_binary for one in population.covariates])
    is_known = np.isfinite(given).all(axis=1)
    # Known ones first, then binary ones, which continuous ones follow.
    order = np.lexsort((~is_binary, ~is_known)).astype(np.int64)
    n_known = int(is_known.sum())
    factor = _factor(population.covariance[np.ix_(order, order)])
    rest = given[order[:n_known]] - population.mean[order[:n_known], None]
    z: FloatArray = np.zeros((0, given.shape[1]))
    if n_known:
        z = np.linalg.solve(factor[:n_known, :n_known], rest).astype(np.float64, copy=False)
    return _Conditions(order, n_known, factor, z)


def _values(
    population: Population, given: _Conditions, uniform: FloatArray, normal: FloatArray | None
) -> dict[str, FloatArray]:
    """Return values of what is not known, (n_patients, n) each, one covariate after the other.

    `uniform` (n, n_unknown) settles binary ones, `normal` of the same shape the others; without it these follow `uniform` too, cut at their usual values.
    """
    n_known, factor = given.n_known, given.factor
    found: dict[str, FloatArray] = {}
    drawn: list[FloatArray] = []
    for i in range(n_known, given.order.size):
        one = population.covariates[int(given.order[i])]
        centre: FloatArray = (population.mean[given.order[i]] + factor[i, :n_known] @ given.z)[:, None]
        for j, before in enumerate(drawn):
            centre = centre + factor[i, n_known + j] * before
        if one.is_binary:
            chance = np.clip(centre, _LEAST_PROBABILITY, 1.0 - _LEAST_PROBABILITY)
            value: FloatArray = (uniform[:, i - n_known] > 1.0 - chance).astype(np.float64)
            drawn.append((value - centre) / factor[i, i])
        else:
            spread = float(factor[i, i])
            drawn.append(
                _cut_normal(one, centre, spread, uniform[:, i - n_known])
                if normal is None
                else normal[None, :, i - n_known]
            )
            value = _measured(one, centre + spread * drawn[-1])
        found[one.name] = value - one.centre
    return found


def _cut_normal(one: Covariate, centre: FloatArray, spread: float, uniform: FloatArray) -> FloatArray:
    """Return standard normal values at quantiles, given that the covariate is usual, or possible where nothing is said of that."""
    low, high = ((_scaled(one, np.array(end)) - centre) / spread for end in one.usual or (one.low, one.high))
    below, above = ndtr(low), ndtr(high)
    return np.clip(ndtri(below + (above - below) * uniform), low, high)


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

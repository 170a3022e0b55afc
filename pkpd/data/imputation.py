"""Missing covariates drawn from their joint distribution: data augmentation of a multivariate normal one.

Positive covariates are normal as logarithms; a binary one is whether a latent normal variable of variance 1 is above zero (multivariate
probit). Parameters are drawn from their posterior under a prior that counts as little as it can, then latent and missing values given
the parameters: Schafer JL. Analysis of Incomplete Multivariate Data, 1997, ISBN 978-0-412-04061-0, chapter 5; latent variances are
brought back to 1 after each draw, as in parameter-expanded data augmentation (Liu JS, Wu YN. J Am Stat Assoc 1999;94:1264-1274,
doi:10.1080/01621459.1999.10473879).
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import Enum
from typing import TYPE_CHECKING

import numpy as np
from scipy.special import ndtr, ndtri
from scipy.stats import invwishart

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pkpd.arrays import BoolArray, FloatArray, IntArray

_NO_PROBABILITY = 1e-12


class ImputationScale(Enum):
    """What is normal: the logarithm, the covariate itself, or a variable behind a code."""

    LOG = "log"
    IDENTITY = "identity"
    BINARY = "binary"


@dataclass(frozen=True, slots=True)
class ImputedColumn:
    """One covariate of an imputation model.

    Parameters
    ----------
    name : str
        Case name.
    scale : ImputationScale
        What is normal.
    low, high : float
        Range within which a value is possible; of a binary covariate its two codes.
    """

    name: str
    scale: ImputationScale
    low: float = -np.inf
    high: float = np.inf


@dataclass(frozen=True, slots=True)
class Augmented:
    """Covariates of all subjects, completed on the normal scale, with the parameters that they were drawn under.

    Parameters
    ----------
    columns : tuple of ImputedColumn
        The covariates.
    values : (n_subjects, n_columns) array
        As measured; NaN where missing.
    normal : (n_subjects, n_columns) array
        On the normal scale, missing and latent ones drawn.
    mean, covariance : (n_columns,), (n_columns, n_columns) arrays
        Parameters on the normal scale.
    """

    columns: tuple[ImputedColumn, ...]
    values: FloatArray
    normal: FloatArray
    mean: FloatArray
    covariance: FloatArray

    @property
    def is_missing(self) -> BoolArray:
        """Return what is missing, (n_subjects, n_columns)."""
        return np.isnan(self.values)

    @property
    def is_latent(self) -> BoolArray:
        """Return which columns are binary, (n_columns,)."""
        return np.array([one.scale is ImputationScale.BINARY for one in self.columns])


def begin_augmentation(columns: Sequence[ImputedColumn], values: FloatArray) -> Augmented:
    """Return covariates with means in place of what is missing; every column has at least one known value."""
    normal = np.column_stack([_to_normal(one, values[:, k]) for k, one in enumerate(columns)])
    mean = np.nanmean(normal, axis=0)
    normal = np.where(np.isnan(normal), mean, normal)
    spread = np.maximum(normal.var(axis=0), _NO_PROBABILITY)
    return Augmented(tuple(columns), values, normal, mean, np.diag(spread))


def draw_parameters(found: Augmented, rng: np.random.Generator) -> Augmented:
    """Return covariates with mean and covariance drawn from their posterior, given the completed values."""
    n, p = found.normal.shape
    mean = found.normal.mean(axis=0)
    centred = found.normal - mean
    # Jeffreys' prior, and as much as one subject of independent covariates, so that few subjects are enough.
    scatter = centred.T @ centred + np.diag(np.diag(found.covariance))
    covariance: FloatArray = np.asarray(invwishart.rvs(n - 1 + p, scatter, random_state=rng), dtype=np.float64).reshape(
        p, p
    )
    factor: FloatArray = np.asarray(np.linalg.cholesky(covariance), dtype=np.float64)
    noise: FloatArray = np.asarray(rng.standard_normal(int(p)), dtype=np.float64)
    drawn: FloatArray = mean + np.dot(factor, noise).astype(np.float64) / float(np.sqrt(n))
    unit = np.where(found.is_latent, 1.0 / np.sqrt(np.diag(covariance)), 1.0)
    return replace(found, normal=found.normal * unit, mean=drawn * unit, covariance=covariance * np.outer(unit, unit))


def draw_latent(found: Augmented, rng: np.random.Generator) -> Augmented:
    """Return covariates with the latent variables of known codes drawn, one column after the other, given all others."""
    normal = found.normal.copy()
    for k in np.flatnonzero(found.is_latent).tolist():
        known = ~found.is_missing[:, k]
        others = [j for j in range(len(found.columns)) if j != k]
        slope, sd = _regression(found.covariance, k, others)
        centre = found.mean[k] + (normal[:, others] - found.mean[others]) @ slope
        is_high = found.values[:, k] == found.columns[k].high
        # Of a normal distribution above or below zero, by its inverse.
        zero: FloatArray = np.asarray(ndtr(-centre / sd), dtype=np.float64)
        low, high = np.where(is_high, zero, 0.0), np.where(is_high, 1.0, zero)
        share = low + (high - low) * rng.random(len(normal))
        drawn = centre + sd * ndtri(np.clip(share, _NO_PROBABILITY, 1.0 - _NO_PROBABILITY))
        normal[:, k] = np.where(known, drawn, normal[:, k])
    return replace(found, normal=normal)


def draw_missing(found: Augmented, subject: int, n: int, rng: np.random.Generator) -> FloatArray:
    """Return draws of one subject's covariates given its known ones, (n, n_columns) on the normal scale."""
    return draw_missing_of_all(found, np.array([subject]), n, rng)[0]


def draw_missing_of_all(found: Augmented, subjects: IntArray, n: int, rng: np.random.Generator) -> FloatArray:
    """Return draws of some subjects' covariates given their known ones, (n_subjects, n, n_columns) on the normal scale.

    Those who lack the same covariates share one regression.
    """
    gaps = found.is_missing[subjects]
    drawn = np.repeat(found.normal[subjects][:, None, :], n, axis=1)
    for pattern in np.unique(gaps, axis=0):
        own = np.flatnonzero((gaps == pattern).all(axis=1))
        known, missing = np.flatnonzero(~pattern), np.flatnonzero(pattern)
        slope, spread = _regressions(found.covariance, known, missing)
        centre = found.mean[missing] + (found.normal[np.ix_(subjects[own], known)] - found.mean[known]) @ slope.T
        noise = rng.standard_normal((own.size, n, missing.size)) @ np.linalg.cholesky(spread).T
        drawn[np.ix_(own, np.arange(n), missing)] = centre[:, None, :] + noise
    return drawn


def to_values(columns: Sequence[ImputedColumn], normal: FloatArray) -> FloatArray:
    """Return covariates in their own units, (..., n_columns), from the normal scale."""
    found = normal.copy()
    for k, one in enumerate(columns):
        if one.scale is ImputationScale.LOG:
            found[..., k] = np.exp(normal[..., k])
        elif one.scale is ImputationScale.BINARY:
            found[..., k] = np.where(normal[..., k] > 0.0, one.high, one.low)
    return found


def is_possible(columns: Sequence[ImputedColumn], values: FloatArray) -> BoolArray:
    """Return which rows of covariates lie within their ranges, (...,)."""
    low, high = np.array([one.low for one in columns]), np.array([one.high for one in columns])
    return np.asarray(((values >= low) & (values <= high)).all(axis=-1), dtype=np.bool_)


def _to_normal(column: ImputedColumn, values: FloatArray) -> FloatArray:
    if column.scale is ImputationScale.LOG:
        return np.log(values)
    if column.scale is ImputationScale.BINARY:
        sign = np.where(values == column.high, 1.0, -1.0)
        return np.where(np.isnan(values), np.nan, sign)
    return values.copy()


def _regression(covariance: FloatArray, k: int, others: list[int]) -> tuple[FloatArray, float]:
    """Return the slopes of one normal variable on the others and its standard deviation around them."""
    slope: FloatArray = np.linalg.solve(covariance[np.ix_(others, others)], covariance[others, k]).astype(np.float64)
    return slope, float(np.sqrt(max(covariance[k, k] - slope @ covariance[others, k], _NO_PROBABILITY)))


def _regressions(covariance: FloatArray, known: IntArray, missing: IntArray) -> tuple[FloatArray, FloatArray]:
    """Return the slopes of missing covariates on known ones, (n_missing, n_known), and their covariance around them."""
    across = covariance[np.ix_(missing, known)]
    slope: FloatArray = np.linalg.solve(covariance[np.ix_(known, known)], across.T).T.astype(np.float64)
    return slope, covariance[np.ix_(missing, missing)] - slope @ across.T

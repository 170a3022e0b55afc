"""Matrices of a fit that standard errors, effects of groups and degrees of freedom are made of, none larger than its groups.

In the basis Q of the fixed effects, with V = I + ZΛZ': A = Q'V⁻¹Q, F = Q'V⁻¹Z, H = Z'PZ, where P = V⁻¹ - V⁻¹X(X'V⁻¹X)⁻¹X'V⁻¹.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from crohns_srs.lmm.ratio_pair import damped
from crohns_srs.lmm.summary import coefficients

if TYPE_CHECKING:
    from crohns_srs.lmm.summary import Summary
    from pkpd.arrays import FloatArray


@dataclass(frozen=True, slots=True)
class Moments:
    """Matrices at given ratios, all as if the residual variance were 1.

    Parameters
    ----------
    ratio : (n_groups,) array
        λ of each group.
    shrinkage : (n_groups, n_groups) array
        W = (Λ⁻¹ + Z'Z)⁻¹, conditional covariance of the groups' effects.
    weight : (n_terms, n_terms) array
        A⁻¹.
    cross : (n_terms, n_groups) array
        F.
    kernel : (n_groups, n_groups) array
        H.
    covariance : (n_terms, n_terms) array
        (X'V⁻¹X)⁻¹, of the coefficients.
    lever : (n_terms, n_groups) array
        (X'V⁻¹X)⁻¹X'V⁻¹Z: how the coefficients follow the groups' effects.
    """

    ratio: FloatArray
    shrinkage: FloatArray
    weight: FloatArray
    cross: FloatArray
    kernel: FloatArray
    covariance: FloatArray
    lever: FloatArray


def moments(summary: Summary, ratio: FloatArray) -> Moments:
    """Return the matrices of a fit.

    Parameters
    ----------
    summary : Summary
        Of the rows.
    ratio : (n_factors,) array
        λ of each grouping.
    """
    each = ratio[summary.factor]
    root = np.sqrt(each)
    factor = np.linalg.cholesky(np.eye(root.size) + root[:, None] * summary.counts * root)
    half = np.linalg.solve(factor, np.diag(root))
    shrinkage = half.T @ half
    cross = np.linalg.solve(np.eye(each.size) + summary.counts * each, summary.sums).T.astype(np.float64)
    weight = np.linalg.inv(np.eye(summary.n_terms) - summary.sums.T @ shrinkage @ summary.sums)
    weight = 0.5 * (weight + weight.T)
    left = coefficients(summary, weight)
    covariance = coefficients(summary, left.T)
    return Moments(
        each,
        shrinkage,
        weight,
        cross,
        damped(summary.half, each),
        0.5 * (covariance + covariance.T),
        coefficients(summary, (weight @ cross).T).T,
    )

"""Expected and new outcomes of a fitted mixed model, for rows of unknown groups or of those it was fitted to."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence

    from crohns_srs.lmm.fit import MixedFit
    from pkpd.arrays import FloatArray, IntArray


@dataclass(frozen=True, slots=True)
class Prediction:
    """Predictions of rows.

    Parameters
    ----------
    mean : (n_rows,) array
        Expected outcome.
    standard_error : (n_rows,) array
        Of the expected outcome, the variances taken as known.
    error_of_new : (n_rows,) array
        Standard deviation of a new outcome around `mean`: the error of the mean, groups that are not known, and the rest.
    """

    mean: FloatArray
    standard_error: FloatArray
    error_of_new: FloatArray


def predict_population(fit: MixedFit, matrix: FloatArray) -> Prediction:
    """Predict rows of an average group: effects of groups are 0, and add to the error of a new outcome.

    Parameters
    ----------
    fit : MixedFit
        Fit.
    matrix : (n_rows, n_terms) array
        Fixed effects of the rows, with the intercept.
    """
    variance = np.einsum("ij,jk,ik->i", matrix, fit.covariance, matrix)
    new = variance + fit.group_variance.sum() + fit.residual_variance
    return Prediction(matrix @ fit.estimate, np.sqrt(variance), np.sqrt(new))


def predict_groups(fit: MixedFit, matrix: FloatArray, labels: Sequence[Sequence[str]]) -> Prediction:
    """Predict rows with the effects of their groups; a group that the fit does not know has effect 0 and the groups' whole variance.

    Parameters
    ----------
    fit : MixedFit
        Fit.
    matrix : (n_rows, n_terms) array
        Fixed effects of the rows, with the intercept.
    labels : sequence of sequence of str
        For each grouping the group of each row.
    """
    group, unknown = _positions(fit, labels)
    is_known = group >= 0
    effect = np.where(is_known, fit.effects[group], 0.0).sum(axis=0)
    variance = np.einsum("ij,jk,ik->i", matrix, fit.covariance, matrix)
    error, shared = effect_errors(fit)
    for a, known_a in zip(group, is_known, strict=True):
        # Error of an effect goes with that of the fixed effects: where they are too high, it is too low.
        variance += np.where(known_a, 2.0 * (matrix * shared[:, a].T).sum(axis=1), 0.0)
        for b, known_b in zip(group, is_known, strict=True):
            variance += np.where(known_a & known_b, error[a, b], 0.0)
    variance += unknown @ fit.group_variance
    return Prediction(matrix @ fit.estimate + effect, np.sqrt(variance), np.sqrt(variance + fit.residual_variance))


def effect_errors(fit: MixedFit) -> tuple[FloatArray, FloatArray]:
    """Return the covariance of predicted minus true effects of groups, and theirs with the errors of the fixed effects.

    Returns
    -------
    tuple of array
        (n_groups, n_groups) and (n_terms, n_groups), the variances taken as known (Henderson's mixed model equations).
    """
    at = fit.moments
    own = np.diag(at.ratio) - at.ratio[:, None] * at.kernel * at.ratio
    return fit.residual_variance * own, -fit.residual_variance * at.lever * at.ratio


def _positions(fit: MixedFit, labels: Sequence[Sequence[str]]) -> tuple[IntArray, FloatArray]:
    """Return each row's group in the order of the effects, -1 for an unknown one, and which are unknown."""
    found: list[list[int]] = []
    start = 0
    for one, names in zip(fit.summary.design.groupings, labels, strict=True):
        place = {level: start + i for i, level in enumerate(one.levels)}
        found.append([place.get(name, -1) for name in names])
        start += len(one.levels)
    group = np.array(found, dtype=np.int64)
    return group, (group < 0).T.astype(np.float64)

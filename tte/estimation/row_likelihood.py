"""The likelihood of event times row by row and subject by subject, with scores: what a sandwich of a covariance matrix is made of."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from tte.estimation.prediction import linear_predictors
from tte.kernels.row_values import row_values

if TYPE_CHECKING:
    from pkpd.arrays import FloatArray, IntArray
    from tte.estimation.fit import EventFit
    from tte.hazards.hazard import Hazard


def row_log_likelihoods(
    hazard: Hazard, time: FloatArray, kind: IntArray, linear: FloatArray
) -> tuple[FloatArray, FloatArray]:
    """Return the log-likelihood of each row, and its derivatives by its linear predictors.

    Parameters
    ----------
    hazard : Hazard
        The hazard.
    time : (n_rows, 3) array
        Start, stop and upper [day].
    kind : (n_rows,) array
        An `EventKind` each.
    linear : (n_rows, n_parameters) array
        Linear predictors of the hazard's parameters.

    Returns
    -------
    (n_rows,) array, (n_rows, n_parameters) array
        NaN or -inf where the likelihood is none or vanishes.
    """
    value, slope = np.empty(kind.size), np.empty(linear.shape)
    row_values(
        hazard.code,
        np.ascontiguousarray(time, dtype=np.float64),
        np.ascontiguousarray(kind, dtype=np.int64),
        np.ascontiguousarray(linear, dtype=np.float64),
        value,
        slope,
    )
    return value, slope


def subject_log_likelihoods(fit: EventFit) -> tuple[FloatArray, FloatArray]:
    """Return the log-likelihood of each subject, and its derivatives by the coefficients (scores).

    Parameters
    ----------
    fit : EventFit
        The fit, at whose estimates both are taken.

    Returns
    -------
    (n_subjects,) array, (n_subjects, n_coefficients) array
        On the scale of the linear predictors; sums over subjects are the log-likelihood and its gradient.
    """
    events, model = fit.events, fit.model
    time = np.column_stack((events.start, events.stop, events.upper))
    value, slope = row_log_likelihoods(model.hazard, time, events.kind, linear_predictors(fit))
    factor = np.ones((events.n_rows, len(model.names)))
    for i, effect in enumerate(model.effects, start=len(model.hazard.parameters)):
        factor[:, i] = events.covariates[effect.covariate] - effect.reference
    score = slope[:, model.parameter_index] * factor
    by_subject, scores = np.zeros(events.n_subjects), np.zeros((events.n_subjects, len(model.names)))
    np.add.at(by_subject, events.subject, value)
    np.add.at(scores, events.subject, score)
    return by_subject, scores

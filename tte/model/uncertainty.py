"""The event model's own uncertainty over a posterior of the exposure, as mixtures of normals of a log cumulative hazard.

Given the exposure x, ln H(t) is normal. Its variance follows the event model's rule: from the number of events and the
standard deviation of β, or c'Σc with c = (1, ln t, x - x_ref) from a covariance matrix of (ln λ, γ, β), or 0.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from tte.model.coding import effect_multiplier
from tte.model.event_model import AnchoredUncertainty, CovarianceUncertainty
from tte.model.mixture import Mixture
from tte.model.predict import remaining_fraction

if TYPE_CHECKING:
    from pkpd.arrays import FloatArray
    from tte.model.event_model import EventModel

_SHAPE_RANGE = 7.0
_SHAPE_Z, _SHAPE_WEIGHT = np.polynomial.legendre.leggauss(24)


def hazard_mixture(model: EventModel, log_auc_cl: FloatArray, *, weights: FloatArray, days: FloatArray) -> Mixture:
    """Return the distribution of ln H(t) over the posterior of the exposure and the event model's uncertainty.

    Parameters
    ----------
    model : EventModel
        Event model.
    log_auc_cl, weights : (n_nodes,) array
        Nodes of the posterior of the exposure ln(AUC/CL) and their probabilities; at -inf (no drug in the window) the
        hazard is infinite.
    days : (...) array
        Times t [day], above 0.

    Returns
    -------
    Mixture
        Means and standard deviations are (..., n_finite) arrays.
    """
    has_drug = log_auc_cl != -np.inf  # NaN stays in, so that it shows in every result
    distance = log_auc_cl[has_drug] - model.x_ref
    log_days = np.log(days)[..., None]
    mean = model.log_rate + model.shape * log_days + model.slope * distance
    sd = np.sqrt(_variance(model, distance, log_days)) + np.zeros_like(mean)
    return Mixture(weights[has_drug], mean, sd, float(weights[~has_drug].sum()))


def future_hazard_mixture(model: EventModel, hazard: Mixture, *, now_day: float) -> Mixture:
    """Return the distribution of the log of the hazard that is still ahead, ln(H(90) - H(now)).

    With the shape γ held this is the distribution of ln H(90), shifted. Where γ has a variance, ln H(90) given the
    exposure and γ is normal with its regression on γ as the mean, and H(90) - H(now) is a multiple of H(90): a mixture
    over exposures and 24 values of γ. Values of γ at or below 0, which make no hazard, are left out; a model file
    leaves them a probability of 0.1 % at most.

    Parameters
    ----------
    model : EventModel
        Event model.
    hazard : Mixture
        Distribution of ln H(90) from `hazard_mixture`, with (n_nodes,) means.
    now_day : float
        Now [day], before day 90; up to day 0 everything is ahead.

    Returns
    -------
    Mixture
        One component for each node, or for each node and each value of γ.
    """
    if now_day <= 0.0:
        return hazard
    if not isinstance(model.uncertainty, CovarianceUncertainty):
        ahead = np.log(remaining_fraction(now_day, model.shape, horizon_day=model.horizon_day))
        return Mixture(hazard.weight, hazard.mean + ahead, hazard.sd, hazard.infinite)
    covariance = np.asarray(model.uncertainty.matrix)
    shape_sd = math.sqrt(covariance[1, 1])
    z, shape_weight = _standard_shapes(-model.shape / shape_sd)
    log_horizon = math.log(model.horizon_day)
    distance = (hazard.mean - model.log_rate - model.shape * log_horizon) / model.slope
    regression = (covariance[0, 1] + covariance[1, 1] * log_horizon + covariance[1, 2] * distance) / shape_sd
    ahead = np.log(remaining_fraction(now_day, model.shape + shape_sd * z, horizon_day=model.horizon_day))
    mean = hazard.mean[:, None] + regression[:, None] * z + ahead
    sd = np.broadcast_to(np.sqrt(hazard.sd**2 - regression**2)[:, None], mean.shape)
    weight = np.outer(hazard.weight, shape_weight)
    return Mixture(weight.ravel(), mean.ravel(), sd.ravel(), hazard.infinite)


def _standard_shapes(lowest: float) -> tuple[FloatArray, FloatArray]:
    """Return nodes and weights of a standard normal above a bound, by Gauss-Legendre quadrature."""
    low = max(-_SHAPE_RANGE, lowest)
    z = low + (_SHAPE_RANGE - low) * 0.5 * (_SHAPE_Z + 1.0)
    weight = _SHAPE_WEIGHT * np.exp(-0.5 * z**2)
    return z, weight / weight.sum()


def _variance(model: EventModel, distance: FloatArray, log_days: FloatArray) -> FloatArray:
    """Return the variance of ln H(t) given the exposure, from its distance to x_ref and ln t (..., 1)."""
    match model.uncertainty:
        case AnchoredUncertainty(variance=variance, centre=centre, beta_sd=beta_sd):
            slope_sd = beta_sd * effect_multiplier(model.coding, shape=model.shape)
            return variance + (slope_sd * (distance + model.x_ref - centre)) ** 2
        case CovarianceUncertainty(matrix=matrix):
            gradient = np.stack(np.broadcast_arrays(1.0, log_days, distance), axis=-1)
            return np.einsum("...i,ij,...j->...", gradient, np.asarray(matrix), gradient)
        case _:
            return np.zeros_like(distance)

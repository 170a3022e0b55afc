"""The three numbers of an event model with their joint uncertainty, and the hazard that they give.

ln H(t | x) = ln λ + γ·ln t + β·(x − x_ref), linear in (ln λ, γ, β), so that its mean and variance follow from theirs exactly.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from tte.model.coding import effect_multiplier
from tte.model.event_model import AnchoredUncertainty, CovarianceUncertainty

if TYPE_CHECKING:
    from pkpd.arrays import FloatArray
    from tte.model.event_model import EventModel, Uncertainty


@dataclass(frozen=True, slots=True)
class RiskParameters:
    """Values of an event model in the coding of proportional hazards.

    Parameters
    ----------
    log_rate : float
        ln λ, the logarithm of H(1 day) at ``x_ref``.
    shape, slope : float
        γ and β.
    x_ref : float
        Reference exposure ln(AUC/CL).
    covariance : (3, 3) array
        Of (ln λ, γ, β); zero for what is taken as known.
    """

    log_rate: float
    shape: float
    slope: float
    x_ref: float
    covariance: FloatArray

    @property
    def values(self) -> FloatArray:
        """Return ln λ, γ and β."""
        return np.array([self.log_rate, self.shape, self.slope])

    @property
    def sd(self) -> FloatArray:
        """Return the standard deviations of ln λ, γ and β."""
        return np.sqrt(np.diag(self.covariance))

    @property
    def on_links(self) -> FloatArray:
        """Return ln λ, ln γ and β, as they are estimated."""
        return np.array([self.log_rate, math.log(self.shape), self.slope])

    @property
    def covariance_on_links(self) -> FloatArray:
        """Return the covariance matrix of (ln λ, ln γ, β), by the delta method."""
        return _scaled(self.covariance, 1.0 / self.shape)


def from_links(theta: FloatArray, covariance: FloatArray, x_ref: float) -> RiskParameters:
    """Return parameters from (ln λ, ln γ, β) and their covariance matrix, by the delta method."""
    shape = math.exp(float(theta[1]))
    return RiskParameters(float(theta[0]), shape, float(theta[2]), x_ref, _scaled(covariance, shape))


def parameters_of(model: EventModel) -> RiskParameters:
    """Return the parameters of an event model, its uncertainty brought to a covariance matrix.

    An anchored uncertainty says that ln H(90) at its centre and β are independent, γ being held: then
    ln λ = ln H(90 at the centre) − γ·ln 90 + β·(x_ref − centre).
    """
    covariance = np.zeros((3, 3))
    match model.uncertainty:
        case AnchoredUncertainty(variance=variance, centre=centre, beta_sd=beta_sd):
            slope_variance = (beta_sd * effect_multiplier(model.coding, shape=model.shape)) ** 2
            distance = model.x_ref - centre
            covariance[0, 0] = variance + slope_variance * distance**2
            covariance[0, 2] = covariance[2, 0] = slope_variance * distance
            covariance[2, 2] = slope_variance
        case CovarianceUncertainty(matrix=matrix):
            covariance = np.array(matrix)
        case _:
            pass
    return RiskParameters(model.log_rate, model.shape, model.slope, model.x_ref, covariance)


def uncertainty_of(parameters: RiskParameters) -> Uncertainty:
    """Return how an event model says the uncertainty of parameters, to the letter.

    A covariance matrix, or with a shape that is held the exposure at which ln H(90) and β are independent, its variance there and the
    standard deviation of β; None where nothing is uncertain.
    """
    matrix = parameters.covariance
    if matrix[1, 1] > 0.0:
        return CovarianceUncertainty(tuple(tuple(row) for row in matrix.tolist()))
    if not matrix[0, 0] > 0.0:
        return None
    if not matrix[2, 2] > 0.0:
        return AnchoredUncertainty(float(matrix[0, 0]), parameters.x_ref, 0.0)
    regression = float(matrix[0, 2] / matrix[2, 2])
    variance = float(matrix[0, 0] - regression * matrix[0, 2])
    return AnchoredUncertainty(variance, parameters.x_ref - regression, math.sqrt(float(matrix[2, 2])))


def log_hazard(parameters: RiskParameters, log_auc_cl: FloatArray, *, day: float) -> tuple[FloatArray, FloatArray]:
    """Return ln H(day) at some exposures and its standard deviation.

    Parameters
    ----------
    parameters : RiskParameters
        Of the model.
    log_auc_cl : (n,) array
        Exposures ln(AUC/CL).
    day : float
        Day, above 0.
    """
    distance = log_auc_cl - parameters.x_ref
    gradient = np.column_stack([np.ones_like(distance), np.full_like(distance, math.log(day)), distance])
    variance = np.einsum("ni,ij,nj->n", gradient, parameters.covariance, gradient)
    return gradient @ parameters.values, np.sqrt(np.maximum(variance, 0.0))


def risk_of(log_hazard: FloatArray) -> FloatArray:
    """Return 1 − exp(−H) from ln H."""
    with np.errstate(over="ignore"):
        return -np.expm1(-np.exp(log_hazard))


def _scaled(covariance: FloatArray, factor: float) -> FloatArray:
    scale = np.array([1.0, factor, 1.0])
    return covariance * np.outer(scale, scale)

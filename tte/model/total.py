"""Risk with the whole uncertainty: the patient's exposure and the event model's own estimates, without draws.

Given the exposure, the logarithm of the cumulative hazard by day 90 is normal; over the posterior of the exposure it is
a mixture of normals. As long as the shape is held, risk, risk from now on and survival at every day are monotone
functions of that one hazard, and their quantiles are its quantiles, transformed. A model with a covariance of its shape
has a mixture of its own for each of them.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from tte.model.event_model import CovarianceUncertainty
from tte.model.mixture import mixture_quantiles, risk_moments
from tte.model.predict import remaining_fraction
from tte.model.uncertainty import future_hazard_mixture, hazard_mixture

if TYPE_CHECKING:
    from pkpd.arrays import FloatArray
    from tte.model.event_model import EventModel
    from tte.model.mixture import Mixture

PROBABILITIES = (0.05, 0.25, 0.5, 0.75, 0.95)
"""Of the quantiles; symmetric about one half, since a high hazard is a low survival."""


@dataclass(frozen=True, slots=True)
class RiskDistribution:
    """Distribution of a risk.

    Parameters
    ----------
    mean, sd : float
        Mean and standard deviation.
    quantiles : (5,) array
        Quantiles at `PROBABILITIES`.
    """

    mean: float
    sd: float
    quantiles: FloatArray


@dataclass(frozen=True, slots=True)
class TotalRisk:
    """Risk over the posterior of the exposure and the uncertainty of the event model.

    Parameters
    ----------
    day90 : RiskDistribution
        Risk by day 90, seen from day 0.
    from_now : RiskDistribution
        Risk by day 90 of someone who is free of the event now.
    days : (n_days,) array
        Times [day].
    survival : (n_days, 5) array
        Quantiles of S(t) at `PROBABILITIES`.
    """

    day90: RiskDistribution
    from_now: RiskDistribution
    days: FloatArray
    survival: FloatArray


def total_risk(
    model: EventModel, log_auc_cl: FloatArray, *, weights: FloatArray, now_day: float, days: FloatArray
) -> TotalRisk:
    """Return risk and survival with the patient's and the event model's uncertainty.

    The posterior is not updated for having been free of the event until now.

    Parameters
    ----------
    model : EventModel
        Event model.
    log_auc_cl, weights : (n_nodes,) array
        Nodes of the posterior of the exposure ln(AUC/CL) and their probabilities, which add up to 1; -inf where there is
        no drug in the window, which is risk 1.
    now_day : float
        Now [day]; from day 90 on the risk from now is 0.
    days : (n_days,) array
        Times of the survival curve [day]; S is 1 at day 0.

    Returns
    -------
    TotalRisk
        Without drug in the window the risk is 1; a NaN among the nodes makes everything NaN but S(0).
    """
    hazard = hazard_mixture(model, log_auc_cl, weights=weights, days=np.asarray(model.horizon_day))
    log_hazard = mixture_quantiles(hazard, PROBABILITIES)
    after = days > 0.0
    if isinstance(model.uncertainty, CovarianceUncertainty):
        by_day = hazard_mixture(model, log_auc_cl, weights=weights, days=days[after])
        log_hazard_by_day = mixture_quantiles(by_day, PROBABILITIES)
    else:
        log_hazard_by_day = log_hazard + model.shape * np.log(days[after] / model.horizon_day)[:, None]
    survival = np.ones((days.size, len(PROBABILITIES)))
    survival[after] = np.exp(-_exponential(log_hazard_by_day[:, ::-1]))
    from_now = _from_now(model, hazard, log_hazard=log_hazard, now_day=now_day)
    return TotalRisk(_distribution(hazard, log_hazard), from_now, days, survival)


def _from_now(model: EventModel, hazard: Mixture, *, log_hazard: FloatArray, now_day: float) -> RiskDistribution:
    """Return the distribution of the risk from now on, given that of ln H(90) and its quantiles."""
    if now_day >= model.horizon_day:
        return RiskDistribution(0.0, 0.0, np.zeros(len(PROBABILITIES)))
    ahead = future_hazard_mixture(model, hazard, now_day=now_day)
    if isinstance(model.uncertainty, CovarianceUncertainty):
        return _distribution(ahead, mixture_quantiles(ahead, PROBABILITIES))
    share = remaining_fraction(now_day, model.shape, horizon_day=model.horizon_day)
    return _distribution(ahead, log_hazard + np.log(share))


def _distribution(hazard: Mixture, log_hazard: FloatArray) -> RiskDistribution:
    """Return the distribution of 1 - exp(-H), given that of ln H and its quantiles."""
    mean, sd = risk_moments(hazard)
    return RiskDistribution(mean, sd, -np.expm1(-_exponential(log_hazard)))


def _exponential(exponent: FloatArray) -> FloatArray:
    """Return exp without a warning where it overflows to infinity."""
    with np.errstate(over="ignore"):
        return np.exp(exponent)

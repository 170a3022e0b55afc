"""Risk, survival and stratum at a given exposure, the event model held at its estimates.

The exposure is x = ln(AUC/CL), AUC from day 14 to day 28 over clearance [mg·day²/L²]. Where there is no drug in that
window it is None or -inf, and the risk is 1. NaN in, NaN out. A number gives a number, an array an array.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Literal, TypeAlias, overload

import numpy as np
from scipy.special import logsumexp

from tte.hazards import weibull

if TYPE_CHECKING:
    from pkpd.arrays import FloatArray
    from tte.model.event_model import EventModel

Stratum: TypeAlias = Literal["high", "low"]


@overload
def log_hazard_day90(model: EventModel, log_auc_cl: float | None) -> float: ...
@overload
def log_hazard_day90(model: EventModel, log_auc_cl: FloatArray) -> FloatArray: ...
def log_hazard_day90(model: EventModel, log_auc_cl: float | FloatArray | None) -> float | FloatArray:
    """Return the logarithm of the cumulative hazard by day 90.

    Parameters
    ----------
    model : EventModel
        Event model.
    log_auc_cl : float, array or None
        Exposure ln(AUC/CL); None or -inf where there is no drug in the window.

    Returns
    -------
    float or array
        ln H(90); +inf where there is no drug.
    """
    x = -np.inf if log_auc_cl is None else log_auc_cl
    return model.log_rate + model.shape * math.log(model.horizon_day) + model.slope * (x - model.x_ref)


@overload
def risk_day90(model: EventModel, log_auc_cl: float | None) -> float: ...
@overload
def risk_day90(model: EventModel, log_auc_cl: FloatArray) -> FloatArray: ...
def risk_day90(model: EventModel, log_auc_cl: float | FloatArray | None) -> float | FloatArray:
    """Return the probability of the event by day 90; parameters as in `log_hazard_day90`."""
    with np.errstate(over="ignore"):
        return -np.expm1(-np.exp(log_hazard_day90(model, log_auc_cl)))


@overload
def risk_from(model: EventModel, log_auc_cl: float | None, *, day: float) -> float: ...
@overload
def risk_from(model: EventModel, log_auc_cl: FloatArray, *, day: float) -> FloatArray: ...
def risk_from(model: EventModel, log_auc_cl: float | FloatArray | None, *, day: float) -> float | FloatArray:
    """Return the probability of the event by day 90 of someone who is free of it on a given day: 1 - S(90)/S(day).

    Parameters
    ----------
    model : EventModel
        Event model.
    log_auc_cl : float, array or None
        Exposure as in `log_hazard_day90`.
    day : float
        Day from which on the risk is meant [day]; at or before 0 it is the unconditional risk, from day 90 on it is 0.

    Returns
    -------
    float or array
        Probability.
    """
    remaining = remaining_fraction(day, model.shape, horizon_day=model.horizon_day)
    if remaining == 0.0:
        return np.multiply(0.0, risk_day90(model, log_auc_cl))
    with np.errstate(over="ignore"):
        return -np.expm1(-np.exp(log_hazard_day90(model, log_auc_cl) + np.log(remaining)))


def remaining_fraction(day: float, shape: float | FloatArray, *, horizon_day: float) -> FloatArray:
    """Return the share of the cumulative hazard that is still ahead on a day: 1 - (day / horizon)^shape.

    Parameters
    ----------
    day : float
        Day [day].
    shape : float or array
        Shape of the Weibull hazard, above 0.
    horizon_day : float
        Day by which the hazard is meant [day].

    Returns
    -------
    array
        Shape of `shape`; 1 at or before day 0, 0 at or after the horizon.
    """
    elapsed = min(max(day / horizon_day, 0.0), 1.0)
    if math.isnan(day):
        return np.full(np.shape(shape), np.nan)
    if elapsed == 0.0:
        return np.ones(np.shape(shape))
    return -np.expm1(np.multiply(shape, math.log(elapsed)))


def survival(model: EventModel, log_auc_cl: float | None, days: FloatArray) -> FloatArray:
    """Return the survival curve S(t) at one exposure.

    Parameters
    ----------
    model : EventModel
        Event model.
    log_auc_cl : float or None
        Exposure as in `log_hazard_day90`.
    days : (n_days,) array
        Times [day].

    Returns
    -------
    (n_days,) array
        Probability of being free of the event; 1 at day 0.
    """
    if log_auc_cl is None or log_auc_cl == -np.inf:
        return np.where(days > 0.0, 0.0, 1.0)
    log_rate = model.log_rate + model.slope * (log_auc_cl - model.x_ref)
    return weibull.survival(days, log_rate, shape=model.shape)


def averaged_hazard(model: EventModel, log_auc_cl: FloatArray, days: FloatArray) -> FloatArray:
    """Return the cumulative hazard of somebody whose exposure is known by draws: −ln of the mean survival over them.

    Parameters
    ----------
    model : EventModel
        Event model.
    log_auc_cl : (n_draws,) array
        Draws of the exposure ln(AUC/CL); a single one for a plug-in value. NaN or -inf where there is no drug in the window, with
        which survival is 0.
    days : (n_days,) array
        Times [day]; the hazard is 0 up to day 0.

    Returns
    -------
    (n_days,) array
        Infinite where no draw has drug in the window.
    """
    has_drug = np.isfinite(log_auc_cl)
    rate = model.log_rate + model.slope * (np.where(has_drug, log_auc_cl, model.x_ref) - model.x_ref)
    log_survival = -weibull.cumulative_hazard(days[:, None], rate, shape=model.shape)
    n = log_auc_cl.size
    return np.where(days > 0.0, np.log(n) - logsumexp(log_survival, axis=1, b=has_drug.astype(np.float64)), 0.0)


@overload
def log_auc_cl_for_risk(model: EventModel, risk: float) -> float: ...
@overload
def log_auc_cl_for_risk(model: EventModel, risk: FloatArray) -> FloatArray: ...
def log_auc_cl_for_risk(model: EventModel, risk: float | FloatArray) -> float | FloatArray:
    """Return the exposure at which the risk by day 90 has a given value, the inverse of `risk_day90`.

    Parameters
    ----------
    model : EventModel
        Event model.
    risk : float or array
        Probability in [0, 1]; 0 gives +inf, 1 gives -inf.

    Returns
    -------
    float or array
        Exposure ln(AUC/CL).
    """
    with np.errstate(divide="ignore"):
        log_hazard = np.log(-np.log1p(-np.asarray(risk, dtype=np.float64)))
    return model.x_ref + (log_hazard - log_hazard_day90(model, model.x_ref)) / model.slope


def stratum(model: EventModel, log_auc_cl: float | None) -> Stratum:
    """Return the risk group; only an exposure known to be at or above the threshold counts as low risk."""
    return "low" if log_auc_cl is not None and log_auc_cl >= model.threshold else "high"

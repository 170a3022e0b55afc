"""Three ways to write an exposure effect into a Weibull hazard, brought to one form.

Papers that print a baseline hazard λ, a shape γ and an effect β seldom print the equation. Whichever coding is meant,

    ln H(t | x) = log_rate + γ·ln t + slope·(x - x_ref)

so that everything after the model file is loaded knows `log_rate`, `slope` and `x_ref` only.
"""

from __future__ import annotations

import math
from enum import Enum


class Coding(Enum):
    """How λ, γ and β enter the cumulative hazard H(t | x); the value is its name in a model file."""

    PROPORTIONAL_HAZARDS = "proportional_hazards"
    """H = λ·t^γ·exp(β(x - x_ref))"""
    SCALE_INSIDE = "scale_inside"
    """H = (λ·exp(β(x - x_ref))·t)^γ"""
    RATE_POWER = "rate_power"
    """H = (λ·t)^γ·exp(β(x - x_ref))"""


def log_rate_at_reference(coding: Coding, log_lambda: float, *, shape: float) -> float:
    """Return ln H(1 day) at x_ref: ln λ, or γ·ln λ where λ stands inside the power."""
    return log_lambda if coding is Coding.PROPORTIONAL_HAZARDS else shape * log_lambda


def log_lambda_of(coding: Coding, log_rate: float, *, shape: float) -> float:
    """Return ln λ from ln H(1 day), the inverse of `log_rate_at_reference`."""
    return log_rate if coding is Coding.PROPORTIONAL_HAZARDS else log_rate / shape


def effect_multiplier(coding: Coding, *, shape: float) -> float:
    """Return what β is multiplied with to give the slope of ln H in x: γ where the effect stands inside the power."""
    return shape if coding is Coding.SCALE_INSIDE else 1.0


def reference_from_anchor(
    *, risk: float, day: float, log_auc_cl: float, log_rate: float, shape: float, slope: float
) -> float:
    """Return the x_ref with which a stated exposure has a stated risk.

    Parameters
    ----------
    risk : float
        Risk at the anchor, in (0, 1).
    day : float
        Day by which it is meant [day].
    log_auc_cl : float
        Exposure at the anchor, ln(AUC/CL) with AUC/CL in mg·day²/L².
    log_rate, shape, slope : float
        ln H(1 day) at x_ref, shape γ, slope of ln H in the exposure.

    Returns
    -------
    float
        The exposure x_ref at which H(t) = exp(log_rate)·t^γ.
    """
    log_hazard_at_anchor = math.log(-math.log1p(-risk))
    log_hazard_at_reference = log_rate + shape * math.log(day)
    return log_auc_cl + (log_hazard_at_reference - log_hazard_at_anchor) / slope

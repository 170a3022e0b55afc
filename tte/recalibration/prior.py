"""A published event model as a prior of its own update: a normal distribution of (ln H(90) at a centre, ln γ, β)."""

from __future__ import annotations

import math
from dataclasses import dataclass
from statistics import NormalDist
from typing import TYPE_CHECKING

import numpy as np

from pkpd.errors import InputError, Problem
from pkpd.units import percent_from_fraction
from tte.model.event_model import AnchoredUncertainty, CovarianceUncertainty
from tte.recalibration.parameters import parameters_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pkpd.arrays import FloatArray
    from tte.model.event_model import EventModel

_WIDTH_95 = 2.0 * NormalDist().inv_cdf(0.975)


@dataclass(frozen=True, slots=True)
class Prior:
    """A normal prior of u = (ln H(90) at ``centre``, ln γ, β).

    Parameters
    ----------
    mean : (3,) array
        Its mean.
    covariance : (3, 3) array
        Its covariance matrix, divided by the weight already.
    centre : float
        Exposure ln(AUC/CL) at which ln H(90) is meant.
    horizon_day : float
        The 90 days.
    weight : float
        Power of the prior: 1 takes the old model at its word, less discounts it.
    shape_source : str
        Where the spread of ln γ comes from.
    """

    mean: FloatArray
    covariance: FloatArray
    centre: float
    horizon_day: float
    weight: float
    shape_source: str


def prior_of(model: EventModel, *, weight: float = 1.0, shape_sd: float | None = None) -> Prior:
    """Return the prior that an event model is.

    Its uncertainty gives that of ln H(90) and of β. A model that holds γ says how well it was known by its relative standard error or its
    bootstrap interval; the wider of the two is taken, ln γ being normal.

    Parameters
    ----------
    model : EventModel
        The old model.
    weight : float
        Power of the prior, above 0 and up to 1: its covariance matrix is divided by it.
    shape_sd : float, optional
        Standard deviation of ln γ, instead of what the file says.

    Raises
    ------
    InputError
        With every problem: a model without uncertainty, or one that says nothing of that of its shape, a weight or a standard deviation
        out of range.
    """
    if problems := tuple(_problems(model, weight, shape_sd)):
        raise InputError(problems)
    old = parameters_of(model)
    log_horizon = math.log(model.horizon_day)
    centre = model.uncertainty.centre if isinstance(model.uncertainty, AnchoredUncertainty) else model.x_ref
    # (ln λ, γ, β) to (ln H(90) at the centre, ln γ, β): linear but for ln γ, which takes the delta method
    change = np.array([[1.0, log_horizon, centre - model.x_ref], [0.0, 1.0 / model.shape, 0.0], [0.0, 0.0, 1.0]])
    covariance = change @ old.covariance @ change.T
    mean = np.array(
        [
            old.log_rate + old.shape * log_horizon + old.slope * (centre - old.x_ref),
            math.log(old.shape),
            old.slope,
        ]
    )
    source = "covariance matrix of the file"
    if shape_sd is not None:
        covariance = _with_sd(covariance, shape_sd)
        source = "given"
    elif not covariance[1, 1] > 0.0:
        sd, source = _shape_sd(model) or (math.nan, "")
        covariance = _with_sd(covariance, sd)
    return Prior(mean, covariance / weight, centre, model.horizon_day, weight, source)


def _problems(model: EventModel, weight: float, shape_sd: float | None) -> Iterator[Problem]:
    if not 0.0 < weight <= 1.0:
        yield Problem("--prior-weight", f"{weight:g} is not above 0 and up to 1")
    if shape_sd is not None and not 0.0 < shape_sd <= 2.0:
        yield Problem("--shape-sd", f"{shape_sd:g} is not above 0 and up to 2, as a standard deviation of ln shape")
    old = parameters_of(model).covariance
    if not (old[0, 0] > 0.0 and old[2, 2] > 0.0):
        message = (
            f"{model.id} takes its estimates as exact (uncertainty.kind, beta_sd), and an exact prior learns nothing; "
            "give its uncertainty in its file, or choose another method"
        )
        yield Problem("--event-model", message)
    elif not isinstance(model.uncertainty, CovarianceUncertainty) and shape_sd is None and _shape_sd(model) is None:
        message = (
            f"{model.id} says nothing of the uncertainty of its shape (parameters.shape, rse_pct or bootstrap); "
            "give a standard deviation of ln shape as --shape-sd"
        )
        yield Problem("--event-model", message)


def _shape_sd(model: EventModel) -> tuple[float, str] | None:
    """Return the standard deviation of ln γ that the estimates of a file imply, the wider where there are two, and its source."""
    one = next(estimate for estimate in model.parameters if estimate.name == "shape")
    found: list[tuple[float, str]] = []
    if one.rse_pct:
        found.append((one.rse_pct / percent_from_fraction(1.0), f"relative standard error of {one.rse_pct:g} %"))
    if one.bootstrap and 0.0 < one.bootstrap[1] < one.bootstrap[2]:
        low, high = one.bootstrap[1:]
        found.append((math.log(high / low) / _WIDTH_95, f"bootstrap interval of {low:g} to {high:g}"))
    return max(found) if found else None


def _with_sd(covariance: FloatArray, sd: float) -> FloatArray:
    """Return a covariance matrix with another standard deviation of ln γ, correlations as they are."""
    scale = np.array([1.0, sd / math.sqrt(covariance[1, 1]) if covariance[1, 1] > 0.0 else 0.0, 1.0])
    changed = covariance * np.outer(scale, scale)
    changed[1, 1] = sd**2
    return changed

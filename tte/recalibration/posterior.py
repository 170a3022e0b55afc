"""What is known of an event model after other patients, by quadrature over its three parameters.

The trapezoidal rule on a grid around the mode, along the axes of the curvature there: for a smooth density that vanishes at the ends its error
falls faster than any power of the step. A marginal of a linear combination is exact, since the first axis of the grid can be any.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING

import numpy as np

from tte.estimation.fit import design_of
from tte.estimation.model import Effect, EventTimeModel
from tte.hazards.hazard import Hazard
from tte.kernels.likelihood import Coefficients, Rows, evaluate
from tte.kernels.points import log_likelihoods
from tte.recalibration.parameters import RiskParameters

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from pkpd.arrays import FloatArray
    from tte.data.events import Events
    from tte.recalibration.prior import Prior

_STEP = 0.75
_FIRST_RANGE, _LAST_RANGE = 7.0, 20.0
_AT_THE_ENDS = 1e-9
_FINE = 4001
_MOST_STEPS, _MOST_HALVINGS, _FLAT = 200, 50, 1e-10


class PosteriorStatus(Enum):
    """How the integration ended; the value is the sentence the user reads."""

    INTEGRATED = "The posterior was integrated; a grid twice as coarse gives the same."
    ROUGH = "The posterior was integrated, but a grid twice as coarse differs by more than a hundredth of a standard deviation."
    NO_MODE = "No mode of the posterior was found, so that it was not integrated."


@dataclass(frozen=True, slots=True)
class EventData:
    """Event times and exposures as the likelihood takes them.

    Parameters
    ----------
    events : Events
        The data.
    model : EventTimeModel
        A Weibull hazard with the exposure, its reference being the centre of the prior.
    time, design : (n_rows, 3) and (n_rows, 1) arrays
        Start, stop and upper [day]; exposure less the centre.
    weight : (n_rows,) array
        How often each row counts.
    """

    events: Events
    model: EventTimeModel
    time: FloatArray
    design: FloatArray
    weight: FloatArray


@dataclass(frozen=True, slots=True)
class Posterior:
    """Posterior of u = (ln H(90) at the centre, ln γ, β).

    Parameters
    ----------
    data, prior : EventData and Prior
        Of what.
    status : PosteriorStatus
        How the integration ended.
    mode : (3,) array
        Where the density is highest.
    spread : (3, 3) array
        Inverse of the curvature there.
    half_width : float
        Half the width of the grid, in standard deviations of that curvature.
    nodes, weights : (n, 3) and (n,) arrays
        Points and their probabilities, which add up to 1.
    log_evidence : float
        Logarithm of the likelihood integrated over the prior.
    error : float
        Largest change of a mean on a grid twice as coarse, in standard deviations.
    """

    data: EventData
    prior: Prior
    status: PosteriorStatus
    mode: FloatArray
    spread: FloatArray
    half_width: float
    nodes: FloatArray
    weights: FloatArray
    log_evidence: float
    error: float


def event_data(events: Events, covariate: str, prior: Prior, weight: FloatArray | None = None) -> EventData:
    """Return event times as the posterior takes them; each row counts once unless weights say otherwise."""
    model = EventTimeModel(Hazard.WEIBULL, (Effect("lambda", covariate.upper(), prior.centre),))
    time = np.column_stack((events.start, events.stop, events.upper))
    counted = np.ones(events.n_rows) if weight is None else weight
    return EventData(events, model, time, np.ascontiguousarray(design_of(events, model)), counted)


def posterior(data: EventData, prior: Prior, *, step: float = _STEP) -> Posterior:
    """Integrate the posterior.

    Parameters
    ----------
    data : EventData
        Event times; there need be no event.
    prior : Prior
        The old model.
    step : float
        Of the grid, in standard deviations of the curvature at the mode.
    """
    mode = _mode(data, prior)
    if mode is None:
        none = np.zeros((0, 3))
        status = PosteriorStatus.NO_MODE
        nan = np.full(3, np.nan)
        return Posterior(data, prior, status, nan, np.full((3, 3), np.nan), 0.0, none, np.zeros(0), math.nan, math.nan)
    spread = _inverse(_curvature(data, prior, mode)[1])
    half_width = _FIRST_RANGE
    while True:
        z = _axes(half_width, step)
        nodes = mode + z @ np.linalg.cholesky(spread).T
        log_density = _log_density(data, prior, nodes)
        top = float(log_density.max())
        density = np.exp(log_density - top)
        at_the_ends = density[(np.abs(z) > np.abs(z).max() - 0.5 * step).any(axis=1)].sum() / density.sum()
        if at_the_ends < _AT_THE_ENDS or half_width >= _LAST_RANGE:
            break
        half_width *= 1.5
    weights = density / density.sum()
    log_volume = 3.0 * math.log(step) + 0.5 * float(np.linalg.slogdet(spread)[1])
    evidence = top + math.log(float(density.sum())) + log_volume
    error = _error(nodes, weights, z, step)
    status = PosteriorStatus.INTEGRATED if error < 0.01 else PosteriorStatus.ROUGH
    return Posterior(data, prior, status, mode, spread, half_width, nodes, weights, evidence, error)


def moments(found: Posterior, values: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Return posterior mean and covariance matrix of functions of the parameters, from their (n, k) values at the nodes."""
    mean = found.weights @ values
    centred = values - mean
    covariance = (centred * found.weights[:, None]).T @ centred
    return mean, 0.5 * (covariance + covariance.T)  # to the last digit, as a file of it must be


def linear_quantiles(found: Posterior, gradient: Sequence[float], probabilities: Sequence[float]) -> FloatArray:
    """Return posterior quantiles of a linear combination of u.

    Parameters
    ----------
    found : Posterior
        The posterior.
    gradient : sequence of float
        What each part of u is multiplied with.
    probabilities : sequence of float
        Probabilities in (0, 1).
    """
    basis = _basis(np.asarray(gradient, dtype=np.float64))
    back = np.linalg.inv(basis).T
    return _first_quantiles(
        found, basis @ found.mode, basis @ found.spread @ basis.T, lambda points: points @ back, probabilities
    )


def log_rate_quantiles(found: Posterior, x_ref: float, probabilities: Sequence[float]) -> FloatArray:
    """Return posterior quantiles of ln λ at a reference exposure, which is no linear combination of u."""
    prior, log_horizon = found.prior, math.log(found.prior.horizon_day)

    def to_u(points: FloatArray) -> FloatArray:
        log_rate, log_shape, slope = points.T
        log_hazard = log_rate + np.exp(log_shape) * log_horizon + slope * (prior.centre - x_ref)
        return np.column_stack([log_hazard, log_shape, slope])

    log_hazard, log_shape, slope = found.mode.tolist()
    shape = math.exp(log_shape)
    centre = np.array([log_hazard - shape * log_horizon + slope * (x_ref - prior.centre), log_shape, slope])
    change = np.array([[1.0, -shape * log_horizon, x_ref - prior.centre], [0.0, 1.0, 0.0], [0.0, 0.0, 1.0]])
    return _first_quantiles(found, centre, change @ found.spread @ change.T, to_u, probabilities)


def _first_quantiles(
    found: Posterior,
    centre: FloatArray,
    spread: FloatArray,
    to_u: Callable[[FloatArray], FloatArray],
    probabilities: Sequence[float],
) -> FloatArray:
    """Return quantiles of the first of three coordinates whose map to u keeps volumes up to a constant.

    The first axis of the grid lies along that coordinate, so that its marginal density is a sum at each of its places; in between the
    logarithm of the density is a spline.
    """
    # Imported here: SciPy's interpolation would double the time the command takes to start.
    from scipy.interpolate import CubicSpline  # noqa: PLC0415

    z = _axes(found.half_width, _STEP)
    log_density = _log_density(found.data, found.prior, to_u(centre + z @ np.linalg.cholesky(spread).T))
    axis, place = np.unique(np.round(z[:, 0] / _STEP).astype(np.int64), return_inverse=True)
    density = np.bincount(place, weights=np.exp(log_density - log_density.max()))
    used = density > 0.0
    points = centre[0] + math.sqrt(float(spread[0, 0])) * _STEP * axis[used]
    curve = CubicSpline(points, np.log(density[used]))
    fine = np.linspace(float(points[0]), float(points[-1]), _FINE, dtype=np.float64)
    height = np.exp(curve(fine) - float(np.log(density.max())))
    below = np.concatenate([[0.0], np.cumsum(0.5 * (height[1:] + height[:-1]))])
    return np.interp(np.asarray(probabilities), below / below[-1], fine)


def natural(found: Posterior, x_ref: float) -> FloatArray:
    """Return (ln λ at x_ref, γ, β) at the nodes, (n, 3)."""
    prior, (log_hazard, log_shape, slope) = found.prior, found.nodes.T
    shape = np.exp(log_shape)
    log_rate = log_hazard - shape * math.log(prior.horizon_day) + slope * (x_ref - prior.centre)
    return np.column_stack([log_rate, shape, slope])


def posterior_parameters(found: Posterior, x_ref: float) -> RiskParameters:
    """Return posterior means of (ln λ, γ, β) with their covariance matrix.

    ln H(t) is linear in these three, so that its posterior mean and variance are kept for every day and exposure; what a model file loses
    is how its distribution departs from a normal one.
    """
    mean, covariance = moments(found, natural(found, x_ref))
    return RiskParameters(float(mean[0]), float(mean[1]), float(mean[2]), x_ref, covariance)


def _theta(u: FloatArray, prior: Prior) -> FloatArray:
    """Return (ln λ at the centre, ln γ, β) from u, (..., 3)."""
    shape = np.exp(u[..., 1])
    return np.stack([u[..., 0] - shape * math.log(prior.horizon_day), u[..., 1], u[..., 2]], axis=-1)


def _log_prior(u: FloatArray, prior: Prior) -> FloatArray:
    centred = u - prior.mean
    precision = np.linalg.inv(prior.covariance)
    constant = 3.0 * math.log(2.0 * math.pi) + float(np.linalg.slogdet(prior.covariance)[1])
    return -0.5 * (np.einsum("...i,ij,...j->...", centred, precision, centred) + constant)


def _log_density(data: EventData, prior: Prior, u: FloatArray) -> FloatArray:
    """Return the logarithm of likelihood times prior at (n, 3) points, -inf where the likelihood is none."""
    value = np.empty(u.shape[0])
    model = data.model
    log_likelihoods(
        model.hazard.code,
        data.time,
        data.events.kind,
        data.design,
        data.weight,
        model.parameter_index,
        model.column_index,
        np.ascontiguousarray(_theta(u, prior)),
        value,
    )
    return np.where(np.isnan(value), -np.inf, value) + _log_prior(u, prior)


def _curvature(data: EventData, prior: Prior, u: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Return gradient of the log density, and minus its second derivatives, at one point."""
    model = data.model
    gradient, information = np.empty(3), np.empty((3, 3))
    with np.errstate(divide="ignore"):
        log_time = np.where(data.time > 0.0, np.log(data.time), 0.0)
    rows = Rows(model.hazard.code, data.time, log_time, data.events.kind, data.design)
    terms = Coefficients(model.parameter_index, model.column_index, np.zeros(3))
    evaluate(rows, terms, data.weight, _theta(u, prior), gradient, information)
    bend = math.exp(u[1]) * math.log(prior.horizon_day)
    jacobian = np.array([[1.0, -bend, 0.0], [0.0, 1.0, 0.0], [0.0, 0.0, 1.0]])
    precision = np.linalg.inv(prior.covariance)
    curvature = jacobian.T @ information @ jacobian + precision
    curvature[1, 1] += gradient[0] * bend  # ln λ is curved in ln γ
    return jacobian.T @ gradient - precision @ (u - prior.mean), curvature


def _mode(data: EventData, prior: Prior) -> FloatArray | None:
    """Return where the density is highest, by Newton's method with the prior's spread where the curvature is not definite."""
    u = prior.mean.copy()
    value = float(_log_density(data, prior, u[None])[0])
    for _ in range(_MOST_STEPS):
        gradient, curvature = _curvature(data, prior, u)
        if not (np.isfinite(gradient).all() and np.isfinite(curvature).all()):
            return None
        is_definite = bool((np.linalg.eigvalsh(curvature) > 0.0).all())
        step = np.linalg.solve(curvature, gradient) if is_definite else prior.covariance @ gradient
        if is_definite and float(step @ gradient) < _FLAT:
            return u
        for halvings in range(_MOST_HALVINGS):
            there = u + step * 0.5**halvings
            reached = float(_log_density(data, prior, there[None])[0])
            if reached > value:
                break
        else:
            return u if is_definite else None
        u, value = there, reached
    return None


def _basis(first: FloatArray) -> FloatArray:
    """Return a basis whose first row is given, the others being axes that it does not lie along."""
    others = [axis for k, axis in enumerate(np.eye(3)) if k != int(np.argmax(np.abs(first)))]
    return np.array([first, *others], dtype=np.float64)


def _inverse(matrix: FloatArray) -> FloatArray:
    return np.asarray(np.linalg.inv(matrix), dtype=np.float64)


def _axes(half_width: float, step: float) -> FloatArray:
    """Return the points of a cube in standard deviations, (n, 3), the middle among them, and every other one with the middle as well."""
    n = 2 * math.ceil(half_width / (2.0 * step))
    axis = step * np.arange(-n, n + 1, dtype=np.float64)
    return np.stack(np.meshgrid(axis, axis, axis, indexing="ij"), axis=-1).reshape(-1, 3)


def _error(nodes: FloatArray, weights: FloatArray, z: FloatArray, step: float) -> float:
    """Return the largest change of a mean on every other point of each axis, in standard deviations."""
    coarse = (np.round(z / step).astype(np.int64) % 2 == 0).all(axis=1)
    mean = weights @ nodes
    sd = np.sqrt(weights @ (nodes - mean) ** 2)
    rough = weights[coarse] @ nodes[coarse] / weights[coarse].sum()
    return float(np.max(np.abs(rough - mean) / sd))

"""Estimates by a penalised likelihood, finite where the likelihood itself is monotone.

The penalty is half the logarithm of the determinant of the observed information (Jeffreys), as in Firth's correction of bias.
"""

from __future__ import annotations

import math
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from tte.estimation.fit import EventFit, FitOptions, FitStatus, fit, pack
from tte.kernels.search import search

if TYPE_CHECKING:
    from pkpd.arrays import FloatArray
    from tte.data.events import Events
    from tte.estimation.fit import Packed
    from tte.estimation.model import EventTimeModel

# Steps of the differences of the penalty, in standard errors; of fourth order, so that their error is below 1e-9.
_DIFFERENCE = 2e-3
_MOST_STEPS, _MOST_HALVINGS = 200, 40
# Score in standard errors at which the search ends.
_FLAT = 1e-7


def fit_penalised(events: Events, model: EventTimeModel) -> EventFit:
    """Fit a model by the likelihood times the square root of the determinant of the information.

    Parameters
    ----------
    events, model
        As in `tte.estimation.fit.fit`.

    Returns
    -------
    EventFit
        ``log_likelihood`` is that without the penalty, ``penalty`` its logarithm; the covariance matrix is the inverse information there.

    Raises
    ------
    InputError
        As in `tte.estimation.fit.fit`.

    References
    ----------
    Firth D. Bias reduction of maximum likelihood estimates. Biometrika 1993; 80: 27-38.
    Heinze G, Schemper M. A solution to the problem of monotone likelihood in Cox regression. Biometrics 2001; 57: 114-119.
    """
    packed = pack(events, model, FitOptions())
    without = {effect.name: 0.0 for effect in model.effects if effect.name not in model.fixed}
    held = replace(model, initial={**model.initial, **without}, fixed=model.fixed | set(without))
    theta = fit(events, held).theta
    objective = _Objective(events, model, packed)
    at = objective.at(theta)
    n_steps, status = 0, FitStatus.GRADIENT_NOT_SMALL
    if at is None:
        status = FitStatus.NOT_POSITIVE_DEFINITE
    while at is not None and n_steps < _MOST_STEPS:
        n_steps += 1
        step = _step(objective, theta, at)
        if step is None:
            break
        move, score = step
        if score <= _FLAT:
            status = FitStatus.CONVERGED
            break
        better = _better(objective, theta, at, move)
        if better is None:
            break
        theta, at = better
    return _result(events, model, packed, theta, at, status, n_steps)


class _Objective:
    """Log-likelihood, penalty and their derivatives."""

    def __init__(self, events: Events, model: EventTimeModel, packed: Packed) -> None:
        self.events, self.model, self.packed = events, model, packed
        self.free = np.flatnonzero(packed.is_free)

    def at(self, theta: FloatArray) -> tuple[float, float, FloatArray, FloatArray] | None:
        """Return log-likelihood, penalty, gradient and information; None where the information is not positive definite."""
        n = theta.size
        gradient, information = np.empty(n), np.empty((n, n))
        value, _, _, _ = search(
            self.model.hazard.code,
            self.packed.time,
            self.events.kind,
            self.packed.design,
            np.ones(self.events.n_rows),
            *self.packed.layout,
            theta[None, :],
            np.empty(n),
            gradient,
            information,
            np.empty((n, n)),
            np.zeros(n, dtype=np.bool_),
            0,
        )
        own = information[np.ix_(self.free, self.free)]
        scale = np.sqrt(np.abs(np.diag(own)))
        if not (math.isfinite(value) and np.isfinite(own).all() and scale.all()):
            return None
        values = np.linalg.eigvalsh(own / np.outer(scale, scale))
        if not values[0] > 0.0:
            return None
        return value, 0.5 * float(np.log(values).sum()) + float(np.log(scale).sum()), gradient, information


def _step(
    objective: _Objective, theta: FloatArray, at: tuple[float, float, FloatArray, FloatArray]
) -> tuple[FloatArray, float] | None:
    """Return the step of Fisher's scoring on the penalised score, and its size in standard errors; None where there is no penalty beside."""
    free = objective.free
    _, _, gradient, information = at
    own = information[np.ix_(free, free)]
    score = gradient[free].copy()
    for k, i in enumerate(free.tolist()):
        width = _DIFFERENCE / math.sqrt(own[k, k])
        penalties: list[float] = []
        for factor in (-2.0, -1.0, 1.0, 2.0):
            there = theta.copy()
            there[i] += factor * width
            found = objective.at(there)
            if found is None:
                return None
            penalties.append(found[1])
        score[k] += (penalties[0] - 8.0 * penalties[1] + 8.0 * penalties[2] - penalties[3]) / (12.0 * width)
    scale = np.sqrt(np.diag(own))
    scaled = np.linalg.solve(own / np.outer(scale, scale), score / scale)
    move = np.zeros(theta.size)
    move[free] = scaled / scale
    return move, float(np.abs(scaled).max())


def _better(
    objective: _Objective, theta: FloatArray, at: tuple[float, float, FloatArray, FloatArray], move: FloatArray
) -> tuple[FloatArray, tuple[float, float, FloatArray, FloatArray]] | None:
    """Return the first of ever smaller steps that does not lower the penalised likelihood; None where there is none."""
    before = at[0] + at[1]
    for halvings in range(_MOST_HALVINGS):
        there = theta + move * 0.5**halvings
        found = objective.at(there)
        if found is not None and found[0] + found[1] >= before - 1e-12 * (1.0 + abs(before)):
            return there, found
    return None


def _result(
    events: Events,
    model: EventTimeModel,
    packed: Packed,
    theta: FloatArray,
    at: tuple[float, float, FloatArray, FloatArray] | None,
    status: FitStatus,
    n_steps: int,
) -> EventFit:
    n = theta.size
    value, penalty, gradient, information = at or (math.nan, math.nan, np.full(n, np.nan), np.full((n, n), np.nan))
    covariance = np.full((n, n), np.nan)
    if at is not None:
        free = np.flatnonzero(packed.is_free)
        covariance[:] = 0.0
        covariance[np.ix_(free, free)] = np.linalg.inv(information[np.ix_(free, free)])
    return EventFit(
        model, events, status, (), theta, value, gradient, information, covariance, packed.is_free, n_steps, penalty
    )

"""Maximum likelihood of event times: estimates with the curvature there, for one data set or many samples of its subjects."""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import Enum
from typing import TYPE_CHECKING

import numpy as np

from pkpd.errors import InputError, Problem
from tte.estimation.start import bounds, starts, units
from tte.kernels import codes
from tte.kernels.search import search, search_many

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pkpd.arrays import BoolArray, FloatArray, IntArray
    from tte.data.events import Events
    from tte.estimation.model import EventTimeModel

_MOST_STEPS = 1000
# Part of a direction, of the largest part, from which on a coefficient is named.
_PART = 0.1


class FitStatus(Enum):
    """How a fit ended; the value is the sentence the user reads."""

    CONVERGED = "The estimates converged: gradient zero, information positive definite."
    AT_BOUND = "The likelihood rises up to a bound of a parameter; the others are its maximum there."
    GRADIENT_NOT_SMALL = "The search ended before the gradient was zero; treat the estimates with caution."
    MONOTONE_LIKELIHOOD = (
        "The likelihood rises without end as an estimate goes to infinity (separation): there is no finite estimate."
    )
    NOT_POSITIVE_DEFINITE = "The likelihood does not change along some direction: the data do not tell some parameters apart, and there are no standard errors."
    NO_FINITE_START = "The likelihood is zero or not finite at the initial values."
    EVALUATED = "Evaluated at the given values; nothing was estimated."


AT_A_MAXIMUM = (FitStatus.CONVERGED, FitStatus.AT_BOUND)
"""How a fit must have ended for its estimates and its likelihood to count."""


@dataclass(frozen=True, slots=True)
class FitOptions:
    """How a fit is made.

    Parameters
    ----------
    most_steps : int
        Newton steps allowed of each search; 0 evaluates the likelihood at the initial values.
    """

    most_steps: int = _MOST_STEPS


@dataclass(frozen=True, slots=True)
class EventFit:
    """A model of event times with its estimates.

    Parameters
    ----------
    model : EventTimeModel
        What was fitted.
    events : Events
        To what.
    status : FitStatus
        How it ended.
    named : tuple of str
        The coefficients that the status speaks of.
    theta : (n_coefficients,) array
        Estimates on the linear scale, in the order of ``model.names``.
    log_likelihood : float
        Its logarithm there; NaN where there is none.
    gradient, information : (n_coefficients,) and (n_coefficients, n_coefficients) arrays
        Of the log-likelihood by the coefficients on the linear scale, and minus its second derivatives.
    covariance : (n_coefficients, n_coefficients) array
        Inverse of the information of what was estimated, 0 for what was held or lies at a bound; NaN where there is none.
    is_free : (n_coefficients,) array
        What was estimated.
    n_steps : int
        Steps that the search took.
    penalty : float or None
        Logarithm of the penalty at the estimates, where the likelihood was penalised.
    """

    model: EventTimeModel
    events: Events
    status: FitStatus
    named: tuple[str, ...]
    theta: FloatArray
    log_likelihood: float
    gradient: FloatArray
    information: FloatArray
    covariance: FloatArray
    is_free: BoolArray
    n_steps: int
    penalty: float | None = None

    @property
    def n_free(self) -> int:
        """Return the number of estimated coefficients."""
        return int(self.is_free.sum())

    @property
    def model_at_estimates(self) -> EventTimeModel:
        """Return the model with the estimates as initial values: where samples of the subjects are best searched from."""
        return replace(self.model, initial=dict(zip(self.model.names, self.theta.tolist(), strict=True)))

    @property
    def se(self) -> FloatArray:
        """Return standard errors on the linear scale; NaN for what was not estimated, or where there is no covariance matrix."""
        variance = np.diag(self.covariance)
        return np.where(self.is_free & (variance > 0.0), np.sqrt(np.maximum(variance, 0.0)), np.nan)


def fit(events: Events, model: EventTimeModel, options: FitOptions | None = None) -> EventFit:
    """Fit a model to event times by maximum likelihood.

    Parameters
    ----------
    events : Events
        The data.
    model : EventTimeModel
        Hazard, effects, initial and fixed values.
    options : FitOptions, optional
        How.

    Returns
    -------
    EventFit
        Its ``status`` says how the fit ended; a fit that did not converge is a result as well.

    Raises
    ------
    InputError
        With every problem of the data that stands against this model: no event, covariates that are not there, missing or constant, and
        with ``most_steps`` 0 parameters without a value.
    """
    chosen = options or FitOptions()
    packed = pack(events, model, chosen)
    n = len(model.names)
    theta, gradient, information, covariance = np.empty(n), np.empty(n), np.empty((n, n)), np.empty((n, n))
    is_at_bound = np.zeros(n, dtype=np.bool_)
    value, ended, n_steps, is_definite = search(
        model.hazard.code,
        packed.time,
        events.kind,
        packed.design,
        np.ones(events.n_rows),
        *packed.layout,
        packed.starts,
        theta,
        gradient,
        information,
        covariance,
        is_at_bound,
        chosen.most_steps,
    )
    status = status_of(
        ended, is_at_bound=bool(is_at_bound.any()), is_definite=is_definite, is_search=chosen.most_steps > 0
    )
    if status is FitStatus.EVALUATED:
        covariance[:] = np.nan
    named = _named(model, status, is_at_bound, information, packed)
    return EventFit(
        model, events, status, named, theta, value, gradient, information, covariance, packed.is_free, n_steps
    )


@dataclass(frozen=True, slots=True)
class FitSamples:
    """Fits to samples of the subjects.

    Parameters
    ----------
    theta : (n_samples, n_coefficients) array
        Estimates on the linear scale.
    log_likelihood : (n_samples,) array
        Its logarithms.
    statuses : tuple of FitStatus
        How each fit ended.
    """

    theta: FloatArray
    log_likelihood: FloatArray
    statuses: tuple[FitStatus, ...]


def fit_samples(
    events: Events, model: EventTimeModel, counts: IntArray, options: FitOptions | None = None
) -> FitSamples:
    """Fit a model to many samples of the subjects, in parallel, with the same bits on any number of threads.

    Parameters
    ----------
    events, model, options
        As in `fit`; searches begin where those of `fit` do; ``fit.model_at_estimates`` begins at estimates.
    counts : (n_samples, n_subjects) array
        How often each sample holds each subject, as `tte.data.events.resampling_counts` draws them.

    Raises
    ------
    InputError
        As in `fit`, of the whole data set; a sample that cannot be fitted has a status that says so.
    """
    chosen = options or FitOptions()
    packed = pack(events, model, chosen)
    r, n = counts.shape[0], len(model.names)
    theta, value, ended = np.empty((r, n)), np.empty(r), np.empty(r, dtype=np.int64)
    is_at_bound, is_definite = np.zeros((r, n), dtype=np.bool_), np.zeros(r, dtype=np.bool_)
    search_many(
        model.hazard.code,
        packed.time,
        events.kind,
        packed.design,
        events.subject,
        np.ascontiguousarray(counts, dtype=np.int64),
        *packed.layout,
        packed.starts,
        theta,
        value,
        ended,
        is_at_bound,
        is_definite,
        chosen.most_steps,
    )
    any_at_bound = np.asarray(is_at_bound.any(axis=1), dtype=np.bool_)
    statuses = tuple(
        status_of(int(ended[i]), is_at_bound=bool(any_at_bound[i]), is_definite=bool(is_definite[i]), is_search=True)
        for i in range(r)
    )
    return FitSamples(theta, value, statuses)


def status_of(ended: int, *, is_at_bound: bool, is_definite: bool, is_search: bool) -> FitStatus:
    """Return the status of a search from what compiled code says of its end."""
    if ended == codes.NO_START:
        return FitStatus.NO_FINITE_START
    if not is_search:
        return FitStatus.EVALUATED
    if ended == codes.MONOTONE:
        return FitStatus.MONOTONE_LIKELIHOOD
    if ended == codes.NOT_FLAT:
        return FitStatus.GRADIENT_NOT_SMALL
    if is_at_bound:
        return FitStatus.AT_BOUND
    return FitStatus.CONVERGED if is_definite else FitStatus.NOT_POSITIVE_DEFINITE


@dataclass(frozen=True, slots=True)
class Packed:
    """A model and its data as compiled code takes them.

    Parameters
    ----------
    time : (n_rows, 3) array
        Start, stop and upper.
    design : (n_rows, n_covariates) array
        Covariates less their references.
    parameter, column, unit, is_free, lower, upper : arrays
        As in `tte.kernels.search.search`.
    starts : (n_starts, n_coefficients) array
        Where searches begin.
    """

    time: FloatArray
    design: FloatArray
    parameter: IntArray
    column: IntArray
    unit: FloatArray
    is_free: BoolArray
    lower: FloatArray
    upper: FloatArray
    starts: FloatArray

    @property
    def layout(self) -> tuple[IntArray, IntArray, FloatArray, BoolArray, FloatArray, FloatArray]:
        """Return parameter, column, unit, is_free, lower and upper."""
        return self.parameter, self.column, self.unit, self.is_free, self.lower, self.upper


def pack(events: Events, model: EventTimeModel, options: FitOptions) -> Packed:
    """Return a model and its data as compiled code takes them.

    Raises
    ------
    InputError
        With every problem that `fit` names.
    """
    if faults := tuple(_faults(events, model, options)):
        raise InputError(faults)
    lower, upper = bounds(model, events)
    names = model.names
    return Packed(
        np.column_stack((events.start, events.stop, events.upper)),
        design_of(events, model),
        model.parameter_index,
        model.column_index,
        units(model, events),
        np.array([name not in model.fixed for name in names]),
        lower,
        upper,
        starts(model, events),
    )


def design_of(events: Events, model: EventTimeModel) -> FloatArray:
    """Return the covariates of a model less their references, (n_rows, n_covariates)."""
    reference = {effect.covariate: effect.reference for effect in model.effects}
    columns = [events.covariates[name] - value for name, value in reference.items()]
    return np.column_stack(columns) if columns else np.empty((events.n_rows, 0))


def _faults(events: Events, model: EventTimeModel, options: FitOptions) -> Iterator[Problem]:
    if events.n_events == 0:
        yield Problem("event times", "hold no event; expected at least one")
    for name in model.covariates:
        values = events.covariates.get(name)
        if values is None:
            yield Problem("covariate", f"{name} is not in the data; there are {', '.join(events.covariates) or 'none'}")
        elif not np.isfinite(values).all():
            row = int(np.flatnonzero(~np.isfinite(values))[0])
            who = events.ids[int(events.subject[row])]
            yield Problem("covariate", f"{name} is {values[row]:g} for subject {who}; expected finite numbers")
        elif options.most_steps > 0 and (values == values[0]).all() and not _is_held(model, name):
            yield Problem("covariate", f"{name} is {values[0]:g} everywhere; expected different values")
    if options.most_steps == 0 and (unknown := [name for name in model.names if name not in model.initial]):
        yield Problem("initial value", f"{', '.join(unknown)} has none; with no step allowed every parameter needs one")


def _is_held(model: EventTimeModel, covariate: str) -> bool:
    return all(effect.name in model.fixed for effect in model.effects if effect.covariate == covariate)


def _named(
    model: EventTimeModel, status: FitStatus, is_at_bound: BoolArray, information: FloatArray, packed: Packed
) -> tuple[str, ...]:
    """Return the coefficients that a status speaks of."""
    if status is FitStatus.AT_BOUND:
        return tuple(name for name, at in zip(model.names, is_at_bound, strict=True) if at)
    if status is FitStatus.NO_FINITE_START:
        return tuple(model.initial)
    if status not in (FitStatus.MONOTONE_LIKELIHOOD, FitStatus.NOT_POSITIVE_DEFINITE):
        return ()
    size = packed.unit[packed.parameter]
    if packed.design.shape[1]:
        spread = np.ptp(packed.design, axis=0)
        is_effect = packed.column >= 0
        size[is_effect] /= spread[packed.column[is_effect]]
    free = np.flatnonzero(packed.is_free & ~is_at_bound)
    scaled = information[np.ix_(free, free)] * np.outer(size[free], size[free])
    direction: FloatArray = np.abs(np.linalg.eigh(scaled)[1][:, 0])
    large = free[direction > _PART * direction.max()]
    return tuple(model.names[int(i)] for i in large)

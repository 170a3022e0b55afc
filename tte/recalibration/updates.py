"""Four nested models of the same patients: the old one as it is, a new intercept, a new intercept and slope, and all anew.

What a method does not estimate stays at its old value and keeps its old uncertainty: estimates depend on it, and their covariance matrix
says so.
"""

from __future__ import annotations

from dataclasses import replace
from enum import Enum
from typing import TYPE_CHECKING, TypeAlias

import numpy as np

from tte.estimation.fit import EventFit, FitOptions, FitStatus, fit
from tte.estimation.model_file import published_model
from tte.estimation.penalised import fit_penalised
from tte.recalibration.parameters import from_links, parameters_of

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pkpd.arrays import BoolArray, FloatArray
    from tte.data.events import Events
    from tte.estimation.model import EventTimeModel
    from tte.model.event_model import EventModel
    from tte.recalibration.parameters import RiskParameters


NestedFits: TypeAlias = "Mapping[Update, EventFit]"
"""The four updates of the same patients."""


class Update(Enum):
    """How much of a model is estimated anew by maximum likelihood; the value is its name."""

    ORIGINAL = "original"
    """Nothing: the model as it is."""
    INTERCEPT = "intercept"
    """ln λ, with the old linear predictor as an offset."""
    SLOPE = "slope"
    """ln λ and the slope of the linear predictor, which is β anew, with the old shape."""
    REFIT = "refit"
    """ln λ, γ and β."""

    @property
    def n_estimated(self) -> int:
        """Return how many parameters are estimated."""
        return list(Update).index(self)


def update_model(model: EventModel, covariate: str, update: Update) -> EventTimeModel:
    """Return what is fitted: the old model, with what the update does not estimate held.

    Parameters
    ----------
    model : EventModel
        The old model.
    covariate : str
        Column of the exposure.
    update : Update
        How much is estimated.
    """
    whole = published_model(model, covariate)
    rate, shape, effect = whole.names
    order = (rate, effect, shape)
    return replace(whole, fixed=frozenset(order[update.n_estimated :]))


def fit_update(
    events: Events, model: EventModel, covariate: str, update: Update, *, is_penalised: bool = False
) -> EventFit:
    """Return the fit of one update; that of ``ORIGINAL`` is the likelihood of the old model.

    Parameters
    ----------
    events : Events
        Event times of other patients, with one event at least.
    model, covariate, update
        As `update_model`.
    is_penalised : bool
        Whether the likelihood is penalised, as in `tte.estimation.penalised`.

    Raises
    ------
    InputError
        As in `tte.estimation.fit.fit`.
    """
    wanted = update_model(model, covariate, update)
    if update is Update.ORIGINAL:
        return fit(events, wanted, FitOptions(0))
    return fit_penalised(events, wanted) if is_penalised else fit(events, wanted)


def has_estimates(found: EventFit) -> bool:
    """Return whether a fit ended with finite estimates and standard errors."""
    return found.status is FitStatus.CONVERGED and bool(np.isfinite(found.covariance).all())


def updated_parameters(found: EventFit, model: EventModel) -> RiskParameters:
    """Return the new parameters with their covariance matrix, the uncertainty of what was held included.

    Given the held parameters h, estimates are normal with mean θ̂ − I_ff⁻¹·I_fh·(h − h₀) and covariance I_ff⁻¹, I being the information;
    h has its old covariance.

    Parameters
    ----------
    found : EventFit
        A fit of `fit_update` that `has_estimates`.
    model : EventModel
        The old model.
    """
    covariance = with_held(found.information, found.is_free, parameters_of(model).covariance_on_links)
    return from_links(found.theta, covariance, model.x_ref)


def with_held(information: FloatArray, is_free: BoolArray, held: FloatArray) -> FloatArray:
    """Return the covariance matrix of free and held parameters together.

    Parameters
    ----------
    information : (n, n) array
        Minus the second derivatives of the log-likelihood.
    is_free : (n,) array
        Which parameters were estimated.
    held : (n, n) array
        Covariance matrix of all parameters of which that of the held ones is taken.
    """
    free, kept = np.flatnonzero(is_free), np.flatnonzero(~is_free)
    own = np.linalg.inv(information[np.ix_(free, free)])
    regression = -own @ information[np.ix_(free, kept)]
    old = held[np.ix_(kept, kept)]
    found = np.zeros_like(information)
    found[np.ix_(free, free)] = own + regression @ old @ regression.T
    found[np.ix_(free, kept)] = regression @ old
    found[np.ix_(kept, free)] = (regression @ old).T
    found[np.ix_(kept, kept)] = old
    return 0.5 * (found + found.T)


def nested_fits(events: Events, model: EventModel, covariate: str) -> NestedFits:
    """Return the four updates by maximum likelihood; parameters and errors as in `fit_update`."""
    return {update: fit_update(events, model, covariate, update) for update in Update}

"""Where searches begin, and how far they may go."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from tte.data.events import EventKind
from tte.estimation.domain import MOST_EFFECT, SHAPES
from tte.hazards.hazard import Hazard

if TYPE_CHECKING:
    from pkpd.arrays import FloatArray
    from tte.data.events import Events
    from tte.estimation.model import EventTimeModel

_NARROWEST, _WIDEST = math.log(1e-3), math.log(1e2)
_PEAKS, _WIDTHS = (0.05, 0.25, 0.5, 0.75, 1.0), (0.15, 0.6)


def starts(model: EventTimeModel, events: Events) -> FloatArray:
    """Return where searches begin on the linear scale, (n_starts, n_coefficients).

    One start from the rate of events over the time watched, but several for the surge, whose likelihood can have several modes.
    """
    end = 0.5 * (events.stop + events.upper)
    watched = float((end - events.start).sum())
    log_rate = math.log(events.n_events / watched)
    longest = float(events.upper.max())
    match model.hazard:
        case Hazard.EXPONENTIAL:
            own = [[log_rate]]
        case Hazard.WEIBULL:
            own = [[_weibull_level(model, events, log_rate), 0.0]]
        case Hazard.GOMPERTZ:
            own = [[log_rate, 0.0]]
        case Hazard.LOGLOGISTIC | Hazard.LOGNORMAL:
            own = [[-log_rate, 0.0]]
        case Hazard.SURGE:
            latest = float(end[events.kind != EventKind.CENSORED].max())
            own = [[log_rate, peak * latest, math.log(width * longest)] for peak in _PEAKS for width in _WIDTHS]
    begin = np.zeros((len(own), len(model.names)))
    begin[:, : len(own[0])] = own
    if not model.initial:
        return begin
    for name, value in model.initial.items():
        at = model.names.index(name)
        begin[:, at] = value
    return np.unique(begin, axis=0)


def _weibull_level(model: EventTimeModel, events: Events, log_rate: float) -> float:
    """Return ln λ at which the hazard of a given shape expects as many events as there are; that of shape 1 where none is given.

    Away from it a steep hazard has no likelihood that is a number: λ·t^γ of a shape of 900 is zero, or beyond all numbers, on every day.
    """
    if "shape" not in model.initial:
        return log_rate
    end = events.stop[events.last]
    powers = math.exp(model.initial["shape"]) * np.log(end[end > 0.0])
    return math.log(events.n_events) - float(np.logaddexp.reduce(powers)) if powers.size else log_rate


def bounds(model: EventTimeModel, events: Events) -> tuple[FloatArray, FloatArray]:
    """Return lower and upper bounds: of parameters at the mean of the covariates, of effects over the range of theirs."""
    longest = float(events.upper.max())
    upper = MOST_EFFECT * units(model, events)[model.parameter_index]
    lower = -upper
    n_own = len(model.hazard.parameters)
    lower[:n_own], upper[:n_own] = -np.inf, np.inf
    match model.hazard:
        case Hazard.WEIBULL | Hazard.LOGLOGISTIC | Hazard.LOGNORMAL:
            lower[1], upper[1] = map(math.log, SHAPES)
        case Hazard.GOMPERTZ:
            lower[1], upper[1] = -MOST_EFFECT / longest, MOST_EFFECT / longest
        case Hazard.SURGE:
            lower[1:3] = -longest, math.log(longest) + _NARROWEST
            upper[1:3] = 2.0 * longest, math.log(longest) + _WIDEST
        case Hazard.EXPONENTIAL:
            pass
    return lower, upper


def units(model: EventTimeModel, events: Events) -> FloatArray:
    """Return what counts as one of each parameter's linear predictor: 1, or for those in days the longest time."""
    longest = float(events.upper.max())
    match model.hazard:
        case Hazard.GOMPERTZ:
            return np.array([1.0, 1.0 / longest])
        case Hazard.SURGE:
            return np.array([1.0, longest, 1.0])
        case _:
            return np.ones(len(model.hazard.parameters))

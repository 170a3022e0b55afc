"""Patients whose outcome is known to the day, each with one exposure, and what a model predicts for them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from tte.evaluation.marker_table import marker_table
from tte.hazards import weibull
from tte.recalibration.parameters import risk_of

if TYPE_CHECKING:
    from pkpd.arrays import FloatArray
    from tte.data.events import Events
    from tte.evaluation.event_times import EventTimes
    from tte.recalibration.parameters import RiskParameters

HORIZON_DAY = 90.0
"""Day by which every event model gives its risk."""


@dataclass(frozen=True, slots=True)
class ExposedPopulation:
    """Patients with one exposure each.

    Parameters
    ----------
    times : EventTimes
        Of n patients.
    log_auc_cl : (n,) array
        Their exposure.
    from_day : float
        Day from which on risks are meant: 0, or the landmark.
    is_changing : bool
        Whether some exposure changes with time, of which the value on ``from_day`` is taken.
    """

    times: EventTimes
    log_auc_cl: FloatArray
    from_day: float
    is_changing: bool


@dataclass(frozen=True, slots=True)
class Predictions:
    """What a model says of a population.

    Parameters
    ----------
    cumulative_hazard : (n,) array
        From each patient's entry to the last day.
    linear_predictor : (n,) array
        Logarithm of the hazard ratio.
    risk : (n,) array
        Of the event by day 90, of those free of it on ``from_day``.
    """

    cumulative_hazard: FloatArray
    linear_predictor: FloatArray
    risk: FloatArray


def population_of(events: Events, covariate: str, *, from_day: float) -> ExposedPopulation:
    """Return event times as a population.

    Parameters
    ----------
    events : Events
        Event times; at a landmark, those of it.
    covariate : str
        Column of the exposure.
    from_day : float
        0, or the landmark.

    Raises
    ------
    InputError
        Where events are known by an interval alone, or subjects were not watched for some time.
    """
    table = marker_table(events, day=from_day)
    name = covariate.upper()
    return ExposedPopulation(table.times, table.markers[name], from_day, name in table.changing)


def predictions(parameters: RiskParameters, people: ExposedPopulation) -> Predictions:
    """Return what parameters predict, held at their values."""
    linear = parameters.slope * (people.log_auc_cl - parameters.x_ref)
    log_rate, shape = parameters.log_rate + linear, parameters.shape

    def hazard(day: FloatArray | float) -> FloatArray:
        return weibull.cumulative_hazard(day, log_rate, shape=shape)

    ahead = hazard(HORIZON_DAY) - hazard(people.from_day)
    with np.errstate(divide="ignore"):
        risk = risk_of(np.log(ahead))
    return Predictions(hazard(people.times.time_day) - hazard(people.times.entry_day), linear, risk)

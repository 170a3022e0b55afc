"""Event times drawn from an event model, as they would be observed."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from tte.hazards import weibull

if TYPE_CHECKING:
    from pkpd.arrays import BoolArray, FloatArray
    from tte.model.event_model import EventModel


@dataclass(frozen=True, slots=True)
class FollowUp:
    """How patients are watched.

    Parameters
    ----------
    end_day : float
        Day on which the watch ends [day].
    lost : float
        Probability that a patient is lost before, on a day that is uniform over the watch.
    is_whole_days : bool
        Whether times are known as whole days: the day that the event is on, counted from 1.
    """

    end_day: float = 90.0
    lost: float = 0.03
    is_whole_days: bool = True


def draw_event_times(
    model: EventModel, log_auc_cl: FloatArray, follow_up: FollowUp, rng: np.random.Generator
) -> tuple[FloatArray, BoolArray]:
    """Draw when patients have the event or are last seen.

    Parameters
    ----------
    model : EventModel
        The truth.
    log_auc_cl : (n,) array
        True exposures ln(AUC/CL); -inf, no drug in the window, is an event at once.
    follow_up : FollowUp
        How they are watched.
    rng : Generator
        Source of randomness.

    Returns
    -------
    (n,) and (n,) arrays
        Times [day], above 0, and whether they are those of an event.
    """
    log_rate = model.log_rate + model.slope * (log_auc_cl - model.x_ref)
    event_day = weibull.quantile_time(rng.random(log_auc_cl.size), log_rate, shape=model.shape)
    is_lost = rng.random(log_auc_cl.size) < follow_up.lost
    last_day = np.where(is_lost, follow_up.end_day * rng.random(log_auc_cl.size), follow_up.end_day)
    if follow_up.is_whole_days:
        event_day, last_day = np.maximum(np.ceil(event_day), 1.0), np.maximum(np.ceil(last_day), 1.0)
    has_event = event_day <= last_day
    return np.maximum(np.where(has_event, event_day, last_day), np.finfo(np.float64).tiny), has_event

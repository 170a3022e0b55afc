"""Inverse-probability-of-censoring weights at a horizon: subjects whose outcome is known stand for those who were censored.

Graf E, et al. Stat Med 1999;18:2529-2545, doi:10.1002/(SICI)1097-0258(19990915/30)18:17/18<2529::AID-SIM274>3.0.CO;2-5. Censoring is
taken as independent of the marker. Everybody has to be under observation from one day on (``event_times.check_start``).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from tte.evaluation.event_times import Known, check_start
from tte.evaluation.kaplan_meier import censoring_survival, stepped

if TYPE_CHECKING:
    from pkpd.arrays import FloatArray
    from tte.evaluation.event_times import EventTimes


class CensoringWeights(NamedTuple):
    """Weights at a horizon; those of cases and controls add up to the number of subjects.

    Attributes
    ----------
    case, control : (n,) arrays
        Of subjects with the event until then, 1/G(t−) of their day, and of those free of it, 1/G(horizon−); 0 for all others.
    """

    case: FloatArray
    control: FloatArray


def censoring_weights(
    times: EventTimes,
    horizon_day: float,
    counts: FloatArray | None = None,
    *,
    curve: tuple[FloatArray, FloatArray] | None = None,
) -> CensoringWeights:
    """Return the weights of all subjects.

    Parameters
    ----------
    times : EventTimes
        Of whom the censoring distribution is estimated.
    horizon_day : float
        Horizon.
    counts : (n,) array, optional
        How often each subject counts.
    curve : tuple, optional
        What ``censoring_survival`` returns for these subjects, where it is known already; it is the same for every horizon.

    Raises
    ------
    InputError
        Where observation does not begin on one day for all.
    """
    check_start(times)
    w = np.ones(times.n) if counts is None else counts
    days, survival = censoring_survival(times, w) if curve is None else curve
    known = times.known_at(horizon_day)
    before = np.minimum(times.time_day, horizon_day)
    uncensored = stepped(days, survival, before, is_before=True)
    # A subject that is not drawn may lie beyond the last of those drawn.
    weight = np.divide(w, uncensored, out=np.zeros(times.n), where=w > 0.0)
    return CensoringWeights(np.where(known == Known.EVENT, weight, 0.0), np.where(known == Known.FREE, weight, 0.0))

"""What a second prediction changes: categorical net reclassification and integrated discrimination improvement, under censoring.

Pencina MJ, et al. Stat Med 2008;27:157-172, doi:10.1002/sim.2929; Pencina MJ, D'Agostino RB, Steyerberg EW. Stat Med 2011;30:11-21,
doi:10.1002/sim.4085. Outcomes that are not known at the horizon are stood for by inverse-probability-of-censoring weights. A positive
NRI can arise without any gain where a model is miscalibrated (Hilden J, Gerds TA. Stat Med 2014;33:3405-3414, doi:10.1002/sim.5804);
read it beside the Brier score and the decision curve.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from pkpd.diagnostics.prediction_errors import Measured, measured
from pkpd.errors import input_error
from tte.evaluation.censoring_weights import censoring_weights
from tte.evaluation.drawn_subjects import drawn_subjects
from tte.evaluation.event_times import Known, check_horizon

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from pkpd.arrays import FloatArray, IntArray
    from tte.evaluation.event_times import EventTimes

_N_NUMBERS = 9


class Reclassification(NamedTuple):
    """A second prediction against the first, with percentiles over drawn subjects; NaN where an outcome does not occur.

    Attributes
    ----------
    nri : Measured
        Sum of both components.
    nri_events, nri_free : Measured
        Share moved up minus share moved down among those with the event; down minus up among those without.
    up_events, down_events, up_free, down_free : Measured
        The shares.
    idi : Measured
        Gain of the difference between mean risks with and without the event.
    idi_events : Measured
        Gain of the mean risk of those with the event alone.
    events, free : (n_categories, n_categories) arrays
        Subjects of each outcome by category of the first (row) and second (column) prediction, unweighted.
    n_unknown : int
        Subjects censored before the horizon, who are in neither table.
    """

    nri: Measured
    nri_events: Measured
    nri_free: Measured
    up_events: Measured
    down_events: Measured
    up_free: Measured
    down_free: Measured
    idi: Measured
    idi_events: Measured
    events: IntArray
    free: IntArray
    n_unknown: int


def reclassification(
    times: EventTimes,
    first: FloatArray,
    second: FloatArray,
    *,
    cuts: Sequence[float],
    horizon_day: float,
    n_draws: int = 0,
    seed: int = 1,
    tell: Callable[[float], object] = lambda _: None,
) -> Reclassification:
    """Compare two predicted risks.

    Parameters
    ----------
    times : EventTimes
        Of n subjects, who are all under observation from one day on.
    first, second : (n,) arrays
        Predicted probabilities of the event by the horizon.
    cuts : sequence of float
        Risks at which the next category begins, ascending, above 0 and below 1.
    horizon_day : float
        Horizon.
    n_draws, seed : int
        How often subjects are drawn for the intervals, and from what.
    tell : callable
        Told the share of the draws that is done.

    Raises
    ------
    InputError
        For cuts that are none, and where nobody is observed until the horizon, or observation does not begin on one day for all.
    """
    limits = np.asarray(cuts, dtype=np.float64)
    if not limits.size or not (np.diff(np.concatenate(([0.0], limits, [1.0]))) > 0.0).all():
        raise input_error("cuts", f"are {list(cuts)}; expected ascending risks above 0 and below 1, at least one")
    check_horizon(times, horizon_day)
    categories = [np.searchsorted(limits, risk, side="right") for risk in (first, second)]
    moved = np.sign(categories[1] - categories[0]).astype(np.float64)
    gain = second - first

    def numbers(counts: FloatArray) -> FloatArray:
        case, control = censoring_weights(times, horizon_day, counts)
        with np.errstate(invalid="ignore"):
            case, control = case / case.sum(), control / control.sum()
        up, down = moved > 0.0, moved < 0.0
        shares = [float(one @ side) for one in (case, control) for side in (up, down)]
        of_events, of_free = shares[0] - shares[1], shares[3] - shares[2]
        idi_events = float(case @ gain)
        idi = idi_events - float(control @ gain)
        return np.array([of_events + of_free, of_events, of_free, *shares, idi, idi_events])

    drawn = np.array([numbers(counts) for counts in drawn_subjects(times.n, n_draws, seed, tell)])
    drawn = drawn.reshape(n_draws, _N_NUMBERS)
    own = numbers(np.ones(times.n))
    found = [measured(float(one), column[np.isfinite(column)]) for one, column in zip(own, drawn.T, strict=True)]
    known, n = times.known_at(horizon_day), limits.size + 1
    cells = (categories[0] * n + categories[1]).astype(np.int64)
    events, free = (_table(cells[known == int(kind)], n) for kind in (Known.EVENT, Known.FREE))
    return Reclassification(*found, events=events, free=free, n_unknown=int((known == int(Known.UNKNOWN)).sum()))


def _table(cells: IntArray, n: int) -> IntArray:
    return np.bincount(cells, minlength=n * n).reshape(n, n).astype(np.int64)

"""Concordance of a marker with event times: Harrell's C with delayed entry, and Uno's C.

Harrell FE, Lee KL, Mark DB. Stat Med 1996;15:361-387,
doi:10.1002/(SICI)1097-0258(19960229)15:4<361::AID-SIM168>3.0.CO;2-4. Uno H, et al. Stat Med 2011;30:1105-1117, doi:10.1002/sim.4154.

A pair is comparable where one has the event on day t and the other is under observation on t and longer, or censored on t. Two events of
one day are not compared. A marker that is the same for both counts one half.
"""

from __future__ import annotations

from enum import Enum
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from pkpd.diagnostics.prediction_errors import Measured, measured
from tte.evaluation.censoring_weights import censoring_weights
from tte.evaluation.drawn_subjects import drawn_subjects
from tte.kernels.risk_set_ranks import rank_in_risk_sets

if TYPE_CHECKING:
    from collections.abc import Callable

    from pkpd.arrays import FloatArray
    from tte.evaluation.event_times import EventTimes
    from tte.evaluation.roc import Direction


class ConcordanceStatus(Enum):
    """Whether there is anything to count; the value is the sentence the user reads."""

    FOUND = "Pairs of subjects were compared."
    NO_PAIRS = "No two subjects can be compared: no event has somebody left at risk after it."
    CONSTANT = "The marker has one value only: the concordance is one half."


class Concordance(NamedTuple):
    """Share of comparable pairs whose event comes first to the subject of the higher risk.

    Attributes
    ----------
    c : Measured
        With percentiles over drawn subjects; NaN where there is none.
    n_pairs, n_tied : float
        Comparable pairs, and those with the same marker.
    status : ConcordanceStatus
        Whether there are pairs.
    """

    c: Measured
    n_pairs: float
    n_tied: float
    status: ConcordanceStatus


def risk_set_ranks(times: EventTimes, risk: FloatArray, weights: FloatArray | None = None) -> FloatArray:
    """Return for each subject with an event the weight of those still at risk after it whose risk is lower, is the same, and of all.

    Parameters
    ----------
    times : EventTimes
        Of n subjects.
    risk : (n,) array
        Higher for those the event is expected of.
    weights : (n,) array, optional
        How often each subject counts as one of those at risk.

    Returns
    -------
    (n, 3) array
        Zeros without an event.
    """
    w = np.ones(times.n) if weights is None else weights
    code = np.unique(risk, return_inverse=True)[1].astype(np.int64)
    by_time = np.lexsort((times.event, -times.time_day)).astype(np.int64)
    by_entry = np.argsort(-times.entry_day, kind="stable").astype(np.int64)
    ranked = np.zeros((times.n, 3))
    rank_in_risk_sets(times.time_day, times.event, times.entry_day, code, w, by_time, by_entry, ranked)
    return ranked


def harrell_c(
    times: EventTimes,
    marker: FloatArray,
    direction: Direction,
    *,
    n_draws: int = 0,
    seed: int = 1,
    tell: Callable[[float], object] = lambda _: None,
) -> Concordance:
    """Return Harrell's C.

    Parameters
    ----------
    times : EventTimes
        Of n subjects, delayed entry included.
    marker : (n,) array
        Finite.
    direction : "lower" or "higher"
        Which values mean the event.
    n_draws, seed : int
        How often subjects are drawn for the interval, and from what.
    tell : callable
        Told the share of the draws that is done.
    """
    return _concordance(times, marker, direction, None, (n_draws, seed, tell))


def uno_c(
    times: EventTimes,
    marker: FloatArray,
    direction: Direction,
    *,
    horizon_day: float,
    n_draws: int = 0,
    seed: int = 1,
    tell: Callable[[float], object] = lambda _: None,
) -> Concordance:
    """Return Uno's C up to a horizon, whose value does not depend on how subjects are censored.

    Events count with 1/G(t−)², G being the probability of being uncensored. Parameters as ``harrell_c``.

    Raises
    ------
    InputError
        Where observation does not begin on one day for all.
    """
    return _concordance(times, marker, direction, horizon_day, (n_draws, seed, tell))


def concordance_value(times: EventTimes, risk: FloatArray, counts: FloatArray, horizon_day: float | None) -> float:
    """Return Harrell's C, or Uno's where there is a horizon, of subjects who count several times; NaN without pairs."""
    concordant, _, pairs = _sums(times, risk, counts, horizon_day)
    return concordant / pairs if pairs > 0.0 else np.nan


def _concordance(
    times: EventTimes,
    marker: FloatArray,
    direction: Direction,
    horizon_day: float | None,
    draws: tuple[int, int, Callable[[float], object]],
) -> Concordance:
    risk = -marker if direction == "lower" else marker
    n_draws, seed, tell = draws
    everybody = np.ones(times.n)
    if _sums(times, risk, everybody, horizon_day)[2] <= 0.0:
        return Concordance(Measured(np.nan, np.nan, np.nan), 0.0, 0.0, ConcordanceStatus.NO_PAIRS)
    value = concordance_value(times, risk, everybody, horizon_day)
    # Pairs are counted as they are, without weights for censoring.
    some = times if horizon_day is None else _until(times, horizon_day)
    _, tied, pairs = _sums(some, risk, everybody, None)
    if risk.min() == risk.max():
        return Concordance(Measured(0.5, np.nan, np.nan), pairs, tied, ConcordanceStatus.CONSTANT)
    drawn = np.array(
        [concordance_value(times, risk, w, horizon_day) for w in drawn_subjects(times.n, n_draws, seed, tell)]
    )
    return Concordance(measured(value, drawn[np.isfinite(drawn)]), pairs, tied, ConcordanceStatus.FOUND)


def _sums(
    times: EventTimes, risk: FloatArray, counts: FloatArray, horizon_day: float | None
) -> tuple[float, float, float]:
    """Return the weights of concordant pairs (ties by half), of tied ones and of all."""
    own = np.where(times.event, counts, 0.0)
    if horizon_day is not None:
        case = censoring_weights(times, horizon_day, counts).case
        own = np.divide(case**2, counts, out=np.zeros(times.n), where=counts > 0.0)
    lower, tied, pairs = own @ risk_set_ranks(times, risk, counts)
    return float(lower + 0.5 * tied), float(tied), float(pairs)


def _until(times: EventTimes, horizon_day: float) -> EventTimes:
    """Return times whose later events are none, the subjects staying at risk as long as they do."""
    return type(times)(times.time_day, times.event & (times.time_day <= horizon_day), times.entry_day)

"""The nonparametric estimate of survival where some events are known by an interval alone.

Turnbull BW. J R Stat Soc B 1976;38:290-295, doi:10.1111/j.2517-6161.1976.tb01597.x: probability lies in the innermost intervals, those that
begin where one subject was last known free of the event and end where another was found with it, without an end of anybody in between. The
greatest likelihood is told by its gradient (Gentleman R, Geyer CJ. Biometrika 1994;81:618-623, doi:10.1093/biomet/81.3.618), and steps of
expectation and maximisation are lengthened (Varadhan R, Roland C. Scand J Stat 2008;35:335-353, doi:10.1111/j.1467-9469.2007.00585.x). Where
inside an innermost interval its probability lies the data do not say.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from tte.evaluation.kaplan_meier import stepped

if TYPE_CHECKING:
    from pkpd.arrays import BoolArray, FloatArray, IntArray

_CLOSE, _MOST_STEPS, _LEAST_PART = 1e-6, 5000, 0.1
# Order of ends on one day: an event on the day itself lies before what ends there, and that before what begins after it.
_ON_THE_DAY, _END, _AFTER = 0, 1, 2
_NOTHING = 1e-9


class Turnbull(NamedTuple):
    """Nonparametric estimate of survival.

    Attributes
    ----------
    left, right : (k,) arrays
        Innermost intervals, ascending: the event lies after ``left`` and up to ``right``, or on the day where both are the same; ``right``
        is infinite for what nobody was watched long enough to see.
    survival : (k,) array
        Beyond each ``right``.
    """

    left: FloatArray
    right: FloatArray
    survival: FloatArray

    def found_by(self, days: FloatArray) -> FloatArray:
        """Return survival on some days, events of an innermost interval being counted at its end."""
        return stepped(self.right, self.survival, days)

    def steps(self) -> FloatArray:
        """Return the days on which `found_by` falls."""
        falls = -np.diff(self.survival, prepend=1.0)
        return self.right[(falls > _NOTHING) & np.isfinite(self.right)]


def turnbull(free_until: FloatArray, by: FloatArray) -> Turnbull:
    """Return the estimate of greatest likelihood.

    Parameters
    ----------
    free_until : (n,) array
        Last day on which each subject is known to be free of the event, or the day of an event that is known exactly.
    by : (n,) array
        Day by which the event has happened: the same day for one that is known exactly, infinity for none.
    """
    is_exact = free_until == by
    seen, weight = np.unique(np.column_stack([free_until, by, is_exact]), axis=0, return_counts=True)
    left, right, is_exact = seen[:, 0], seen[:, 1], seen[:, 2] == 1.0
    inner_left, inner_right, first, last = _innermost(left, right, is_exact)
    mass = _mass(first, last, weight.astype(np.float64), np.isposinf(right), inner_right.size)
    survival = np.maximum(1.0 - np.cumsum(mass), 0.0)
    return Turnbull(inner_left, inner_right, np.where(survival < _NOTHING, 0.0, survival))


def _innermost(
    left: FloatArray, right: FloatArray, is_exact: BoolArray
) -> tuple[FloatArray, FloatArray, IntArray, IntArray]:
    """Return the innermost intervals, and the first and the last of them that lie in each observed one."""
    n = left.size
    days = np.concatenate([left, right])
    kind = np.concatenate([np.where(is_exact, _ON_THE_DAY, _AFTER), np.full(n, _END)])
    order = np.lexsort((kind, days))
    is_end = order >= n
    opens = np.flatnonzero(~is_end[:-1] & is_end[1:])
    place = np.empty(2 * n, dtype=np.int64)
    place[order] = np.arange(2 * n)
    first = np.searchsorted(opens, place[:n], side="left").astype(np.int64)
    last = (np.searchsorted(opens, place[n:], side="left") - 1).astype(np.int64)
    return days[order[opens]], days[order[opens + 1]], first, last


def _mass(first: IntArray, last: IntArray, weight: FloatArray, is_free: BoolArray, k: int) -> FloatArray:
    """Return the probabilities of the innermost intervals: a closed form where it holds, steps of expectation and maximisation elsewhere."""
    is_event = ~is_free | (first == k - 1)
    if (first[is_event] == last[is_event]).all():
        return _product_limit(first, weight, is_event, k)
    mass, total = np.full(k, 1.0 / k), weight.sum()

    def gradient(at: FloatArray) -> FloatArray:
        """Return the derivative of the mean log-likelihood by each probability, 1 at its maximum wherever there is any."""
        upto = np.concatenate(([0.0], np.cumsum(at)))
        share = weight / np.maximum(upto[last + 1] - upto[first], np.finfo(float).tiny)
        change = np.bincount(first, share, k + 1) - np.bincount(last + 1, share, k + 1)
        return np.maximum(np.cumsum(change)[:k] / total, 0.0)

    for _ in range(_MOST_STEPS):
        slope = gradient(mass)
        if slope.max() <= 1.0 + _CLOSE:
            break
        once = mass * slope
        twice = once * gradient(once)
        # A step that two of them foretell (SQUAREM), and a plain one after it, which mends what it has lost.
        change, bend = once - mass, twice - 2.0 * once + mass
        length = max(np.sqrt(change @ change / max(bend @ bend, np.finfo(float).tiny)), 1.0)
        far = np.maximum(mass + 2.0 * length * change + length**2 * bend, _LEAST_PART * twice)
        far /= far.sum()
        further = far * gradient(far)
        mass = further / further.sum() if _is_better(further, twice, first, last, weight) else twice
    return mass / mass.sum()


def _is_better(one: FloatArray, other: FloatArray, first: IntArray, last: IntArray, weight: FloatArray) -> bool:
    """Return whether probabilities have the greater likelihood."""
    with np.errstate(divide="ignore"):
        value, least = (
            float(weight @ np.log(upto[last + 1] - upto[first]))
            for upto in (np.concatenate(([0.0], np.cumsum(part / part.sum()))) for part in (one, other))
        )
    return value >= least


def _product_limit(first: IntArray, weight: FloatArray, is_event: BoolArray, k: int) -> FloatArray:
    """Return the probabilities where every event lies in one innermost interval: those of Kaplan and Meier."""
    events = np.bincount(first[is_event], weight[is_event], k)
    # Who is free of the event is at risk in the intervals before the first that it may lie in; those of the first are in none.
    own, before = weight[~is_event], first[~is_event] - 1
    leaves = events + np.bincount(before[before >= 0], own[before >= 0], k)
    at_risk = np.cumsum(leaves[::-1])[::-1]
    survival = np.cumprod(1.0 - np.divide(events, at_risk, out=np.zeros(k), where=at_risk > 0.0))
    return np.maximum(-np.diff(survival, prepend=1.0), 0.0)

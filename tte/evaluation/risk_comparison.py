"""A predicted risk beside another prediction of the same subjects: areas, and who would be classified otherwise.

A comparator is a risk, a marker with a threshold, or a marker alone. A marker has no risk unless one is fitted, so that the integrated
discrimination improvement is that of risks only; two classes are compared by their net reclassification, which is then the difference of
Youden's J.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import numpy as np

from pkpd.errors import InputError
from tte.evaluation.event_times import Known
from tte.evaluation.reclassification import Reclassification, reclassification
from tte.evaluation.risk_evaluation import FEWEST_EVENTS
from tte.evaluation.roc import Auroc, PairedAreas, auroc, compare_auroc, is_high_risk

if TYPE_CHECKING:
    from collections.abc import Callable

    from pkpd.arrays import FloatArray
    from tte.evaluation.event_times import EventTimes
    from tte.evaluation.roc import Direction

_ONE_HALF = 0.5


@dataclass(frozen=True, slots=True)
class Comparator:
    """Another prediction of n subjects.

    Parameters
    ----------
    name, words : str
        What it is called in files, and in words.
    values : (n,) array
        NaN where missing.
    direction : "lower" or "higher"
        Which values mean the event.
    threshold : float or None
        From which on (``higher``), or below which (``lower``), subjects are called high risk; None where nobody has published one.
    is_risk : bool
        Whether values are probabilities of the event by the horizon.
    """

    name: str
    words: str
    values: FloatArray
    direction: Direction
    threshold: float | None
    is_risk: bool


@dataclass(frozen=True, slots=True)
class RiskComparison:
    """A predicted risk against a comparator, among subjects who have both.

    Parameters
    ----------
    name, words : str
        Of the comparator.
    n, n_events, n_missing : int
        Subjects with both, events by the horizon among them, and subjects without the comparator.
    area : Auroc or None
        Of the comparator; None where everybody or nobody has the event.
    difference : PairedAreas or None
        Area of the risk minus that of the comparator, by DeLong's test.
    kind : "risk", "class" or "none"
        What is reclassified: risks at the cut, classes by each one's own threshold, or nothing for want of a threshold.
    moved : Reclassification or str
        From the comparator to the risk, or the sentence on why there is none. The integrated discrimination improvement is one of risks;
        of classes it says nothing of its own.
    """

    name: str
    words: str
    n: int
    n_events: int
    n_missing: int
    area: Auroc | None
    difference: PairedAreas | None
    kind: Literal["risk", "class", "none"]
    moved: Reclassification | str


def compare_risk(
    times: EventTimes,
    risk: FloatArray,
    comparator: Comparator,
    *,
    cut: float,
    horizon_day: float,
    n_draws: int,
    seed: int,
    tell: Callable[[float], object] = lambda _: None,
) -> RiskComparison:
    """Compare predicted risks with a comparator.

    Parameters
    ----------
    times : EventTimes
        Of n subjects.
    risk : (n,) array
        Predicted probabilities of the event by the horizon.
    comparator : Comparator
        What they are compared with.
    cut : float
        Risk from which on subjects are called high risk.
    horizon_day : float
        Horizon.
    n_draws, seed : int
        How often subjects are drawn for intervals, and from what.
    tell : callable
        Told the share that is done.
    """
    kept = np.isfinite(comparator.values)
    own, mine, other = times.rows(kept), risk[kept], comparator.values[kept]
    known = own.known_at(horizon_day)
    decided = known != int(Known.UNKNOWN)
    is_case = known[decided] == int(Known.EVENT)
    n_cases, n_free = int(is_case.sum()), int((~is_case).sum())
    has_both = n_cases > 0 and n_free > 0
    draws = n_draws if min(n_cases, n_free) >= FEWEST_EVENTS else 0
    kind, first, second, cuts = _paired(comparator, mine, other, cut)
    moved = _moved(own, first, second, (kind, cuts, horizon_day), (draws, seed, tell)) if own.n else _NOBODY
    return RiskComparison(
        comparator.name,
        comparator.words,
        own.n,
        n_cases,
        int((~kept).sum()),
        auroc(other[decided], is_case, comparator.direction) if has_both else None,
        compare_auroc(mine[decided], other[decided], is_case, directions=("higher", comparator.direction))
        if has_both
        else None,
        kind,
        moved,
    )


_NOBODY = "Nobody has a value of it."


def _paired(
    comparator: Comparator, mine: FloatArray, other: FloatArray, cut: float
) -> tuple[Literal["risk", "class", "none"], FloatArray, FloatArray, float]:
    """Return what is reclassified from and to, and at which value: risks, or classes as 0 and 1."""
    if comparator.is_risk:
        return "risk", other, mine, cut
    if comparator.threshold is None:
        return "none", other, mine, cut
    high = is_high_risk(other, comparator.threshold, comparator.direction)
    return "class", high.astype(np.float64), (mine >= cut).astype(np.float64), _ONE_HALF


def _moved(
    times: EventTimes,
    first: FloatArray,
    second: FloatArray,
    asked: tuple[str, float, float],
    drawn: tuple[int, int, Callable[[float], object]],
) -> Reclassification | str:
    kind, cut, horizon_day = asked
    if kind == "none":
        return "No threshold of it has been published, so that nobody can be reclassified."
    n_draws, seed, tell = drawn
    try:
        return reclassification(
            times, first, second, cuts=[cut], horizon_day=horizon_day, n_draws=n_draws, seed=seed, tell=tell
        )
    except InputError as error:
        return f"Not computed: {'; '.join(map(str, error.problems))}."

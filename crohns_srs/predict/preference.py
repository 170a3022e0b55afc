"""Which classes are better than which: every pair compared, p-values for several comparisons, and labels by p or by what is worthwhile."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from itertools import combinations
from typing import TYPE_CHECKING

import numpy as np

from crohns_srs.predict.best import probabilities_best
from crohns_srs.predict.effects import Uncertainty, difference, shared_covariance
from crohns_srs.subgroups import ALPHA, adjacent_groups, transitive_groups, without

if TYPE_CHECKING:
    from collections.abc import Sequence

    from crohns_srs.predict.effects import Difference, Effects
    from pkpd.arrays import FloatArray


class Adjustment(Enum):
    """Which p-values a label is made of."""

    NONE = "none"
    HOLM = "holm"


@dataclass(frozen=True, slots=True)
class Comparison:
    """Two classes.

    Parameters
    ----------
    a, b : int
        Their positions; the difference is that of `a` over `b`.
    found : Difference
        Difference with its error.
    p_holm : float
        Its p-value, adjusted for all comparisons of the patient.
    """

    a: int
    b: int
    found: Difference
    p_holm: float


def comparisons(effects: Effects, classes: Sequence[int]) -> list[Comparison]:
    """Return all pairs of some classes, in their order."""
    pairs = list(combinations(classes, 2))
    found = [difference(effects, a, b) for a, b in pairs]
    adjusted = holm([one.p for one in found])
    return [Comparison(*pair, one, p) for pair, one, p in zip(pairs, found, adjusted, strict=True)]


def holm(p: Sequence[float]) -> list[float]:
    """Return p-values adjusted for their number.

    References
    ----------
    Holm S. A simple sequentially rejective multiple test procedure. Scand J Stat 1979;6:65-70.
    """
    found = [0.0] * len(p)
    largest = 0.0
    for rank, i in enumerate(sorted(range(len(p)), key=lambda i: p[i])):
        largest = max(largest, min(1.0, (len(p) - rank) * p[i]))
        found[i] = largest
    return found


def counted_p(one: Comparison, adjustment: Adjustment) -> float:
    """Return the p-value of a comparison that a label is made of."""
    return one.p_holm if adjustment is Adjustment.HOLM else one.found.p


def preference_groups(
    effects: Effects,
    ids: Sequence[str],
    unavailable: Sequence[str],
    uncertainty: Uncertainty,
    adjustment: Adjustment,
) -> list[list[str]]:
    """Return classes in groups, the best first.

    Coherent groups are of the classes that are to be had, and transitive; the publication's are of all classes, by tests of neighbours in rank, and classes that are not to be had
    are left out of them afterwards.

    Parameters
    ----------
    effects : Effects
        Effects of all classes.
    ids : sequence of str
        Their ids.
    unavailable : sequence of str
        Ids of classes that are not to be had.
    uncertainty : Uncertainty
        Whose rules.
    adjustment : Adjustment
        Which p-values count.
    """
    is_coherent = uncertainty is Uncertainty.COHERENT
    tested = [k for k, name in enumerate(ids) if not (is_coherent and name in unavailable)]
    names = [ids[k] for k in sorted(tested, key=lambda k: -effects.effect[k])]
    p = {frozenset((ids[one.a], ids[one.b])): counted_p(one, adjustment) for one in comparisons(effects, tested)}

    def is_better(a: str, b: str) -> bool:
        return p[frozenset((a, b))] < ALPHA

    groups = transitive_groups(names, is_better) if is_coherent else adjacent_groups(names, is_better)
    return without(groups, unavailable)


def worthwhile_groups(
    ranked: Sequence[str], ids: Sequence[str], pairs: Sequence[Comparison], least: float, level: float
) -> list[list[str]]:
    """Return classes in groups, the best first, parted where every difference is worthwhile.

    Parameters
    ----------
    ranked : sequence of str
        Classes, the best first.
    ids : sequence of str
        Ids of all classes, by position.
    pairs : sequence of Comparison
        All pairs of the classes that are ranked.
    least : float
        Smallest difference that is worthwhile.
    level : float
        Probability of the intervals, which must lie beyond it as a whole.
    """
    better = {(ids[one.a], ids[one.b]) for one in pairs if one.found.interval(level)[0] > least}
    better |= {(ids[one.b], ids[one.a]) for one in pairs if one.found.interval(level)[1] < -least}
    return transitive_groups(ranked, lambda a, b: (a, b) in better)


def best_probabilities(effects: Effects, classes: list[int], within: float = 0.0) -> FloatArray:
    """Return the probability of some classes to have the greatest effect among them, or one that falls short of it by no more than `within`."""
    if not classes:
        return np.empty(0)
    return probabilities_best(
        effects.effect[classes],
        np.sqrt(effects.own_variance[classes]),
        effects.own_df[classes],
        shared_covariance(effects, classes),
        within,
    )

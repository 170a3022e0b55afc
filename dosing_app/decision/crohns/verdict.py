"""What the comparison of the classes comes to, in one word."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from dosing_app.decision.crohns.compared import ClassAnswer, Contrast

LEADS_FROM = 0.8
"""Chance of the greatest expected fall from which a class counts as ahead."""


class Standing(Enum):
    """How the classes stand."""

    SETTLED = "settled"
    AHEAD = "ahead"
    BEHIND = "behind"
    OPEN = "open"
    ALONE = "alone"
    NOTHING = "nothing"


@dataclass(frozen=True, slots=True)
class Verdict:
    """What the comparison comes to.

    Parameters
    ----------
    standing : Standing
        settled: the first class exceeds every other by what is worthwhile; ahead: it is the greatest with a high chance;
        behind: the last one falls short of every other; open: none of these; alone: one class only; nothing: none.
    class_id : str
        The class that it is about; empty where there is none.
    """

    standing: Standing
    class_id: str


def verdict(classes: Sequence[ClassAnswer], contrasts: Sequence[Contrast], worthwhile: float) -> Verdict:
    """Return what a comparison comes to.

    Parameters
    ----------
    classes : sequence of ClassAnswer
        The greatest expected fall first.
    contrasts : sequence of Contrast
        Every pair of them, the greater over the smaller.
    worthwhile : float
        Smallest difference that counts [CDAI points].
    """
    if not classes:
        return Verdict(Standing.NOTHING, "")
    first, last = classes[0], classes[-1]
    if len(classes) == 1:
        return Verdict(Standing.ALONE, first.id)
    if all(is_settled(one, worthwhile) for one in contrasts if one.a == first.id):
        return Verdict(Standing.SETTLED, first.id)
    if first.probability_first >= LEADS_FROM:
        return Verdict(Standing.AHEAD, first.id)
    if all(is_settled(one, worthwhile) for one in contrasts if one.b == last.id):
        return Verdict(Standing.BEHIND, last.id)
    return Verdict(Standing.OPEN, first.id)


def is_settled(one: Contrast, worthwhile: float) -> bool:
    """Return whether the interval of a difference lies wholly above the smallest worthwhile one."""
    return one.interval[0] > worthwhile

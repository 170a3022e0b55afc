"""What a search is asked for and what it answers."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol, runtime_checkable

import numpy as np

from dosing_app.decision.ranking import Plans
from pkpd.arrays import FloatArray, IntArray

Measure = Callable[[IntArray, FloatArray], FloatArray]
# Takes the share of the work done, from 0 to 1.
Progress = Callable[[float], None]


@dataclass(frozen=True, slots=True)
class Envelope:
    """Infusions that stand in for others in bounds.

    Parameters
    ----------
    times : (n,) array
        Indices of infusions, the best ones first as far as they can be ordered.
    index : (n,) array
        For each place in that order, an index that the measure takes for an infusion that is as good at every point as
        any from that place on.
    """

    times: IntArray
    index: IntArray


@runtime_checkable
class Enveloped(Protocol):
    """A scorer that knows more for bounds than its ``best_index``."""

    @property
    def envelope(self) -> Envelope:
        """Return the infusions that stand in for others in bounds."""
        ...


@dataclass(frozen=True, slots=True)
class Goal:
    """What is searched for.

    Parameters
    ----------
    measure : callable
        From time indices (n, k), -1 for none, and amounts (n, k) [mg] to (n,) values; never falls with an amount.
    threshold : float
        What the measure must reach.
    count : int
        How many of the best regimens are wanted.
    envelope : Envelope or None
        For bounds; None where none is known.
    """

    measure: Measure
    threshold: float
    count: int
    envelope: Envelope | None = None


@dataclass(frozen=True, slots=True)
class Found:
    """The best regimens of a grid.

    Parameters
    ----------
    plans : Plans
        At most as many as wanted, in order of rank.
    n_evaluated : int
        Regimens whose measure was computed.
    n_reaching : int or None
        Regimens of the grid that reach the threshold; None where not every one was looked at.
    is_complete : bool
        Whether the order is certain; False where the search was cut off.
    """

    plans: Plans
    n_evaluated: int
    n_reaching: int | None
    is_complete: bool


def score(goal: Goal, sets: IntArray, amounts: FloatArray) -> Plans:
    """Return regimens with their measure; one without infusions has a column of -1."""
    if sets.shape[1] == 0:
        sets, amounts = np.full((sets.shape[0], 1), -1, dtype=np.int64), np.zeros((sets.shape[0], 1))
    return Plans(sets, amounts, goal.measure(sets, amounts))

"""Where the axis of the bars begins and ends, on the screen and on paper."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from dosing_app.decision.crohns.answer import CrohnsAnswer

_STEP = 50.0
_ROOM = 1.02


def bar_axis(answer: CrohnsAnswer) -> tuple[float, float, list[float]]:
    """Return both ends of the axis and its ticks: from 0, or below where an interval goes there [CDAI points]."""
    ends = [end for one in answer.classes for end in (*one.interval, one.expected)]
    low = min([0.0, answer.placebo, *ends])
    high = max([2.0 * _STEP, answer.placebo, *ends]) * _ROOM
    first, last = math.floor(low / _STEP), math.ceil(high / _STEP)
    # Beyond some ten ticks only every other one has room.
    every = 1 + (last - first) // 11
    return first * _STEP, last * _STEP, [_STEP * i for i in range(first, last + 1) if i % every == 0]

"""The label regimen of infliximab, and what is left of it for a patient who has had some doses.

Summary of product characteristics, ulcerative colitis: 5 mg/kg over 2 h in weeks 0, 2 and 6.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

LABEL_MG_PER_KG = 5.0
LABEL_DAYS = (0.0, 14.0, 42.0)
LABEL_DURATION_HOUR = 2.0
VIAL_MG = 100.0
GAP_DAY = 3.0
"""A dose from so many days before a label day on stands for it, and doses lie as far apart at least."""
# Times and amounts are typed decimals: what differs by less is the same.
TOLERANCE = 1e-9


def label_amount(weight_kg: float, *, vial_mg: float = VIAL_MG, rounds_down: bool = False) -> float:
    """Return 5 mg/kg in whole vials [mg], rounded up, or down (then 0 where less than one vial)."""
    vials = LABEL_MG_PER_KG * weight_kg / vial_mg
    whole = math.floor(vials + TOLERANCE) if rounds_down else math.ceil(vials - TOLERANCE)
    return whole * vial_mg


def label_days_left(
    last_given: float, now: float, *, gap: float = GAP_DAY, due: Callable[[Sequence[float]], float] | None = None
) -> tuple[float, ...]:
    """Return the days on which the label regimen still gives a dose, in their order.

    A label day counts as given if a dose was given from ``gap`` before it on. One that passed without it is due on the first day at
    which the gap holds, to given doses and to the other label days; the others keep their day.

    Parameters
    ----------
    last_given, now : float
        Days of the last dose and from which on doses can be given, counted from the first dose.
    gap : float
        Least distance of two doses [day].
    due : callable, optional
        From the days that are taken to the first one from now on that keeps the gap to them; whole days where left out.
    """
    open_days = [day for day in LABEL_DAYS if last_given < day - gap - TOLERANCE]
    days = [day for day in open_days if day >= now - TOLERANCE]
    for _ in range(len(open_days) - len(days)):
        taken = [last_given, *days]
        days.append(_due_day(taken, now, gap) if due is None else due(taken))
    return tuple(sorted(days))


def _due_day(taken: Sequence[float], now: float, gap: float) -> float:
    day = math.ceil(now - TOLERANCE)
    while any(abs(day - other) < gap - TOLERANCE for other in taken):
        day += 1
    return float(day)

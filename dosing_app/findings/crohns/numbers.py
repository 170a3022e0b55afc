"""Points of CDAI, chances and p-values in words."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dosing_app.language import say
from dosing_app.language.speaking import spoken_number

if TYPE_CHECKING:
    from dosing_app.decision.crohns.compared import Interval

_SMALLEST_P = 0.01


def points(value: float) -> str:
    """Return whole points, with a minus sign where they are negative."""
    # The sum turns -0 into 0.
    return f"{round(value) + 0:d}".replace("-", "−")


def signed(value: float) -> str:
    """Return whole points with their sign; 0 has none."""
    said = points(value)
    return f"+{said}" if round(value) > 0 else said


def points_interval(interval: Interval) -> str:
    """Return an interval of points: 97–189, or −24 to 30 where a dash would stand before a sign."""
    low, high = map(points, interval)
    if "−" in low + high:
        return say("crohns.range_to", low=low, high=high)
    return f"{low}–{high}"


def p_value(value: float) -> str:
    """Return a p-value with two decimals, one below 0.01 with three."""
    if value < 0.001:
        return f"<{spoken_number('0.001')}"
    return spoken_number(f"{value:.3f}" if value < _SMALLEST_P else f"{value:.2f}")

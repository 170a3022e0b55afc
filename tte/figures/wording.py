"""Numbers as figures print them."""

from __future__ import annotations

from math import isnan
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pkpd.diagnostics.prediction_errors import Measured

_SMALL, _LARGE = 0.001, 0.1
EVERYONE = ("", "")
"""Population of a figure that needs no name: what ends the name of its files, and who the subjects are in words."""


def called(name: str, title: str, population: tuple[str, str]) -> tuple[str, str]:
    """Return name and title of a figure of some population, which is given by its key and in words."""
    key, words = population
    return (f"{name}-{key}" if key else name), (f"{title}, {words}" if words else title)


def interval_text(one: Measured, digits: int = 2) -> str:
    """Return a number with its 95 % interval, or alone where it has none."""
    if isnan(one.value):
        return "not known"
    value = f"{one.value:.{digits}f}"
    return value if isnan(one.low) else f"{value} (95 % interval {one.low:.{digits}f} to {one.high:.{digits}f})"


def p_text(p: float) -> str:
    """Return a p value."""
    if isnan(p):
        return "no p value"
    if p < _SMALL:
        return f"p < {_SMALL:g}"
    return f"p = {p:.3f}" if p < _LARGE else f"p = {p:.2f}"

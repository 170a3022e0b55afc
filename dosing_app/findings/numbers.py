"""Numbers in words."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from dosing_app.decision.level_text import unambiguous
from dosing_app.language import say
from dosing_app.language.speaking import spoken_number
from pkpd.units import percent_from_fraction

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pkpd.arrays import FloatArray

UNKNOWN = "–"
# Digits after which a difference is one of arithmetic.
_DECIMALS = 6


def number_text(value: float) -> str:
    """Return a number as one would type it in the language being spoken, without loss and in no doubt: 600, 6.9, and 1.2340 for 1.234."""
    return spoken_number(unambiguous(_shortest(value)))


def shown(value: float) -> str:
    """Return a number as it was entered or follows from entries by a sum: 600, 6.9."""
    return spoken_number(_shortest(round(value, _DECIMALS)))


def percent(fraction: float) -> str:
    """Return a fraction in whole percent without its sign; <1 and >99 where it is neither 0 nor 100."""
    value = percent_from_fraction(fraction)
    if 0.0 < value < 1.0:
        return "<1"
    return ">99" if 99.0 < value < 100.0 else f"{value:.0f}"


def one_percent(fraction: float) -> str:
    """Return a fraction in percent with its sign."""
    return say("number.percent", value=percent(fraction))


def target_percent(fraction: float) -> str:
    """Return a target in percent with its sign, with every digit that was entered."""
    return say("number.percent", value=shown(percent_from_fraction(fraction)))


def interval(quantiles: FloatArray | Sequence[float]) -> str:
    """Return the 90 % interval of a risk in percent: 8-54 %."""
    return interval_text(float(quantiles[0]), float(quantiles[-1]))


def interval_text(low: float, high: float) -> str:
    """Return an interval of fractions in percent: 8-54 %, or 28 to >99 % where a dash would stand before a sign."""
    upper = percent(high)
    key = "number.interval_to" if upper.startswith(("<", ">")) else "number.interval"
    return say(key, low=percent(low), high=upper)


def figures(value: float) -> str:
    """Return a positive quantity with as many digits as its size deserves."""
    if not math.isfinite(value):
        return UNKNOWN
    decimals = 0 if abs(value) >= 100.0 else 1 if abs(value) >= 3.0 else 2
    return spoken_number(f"{value:,.{decimals}f}")


def range_of(quantiles: FloatArray | Sequence[float]) -> str:
    """Return the 90 % interval of a quantity."""
    return f"{figures(float(quantiles[0]))}–{figures(float(quantiles[-1]))}"


def logarithm(value: float) -> str:
    """Return a logarithm, which has no size that deserves fewer decimals."""
    if not math.isfinite(value):
        return UNKNOWN
    # The sum turns -0 into 0.
    return spoken_number(f"{round(value, 2) + 0.0:.2f}").replace("-", "−")


def _shortest(value: float) -> str:
    return repr(float(value)).removesuffix(".0")

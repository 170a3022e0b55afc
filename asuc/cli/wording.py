"""Numbers as a reader of the terminal sees them: never NaN, infinity or -0, and no certainty that is not there."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from dosing_app.decision.case_warning import reading
from pkpd.units import percent_from_fraction

if TYPE_CHECKING:
    from pkpd.arrays import FloatArray

UNKNOWN = "–"
_LARGEST_WRITTEN_OUT = 1e7


def figure(value: float) -> str:
    """Return a quantity in three digits or its whole part: 0.58, 1,420; a dash where it is not known."""
    if not math.isfinite(value):
        return UNKNOWN
    return reading(value) if abs(value) < _LARGEST_WRITTEN_OUT else f"{value:.2e}"


def interval(quantiles: FloatArray) -> str:
    """Return the 90 % interval of a quantity.

    Parameters
    ----------
    quantiles : (5,) array
        Its quantiles; the first and the last are the ends.
    """
    low, high = (figure(float(quantiles[end])) for end in (0, -1))
    return low if low == high else f"{low} to {high}"


def percent(fraction: float) -> str:
    """Return a probability in whole percent: 27 %, <1 %, >99 %; 0 and 100 only where it is exactly that."""
    number = _of_100(fraction)
    return number if number == UNKNOWN else f"{number} %"


def percent_interval(low: float, high: float) -> str:
    """Return the interval of a probability: 3 to 27 %."""
    ends = [_of_100(low), _of_100(high)]
    return UNKNOWN if UNKNOWN in ends else f"{' to '.join(dict.fromkeys(ends))} %"


def chances(probability: float) -> str:
    """Return a probability as a natural frequency in a sentence: 27 chances in 100."""
    number = _of_100(probability)
    return UNKNOWN if number == UNKNOWN else f"{number} {'chance' if number in {'1', '<1'} else 'chances'} in 100"


def chances_of_100(probability: float) -> str:
    """Return a probability as a natural frequency in a table: 27 in 100."""
    number = _of_100(probability)
    return UNKNOWN if number == UNKNOWN else f"{number} in 100"


def typed_percent(fraction: float) -> str:
    """Return a probability that somebody chose, with the digits that they gave: 12.5 %."""
    return f"{percent_from_fraction(fraction):g} %"


def added_drug(amount_mg: float) -> str:
    """Return how much more drug one regimen holds than another: +300 mg, 0 mg, -100 mg."""
    return f"{amount_mg:+g} mg" if amount_mg else "0 mg"


def _of_100(fraction: float) -> str:
    if not math.isfinite(fraction):
        return UNKNOWN
    value = percent_from_fraction(fraction)
    if 0.0 < value < 1.0:
        return "<1"
    return ">99" if 99.0 < value < 100.0 else f"{value:.0f}"

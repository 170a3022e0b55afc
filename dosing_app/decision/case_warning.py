"""A warning about a case, and how its numbers are written."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal

Level = Literal["check", "note"]

_DIGITS = 3
_MOST_DIGITS = 17  # tell any two floats apart
_SMALLEST_SHOWN = 1e-4


@dataclass(frozen=True, slots=True)
class CaseWarning:
    """Something that the reader of a forecast has to know about the case.

    Parameters
    ----------
    code : str
        Stable name of the rule, in snake case.
    text : str
        What was found, what was expected and what to do, in one or two plain sentences.
    place : str
        Field of the case, such as ``samples[1]`` or ``covariates.crp_mg_per_L``; empty where it is about the whole.
    level : "check" or "note"
        Whether it calls for a look before the figures are used.
    """

    code: str
    text: str
    place: str
    level: Level


def check(code: str, text: str, *, place: str = "") -> CaseWarning:
    """Return a warning that calls for a look."""
    return CaseWarning(code, text, place, "check")


def note(code: str, text: str, *, place: str = "") -> CaseWarning:
    """Return a warning that is good to know."""
    return CaseWarning(code, text, place, "note")


def reading(value: float, *, digits: int = _DIGITS) -> str:
    """Return a number as it is read aloud: 13.9, 0.044, 1,250; at least the whole part, no exponent.

    Parameters
    ----------
    value : float
        A finite number.
    digits : int
        Significant digits, where the number has that many after its whole part.
    """
    if value == 0.0:
        return "0"
    if abs(value) < _SMALLEST_SHOWN:
        return f"under {_SMALLEST_SHOWN:.4f}"
    decimals = max(0, digits - 1 - math.floor(math.log10(abs(value))))
    text = f"{value:,.{decimals}f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def day_count(value: float, *limits: float) -> str:
    """Return a duration with its unit, told apart from limits: ``1 day``, ``2.5 days``."""
    text = reading_apart(value, *limits)
    return f"{text} day" if text == "1" else f"{text} days"


def reading_apart(value: float, *limits: float) -> str:
    """Return a number with as many digits as tell it apart from limits: 15.04 beside 15, though 15.3 is enough else."""
    for digits in range(_DIGITS, _MOST_DIGITS):
        text = reading(value, digits=digits)
        if all(text != reading(limit, digits=digits) for limit in limits):
            return text
    return reading(value, digits=_MOST_DIGITS)

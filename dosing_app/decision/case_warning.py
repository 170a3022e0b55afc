"""A warning about a case, and how its numbers are written."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from dosing_app.language import Figure, message

if TYPE_CHECKING:
    from dosing_app.language import Message, Value

Level = Literal["check", "note"]

_DIGITS = 3
_MOST_DIGITS = 17  # tell any two floats apart
_SMALLEST_SHOWN = 1e-4
_SMALLEST_IN_WORDS = f"{_SMALLEST_SHOWN:.4f}"


@dataclass(frozen=True, slots=True)
class CaseWarning:
    """Something that the reader of a forecast has to know about the case.

    Parameters
    ----------
    code : str
        Stable name of the rule, in snake case.
    message : Message
        What was found, what was expected and what to do, in one or two plain sentences.
    place : str
        Field of the case, such as ``samples[1]`` or ``covariates.crp_mg_per_L``; empty where it is about the whole.
    level : "check" or "note"
        Whether it calls for a look before the figures are used.
    """

    code: str
    message: Message
    place: str
    level: Level

    @property
    def text(self) -> str:
        """The message in English, as in files."""
        return str(self.message)


def check(code: str, said: Message, *, place: str = "") -> CaseWarning:
    """Return a warning that calls for a look."""
    return CaseWarning(code, said, place, "check")


def note(code: str, said: Message, *, place: str = "") -> CaseWarning:
    """Return a warning that is good to know."""
    return CaseWarning(code, said, place, "note")


def figure(value: float, *limits: float) -> Value:
    """Return a number as it stands in a sentence, told apart from limits (see ``reading_apart``)."""
    if 0.0 < abs(value) < _SMALLEST_SHOWN:
        return message("check.under", limit=Figure(_SMALLEST_IN_WORDS))
    return reading_apart(value, *limits)


def quantity(value: float, unit: str, *limits: float) -> Message:
    """Return a number with its unit, told apart from limits."""
    return message("check.quantity", value=figure(value, *limits), unit=unit)


def day_count(value: float, *limits: float) -> Message:
    """Return a duration with its unit, told apart from limits: ``1 day``, ``2.5 days``."""
    shown = figure(value, *limits)
    return message("check.days", count=1 if shown == "1" else 2, number=shown)


def reading(value: float, *, digits: int = _DIGITS) -> Figure:
    """Return a number as it is read aloud: 13.9, 0.044, 1,250; at least the whole part, no exponent.

    In English where it is too small to be shown; ``figure`` is for messages.

    Parameters
    ----------
    value : float
        A finite number.
    digits : int
        Significant digits, where the number has that many after its whole part.
    """
    if value == 0.0:
        return Figure("0")
    if abs(value) < _SMALLEST_SHOWN:
        return Figure(f"under {_SMALLEST_IN_WORDS}")
    decimals = max(0, digits - 1 - math.floor(math.log10(abs(value))))
    text = f"{value:,.{decimals}f}"
    return Figure(text.rstrip("0").rstrip(".") if "." in text else text)


def reading_apart(value: float, *limits: float) -> Figure:
    """Return a number with as many digits as tell it apart from limits: 15.04 beside 15, though 15.3 is enough else."""
    for digits in range(_DIGITS, _MOST_DIGITS):
        text = reading(value, digits=digits)
        if all(text != reading(limit, digits=digits) for limit in limits):
            return text
    return reading(value, digits=_MOST_DIGITS)

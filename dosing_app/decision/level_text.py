"""Numbers, quantities and levels as a laboratory or a tired reader writes them.

``9,1``, ``<0.4``, ``> 20``, ``≥20``, ``9.1 mg/L``, ``3.1 g/dL``.

What is written is either read without doubt or refused with one sentence; nothing is guessed.
"""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from fractions import Fraction
from typing import TYPE_CHECKING, Literal

from dosing_app.language import Figure, message

if TYPE_CHECKING:
    from collections.abc import Mapping

    from dosing_app.language import Message

_SIGNS: dict[str, Literal["below", "above"]] = {
    "<": "below",
    "≤": "below",
    "⩽": "below",
    "<=": "below",
    "=<": "below",
    ">": "above",
    "≥": "above",
    "⩾": "above",
    ">=": "above",
    "=>": "above",
}
_NUMBER = re.compile(r"[+-]?(\d+([.,]\d*)?|[.,]\d+)(e[+-]?\d+)?", re.ASCII | re.IGNORECASE)
_GROUPED = re.compile(r"[+-]?[1-9]\d{0,2}[.,]\d{3}", re.ASCII)
LEVEL_UNITS: Mapping[str, str] = {
    **dict.fromkeys(("mg/L", "µg/mL", "ug/mL", "mcg/mL"), "1"),
    **dict.fromkeys(("ng/mL", "µg/L", "ug/L", "mcg/L"), "1/1000"),
}
"""What one of each unit of an infliximab level is in mg/L."""
_NEVER_THOUSANDS = "%"
_LETTERS_FOR_DIGITS = "OolI"
_LONGEST_SHOWN = 30
_LONGEST_NUMBER = 30


@dataclass(frozen=True, slots=True)
class Level:
    """A level as typed.

    Parameters
    ----------
    value : float
        The concentration, or the limit that it lies below or above [mg/L].
    censored : "below", "above" or None
        On which side of the limit; None for a measured concentration.
    """

    value: float
    censored: Literal["below", "above"] | None


@dataclass(frozen=True, slots=True)
class TextFault:
    """Why a text could not be read.

    Parameters
    ----------
    message : Message
        What was found, and what to type.
    """

    message: Message

    @property
    def sentence(self) -> str:
        """The message in English."""
        return str(self.message)


def read_number(text: str) -> float | TextFault:
    """Read one number with decimal point or decimal comma.

    Parameters
    ----------
    text : str
        What was typed; spaces around it do not matter.

    Returns
    -------
    float or TextFault
        Finite, with its sign. A comma or a point before exactly three digits (``1,250``, ``1.250``) is refused, since it
        may group thousands; not after a leading 0, and not in percent.
    """
    written = text.strip()
    return _limit(written, text, {"": "1"}) or _number(written, text, message("typed.hint.number"))


def unambiguous(number: str) -> str:
    """Return a number that a program wrote with a fourth decimal where three might be read as thousands.

    Parameters
    ----------
    number : str
        With a decimal point: 1.234 becomes 1.2340, which ``read_number`` takes.
    """
    return f"{number}0" if _GROUPED.fullmatch(number) else number


def read_quantity(text: str, units: Mapping[str, str]) -> float | TextFault:
    """Read one number with or without a unit after it.

    Parameters
    ----------
    text : str
        What was typed.
    units : mapping of str to str
        What one of each unit that may follow is in the first of them, as a decimal number or a fraction (``1/60``); a
        text without a unit is in the first. Upper and lower case, spaces, and ``²`` or ``2`` do not matter.

    Returns
    -------
    float or TextFault
        In the first unit; converted exactly, so that 3.1 g/dL are 31 g/L and nothing beside it.
    """
    written = text.strip()
    return _limit(written, text, units) or _quantity(written, text, units, message("typed.hint.number"))


def read_level(text: str, units: Mapping[str, str] = LEVEL_UNITS) -> Level | TextFault:
    """Read one level, measured or known only to lie below or above a limit.

    Parameters
    ----------
    text : str
        What was typed: a number, with ``<``, ``≤``, ``<=``, ``>``, ``≥``, ``>=`` or their like before it where it is a limit, and
        a unit after it or nothing.
    units : mapping of str to str
        As for ``read_quantity``; those of an infliximab level where left out.

    Returns
    -------
    Level or TextFault
        ``≤`` counts as below the limit and ``≥`` as above it. A level of 0 or less is refused.
    """
    hint = message("typed.hint.level")
    sign, rest = _split_sign(text.strip())
    value = _quantity(rest, text, units, hint)
    if isinstance(value, TextFault):
        return value
    if value < 0.0:
        return TextFault(message("typed.negative", text=_shown(text), hint=hint))
    if value == 0.0:
        return TextFault(message("typed.not_a_level", text=_shown(text)))
    return Level(value, _SIGNS[sign] if sign else None)


def _limit(written: str, text: str, units: Mapping[str, str]) -> TextFault | None:
    """Return what is said of a number with a sign such as “<” before it where a value is asked for; None of any other text."""
    sign, rest = _split_sign(written)
    if not sign or isinstance(_quantity(rest, text, units, message("typed.hint.number")), TextFault):
        return None
    return TextFault(message("typed.limit", text=_shown(text), limit=rest))


def _quantity(rest: str, text: str, units: Mapping[str, str], hint: Message) -> float | TextFault:
    """Return what follows a sign, converted to the first unit."""
    written, unit = _split_unit(rest)
    factor = {_plain_unit(name): factor for name, factor in units.items()}.get(_plain_unit(unit), "")
    if unit and not factor:
        if not written or not unit[0].isalpha() or _letter_for_digit(rest):
            return _number(rest, text, hint)
        return TextFault(_other_unit(_shown(text), _shown(unit), units))
    value = _number(written, text, hint, may_group=_NEVER_THOUSANDS not in units)
    if isinstance(value, TextFault) or not unit or factor == "1":
        return value
    return float(Fraction(written.replace(",", ".")) * Fraction(factor))


def _plain_unit(unit: str) -> str:
    """Return a unit without what does not matter in it."""
    return "".join(unit.split()).lower().replace("\u03bc", "\u00b5").replace("²", "2")


def _other_unit(text: str, unit: str, units: Mapping[str, str]) -> Message:
    first, *others = units
    if not first:
        return message("typed.unit.none", text=text, unit=unit)
    if not others:
        return message("typed.unit.one", text=text, unit=unit, first=first)
    return message("typed.unit.two", text=text, unit=unit, first=first, second=others[0])


def _number(written: str, text: str, hint: Message, *, may_group: bool = True) -> float | TextFault:
    shown = _shown(text)
    if not written:
        nothing = message("typed.nothing", hint=hint)
        return TextFault(message("typed.no_number", text=shown, hint=hint) if text.strip() else nothing)
    letter = _letter_for_digit(written)
    if letter:
        return TextFault(message("typed.letter", text=shown, letter=letter, hint=hint))
    together = "".join(written.split())
    if together != written and _NUMBER.fullmatch(together):
        return TextFault(message("typed.space", text=shown, hint=hint))
    if not _NUMBER.fullmatch(written) or len(written) > _LONGEST_NUMBER:
        return TextFault(message("typed.not_a_number", text=shown, hint=hint))
    value = float(written.replace(",", "."))
    if may_group and _GROUPED.fullmatch(written):
        grouped, decimal = re.sub("[.,]", "", written), unambiguous(f"{value:g}")
        return TextFault(message("typed.two_meanings", text=shown, grouped=grouped, decimal=Figure(decimal)))
    return value if math.isfinite(value) else TextFault(message("typed.too_large", text=shown, hint=hint))


def _split_sign(text: str) -> tuple[str, str]:
    """Return the sign of a limit, or nothing, and what follows it."""
    sign = next((sign for sign in sorted(_SIGNS, key=len, reverse=True) if text.startswith(sign)), "")
    return sign, text[len(sign) :].strip()


def _split_unit(text: str) -> tuple[str, str]:
    """Return the leading number and what follows it."""
    leading = _NUMBER.match(text)
    if not leading:
        return text, ""
    return leading.group(), text[leading.end() :].strip()


def _letter_for_digit(written: str) -> str:
    """Return a letter that stands among digits where 0 or 1 was meant, or nothing."""
    looks_numeric = re.fullmatch(rf"[+-]?[\d.,{_LETTERS_FOR_DIGITS}]*", written, re.ASCII) and re.search(
        r"\d", written, re.ASCII
    )
    found = [letter for letter in written if letter in _LETTERS_FOR_DIGITS]
    return found[0] if looks_numeric and found else ""


def _shown(text: str) -> str:
    """Return a text on one line, printable and short."""
    line = "".join(character if character.isprintable() else " " for character in text.strip())
    return line if len(line) <= _LONGEST_SHOWN else line[: _LONGEST_SHOWN - 1] + "…"

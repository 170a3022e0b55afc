"""Numbers as Fortran prints them: exponents without a letter, D exponents, asterisks where a width was too small.

Grammar of what is a number: ``[+-] digits [. digits] [(E|D) [+-] digits | (+|-) three digits]``, ``NaN``, ``Infinity`` and ``***``. A
number that follows another without a blank begins at its sign, as the format ``s1PE10.4`` leaves it.
"""

from __future__ import annotations

import math
import re

_MANTISSA = r"(?:\d+\.?\d*|\.\d+)"
# An exponent without its letter has three digits; what goes on with a digit or a point is the next number.
_EXPONENT = r"(?:[EeDd][+-]?\d{1,3}(?!\d)|[+-]\d{3}(?![\d.]))"
_WORD = r"(?:nan|inf(?:inity)?)(?![A-Za-z])"
_NUMBER = re.compile(rf"[+-]?(?:{_MANTISSA}{_EXPONENT}?|{_WORD})|\*+", flags=re.IGNORECASE)
_LETTERLESS = re.compile(r"(?<=[\d.])([+-]\d{3})$")
NOT_PRINTED = math.nan
"""What stands for a number that NONMEM could not print."""


def parse_number(text: str) -> float | None:
    """Return the number that a token holds.

    Parameters
    ----------
    text : str
        One token without blanks around it.

    Returns
    -------
    float or None
        Not a number for asterisks and for what was printed as such, infinity as printed; None where it is no number.
    """
    found = _NUMBER.fullmatch(text)
    if found is None:
        return None
    return _value(text)


def split_numbers(text: str) -> list[float] | None:
    """Return the numbers of a line, those without a blank between them too.

    Parameters
    ----------
    text : str
        Numbers with blanks, tabs or commas between them.

    Returns
    -------
    list of float or None
        The numbers in order; None where anything else stands between them.
    """
    found: list[float] = []
    for token in text.replace(",", " ").split():
        place = 0
        while place < len(token):
            match = _NUMBER.match(token, place)
            # A number that is glued to the one before begins with a sign, or is asterisks.
            if match is None or (place and token[place] not in "+-*"):
                return None
            found.append(_value(match.group()))
            place = match.end()
    return found


def _value(text: str) -> float:
    if text.startswith("*"):
        return NOT_PRINTED
    plain = _LETTERLESS.sub(r"e\1", text).lower().replace("d", "e") if text[-1].isdigit() or text[-1] == "." else text
    return float(plain)

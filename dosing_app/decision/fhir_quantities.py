"""Quantities of HL7 FHIR with units of UCUM (Unified Code for Units of Measure), converted exactly."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from functools import cache
from itertools import product
from re import sub
from typing import TYPE_CHECKING, Literal

from dosing_app.decision.fhir_faults import RefusedError, shown_code
from dosing_app.decision.level_text import TextFault, read_level
from dosing_app.language import message

if TYPE_CHECKING:
    from collections.abc import Mapping

    from dosing_app.decision.fhir_resources import Quantity, Ratio

_UCUM = "http://unitsofmeasure.org"
# What one of each unit is in gram, litre, hour or metre.
_UNITS: Mapping[str, Mapping[str, str]] = {
    "mass": {"g": "1", "kg": "1000", "mg": "0.001", "ug": "0.000001", "ng": "0.000000001", "[lb_av]": "453.59237"},
    "volume": {"L": "1", "l": "1", "dL": "0.1", "dl": "0.1", "mL": "0.001", "ml": "0.001"},
    "time": {"h": "1", "min": "1/60", "d": "24", "s": "1/3600"},
    "length": {"m": "1", "cm": "0.01", "mm": "0.001", "[in_i]": "0.0254"},
}
# What people write where no code of UCUM is given.
_SPELLINGS = {"mcg": "ug", "lb": "[lb_av]", "lbs": "[lb_av]", "in": "[in_i]", "hr": "h", "gm": "g"}
_SIDES: Mapping[str, Literal["below", "above"]] = {"<": "below", "<=": "below", ">": "above", ">=": "above"}


@dataclass(frozen=True, slots=True)
class Measured:
    """A quantity in the unit of the case.

    Parameters
    ----------
    value : float
        The quantity, or the limit that it lies below or above.
    censored : "below", "above" or None
        On which side of the limit; None for a measured value.
    written : float
        The number in the resource.
    unit : str
        The unit of that number.
    """

    value: float
    censored: Literal["below", "above"] | None
    written: float
    unit: str


def read_quantity(quantity: Quantity, target: str) -> Measured:
    """Return a quantity in a unit.

    Parameters
    ----------
    quantity : Quantity
        As in the resource.
    target : str
        A unit of UCUM such as ``mg/L``.

    Returns
    -------
    Measured
        Converted exactly: 4.1 mg/dL are 41 mg/L and nothing beside it.

    Raises
    ------
    RefusedError
        No number, no unit, a unit that is not known or measures something else, or a code and a unit that disagree.
    """
    if quantity.value is None:
        raise RefusedError(message("fhir.no_number"))
    unit, factor = _unit_of(quantity, target)
    value = float(Fraction(repr(quantity.value)) * factor)
    return Measured(value, _SIDES[quantity.comparator] if quantity.comparator else None, quantity.value, unit)


def read_exact(quantity: Quantity, target: str) -> float:
    """Return a quantity that may not be a limit.

    Raises
    ------
    RefusedError
        As ``read_quantity``, and where there is a comparator.
    """
    measured = read_quantity(quantity, target)
    if measured.censored:
        raise RefusedError(message("fhir.limit_not_value"))
    return measured.value


def read_ratio(ratio: Ratio, target: str) -> float:
    """Return a ratio of two quantities in a unit such as ``mg/h``.

    Raises
    ------
    RefusedError
        As ``read_exact`` for each of the two, and where one is missing or the denominator is not positive.
    """
    above, below = target.split("/")
    if ratio.numerator is None or ratio.denominator is None:
        raise RefusedError(message("fhir.no_number"))
    denominator = read_exact(ratio.denominator, below)
    if denominator <= 0:
        raise RefusedError(message("fhir.no_number"))
    return read_exact(ratio.numerator, above) / denominator


def read_words(text: str, target: str) -> Measured | None:
    """Return a quantity written as text, such as ``<0.4 mg/L``; None where it cannot be read without doubt.

    Parameters
    ----------
    text : str
        A number, with a sign of a limit before it or none; without a unit it is in the target's.
    target : str
        A unit of UCUM such as ``mg/L``.
    """
    read = read_level(text, _words_for(target))
    return None if isinstance(read, TextFault) else Measured(read.value, read.censored, read.value, target)


def factor_between(unit: str, target: str) -> Fraction | None:
    """Return what one of a unit is in another, or None where the unit is not known or measures something else."""
    parts, wanted = [[_known(part) for part in text.split("/")] for text in (unit, target)]
    if len(parts) != len(wanted):
        return None
    factor = Fraction(1)
    for power, part, other in zip((1, -1), parts, wanted, strict=False):
        if part is None or other is None or part[0] != other[0]:
            return None
        factor *= (part[1] / other[1]) ** power
    return factor


def _known(unit: str) -> tuple[str, Fraction] | None:
    """Return what a unit without a fraction measures, and what one of it is in that measure's first unit."""
    found = ((measure, units[unit]) for measure, units in _UNITS.items() if unit in units)
    return next(((measure, Fraction(factor)) for measure, factor in found), None)


def _unit_of(quantity: Quantity, target: str) -> tuple[str, Fraction]:
    """Return the unit of a quantity and what one of it is in the target."""
    code = _plain(quantity.code) if quantity.code and quantity.system in {_UCUM, None} else ""
    text = _plain(quantity.unit or "")
    if not code and not text:
        raise RefusedError(message("fhir.no_unit", target=target))
    by_code = factor_between(code, target) or factor_between(_spelled(code), target)
    by_text = factor_between(text, target) or factor_between(_spelled(text), target)
    if by_code and by_text and by_code != by_text:
        raise RefusedError(message("fhir.units_disagree", code=shown_code(code), unit=shown_code(text)))
    factor = by_code if code else by_text
    if not factor:
        raise RefusedError(message("fhir.unknown_unit", unit=shown_code(code or text), target=target))
    return code or text, factor


def _plain(unit: str) -> str:
    """Return a unit without spaces and annotations such as ``{total}``, with one letter for micro."""
    return sub(r"\{[^{}]*\}|\s", "", unit).replace("\u03bc", "u").replace("\u00b5", "u")


def _spelled(text: str) -> str:
    """Return the code of a unit that is written for people, in upper or lower case."""
    return "/".join(_SPELLINGS.get(part, part) for part in text.lower().split("/"))


@cache
def _words_for(target: str) -> Mapping[str, str]:
    """Return the units that may follow a number in a text, the target first, as ``read_level`` takes them."""
    pairs = ["/".join(pair) for pair in product(_UNITS["mass"], _UNITS["volume"])]
    known = [target, *_UNITS["mass"], *_UNITS["length"], *pairs]
    factors = {unit: str(factor) for unit in known if (factor := factor_between(unit, target))}
    micro = {unit.replace("ug", sign): factor for unit, factor in factors.items() for sign in ("\u00b5g", "mcg")}
    return factors | micro

"""Numbers and findings in words, alike in all parts of the report."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from dosing_app.language import message, say, spoken
from dosing_app.language.speaking import spoken_number
from pkpd.model.spec import COVARIATE_CODES, COVARIATE_UNITS
from pkpd.units import percent_from_fraction

if TYPE_CHECKING:
    from collections.abc import Sequence

    from dosing_app.decision.applicability import CaseWarning
    from dosing_app.decision.case_schema import CaseDose, CaseSample
    from dosing_app.decision.optimize_result import OptimizeWarning
    from dosing_app.language import Value
    from pkpd.arrays import FloatArray

UNKNOWN = "–"
# Digits after which a difference is one of arithmetic.
_DECIMALS = 6
_SIGNS = {"below": "<", "above": ">"}
_WORDED_UNITS = {"year": "unit.years"}
_NAMED_LIMITS = (
    "mg_per_kg_max",
    "dose_step_mg",
    "gap_day_min",
    "doses_max_28_day",
    "first_day",
    "days_allowed",
    "weekdays_allowed",
    "heart_failure",
)

_SETTINGS = {
    "days": "words.days",
    "limits.reference: none": "choice.none",
    "search.kind.fixed_interval": "kind.fixed_interval",
    "search.kind.fixed_dose": "kind.fixed_dose",
}


def shown(value: float) -> str:
    """Return a number as it was entered or follows from entries by a sum: 600, 6.9."""
    return spoken_number(repr(float(round(value, _DECIMALS))).removesuffix(".0"))


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


def level_text(sample: CaseSample) -> str:
    """Return a level as a laboratory reports it: 9.1, <0.4, >20."""
    if sample.censored is None:
        return shown(sample.concentration_mg_per_L or 0.0)
    limit = sample.lloq_mg_per_L if sample.censored == "below" else sample.uloq_mg_per_L
    return _SIGNS[sample.censored] + ("" if limit is None else shown(limit))


def infusions(doses: Sequence[CaseDose]) -> str:
    """Return infusions in one line: 600 mg d14 + 400 mg d17."""
    one = (say("finder.infusion", mg=shown(dose.amount_mg), day=shown(dose.time_day)) for dose in doses)
    return " + ".join(one) or say("finder.no_infusion")


def model_name(model_id: str) -> str:
    """Return the id of a model as words: Niyigena 2026 ASUC."""
    words = model_id.replace("_", " ").replace("asuc", "ASUC")
    return words[:1].upper() + words[1:]


def covariate_text(name: str, value: float | str) -> str:
    """Return a covariate with its unit, or its label where it is one of a few codes.

    Parameters
    ----------
    name : str
        Its name in a case.
    value : float or str
        As a case holds it, or as the engine codes it.
    """
    labels = COVARIATE_CODES.get(name, {})
    code = labels.get(value) if isinstance(value, str) else float(value)
    if name in {"sex", "diagnosis"}:
        return say(f"choice.{next(label for label, known in labels.items() if known == code)}")
    if labels and name != "mayo":
        return say("choice.yes" if code else "choice.no")
    unit = COVARIATE_UNITS[name].replace("m2", "m²")
    number = shown(value) if isinstance(value, float | int) else value
    return number if labels else f"{number} {say(_WORDED_UNITS[unit]) if unit in _WORDED_UNITS else unit}"


def warning_text(warning: CaseWarning | OptimizeWarning) -> str:
    """Return a warning in the reader's language, with the names of fields for the keys of a file."""
    return spoken(warning.message.with_words(_reader_words()))


def _reader_words() -> dict[str, Value]:
    words: dict[str, Value] = {name: message(f"field.{name}") for name in _NAMED_LIMITS}
    return words | {name: message(key) for name, key in _SETTINGS.items()}

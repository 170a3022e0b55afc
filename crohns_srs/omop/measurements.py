"""Body mass index, C-reactive protein and CDAI: the latest usable value of a window, in the unit of the models."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING

from crohns_srs.omop.demographics import completed_years
from crohns_srs.omop.input_value import InputValue, measured_source, missing
from crohns_srs.omop.options import BMI, CDAI, CRP, HEIGHT, WEIGHT
from pkpd import units

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from crohns_srs.omop.options import ReadOptions
    from crohns_srs.omop.records import Measured
    from crohns_srs.omop.vocabulary import Vocabulary

BELOW, ABOVE = frozenset({4171756, 4171754}), frozenset({4172704, 4171755})
"""Concepts of `operator_concept_id`: < and ≤, > and ≥."""
_ADULT = 18


def _same(value: float) -> float:
    return value


@dataclass(frozen=True, slots=True)
class Quantity:
    """A kind of measurement.

    Parameters
    ----------
    title, unit : str
        What it is called, and the unit it is wanted in.
    convert : dict of str to callable
        How a value becomes one in that unit, by the UCUM code of its own; a unit that is not here is refused. Empty where there is no unit.
    low, high : float
        Possible values.
    """

    title: str
    unit: str
    convert: dict[str, Callable[[float], float]]
    low: float
    high: float


QUANTITIES = {
    BMI: Quantity("body mass index", "kg/m2", {"kg/m2": _same}, 8.0, 100.0),
    WEIGHT: Quantity(
        "weight",
        "kg",
        {"kg": _same, "g": units.kg_from_g, "[lb_av]": units.kg_from_pounds, "[oz_av]": units.kg_from_ounces},
        10.0,
        500.0,
    ),
    HEIGHT: Quantity(
        "height",
        "m",
        {
            "m": _same,
            "cm": units.metres_from_centimetres,
            "mm": units.metres_from_millimetres,
            "[in_i]": units.metres_from_inches,
            "[in_us]": units.metres_from_inches,
            "[ft_i]": units.metres_from_feet,
            "[ft_us]": units.metres_from_feet,
        },
        0.5,
        2.7,
    ),
    CRP: Quantity(
        "C-reactive protein",
        "mg/L",
        {
            "mg/L": _same,
            "ug/mL": _same,
            "mg/dL": units.mg_per_l_from_mg_per_dl,
            "g/L": units.mg_per_l_from_g_per_l,
            "ug/L": units.mg_per_l_from_ug_per_l,
            "ng/mL": units.mg_per_l_from_ug_per_l,
        },
        0.0,
        1000.0,
    ),
    CDAI: Quantity("CDAI", "", {}, 0.0, 1100.0),
}
"""Every kind of measurement."""


@dataclass(frozen=True, slots=True)
class Usable:
    """A measurement that can be used.

    Parameters
    ----------
    record : Measured
        Where it stands.
    value : float
        In the unit that is wanted.
    unit : str
        Its own unit.
    """

    record: Measured
    value: float
    unit: str


@dataclass(frozen=True, slots=True)
class Found:
    """What a search for a measurement gave.

    Parameters
    ----------
    latest : Usable or None
        The latest one that can be used.
    why : str
        Why there is none.
    warnings : tuple of str
        What was passed over for it, and what else speaks of the same day.
    """

    latest: Usable | None
    why: str
    warnings: tuple[str, ...]


def crp_of(measured: Sequence[Measured], index: date, vocabulary: Vocabulary, options: ReadOptions) -> InputValue:
    """Return the latest C-reactive protein [mg/L] of the window."""
    return _as_input("crp_mg_per_L", CRP, _search(CRP, measured, index, options.crp_days, vocabulary, options))


def cdai_of(measured: Sequence[Measured], index: date, vocabulary: Vocabulary, options: ReadOptions) -> InputValue:
    """Return the latest CDAI of the window, from the concepts or source values that the options name; else what they assume."""
    if options.cdai_concepts or options.cdai_sources:
        found = _as_input("cdai", CDAI, _search(CDAI, measured, index, options.cdai_days, vocabulary, options))
    else:
        found = missing("no concept and no source value of the CDAI is named; databases have no standard one")
    if found.is_missing and options.assumed_cdai is not None:
        warning = f"cdai: {options.assumed_cdai:g} is assumed as asked for ({found.how})."
        return InputValue(options.assumed_cdai, "assumed as asked for", (), (*found.warnings, warning))
    return found


def bmi_of(
    measured: Sequence[Measured], index: date, birth: date | None, vocabulary: Vocabulary, options: ReadOptions
) -> InputValue:
    """Return the latest body mass index [kg/m²] of the window, else weight by the square of height.

    The height is that of the window, or of any earlier day on which somebody was grown up.
    """
    direct = _search(BMI, measured, index, options.bmi_days, vocabulary, options)
    if direct.latest is not None:
        return _as_input("bmi_kg_per_m2", BMI, direct)
    weight = _search(WEIGHT, measured, index, options.bmi_days, vocabulary, options)
    height = _search(HEIGHT, measured, index, options.bmi_days, vocabulary, options)
    if height.latest is None and birth is not None:
        grown = [one for one in measured if one.day is not None and completed_years(birth, one.day) >= _ADULT]
        height = _search(HEIGHT, grown, index, None, vocabulary, options)
    warnings = tuple(f"bmi_kg_per_m2: {said}" for one in (direct, weight, height) for said in one.warnings)
    if weight.latest is None or height.latest is None:
        lacking = "; ".join(one.why for one in (weight, height) if one.latest is None)
        return missing(f"{direct.why}; {lacking}", warnings)
    value = weight.latest.value / height.latest.value**2
    kind = QUANTITIES[BMI]
    if not kind.low <= value <= kind.high:
        said = f"weight and height make {value:.1f} kg/m²; expected {kind.low:g} to {kind.high:g}"
        return missing(f"{direct.why}; {said}", warnings)
    records = tuple(measured_source(one.record, one.unit) for one in (weight.latest, height.latest))
    return InputValue(value, "weight by the square of height", records, warnings)


def _as_input(key: str, kind: str, found: Found) -> InputValue:
    """Return what was found as the input of a case."""
    warnings = tuple(f"{key}: {said}" for said in found.warnings)
    if found.latest is None:
        return missing(found.why, warnings)
    record, quantity = found.latest.record, QUANTITIES[kind]
    how = f"latest {quantity.title}"
    if found.latest.unit not in {quantity.unit, ""}:
        how += f", converted from {found.latest.unit}"
    if record.operator in BELOW | ABOVE:
        side = "below" if record.operator in BELOW else "above"
        how += f", a limit: the true value lies {side}"
        warnings += (f"{key}: reported as {side} {found.latest.value:g}; the limit itself is taken.",)
    return InputValue(found.latest.value, how, (measured_source(record, found.latest.unit),), warnings)


def _search(
    kind: str,
    measured: Iterable[Measured],
    index: date,
    days: int | None,
    vocabulary: Vocabulary,
    options: ReadOptions,
) -> Found:
    """Return the latest usable value up to the index date; of several on a day, the latest by time and then by key."""
    quantity = QUANTITIES[kind]
    dated = [(one, one.day) for one in measured if kind in one.kinds and one.day is not None and one.day <= index]
    within = [(one, day) for one, day in dated if days is None or index - day < timedelta(days=days)]
    if not within:
        last = max((day for _, day in dated), default=None)
        span = f" in the {days} days up to the index date" if days is not None else ""
        return Found(None, f"no {quantity.title}{span}" + (f", the last is of {last}" if last else ""), ())
    ordered = sorted(within, key=lambda pair: (pair[1], pair[0].moment or datetime.min, pair[0].table, pair[0].id))  # noqa: DTZ901
    passed: list[str] = []
    for one, day in reversed(ordered):
        usable = _usable(one, kind, vocabulary, options)
        if isinstance(usable, str):
            passed.append(f"{one.table} {one.id} of {day} cannot be used, {usable}.")
            continue
        return Found(usable, "", (*passed, *_same_day(usable, day, ordered, kind, vocabulary, options)))
    earlier = f", nor {len(passed) - 1} before" if len(passed) > 1 else ""
    return Found(None, f"no usable {quantity.title}{earlier}: {passed[0].removesuffix('.')}", ())


def _usable(one: Measured, kind: str, vocabulary: Vocabulary, options: ReadOptions) -> Usable | str:
    """Return a measurement in the unit that is wanted, or why it cannot be used."""
    quantity = QUANTITIES[kind]
    if one.value is None or one.value != one.value:
        return "it has no number"
    value, unit = one.value, ""
    if quantity.convert:
        code, shown = _unit(one, kind, vocabulary, options)
        if code not in quantity.convert:
            return f"unit {shown} is not one of {', '.join(quantity.convert)}"
        value, unit = quantity.convert[code](one.value), code
    if not quantity.low <= value <= quantity.high:
        said = f" {quantity.unit}" if quantity.unit else ""
        return f"{value:g}{said} is not possible; expected {quantity.low:g} to {quantity.high:g}"
    return Usable(one, value, unit)


def _unit(one: Measured, kind: str, vocabulary: Vocabulary, options: ReadOptions) -> tuple[str, str]:
    """Return the UCUM code of a unit, and how it is shown; the source's word for it counts only where it is mapped."""
    if one.unit:
        code, name = vocabulary.units.get(one.unit, ("", "of no UCUM concept"))
        return code, f"{code or one.unit} ({name})"
    source = one.unit_source.strip()
    for of, word, code in options.units:
        if of == kind and word == source:
            return code, code
    return "", f"{source!r}, which has no concept," if source else "that is not recorded"


def _same_day(
    chosen: Usable,
    day: date,
    ordered: Sequence[tuple[Measured, date]],
    kind: str,
    vocabulary: Vocabulary,
    options: ReadOptions,
) -> list[str]:
    others = [
        found.value
        for one, of in ordered
        if of == day and one is not chosen.record
        for found in (_usable(one, kind, vocabulary, options),)
        if not isinstance(found, str) and found.value != chosen.value
    ]
    if not others:
        return []
    said = ", ".join(f"{value:g}" for value in others)
    return [f"{chosen.record.table} holds other values of {day} too ({said}); the last is taken."]

"""Body mass index, C-reactive protein and CDAI: the latest usable value of a window, in the unit of the models."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from functools import reduce
from typing import TYPE_CHECKING

from crohns_srs.omop.demographics import completed_years
from crohns_srs.omop.input_value import InputValue, measured_source, missing
from crohns_srs.omop.options import BMI, CDAI, CRP, HEIGHT, WEIGHT
from crohns_srs.omop.reason import Said, of_input, said
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
    unit : str
        The unit it is wanted in.
    convert : dict of str to callable
        How a value becomes one in that unit, by the UCUM code of its own; a unit that is not here is refused. Empty where there is no unit.
    low, high : float
        Possible values.
    """

    unit: str
    convert: dict[str, Callable[[float], float]]
    low: float
    high: float


QUANTITIES = {
    BMI: Quantity("kg/m2", {"kg/m2": _same}, 8.0, 100.0),
    WEIGHT: Quantity(
        "kg",
        {"kg": _same, "g": units.kg_from_g, "[lb_av]": units.kg_from_pounds, "[oz_av]": units.kg_from_ounces},
        10.0,
        500.0,
    ),
    HEIGHT: Quantity(
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
    CDAI: Quantity("", {}, 0.0, 1100.0),
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
    why : Said or None
        Why there is none.
    warnings : tuple of Said
        What was passed over for it, and what else speaks of the same day.
    """

    latest: Usable | None
    why: Said | None
    warnings: tuple[Said, ...]


def crp_of(measured: Sequence[Measured], index: date, vocabulary: Vocabulary, options: ReadOptions) -> InputValue:
    """Return the latest C-reactive protein [mg/L] of the window."""
    return _as_input("crp_mg_per_L", CRP, _search(CRP, measured, index, options.crp_days, vocabulary, options))


def cdai_of(measured: Sequence[Measured], index: date, vocabulary: Vocabulary, options: ReadOptions) -> InputValue:
    """Return the latest CDAI of the window, from the concepts or source values that the options name; else what they assume."""
    if options.cdai_concepts or options.cdai_sources:
        found = _as_input("cdai", CDAI, _search(CDAI, measured, index, options.cdai_days, vocabulary, options))
    else:
        found = missing(said("cdai.not_named"))
    if found.is_missing and options.assumed_cdai is not None:
        warning = of_input("cdai", said("cdai.assumed_because", value=options.assumed_cdai, why=found.how))
        return InputValue(options.assumed_cdai, said("cdai.assumed"), (), (*found.warnings, warning))
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
        young, height = height.why, _search(HEIGHT, grown, index, None, vocabulary, options)
        if (
            height.why is not None
            and height.why.code == "measured.none"
            and young is not None
            and "last" in young.values
        ):
            quantity, last = said(f"measured.{HEIGHT}"), young.values["last"]
            height = replace(height, why=said("measured.none_grown", quantity=quantity, age=_ADULT, last=last))
    warnings = tuple(of_input("bmi_kg_per_m2", what) for one in (direct, weight, height) for what in one.warnings)
    if weight.latest is None or height.latest is None:
        return missing(_all_of(one.why for one in (direct, weight, height)), warnings)
    value = weight.latest.value / height.latest.value**2
    kind = QUANTITIES[BMI]
    if not kind.low <= value <= kind.high:
        impossible = said("measured.bmi_impossible", value=f"{value:.1f}", low=kind.low, high=kind.high)
        return missing(_all_of((direct.why, impossible)), warnings)
    records = tuple(measured_source(one.record, one.unit) for one in (weight.latest, height.latest))
    return InputValue(value, said("measured.bmi_of_weight"), records, warnings)


def _all_of(reasons: Iterable[Said | None]) -> Said:
    """Return reasons one after the other."""
    return reduce(lambda first, second: said("both", first=first, second=second), filter(None, reasons))


def _as_input(key: str, kind: str, found: Found) -> InputValue:
    """Return what was found as the input of a case."""
    warnings = tuple(of_input(key, what) for what in found.warnings)
    if found.latest is None:
        return missing(_all_of((found.why,)), warnings)
    record, quantity = found.latest.record, QUANTITIES[kind]
    how = said("measured.latest", quantity=said(f"measured.{kind}"))
    if found.latest.unit not in {quantity.unit, ""}:
        how = said("measured.converted", how=how, unit=found.latest.unit)
    side = "below" if record.operator in BELOW else "above" if record.operator in ABOVE else ""
    if side:
        how = said(f"measured.limit_{side}", how=how)
        warnings += (of_input(key, said(f"measured.reported_{side}", value=found.latest.value)),)
    return InputValue(found.latest.value, how, (measured_source(record, found.latest.unit),), warnings, side)


def _search(
    kind: str,
    measured: Iterable[Measured],
    index: date,
    days: int | None,
    vocabulary: Vocabulary,
    options: ReadOptions,
) -> Found:
    """Return the latest usable value up to the index date; of several on a day, the latest by time and then by key."""
    quantity = said(f"measured.{kind}")
    dated = [(one, one.day) for one in measured if kind in one.kinds and one.day is not None and one.day <= index]
    within = [(one, day) for one, day in dated if days is None or index - day < timedelta(days=days)]
    if not within:
        last = max((day for _, day in dated), default=None)
        if days is None:
            return Found(None, said("measured.none", quantity=quantity), ())
        if last is None:
            return Found(None, said("measured.none_in_days", quantity=quantity, days=days), ())
        return Found(None, said("measured.none_in_days_last", quantity=quantity, days=days, last=last), ())
    ordered = sorted(within, key=lambda pair: (pair[1], pair[0].moment or datetime.min, pair[0].table, pair[0].id))  # noqa: DTZ901
    passed: list[Said] = []
    for one, day in reversed(ordered):
        usable = _usable(one, kind, vocabulary, options)
        if isinstance(usable, Said):
            passed.append(said("measured.unusable", table=one.table, id=one.id, day=day, why=usable))
            continue
        return Found(usable, None, (*passed, *_same_day(usable, day, ordered, kind, vocabulary, options)))
    if len(passed) > 1:
        why = said("measured.none_usable_before", quantity=quantity, n=len(passed) - 1, why=passed[0])
        return Found(None, why, ())
    return Found(None, said("measured.none_usable", quantity=quantity, why=passed[0]), ())


def _usable(one: Measured, kind: str, vocabulary: Vocabulary, options: ReadOptions) -> Usable | Said:
    """Return a measurement in the unit that is wanted, or why it cannot be used."""
    quantity = QUANTITIES[kind]
    if one.value is None:
        return said("measured.no_number")
    value, unit = one.value, ""
    if quantity.convert:
        code = _unit(one, kind, vocabulary, options)
        if code not in quantity.convert:
            return _other_unit(one, vocabulary, tuple(quantity.convert))
        value, unit = quantity.convert[code](one.value), code
    if not quantity.low <= value <= quantity.high:
        if quantity.unit:
            limits = {"low": quantity.low, "high": quantity.high}
            return said("measured.impossible_in", value=value, unit=quantity.unit, **limits)
        return said("measured.impossible", value=value, low=quantity.low, high=quantity.high)
    return Usable(one, value, unit)


def _unit(one: Measured, kind: str, vocabulary: Vocabulary, options: ReadOptions) -> str:
    """Return the UCUM code of a unit, empty where there is none; the source's word for it counts only where it is mapped."""
    if one.unit:
        return vocabulary.units[one.unit][0] if one.unit in vocabulary.units else ""
    source = one.unit_source.strip()
    return next((code for of, word, code in options.units if of == kind and word == source), "")


def _other_unit(one: Measured, vocabulary: Vocabulary, expected: tuple[str, ...]) -> Said:
    """Return what is said of a unit that is none of those that are expected."""
    source = one.unit_source.strip()
    if one.unit in vocabulary.units:
        code, name = vocabulary.units[one.unit]
        return said("measured.other_unit", unit=code or one.unit, name=name, units=expected)
    if one.unit:
        return said("measured.unknown_unit", unit=one.unit, units=expected)
    if source:
        return said("measured.unmapped_unit", unit=repr(source), units=expected)
    return said("measured.no_unit", units=expected)


def _same_day(
    chosen: Usable,
    day: date,
    ordered: Sequence[tuple[Measured, date]],
    kind: str,
    vocabulary: Vocabulary,
    options: ReadOptions,
) -> list[Said]:
    others = [
        found.value
        for one, of in ordered
        if of == day and one is not chosen.record
        for found in (_usable(one, kind, vocabulary, options),)
        if isinstance(found, Usable) and found.value != chosen.value
    ]
    if not others:
        return []
    return [said("measured.same_day", table=chosen.record.table, day=day, values=tuple(others))]

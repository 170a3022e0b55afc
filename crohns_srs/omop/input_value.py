"""One input of the models with where it comes from, or why there is none."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import date

    from crohns_srs.omop.reason import Said
    from crohns_srs.omop.records import Condition, Exposure, Measured

Value = float | bool | str


@dataclass(frozen=True, slots=True)
class SourceRecord:
    """A record that a value stands on.

    Parameters
    ----------
    table : str
        Its table.
    id, concept : int
        Its key, and the concept by which it counts.
    day : date or None
        Its date, where it has one.
    unit : str
        Unit in the database.
    value : str
        What stands there: a number, a code, or a time of birth.
    """

    table: str
    id: int
    concept: int
    day: date | None
    unit: str
    value: str


@dataclass(frozen=True, slots=True)
class InputValue:
    """One input.

    Parameters
    ----------
    value : float, bool, str or None
        As a patient case holds it; None where it is missing.
    how : Said
        How it follows from the records; why it is missing.
    records : tuple of SourceRecord
        What it stands on.
    warnings : tuple of Said
        What to keep in mind, in one sentence each.
    censored : str
        ``below`` or ``above`` where the true value lies on that side of `value`, a limit of measurement; else empty.
    """

    value: Value | None
    how: Said
    records: tuple[SourceRecord, ...] = ()
    warnings: tuple[Said, ...] = ()
    censored: str = ""

    @property
    def is_missing(self) -> bool:
        """Whether there is no value."""
        return self.value is None


def missing(why: Said, warnings: Iterable[Said] = ()) -> InputValue:
    """Return an input without a value."""
    return InputValue(None, why, (), tuple(warnings))


def condition_source(one: Condition) -> SourceRecord:
    """Return a diagnosis as what a value stands on."""
    return SourceRecord("condition_occurrence", one.id, one.concept, one.day, "", one.source)


def exposure_source(one: Exposure) -> SourceRecord:
    """Return an exposure as what a value stands on."""
    return SourceRecord(one.table, one.id, one.concept, one.start, "", one.source)


def measured_source(one: Measured, unit: str) -> SourceRecord:
    """Return a measurement as what a value stands on."""
    value = one.source if one.value is None else f"{one.value:g}"
    return SourceRecord(one.table, one.id, one.concept, one.day, unit, value)

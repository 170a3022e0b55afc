"""Records of a person, as the tables hold them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from datetime import date, datetime


@dataclass(frozen=True, slots=True)
class Person:
    """A row of `person`.

    Parameters
    ----------
    id, gender : int
        Person, and concept of the sex; 0 where there is none.
    year, month, day : int or None
        Of birth.
    birth : datetime or None
        Time of birth.
    gender_source : str
        What the source says of the sex.
    """

    id: int
    gender: int
    year: int | None
    month: int | None
    day: int | None
    birth: datetime | None
    gender_source: str


@dataclass(frozen=True, slots=True)
class Period:
    """A time in which somebody was observed.

    Parameters
    ----------
    id : int
        Record.
    start, end : date or None
        First and last day.
    """

    id: int
    start: date | None
    end: date | None


@dataclass(frozen=True, slots=True)
class Condition:
    """A diagnosis.

    Parameters
    ----------
    id, concept : int
        Record, and the concept by which it counts.
    day : date or None
        When it began.
    source : str
        Code of the source.
    """

    id: int
    concept: int
    day: date | None
    source: str


@dataclass(frozen=True, slots=True)
class Exposure:
    """An exposure to a drug, or an era of it.

    Parameters
    ----------
    table : str
        Where it stands.
    id, concept, route : int
        Record, the concept by which it counts, and that of the route; 0 where there is none.
    start, end : date or None
        First and last day.
    supply : int or None
        Days that what was given lasts.
    source : str
        Code of the source.
    """

    table: str
    id: int
    concept: int
    route: int
    start: date | None
    end: date | None
    supply: int | None
    source: str


@dataclass(frozen=True, slots=True)
class Measured:
    """A measured value.

    Parameters
    ----------
    table : str
        Where it stands.
    id, concept, operator, unit : int
        Record, the concept by which it counts, and those of ``<`` or ``>`` and of the unit; 0 where there is none.
    kinds : frozenset of str
        What was measured.
    day : date or None
        When.
    moment : datetime or None
        When, with the time of the day.
    value : float or None
        Number.
    unit_source, source : str
        Unit and value as the source wrote them.
    """

    table: str
    id: int
    concept: int
    operator: int
    unit: int
    kinds: frozenset[str]
    day: date | None
    moment: datetime | None
    value: float | None
    unit_source: str
    source: str


@dataclass(frozen=True, slots=True)
class PersonRecords:
    """All that is read of one person.

    Parameters
    ----------
    person : Person
        Who it is.
    periods, conditions, exposures, measured : tuple
        Records.
    deaths : tuple of date or None
        Days of death; empty where the database has no table of them.
    """

    person: Person
    periods: tuple[Period, ...]
    conditions: tuple[Condition, ...]
    exposures: tuple[Exposure, ...]
    measured: tuple[Measured, ...]
    deaths: tuple[date | None, ...] = ()

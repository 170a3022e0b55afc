"""Records of persons: one query for each kind, all in the order of persons, so that one person at a time is held in memory."""

from __future__ import annotations

from contextlib import ExitStack
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Generic, TypeVar

from sqlalchemy import func, null, or_, select

from crohns_srs.omop.options import CDAI
from crohns_srs.omop.tables import (
    CONDITION_OCCURRENCE,
    DRUG_ERA,
    DRUG_EXPOSURE,
    MEASUREMENT,
    OBSERVATION,
    OBSERVATION_PERIOD,
    PERSON,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from datetime import date, datetime

    from sqlalchemy import ColumnElement, Row, Select

    from crohns_srs.omop.database import Database
    from crohns_srs.omop.options import ReadOptions
    from crohns_srs.omop.vocabulary import Vocabulary

    AnyRow = Row[*tuple[Any, ...]]
    AnySelect = Select[*tuple[Any, ...]]

Record = TypeVar("Record")
_AT_ONCE = 5_000
_MOST_NAMED = 500


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
    """

    person: Person
    periods: tuple[Period, ...]
    conditions: tuple[Condition, ...]
    exposures: tuple[Exposure, ...]
    measured: tuple[Measured, ...]


class _Stream(Generic[Record]):
    """Rows in the order of persons, handed out person by person."""

    def __init__(self, rows: Iterator[AnyRow], build: Callable[[AnyRow], Record]) -> None:
        self._rows, self._build = rows, build
        self._next = next(rows, None)

    def of(self, person: int) -> tuple[Record, ...]:
        """Return the records of a person; those of the persons before are passed over."""
        found: list[Record] = []
        row = self._next
        while row is not None and row[0] <= person:
            if row[0] == person:
                found.append(self._build(row))
            row = next(self._rows, None)
        self._next = row
        return tuple(found)


def stream_people(
    database: Database, vocabulary: Vocabulary, options: ReadOptions, persons: Sequence[int] | None
) -> Iterator[PersonRecords]:
    """Yield the records of persons, in the order of their ids.

    Parameters
    ----------
    database : Database
        Where from.
    vocabulary : Vocabulary
        Which concepts.
    options : ReadOptions
        Which tables.
    persons : sequence of int or None
        Persons; those who are not in the database are passed over. None for everybody with Crohn's disease.
    """
    with database.connect() as connection, ExitStack() as opened:
        wanted = None if persons is None else frozenset(persons)

        def rows_of(query: AnySelect) -> Iterator[AnyRow]:
            person = query.selected_columns[0]
            chosen = query.where(_is_chosen(person, vocabulary, persons)).order_by(person)
            reading = connection.execution_options(stream_results=True, yield_per=_AT_ONCE)
            result = opened.enter_context(reading.execute(chosen))
            return iter(result)

        people = rows_of(_person_query())
        periods = _Stream(rows_of(_period_query()), lambda row: Period(*row[1:]))
        conditions = _Stream(rows_of(_condition_query(vocabulary)), _condition_builder(vocabulary))
        exposures = [_Stream(rows_of(_exposure_query(vocabulary)), _exposure_builder(vocabulary))]
        if options.drug_era:
            exposures.append(_Stream(rows_of(_era_query(vocabulary)), _era))
        build = _measured_builder(vocabulary, options, MEASUREMENT.name)
        measured = [_Stream(rows_of(_measurement_query(vocabulary, options)), build)]
        if options.cdai_concepts or options.cdai_sources:
            build = _measured_builder(vocabulary, options, OBSERVATION.name)
            measured.append(_Stream(rows_of(_observation_query(options)), build))
        for row in people:
            one = _person(row)
            if wanted is None or one.id in wanted:
                yield PersonRecords(
                    one,
                    periods.of(one.id),
                    conditions.of(one.id),
                    tuple(record for stream in exposures for record in stream.of(one.id)),
                    tuple(record for stream in measured for record in stream.of(one.id)),
                )


def count_people(database: Database, vocabulary: Vocabulary) -> int:
    """Return how many persons have a record of Crohn's disease."""
    with database.connect() as connection:
        query = select(func.count()).select_from(PERSON).where(PERSON.c.person_id.in_(with_crohns(vocabulary)))
        return connection.execute(query).scalar_one()


def with_crohns(vocabulary: Vocabulary) -> Select[int]:
    """Return the query of persons with a record of Crohn's disease, at any time."""
    columns = CONDITION_OCCURRENCE.c
    accepted = vocabulary.conditions.accepts(columns.condition_concept_id, columns.condition_source_concept_id)
    return select(columns.person_id).where(accepted)


def _is_chosen(
    person: ColumnElement[int], vocabulary: Vocabulary, persons: Sequence[int] | None
) -> ColumnElement[bool]:
    """Return the condition on persons; of many, no list is sent: the others in their range are passed over here."""
    if persons is None:
        return person.in_(with_crohns(vocabulary))
    if len(persons) <= _MOST_NAMED:
        return person.in_(list(persons))
    return person.between(min(persons), max(persons))


def _person_query() -> AnySelect:
    of = PERSON.c
    return select(
        of.person_id,
        of.gender_concept_id,
        of.year_of_birth,
        of.month_of_birth,
        of.day_of_birth,
        of.birth_datetime,
        of.gender_source_value,
    )


def _person(row: AnyRow) -> Person:
    return Person(row[0], row[1] or 0, row[2], row[3], row[4], row[5], row[6] or "")


def _period_query() -> AnySelect:
    of = OBSERVATION_PERIOD.c
    return select(
        of.person_id, of.observation_period_id, of.observation_period_start_date, of.observation_period_end_date
    )


def _condition_query(vocabulary: Vocabulary) -> AnySelect:
    of = CONDITION_OCCURRENCE.c
    return select(
        of.person_id,
        of.condition_occurrence_id,
        of.condition_concept_id,
        of.condition_source_concept_id,
        of.condition_start_date,
        of.condition_source_value,
    ).where(vocabulary.conditions.accepts(of.condition_concept_id, of.condition_source_concept_id))


def _condition_builder(vocabulary: Vocabulary) -> Callable[[AnyRow], Condition]:
    def build(row: AnyRow) -> Condition:
        return Condition(row[1], vocabulary.conditions.concept_of(row[2], row[3]), row[4], row[5] or "")

    return build


def _exposure_query(vocabulary: Vocabulary) -> AnySelect:
    of = DRUG_EXPOSURE.c
    return select(
        of.person_id,
        of.drug_exposure_id,
        of.drug_concept_id,
        of.drug_source_concept_id,
        of.route_concept_id,
        of.drug_exposure_start_date,
        of.drug_exposure_end_date,
        of.days_supply,
        of.drug_source_value,
    ).where(vocabulary.drugs.accepts(of.drug_concept_id, of.drug_source_concept_id))


def _exposure_builder(vocabulary: Vocabulary) -> Callable[[AnyRow], Exposure]:
    def build(row: AnyRow) -> Exposure:
        concept = vocabulary.drugs.concept_of(row[2], row[3])
        return Exposure(DRUG_EXPOSURE.name, row[1], concept, row[4] or 0, row[5], row[6], row[7], row[8] or "")

    return build


def _era_query(vocabulary: Vocabulary) -> AnySelect:
    of = DRUG_ERA.c
    return select(of.person_id, of.drug_era_id, of.drug_concept_id, of.drug_era_start_date, of.drug_era_end_date).where(
        vocabulary.drugs.accepts(of.drug_concept_id)
    )


def _era(row: AnyRow) -> Exposure:
    return Exposure(DRUG_ERA.name, row[1], row[2] or 0, 0, row[3], row[4], None, "")


def _measurement_query(vocabulary: Vocabulary, options: ReadOptions) -> AnySelect:
    of = MEASUREMENT.c
    wanted = vocabulary.measurements.accepts(of.measurement_concept_id, of.measurement_source_concept_id)
    if options.cdai_sources:
        wanted = or_(wanted, of.measurement_source_value.in_(options.cdai_sources))
    return select(
        of.person_id,
        of.measurement_id,
        of.measurement_concept_id,
        of.measurement_source_concept_id,
        of.operator_concept_id,
        of.unit_concept_id,
        of.measurement_date,
        of.measurement_datetime,
        of.value_as_number,
        of.unit_source_value,
        of.value_source_value,
        of.measurement_source_value,
    ).where(wanted)


def _observation_query(options: ReadOptions) -> AnySelect:
    of = OBSERVATION.c
    return select(
        of.person_id,
        of.observation_id,
        of.observation_concept_id,
        of.observation_source_concept_id,
        null(),
        of.unit_concept_id,
        of.observation_date,
        of.observation_datetime,
        of.value_as_number,
        of.unit_source_value,
        of.value_as_string,
        of.observation_source_value,
    ).where(
        or_(of.observation_concept_id.in_(options.cdai_concepts), of.observation_source_value.in_(options.cdai_sources))
    )


def _measured_builder(vocabulary: Vocabulary, options: ReadOptions, table: str) -> Callable[[AnyRow], Measured]:
    meaning, nothing = vocabulary.measurements.meaning, frozenset[str]()

    def build(row: AnyRow) -> Measured:
        concept = vocabulary.measurements.concept_of(row[2], row[3])
        kinds = meaning.get(concept, nothing)
        if row[11] in options.cdai_sources:
            kinds |= {CDAI}
        value = None if row[8] is None else float(row[8])
        return Measured(
            table, row[1], concept, row[4] or 0, row[5] or 0, kinds, row[6], row[7], value, row[9] or "", row[10] or ""
        )

    return build

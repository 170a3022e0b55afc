"""Queries of the tables, and what becomes of their rows."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sqlalchemy import null, or_, select

from crohns_srs.omop.cells import number_of, text_of, whole_of
from crohns_srs.omop.options import CDAI
from crohns_srs.omop.records import Condition, Exposure, Measured, Period, Person
from crohns_srs.omop.tables import (
    CONDITION_OCCURRENCE,
    DEATH,
    DRUG_ERA,
    DRUG_EXPOSURE,
    MEASUREMENT,
    OBSERVATION,
    OBSERVATION_PERIOD,
    PERSON,
)

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import date

    from sqlalchemy import ColumnElement, CursorResult, Row, Select, Table

    from crohns_srs.omop.options import ReadOptions
    from crohns_srs.omop.vocabulary import Domain, Vocabulary

    AnyRow = Row[*tuple[Any, ...]]
    AnySelect = Select[*tuple[Any, ...]]
    AnyResult = CursorResult[*tuple[Any, ...]]


def with_crohns(conditions: Domain) -> Select[int]:
    """Return the query of persons with a record of Crohn's disease, at any time."""
    columns = CONDITION_OCCURRENCE.c
    accepted = conditions.accepts(columns.condition_concept_id, columns.condition_source_concept_id)
    return select(columns.person_id).where(accepted)


def person_query() -> AnySelect:
    """Return the query of persons; like every other one it begins with the person's id."""
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


def person_of(row: AnyRow) -> Person:
    """Return a person from the row."""
    year, month, day = map(whole_of, row[2:5])
    return Person(row[0], row[1] or 0, year, month, day, row[5], text_of(row[6]))


def death_query() -> AnySelect:
    """Return the query of days of death."""
    return select(DEATH.c.person_id, DEATH.c.death_date)


def death_of(row: AnyRow) -> date | None:
    """Return the day of a death from its row; None where it cannot be read."""
    return row[1]


def period_query() -> AnySelect:
    """Return the query of times of observation."""
    of = OBSERVATION_PERIOD.c
    return select(
        of.person_id, of.observation_period_id, of.observation_period_start_date, of.observation_period_end_date
    )


def period_of(row: AnyRow) -> Period:
    """Return a time of observation from its row."""
    return Period(*row[1:])


def condition_query(vocabulary: Vocabulary) -> AnySelect:
    """Return the query of diagnoses of Crohn's disease."""
    of = CONDITION_OCCURRENCE.c
    return select(
        of.person_id,
        of.condition_occurrence_id,
        of.condition_concept_id,
        of.condition_source_concept_id,
        of.condition_start_date,
        of.condition_source_value,
    ).where(vocabulary.conditions.accepts(of.condition_concept_id, of.condition_source_concept_id))


def condition_builder(vocabulary: Vocabulary) -> Callable[[AnyRow], Condition]:
    """Return what makes a diagnosis of a row."""

    def build(row: AnyRow) -> Condition:
        return Condition(row[1], vocabulary.conditions.concept_of(row[2], row[3]), row[4], text_of(row[5]))

    return build


def exposure_query(vocabulary: Vocabulary) -> AnySelect:
    """Return the query of exposures to the drugs that are looked for."""
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


def exposure_builder(vocabulary: Vocabulary) -> Callable[[AnyRow], Exposure]:
    """Return what makes an exposure of a row."""

    def build(row: AnyRow) -> Exposure:
        concept = vocabulary.drugs.concept_of(row[2], row[3])
        return Exposure(
            DRUG_EXPOSURE.name, row[1], concept, row[4] or 0, row[5], row[6], whole_of(row[7]), text_of(row[8])
        )

    return build


def era_query(vocabulary: Vocabulary) -> AnySelect:
    """Return the query of eras of these drugs."""
    of = DRUG_ERA.c
    return select(of.person_id, of.drug_era_id, of.drug_concept_id, of.drug_era_start_date, of.drug_era_end_date).where(
        vocabulary.drugs.accepts(of.drug_concept_id)
    )


def era_of(row: AnyRow) -> Exposure:
    """Return an era as an exposure."""
    return Exposure(DRUG_ERA.name, row[1], row[2] or 0, 0, row[3], row[4], None, "")


def measurement_query(vocabulary: Vocabulary, options: ReadOptions) -> AnySelect:
    """Return the query of measurements."""
    of = MEASUREMENT.c
    wanted = vocabulary.measurements.accepts(of.measurement_concept_id, of.measurement_source_concept_id)
    if options.cdai_sources:
        wanted = or_(wanted, of.measurement_source_value.in_(options.cdai_sources))
    return _measured(MEASUREMENT, of.operator_concept_id, of.value_source_value).where(wanted)


def observation_query(options: ReadOptions) -> AnySelect:
    """Return the query of observations that hold the CDAI, with the columns of a measurement."""
    of = OBSERVATION.c
    return _measured(OBSERVATION, null(), of.value_as_string).where(
        or_(of.observation_concept_id.in_(options.cdai_concepts), of.observation_source_value.in_(options.cdai_sources))
    )


def measured_builder(vocabulary: Vocabulary, options: ReadOptions, table: str) -> Callable[[AnyRow], Measured]:
    """Return what makes a measured value of a row of a table."""
    meaning, nothing = vocabulary.measurements.meaning, frozenset[str]()

    def build(row: AnyRow) -> Measured:
        concept = vocabulary.measurements.concept_of(row[2], row[3])
        kinds = meaning.get(concept, nothing)
        if row[11] in options.cdai_sources:
            kinds |= {CDAI}
        value, unit_source, source = number_of(row[8]), text_of(row[9]), text_of(row[10])
        return Measured(
            table, row[1], concept, row[4] or 0, row[5] or 0, kinds, row[6], row[7], value, unit_source, source
        )

    return build


def _measured(table: Table, operator: ColumnElement[Any], source_value: ColumnElement[Any]) -> AnySelect:
    """Return the query of a table of values: the columns that it names after itself, and those that all of them have."""
    of, name = table.c, table.name
    return select(
        of.person_id,
        of[f"{name}_id"],
        of[f"{name}_concept_id"],
        of[f"{name}_source_concept_id"],
        operator,
        of.unit_concept_id,
        of[f"{name}_date"],
        of[f"{name}_datetime"],
        of.value_as_number,
        of.unit_source_value,
        source_value,
        of[f"{name}_source_value"],
    )

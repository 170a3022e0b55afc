"""Tables of the OMOP common data model, versions 5.3 and 5.4: the columns that are read, which both have."""

from __future__ import annotations

from typing import Any

from sqlalchemy import BigInteger, Column, Float, MetaData, String, Table

from crohns_srs.omop.moments import Day, Moment

CLINICAL, VOCABULARY = "clinical", "vocabulary"
"""Names that stand for the schemas of a database until it is known (`schema_translate_map`)."""
METADATA = MetaData()


def _table(name: str, *columns: Column[Any], schema: str = CLINICAL) -> Table:
    return Table(name, METADATA, *columns, schema=schema)


def _records(name: str, *columns: Column[Any]) -> Table:
    """Return a table of records, each of them with its own id and that of its person."""
    return _table(name, _key(f"{name}_id"), _looked_up("person_id"), *columns)


def _key(name: str) -> Column[int]:
    return Column(name, BigInteger, primary_key=True, autoincrement=False)


def _looked_up(name: str) -> Column[int]:
    return Column(name, BigInteger, index=True)


def _whole(name: str) -> Column[int]:
    return Column(name, BigInteger)


def _day(name: str) -> Column[Any]:
    return Column(name, Day)


def _moment(name: str) -> Column[Any]:
    return Column(name, Moment)


def _text(name: str) -> Column[str]:
    return Column(name, String)


PERSON = _table(
    "person",
    _key("person_id"),
    _whole("gender_concept_id"),
    _whole("year_of_birth"),
    _whole("month_of_birth"),
    _whole("day_of_birth"),
    _moment("birth_datetime"),
    _text("person_source_value"),
    _text("gender_source_value"),
)
DEATH = _table("death", _key("person_id"), _day("death_date"))
OBSERVATION_PERIOD = _records(
    "observation_period",
    _day("observation_period_start_date"),
    _day("observation_period_end_date"),
)
CONDITION_OCCURRENCE = _records(
    "condition_occurrence",
    _looked_up("condition_concept_id"),
    _day("condition_start_date"),
    _text("condition_source_value"),
    _whole("condition_source_concept_id"),
)
DRUG_EXPOSURE = _records(
    "drug_exposure",
    _looked_up("drug_concept_id"),
    _day("drug_exposure_start_date"),
    _day("drug_exposure_end_date"),
    _whole("days_supply"),
    _whole("route_concept_id"),
    _text("drug_source_value"),
    _whole("drug_source_concept_id"),
)
DRUG_ERA = _records(
    "drug_era",
    _looked_up("drug_concept_id"),
    _day("drug_era_start_date"),
    _day("drug_era_end_date"),
)
MEASUREMENT = _records(
    "measurement",
    _looked_up("measurement_concept_id"),
    _day("measurement_date"),
    _moment("measurement_datetime"),
    _whole("operator_concept_id"),
    Column("value_as_number", Float),
    _whole("unit_concept_id"),
    _text("unit_source_value"),
    _text("value_source_value"),
    _text("measurement_source_value"),
    _whole("measurement_source_concept_id"),
)
OBSERVATION = _records(
    "observation",
    _looked_up("observation_concept_id"),
    _day("observation_date"),
    _moment("observation_datetime"),
    Column("value_as_number", Float),
    _text("value_as_string"),
    _whole("unit_concept_id"),
    _text("unit_source_value"),
    _text("observation_source_value"),
    _whole("observation_source_concept_id"),
)
CONCEPT = _table(
    "concept",
    _key("concept_id"),
    _text("concept_name"),
    _text("domain_id"),
    _text("vocabulary_id"),
    _text("concept_class_id"),
    _text("standard_concept"),
    _text("concept_code"),
    _text("invalid_reason"),
    schema=VOCABULARY,
)
CONCEPT_ANCESTOR = _table(
    "concept_ancestor",
    _looked_up("ancestor_concept_id"),
    _whole("descendant_concept_id"),
    schema=VOCABULARY,
)
CONCEPT_RELATIONSHIP = _table(
    "concept_relationship",
    _whole("concept_id_1"),
    _looked_up("concept_id_2"),
    _text("relationship_id"),
    _text("invalid_reason"),
    schema=VOCABULARY,
)

ALWAYS_READ = (
    PERSON,
    OBSERVATION_PERIOD,
    CONDITION_OCCURRENCE,
    DRUG_EXPOSURE,
    MEASUREMENT,
    CONCEPT,
    CONCEPT_ANCESTOR,
    CONCEPT_RELATIONSHIP,
)
"""Tables without which nothing can be read; drug_era and observation are read where they are asked for, death where it is there."""

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


def _id(name: str) -> Column[int]:
    return Column(name, BigInteger)


PERSON = _table(
    "person",
    Column("person_id", BigInteger, primary_key=True, autoincrement=False),
    _id("gender_concept_id"),
    _id("year_of_birth"),
    _id("month_of_birth"),
    _id("day_of_birth"),
    Column("birth_datetime", Moment),
    Column("person_source_value", String),
    Column("gender_source_value", String),
)
OBSERVATION_PERIOD = _table(
    "observation_period",
    Column("observation_period_id", BigInteger, primary_key=True, autoincrement=False),
    Column("person_id", BigInteger, index=True),
    Column("observation_period_start_date", Day),
    Column("observation_period_end_date", Day),
)
CONDITION_OCCURRENCE = _table(
    "condition_occurrence",
    Column("condition_occurrence_id", BigInteger, primary_key=True, autoincrement=False),
    Column("person_id", BigInteger, index=True),
    Column("condition_concept_id", BigInteger, index=True),
    Column("condition_start_date", Day),
    Column("condition_source_value", String),
    _id("condition_source_concept_id"),
)
DRUG_EXPOSURE = _table(
    "drug_exposure",
    Column("drug_exposure_id", BigInteger, primary_key=True, autoincrement=False),
    Column("person_id", BigInteger, index=True),
    Column("drug_concept_id", BigInteger, index=True),
    Column("drug_exposure_start_date", Day),
    Column("drug_exposure_end_date", Day),
    _id("days_supply"),
    _id("route_concept_id"),
    Column("drug_source_value", String),
    _id("drug_source_concept_id"),
)
DRUG_ERA = _table(
    "drug_era",
    Column("drug_era_id", BigInteger, primary_key=True, autoincrement=False),
    Column("person_id", BigInteger, index=True),
    Column("drug_concept_id", BigInteger, index=True),
    Column("drug_era_start_date", Day),
    Column("drug_era_end_date", Day),
)
MEASUREMENT = _table(
    "measurement",
    Column("measurement_id", BigInteger, primary_key=True, autoincrement=False),
    Column("person_id", BigInteger, index=True),
    Column("measurement_concept_id", BigInteger, index=True),
    Column("measurement_date", Day),
    Column("measurement_datetime", Moment),
    _id("operator_concept_id"),
    Column("value_as_number", Float),
    _id("unit_concept_id"),
    Column("unit_source_value", String),
    Column("value_source_value", String),
    Column("measurement_source_value", String),
    _id("measurement_source_concept_id"),
)
OBSERVATION = _table(
    "observation",
    Column("observation_id", BigInteger, primary_key=True, autoincrement=False),
    Column("person_id", BigInteger, index=True),
    Column("observation_concept_id", BigInteger, index=True),
    Column("observation_date", Day),
    Column("observation_datetime", Moment),
    Column("value_as_number", Float),
    Column("value_as_string", String),
    _id("unit_concept_id"),
    Column("unit_source_value", String),
    Column("observation_source_value", String),
    _id("observation_source_concept_id"),
)
CONCEPT = _table(
    "concept",
    Column("concept_id", BigInteger, primary_key=True, autoincrement=False),
    Column("concept_name", String),
    Column("domain_id", String),
    Column("vocabulary_id", String),
    Column("concept_class_id", String),
    Column("standard_concept", String),
    Column("concept_code", String),
    Column("invalid_reason", String),
    schema=VOCABULARY,
)
CONCEPT_ANCESTOR = _table(
    "concept_ancestor",
    Column("ancestor_concept_id", BigInteger, index=True),
    Column("descendant_concept_id", BigInteger),
    schema=VOCABULARY,
)
CONCEPT_RELATIONSHIP = _table(
    "concept_relationship",
    _id("concept_id_1"),
    Column("concept_id_2", BigInteger, index=True),
    Column("relationship_id", String),
    Column("invalid_reason", String),
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
"""Tables without which nothing can be read; drug_era and observation are read where they are asked for."""

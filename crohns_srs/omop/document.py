"""What a database says of a person as JSON: `asuc-crohns-omop/1` holds one such entry for each."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from crohns_srs.omop.person_inputs import KEYS

if TYPE_CHECKING:
    from crohns_srs.omop.input_value import InputValue
    from crohns_srs.omop.options import ReadOptions
    from crohns_srs.omop.person_inputs import PersonInputs

SCHEMA, COHORT_SCHEMA = "asuc-crohns-omop/1", "asuc-crohns-omop-cohort/1"
"""Persons, and the table of a cohort."""
COMPLETE, INCOMPLETE, REFUSED = "complete", "incomplete", "refused"
"""Whether every input was found, some were, or the models do not speak for the person."""


def status_of(one: PersonInputs) -> str:
    """Return how complete a person's inputs are."""
    if one.refusal:
        return REFUSED
    return INCOMPLETE if one.missing else COMPLETE


def person_entry(one: PersonInputs) -> dict[str, Any]:
    """Return the entry of a person."""
    return {
        "person_id": one.person_id,
        "index_date": one.index_date.isoformat(),
        "status": status_of(one),
        "refusal": one.refusal,
        "crohns_since": one.crohns_since.isoformat() if one.crohns_since else None,
        "case": one.case,
        "missing": {key: one.values[key].how for key in one.missing},
        "sources": {key: _source(one.values[key]) for key in KEYS if not one.values[key].is_missing},
        "biologics": [
            {"ingredient": drug.ingredient, "class": drug.drug_class, "first": drug.first.isoformat()}
            for drug in one.biologics
        ],
        "warnings": list(one.warnings),
    }


def options_entry(options: ReadOptions) -> dict[str, Any]:
    """Return the rules by which inputs were read."""
    return {**asdict(options), "units": [f"{kind}:{source}={code}" for kind, source, code in options.units]}


def _source(value: InputValue) -> dict[str, Any]:
    return {
        "how": value.how,
        "censored": value.censored or None,
        "records": [
            {
                "table": record.table,
                "id": record.id,
                "concept_id": record.concept,
                "date": record.day.isoformat() if record.day else None,
                "unit": record.unit or None,
                "value": record.value or None,
            }
            for record in value.records
        ],
    }

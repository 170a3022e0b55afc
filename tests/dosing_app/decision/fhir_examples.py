"""Resources of FHIR R4 for tests, all invented."""

from __future__ import annotations

import json
from typing import Any

Resource = dict[str, Any]

UCUM = "http://unitsofmeasure.org"
LEVEL, CRP, CRP_SENSITIVE, ALBUMIN = "39803-0", "1988-5", "30522-7", "1751-7"
WEIGHT, HEIGHT, ANTIBODIES = "29463-7", "8302-2", "39804-8"
START = "2026-01-05T10:00:00+01:00"
END = "2026-01-05T12:00:00+01:00"


def quantity(value: object, unit: str = "mg/L", comparator: str | None = None) -> Resource:
    written: Resource = {"value": value, "unit": unit, "system": UCUM, "code": unit}
    return written | ({"comparator": comparator} if comparator else {})


def infliximab() -> Resource:
    return {"coding": [{"system": "http://www.whocc.no/atc", "code": "L04AB02"}]}


def infusion(start: str | None = START, end: str | None = END, *, mg: object = 600, **changes: object) -> Resource:
    """Return a completed administration of infliximab; a change to None takes an element away."""
    resource: Resource = {
        "resourceType": "MedicationAdministration",
        "status": "completed",
        "medicationCodeableConcept": infliximab(),
        "subject": {"reference": "Patient/p"},
        "effectivePeriod": {"start": start, "end": end},
        "dosage": {"dose": quantity(mg, "mg")},
    }
    return {key: value for key, value in (resource | changes).items() if value is not None}


def observation(
    loinc: str, value: object, unit: str = "mg/L", *, at: str = START, comparator: str | None = None, **changes: object
) -> Resource:
    """Return a final observation; a change to None takes an element away."""
    resource: Resource = {
        "resourceType": "Observation",
        "status": "final",
        "code": {"coding": [{"system": "http://loinc.org", "code": loinc}]},
        "subject": {"reference": "Patient/p"},
        "effectiveDateTime": at,
        "valueQuantity": quantity(value, unit, comparator),
    }
    return {key: value for key, value in (resource | changes).items() if value is not None}


def patient(**changes: object) -> Resource:
    return {"resourceType": "Patient", "id": "p", "gender": "female", "birthDate": "1991-09-14", **changes}


def bundle(*resources: Resource, **changes: object) -> str:
    entries = [{"resource": resource} for resource in resources]
    return json.dumps({"resourceType": "Bundle", "type": "collection", "entry": entries, **changes})

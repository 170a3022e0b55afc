"""What is read from a FHIR R4 bundle, what is left out with a note, and what is refused."""

from __future__ import annotations

import json
import time
from pathlib import Path
from typing import Any

import pytest

import dosing_app
from dosing_app.decision.fhir_bundle import BundleReading, read_bundle
from dosing_app.decision.fhir_faults import BundleError
from dosing_app.decision.fhir_quantities import factor_between
from dosing_app.decision.patient import read_case
from dosing_app.language import render
from pkpd.errors import InputError
from tests.dosing_app.decision.fhir_examples import (
    ALBUMIN,
    ANTIBODIES,
    CRP,
    CRP_SENSITIVE,
    END,
    HEIGHT,
    LEVEL,
    START,
    WEIGHT,
    Resource,
    bundle,
    infusion,
    observation,
    patient,
    quantity,
)

EXAMPLE = Path(str(dosing_app.__file__)).parent / "examples" / "fhir" / "bundle.json"


def read(*resources: Resource, **changes: object) -> BundleReading:
    """Read a bundle, and check what holds for every one: its case is valid and every note can be said."""
    reading = read_bundle(bundle(*resources, **changes))
    read_case(reading.tree)
    assert all(render(note, language) for note in reading.notes for language in ("en", "de"))
    return reading


def keys(reading: BundleReading) -> list[str]:
    """Return the keys of the notes, those of findings at a place without it."""
    found = [note.values.get("finding", note) for note in reading.notes]
    return [finding if isinstance(finding, str) else finding.key for finding in found]


def refusal(*resources: Resource, **changes: object) -> str:
    with pytest.raises(InputError) as caught:
        read_bundle(bundle(*resources, **changes))
    assert all(problem.place and "\n" not in problem.message for problem in caught.value.problems)
    return str(caught.value)


def covariates(*resources: Resource) -> dict[str, Any]:
    tree: Any = read(infusion(), *resources).tree["covariates"]
    return tree


def samples(*resources: Resource) -> list[dict[str, Any]]:
    tree: Any = read(infusion(), *resources).tree["samples"]
    return tree


def doses(*resources: Resource) -> list[dict[str, Any]]:
    tree: Any = read(*resources).tree["doses"]
    return tree


# ------------------------------------------------------------------------------------------------------------ example


def test_the_example_is_read():
    reading = read_bundle(EXAMPLE.read_bytes())
    case = read_case(reading.tree)

    assert [dose.time_day for dose in case.doses] == [0, 7.02083]
    assert [sample.censored for sample in case.samples] == ["above", None, None]
    assert case.samples[0].uloq_mg_per_L == 20
    assert reading.tree["covariates"] == {
        "crp_mg_per_L": 41,
        "albumin_g_per_L": 31,
        "weight_kg": 63,
        "sex": "female",
        "age_year": 34,
    }
    assert (reading.tree["start_date"], reading.tree["start_time"]) == ("2026-01-05", "10:00")
    assert keys(reading) == ["fhir.converted", "fhir.baseline_others"]


# ---------------------------------------------------------------------------------------------------------- infusions


def test_a_period_gives_time_and_duration():
    later = infusion("2026-01-12T09:00:00+01:00", "2026-01-12T10:30:00+01:00", mg=500)

    assert doses(later, infusion()) == [
        {"time_day": 0, "amount_mg": 600, "duration_hour": 2},
        {"time_day": 6.95833, "amount_mg": 500, "duration_hour": 1.5},
    ]


@pytest.mark.parametrize(
    "changes", [{"effectivePeriod": None, "effectiveDateTime": START}, {"end": None}, {"end": START}]
)
def test_a_duration_that_is_not_known_is_two_hours_and_noted(changes: dict[str, Any]):
    reading = read(infusion(**changes))

    assert reading.tree["doses"] == [{"time_day": 0, "amount_mg": 600, "duration_hour": 2}]
    assert "fhir.duration_assumed" in keys(reading)


@pytest.mark.parametrize(
    ("system", "code"),
    [
        ("http://www.whocc.no/atc", "L04AB02"),
        *(("http://www.nlm.nih.gov/research/umls/rxnorm", code) for code in ("310994", "1927285", "1927290", "191831")),
    ],
)
def test_infliximab_is_known_by_its_codes(system: str, code: str):
    reading = read(infusion(medicationCodeableConcept={"coding": [{"system": system, "code": code}]}))

    assert "fhir.medication_by_text" not in keys(reading)


@pytest.mark.parametrize(
    "medication",
    [{"text": "InFLIXimab-dyyb 100 mg"}, {"coding": [{"system": "urn:x", "code": "7", "display": "INFLIXIMAB"}]}],
)
def test_infliximab_known_by_text_is_noted(medication: Resource):
    assert "fhir.medication_by_text" in keys(read(infusion(medicationCodeableConcept=medication)))


MEDICATION = {"resourceType": "Medication", "id": "m", "code": infusion()["medicationCodeableConcept"]}


@pytest.mark.parametrize("reference", ["Medication/m", "https://ehr.example/fhir/Medication/m/_history/2"])
def test_a_medication_of_the_bundle_is_looked_up(reference: str):
    given = infusion(medicationCodeableConcept=None, medicationReference={"reference": reference})

    assert len(doses(given, MEDICATION)) == 1


def test_a_medication_inside_the_resource_is_looked_up():
    given = infusion(medicationCodeableConcept=None, medicationReference={"reference": "#m"}, contained=[MEDICATION])

    assert len(doses(given)) == 1


@pytest.mark.parametrize(
    ("changes", "key"),
    [
        ({"medicationReference": {"reference": "Medication/elsewhere"}}, "fhir.medication_absent"),
        ({}, "fhir.medication_unnamed"),
        ({"medicationCodeableConcept": 7}, "fhir.element"),
        (
            {
                "medicationCodeableConcept": {
                    "text": "before infliximab",
                    "coding": [{"system": "http://www.whocc.no/atc", "code": "N02BE01"}],
                }
            },
            "fhir.medication_contradicts",
        ),
    ],
)
def test_a_medication_that_cannot_be_told_is_noted(changes: dict[str, Any], key: str):
    given = infusion(**{"medicationCodeableConcept": None, **changes})

    assert key in keys(read(infusion(), given | {"effectivePeriod": {"start": "2026-01-09"}}))


def test_other_drugs_are_counted():
    other = infusion(medicationCodeableConcept={"coding": [{"system": "http://www.whocc.no/atc", "code": "H02AB06"}]})

    assert "fhir.other_drugs" in keys(read(infusion(), other))


@pytest.mark.parametrize(
    ("status", "key"),
    [
        ("in-progress", "fhir.dose_in_progress"),
        ("stopped", "fhir.dose_stopped"),
        *((status, "fhir.dose_not_given") for status in ("entered-in-error", "not-done", "on-hold", "unknown")),
    ],
)
def test_only_completed_administrations_are_doses(status: str, key: str):
    reading = read(infusion(), infusion("2026-01-12", None, status=status))

    assert reading.tree["doses"] == [{"time_day": 0, "amount_mg": 600, "duration_hour": 2}]
    assert keys(reading).count(key) == 1


@pytest.mark.parametrize(
    "dose", [quantity(0.6, "g"), quantity(600000, "ug"), {"value": 600, "unit": "MG"}, {"value": 6e5, "unit": "µg"}]
)
def test_amounts_are_converted_exactly(dose: Resource):
    assert doses(infusion(dosage={"dose": dose}))[0]["amount_mg"] == 600


def test_an_amount_follows_from_a_rate_and_the_duration():
    reading = read(infusion(dosage={"rateQuantity": quantity(5, "mg/min")}))

    assert reading.tree["doses"] == [{"time_day": 0, "amount_mg": 600, "duration_hour": 2}]
    assert "fhir.amount_from_rate" in keys(reading)


def test_a_duration_follows_from_amount_and_rate():
    rate = {"numerator": quantity(600, "mg"), "denominator": quantity(3, "h")}
    reading = read(infusion(START, None, dosage={"dose": quantity(600, "mg"), "rateRatio": rate}))

    assert reading.tree["doses"] == [{"time_day": 0, "amount_mg": 600, "duration_hour": 3}]
    assert "fhir.duration_from_rate" in keys(reading)


def test_a_rate_in_volume_says_nothing_about_amounts():
    dosage = {"dose": quantity(600, "mg"), "rateQuantity": quantity(125, "mL/h")}

    assert doses(infusion(START, None, dosage=dosage))[0]["duration_hour"] == 2


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"mg": -600}, "-600 mg is no possible amount"),
        ({"mg": 0}, "0 mg is no possible amount"),
        ({"mg": 6000}, "6000 mg is no possible amount"),
        ({"mg": "600"}, "dosage.dose.value is missing or not as FHIR R4 has it"),
        ({"mg": True}, "dosage.dose.value is missing or not as FHIR R4 has it"),
        ({"mg": 1e300}, "dosage.dose.value is missing or not as FHIR R4 has it"),
        ({"dosage": {"dose": quantity(5, "mg/kg")}}, "the unit “mg/kg” is not known here"),
        ({"dosage": {"dose": {"value": 600}}}, "has no unit"),
        ({"dosage": {"dose": quantity(600, "mg") | {"unit": "g"}}}, "mg by its code and g by its text"),
        ({"dosage": {"dose": quantity(600, "mg", "<")}}, "a limit (such as < or >) stands where a value is expected"),
        ({"dosage": {"dose": quantity(600, "mg", "≥")}}, "dosage.dose.comparator is missing or not"),
        ({"dosage": {"dose": {"unit": "mg"}}}, "no number"),
        ({"dosage": None}, "has no amount"),
        ({"dosage": {"rateQuantity": quantity(50, "mL/h")}}, "has no amount"),
        ({"status": None}, "the status is missing"),
        ({"status": "done"}, "the status is missing or none of FHIR R4"),
        ({"status": 1}, "the status is missing or none of FHIR R4"),
        ({"effectivePeriod": None}, "has no time"),
        ({"effectivePeriod": {"end": END}}, "the period has no start"),
        ({"effectivePeriod": {"start": END, "end": START}}, "ends before it starts"),
        ({"effectivePeriod": {"start": "2026-01-06", "end": "2026-01-05"}}, "ends before it starts"),
        (
            {"effectivePeriod": {"start": "2026-01-06T00:00:00Z", "end": "2026-01-09T00:00:00Z"}},
            "72 h is no possible duration",
        ),
        ({"effectiveDateTime": START}, "has two times"),
        ({"start": "2026-01"}, "names no day"),
        ({"start": "05.01.2026"}, "the date cannot be read"),
        ({"start": "2026-02-30"}, "the date cannot be read"),
        ({"start": "2026-01-05T25:00:00Z"}, "the date cannot be read"),
        ({"start": "0001-01-01"}, "the date cannot be read"),
        ({"dosage": {"dose": quantity(120, "mg"), "route": {"text": "Subcutaneous"}}}, "under the skin"),
    ],
)
def test_a_given_infusion_that_cannot_be_read_is_refused_with_its_place(changes: dict[str, Any], words: str):
    said = refusal(patient(), infusion(**changes))

    assert said.splitlines()[0].startswith("entry[1] MedicationAdministration: ")
    assert words in said


def test_no_infusion_is_refused():
    assert "no completed infusion of infliximab" in refusal(observation(LEVEL, 9.1))
    assert "no completed infusion of infliximab" in refusal()


def test_where_no_infusion_is_left_each_reason_is_named():
    said = refusal(infusion(status="in-progress"), infusion(medicationCodeableConcept={"text": "prednisolone"}))

    assert "Not infliximab, and so not read: prednisolone" in said.splitlines()[1]
    assert said.splitlines()[2].startswith("entry[0] MedicationAdministration: not read, because the infusion is still")
    assert len(said.splitlines()) == 3


def test_every_problem_is_named():
    said = refusal(infusion(mg=-1), infusion(start="x"), observation(LEVEL, 9, "stone"))

    assert said.count("entry[") == 3


def test_a_copy_counts_once_and_a_second_infusion_at_the_same_time_is_refused():
    reading = read(infusion(), infusion())

    assert len(list(reading.tree["doses"])) == 1  # pyright: ignore[reportArgumentType]
    assert "fhir.copy" in keys(reading)
    assert "entry[1] MedicationAdministration: has the same time as entry[0]" in refusal(infusion(), infusion(mg=300))


def test_an_infusion_ten_years_after_the_first_is_refused():
    assert "expected at most 3,650" in refusal(infusion(), infusion("2036-06-01", None))


# -------------------------------------------------------------------------------------------------------------- times


def test_offsets_are_converted_to_elapsed_time():
    reading = read(infusion(), infusion("2026-01-12T09:00:00Z", None))

    assert [dose["time_day"] for dose in reading.tree["doses"]] == [0, 7]  # pyright: ignore[reportGeneralTypeIssues, reportIndexIssue, reportCallIssue, reportArgumentType]
    assert "fhir.offsets" in keys(reading)


def test_a_date_alone_is_the_difference_of_dates():
    reading = read(infusion(), infusion("2026-01-12", None), observation(LEVEL, 9.1, at="2026-01-10"))

    assert [dose["time_day"] for dose in reading.tree["doses"]] == [0, 7]  # pyright: ignore[reportGeneralTypeIssues, reportIndexIssue, reportCallIssue, reportArgumentType]
    assert reading.tree["samples"] == [{"time_day": 5, "concentration_mg_per_L": 9.1}]
    assert keys(reading).count("fhir.date_only") == 2
    assert "fhir.dates_and_times" in keys(reading)


def test_the_first_infusion_may_have_a_date_only():
    later = infusion("2026-01-12T10:00:00+01:00", "2026-01-12T12:00:00+01:00")
    trough = observation(LEVEL, 9.1, at="2026-01-12T04:00:00+01:00")
    reading = read(infusion("2026-01-05", None), later, trough)

    assert [dose["time_day"] for dose in reading.tree["doses"]] == [0, 7]  # pyright: ignore[reportGeneralTypeIssues, reportIndexIssue, reportCallIssue, reportArgumentType]
    assert reading.tree["samples"] == [{"time_day": 6.75, "concentration_mg_per_L": 9.1}]


def test_without_any_time_of_day_days_are_differences_of_dates():
    reading = read(infusion("2026-01-05", None), observation(LEVEL, 9.1, at="2026-01-10T08:00:00+01:00"))

    assert reading.tree["samples"] == [{"time_day": 5, "concentration_mg_per_L": 9.1}]
    assert "fhir.dates_only" in keys(reading)


@pytest.mark.parametrize(
    ("later", "drawn"),
    [
        ("2026-01-12T10:00:00+01:00", "2026-01-12"),
        ("2026-01-12", "2026-01-12"),
        ("2026-01-12", "2026-01-12T08:00:00+01:00"),
    ],
)
def test_a_sample_on_an_unknown_side_of_an_infusion_is_kept_and_not_used(later: str, drawn: str):
    reading = read(infusion(), infusion(later, None), observation(LEVEL, 9.1, at=drawn))

    assert "before or after it is not known" in str(reading.tree["samples"])
    assert "fhir.not_used" in keys(reading)


def test_a_level_at_the_very_start_of_the_first_infusion_is_kept_and_not_used():
    assert "exclude" in samples(observation(LEVEL, 9.1, at=START))[0]
    assert "exclude" not in samples(observation(LEVEL, 0.4, at=START, comparator="<"))[0]


def test_a_time_without_a_time_zone_is_that_of_the_first_infusion():
    reading = read(infusion(), observation(LEVEL, 9.1, at="2026-01-06T10:00:00"))

    assert reading.tree["samples"] == [{"time_day": 1, "concentration_mg_per_L": 9.1}]
    assert "fhir.no_offset" in keys(reading)


def test_the_time_of_day_of_the_first_infusion_is_kept_where_it_is_known():
    assert read(infusion("2026-01-05T09:05:30+01:00", None)).tree["start_time"] == "09:05"
    assert "start_time" not in read(infusion("2026-01-05", None)).tree


def test_a_sample_before_the_first_infusion_is_left_out():
    reading = read(infusion(), observation(LEVEL, 9.1, at="2025-12-24T10:00:00+01:00"))

    assert reading.tree["samples"] == []
    assert "fhir.level_before" in keys(reading)


# ------------------------------------------------------------------------------------------------------------- levels

LATER = "2026-01-10T10:00:00+01:00"


@pytest.mark.parametrize(
    ("unit", "value"),
    [("mg/L", 9.1), ("ug/mL", 9.1), ("µg/mL", 9.1), ("ng/mL", 9100), ("mg/dL", 0.91), ("g/L", 0.0091)],
)
def test_levels_are_converted_exactly(unit: str, value: float):
    assert samples(observation(LEVEL, value, unit, at=LATER)) == [{"time_day": 5, "concentration_mg_per_L": 9.1}]


@pytest.mark.parametrize(
    ("comparator", "sample"),
    [
        ("<", {"censored": "below", "lloq_mg_per_L": 20}),
        ("<=", {"censored": "below", "lloq_mg_per_L": 20}),
        (">", {"censored": "above", "uloq_mg_per_L": 20}),
        (">=", {"censored": "above", "uloq_mg_per_L": 20}),
    ],
)
def test_comparators_are_limits_and_reference_ranges_are_none(comparator: str, sample: Resource):
    level = observation(LEVEL, 20, at=LATER, comparator=comparator, referenceRange=[{"low": quantity(3)}])

    assert samples(level) == [{"time_day": 5, **sample}]


@pytest.mark.parametrize(
    ("text", "sample"),
    [
        ("<0.4 mg/L", {"censored": "below", "lloq_mg_per_L": 0.4}),
        ("> 20 µg/mL", {"censored": "above", "uloq_mg_per_L": 20}),
        ("9,1", {"concentration_mg_per_L": 9.1}),
    ],
)
def test_a_level_may_be_text(text: str, sample: Resource):
    reading = read(infusion(), observation(LEVEL, 0, at=LATER, valueQuantity=None, valueString=text))

    assert reading.tree["samples"] == [{"time_day": 5, **sample}]
    assert "fhir.value_from_text" in keys(reading)


@pytest.mark.parametrize("text", ["Infliximab trough level", "infliximab, serum", "Infliximab-Talspiegel"])
def test_a_level_known_by_text_is_noted(text: str):
    reading = read(infusion(), observation(LEVEL, 9.1, at=LATER, code={"text": text}))

    assert reading.tree["samples"] == [{"time_day": 5, "concentration_mg_per_L": 9.1}]
    assert "fhir.level_by_text" in keys(reading)


@pytest.mark.parametrize(
    "text",
    [
        "Infliximab antibodies, serum",
        "Infliximab Ab level",
        "anti-infliximab concentration",
        "Infliximab-Antikörper im Serum (Spiegel)",
    ],
)
def test_antibodies_are_no_level(text: str):
    reading = read(infusion(), observation(LEVEL, 9.1, at=LATER, code={"text": text}))

    assert reading.tree["samples"] == []
    assert "fhir.other_observations" in keys(reading)


@pytest.mark.parametrize("status", ["final", "amended", "corrected", "preliminary"])
def test_valid_results_are_read(status: str):
    reading = read(infusion(), observation(LEVEL, 9.1, at=LATER, status=status))

    assert reading.tree["samples"] == [{"time_day": 5, "concentration_mg_per_L": 9.1}]
    assert ("fhir.preliminary" in keys(reading)) == (status == "preliminary")


@pytest.mark.parametrize(
    ("changes", "key"),
    [
        ({"status": "entered-in-error"}, "fhir.result_invalid"),
        ({"status": "cancelled"}, "fhir.result_invalid"),
        ({"status": "unknown"}, "fhir.result_invalid"),
        ({"status": "registered"}, "fhir.result_invalid"),
        ({"valueQuantity": None}, "fhir.no_value"),
        ({"valueQuantity": None, "valueString": "haemolytic"}, "fhir.words_unreadable"),
        ({"valueQuantity": quantity(0)}, "fhir.level_zero"),
        ({"effectiveDateTime": None}, "fhir.no_time"),
        ({"focus": [{"reference": "Patient/child"}]}, "fhir.focus"),
        ({"modifierExtension": [{"url": "urn:not"}]}, "fhir.modifier"),
        ({"code": 5}, "fhir.element"),
        (
            {"code": {"coding": [{"system": "http://loinc.org", "code": code} for code in (CRP, LEVEL)]}},
            "fhir.two_analytes",
        ),
    ],
)
def test_a_level_that_is_none_is_left_out_with_a_note(changes: dict[str, Any], key: str):
    reading = read(infusion(), observation(LEVEL, 9.1, at=LATER, **changes))

    assert reading.tree["samples"] == []
    assert key in keys(reading)


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"valueQuantity": quantity(-1)}, "-1 mg/L is no possible value"),
        ({"valueQuantity": quantity(20000)}, "20000 mg/L is no possible value"),
        ({"valueQuantity": quantity(9, "nmol/L")}, "the unit “nmol/L” is not known"),
        ({"valueQuantity": quantity("9.1")}, "valueQuantity.value"),
        ({"valueQuantity": quantity(9, "mg/L", "~")}, "valueQuantity.comparator"),
        ({"valueString": "9.1"}, "has two values"),
        ({"status": "ready"}, "the status is missing or none of FHIR R4"),
        ({"effectiveDateTime": "yesterday"}, "the date cannot be read"),
        ({"effectivePeriod": {"start": LATER}}, "has two times"),
    ],
)
def test_a_level_that_contradicts_itself_is_refused_with_its_place(changes: dict[str, Any], words: str):
    said = refusal(infusion(), observation(LEVEL, 9.1, at=LATER, **changes))

    assert said.startswith("entry[1] Observation: ")
    assert words in said


def test_a_level_may_have_an_instant_or_a_period():
    instant = observation(LEVEL, 9.1, effectiveDateTime=None, effectiveInstant=LATER)
    period = observation(
        LEVEL, 9.1, effectiveDateTime=None, effectivePeriod={"start": LATER, "end": "2026-01-10T10:05:00+01:00"}
    )

    assert samples(instant) == samples(period) == [{"time_day": 5, "concentration_mg_per_L": 9.1}]


def test_of_two_results_of_one_time_the_more_final_counts():
    early, late = (
        observation(LEVEL, value, at=LATER, status=status) for value, status in ((8, "preliminary"), (9, "final"))
    )
    reading = read(infusion(), early, late)

    assert reading.tree["samples"] == [{"time_day": 5, "concentration_mg_per_L": 9}]
    assert "fhir.same_time_left" in keys(reading)
    assert "has the same time as entry[2] Observation" in refusal(infusion(), late, observation(LEVEL, 7, at=LATER))


# --------------------------------------------------------------------------------------------------------- covariates


@pytest.mark.parametrize(
    ("code", "value", "unit", "name", "expected"),
    [
        (CRP, 4.1, "mg/dL", "crp_mg_per_L", 41),
        (CRP_SENSITIVE, 41, "ug/mL", "crp_mg_per_L", 41),
        (ALBUMIN, 3.1, "g/dL", "albumin_g_per_L", 31),
        (ALBUMIN, 31, "g/L", "albumin_g_per_L", 31),
        (WEIGHT, 63, "kg", "weight_kg", 63),
        (WEIGHT, 63000, "g", "weight_kg", 63),
        (WEIGHT, 100, "[lb_av]", "weight_kg", 45.359237),
        (HEIGHT, 1.71, "m", "height_cm", 171),
        (HEIGHT, 171, "cm", "height_cm", 171),
        (ANTIBODIES, 12, "ng/mL", "ada_ng_per_mL", 12),
        (ANTIBODIES, 12, "ug/L", "ada_ng_per_mL", 12),
    ],
)
def test_covariates_are_converted_exactly(code: str, value: float, unit: str, name: str, expected: float):
    assert covariates(observation(code, value, unit)) == {name: expected}


def test_a_crp_below_its_limit_is_a_limit():
    assert covariates(observation(CRP, 5, comparator="<")) == {"crp_below_mg_per_L": 5}
    assert covariates(observation(CRP, 0.5, "mg/dL", comparator="<")) == {"crp_below_mg_per_L": 5}


def test_where_no_antibody_was_found_the_limit_is_read_and_noted():
    reading = read(infusion(), observation(ANTIBODIES, 10, "ng/mL", comparator="<"))

    assert reading.tree["covariates"] == {"ada_ng_per_mL": 10}
    assert "fhir.antibodies_below" in keys(reading)


@pytest.mark.parametrize(
    "left_out",
    [
        observation(CRP, 200, comparator=">"),
        observation(WEIGHT, 50, "kg", comparator="<"),
        observation(CRP, -3),
        observation(CRP, 0),
        observation(CRP, 41, "banana"),
        observation(ALBUMIN, 4500, "g/L"),
        observation(WEIGHT, "63", "kg"),
        observation(WEIGHT, 63, "kg", at="soon"),
        observation(ANTIBODIES, 20, "[arb'U]/mL"),
        observation(CRP, 41, status="finished"),
    ],
)
def test_a_covariate_that_cannot_be_read_is_left_out_with_its_place(left_out: Resource):
    reading = read(infusion(), left_out)

    assert reading.tree["covariates"] == {}
    assert any(str(note).startswith("entry[1] Observation: ") for note in reading.notes)


@pytest.mark.parametrize(
    ("days", "chosen"),
    [
        (["2026-01-03", "2026-01-04", "2026-01-06"], 2),
        (["2026-01-07", "2026-01-06"], 2),
        (["2025-12-29", "2026-01-06"], 1),
        (["2025-12-28", "2026-01-08"], None),
    ],
)
def test_the_baseline_is_the_nearest_before_or_else_the_nearest_after(days: list[str], chosen: int | None):
    measured = [observation(CRP, row, at=f"{day}T10:00:00+01:00") for row, day in enumerate(days, 1)]
    reading = read(infusion(), *measured)

    assert reading.tree["covariates"] == ({"crp_mg_per_L": chosen} if chosen else {})
    assert ("fhir.baseline_others" if chosen else "fhir.baseline_none") in keys(reading)


def test_two_baselines_of_one_time_are_noted():
    reading = read(infusion(), observation(CRP, 41), observation(CRP, 14))

    assert reading.tree["covariates"] == {"crp_mg_per_L": 41}
    assert "fhir.baseline_twice" in keys(reading)


# ------------------------------------------------------------------------------------------------------------ patient


@pytest.mark.parametrize(("birth", "age"), [("1991-01-05", 35), ("1991-01-06", 34), ("2026-01-05", 0)])
def test_the_age_is_that_at_the_first_infusion(birth: str, age: int):
    assert covariates(patient(birthDate=birth, gender="male")) == {"sex": "male", "age_year": age}


@pytest.mark.parametrize("birth", ["1991", "1991-09", "2027-01-01", "14.09.1991", "1900-13-01"])
def test_an_age_that_is_not_known_is_noted_without_the_date(birth: str):
    reading = read(infusion(), patient(birthDate=birth, gender="other"))

    assert reading.tree["covariates"] == {}
    assert {"fhir.no_age", "fhir.no_sex"} <= set(keys(reading))
    assert birth not in " ".join(map(str, reading.notes))


def test_several_patients_are_refused():
    several = "Bundle: the bundle is about more than one patient; expected the resources of one"

    assert refusal(infusion(), patient(), patient(id="q")) == several
    assert refusal(infusion(), infusion(subject={"reference": "Patient/q"})) == several
    assert refusal(patient(), infusion(), observation(CRP, 3, subject={"reference": "Patient/q"})) == several


@pytest.mark.parametrize("reference", ["Patient/p", "Patient/p/_history/3", "https://ehr.example/fhir/Patient/p"])
def test_a_patient_may_be_referred_to_in_several_ways(reference: str):
    assert "sex" in covariates(patient(), observation(CRP, 3, subject={"reference": reference}))


def test_a_resource_without_a_patient_is_noted():
    assert "fhir.no_subject" in keys(read(infusion(subject=None)))


SECRETS = ("Geheim", "Zaphod", "1234567890", "1991-09-14", "Hintergasse", "555-0100")


def test_nothing_that_names_the_patient_is_kept_or_repeated():
    identified = patient(
        id="1234567890",
        name=[{"family": "Geheim", "given": ["Zaphod"]}],
        identifier=[{"value": "1234567890"}],
        address=[{"line": ["Hintergasse"]}],
        telecom=[{"value": "555-0100"}],
    )
    subject = {"reference": "Patient/1234567890", "display": "Zaphod Geheim"}
    level = observation(LEVEL, 1, at=LATER, subject=subject, valueQuantity=None, valueString="Zaphod Geheim")
    given = infusion(subject=subject, note=[{"text": "Geheim"}])
    reading = read_bundle(bundle(identified, given, level))
    refused = [
        refusal(identified, infusion(mg=-1, subject=subject)),
        refusal(identified, given, identified | {"id": "2"}),
    ]
    with pytest.raises(InputError) as caught:
        read_bundle(bundle(identified, given).replace('"Zaphod"', "Zaphod"))

    said = json.dumps(reading.tree) + " ".join(map(str, [*reading.notes, *refused, caught.value]))
    assert not [secret for secret in SECRETS if secret in said]


# ------------------------------------------------------------------------------------------------------------- bundle


@pytest.mark.parametrize(
    ("source", "words"),
    [
        ("", "nothing was given"),
        (b"\xff\xfe{}", "the byte at position 0 is not UTF-8"),
        ("<Bundle/>", "this is XML"),
        ('{"resourceType": "Bundle", }', "line 1, column 28: from here on the text is not valid JSON"),
        ("[]", "the top level is no JSON object"),
        ("{}", 'expected "resourceType": "Bundle"'),
        ('{"resourceType": "Patient"}', "the resource is a Patient"),
        ('{"resourceType": "Bundle", "entry": 5}', "entry is missing or not as FHIR R4 has it"),
        ('{"resourceType": "Bundle", "resourceType": "Bundle"}', "Bundle: an object holds the same key more than once"),
        ('{"resourceType": "Bundle", "entry": [{"a": 1, "a": 2}]}', "entry[0]: an object holds the same key"),
        ('{"resourceType": "Bundle", "total": NaN}', "a number is not finite"),
        ('{"resourceType": "Bundle", "total": 1e999}', "a number is not finite"),
        ('{"resourceType": "Bundle", "total": ' + "9" * 5000 + "}", "a number is not finite"),
        ('{"resourceType": "Bundle", "entry": ' + "[" * 100 + "]" * 100 + "}", "nested too deep"),
        ('{"resourceType": "Bundle", "entry": ' + "[" * 100_000 + "]" * 100_000 + "}", "nested too deep"),
        ('{"resourceType": "Bundle", "type": "history"}', "a history holds several versions"),
        ('{"resourceType": "Bundle", "fhirVersion": "5.0.0"}', "another version of FHIR"),
    ],
)
def test_what_is_no_bundle_is_refused_in_one_sentence(source: bytes | str, words: str):
    with pytest.raises(InputError) as caught:
        read_bundle(source)

    assert len(caught.value.problems) == 1
    assert words in str(caught.value)


@pytest.mark.parametrize(
    "changes",
    [
        {"medicationCodeableConcept": None, "medication": {"concept": {"text": "infliximab"}}},
        {"occurencePeriod": {"start": START}},
        {"notGiven": True},
        {"wasNotGiven": True},
        {"meta": {"profile": ["http://hl7.org/fhir/5.0/StructureDefinition/MedicationAdministration"]}},
    ],
)
def test_another_version_of_fhir_is_refused(changes: dict[str, Any]):
    assert "entry[0] MedicationAdministration: this is written in another version" in refusal(infusion(**changes))


def test_the_version_of_a_national_profile_is_not_that_of_fhir():
    profile = "http://hl7.org/fhir/us/core/StructureDefinition/us-core-medicationadministration|5.0.1"

    assert doses(infusion(meta={"profile": [profile]}))


def test_a_byte_order_mark_is_accepted():
    assert read_bundle(b"\xef\xbb\xbf" + bundle(infusion()).encode()).tree["doses"]


def test_what_is_not_read_is_noted():
    request = {"resourceType": "MedicationRequest", "status": "active"}
    reading = read(infusion(), request, {"resourceType": "Condition"}, link=[{"relation": "next", "url": "x"}])

    assert {"fhir.requests", "fhir.other_types", "fhir.more_pages"} <= set(keys(reading))


def test_refusals_can_be_said_in_any_language():
    with pytest.raises(BundleError) as caught:
        read_bundle(bundle(infusion(mg=-1)))

    assert "keine mögliche Menge" in render(caught.value.findings[0].said, "de")


def test_a_large_bundle_is_read_in_a_few_seconds():
    many = [observation("718-7", row, "g/dL") for row in range(20_000)]
    started = time.monotonic()
    read(infusion(), *many)

    assert time.monotonic() - started < 10


@pytest.mark.parametrize(
    ("unit", "target"), [("mg/dL", "kg"), ("mg", "mg/L"), ("mg/L/h", "mg/L"), ("", "mg"), ("Mg", "mg")]
)
def test_a_unit_of_something_else_has_no_factor(unit: str, target: str):
    assert factor_between(unit, target) is None

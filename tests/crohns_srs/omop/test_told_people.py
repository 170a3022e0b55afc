"""The people of the invented database with one difficulty each: what is said of them, written down by hand from their records."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING, Any

import pytest

from crohns_srs.omop import PersonInputs, ReadOptions, open_database, read_people
from crohns_srs.omop.document import person_entry

if TYPE_CHECKING:
    from pathlib import Path

INDEX = date(2024, 6, 30)
CDAI = ReadOptions(cdai_concepts=(2_000_004_001,))


def person(file: Path, one: int, index: date = INDEX, options: ReadOptions = CDAI) -> PersonInputs:
    return read_people(open_database(str(file)), [one], index, options)[0]


def known(found: PersonInputs) -> dict[str, Any]:
    return {key: value for key, value in found.case.items() if key != "schema" and value is not None}


@pytest.mark.requirement("OMOP-01")
def test_somebody_of_whom_everything_is_known(demo_file: Path):
    found = person(demo_file, 1)
    assert known(found) == {
        "age_year": 70,
        "sex": "female",
        "bmi_kg_per_m2": 22.0,
        "crp_mg_per_L": 8.73,
        "tnf_history": True,
        "steroid": True,
        "immunomodulator": False,
        "ileal": False,
        "cdai": 348.0,
    }
    assert (found.refusal, found.missing, found.warnings) == (None, (), ())
    assert [(one.ingredient, one.first) for one in found.biologics] == [("infliximab", date(2021, 3, 18))]
    crp = found.values["crp_mg_per_L"].records[0]
    assert (crp.table, crp.day, crp.unit, crp.value) == ("measurement", date(2024, 6, 26), "mg/L", "8.73")


def test_the_birthday_itself_ends_the_year(demo_file: Path):
    ages = [person(demo_file, 1, date(2024, 1, day)).case["age_year"] for day in (1, 2, 3)]
    assert ages == [69, 70, 70]


@pytest.mark.requirement("OMOP-01")
def test_nothing_stands_for_what_is_not_recorded(demo_file: Path):
    found = person(demo_file, 3)
    assert known(found) == {"age_year": 63}
    reasons = {key: value.how for key, value in found.values.items() if value.is_missing}
    assert "source value 'U'" in reasons["sex"]
    assert "there is no observation period" in reasons["tnf_history"]
    assert "there is no observation period" in reasons["steroid"]
    assert reasons["ileal"] == "no diagnosis says whether the ileum is ill"
    assert "middle of the year of birth" in found.warnings[0]


def test_the_models_do_not_speak_for_somebody_without_crohns_disease(demo_file: Path):
    assert person(demo_file, 4).refusal == "no diagnosis of Crohn's disease on or before the index date"
    assert str(person(demo_file, 10, date(2024, 5, 10)).refusal).startswith("no diagnosis")
    assert person(demo_file, 11).refusal == "born on 2025-07-01, after the index date"


@pytest.mark.requirement("OMOP-01")
def test_units_are_converted_and_others_refused(demo_file: Path):
    found = person(demo_file, 5)
    assert found.case["crp_mg_per_L"] == pytest.approx(12.0, rel=1e-15)
    assert found.case["bmi_kg_per_m2"] == pytest.approx(176 * 0.45359237 / (70 * 0.0254) ** 2, rel=1e-14)
    assert found.case["age_year"] == 39  # month and year alone: born in the middle of February
    assert any("14" not in said and "mmol/L" in said and "cannot be used" in said for said in found.warnings)
    assert [one.unit for one in found.values["bmi_kg_per_m2"].records] == ["[lb_av]", "[in_us]"]
    amount = person(demo_file, 12).values
    assert "nmol/L" in amount["crp_mg_per_L"].how
    assert "its unit is not recorded" in amount["bmi_kg_per_m2"].how
    assert "nor 1 before" in amount["bmi_kg_per_m2"].how


def test_a_unit_without_concept_counts_where_it_is_mapped(demo_file: Path):
    mapped = ReadOptions(units=(("bmi", "", "kg/m2"),))
    assert person(demo_file, 12, options=mapped).case["bmi_kg_per_m2"] == 26.0


def test_the_last_of_a_day_is_taken_and_a_limit_is_told(demo_file: Path):
    found = person(demo_file, 6)
    assert found.case["crp_mg_per_L"] == 5.0
    assert any("other values of 2024-06-25 too (9)" in said for said in found.warnings)
    assert any("reported as below 5" in said for said in found.warnings)
    assert found.values["crp_mg_per_L"].censored == "below"
    assert person_entry(found)["sources"]["crp_mg_per_L"]["censored"] == "below"


@pytest.mark.requirement("OMOP-01")
def test_source_concepts_count_where_nothing_standard_was_found(demo_file: Path):
    found = person(demo_file, 7)
    assert (found.case["ileal"], found.case["tnf_history"], found.refusal) == (True, True, None)
    assert found.values["ileal"].records[0].value == "K50.00"


@pytest.mark.requirement("OMOP-01")
def test_exposures_that_do_not_count(demo_file: Path):
    found = person(demo_file, 8)
    assert found.case["tnf_history"] is False  # begun on the index date
    assert person(demo_file, 8, date(2024, 7, 1)).values["tnf_history"].value is True
    assert found.case["immunomodulator"] is True  # its end lies before its start, its supply lasts
    assert any("ends on 2024-05-11, before it starts" in said for said in found.warnings)
    assert found.case["steroid"] is False
    assert "2 of local use passed over" in found.values["steroid"].how


def test_too_short_an_observation_is_no_history(demo_file: Path):
    found = person(demo_file, 9)
    assert found.case["tnf_history"] is None
    assert "expected 365 days" in found.values["tnf_history"].how
    assert found.case["steroid"] is True  # by the form of the capsule: no route is recorded
    assert person(demo_file, 9, options=ReadOptions(history_days=180)).case["tnf_history"] is False


def test_observation_that_ended_says_nothing_of_today(demo_file: Path):
    found = person(demo_file, 12).values
    assert "observation ended on 2024-05-31" in found["steroid"].how
    later = person(demo_file, 12, options=ReadOptions(gap_days=30)).values
    assert (later["steroid"].value, later["immunomodulator"].value) == (False, False)


def test_records_out_of_their_time_are_passed_over(demo_file: Path):
    found = person(demo_file, 10)
    assert found.case["ileal"] is False  # the diagnosis of the ileum is made a month later
    assert found.case["crp_mg_per_L"] is None
    assert "it has no number" in found.values["crp_mg_per_L"].how
    assert found.biologics == ()
    assert any("1991-08-23 lies before the year of birth" in said for said in found.warnings)
    assert person(demo_file, 10, date(2024, 8, 1)).case["ileal"] is True


def test_an_assumed_cdai_is_told(demo_file: Path):
    found = person(demo_file, 3, options=ReadOptions(assumed_cdai=300.0))
    assert found.case["cdai"] == 300.0
    assert any(said.startswith("cdai: 300 is assumed as asked for") for said in found.warnings)
    assert person(demo_file, 1, options=ReadOptions(assumed_cdai=300.0)).case["cdai"] == 300.0
    both = ReadOptions(assumed_cdai=300.0, cdai_concepts=CDAI.cdai_concepts)
    assert person(demo_file, 1, options=both).case["cdai"] == 348.0

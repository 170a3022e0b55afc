"""Persons of the invented database: what is read is what a plain reading of the same tables finds, on both kinds of database."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING

import pytest

from crohns_srs.data.config import load_config
from crohns_srs.omop import KEYS, ReadOptions, open_database, people, read_people, read_vocabulary, stream_inputs
from crohns_srs.omop.cohort import Cohort, cohort_document
from crohns_srs.omop.measurements import QUANTITIES
from crohns_srs.omop.options import BMI, CDAI, CRP
from tests.crohns_srs.omop.databases import altered
from tests.oracles.omop_tables import plain_inputs, read_tables

if TYPE_CHECKING:
    from pathlib import Path

    from crohns_srs.omop import Database, PersonInputs

INDEX_DAYS = (date(2024, 6, 30), date(2021, 2, 28))
OPTIONS = ReadOptions(cdai_concepts=(2_000_004_001,))
CLASSES = {"anti_tnf": "tnf", "anti_il12_23": "il12", "anti_integrin": "integrin"}


def everybody(database: Database, index: date, options: ReadOptions = OPTIONS) -> list[PersonInputs]:
    vocabulary = read_vocabulary(database, options)
    return list(stream_inputs(database, vocabulary, range(1, 1_000), index, options))


@pytest.mark.requirement("OMOP-01")
@pytest.mark.parametrize("index", INDEX_DAYS)
def test_every_input_is_that_of_a_plain_reading_of_the_tables(demo_file: Path, index: date):
    tables = read_tables(demo_file)
    read = everybody(open_database(str(demo_file)), index)
    assert [one.person_id for one in read] == sorted(tables.people)
    for one in read:
        expected = plain_inputs(tables, one.person_id, index)
        found = {key: value for key, value in one.case.items() if key != "schema"}
        bmi, expected_bmi = found.pop("bmi_kg_per_m2"), expected["bmi_kg_per_m2"]
        assert found == {key: expected[key] for key in found}
        assert (bmi is None) is (expected_bmi is None)
        assert bmi is None or bmi == pytest.approx(expected_bmi, rel=1e-12)
        assert (one.crohns_since is not None) is expected["has_crohns"]
        first: dict[str, str] = {}
        for drug in one.biologics:
            first.setdefault(CLASSES[drug.drug_class], drug.first.isoformat())
        assert sorted((day, group) for group, day in first.items()) == expected["biologics"]


@pytest.mark.requirement("OMOP-02")
def test_postgresql_and_sqlite_give_the_same_answers(demo_file: Path, postgresql_url: str):
    here = open_database(f"sqlite:///{demo_file}")
    there = open_database(postgresql_url, schema="cdm", vocabulary_schema="vocab")
    for options in (
        OPTIONS,
        ReadOptions(golimumab=True, drug_era=True, current_days=14, gap_days=90, high_sensitivity=True),
    ):
        for index in INDEX_DAYS:
            found = [everybody(database, index, options) for database in (here, there)]
            assert found[0] == found[1]
            assert len(found[0]) > 400
    assert people(here, "1") == people(there, "1")
    cohorts = []
    for database in (here, there):
        cohort = Cohort(2016)
        for one in stream_inputs(database, read_vocabulary(database, OPTIONS), None, INDEX_DAYS[0], OPTIONS):
            cohort.add(one)
        cohorts.append(cohort_document(cohort))
    assert cohorts[0] == cohorts[1]


def test_the_inputs_are_those_of_a_patient_case():
    assert set(KEYS) == {one.case for one in load_config().covariates if not one.is_placebo_only}
    limits = {one.case: (one.low, one.high) for one in load_config().covariates}
    kinds = {"bmi_kg_per_m2": BMI, "crp_mg_per_L": CRP, "cdai": CDAI}
    assert {key: limits[key] for key in kinds} == {
        key: (QUANTITIES[of].low, QUANTITIES[of].high) for key, of in kinds.items()
    }


def test_the_list_finds_by_the_beginning_of_an_id_or_the_whole_source_value(demo_file: Path):
    database = open_database(str(demo_file))
    everyone = people(database, limit=1_000)
    assert len(everyone.people) == everyone.n_found > 350
    assert 4 not in {one.person_id for one in everyone.people}
    some = people(database, " 12 ")
    assert {str(one.person_id)[:2] for one in some.people} == {"12"}
    assert people(database, "1", limit=3).n_found > len(people(database, "1", limit=3).people) == 3
    assert [one.person_id for one in people(database, "demo-5").people] == [5]
    assert (
        people(database, "demo-").people == people(database, "%").people == people(database, "' OR 1=1 --").people == ()
    )


@pytest.mark.requirement("OMOP-02")
def test_everybody_is_read_whether_named_or_in_a_range(demo_file: Path):
    database = open_database(str(demo_file))
    vocabulary = read_vocabulary(database, OPTIONS)
    few = list(stream_inputs(database, vocabulary, [5, 9, 300], INDEX_DAYS[0], OPTIONS))
    many = [one for one in everybody(database, INDEX_DAYS[0]) if one.person_id in {5, 9, 300}]
    assert few == many
    assert read_people(database, [300, 5, 9, 5], INDEX_DAYS[0], OPTIONS) == (few[2], few[0], few[1])
    assert read_people(database, [], INDEX_DAYS[0], OPTIONS) == ()


def test_a_death_before_the_index_date_is_told_where_deaths_are_recorded(demo_file: Path, tmp_path: Path):
    index, said = INDEX_DAYS[0], "the person died on 2022-01-01, before the index date."
    drop, table = "DROP TABLE IF EXISTS death", "CREATE TABLE death (person_id BIGINT, death_date VARCHAR)"
    rows = "INSERT INTO death (person_id, death_date) VALUES (1, '2022-01-01'), (1, NULL), (2, '2024-07-01'), (5, 'unknown')"
    told = {one.person_id: one for one in everybody(altered(demo_file, tmp_path, drop, table, rows), index)}
    assert told[1].warnings[0] == said
    assert not any("died" in warning for key in (2, 5) for warning in told[key].warnings)
    none = everybody(altered(demo_file, tmp_path, drop), index)
    assert [one.case for one in none] == [one.case for one in told.values()]


def test_a_height_of_a_child_is_not_said_to_be_none(demo_file: Path, tmp_path: Path):
    index = INDEX_DAYS[0]
    delete = "DELETE FROM measurement WHERE person_id = 1"
    rows = (
        "INSERT INTO measurement (measurement_id, person_id, measurement_concept_id, measurement_date, value_as_number, unit_concept_id) "
        "VALUES (900001, 1, 3025315, '2024-05-01', 70, 9529), (900002, 1, 3036277, '1965-01-01', 140, 8582)"
    )
    (found,) = read_people(altered(demo_file, tmp_path, delete, rows), [1], index, OPTIONS)
    expected = (
        "no body mass index in the 365 days up to the index date; no height from 18 years on, the last is of 1965-01-01"
    )
    assert found.values["bmi_kg_per_m2"].how == expected

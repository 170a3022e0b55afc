"""Databases that cannot be read are told in one sentence each, and nothing is ever written to one."""

from __future__ import annotations

import sqlite3
import sys
from datetime import date
from typing import TYPE_CHECKING

import pytest
from sqlalchemy import create_engine, text
from sqlalchemy.exc import DBAPIError

from crohns_srs.omop import ReadOptions, open_database, read_people, read_vocabulary
from crohns_srs.omop.database import said_of
from crohns_srs.omop.demo import demo_rows, write_demo
from pkpd.errors import InputError
from tests.crohns_srs.omop.databases import altered, of_its_own

if TYPE_CHECKING:
    from pathlib import Path

SECRET = "geheim"  # noqa: S105 - not one
INDEX = date(2024, 6, 30)


def refusal(url: str, schema: str | None = None) -> str:
    with pytest.raises(InputError) as caught:
        open_database(url, schema)
    assert "Traceback" not in str(caught.value)
    assert SECRET not in str(caught.value)
    return str(caught.value)


@pytest.mark.requirement("OMOP-03", "BAD-01")
@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("", "--url: is empty; expected a database"),
        ("sqlite://", "--url: names no file"),
        ("sqlite:///:memory:", "--url: names no file"),
        ("/nowhere/cdm.sqlite", "/nowhere/cdm.sqlite: no such file"),
        ("/tmp", "/tmp: is a folder"),  # noqa: S108 - not written to
        (
            f"postgresql://me:{SECRET}@127.0.0.1:1/cdm",
            "postgresql://127.0.0.1:1/cdm: cannot be read (connection failed",
        ),
        (f"postgresql://127.0.0.1:1/cdm?user=me&password={SECRET}", "postgresql://127.0.0.1:1/cdm: cannot be read ("),
        (f"postgresql://me:{SECRET}@nosuchhost.invalid/cdm", "postgresql://nosuchhost.invalid/cdm: cannot be read ("),
        (f"postgresql://me:{SECRET}@127.0.0.1:port/cdm", "--url: is no URL of a database"),
        (f"nothing://me:{SECRET}@127.0.0.1/cdm", "--url: 'nothing' is no kind of database that is known"),
    ],
)
def test_what_cannot_be_opened_is_told_without_the_password(url: str, expected: str):
    assert refusal(url).startswith(expected)


def test_a_driver_that_is_not_installed_is_told(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setitem(sys.modules, "psycopg", None)
    said = refusal(f"postgresql://me:{SECRET}@127.0.0.1:1/cdm")
    assert said.startswith(
        "postgresql://127.0.0.1:1/cdm: needs the Python package 'psycopg', which is not installed (`pip install"
    )


def test_a_file_may_be_called_anything(demo_file: Path, tmp_path: Path):
    folder = tmp_path / "odd #1?%20ä"
    folder.mkdir()
    file = folder / "c d.sqlite"
    file.write_bytes(demo_file.read_bytes())
    assert read_people(open_database(str(file)), [1], INDEX, ReadOptions())[0].case["sex"] == "female"


def test_views_serve_as_tables_and_the_size_of_letters_does_not_count(demo_file: Path, tmp_path: Path):
    database = altered(
        demo_file,
        tmp_path,
        "ALTER TABLE person RENAME TO p",
        "CREATE VIEW PERSON AS SELECT * FROM p",
    )
    assert read_people(database, [1], INDEX, ReadOptions())[0].case["sex"] == "female"


def test_a_file_of_something_else_is_told(tmp_path: Path):
    (tmp_path / "text.sqlite").write_text("person_id,year_of_birth\n1,1960\n" * 100, encoding="utf-8")
    assert "file is not a database" in refusal(str(tmp_path / "text.sqlite"))


def test_tables_and_columns_that_are_not_there_are_told(tmp_path: Path):
    file = tmp_path / "part.sqlite"
    with sqlite3.connect(file) as connection:
        connection.execute("CREATE TABLE PERSON (PERSON_ID INTEGER, gender_concept_id INTEGER)")
    connection.close()
    said = refusal(str(file)).splitlines()
    assert "table person: has no year_of_birth, month_of_birth" in said[0]
    assert "has no table observation_period, condition_occurrence, drug_exposure, measurement, concept" in said[1]
    assert "--schema" in said[1]
    assert "has no schema 'cdm'; expected one of those there: main" in refusal(str(file), "cdm")


@pytest.mark.requirement("OMOP-03")
def test_the_wrong_schema_of_a_server_is_told(postgresql_url: str):
    said = refusal(postgresql_url, "omop")
    assert "has no schema 'omop'; expected one of those there: cdm," in said
    said = refusal(postgresql_url, "cdm")  # where the vocabulary is not
    assert "has no table concept, concept_ancestor, concept_relationship in schema 'cdm'" in said
    assert "has no table person" in refusal(postgresql_url)


def test_a_vocabulary_without_crohns_disease_is_told(demo_file: Path, tmp_path: Path):
    database = altered(demo_file, tmp_path, "DELETE FROM concept WHERE concept_id = 201606")
    with pytest.raises(InputError, match=r"table concept has no Crohn's disease \(concept 201606\)"):
        read_vocabulary(database, ReadOptions())


def test_a_vocabulary_without_some_ingredients_says_so(demo_file: Path, tmp_path: Path):
    words = (
        "DELETE FROM concept WHERE concept_name IN ('adalimumab', 'infliximab', 'certolizumab pegol')",
        "DELETE FROM concept WHERE concept_code IN ('1988-5', '76485-2')",
    )
    database = altered(demo_file, tmp_path, *words)
    notes = read_vocabulary(database, ReadOptions()).notes
    assert notes == (
        "The vocabulary has no ingredient adalimumab, infliximab, certolizumab pegol: exposures to it cannot be found.",
        "The vocabulary has no LOINC code for crp: none can be found.",
    )
    found = read_people(database, [2], INDEX, ReadOptions())[0].values["tnf_history"]
    assert (found.value, found.how) == (None, "the vocabulary has no anti-TNF")


def test_a_hierarchy_that_was_not_loaded_is_no_answer(demo_file: Path, tmp_path: Path):
    """Without concept_ancestor no drug is found; "no" would be said of somebody who had one."""
    database = altered(demo_file, tmp_path, "DELETE FROM concept_ancestor")
    with pytest.raises(InputError, match=r"concept_ancestor has nothing below Crohn's disease \(concept 201606\)"):
        read_vocabulary(database, ReadOptions())
    drugs = "DELETE FROM concept_ancestor WHERE ancestor_concept_id IN (SELECT concept_id FROM concept WHERE domain_id = 'Drug')"
    database = altered(demo_file, tmp_path, drugs)
    assert "The vocabulary has no drug below" in read_vocabulary(database, ReadOptions()).notes[0]
    values = read_people(database, [2], INDEX, ReadOptions())[0].values
    for key in ("tnf_history", "steroid", "immunomodulator"):
        assert values[key].value is None
    assert values["tnf_history"].how == "the vocabulary has no anti-TNF"
    assert values["ileal"].value is True


def test_tables_that_are_asked_for_must_be_there(demo_file: Path, tmp_path: Path):
    database = altered(demo_file, tmp_path, "DROP TABLE drug_era", "DROP TABLE observation")
    read_vocabulary(database, ReadOptions())
    with pytest.raises(InputError, match="has no table drug_era"):
        read_vocabulary(database, ReadOptions(drug_era=True))
    with pytest.raises(InputError, match="has no table observation"):
        read_vocabulary(database, ReadOptions(cdai_sources=("CDAI",)))


@pytest.mark.parametrize(
    ("change", "key", "expected"),
    [
        ("UPDATE measurement SET value_as_number = 'high' WHERE person_id = 1 AND measurement_concept_id = 3020460", "crp_mg_per_L", None),
        ("UPDATE measurement SET value_as_number = 9e999 WHERE person_id = 1 AND measurement_concept_id = 3020460", "crp_mg_per_L", None),
        ("UPDATE measurement SET unit_concept_id = NULL, unit_source_value = 7 WHERE person_id = 1 AND measurement_concept_id = 3020460", "crp_mg_per_L", None),
        ("UPDATE measurement SET measurement_date = 'soon' WHERE person_id = 1 AND measurement_concept_id = 3038553", "bmi_kg_per_m2", None),
        ("UPDATE measurement SET measurement_date = 20240610 WHERE person_id = 1 AND measurement_concept_id = 3038553", "bmi_kg_per_m2", 22.0),
        ("UPDATE person SET birth_datetime = NULL, year_of_birth = 'old' WHERE person_id = 1", "age_year", None),
        ("UPDATE person SET birth_datetime = NULL, year_of_birth = -5 WHERE person_id = 1", "age_year", None),
        ("UPDATE person SET birth_datetime = NULL, year_of_birth = 1850 WHERE person_id = 1", "age_year", None),
        ("UPDATE person SET gender_concept_id = NULL, gender_source_value = 3 WHERE person_id = 1", "sex", None),
        ("UPDATE person SET gender_concept_id = 8521 WHERE person_id = 1", "sex", None),
        ("UPDATE drug_exposure SET days_supply = -3 WHERE person_id = 1", "steroid", True),
        ("UPDATE drug_exposure SET days_supply = 'many', drug_exposure_end_date = 'never' WHERE person_id = 1", "steroid", True),
        ("UPDATE drug_exposure SET drug_exposure_start_date = NULL WHERE person_id = 1", "tnf_history", False),
        ("INSERT INTO observation_period VALUES (9999, 1, NULL, '2024-06-30')", "immunomodulator", False),
        ("UPDATE condition_occurrence SET condition_source_value = NULL, condition_concept_id = NULL WHERE person_id = 1", "ileal", None),
    ],
)  # fmt: skip
def test_damaged_cells_end_nothing(demo_file: Path, tmp_path: Path, change: str, key: str, expected: object):
    found = read_people(altered(demo_file, tmp_path, change), [1], INDEX, ReadOptions())[0]
    assert found.case[key] == expected
    assert found.values[key].how


def test_dates_may_be_seconds(demo_file: Path, tmp_path: Path):
    # as OHDSI's own definitions of tables for SQLite have it
    words = ("ALTER TABLE person DROP COLUMN birth_datetime", "ALTER TABLE person ADD COLUMN birth_datetime REAL")
    database = altered(demo_file, tmp_path, *words, "UPDATE person SET birth_datetime = -504921600 WHERE person_id = 1")
    found = read_people(database, [1], INDEX, ReadOptions())[0].values["age_year"]
    assert (found.value, found.records[0].day) == (70, date(1954, 1, 1))


def test_ids_that_are_text_are_refused(demo_file: Path, tmp_path: Path):
    words = (
        "ALTER TABLE measurement RENAME TO m",
        "CREATE TABLE measurement AS SELECT CAST(person_id AS TEXT) AS pid, * FROM m",
    )
    database = altered(
        demo_file, tmp_path, *words, "ALTER TABLE measurement DROP COLUMN person_id", "ALTER TABLE measurement RENAME pid TO person_id"
    )  # fmt: skip
    with pytest.raises(InputError, match="table measurement: person_id holds '1', a str; expected whole numbers"):
        read_people(database, [1], INDEX, ReadOptions())


@pytest.mark.requirement("OMOP-03")
def test_nothing_can_be_written(demo_file: Path, postgresql_url: str):
    before = demo_file.read_bytes()
    for database in (open_database(str(demo_file)), open_database(postgresql_url, "cdm", "vocab")):
        place = "cdm.person" if "postgresql" in database.name else "person"
        for words in (f"DELETE FROM {place}", "CREATE TABLE stray (x integer)"):  # noqa: S608 - names of this test
            with database.engine.connect() as connection, pytest.raises(DBAPIError, match=r"read-?only"):
                connection.execute(text(words))
    assert demo_file.read_bytes() == before


def test_a_lost_connection_is_told(postgresql_url: str, server: str):
    database = open_database(postgresql_url, "cdm", "vocab")
    other = create_engine(f"postgresql+psycopg://postgres@/postgres?host={server}")

    def read_while_it_ends() -> None:
        with database.connect() as connection:
            backend = connection.execute(text("SELECT pg_backend_pid()")).scalar_one()
            with other.connect() as killer:
                killer.execute(text("SELECT pg_terminate_backend(:pid)"), {"pid": backend})
            connection.execute(text("SELECT 1"))

    with pytest.raises(InputError, match=r"postgresql://.*: (the connection was lost|cannot be read) \("):
        read_while_it_ends()
    other.dispose()


def change(url: str, *statements: str) -> None:
    engine = create_engine(url, connect_args={"client_encoding": "utf8"})
    with engine.begin() as connection:
        for one in statements:
            connection.execute(text(one))
    engine.dispose()


def test_dates_that_python_has_not_end_nothing(server: str):
    url = of_its_own(server, "endless", demo_rows(0, 1, lambda _: None))
    change(
        url,
        "ALTER TABLE person ALTER COLUMN birth_datetime TYPE timestamptz USING birth_datetime AT TIME ZONE 'UTC'",
        "UPDATE drug_exposure SET drug_exposure_end_date = 'infinity' WHERE person_id IN (1, 2)",
        "UPDATE observation_period SET observation_period_end_date = 'infinity'",
        "UPDATE measurement SET measurement_datetime = 'infinity' WHERE person_id = 1",
        "UPDATE measurement SET measurement_date = '-infinity' WHERE person_id = 2",
        "INSERT INTO condition_occurrence VALUES (99, 1, 4244235, '20000-01-01')",
        "INSERT INTO condition_occurrence VALUES (98, 1, 4244235, '0044-03-15 BC')",
    )
    first, second = read_people(open_database(url), [1, 2], INDEX, ReadOptions())
    assert (first.case["age_year"], first.case["crp_mg_per_L"], first.case["ileal"]) == (70, 8.73, False)
    assert [one.case["steroid"] for one in (first, second)] == [True, True]
    assert second.case["tnf_history"] is False
    assert second.case["crp_mg_per_L"] is None


def test_servers_without_an_encoding_are_read(server: str):
    url = of_its_own(server, "plain", demo_rows(0, 1, lambda _: None), encoding="SQL_ASCII")
    assert read_people(open_database(url), [1], INDEX, ReadOptions())[0].case["sex"] == "female"
    change(url, "UPDATE person SET gender_source_value = convert_from('\\xe9', 'SQL_ASCII')")
    with pytest.raises(InputError, match=r'cannot be read \(invalid byte sequence for encoding "UTF8": 0xe9\)'):
        read_people(open_database(url), [1], INDEX, ReadOptions())


def test_a_password_in_an_answer_is_taken_out():
    with pytest.raises(InputError) as caught, said_of("db", (SECRET, None)):
        raise DBAPIError("SELECT 1", None, Exception(f"no entry for {SECRET}.\nmore"))
    assert str(caught.value).startswith("db: cannot be read (no entry for ***);")


def test_the_same_seed_draws_the_same_people(demo_file: Path, tmp_path: Path):
    shares: list[float] = []
    write_demo(tmp_path / "again.sqlite", 400, 7, shares.append)
    assert shares == [1.0]
    dumps = []
    for file in (demo_file, tmp_path / "again.sqlite"):
        connection = sqlite3.connect(file)
        dumps.append(list(connection.iterdump()))
        connection.close()
    assert dumps[0] == dumps[1]

"""What a database says of a person is told in the reader's language, with the same values as in the documents."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from crohns_srs.omop import Said, open_database, read_people
from crohns_srs.omop.demo import N_TOLD, write_demo
from crohns_srs.omop.demo_people import CDAI_CONCEPT, DEMO_INDEX
from crohns_srs.omop.options import ReadOptions
from crohns_srs.omop.reason import SENTENCES
from dosing_app.findings.crohns.source import reason_words, source_rows
from dosing_app.language import speaking
from dosing_app.language.catalogue import catalogue

if TYPE_CHECKING:
    from crohns_srs.omop import PersonInputs

FAMILY = "crohns.omop.said."
LIMITS = (ReadOptions(cdai_concepts=(CDAI_CONCEPT,)), ReadOptions(assumed_cdai=300.0, gap_days=60))


@pytest.fixture(scope="module")
def people(tmp_path_factory: pytest.TempPathFactory) -> list[PersonInputs]:
    file = tmp_path_factory.mktemp("omop") / "invented.sqlite"
    write_demo(file, 60, 1, lambda _: None)
    ids = range(1, N_TOLD + 61)
    database = open_database(str(file))
    return [one for limits in LIMITS for one in read_people(database, ids, DEMO_INDEX, limits)]


def reasons(people: list[PersonInputs]) -> set[Said]:
    found = {one.refusal for one in people if one.refusal}
    found |= {value.how for one in people for value in one.values.values()}
    return found | {warning for one in people for warning in one.warnings}


def codes(one: Said) -> set[str]:
    """Return the code of a sentence and those of the sentences in it."""
    return {one.code}.union(*(codes(value) for value in one.values.values() if isinstance(value, Said)))


def test_the_page_says_in_english_what_the_documents_say():
    told = {key.removeprefix(FAMILY): forms for key, forms in catalogue("en").templates.items() if FAMILY in key}
    assert {code: forms[0].replace("’", "'") for code, forms in told.items()} == SENTENCES
    assert all(len(forms) == 1 for forms in told.values())


@pytest.mark.requirement("OMOP-01")
def test_every_reason_of_the_invented_people_is_told_in_german(people: list[PersonInputs]):
    found = reasons(people)
    with speaking("de"):
        german = {one: reason_words(one) for one in found}
    assert len(found) > 60
    assert len(set().union(*map(codes, found))) > 40
    # Alike in both languages: names of the tables alone.
    assert {one for one, said in german.items() if said == one} == {"gender_concept_id"}
    for one, said in german.items():
        assert "{" not in said
        assert not {" the ", " and ", " is ", " no ", " of "} & {f" {word} " for word in said.split()}, one


def test_days_records_and_decimals_are_those_of_the_reading(people: list[PersonInputs]):
    rows = {row.name: row.how for row in source_rows(people[0])}
    with speaking("de"):
        german = {row.name: row.how for row in source_rows(people[0])}
        weight = next(reason_words(one) for one in people[4].warnings if "mmol/L" in one)
    assert rows["CRP"] == "latest C-reactive protein"
    assert german["CRP"] == "C-reaktives Protein, letzter Wert"
    assert rows["Age"].removeprefix("completed years from ") == german["Alter"].removeprefix("vollendete Jahre seit ")
    assert weight.startswith("CRP: measurement ")
    assert weight.endswith("ist keine von mg/L, ug/mL, mg/dL, g/L, ug/L, ng/mL.")

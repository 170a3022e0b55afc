"""The table of a cohort: counts of a plain reading of the tables."""

from __future__ import annotations

import json
from collections import Counter
from datetime import date
from typing import TYPE_CHECKING, Any

import pytest

from crohns_srs.omop import ReadOptions, answers, open_database, read_vocabulary, stream_inputs
from crohns_srs.omop.answers import labelled_persons
from crohns_srs.omop.cohort import Cohort, cohort_document
from crohns_srs.omop.document import person_entry
from crohns_srs.predict.case import read_case
from crohns_srs.predict.effects import Uncertainty
from crohns_srs.predict.library import shipped_models
from crohns_srs.predict.recommend import recommend
from tests.oracles.omop_tables import plain_inputs, read_tables

if TYPE_CHECKING:
    from pathlib import Path

INDEX, SINCE = date(2024, 6, 30), 2018
OPTIONS = ReadOptions()
CLASSES = {"tnf": "anti_tnf", "il12": "anti_il12_23", "integrin": "anti_integrin"}


@pytest.fixture(scope="module")
def document(demo_file: Path) -> dict[str, Any]:
    database = open_database(str(demo_file))
    cohort, models = Cohort(SINCE), shipped_models()
    people = stream_inputs(database, read_vocabulary(database, OPTIONS), None, INDEX, OPTIONS)
    for one, label in labelled_persons(people, models, Uncertainty.PAPER):
        cohort.add(one, label)
    return json.loads(json.dumps(cohort_document(cohort)))


@pytest.mark.requirement("OMOP-02")
def test_the_counts_are_those_of_a_plain_reading(demo_file: Path, document: dict[str, Any]):
    tables = read_tables(demo_file)
    counts: Counter[tuple[int, str, str]] = Counter()
    for person, row in tables.people.items():
        plain = plain_inputs(tables, person, INDEX)
        if not plain["has_crohns"] or row["year_of_birth"] > INDEX.year:
            continue
        age, sex = INDEX.year - row["year_of_birth"], plain["sex"] or "unknown"
        group = (age // 5 * 5, sex)
        counts[*group, "n"] += 1
        if plain["biologics"]:
            counts[*group, "ever_biologic"] += 1
            day, first = plain["biologics"][0]
            counts[*group, "first_biologic_since"] += int(day[:4]) >= SINCE
            counts[*group, f"first_{CLASSES[first]}"] += 1
            given = {CLASSES[one] for _, one in plain["biologics"]}
            for one in given:
                counts[*group, f"ever_{one}"] += 1
            counts[*group, "biologic_without_anti_il12_23"] += "anti_il12_23" not in given
    found = {
        (one["age_from"], one["sex"], key): value
        for one in document["groups"]
        for key, value in one.items()
        if key not in {"age_from", "age_to", "sex"} and value
    }
    assert found == {key: value for key, value in counts.items() if value}
    older = {
        key: sum(v for (age, sex, k), v in counts.items() if k == key and sex == "female" and age >= 50)
        for key in ("n", "ever_biologic")
    }
    assert {key: document["women_from_50"][key] for key in older} == older
    assert document["women_from_50"]["share_of_crohns"] == older["n"] / document["n_crohns"]


def test_groups_add_up_to_everybody(document: dict[str, Any]):
    for key, value in document["everybody"].items():
        assert sum(one[key] for one in document["groups"]) == value
    firsts = sum(document["everybody"][f"first_{one}"] for one in CLASSES.values())
    assert firsts == document["everybody"]["ever_biologic"]
    assert sum(document["labels"]["everybody"].values()) == document["n_crohns"]


@pytest.mark.parametrize("uncertainty", list(Uncertainty))
def test_labels_of_many_are_those_of_each_alone(
    demo_file: Path, uncertainty: Uncertainty, monkeypatch: pytest.MonkeyPatch
):
    database, models = open_database(str(demo_file)), shipped_models()
    people = list(stream_inputs(database, read_vocabulary(database, OPTIONS), None, INDEX, OPTIONS))
    monkeypatch.setattr(answers, "_TOGETHER", 64)
    found = list(labelled_persons(iter(people), models, uncertainty))
    assert [one.person_id for one, _ in found] == [one.person_id for one in people]
    for one, label in found[::5]:  # a whole answer takes long
        case = None if one.refusal else read_case(json.dumps(one.case), models.config)
        assert label == ("" if case is None else recommend(models, case, uncertainty)["label"])
    assert sum(label != "" for _, label in found[::5]) > 20


def test_the_entry_of_a_person_says_where_each_value_comes_from(demo_file: Path):
    database = open_database(str(demo_file))
    one = next(stream_inputs(database, read_vocabulary(database, OPTIONS), [5], INDEX, OPTIONS))
    entry = json.loads(json.dumps(person_entry(one)))
    assert (entry["status"], entry["refusal"]) == ("incomplete", None)
    assert set(entry["missing"]) | set(entry["sources"]) == set(entry["case"]) - {"schema"}
    assert set(entry["missing"]) == {"cdai"}
    crp = entry["sources"]["crp_mg_per_L"]
    assert crp["how"] == "latest C-reactive protein, converted from mg/dL"
    assert crp["records"] == [
        {"table": "measurement", "id": 9, "concept_id": 3020460, "date": "2024-05-21", "unit": "mg/dL", "value": "1.2"}
    ]

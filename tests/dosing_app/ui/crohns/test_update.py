"""What the server answers to entries on the page: the answer, the last valid one where something is wrong, and nothing of a patient in its log."""

from __future__ import annotations

import json
from dataclasses import replace
from threading import Thread
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from benchmarks.visitor import Visitor
from crohns_srs.omop import ReadOptions, open_database, read_people
from crohns_srs.omop.demo import write_demo
from crohns_srs.omop.demo_people import CDAI_CONCEPT, DEMO_INDEX
from dosing_app.decision.crohns.case import class_ids, example_tree
from dosing_app.decision.crohns.omop import OmopSource, open_source
from dosing_app.findings.crohns.source import source_rows
from dosing_app.ui import create_app, ids
from dosing_app.ui.crohns.screen import empty_screen, screen_from_tree
from dosing_app.ui.crohns.update import page_outputs
from dosing_app.ui.server import open_server
from dosing_app.ui.server_options import read_server_options
from pkpd.errors import InputError
from tte import load_event_model

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

EXAMPLE = screen_from_tree(example_tree())
ODD = [
    "",
    "?",
    "0",
    "-1",
    "1e5",
    "nan",
    "inf",
    "1,5",
    "1.234",
    "7O",
    "<5",
    "70 y",
    "8,7 mg/dL",
    "\u0000",
    "9" * 400,
    "½",
    " 48 ",
]


def text_of(outputs: Any) -> str:
    """Return everything that the browser would get."""
    return json.dumps(
        outputs, default=lambda part: part.to_plotly_json() if hasattr(part, "to_plotly_json") else str(part)
    )


def test_a_wrong_entry_keeps_the_last_valid_answer_and_says_so():
    before = page_outputs(EXAMPLE, None, None)
    wrong = replace(EXAMPLE, fields={**EXAMPLE.fields, "age_year": "7O"})
    after = page_outputs(wrong, before["results"]["valid"], None)

    assert text_of(after["results"]) == text_of(before["results"])
    assert after["marks"]["stale"]
    assert "letter O" in after["marks"]["errors"]["age_year"]
    assert not any(said for key, said in after["marks"]["errors"].items() if key != "age_year")


def test_a_wrong_entry_before_any_answer_leaves_the_page_empty():
    wrong = replace(empty_screen(), fields={**empty_screen().fields, "age_year": "7O"})
    after = page_outputs(wrong, None, None)

    assert after["results"]["valid"] is None
    assert after["marks"]["errors"]["age_year"]


def test_nothing_of_an_earlier_patient_stays_on_an_empty_page():
    before = page_outputs(EXAMPLE, None, None)
    after = page_outputs(empty_screen(), before["results"]["valid"], None)

    assert after["results"]["valid"] is None
    assert "Anti-" not in text_of(after["results"])


@pytest.mark.requirement("BAD-01")
def test_whatever_is_entered_is_answered_without_a_trace_or_a_number_that_is_none():
    rng = np.random.default_rng(20261128)
    choices = ["?", "yes", "no", "female", "male", None]
    valid = None
    for _ in range(150):
        fields: dict[str, str | None] = {
            key: str(rng.choice(ODD)) if key in {"age_year", "bmi_kg_per_m2", "crp_mg_per_L", "cdai"} else value
            for key, value in EXAMPLE.fields.items()
        }
        fields |= {key: choices[rng.integers(3)] for key in ("tnf_history", "steroid", "immunomodulator", "ileal")}
        fields["sex"] = choices[rng.choice([0, 3, 4, 5])]
        classes = [name for name in class_ids() if rng.random() < 0.7]
        screen = replace(EXAMPLE, fields=fields, classes=classes, worthwhile=str(rng.choice(["20", "", "0", "x", "5"])))
        found = page_outputs(screen, valid, None)
        said = text_of(found)
        assert "NaN" not in said
        assert "Infinity" not in said
        if found["results"]["valid"]:
            valid = found["results"]["valid"]
    assert valid is not None


@pytest.fixture(scope="module")
def database(tmp_path_factory: pytest.TempPathFactory) -> OmopSource:
    file = tmp_path_factory.mktemp("omop") / "invented.sqlite"
    write_demo(file, 5, 1, lambda _: None)
    return OmopSource(open_database(str(file)), DEMO_INDEX, ReadOptions(cdai_concepts=(CDAI_CONCEPT,)))


@pytest.mark.requirement("OMOP-01")
def test_a_person_of_the_database_is_told_with_every_source(database: OmopSource):
    person = database.read(6, database.usual_date)
    rows = {row.name: row for row in source_rows(person)}

    assert {name for name, row in rows.items() if row.is_missing} == {"BMI", "CDAI today"}
    for row in rows.values():
        assert row.how
        assert row.value == "missing" if row.is_missing else row.value != "missing"
    assert rows["CRP"].value == "5 mg/L"
    assert rows["CRP"].records.startswith("measurement 12, 2024-06-25")
    assert "/" not in database.name


def test_a_reckoned_number_has_as_many_digits_as_a_typed_one(database: OmopSource):
    read = read_people(database.database, [5], DEMO_INDEX, database.options)[0]
    person = database.read(5, DEMO_INDEX)
    bmi = read.case["bmi_kg_per_m2"]

    assert len(str(bmi)) > 8
    assert person.case["bmi_kg_per_m2"] == pytest.approx(bmi, abs=0.005)
    assert {row.value for row in source_rows(person) if row.name == "BMI"} == {f"{bmi:.4g} kg/m²"}
    assert screen_from_tree(person.case).fields["bmi_kg_per_m2"] == f"{bmi:.4g}"


def test_inputs_of_a_database_are_told_until_they_are_changed(database: OmopSource):
    screen = screen_from_tree(database.read(6, DEMO_INDEX).case)
    source = {"person": 6, "on": "2024-06-30", "fields": screen.fields}
    said = text_of(page_outputs(screen, None, source)["marks"]["checks"])
    changed = replace(screen, fields={**screen.fields, "age_year": "30"})
    after = text_of(page_outputs(changed, None, source)["marks"]["checks"])
    other = text_of(page_outputs(EXAMPLE, None, {**source, "fields": {"age_year": "3"}})["marks"]["checks"])

    assert "Person 6 of the database on 2024-06-30: 7 of 9 inputs." in said
    assert "Missing there: CDAI today, BMI." in said
    assert "Changed since: Age." in after
    assert "Person 6" not in other


def test_a_database_that_anybody_could_read_is_refused(tmp_path: Path):
    with pytest.raises(InputError, match=r"^--omop: whoever reaches this server could read every person"):
        open_source(
            str(tmp_path / "cdm.sqlite"), schema=None, index_date=None, cdai_concepts=(), is_reached_by_anybody=True
        )


@pytest.fixture
def visitor(tmp_path: Path) -> Iterator[tuple[Visitor, Path]]:
    log = tmp_path / "audit.jsonl"
    app = create_app(event_model=load_event_model(), crohns_case=example_tree() | {"label": "patient-7f3a"})
    server = open_server(app, port=0, options=read_server_options(audit_log=str(log)))
    thread = Thread(target=server.run, daemon=True)
    thread.start()
    found = Visitor("127.0.0.1", int(server.effective_port))
    found.open()
    yield found, log
    found.close()
    server.close()
    thread.join(timeout=10)


def test_an_entry_is_answered_and_logged_without_the_patient(visitor: tuple[Visitor, Path]):
    page, log = visitor
    page.change(ids.crohns_field("age_year"), "value", "43.7")
    entries = [json.loads(line) for line in log.read_text("utf-8").splitlines()]

    assert "43.7" in str(page.value(ids.CROHNS_VALID, "data"))
    assert [one["action"] for one in entries] == ["crohns", "crohns"]
    assert {one["model"]["id"] for one in entries} == {"rudrapatna_2025"}
    assert all(len(one["model"]["sha256"]) == 64 for one in entries)
    assert "43.7" not in log.read_text("utf-8")
    assert "7f3a" not in log.read_text("utf-8")

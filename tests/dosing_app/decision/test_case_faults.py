"""Faults of a case are messages: English as in the format's own words, German, and with the words of a screen."""

from __future__ import annotations

import json
from typing import Any

import pytest

from dosing_app.decision.case_faults import CaseError, Fault
from dosing_app.decision.case_schema import PARTS
from dosing_app.decision.level_text import TextFault, read_level
from dosing_app.decision.patient import read_case
from dosing_app.language import Name, message, render
from dosing_app.language.catalogue import catalogue
from tests.dosing_app.decision.test_patient_refusals import REFUSED, VALID, changed

FIELDS = sorted(
    {(field.alias or name, field.description) for part in PARTS.values() for name, field in part.model_fields.items()},
    key=str,
)


def faults_of(source: Any) -> tuple[Fault, ...]:
    with pytest.raises(CaseError) as caught:
        read_case(source)
    return caught.value.faults


@pytest.mark.parametrize(("field", "description"), FIELDS)
def test_a_message_expects_what_the_schema_describes(field: str, description: str):
    assert str(message(f"expected.{field}")) == description


def test_nothing_is_expected_of_a_field_that_does_not_exist():
    expected = {key.removeprefix("expected.") for key in catalogue("en").templates if key.startswith("expected.")}

    assert expected == {field for field, _ in FIELDS} | {"case"}


@pytest.mark.parametrize(("path", "value"), [row[:2] for row in REFUSED])
def test_a_refusal_is_said_in_each_language(path: str, value: object):
    for fault in faults_of(changed((path, value))):
        german = render(fault.message, "de")
        assert fault.message.key != "fault.other"
        assert german != str(fault.message)
        assert "expected" not in german


def test_faults_stand_in_the_order_of_the_problems_with_their_paths():
    with pytest.raises(CaseError) as caught:
        read_case(changed(("limits.vial_mg", -1), ("samples.1.time_day", "x"), ("covariates.weight_kg", 400)))

    faults, problems = caught.value.faults, caught.value.problems
    assert [fault.path for fault in faults] == [
        ("covariates", "weight_kg"),
        ("samples", 1, "time_day"),
        ("limits", "vial_mg"),
    ]
    assert [fault.problem() for fault in faults] == list(problems)
    assert str(problems[0]) == "covariates.weight_kg: 400 is too large; expected a body weight from 10 to 300 kg"


def test_a_repeated_fault_is_said_once():
    fault = Fault(("doses",), message("fault.key_repeated"))

    assert CaseError([fault, fault]).faults == (fault,)


def test_a_text_that_is_no_json_has_a_place_in_each_language():
    (fault,) = faults_of('{"schema" 1}')

    assert fault.path == ()
    assert fault.place is not None
    assert fault.problem().place == "line 1, column 11"
    assert render(fault.place, "de") == "Zeile 1, Spalte 11"


@pytest.mark.parametrize(
    "source", ["", b"\xff", "[1]", "[" * 100_000, json.dumps({**VALID, "label": [[[[[[[[[[]]]]]]]]]]})]
)
def test_what_is_no_case_at_all_is_said_in_each_language(source: str | bytes):
    for fault in faults_of(source):
        assert render(fault.message, "de") != str(fault.message)


def test_a_screen_has_its_own_words_for_keys_and_rows():
    (fault,) = faults_of(changed(("doses.1.time_day", 0)))
    (limit,) = faults_of(changed(("samples.0.concentration_mg_per_L", 21)))

    assert str(fault.message.with_words({"doses[0]": "row 1"})).startswith("0 repeats the time of row 1;")
    words = {"uloq_mg_per_L": "upper limit", '"censored": "above"': "a limit such as >20"}
    assert str(limit.message.with_words(words)) == (
        "21 is above upper limit 20; expected a value up to it, or a limit such as >20"
    )
    assert Name("uloq_mg_per_L") in limit.message.values.values()


def test_numbers_have_the_signs_of_the_language():
    (fault,) = faults_of(changed(("covariates.weight_kg", 9.9)))

    assert render(fault.message, "de").startswith("9,9 ist zu klein;")


def test_what_was_typed_is_said_in_each_language():
    read = read_level("1O.5")

    assert isinstance(read, TextFault)
    assert read.sentence == (
        "“1O.5” has the letter O in it. Type a number such as 10.5, or a limit such as <0.4 or >20."
    )
    assert render(read.message, "de") == (
        "„1O.5“ enthält den Buchstaben O. Eine Zahl wie 10,5 oder eine Grenze wie <0,4 oder >20 eingeben."
    )

"""Levels as laboratories write them are read without doubt or refused with one sentence."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dosing_app.decision.level_text import Level, TextFault, read_level, read_number, read_quantity
from dosing_app.language import render


@pytest.mark.parametrize(
    ("typed", "value"),
    [
        ("9.1", 9.1),
        ("9,1", 9.1),
        (" 9.1 ", 9.1),
        (" 9.1 mg/L", 9.1),
        ("9,1 µg/mL", 9.1),  # micro sign
        ("9.1 \u03bcg/ml", 9.1),  # Greek mu
        ("9.1ug/mL", 9.1),
        ("12", 12.0),
        (".5", 0.5),
        ("5.", 5.0),
        ("0,400", 0.4),
        ("0.125", 0.125),
        ("1.2340", 1.234),
        ("1234.567", 1234.567),
        ("1e-05", 1e-05),  # as a file may hold it
        ("1.25E+1", 12.5),
        ("\u00a018.4\u202f", 18.4),
    ],
)
def test_a_measured_level_is_read_as_typed(typed: str, value: float):
    assert read_level(typed) == Level(value, None)


@pytest.mark.parametrize(
    ("typed", "value", "censored"),
    [
        ("<0.4", 0.4, "below"),
        ("< 0,4", 0.4, "below"),
        ("<0.4 mg/L", 0.4, "below"),
        ("≤0.4", 0.4, "below"),
        ("<=0.4", 0.4, "below"),
        (">20", 20.0, "above"),
        ("> 20", 20.0, "above"),
        ("≥20", 20.0, "above"),
        (">= 20 µg/mL", 20.0, "above"),
    ],
)
def test_a_limit_is_read_with_its_direction(typed: str, value: float, censored: str):
    level = read_level(typed)

    assert isinstance(level, Level)
    assert (level.value, level.censored) == (value, censored)


@pytest.mark.parametrize(
    ("typed", "said"),
    [
        ("", "Nothing was typed"),
        ("1O.5", "has the letter O in it"),
        ("2l", "has the letter l in it"),
        ("1,250", "can mean 1250 or 1.25. Type"),
        ("1.200", "can mean 1200 or 1.2. Type"),
        ("12.345 mg/L", "can mean 12345 or 12.3450. Type"),
        ("<1.200", "can mean 1200 or 1.2. Type"),
        ("9 1", "has a space inside the number"),
        ("9.1 nmol/L", "has the unit “nmol/L”"),
        ("0", "is not a level"),
        ("<0", "is not a level"),
        ("-3", "is negative"),
        ("<", "holds no number"),
        ("<>3", "is not a number"),
        ("9.1.2", "is not a number"),
        ("above 20", "is not a number"),
        ("nan", "is not a number"),
        ("inf", "is not a number"),
        ("1e400", "is too large"),
        ("1e", "has the unit “e”"),
        ("٣", "is not a number"),  # an Arabic-Indic digit
    ],
)
def test_what_is_in_doubt_is_refused_in_one_sentence(typed: str, said: str):
    fault = read_level(typed)

    assert isinstance(fault, TextFault)
    assert said in fault.sentence
    assert "\n" not in fault.sentence


@given(st.text(max_size=40))
def test_any_text_gives_a_finite_positive_level_or_a_sentence(typed: str):
    level = read_level(typed)

    if isinstance(level, Level):
        assert math.isfinite(level.value)
        assert level.value > 0.0
    else:
        assert level.sentence.isprintable()


@given(st.floats(min_value=1e-3, max_value=1e4), st.sampled_from(["", "<", ">"]), st.booleans())
def test_a_number_is_never_changed(value: float, sign: str, comma: bool):  # noqa: FBT001 - drawn
    written = f"{value:.4f}"
    typed = sign + (written.replace(".", ",") if comma else written)

    level = read_level(typed)

    if float(written) > 0.0:
        assert isinstance(level, Level)
        assert level.value == float(written)


def test_a_plain_number_may_be_negative_or_zero():
    assert read_number("-2,5") == -2.5
    assert read_number("0") == 0.0


ALBUMIN = {"g/L": "1", "g/dL": "10"}


@pytest.mark.parametrize(
    ("typed", "value"),
    [("31", 31.0), ("31 g/L", 31.0), ("3,1 g/dl", 31.0), ("3.3 G/DL", 33.0), ("1e1g/L", 10.0)],
)
def test_a_quantity_is_read_in_the_unit_behind_it(typed: str, value: float):
    assert read_quantity(typed, ALBUMIN) == value


def test_thousands_in_german_are_named_in_german():
    fault = read_level("1.200")

    assert isinstance(fault, TextFault)
    assert render(fault.message, "de") == "„1.200“ kann 1200 oder 1,2 bedeuten. Eine dieser beiden Zahlen eingeben."


def test_a_percentage_is_never_in_thousands():
    assert read_quantity("12.345", {"%": "1"}) == 12.345


def test_a_unit_may_be_a_fraction():
    assert read_quantity("90 min", {"h": "1", "min": "1/60"}) == 1.5


def test_another_unit_is_refused():
    fault = read_quantity("31 mg/L", ALBUMIN)

    assert isinstance(fault, TextFault)
    assert fault.sentence == "“31 mg/L” has the unit “mg/L”. Type it in g/L or g/dL."


@pytest.mark.parametrize(("typed", "limit"), [("<5", "5"), ("≤ 5 mg/L", "5 mg/L"), (">0,5 mg/dL", "0,5 mg/dL")])
def test_a_limit_in_the_place_of_a_value_is_named(typed: str, limit: str):
    said = f"“{typed}” is a limit, and a value is asked for. Type {limit} if the limit is to stand for it."
    fault = read_quantity(typed, {"mg/L": "1", "mg/dL": "10"})
    assert isinstance(fault, TextFault)
    assert fault.sentence == said


def test_a_sign_before_no_number_is_no_limit():
    assert isinstance(read_number("<70"), TextFault)
    fault = read_number("<<70")
    assert isinstance(fault, TextFault)
    assert "is not a number" in fault.sentence


def test_a_unit_alone_is_no_quantity():
    assert isinstance(read_quantity("g/L", ALBUMIN), TextFault)


@pytest.mark.parametrize("text", ["9100 ng/mL", "9100 µg/L", "9.1 mcg/mL"])
def test_levels_of_small_units_are_converted(text: str):
    assert read_level(text) == Level(9.1, None)


@pytest.mark.parametrize("text", ["=>20", "⩾20", "≥ 20"])
def test_every_spelling_of_at_least_is_above(text: str):
    assert read_level(text) == Level(20.0, "above")

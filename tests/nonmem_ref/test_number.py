"""The number grammar of Fortran's output."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nonmem_ref.number import parse_number, split_numbers


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("1.234-103", 1.234e-103),
        ("-1.0000000+300", -1e300),
        ("1D+2", 100.0),
        ("-1.5000d-01", -0.15),
        ("0.", 0.0),
        (".5", 0.5),
        ("+3", 3.0),
        ("1.0000E-001", 0.1),
        ("Infinity", math.inf),
        ("+Infinity", math.inf),
        ("-Inf", -math.inf),
        ("1234-101", 1234e-101),
    ],
)
def test_a_number_as_fortran_prints_it(text: str, value: float):
    assert parse_number(text) == value


@pytest.mark.parametrize("text", ["NaN", "***", "***********", "-nan"])
def test_what_could_not_be_printed_is_not_a_number(text: str):
    value = parse_number(text)
    assert value is not None
    assert math.isnan(value)


@pytest.mark.parametrize("text", ["", "ID", "1.2.3", "E+01", "1.0E", ".", "-", "12a", "nano", "--1", "1.234-1034"])
def test_anything_else_is_no_number(text: str):
    assert parse_number(text) is None


@pytest.mark.parametrize(
    ("line", "values"),
    [
        ("  1.0000E+00-2.0000E+00-3.0000E-01", [1.0, -2.0, -0.3]),
        ("1.2340-103-1.2340-103", [1.234e-103, -1.234e-103]),
        (" 1 ,2.5,\t-3", [1.0, 2.5, -3.0]),
        ("1-2", [1.0, -2.0]),
        ("1.5-103.5", [1.5, -103.5]),
        ("", []),
    ],
)
def test_numbers_without_a_blank_between_them_are_parted_at_their_signs(line: str, values: list[float]):
    assert split_numbers(line) == values


def test_a_word_between_numbers_makes_the_line_none_of_numbers():
    assert split_numbers("1.0 two 3.0") is None
    assert split_numbers("1.0E+00X") is None


@given(st.lists(st.floats(allow_nan=False, allow_infinity=False), min_size=1, max_size=8))
def test_what_is_printed_comes_back(values: list[float]):
    assert split_numbers(" ".join(f"{value:.17E}" for value in values)) == values
    assert split_numbers("".join(f"{value:+.17E}" for value in values)) == values


@given(st.floats(min_value=1e-300, max_value=1e-100) | st.floats(min_value=1e100, max_value=1e300))
def test_three_digits_of_exponent_need_no_letter(value: float):
    text = f"{value:.16E}".replace("E", "")
    assert parse_number(text) == pytest.approx(value, rel=1e-15)


@given(st.text(max_size=30))
def test_no_text_raises(text: str):
    parse_number(text)
    split_numbers(text)

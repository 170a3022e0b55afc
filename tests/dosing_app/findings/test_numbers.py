"""Numbers in words are those of the case, and never more certain than it is."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dosing_app.decision.level_text import read_number
from dosing_app.findings.numbers import (
    UNKNOWN,
    figures,
    interval_text,
    logarithm,
    number_text,
    percent,
    range_of,
    shown,
)
from dosing_app.language import speaking


@pytest.mark.parametrize(("fraction", "words"), [(0.0, "0"), (0.004, "<1"), (0.2, "20"), (0.996, ">99"), (1.0, "100")])
def test_a_chance_is_never_rounded_to_certainty(fraction: float, words: str):
    assert percent(fraction) == words


def test_an_interval_up_to_a_sign_is_written_with_a_word():
    assert interval_text(0.283, 0.997) == "28 to >99\u202f%"
    assert interval_text(0.083, 0.541) == "8–54\u202f%"


@pytest.mark.parametrize(("value", "text"), [(600.0, "600"), (6.9, "6.9"), (0.1 + 0.2, "0.3")])
def test_a_number_is_shown_as_entered(value: float, text: str):
    assert shown(value) == text


def test_a_typed_number_is_without_loss_and_has_the_sign_of_the_language():
    assert number_text(0.1 + 0.2) == "0.30000000000000004"
    with speaking("de"):
        assert number_text(0.1 + 0.2) == "0,30000000000000004"
        assert number_text(1.234) == "1,2340"
        assert shown(6.9) == "6,9"


@given(st.one_of(st.floats(1e-6, 1e6), st.integers(1_000, 999_999).map(lambda n: n / 1000)))
def test_a_number_of_a_case_is_typed_so_that_it_is_read_back(value: float):
    for language in ("en", "de"):
        with speaking(language):
            assert read_number(number_text(value)) == value


@pytest.mark.parametrize(
    ("value", "text"), [(1.234, "1.2340"), (-1.234, "-1.2340"), (0.125, "0.125"), (1234.567, "1234.567")]
)
def test_three_decimals_that_could_be_thousands_get_a_fourth(value: float, text: str):
    assert number_text(value) == text
    assert float(shown(value)) == value
    assert shown(1.234) == "1.234"


@pytest.mark.parametrize(
    ("value", "text"), [(1234.5, "1\u202f234"), (12.34, "12.3"), (0.349, "0.35"), (math.nan, UNKNOWN)]
)
def test_a_quantity_has_the_digits_that_its_size_deserves(value: float, text: str):
    assert figures(value) == text


def test_the_range_of_a_quantity_is_from_its_first_quantile_to_its_last():
    assert range_of([0.25, 0.3, 0.4, 0.5, 3.21]) == "0.25–3.2"


@pytest.mark.parametrize(
    ("value", "text"), [(5.788, "5.79"), (-0.3512, "−0.35"), (-0.001, "0.00"), (-math.inf, UNKNOWN)]
)
def test_a_logarithm_has_two_decimals_and_no_minus_zero(value: float, text: str):
    assert logarithm(value) == text

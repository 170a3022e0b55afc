"""Numbers in words are those of the case, and never more certain than it is."""

from __future__ import annotations

import math

import pytest

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


def test_a_typed_number_is_without_loss_and_has_a_point_in_every_language():
    with speaking("de"):
        assert number_text(0.1 + 0.2) == "0.30000000000000004"
        assert shown(6.9) == "6,9"


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

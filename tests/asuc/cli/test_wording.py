from __future__ import annotations

import math
import re

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from asuc.cli.wording import (
    added_drug,
    chances,
    chances_of_100,
    figure,
    interval,
    percent,
    percent_interval,
    typed_percent,
)


@given(st.floats(0.0, 1.0, exclude_min=True, exclude_max=True))
def test_a_risk_that_is_neither_0_nor_1_is_never_printed_as_certain(risk):
    for text in (percent(risk), percent_interval(risk, risk), chances(risk), chances_of_100(risk)):
        assert text.split()[0] not in {"0", "100"}


@pytest.mark.parametrize(
    ("risk", "text"), [(0.0, "0 %"), (1e-9, "<1 %"), (0.27, "27 %"), (0.9999, ">99 %"), (1.0, "100 %")]
)
def test_percent(risk, text):
    assert percent(risk) == text


def test_the_interval_of_a_risk_says_its_unit_once_and_an_end_once():
    assert percent_interval(0.001, 0.27) == "<1 to 27 %"
    assert percent_interval(0.991, 1.0) == ">99 to 100 %"
    assert percent_interval(0.001, 0.002) == "<1 %"


@pytest.mark.parametrize(
    ("probability", "text"), [(0.0, "0 chances in 100"), (0.004, "<1 chance in 100"), (0.01, "1 chance in 100")]
)
def test_chances(probability, text):
    assert chances(probability) == text


@given(st.floats())
def test_no_figure_shows_nan_infinity_or_minus_zero(value):
    for text in (figure(value), interval(np.full(5, value))):
        assert not any(word in text for word in ("nan", "inf"))
        assert not re.match(r"-0(\.0*)?$", text)


@pytest.mark.parametrize("unknown", [math.nan, math.inf, -math.inf])
def test_what_is_not_known_is_a_dash(unknown):
    assert figure(unknown) == percent(unknown) == percent_interval(0.1, unknown) == chances(unknown) == "–"
    assert chances_of_100(unknown) == interval(np.full(5, unknown)) == "–"


def test_figures_have_three_digits_or_their_whole_part():
    assert [figure(value) for value in (0.58, 1420.3, -0.0, 1e9)] == ["0.58", "1,420", "0", "1.00e+09"]


def test_added_drug_has_a_sign_unless_it_is_nothing():
    assert [added_drug(amount) for amount in (300.0, -100.0, 0.0, -0.0)] == ["+300 mg", "-100 mg", "0 mg", "0 mg"]


def test_a_typed_probability_keeps_its_digits():
    assert [typed_percent(value) for value in (0.07, 0.125, 0.005)] == ["7 %", "12.5 %", "0.5 %"]

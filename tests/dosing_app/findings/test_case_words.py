"""Levels, infusions and samples stand in words as they were entered."""

from __future__ import annotations

import pytest

from dosing_app.decision.case_schema import CaseSample
from dosing_app.decision.examples import example_case
from dosing_app.findings.case_words import infusions, level_text, sample_count, samples_in_words, total_mg
from dosing_app.findings.numbers import number_text
from dosing_app.language import speaking

MEASURED = CaseSample(time_day=5, concentration_mg_per_L=9.1)
BELOW = CaseSample(time_day=6, censored="below", lloq_mg_per_L=0.4)
ABOVE = CaseSample(time_day=7, censored="above", uloq_mg_per_L=20)


@pytest.mark.parametrize(("sample", "text"), [(MEASURED, "9.1"), (BELOW, "<0.4"), (ABOVE, ">20")])
def test_a_level_stands_as_a_laboratory_reports_it(sample: CaseSample, text: str):
    assert level_text(sample) == text


def test_a_level_is_written_and_typed_with_the_sign_of_the_language():
    with speaking("de"):
        assert (level_text(BELOW), level_text(BELOW, number_text)) == ("<0,4", "<0,4")


def test_infusions_stand_in_one_line():
    case = example_case("typical")

    assert infusions(case.doses) == "600 mg d0 + 600 mg d7"
    assert infusions(()) == "none"
    assert total_mg(case.doses) == "1200"


def test_samples_beyond_a_limit_are_counted_among_those_in_use():
    case = example_case("typical")

    assert sample_count(case) == "2 of 3 samples used"
    assert samples_in_words(case) == "2 of 3 samples used, 1 above the limit"
    assert samples_in_words(case.model_copy(update={"samples": ()})) == sample_count(
        case.model_copy(update={"samples": ()})
    )

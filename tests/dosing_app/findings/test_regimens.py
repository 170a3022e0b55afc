"""What was searched and what is listed is said in words."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from dosing_app.findings.numbers import percent
from dosing_app.findings.regimens import (
    early_infusions,
    headline,
    kept_infusions,
    middle_risk,
    named_regimens,
    regimen_count,
    regimen_name,
    regimen_rows,
    regimen_titles,
)
from tests.dosing_app.findings.computed_cases import computed

if TYPE_CHECKING:
    from dosing_app.decision.forecast import Forecast
    from dosing_app.decision.optimize_result import OptimizeResult


def search_of(name: str) -> tuple[Forecast, OptimizeResult]:
    view, search, _ = computed(name)
    assert search is not None
    return view.forecast, search


def test_the_finder_says_what_it_searched():
    forecast, search = search_of("target_out_of_reach")
    said = headline(forecast.case, search)

    assert said.startswith(f"Not reachable within these limits: none of {search.candidates_total:,} regimens")
    assert "heart failure" in said
    assert regimen_name(search.regimens[0], "planned").startswith("Nearest")


def test_the_reference_is_the_current_plan_only_where_there_is_one():
    _, search = search_of("target_out_of_reach")
    reference = replace(search.reference, kind=("label", "reference"))

    assert regimen_name(reference, "planned") == "Label regimen = current plan"
    assert regimen_name(reference, "label") == "Label regimen"
    assert regimen_name(replace(reference, kind=("reference",)), "label") == "Label regimen"


@pytest.mark.parametrize(
    ("number", "said"),
    [(0, "0 regimens"), (1, "1 regimen"), (26_800, "26\u202f800 regimens"), (3 * 10**21, "more than 10²¹ regimens")],
)
def test_a_number_of_regimens_is_said_in_words(number: int, said: str):
    assert regimen_count(number) == said


@pytest.mark.parametrize(
    ("number", "said"), [(26_800, "at most 26\u202f800 regimens"), (3 * 10**21, "at most 10²² regimens")]
)
def test_a_number_that_is_not_exact_is_an_upper_bound(number: int, said: str):
    assert regimen_count(number, is_exact=False) == said


def test_each_regimen_listed_for_a_reason_has_one_row_the_best_first():
    forecast, search = search_of("typical")
    named = named_regimens(search)
    rows = regimen_rows(forecast, named)

    assert len(rows) == len(named) == sum(bool(regimen.kind) for regimen in search.regimens)
    assert {"best", "nearest"} & set(named[0].kind)
    assert [row.chance for row in rows] == [percent(regimen.probability_target) for regimen in named]
    assert len(regimen_titles(forecast.case)) == 7


def test_regimens_differ_before_day_28_and_keep_what_comes_after():
    _, search = search_of("typical")
    doses = search.reference.doses

    assert all(dose.time_day < 28.0 for dose in early_infusions(doses))
    assert [*early_infusions(doses), *kept_infusions(search)] == list(doses)


def test_without_drug_in_the_window_the_risk_is_certain():
    forecast, search = search_of("typical")
    regimen = search.regimens[0]

    assert middle_risk(replace(regimen, log_auc_cl_q50=None), forecast.event_model) == 1.0
    assert regimen.risk_day90.q05 < middle_risk(regimen, forecast.event_model) < regimen.risk_day90.q95

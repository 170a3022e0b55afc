"""What is said of a listed regimen is true of it."""

from __future__ import annotations

import pytest

from dosing_app.decision.optimize_warnings import (
    day_28_has_passed,
    limiting_not_certain,
    no_label_left,
    no_regimen_of_kind,
    not_complete,
)
from dosing_app.decision.optimizer import optimize
from dosing_app.language import render
from tests.dosing_app.decision.example_case import WEIGHT_KG, dose, make_case
from tests.dosing_app.decision.example_scorer import spread_points, targets


def listed(case, kind, cl=1.2, weight_kg=WEIGHT_KG):
    result = optimize(
        case, weight_kg=weight_kg, scorer_factory=spread_points(cl), targets=targets(case.target.risk_day90)
    )
    return next(regimen for regimen in result.regimens if kind in regimen.kind)


@pytest.mark.parametrize(
    ("changes", "weight_kg", "expected"),
    [
        # 450 mg are nine steps of 50 mg: only day 42 differs.
        (
            {"planned": [dose(14), dose(42)], "limits": {"dose_step_mg": 50, "vial_mg": 50, "doses_max_28_day": 4}},
            90,
            "its doses from day 28 on differ from the plan's, which are kept as they are",
        ),
        (
            {"planned": [dose(14), dose(42, 450)], "limits": {"vial_mg": 50, "doses_max_28_day": 4}},
            90,
            "its amounts are not those of the search (450 mg, not multiples of 100 mg)",
        ),
        ({"planned": [dose(14, 600), dose(42)]}, 60, "gives less than the plan at some time"),
        (
            {"planned": [dose(16), dose(42)], "limits": {"mg_per_kg_max": 4.9, "dose_step_mg": 10}},
            60,
            "breaks mg_per_kg_max (4.9 mg/kg)",
        ),
        (
            {"planned": [dose(16, 100), dose(42)], "limits": {"days_allowed": [17, 42], "doses_max_28_day": 4}},
            60,
            "day 14 is not among the days of the search",
        ),
        (
            {"planned": [dose(16, 100), dose(42)], "doses": [dose(0), dose(10.9)], "limits": {"gap_day_min": 3.1}},
            60,
            "gives less than the plan at some time",
        ),
        (
            {"planned": [dose(42)], "limits": {"doses_max_28_day": 2}},
            60,
            "breaks doses_max_28_day (2)",
        ),
        ({"planned": [dose(14, 600), dose(42)], "limits": {"reference": "none"}}, 60, ""),
        ({"planned": [dose(14, 600), dose(42)], "heart_failure": True}, 60, ""),
    ],
)
def test_a_label_regimen_that_is_no_candidate_says_the_true_reason(changes, weight_kg, expected):
    label = listed(make_case(**changes), "label", weight_kg=weight_kg)
    assert label.is_candidate == (not expected)
    if expected:
        assert label.why.rpartition("; ")[2] == expected


def test_every_reason_is_said():
    case = make_case(planned=[dose(14, 600), dose(42, 600)])
    why = listed(case, "label").why
    assert "gives less than the plan at some time, its doses from day 28 on differ" in why


def test_a_fixed_dose_off_the_grid_names_its_amount():
    why = listed(
        make_case(limits={"dose_step_mg": 250, "doses_max_28_day": 4}, planned=[dose(14, 250)]), "fixed_dose"
    ).why
    assert "300 mg, not multiples of 250 mg" in why


@pytest.mark.parametrize("kind", ["best", "fixed_interval", "fixed_dose"])
def test_what_gives_less_than_the_plan_is_no_additional_dose(kind):
    case = make_case(planned=[dose(26, 600)], limits={"reference": "none", "doses_max_28_day": 4})
    regimen = listed(case, kind, cl=1.0)
    assert regimen.added_mg < 0
    assert regimen.is_reached
    assert regimen.why.startswith("least drug that reaches the target")


def test_in_heart_failure_less_than_the_plan_is_no_additional_dose():
    # 600 mg on day 26 need only be matched by 300 mg, and 300 mg on day 14 reach more.
    best = listed(make_case(heart_failure=True, planned=[dose(26, 600)]), "best", cl=1.0)
    assert best.added_mg < 0
    assert best.why == "least drug that reaches the target"


def test_where_nothing_is_added_but_drug_is_moved_the_addition_is_none():
    best = listed(make_case(planned=[dose(25, 600), dose(42)]), "best", cl=1.2)
    assert best.added_mg == 0
    assert best.why == "smallest additional dose that reaches the target"


def test_what_a_search_says_is_said_in_each_language():
    case = make_case(
        planned=[dose(14, 600), dose(42)], doses=[dose(0), dose(12)], limits={"mg_per_kg_max": 4.9}, heart_failure=None
    )
    result = optimize(case, weight_kg=WEIGHT_KG, scorer_factory=spread_points(2.0), targets=targets())
    said = [
        *(warning.message for warning in result.warnings),
        *(regimen.reason for regimen in result.regimens),
        *(relaxation.step for relaxation in result.relaxations),
    ]
    english, german = [str(one) for one in said], [render(one, "de") for one in said]

    assert {"reference_breaks_mg_per_kg_max", "reference_breaks_gap_day_min", "heart_failure_unknown"} <= {
        warning.code for warning in result.warnings
    }
    assert "The reference plan breaks mg_per_kg_max: 600 mg (10.0 mg/kg) on day 14" in " ".join(english)
    assert "hält eine Grenze nicht ein (mg_per_kg_max): 600 mg (10,0 mg/kg) an Tag 14" in " ".join(german)
    assert not set(english) & set(german)


def test_a_screen_has_its_own_words_for_limits_and_kinds():
    complete, kind = not_complete(12_345), no_regimen_of_kind("fixed_interval")

    assert "after 12,345 regimens" in complete.text
    assert render(complete.message.with_words({"gap_day_min": "the gap"}), "en").startswith(
        "The grid is too large: the search ended after 12\u202f345 regimens and a better one may exist. "
        "Widen dose_step_mg or the gap,"
    )
    assert kind.text == "No infusion fits the limits: there is no regimen of kind fixed_interval."
    assert str(kind.message.with_words({"search.kind.fixed_interval": "weekly"})).endswith("of kind weekly.")


@pytest.mark.parametrize(
    ("warning", "beginning"),
    [
        (limiting_not_certain(), "Mit gelockerter Grenze"),
        (no_label_left(), "Vom Schema laut Zulassung"),
        (no_regimen_of_kind("fixed_dose"), "Keine Infusion passt"),
        (day_28_has_passed(), "Tag 28 ist vorbei"),
    ],
)
def test_a_warning_of_the_search_is_german_for_german_readers(warning, beginning):
    assert render(warning.message, "de").startswith(beginning)

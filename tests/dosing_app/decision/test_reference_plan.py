"""The reference plan is what is planned, or what is left of the label regimen."""

from __future__ import annotations

import pytest

from dosing_app.decision.reference_plan import label_amount, label_regimen, reference_plan
from tests.dosing_app.decision.example_case import dose, make_case, shown


def test_the_planned_infusions_are_the_reference():
    plan = reference_plan(make_case(), 60)
    assert (shown(plan.doses), plan.source) == ([(14, 300), (42, 300)], "planned")
    assert (shown(plan.early), shown(plan.kept)) == ([(14, 300)], [(42, 300)])


@pytest.mark.parametrize("changes", [{"planned": []}, {"limits": {"reference": "label"}, "planned": [dose(20, 700)]}])
def test_the_label_regimen_is_the_reference_where_nothing_is_planned_or_it_is_asked_for(changes):
    plan = reference_plan(make_case(**changes), 60)
    assert (shown(plan.doses), plan.source) == ([(14, 300), (42, 300)], "label")


def test_without_a_rule_the_planned_infusions_are_still_what_others_are_compared_with():
    assert reference_plan(make_case(limits={"reference": "none"}), 60).source == "planned"


@pytest.mark.parametrize(
    ("weight", "heart_failure", "vial", "amount"),
    [
        (60, False, 100, 300),
        (63, False, 100, 400),
        (63, None, 100, 400),
        (63, True, 100, 300),
        (63, False, 50, 350),
        (15, True, 100, 0),
        (70.4, False, 0.1 * 10, 352),
    ],
)
def test_the_label_amount_is_rounded_to_whole_vials_up_and_in_heart_failure_down(weight, heart_failure, vial, amount):
    case = make_case(heart_failure=heart_failure, limits={"vial_mg": vial})
    assert label_amount(case, weight) == pytest.approx(amount)


def test_there_is_no_label_regimen_of_less_than_one_vial():
    assert label_regimen(make_case(heart_failure=True), 15) == ()


@pytest.mark.parametrize(
    ("given", "now", "days"),
    [
        ((0, 7), 14, [14, 42]),
        ((0, 11), 13, [42]),  # from the gap of 3 days before day 14 on
        ((0, 10.9), 13, [14, 42]),
        ((0, 14), 14, [42]),
        ((0, 7), 15.5, [16, 42]),  # passed without it
        ((0, 20), 21, [42]),
        ((0, 7), 30, [30, 42]),
        ((0, 7), 41, [42, 45]),  # the gap to the label day that is kept
        ((0, 7), 50, [50, 53]),
        ((0, 40), 45, []),
        ((4,), 5, [14, 42]),
    ],
)
def test_a_label_day_counts_as_given_or_is_made_up_for_or_keeps_its_day(given, now, days):
    case = make_case(doses=[dose(day) for day in given], planned=[], now_day=now)
    assert [planned.time_day for planned in label_regimen(case, 60)] == days


@pytest.mark.parametrize(
    ("limits", "day"),
    [
        ({"first_day": 18}, 18),
        ({"first_day": 18.5}, 19),
        ({"days_allowed": [15, 17, 20]}, 17),
        ({"weekdays_allowed": ["Fri"]}, 18),  # day 0 is a Monday
        ({"days_allowed": [15]}, 16),  # no such day is left
    ],
)
def test_a_label_day_that_passed_is_due_on_the_first_allowed_day_that_keeps_the_gap(limits, day):
    case = make_case(planned=[], now_day=16, start_date="2026-01-05", doses=[dose(0), dose(3.5)], limits=limits)
    assert label_regimen(case, 60)[0].time_day == day

"""The grid holds every regimen within the limits, and no other."""

from __future__ import annotations

import numpy as np
import pytest

from dosing_app.decision.amount_boxes import box_sizes, least_levels, level_at_least, regimens_in
from dosing_app.decision.candidates import candidate_grid, grid_limits
from dosing_app.decision.count_candidates import count_candidates
from dosing_app.decision.reference_plan import reference_plan
from dosing_app.decision.regimen_sets import (
    amounts_of,
    at_fixed_dose,
    at_fixed_interval,
    covers,
    day_sets,
    is_candidate,
    without_requirement,
)
from tests.dosing_app.decision.example_case import WEIGHT_KG, dose, make_case


def grid_of(case, weight_kg=WEIGHT_KG):
    return candidate_grid(case, reference_plan(case, weight_kg), grid_limits(case, weight_kg))


def regimens(grid) -> set[tuple[tuple[float, float], ...]]:
    """Return every regimen as its times and amounts."""
    found = []
    for sets in day_sets(grid):
        for box, levels in regimens_in(least_levels(grid, sets), grid.n_levels[sets] - 1, 1000):
            times, amounts = sets[box], amounts_of(grid, sets[box], levels)
            kept = covers(grid, times, amounts)
            found += [
                tuple(zip(grid.times[row].tolist(), mg.tolist(), strict=True))
                for row, mg in zip(times[kept], amounts[kept], strict=True)
            ]
    assert len(found) == len(set(found)), "a regimen was found twice"
    assert len(found) == count_candidates(grid)
    return set(found)


def days(found) -> set[tuple[float, ...]]:
    return {tuple(time for time, _ in regimen) for regimen in found}


def test_one_more_infusion_of_one_to_six_steps_from_day_17_on_gives_268_regimens():
    # 300 to 600 mg on day 14: 4; with one of 100 to 600 mg on days 17 to 27 as well: 4 x 6 x 11.
    found = regimens(grid_of(make_case()))
    assert len(found) == 268
    assert ((14, 300), (17, 100)) in found


def test_days_run_from_the_first_whole_one_at_or_after_now_to_day_27():
    case = make_case(now_day=13.25, planned=[dose(26)], limits={"gap_day_min": 0.5, "doses_max_28_day": 4})
    assert {time for regimen in regimens(grid_of(case)) for time, _ in regimen} == set(range(14, 28))


def test_no_infusion_is_before_the_first_day_except_on_a_day_of_the_plan():
    case = make_case(now_day=13, planned=[dose(14.5), dose(24)], limits={"first_day": 20.5, "gap_day_min": 1})
    assert {time for regimen in regimens(grid_of(case)) for time, _ in regimen} == {14.5, *range(21, 28)}


def test_only_allowed_days_and_weekdays_and_days_of_the_plan_are_used():
    limits = {"days_allowed": [15, 16, 18, 19, 25], "weekdays_allowed": ["fri", "Monday"], "doses_max_28_day": 9}
    case = make_case(limits=limits, start_date="2026-01-05", planned=[dose(17)])
    # Day 0 is a Monday: 18 and 25 are Fridays, 15, 16 and 19 are not allowed, 17 is planned.
    assert {time for regimen in regimens(grid_of(case)) for time, _ in regimen} == {17, 25}


def test_an_infusion_keeps_the_gap_to_given_and_kept_doses():
    case = make_case(doses=[dose(0), dose(12)], now_day=12, planned=[dose(18), dose(29)])
    first = {regimen[0][0] for regimen in regimens(grid_of(case))}
    last = {regimen[-1][0] for regimen in regimens(grid_of(case))}
    assert min(first) == 15
    assert max(last) == 26


def test_infusions_keep_the_gap_to_each_other():
    for regimen in days(regimens(grid_of(make_case(limits={"gap_day_min": 4, "doses_max_28_day": 5})))):
        assert np.all(np.diff(regimen) >= 4)


def test_a_pair_of_the_plan_may_stay_closer_than_the_gap_but_no_other():
    case = make_case(planned=[dose(16), dose(17.5)], limits={"doses_max_28_day": 5})
    found = days(regimens(grid_of(case)))
    assert (16, 17.5) in found
    assert (15, 17.5) not in found
    assert (14, 16, 17.5) not in found


def test_an_infusion_of_the_plan_may_stay_close_to_a_given_one():
    case = make_case(doses=[dose(0), dose(13)], planned=[dose(14), dose(42)])
    assert regimens(grid_of(case)) >= {((14, 300),), ((14, 300), (17, 100))}


def test_no_window_of_28_days_that_starts_at_an_infusion_holds_more_than_allowed():
    case = make_case(planned=[dose(20)], limits={"doses_max_28_day": 3})
    assert {len(times) for times in days(regimens(grid_of(case)))} == {1}


def test_kept_doses_count_in_the_windows_that_reach_them():
    # The window from day 16 on holds the doses kept on days 30 and 43; day 14 only that of day 30 and day 41.
    case = make_case(
        doses=[dose(0)], planned=[dose(14), dose(30), dose(41.5), dose(43)], limits={"doses_max_28_day": 3}
    )
    found = days(regimens(grid_of(case)))
    assert (14,) in found
    assert not any(times[0] == 14 and len(times) > 1 for times in found)


def test_a_candidate_may_hold_as_many_infusions_as_a_plan_that_breaks_the_limit_and_no_more():
    case = make_case(planned=[dose(14), dose(21)], limits={"doses_max_28_day": 2})
    found = days(regimens(grid_of(case)))
    assert {len(times) for times in found} == {1, 2}
    assert (14, 18) in found


def test_amounts_are_multiples_of_the_step_up_to_the_largest_and_doses_of_the_plan_as_they_are():
    case = make_case(planned=[dose(14, 315), dose(20, 750)], limits={"dose_step_mg": 150, "doses_max_28_day": 5})
    grid = grid_of(case)
    amounts = {time: set(row[:n].tolist()) for time, row, n in zip(grid.times, grid.levels, grid.n_levels, strict=True)}
    assert amounts[14] == {150, 300, 315, 450, 600}
    assert amounts[20] == {150, 300, 450, 600, 750}
    assert amounts[25] == {150, 300, 450, 600}


def test_a_step_that_is_not_exact_in_binary_reaches_the_largest_dose():
    grid = grid_of(make_case(limits={"dose_step_mg": 1.1, "mg_per_kg_max": 1.1}))
    assert grid.levels[5, grid.n_levels[5] - 1] == pytest.approx(66)


def test_no_amount_is_larger_than_a_case_may_hold():
    grid = grid_of(make_case(limits={"mg_per_kg_max": 100}))
    assert grid.levels[:, :].max(where=np.isfinite(grid.levels), initial=0) == 5000


def test_the_drug_given_is_never_less_than_planned_at_any_time():
    case = make_case(now_day=13, planned=[dose(16, 300), dose(21, 200)], limits={"doses_max_28_day": 9})
    found = regimens(grid_of(case))
    for regimen in found:
        assert sum(mg for time, mg in regimen if time <= 16) >= 300
        assert sum(mg for time, mg in regimen if time <= 21) >= 500
    assert ((13, 600),) in found
    assert ((16, 300), (20, 200)) in found


def test_doses_from_day_28_on_require_nothing_before():
    case = make_case(planned=[dose(28), dose(42)])
    assert () in regimens(grid_of(case))


def test_without_a_rule_even_no_infusion_is_a_candidate():
    found = regimens(grid_of(make_case(limits={"reference": "none"})))
    assert () in found
    assert ((20, 100),) in found


def test_in_heart_failure_no_candidate_is_above_5_mg_per_kg_and_the_plan_is_reached_as_far_as_that_allows():
    case = make_case(heart_failure=True, planned=[dose(14, 600), dose(20, 200)])
    found = regimens(grid_of(case))
    assert max(mg for regimen in found for _, mg in regimen) == 300
    assert ((14, 300), (20, 200)) in found
    assert ((14, 300), (20, 100)) not in found
    assert not any(regimen[0][0] > 14 for regimen in found)


def test_in_heart_failure_the_plan_is_capped_in_whole_steps():
    # 5 mg/kg of 63 kg are 315 mg, and the largest practical dose is 300 mg.
    found = regimens(grid_of(make_case(heart_failure=True, planned=[dose(14, 600)]), 63))
    assert ((14, 300),) in found


def test_in_heart_failure_a_planned_dose_of_up_to_5_mg_per_kg_stays_as_it_is():
    found = regimens(grid_of(make_case(heart_failure=True, planned=[dose(14, 310)]), 63))
    assert {regimen[0] for regimen in found} == {(14, 310)}


def test_durations_are_the_plans_on_its_days_and_2_hours_elsewhere():
    grid = grid_of(make_case(planned=[dose(14, duration_hour=1), dose(42)]))
    assert grid.durations_hour.tolist() == [1.0] + [2.0] * 13


def test_a_fixed_interval_is_7_days_and_holds_for_one_infusion_too():
    found = days(regimens(at_fixed_interval(grid_of(make_case(limits={"doses_max_28_day": 9})))))
    assert found == {(14,), (14, 21)}


def test_a_fixed_dose_is_one_amount_on_any_allowed_days():
    found = regimens(at_fixed_dose(grid_of(make_case()), 350))
    assert {mg for regimen in found for _, mg in regimen} == {350}
    assert len(found) == 12


def test_without_a_requirement_the_times_alone_limit():
    assert ((27, 100),) in regimens(without_requirement(grid_of(make_case())))


def test_exactly_the_enumerated_regimens_are_candidates():
    grid = grid_of(make_case(limits={"doses_max_28_day": 3, "dose_step_mg": 250}, now_day=20, planned=[dose(24, 310)]))
    found = regimens(grid)
    assert found
    for first in range(grid.times.size):
        for amount in (100, 250, 310, 500, 600):
            regimen = ((float(grid.times[first]), float(amount)),)
            assert is_candidate(grid, np.array([[first]]), np.array([[float(amount)]])) == (regimen in found)


@pytest.mark.parametrize(
    "changes",
    [
        {"limits": {"doses_max_28_day": 6, "gap_day_min": 2, "dose_step_mg": 200}, "planned": [dose(15.5, 330)]},
        {"limits": {"doses_max_28_day": 6, "dose_step_mg": 150}, "planned": [dose(15, 330), dose(19, 700)]},
        {"limits": {"doses_max_28_day": 5, "dose_step_mg": 200}, "planned": [dose(15, 450), dose(17, 450)]},
        {"limits": {"doses_max_28_day": 2}, "planned": [dose(30)], "doses": [dose(0)]},
        {"limits": {"mg_per_kg_max": 1}, "planned": [dose(20)]},
        {"now_day": 27.5, "planned": [dose(42)]},
        {"now_day": 30, "planned": [dose(42)]},
    ],
)
def test_counting_agrees_with_enumerating(changes):
    assert regimens(grid_of(make_case(**changes)))


def test_a_grid_of_astronomic_size_is_counted_exactly():
    case = make_case(
        doses=[dose(0)],
        now_day=1,
        planned=[dose(42)],
        limits={"gap_day_min": 1, "doses_max_28_day": 28, "dose_step_mg": 1},
    )
    # Any amounts of 1 to 600 mg, or none, on 27 days.
    assert count_candidates(grid_of(case)) == 601**27


def test_levels_are_found_by_their_amount():
    grid = grid_of(make_case())
    sets = np.array([[0, 3]])
    assert level_at_least(grid, sets, np.array([[250.0, 700.0]])).tolist() == [[2, 6]]
    assert level_at_least(grid, sets, np.array([[-5.0, 100.0]])).tolist() == [[0, 0]]


def test_every_row_of_a_box_is_enumerated_once_whatever_the_chunk():
    low, high = np.array([[0, 1], [2, 2]]), np.array([[2, 2], [2, 5]])
    expected = {(0, a, b) for a in range(3) for b in (1, 2)} | {(1, 2, b) for b in range(2, 6)}
    assert box_sizes(low, high).tolist() == [6, 4]
    for chunk in (1, 3, 100):
        rows = [
            (box, *levels)
            for boxes, levels_of in regimens_in(low, high, chunk)
            for box, levels in zip(boxes.tolist(), levels_of.tolist(), strict=True)
        ]
        assert len(rows) == 10
        assert set(rows) == expected

"""The search by bounds loses nothing, whatever the family of regimens, and its work is bounded."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from dosing_app.decision.candidates import candidate_grid, grid_limits
from dosing_app.decision.count_candidates import count_at_most, count_candidates, count_time_sets, is_countable
from dosing_app.decision.goal import Goal
from dosing_app.decision.ranking import total_mg
from dosing_app.decision.reference_plan import reference_plan
from dosing_app.decision.regimen_sets import at_fixed_dose, at_fixed_interval, at_largest, day_sets, without_requirement
from dosing_app.decision.search import search
from dosing_app.decision.search_by_bounds import search_by_bounds
from tests.dosing_app.decision.example_case import WEIGHT_KG, dose, make_case
from tests.dosing_app.decision.example_scorer import spread_points, targets

EVERYTHING = 10**7
FAMILIES = {
    "all": lambda grid: grid,
    "interval": at_fixed_interval,
    "dose": lambda grid: at_fixed_dose(grid, 300),
    "largest": at_largest,
    "free": without_requirement,
}


def grid_and_goal(case, *, cl, count, confidence):
    grid, scorer = grid_and_scorer(case, cl)

    def measure(times, amounts):
        return scorer.probability(times, amounts, targets().log_auc_cl_for_target)

    return grid, Goal(measure, confidence, count, scorer.envelope)


def grid_and_scorer(case, cl):
    grid = candidate_grid(case, reference_plan(case, WEIGHT_KG), grid_limits(case, WEIGHT_KG))
    return grid, spread_points(cl, n=15)(case.doses, grid.times, grid.durations_hour)


@given(
    family=st.sampled_from(sorted(FAMILIES)),
    cl=st.floats(0.2, 3.0),
    confidence=st.sampled_from([0.3, 0.6, 0.9]),
    count=st.integers(1, 6),
    n_min=st.integers(0, 2),
    gap=st.sampled_from([0.5, 1.0, 3.0]),
    most=st.integers(3, 7),
    now=st.sampled_from([16.0, 19.5, 22.0]),
    planned=st.lists(st.sampled_from([(20.5, 150), (22.0, 330), (24.0, 700), (30.0, 300)]), max_size=3, unique=True),
)
@example("free", 1.140625, 0.6, 3, 0, 0.5, 5, 19.5, [(22.0, 330)])  # several boxes led to the same first regimen
@settings(max_examples=80)
def test_bounds_and_every_regimen_give_the_same(family, cl, confidence, count, n_min, gap, most, now, planned):
    plan = [dose(day, amount) for day, amount in sorted(planned) if day >= now] or [dose(26)]
    limits = {"gap_day_min": gap, "doses_max_28_day": most, "dose_step_mg": 200}
    case = make_case(doses=[dose(0)], now_day=now, planned=plan, limits=limits)
    grid, goal = grid_and_goal(case, cl=cl, count=count, confidence=confidence)
    grid = FAMILIES[family](grid)
    if count_candidates(grid) > 30_000:
        return
    for envelope in (goal.envelope, None):
        bounds = search_by_bounds(grid, goal=replace(goal, envelope=envelope), evaluations_max=EVERYTHING, n_min=n_min)
        every = search(grid, goal=goal, evaluate_all_up_to=EVERYTHING, n_min=n_min)
        assert bounds.is_complete
        assert np.array_equal(total_mg(bounds.plans), total_mg(every.plans))
        assert np.allclose(bounds.plans.measure, every.plans.measure, atol=1e-9)
        n_used = (every.plans.time_index >= 0).sum(axis=1)
        assert np.array_equal((bounds.plans.time_index >= 0).sum(axis=1), n_used)


def test_only_what_is_better_is_looked_for_where_that_is_asked():
    case = make_case(limits={"doses_max_28_day": 6, "gap_day_min": 1})
    grid, goal = grid_and_goal(case, cl=2.0, count=1, confidence=2.0)
    best = search(at_largest(grid), goal=goal, evaluate_all_up_to=EVERYTHING).plans.measure[0]
    above = search_by_bounds(at_largest(grid), goal=goal, evaluations_max=EVERYTHING, above=best - 1e-3)
    assert above.plans.measure[0] == pytest.approx(best, abs=1e-7)
    nothing = search_by_bounds(at_largest(grid), goal=goal, evaluations_max=EVERYTHING, above=best + 1e-6)
    assert not (nothing.plans.measure > best + 1e-6).any()


WIDEST = {"gap_day_min": 0.5, "doses_max_28_day": 28, "dose_step_mg": 1}


@pytest.mark.parametrize("confidence", [0.3, 0.9, 0.999999])
def test_the_work_is_bounded_whatever_the_limits(confidence):
    case = make_case(doses=[dose(0)], now_day=1, planned=[dose(14), dose(42)], limits=WIDEST)
    grid, goal = grid_and_goal(case, cl=1.5, count=25, confidence=confidence)
    outcome = search_by_bounds(grid, goal=goal, evaluations_max=20_000)
    assert outcome.n_evaluated < 60_000
    assert len(outcome.plans) == 25


def test_2_to_the_27_sets_of_times_are_searched_without_looking_at_each():
    limits = {**WIDEST, "dose_step_mg": 100}
    case = make_case(doses=[dose(0)], now_day=1, planned=[dose(14), dose(42)], limits=limits)
    grid, scorer = grid_and_scorer(case, 1.5)
    goal = Goal(scorer.plug_in, 6.5, 25, scorer.envelope)
    assert count_time_sets(grid) == 2**27
    outcome = search_by_bounds(grid, goal=goal, evaluations_max=600_000)
    assert outcome.is_complete
    assert outcome.n_evaluated < 200_000
    assert (outcome.plans.measure >= 6.5 - 1e-9).all()


def test_sets_of_times_are_counted_as_they_are_enumerated():
    for most in (1, 3, 6):
        case = make_case(limits={"doses_max_28_day": most, "gap_day_min": 2}, planned=[dose(15.5, 330)])
        grid, _ = grid_and_goal(case, cl=1.0, count=1, confidence=0.5)
        free = without_requirement(grid)
        assert count_time_sets(grid) == sum(len(sets) for sets in day_sets(free))
        assert count_at_most(grid) == count_candidates(free)


def test_a_plan_off_the_grid_on_many_days_is_counted_from_above():
    planned = [dose(day, 100 + 1.37 * day) for day in range(1, 28)]
    case = make_case(doses=[dose(0)], now_day=0.5, planned=planned, limits={**WIDEST, "dose_step_mg": 100})
    grid, _ = grid_and_goal(case, cl=1.0, count=1, confidence=0.5)
    assert not is_countable(grid)
    assert count_at_most(grid) == 8**27
    assert is_countable(candidate_grid(make_case(), reference_plan(make_case(), 60), grid_limits(make_case(), 60)))

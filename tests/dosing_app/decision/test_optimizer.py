"""The search lists the least addition to the plan that reaches the target, certainly, and what it is compared with."""

from __future__ import annotations

import json
import math
from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dosing_app.decision.candidates import candidate_grid, grid_limits
from dosing_app.decision.goal import Goal
from dosing_app.decision.optimizer import optimize, result_json
from dosing_app.decision.ranking import Plans, best_plans, joined
from dosing_app.decision.reference_plan import reference_plan
from dosing_app.decision.search import search
from tests.dosing_app.decision.example_case import WEIGHT_KG, dose, make_case, shown
from tests.dosing_app.decision.example_scorer import Points, area_per_mg, spread_points, targets


def found(case, cl=1.2, *, weight_kg=WEIGHT_KG, points=None, **options):
    return optimize(
        case,
        weight_kg=weight_kg,
        scorer_factory=points or spread_points(cl),
        targets=targets(case.target.risk_day90),
        **options,
    )


def of_kind(result, kind):
    return next(regimen for regimen in result.regimens if kind in regimen.kind)


def codes(result) -> set[str]:
    return {warning.code for warning in result.warnings}


# --------------------------------------------------------------------------------------------------- the answer itself


def test_where_the_plan_reaches_the_target_it_stays_as_it_is():
    result = found(make_case(), cl=0.4)
    first = result.regimens[0]
    assert result.reachable
    assert result.limiting == "none"
    assert first == result.reference
    assert (first.rank, first.why) == (1, "the plan reaches the target without change")
    assert set(first.kind) == {"best", "reference", "label", "fixed_interval", "fixed_dose"}
    assert (first.added_mg, first.total_mg) == (0, 300)


def test_the_plan_stays_first_even_where_the_same_drug_given_earlier_does_better():
    result = found(make_case(now_day=13, planned=[dose(20), dose(42)]), cl=0.3)
    assert result.regimens[0] == result.reference
    earlier = result.regimens[1]
    assert earlier.added_mg == 0
    assert earlier.doses[0].time_day < 20
    assert earlier.probability_target >= result.reference.probability_target


def test_the_best_regimen_adds_the_least_drug_that_reaches_the_target():
    result = found(make_case())
    best = result.regimens[0]
    assert best.kind[0] == "best"
    assert best.why == "smallest additional dose that reaches the target"
    assert best.is_reached
    assert best.probability_target >= 0.5
    assert not result.reference.is_reached
    assert result.reference.why == "the plan without change does not reach the target"
    assert result.candidates_evaluated == result.candidates_total == 268
    assert result.candidates_reaching is not None
    assert 0 < result.candidates_reaching < 268
    assert {regimen.added_mg for regimen in result.regimens if regimen.is_reached and not regimen.kind} >= {200.0}
    assert best.added_mg == min(regimen.added_mg for regimen in result.regimens if regimen.is_reached)


def test_listed_regimens_are_ranked_by_drug_then_chance_then_number_then_first_day():
    result = found(make_case(planned=[dose(16), dose(42)]), cl=1.3)
    reached = [regimen for regimen in result.regimens if regimen.is_reached]
    keys = [
        (
            regimen.added_mg,
            -round(regimen.probability_target, 9),
            len(regimen.doses),
            regimen.doses[0].time_day,
        )
        for regimen in reached
    ]
    assert keys == sorted(keys)
    assert [regimen.rank for regimen in result.regimens] == list(range(1, len(result.regimens) + 1))
    verdicts = [regimen.is_reached for regimen in result.regimens]
    assert verdicts == sorted(verdicts, reverse=True)


def test_where_nothing_reaches_the_target_the_nearest_is_first_and_the_binding_limit_is_named():
    result = found(make_case(), cl=3.0)
    nearest = result.regimens[0]
    assert not result.reachable
    assert nearest.kind[0] == "nearest"
    assert nearest.why == "nearest to the target; no regimen within the limits reaches it"
    assert shown(nearest.doses) == [(14, 600), (17, 600), (42, 300)]
    chances = [regimen.probability_target for regimen in result.regimens]
    assert chances == sorted(chances, reverse=True)
    assert result.candidates_reaching == 0


def test_where_nothing_better_than_the_plan_may_be_given_the_plan_is_nearest():
    result = found(make_case(limits={"mg_per_kg_max": 5, "doses_max_28_day": 3}), cl=3.0)
    assert result.regimens[0] == result.reference
    assert result.regimens[0].kind[:2] == ("nearest", "reference")
    assert result.regimens[0].why.startswith("the plan itself comes nearest")


@pytest.mark.parametrize("everything", [300_000, -1])
def test_where_no_regimen_has_any_chance_the_highest_exposure_is_nearest(everything):
    case = make_case(target={"risk_day90": 1e-6}, limits={"doses_max_28_day": 5, "dose_step_mg": 200})
    result = found(case, cl=1e4, evaluate_all_up_to=everything)
    assert max(regimen.probability_target for regimen in result.regimens) == 0
    assert (result.limiting, result.relaxations) == ("none", ())
    nearest = result.regimens[0]
    assert shown(nearest.doses) == [(14, 600), (17, 600), (20, 600), (42, 300)]
    exposures = [regimen.log_auc_cl or math.nan for regimen in result.regimens if regimen.is_candidate]
    assert exposures == sorted(exposures, reverse=True)


def test_where_every_regimen_has_every_chance_the_least_drug_stays_first():
    result = found(make_case(target={"risk_day90": 0.99}), cl=0.3)
    assert min(regimen.probability_target for regimen in result.regimens) == pytest.approx(1)
    added = [regimen.added_mg for regimen in result.regimens]
    assert added == sorted(added)
    assert added[0] == 0


@pytest.mark.parametrize(
    ("changes", "reference_is"),
    [
        ({}, "planned"),
        ({"limits": {"reference": "none"}}, "planned"),
        ({"limits": {"reference": "label"}}, "label"),
        ({"planned": []}, "label"),
        ({"planned": [], "doses": [dose(0), dose(14), dose(42)], "now_day": 42}, "none"),
    ],
)
def test_the_answer_says_what_the_reference_plan_is(changes, reference_is):
    result = found(make_case(**changes), cl=0.4)
    assert result.reference_is == result_json(result)["reference_is"] == reference_is
    if result.reference.is_reached:
        assert result.reference.why == "the plan reaches the target without change"


def test_progress_rises_to_1():
    shares: list[float] = []
    found(make_case(), cl=3.0, progress=shares.append, evaluate_all_up_to=-1)
    assert shares == sorted(shares)
    assert shares[0] > 0
    assert shares[-1] == 1


@pytest.mark.parametrize("limits", [{"days_allowed": [2, 40]}, {"days_allowed": [16], "first_day": 20}])
def test_limits_that_leave_no_day_are_said_with_their_values(limits):
    warnings = {warning.code: warning.text for warning in found(make_case(limits=limits)).warnings}
    shown_days = ", ".join(f"{day}" for day in limits["days_allowed"])
    assert "no whole day from day 14 to day 27" in warnings["no_day_allowed"]
    assert f"days_allowed: {shown_days}" in warnings["no_day_allowed"]


def test_limits_that_leave_one_day_draw_no_such_warning():
    assert "no_day_allowed" not in codes(found(make_case(limits={"days_allowed": [27]})))
    assert "no_day_allowed" not in codes(found(make_case(now_day=28, planned=[dose(42)], limits={"days_allowed": [3]})))


def test_the_plug_in_criterion_looks_at_the_estimate_alone():
    case = make_case(target={"criterion": "plug_in"})
    result = found(case, cl=1.1)
    best = result.regimens[0]
    assert best.risk_day90.plug_in <= 0.2
    assert best.is_reached
    below = [regimen for regimen in result.regimens if regimen.added_mg < best.added_mg]
    assert below
    assert all(regimen.risk_day90.plug_in > 0.2 for regimen in below)
    keys = [(r.added_mg, round(r.risk_day90.plug_in, 9)) for r in result.regimens if r.is_reached]
    assert keys == sorted(keys)


def test_where_nothing_reaches_the_plug_in_target_the_lowest_risk_is_first():
    risks = [r.risk_day90.plug_in for r in found(make_case(target={"criterion": "plug_in"}), cl=3.0).regimens]
    assert risks == sorted(risks)


def test_a_higher_confidence_needs_no_less_drug():
    added = [
        found(make_case(target={"confidence": confidence}), cl=0.9).regimens[0].added_mg
        for confidence in (0.3, 0.5, 0.7, 0.8)
    ]
    assert added == sorted(added)
    assert added[0] < added[-1]


def test_doses_already_given_count():
    weak = found(make_case(doses=[dose(0, 100), dose(7, 100)]), cl=1.0).regimens[0]
    strong = found(make_case(doses=[dose(0, 100), dose(12.5, 900)], limits={"gap_day_min": 1}), cl=1.0).regimens[0]
    assert strong.added_mg < weak.added_mg


# -------------------------------------------------------------------------------------------------- what always stands


@pytest.mark.parametrize("cl", [0.4, 0.8, 1.2, 3.0])
@pytest.mark.parametrize("planned", [[dose(14, 600), dose(42)], [dose(16)], [], [dose(15, 150), dose(20, 150)]])
def test_reference_label_fixed_interval_and_fixed_dose_are_always_listed(cl, planned):
    result = found(make_case(planned=planned), cl)
    kinds = {kind for regimen in result.regimens for kind in regimen.kind}
    assert kinds == {"best" if result.reachable else "nearest", "reference", "label", "fixed_interval", "fixed_dose"}
    assert result.regimens.count(result.reference) == 1
    assert np.diff([dose.time_day for dose in of_kind(result, "fixed_interval").doses if dose.time_day < 28]) == (
        pytest.approx(7)
    )
    fixed = [dose.amount_mg for dose in of_kind(result, "fixed_dose").doses if dose.time_day < 28]
    assert set(fixed) == {300}


def test_the_fixed_families_are_the_least_that_reaches_the_target():
    result = found(make_case())
    assert shown(of_kind(result, "fixed_interval").doses) == [(14, 500), (42, 300)]
    assert shown(of_kind(result, "fixed_dose").doses) == [(14, 300), (17, 300), (42, 300)]
    assert of_kind(result, "fixed_dose").why == (
        "smallest additional dose that reaches the target with the label amount at every infusion"
    )


def test_a_fixed_dose_below_the_plan_is_listed_last_and_says_so():
    # 300 mg on day 14 are less than the 600 mg planned, and nothing can be given before.
    result = found(make_case(planned=[dose(14, 600), dose(42)], limits={"doses_max_28_day": 3}))
    fixed = of_kind(result, "fixed_dose")
    assert shown(fixed.doses) == [(14, 300), (42, 300)]
    assert not fixed.is_candidate
    assert fixed.why.endswith("; gives less than the plan at some time")
    assert all(regimen.is_candidate for regimen in result.regimens[: fixed.rank - 2])


def test_a_label_regimen_that_starves_the_plan_never_ranks_before_candidates():
    # The label dose on day 14 alone would reach the target with less than the 600 mg planned for day 25.
    result = found(make_case(planned=[dose(25, 600)]), cl=0.6)
    label = of_kind(result, "label")
    assert label.is_reached
    assert label.added_mg < 0
    assert not label.is_candidate
    assert "label" not in result.regimens[0].kind


def test_after_day_28_only_the_reference_is_listed():
    result = found(make_case(now_day=28, planned=[dose(42)]))
    assert result.limiting == "day 28 has passed"
    assert result.regimens == (result.reference,)
    assert shown(result.reference.doses) == [(42, 300)]
    assert result.reference.total_mg == 0
    assert "day_28_passed" in codes(result)
    json.dumps(result_json(result), allow_nan=False)


def test_the_kept_doses_stand_in_every_candidate():
    for regimen in found(make_case(planned=[dose(14), dose(28), dose(42, 350)])).regimens:
        if regimen.is_candidate:
            assert shown(regimen.doses[-2:]) == [(28, 300), (42, 350)]


def test_without_a_rule_regimens_with_less_drug_are_listed_and_words_say_so():
    case = make_case(planned=[dose(14, 600)], limits={"reference": "none", "doses_max_28_day": 4})
    result = found(case, cl=0.9)
    assert result.regimens[0] == result.reference
    assert result.regimens[1].added_mg < 0
    assert result.regimens[1].is_reached
    assert "reference_none" in codes(result)


def test_without_a_rule_the_first_regimen_that_is_not_the_plan_has_the_least_drug():
    case = make_case(planned=[dose(26, 600)], limits={"reference": "none", "doses_max_28_day": 4})
    first = found(case, cl=1.0).regimens[0]
    assert first.why == "least drug that reaches the target"
    assert first.added_mg < 0


def test_the_label_regimen_takes_the_plans_duration_on_its_days():
    result = found(make_case(planned=[dose(14, duration_hour=1), dose(42, duration_hour=1.5)]))
    assert {"reference", "label"} <= set(result.reference.kind)


def test_a_fixed_interval_and_a_fixed_dose_hold_an_infusion_even_where_none_is_needed():
    result = found(make_case(planned=[dose(42)]), cl=0.1)
    assert result.regimens[0] == result.reference
    assert shown(of_kind(result, "fixed_interval").doses)[0][0] < 28
    assert shown(of_kind(result, "fixed_dose").doses)[0][0] < 28


# ------------------------------------------------------------------------------------------------------------- figures


def test_totals_count_the_infusions_before_day_28_and_vials_are_rounded_up_for_each():
    case = make_case(planned=[dose(14, 350), dose(20, 250), dose(28, 100), dose(42)])
    reference = found(case).reference
    assert reference.total_mg == 600
    assert reference.vials == 4 + 3
    assert reference.added_mg == 0
    # Days 0 to 27 hold 300 + 300 + 350 + 250 mg, days 7 to 34 as much as 300 + 350 + 250 + 100 mg.
    assert reference.total_28_day_mg == 1200
    assert reference.mg_per_kg_max == pytest.approx(350 / 60)


def test_added_drug_is_counted_from_the_reference():
    for regimen in (result := found(make_case())).regimens:
        assert regimen.added_mg == regimen.total_mg - result.reference.total_mg


def test_the_figures_are_those_of_the_scorer():
    points = Points((0.5, 1.5), (4.0, 5.0), (3.0, 1.0))
    regimen = found(make_case(), points=points).reference
    logs = []
    for cl, volume in zip(points.cl, points.volume, strict=True):
        at = np.array([cl]), np.array([volume])
        logs.append(math.log(300 * sum(area_per_mg(*at, day, 2 / 24)[0] for day in (0, 7, 14)) / cl))
    assert regimen.probability_low_risk == pytest.approx(0.75 if logs[0] >= 5.79 > logs[1] else float("nan"))
    assert regimen.log_auc_cl_q50 == pytest.approx(logs[0])
    assert regimen.log_auc_cl is not None
    assert logs[1] < regimen.log_auc_cl < logs[0]


@pytest.mark.requirement("BAD-02")
def test_the_document_has_the_fields_of_the_format_and_no_nan():
    document = result_json(found(make_case(), cl=3.0))
    json.dumps(document, allow_nan=False)
    assert document["schema"] == "asuc-optimize/1"
    assert set(document) >= {"candidates_evaluated", "reachable", "limiting", "reference", "regimens", "warnings"}
    regimens = document["regimens"]
    assert isinstance(regimens, list)
    assert set(regimens[0]) >= {
        "doses",
        "kind",
        "total_mg",
        "vials",
        "added_mg",
        "total_28_day_mg",
        "mg_per_kg_max",
        "log_auc_cl",
        "risk_day90",
        "probability_low_risk",
        "probability_target",
        "rank",
        "why",
    }
    assert set(regimens[0]["doses"][0]) == {"time_day", "amount_mg", "duration_hour"}
    assert set(regimens[0]["risk_day90"]) == {"plug_in", "mean", "q05", "q95"}


def test_without_drug_in_the_window_the_exposure_is_null_and_the_risk_1():
    # Given so long ago, and cleared so fast, that nothing of it is left.
    case = make_case(doses=[dose(0)], planned=[dose(42)], target={"confidence": 0.99})
    reference = result_json(found(case, points=Points((400.0, 500.0), (0.3, 0.4), (1.0, 1.0))))["reference"]
    assert isinstance(reference, dict)
    assert reference["log_auc_cl"] is None
    assert reference["risk_day90"] == {"plug_in": 1.0, "mean": 1.0, "q05": 1.0, "q95": 1.0}


# -------------------------------------------------------------------------------------------- conflicts, heart failure


@pytest.mark.requirement("DOSE-03")
@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"planned": [dose(14, 700)]}, "reference_breaks_mg_per_kg_max"),
        ({"planned": [dose(14), dose(16)]}, "reference_breaks_gap_day_min"),
        ({"limits": {"doses_max_28_day": 2}}, "reference_breaks_doses_max_28_day"),
        ({"limits": {"days_allowed": [16, 42]}}, "reference_breaks_days"),
        ({"limits": {"first_day": 16}}, "reference_breaks_days"),
        ({"limits": {"weekdays_allowed": ["Tue"]}, "start_date": "2026-01-05"}, "reference_breaks_days"),
        ({"heart_failure": True, "planned": [dose(14, 400)]}, "reference_breaks_heart_failure"),
    ],
)
def test_a_plan_that_breaks_a_limit_is_listed_unaltered_with_a_warning(changes, code):
    case = make_case(**changes)
    result = found(case)
    assert code in codes(result)
    assert result.reference.doses == case.planned
    assert result.reference.breaks == (code.removeprefix("reference_breaks_"),)


def test_a_plan_within_the_limits_draws_no_warning():
    assert found(make_case()).warnings == ()


def test_in_heart_failure_nothing_but_the_plan_is_above_5_mg_per_kg():
    result = found(make_case(heart_failure=True, planned=[dose(14, 600), dose(42, 600)]))
    for regimen in result.regimens:
        if "reference" not in regimen.kind:
            assert all(dose.amount_mg <= 300 for dose in regimen.doses if dose.time_day < 28)
    assert result.reference.breaks == ("heart_failure",)


def test_in_heart_failure_a_plan_above_5_mg_per_kg_is_never_the_nearest_and_says_why():
    limits = {"doses_max_28_day": 3}
    result = found(make_case(heart_failure=True, planned=[dose(14, 600)], limits=limits), cl=1.5)
    assert not result.reachable
    assert result.reference.probability_target > result.regimens[0].probability_target
    assert "nearest" in result.regimens[0].kind
    assert max(dose.amount_mg for dose in result.regimens[0].doses) <= 300
    assert result.reference.rank > 1
    assert result.reference.why.endswith("above 5 mg/kg, contraindicated in moderate or severe heart failure")


def test_in_heart_failure_a_plan_that_reaches_the_target_is_first_and_warned_of():
    result = found(make_case(heart_failure=True, planned=[dose(14, 600)]), cl=0.4)
    assert result.regimens[0] == result.reference
    assert result.reference.why == "the plan reaches the target without change"
    warnings = {warning.code: warning.text for warning in result.warnings}
    assert "600 mg (10.0 mg/kg) on day 14, at most 5 mg/kg" in warnings["reference_breaks_heart_failure"]


@pytest.mark.parametrize(("weight", "step", "most"), [(63, 100, 300), (63, 150, 300), (63, 50, 300), (61, 80, 240)])
def test_in_heart_failure_the_cap_counts_in_whole_steps(weight, step, most):
    case = make_case(heart_failure=True, planned=[dose(14, 600)], limits={"dose_step_mg": step})
    result = found(case, cl=3.0, weight_kg=weight)
    assert result.regimens[0].doses[0].amount_mg == most
    assert result.regimens[0].is_candidate


def test_unknown_heart_failure_is_not_capped_and_warned_of():
    result = found(make_case(heart_failure=None))
    assert codes(result) == {"heart_failure_unknown"}
    assert result.regimens[0].mg_per_kg_max > 5


def test_a_limit_above_the_usual_range_is_flagged():
    assert "above_usual_range" in codes(found(make_case(limits={"mg_per_kg_max": 15})))


def test_the_label_regimen_standing_in_for_a_plan_is_flagged():
    assert "reference_is_label" in codes(found(make_case(planned=[])))
    assert "reference_is_label" not in codes(found(make_case(limits={"reference": "label"})))


# -------------------------------------------------------------------------------------------------------- what limits


@pytest.mark.parametrize(
    ("changes", "limiting"),
    [
        ({"limits": {"mg_per_kg_max": 5, "dose_step_mg": 300}}, "mg_per_kg_max"),
        ({"limits": {"doses_max_28_day": 3}}, "doses_max_28_day"),
        ({"limits": {"doses_max_28_day": 3, "first_day": 26}, "planned": [dose(26)]}, "days"),
        ({"heart_failure": True, "limits": {"doses_max_28_day": 9}}, "heart_failure"),
        (
            {"limits": {"doses_max_28_day": 9, "gap_day_min": 4, "dose_step_mg": 20}, "now_day": 19, "planned": []},
            "gap_day_min",
        ),
    ],
)
def test_the_limit_whose_relaxation_by_one_step_helps_most_is_named(changes, limiting):
    result = found(make_case(**changes), cl=2.5)
    assert not result.reachable
    best = max(result.relaxations, key=lambda relaxation: relaxation.probability_target)
    assert (result.limiting, best.limit) == (limiting, limiting)
    assert best.probability_target > result.regimens[0].probability_target


def test_a_relaxation_gives_what_a_case_with_that_limit_gives():
    result = found(make_case(), cl=3.0)
    for relaxation in result.relaxations:
        one_more = {
            "mg_per_kg_max": {"mg_per_kg_max": 700 / 60, "doses_max_28_day": 4},
            "gap_day_min": {"gap_day_min": 2, "doses_max_28_day": 4},
            "doses_max_28_day": {"doses_max_28_day": 5},
        }[relaxation.limit]
        nearest = found(make_case(limits=one_more), cl=3.0).regimens[0]
        assert shown(relaxation.doses) == shown(nearest.doses)
        assert relaxation.probability_target == pytest.approx(nearest.probability_target)


# -------------------------------------------------------------------------------------------------------- certainty


small_cases = st.fixed_dictionaries(
    {
        "cl": st.floats(0.2, 3.0),
        "sd": st.floats(0.05, 0.6),
        "now": st.sampled_from([8.0, 10.5, 13.0, 17.2, 20.0]),
        "given": st.lists(st.sampled_from([2.0, 4.5, 7.0]), max_size=2, unique=True).map(sorted),
        "planned": st.lists(
            st.tuples(
                st.sampled_from([20.5, 21.0, 22.0, 24.0, 26.0, 30.0, 42.0]), st.sampled_from([150, 300, 420, 700])
            ),
            max_size=3,
            unique_by=lambda pair: pair[0],
        ).map(sorted),
        "step": st.sampled_from([100, 150, 290]),
        "most": st.integers(2, 5),
        "gap": st.sampled_from([1.0, 3.0, 4.5]),
        "criterion": st.sampled_from(["posterior", "plug_in"]),
        "confidence": st.sampled_from([0.3, 0.5, 0.8]),
        "heart_failure": st.booleans(),
        "reference": st.sampled_from(["planned", "label", "none"]),
    }
)


def case_from(drawn):
    return make_case(
        doses=[dose(0), *(dose(day) for day in drawn["given"])],
        planned=[dose(day, amount) for day, amount in drawn["planned"]],
        now_day=drawn["now"],
        heart_failure=drawn["heart_failure"],
        target={"criterion": drawn["criterion"], "confidence": drawn["confidence"]},
        limits={
            "dose_step_mg": drawn["step"],
            "doses_max_28_day": drawn["most"],
            "gap_day_min": drawn["gap"],
            "reference": drawn["reference"],
        },
    )


@given(small_cases)
@settings(max_examples=60)
def test_the_search_by_bounds_finds_the_same_list_as_looking_at_every_regimen(drawn):
    case = case_from(drawn)
    points = spread_points(drawn["cl"], sd=drawn["sd"], n=15)
    every = found(case, points=points, evaluate_all_up_to=2_000_000, listed_max=7)
    if every.candidates_total > 100_000:
        return
    bounds = found(case, points=points, evaluate_all_up_to=-1, listed_max=7)
    assert every.candidates_reaching is not None
    assert bounds.candidates_reaching is None
    assert every.candidates_evaluated == every.candidates_total == bounds.candidates_total
    assert bounds.regimens == every.regimens
    assert (bounds.limiting, bounds.relaxations) == (every.limiting, every.relaxations)
    json.dumps(result_json(every), allow_nan=False)


@pytest.mark.requirement("DOSE-02")
@given(small_cases)
@settings(max_examples=60)
def test_every_listed_candidate_keeps_the_rules(drawn):
    case = case_from(drawn)
    result = found(case, points=spread_points(drawn["cl"], sd=drawn["sd"], n=15), evaluate_all_up_to=20_000)
    reference = [(dose.time_day, dose.amount_mg) for dose in result.reference.doses]
    starts = [dose.time_day for dose in case.doses]
    own = {*starts, *(time for time, _ in reference)}
    cap = 300 if case.heart_failure else 600
    for regimen in result.regimens:
        if not regimen.is_candidate:
            continue
        new = [(time, mg) for time, mg in shown(regimen.doses) if time < 28]
        assert [pair for pair in shown(regimen.doses) if pair[0] >= 28] == [pair for pair in reference if pair[0] >= 28]
        for time, mg in new:
            assert time >= case.now_day
            assert time.is_integer() or time in own
            is_unchanged = (time, mg) in reference and not (case.heart_failure and mg > 300)
            assert is_unchanged or (mg <= cap and mg % drawn["step"] == 0)
        every = sorted([*starts, *(dose.time_day for dose in regimen.doses)])
        for one, other in pairwise(every):
            if not (one in own and other in own):
                assert other - one >= drawn["gap"]
        plan = sorted(own)
        for start in every:
            allowed = max(drawn["most"], sum(start <= time < start + 28 for time in plan))
            assert sum(start <= time < start + 28 for time in every) <= allowed
        if drawn["reference"] != "none":
            practical = 300 // drawn["step"] * drawn["step"]
            for time, _ in reference:
                if time < 28:
                    needed = [
                        min(mg, practical) if case.heart_failure and mg > 300 else mg
                        for at, mg in reference
                        if at <= time
                    ]
                    assert sum(mg for at, mg in new if at <= time) >= sum(needed)


def test_a_large_grid_is_searched_in_bounded_effort_and_its_optimum_is_certain():
    # Steps of 10 mg and up to three further infusions: some 10^9 regimens.
    fine = make_case(
        doses=[dose(0)],
        now_day=8,
        planned=[dose(14), dose(42)],
        limits={"dose_step_mg": 10, "doses_max_28_day": 4},
        target={"confidence": 0.8},
    )
    result = found(fine, cl=1.0)
    best = result.regimens[0]
    assert result.candidates_total > 10**7
    assert result.candidates_evaluated < 10**6
    assert result.is_complete
    assert best.is_reached
    # A case that allows less than that in all has no plan that reaches the target.
    coarse = make_case(
        doses=[dose(0)],
        now_day=8,
        planned=[dose(14), dose(42)],
        limits={"dose_step_mg": 50, "doses_max_28_day": 4},
        target={"confidence": 0.8},
    )
    on_coarser_grid = found(coarse, cl=1.0, evaluate_all_up_to=20_000_000).regimens[0]
    assert best.added_mg <= on_coarser_grid.added_mg < best.added_mg + 50 * 3


def test_a_search_that_is_cut_off_says_so():
    case = make_case(doses=[dose(0)], now_day=1, planned=[dose(42)], limits={"dose_step_mg": 1, "doses_max_28_day": 9})
    result = found(case, cl=2.0, evaluations_max=5_000)
    assert not result.is_complete
    assert "search_not_complete" in codes(result)
    assert result.candidates_evaluated < 100_000


def test_the_best_plans_do_not_depend_on_the_order_in_which_they_come():
    rng = np.random.default_rng(3)
    times = np.sort(rng.choice(np.arange(9), size=(400, 2)), axis=1)
    plans = Plans(times, rng.choice([100.0, 200.0, 300.0], size=(400, 2)), rng.choice([0.4, 0.5, 0.6], size=400))
    expected = best_plans(plans, 0.5, 10)
    half = 200
    first, second = (
        Plans(plans.time_index[part], plans.amounts[part], plans.measure[part])
        for part in (slice(None, half), slice(half, None))
    )
    one_by_one = best_plans(joined(best_plans(second, 0.5, 10), first), 0.5, 10)
    assert np.array_equal(one_by_one.measure, expected.measure)
    assert np.array_equal(one_by_one.amounts.sum(axis=1), expected.amounts.sum(axis=1))


def test_a_measure_within_rounding_of_the_threshold_reaches_it():
    case = make_case()
    grid = candidate_grid(case, reference_plan(case, WEIGHT_KG), grid_limits(case, WEIGHT_KG))
    goal = Goal(lambda times, _: np.full(len(times), 0.5 - 1e-12), 0.5, 3)
    for limit in (300_000, -1):
        outcome = search(grid, goal=goal, evaluate_all_up_to=limit)
        assert outcome.plans.amounts.sum(axis=1).tolist()[0] == 300


def test_results_are_equal_from_run_to_run():
    assert found(make_case()) == found(make_case())
    assert replace(found(make_case()), warnings=()) == found(make_case())

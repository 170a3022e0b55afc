"""The regimen search on real posteriors: its figures agree with the forecast's and with each other."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import pytest

from dosing_app.decision.forecast import forecast
from dosing_app.decision.patient import read_case
from dosing_app.decision.regimen_search import find_regimens
from tte import load_event_model

if TYPE_CHECKING:
    from dosing_app.decision.case_schema import CaseDose, PatientCase

EVENTS = load_event_model()
BELOW_EARLY = {"time_day": 1.8, "censored": "below", "lloq_mg_per_L": 0.4}
DOSE = {"time_day": 0.0, "amount_mg": 400}


def case_of(**fields: Any) -> PatientCase:
    base: dict[str, Any] = {
        "schema": "asuc-case/1",
        "covariates": {"weight_kg": 63, "crp_mg_per_L": 80},
        "doses": [DOSE],
    }
    return read_case(base | fields)


def with_plan(case: PatientCase, doses: tuple[CaseDose, ...]) -> PatientCase:
    return case.model_copy(update={"planned": doses})


CASES = {
    "fine grid, one early sample": case_of(
        samples=[BELOW_EARLY],
        now_day=12,
        planned=[{"time_day": 17.0, "amount_mg": 400}],
        limits={"dose_step_mg": 50, "doses_max_28_day": 4, "mg_per_kg_max": 12},
        target={"risk_day90": 0.2, "confidence": 0.7564},
    ),
    "plan before the window": case_of(
        samples=[BELOW_EARLY, BELOW_EARLY | {"time_day": 4.8}],
        now_day=7,
        planned=[{"time_day": 9.0, "amount_mg": 600}],
        limits={"doses_max_28_day": 2},
        target={"confidence": 0.05},
    ),
    "a quantified sample": case_of(
        samples=[{"time_day": 9.0, "concentration_mg_per_L": 5.0}],
        now_day=10,
        planned=[{"time_day": 14, "amount_mg": 400}],
        limits={"doses_max_28_day": 4, "gap_day_min": 2},
    ),
}


@pytest.mark.parametrize("name", CASES)
def test_every_listed_regimen_has_the_figures_of_its_own_forecast(name):
    case = CASES[name]
    for regimen in find_regimens(case, EVENTS).regimens[:8]:
        own = forecast(with_plan(case, regimen.doses), EVENTS)
        assert own.risk is not None
        assert regimen.probability_target == pytest.approx(own.risk.probability_target, abs=1e-4)
        assert regimen.probability_low_risk == pytest.approx(own.risk.probability_low_risk, abs=1e-4)
        figures = regimen.risk_day90
        assert figures.plug_in == pytest.approx(own.risk.map_day90, abs=1e-9)
        assert figures.mean == pytest.approx(own.risk.day90.mean, abs=1e-4)
        assert (figures.q05, figures.q95) == pytest.approx(tuple(own.risk.day90.quantiles[[0, 4]]), abs=1e-6)


@pytest.mark.parametrize("name", CASES)
def test_what_is_said_to_reach_the_target_does_by_the_figure_beside_it(name):
    case = CASES[name]
    for regimen in find_regimens(case, EVENTS).regimens:
        assert regimen.is_reached == (regimen.probability_target >= case.target.confidence - 1e-9)


def test_no_regimen_without_an_infusion_in_the_window_lacks_its_interval():
    result = find_regimens(CASES["plan before the window"], EVENTS)
    early = [r for r in result.regimens if all(d.time_day < 14 for d in r.doses)]
    assert early
    for regimen in early:
        assert 0.0 < regimen.risk_day90.q05 < regimen.risk_day90.q95 < 1.0
        assert math.isfinite(regimen.risk_day90.mean)


def test_an_easy_target_on_a_wide_grid_has_a_certain_answer():
    case = case_of(
        samples=[{"time_day": 2.5, "concentration_mg_per_L": 4}],
        planned=[{"time_day": 14, "amount_mg": 400}],
        now_day=3,
        limits={"gap_day_min": 1, "doses_max_28_day": 6, "dose_step_mg": 50, "mg_per_kg_max": 15},
        target={"risk_day90": 0.15, "confidence": 0.5},
    )
    result = find_regimens(case, EVENTS)
    assert result.is_complete
    assert result.reachable
    assert result.candidates_total > 10**9
    assert "search_not_complete" not in {warning.code for warning in result.warnings}


def permissive(step, risk, **limits):
    """Return a fast-clearing patient who may have an infusion on every day."""
    return case_of(
        samples=[BELOW_EARLY, BELOW_EARLY | {"time_day": 2.8}],
        planned=[{"time_day": 14, "amount_mg": 400}],
        now_day=3,
        limits={"gap_day_min": 0.5, "doses_max_28_day": 28, "dose_step_mg": step, **limits},
        target={"risk_day90": risk, "confidence": 0.9},
    )


@pytest.mark.parametrize(("step", "risk"), [(100, 0.2), (100, 0.05), (5, 0.05), (1, 0.05)])
def test_an_infusion_on_every_day_leaves_the_answer_certain(step, risk):
    result = find_regimens(permissive(step, risk), EVENTS)
    assert result.is_complete
    assert result.candidates_total > 10**20
    assert result.candidates_evaluated < 100_000
    assert not {"search_not_complete", "limiting_not_certain"} & {warning.code for warning in result.warnings}


def test_steps_of_1_mg_on_every_day_end_with_a_good_answer_that_is_not_certain():
    shares: list[float] = []
    result = find_regimens(permissive(1, 0.2), EVENTS, progress=shares.append)
    assert not result.is_complete
    assert "search_not_complete" in {warning.code for warning in result.warnings}
    assert result.candidates_evaluated < 700_000
    assert shares == sorted(shares)
    assert shares[-1] == 1
    # A coarser grid, searched to the end, is no better.
    coarse = find_regimens(permissive(25, 0.2), EVENTS)
    assert result.regimens[0].added_mg <= coarse.regimens[0].added_mg
    assert find_regimens(permissive(1, 0.2), EVENTS) == result


def test_a_target_beyond_every_chance_is_answered_by_the_highest_exposure():
    result = find_regimens(permissive(100, 1e-6, doses_max_28_day=4, gap_day_min=3), EVENTS)
    assert not result.reachable
    assert max(regimen.probability_target for regimen in result.regimens) < 1e-9
    risks = [regimen.risk_day90.plug_in for regimen in result.regimens if regimen.is_candidate]
    assert risks == sorted(risks)
    assert result.regimens[0].added_mg > 0


def test_a_fixed_dose_off_the_grid_says_so():
    case = case_of(
        covariates={"weight_kg": 60, "crp_mg_per_L": 80},
        samples=[{"time_day": 6.5, "concentration_mg_per_L": 2}],
        planned=[{"time_day": 14, "amount_mg": 250}],
        now_day=12,
        limits={"dose_step_mg": 250, "days_allowed": [14, 17, 20, 23]},
        target={"confidence": 0.9},
    )
    fixed = next(r for r in find_regimens(case, EVENTS).regimens if "fixed_dose" in r.kind)
    assert not fixed.is_candidate
    assert "multiples of 250 mg" in fixed.why


def test_what_cannot_be_listed_or_searched_is_said():
    case = case_of(
        doses=[DOSE, {"time_day": 22, "amount_mg": 300}],
        planned=[{"time_day": 27, "amount_mg": 300}],
        now_day=23,
        limits={"gap_day_min": 21, "days_allowed": [24.5, 26]},
    )
    codes = {warning.code for warning in find_regimens(case, EVENTS).warnings}
    assert {"no_label_left", "days_allowed_between"} <= codes

"""The comparison of models answers whatever one of them makes of a case."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from dosing_app.decision.examples import example_case
from dosing_app.decision.forecast import forecast
from dosing_app.decision.patient import read_case
from dosing_app.decision.sensitivity import compare_models
from dosing_app.decision.view import daily_times
from pkpd.model import model_names
from tte import load_event_model


def case_of(amount_mg: float, *samples: dict[str, Any]) -> Any:
    return read_case(
        {
            "schema": "asuc-case/1",
            "covariates": {"weight_kg": 63, "crp_mg_per_L": 30},
            "doses": [{"time_day": 0, "amount_mg": amount_mg}],
            "samples": list(samples),
        }
    )


@pytest.mark.parametrize(("amount_mg", "day", "lloq"), [(600, 5, 0.4), (300, 9, 0.1), (1300, 13.5, 0.1), (300, 3, 3.0)])
def test_an_early_sample_below_the_limit_is_answered_by_every_model(amount_mg, day, lloq):
    case = case_of(amount_mg, {"time_day": day, "censored": "below", "lloq_mg_per_L": lloq})
    found = compare_models(case, load_event_model())
    assert not found.skipped
    assert len(found.views) == len(model_names())
    assert np.isfinite(found.cl_quantiles).all()
    assert np.isfinite([view.log_evidence for view in found.views]).all()


def test_a_model_that_does_not_know_the_assay_is_left_out_with_the_reason():
    case = case_of(600, {"time_day": 6.9, "concentration_mg_per_L": 9.1, "assay": "Lisa-Tracker"})
    found = compare_models(case, load_event_model())
    assert [name for name, _ in found.skipped] == ["zhao_2026_pediatric"]
    assert "Lisa-Tracker" in found.skipped[0][1]


def test_the_average_is_given_at_doses_after_infusions_and_on_whole_days_until_a_week_after_the_last():
    case = example_case("typical")
    found = compare_models(case, load_event_model()).concentrations
    assert found is not None
    last = case.planned[-1].time_day
    infusions = [*case.doses, *case.planned]
    ends = [dose.time_day + dose.duration_hour / 24.0 for dose in infusions]
    assert {*range(int(last) + 8), *(dose.time_day for dose in infusions)} <= set(found.times.tolist())
    assert all(np.isclose(found.times, end, atol=1e-9, rtol=0.0).any() for end in ends)
    assert found.times[-1] == last + 7.0
    # The peak after an infusion is not missed.
    start, after = (int(np.argmin(abs(found.times - time))) for time in (last, ends[-1]))
    assert found.quantiles[after, 2] > 2.0 * found.quantiles[start, 2]


def test_the_averages_of_asked_times_do_not_depend_on_what_else_is_asked():
    case = example_case("fast_clearance")
    times = np.array([3.0, 14.0, 21.0])
    found = compare_models(case, load_event_model(), times=times).concentrations
    alone = compare_models(case, load_event_model(), times=times[2:]).concentrations
    assert found is not None
    assert alone is not None
    assert found.times.tolist() == times.tolist()
    assert found.quantiles[2] == pytest.approx(alone.quantiles[0], rel=1e-9)


def test_a_long_case_has_at_most_a_hundred_days_beside_its_infusions():
    case = case_of(600).model_copy(update={"now_day": 3650.0})
    times = daily_times(case, 28.0)
    assert times.size < 110
    assert (times[0], times[-1]) == (0.0, 3650.0)


@pytest.mark.parametrize("name", ["typical", "fast_clearance", "all_samples_censored"])
def test_the_intervals_of_the_case_s_own_model_are_those_of_its_forecast(name):
    case, event_model = example_case(name), load_event_model()
    result = forecast(case, event_model)
    assert result.risk is not None
    (own,) = [view for view in compare_models(case, event_model).views if view.model.id == result.model.id]
    assert own.cl_quantiles == pytest.approx(result.parameters["cl"].quantiles, rel=0.01)
    assert own.risk_quantiles == pytest.approx(result.risk.day90.quantiles, abs=0.005)


def test_every_model_has_its_intervals():
    for view in compare_models(example_case("typical"), load_event_model()).views:
        assert (np.diff(view.cl_quantiles) > 0.0).all()
        assert (np.diff(view.risk_quantiles) > 0.0).all()


def test_without_drug_in_the_window_every_model_says_the_highest_risk():
    case = case_of(1e-200)
    for view in compare_models(case, load_event_model()).views:
        assert view.risk_quantiles.tolist() == pytest.approx([view.risk_day90] * 5, abs=1e-6)

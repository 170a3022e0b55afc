"""The document of a forecast: its names, what its numbers have to do with each other, and where it says null."""

from __future__ import annotations

import json
import math
from functools import cache
from itertools import pairwise
from typing import Any

import pytest

from dosing_app.decision.applicability import check_case
from dosing_app.decision.examples import example_case, example_names
from dosing_app.decision.forecast import forecast
from dosing_app.decision.patient import read_case, to_json
from dosing_app.decision.result_json import forecast_json
from dosing_app.decision.sensitivity import compare_models
from tte import load_event_model, risk_day90, risk_from

EVENT_MODEL = load_event_model()
QUANTILES = ("q05", "q25", "q50", "q75", "q95")
RISKS = ("risk_day90", "risk_day90_total", "risk_from_now_total")
# No infusion of a thousandth of a femtogram gives a level of 3,000 mg/L, with a proportional error.
UNEXPLAINED: dict[str, Any] = {
    "schema": "asuc-case/1",
    "covariates": {"weight_kg": 63, "crp_mg_per_L": 30},
    "doses": [{"time_day": 0, "amount_mg": 1e-200}],
    "planned": [{"time_day": 14, "amount_mg": 600}],
    "samples": [{"time_day": 6, "concentration_mg_per_L": 3000}],
}


@cache
def document(name: str, **changes: Any) -> dict[str, Any]:
    tree = json.loads(to_json(example_case(name))) | changes
    return document_of(tree)


def document_of(tree: dict[str, Any]) -> dict[str, Any]:
    case = read_case(tree)
    result = forecast(case, EVENT_MODEL)
    made = forecast_json(result, compare_models(case, EVENT_MODEL), check_case(result))
    return json.loads(json.dumps(made, allow_nan=False))


def codes(made: dict[str, Any]) -> set[str]:
    return {warning["code"] for warning in made["warnings"]}


@pytest.mark.parametrize("name", example_names())
def test_every_name_of_the_format_is_there(name: str):
    made = document(name)

    assert made["schema"] == "asuc-forecast/1"
    assert set(made["model"]) >= {"name", "version", "sha256"}
    assert set(made["a_priori"]) >= {"cl_L_per_day", "v_L", "half_life_day"}
    assert set(made["map"]) >= {"eta", "cl_L_per_day", "v_L", "half_life_day", "objective", "status"}
    assert set(made["map"]["eta"]) == {"cl", "v"}
    posterior = made["posterior"]
    for quantity in ("cl_L_per_day", "v_L", "half_life_day", "auc_day14_28_mg_day_per_L", "log_auc_cl", *RISKS):
        assert set(posterior[quantity]) >= {"mean", "sd", *QUANTILES}, quantity
    assert set(posterior) >= {"probability_low_risk", "probability_target", "log_evidence"}
    assert set(made["exposure"]) == {"auc_day14_28_mg_day_per_L", "log_auc_cl"}
    assert set(made["risk"]) == {"day90", "from_now", "threshold_log_auc_cl", "stratum"}
    assert set(made["sensitivity"][0]) >= {"model", "log_evidence", "weight", "cl_L_per_day", "risk_day90"}
    for view in made["sensitivity"]:
        assert view["cl_q05_L_per_day"] < view["cl_q50_L_per_day"] < view["cl_q95_L_per_day"]
        assert view["risk_day90_q05"] <= view["risk_day90_q50"] <= view["risk_day90_q95"]
    n_used = sum(sample.exclude is None for sample in example_case(name).samples)
    assert len(made["samples"]) == n_used


@pytest.mark.parametrize("name", example_names())
def test_quantiles_rise_and_probabilities_are_probabilities(name: str):
    posterior = document(name)["posterior"]

    for quantity, marginal in posterior.items():
        if isinstance(marginal, dict):
            values = [marginal[quantile] for quantile in QUANTILES]
            assert values == sorted(values), quantity
    for quantity in ("probability_low_risk", "probability_target"):
        assert 0.0 <= posterior[quantity] <= 1.0
    for risk in RISKS:
        assert 0.0 < posterior[risk]["q05"] <= posterior[risk]["q95"] < 1.0


@pytest.mark.parametrize("name", example_names())
def test_the_plug_in_values_follow_from_the_estimate(name: str):
    made = document(name)
    log_auc_cl = made["exposure"]["log_auc_cl"]
    auc, clearance = made["exposure"]["auc_day14_28_mg_day_per_L"], made["map"]["cl_L_per_day"]

    assert log_auc_cl == pytest.approx(math.log(auc / clearance), abs=1e-12)
    assert made["risk"]["day90"] == pytest.approx(float(risk_day90(EVENT_MODEL, log_auc_cl)), rel=1e-12)
    now = example_case(name).now_day
    assert made["risk"]["from_now"] == pytest.approx(float(risk_from(EVENT_MODEL, log_auc_cl, day=now)), rel=1e-12)
    assert made["risk"]["stratum"] == ("low" if log_auc_cl >= 5.79 else "high")


@pytest.mark.parametrize("name", example_names())
def test_the_risk_from_levels_is_that_of_the_exposure(name: str):
    posterior = document(name)["posterior"]

    for low, high in zip(QUANTILES, reversed(QUANTILES), strict=True):
        expected = float(risk_day90(EVENT_MODEL, posterior["log_auc_cl"][high]))
        assert posterior["risk_day90"][low] == pytest.approx(expected, rel=1e-9)


@pytest.mark.parametrize("name", example_names())
def test_the_survival_curve_falls_from_1_to_the_total_risk(name: str):
    made = document(name)
    survival = made["survival"]

    assert [point["day"] for point in survival] == list(range(91))
    assert all(survival[0][quantile] == 1.0 for quantile in QUANTILES)
    for quantile in QUANTILES:
        curve = [point[quantile] for point in survival]
        assert all(later <= earlier + 1e-12 for earlier, later in pairwise(curve))
    assert survival[90]["q05"] == pytest.approx(1.0 - made["posterior"]["risk_day90_total"]["q95"], abs=1e-6)


def test_weights_of_the_average_sum_to_1():
    assert sum(view["weight"] for view in document("typical")["sensitivity"]) == pytest.approx(1.0, abs=1e-12)


def test_a_model_without_a_calibrated_risk_gives_none():
    made = document("typical", model="fasanmade_2009")

    assert made["risk"] is None
    assert [made["posterior"][risk] for risk in RISKS] == [None] * 3
    assert made["posterior"]["probability_target"] is None
    assert set(made["map"]) >= {"v1_L", "q_L_per_day", "v2_L", "v_L"}
    assert made["map"]["v_L"] == made["map"]["v1_L"]
    assert {view["model"] for view in made["sensitivity"]} >= {"fasanmade_2009", "niyigena_2026_asuc"}


def test_without_drug_in_the_window_the_risk_is_1_and_a_warning_says_why():
    made = document_of(
        {
            "schema": "asuc-case/1",
            "covariates": {"weight_kg": 63},
            "doses": [{"time_day": 30, "amount_mg": 300}],
        }
    )

    assert made["exposure"]["log_auc_cl"] is None
    assert made["posterior"]["log_auc_cl"] is None
    assert made["risk"]["day90"] == 1.0
    assert "no_drug_in_window" in codes(made)


def test_without_a_plan_a_warning_says_so():
    assert "no_plan" in codes(document("typical", planned=()))


def test_samples_that_nothing_explains_give_null_and_a_warning():
    made = document_of(UNEXPLAINED)

    assert made["a_priori"]["cl_L_per_day"] == pytest.approx(0.49)
    assert made["map"]["cl_L_per_day"] is None
    assert set(made["posterior"]["cl_L_per_day"].values()) == {None}
    assert made["posterior"]["auc_day14_28_mg_day_per_L"] is None
    assert made["exposure"] == {"auc_day14_28_mg_day_per_L": None, "log_auc_cl": None}
    assert made["risk"] is None
    assert made["survival"] == []
    assert [made["posterior"][risk] for risk in RISKS] == [None] * 3
    assert "samples_unexplained" in codes(made)
    assert "no_drug_in_window" not in codes(made)


@pytest.mark.parametrize("model", ["niyigena_2026_asuc", "niyigena_2026_asuc_explog", "zhao_2026_pediatric"])
def test_a_crp_below_its_limit_is_computed_as_said(model: str):
    tree = json.loads(to_json(example_case("typical"))) | {"model": model}
    below = document_of(tree | {"covariates": {"weight_kg": 63, "crp_below_mg_per_L": 5}})
    floor = document_of(tree | {"covariates": {"weight_kg": 63, "crp_mg_per_L": 1.5}})

    assert below["a_priori"] == floor["a_priori"]
    for part in ("map", "posterior", "exposure", "risk", "sensitivity", "average"):
        assert below[part] == floor[part], part

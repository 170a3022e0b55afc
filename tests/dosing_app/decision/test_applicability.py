"""Every warning appears on its own side of its bound, is short, and speaks in readable numbers."""

from __future__ import annotations

import ast
import math
import re
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any
from warnings import catch_warnings, simplefilter

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import chi2, norm

import dosing_app.decision.applicability as module
from dosing_app.decision.applicability import CaseWarning, check_case
from dosing_app.decision.applicability_rules_covariates import DERIVED, covariate_name
from dosing_app.decision.applicability_rules_estimate import chi_square_tail
from dosing_app.decision.applicability_rules_model import from_library
from dosing_app.decision.applicability_rules_samples import percentile_among_positive
from dosing_app.decision.case_schema import COVARIATE_NAMES, CaseCovariatesAt
from dosing_app.decision.case_warning import day_count, figure, reading, reading_apart
from dosing_app.decision.courses import etas_of_courses
from dosing_app.decision.examples import example_case, example_names
from dosing_app.decision.forecast import Forecast, forecast
from dosing_app.decision.patient import read_case
from dosing_app.language import Message, message, render
from dosing_app.language.catalogue import catalogue
from pkpd.errors import QuadratureStatus, Status
from pkpd.model.covariate import resolve_covariates
from pkpd.model.library import load_model, model_names
from pkpd.model.residual import residual_sd_parameters
from pkpd.model.spec import COVARIATE_CODES, COVARIATE_UNITS
from tte import load_event_model

if TYPE_CHECKING:
    from collections.abc import Iterable

EVENT_MODEL = load_event_model()
FOLDER = Path(str(module.__file__)).parent
PAGE = Path(__file__).resolve().parents[3] / "docs" / "theory" / "applicability.md"
# A patient like those of the study: only what is always said is said.
TYPICAL: dict[str, Any] = {
    "schema": "asuc-case/1",
    "covariates": {"weight_kg": 63, "crp_mg_per_L": 30, "ada_positive": False},
    "doses": [{"time_day": 0, "amount_mg": 500}],
    "planned": [{"time_day": 14, "amount_mg": 500}],
    "samples": [{"time_day": 10, "concentration_mg_per_L": 20}],
    "now_day": 12,
    "heart_failure": False,
}
ALWAYS = {"eligibility_not_seen", "before_week_4"}


def infusions(*rows: tuple[float, float]) -> list[dict[str, float]]:
    return [{"time_day": time, "amount_mg": amount} for time, amount in rows]


def level(time_day: float, concentration: float = 20.0, **keys: Any) -> dict[str, Any]:
    return {"time_day": time_day, "concentration_mg_per_L": concentration, **keys}


def beyond(time_day: float, censored: str, limit: float) -> dict[str, Any]:
    side = "lloq_mg_per_L" if censored == "below" else "uloq_mg_per_L"
    return {"time_day": time_day, "censored": censored, side: limit}


def computed(**changes: Any) -> Forecast:
    """Return the forecast of the typical case with some keys changed, a covariate among the others."""
    covariates = {**TYPICAL["covariates"], **changes.pop("covariates", {})}
    return forecast(read_case({**TYPICAL, "covariates": covariates, **changes}), EVENT_MODEL)


@cache
def typical() -> Forecast:
    return computed()


def codes(warnings: Iterable[CaseWarning]) -> set[str]:
    return {warning.code for warning in warnings}


def only(warnings: Iterable[CaseWarning], code: str) -> CaseWarning:
    (found,) = [warning for warning in warnings if warning.code == code]
    return found


def readable(warning: CaseWarning) -> None:
    """Hold a warning to what every text promises."""
    assert re.fullmatch(r"[a-z][a-z0-9]*(_[a-z0-9]+)*", warning.code)
    assert re.fullmatch(r"(\w+(\[\d+\])?(\.\w+)?)?", warning.place)
    assert warning.level in {"check", "note"}
    text = re.sub("“.*”", "“…”", warning.text)  # the user's own words are not ours to shorten
    assert len(text.split()) <= 30, text
    assert text.endswith(".")
    assert "\n" not in warning.text
    assert not re.search(r"\b(nan|inf|None|True|False)\b|\d[eE][+-]?\d|\d\.\d{8,}", text), text
    german = re.sub("„.*“", "„…“", render(warning.message, "de"))
    assert len(german.split()) <= 32, german
    assert german.endswith((".", "?"))
    assert not re.search(r"\d\.\d", german), german


def test_a_case_like_those_of_the_study_has_nothing_to_check():
    warnings = check_case(typical())
    assert codes(warnings) == ALWAYS
    assert all(warning.level == "note" for warning in warnings)


@pytest.mark.parametrize("name", example_names())
def test_warnings_of_the_examples_are_readable(name: str):
    warnings = check_case(forecast(example_case(name), EVENT_MODEL))
    assert warnings
    for warning in warnings:
        readable(warning)


# code, what makes it appear, what just does not, the place, the level, a part of the text
RULES: list[tuple[str, dict[str, Any], dict[str, Any], str, str, str]] = [
    (
        "under_age",
        {"covariates": {"age_year": 17.9}},
        {"covariates": {"age_year": 18}},
        "covariates.age_year",
        "check",
        "Age 17.9 is below 18 years",
    ),
    (
        "diagnosis_not_uc",
        {"covariates": {"diagnosis": "CD"}},
        {"covariates": {"diagnosis": "UC"}},
        "covariates.diagnosis",
        "check",
        "built on acute severe ulcerative colitis",
    ),
    (
        "no_sample",
        {"samples": []},
        {},
        "samples",
        "check",
        "rests on weight and CRP alone, and the study's method does not apply",
    ),
    (
        "no_sample_in_first_two_weeks",
        {"samples": [level(14.01)], "now_day": 15, "planned": infusions((20, 500))},
        {"samples": [level(14)], "now_day": 15, "planned": infusions((20, 500))},
        "samples[0]",
        "check",
        "of day 14.01: the study's method needs one by day 14",
    ),
    (
        "covariate_imputed",
        {"covariates": {"crp_mg_per_L": None}},
        {},
        "covariates.crp_mg_per_L",
        "check",
        "CRP not entered: 30 mg/L, the model's median, is assumed.",
    ),
    (
        "crp_below_limit",
        {"covariates": {"crp_mg_per_L": None, "crp_below_mg_per_L": 5}},
        {},
        "covariates.crp_below_mg_per_L",
        "check",
        "CRP below 5 mg/L is taken as 1.5 mg/L",
    ),
    (
        "covariate_floored",
        {"covariates": {"crp_mg_per_L": 1.49}},
        {"covariates": {"crp_mg_per_L": 1.5}},
        "covariates.crp_mg_per_L",
        "check",
        "CRP 1.49 mg/L is below what informed the model: its effect is taken at 1.5 mg/L.",
    ),
    (
        "covariate_outside",
        {"covariates": {"crp_mg_per_L": 350.5}},
        {"covariates": {"crp_mg_per_L": 350}},
        "covariates.crp_mg_per_L",
        "check",
        "CRP 350.5 mg/L is outside the 1.5 to 350 mg/L that informed the model.",
    ),
    (
        "covariate_outside",
        {"covariates": {"weight_kg": 40.9}},
        {"covariates": {"weight_kg": 41}},
        "covariates.weight_kg",
        "check",
        "Weight 40.9 kg is outside the 41 to 96 kg",
    ),
    (
        "covariate_unusual",
        {"covariates": {"albumin_g_per_L": 19.9}},
        {"covariates": {"albumin_g_per_L": 20}},
        "covariates.albumin_g_per_L",
        "check",
        "Albumin 19.9 g/L is unusual: 20 to 55 is expected.",
    ),
    (
        "covariate_unusual",
        {"covariates": {"albumin_g_per_L": 55.1}},
        {"covariates": {"albumin_g_per_L": 55}},
        "covariates.albumin_g_per_L",
        "check",
        "Albumin 55.1 g/L is unusual",
    ),
    (
        "unit_suspected",
        {"covariates": {"albumin_g_per_L": 7}},
        {"covariates": {"albumin_g_per_L": 7.1}},
        "covariates.albumin_g_per_L",
        "check",
        "Did you mean 7 g/dL (70 g/L)? Nothing was changed.",
    ),
    (
        "unit_suspected",
        {"covariates": {"crp_mg_per_L": 1.99}},
        {"covariates": {"crp_mg_per_L": 2}},
        "covariates.crp_mg_per_L",
        "check",
        "CRP 1.99 mg/L is very low for acute severe colitis. Did you mean 1.99 mg/dL (19.9 mg/L)?",
    ),
    (
        "unit_suspected",
        {"covariates": {"crp_mg_per_L": 4.9, "albumin_g_per_L": 29}},
        {"covariates": {"crp_mg_per_L": 5, "albumin_g_per_L": 29}},
        "covariates.crp_mg_per_L",
        "check",
        "Did you mean 4.9 mg/dL (49 mg/L)?",
    ),
    (
        "unit_suspected",
        {"covariates": {"crp_mg_per_L": 4.9, "albumin_g_per_L": 29.9}},
        {"covariates": {"crp_mg_per_L": 4.9, "albumin_g_per_L": 30}},
        "covariates.crp_mg_per_L",
        "check",
        "Nothing was changed.",
    ),
    (
        "antibodies_positive",
        {"covariates": {"ada_positive": True}},
        {},
        "covariates.ada_positive",
        "check",
        "clearance may be rising",
    ),
    (
        "antibodies_unknown",
        {"covariates": {"ada_positive": None}},
        {"covariates": {"ada_positive": None, "ada_ng_per_mL": 12}},
        "covariates.ada_positive",
        "note",
        "not known",
    ),
    (
        "covariate_not_used",
        {"covariates": {"albumin_g_per_L": 31}},
        {},
        "covariates.albumin_g_per_L",
        "note",
        "Albumin 31 g/L is not read by niyigena_2026_asuc",
    ),
    (
        "first_dose_not_day_0",
        {"doses": infusions((1, 500))},
        {},
        "doses[0]",
        "check",
        "The first infusion is on day 1.",
    ),
    (
        "dose_outside_study",
        {"planned": infusions((14, 63 * 15.04))},
        {"planned": infusions((14, 63 * 15.0))},
        "planned[0]",
        "check",
        "Dose of day 14 is 15.04 mg/kg, more than any first dose of the study (3.8 to 15 mg/kg).",
    ),
    (
        "dose_outside_study",
        {"planned": infusions((14, 63 * 1.89))},
        {"planned": infusions((14, 63 * 1.9))},
        "planned[0]",
        "check",
        "Dose of day 14 is 1.89 mg/kg, less than half the smallest first dose of the study (3.8 to 15 mg/kg).",
    ),
    (
        "dose_outside_study",
        {"doses": infusions((0, 63 * 15.04))},
        {"doses": infusions((0, 500), (7, 63 * 3.0))},
        "doses[0]",
        "check",
        "Dose of day 0 is 15.04 mg/kg; first doses of the study were 3.8 to 15 mg/kg.",
    ),
    (
        "dose_outside_study",
        {"doses": infusions((0, 63 * 3.79))},
        {"doses": infusions((0, 63 * 3.8))},
        "doses[0]",
        "check",
        "3.79 mg/kg",
    ),
    (
        "dose_above_usual",
        {"planned": infusions((14, 640))},
        {"planned": infusions((14, 630))},
        "planned[0]",
        "note",
        "Dose of day 14 is 10.2 mg/kg, above the usual range that ends at 10 mg/kg.",
    ),
    (
        "heart_failure_unknown",
        {"heart_failure": None},
        {"heart_failure": False},
        "heart_failure",
        "check",
        "Doses above 5 mg/kg are contraindicated in moderate or severe heart failure.",
    ),
    (
        "heart_failure_unknown",
        {"heart_failure": None, "doses": infusions((0, 315)), "planned": infusions((14, 315))},
        {
            "heart_failure": None,
            "doses": infusions((0, 315)),
            "planned": infusions((14, 315)),
            "limits": {"mg_per_kg_max": 5},
        },
        "heart_failure",
        "note",
        "Confirm that there is none.",
    ),
    (
        "heart_failure_dose",
        {"heart_failure": True, "doses": infusions((0, 300)), "planned": infusions((14, 320))},
        {"heart_failure": True, "doses": infusions((0, 300)), "planned": infusions((14, 315))},
        "planned[0]",
        "check",
        "Dose of day 14 is 5.08 mg/kg: above 5 mg/kg is contraindicated",
    ),
    (
        "heart_failure_dose",
        {"heart_failure": True, "planned": infusions((14, 300))},
        {"heart_failure": None, "planned": infusions((14, 300))},
        "doses[0]",
        "note",
        "Dose of day 0 is 7.94 mg/kg",
    ),
    (
        "many_infusions",
        {"planned": infusions(*((14 + 7 * i, 500) for i in range(7)))},
        {"planned": infusions(*((14 + 7 * i, 500) for i in range(6)))},
        "planned",
        "note",
        "8 infusions, given and planned: patients of the study had 1 to 7.",
    ),
    (
        "infusions_close",
        {"planned": infusions((14, 500), (16.9, 500))},
        {"planned": infusions((14, 500), (17, 500))},
        "planned[1]",
        "check",
        "Infusions of days 14 and 16.9 are 2.9 days apart; trials gave them at least 3 days apart.",
    ),
    (
        "restart_after_break",
        {"planned": infusions((112.5, 500))},
        {"planned": infusions((112, 500))},
        "planned[0]",
        "note",
        "are 112.5 days apart: a restart after a break brings more infusion reactions",
    ),
    (
        "no_plan",
        {"planned": []},
        {"planned": [], "now_day": 28},
        "planned",
        "check",
        "the forecast assumes that none follows that of day 0",
    ),
    (
        "low_target",
        {"target": {"risk_day90": 0.002}},
        {"target": {"risk_day90": 0.01}},
        "target.risk_day90",
        "check",
        "The target is a risk of 0.2 %. If 20 % was meant, enter 20.",
    ),
    (
        "no_drug_in_window",
        {"doses": infusions((28, 500)), "samples": [], "planned": [], "now_day": 28},
        {"doses": infusions((27.9, 500)), "samples": [], "planned": [], "now_day": 28},
        "doses",
        "check",
        "There is no drug from day 14 to day 28: the exposure is zero, and the risk formula gives 100 %.",
    ),
    (
        "before_week_4",
        {"now_day": 13},
        {"now_day": 28, "planned": []},
        "now_day",
        "note",
        "Colectomies before week 4 (5 of 11) were not in the study's evaluation",
    ),
    (
        "after_week_4",
        {"now_day": 28, "planned": []},
        {"now_day": 27.9, "planned": []},
        "now_day",
        "check",
        "Today is day 28: the exposure that the risk is read from ended on day 28.",
    ),
    (
        "after_day_90",
        {"now_day": 90, "planned": []},
        {"now_day": 89.9, "planned": []},
        "now_day",
        "check",
        "Today is day 90: the risk is computed until day 90 only.",
    ),
    (
        "model_without_risk",
        {"model": "fasanmade_2009"},
        {"model": "niyigena_2026_asuc_explog"},
        "model",
        "check",
        "The risk model is not calibrated for fasanmade_2009",
    ),
    (
        "model_population",
        {"model": "hanzel_2021"},
        {"model": "fasanmade_2009"},
        "model",
        "check",
        "hanzel_2021 was built on adults with inflammatory bowel disease",
    ),
    (
        "model_population",
        {"model": "zhao_2026_pediatric"},
        {"model": "faelens_2021_adapted_dreesen"},
        "model",
        "check",
        "zhao_2026_pediatric was built on children with inflammatory bowel disease",
    ),
    (
        "eligibility_not_seen",
        {},
        {"model": "fasanmade_2009"},
        "model",
        "note",
        "never treated with an anti-TNF",
    ),
    (
        "covariate_derived",
        {"model": "song_2025", "covariates": {"height_cm": 170}},
        {"model": "song_2025", "covariates": {"bmi_kg_per_m2": 22}},
        "covariates.bmi_kg_per_m2",
        "note",
        "Body-mass index not entered: 21.8 kg/m² was computed from weight and height.",
    ),
    (
        "weight_unknown",
        {"model": "song_2025", "covariates": {"weight_kg": None}},
        {"model": "song_2025"},
        "covariates.weight_kg",
        "check",
        "doses per kg cannot be checked",
    ),
    (
        "covariate_after_start",
        {"model": "fasanmade_2011_combined", "covariates_over_time": [{"time_day": 5, "albumin_g_per_L": 33}]},
        {"model": "fasanmade_2011_combined", "covariates_over_time": [{"time_day": 0, "albumin_g_per_L": 33}]},
        "covariates_over_time[0]",
        "note",
        "Albumin of day 5 counts from then on.",
    ),
    (
        "covariate_outside",
        {"model": "fasanmade_2011_combined", "covariates_over_time": [{"time_day": 5, "albumin_g_per_L": 24.9}]},
        {"model": "fasanmade_2011_combined", "covariates_over_time": [{"time_day": 5, "albumin_g_per_L": 25}]},
        "covariates_over_time[0].albumin_g_per_L",
        "check",
        "Albumin 24.9 g/L is outside the 25 to 55 g/L",
    ),
    (
        "sample_soon_after_infusion",
        {"samples": [level(2.99)]},
        {"samples": [level(3)]},
        "samples[0]",
        "check",
        "Sample of day 2.99 was drawn 2.99 days after an infusion",
    ),
    (
        "sample_near_infusion",
        {"samples": [level(0.124)]},
        {"samples": [level(0.126)]},
        "samples[0]",
        "check",
        "within 1 hour after an infusion",
    ),
    (
        "sample_near_infusion",
        {"samples": [level(0.05, 8.0)]},
        {"doses": infusions((0, 500), (10, 500)), "samples": [level(10)]},
        "samples[0]",
        "check",
        "Sample of day 0.05 was drawn during an infusion",
    ),
    (
        "sample_above_limit",
        {"samples": [beyond(10, "above", 20)]},
        {"samples": [beyond(10, "below", 20)]},
        "samples[0]",
        "note",
        "Sample of day 10 is above the assay's limit of 20 mg/L. Ask the laboratory to dilute it",
    ),
    (
        "sample_late",
        {"samples": [level(10), level(98.1, 1.0)], "now_day": 99, "planned": []},
        {"samples": [level(10), level(98, 1.0)], "now_day": 99, "planned": []},
        "samples[1]",
        "note",
        "Sample of day 98.1 is later than the first 98 days",
    ),
    (
        "sample_excluded",
        {"samples": [level(1, exclude="drawn from\n\x1b\udc80the line"), level(10)]},
        {},
        "samples[0]",
        "note",
        "Sample of day 1 is left out: “drawn from the line”.",
    ),
    (
        "samples_contradict",  # 3 standard deviations of the difference are a factor of 6.47 here
        {"samples": [level(8, 2.0), level(10, 12.94)]},
        {"samples": [level(8, 2.0), level(10, 12.93)]},
        "samples[1]",
        "check",
        "Sample of day 10: its level is clearly above that of day 8, with no infusion in between.",
    ),
    (
        "samples_contradict",
        {"doses": infusions((0, 500), (7.9, 500)), "samples": [level(8, 2.0), level(10, 40.0)]},
        {"doses": infusions((0, 500), (8, 500)), "samples": [level(8, 2.0), level(10, 40.0)]},
        "samples[1]",
        "check",
        "day 8",
    ),
    (
        "samples_contradict",
        {"samples": [beyond(6, "below", 0.4), level(10, 20.0)]},
        {"samples": [beyond(6, "below", 4.0), level(10, 20.0)]},
        "samples[1]",
        "check",
        "that of day 6",
    ),
    (
        "samples_contradict",
        {"samples": [level(6, 2.0), beyond(10, "above", 20.0)]},
        {"samples": [beyond(6, "above", 2.0), level(10, 20.0)]},
        "samples[1]",
        "check",
        "that of day 6",
    ),
    (
        "samples_contradict",
        {"samples": [beyond(6, "below", 0.4), beyond(10, "above", 20.0)]},
        {"samples": [level(6, 20.0), beyond(10, "below", 40.0)]},
        "samples[1]",
        "check",
        "that of day 6",
    ),
]


@pytest.mark.parametrize(
    ("code", "beyond_bound", "within_bound", "place", "strength", "text"),
    RULES,
    ids=[f"{rule[0]}-{i}" for i, rule in enumerate(RULES)],
)
def test_a_rule_speaks_on_its_side_of_the_bound_only(
    code: str, beyond_bound: dict[str, Any], within_bound: dict[str, Any], place: str, strength: str, text: str
):
    warnings = check_case(computed(**beyond_bound))
    for warning in warnings:
        readable(warning)
    found = [warning for warning in warnings if (warning.code, warning.place) == (code, place)]
    assert len(found) == 1
    assert text in found[0].text
    assert found[0].level == strength
    within = check_case(computed(**within_bound))
    assert (code, place) not in {(warning.code, warning.place) for warning in within}


# ------------------------------------------------------------------------------------------------------------- samples


def percentile(value: float, censored: str | None = None) -> set[str]:
    """Return what is said of a sample whose level or limit lies at a percentile of those expected."""
    sample = level(10) if censored is None else beyond(10, censored, 20)
    computed_case = computed(samples=[sample])
    (predicted,) = computed_case.samples
    negative = 100.0 * norm.sf(1.0 / 0.44)  # of the measurements, by a proportional error of 44 %
    raw = negative + (100.0 - negative) * value / 100.0
    warnings = check_case(replace(computed_case, samples=(replace(predicted, a_priori_percentile=raw),)))
    for warning in warnings:
        readable(warning)
    return codes(warnings) & {"sample_unexpected", "sample_unusual"}


@pytest.mark.parametrize(
    ("value", "said"),
    [
        (0.0, {"sample_unexpected"}),
        (0.99, {"sample_unexpected"}),
        (1.01, {"sample_unusual"}),
        (4.99, {"sample_unusual"}),
        (5.01, set()),
        (94.99, set()),
        (95.01, {"sample_unusual"}),
        (98.99, {"sample_unusual"}),
        (99.01, {"sample_unexpected"}),
        (100.0, {"sample_unexpected"}),
    ],
)
def test_a_measured_level_is_judged_on_both_sides(value: float, said: set[str]):
    assert percentile(value) == said
    assert percentile(value, "below") == (said if value < 50.0 else set())
    assert percentile(value, "above") == (said if value > 50.0 else set())


def test_an_impossible_level_is_at_the_end_of_what_was_expected():
    found = only(check_case(computed(samples=[level(10, 2000)])), "sample_unexpected")
    assert "so high a level was expected in fewer than 1 of 100 patients" in found.text
    low = only(check_case(computed(samples=[level(10, 0.02)])), "sample_unexpected")
    assert "so low a level was expected in fewer than 1 of 100 patients" in low.text


@pytest.mark.parametrize("name", model_names())
def test_a_level_near_zero_is_at_the_lower_end_of_positive_measurements(name: str):
    model = load_model(name)
    for assay in (None, *model.residual.by_assay):
        additive, proportional = residual_sd_parameters(model, assay)
        rng = np.random.default_rng(3)
        prediction = 20.0
        measured = prediction + np.hypot(additive, proportional * prediction) * rng.standard_normal(200_000)
        raw = 100.0 * np.mean(measured < 4.0)
        exact = 100.0 * np.mean(measured[measured > 0.0] < 4.0)
        found = percentile_among_positive(raw, model, assay)
        assert abs(found - exact) < (0.3 if additive == 0.0 else 1.0)
        assert percentile_among_positive(0.0, model, assay) == 0.0
        assert percentile_among_positive(100.0, model, assay) == pytest.approx(100.0)


def test_each_contradicting_sample_is_named_once_beside_the_one_it_is_farthest_above():
    rows = [level(5, 2.0), level(6, 1.0), level(7, 30.0), level(8, 30.0, exclude="line"), level(9, 25.0)]
    found = [one for one in check_case(computed(samples=rows)) if one.code == "samples_contradict"]
    assert [one.place for one in found] == ["samples[2]", "samples[4]"]
    assert all("that of day 6" in one.text for one in found)


def test_two_assays_at_one_time_do_not_contradict_each_other():
    rows = [level(10, 1.0, assay="a"), level(10, 30.0, assay="b")]
    assert "samples_contradict" not in codes(check_case(computed(samples=rows)))


def test_a_sample_that_an_infusion_runs_over_contradicts_nothing():
    doses = [*infusions((0, 500)), {"time_day": 8, "amount_mg": 500, "duration_hour": 24}]
    rows = [level(8.5, 2.0), level(10, 40.0)]
    assert "samples_contradict" not in codes(check_case(computed(doses=doses, samples=rows)))


def test_the_example_of_contradicting_samples_is_found():
    found = only(check_case(forecast(example_case("contradictory_samples"), EVENT_MODEL)), "samples_contradict")
    assert "day 7" in found.text
    assert "day 6" in found.text


def test_percentiles_belong_to_the_row_of_their_sample():
    rows = [level(9, exclude="clotted"), level(10, 20), level(11, 2000)]
    assert only(check_case(computed(samples=rows)), "sample_unexpected").place == "samples[2]"


def test_an_excluded_sample_is_only_listed():
    rows = [level(0.05, 1e4, exclude="x" * 300), level(10)]
    warnings = check_case(computed(samples=rows))
    assert codes(warnings) - ALWAYS == {"sample_excluded"}
    assert len(only(warnings, "sample_excluded").text) < 100
    assert "no_sample" in codes(check_case(computed(samples=rows[:1])))


def test_two_compartments_describe_the_first_days_so_an_early_sample_is_only_noted():
    warnings = check_case(computed(model="fasanmade_2009", samples=[level(1, 80)], covariates={"albumin_g_per_L": 40}))
    assert only(warnings, "sample_soon_after_infusion").level == "note"
    readable(only(warnings, "sample_soon_after_infusion"))


def test_without_a_study_no_method_asks_for_a_sample_in_two_weeks():
    late = check_case(computed(model="fasanmade_2009", samples=[level(20)], now_day=20, planned=infusions((21, 500))))
    assert "no_sample_in_first_two_weeks" not in codes(late)
    none = only(check_case(computed(model="fasanmade_2009", samples=[])), "no_sample")
    assert "study" not in none.text


# ---------------------------------------------------------------------------------------------------------- covariates


def test_a_floored_value_is_said_to_be_outside_only_once():
    warnings = check_case(computed(covariates={"crp_mg_per_L": 1.2}))
    assert codes(warnings) - ALWAYS - {"samples_tell_little"} == {"covariate_floored", "unit_suspected"}


def test_a_value_outside_what_informed_the_model_is_not_called_unusual_as_well():
    warnings = check_case(computed(covariates={"crp_mg_per_L": 400}))
    assert "covariate_outside" in codes(warnings)
    assert "covariate_unusual" not in codes(warnings)
    other = check_case(computed(model="fasanmade_2009", covariates={"crp_mg_per_L": 400, "albumin_g_per_L": 19}))
    assert only(other, "covariate_unusual").place == "covariates.crp_mg_per_L"
    assert only(other, "covariate_outside").place == "covariates.albumin_g_per_L"


def test_a_low_albumin_says_nothing_of_the_unit_of_crp_where_its_own_unit_is_in_doubt():
    warnings = check_case(computed(covariates={"crp_mg_per_L": 4, "albumin_g_per_L": 6}))
    assert only(warnings, "unit_suspected").place == "covariates.albumin_g_per_L"


def test_a_covariate_that_is_coded_is_assumed_in_words():
    warnings = check_case(computed(model="aubourg_2015"))
    found = next(warning for warning in warnings if warning.place == "covariates.sex")
    assert re.match(r"Sex not entered: (female|male), the model's median, is assumed\.", found.text)


def test_later_antibodies_count_and_other_models_say_that_they_do_not_read_later_values():
    rows = (CaseCovariatesAt(time_day=9, ada_positive=True, crp_mg_per_L=10),)
    case = read_case(TYPICAL).model_copy(update={"covariates_over_time": rows})
    warnings = check_case(forecast(case, EVENT_MODEL))
    assert "antibodies_positive" in codes(warnings)
    assert "Values of day 9 are not read by niyigena_2026_asuc." in only(warnings, "covariate_after_start").text


def test_doses_per_kg_use_the_assumed_weight_where_none_was_entered():
    warnings = check_case(computed(covariates={"weight_kg": None}, planned=infusions((14, 1000))))
    assert only(warnings, "dose_outside_study").text.startswith("Dose of day 14 is 15.9 mg/kg")


# ------------------------------------------------------------------------------------------------------------ estimate


def with_mode(**changes: Any) -> Forecast:
    posterior = typical().posterior
    return replace(typical(), posterior=replace(posterior, mode=replace(posterior.mode, **changes)))


@pytest.mark.parametrize(
    ("share", "code"),
    [(0.9499, None), (0.9501, "unlike_study"), (0.9989, "unlike_study"), (0.9991, "very_unlike_study")],
)
def test_the_distance_of_the_random_effects_is_judged_by_their_chi_square(share: float, code: str | None):
    radius = math.sqrt(chi2.ppf(share, 2))
    for angle in (0.3, 2.0):
        white = radius * np.array([[math.cos(angle), math.sin(angle)]])
        warnings = check_case(with_mode(white=white))
        assert codes(warnings) & {"unlike_study", "very_unlike_study"} == ({code} if code else set())
        for warning in warnings:
            readable(warning)
    if code == "unlike_study":
        assert f"{math.floor(100 * share)} %" in only(warnings, code).text
    if code == "very_unlike_study":
        assert "99.9 %" in only(warnings, code).text
        assert warnings[0].code == code


@pytest.mark.parametrize("degrees", range(1, 8))
@pytest.mark.parametrize("value", [0.0, 1e-9, 0.3, 2.0, 5.991, 13.816, 60.0])
def test_the_chi_square_tail_is_that_of_scipy(value: float, degrees: int):
    assert chi_square_tail(value, degrees) == pytest.approx(chi2.sf(value, degrees), rel=1e-12)
    assert math.isnan(chi_square_tail(math.nan, degrees))


def test_several_modes_are_said_to_be_several_answers():
    assert "several_answers" not in codes(check_case(typical()))
    two_humped = check_case(forecast(example_case("all_samples_censored"), EVENT_MODEL))
    found = only(two_humped, "several_answers")
    assert "The interval is the answer, not its middle." in found.text
    assert found.level == "check"


def test_a_mode_without_weight_is_no_course():
    modes = typical().posterior.mode.modes.copy()
    modes[0, 1] = modes[0, 0] + 8.0
    assert len(etas_of_courses(with_mode(modes=modes).posterior)) == 1
    assert "several_answers" not in codes(check_case(with_mode(modes=modes)))
    modes[0, 1] = modes[0, 0] + 1e-3
    assert len(etas_of_courses(with_mode(modes=modes).posterior)) == 2


def test_what_did_not_converge_says_so_in_the_words_of_its_status():
    warnings = check_case(with_mode(status=(Status.STEP_LIMIT,)))
    assert only(warnings, "estimate_not_converged").text == Status.STEP_LIMIT.value
    coarse = replace(typical().posterior, status=QuadratureStatus.COARSE)
    warnings = check_case(replace(typical(), posterior=coarse))
    assert only(warnings, "integral_coarse").text == QuadratureStatus.COARSE.value
    for warning in warnings:
        readable(warning)


def test_samples_that_nothing_explains_are_named_and_nothing_is_said_of_their_estimate():
    posterior = typical().posterior
    nothing = replace(
        posterior,
        status=QuadratureStatus.NO_MASS,
        density=np.full_like(posterior.density, np.nan),
        mode=replace(posterior.mode, white=np.full((1, 2), np.nan), n_modes=np.array([0])),
    )
    warnings = check_case(replace(typical(), posterior=nothing))
    assert codes(warnings) - ALWAYS == {"samples_unexplained"}
    for warning in warnings:
        readable(warning)


def test_samples_tell_little_where_they_leave_spread_and_middle_of_clearance():
    early = check_case(computed(samples=[level(3, 30)]))
    assert "samples_tell_little" in codes(early)
    narrow = check_case(computed(samples=[level(10 + i / 10) for i in range(10)] + [level(11.9, 1.0)]))
    assert "samples_tell_little" not in codes(narrow)
    shifted = check_case(computed(samples=[level(10, 0.2)]))
    assert "samples_tell_little" not in codes(shifted)


# ------------------------------------------------------------------------------------------------- the list as a whole


def test_what_to_check_comes_first_and_the_rest_follows_the_case():
    warnings = check_case(
        computed(
            covariates={"crp_mg_per_L": None, "albumin_g_per_L": 6},
            doses=infusions((0, 1000)),
            planned=infusions((14, 1000)),
            samples=[level(1, exclude="clotted"), level(2), level(10, 2000)],
            heart_failure=None,
        )
    )
    levels = [warning.level for warning in warnings]
    assert levels == sorted(levels)
    checks = [warning.place for warning in warnings if warning.level == "check" and warning.place]
    assert checks == [
        "covariates.crp_mg_per_L",
        "covariates.albumin_g_per_L",
        "doses[0]",
        "planned[0]",
        "samples[1]",
        "samples[2]",  # more than was expected
        "samples[2]",  # and more than before
        "heart_failure",
    ]


def test_the_page_lists_every_code_and_no_other():
    calls = [
        node
        for path in sorted(FOLDER.glob("applicability_rules_*.py"))
        for node in ast.walk(ast.parse(path.read_text("utf-8")))
        if isinstance(node, ast.Call) and node.args and isinstance(node.args[0], ast.Constant)
    ]
    texts = {node.args[0].value for node in calls if isinstance(node.args[0], ast.Constant)}
    used = {text for text in texts if isinstance(text, str) and re.fullmatch(r"[a-z0-9]+(_[a-z0-9]+)+", text)}
    used -= set(COVARIATE_NAMES)
    listed = set(re.findall(r"^\| `(\w+)` \|", PAGE.read_text("utf-8"), re.MULTILINE))
    assert listed == used
    assert {rule[0] for rule in RULES} <= used


def test_checking_a_case_changes_nothing():
    case = computed(covariates={"crp_mg_per_L": 1.2, "albumin_g_per_L": 6})
    before = case.case.model_dump()
    assert check_case(case) == check_case(case)
    assert case.case.model_dump() == before


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (13.899999999, "13.9"),
        (0.1 + 0.2, "0.3"),
        (600.0, "600"),
        (1250.0, "1,250"),
        (99.96, "100"),
        (0.0004, "0.0004"),
        (1e-300, "under 0.0001"),
        (0.0, "0"),
        (5.5, "5.5"),
        (3649.96, "3,650"),
    ],
)
def test_numbers_are_rounded_for_reading(value: float, text: str):
    assert reading(value) == text


def test_a_number_beyond_a_limit_never_reads_like_the_limit():
    assert reading_apart(15.3, 15.0) == "15.3"
    assert reading_apart(15.04, 3.8, 15.0) == "15.04"
    assert reading_apart(2.99999999, 3.0) == "2.99999999"
    assert reading_apart(math.nextafter(3.0, 0.0), 3.0) != "3"
    assert str(day_count(1.0)) == "1 day"
    assert str(day_count(2.9, 3.0)) == "2.9 days"


def test_a_number_too_small_to_be_shown_is_said_in_each_language():
    said = message("check.covariate", covariate=covariate_name("crp_mg_per_L"), value=figure(1e-5))

    assert str(said) == "CRP under 0.0001"
    assert render(said, "de") == "CRP unter 0,0001"


def test_every_covariate_and_every_code_has_a_name():
    english = catalogue("en").templates

    for name in COVARIATE_UNITS:
        assert {f"covariate.{name}", f"covariate_in_text.{name}"} <= set(english)
    for codes_of_one in COVARIATE_CODES.values():
        for label in codes_of_one:
            assert label.isdigit() or english[f"covariate_value.{label}"] == (label,)


def test_every_covariate_that_a_model_derives_says_from_what():
    derived = {
        name
        for model in map(load_model, model_names())
        for name in resolve_covariates(model, {"weight_kg": 63.0, "height_cm": 170.0, "sex": 1.0}).derived
    }

    assert derived == set(DERIVED)


@pytest.mark.parametrize("name", model_names())
def test_what_the_library_says_of_patients_is_said_in_each_language(name: str):
    model = load_model(name)
    assert isinstance(from_library(model.disease), Message)
    assert str(from_library(model.disease)) == model.disease
    if model.study is not None:
        assert isinstance(from_library(model.study.eligibility), Message)
        assert str(from_library(model.study.eligibility)) == model.study.eligibility
    assert from_library("another disease") == "another disease"


# ------------------------------------------------------------------------------------------------------------- fuzzing

amounts = st.floats(1.0, 5000.0)
days = st.floats(0.0, 400.0).map(lambda day: round(day, 2))


@st.composite
def cases(draw: st.DrawFn) -> dict[str, Any]:
    """Draw a case that the reader takes, however odd."""
    given_days = sorted(draw(st.sets(days, min_size=1, max_size=8)))
    sample_days = sorted(draw(st.sets(days.map(lambda day: given_days[0] + day + 0.01), max_size=5)))
    now = max([*given_days, *sample_days]) + draw(st.sampled_from([0.0, 0.5, 30.0]))
    planned_days = sorted(now + 0.01 + day for day in draw(st.sets(days, max_size=3)))
    samples = []
    for time in sample_days:
        kind = draw(st.sampled_from(["measured", "below", "above", "excluded"]))
        value = draw(st.floats(0.01, 500.0))
        if kind in {"below", "above"}:
            samples.append(beyond(time, kind, value))
        else:
            samples.append(
                level(
                    time, value, **({"exclude": draw(st.text("a ☃\n", min_size=1)) + "x"} if kind == "excluded" else {})
                )
            )
    covariates = {
        "weight_kg": draw(st.none() | st.floats(15.0, 250.0)),
        "crp_mg_per_L": draw(st.none() | st.floats(1e-6, 1000.0)),
        "albumin_g_per_L": draw(st.none() | st.floats(5.0, 70.0)),
        "age_year": draw(st.none() | st.floats(0.0, 120.0)),
        "ada_positive": draw(st.none() | st.booleans()),
        "sex": draw(st.sampled_from([None, "male", "female"])),
        "diagnosis": draw(st.sampled_from([None, "UC", "CD"])),
    }
    return {
        "schema": "asuc-case/1",
        "model": draw(st.sampled_from(["niyigena_2026_asuc"] * 40 + list(model_names()))),
        "covariates": covariates,
        "doses": infusions(*((day, draw(amounts)) for day in given_days)),
        "planned": infusions(*((day, draw(amounts)) for day in planned_days)),
        "samples": samples,
        "now_day": now,
        "heart_failure": draw(st.sampled_from([None, True, False])),
    }


@settings(max_examples=30)
@given(cases())
def test_any_case_that_is_read_is_checked_in_readable_words(source: dict[str, Any]):
    with catch_warnings():
        simplefilter("ignore", RuntimeWarning)  # the forecast's arithmetic has tests of its own
        computed_case = forecast(read_case(source), EVENT_MODEL)
    warnings = check_case(computed_case)
    for warning in warnings:
        readable(warning)
    assert len({(warning.code, warning.place) for warning in warnings}) == len(warnings)

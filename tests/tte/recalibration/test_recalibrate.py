"""Recalibrations as a whole: calibration before and after, optimism, the new file, and what no model is made of."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from pkpd.errors import InputError
from tests.tte.model.event_model_files import refitted
from tests.tte.recalibration.event_cohorts import PUBLISHED, X, cohort
from tte import risk_day90, risk_from
from tte.data.events import events_of, landmark
from tte.evaluation.calibration import SlopeStatus
from tte.model.total import PROBABILITIES, total_risk
from tte.recalibration.calibration import SLOPE_ANGLE
from tte.recalibration.document import recalibration_entry
from tte.recalibration.model_text import Identity, recalibrated_model
from tte.recalibration.parameters import log_hazard, parameters_of, risk_of
from tte.recalibration.population import population_of, predictions
from tte.recalibration.recalibrate import Request, check_exposure, recalibrate
from tte.recalibration.schema import PlainRecalibration
from tte.recalibration.threshold import choose_threshold, kept_threshold

EVENTS = cohort(220, 14, factor=1.8, slope=-0.45)
AT_28 = landmark(EVENTS, 28.0).events
IDENTITY = Identity(
    "my_hospital_2027", "1.0.0", "my_hospital_2027.toml", "events.csv", "ab" * 32, "adults of one centre"
)
METHODS = ("intercept", "slope", "refit", "bayes")


def _model(found: Any, threshold: Any, identity: Any) -> Any:
    return recalibrated_model(found, threshold, identity)[1]


def request(method, **changes):
    return replace(Request(PUBLISHED, X, method, n_draws=30), **changes)


@pytest.fixture(scope="module")
def recalibrations():
    return {method: recalibrate(EVENTS, request(method)) for method in METHODS}


@pytest.fixture(scope="module")
def threshold():
    people = population_of(AT_28, X, from_day=28.0)
    return choose_threshold(people, X, old=5.79, rule="auto", n_draws=50, seed=1)


def test_predictions_at_a_landmark_are_those_of_the_shipped_functions():
    people = population_of(AT_28, X, from_day=28.0)
    found = predictions(parameters_of(PUBLISHED), people)
    np.testing.assert_allclose(found.risk, risk_from(PUBLISHED, people.log_auc_cl, day=28.0), rtol=1e-10)
    everyone = population_of(EVENTS, X, from_day=0.0)
    np.testing.assert_allclose(
        predictions(parameters_of(PUBLISHED), everyone).risk, risk_day90(PUBLISHED, everyone.log_auc_cl), rtol=1e-10
    )
    until_90 = people.times.time_day == 90.0
    np.testing.assert_allclose(found.cumulative_hazard[until_90], -np.log1p(-found.risk[until_90]), rtol=1e-10)


def test_the_calibration_slope_of_the_old_model_is_the_new_effect_over_the_old(recalibrations):
    """Poisson regression and the fit of a hazard are two programs for one likelihood."""
    found = recalibrations["slope"]
    assert found.before.slope.slope.value * PUBLISHED.slope == pytest.approx(found.parameters.slope, abs=1e-6)
    assert found.before.slope.status is SlopeStatus.FOUND


def test_what_is_estimated_is_calibrated_on_its_own_patients(recalibrations):
    assert recalibrations["intercept"].after.observed.ratio.value == pytest.approx(1.0, abs=1e-6)
    for method in ("slope", "refit"):
        assert recalibrations[method].after.observed.ratio.value == pytest.approx(1.0, abs=1e-6)
        assert recalibrations[method].after.slope.slope.value == pytest.approx(1.0, abs=1e-5)
    ratio = recalibrations["bayes"].after.observed.ratio.value
    assert 1.0 < ratio < recalibrations["bayes"].before.observed.ratio.value


def test_a_slope_that_was_estimated_is_corrected_downwards():
    small = cohort(80, 21, factor=1.5, slope=-0.56)
    found: Any = recalibrate(small, request("refit", n_draws=200))
    angle = {one.name: one for one in found.optimism.measures}[SLOPE_ANGLE]
    assert math.tan(angle.apparent) == pytest.approx(1.0, abs=1e-5)
    assert 0.3 < math.tan(angle.corrected) < 1.0
    assert {one.name for one in found.optimism.measures} == {SLOPE_ANGLE, "log_observed_over_expected", "brier"}


def test_documents_are_as_their_schema_says(recalibrations):
    for found in (*recalibrations.values(), recalibrate(AT_28, request("bayes"), from_day=28.0)):
        entry = recalibration_entry(found, [5.79, 6.1])
        PlainRecalibration.model_validate(entry, strict=False)
        assert entry["parameters"]["shape"]["held"] == (found.request.method in ("intercept", "slope"))


@pytest.mark.parametrize("method", METHODS)
def test_the_file_gives_the_parameters_and_their_uncertainty_back(method, recalibrations, threshold):
    found = recalibrations[method]
    model: Any = _model(found, threshold, IDENTITY)
    again = parameters_of(model)
    np.testing.assert_allclose(again.values, found.parameters.values, rtol=1e-12)
    np.testing.assert_allclose(again.covariance, found.parameters.covariance, rtol=1e-9, atol=1e-14)
    assert model.threshold == threshold.value
    assert model.x_ref == PUBLISHED.x_ref
    assert model.provenance.event_model_sha256 == PUBLISHED.sha256
    assert (model.provenance.patients, model.provenance.events) == (EVENTS.n_subjects, EVENTS.n_events)
    assert "adults of one centre" in model.population


@pytest.mark.parametrize("method", METHODS)
def test_the_total_risk_of_the_new_model_is_that_of_draws(method, recalibrations, threshold):
    """Quadrature over the new model's uncertainty against 200,000 draws of its parameters and of the exposure."""
    model: Any = _model(recalibrations[method], threshold, IDENTITY)
    nodes, weights = np.linspace(5.0, 7.4, 41), np.full(41, 1.0 / 41)
    found = total_risk(model, nodes, weights=weights, now_day=14.0, days=np.array([45.0, 90.0]))
    rng = np.random.default_rng(5)
    parameters = recalibrations[method].parameters
    drawn = rng.multivariate_normal(parameters.values, parameters.covariance, 200_000, method="eigh")
    x = rng.choice(nodes, 200_000) - model.x_ref

    def hazard(day):
        return np.exp(drawn[:, 0] + drawn[:, 1] * math.log(day) + drawn[:, 2] * x)

    for mine, risks in (
        (found.day90, -np.expm1(-hazard(90.0))),
        (found.from_now, -np.expm1(-(hazard(90.0) - hazard(14.0)))),
    ):
        np.testing.assert_allclose(mine.quantiles, np.quantile(risks, PROBABILITIES), atol=4e-3)
        assert mine.mean == pytest.approx(risks.mean(), abs=1e-3)
        assert mine.sd == pytest.approx(risks.std(), abs=1e-3)


def test_the_normal_distribution_of_a_file_is_near_the_posterior(recalibrations):
    entry = recalibration_entry(recalibrations["bayes"], [5.79])
    for risk in entry["risks"]:
        np.testing.assert_allclose(risk["new"]["interval"], risk["posterior_interval"], atol=0.02)


def test_facts_are_those_of_the_new_patients(recalibrations, threshold):
    model: Any = _model(recalibrations["slope"], threshold, IDENTITY)
    facts = {fact.name: fact for fact in model.facts}
    assert (facts["colectomies"].value, facts["colectomies"].out_of) == (EVENTS.n_events, 220)
    early = int(((EVENTS.kind == 1) & (EVENTS.stop <= 28.0)).sum())
    assert (facts["colectomies_before_week_4"].value, facts["colectomies_before_week_4"].out_of) == (
        early,
        EVENTS.n_events,
    )
    x, at_risk = EVENTS.covariates[X], EVENTS.stop > 28.0
    known = at_risk & ((EVENTS.kind == 1) | (EVENTS.stop >= 90.0))
    high = known & (x < model.threshold)
    assert facts["high_risk_colectomies"].out_of == high.sum()
    assert facts["high_risk_colectomies"].value == (high & (EVENTS.kind == 1)).sum()
    assert facts["low_risk_colectomies"].out_of == (known & ~high).sum()
    assert all("Eleven events" not in caveat or caveat.startswith(PUBLISHED.id) for caveat in model.caveats)


def test_a_recalibrated_model_can_be_recalibrated_again(recalibrations, threshold):
    model: Any = _model(recalibrations["bayes"], threshold, IDENTITY)
    more = cohort(100, 40, factor=1.8, slope=-0.45)
    again: Any = recalibrate(more, replace(request("bayes"), model=model))
    assert (again.parameters.sd < recalibrations["bayes"].parameters.sd).all()
    third: Any = _model(again, kept_threshold(6.0, "", from_day=0.0), replace(IDENTITY, id="third"))
    assert third.provenance.event_model == "my_hospital_2027"


def test_updating_in_two_steps_is_updating_at_once_but_for_the_normal_in_between():
    halves = [cohort(110, seed, factor=1.5) for seed in (51, 52)]
    both = events_of(
        np.concatenate([one.stop for one in halves]),
        np.concatenate([one.kind == 1 for one in halves]),
        covariates={X: np.concatenate([one.covariates[X] for one in halves])},
    )
    at_once: Any = recalibrate(both, request("bayes", n_draws=2)).parameters
    first: Any = recalibrate(halves[0], request("bayes", n_draws=2))
    model: Any = _model(first, kept_threshold(5.79, "", from_day=0.0), IDENTITY)
    second: Any = recalibrate(halves[1], replace(request("bayes", n_draws=2), model=model)).parameters
    assert (np.abs(second.values - at_once.values) < 0.15 * at_once.sd).all()
    np.testing.assert_allclose(second.sd, at_once.sd, rtol=0.05)


def test_no_protective_association_makes_no_model():
    found: Any = recalibrate(cohort(200, 6, slope=0.3), request("slope"))
    assert found.parameters.slope > 0.0
    assert found.refusal.startswith(f"The effect of {X} is 0.")
    assert "no protective association" in found.refusal
    assert found.after is not None
    entry = recalibration_entry(found, [5.79])
    assert entry["warnings"][-1]["code"] == "no_model"


def test_an_effect_that_may_be_none_makes_a_model_with_a_warning():
    found: Any = recalibrate(cohort(60, 28, factor=1.5, slope=-0.3), request("slope"))
    assert found.refusal == ""
    assert found.parameters.slope + 1.96 * found.parameters.sd[2] > 0.0 > found.parameters.slope
    assert "effect_uncertain" in {warning["code"] for warning in recalibration_entry(found, [5.79])["warnings"]}


def test_a_shape_that_the_events_do_not_tell_makes_no_model():
    found: Any = recalibrate(cohort(40, 3, factor=0.8), request("refit"))
    assert found.parameters.shape < 3.0 * found.parameters.sd[1]
    assert "--method slope holds the shape" in found.refusal


def test_separation_makes_no_model_and_says_the_way_out():
    x = np.concatenate([np.full(5, 4.0), np.linspace(6.0, 8.0, 20)])
    events = events_of(np.where(x < 5.0, 20.0 + np.arange(25), 90.0), x < 5.0, covariates={X: x})
    found: Any = recalibrate(events, request("slope"))
    assert found.parameters is None
    assert "--penalize gives a finite estimate" in found.refusal
    assert recalibration_entry(found, [5.79])["recommended"]["update"] is None
    penalised = recalibrate(events, request("slope", is_penalised=True))
    assert penalised.refusal == ""
    assert penalised.remark == "The optimism of a penalised fit is not computed."


def test_without_an_event_only_the_prior_answers():
    nobody = cohort(20, 1, factor=1e-6)
    with pytest.raises(InputError, match="hold no event"):
        recalibrate(nobody, request("intercept"))
    found: Any = recalibrate(nobody, request("bayes"))
    assert found.refusal == ""
    assert found.tested is None
    assert "hold no event" in found.untested
    entry = recalibration_entry(found, [5.79])
    PlainRecalibration.model_validate(entry)
    assert entry["warnings"][0]["code"] == "no_event"
    assert entry["prior"]["parameters"]["log_shape"]["prior_share"] > 0.9
    choice = choose_threshold(found.people, X, old=5.79, rule="auto", n_draws=20, seed=1)
    model: Any = _model(found, choice, IDENTITY)
    assert {fact.name for fact in model.facts} >= {"colectomies"}


def test_events_known_by_an_interval_have_no_calibration_and_keep_the_threshold():
    mixed = cohort(150, 4, factor=1.5, is_mixed=True)
    found: Any = recalibrate(mixed, request("intercept"))
    assert found.parameters is not None
    assert found.people is None
    assert found.remark.startswith("There is no calibration: TIME2: gives ")
    entry = recalibration_entry(found, [5.79])
    assert entry["calibration"]["before"] is None
    assert entry["n_interval_censored"] > 0
    choice = kept_threshold(5.79, found.remark, from_day=0.0)
    model: Any = _model(found, choice, IDENTITY)
    assert "high_risk_colectomies" not in {fact.name for fact in model.facts}


def test_the_posterior_of_one_exposure_lies_between_prior_and_data(recalibrations):
    x = np.array([6.5])
    old, data, both = (
        float(log_hazard(one, x, day=90.0)[0][0])
        for one in (parameters_of(PUBLISHED), recalibrations["refit"].parameters, recalibrations["bayes"].parameters)
    )
    assert min(old, data) < both < max(old, data)
    assert 0.0 < float(risk_of(np.array([both]))[0]) < 1.0


def test_a_prior_with_a_covariance_matrix_is_updated_too():
    found: Any = recalibrate(EVENTS, replace(request("bayes"), model=refitted()))
    assert (found.parameters.sd < parameters_of(refitted()).sd).all()


@pytest.mark.parametrize(("scale", "said"), [(1.0, ""), (0.2, "The median of")])
def test_an_exposure_far_from_the_reference_is_doubted(scale, said):
    events = events_of(EVENTS.stop, EVENTS.kind == 1, covariates={X: scale * EVENTS.covariates[X]})
    assert check_exposure(events, X, PUBLISHED).startswith(said)


def test_an_area_is_no_exposure():
    events = events_of(EVENTS.stop, EVENTS.kind == 1, covariates={X: np.exp(EVENTS.covariates[X])})
    with pytest.raises(InputError, match=r"expected ln\(AUC/CL\), the column LOG_AUC_CL of asuc exposure"):
        check_exposure(events, X, PUBLISHED)

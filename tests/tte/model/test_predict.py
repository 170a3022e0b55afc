"""Risk, survival and stratum at a given exposure."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.tte.model.event_model_files import with_coding
from tte import load_event_model, log_auc_cl_for_risk, risk_day90, risk_from, stratum, survival
from tte.model.coding import Coding
from tte.model.predict import averaged_hazard, log_hazard_day90, remaining_fraction

MODEL = load_event_model()
exposures = st.floats(-5.0, 15.0)
days = st.floats(0.0, 90.0)


def test_the_risk_at_the_anchor_is_20_percent():
    assert risk_day90(MODEL, 5.79) == pytest.approx(0.2, abs=1e-14)


@pytest.mark.parametrize(("day", "printed"), [(14.0, 17.6), (28.0, 14.8)])
def test_the_risk_at_the_anchor_from_weeks_2_and_4_on(day, printed):
    assert 100.0 * risk_from(MODEL, 5.79, day=day) == pytest.approx(printed, abs=0.05)


def test_the_cumulative_hazard_at_the_reference_is_that_of_the_published_baseline():
    assert math.exp(log_hazard_day90(MODEL, MODEL.x_ref)) == pytest.approx(0.1447, abs=5e-5)
    assert math.exp(log_hazard_day90(MODEL, MODEL.x_ref)) == pytest.approx(10**-2.95 * 90**1.08, rel=1e-13)


@pytest.mark.parametrize(
    ("coding", "x_ref"), [("proportional_hazards", 6.563), ("scale_inside", 7.404), ("rate_power", 7.533)]
)
def test_each_coding_has_its_reference_exposure_for_the_same_anchor(coding, x_ref):
    model = with_coding(coding)
    assert model.x_ref == pytest.approx(x_ref, abs=5e-4)
    assert risk_day90(model, 5.79) == pytest.approx(0.2, abs=1e-13)


@given(exposures, st.floats(0.01, 90.0))
def test_each_coding_is_the_equation_that_it_stands_for(x, day):
    rate, shape, beta = 10**-2.95, 1.08, -0.56
    for coding in Coding:
        model = with_coding(coding.value)
        effect = math.exp(beta * (x - model.x_ref))
        hazard = {
            Coding.PROPORTIONAL_HAZARDS: rate * day**shape * effect,
            Coding.SCALE_INSIDE: (rate * effect * day) ** shape,
            Coding.RATE_POWER: (rate * day) ** shape * effect,
        }[coding]
        assert survival(model, x, np.array([day]))[0] == pytest.approx(math.exp(-hazard), rel=1e-12, abs=1e-300)


@given(days)
def test_the_codings_agree_at_the_anchor_on_every_day(day):
    curves = [survival(with_coding(coding.value), 5.79, np.array([day]))[0] for coding in Coding]
    assert curves == pytest.approx([curves[0]] * 3, abs=1e-13)


@given(exposures, exposures)
def test_more_exposure_is_less_risk(one, other):
    low, high = sorted((one, other))
    assert risk_day90(MODEL, high) <= risk_day90(MODEL, low)
    assert risk_from(MODEL, high, day=14.0) <= risk_from(MODEL, low, day=14.0)


@given(exposures, days)
def test_the_risk_from_a_day_on_is_conditional_on_survival_until_then(x, day):
    at_90, at_day = survival(MODEL, x, np.array([90.0, day]))
    if at_day > 1e-6:
        assert risk_from(MODEL, x, day=day) == pytest.approx(1.0 - at_90 / at_day, abs=1e-9)


@given(exposures)
def test_the_risk_from_day_0_is_the_unconditional_one_and_from_day_90_it_is_0(x):
    assert risk_from(MODEL, x, day=0.0) == risk_day90(MODEL, x)
    assert risk_from(MODEL, x, day=-2.0) == risk_day90(MODEL, x)
    assert risk_from(MODEL, x, day=90.0) == 0.0
    assert risk_from(MODEL, x, day=400.0) == 0.0


@given(exposures, st.lists(days, min_size=2, max_size=20))
def test_survival_falls_from_1_at_day_0(x, times):
    curve = survival(MODEL, x, np.sort([0.0, *times]))
    assert curve[0] == 1.0
    assert np.all(np.diff(curve) <= 0.0)
    assert survival(MODEL, x, np.array([90.0]))[0] == pytest.approx(1.0 - risk_day90(MODEL, x))


@pytest.mark.parametrize("x", [None, -np.inf])
def test_without_drug_in_the_window_the_risk_is_1(x):
    assert risk_day90(MODEL, x) == 1.0
    assert risk_from(MODEL, x, day=0.0) == 1.0
    assert risk_from(MODEL, x, day=14.0) == 1.0
    assert stratum(MODEL, x) == "high"
    assert survival(MODEL, x, np.array([0.0, 1.0, 90.0])).tolist() == [1.0, 0.0, 0.0]
    assert log_hazard_day90(MODEL, x) == np.inf


@pytest.mark.parametrize("x", [-1000.0, -5000.0])
def test_an_exposure_next_to_nothing_is_a_risk_of_1(x):
    assert risk_day90(MODEL, x) == 1.0
    assert risk_from(MODEL, x, day=89.0) == 1.0


def test_arrays_give_arrays_of_the_same_values():
    x = np.array([[5.0, 5.79], [-np.inf, 8.0]])
    for function in (risk_day90, log_hazard_day90):
        assert function(MODEL, x).tolist() == [[function(MODEL, float(value)) for value in row] for row in x]
    expected = [[risk_from(MODEL, float(value), day=14.0) for value in row] for row in x]
    assert risk_from(MODEL, x, day=14.0).tolist() == expected


@given(st.floats(1e-9, 1.0 - 1e-9))
def test_the_exposure_for_a_risk_has_that_risk(target):
    assert risk_day90(MODEL, log_auc_cl_for_risk(MODEL, target)) == pytest.approx(target, rel=1e-9)


def test_the_exposure_for_a_risk_of_20_percent_is_the_anchor():
    assert log_auc_cl_for_risk(MODEL, 0.2) == pytest.approx(5.79, abs=1e-12)
    assert log_auc_cl_for_risk(MODEL, np.array([0.0, 1.0])).tolist() == [np.inf, -np.inf]


def test_only_an_exposure_at_or_above_the_threshold_is_low_risk():
    assert [stratum(MODEL, x) for x in (5.789, 5.79, 5.791, np.nan, np.inf)] == ["high", "low", "low", "high", "low"]


def test_nan_in_gives_nan_out():
    assert np.isnan(risk_day90(MODEL, np.nan))
    assert np.isnan(risk_from(MODEL, np.nan, day=14.0))
    assert np.isnan(risk_from(MODEL, np.nan, day=90.0))
    assert np.isnan(risk_from(MODEL, 6.0, day=np.nan))
    assert np.isnan(survival(MODEL, np.nan, np.array([10.0]))).all()
    assert np.isnan(log_auc_cl_for_risk(MODEL, np.nan))


def test_the_share_of_the_hazard_ahead_has_the_shape_of_the_shapes():
    shapes = np.array([0.5, 1.0, 2.0])
    assert remaining_fraction(45.0, shapes, horizon_day=90.0) == pytest.approx(1.0 - 0.5**shapes)
    assert remaining_fraction(0.0, shapes, horizon_day=90.0).tolist() == [1.0, 1.0, 1.0]
    assert remaining_fraction(90.0, shapes, horizon_day=90.0).tolist() == [0.0, 0.0, 0.0]


def test_the_averaged_hazard_is_that_of_the_mean_survival():
    x, days = np.random.default_rng(1).normal(6.0, 1.5, 200), np.array([0.0, 14.0, 90.0])
    mean = np.mean([survival(MODEL, one, days) for one in x.tolist()], axis=0)
    assert averaged_hazard(MODEL, x, days) == pytest.approx(-np.log(mean), rel=1e-12, abs=1e-15)
    alone = averaged_hazard(MODEL, np.array([5.79]), days)
    assert alone[2] == pytest.approx(-np.log(0.8))
    # With so much hazard in every draw that survival is zero as a float, its logarithm is still there.
    assert averaged_hazard(MODEL, np.full(3, -6.0), days)[2] == pytest.approx(
        0.22314355 * np.exp(0.56 * 11.79), rel=1e-6
    )


def test_a_draw_without_drug_in_the_window_has_no_survival():
    days = np.array([0.0, 90.0])
    assert averaged_hazard(MODEL, np.array([np.nan, 5.79]), days) == pytest.approx([0.0, -np.log(0.4)])
    assert averaged_hazard(MODEL, np.array([np.nan]), days).tolist() == [0.0, np.inf]

"""What linear kinetics must satisfy whatever the numbers: superposition, scaling, limits, units."""

from __future__ import annotations

import dataclasses
import math
from typing import TYPE_CHECKING

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from pkpd.data.records import CovariateRow, Dose, Subject
from pkpd.exposure.metrics import exposure_problem, log_auc_at, parameters_at
from pkpd.kernels.taylor import constant
from pkpd.kernels.twocomp import advance_twocomp
from pkpd.kernels.twocomp_taylor import advance_twocomp_taylor, spectrum_taylor
from pkpd.model import load_model
from pkpd.problem import bind
from pkpd.simulation.predict import curve_problem, predict_curve
from tests.oracles.patients import median_covariates

if TYPE_CHECKING:
    from pkpd.model.spec import ModelSpec

NIYIGENA, FAELENS = load_model("niyigena_2026_asuc"), load_model("faelens_2021_adapted_dreesen")
WOJCIECHOWSKI, AUBOURG = load_model("wojciechowski_2017"), load_model("aubourg_2015")
models = st.sampled_from([NIYIGENA, FAELENS, WOJCIECHOWSKI, AUBOURG])
doses = st.builds(Dose, st.floats(0.0, 40.0), st.floats(1.0, 2000.0), st.sampled_from([0.0, 2.0 / 24.0, 0.5, 3.0]))
regimens = st.lists(doses, min_size=1, max_size=6).map(lambda found: tuple(sorted(found, key=lambda d: d.time_day)))
TIMES = np.array([0.01, 0.7, 3.0, 11.0, 26.0, 40.0, 41.0, 70.0])
seeds = st.integers(0, 1000)


def subject_of(model: ModelSpec, regimen: tuple[Dose, ...]) -> Subject:
    return Subject(regimen, (), (median_covariates(model),))


def eta_of(model: ModelSpec, seed: int) -> np.ndarray:
    return np.random.default_rng(seed).normal(0.0, 0.7, len(model.etas))


def curve(model: ModelSpec, regimen: tuple[Dose, ...], eta: np.ndarray, times: np.ndarray = TIMES) -> np.ndarray:
    return predict_curve(curve_problem(model, subject_of(model, regimen), times), eta)


def log_area(model: ModelSpec, regimen: tuple[Dose, ...], eta: np.ndarray, window: tuple[float, float]) -> float:
    subject = subject_of(model, regimen)
    return log_auc_at(exposure_problem(bind(model, [subject]), subject, window=window), eta)


def rescaled(model: ModelSpec, factors: dict[str, float]) -> ModelSpec:
    """The model with the typical values of some parameters multiplied."""
    terms = tuple(dataclasses.replace(t, value=t.value * factors.get(t.parameter, 1.0)) for t in model.terms)
    return dataclasses.replace(model, terms=terms)


@given(models, regimens, regimens, seeds)
def test_concentrations_of_two_regimens_add_up(model, first, second, seed):
    eta = eta_of(model, seed)
    both = tuple(sorted(first + second, key=lambda d: d.time_day))
    expected = curve(model, first, eta) + curve(model, second, eta)
    assert curve(model, both, eta) == pytest.approx(expected, rel=1e-10, abs=1e-12)


@given(models, regimens, seeds, st.floats(0.01, 100.0))
def test_concentrations_and_areas_are_proportional_to_the_doses(model, regimen, seed, factor):
    eta = eta_of(model, seed)
    scaled = tuple(dataclasses.replace(d, amount_mg=d.amount_mg * factor) for d in regimen)
    assert curve(model, scaled, eta) == pytest.approx(factor * curve(model, regimen, eta), rel=1e-12)
    window = (14.0, 60.0)
    expected = log_area(model, regimen, eta, window) + math.log(factor)
    assert log_area(model, scaled, eta, window) == pytest.approx(expected, abs=1e-11)


@given(models, regimens, seeds)
def test_hours_with_parameters_per_hour_give_the_same_concentrations_and_24_times_the_area(model, regimen, seed):
    eta = eta_of(model, seed)
    per_hour = rescaled(model, {"cl": 1.0 / 24.0, "q": 1.0 / 24.0, "ke": 1.0 / 24.0})
    hours = tuple(Dose(24.0 * d.time_day, d.amount_mg, 24.0 * d.duration_day) for d in regimen)
    assert curve(per_hour, hours, eta, 24.0 * TIMES) == pytest.approx(curve(model, regimen, eta), rel=1e-11, abs=1e-11)
    expected = log_area(model, regimen, eta, (14.0, 60.0)) + math.log(24.0)
    assert log_area(per_hour, hours, eta, (336.0, 1440.0)) == pytest.approx(expected, abs=1e-9)


@given(models, regimens, seeds)
def test_micrograms_in_millilitres_are_milligrams_in_litres(model, regimen, seed):
    eta = eta_of(model, seed)
    in_ml = rescaled(model, {"cl": 1e3, "q": 1e3, "v": 1e3, "v1": 1e3, "v2": 1e3})
    micrograms = tuple(dataclasses.replace(d, amount_mg=1e3 * d.amount_mg) for d in regimen)
    assert curve(in_ml, micrograms, eta) == pytest.approx(curve(model, regimen, eta), rel=1e-12, abs=1e-14)


@pytest.mark.requirement("PK-01")
@given(models, regimens, seeds)
def test_auc_to_infinity_is_dose_over_clearance(model, regimen, seed):
    eta = eta_of(model, seed)
    parameters = parameters_at(bind(model, [subject_of(model, regimen)]), eta)
    end = 60.0 + 60.0 * parameters["half_life"]
    expected = math.log(sum(d.amount_mg for d in regimen) / parameters["cl"])
    assert log_area(model, regimen, eta, (0.0, end)) == pytest.approx(expected, abs=1e-10)


@given(models, regimens, seeds, st.floats(0.0, 70.0), st.floats(0.01, 30.0), st.floats(0.01, 30.0))
@example(load_model("wojciechowski_2017"), (Dose(0.0, 78.25, 3.0),), 190, 0.0, 0.01171875, 0.01171875)
def test_areas_of_adjoining_windows_add_up(model, regimen, seed, start, first, second):
    eta = eta_of(model, seed)
    middle, end = start + first, start + first + second
    parts = math.exp(log_area(model, regimen, eta, (start, middle))) + math.exp(
        log_area(model, regimen, eta, (middle, end))
    )
    assert parts == pytest.approx(math.exp(log_area(model, regimen, eta, (start, end))), rel=1e-9, abs=1e-12)


@given(regimens, seeds)
def test_two_compartments_without_exchange_are_one(regimen, seed):
    eta = eta_of(WOJCIECHOWSKI, seed)
    isolated = rescaled(WOJCIECHOWSKI, {"q": 1e-13})
    parameters = parameters_at(bind(isolated, [subject_of(isolated, regimen)]), eta)
    one = dataclasses.replace(
        NIYIGENA,
        terms=tuple(
            dataclasses.replace(t, value=parameters[name], effects=())
            for t, name in zip(NIYIGENA.terms, ("cl", "v1"), strict=True)
        ),
    )
    assert curve(isolated, regimen, eta) == pytest.approx(curve(one, regimen, np.zeros(2)), rel=1e-8, abs=1e-9)
    two_area = log_area(isolated, regimen, eta, (0.0, 28.0))
    one_area = log_area(one, regimen, np.zeros(2), (0.0, 28.0))
    assert two_area == pytest.approx(one_area, abs=1e-8) or two_area == one_area


@given(models, seeds)
def test_a_short_infusion_is_a_bolus(model, seed):
    eta = eta_of(model, seed)
    bolus = curve(model, (Dose(1.0, 400.0, 0.0),), eta, np.array([3.0, 20.0]))
    errors = [
        np.abs(curve(model, (Dose(1.0, 400.0, duration),), eta, np.array([3.0, 20.0])) / bolus - 1.0).max()
        for duration in (1e-3, 1e-6)
    ]
    assert errors[1] < 1e-4
    assert errors[1] < 2e-3 * errors[0] + 1e-9


@pytest.mark.parametrize("step", [1e-14, 1e-10, 1e-6, 1e-3, 0.01, 0.02, 0.1])
def test_two_compartments_keep_their_digits_moments_into_an_infusion(step):
    """The difference of steady states alone would leave none of them; truth: the integral by Gauss-Legendre nodes."""
    parameters = np.array([0.4, 3.3, 1.2, 2.0])
    rate = 3000.0
    nodes, weights = np.polynomial.legendre.leggauss(12)
    since = 0.5 * step * (nodes + 1.0)
    parts = np.array([advance_twocomp(1.0, 0.0, 0.0, parameters, t) for t in since])
    truth = 0.5 * step * rate * weights @ parts
    assert np.array(advance_twocomp(0.0, 0.0, rate, parameters, step)) == pytest.approx(truth, rel=2e-12, abs=0.0)
    nothing = constant(0.0)
    for direction in 0.6 * np.eye(4):
        rows = [(p, p * d, 0.0, 0.0) for p, d in zip(parameters.tolist(), direction.tolist(), strict=True)]
        by = spectrum_taylor(*rows)
        amounts = np.array(advance_twocomp_taylor(nothing, nothing, rate, by, step))
        pieces = np.array([advance_twocomp_taylor(constant(1.0), nothing, 0.0, by, t) for t in since])
        expected = 0.5 * step * rate * np.tensordot(weights, pieces, axes=1)
        assert amounts[:, 0] == pytest.approx(truth, rel=2e-12, abs=0.0)
        assert amounts == pytest.approx(expected, rel=1e-7, abs=1e-12 * truth[0])


@given(models, seeds)
def test_there_is_no_drug_before_the_first_dose(model, seed):
    eta = eta_of(model, seed)
    subject = Subject((Dose(10.0, 300.0, 0.1), Dose(20.0, 300.0, 0.0)), (), (median_covariates(model),))
    times = np.array([0.0, 5.0, 10.0, 10.0001])
    found = predict_curve(curve_problem(model, subject, times), eta)
    assert (found[:3] == 0.0).all()
    assert found[3] > 0.0
    exposure = exposure_problem(bind(model, [subject]), subject, window=(2.0, 10.0))
    assert log_auc_at(exposure, eta) == -math.inf


@pytest.mark.parametrize("model", [NIYIGENA, FAELENS, WOJCIECHOWSKI], ids=lambda m: m.id)
def test_without_doses_there_is_no_drug(model):
    subject = Subject((), (), (median_covariates(model),))
    assert log_auc_at(exposure_problem(bind(model, [subject]), subject), np.zeros(len(model.etas))) == -math.inf


@pytest.mark.parametrize("model", [NIYIGENA, AUBOURG], ids=lambda m: m.id)
@pytest.mark.parametrize("eta_cl", [4.0, 6.0, 8.0, 12.0])
def test_the_logarithm_of_the_area_of_a_very_large_clearance_is_finite(model, eta_cl):
    """The drug is gone before the window; its area there is far below the smallest double."""
    eta = np.array([eta_cl, 0.0])
    subject = subject_of(model, (Dose(0.0, 300.0, 2.0 / 24.0), Dose(1.0, 300.0, 0.0)))
    problem = bind(model, [subject])
    found = log_auc_at(exposure_problem(problem, subject), eta)
    half_life = parameters_at(problem, eta)["half_life"]
    assert math.isfinite(found)
    # once only the slow exponential is left, a later window of the same width lies lower by its decay
    later = log_auc_at(exposure_problem(problem, subject, window=(16.0, 30.0)), eta)
    assert later == pytest.approx(found - 2.0 * math.log(2.0) / half_life, rel=1e-9)


@pytest.mark.parametrize("duration", [0.0, 2.0 / 24.0])
def test_a_dose_after_everything_has_gone_gives_its_own_area(duration):
    eta = np.array([9.0, 0.0])
    late = Dose(15.0, 300.0, duration)
    found = log_area(NIYIGENA, (Dose(0.0, 300.0, 0.1), late), eta, (14.0, 28.0))
    assert found == pytest.approx(log_area(NIYIGENA, (late,), eta, (14.0, 28.0)), abs=1e-12)
    assert found == pytest.approx(
        math.log(300.0 / parameters_at(bind(NIYIGENA, [subject_of(NIYIGENA, (late,))]), eta)["cl"]), abs=1e-9
    )


def test_a_window_late_in_ten_years_of_treatment_is_seen_whole():
    """Event times are sums of steps: their rounding must not push an event out of the window."""
    rng = np.random.default_rng(8)
    regimen = tuple(Dose(float(t), 300.0, 2.0 / 24.0) for t in np.sort(rng.uniform(0.0, 3650.0, 150)))
    for start in (1111.1, 2345.6, 3600.7):
        found = log_area(NIYIGENA, regimen, np.zeros(2), (start, start + 14.0))
        recent = tuple(d for d in regimen if d.time_day > start - 700.0)
        moved = tuple(dataclasses.replace(d, time_day=d.time_day - start + 700.0) for d in recent)
        assert found == pytest.approx(log_area(NIYIGENA, moved, np.zeros(2), (700.0, 714.0)), abs=1e-8)


def test_covariates_of_a_single_row_hold_throughout():
    subject = Subject((Dose(0.0, 300.0, 0.1),), (), (CovariateRow(5.0, median_covariates(NIYIGENA).values),))
    at_zero = curve(NIYIGENA, (Dose(0.0, 300.0, 0.1),), np.zeros(2))
    assert predict_curve(curve_problem(NIYIGENA, subject, TIMES), np.zeros(2)) == pytest.approx(at_zero, rel=1e-12)

"""Concentrations and areas in closed form against a numerical solution of the differential equations."""

from __future__ import annotations

import numpy as np
import pytest

from pkpd.data.records import CovariateRow, Dose, Sample, Subject
from pkpd.exposure.metrics import exposure_problem, log_auc_at
from pkpd.model import load_model
from pkpd.problem import bind
from pkpd.simulation.predict import curve_problem, predict_curve, predict_samples
from tests.oracles import ode
from tests.oracles.patients import median_covariates, quantified

ONE_AND_TWO = [
    "niyigena_2026_asuc",
    "faelens_2021_adapted_dreesen",
    "aubourg_2015",
    "wojciechowski_2017",
    "ternant_2008",
]
OVERLAPPING = (Dose(0.0, 300.0, 0.5), Dose(0.25, 400.0, 2.0), Dose(1.0, 100.0, 0.125), Dose(1.0, 200.0, 3.0))
WITH_BOLUS = (Dose(0.0, 300.0, 0.0), Dose(3.0, 400.0, 2.0), Dose(4.0, 100.0, 0.0), Dose(4.0, 50.0, 0.0))
MANY = tuple(Dose(3.0 * i, 200.0 + 10.0 * i, 2.0 / 24.0) for i in range(12))
TIMES = np.array([0.0, 0.1, 0.25, 0.4, 1.0, 1.05, 2.0, 3.0, 3.999, 4.0, 4.5, 10.0, 27.0, 33.04, 60.0])


def random_eta(model, seed: int) -> np.ndarray:
    return np.random.default_rng(seed).normal(0.0, 0.8, len(model.etas))


@pytest.mark.requirement("PK-01")
@pytest.mark.parametrize("name", ONE_AND_TWO)
@pytest.mark.parametrize("doses", [OVERLAPPING, WITH_BOLUS, MANY], ids=["overlapping", "bolus", "many"])
def test_concentrations_solve_the_differential_equations(name, doses):
    model = load_model(name)
    subject = Subject(doses, (), (median_covariates(model),))
    eta = random_eta(model, 3)
    expected, _ = ode.solve(model, subject, eta, TIMES.tolist())
    found = predict_curve(curve_problem(model, subject, TIMES), eta)
    assert found == pytest.approx(expected, rel=1e-9, abs=1e-10)


@pytest.mark.requirement("PK-01", "DOSE-01")
@pytest.mark.parametrize("name", ONE_AND_TWO)
@pytest.mark.parametrize("doses", [OVERLAPPING, WITH_BOLUS, MANY], ids=["overlapping", "bolus", "many"])
@pytest.mark.parametrize("window", [(0.0, 2.0), (0.3, 1.1), (14.0, 28.0), (5.0, 60.0)])
def test_areas_solve_the_differential_equations(name, doses, window):
    model = load_model(name)
    subject = Subject(doses, (), (median_covariates(model),))
    eta = random_eta(model, 4)
    _, until = ode.solve(model, subject, eta, window)
    problem = bind(model, [subject])
    found = np.exp(log_auc_at(exposure_problem(problem, subject, window=window), eta))
    assert found == pytest.approx(until[1] - until[0], rel=1e-8, abs=1e-9)


def time_varying(name: str) -> Subject:
    """Covariate rows before, between, at and after doses and samples; samples at and between other records."""
    model = load_model(name)
    base = dict(median_covariates(model).values)
    rows = [CovariateRow(0.0, base)]
    for time, weight, albumin in ((0.5, 60.0, 25.0), (7.0, 80.0, 45.0), (13.7, 55.0, 30.0), (30.0, 90.0, 50.0)):
        rows.append(CovariateRow(time, base | {"weight_kg": weight, "albumin_g_per_L": albumin}))
    samples = tuple(quantified(t, 10.0) for t in (0.05, 1.0, 7.0, 13.9, 29.0, 44.0))
    doses = (
        Dose(0.0, 300.0, 2.0 / 24.0),
        Dose(6.96, 400.0, 2.0 / 24.0),
        Dose(14.0, 500.0, 2.0),
        Dose(21.0, 200.0, 0.0),
    )
    return Subject(doses, samples, tuple(rows))


@pytest.mark.parametrize("name", ["wojciechowski_2017", "hanzel_2021", "dubinsky_2017"])
def test_the_covariates_in_force_at_a_record_drive_the_interval_that_ends_there(name):
    model, subject = load_model(name), time_varying(name)
    eta = random_eta(model, 5)
    times = [sample.time_day for sample in subject.samples]
    expected, _ = ode.solve(model, subject, eta, times)
    assert predict_samples(bind(model, [subject]), eta) == pytest.approx(expected, rel=1e-9)


@pytest.mark.parametrize("name", ["wojciechowski_2017", "hanzel_2021"])
def test_a_wanted_time_and_the_end_of_an_infusion_are_no_records(name):
    model, subject = load_model(name), time_varying(name)
    eta = random_eta(model, 6)
    times = np.array([0.02, 0.3, 0.7, 7.02, 10.0, 15.0, 16.5, 29.5, 31.0, 80.0])
    expected, until = ode.solve(model, subject, eta, times.tolist())
    assert predict_curve(curve_problem(model, subject, times), eta) == pytest.approx(expected, rel=1e-9)
    exposure = exposure_problem(bind(model, [subject]), subject, window=(10.0, 80.0))
    assert np.exp(log_auc_at(exposure, eta)) == pytest.approx(until[-1] - until[4], rel=1e-9)


def test_wanted_times_leave_the_predictions_of_samples_as_they_are():
    model, subject = load_model("wojciechowski_2017"), time_varying("wojciechowski_2017")
    eta = random_eta(model, 7)
    plain = predict_samples(bind(model, [subject]), eta)
    with_times = predict_samples(curve_problem(model, subject, np.linspace(0.0, 50.0, 101)), eta)
    assert with_times == pytest.approx(plain, rel=1e-12)


def test_a_sample_at_the_time_of_a_dose_is_drawn_before_it():
    model = load_model("niyigena_2026_asuc")
    row = median_covariates(model)
    first = Dose(0.0, 300.0, 0.0)
    sample: Sample = quantified(14.0, 5.0)
    alone = predict_samples(bind(model, [Subject((first,), (sample,), (row,))]), np.zeros(2))
    for duration in (0.0, 2.0 / 24.0):
        both = Subject((first, Dose(14.0, 300.0, duration)), (sample,), (row,))
        assert predict_samples(bind(model, [both]), np.zeros(2)) == pytest.approx(alone, rel=1e-14)

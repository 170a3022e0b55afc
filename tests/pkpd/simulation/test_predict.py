"""Curves and predictions of samples at given random effects against sums over doses."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from scipy.integrate import quad

from pkpd.data.records import Subject
from pkpd.exposure.metrics import exposure_problem, log_auc_at
from pkpd.model import load_model, model_names
from pkpd.problem import bind
from pkpd.simulation.predict import curve_problem, predict_curve, predict_samples
from tests.oracles.patients import median_covariates, random_doses, random_subject
from tests.oracles.superposition import concentration, kinetics


@pytest.mark.parametrize("name", model_names())
def test_curves_are_the_sums_over_doses(name):
    model = load_model(name)
    rng = np.random.default_rng(31)
    times = np.linspace(0.0, 120.0, 97)
    for _ in range(5):
        doses = random_doses(rng)
        eta = rng.normal(0.0, 0.7, len(model.etas))
        row = median_covariates(model)
        found = predict_curve(curve_problem(model, Subject(doses, (), (row,)), times), eta)
        kin = kinetics(model, row.values, eta[None, :])
        expected = [float(concentration(kin, doses, float(time))[0]) for time in times]
        assert found == pytest.approx(expected, rel=1e-9, abs=1e-13)


@pytest.mark.parametrize("name", model_names())
def test_areas_are_the_integrals_of_the_curves(name):
    model = load_model(name)
    rng = np.random.default_rng(32)
    subject = Subject(random_doses(rng), (), (median_covariates(model),))
    eta = rng.normal(0.0, 0.5, len(model.etas))
    kin = kinetics(model, subject.covariates[0].values, eta[None, :])
    for window in ((14.0, 28.0), (0.0, 3.0)):
        found = np.exp(log_auc_at(exposure_problem(bind(model, [subject]), subject, window=window), eta))
        ends = {
            t for d in subject.doses for t in (d.time_day, d.time_day + d.duration_day) if window[0] < t < window[1]
        }
        cuts = sorted({*window, *ends})
        total = sum(
            quad(lambda t: float(concentration(kin, subject.doses, t)[0]), a, b, epsrel=1e-11)[0]
            for a, b in itertools.pairwise(cuts)
        )
        assert found == pytest.approx(total, rel=1e-8)


def test_samples_and_curve_come_in_their_own_order():
    model = load_model("niyigena_2026_asuc")
    subject = random_subject(model, np.random.default_rng(33), "ordinary")
    turned = Subject(subject.doses, subject.samples[::-1], subject.covariates)
    eta = np.array([0.2, -0.1])
    forward, backward = (predict_samples(bind(model, [s]), eta) for s in (subject, turned))
    assert backward == pytest.approx(forward[::-1], rel=1e-12)
    times = np.array([20.0, 3.0, 3.0, 50.0])
    found = predict_curve(curve_problem(model, subject, times), eta)
    kin = kinetics(model, subject.covariates[0].values, eta[None, :])
    assert found == pytest.approx([float(concentration(kin, subject.doses, t)[0]) for t in times], rel=1e-11)

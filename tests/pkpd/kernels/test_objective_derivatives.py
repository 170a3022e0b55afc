"""Gradients and Hessians of the individual objective against differences, and its value against plain NumPy."""

from __future__ import annotations

import numpy as np
import pytest

from pkpd.kernels.advance import subject_at
from pkpd.kernels.advance_taylor import predict_gradient
from pkpd.kernels.objective import objective, objective_gradient, objective_hessian
from pkpd.model import load_model
from pkpd.problem import bind
from tests.oracles import likelihood
from tests.oracles.patients import KINDS, random_subject

MODELS = [
    "niyigena_2026_asuc",
    "passot_2016_adult",
    "faelens_2021_adapted_dreesen",
    "song_2025",
    "hanzel_2021",
    "fasanmade_2011_combined",
    "wojciechowski_2017",
    "ternant_2008",
]


@pytest.fixture(scope="module", params=MODELS)
def cases(request):
    """Twelve subjects of a model, quantified and censored samples mixed, each with a point of its random effects."""
    model = load_model(request.param)
    rng = np.random.default_rng(21)
    subjects = [random_subject(model, rng, KINDS[i % 3]) for i in range(12)]
    packed = bind(model, subjects).subjects
    points = rng.normal(0.0, 0.8, (12, len(model.etas)))
    return model, [(subject, subject_at(packed, i), points[i]) for i, subject in enumerate(subjects)]


def steps(z: np.ndarray, h: float) -> list[np.ndarray]:
    return [h * row for row in np.eye(z.size)]


def test_the_objective_is_that_of_plain_numpy(cases):
    model, subjects = cases
    for subject, packed, z in subjects:
        eta = packed.omega_cholesky @ z
        assert objective(packed, z) == pytest.approx(
            float(likelihood.objective(model, subject, eta[None, :])[0]), rel=1e-11
        )


def test_the_gradient_is_the_difference_of_the_objective(cases):
    _, subjects = cases
    for _, packed, z in subjects:
        gradient = np.empty(z.size)
        value = objective_gradient(packed, z, gradient)
        # The two walk the same closed form in different orders of operations.
        assert value == pytest.approx(objective(packed, z), rel=1e-11)
        # Richardson's extrapolation of central differences
        wide, narrow = (
            np.array([objective(packed, z + s) - objective(packed, z - s) for s in steps(z, h)]) / (2.0 * h)
            for h in (2e-4, 1e-4)
        )
        scale = 1.0 + abs(value)
        assert gradient == pytest.approx((4.0 * narrow - wide) / 3.0, rel=1e-7, abs=1e-9 * scale)


def test_the_hessian_is_the_difference_of_the_gradient(cases):
    _, subjects = cases
    for _, packed, z in subjects:
        gradient, hessian = np.empty(z.size), np.empty((z.size, z.size))
        objective_hessian(packed, z, gradient, hessian)
        ahead, behind = np.empty(z.size), np.empty(z.size)
        h = 1e-4
        for i, s in enumerate(steps(z, h)):
            objective_gradient(packed, z + s, ahead)
            objective_gradient(packed, z - s, behind)
            expected = (ahead - behind) / (2.0 * h)
            assert hessian[i] == pytest.approx(expected, rel=1e-5, abs=1e-5 * np.abs(hessian).max())
        assert (hessian == hessian.T).all() or np.abs(hessian - hessian.T).max() < 1e-12 * np.abs(hessian).max()


def test_the_hessian_comes_with_the_gradient_of_the_gradient_function(cases):
    _, subjects = cases
    for _, packed, z in subjects:
        alone, gradient, hessian = np.empty(z.size), np.empty(z.size), np.empty((z.size, z.size))
        objective_gradient(packed, z, alone)
        objective_hessian(packed, z, gradient, hessian)
        assert gradient == pytest.approx(alone, rel=1e-10, abs=1e-10 * np.abs(hessian).max())


def test_sensitivities_are_the_differences_of_predictions(cases):
    model, subjects = cases
    for subject, packed, z in subjects:
        n = len(subject.samples)
        eta = packed.omega_cholesky @ z
        prediction, slope = np.empty(n), np.empty((n, z.size))
        predict_gradient(packed, eta, prediction, slope)
        kin = likelihood.kinetics(
            model, subject.covariates[0].values, eta + np.vstack((np.zeros(z.size), *steps(z, 1e-5), *steps(z, -1e-5)))
        )
        for o, sample in enumerate(subject.samples):
            values = likelihood.concentration(kin, subject.doses, sample.time_day)
            assert prediction[o] == pytest.approx(values[0], rel=1e-10, abs=1e-14)
            expected = (values[1 : z.size + 1] - values[z.size + 1 :]) / 2e-5
            assert slope[o] == pytest.approx(expected, rel=1e-6, abs=1e-8 * (1e-6 + values[0]) + 1e-9)

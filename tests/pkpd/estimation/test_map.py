"""The maximum a posteriori estimate against searches that do not know how the engine searches."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest

from asuc.qualification.plain_patient import PlainPatient
from asuc.qualification.random_patients import random_patients
from pkpd.data.records import CovariateRow, Dose, Subject
from pkpd.errors import Status
from pkpd.estimation.map import Scan, estimate_map, scan_from_zero
from pkpd.model import load_model, model_names, omega_matrix
from pkpd.problem import bind
from pkpd.simulation.predict import predict_samples
from tests.oracles.deepest_mode import from_many_starts, on_dense_grid
from tests.oracles.likelihood import objective
from tests.oracles.patients import KINDS, above, below, median_covariates, quantified, random_subject

NIYIGENA = load_model("niyigena_2026_asuc")
N_PATIENTS = {1: 30, 2: 45, 3: 24, 4: 24, 5: 24}


def patients(name: str, seed: int, n: int) -> list[Subject]:
    rng = np.random.default_rng(seed)
    return [random_subject(load_model(name), rng, KINDS[i % 3]) for i in range(n)]


@pytest.mark.requirement("IND-01")
@pytest.mark.parametrize("name", model_names())
def test_no_patient_is_above_the_deepest_mode_of_an_independent_search(name):
    model = load_model(name)
    subjects = patients(name, 5, N_PATIENTS[len(model.etas)])
    found = estimate_map(bind(model, subjects))
    assert set(found.status) == {Status.CONVERGED}
    for subject, eta, value in zip(subjects, found.eta, found.objective, strict=True):
        assert value == pytest.approx(float(objective(model, subject, eta[None, :])[0]), rel=1e-9)
        deepest = (
            on_dense_grid(model, subject)
            if len(model.etas) == 2
            else from_many_starts(model, subject, n_points=2048, n_starts=5)
        )
        assert value <= deepest + 1e-4


@pytest.mark.slow
@pytest.mark.parametrize("seed", [1, 2, 3])
def test_none_of_a_thousand_patients_is_above_the_dense_grid(seed):
    """A fifth of them have samples that no parameters explain well; the grid shares no code with the engine."""
    subjects = random_patients(1000, seed=seed)
    found = estimate_map(bind(NIYIGENA, subjects))
    deepest = np.array([PlainPatient(subject).map_by_grid() for subject in subjects])
    assert (found.objective <= deepest + 1e-4).all()
    assert set(found.status) == {Status.CONVERGED}


def test_a_start_where_the_predictions_all_but_vanish_ends_the_search():
    """At the edge of the scan predictions of 1e-111 mg/L make squares underflow; NaN derivatives never ended."""
    samples = (quantified(8.776233950382936, 2.926451021868413), below(19.901267764957517, 0.4), below(34.925, 0.4))
    doses = (Dose(0.0, 700.0, 2.0 / 24.0), Dose(8.0, 900.0, 2.0 / 24.0))
    covariates = {"weight_kg": 95.59570540793479, "crp_mg_per_L": 7.584137813483904}
    subject = Subject(doses, samples, (CovariateRow(0.0, covariates),))
    start = np.array([2.76176765, -5.53377262])
    problem = bind(NIYIGENA, [subject])
    low, outer = problem.subjects.frame[0].T @ start
    found = estimate_map(problem, scan=Scan(np.array([[outer]]), is_grid=False, low=low, step=1.0, n_nodes=1))
    assert np.isfinite(found.objective[0])
    assert found.status == (Status.CONVERGED,)


def test_a_step_beside_a_wall_does_not_lead_over_it():
    """One sample below the limit: beside the wall phi is the penalty alone, whose quadratic points to zero."""
    doses = (Dose(0.0, 700.0, 2.0 / 24.0), Dose(38.0, 700.0, 2.0 / 24.0))
    covariates = {"weight_kg": 101.2, "crp_mg_per_L": 37.3}
    subject = Subject(doses, (below(11.66, 0.4),), (CovariateRow(0.0, covariates),))
    found = estimate_map(bind(NIYIGENA, [subject]))
    assert found.n_modes[0] == 2
    assert found.objective[0] <= on_dense_grid(NIYIGENA, subject) + 1e-6
    assert found.white[0, 0] > 1.0


@pytest.mark.parametrize("level", [1e-4, 3e3, 1e4, 1e5])
def test_samples_that_only_the_far_tails_explain_are_followed_there(level):
    samples = (quantified(2.5, level), above(3.4, 20.0), below(27.0, 0.4))
    subject = Subject((Dose(0.0, 200.0, 0.1),), samples, (median_covariates(NIYIGENA),))
    found = estimate_map(bind(NIYIGENA, [subject]))
    starts = np.stack(np.meshgrid(np.linspace(-14, 14, 57), np.linspace(-14, 14, 57)), axis=-1).reshape(-1, 2)
    factor = np.sqrt(np.diag(omega_matrix(NIYIGENA, median_covariates(NIYIGENA).values)))
    grid = objective(NIYIGENA, subject, starts * factor)
    assert found.status == (Status.CONVERGED,)
    assert found.objective[0] <= grid.min() + 1e-9


@pytest.mark.requirement("IND-01")
def test_of_two_humps_the_deeper_one_is_found():
    """Two contradictory samples below a long half-life: a search from zero ends on the shallower hump for some."""
    subjects = patients("niyigena_2026_asuc", 77, 600)
    problem = bind(NIYIGENA, subjects)
    deepest, local = estimate_map(problem), estimate_map(problem, scan=scan_from_zero(2))
    fooled = np.flatnonzero(local.objective > deepest.objective + 1e-4)
    assert fooled.size >= 3
    assert (deepest.objective <= local.objective + 1e-9).all()
    for i in fooled[:10]:
        assert deepest.objective[i] <= on_dense_grid(NIYIGENA, subjects[i]) + 1e-4
        assert deepest.n_modes[i] >= 2 or deepest.objective[i] < local.objective[i]


@pytest.mark.parametrize("name", model_names())
def test_without_samples_the_random_effects_are_zero(name):
    model = load_model(name)
    subject = Subject((Dose(0.0, 300.0, 0.1),), (), (median_covariates(model),))
    found = estimate_map(bind(model, [subject]))
    assert np.abs(found.eta).max() < 1e-12
    assert found.objective[0] == pytest.approx(0.0, abs=1e-20)
    assert found.hessian[0] == pytest.approx(2.0 * np.eye(len(model.etas)), abs=1e-6)
    assert found.status == (Status.CONVERGED,)


def test_a_level_before_any_dose_under_a_proportional_error_is_impossible():
    subject = Subject((Dose(10.0, 300.0, 0.1),), (quantified(5.0, 3.0),), (median_covariates(NIYIGENA),))
    possible = Subject(
        (Dose(10.0, 300.0, 0.1),), (below(5.0, 0.4), quantified(20.0, 9.0)), (median_covariates(NIYIGENA),)
    )
    found = estimate_map(bind(NIYIGENA, [subject, possible]))
    assert found.status == (Status.NO_FINITE_START, Status.CONVERGED)
    assert found.objective[0] == np.inf
    assert np.isnan(found.eta[0]).all()
    assert np.isfinite(found.eta[1]).all()


def test_a_level_above_its_limit_before_any_dose_is_impossible_too():
    subject = Subject((Dose(10.0, 300.0, 0.1),), (above(5.0, 20.0),), (median_covariates(NIYIGENA),))
    assert estimate_map(bind(NIYIGENA, [subject])).status == (Status.NO_FINITE_START,)


@pytest.mark.parametrize("name", ["niyigena_2026_asuc", "hanzel_2021", "wojciechowski_2017"])
def test_a_batch_gives_what_its_subjects_give_alone_in_any_order(name):
    model = load_model(name)
    subjects = patients(name, 12, 9)
    together = estimate_map(bind(model, subjects))
    backwards = estimate_map(bind(model, subjects[::-1]))
    assert np.array_equal(together.eta, backwards.eta[::-1])
    assert np.array_equal(together.objective, backwards.objective[::-1])
    for i, subject in enumerate(subjects):
        alone = estimate_map(bind(model, [subject]))
        assert np.array_equal(alone.eta[0], together.eta[i])
        assert np.array_equal(alone.hessian[0], together.hessian[i])


def test_the_order_of_samples_and_doses_does_not_matter():
    for subject in patients("niyigena_2026_asuc", 13, 12):
        turned = dataclasses.replace(subject, samples=subject.samples[::-1], doses=subject.doses[::-1])
        one, other = (estimate_map(bind(NIYIGENA, [s])) for s in (subject, turned))
        assert one.eta == pytest.approx(other.eta, abs=1e-7)


def test_a_converged_estimate_has_no_gradient_and_positive_curvature():
    for name in ("niyigena_2026_asuc", "aubourg_2015", "ternant_2008"):
        found = estimate_map(bind(load_model(name), patients(name, 14, 30)))
        curvature = np.linalg.eigvalsh(found.hessian)
        assert (curvature > 0.0).all()
        # a Newton step from the estimate would lower the objective by next to nothing
        assert (found.gradient**2 / curvature[:, 0] < 1e-7 * (1.0 + np.abs(found.objective))).all()


def test_without_residual_noise_the_true_parameters_are_found():
    truth = np.array([0.4, -0.3])
    exact = dataclasses.replace(NIYIGENA, residual=dataclasses.replace(NIYIGENA.residual, proportional_sd=1e-4))
    row = median_covariates(exact)
    doses = (Dose(0.0, 300.0, 0.1), Dose(14.0, 300.0, 0.1))
    times = (2.0, 13.0, 20.0, 40.0)
    levels = predict_samples(bind(exact, [Subject(doses, tuple(quantified(t, 1.0) for t in times), (row,))]), truth)
    samples = tuple(quantified(t, float(y)) for t, y in zip(times, levels, strict=True))
    assert estimate_map(bind(exact, [Subject(doses, samples, (row,))])).eta[0] == pytest.approx(truth, abs=1e-6)

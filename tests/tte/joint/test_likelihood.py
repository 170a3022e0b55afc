"""The joint likelihood against dense grids that share no formula with the engine, and its gradient against their differences."""

from __future__ import annotations

from dataclasses import replace

import numba
import numpy as np
import pytest

from pkpd.data.cohort import cohort_of
from pkpd.estimation.objectives import placed
from pkpd.likelihood.marginal import evaluate_marginal
from pkpd.likelihood.population import bind_population
from pkpd.model import load_model
from tests.oracles.joint_grid import Truth, minus2_log_likelihood, moved
from tests.oracles.likelihood import objective
from tests.oracles.patients import KINDS, random_subject
from tests.oracles.superposition import area, kinetics, prior_scale
from tests.tte.joint.joint_patients import PATIENTS, data_from, theta_from, values_from
from tte.data.events import events_of
from tte.estimation.model import event_time_model
from tte.joint.data import joint_data
from tte.joint.held import levels_posterior
from tte.joint.likelihood import evaluate_joint, settled

TRUTH = Truth()
# Pharmacokinetic parameters of the oracle by their place among the population's.
PLACES = {"cl": 0, "cl_crp": 2, "v": 3, "omega2_cl": 5, "omega2_v": 6, "sigma": 7}


def found_at(truth: Truth):
    data = data_from(PATIENTS, truth)
    return settled(data, values_from(truth), theta_from(truth), None)


@pytest.mark.parametrize(
    "truth",
    [TRUTH, replace(TRUTH, beta=-1.5, log_gamma=0.6, sigma=0.2), replace(TRUTH, beta=0.8, log_lambda=-4.0, cl=0.8)],
    ids=["published", "steep", "other sign"],
)
def test_the_likelihood_of_each_patient_is_that_of_a_dense_grid(truth: Truth):
    found = found_at(truth)
    expected = [minus2_log_likelihood(truth, one)[0] for one in PATIENTS.values()]
    np.testing.assert_allclose(found.marginal.ofv_i, expected, rtol=0.0, atol=1e-6)
    assert abs(found.marginal.ofv - sum(expected)) < 1e-5


# Rows of those at risk after day 28, from that day on, by hand; nothing is learned of the event of the others.
AT_DAY_28 = {
    "event, quantified level": ((28.0, 40.0, 40.0, "event", 0.0),),
    "right-censored, above": ((28.0, 90.0, 90.0, "censored", 1.0),),
    "interval-censored": ((28.0, 30.0, 60.0, "interval", -1.0),),
    "delayed entry": ((28.0, 60.0, 60.0, "event", 0.5),),
    "rows of a counting process": ((28.0, 35.0, 35.0, "censored", 2.0), (40.0, 70.0, 70.0, "event", -1.0)),
    "no level": ((28.0, 90.0, 90.0, "censored", 0.0),),
}


@pytest.mark.parametrize(
    "truth", [TRUTH, replace(TRUTH, beta=-1.5, log_gamma=0.6, sigma=0.2)], ids=["published", "steep"]
)
def test_at_a_landmark_the_likelihood_is_that_of_a_dense_grid_from_its_day_on_and_of_levels_alone(truth: Truth):
    data = data_from(PATIENTS, truth, landmark_day=28.0)
    found = settled(data, values_from(truth), theta_from(truth), None)
    later = {name: replace(one, rows=AT_DAY_28.get(name, ())) for name, one in PATIENTS.items()}
    grids = [minus2_log_likelihood(truth, one) for one in later.values()]
    np.testing.assert_allclose(found.marginal.ofv_i, [value for value, *_ in grids], rtol=0.0, atol=2e-6)
    means = [float((mass * x).sum()) for _, x, mass in grids]
    np.testing.assert_allclose(found.exposure_mean, means, rtol=0.0, atol=2e-5)
    step = 1e-4
    for k, name in enumerate(("log_lambda", "log_gamma", "beta", "by_z")):
        ahead, behind = (
            [minus2_log_likelihood(moved(truth, name, side), one)[0] for one in later.values()]
            for side in (step, -step)
        )
        expected = (np.array(ahead) - np.array(behind)) / (2.0 * step)
        np.testing.assert_allclose(-2.0 * found.slopes[:, k], expected, rtol=2e-5, atol=5e-5, err_msg=name)


def test_mean_and_sd_of_the_exposure_are_those_of_a_dense_grid():
    found, data = found_at(TRUTH), data_from(PATIENTS, TRUTH)
    before = levels_posterior(data, values_from(TRUTH))
    for with_event, mean, sd in ((True, found.exposure_mean, found.exposure_sd), (False, before.mean, before.sd)):
        for i, one in enumerate(PATIENTS.values()):
            _, x, mass = minus2_log_likelihood(TRUTH, one, with_event=with_event)
            centre = float((mass * x).sum())
            assert mean[i] == pytest.approx(centre, abs=2e-5)
            assert sd[i] == pytest.approx(float(np.sqrt((mass * (x - centre) ** 2).sum())), abs=2e-5)


@pytest.mark.parametrize("name", [*PLACES, "log_lambda", "log_gamma", "beta", "by_z"])
def test_the_gradient_is_the_difference_of_the_dense_grid(name: str):
    found = found_at(TRUTH)
    step = 1e-4
    expected = np.array(
        [
            (
                minus2_log_likelihood(moved(TRUTH, name, step), one)[0]
                - minus2_log_likelihood(moved(TRUTH, name, -step), one)[0]
            )
            / (2.0 * step)
            for one in PATIENTS.values()
        ]
    )
    if name in PLACES:
        slopes = found.marginal.gradient[:, PLACES[name]]
    else:
        slopes = -2.0 * found.slopes[:, ("log_lambda", "log_gamma", "beta", "by_z").index(name)]
    np.testing.assert_allclose(slopes, expected, rtol=2e-5, atol=5e-5)


def test_without_an_effect_of_exposure_levels_and_event_times_are_apart():
    truth = replace(TRUTH, beta=0.0)
    data = data_from(PATIENTS, truth)
    nodes = placed(data.population, values_from(truth))
    joint = evaluate_joint(data, values_from(truth), theta_from(truth), nodes).marginal
    levels = evaluate_marginal(data.population, values_from(truth), nodes)
    events = {name: replace(one, levels=()) for name, one in PATIENTS.items()}
    alone = [minus2_log_likelihood(truth, one, n=121)[0] for one in events.values()]
    np.testing.assert_allclose(joint.ofv_i - levels.ofv_i, alone, rtol=0.0, atol=1e-9)
    np.testing.assert_allclose(joint.gradient, levels.gradient, rtol=1e-7, atol=1e-7)


def test_a_patient_without_event_times_informs_the_pharmacokinetics_alone():
    found, data = found_at(TRUTH), data_from(PATIENTS, TRUTH)
    i = list(PATIENTS).index("no event time")
    levels = evaluate_marginal(data.population, values_from(TRUTH), found.nodes)
    assert found.marginal.ofv_i[i] == pytest.approx(levels.ofv_i[i], abs=1e-10)
    assert not found.slopes[i].any()


def test_an_impossible_event_time_has_no_likelihood_and_no_error():
    data = data_from(PATIENTS, TRUTH)
    theta = theta_from(replace(TRUTH, log_lambda=900.0))
    found = evaluate_joint(data, values_from(TRUTH), theta, placed(data.population, values_from(TRUTH)))
    assert not np.isfinite(found.marginal.ofv)


def test_the_same_bits_on_any_number_of_threads():
    data = data_from(PATIENTS, TRUTH)
    many = settled(data, values_from(TRUTH), theta_from(TRUTH), None)
    before = numba.get_num_threads()
    numba.set_num_threads(1)
    try:
        one = settled(data, values_from(TRUTH), theta_from(TRUTH), None)
    finally:
        numba.set_num_threads(before)
    for a, b in (
        (many.marginal.ofv_i, one.marginal.ofv_i),
        (many.marginal.gradient, one.marginal.gradient),
        (many.slopes, one.slopes),
        (many.exposure, one.exposure),
    ):
        assert np.array_equal(a, b)


def random_data(name: str, predictor: str, n: int = 8):
    """Return patients of a model of the library with event times that were not drawn from it, and the model."""
    model = load_model(name)
    rng = np.random.default_rng(11)
    subjects = [random_subject(model, rng, KINDS[i % 2]) for i in range(n)]
    cohort = cohort_of(subjects)
    time = rng.uniform(5.0, 90.0, n)
    events = events_of(time, rng.random(n) < 0.5, ids=cohort.ids)
    hazard = event_time_model("gompertz", [predictor], references={predictor: 6.0})
    return model, subjects, joint_data(bind_population(model, cohort), cohort, (0.0, 21.0), events=events, model=hazard)


GOMPERTZ = np.array([-4.5, 0.01, -0.4])


def gompertz_term(time: float, *, is_event: bool, x: np.ndarray) -> np.ndarray:
    """Return -2 log density of one event time at exposures x, by the textbook's formula."""
    log_rate, gamma, beta = GOMPERTZ
    log_hazard = log_rate + beta * (x - 6.0) + gamma * time
    cumulative = np.exp(log_rate + beta * (x - 6.0)) * (np.exp(gamma * time) - 1.0) / gamma
    return -2.0 * (is_event * log_hazard - cumulative)


def log_exposure(kin, doses, predictor: str) -> np.ndarray:
    log_area, log_clearance = np.log(area(kin, doses, 0.0, 21.0)), np.log(kin.parameters["cl"])
    return {"LOG_AUC_CL": log_area - log_clearance, "LOG_AUC": log_area, "LOG_CL": log_clearance}[predictor]


@pytest.mark.parametrize(
    ("name", "predictor", "n"),
    [
        ("zhao_2026_pediatric", "LOG_AUC_CL", 20001),  # one random effect of two compartments
        ("hanzel_2021", "LOG_AUC_CL", 601),  # two of two compartments
        ("hanzel_2021", "LOG_AUC", 601),
        ("niyigena_2026_asuc", "LOG_CL", 601),
    ],
)
def test_other_models_and_exposures_are_those_of_a_dense_grid(name: str, predictor: str, n: int):
    model, subjects, data = random_data(name, predictor)
    values = np.array([one.value for one in data.population.parameters])
    found = settled(data, values, GOMPERTZ, None)
    axis = np.linspace(-9.0, 9.0, n)
    white = np.stack(np.meshgrid(*[axis] * len(model.etas), indexing="ij"), axis=-1).reshape(-1, len(model.etas))
    for i, subject in enumerate(subjects):
        omega, _ = prior_scale(model, subject.covariates[0].values)
        eta = white @ np.linalg.cholesky(omega).T
        phi = objective(model, subject, eta) + len(model.etas) * np.log(2.0 * np.pi)
        kin = kinetics(model, subject.covariates[0].values, eta)
        x = log_exposure(kin, subject.doses, predictor)
        is_event = data.events.kind[i] != 0
        phi = phi + gompertz_term(float(data.events.stop[i]), is_event=bool(is_event), x=x)
        least = phi.min()
        mass = np.exp(-0.5 * (phi - least)).sum() * (axis[1] - axis[0]) ** len(model.etas)
        n_quantified = sum(np.isfinite(sample.level) for sample in subject.samples)
        expected = least - 2.0 * np.log(mass) - n_quantified * np.log(2.0 * np.pi)
        assert found.marginal.ofv_i[i] == pytest.approx(expected, abs=2e-5)


@pytest.mark.parametrize(
    ("name", "predictor"),
    [("zhao_2026_pediatric", "LOG_AUC_CL"), ("hanzel_2021", "LOG_AUC_CL"), ("aubourg_2015", "LOG_AUC")],
)
def test_typical_values_without_random_effects_move_the_exposure_as_well(name: str, predictor: str):
    _, _, data = random_data(name, predictor, n=3)
    values = np.array([one.value for one in data.population.parameters])
    found = settled(data, values, GOMPERTZ, None)
    for k, one in enumerate(data.population.parameters):
        if one.is_fixed:
            continue
        step = 1e-4 * max(abs(values[k]), 0.05)
        ahead, behind = values.copy(), values.copy()
        ahead[k] += step
        behind[k] -= step
        difference = [settled(data, at, GOMPERTZ, None).marginal.ofv_i for at in (ahead, behind)]
        expected = (difference[0] - difference[1]) / (2.0 * step)
        np.testing.assert_allclose(found.marginal.gradient[:, k], expected, rtol=2e-4, atol=2e-3, err_msg=one.name)

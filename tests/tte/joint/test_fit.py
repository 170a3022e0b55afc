"""Joint fits against brute force on dense grids, against their parts, and their profiles; what is refused, and what has no maximum."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from scipy.optimize import brentq, minimize
from scipy.stats import chi2

from pkpd.data.cohort import cohort_of
from pkpd.data.records import CovariateRow
from pkpd.errors import InputError
from pkpd.estimation.fit import FitOptions
from pkpd.estimation.fit import fit as fit_levels
from pkpd.estimation.objectives import Method
from pkpd.likelihood.population import bind_population
from pkpd.model import load_model
from pkpd.model.population import with_values
from pkpd.simulation.population import simulate_levels
from tests.oracles.joint_grid import Patient, Truth, _minus2_event, minus2_log_likelihood
from tests.oracles.patients import random_subject
from tests.tte.joint.joint_patients import PATIENTS, cohort_from, data_from, events_from, theta_from, values_from
from tte.data.events import events_of
from tte.estimation.fit import FitStatus
from tte.estimation.fit import fit as fit_events
from tte.estimation.model import event_time_model
from tte.joint.data import joint_data
from tte.joint.fit import fit_joint
from tte.joint.profile import profile
from tte.joint.sequential import fit_with_exposure, plug_in, regression_calibration

TRUTH = Truth()
BETA = "lambda:LOG_AUC_CL"


class Brute:
    """-2 log of the joint likelihood of the coefficients with the pharmacokinetic parameters held, on dense grids."""

    def __init__(self, patients: dict[str, Patient]) -> None:
        self.cells = []
        for one in patients.values():
            if one.rows:
                value, x, mass = minus2_log_likelihood(TRUTH, one, with_event=False, n=301)
                used = mass > 1e-12
                self.cells.append((one.rows, value, x[used], mass[used] / mass[used].sum()))

    def __call__(self, log_lambda: float, log_gamma: float, beta: float, by_z: float = 0.3) -> float:
        truth = replace(TRUTH, log_lambda=log_lambda, log_gamma=log_gamma, beta=beta, by_z=by_z)
        total = 0.0
        for rows, value, x, mass in self.cells:
            terms = sum(_minus2_event(truth, row, x) for row in rows)
            total += value - 2.0 * float(np.log((mass * np.exp(-0.5 * terms)).sum()))
        return total


def test_with_pharmacokinetics_held_the_fit_is_the_maximum_that_brute_force_finds():
    brute, data = Brute(PATIENTS), data_from(PATIENTS, TRUTH, Z=0.3)
    found = fit_joint(data, values=values_from(TRUTH), holds_pk=True)
    assert found.status is FitStatus.CONVERGED
    best = minimize(
        lambda u: brute(*u), theta_from(TRUTH)[:3], method="Nelder-Mead", options={"fatol": 1e-9, "xatol": 1e-7}
    )
    np.testing.assert_allclose(found.theta[:3], best.x, atol=2e-4)
    assert found.theta[3] == 0.3
    alone = minus2_log_likelihood(TRUTH, PATIENTS["no event time"], n=301)[0]
    assert found.ofv == pytest.approx(best.fun + alone, abs=1e-5)
    # Standard errors are those of the curvature by brute force.
    step, hessian = 1e-3, np.empty((3, 3))
    for i in range(3):
        for j in range(3):
            a, b = step * np.eye(3)[i], step * np.eye(3)[j]
            corners = [brute(*(best.x + s * a + t * b)) * s * t for s in (1, -1) for t in (1, -1)]
            hessian[i, j] = sum(corners) / (4.0 * step * step)
    expected = np.linalg.inv(0.5 * hessian)
    np.testing.assert_allclose(found.theta_covariance[:3, :3], expected, rtol=2e-3)
    assert not found.theta_covariance[3].any()
    assert found.doubtful.size == 0


def test_the_profile_ends_where_brute_force_has_fallen_as_far():
    brute, data = Brute(PATIENTS), data_from(PATIENTS, TRUTH, Z=0.3, shape=float(np.exp(TRUTH.log_gamma)))
    found = fit_joint(data, values=values_from(TRUTH), holds_pk=True)
    interval = profile(found, BETA)
    assert interval is not None

    def lowest(beta: float) -> float:
        one = minimize(lambda u: brute(u[0], TRUTH.log_gamma, beta), [found.theta[0]], method="Nelder-Mead")
        return float(one.fun)

    best = lowest(float(found.theta[2]))
    limit = chi2.isf(0.05, 1)
    for end, far in ((interval.lower, -3.0), (interval.upper, 2.0)):
        expected = brentq(lambda beta: lowest(beta) - best - limit, float(found.theta[2]), far, xtol=1e-4)
        assert end.value == pytest.approx(expected, abs=2e-3)


def simulated(n: int, seed: int = 3):
    """Return levels of n patients of the published pharmacokinetic model, and event times that depend on nothing."""
    model = load_model("niyigena_2026_asuc")
    rng = np.random.default_rng(seed)
    drawn = [random_subject(model, rng, "ordinary") for _ in range(n)]
    subjects = [
        replace(one, covariates=(CovariateRow(0.0, {"weight_kg": 63.0, "crp_mg_per_L": float(crp)}),))
        for one, crp in zip(drawn, np.exp(rng.normal(3.4, 1.0, n)).clip(2.0, 300.0), strict=True)
    ]
    cohort = simulate_levels(model, cohort_of(subjects), rng)
    time = rng.exponential(60.0, n)
    events = events_of(np.minimum(time, 90.0), time < 90.0, ids=cohort.ids, covariates={"Z": rng.random(n) < 0.5})
    return bind_population(model, cohort), cohort, events


def joined(held: dict[str, float] | None = None, *, covariates: tuple[str, ...] = ("LOG_AUC_CL",), n: int = 24):
    population, cohort, events = simulated(n)
    model = event_time_model("weibull", covariates, references={"LOG_AUC_CL": 6.0}, fixed=held)
    return joint_data(population, cohort, (0.0, 21.0), events=events, model=model), events


def test_without_an_effect_the_joint_fit_is_both_fits_apart():
    data, events = joined({"LOG_AUC_CL": 0.0})
    published = np.array([one.value for one in data.population.parameters])
    found = fit_joint(data, values=published)
    levels = fit_levels(data.population, FitOptions(Method.EXACT))
    alone = fit_events(events, event_time_model("weibull", []))
    assert found.status is FitStatus.CONVERGED
    assert found.ofv == pytest.approx(levels.ofv - 2.0 * alone.log_likelihood, abs=1e-3)
    np.testing.assert_allclose(found.values, levels.values, rtol=5e-3)
    np.testing.assert_allclose(found.theta[:2], alone.theta, atol=1e-4)
    np.testing.assert_allclose(found.theta_covariance[:2, :2], alone.covariance, rtol=1e-3, atol=1e-6)


def test_the_joint_fit_is_higher_than_with_the_pharmacokinetics_held_and_its_own_profile_falls_from_it():
    data, _ = joined()
    levels = fit_levels(data.population, FitOptions(Method.EXACT, with_covariance=False))
    held = fit_joint(data, values=levels.values, holds_pk=True)
    joint = fit_joint(data, values=levels.values)
    assert (held.status, joint.status) == (FitStatus.CONVERGED, FitStatus.CONVERGED)
    assert held.holds_pk
    assert not joint.holds_pk
    assert joint.ofv < held.ofv
    assert (held.values == levels.values).all()
    assert not held.covariance[: levels.values.size].any()
    free = [not one.is_fixed for one in joint.parameters]
    assert (np.diag(joint.covariance)[: len(free)][free] > 0.0).all()
    interval = profile(joint, BETA)
    assert interval is not None
    assert (interval.falls >= -1e-3).all()
    assert interval.lower.value < joint.theta[2] < interval.upper.value
    assert profile(fit_joint(joined({"LOG_AUC_CL": -0.5})[0], values=levels.values, holds_pk=True), BETA) is None


def test_fits_do_not_depend_on_the_order_of_the_event_times():
    data, events = joined()
    values = np.array([one.value for one in data.population.parameters])
    order = np.argsort(-events.stop)
    shuffled = events_of(
        events.stop[order],
        events.kind[order] == 1,
        ids=[events.ids[i] for i in order],
        covariates={"Z": events.covariates["Z"][order]},
    )
    other = joint_data(data.population, data.population.cohort, (0.0, 21.0), events=shuffled, model=data.model)
    one, two = (fit_joint(each, values=values, holds_pk=True) for each in (data, other))
    np.testing.assert_allclose(one.theta, two.theta, atol=1e-9)


def test_a_covariate_that_separates_the_events_is_named():
    population, cohort, events = simulated(24)
    spared = events.kind == 0
    split = replace(events, covariates={"Z": spared.astype(float)})
    model = event_time_model("weibull", ["LOG_AUC_CL", "Z"], references={"LOG_AUC_CL": 6.0})
    data = joint_data(population, cohort, (0.0, 21.0), events=split, model=model)
    values = np.array([one.value for one in population.parameters])
    for holds_pk in (True, False):
        found = fit_joint(data, values=values, holds_pk=holds_pk)
        assert found.status is FitStatus.MONOTONE_LIKELIHOOD
        assert found.named == ("lambda:Z",)
        assert np.isnan(found.covariance).all()
        assert profile(found, BETA) is None


def test_the_plug_in_takes_modes_and_the_calibration_means():
    data, events = joined()
    values = np.array([one.value for one in data.population.parameters])
    modes, means = plug_in(data, values), regression_calibration(data, values)
    at_modes, at_means = (one.events.covariates["LOG_AUC_CL"] for one in (modes, means))
    assert not np.allclose(at_modes, at_means, atol=1e-3)
    again = fit_events(replace(events, covariates={"LOG_AUC_CL": at_modes}), data.model)
    np.testing.assert_allclose(modes.theta, again.theta, atol=1e-10)
    np.testing.assert_allclose(fit_with_exposure(data, at_means).theta, means.theta, atol=1e-10)


def refused(**changes) -> list[str]:
    population, cohort, events = simulated(6)
    given = {"regimens": cohort, "window": (0.0, 21.0), "events": events, "covariates": ("LOG_AUC_CL",)} | changes
    model = event_time_model("weibull", given["covariates"])
    bound = given.get("population", population)
    with pytest.raises(InputError) as caught:
        joint_data(bound, given["regimens"], given["window"], events=given["events"], model=model)
    return [str(one) for one in caught.value.problems]


def test_what_cannot_be_joined_is_refused_in_a_sentence_each():
    _, cohort, events = simulated(6)
    other = replace(events, ids=("x", *events.ids[1:-1], "y"))
    assert refused(events=other) == [
        "event times: hold subjects that are not in the cohort: x, y; expected the same names in both files"
    ]
    assert refused(events=replace(events, kind=np.zeros(6, dtype=np.int64))) == [
        "event times: hold no event; expected at least one"
    ]
    assert refused(covariates=("Z",)) == ["covariate: none; expected one exposure among LOG_AUC_CL, LOG_AUC, LOG_CL"]
    assert refused(covariates=("LOG_AUC_CL", "LOG_CL", "ALB")) == [
        "covariate: LOG_AUC_CL and LOG_CL; expected one exposure among LOG_AUC_CL, LOG_AUC, LOG_CL",
        "covariate: ALB is not among the event times; there are Z",
    ]
    missing = replace(events, covariates={"Z": np.where(np.arange(6) == 2, np.nan, 1.0)})
    assert refused(events=missing, covariates=("LOG_AUC_CL", "Z")) == [
        "covariate: Z is nan for subject 3; expected finite numbers"
    ]
    before = refused(window=(-9.0, -2.0))
    assert len(before) == 6
    assert before[0].startswith("subject 1: has no drug from day -9 to -2, expected some")
    four = load_model("dubinsky_2017")
    rng = np.random.default_rng(1)
    many = bind_population(four, cohort_of([random_subject(four, rng, "ordinary") for _ in range(6)]))
    assert refused(population=many)[0] == (
        "dubinsky_2017: has 4 random effects of a subject; expected one or two for the joint model, whose integral is a quadrature"
    )
    assert cohort.n_subjects == 6


def test_subjects_without_event_times_stand_in_the_likelihood_without_drug_in_the_window():
    patients = {**PATIENTS, "never treated again": Patient(((40.0, 400.0, 0.1),), ((50.0, "level", 6.0),))}
    given, planned = cohort_from(patients)
    model = event_time_model("weibull", ["LOG_AUC_CL"], references={"LOG_AUC_CL": 6.5})
    population = bind_population(load_model("niyigena_2026_asuc"), given)
    data = joint_data(population, planned, TRUTH.window, events=events_from(patients), model=model)
    found = fit_joint(data, values=values_from(TRUTH), holds_pk=True)
    assert found.status is FitStatus.CONVERGED
    assert np.isnan(found.evaluation.exposure_mean[-1])
    assert np.isfinite(found.evaluation.exposure_mean[:-1]).all()


def test_a_variance_that_the_levels_do_not_show_is_named_as_at_its_bound():
    model = load_model("niyigena_2026_asuc")
    population, cohort, events = simulated(24)
    published = np.array([one.value for one in population.parameters])
    names = [one.name for one in population.parameters]
    published[names.index("omega2_v")] = 1e-9
    still = simulate_levels(
        with_values(model, dict(zip(names, published, strict=True))), cohort, np.random.default_rng(2)
    )
    hazard = event_time_model("weibull", ["LOG_AUC_CL"], references={"LOG_AUC_CL": 6.0})
    data = joint_data(bind_population(model, still), still, (0.0, 21.0), events=events, model=hazard)
    published[names.index("omega2_v")] = 1e-7
    found = fit_joint(data, values=published)
    assert found.status is FitStatus.AT_BOUND
    assert found.named == ("omega2_v",)
    assert found.covariance[names.index("omega2_v"), names.index("omega2_v")] == 0.0
    assert np.isfinite(found.covariance).all()
    assert found.theta_covariance[2, 2] > 0.0

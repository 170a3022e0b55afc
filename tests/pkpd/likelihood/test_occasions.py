"""Inter-occasion variability: objectives against an independent computation, gradients against differences, reports."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from scipy.stats import multivariate_t

from pkpd.data.cohort import cohort_of, select_subjects
from pkpd.data.records import CovariateRow, Dose, Subject
from pkpd.diagnostics.courses import subject_courses
from pkpd.diagnostics.individuals import effect_columns
from pkpd.diagnostics.records import level_records
from pkpd.errors import InputError
from pkpd.estimation.covariance import CovarianceKind
from pkpd.estimation.fit import FitOptions, fit
from pkpd.estimation.objectives import Method
from pkpd.estimation.result import fit_document
from pkpd.kernels.laplace import Approximation
from pkpd.likelihood.importance import Sampling, integrate_by_sampling
from pkpd.likelihood.population import bind_population, check_occasions_and_centres, evaluate
from pkpd.model import load_model
from pkpd.model.population import with_values
from pkpd.model.spec import EtaVariance
from pkpd.problem import bind
from pkpd.simulation.population import simulate_levels
from pkpd.simulation.replicates import simulate_replicates
from tests.oracles.occasions import OccasionSubject
from tests.oracles.patients import quantified
from tests.pkpd.likelihood.test_gradients import differences, values_of

NIYIGENA = load_model("niyigena_2026_asuc")
STARTS = (0.0, 14.0, 42.0, 84.0)
OFFSETS = (1.0, 9.0)
COVARIATES = {"weight_kg": 63.0, "crp_mg_per_L": 30.0}


def with_occasions(model=NIYIGENA, *, both: bool = False):
    """The model with a random effect of the occasion on the clearance, and where wanted a correlated one on the volume."""
    names = ("iov_cl", "iov_v") if both else ("iov_cl",)
    terms = tuple(
        replace(term, occasion_eta=f"iov_{term.parameter}" if f"iov_{term.parameter}" in names else None)
        for term in model.terms
    )
    variances = tuple(EtaVariance(name, value) for name, value in zip(names, (0.09, 0.05), strict=False))
    correlations = (("iov_cl", "iov_v", 0.4),) if both else ()
    return replace(model, terms=terms, occasion_variances=variances, correlations=correlations)


def subject_with(n_occasions: int, rng) -> Subject:
    starts = STARTS[:n_occasions]
    samples = tuple(quantified(start + after, float(rng.uniform(2.0, 40.0))) for start in starts for after in OFFSETS)
    doses = tuple(Dose(start, 350.0, 0.0) for start in starts)
    return Subject(doses, samples, tuple(CovariateRow(start, COVARIATES) for start in starts))


def cohort_with(counts, seed: int = 5):
    rng = np.random.default_rng(seed)
    cohort = cohort_of([subject_with(n, rng) for n in counts])
    return replace(cohort, occasion=np.concatenate([np.arange(n) for n in counts]))


def oracle_of(model, cohort, i: int) -> OccasionSubject:
    samples = slice(cohort.sample_start[i], cohort.sample_start[i + 1])
    starts = tuple(float(t) for t in cohort.row_time[cohort.row_start[i] : cohort.row_start[i + 1]])
    omega = np.diag([*(v.omega2 for v in model.variances), *[model.occasion_variances[0].omega2] * len(starts)])
    return OccasionSubject(
        starts=starts,
        dose_times=starts,
        dose=350.0,
        sample_times=tuple(float(t) for t in cohort.sample_time[samples]),
        levels=tuple(float(x) for x in cohort.level[samples]),
        clearance=model.terms[0].value,
        volume=model.terms[1].value,
        omega=omega,
        proportional=model.residual.proportional_sd,
    )


def test_objectives_with_effects_of_occasions_are_those_of_an_independent_computation():
    model, cohort = with_occasions(), cohort_with((3, 2, 4, 1))
    population = bind_population(model, cohort)
    laplace = evaluate(population, values_of(population), Approximation.LAPLACE)
    focei = evaluate(population, values_of(population), Approximation.FOCEI)
    for i in range(4):
        oracle = oracle_of(model, cohort, i)
        assert laplace.ofv_i[i] == pytest.approx(oracle.laplace(), abs=1e-3)
        assert focei.ofv_i[i] == pytest.approx(oracle.focei(), abs=1e-4)
        assert laplace.eta[i, : len(oracle.omega)] == pytest.approx(oracle.mode(), abs=1e-4)


def test_the_exact_objective_with_effects_of_occasions_is_that_of_an_independent_sampling():
    model = with_occasions()
    population = bind_population(model, cohort_with([2, 1]))
    found = integrate_by_sampling(population, values_of(population), Sampling(target=0.01))
    rng, n = np.random.default_rng(3), 20_000
    for i in range(2):
        oracle = oracle_of(model, population.cohort, i)
        mode, size = oracle.mode(), len(oracle.omega)
        # A t distribution of five degrees of freedom about the mode, as wide as the prior.
        proposal = multivariate_t(mode, 0.4 * oracle.omega, df=5, seed=rng)
        eta = proposal.rvs(n)
        log_prior_constant = np.linalg.slogdet(2.0 * np.pi * oracle.omega)[1]
        with np.errstate(divide="ignore", invalid="ignore"):
            joint = np.array([oracle.joint(row) for row in eta])
        # Far away predictions vanish, and the levels are impossible.
        log_weight = -0.5 * (np.where(np.isfinite(joint), joint, np.inf) + log_prior_constant) - proposal.logpdf(eta)
        top = log_weight.max()
        weight = np.exp(log_weight - top)
        expected = -2.0 * (top + np.log(weight.mean()))
        error = 2.0 * weight.std() / weight.mean() / np.sqrt(n)
        assert error < 0.05, size
        assert found.ofv_i[i] == pytest.approx(expected, abs=4.0 * np.hypot(error, found.ofv_se))


@pytest.mark.parametrize("both", [False, True])
@pytest.mark.parametrize("method", list(Approximation))
def test_the_gradient_with_effects_of_occasions_is_the_difference_of_the_objective(
    method: Approximation, *, both: bool
):
    population = bind_population(with_occasions(both=both), cohort_with((3, 2, 1)))
    values = values_of(population)
    found = evaluate(population, values, method)

    def objective(at):
        return evaluate(population, at, method, start=found.white, with_gradient=False).ofv_i

    expected = differences(values, objective, relative=1e-5)
    names = [one.name for one in population.parameters]
    assert ("omega2_iov_cl_iov_v" in names) == both
    assert np.abs(expected[:, names.index("omega2_iov_cl")]).max() > 0.1
    scale = 1.0 + np.abs(expected).max(axis=0)
    assert np.abs(found.gradient - expected).max(axis=0) / scale == pytest.approx(0.0, abs=5e-6)


def test_occasions_that_a_subject_does_not_have_change_nothing():
    model, cohort = with_occasions(), cohort_with((2, 2, 4))
    together = bind_population(model, cohort)
    alone = bind_population(model, select_subjects(cohort, np.array([0, 1])))
    assert (together.n_eta, alone.n_eta) == (6, 4)
    for method in Approximation:
        whole = evaluate(together, values_of(together), method)
        part = evaluate(alone, values_of(alone), method)
        assert whole.ofv_i[:2] == pytest.approx(part.ofv_i, abs=1e-9)
        assert whole.gradient[:2] == pytest.approx(part.gradient, abs=1e-6)
        assert whole.eta[:2, 4:] == pytest.approx(0.0, abs=1e-12)


def test_without_variance_between_occasions_the_objective_is_that_of_the_model_without_them():
    cohort = cohort_with((3, 2))
    plain = bind_population(NIYIGENA, cohort)
    small = bind_population(with_values(with_occasions(), {"omega2_iov_cl": 1e-10}), cohort)
    for method in (Approximation.LAPLACE, Approximation.FOCEI):
        expected = evaluate(plain, values_of(plain), method).ofv
        assert evaluate(small, values_of(small), method).ofv == pytest.approx(expected, abs=1e-6)


def test_a_cohort_with_a_single_occasion_is_refused():
    with pytest.raises(
        InputError, match=r"inter-occasion variability on cl, and the cohort a single occasion; .*column OCC"
    ):
        check_occasions_and_centres(with_occasions(), cohort_with((1, 1)))


def test_forecasts_take_an_average_occasion():
    subject = subject_with(2, np.random.default_rng(1))
    with_them, without = bind(with_occasions(both=True), [subject]), bind(NIYIGENA, [subject])
    assert with_them.n_eta == 2
    assert np.array_equal(with_them.subjects.omega_cholesky, without.subjects.omega_cholesky)
    assert (with_them.subjects.terms[:, :, 2] == -1).all()


def test_a_fit_recovers_the_variance_between_occasions_and_reports_it():
    model = with_values(with_occasions(), {"omega2_iov_cl": 0.25, "sigma_proportional": 0.15})
    blank = cohort_with((4,) * 60 + (2,) * 20)
    population = bind_population(model, simulate_levels(model, blank, np.random.default_rng(2)))
    free = tuple(replace(one, is_fixed=True) if one.name == "cl_crp_mg_per_L" else one for one in population.parameters)
    found = fit(population, FitOptions(Method.FOCEI), parameters=free)
    document = fit_document(found, CovarianceKind.SANDWICH, seconds=0.0)
    assert document["status"] == "converged"
    entry = document["omega"]["omega2_iov_cl"]
    assert abs(entry["estimate"] - 0.25) < 3.0 * entry["se"]
    assert 0.0 < entry["shrinkage_pct"] < 60.0
    columns = effect_columns(found)
    assert list(columns) == ["cl", "v", "iov_cl_1", "iov_cl_2", "iov_cl_3", "iov_cl_4"]
    eta, se = columns["iov_cl_4"]
    assert np.isfinite(eta[:60]).all()
    assert np.isnan(eta[60:]).all()
    assert np.isnan(se[60:]).all()
    records = level_records(found, np.random.default_rng(1))
    assert abs(records.npde.mean()) < 0.15
    assert records.npde.std() == pytest.approx(1.0, abs=0.15)
    (course,) = subject_courses(found, [65])
    rows = [i for i, name in enumerate(records.ids) if name == found.population.cohort.ids[65]]
    at = np.interp(course.sample_time, course.times, course.ipred)
    assert at == pytest.approx(records.ipred[rows], rel=0.05)


def test_occasions_are_drawn_anew_in_every_simulation():
    model = with_values(with_occasions(), {"omega2_cl": 1e-8, "omega2_v": 1e-8, "omega2_iov_cl": 0.25})
    model = with_values(model, {"sigma_proportional": 1e-4})
    population = bind_population(model, cohort_with((2,)))
    drawn = simulate_replicates(population, values_of(population), 1, 4000).measured
    rate = np.log(drawn[0] / drawn[1]) / (OFFSETS[1] - OFFSETS[0])
    later = np.log(drawn[2] / drawn[3]) / (OFFSETS[1] - OFFSETS[0])
    assert np.log(rate).std() == pytest.approx(0.5, abs=0.03)
    assert np.corrcoef(np.log(rate), np.log(later))[0, 1] == pytest.approx(0.0, abs=0.06)

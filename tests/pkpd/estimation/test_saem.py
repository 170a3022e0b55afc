"""SAEM against the optimum of the exact objective, NONMEM's data, the truth, and itself."""

from __future__ import annotations

import dataclasses
import math
from typing import TYPE_CHECKING

import numpy as np
import pytest
from scipy.special import logsumexp

from pkpd.data.cohort import cohort_of
from pkpd.data.records import Censoring, CovariateRow, Dose, Sample, Subject
from pkpd.errors import InputError
from pkpd.estimation.chains import moved, started
from pkpd.estimation.covariance import CovarianceKind, uncertainty
from pkpd.estimation.fit import FitOptions, FitStatus, fit, with_changes
from pkpd.estimation.information import expected_decrease, information_at
from pkpd.estimation.objectives import Method, objective_of
from pkpd.estimation.saem import SaemOptions, fit_by_saem, sampling_error
from pkpd.estimation.saem_document import path_table, saem_document
from pkpd.estimation.saem_end import sampled_end
from pkpd.estimation.scale import to_free
from pkpd.kernels.threads import on_one_thread
from pkpd.likelihood.complete import complete_data, complete_scores, shift
from pkpd.likelihood.population import bind_population, model_at, packed_at
from pkpd.model import load_model
from pkpd.model.population import with_values
from pkpd.model_covariates import with_model_covariates
from pkpd.simulation.population import simulate_levels
from pkpd.simulation.virtual_cohort import Design, virtual_cohort
from tests.pkpd.likelihood.pheno import covariate_model, pheno_subjects
from tests.pkpd.likelihood.test_occasions import cohort_with, with_occasions

if TYPE_CHECKING:
    from pathlib import Path

NIYIGENA = load_model("niyigena_2026_asuc")
SHORT = SaemOptions(n_exploration=20, least_smoothing=20, most_iterations=40, with_covariance=False)


def virtual(n: int, seed: int):
    drawn = virtual_cohort(NIYIGENA, Design(n), np.random.default_rng(seed))
    return bind_population(NIYIGENA, with_model_covariates(drawn, NIYIGENA).cohort)


def rich_population(name: str, n: int, *, changes: dict[str, float], n_rows: int = 1):
    """Subjects with three doses and fifteen quantified samples each, drawn from a model."""
    model, rng = load_model(name), np.random.default_rng(3)
    model = with_values(model, {one: changes[one] for one in changes})
    times = (0.1, 0.3, 1.0, 2.0, 4.0, 7.0, 10.0, 13.9, 20.0, 30.0, 41.9, 43.0, 50.0, 60.0, 80.0)
    samples = tuple(Sample(time, 1.0, Censoring.NONE, np.nan, np.nan) for time in times)
    doses = tuple(Dose(time, 400.0, 2.0 / 24.0) for time in (0.0, 14.0, 42.0))
    subjects = [
        Subject(doses, samples, tuple(CovariateRow(20.0 * r, _drawn(model, rng)) for r in range(n_rows)))
        for _ in range(n)
    ]
    return bind_population(model, simulate_levels(model, cohort_of(subjects), rng))


def _drawn(model, rng):
    return {
        name: float(rng.choice([code for _, code in domain.categories]))
        if domain.categories
        else float(domain.median * np.exp(0.2 * rng.standard_normal()))
        for name, domain in model.covariates.items()
    }


def differences(found, exact):
    """Estimates of SAEM less those of an exact fit, in standard errors of the latter."""
    known = uncertainty(exact, CovarianceKind.R)
    assert known is not None
    return (found.fit.values - exact.values)[exact.scale.free] / known.se


@pytest.mark.requirement("POP-07")
@pytest.mark.slow
@pytest.mark.parametrize(("n", "seed"), [(72, 1), (72, 3), (150, 5)])
def test_of_a_censored_cohort_it_ends_at_the_optimum_of_the_exact_objective(n: int, seed: int):
    population = virtual(n, seed)
    exact = fit(population, FitOptions(Method.EXACT))
    found = fit_by_saem(population, SaemOptions())
    assert exact.status is FitStatus.CONVERGED
    assert found.fit.status is FitStatus.WITHIN_NOISE
    # The error of sampling is 0.02 on average by the rule that it stops by.
    assert 0.0 <= found.fit.ofv - exact.ofv + 1e-3 < 0.1
    assert np.abs(differences(found, exact)).max() < 0.2
    assert found.expected_decrease == pytest.approx(found.fit.ofv - exact.ofv, abs=0.01)


@pytest.mark.slow
def test_of_pheno_it_ends_at_the_optimum_with_the_same_standard_errors(reference_dir: Path, tmp_path: Path):
    model = covariate_model(tmp_path, thetas=(0.005, 1.4, 0.1), omegas=(0.1, 0.1), sigma2=0.05)
    population = bind_population(model, cohort_of(pheno_subjects(reference_dir)))
    exact, found = fit(population, FitOptions(Method.EXACT)), fit_by_saem(population, SaemOptions())
    assert found.fit.ofv - exact.ofv < 0.1
    assert np.abs(differences(found, exact)).max() < 0.2
    ours, theirs = uncertainty(found.fit, CovarianceKind.SANDWICH), uncertainty(exact, CovarianceKind.SANDWICH)
    assert ours is not None
    assert theirs is not None
    assert ours.se == pytest.approx(theirs.se, rel=0.05)


@pytest.mark.slow
@pytest.mark.parametrize(("name", "n_rows"), [("hanzel_2021", 1), ("fasanmade_2009", 1), ("niyigena_2026_asuc", 2)])
def test_full_blocks_terms_without_random_effect_and_covariates_that_change_are_fitted(name: str, n_rows: int):
    population = rich_population(name, 12, changes={}, n_rows=n_rows)
    exact, found = fit(population, FitOptions(Method.EXACT)), fit_by_saem(population, SaemOptions())
    assert found.fit.ofv - exact.ofv < 0.1
    assert np.abs(differences(found, exact)).max() < 0.25


def importance_sampled(found, values, *, n: int = 4000):
    """-2 log of the likelihood by importance sampling about the posteriors that a fit found; the same draws for all values."""
    population = found.fit.population
    data = complete_data(population, values, range(values.size))
    factor = packed_at(population, model_at(population, values)).omega_cholesky
    center, cov = found.fit.evaluation.eta, 1.3 * found.fit.evaluation.covariance
    n_eta, freedom = population.n_eta, 5
    rng, root = np.random.default_rng(8), np.linalg.cholesky(cov)
    white = rng.standard_normal((len(cov), n, n_eta)) / np.sqrt(rng.chisquare(freedom, (len(cov), n, 1)) / freedom)
    eta = center[:, None, :] + np.einsum("nij,ncj->nci", root, white)
    misfits = complete_scores(data, values, shift(data, values)[:, None, :] + eta).value
    z = np.linalg.solve(factor[:, None], eta[..., None])[..., 0]
    log_prior = -0.5 * (z**2).sum(axis=2) - np.log(np.einsum("nii->ni", factor)).sum(axis=1)[:, None]
    log_prior -= 0.5 * n_eta * np.log(2.0 * np.pi)
    norm = math.lgamma(0.5 * (freedom + n_eta)) - math.lgamma(0.5 * freedom) - 0.5 * n_eta * math.log(freedom * math.pi)
    log_proposal = norm - np.log(np.einsum("nii->ni", root)).sum(axis=1)[:, None]
    log_proposal = log_proposal - 0.5 * (freedom + n_eta) * np.log1p((white**2).sum(axis=2) / freedom)
    return -2.0 * (logsumexp(-0.5 * misfits + log_prior - log_proposal, axis=1) - math.log(n)).sum()


@pytest.mark.slow
def test_three_random_effects_end_where_the_likelihood_is_highest_and_give_the_truth_back():
    changes = {"sigma_proportional": 0.1, "omega2_cl": 0.09, "omega2_v1": 0.09, "omega2_v2": 0.09}
    population = rich_population("fasanmade_2011_combined", 30, changes=changes)
    laplace, found = fit(population, FitOptions(Method.LAPLACE)), fit_by_saem(population, SaemOptions())
    assert found.fit.status is FitStatus.WITHIN_NOISE
    at_laplace, at_saem = (importance_sampled(found, values) for values in (laplace.values, found.fit.values))
    assert at_saem < at_laplace + 0.03
    # By Louis' information the gradient there promises less than 0.1; a step against it gains no more than that.
    ours = uncertainty(found.fit, CovarianceKind.R)
    assert ours is not None
    step = -0.5 * ours.matrix @ found.fit.scores.sum(axis=0)
    moved_values = found.fit.values.copy()
    moved_values[found.fit.scale.free] += step
    assert at_saem - importance_sampled(found, moved_values) < 0.1
    truth = np.array([one.value for one in population.parameters])[found.fit.scale.free]
    assert np.abs((found.fit.values[found.fit.scale.free] - truth) / ours.se).max() < 3.5
    document = saem_document(found, CovarianceKind.R, seconds=1.0)
    assert document["saem"]["ofv_by"] == "exact"
    assert document["integration"]["kind"] == "importance_sampling"


def with_four_occasions(n: int):
    """Subjects with one to four occasions each, drawn from a model with correlated random effects of these."""
    model = with_values(with_occasions(NIYIGENA, both=True), {"sigma_proportional": 0.15})
    rng = np.random.default_rng(4)
    cohort = cohort_with([1 + i % 4 for i in range(n)])
    crp = np.repeat(30.0 * np.exp(rng.standard_normal(n)), np.diff(cohort.row_start))
    cohort = dataclasses.replace(cohort, covariates={**cohort.covariates, "crp_mg_per_L": crp})
    return bind_population(model, simulate_levels(model, cohort, rng))


@pytest.mark.slow
def test_random_effects_of_occasions_end_where_the_likelihood_is_highest():
    population = with_four_occasions(30)
    laplace, found = fit(population, FitOptions(Method.LAPLACE)), fit_by_saem(population, SaemOptions())
    assert found.fit.status is FitStatus.WITHIN_NOISE
    at_laplace, at_saem = (
        fit(population, FitOptions(Method.EXACT, 0, with_covariance=False), parameters=moved_to(one)).ofv
        for one in (laplace, found.fit)
    )
    assert at_saem == found.fit.ofv
    assert at_saem < at_laplace + 0.03
    known = uncertainty(found.fit, CovarianceKind.R)
    assert known is not None
    truth = np.array([one.value for one in population.parameters])[found.fit.scale.free]
    assert np.abs((found.fit.values[found.fit.scale.free] - truth) / known.se).max() < 3.5
    assert [name for name in found.acceptance if name.startswith("iov_cl_")] == [f"iov_cl_{k}" for k in range(1, 5)]


def moved_to(found):
    return tuple(
        dataclasses.replace(one, value=float(value)) for one, value in zip(found.parameters, found.values, strict=True)
    )


@pytest.mark.slow
def test_scores_and_information_from_chains_are_those_of_the_exact_objective():
    population = virtual(72, 1)
    exact = fit(population, FitOptions(Method.EXACT))
    free = to_free(exact.scale, exact.values)
    data, rng = complete_data(population, exact.values, exact.scale.free), np.random.default_rng(1)
    chains = started(data, exact.values, 7, rng)
    assert chains is not None
    for _ in range(100):
        chains = moved(data, exact.values, chains, rng)
    end = sampled_end(data, exact.scale, free, chains, rng)
    objective = objective_of(population, exact.scale, Method.EXACT)
    at = objective(free, None)
    expected, _ = information_at(objective, at)
    ratio = np.sqrt(np.diag(np.linalg.inv(end.information)) / np.diag(np.linalg.inv(expected)))
    assert ratio == pytest.approx(np.ones(free.size), abs=0.15)
    # The gradient is zero there: what is left is the noise of 4,200 draws a subject.
    assert expected_decrease(expected, end.scores.sum(axis=0)) < 0.1
    assert end.scores == pytest.approx(at.scores, abs=0.1 * float(np.abs(at.scores).max()))
    assert end.eta == pytest.approx(at.memory.evaluation.eta, abs=0.08)


@pytest.mark.requirement("OPS-01")
def test_the_same_seed_gives_the_same_bits_on_one_thread_and_on_all(monkeypatch: pytest.MonkeyPatch):
    # So few chains would move on one thread in any case.
    monkeypatch.setattr("pkpd.estimation.chains._FEW_CHAINS", 0)
    population = virtual(20, 2)
    one, other = fit_by_saem(population, SHORT), fit_by_saem(population, SHORT)
    with on_one_thread(is_wanted=True):
        third = fit_by_saem(population, SHORT)
    another = fit_by_saem(population, dataclasses.replace(SHORT, seed=2))
    assert np.array_equal(one.path, other.path)
    assert np.array_equal(one.path, third.path)
    assert one.fit.ofv == third.fit.ofv
    assert not np.array_equal(one.path, another.path)


def test_what_is_fixed_stays_and_every_place_of_the_path_is_within_bounds():
    population = virtual(20, 2)
    parameters = with_changes(population.parameters, initial={"cl": 1.0}, fixed={"omega2_v": 0.3})
    found = fit_by_saem(population, SHORT, parameters=parameters)
    names = [one.name for one in parameters]
    assert (found.path[:, names.index("omega2_v")] == 0.3).all()
    assert (found.path[:, names.index("cl_weight_kg")] == 0.75).all()
    lower = np.array([one.lower for one in parameters])
    assert (found.path > lower).all()
    head, rows = path_table(found)
    assert head == ("iteration", "phase", "cl", "cl_crp_mg_per_L", "v", "omega2_cl", "sigma_proportional")
    assert [row[1] for row in rows] == ["exploration"] * 20 + ["smoothing"] * 20


def test_a_fit_that_used_all_its_iterations_says_so_and_none_at_all_evaluates():
    population = virtual(20, 2)
    assert fit_by_saem(population, SHORT).fit.status is FitStatus.EVALUATIONS
    found = fit_by_saem(population, dataclasses.replace(SHORT, most_iterations=0))
    assert found.fit.status is FitStatus.EVALUATED
    assert found.fit.ofv == fit(population, FitOptions(Method.EXACT, 0)).ofv
    assert saem_document(found, CovarianceKind.R, seconds=0.0)["saem"]["sampling_error"] is None


def test_impossible_observations_end_it_before_it_begins():
    # Drug is measured before any was given, and the error is proportional alone.
    impossible = Subject(
        (Dose(10.0, 300.0, 0.1),),
        (Sample(5.0, 3.0, Censoring.NONE, np.nan, np.nan),),
        (CovariateRow(0.0, {"weight_kg": 60.0, "crp_mg_per_L": 30.0}),),
    )
    found = fit_by_saem(bind_population(NIYIGENA, cohort_of([impossible])), SHORT)
    assert found.fit.status is FitStatus.NO_FINITE_START


def test_the_progress_is_a_share_and_ends_at_one():
    told: list[float] = []
    fit_by_saem(virtual(20, 2), SHORT, progress=told.append)
    assert told[-1] == 1.0
    assert all(0.0 < share <= 1.0 for share in told)


def test_the_error_of_sampling_is_that_of_the_mean_of_dependent_scores():
    # Scores of chains that remember 0.8 of the iteration before: the variance of their mean is 9 times that of independent ones.
    rng, n, n_chains = np.random.default_rng(4), 20_000, 8
    scores = np.zeros((n, n_chains, 2))
    noise = rng.standard_normal(scores.shape)
    for k in range(1, n):
        scores[k] = 0.8 * scores[k - 1] + 0.6 * noise[k]
    information = np.diag([2.0, 5.0])
    expected = 0.25 * (1.0 / 2.0 + 1.0 / 5.0) * 9.0 / (n_chains * 1000)
    # Batches of 40 have lost a tenth of the memory at their ends.
    assert sampling_error(scores, information, 1000) == pytest.approx(expected, rel=0.15)


def test_a_search_by_objective_refuses_saem():
    with pytest.raises(InputError, match="asuc fit"):
        fit(virtual(20, 2), FitOptions(Method.SAEM))

"""Bootstrap: the same subjects for the same number, the spread that theory gives, failures counted."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from pkpd.data.censored import without_censored
from pkpd.data.cohort import select_subjects, subject_of
from pkpd.estimation.bootstrap import Replicate, bootstrap_document, bootstrap_replicate, draw_subjects
from pkpd.estimation.covariance import CovarianceKind, uncertainty
from pkpd.estimation.fit import Fit, FitOptions, FitStatus, fit
from pkpd.estimation.objectives import Method
from pkpd.likelihood.population import bind_population
from pkpd.model import load_model
from pkpd.model_covariates import with_model_covariates
from pkpd.simulation.virtual_cohort import Design, virtual_cohort

NIYIGENA = load_model("niyigena_2026_asuc")


@pytest.fixture(scope="module")
def original() -> Fit:
    drawn = virtual_cohort(NIYIGENA, Design(150, missing=0.0), np.random.default_rng(11))
    return fit(bind_population(NIYIGENA, without_censored(drawn, "drop")), FitOptions(Method.FOCEI))


@pytest.mark.requirement("DIAG-04")
def test_selected_subjects_are_themselves(original: Fit):
    cohort = original.population.cohort
    places = np.array([5, 0, 5, 149])
    chosen = select_subjects(cohort, places)
    assert chosen.ids == ("6", "1", "6", "150")
    # Levels that are censored are NaN, so that texts are compared.
    assert [str(subject_of(chosen, i)) for i in range(4)] == [str(subject_of(cohort, i)) for i in places.tolist()]
    assert (chosen.centre == cohort.centre[places]).all()


def test_a_selection_of_all_has_the_same_objective(original: Fit):
    population = original.population
    backwards = select_subjects(population.cohort, np.arange(population.n_subjects)[::-1].copy())
    again = fit(bind_population(population.model, backwards), FitOptions(Method.FOCEI, 0, with_covariance=False))
    first = fit(population, FitOptions(Method.FOCEI, 0, with_covariance=False))
    assert again.evaluation.ofv_i == pytest.approx(first.evaluation.ofv_i[::-1], abs=1e-9)


def test_centres_keep_their_numbers(original: Fit):
    cohort = original.population.cohort
    places = draw_subjects(cohort, np.random.default_rng(1), by_centre=True)
    assert (np.bincount(cohort.centre[places]) == np.bincount(cohort.centre)).all()
    free = draw_subjects(cohort, np.random.default_rng(1), by_centre=False)
    assert free.size == cohort.n_subjects
    assert (np.bincount(cohort.centre[free]) != np.bincount(cohort.centre)).any()


def test_number_and_seed_decide(original: Fit):
    one, again, other = (bootstrap_replicate(original, k, seed=3) for k in (7, 7, 8))
    assert np.array_equal(one.values, again.values)
    assert not np.array_equal(one.values, other.values)


def test_its_spread_is_that_of_the_sandwich(original: Fit):
    replicates = [bootstrap_replicate(original, k, seed=1) for k in range(1, 101)]
    document = bootstrap_document(original, replicates)
    known = uncertainty(original, CovarianceKind.SANDWICH)
    assert known is not None
    assert document["n"] == 100
    assert document["n_used"] >= 95
    assert sum(document["statuses"].values()) == 100
    for place, se in zip(original.scale.free, known.se, strict=True):
        name = original.parameters[place].name
        # Of a hundred the standard error is known to 7 %; those of variances are skewed and say little.
        if not name.startswith("omega2"):
            assert document["parameters"][name]["se"] == pytest.approx(se, rel=0.3), name
        found = document["parameters"][name]
        assert found["q025"] < original.values[place] < found["q975"]
        assert found["bias"] == pytest.approx(found["mean"] - found["estimate"])


@pytest.mark.requirement("DIAG-04")
def test_failures_are_counted_and_in_no_interval(original: Fit):
    good = [Replicate(k, original.values * (1.0 + 0.01 * k), 0.0, FitStatus.CONVERGED) for k in range(1, 5)]
    bad = [Replicate(5, original.values * 100.0, np.nan, FitStatus.NO_FINITE_START)]
    with_bad, without = bootstrap_document(original, [*good, *bad]), bootstrap_document(original, good)
    assert with_bad["parameters"] == without["parameters"]
    assert (with_bad["n"], with_bad["n_used"]) == (5, 4)
    assert with_bad["statuses"] == {"converged": 4, "no_finite_start": 1}
    assert [warning["code"] for warning in with_bad["warnings"]] == ["fits_not_converged"]


def test_a_fit_that_failed_says_so(original: Fit):
    failed = replace(original, status=FitStatus.EVALUATIONS)
    codes = [warning["code"] for warning in bootstrap_document(failed, [])["warnings"]]
    assert codes == ["original_not_converged"]


@pytest.mark.parametrize("method", [Method.EXACT, Method.LAPLACE, Method.FO])
def test_a_subject_that_counts_twice_is_one_that_stands_there_twice(method: Method):
    """Objective, estimates and the cross product of the scores."""
    model = load_model("niyigena_2026_asuc")
    cohort = with_model_covariates(virtual_cohort(model, Design(24, 0.0), np.random.default_rng(3)), model).cohort
    cohort = without_censored(cohort, "half") if method is Method.FO else cohort
    places = np.array([*range(24), 3, 3, 7])
    twice = bind_population(model, select_subjects(cohort, places))
    weight = np.bincount(places).astype(np.float64)
    once = replace(bind_population(model, cohort), weight=weight)
    options = FitOptions(method, with_covariance=False)
    expected, found = fit(twice, options), fit(once, options)
    assert found.ofv == pytest.approx(expected.ofv, abs=1e-6)
    np.testing.assert_allclose(found.values, expected.values, rtol=1e-5)
    np.testing.assert_allclose(found.scores.T @ found.scores, expected.scores.T @ expected.scores, rtol=1e-3, atol=1e-3)

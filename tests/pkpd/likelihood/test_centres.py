"""Random effects shared by the subjects of a centre: against dense integrals, differences, and simulated truth."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from scipy.special import logsumexp

from pkpd.data.cohort import cohort_of, select_subjects
from pkpd.errors import InputError
from pkpd.estimation.fit import Method, conditional_of
from pkpd.likelihood.centres import evaluate_centres, shifted
from pkpd.likelihood.population import bind_population
from pkpd.model import load_model
from pkpd.model.population import with_values
from pkpd.model.spec import EtaVariance
from tests.oracles.patients import KINDS, quantified, random_subject
from tests.pkpd.likelihood.test_gradients import differences, values_of

NIYIGENA = load_model("niyigena_2026_asuc")


def with_centres(model=NIYIGENA, *, both: bool = False):
    names = ("centre_cl", "centre_v") if both else ("centre_cl",)
    terms = tuple(
        replace(term, centre_eta=f"centre_{term.parameter}" if f"centre_{term.parameter}" in names else None)
        for term in model.terms
    )
    variances = tuple(EtaVariance(name, value) for name, value in zip(names, (0.09, 0.16), strict=False))
    return replace(model, terms=terms, centre_variances=variances)


def cohort_with(centre, *, censored: bool, seed: int = 7):
    rng = np.random.default_rng(seed)
    subjects = [random_subject(NIYIGENA, rng, KINDS[i % 3]) for i in range(len(centre))]
    if not censored:
        levels = ((quantified(x.time_day, 8.0 + i) for i, x in enumerate(one.samples)) for one in subjects)
        subjects = [replace(one, samples=tuple(samples)) for one, samples in zip(subjects, levels, strict=True)]
    names = tuple(f"hospital {i}" for i in range(max(centre) + 1))
    return replace(cohort_of(subjects), centre=np.array(centre), centres=names)


CENTRES = [0, 0, 0, 0, 0, 1, 1, 1, 2]


def dense(population, values, method: Method, n: int, width: float = 6.0):
    """-2 log of each centre's integral on an even grid over the prior's width, from the subjects' own objectives."""
    model = population.model
    sd = np.sqrt([variance.omega2 for variance in model.centre_variances])
    axes = [np.linspace(-width * one, width * one, n) for one in sd]
    points = np.stack([axis.ravel() for axis in np.meshgrid(*axes, indexing="ij")], axis=1)
    n_centres = np.unique(population.cohort.centre).size
    conditional, logs, start = conditional_of(method), [], None
    for point in points:
        found, start = conditional(shifted(population, np.tile(point, (n_centres, 1))), values, start)
        logs.append(-0.5 * np.bincount(population.cohort.centre, found.ofv_i) - 0.5 * ((point / sd) ** 2).sum())
    cell = np.log(np.prod([axis[1] - axis[0] for axis in axes]))
    return -2.0 * (logsumexp(logs, axis=0) + cell) + np.log(2.0 * np.pi * sd**2).sum()


@pytest.mark.parametrize(
    ("method", "both", "n"),
    [(Method.LAPLACE, False, 161), (Method.EXACT, False, 81), (Method.FOCEI, True, 41)],
)
def test_the_objective_of_a_centre_is_the_dense_integral_over_its_effects(method: Method, *, both: bool, n: int):
    population = bind_population(with_centres(both=both), cohort_with(CENTRES, censored=method is not Method.FOCEI))
    values = values_of(population)
    found, _ = evaluate_centres(population, values, conditional_of(method), None)
    assert found.ofv_c == pytest.approx(dense(population, values, method, n), abs=2e-3)
    assert np.bincount(CENTRES, found.ofv_i) == pytest.approx(found.ofv_c, abs=1e-9)
    assert found.gradient.shape == (3, values.size)


@pytest.mark.parametrize("method", [Method.LAPLACE, Method.FOCEI, Method.EXACT, Method.FO])
@pytest.mark.parametrize("both", [False, True])
def test_the_gradient_with_effects_of_centres_is_the_difference_of_the_objective(method: Method, *, both: bool):
    if both and method is Method.EXACT:
        pytest.skip("covered by one effect; 49 integrals for each difference take minutes")
    is_censored = method in (Method.LAPLACE, Method.EXACT)
    places = CENTRES if method is not Method.EXACT else [0, 0, 1]
    population = bind_population(with_centres(both=both), cohort_with(places, censored=is_censored))
    values = values_of(population)
    conditional = conditional_of(method)
    found, nodes = evaluate_centres(population, values, conditional, None)

    def objective(at):
        return evaluate_centres(population, at, conditional, nodes)[0].ofv_c

    expected = differences(values, objective, relative=1e-4)
    scale = 1.0 + np.abs(expected).max(axis=0)
    tolerance = 2e-3 if method is Method.EXACT else 1e-5
    assert np.abs(found.gradient - expected).max(axis=0) / scale == pytest.approx(0.0, abs=tolerance)


def test_without_variance_between_centres_the_objective_is_that_of_the_model_without_them():
    cohort = cohort_with(CENTRES, censored=True)
    plain, small = bind_population(NIYIGENA, cohort), bind_population(with_centres(), cohort)
    small = bind_population(with_values(with_centres(), {"omega2_centre_cl": 1e-9}), cohort)
    expected, _ = conditional_of(Method.LAPLACE)(plain, values_of(plain), None)
    found, _ = evaluate_centres(small, values_of(small), conditional_of(Method.LAPLACE), None)
    assert found.ofv == pytest.approx(expected.ofv, abs=1e-5)


def test_centres_are_independent_of_one_another():
    cohort = cohort_with(CENTRES, censored=True)
    whole = bind_population(with_centres(), cohort)
    part = bind_population(with_centres(), select_subjects(cohort, np.array([5, 6, 7, 8])))
    conditional = conditional_of(Method.LAPLACE)
    together, _ = evaluate_centres(whole, values_of(whole), conditional, None)
    alone, _ = evaluate_centres(part, values_of(part), conditional, None)
    assert together.ofv_c[1:] == pytest.approx(alone.ofv_c, abs=1e-6)
    assert together.effects[1:] == pytest.approx(alone.effects, abs=1e-6)


def test_a_cohort_with_a_single_centre_is_refused():
    with pytest.raises(
        InputError, match=r"random effects of centres on cl, and the cohort a single centre; .*column CENTRE"
    ):
        bind_population(with_centres(), cohort_with([0, 0], censored=True))

"""Random effects shared by the subjects of a centre: against dense integrals, differences, and simulated truth."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from scipy.special import logsumexp

from pkpd.data.cohort import cohort_of, select_subjects
from pkpd.data.records import CovariateRow, Dose, Subject
from pkpd.diagnostics.courses import subject_courses
from pkpd.diagnostics.individuals import individual_parameters
from pkpd.diagnostics.records import level_records
from pkpd.errors import InputError
from pkpd.estimation.bootstrap import draw_centres
from pkpd.estimation.covariance import CovarianceKind
from pkpd.estimation.fit import FitOptions, fit, with_changes
from pkpd.estimation.objectives import Method, conditional_of
from pkpd.estimation.result import fit_document
from pkpd.likelihood.centres import CentreEvaluation, evaluate_centres, shifted
from pkpd.likelihood.population import bind_population, check_occasions_and_centres
from pkpd.model import load_model
from pkpd.model.population import with_values
from pkpd.model.spec import EtaVariance
from pkpd.simulation.population import simulate_levels
from pkpd.simulation.replicates import simulate_replicates
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
    """Patients of several centres with levels drawn from the model, as Laplace's method needs them: each with a single mode."""
    rng = np.random.default_rng(seed)
    names = tuple(f"hospital {i}" for i in range(max(centre) + 1))
    places = np.array(centre)
    if censored:
        subjects = [random_subject(NIYIGENA, rng, KINDS[i % 3]) for i in range(len(centre))]
        return replace(cohort_of(subjects), centre=places, centres=names)
    row = CovariateRow(0.0, {"weight_kg": 63.0, "crp_mg_per_L": 30.0})
    doses = tuple(Dose(day, 350.0, 0.1) for day in (0.0, 14.0, 42.0))
    samples = tuple(quantified(day, 1.0) for day in (1.0, 13.0, 30.0, 60.0))
    cohort = replace(cohort_of([Subject(doses, samples, (row,))] * len(centre)), centre=places, centres=names)
    return simulate_levels(with_values(NIYIGENA, {"sigma_proportional": 0.2}), cohort, rng)


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
    [(Method.LAPLACE, False, 121), (Method.EXACT, False, 81), (Method.FOCEI, True, 41)],
)
def test_the_objective_of_a_centre_is_the_dense_integral_over_its_effects(method: Method, *, both: bool, n: int):
    population = bind_population(with_centres(both=both), cohort_with(CENTRES, censored=method is Method.EXACT))
    values = values_of(population)
    found, _ = evaluate_centres(population, values, conditional_of(method), None)
    assert found.ofv_c == pytest.approx(dense(population, values, method, n), abs=2e-3)
    assert np.bincount(CENTRES, found.ofv_i) == pytest.approx(found.ofv_c, abs=1e-9)
    assert found.gradient.shape == (3, values.size)


@pytest.mark.parametrize("method", [Method.LAPLACE, Method.FOCEI, Method.EXACT, Method.FO])
@pytest.mark.parametrize("both", [False, True])
def test_the_gradient_with_effects_of_centres_is_the_difference_of_the_objective(method: Method, *, both: bool):
    # Each difference takes nine integrals with one effect and 25 with two: fewer patients by the exact method.
    places = CENTRES if method is not Method.EXACT else [0, 0] if both else [0, 0, 1]
    population = bind_population(with_centres(both=both), cohort_with(places, censored=method is Method.EXACT))
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
    cohort = cohort_with(CENTRES, censored=False)
    plain = bind_population(NIYIGENA, cohort)
    small = bind_population(with_values(with_centres(), {"omega2_centre_cl": 1e-9}), cohort)
    expected, _ = conditional_of(Method.LAPLACE)(plain, values_of(plain), None)
    found, _ = evaluate_centres(small, values_of(small), conditional_of(Method.LAPLACE), None)
    assert found.ofv == pytest.approx(expected.ofv, abs=1e-5)


def test_centres_are_independent_of_one_another():
    cohort = cohort_with(CENTRES, censored=False)
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
        check_occasions_and_centres(with_centres(), cohort_with([0, 0], censored=True))


def test_a_fit_recovers_the_variance_between_centres_and_reports_it():
    truth = with_values(
        with_centres(), {"omega2_centre_cl": 0.25, "omega2_cl": 0.1, "omega2_v": 0.1, "sigma_proportional": 0.2}
    )
    centre = [i for i in range(16) for _ in range(8)]
    blank = cohort_with(centre, censored=False)
    drawn = simulate_levels(truth, blank, np.random.default_rng(4))
    population = bind_population(truth, drawn)
    free = with_changes(population.parameters, initial={"omega2_centre_cl": 0.05}, fixed={"cl_crp_mg_per_L": 0.56})
    found = fit(population, FitOptions(Method.FOCEI), parameters=free)
    document = fit_document(found, CovarianceKind.SANDWICH, seconds=0.0)
    assert document["status"] == "converged"
    assert document["covariance"] == "rsr"
    entry = document["omega"]["omega2_centre_cl"]
    assert abs(entry["estimate"] - 0.25) < 3.0 * entry["se"]
    assert found.scores.shape == (16, 6)
    assert isinstance(found.evaluation, CentreEvaluation)
    assert found.evaluation.ofv_c.sum() == pytest.approx(found.ofv, abs=1e-9)
    effects, sd = found.evaluation.effects[:, 0], found.evaluation.effects_sd[:, 0]
    # Empirical Bayes estimates have about a mean of zero, and less spread than the effects.
    assert abs(effects.mean()) < 0.15
    assert (sd < np.sqrt(entry["estimate"])).all()
    without = fit(
        bind_population(with_values(NIYIGENA, {"sigma_proportional": 0.2}), drawn),
        FitOptions(Method.FOCEI),
        parameters=with_changes(
            bind_population(NIYIGENA, drawn).parameters, initial={}, fixed={"cl_crp_mg_per_L": 0.56}
        ),
    )
    assert found.ofv < without.ofv - 20.0
    records = level_records(found, np.random.default_rng(1))
    assert records.npde.std() == pytest.approx(1.0, abs=0.15)
    assert np.nanstd(records.iwres) < 1.1
    cl = individual_parameters(found)["cl_L_per_day"]
    typical = found.values[0] * np.exp(found.evaluation.eta[:, 0] + np.repeat(effects, 8))
    assert cl == pytest.approx(typical, rel=1e-9)
    (course,) = subject_courses(found, [9])
    rows = [i for i, name in enumerate(records.ids) if name == drawn.ids[9]]
    places = np.searchsorted(course.times, course.sample_time)
    assert np.interp(course.sample_time, course.times, course.ipred) == pytest.approx(records.ipred[rows], rel=0.03)
    assert places.size == 4


def test_of_few_centres_the_standard_errors_come_from_the_information():
    truth = with_values(with_centres(), {"sigma_proportional": 0.2})
    drawn = simulate_levels(truth, cohort_with(CENTRES * 4, censored=False), np.random.default_rng(4))
    population = bind_population(truth, drawn)
    found = fit(population, FitOptions(Method.FOCEI, most_evaluations=0))
    document = fit_document(found, CovarianceKind.SANDWICH, seconds=0.0)
    assert [w["text"] for w in document["warnings"] if w["code"] == "few_centres"] == [
        "3 centres are too few for the scores of 7 parameters: standard errors come from R instead of rsr."
    ]
    without = fit(population, FitOptions(Method.FOCEI, most_evaluations=0, with_covariance=False))
    document = fit_document(without, CovarianceKind.SANDWICH, seconds=0.0)
    assert "few_centres" not in {w["code"] for w in document["warnings"]}


def test_subjects_of_a_centre_share_its_effects_in_every_simulation():
    names = {"omega2_cl": 1e-8, "omega2_v": 1e-8, "omega2_centre_cl": 0.25, "sigma_proportional": 1e-4}
    model = with_values(with_centres(), names)
    population = bind_population(model, cohort_with([0, 0, 1], censored=False))
    drawn = simulate_replicates(population, values_of(population), 1, 3000).measured
    rate = np.log(np.log(drawn[0::4] / drawn[1::4]))
    assert rate[0].std() == pytest.approx(0.5, abs=0.03)
    assert rate[0] == pytest.approx(rate[1], abs=0.01)
    assert np.corrcoef(rate[0], rate[2])[0, 1] == pytest.approx(0.0, abs=0.06)
    again = simulate_replicates(population, values_of(population), 1, 3000).measured
    assert np.array_equal(again, drawn)


def test_a_bootstrap_draws_whole_centres():
    cohort = cohort_with(CENTRES, censored=False)
    drawn = draw_centres(cohort, np.random.default_rng(3))
    sizes = np.bincount(drawn.centre)
    assert sizes.size == 3
    assert set(sizes) <= {5, 3, 1}
    assert len(set(drawn.centres)) == 3
    for k in range(3):
        original = {cohort.centre[cohort.ids.index(drawn.ids[i])] for i in np.flatnonzero(drawn.centre == k)}
        assert len(original) == 1

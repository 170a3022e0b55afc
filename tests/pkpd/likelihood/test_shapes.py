"""Random effects of other shapes than the exponential: objectives, gradients and posteriors against independent integrals."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from scipy.stats import norm

from pkpd.data.cohort import cohort_of, subject_of
from pkpd.data.records import Dose, Subject
from pkpd.errors import InputError
from pkpd.estimation.covariance import CovarianceKind
from pkpd.estimation.fit import FitOptions, fit, with_changes
from pkpd.estimation.objectives import Method, placed
from pkpd.estimation.posterior import QuadratureStatus, integrate_posterior
from pkpd.estimation.result import fit_document
from pkpd.exposure.metrics import exposure_problem, log_auc_table, parameter_marginals, parameter_tables
from pkpd.kernels.laplace import Approximation
from pkpd.likelihood.marginal import evaluate_marginal
from pkpd.likelihood.population import bind_population, evaluate, quantified_by_subject
from pkpd.model import load_model
from pkpd.model.spec import EtaVariance, RandomEffectShape
from pkpd.problem import bind
from pkpd.simulation.population import simulate_levels
from pkpd.simulation.random_effects import draw_white
from pkpd.simulation.replicates import simulate_replicates
from tests.oracles import dense_grid, importance
from tests.oracles.patients import KINDS, median_covariates, quantified, random_subject
from tests.oracles.superposition import kinetics
from tests.pkpd.likelihood.test_gradients import differences, values_of

NIYIGENA = load_model("niyigena_2026_asuc")
BOX_COX = (RandomEffectShape.BOX_COX, 0.6)
NARROW_BOX_COX = (RandomEffectShape.BOX_COX, 0.01)
HEAVY = (RandomEffectShape.T_DISTRIBUTED, 5.0)
PLAIN = (RandomEffectShape.EXPONENTIAL, 0.0)
PROPORTIONAL = (RandomEffectShape.PROPORTIONAL, 0.0)
ADDITIVE = (RandomEffectShape.ADDITIVE, 0.0)
POSITIVE = [(BOX_COX, HEAVY), (HEAVY, PLAIN), (PLAIN, BOX_COX), (NARROW_BOX_COX, (RandomEffectShape.BOX_COX, -0.8))]
SIGNED = [(PROPORTIONAL, ADDITIVE), (ADDITIVE, PROPORTIONAL)]


def shaped_model(shapes, model=NIYIGENA):
    """A model with shapes on its terms; signed effects so narrow that no parameter of the patients here nears zero."""
    terms = tuple(
        replace(term, shape=shape, shape_parameter=value)
        for term, (shape, value) in zip(model.terms, shapes, strict=True)
    )
    narrow = {RandomEffectShape.PROPORTIONAL: 0.04, RandomEffectShape.ADDITIVE: 0.002}
    variances = tuple(
        EtaVariance(variance.eta, narrow.get(shape, variance.omega2) * (100.0 if wide else 1.0))
        for variance, (shape, _), wide in zip(
            model.variances, shapes, (False, shapes[1][0] is RandomEffectShape.ADDITIVE), strict=True
        )
    )
    return replace(model, terms=terms, variances=variances)


def subjects_of(*, censored: bool, n: int):
    rng = np.random.default_rng(7)
    subjects = [random_subject(NIYIGENA, rng, KINDS[i % 3]) for i in range(n)]
    if censored:
        return subjects
    levels = ((quantified(x.time_day, 5.0 + i) for i, x in enumerate(one.samples)) for one in subjects)
    return [replace(one, samples=tuple(samples)) for one, samples in zip(subjects, levels, strict=True)]


def population_of(shapes, *, censored: bool, n: int = 12):
    model = shaped_model(shapes)
    return bind_population(model, cohort_of(subjects_of(censored=censored, n=n)))


@pytest.mark.parametrize("shapes", POSITIVE + SIGNED)
@pytest.mark.parametrize("method", list(Approximation))
def test_the_gradient_by_the_parameter_of_a_shape_is_the_difference_of_the_objective(shapes, method: Approximation):
    population = population_of(shapes, censored=method is Approximation.LAPLACE)
    values = values_of(population)
    found = evaluate(population, values, method)
    usable = np.isfinite(found.ofv_i) & (found.status == 0)
    assert usable.sum() >= 8

    def objective(at):
        return evaluate(population, at, method, start=found.white, with_gradient=False).ofv_i

    expected = differences(values, objective, relative=1e-5)
    scale = 1.0 + np.abs(expected[usable]).max(axis=0)
    assert np.abs(found.gradient[usable] - expected[usable]).max(axis=0) / scale == pytest.approx(0.0, abs=1e-5)


@pytest.mark.parametrize("shapes", POSITIVE)
def test_the_exact_objective_and_gradient_of_shaped_effects_are_those_of_a_dense_grid(shapes):
    population = population_of(shapes, censored=True, n=5)
    values = values_of(population)
    nodes = placed(population, values)
    found = evaluate_marginal(population, values, nodes)
    grids = [
        dense_grid.integrate(population.model, subject_of(population.cohort, i)) for i in range(population.n_subjects)
    ]
    dense = np.array([-2.0 * grid.log_evidence for grid in grids])
    assert found.ofv_i == pytest.approx(dense - np.log(2.0 * np.pi) * quantified_by_subject(population), abs=2e-3)

    def objective(at):
        return evaluate_marginal(population, at, nodes, with_gradient=False).ofv_i

    expected = differences(values, objective, relative=1e-4)
    scale = 1.0 + np.abs(expected).max(axis=0)
    assert np.abs(found.gradient - expected).max(axis=0) / scale == pytest.approx(0.0, abs=2e-3)


@pytest.mark.parametrize("shapes", POSITIVE)
def test_the_posterior_of_shaped_effects_is_that_of_a_dense_grid(shapes):
    model = shaped_model(shapes)
    probabilities = np.array([0.05, 0.5, 0.95])
    for subject in subjects_of(censored=True, n=4):
        posterior = integrate_posterior(bind(model, [subject]))
        assert posterior.status is QuadratureStatus.CONVERGED
        grid = dense_grid.integrate(model, subject, n=700)
        tables = parameter_tables(posterior)
        found = parameter_marginals(posterior, tables, probabilities)
        for name in ("cl", "v", "half_life"):
            spread = dense_grid.log_parameter(grid, name)
            below = [spread.below(float(np.log(q))) for q in found[name].quantiles]
            assert below == pytest.approx(probabilities, abs=2e-3), name
        table = log_auc_table(posterior, exposure_problem(posterior.problem, subject, window=(14.0, 28.0)))
        assert np.all(np.diff(table, axis=1) <= 1e-9)


def test_box_and_cox_at_zero_and_a_t_of_many_degrees_of_freedom_are_the_exponential():
    plain = population_of((PLAIN, PLAIN), censored=True)
    near = population_of(((RandomEffectShape.BOX_COX, 1e-7), (RandomEffectShape.T_DISTRIBUTED, 1e9)), censored=True)
    expected = evaluate(plain, values_of(plain), Approximation.LAPLACE)
    found = evaluate(near, values_of(near), Approximation.LAPLACE)
    assert found.ofv_i == pytest.approx(expected.ofv_i, abs=1e-5)


def test_a_fit_estimates_the_parameter_of_a_shape():
    model = shaped_model((BOX_COX, PLAIN))
    regimens = [
        replace(one, samples=tuple(quantified(t, 1.0) for t in (1.0, 14.0, 28.0, 42.0)))
        for one in subjects_of(censored=False, n=60)
    ]
    drawn = simulate_levels(model, cohort_of(regimens), np.random.default_rng(3))
    population = bind_population(model, drawn)
    # The patients here all have the same CRP.
    free = with_changes(population.parameters, initial={}, fixed={"cl_crp_mg_per_L": 0.56})
    found = fit(population, FitOptions(Method.FOCEI), parameters=free)
    names = [one.name for one in found.parameters]
    assert names == ["cl", "cl_weight_kg", "cl_crp_mg_per_L", "v", "v_weight_kg", "lambda_cl", *names[6:]]
    assert found.ofv < fit(population, FitOptions(Method.FOCEI, most_evaluations=0)).ofv
    document = fit_document(found, CovarianceKind.R, seconds=0.0)
    entry = document["theta"]["lambda_cl"]
    assert abs(entry["estimate"] - 0.6) < 3.0 * entry["se"]
    assert document["omega"]["omega2_cl"]["cv_pct"] is None


@pytest.mark.parametrize("shapes", SIGNED)
def test_effects_that_could_make_a_parameter_negative_are_refused_by_exact_and_by_posteriors(shapes):
    population = population_of(shapes, censored=False, n=3)
    with pytest.raises(
        InputError, match=r"exact integrates over effects that keep parameters positive.*use laplace or focei"
    ):
        fit(population, FitOptions(Method.EXACT))
    with pytest.raises(InputError, match="give it another shape"):
        integrate_posterior(bind(population.model, [subject_of(population.cohort, 0)]))


def test_simulated_parameters_are_never_negative():
    model = replace(shaped_model((PROPORTIONAL, ADDITIVE)), variances=(EtaVariance("cl", 0.5), EtaVariance("v", 100.0)))
    population = bind_population(model, cohort_of(subjects_of(censored=False, n=6)))
    drawn = simulate_replicates(population, values_of(population), 1, 200)
    assert np.isfinite(drawn.measured).all()
    white = draw_white(model, population.packed, np.random.default_rng(1), range(6), 4000)
    eta = white @ population.packed.omega_cholesky[0].T
    assert eta[..., 0].min() > -1.0
    # Truncated at -1, a normal effect of variance 1/2 is above 0 with probability 0.5 / 0.9214.
    truncated = 0.5 / norm.cdf(1.0 / np.sqrt(0.5))
    volume = norm.cdf(np.exp(population.packed.log_typical[:, 1]) / 10.0).mean()
    assert volume > 0.8
    assert (eta[..., 0] > 0.0).mean() == pytest.approx(truncated, abs=0.015)


def test_the_posterior_of_three_shaped_effects_is_that_of_importance_draws():
    """Without a straight axis, as every parameter here, distributions come from the lines alone."""
    model = load_model("fasanmade_2011_combined")
    shapes = {"cl": HEAVY, "v1": (RandomEffectShape.BOX_COX, 0.8), "v2": (RandomEffectShape.BOX_COX, -0.5)}
    terms = tuple(
        replace(term, shape=shapes[term.parameter][0], shape_parameter=shapes[term.parameter][1]) if term.eta else term
        for term in model.terms
    )
    model = replace(model, terms=terms)
    doses = (Dose(0.0, 400.0, 2.0 / 24.0), Dose(14.0, 400.0, 2.0 / 24.0))
    subject = Subject(doses, (quantified(13.0, 12.0), quantified(20.0, 45.0)), (median_covariates(model),))
    posterior = integrate_posterior(bind(model, [subject]))
    assert posterior.status is QuadratureStatus.CONVERGED
    draws = importance.draw(model, subject, 100_000)
    assert draws.standard_error < 5e-3
    assert posterior.log_evidence == pytest.approx(draws.log_evidence, abs=1e-3 + 4.0 * draws.standard_error)
    probabilities = np.array([0.05, 0.25, 0.5, 0.75, 0.95])
    found = parameter_marginals(posterior, parameter_tables(posterior), probabilities)
    drawn = kinetics(model, subject.covariates[0].values, draws.eta).parameters
    for name in ("cl", "v1", "v2", "half_life"):
        shares = [draws.below(drawn[name], float(q)) for q in found[name].quantiles]
        assert shares == pytest.approx(probabilities.tolist(), abs=1e-2), name


def test_a_posterior_of_more_effects_refuses_shapes_beside_a_parameter_of_several_terms():
    model = load_model("ternant_2008")
    terms = (replace(model.terms[0], shape=RandomEffectShape.BOX_COX, shape_parameter=0.5), *model.terms[1:])
    subject = Subject((Dose(0.0, 400.0, 0.1),), (), (median_covariates(model),))
    with pytest.raises(InputError, match="another shape than exponential, and a parameter of several terms"):
        integrate_posterior(bind(replace(model, terms=terms), [subject]))

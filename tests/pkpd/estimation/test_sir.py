"""Sampling importance resampling: known distributions given back, the same draws for the same seed, honest refusals."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from scipy import stats

from pkpd.data.censored import without_censored
from pkpd.errors import InputError
from pkpd.estimation.fit import Fit, FitOptions, FitStatus, fit, with_changes
from pkpd.estimation.objectives import Method
from pkpd.estimation.scale import to_values
from pkpd.estimation.sir import SirOptions, evaluate_by, first_proposal, sample_parameters
from pkpd.estimation.sir_document import is_settled, sir_document, weighted_quantile
from pkpd.kernels.laplace import Approximation
from pkpd.likelihood.population import bind_population, evaluate
from pkpd.model import load_model
from pkpd.simulation.virtual_cohort import Design, virtual_cohort

NIYIGENA = load_model("niyigena_2026_asuc")


@pytest.fixture(scope="module")
def original() -> Fit:
    drawn = virtual_cohort(NIYIGENA, Design(60, missing=0.0), np.random.default_rng(11))
    return fit(bind_population(NIYIGENA, without_censored(drawn, "drop")), FitOptions(Method.FOCEI))


def known_target(original: Fit):
    """Gamma distributions of what is positive and a normal one of the coefficient, as if they were the likelihood."""
    shape, rows = 12.0, original.scale.free
    laws = [
        stats.norm(value, 0.3 * abs(value)) if one.lower == -np.inf else stats.gamma(shape, scale=value / shape)
        for one, value in zip(original.parameters, original.values, strict=True)
    ]
    is_normal = np.array([original.parameters[row].lower == -np.inf for row in rows])

    def evaluated(_iteration: int, _number: int, free: np.ndarray) -> float:
        ratio = to_values(original.scale, free)[rows] / original.values[rows]
        gamma = (shape - 1.0) * np.log(np.where(is_normal, 1.0, ratio)) - shape * ratio
        normal = -0.5 * ((ratio - 1.0) / 0.3) ** 2
        return original.ofv - 2.0 * float(np.where(is_normal, normal, gamma).sum())

    return laws, evaluated


def test_a_known_distribution_is_given_back_by_the_weights(original: Fit):
    """The likelihood is weighed on the parameters' own scale, whatever scale vectors are drawn on."""
    laws, evaluated = known_target(original)
    options = SirOptions(n_samples=4000, n_resamples=1000, n_iterations=2, rse=0.3)
    last = sample_parameters(original, options, evaluated=evaluated)[-1]
    assert last.effective_size > 2000.0
    for row in original.scale.free:
        law, values = laws[row], last.values[:, row]
        for probability in (0.025, 0.5, 0.975):
            below = (values <= law.ppf(probability)) - probability
            # Standard error of a self-normalised weighted mean; one in 16,000 of them is beyond four.
            error = np.sqrt(((last.weight * below) ** 2).sum())
            assert abs(last.weight @ below) < 4.0 * error, (row, probability)
            found = law.cdf(weighted_quantile(values, last.weight, probability))
            assert abs(found - probability) < 4.0 * error + last.weight.max(), (row, probability)


def test_the_vectors_kept_come_near_the_known_distribution_and_iterations_settle(original: Fit):
    laws, evaluated = known_target(original)
    found = sample_parameters(original, SirOptions(4000, 800, 3, rse=0.3), evaluated=evaluated)
    assert is_settled(found)
    for row in original.scale.free:
        kept = found[-1].values[found[-1].is_kept, row]
        assert kept.std() == pytest.approx(laws[row].std(), rel=0.1)
        assert kept.mean() == pytest.approx(laws[row].mean(), abs=0.12 * float(laws[row].std()))


def test_one_parameter_has_the_interval_of_its_integrated_likelihood(original: Fit):
    """All others held: SIR against a dense grid of the objective, weighed on the parameter's own scale."""
    others = {
        one.name: float(value)
        for one, value in zip(original.parameters, original.values, strict=True)
        if one.name != "sigma_proportional" and not one.is_fixed
    }
    parameters = with_changes(original.parameters, initial={}, fixed=others)
    single = fit(original.population, FitOptions(Method.FOCEI), parameters=parameters)
    last = sample_parameters(single, SirOptions(600, 200, 2))[-1]
    estimate = float(single.values[-1])
    grid = np.linspace(0.6 * estimate, 1.6 * estimate, 120)
    heights = np.array(
        [
            evaluate(
                single.population, np.array([*single.values[:-1], at]), Approximation.FOCEI, with_gradient=False
            ).ofv
            for at in grid
        ]
    )
    density = np.exp(-0.5 * (heights - heights.min()))
    cumulated = np.cumsum(density) / density.sum()
    for probability in (0.05, 0.5, 0.95):
        value = weighted_quantile(last.values[:, -1], last.weight, probability)
        at = float(np.interp(value, grid, cumulated))
        assert abs(at - probability) < 3.5 * np.sqrt(probability * (1.0 - probability) / last.effective_size) + 0.008


def test_seed_decides_and_an_evaluation_is_a_function_of_its_vector_alone(original: Fit):
    one, again, other = (sample_parameters(original, SirOptions(60, 25, 2, seed=seed)) for seed in (3, 3, 4))
    assert np.array_equal(one[-1].values, again[-1].values)
    assert np.array_equal(one[-1].is_kept, again[-1].is_kept)
    assert not np.array_equal(one[-1].values, other[-1].values)
    by = evaluate_by(original)
    begin = first_proposal(original, SirOptions())
    rng = np.random.default_rng(1)
    vectors = [begin.draw(rng.standard_normal(original.scale.n_free)) for _ in range(3)]
    forwards = [by(1, 1, vector) for vector in vectors]
    assert [by(1, 1, vector) for vector in vectors[::-1]] == forwards[::-1]


def test_no_vector_leaves_the_bounds_and_none_is_kept_twice(original: Fit):
    _, evaluated = known_target(original)
    (step,) = sample_parameters(original, SirOptions(400, 200, 1, inflation=4.0), evaluated=evaluated)
    assert int(step.is_kept.sum()) == 200
    for one, column in zip(original.parameters, step.values.T, strict=True):
        assert (column > one.lower).all()
        assert (column < one.upper).all()


def test_a_fit_without_covariance_matrix_or_at_a_bound_is_refused_with_what_to_do(original: Fit):
    without = replace(original, information=None, status=FitStatus.NOT_POSITIVE_DEFINITE)
    with pytest.raises(
        InputError, match=r"no covariance matrix to draw from.*Give --proposal-rse.*or use asuc bootstrap"
    ):
        first_proposal(without, SirOptions())
    proposal = first_proposal(without, SirOptions(rse=0.3))
    # On logarithms, a relative standard error is a standard deviation.
    assert proposal.factor[0, 0] == pytest.approx(0.3)
    at_bound = replace(original, at_bound=("omega2_v",), status=FitStatus.AT_BOUND)
    with pytest.raises(InputError, match=r"\(omega2_v\).*Leave what lies at a bound out of the model"):
        first_proposal(at_bound, SirOptions())


def test_vectors_without_a_likelihood_weigh_nothing_and_too_many_of_them_are_refused(original: Fit):
    _, evaluated = known_target(original)

    def every_other(iteration: int, number: int, free: np.ndarray) -> float:
        return evaluated(iteration, number, free) if number % 2 else float("nan")

    found = sample_parameters(original, SirOptions(400, 100, 1), evaluated=every_other)
    assert (found[0].weight[1::2] == 0.0).all()
    document = sir_document(original, found, SirOptions(400, 100, 1))
    assert document["iterations"][0]["n_without_objective"] == 200
    assert "without_objective" in [one["code"] for one in document["warnings"]]
    with pytest.raises(InputError, match=r"only 0 of 400 vectors have a likelihood, and 100 are to be kept"):
        sample_parameters(original, SirOptions(400, 100, 1), evaluated=lambda *_: float("nan"))


def test_a_vector_below_the_fit_is_said(original: Fit):
    higher = replace(original, evaluation=replace(original.evaluation, ofv_i=original.evaluation.ofv_i + 1.0))
    found = sample_parameters(higher, SirOptions(100, 50, 1))
    assert "lower_optimum" in [one["code"] for one in sir_document(higher, found, SirOptions(100, 50, 1))["warnings"]]


def test_quantiles_of_equal_weights_are_those_of_the_values():
    values = np.random.default_rng(1).standard_normal(4001)
    weight = np.full(values.size, 1.0 / values.size)
    for probability in (0.025, 0.5, 0.975):
        assert weighted_quantile(values, weight, probability) == pytest.approx(
            np.quantile(values, probability), abs=0.01
        )

"""Fits: NONMEM's optimum and standard errors, the truth of a large cohort, and honest endings."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING

import numpy as np
import pytest
from scipy.special import logsumexp
from scipy.stats import norm

from pkpd.data.cohort import cohort_of
from pkpd.data.records import Censoring, CovariateRow, Dose, Sample, Subject
from pkpd.errors import InputError
from pkpd.estimation.covariance import CovarianceKind, shrinkage, uncertainty
from pkpd.estimation.fit import FitOptions, FitStatus, fit, with_changes
from pkpd.estimation.map import estimate_map
from pkpd.estimation.minimize import Point, minimize
from pkpd.estimation.objectives import Method
from pkpd.estimation.result import fit_document
from pkpd.estimation.scale import scale_of, to_free, to_values
from pkpd.kernels.laplace import Approximation
from pkpd.kernels.predict_all import predict_all
from pkpd.likelihood.population import bind_population, evaluate, model_at, problem_at
from pkpd.model import load_model
from pkpd.model_covariates import with_model_covariates
from pkpd.simulation.virtual_cohort import Design, virtual_cohort
from tests.pkpd.likelihood.pheno import covariate_model, ext_row, pheno_subjects, simple_model

if TYPE_CHECKING:
    from pathlib import Path

    from pkpd.arrays import FloatArray
    from pkpd.estimation.fit import Fit
    from pkpd.likelihood.population import Evaluation

NIYIGENA = load_model("niyigena_2026_asuc")


def virtual(n: int, seed: int | list[int]):
    drawn = virtual_cohort(NIYIGENA, Design(n), np.random.default_rng(seed))
    return bind_population(NIYIGENA, with_model_covariates(drawn, NIYIGENA).cohort)


@pytest.fixture(scope="module")
def exact_fit() -> Fit:
    """Return the fit of seventy-two subjects from the model's own values."""
    return fit(virtual(72, 8), FitOptions(Method.EXACT))


@pytest.fixture(scope="module")
def folder(reference_dir: Path) -> Path:
    return reference_dir / "nonmem" / "pheno_focei"


@pytest.mark.requirement("POP-05")
def test_pheno_ends_where_nonmem_ends_with_nonmem_s_standard_errors(folder: Path, reference_dir: Path, tmp_path: Path):
    model = covariate_model(tmp_path, thetas=(0.005, 1.4, 0.1), omegas=(0.1, 0.1), sigma2=0.05)
    found = fit(bind_population(model, cohort_of(pheno_subjects(reference_dir))), FitOptions(Method.FOCEI))
    cl, v, apgar, sigma2, omega_cl, _, omega_v, ofv = ext_row(folder / "pheno_real.ext", -1000000000)
    assert found.status is FitStatus.CONVERGED
    assert found.ofv == pytest.approx(ofv, abs=0.05)
    assert found.ofv < ofv + 0.01
    free = found.values[found.scale.free]
    assert free[:3] == pytest.approx([cl, v, apgar], rel=0.005)
    assert free[3:5] == pytest.approx([omega_cl, omega_v], rel=0.02)
    assert free[5] ** 2 == pytest.approx(sigma2, rel=0.02)
    printed = ext_row(folder / "pheno_real.ext", -1000000001)
    known = uncertainty(found, CovarianceKind.SANDWICH)
    assert known is not None
    assert known.se[:3] == pytest.approx(printed[:3], rel=0.03)
    assert known.se[3:5] == pytest.approx(printed[[4, 6]], rel=0.03)
    # NONMEM's is that of the variance, ours that of the standard deviation.
    assert 2.0 * free[5] * known.se[5] == pytest.approx(printed[3], rel=0.03)


@pytest.mark.parametrize(
    ("method", "ofv"), [(Method.FO, 742.051045), (Method.FOCE, 740.278025), (Method.FOCEI, 730.894727)]
)
def test_the_simple_pheno_model_has_nonmem_s_minimum_by_each_method(
    method: Method, ofv: float, reference_dir: Path, tmp_path: Path
):
    model = simple_model(tmp_path, cl=0.005, v=1.4, omega_cl=0.1, omega_v=0.1, sigma2=0.05)
    found = fit(bind_population(model, cohort_of(pheno_subjects(reference_dir))), FitOptions(method))
    assert found.ofv == pytest.approx(ofv, abs=1e-3)


@pytest.mark.requirement("POP-04")
def test_a_large_cohort_gives_the_truth_back_within_its_standard_errors():
    found = fit(virtual(600, 5), FitOptions(Method.EXACT))
    assert found.status is FitStatus.CONVERGED
    known = uncertainty(found, CovarianceKind.R)
    assert known is not None
    truth = np.array([parameter.value for parameter in found.parameters])[found.scale.free]
    z = (found.values[found.scale.free] - truth) / known.se
    assert np.abs(z).max() < 3.5
    assert known.condition_number > 1.0
    assert (shrinkage(found).ebv > 0.0).all()


def test_a_fit_from_elsewhere_ends_at_the_same_minimum(exact_fit: Fit):
    population = exact_fit.population
    moved = with_changes(
        population.parameters, initial={"cl": 1.3, "v": 30.0, "omega2_cl": 1.2, "sigma_proportional": 0.2}, fixed={}
    )
    other = fit(population, FitOptions(Method.EXACT), parameters=moved)
    assert other.ofv == pytest.approx(exact_fit.ofv, abs=0.01)


def test_the_hessian_that_a_search_begins_with_does_not_change_where_it_ends():
    population = virtual(72, 2)
    options = FitOptions(Method.EXACT)
    found = fit(population, options)
    assert found.information is not None
    again = fit(population, options, hessian=2.0 * found.information)
    assert again.status is found.status is FitStatus.CONVERGED
    known = uncertainty(found, CovarianceKind.R)
    assert known is not None
    # A search ends where the objective could fall by 1e-3 at most: within a few hundredths of a standard error.
    assert np.abs((again.values - found.values)[found.scale.free] / known.se).max() < 0.02
    assert again.ofv == pytest.approx(found.ofv, abs=1e-4)


def test_nothing_is_estimated_with_no_evaluations_allowed():
    population = virtual(20, 3)
    found = fit(population, FitOptions(Method.LAPLACE, most_evaluations=0))
    assert found.status is FitStatus.EVALUATED
    assert found.values.tolist() == [parameter.value for parameter in population.parameters]


def test_a_fixed_parameter_stays_and_has_no_standard_error(exact_fit: Fit):
    population = exact_fit.population
    parameters = with_changes(population.parameters, initial={}, fixed={"cl_crp_mg_per_L": 0.3})
    found = fit(population, FitOptions(Method.EXACT), parameters=parameters)
    names = [parameters[i].name for i in found.scale.free]
    assert "cl_crp_mg_per_L" not in names
    assert found.values[[p.name for p in parameters].index("cl_crp_mg_per_L")] == 0.3
    assert found.ofv > exact_fit.ofv


@pytest.mark.requirement("POP-06")
def test_a_variance_of_nothing_ends_at_its_bound_and_says_so():
    population = virtual(40, 2)
    alike = bind_population(NIYIGENA, population.cohort)
    # Levels without any variation between patients: every sample is its own prediction.
    level = np.empty(alike.packed.observations.shape[0])
    predict_all(alike.packed, np.zeros((alike.n_subjects, 2)), level)
    level *= np.exp(0.1 * np.random.default_rng(1).standard_normal(level.size))
    cohort = dataclasses.replace(population.cohort, level=level, censoring=np.zeros(level.size, dtype=np.int64))
    found = fit(bind_population(NIYIGENA, cohort), FitOptions(Method.EXACT))
    assert found.status is FitStatus.AT_BOUND
    assert set(found.at_bound) & {"omega2_cl", "omega2_v"}
    assert uncertainty(found, CovarianceKind.R) is None


@pytest.mark.parametrize(("sign", "seed"), [(1.0, 3), (-1.0, 7)])
def test_a_correlation_of_one_is_at_its_bound_with_the_errors_of_effects_on_a_line(sign: float, seed: int):
    """The volume's random effect is a multiple of the clearance's, so that a model with that multiple has the same likelihood."""
    population = virtual(40, seed)
    eta = 0.3 * np.random.default_rng(3).standard_normal(population.n_subjects)
    level = np.empty(population.packed.observations.shape[0])
    predict_all(population.packed, np.column_stack((eta, 0.6 * sign * eta)), level)
    level *= np.exp(0.2 * np.random.default_rng(1).standard_normal(level.size))
    cohort = dataclasses.replace(population.cohort, level=level, censoring=np.zeros(level.size, dtype=np.int64))
    correlated = bind_population(dataclasses.replace(NIYIGENA, correlations=(("cl", "v", 0.3 * sign),)), cohort)
    found = fit(correlated, FitOptions(Method.EXACT))
    assert (found.status, found.at_bound) == (FitStatus.AT_BOUND, ("omega2_cl_v",))
    value = {one.name: x for one, x in zip(found.parameters, found.values, strict=True)}
    assert abs(value["omega2_cl_v"]) == pytest.approx(np.sqrt(value["omega2_cl"] * value["omega2_v"]), rel=1e-5)
    document = fit_document(found, CovarianceKind.R, seconds=0.0)
    assert [one["code"] for one in document["warnings"]] == ["at_bound"]
    assert document["omega"]["omega2_cl_v"]["se"] is None

    # On the line: standard deviations s_cl and s_v, and one standard normal effect z.
    nodes = np.linspace(-6.0, 6.0, 601)
    names = ("cl", "v", "cl_crp_mg_per_L", "sigma_proportional")
    at = {name: [one.name for one in found.parameters].index(name) for name in names}

    def objective(point: FloatArray) -> float:
        values = found.values.copy()
        values[[at[name] for name in names]] = point[:4]
        packed = problem_at(correlated, values).subjects
        density = np.empty((nodes.size, population.n_subjects))
        starts, f = packed.observation_start, np.empty(level.size)
        for k, z in enumerate(nodes):
            predict_all(packed, np.full((population.n_subjects, 2), z) * (point[4], sign * point[5]), f)
            each = norm.logpdf(level, f, point[3] * f) + np.log(2.0 * np.pi) / 2.0
            density[k] = np.add.reduceat(each, starts[:-1]) + norm.logpdf(z)
        return float(-2.0 * (logsumexp(density, axis=0) + np.log(nodes[1] - nodes[0])).sum())

    spread = [np.sqrt(value["omega2_cl"]), np.sqrt(value["omega2_v"])]
    point = np.array([*(value[name] for name in names), *spread])
    assert objective(point) == pytest.approx(found.ofv, abs=2e-3)
    steps = np.diag(2e-3 * np.abs(point))
    hessian = [
        [
            sum(i * j * objective(point + i * a + j * b) for i in (1.0, -1.0) for j in (1.0, -1.0))
            / (4.0 * a.sum() * b.sum())
            for a in steps
        ]
        for b in steps
    ]
    expected = np.sqrt(np.diag(np.linalg.inv(0.5 * np.array(hessian)))) * [1, 1, 1, 1, *(2.0 * one for one in spread)]
    entries = document["theta"] | document["omega"] | document["sigma"]
    own = [entries[name]["se"] for name in (*names, "omega2_cl", "omega2_v")]
    np.testing.assert_allclose(own, expected, rtol=5e-3)


def test_a_variance_of_nothing_is_found_where_it_is_the_lower_optimum():
    """The search ends at one optimum with both variances, 0.57 above the one without variability of clearance."""
    model = load_model("niyigena_2026_asuc")
    begun = bind_population(
        model, with_model_covariates(virtual_cohort(model, Design(), np.random.default_rng([1, 44])), model).cohort
    )
    scale = scale_of(begun.parameters)
    rng = np.random.default_rng([1, 44])
    truth = to_values(scale, to_free(scale, scale.values) + 0.3 * rng.standard_normal(scale.n_free))
    drawn = with_model_covariates(virtual_cohort(model_at(begun, truth), Design(), rng), model).cohort
    population = bind_population(model, drawn)
    near = fit(population, FitOptions(Method.EXACT, with_covariance=False))
    found = fit(population, FitOptions(Method.EXACT))
    assert (found.status, found.at_bound) == (FitStatus.AT_BOUND, ("omega2_cl",))
    assert near.status is FitStatus.CONVERGED
    assert found.ofv < near.ofv - 0.5


@pytest.mark.parametrize("method", [Method.EXACT, Method.LAPLACE])
def test_a_start_at_almost_no_variance_finds_its_way_up_again(method: Method):
    population = virtual(72, 3)
    usual = fit(population, FitOptions(method, with_covariance=False))
    parameters = with_changes(population.parameters, initial={"omega2_v": 1.9e-6}, fixed={})
    found = fit(population, FitOptions(method, with_covariance=False), parameters=parameters)
    assert found.values[[one.name for one in parameters].index("omega2_v")] > 0.05
    assert found.ofv < usual.ofv + 0.01


@pytest.mark.parametrize("begin", [1.9e-6, 1e-3, 0.5])
def test_a_variance_that_nothing_is_lost_without_is_at_its_bound_from_any_start(begin: float):
    population = virtual(40, 2)
    level = np.empty(population.packed.observations.shape[0])
    predict_all(population.packed, np.zeros((population.n_subjects, 2)), level)
    level *= np.exp(0.1 * np.random.default_rng(1).standard_normal(level.size))
    cohort = dataclasses.replace(population.cohort, level=level, censoring=np.zeros(level.size, dtype=np.int64))
    population = bind_population(NIYIGENA, cohort)
    parameters = with_changes(population.parameters, initial={"omega2_cl": begin, "omega2_v": begin}, fixed={})
    found = fit(population, FitOptions(Method.EXACT, with_covariance=False), parameters=parameters)
    assert (found.status, set(found.at_bound)) == (FitStatus.AT_BOUND, {"omega2_cl", "omega2_v"})


def test_methods_without_a_likelihood_of_censored_levels_refuse_them():
    with pytest.raises(
        InputError, match=r"focei has no objective for the .* censored observations; use laplace or exact"
    ):
        fit(virtual(20, 3), FitOptions(Method.FOCEI))


def test_changes_of_unknown_parameters_and_impossible_values_are_refused():
    population = virtual(5, 1)
    with pytest.raises(InputError, match="clearance: is not a parameter of this model, which has cl, "):
        with_changes(population.parameters, initial={"clearance": 1.0}, fixed={})
    with pytest.raises(InputError, match="omega2_cl: is -1, outside its bounds"):
        with_changes(population.parameters, initial={}, fixed={"omega2_cl": -1.0})
    with pytest.raises(InputError) as refused:
        with_changes(population.parameters, initial={"clearance": 1.0, "v": -3.0}, fixed={"omega2_cl": 0.0})
    assert [str(problem).split(";")[0] for problem in refused.value.problems] == [
        "clearance: is not a parameter of this model, which has "
        + ", ".join(one.name for one in population.parameters),
        "v: is -3, outside its bounds 0 to inf",
        "omega2_cl: is 0, at a bound",
    ]
    assert "leave its section out of the model file" in str(refused.value.problems[-1])


@pytest.mark.requirement("POP-06")
@pytest.mark.parametrize(("method", "seed"), [(Method.EXACT, 3), (Method.LAPLACE, 7)])
def test_a_search_that_may_not_go_on_says_so_and_computes_nothing_further(method: Method, seed: int):
    population = virtual(20, seed)
    found = fit(population, FitOptions(method, most_evaluations=3))
    assert found.status is FitStatus.EVALUATIONS
    # The line that a search is on when it has used them all is ended.
    assert found.n_evaluations <= 8
    assert found.ofv > fit(population, FitOptions(method)).ofv + 0.01


@pytest.mark.requirement("POP-06")
def test_laplace_says_where_a_flat_mode_makes_it_worthless():
    """With many censored levels two modes of a subject merge, where ln|H| and with it the objective falls without end."""
    found = fit(virtual(40, 5), FitOptions(Method.LAPLACE))
    assert found.status is FitStatus.FLAT_MODE
    assert np.isfinite(found.ofv)
    assert uncertainty(found, CovarianceKind.SANDWICH) is None
    exact = fit(found.population, FitOptions(Method.EXACT))
    assert exact.status is FitStatus.CONVERGED
    # At its optimum the exact objective is what it is; Laplace's at the same values is nine points off.
    at_exact = evaluate(found.population, exact.values, Approximation.LAPLACE)
    assert abs(at_exact.ofv - exact.ofv) > 5.0


def deepest(found: Fit) -> Evaluation:
    white = estimate_map(problem_at(found.population, found.values)).white
    return evaluate(found.population, found.values, Approximation.LAPLACE, start=white)


def test_laplace_ends_with_the_deepest_mode_of_every_subject():
    """A search that keeps the modes it followed ends 3.6 higher here, at modes that are not the deepest."""
    found = fit(virtual(72, [1, 3]), FitOptions(Method.LAPLACE))
    assert found.status is FitStatus.CONVERGED
    assert found.ofv == pytest.approx(deepest(found).ofv, abs=1e-3)
    assert found.ofv < 470.0


def test_laplace_says_where_its_objective_jumps_nearby():
    """Another start ends lower, across a place where two modes of a subject are equally deep."""
    found = fit(virtual(72, [1, 13]), FitOptions(Method.LAPLACE))
    assert found.status is FitStatus.SEVERAL_MODES
    assert found.at_bound == ("omega2_v",)
    assert found.ofv == pytest.approx(deepest(found).ofv, abs=1e-3)


def test_a_search_along_a_wall_ends_soon():
    """Down a slope to the side of which there are no values: every step is cut, and gains a little for ever."""

    def beside_a_wall(place: np.ndarray, _memory: None) -> Point[None]:
        slope = np.array([-1e-2, 5.0])
        value = float(slope @ place) if place[1] > 0.0 else float("nan")
        return Point(place, value, slope, np.diag([0.1, 2.0]), None)

    found = minimize(beside_a_wall, beside_a_wall(np.array([0.0, 1.0]), None))
    assert not found.is_converged
    assert found.n_evaluations < 150


def test_a_singular_curvature_ends_no_search():
    """The search of a valley whose Hessian is singular goes on by the scores' Hessian."""

    def valley(place: np.ndarray, _memory: None) -> Point[None]:
        slope = np.array([2.0 * place[0] + 2.0 * place[1], 2.0 * place[0] + 2.0 * place[1]])
        return Point(place, float((place[0] + place[1]) ** 2), slope, slope[None, :], None)

    singular = minimize(valley, valley(np.array([1.0, 2.0]), None))
    assert singular.is_converged
    assert singular.point.value == pytest.approx(0.0, abs=1e-6)


@pytest.mark.parametrize(
    ("crp", "code", "said"),
    [
        (20.0, "not_told_apart", "The data do not tell cl and cl_crp_mg_per_L apart"),
        (30.0, "not_informed", "Nothing in the data depends on cl_crp_mg_per_L"),
    ],
)
def test_what_the_data_do_not_tell_is_named_and_has_no_covariance_matrix(crp: float, code: str, said: str):
    """A covariate that is the same for everyone, at the reference of its effect or elsewhere."""
    model = load_model("niyigena_2026_asuc")
    drawn = with_model_covariates(virtual_cohort(model, Design(40, 0.0), np.random.default_rng(1)), model).cohort
    alike = {**drawn.covariates, "crp_mg_per_L": np.full(drawn.row_time.size, crp)}
    found = fit(bind_population(model, dataclasses.replace(drawn, covariates=alike)), FitOptions(Method.EXACT))
    assert found.status is FitStatus.NOT_POSITIVE_DEFINITE
    assert uncertainty(found, CovarianceKind.SANDWICH) is None
    (warning,) = (
        one for one in fit_document(found, CovarianceKind.SANDWICH, seconds=0.0)["warnings"] if one["code"] == code
    )
    assert said in warning["text"]


def test_a_search_along_a_wall_ends_soon_and_says_so():
    def objective(place, memory):
        # It falls without end towards 1, from where on there is none.
        x = float(place[0])
        value = float(np.log(1.0 - x)) if x < 0.999 else np.nan
        gradient = np.array([-1.0 / (1.0 - x)]) if x < 0.999 else np.array([np.nan])
        return Point(place, value, gradient, gradient[:, None], memory)

    found = minimize(objective, objective(np.zeros(1), None))
    assert not found.is_converged
    assert found.n_evaluations < 100


def test_a_search_ends_where_an_objective_falls_no_further():
    """A quadrature whose nodes are placed anew jumps a little: steps across the jump are cut until they gain nothing."""

    def jumping(place: np.ndarray, _memory: None) -> Point[None]:
        slope = 2.0 * place
        jump = 1e-3 if np.abs(place).max() < 0.01 else 0.0
        return Point(place, float(place @ place) + jump, slope, slope[None, :], None)

    found = minimize(jumping, jumping(np.array([0.02, -0.015]), None), hessian=2.3 * np.eye(2))
    assert found.point.value < 3e-4
    assert found.n_evaluations < 100


@pytest.mark.parametrize("method", [Method.EXACT, Method.LAPLACE])
def test_impossible_observations_end_a_fit_and_name_the_subject(method: Method):
    """A level before any dose, where the error is proportional."""
    row = CovariateRow(0.0, {"weight_kg": 60.0, "crp_mg_per_L": 30.0})
    nothing = float("nan")
    subjects = [
        Subject((Dose(time, 300.0, 0.1),), (Sample(14.0 - time, 5.0, Censoring.NONE, nothing, nothing),), (row,))
        for time in (0.0, 13.9)
    ]
    found = fit(bind_population(NIYIGENA, cohort_of(subjects, ["a", "b"])), FitOptions(method))
    assert found.status is FitStatus.NO_FINITE_START
    texts = [one["text"] for one in fit_document(found, CovarianceKind.R, seconds=0.0)["warnings"]]
    assert any(text.endswith("impossible at these values: b.") for text in texts)


def test_a_virtual_cohort_of_a_model_with_other_covariates_is_refused():
    with pytest.raises(InputError, match="reads ada_positive, which a virtual cohort does not have; it has weight_kg"):
        virtual_cohort(load_model("hanzel_2021"), Design(5), np.random.default_rng(1))


@pytest.mark.parametrize("correlation", [-0.99, -0.999, -0.99999])
def test_the_deepest_valley_is_not_lost_beside_another_where_random_effects_are_nearly_one(correlation: float):
    """Two levels have two explanations 5 prior standard deviations apart, of which lines far apart saw the wrong one alone."""
    samples = tuple(
        Sample(day, level, Censoring.NONE, np.nan, np.nan) for day, level in ((18.59, 10.885), (24.31, 6.1153))
    )
    subject = Subject(
        (Dose(0.0, 700.0, 0.0),), samples, (CovariateRow(0.0, {"weight_kg": 63.0, "crp_mg_per_L": 30.0}),)
    )
    model = dataclasses.replace(NIYIGENA, correlations=(("cl", "v", correlation),))
    population = bind_population(model, cohort_of([subject]))
    cl, v, omega2_cl, omega2_v, sigma = 0.655, 15.12, 0.36, 0.117, 0.088
    covariance = correlation * np.sqrt(omega2_cl * omega2_v)
    given = {"cl": cl, "v": v, "omega2_cl": omega2_cl, "omega2_v": omega2_v, "omega2_cl_v": covariance}
    parameters = with_changes(population.parameters, initial={**given, "sigma_proportional": sigma}, fixed={})
    found = fit(population, FitOptions(Method.EXACT, 0), parameters=parameters)

    along, across = np.linspace(-9.0, 9.0, 6001)[:, None], np.linspace(-8.0, 8.0, 161)
    log_cl = np.log(cl) + np.sqrt(omega2_cl) * along
    log_v = np.log(v) + np.sqrt(omega2_v) * (correlation * along + np.sqrt(1.0 - correlation**2) * across)
    phi = along**2 + across**2 + 2.0 * np.log(2.0 * np.pi)
    for one in samples:
        log_level = np.log(700.0) - log_v - np.exp(log_cl - log_v) * one.time_day
        away = np.minimum(np.abs(one.level / np.exp(np.maximum(log_level, -600.0)) - 1.0) / sigma, 1e9)
        phi += away**2 + 2.0 * (np.log(sigma) + log_level)
    steps = (along[1, 0] - along[0, 0]) * (across[1] - across[0])
    expected = -2.0 * (logsumexp(-0.5 * phi) + np.log(steps))
    assert found.ofv == pytest.approx(expected, abs=1e-5)

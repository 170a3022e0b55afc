"""Bounds of parameters: a fit stays between them, says where it ends at one, and does not mind those that are far."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pkpd.errors import InputError
from pkpd.estimation.covariance import CovarianceKind, uncertainty_off_bounds
from pkpd.estimation.fit import FitOptions, FitStatus, fit, with_changes
from pkpd.estimation.objectives import Method
from pkpd.estimation.profile import EndStatus, profile_parameter
from pkpd.estimation.profile_document import interval_ratio
from pkpd.estimation.scale import jacobian, scale_of, to_free, to_values
from pkpd.likelihood.population import bind_population
from pkpd.model import load_model
from pkpd.model.bounds import with_bounds
from pkpd.model.population import ParameterKind, PopulationParameter, population_parameters
from pkpd.model_covariates import with_model_covariates
from pkpd.simulation.virtual_cohort import Design, virtual_cohort

NIYIGENA = load_model("niyigena_2026_asuc")
COHORT = with_model_covariates(virtual_cohort(NIYIGENA, Design(60), np.random.default_rng(3)), NIYIGENA).cohort
EXACT = FitOptions(Method.EXACT)


def fitted(bounds: dict[str, tuple[float, float]], initial: dict[str, float] | None = None, options=EXACT):
    population = bind_population(with_bounds(NIYIGENA, bounds), COHORT)
    parameters = with_changes(population.parameters, initial=initial or {}, fixed={})
    return fit(population, options, parameters=parameters)


@pytest.fixture(scope="module")
def free():
    return fitted({})


def value_of(found, name: str) -> float:
    return float(found.values[[one.name for one in found.parameters].index(name)])


@pytest.mark.parametrize("start", [0.05, 0.3, 0.999])
def test_a_fit_ends_at_the_bound_that_its_optimum_lies_beyond_wherever_it_begins(free, start: float):
    best = value_of(free, "cl")
    low, high = 0.5 * best, 0.8 * best
    found = fitted({"cl": (low, high)}, {"cl": low + start * (high - low)})
    assert (found.status, found.at_bound) == (FitStatus.AT_BOUND, ("cl",))
    assert low < value_of(found, "cl") < high
    assert value_of(found, "cl") == pytest.approx(high, rel=1e-4)
    # With the parameter held at the bound the other ones end at the same place.
    held = with_changes(free.population.parameters, initial={}, fixed={"cl": high})
    assert found.ofv == pytest.approx(fit(free.population, EXACT, parameters=held).ofv, abs=1e-3)
    places, known = uncertainty_off_bounds(found, CovarianceKind.R) or ([], None)
    assert known is not None
    assert "cl" not in [found.parameters[i].name for i in places]


@pytest.mark.parametrize("bound", [(-np.inf, 0.1), (0.9, np.inf)])
def test_one_sided_bounds_of_a_coefficient(bound: tuple[float, float]):
    end = min(bound, key=abs)
    found = fitted({"cl_crp_mg_per_L": bound}, {"cl_crp_mg_per_L": end + 0.1 * np.sign(end - 0.5)})
    assert found.at_bound == ("cl_crp_mg_per_L",)
    assert bound[0] < value_of(found, "cl_crp_mg_per_L") < bound[1]
    assert value_of(found, "cl_crp_mg_per_L") == pytest.approx(end, abs=1e-4)


@pytest.mark.parametrize(
    "bounds",
    [
        {"cl": (0.0, 1e6), "v": (0.1, np.inf)},
        {"cl_crp_mg_per_L": (-50.0, 50.0)},
        {"cl": (-np.inf, 1e3), "sigma_proportional": (0.01, 10.0)},
    ],
)
def test_bounds_that_are_far_change_nothing(free, bounds):
    found = fitted(bounds)
    assert (found.status, found.at_bound) == (FitStatus.CONVERGED, ())
    assert found.ofv == pytest.approx(free.ofv, abs=1e-3)


def test_an_additive_error_of_nothing_is_at_its_bound():
    # Levels are drawn without one, and in this cohort nothing is gained by one.
    drawn = virtual_cohort(NIYIGENA, Design(60), np.random.default_rng(5))
    cohort = with_model_covariates(drawn, NIYIGENA).cohort
    both = replace(NIYIGENA, residual=replace(NIYIGENA.residual, additive_sd=0.5))
    found = fit(bind_population(both, cohort), EXACT)
    assert (found.status, found.at_bound) == (FitStatus.AT_BOUND, ("sigma_additive",))
    assert found.ofv == pytest.approx(fit(bind_population(NIYIGENA, cohort), EXACT).ofv, abs=1e-3)


def test_the_profile_of_a_bounded_parameter_ends_at_its_bounds(free):
    best = value_of(free, "cl")
    found = fitted({"cl": (0.97 * best, 1.03 * best)})
    interval = profile_parameter(found, "cl", level=0.95)
    assert (interval.lower.status, interval.upper.status) == (EndStatus.AT_BOUND, EndStatus.AT_BOUND)
    assert (interval.lower.value, interval.upper.value) == pytest.approx((0.97 * best, 1.03 * best))
    assert np.isnan(interval_ratio(interval))


def parameter(value: float, lower: float, upper: float) -> PopulationParameter:
    return PopulationParameter("x", ParameterKind.THETA, value, lower, upper, is_fixed=False, place=("value", 0))


@given(
    st.floats(-100.0, 100.0),
    st.one_of(st.just(np.inf), st.floats(0.01, 1e4)),
    st.one_of(st.just(np.inf), st.floats(0.01, 1e4)),
    st.floats(-5.0, 5.0),
)
def test_every_place_of_the_search_lies_between_the_bounds_and_back(
    value: float, below: float, above: float, at: float
):
    one = parameter(value, value - below, value + above)
    scale = scale_of((one,))
    place = to_free(scale, np.array([value])) + at
    found = to_values(scale, place)
    assert one.lower < found[0] < one.upper
    assert to_free(scale, found) == pytest.approx(place, abs=1e-5)
    step = 1e-5
    change = (to_values(scale, place + step) - to_values(scale, place - step)) / (2.0 * step)
    assert jacobian(scale, place)[0, 0] == pytest.approx(change[0], rel=1e-4, abs=1e-9)
    assert change[0] > 0.0


def test_a_model_that_gains_a_bound_keeps_the_others():
    first = with_bounds(NIYIGENA, {"cl": (0.1, 2.0), "v": (1.0, np.inf)})
    second = with_bounds(first, {"v": (2.0, 50.0)})
    found = {one.name: (one.lower, one.upper) for one in population_parameters(second)}
    assert (found["cl"], found["v"]) == ((0.1, 2.0), (2.0, 50.0))
    assert found["cl_crp_mg_per_L"] == (-np.inf, np.inf)


@pytest.mark.parametrize(
    ("bounds", "message"),
    [
        ({"clx": (0.0, 1.0)}, "clx: is not a parameter of this model; bounds are possible for cl, "),
        ({"omega2_cl": (0.0, 1.0)}, "omega2_cl: is a variance or covariance"),
        ({"cl": (2.0, 1.0)}, "cl: bounds 2 and 1, expected the lower bound first"),
        ({"cl": (-1.0, 1.0)}, "cl: a lower bound of -1, expected 0 or more"),
    ],
)
def test_bounds_that_cannot_be(bounds, message: str):
    with pytest.raises(InputError) as caught:
        with_bounds(NIYIGENA, bounds)
    assert str(caught.value).startswith(message)


def test_a_start_outside_its_bounds_is_refused_and_a_fixed_value_is_not():
    population = bind_population(with_bounds(NIYIGENA, {"cl": (0.6, 2.0), "cl_weight_kg": (0.8, 1.0)}), COHORT)
    with pytest.raises(InputError, match=r"^cl: starts at 0\.49, outside its bounds 0\.6 to 2; give an initial value"):
        with_changes(population.parameters, initial={}, fixed={})
    with_changes(population.parameters, initial={"cl": 0.7}, fixed={})


def test_every_place_of_the_search_is_a_covariance_matrix_however_near_to_a_correlation_of_one():
    correlated = replace(NIYIGENA, correlations=(("cl", "v", 0.3),))
    parameters = population_parameters(correlated)
    scale = scale_of(parameters)
    places = {one.name: i for i, one in enumerate(parameters)}
    triangle = [places[name] for name in ("omega2_cl", "omega2_cl_v", "omega2_v")]
    at = [scale.free.index(place) for place in triangle]
    for own in (-5.0, -10.0, -20.0, -40.0, -800.0):
        place = to_free(scale, scale.values)
        place[at] = (-0.3, -0.4, own)
        cl, both, v = to_values(scale, place)[triangle]
        assert both == pytest.approx(-0.4 * np.exp(-0.3))
        assert np.linalg.cholesky([[cl, both], [both, v]])[1, 1] > 0.0
        assert np.isfinite(to_free(scale, to_values(scale, place))).all()

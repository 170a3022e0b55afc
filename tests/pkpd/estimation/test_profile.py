"""Likelihood profiles: ends of known objectives, and what is said where there is none."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
import pytest

from pkpd.data.censored import without_censored
from pkpd.errors import InputError
from pkpd.estimation.fit import Fit, FitOptions, FitStatus, fit, with_changes
from pkpd.estimation.objectives import Method
from pkpd.estimation.profile import EndStatus, ProfilePoint, profile_parameter, profiled_names
from pkpd.estimation.profile_document import interval_ratio, profile_document
from pkpd.figures.profile import profile_curve, profile_figure
from pkpd.figures.sheet import Drawing
from pkpd.likelihood.population import bind_population
from pkpd.model import load_model
from pkpd.simulation.virtual_cohort import Design, virtual_cohort

if TYPE_CHECKING:
    from collections.abc import Callable

NIYIGENA = load_model("niyigena_2026_asuc")
CHI_SQUARE_95 = 3.841458820694124


@pytest.fixture(scope="module")
def original() -> Fit:
    drawn = virtual_cohort(NIYIGENA, Design(60, missing=0.0), np.random.default_rng(11))
    return fit(bind_population(NIYIGENA, without_censored(drawn, "drop")), FitOptions(Method.FOCEI))


def known(original: Fit, change: Callable[[float], float], status: FitStatus = FitStatus.CONVERGED):
    """Return what answers with a known change of the objective instead of a fit."""

    def held(_name: str, value: float, _start: np.ndarray) -> ProfilePoint:
        return ProfilePoint(value, original.ofv + change(value), status, original.values, 1)

    return held


def estimate_of(original: Fit, name: str) -> float:
    return float(original.values[[one.name for one in original.parameters].index(name)])


def test_a_parabola_ends_where_it_reaches_the_quantile(original: Fit):
    middle = estimate_of(original, "cl_crp_mg_per_L")
    found = profile_parameter(original, "cl_crp_mg_per_L", held=known(original, lambda x: ((x - middle) / 0.2) ** 2))
    half = 0.2 * np.sqrt(CHI_SQUARE_95)
    # The objective is met to 0.005, so that an end is to 0.005 / (2 sqrt(3.84)) of 0.2.
    assert found.lower.value == pytest.approx(middle - half, abs=2.6e-4)
    assert found.upper.value == pytest.approx(middle + half, abs=2.6e-4)
    assert interval_ratio(found) == pytest.approx(1.0, abs=0.002)
    assert (found.lower.status, found.upper.status) == (EndStatus.FOUND, EndStatus.FOUND)


def test_a_skewed_objective_has_an_interval_as_skewed(original: Fit):
    """A parabola of the logarithm: the ends are factors of the estimate."""
    middle = estimate_of(original, "cl")
    held = known(original, lambda x: (np.log(x / middle) / 0.3) ** 2)
    found = profile_parameter(original, "cl", level=0.9, held=held)
    factor = np.exp(0.3 * 1.6448536269514722)
    assert found.lower.value == pytest.approx(middle / factor, rel=6e-4)
    assert found.upper.value == pytest.approx(middle * factor, rel=6e-4)
    assert interval_ratio(found) == pytest.approx(factor, rel=5e-3)


def test_the_upper_end_of_a_variance_at_nothing_is_looked_for_beyond_its_initial_value(original: Fit):
    place = [one.name for one in original.parameters].index("omega2_v")
    values = original.values.copy()
    values[place] = 5e-7
    at_nothing = replace(original, values=values, at_bound=("omega2_v",))
    end = 2.0 * original.parameters[place].value
    held = known(original, lambda x: CHI_SQUARE_95 * (x / end) ** 2)
    found = profile_parameter(at_nothing, "omega2_v", held=held)
    assert found.upper.status is EndStatus.FOUND
    assert found.upper.value == pytest.approx(end, rel=1e-3)
    assert found.lower.status is EndStatus.AT_BOUND


def test_ends_that_are_not_there_say_why(original: Fit):
    middle = estimate_of(original, "omega2_v")
    flat_below = known(original, lambda x: 2.0 if x < middle else (np.log(x / middle) / 0.5) ** 2)
    found = profile_parameter(original, "omega2_v", held=flat_below)
    assert found.lower.status is EndStatus.AT_BOUND
    assert (found.lower.value, found.lower.ofv_change) == (0.0, pytest.approx(2.0))
    flat_above = known(original, lambda x: 1.0 if x > middle else (np.log(x / middle) / 0.5) ** 2)
    found = profile_parameter(original, "omega2_v", held=flat_above)
    assert found.upper.status is EndStatus.NOT_REACHED
    assert np.isnan(found.upper.value)
    assert found.upper.farthest > 900.0 * middle
    failing = known(original, lambda _: 1.0, FitStatus.EVALUATIONS)
    found = profile_parameter(original, "omega2_v", held=failing)
    assert found.lower.status is EndStatus.FIT_FAILED
    document = profile_document(original, [found], level=0.95)
    assert document["n_fits_failed"] == document["n_fits"] == 8
    assert [one["code"] for one in document["warnings"]] == ["fit_failed", "fit_failed"]
    assert isinstance(profile_figure([found], level=0.95), str)


def test_a_lower_objective_is_said_with_where_it_is(original: Fit):
    middle = estimate_of(original, "v")
    found = profile_parameter(original, "v", held=known(original, lambda x: -3.0 if x > 1.1 * middle else 1e3))
    assert found.upper.status is EndStatus.LOWER_OFV
    document = profile_document(original, [found], level=0.95)
    assert document["lower_optimum"]["ofv_change"] == pytest.approx(-3.0)
    assert document["lower_optimum"]["parameter"] == "v"
    (text,) = (one["text"] for one in document["warnings"] if one["code"] == "lower_optimum")
    assert "3.000 lower than the fit's: start the fit again from there" in text


def test_an_end_is_where_fits_from_other_starts_rise_to_the_quantile(original: Fit):
    """The same end by another path: a bisection whose fits begin at the model's values, not at neighbours."""
    found = profile_parameter(original, "sigma_proportional")
    below, above = original.values[-1], 1.5 * original.values[-1]
    for _ in range(8):
        middle = 0.5 * (below + above)
        parameters = with_changes(original.population.parameters, initial={}, fixed={"sigma_proportional": middle})
        again = fit(original.population, FitOptions(Method.FOCEI, with_covariance=False), parameters=parameters)
        below, above = (middle, above) if again.ofv - original.ofv < CHI_SQUARE_95 else (below, middle)
    assert below - 1e-4 < found.upper.value < above + 1e-4
    assert found.points[-1].value >= found.upper.value
    figure = profile_figure([found], level=0.95)
    assert isinstance(figure, Drawing)
    assert len(figure.table.rows) == len(found.points) + 1
    value, change = profile_curve(found)
    assert float(np.interp(found.estimate, value, change)) == pytest.approx(0.0, abs=0.02)


def test_what_has_no_profile_is_refused_by_name(original: Fit):
    assert profiled_names(original)[0] == "cl"
    assert profiled_names(original, ("v", "cl", "v")) == ("v", "cl")
    with pytest.raises(InputError, match="--parameter: clearance is not a parameter of this model, which has cl, "):
        profiled_names(original, ("clearance",))
    with pytest.raises(InputError, match="cl_weight_kg is fixed and has no profile; free are cl, "):
        profiled_names(original, ("cl_weight_kg",))
    piece = original.scale.pieces[0]
    block = replace(piece, kind="block", places=(5, 6))
    in_block = replace(original, scale=replace(original.scale, pieces=(*original.scale.pieces[:3], block)))
    with pytest.raises(InputError, match="omega2_cl is part of a block of omega"):
        profiled_names(in_block, ("omega2_cl",))

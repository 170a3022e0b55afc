"""Several starts: what they draw, which is reported, and what is said of their agreement."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from pkpd.data.censored import without_censored
from pkpd.estimation.fit import Fit, FitOptions, FitStatus, fit
from pkpd.estimation.multi_start import StartedFit, agrees, best_start, fit_from_start, scattered, starts_document
from pkpd.estimation.objectives import Method
from pkpd.estimation.scale import scale_of, to_free
from pkpd.likelihood.population import bind_population
from pkpd.model import load_model
from pkpd.simulation.virtual_cohort import Design, virtual_cohort

NIYIGENA = load_model("niyigena_2026_asuc")


@pytest.fixture(scope="module")
def original() -> Fit:
    drawn = virtual_cohort(NIYIGENA, Design(60, missing=0.0), np.random.default_rng(11))
    return fit(bind_population(NIYIGENA, without_censored(drawn, "drop")), FitOptions(Method.FOCEI))


def ended(number: int, ofv: float, status: FitStatus = FitStatus.CONVERGED, values: np.ndarray | None = None):
    nothing = np.zeros(0)
    return StartedFit(number, nothing, nothing if values is None else values, ofv, status, 10)


def codes(starts: list[StartedFit], best: Fit) -> list[str]:
    return [one["code"] for one in starts_document(starts, best)["warnings"]]


def test_the_first_start_is_the_given_one_and_others_depend_on_seed_and_number_alone():
    given = bind_population(NIYIGENA, virtual_cohort(NIYIGENA, Design(5), np.random.default_rng(1))).parameters
    assert scattered(given, 1, spread=0.5, seed=1) == given
    drawn = {
        (number, seed): tuple(one.value for one in scattered(given, number, spread=0.5, seed=seed))
        for number in (2, 3)
        for seed in (1, 2)
    }
    assert len(set(drawn.values())) == 4
    assert tuple(one.value for one in scattered(given, 2, spread=0.5, seed=1)) == drawn[2, 1]


def test_starts_scatter_by_the_spread_on_the_scale_of_the_search_and_fixed_parameters_stay():
    given = bind_population(NIYIGENA, virtual_cohort(NIYIGENA, Design(5), np.random.default_rng(1))).parameters
    scale = scale_of(given)
    centre = to_free(scale, scale.values)
    drawn = [scattered(given, number, spread=0.3, seed=1) for number in range(2, 402)]
    z = np.array([to_free(scale, np.array([one.value for one in starts])) - centre for starts in drawn])
    # Standard errors of a mean and of a standard deviation of 400 draws: 0.015 and 0.011.
    assert z.std(axis=0) == pytest.approx([0.3, 0.3, 0.3, 0.3, 0.3, 0.3][: z.shape[1]], abs=0.045)
    assert z.mean(axis=0) == pytest.approx(np.zeros(z.shape[1]), abs=0.06)
    for starts in drawn:
        assert [one.value for one in starts if one.is_fixed] == [one.value for one in given if one.is_fixed]


def test_searches_of_a_good_fit_agree_and_nothing_is_warned_of(original: Fit):
    population, options = original.population, original.options
    starts = [fit_from_start(population, options, k, parameters=population.parameters) for k in (1, 2, 3)]
    document = starts_document(starts, original)
    assert (document["n"], document["n_finite"], document["n_agree"], document["best"]) == (3, 3, 3, 1)
    assert document["ofvs"] == pytest.approx([original.ofv] * 3, abs=1e-3)
    assert document["warnings"] == []


def test_an_optimum_comes_before_a_lower_value_that_is_none_and_the_first_before_equals():
    flat, high, low, equal = (
        ended(1, 80.0, FitStatus.FLAT_MODE),
        ended(2, 101.0),
        ended(3, 100.0004),
        ended(4, 100.0),
    )
    assert best_start([flat, high, low, equal]) is low
    assert best_start([flat, high]) is high
    lost = ended(5, np.nan, FitStatus.NO_FINITE_START)
    assert best_start([lost, flat]) is flat


def test_estimates_elsewhere_do_not_agree_though_the_objective_is_the_same(original: Fit):
    assert agrees(ended(2, original.ofv, values=original.values), original)
    assert not agrees(ended(2, original.ofv, values=1.5 * original.values), original)
    assert not agrees(ended(2, original.ofv + 0.02, values=original.values), original)
    assert not agrees(ended(2, original.ofv, FitStatus.EVALUATIONS, original.values), original)


def test_disagreement_is_said(original: Fit):
    good = ended(1, original.ofv, values=original.values)
    above, at_none = ended(2, original.ofv + 5.0), ended(3, original.ofv - 2.0, FitStatus.FLAT_MODE)
    assert codes([good, above], original) == []
    assert codes([good, above, replace(above, number=3)], original) == ["starts_disagree"]
    assert codes([replace(above, number=1), replace(good, number=2)], original) == ["given_start_not_best"]
    assert codes([good, replace(good, number=2), at_none], original) == ["lower_without_optimum"]

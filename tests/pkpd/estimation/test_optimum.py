from __future__ import annotations

import numpy as np
import pytest

from pkpd.estimation.fit import FitOptions, FitStatus, fit
from pkpd.estimation.minimize import Point, minimize
from pkpd.estimation.objectives import Method
from studies.searches import drawn_cohort

LAPLACE = FitOptions(Method.LAPLACE)
WITHOUT_ERRORS = FitOptions(Method.LAPLACE, with_covariance=False)


def test_a_lower_optimum_elsewhere_is_the_fit():
    """The search from the model's values ends 7 above an optimum without variance of V."""
    population, _ = drawn_cohort(157, seed=1)
    first, found = fit(population, WITHOUT_ERRORS), fit(population, LAPLACE)
    assert first.status is FitStatus.CONVERGED
    assert found.at_bound == ("omega2_v",)
    assert found.ofv == pytest.approx(first.ofv - 6.995, abs=1e-2)
    assert found.n_evaluations > first.n_evaluations


def test_a_fit_says_that_the_objective_falls_lower_elsewhere():
    """The optimum stays the fit where all that is lower leads to a flat mode."""
    population, _ = drawn_cohort(35, seed=1)
    first, found = fit(population, WITHOUT_ERRORS), fit(population, LAPLACE)
    assert found.status is FitStatus.LOWER_ELSEWHERE
    assert found.ofv == pytest.approx(first.ofv, abs=1e-6)
    assert found.information is not None


def bowl(place: np.ndarray, _memory: None) -> Point[None]:
    """A long valley with a bend, where full steps are too long."""
    x, y = place
    value = 100.0 * (y - x * x) ** 2 + (1.0 - x) ** 2
    slope = np.array([-400.0 * x * (y - x * x) - 2.0 * (1.0 - x), 200.0 * (y - x * x)])
    return Point(place, value, slope, np.diag(np.sqrt([2.0, 200.0])), None)


def test_steps_that_were_cut_are_tried_without_derivatives():
    """The search ends where it ends with them, and needs them at fewer places."""
    calls = {"derived": 0, "underived": 0}

    def derived(place: np.ndarray, memory: None) -> Point[None]:
        calls["derived"] += 1
        return bowl(place, memory)

    def underived(place: np.ndarray, memory: None) -> Point[None]:
        calls["underived"] += 1
        return Point(place, bowl(place, memory).value, np.empty(0), np.empty((2, 0)), None)

    start = bowl(np.array([-1.2, 1.0]), None)
    plain = minimize(bowl, start)
    found = minimize(derived, start, underived=underived)
    assert found.is_converged
    np.testing.assert_allclose(found.point.place, [1.0, 1.0], atol=1e-3)
    np.testing.assert_array_equal(found.point.place, plain.point.place)
    assert found.n_evaluations == calls["derived"] + calls["underived"]
    assert calls["derived"] < plain.n_evaluations

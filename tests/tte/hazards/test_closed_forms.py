"""Closed forms of every hazard against 40-digit integrals of its hazard, and against each other."""

from __future__ import annotations

from typing import Any

import mpmath
import numpy as np
import pytest

from tests.tte.hazards.exact import exact_area, exact_cumulative_hazard
from tte.hazards.curves import cumulative_hazard, hazard_rate, quantile_time, restricted_mean, survival
from tte.hazards.hazard import Hazard

mp: Any = mpmath.mp.clone()  # the digits of other tests stay as they are
mp.dps = 40

# Linear predictors of each hazard, usual ones and extreme ones.
PLACES = {
    Hazard.EXPONENTIAL: [(-4.0,), (2.0,), (-40.0,)],
    Hazard.WEIBULL: [(-6.0, 0.1), (-1.0, -2.0), (-40.0, 2.0)],
    Hazard.GOMPERTZ: [
        *((-5.0, gamma) for gamma in (-3.0, -0.5, -0.02, -1e-9, 0.0, 1e-12, 0.03, 1.0)),
        (-60.0, 0.5),
        (3.0, -0.1),
        (5.0, 20.0),
        (-20.0, -1e-4),
    ],
    Hazard.LOGLOGISTIC: [
        (3.0, 0.5),
        (3.0, 0.0),
        (3.0, 1e-7),
        (3.0, -1e-3),
        (3.0, 0.09),
        (3.0, 0.1),
        (1.0, -2.0),
        (-8.0, 0.0),
        (-8.0, 1e-5),
        (4.0, 3.0),
        (-30.0, -0.01),
    ],
    Hazard.LOGNORMAL: [(3.0, 0.0), (3.0, 3.0), (0.0, -3.0), (-10.0, 1.0), (20.0, 2.0), (4.0, -5.0)],
    Hazard.SURGE: [
        (-4.0, 20.0, 2.0),
        (-2.0, 0.0, 0.0),
        (0.0, 60.0, -3.0),
        (-3.0, -15.0, 1.0),
        (2.0, 400.0, 1.0),
        (8.0, 30.0, -2.0),
        (-7.0, 5.0, 8.0),
    ],
}
CASES = [(hazard, place) for hazard, places in PLACES.items() for place in places]
DAYS = (0.0, 1e-6, 0.3, 7.0, 28.0, 90.0, 1e4)


@pytest.mark.parametrize("u", [-3.0, -0.4, 1e-6, 0.3, 1.0, 50.0])
def test_the_area_of_a_surge_is_a_hypergeometric_function(u):
    theirs = mp.mpf(u) * mp.hyp2f1(mp.mpf(1) / 4, 1, mp.mpf(5) / 4, -(mp.mpf(u) ** 4))
    assert float(exact_area(mp.mpf(u), mp)) == pytest.approx(float(theirs), rel=1e-14)


@pytest.mark.parametrize(("hazard", "place"), CASES)
def test_the_cumulative_hazard_is_its_definition_to_all_digits(hazard, place):
    ours = cumulative_hazard(hazard, np.array(DAYS), np.array(place))
    theirs = [float(exact_cumulative_hazard(hazard, place, day, mp)) for day in DAYS]
    # Above 1e-300 and with the conditioning of exp and erfc: a relative error of the argument of exp is an absolute one of H.
    assert ours == pytest.approx(theirs, rel=5e-13, abs=1e-300)
    assert survival(hazard, np.array(DAYS), np.array(place)) == pytest.approx(
        np.exp(-np.array(theirs)), rel=1e-12, abs=1e-300
    )


@pytest.mark.parametrize(("hazard", "place"), CASES)
def test_the_hazard_is_the_derivative_of_the_cumulative_hazard(hazard, place):
    for day in (0.3, 7.0, 90.0):
        with mp.workdps(160):  # differences of what is as good as constant
            slope = float(mp.diff(lambda t: exact_cumulative_hazard(hazard, place, t, mp), day, h=mp.mpf(day) / 10**12))
        assert hazard_rate(hazard, np.array(day), np.array(place)) == pytest.approx(slope, rel=1e-9, abs=1e-290)


def exact_restricted_mean(hazard, place, horizon):
    """Return the integral of S to 15 digits or more, on panels between quantiles and around the peak."""
    points = {mp.mpf(0), mp.mpf(horizon), *(mp.mpf(horizon) * 10**-k for k in (12, 6, 3, 1))}
    quantiles = quantile_time(
        hazard, -np.expm1(-np.array([0.01, 0.1, 0.5, 1.0, 2, 4, 7, 11, 16, 22, 30])), np.array(place)
    )
    points |= {mp.mpf(float(t)) for t in quantiles if np.isfinite(t)}
    if hazard is Hazard.SURGE:
        width = float(np.exp(place[2]))
        points |= {
            mp.mpf(place[1] + side * width * step) for side in (-1, 1) for step in (0, 0.5, 1, 2, 4, 8, 16, 64, 256)
        }
    edges = sorted(point for point in points if 0 <= point <= horizon)
    with mp.workdps(20):
        return float(mp.quad(lambda t: mp.exp(-exact_cumulative_hazard(hazard, place, t, mp)), edges))


@pytest.mark.parametrize(("hazard", "place"), CASES)
@pytest.mark.parametrize("horizon", [0.5, 90.0])
def test_the_restricted_mean_is_the_integral_of_survival(hazard, place, horizon):
    ours = restricted_mean(hazard, np.array(horizon), np.array(place))
    assert ours == pytest.approx(exact_restricted_mean(hazard, place, horizon), rel=1e-11)


@pytest.mark.parametrize(("hazard", "place"), CASES)
def test_quantiles_are_the_inverse_of_survival_and_infinite_where_it_does_not_get_there(hazard, place):
    p = np.array([0.0, 1e-12, 0.01, 0.5, 0.99, 1.0])
    days = quantile_time(hazard, p, np.array(place))
    assert days[0] == 0.0
    assert days[-1] == np.inf
    last = -np.expm1(-cumulative_hazard(hazard, np.array(np.inf), np.array(place)))
    reached = p[1:-1] < last
    assert np.isinf(days[1:-1][~reached]).all()
    # Where H hardly changes with time its inverse is ill-conditioned in time, not in probability.
    finite = days[1:-1][reached]
    risk = -np.expm1(-cumulative_hazard(hazard, finite, np.array(place)))
    assert risk == pytest.approx(p[1:-1][reached], rel=1e-9)


def test_a_gompertz_hazard_that_falls_leaves_some_without_the_event():
    place = np.array([np.log(0.01), -0.02])
    assert survival(Hazard.GOMPERTZ, np.array(np.inf), place) == pytest.approx(np.exp(-0.5))
    assert quantile_time(Hazard.GOMPERTZ, np.array([0.39, 0.40]), place).tolist() == [
        pytest.approx(-50.0 * np.log1p(2.0 * np.log(0.61))),
        np.inf,
    ]

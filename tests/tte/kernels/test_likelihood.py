"""Compiled log-likelihoods, gradients and information of rows against 60-digit differences of their definitions."""

from __future__ import annotations

from typing import Any

import mpmath
import numpy as np
import pytest

from tests.tte.hazards.exact import exact_cumulative_hazard
from tte.hazards.hazard import Hazard
from tte.kernels.codes import EVENT, INTERVAL, RIGHT_CENSORED
from tte.kernels.likelihood import Coefficients, Rows, evaluate, evaluate_in_parallel

mp: Any = mpmath.mp.clone()
mp.dps = 60

# Linear predictors at which rows are looked at, ordinary and far out.
PLACES = {
    Hazard.EXPONENTIAL: [(-3.0,)],
    Hazard.WEIBULL: [(-3.0, 0.3), (-9.0, -1.5)],
    Hazard.GOMPERTZ: [(-3.0, 0.02), (-3.0, -0.2), (-3.0, 1e-9), (-3.0, 0.0)],
    Hazard.LOGLOGISTIC: [(2.0, 0.4), (9.0, 1.0), (-3.0, 0.2)],
    Hazard.LOGNORMAL: [(2.0, 0.1), (9.0, -0.7), (-3.0, 0.0)],
    Hazard.SURGE: [(-2.0, 12.0, 1.5), (-1.0, -4.0, 0.0), (-4.0, 70.0, 2.0)],
}
CASES = [(hazard, place) for hazard, places in PLACES.items() for place in places]
# Start, stop, upper, kind.
ROWS = [
    (0.0, 7.5, 7.5, RIGHT_CENSORED),
    (3.0, 7.5, 7.5, RIGHT_CENSORED),
    (0.0, 7.5, 7.5, EVENT),
    (3.0, 7.5, 7.5, EVENT),
    (0.0, 0.0, 4.0, INTERVAL),
    (2.0, 3.5, 9.0, INTERVAL),
    (0.0, 20.0, 20.5, INTERVAL),
]


def packed(hazard, row, n_parameters):
    time = np.array([row[:3]])
    log_time = np.log(np.where(time > 0.0, time, 1.0))
    rows = Rows(hazard.code, time, log_time, np.array([row[3]]), np.empty((1, 0)))
    n = n_parameters
    return rows, Coefficients(np.arange(n), np.full(n, -1), np.zeros(n))


def exact_log_likelihood(hazard, place, row):
    """Return the log-likelihood of a row from H alone, the hazard being its derivative."""
    start, stop, upper, kind = row
    h = [hazard_at(hazard, place, time) for time in (start, stop, upper)]
    total = h[0] - h[1]
    if kind == EVENT:
        total += mp.log(mp.diff(lambda t: hazard_at(hazard, place, t), mp.mpf(stop)))
    if kind == INTERVAL:
        total += mp.log(-mp.expm1(h[1] - h[2]))
    return total


def hazard_at(hazard, place, time):
    return mp.mpf(0) if time == 0 else exact_cumulative_hazard(hazard, place, time, mp)


@pytest.mark.parametrize("row", ROWS)
@pytest.mark.parametrize(("hazard", "place"), CASES)
def test_value_gradient_and_information_of_a_row_are_those_of_its_definition(hazard, place, row):
    n = len(place)
    gradient, information = np.empty(n), np.empty((n, n))
    rows, terms = packed(hazard, row, n)
    value = evaluate(rows, terms, np.ones(1), np.array(place), gradient, information)

    def exact(*at):
        return exact_log_likelihood(hazard, at, row)

    assert value == pytest.approx(float(exact(*map(mp.mpf, place))), rel=1e-11, abs=1e-13)
    step = mp.mpf(10) ** -12
    for i in range(n):
        slope = difference(exact, place, {i: step})
        assert gradient[i] == pytest.approx(float(slope), rel=1e-9, abs=1e-11)
        for j in range(n):
            curvature = second_difference(exact, place, i, j, step)
            assert -information[i, j] == pytest.approx(float(curvature), rel=1e-8, abs=1e-10)


def moved(place, steps):
    return [mp.mpf(x) + steps.get(k, 0) for k, x in enumerate(place)]


def difference(function, place, step):
    (size,) = step.values()
    back = {k: -v for k, v in step.items()}
    return (function(*moved(place, step)) - function(*moved(place, back))) / (2 * size)


def second_difference(function, place, i, j, step):
    if i == j:
        middle = function(*moved(place, {}))
        return (function(*moved(place, {i: step})) - 2 * middle + function(*moved(place, {i: -step}))) / step**2
    total = mp.mpf(0)
    for a in (1, -1):
        for b in (1, -1):
            total += a * b * function(*moved(place, {i: a * step, j: b * step}))
    return total / (4 * step**2)


@pytest.mark.parametrize("hazard", list(Hazard))
def test_rows_split_anywhere_have_the_same_likelihood(hazard):
    place = np.array(PLACES[hazard][0])
    n = place.size
    terms = Coefficients(np.arange(n), np.full(n, -1), np.zeros(n))
    rng = np.random.default_rng(2)
    for kind in (RIGHT_CENSORED, EVENT, INTERVAL):
        cuts = np.sort(rng.uniform(1.0, 30.0, 6))
        whole = np.array([[1.0, 30.0, 33.0]])
        edges = np.concatenate(([1.0], cuts, [30.0]))
        parts = np.column_stack((edges[:-1], edges[1:], edges[1:]))
        parts[-1, 2] = 33.0
        found = []
        for time, kinds in ((whole, [kind]), (parts, [RIGHT_CENSORED] * 6 + [kind])):
            gradient, information = np.empty(n), np.empty((n, n))
            rows = Rows(hazard.code, time, np.log(time), np.array(kinds), np.empty((len(kinds), 0)))
            found.append(
                (evaluate(rows, terms, np.ones(len(kinds)), place, gradient, information), gradient, information)
            )
        for one, other in zip(*found, strict=True):
            assert other == pytest.approx(one, rel=1e-11, abs=1e-12)


def test_threads_do_not_change_a_bit():
    rng = np.random.default_rng(4)
    n = 20_000
    time = np.zeros((n, 3))
    time[:, 1] = time[:, 2] = rng.exponential(10.0, n)
    log_time = np.log(np.where(time > 0.0, time, 1.0))
    rows = Rows(Hazard.WEIBULL.code, time, log_time, (rng.random(n) < 0.4).astype(np.int64), rng.normal(size=(n, 1)))
    terms = Coefficients(np.array([0, 1, 0]), np.array([-1, -1, 0]), np.zeros(3))
    theta = np.array([-2.0, 0.1, 0.4])
    found = []
    for function in (evaluate, evaluate_in_parallel):
        gradient, information = np.empty(3), np.empty((3, 3))
        found.append(
            (function(rows, terms, np.ones(n), theta, gradient, information), gradient.tobytes(), information.tobytes())
        )
    assert found[0] == found[1]

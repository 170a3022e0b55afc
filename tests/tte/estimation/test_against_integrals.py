"""Fits of every hazard against a likelihood whose hazards are integrated numerically and whose maximum another search finds."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.optimize import minimize

from tests.tte.estimation.event_data import mixed_events
from tte.data.events import EventKind, events_of
from tte.estimation.fit import FitStatus, fit
from tte.estimation.model import event_time_model

NODE, WEIGHT = np.polynomial.legendre.leggauss(140)


def gompertz(time, log_rate, gamma):
    return np.exp(log_rate + gamma * time)


def surge(time, log_amplitude, peak, log_width):
    return np.exp(log_amplitude) / (1.0 + ((time - peak) / np.exp(log_width)) ** 4)


HAZARDS = {"gompertz": gompertz, "surge": surge}


def log_likelihood(hazard, theta, events, n_own, covariate_on):
    """Return the log-likelihood by quadrature of the hazard of each row."""
    linear = [np.full(events.n_rows, value) for value in theta[:n_own]]
    for value, (k, x) in zip(theta[n_own:], covariate_on, strict=True):
        linear[k] = linear[k] + value * x

    def between(start, stop):
        half = 0.5 * (stop - start)
        time = 0.5 * (stop + start)[:, None] + half[:, None] * NODE
        return (hazard(time, *(one[:, None] for one in linear)) @ WEIGHT) * half

    total = -between(events.start, events.stop)
    is_event, is_interval = events.kind == EventKind.EVENT, events.kind == EventKind.INTERVAL
    total[is_event] += np.log(hazard(events.stop, *linear))[is_event]
    rise = between(events.stop, events.upper)
    total[is_interval] += np.log(-np.expm1(-rise[is_interval]))
    return float(total.sum())


def surge_events():
    rng = np.random.default_rng(11)
    n, x = 150, np.random.default_rng(12).normal(size=150)
    grid = np.linspace(0.0, 60.0, 6001)
    time = np.empty(n)
    for i in range(n):
        grown = np.concatenate(([0.0], np.cumsum(surge(grid[1:] - 0.005, -2.5 + 0.6 * x[i], 20.0, np.log(6.0)) * 0.01)))
        target = rng.exponential()
        time[i] = np.interp(target, grown, grid) if target < grown[-1] else 60.0
    return events_of(time, (time < 60.0).astype(float), covariates={"X": x, "Z": rng.normal(size=n)})


@pytest.mark.parametrize(
    ("hazard", "data", "covariates"),
    [
        ("gompertz", mixed_events, ["X", "gamma:Z"]),
        ("surge", surge_events, ["X", "PT:Z"]),
    ],
)
def test_the_maximum_is_that_of_an_integrated_hazard(hazard, data, covariates):
    events = data()
    found = fit(events, event_time_model(hazard, covariates))
    assert found.status is FitStatus.CONVERGED
    n_own = len(found.model.hazard.parameters)
    on = [
        (int(k), events.covariates[effect.covariate])
        for k, effect in zip(found.model.parameter_index[n_own:], found.model.effects, strict=True)
    ]
    formula, scale = HAZARDS[hazard], 1.0 / np.abs(np.diag(found.information)) ** 0.5

    def objective(moved):
        return -log_likelihood(formula, found.theta + moved * scale, events, n_own, on)

    assert found.log_likelihood == pytest.approx(-objective(np.zeros(found.theta.size)), abs=1e-8)
    other = minimize(objective, np.full(found.theta.size, 0.3), method="BFGS", options={"gtol": 1e-6})
    assert -other.fun <= found.log_likelihood + 1e-8
    assert found.theta + other.x * scale == pytest.approx(found.theta, abs=2e-4 * np.abs(found.se).max())
    # Standard errors from second differences of the integrated likelihood.
    h, n = 1e-3, found.theta.size
    unit = np.eye(n) * h
    hessian = np.array(
        [
            [(objective(a + b) - objective(a - b) - objective(b - a) + objective(-a - b)) / (4 * h * h) for b in unit]
            for a in unit
        ]
    )
    se = np.sqrt(np.diag(np.linalg.inv(hessian))) * scale
    assert found.se == pytest.approx(se, rel=1e-4)

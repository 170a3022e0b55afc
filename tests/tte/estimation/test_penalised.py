"""Penalised estimates where their closed forms are known."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from tests.tte.estimation.event_data import weibull_events, weibull_times
from tte.data.events import events_of
from tte.estimation.fit import FitOptions, FitStatus, fit
from tte.estimation.model import event_time_model
from tte.estimation.penalised import fit_penalised


def test_groups_with_a_constant_hazard_gain_half_an_event_each():
    time, event, _ = weibull_times(40)
    group = (np.arange(40) < 10).astype(float)
    event = np.where(group == 1.0, 0.0, event)
    found = fit_penalised(events_of(time, event, covariates={"G": group}), event_time_model("exponential", ["G"]))
    assert found.status is FitStatus.CONVERGED
    rates = [(event[group == g].sum() + 0.5) / time[group == g].sum() for g in (0.0, 1.0)]
    assert found.theta == pytest.approx([np.log(rates[0]), np.log(rates[1] / rates[0])], abs=1e-7)
    # The information of two groups is that of two Poisson counts, on the parameters of their ratio.
    assert found.penalty == pytest.approx(0.5 * np.log((event.sum() + 0.5) * 0.5), abs=1e-7)


@pytest.mark.parametrize("hazard", ["weibull", "gompertz", "loglogistic", "lognormal"])
def test_it_is_a_maximum_of_likelihood_and_penalty_together(hazard):
    events, model = weibull_events(80), event_time_model(hazard, ["X"])
    found = fit_penalised(events, model)
    assert found.status is FitStatus.CONVERGED
    best = value_at(events, model, found.theta)
    for i, se in enumerate(found.se):
        for side in (-1.0, 1.0):
            there = found.theta.copy()
            there[i] += side * 1e-3 * se
            assert value_at(events, model, there) < best


def value_at(events, model, theta):
    values = dict(zip(model.names, map(float, theta), strict=True))
    found = fit(events, replace(model, initial=values), FitOptions(0))
    return found.log_likelihood + 0.5 * np.linalg.slogdet(found.information)[1]


def test_with_many_events_it_is_next_to_the_maximum_of_the_likelihood():
    events, model = weibull_events(3000), event_time_model("weibull", ["X"])
    usual, penalised = fit(events, model), fit_penalised(events, model)
    assert penalised.theta == pytest.approx(usual.theta, abs=0.05 * float(usual.se.min()) + 2e-3)


def test_what_is_held_stays():
    model = event_time_model("weibull", ["X"], fixed={"shape": 1.3})
    found = fit_penalised(weibull_events(60), model)
    assert found.theta[1] == np.log(1.3)
    assert np.isnan(found.se[1])

"""Log-likelihoods at many points against those of one fit each."""

from __future__ import annotations

import numpy as np
import pytest

from tests.tte.estimation.event_data import mixed_events
from tte.estimation.fit import FitOptions, design_of, fit
from tte.estimation.model import event_time_model
from tte.hazards.hazard import Hazard
from tte.kernels.points import log_likelihoods


def values_of(events, model, theta, weight):
    found = np.empty(theta.shape[0])
    time = np.column_stack((events.start, events.stop, events.upper))
    design = np.ascontiguousarray(design_of(events, model))
    indices = model.parameter_index, model.column_index
    log_likelihoods(model.hazard.code, time, events.kind, design, weight, *indices, theta, found)
    return found


@pytest.mark.parametrize("hazard", list(Hazard))
def test_each_point_has_the_likelihood_of_a_fit_that_makes_no_step(hazard):
    events = mixed_events()
    model = event_time_model(hazard, ["X"])
    start = fit(events, model).theta
    theta = start + 0.1 * np.random.default_rng(1).normal(size=(7, start.size))
    found = values_of(events, model, theta, np.ones(events.n_rows))
    for point, value in zip(theta, found, strict=True):
        natural = dict(zip(model.names, model.natural(point).tolist(), strict=True))
        there = fit(events, event_time_model(hazard, ["X"], initial=natural), FitOptions(0))
        assert value == pytest.approx(there.log_likelihood, abs=1e-9)


def test_a_row_counts_as_often_as_its_weight_says():
    events = mixed_events()
    model = event_time_model("weibull", ["X"])
    theta = fit(events, model).theta[None]
    weight = np.random.default_rng(2).integers(0, 4, events.n_rows).astype(float)
    alone = [values_of(events, model, theta, np.eye(events.n_rows)[i])[0] for i in range(events.n_rows)]
    assert values_of(events, model, theta, weight)[0] == pytest.approx(weight @ alone, abs=1e-9)


def test_far_out_there_is_no_likelihood_and_no_error():
    events = mixed_events()
    model = event_time_model("weibull", ["X"])
    found = values_of(events, model, np.array([[800.0, 3.0, 0.0], [0.0, 700.0, 0.0]]), np.ones(events.n_rows))
    assert not (found > -1e300).any()

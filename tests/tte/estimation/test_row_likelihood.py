"""Likelihood row by row: its sums are those of a fit, its derivatives those of differences, its scores those of NumPy in closed form."""

from __future__ import annotations

import numpy as np
import pytest

from tests.tte.estimation.event_data import mixed_events, weibull_events
from tte.estimation.fit import FitOptions, fit
from tte.estimation.model import event_time_model
from tte.estimation.prediction import linear_predictors
from tte.estimation.row_likelihood import row_log_likelihoods, subject_log_likelihoods
from tte.hazards.hazard import Hazard


@pytest.mark.parametrize("hazard", list(Hazard))
def test_subjects_add_up_to_the_log_likelihood_and_its_gradient(hazard: Hazard):
    events = mixed_events()
    last = hazard.parameters[-1].name
    start = fit(events, event_time_model(hazard, ["X", f"{last}:Z"], references={"Z": 50.0}))
    # Away from the maximum, where the gradient is not zero.
    moved = start.model.natural(start.theta + 0.05)
    model = event_time_model(
        hazard,
        ["X", f"{last}:Z"],
        references={"Z": 50.0},
        initial=dict(zip(start.model.names, moved.tolist(), strict=True)),
    )
    found = fit(events, model, FitOptions(0))
    value, score = subject_log_likelihoods(found)
    assert value.shape == (events.n_subjects,)
    assert value.sum() == pytest.approx(found.log_likelihood, rel=1e-12)
    assert score.sum(axis=0) == pytest.approx(found.gradient, rel=1e-9, abs=1e-9)


@pytest.mark.parametrize("hazard", list(Hazard))
def test_derivatives_by_linear_predictors_are_those_of_differences(hazard: Hazard):
    events = mixed_events()
    found = fit(events, event_time_model(hazard, ["X"]))
    linear = linear_predictors(found)
    time = np.column_stack((events.start, events.stop, events.upper))
    _, slope = row_log_likelihoods(hazard, time, events.kind, linear)
    for k in range(linear.shape[1]):
        step = np.zeros(linear.shape)
        step[:, k] = 1e-6
        up, down = (row_log_likelihoods(hazard, time, events.kind, linear + s)[0] for s in (step, -step))
        assert slope[:, k] == pytest.approx((up - down) / 2e-6, rel=1e-6, abs=1e-6)


def test_scores_of_a_weibull_hazard_are_those_of_its_closed_form():
    events = weibull_events()
    found = fit(events, event_time_model("weibull", ["X"]))
    shape = float(found.model.natural(found.theta)[1])
    x, event = events.covariates["X"], events.kind == 1
    total = np.exp(found.theta[0] + found.theta[2] * x) * events.stop**shape
    expected = np.column_stack(
        (
            event - total,
            event * (1.0 + shape * np.log(events.stop)) - total * shape * np.log(events.stop),
            (event - total) * x,
        )
    )
    assert subject_log_likelihoods(found)[1] == pytest.approx(expected, rel=1e-9, abs=1e-9)


@pytest.mark.parametrize("hazard", [Hazard.EXPONENTIAL, Hazard.WEIBULL, Hazard.GOMPERTZ, Hazard.SURGE])
def test_a_hazard_beyond_all_numbers_leaves_no_likelihood_of_being_free_and_certainty_of_the_event_by_a_day(
    hazard: Hazard,
):
    # Late entry, where the hazard before it is beyond all numbers as well; an event; one by the end of an interval from day 0 on.
    time = np.array([[28.0, 90.0, 90.0], [28.0, 60.0, 60.0], [0.0, 0.0, 20.0], [0.0, 0.0, 20.0]])
    kind = np.array([0, 1, 2, 2])
    linear = np.zeros((4, len(hazard.parameters)))
    linear[:, 0] = [800.0, 800.0, 800.0, np.nan]
    value, slope = row_log_likelihoods(hazard, time, kind, linear)
    assert value[:2].tolist() == [-np.inf, -np.inf]
    assert value[2] == 0.0
    assert slope[2].tolist() == [0.0] * linear.shape[1]
    assert np.isnan(value[3])

"""Kaplan and Meier's estimate against another package's, and mean fitted survival against its definition."""

from __future__ import annotations

import lifelines
import numpy as np
import pytest

from tests.tte.estimation.event_data import weibull_events, weibull_times
from tte.data.events import Events, events_of
from tte.estimation.fit import fit
from tte.estimation.kaplan_meier import kaplan_meier
from tte.estimation.model import event_time_model
from tte.estimation.prediction import survival_curve
from tte.hazards.hazard import Hazard


@pytest.mark.parametrize("has_entry", [False, True])
def test_steps_and_intervals_agree_with_lifelines_with_ties_and_delayed_entry(has_entry):
    time, event, _ = weibull_times(80)
    time = np.ceil(time)
    entry = np.where(np.arange(80) % 3 == 0, np.floor(0.3 * time), 0.0) if has_entry else np.zeros(80)
    ours = kaplan_meier(events_of(time, event, entry=entry))
    theirs = lifelines.KaplanMeierFitter().fit(time, event, entry=entry if has_entry else None)
    expected = theirs.survival_function_.loc[ours.day].to_numpy().ravel()
    assert ours.survival == pytest.approx(expected, abs=1e-12)
    interval = theirs.confidence_interval_.loc[ours.day].to_numpy()
    is_inside = ours.survival > 0.0
    assert np.column_stack((ours.lower, ours.upper))[is_inside] == pytest.approx(interval[is_inside], abs=1e-10)


def test_rows_of_a_counting_process_count_once():
    time, event, _ = weibull_times(50)
    whole = events_of(time, event)
    half = 0.5 * time
    parts = Events(
        whole.ids,
        np.repeat(np.arange(50), 2),
        np.column_stack((np.zeros(50), half)).ravel(),
        np.column_stack((half, time)).ravel(),
        np.column_stack((half, time)).ravel(),
        np.column_stack((np.zeros(50, dtype=np.int64), whole.kind)).ravel(),
    )
    assert kaplan_meier(parts).survival == pytest.approx(kaplan_meier(whole).survival, abs=1e-14)


@pytest.mark.parametrize("hazard", list(Hazard))
def test_mean_survival_and_its_band_are_those_of_the_estimates(hazard):
    found = fit(weibull_events(40), event_time_model(hazard, ["X"]))
    curve = survival_curve(found, np.array([0.0, 5.0, 20.0]))
    assert curve.survival[0] == 1.0
    assert (curve.lower <= curve.survival).all()
    assert (curve.survival <= curve.upper).all()


def test_the_band_of_a_rate_is_that_of_its_interval():
    found = fit(weibull_events(40), event_time_model("exponential"))
    curve = survival_curve(found, np.array([0.0, 5.0]))
    ends = np.exp(-5.0 * np.exp(found.theta[0] + np.array([1.0, -1.0]) * 1.959963984540054 * found.se[0]))
    assert [curve.lower[1], curve.upper[1]] == pytest.approx(ends, rel=1e-6)

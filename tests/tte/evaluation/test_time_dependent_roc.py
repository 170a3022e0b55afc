"""Areas that depend on time against their definitions."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.integrate import dblquad
from scipy.stats import norm

from pkpd.errors import InputError
from tests.tte.evaluation.drawn_times import drawn_times
from tte.evaluation.event_times import Known, event_times
from tte.evaluation.kaplan_meier import censoring_survival, stepped
from tte.evaluation.roc import auroc
from tte.evaluation.time_dependent_roc import AreaStatus, cumulative_dynamic_auc, incident_dynamic_auc


def test_the_area_is_that_of_all_weighted_pairs():
    times, marker = drawn_times(60, 2)
    days = np.array([20.0, 45.0, 62.0])
    found = cumulative_dynamic_auc(times, marker, "higher", days)
    uncensored = stepped(*censoring_survival(times), times.time_day, is_before=True)
    for day, value in zip(days, found.auc, strict=True):
        known = times.known_at(day)
        cases, controls = known == Known.EVENT, known == Known.FREE
        better = (marker[cases][:, None] > marker[controls]) + 0.5 * (marker[cases][:, None] == marker[controls])
        weight = 1.0 / uncensored[cases]
        assert value == pytest.approx((weight @ better.mean(axis=1)) / weight.sum(), abs=1e-13)
    assert (found.n_cases + found.n_controls + found.n_unknown).tolist() == [60] * 3


def test_without_censoring_it_is_the_binary_area():
    times, marker = drawn_times(50, 3)
    complete = event_times(times.time_day, np.ones(50))
    found = cumulative_dynamic_auc(complete, -marker, "lower", np.array([40.0])).auc[0]
    assert found == pytest.approx(auroc(marker, complete.time_day <= 40.0, "higher").area.value, abs=1e-14)


def test_a_landmark_leaves_out_earlier_events_and_estimates_censoring_from_there():
    times, marker = drawn_times(60, 4)
    later, kept = times.from_landmark(28.0)
    found = cumulative_dynamic_auc(later, marker[kept], "higher", np.array([20.0, 60.0]))
    assert found.status == (AreaStatus.NO_CASE, AreaStatus.FOUND)
    assert np.isnan(found.auc[0])
    shifted = event_times(later.time_day - 28.0, later.event)
    other = cumulative_dynamic_auc(shifted, marker[kept], "higher", np.array([32.0]))
    assert found.auc[1] == pytest.approx(other.auc[0], abs=1e-14)


def test_intervals_come_from_drawn_subjects():
    times, marker = drawn_times(71, 6)
    days = np.array([30.0, 60.0])
    found = cumulative_dynamic_auc(times, marker, "higher", days, n_draws=100, seed=2)
    assert np.all((found.low < found.auc) & (found.auc < found.high))
    again = cumulative_dynamic_auc(times, marker, "higher", days, n_draws=100, seed=2)
    assert np.array_equal(found.low, again.low)


def test_days_without_cases_or_without_controls_have_a_status():
    times = event_times([10.0, 20.0, 30.0], [1, 0, 1])
    found = cumulative_dynamic_auc(times, np.arange(3.0), "lower", np.array([5.0, 15.0, 30.0]), n_draws=5)
    assert found.status == (AreaStatus.NO_CASE, AreaStatus.FOUND, AreaStatus.NO_CONTROL)
    assert np.isnan(found.auc[[0, 2]]).all()
    assert found.n_unknown.tolist() == [0, 0, 1]


def test_late_entries_are_refused_where_weights_cannot_stand_for_them():
    times = event_times([5.0, 20.0], [1, 1], [0.0, 10.0])
    with pytest.raises(InputError, match="weights for censoring need everybody"):
        cumulative_dynamic_auc(times, np.arange(2.0), "higher", np.array([6.0]))


def test_censored_and_drawn_from_a_known_model_the_area_is_the_models():
    """Marker standard normal, hazard λe^x: the area by day t as an integral over both markers."""
    rng, rate, day = np.random.default_rng(5), 0.02, 40.0
    marker = rng.standard_normal(100_000)
    time, censored = rng.exponential(np.exp(-marker) / rate), rng.exponential(60.0, 100_000)
    times = event_times(np.minimum(time, censored), time <= censored)

    def free(x: float) -> float:
        return float(np.exp(-rate * day * np.exp(x)))

    concordant = dblquad(lambda y, x: norm.pdf(x) * norm.pdf(y) * (1 - free(x)) * free(y), -8, 8, -8, lambda x: x)[0]
    risk = dblquad(lambda y, x: norm.pdf(x) * norm.pdf(y) * (1 - free(x)), -8, 8, -8, 8)[0]
    found = cumulative_dynamic_auc(times, marker, "higher", np.array([day])).auc[0]
    assert found == pytest.approx(concordant / (risk * (1 - risk)), abs=0.008)


def test_the_incident_area_is_a_weighted_mean_of_places_in_risk_sets():
    times, marker = drawn_times(50, 7, is_late=True)
    days, width = np.array([30.0, 50.0]), 12.0
    sums = np.zeros((2, 2))
    for i in np.flatnonzero(times.event):
        day = times.time_day[i]
        stays = (times.time_day > day) | ((times.time_day == day) & ~times.event)
        others = marker[stays & (times.entry_day < day)]
        if others.size:
            place = (marker[i] > others).mean() + 0.5 * (marker[i] == others).mean()
            weight = np.maximum(1.0 - ((days - day) / width) ** 2, 0.0)
            sums += weight * np.array([[place], [1.0]])
    found = incident_dynamic_auc(times, marker, "higher", days, bandwidth_day=width)
    assert found == pytest.approx(sums[0] / sums[1], abs=1e-13)
    assert np.isnan(incident_dynamic_auc(times, marker, "higher", np.array([1e6]), bandwidth_day=width))

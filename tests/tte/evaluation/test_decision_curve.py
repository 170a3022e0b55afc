"""Net benefit by counting, and what must hold of it."""

from __future__ import annotations

import numpy as np
import pytest

from pkpd.errors import InputError
from tests.tte.evaluation.drawn_times import drawn_times
from tte.evaluation.decision_curve import decision_curve
from tte.evaluation.event_times import event_times
from tte.evaluation.kaplan_meier import kaplan_meier


def test_without_censoring_it_is_true_minus_weighted_false_positives():
    times = event_times([10.0, 20.0, 95.0, 95.0, 95.0], [1, 1, 0, 0, 0])
    risk = np.array([0.6, 0.2, 0.4, 0.1, 0.3])
    found = decision_curve(times, risk, np.array([0.25, 0.5]), horizon_day=90.0)
    assert found.model == pytest.approx([1 / 5 - 2 / 5 * (0.25 / 0.75), 1 / 5])
    assert found.everybody == pytest.approx([2 / 5 - 3 / 5 / 3, 2 / 5 - 3 / 5])
    assert found.n_above.tolist() == [3, 1]


def test_events_above_a_threshold_are_counted_by_their_own_kaplan_meier_risk():
    times, marker = drawn_times(71, 1)
    risk = -np.expm1(-60.0 / 80.0 * np.exp(0.8 * marker))
    found = decision_curve(times, risk, np.array([0.3, 0.5]), horizon_day=60.0)
    for k, p in enumerate((0.3, 0.5)):
        above = risk >= p
        seen = 1.0 - float(kaplan_meier(times.rows(above)).at(60.0))
        assert found.model[k] == pytest.approx(above.mean() * (seen - (1.0 - seen) * p / (1.0 - p)))
    everyone = 1.0 - float(kaplan_meier(times).at(60.0))
    assert found.everybody == pytest.approx([everyone - (1 - everyone) * p / (1 - p) for p in (0.3, 0.5)])


def test_nobody_above_has_no_benefit_and_everybody_above_that_of_treating_all():
    times, _ = drawn_times(30, 2)
    found = decision_curve(times, np.full(30, 0.4), np.array([0.3, 0.4, 0.5]), horizon_day=60.0)
    assert found.model[:2] == pytest.approx(found.everybody[:2])
    assert found.model[2] == 0.0
    assert np.isnan(found.model_low).all()


def test_the_true_risk_has_the_largest_benefit_and_intervals_hold_it():
    times, marker = drawn_times(5_000, 3, is_tied=False)
    risk = -np.expm1(-60.0 / 80.0 * np.exp(0.8 * marker))
    thresholds = np.array([0.2, 0.4, 0.6, 0.8])
    found = decision_curve(times, risk, thresholds, horizon_day=60.0, n_draws=60, seed=1)
    assert np.all(found.model > np.maximum(found.everybody, 0.0))
    assert np.all(found.model >= decision_curve(times, risk**3, thresholds, horizon_day=60.0).model)
    assert np.all((found.model_low < found.model) & (found.model < found.model_high))
    assert np.all(found.difference_low[1:3] > 0.0)


@pytest.mark.parametrize("p", [0.0, 1.0, 1.5])
def test_thresholds_that_are_no_risks_are_refused(p):
    times, _ = drawn_times(5, 1)
    with pytest.raises(InputError, match="expected a risk above 0 and below 1"):
        decision_curve(times, np.full(5, 0.5), np.array([p]), horizon_day=10.0)

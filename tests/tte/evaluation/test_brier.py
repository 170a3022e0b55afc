"""Brier scores against their definition, and what must hold of them."""

from __future__ import annotations

import numpy as np
import pytest

from pkpd.errors import InputError
from tests.tte.evaluation.drawn_times import drawn_times
from tte.evaluation.brier import brier_at, integrated_brier
from tte.evaluation.event_times import Known, event_times
from tte.evaluation.kaplan_meier import censoring_survival, kaplan_meier, stepped


def test_the_score_is_that_of_grafs_formula():
    times, marker = drawn_times(60, 1)
    risk = 1.0 / (1.0 + np.exp(-marker))
    day = 47.0
    days, survival = censoring_survival(times)
    known, total = times.known_at(day), 0.0
    for i in range(60):
        if known[i] == Known.EVENT:
            total += (1 - risk[i]) ** 2 / stepped(days, survival, times.time_day[i], is_before=True)
        elif known[i] == Known.FREE:
            total += risk[i] ** 2 / stepped(days, survival, day)
    assert brier_at(times, risk, day).score.value == pytest.approx(total / 60, abs=1e-13)


def test_the_kaplan_meier_risk_for_everybody_has_the_score_of_the_reference():
    times, _ = drawn_times(60, 2)
    risk = 1.0 - float(kaplan_meier(times).at(47.0))
    found = brier_at(times, np.full(60, risk), 47.0)
    assert found.score.value == pytest.approx(risk * (1 - risk), abs=1e-13)
    assert found.reference == pytest.approx(risk * (1 - risk), abs=1e-13)
    assert found.scaled.value == pytest.approx(0.0, abs=1e-12)


def test_without_censoring_it_is_the_mean_squared_difference():
    times = event_times([10.0, 20.0, 30.0, 40.0], [1, 1, 1, 1])
    risk = np.array([0.9, 0.6, 0.5, 0.1])
    found = brier_at(times, risk, 25.0)
    assert found.score.value == pytest.approx(np.mean((risk - [1, 1, 0, 0]) ** 2))
    assert brier_at(times, np.array([1.0, 1.0, 0.0, 0.0]), 25.0).scaled.value == 1.0


def test_the_integrated_score_is_the_mean_over_days():
    times, marker = drawn_times(60, 3)
    days = np.array([20.0, 30.0, 50.0])
    risk = 1.0 - np.exp(-0.01 * days * np.exp(0.8 * marker)[:, None])
    single = [brier_at(times, risk[:, k], day).score.value for k, day in enumerate(days)]
    expected = (10 * (single[0] + single[1]) / 2 + 20 * (single[1] + single[2]) / 2) / 30
    found = integrated_brier(times, risk, days, n_draws=50)
    assert found.score.value == pytest.approx(expected)
    assert found.score.low < found.score.value < found.score.high
    assert found.scaled.low < found.scaled.value < found.scaled.high


def test_the_true_risk_scores_better_than_any_other():
    times, marker = drawn_times(20_000, 4, is_tied=False)
    # S(t) = exp(−t e^(0.8 x)/80), as the times were drawn.
    true = 1.0 - np.exp(-60.0 / 80.0 * np.exp(0.8 * marker))
    best = brier_at(times, true, 60.0).score.value
    assert best < brier_at(times, 0.8 * true, 60.0).score.value
    assert best < brier_at(times, np.sqrt(true), 60.0).score.value


def test_one_outcome_for_all_has_no_scale_and_a_horizon_nobody_reaches_is_refused():
    free = event_times([95.0, 100.0], [0, 0])
    found = brier_at(free, np.array([0.1, 0.2]), 90.0)
    assert found.score.value == pytest.approx(0.025)
    assert np.isnan(found.scaled.value)
    with pytest.raises(InputError, match="observation ends on day 100"):
        brier_at(free, np.array([0.1, 0.2]), 120.0)

"""The smooth calibration curve: splines, a known truth, and what it says where there is none."""

from __future__ import annotations

import numpy as np
import pytest

from tests.tte.evaluation.drawn_times import drawn_times
from tte.evaluation.calibration_curve import CurveStatus, calibration_curve, restricted_cubic_spline
from tte.evaluation.cox import cox_cumulative_hazard
from tte.evaluation.drawn_subjects import drawn_subjects
from tte.evaluation.event_times import event_times


def test_the_spline_is_linear_beyond_its_knots_and_smooth_at_them():
    knots = np.array([-1.0, 0.0, 0.7, 2.0])
    far = restricted_cubic_spline(np.array([3.0, 4.0, 5.0, -5.0, -4.0]), knots)
    assert far.shape == (5, 3)
    assert far[0] + far[2] == pytest.approx(2 * far[1])
    assert far[3:, 1:] == pytest.approx(0.0)
    step = 1e-4
    for knot in knots:
        near = restricted_cubic_spline(knot + step * np.arange(-2, 3), knots)
        left, right = near[2] - 2 * near[1] + near[0], near[4] - 2 * near[3] + near[2]
        assert right / step**2 == pytest.approx(left / step**2, abs=1e-2)


def test_a_calibrated_model_lies_on_the_diagonal_and_a_shifted_one_off_it():
    times, marker = drawn_times(20_000, 5, is_tied=False)
    risk = -np.expm1(-60.0 / 80.0 * np.exp(0.8 * marker))
    good = calibration_curve(times, risk, horizon_day=60.0)
    assert good.status is CurveStatus.FOUND
    assert good.ici.value < 0.01
    inner = (good.predicted > 0.05) & (good.predicted < 0.95)
    assert np.abs(good.observed - good.predicted)[inner].max() < 0.04
    halved = -np.expm1(-30.0 / 80.0 * np.exp(0.8 * marker))
    off = calibration_curve(times, halved, horizon_day=60.0)
    true = 1.0 - (1.0 - off.predicted) ** 2
    inner = (off.predicted > 0.05) & (off.predicted < 0.9)
    assert np.abs(off.observed - true)[inner].max() < 0.04
    assert off.e50.value <= off.e90.value
    assert off.ici.value == pytest.approx(np.abs(1 - (1 - halved) ** 2 - halved).mean(), abs=0.015)


def test_the_band_comes_from_drawn_subjects_and_failures_are_counted():
    times, marker = drawn_times(71, 7)
    risk = -np.expm1(-60.0 / 80.0 * np.exp(0.8 * marker))
    found = calibration_curve(times, risk, horizon_day=60.0, n_draws=20, seed=1)
    assert np.all(found.low <= found.high)
    assert np.mean((found.low <= found.observed) & (found.observed <= found.high)) > 0.9
    assert 0 <= found.n_failed <= 20


def test_distances_have_the_percentiles_of_those_of_drawn_subjects():
    times, marker = drawn_times(71, 7)
    risk = -np.expm1(-60.0 / 80.0 * np.exp(0.8 * marker))
    found = calibration_curve(times, risk, horizon_day=60.0, n_draws=40, seed=3)
    assert found.n_draws == 40
    # The same by hand: subjects written down as often as they are drawn, with knots of all subjects.
    knots = np.quantile(np.log(-np.log1p(-risk)), (0.1, 0.5, 0.9))
    means, medians = [], []
    for counts in drawn_subjects(71, 40, 3):
        rows = np.repeat(np.arange(71), counts.astype(int))
        spline = restricted_cubic_spline(np.log(-np.log1p(-risk[rows])), knots)
        hazard = cox_cumulative_hazard(times.rows(rows), spline, np.ones(rows.size), spline, day=60.0)
        assert hazard is not None
        distance = np.abs(-np.expm1(-hazard) - risk[rows])
        means.append(distance.mean())
        medians.append(np.median(distance))
    assert (found.ici.low, found.ici.high) == pytest.approx(np.quantile(means, (0.025, 0.975)), rel=1e-6)
    assert (found.e50.low, found.e50.high) == pytest.approx(np.quantile(medians, (0.025, 0.975)), rel=1e-6)
    assert found.e50.low <= found.e90.low < found.e90.high
    again = calibration_curve(times, risk, horizon_day=60.0, n_draws=40, seed=3)
    assert again.ici == found.ici
    bare = calibration_curve(times, risk, horizon_day=60.0)
    assert bare.ici.value == found.ici.value
    assert np.isnan(bare.ici.low)


def test_draws_without_a_curve_are_counted_and_in_no_interval():
    # Three events: where a draw has only one of them, the regression has no finite estimate.
    times = event_times([*np.linspace(40.0, 60.0, 20), 10.0, 20.0, 30.0], [0] * 20 + [1, 1, 1])
    risk = np.append(np.linspace(0.1, 0.5, 20), [0.3, 0.45, 0.2])
    found = calibration_curve(times, risk, horizon_day=60.0, n_draws=50, seed=1)
    assert 0 < found.n_failed < found.n_draws == 50
    assert 0.0 <= found.ici.low <= found.ici.high <= 1.0


def test_where_there_is_no_curve_a_status_says_why():
    times, marker = drawn_times(40, 2)
    assert calibration_curve(times, np.full(40, 0.2), horizon_day=60.0).status is CurveStatus.CONSTANT
    few = event_times([95.0] * 38 + [10.0, 20.0], [0] * 38 + [1, 1])
    risk = np.linspace(0.1, 0.5, 40)
    assert calibration_curve(few, risk, horizon_day=90.0).status is CurveStatus.TOO_FEW_EVENTS
    two_values = np.where(marker > 0.0, 0.6, 0.2)
    line = calibration_curve(times, two_values, horizon_day=60.0)
    assert line.status is CurveStatus.LINE
    assert line.observed[0] < line.observed[-1]

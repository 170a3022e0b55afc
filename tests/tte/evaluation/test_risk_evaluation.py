"""Evaluation of predicted risks: that each part is the one asked for, and sentences where there is none."""

from __future__ import annotations

import json
import math

import numpy as np
import pytest
from lifelines import NelsonAalenFitter

from tests.tte.evaluation.drawn_times import drawn_times
from tte.evaluation.brier import brier_at
from tte.evaluation.event_times import EventTimes, event_times
from tte.evaluation.risk_comparison import Comparator, compare_risk
from tte.evaluation.risk_document import comparison_entry, risk_entry
from tte.evaluation.risk_evaluation import PredictedRisk, RiskEvaluation, evaluate_risk, n_groups
from tte.evaluation.roc import is_high_risk
from tte.evaluation.threshold import until
from tte.figures.residuals import cox_snell_figure, schoenfeld_figure
from tte.figures.risk_evaluation import risk_figures

DAY = 60.0


def predicted(times: EventTimes, marker: np.ndarray) -> PredictedRisk:
    rate = np.exp(0.8 * marker) / 80.0
    return PredictedRisk(
        risk=-np.expm1(-rate * DAY),
        hazard_at_entry=rate * times.entry_day,
        hazard_at_time=rate * times.time_day,
        hazard_when_free=rate * times.time_day,
        log_hazard=np.log(rate * DAY),
        covariates=marker[:, None],
        coefficients=np.array([0.8]),
        names=("marker",),
    )


def evaluated(times: EventTimes, marker: np.ndarray, n_draws: int = 20) -> RiskEvaluation:
    return evaluate_risk(times, predicted(times, marker), horizon_day=DAY, n_draws=n_draws, seed=2)


@pytest.fixture(scope="module")
def drawn() -> tuple[EventTimes, np.ndarray]:
    times, marker = drawn_times(60, 3)
    return until(times, DAY), marker


def test_parts_are_those_of_their_own_modules(drawn):
    times, marker = drawn
    found = evaluated(times, marker)
    assert found.brier == brier_at(times, predicted(times, marker).risk, DAY, n_draws=20, seed=2)
    assert not isinstance(found.in_the_large, str)
    assert found.in_the_large.expected == pytest.approx((np.exp(0.8 * marker) * times.time_day).sum() / 80.0)
    assert found.marker.direction == "higher"


def test_cox_snell_residuals_have_the_hazard_that_lifelines_estimates(drawn):
    times, marker = drawn
    found = evaluated(times, marker).cox_snell
    assert not isinstance(found, str)
    fitter = NelsonAalenFitter(nelson_aalen_smoothing=False)
    other = fitter.fit(predicted(times, marker).hazard_at_time, times.event).cumulative_hazard_.iloc[:, 0]
    assert found.cumulative_hazard == pytest.approx(other.loc[found.residual].to_numpy(), rel=1e-9)


def test_progress_reaches_the_end_and_never_goes_back(drawn):
    told: list[float] = []
    times, marker = drawn
    evaluate_risk(times, predicted(times, marker), horizon_day=DAY, n_draws=5, seed=1, tell=told.append)
    assert told == sorted(told)
    assert told[-1] == pytest.approx(1.0)


@pytest.mark.parametrize("n_events", [0, 1, 12])
def test_without_one_of_the_outcomes_there_are_sentences_and_no_nan(n_events):
    marker = np.linspace(-1.0, 1.0, 12)
    times = event_times(np.linspace(10.0, 59.0, 12) if n_events == 12 else np.full(12, DAY), np.arange(12) < n_events)
    found = evaluated(times, marker)
    json.dumps(risk_entry(found, predicted(times, marker)), allow_nan=False)
    figures = list(
        risk_figures(found, times, predicted(times, marker), cut=0.5, population=("all", "all"), n_draws=5, seed=1)
    )
    assert figures
    if n_events == 0:
        assert isinstance(found.cox_snell, str)
        assert isinstance(found.schoenfeld, str)
    assert any(isinstance(one, str) for one in figures) == (n_events != 1)


def test_with_one_event_no_interval_is_drawn():
    marker = np.linspace(-1.0, 1.0, 12)
    found = evaluated(event_times(np.full(12, DAY), np.arange(12) == 6), marker)
    assert not isinstance(found.brier, str)
    assert math.isnan(found.brier.score.low)
    assert not isinstance(found.harrell, str)
    assert math.isnan(found.harrell.c.low)


def test_late_entries_leave_what_needs_no_weights():
    times, marker = drawn_times(60, 3, is_late=True)
    # Somebody who leaves before others enter.
    some = event_times(
        np.append(until(times, DAY).time_day, 1.0),
        np.append(until(times, DAY).event, False),
        np.append(times.entry_day, 0.0),
    )
    found = evaluated(some, np.append(marker, 0.0))
    assert isinstance(found.brier, str)
    assert "choose a landmark" in found.brier
    assert not isinstance(found.harrell, str)
    assert not isinstance(found.in_the_large, str)


@pytest.mark.parametrize(("n_events", "groups"), [(0, 2), (9, 2), (15, 3), (19, 3), (20, 4), (400, 4)])
def test_groups_have_about_five_events_each(n_events, groups):
    assert n_groups(n_events) == groups


def test_classes_are_compared_by_youden_and_risks_by_cut(drawn):
    times, marker = drawn
    risk = predicted(times, marker).risk
    rng = np.random.default_rng(1)
    other = np.where(np.arange(60) % 7 == 0, np.nan, marker + rng.standard_normal(60))
    # Without censoring weights are one.
    whole = EventTimes(np.where(times.event, times.time_day, DAY), times.event, times.entry_day)
    one = Comparator("other", "Other", other, "higher", 0.3, is_risk=False)
    found = compare_risk(whole, risk, one, cut=0.5, horizon_day=DAY, n_draws=10, seed=1)
    known = np.isfinite(other)
    case = whole.event[known]

    def youden(high: np.ndarray) -> float:
        return float(high[case].mean() - high[~case].mean())

    expected = youden(risk[known] >= 0.5) - youden(is_high_risk(other[known], 0.3, "higher"))
    assert not isinstance(found.moved, str)
    assert found.moved.nri.value == pytest.approx(expected, abs=1e-12)
    assert (found.n, found.n_missing, found.kind) == (int(known.sum()), int((~known).sum()), "class")
    assert "idi" not in comparison_entry(found)["reclassification"]

    second = Comparator("risk", "Risk", np.clip(risk * 0.7, 0.0, 1.0), "higher", 0.5, is_risk=True)
    gain = compare_risk(whole, risk, second, cut=0.5, horizon_day=DAY, n_draws=10, seed=1)
    assert not isinstance(gain.moved, str)
    slope = 0.3 * (risk[whole.event].mean() - risk[~whole.event].mean())
    assert gain.moved.idi.value == pytest.approx(slope, abs=1e-12)
    assert gain.difference is not None
    assert gain.difference.difference.value == pytest.approx(0.0, abs=1e-12)


def test_a_comparator_without_threshold_or_values_is_a_sentence(drawn):
    times, marker = drawn
    risk = predicted(times, marker).risk
    for values, said in (
        (marker, "No threshold of it has been published"),
        (np.full(60, np.nan), "Nobody has a value"),
    ):
        one = Comparator("other", "Other", values, "higher", None, is_risk=False)
        found = compare_risk(times, risk, one, cut=0.5, horizon_day=DAY, n_draws=5, seed=1)
        assert isinstance(found.moved, str)
        assert found.moved.startswith(said)


def test_figures_of_residuals_hold_what_was_computed(drawn):
    times, marker = drawn
    found = evaluated(times, marker)
    assert not isinstance(found.cox_snell, str)
    assert not isinstance(found.schoenfeld, str)
    one = cox_snell_figure(found.cox_snell, name="cox-snell", population="all")
    assert [row[:2] for row in one.table.rows] == list(
        zip(found.cox_snell.residual.tolist(), found.cox_snell.cumulative_hazard.tolist(), strict=True)
    )
    for mark in ("identity", "band", "hazard", "residuals"):
        assert f'data-marks="{mark}"' in one.svg
    other = schoenfeld_figure(found.schoenfeld, found.trend, 0, covariate="marker", name="schoenfeld", population="all")
    assert len(other.table.rows) == times.n_events
    assert 'data-marks="trend"' in other.svg

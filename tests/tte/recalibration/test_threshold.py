"""Where the threshold comes from."""

from __future__ import annotations

from typing import Any

import pytest

from tests.tte.recalibration.event_cohorts import X, cohort
from tte.data.events import landmark
from tte.evaluation.roc import roc_curve
from tte.evaluation.youden import youden
from tte.recalibration.population import population_of
from tte.recalibration.threshold import LEAST_EVENTS, choose_threshold, kept_threshold


def people(n, seed=14, **truth):
    return population_of(landmark(cohort(n, seed, **truth), 28.0).events, X, from_day=28.0)


def choose(who, rule: Any = "auto") -> Any:
    return choose_threshold(who, X, old=5.79, rule=rule, n_draws=60, seed=1)


def test_with_events_enough_it_is_the_best_youden_index():
    who = people(300, factor=1.5, slope=-0.9)
    found = choose(who)
    known = who.times.event | (who.times.time_day >= 90.0)
    best = youden(roc_curve(who.log_auc_cl[known], who.times.event[known], "lower"))
    assert found.is_chosen
    assert found.value == best.threshold
    assert found.interval[0] <= found.value <= found.interval[1]
    assert found.rule.threshold == found.value
    assert "Largest Youden J of" in found.why


def test_with_few_events_the_old_one_is_kept_and_the_sentence_says_why():
    who = people(60)
    assert who.times.n_events < LEAST_EVENTS
    found = choose(who)
    assert (found.value, found.is_chosen, found.interval) == (5.79, False, ())
    assert found.why.startswith("The old threshold 5.79 is kept. ")
    assert "a threshold is chosen from 10 with it and 10 without at least" in found.why
    assert found.rule.threshold == 5.79


def test_data_asks_for_one_all_the_same_and_old_never():
    who = people(60)
    assert choose(who, "data").is_chosen
    assert (
        choose(people(300, factor=1.5, slope=-0.9), "old").why == "The old threshold 5.79 is kept. That was asked for."
    )


def test_a_useless_marker_keeps_the_old_one():
    assert not choose(people(200, factor=1.5, slope=3.0), "auto").is_chosen


def test_nobody_with_the_event_keeps_the_old_one():
    found = choose(people(30, 1, factor=1e-6), "data")
    assert found.why.endswith("Nobody with a value of the marker has the event by the horizon.")


def test_outcomes_that_cannot_be_counted_keep_the_old_one():
    found = kept_threshold(5.79, "There is no calibration.", from_day=0.0)
    assert found.rule is None
    assert found.why == "The old threshold 5.79 is kept. There is no calibration."


@pytest.mark.parametrize("rule", ["auto", "data", "old"])
def test_the_old_one_is_evaluated_beside(rule):
    assert [one.threshold for one in choose(people(150, factor=1.5), rule).finding.given] == [5.79]

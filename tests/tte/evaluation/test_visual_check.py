"""Visual predictive check: simulated days and ends of observation against their laws, and the band against studies from the model."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from scipy.stats import kstest, norm

from pkpd.errors import InputError
from tests.tte.estimation.event_data import mixed_events, weibull_events
from tte.data.events import Events, events_of
from tte.estimation.fit import EventFit, FitOptions, fit
from tte.estimation.model import event_time_model
from tte.evaluation.found_events import found_times
from tte.evaluation.visits import examined, visits_of
from tte.evaluation.visual_check import (
    Censoring,
    RiskGroup,
    Simulation,
    VisualCheck,
    censoring_days,
    simulated_days,
    simulated_studies,
    visual_check,
)
from tte.hazards.hazard import Hazard

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pkpd.arrays import FloatArray

TRUE = {"lambda": 0.04, "shape": 1.4, "lambda:X": 0.5}


def everybody(events: Events) -> list[RiskGroup]:
    return [RiskGroup("all", np.ones(events.n_subjects, dtype=np.bool_))]


def check_of(found: EventFit, groups: Sequence[RiskGroup], *, n: int, seed: int, **how: Any) -> VisualCheck:
    what = Simulation(found, tuple(groups), seed, **how)
    return visual_check(what, simulated_studies(what, range(1, n + 1)))


@pytest.mark.parametrize("hazard", [Hazard.WEIBULL, Hazard.LOGNORMAL, Hazard.GOMPERTZ])
def test_days_given_entry_follow_the_survival_from_there(hazard: Hazard):
    values = {
        Hazard.WEIBULL: {"lambda": 0.02, "shape": 1.4},
        Hazard.LOGNORMAL: {"mu": 2.5, "sigma": 0.8},
        Hazard.GOMPERTZ: {"lambda": 0.02, "gamma": 0.04},
    }[hazard]
    laws = {
        Hazard.WEIBULL: lambda t: np.exp(-0.02 * t**1.4),
        Hazard.LOGNORMAL: lambda t: norm.sf((np.log(t) - 2.5) / 0.8),
        Hazard.GOMPERTZ: lambda t: np.exp(-0.02 * np.expm1(0.04 * t) / 0.04),
    }
    n = 4000
    events = events_of(np.full(n, 50.0), np.arange(n) == 0, entry=np.full(n, 7.0))
    model = event_time_model(hazard, initial=values)
    days = simulated_days(fit(events, model, FitOptions(0)), model.linear(np.array(list(values.values()))), _rng())
    survival = laws[hazard]
    assert days.min() > 7.0
    assert kstest(days, lambda t: 1.0 - survival(t) / survival(7.0)).pvalue > 0.01


def _rng() -> np.random.Generator:
    return np.random.default_rng(11)


def test_ends_of_observation_of_subjects_with_the_event_lie_beyond_it_and_follow_the_censoring():
    rng = np.random.default_rng(2)
    n = 3000
    happened, ended = rng.exponential(20.0, n), rng.uniform(0.0, 40.0, n)
    events = events_of(np.minimum(happened, ended), happened <= ended)
    times = found_times(events)
    drawn = censoring_days(times, Censoring.DRAWN, _rng())
    assert np.array_equal(drawn[~times.event], times.time_day[~times.event])
    assert (drawn >= times.time_day).all()
    # All together they are uniform again, as they were drawn.
    assert kstest(drawn, "uniform", args=(0.0, 40.0)).pvalue > 0.01
    end = censoring_days(times, Censoring.END, _rng())
    assert (end[times.event] == times.time_day.max()).all()


def test_the_band_holds_curves_of_studies_from_the_model_as_often_as_it_says():
    model = event_time_model("weibull", ["X"], initial=TRUE)
    share: list[float] = []
    for k in range(60):
        rng = np.random.default_rng([5, k])
        x = rng.normal(size=80)
        happened = (rng.exponential(size=80) / (0.04 * np.exp(0.5 * x))) ** (1.0 / 1.4)
        ended = rng.uniform(5.0, 25.0, 80)
        events = events_of(np.minimum(happened, ended), happened <= ended, covariates={"X": x})
        known = fit(events, model, FitOptions(0))
        check = check_of(known, everybody(events), n=200, seed=1, censoring=Censoring.DRAWN)
        at = np.searchsorted(check.day, [3.0, 6.0, 9.0, 12.0])
        one = check.groups[0]
        share.append(float(((one.observed >= one.low) & (one.observed <= one.high))[at].mean()))
    # Four correlated days of 60 studies: a standard error below 0.028 about 95 %, and a band of 200 studies is a little narrow.
    assert 0.88 < float(np.mean(share)) <= 1.0


def test_a_wrong_model_is_seen_outside_the_band():
    events = weibull_events(150)
    wrong = event_time_model("exponential", initial={"lambda": 0.02})
    check = check_of(fit(events, wrong, FitOptions(0)), everybody(events), n=100, seed=1, censoring=Censoring.DRAWN)
    one = check.groups[0]
    assert one.n_outside > 0.5 * one.n_event_days
    assert one.times.n_events > one.simulated_events[2]


def test_uncertain_estimates_widen_the_band_and_need_a_covariance_matrix():
    events = weibull_events(60)
    found = fit(events, event_time_model("weibull", ["X"]))
    plain, uncertain = (
        check_of(found, everybody(events), n=200, seed=1, censoring=Censoring.END, is_uncertain=one).groups[0]
        for one in (False, True)
    )
    middle = slice(40, 120)
    assert np.nanmean((uncertain.high - uncertain.low)[middle]) > np.nanmean((plain.high - plain.low)[middle])
    known = fit(events, event_time_model("weibull", ["X"], initial=TRUE), FitOptions(0))
    with pytest.raises(InputError, match="no covariance matrix"):
        check_of(known, everybody(events), n=20, seed=1, censoring=Censoring.END, is_uncertain=True)


def test_groups_are_parts_of_the_same_studies():
    events = weibull_events(60)
    found = fit(events, event_time_model("weibull", ["X"]))
    is_high = events.covariates["X"] > 0.0
    groups = [*everybody(events), RiskGroup("low", ~is_high), RiskGroup("high", is_high)]
    together = check_of(found, groups, n=30, seed=3, censoring=Censoring.DRAWN)
    alone = check_of(found, groups[2:], n=30, seed=3, censoring=Censoring.DRAWN)
    assert np.array_equal(together.groups[2].median, alone.groups[0].median, equal_nan=True)
    assert [one.times.n for one in together.groups] == [60, int((~is_high).sum()), int(is_high.sum())]


def test_a_study_depends_on_the_seed_and_its_own_number_alone():
    found = fit(weibull_events(40), event_time_model("weibull", ["X"]))
    what = Simulation(found, tuple(everybody(found.events)), 5, Censoring.DRAWN, is_uncertain=True)
    whole, part = simulated_studies(what, range(1, 31)), simulated_studies(what, range(11, 21))
    assert np.array_equal(whole.curves[:, 10:20], part.curves, equal_nan=True)
    assert np.array_equal(whole.n_events[:, 10:20], part.n_events)


VISITS = (4.0, 8.0, 12.0, 16.0)


def _seen_at_visits(time: FloatArray, ended: FloatArray, x: FloatArray) -> Events:
    """Return subjects who are examined at visits and on their last day."""
    days = np.array([0.0, *VISITS, np.inf])
    place = np.searchsorted(days, time)
    is_event = time <= ended
    stop = np.where(is_event, days[place - 1], ended)
    upper = np.where(is_event, np.minimum(days[place], ended), np.nan)
    return events_of(stop, is_event, upper=upper, covariates={"X": x})


def test_the_band_of_intervals_holds_curves_of_studies_from_the_model_as_often_as_it_says():
    model = event_time_model("weibull", ["X"], initial=TRUE)
    share: list[float] = []
    for k in range(25):
        rng = np.random.default_rng([6, k])
        x = rng.normal(size=80)
        happened = (rng.exponential(size=80) / (0.04 * np.exp(0.5 * x))) ** (1.0 / 1.4)
        ended = rng.uniform(5.0, 20.0, 80)
        events = _seen_at_visits(happened, ended, x)
        check = check_of(
            fit(events, model, FitOptions(0)),
            everybody(events),
            n=60,
            seed=1,
            censoring=Censoring.DRAWN,
            visits=VISITS,
        )
        one, at = check.groups[0], np.searchsorted(check.day, VISITS[:3])
        share.append(float(((one.observed >= one.low) & (one.observed <= one.high))[at].mean()))
    # Three correlated days of 25 studies, and a band of 60 studies is a little narrow.
    assert 0.84 < float(np.mean(share)) <= 1.0


def test_simulated_curves_of_intervals_are_those_of_the_model_on_days_of_visits():
    rng = np.random.default_rng(8)
    x = rng.normal(size=3000)
    happened = (rng.exponential(size=3000) / (0.04 * np.exp(0.5 * x))) ** (1.0 / 1.4)
    events = _seen_at_visits(happened, np.full(3000, 16.0), x)
    known = fit(events, event_time_model("weibull", ["X"], initial=TRUE), FitOptions(0))
    check = check_of(known, everybody(events), n=20, seed=1, censoring=Censoring.DRAWN, visits=visits_of(events))
    grown = 0.04 * np.array(VISITS)[:, None] ** 1.4 * np.exp(0.5 * x)
    found = check.groups[0].median[np.searchsorted(check.day, VISITS)]
    # A binomial standard error of 0.009, and that of the median of twenty.
    assert found == pytest.approx(np.exp(-grown).mean(axis=1), abs=0.01)


def test_what_visits_tell_of_an_event():
    happened = np.array([3.0, 8.0, 9.0, 11.5, 30.0, 5.0])
    ended = np.array([20.0, 20.0, 11.0, 12.0, 20.0, 20.0])
    entry = np.array([0.0, 0.0, 0.0, 9.0, 0.0, 0.0])
    is_exact = np.array([False, False, False, False, True, True])
    free, by = examined(happened, ended, entry, np.array([4.0, 8.0, 16.0]), is_exact)
    # Before the first visit, on a visit, found on the last day, after a late entry, never, and known by the day.
    assert free.tolist() == [0.0, 4.0, 8.0, 9.0, 20.0, 5.0]
    assert by.tolist() == [4.0, 8.0, 11.0, 12.0, np.inf, 5.0]


def test_visits_are_the_ends_of_intervals_that_do_not_overlap():
    events = events_of([0.0, 14.0, 28.0, 50.0], [1, 1, 1, 0], upper=[14.0, 28.0, 42.0, np.nan])
    assert visits_of(events) == (14.0, 28.0, 42.0)
    assert visits_of(events, (42.0, 14.0)) == (14.0, 42.0)
    assert visits_of(events_of([3.0, 5.0], [1, 0])) == ()
    overlapping = events_of([0.0, 14.0], [1, 1], upper=[20.0, 28.0])
    with pytest.raises(InputError, match=r"from day 0 to day 20 \(subject 1\) .* on day 14, .* --visit DAY"):
        visits_of(overlapping)
    assert visits_of(overlapping, (20.0, 28.0)) == (20.0, 28.0)
    with pytest.raises(InputError, match="--visit: 0 is no day of a visit"):
        visits_of(overlapping, (0.0, 28.0))


def test_counting_process_rows_and_intervals_after_different_entries_are_refused():
    with pytest.raises(
        InputError, match=r"intervals \(TIME2\) of subjects who enter on different days, from day 0 to day"
    ):
        found_times(mixed_events())
    one = events_of([5.0, 9.0], [0, 1])
    rows = Events(("1",), np.zeros(2, dtype=np.int64), np.array([0.0, 5.0]), one.stop, one.upper, one.kind)
    with pytest.raises(InputError, match="2 rows of 1 subject"):
        found_times(rows)

"""Turnbull's estimate against lifelines, Kaplan and Meier's, and a search of the likelihood itself."""

from __future__ import annotations

import numpy as np
import pytest
from lifelines.fitters.npmle import npmle
from scipy.optimize import minimize

from tte.evaluation.event_times import EventTimes
from tte.evaluation.kaplan_meier import kaplan_meier
from tte.evaluation.turnbull import turnbull


def _drawn(n: int, seed: int, *, visits: int) -> tuple[np.ndarray, np.ndarray]:
    """Return subjects who are seen on days of their own, so that intervals overlap."""
    rng = np.random.default_rng(seed)
    happened = rng.weibull(1.3, n) * 60.0
    free, by = np.zeros(n), np.full(n, np.inf)
    for i in range(n):
        days = np.sort(rng.integers(1, 100, visits))
        before, after = days[days < happened[i]], days[days >= happened[i]]
        free[i] = before[-1] if before.size else 0.0
        by[i] = after[0] if after.size else np.inf
    return free, by


def _log_likelihood(free, by, left, right, mass):
    inside = (
        (left >= free[:, None])
        & (right <= by[:, None])
        & ~((left == right) & (left == free[:, None]) & (by > free)[:, None])
    )
    return float(np.log(inside @ mass).sum())


def test_without_intervals_it_is_the_estimate_of_kaplan_and_meier():
    rng = np.random.default_rng(3)
    time = np.ceil(rng.exponential(20.0, 60))
    event = rng.random(60) < 0.6
    found = turnbull(time, np.where(event, time, np.inf))
    curve = kaplan_meier(EventTimes(time, event, np.zeros(60)))
    assert found.found_by(curve.time_day) == pytest.approx(curve.survival, abs=1e-12)
    assert found.steps() == pytest.approx(curve.time_day[: found.steps().size])


def test_intervals_between_common_visits_are_the_product_limit_of_the_visits():
    visits = np.array([0.0, 14.0, 28.0, 42.0, 90.0])
    rng = np.random.default_rng(5)
    at = rng.integers(1, 5, 80)
    event = rng.random(80) < 0.5
    last = np.where(event, visits[at], rng.uniform(1.0, 95.0, 80).round(1))
    found = turnbull(np.where(event, visits[at - 1], last), np.where(event, last, np.inf))
    curve = kaplan_meier(EventTimes(last, event, np.zeros(80)))
    assert found.found_by(visits[1:]) == pytest.approx(curve.at(visits[1:]), abs=1e-12)


@pytest.mark.parametrize(("seed", "visits"), [(1, 1), (2, 3), (7, 6)])
def test_overlapping_intervals_reach_the_likelihood_of_lifelines(seed: int, visits: int):
    free, by = _drawn(60, seed, visits=visits)
    found = turnbull(free, by)
    mass = -np.diff(found.survival, prepend=1.0)
    own = _log_likelihood(free, by, found.left, found.right, mass)
    # lifelines takes closed intervals: of whole days, those that only touch are parted by half a day.
    theirs, inner = npmle(free + 0.5, np.where(np.isinf(by), 1e6, by), tol=1e-10)
    left, right = np.array([[one.left, one.right] for one in inner]).T
    value = _log_likelihood(free, by, left - 0.5, np.where(right >= 1e6, np.inf, right), np.asarray(theirs))
    assert own == pytest.approx(value, abs=1e-4)
    assert own >= value - 1e-5
    days = np.unique(by[np.isfinite(by)])
    their_curve = 1.0 - np.array([np.asarray(theirs)[right <= day].sum() for day in days])
    assert found.found_by(days) == pytest.approx(their_curve, abs=5e-3)


def test_days_and_intervals_together_have_the_greatest_likelihood():
    free = np.array([0.0, 5.0, 7.0, 7.0, 3.0, 10.0, 12.0, 4.0, 9.0])
    by = np.array([10.0, 5.0, 12.0, 7.0, 9.0, np.inf, np.inf, 14.0, 9.0])
    found = turnbull(free, by)
    mass = -np.diff(found.survival, prepend=1.0)
    k = mass.size

    def minus(x):
        share = np.exp(x - x.max())
        return -_log_likelihood(free, by, found.left, found.right, share / share.sum())

    best = min(minimize(minus, start, method="BFGS").fun for start in np.random.default_rng(1).normal(size=(6, k)))
    assert _log_likelihood(free, by, found.left, found.right, mass) >= -best - 1e-5
    # No probability elsewhere would make it greater: the derivative of the likelihood by what a further place takes is at most n.
    places = [(day, day) for day in np.arange(0.5, 15.0, 0.5)]
    value = _log_likelihood(free, by, found.left, found.right, mass)
    for day, _ in places:
        moved = 0.999 * mass
        more = _log_likelihood(
            free, by, np.append(found.left, day), np.append(found.right, day), np.append(moved, 0.001)
        )
        assert more <= value + 1e-5


def test_what_nobody_was_watched_long_enough_to_see_stays_beyond():
    found = turnbull(np.array([5.0, 8.0, 8.0]), np.array([7.0, np.inf, np.inf]))
    assert found.found_by(np.array([6.0, 7.0, 100.0])) == pytest.approx([1.0, 2.0 / 3.0, 2.0 / 3.0])
    assert found.steps().tolist() == [7.0]

from __future__ import annotations

import numpy as np
import pytest

from tte import load_event_model, risk_day90
from tte.hazards import weibull
from tte.model.simulate import FollowUp, draw_event_times

MODEL = load_event_model()


def test_events_come_with_the_risk_of_the_model():
    """At each exposure the share with an event by days 28 and 90, within four standard errors."""
    n = 40_000
    for x in (4.0, 5.79, 8.0):
        day, has_event = draw_event_times(
            MODEL, np.full(n, x), FollowUp(lost=0.0, is_whole_days=False), np.random.default_rng(1)
        )
        log_rate = MODEL.log_rate + MODEL.slope * (x - MODEL.x_ref)
        for until, risk in ((90.0, risk_day90(MODEL, x)), (28.0, weibull.risk(28.0, log_rate, shape=MODEL.shape))):
            share = float((has_event & (day <= until)).mean())
            assert abs(share - float(risk)) < 4.0 * np.sqrt(float(risk) * (1.0 - float(risk)) / n)
        assert (day[~has_event] == 90.0).all()


def test_whole_days_are_those_of_the_same_events():
    exact = draw_event_times(MODEL, np.full(500, 5.0), FollowUp(is_whole_days=False), np.random.default_rng(2))
    whole = draw_event_times(MODEL, np.full(500, 5.0), FollowUp(), np.random.default_rng(2))
    assert (whole[0] == np.ceil(exact[0])).mean() > 0.99
    assert (whole[0] >= 1.0).all()
    assert (whole[0] == np.round(whole[0])).all()


def test_the_lost_are_lost_before_the_end():
    day, has_event = draw_event_times(MODEL, np.full(4000, 9.0), FollowUp(lost=0.5), np.random.default_rng(3))
    seen = day[~has_event]
    assert (seen < 90.0).mean() == pytest.approx(0.5, abs=0.05)


def test_without_drug_the_event_is_at_once():
    day, has_event = draw_event_times(MODEL, np.array([-np.inf]), FollowUp(), np.random.default_rng(4))
    assert has_event.all()
    assert day[0] == 1.0

"""A recalibrated event model, as a hospital would have it."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

from tests.tte.recalibration.event_cohorts import PUBLISHED, X, cohort
from tte.data.events import landmark
from tte.recalibration.model_text import Identity, recalibrated_model
from tte.recalibration.population import population_of
from tte.recalibration.recalibrate import Request, recalibrate
from tte.recalibration.threshold import choose_threshold

if TYPE_CHECKING:
    from tte import EventModel

EVENTS = cohort(220, 14, factor=1.8, slope=-0.7)


@cache
def recalibrated(method: str = "bayes") -> EventModel:
    """Return the shipped model recalibrated on made-up patients."""
    found = recalibrate(EVENTS, Request(PUBLISHED, X, method, n_draws=2))  # type: ignore[arg-type]
    people = population_of(landmark(EVENTS, 28.0).events, X, from_day=28.0)
    threshold = choose_threshold(people, X, old=PUBLISHED.threshold, rule="auto", n_draws=50, seed=1)
    return recalibrated_model(found, threshold, Identity("our_hospital", "2.1.0", "our.toml", "e.csv", "ab" * 32))[1]

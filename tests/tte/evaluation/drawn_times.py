"""Event times for tests: small and full of ties, or large."""

from __future__ import annotations

import numpy as np

from tte.evaluation.event_times import EventTimes, event_times


def drawn_times(n: int, seed: int, *, is_late: bool = False, is_tied: bool = True) -> tuple[EventTimes, np.ndarray]:
    """Return times and a marker that raises the hazard; whole days and markers of one decimal where tied."""
    rng = np.random.default_rng(seed)
    marker = rng.standard_normal(n)
    time = rng.exponential(80.0 * np.exp(-0.8 * marker))
    censored = rng.uniform(20.0, 150.0, n)
    entry = np.where(rng.uniform(size=n) < 0.5, 0.0, rng.uniform(0.0, 15.0, n)) if is_late else np.zeros(n)
    event, last = time <= censored, np.minimum(time, censored)
    if is_tied:
        last, entry, marker = np.ceil(last / 5.0) * 5.0, np.floor(entry), np.round(marker, 1)
    last = np.maximum(last, entry + 1.0)
    return event_times(last, event, entry), marker

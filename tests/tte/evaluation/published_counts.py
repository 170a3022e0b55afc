"""A made-up cohort with the published counts: 71 patients, 11 events by day 90, 5 of them before day 28, 5/14 and 1/52 beyond.

Values are drawn, so that no row is anybody's.
"""

from __future__ import annotations

import csv
from typing import TYPE_CHECKING

import numpy as np

from tte.evaluation.event_times import EventTimes, event_times

if TYPE_CHECKING:
    from pathlib import Path

THRESHOLD = 5.79


def published_counts(seed: int = 1) -> tuple[EventTimes, dict[str, np.ndarray]]:
    """Return event times and columns (log_auc_cl, cl, alb, sex) of the cohort."""
    rng = np.random.default_rng(seed)
    low, high = rng.uniform(1.5, 5.6, 14), rng.uniform(5.9, 8.84, 52)
    # The nearest ones lie on both sides of the threshold, with an event below, so that the best threshold is between them.
    low[0], high[0] = 5.77, 5.81
    early_marker = rng.uniform(2.0, 7.0, 5)
    marker = np.concatenate([low, high, early_marker])
    event = np.concatenate([np.arange(14) < 5, np.arange(52) == 30, np.ones(5, bool)])
    time = np.where(event, rng.integers(32, 85, 71), 90).astype(float)
    time[66:] = [11.0, 14.0, 18.0, 21.0, 26.0]
    time[[20, 40, 60]] = [95.0, 120.0, 90.0]
    clearance = np.round(np.exp(-0.7 - 0.25 * (marker - 6.5) + 0.2 * rng.standard_normal(71)), 3)
    columns = {
        "log_auc_cl": np.round(marker, 2),
        "cl": clearance,
        "alb": np.round(31.0 - 8.0 * (clearance - 0.5) + 3.0 * rng.standard_normal(71), 1),
        "sex": (rng.uniform(size=71) < 0.65).astype(float),
    }
    return event_times(time, event), columns


def write_events(file: Path, times: EventTimes, columns: dict[str, np.ndarray]) -> Path:
    """Write a file of event times."""
    with file.open("w", newline="") as stream:
        writer = csv.writer(stream)
        writer.writerow(["ID", "TIME", "EVENT", *(name.upper() for name in columns)])
        for i in range(times.n):
            values = [f"{column[i]:g}" if np.isfinite(column[i]) else "." for column in columns.values()]
            writer.writerow([f"P{i + 1}", f"{times.time_day[i]:g}", int(times.event[i]), *values])
    return file

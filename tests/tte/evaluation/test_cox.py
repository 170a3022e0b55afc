"""Cox regression beside lifelines."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from lifelines import CoxPHFitter

from tests.tte.evaluation.drawn_times import drawn_times
from tte.evaluation.cox import cox_cumulative_hazard
from tte.evaluation.event_times import event_times


@pytest.mark.parametrize("is_late", [False, True])
def test_the_hazard_is_that_of_lifelines_with_weights_and_late_entry(is_late):
    times, marker = drawn_times(80, 1, is_late=is_late, is_tied=False)
    x = np.column_stack([marker, marker**2])
    counts = np.random.default_rng(1).integers(0, 2, 80).astype(float)
    used = counts > 0.0
    frame = pd.DataFrame(x[used], columns=pd.Index(["a", "b"])).assign(
        time=times.time_day[used], event=times.event[used], entry=times.entry_day[used]
    )
    other = CoxPHFitter().fit(frame, "time", "event", entry_col="entry")
    beta = other.params_.to_numpy()
    # lifelines' own baseline hazard takes no notice of late entries.
    base = 0.0
    for day in times.time_day[used & times.event]:
        if day <= 50.0:
            at_risk = used & (times.entry_day < day) & (times.time_day >= day)
            base += 1.0 / np.exp(x[at_risk] @ beta).sum()
    new = np.array([[0.0, 0.0], [1.0, 1.0], [-0.5, 2.0]])
    found = cox_cumulative_hazard(times, x, counts, new, day=50.0)
    assert found == pytest.approx(base * np.exp(new @ beta), rel=1e-4)


def test_subjects_that_count_twice_are_two_subjects():
    times, marker = drawn_times(60, 2, is_late=True)
    counts = np.random.default_rng(3).integers(0, 3, 60)
    rows, places = np.repeat(np.arange(60), counts), np.array([[0.0], [1.0]])
    often = cox_cumulative_hazard(times, marker[:, None], counts.astype(float), places, day=40.0)
    once = cox_cumulative_hazard(times.rows(rows), marker[rows][:, None], np.ones(rows.size), places, day=40.0)
    assert often == pytest.approx(once, rel=1e-9)


def test_no_event_a_constant_and_a_likelihood_that_rises_without_end_have_no_estimate():
    x, ones = np.arange(4.0)[:, None], np.ones(4)
    free = event_times([1.0, 2.0, 3.0, 4.0], [0, 0, 0, 0])
    parted = event_times([4.0, 3.0, 2.0, 1.0], [1, 1, 1, 1])
    assert cox_cumulative_hazard(free, x, ones, x, day=2.0) is None
    assert cox_cumulative_hazard(parted, np.ones((4, 1)), ones, x, day=2.0) is None
    assert cox_cumulative_hazard(parted, x, ones, x, day=2.0) is None

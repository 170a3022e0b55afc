"""The closed testing procedure: statistics by hand, where it stops, and its level."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy.stats import chi2

from tests.tte.recalibration.event_cohorts import PUBLISHED, X, cohort
from tte.data.events import events_of
from tte.recalibration.closed_test import closed_test
from tte.recalibration.updates import Update, nested_fits


def test_statistics_are_differences_of_the_likelihoods_against_chi_square():
    nested = nested_fits(cohort(200, 3, factor=1.5), PUBLISHED, X)
    found = closed_test(nested)
    assert [(test.smaller.value, test.n_degrees) for test in found.tests] == [
        ("original", 3),
        ("intercept", 2),
        ("slope", 1),
    ]
    for test in (*found.tests, *found.steps):
        expected = 2.0 * (nested[test.larger].log_likelihood - nested[test.smaller].log_likelihood)
        assert test.statistic == pytest.approx(expected, abs=1e-9)
        assert test.p == pytest.approx(chi2.sf(expected, test.n_degrees), rel=1e-9)
    assert sum(step.statistic for step in found.steps) == pytest.approx(found.tests[0].statistic, abs=1e-8)


@pytest.mark.parametrize(
    ("truth", "expected"),
    [
        ({}, Update.ORIGINAL),
        ({"factor": 2.0}, Update.INTERCEPT),
        ({"slope": -0.1}, Update.SLOPE),
        ({"shape": 1.9}, Update.REFIT),
    ],
    ids=["nothing", "baseline", "effect", "shape"],
)
def test_many_patients_show_what_has_changed(truth, expected):
    assert closed_test(nested_fits(cohort(6000, 12, **truth), PUBLISHED, X)).recommended is expected


def test_the_level_holds_for_the_whole_procedure():
    """Of 200 cohorts of 300 from the old model about 5 % get another one: at most 10 % (p of more below 0.003)."""
    changed = [
        closed_test(nested_fits(cohort(300, 1000 + k), PUBLISHED, X)).recommended is not Update.ORIGINAL
        for k in range(200)
    ]
    assert np.mean(changed) <= 0.10


def test_a_fit_without_a_maximum_leaves_the_procedure_open():
    x = np.concatenate([np.full(5, 4.0), np.linspace(6.0, 8.0, 20)])
    events = events_of(np.where(x < 5.0, 20.0 + np.arange(25), 90.0), x < 5.0, covariates={X: x})
    found = closed_test(nested_fits(events, PUBLISHED, X))
    assert found.recommended is None
    assert math.isnan(found.tests[0].p)
    assert not math.isnan(found.steps[0].p)

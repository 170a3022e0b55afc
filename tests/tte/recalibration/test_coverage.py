"""Intervals of the new risk over cohorts whose truth is drawn from the old model's own uncertainty: they must cover it as often as they say."""

from __future__ import annotations

import math

import numpy as np
import pytest

from tests.tte.recalibration.event_cohorts import PUBLISHED, X, cohort
from tte.recalibration.parameters import log_hazard
from tte.recalibration.posterior import event_data, posterior, posterior_parameters
from tte.recalibration.prior import prior_of
from tte.recalibration.updates import Update, fit_update, updated_parameters

N_COHORTS = 150
PLACES = np.array([5.0, 5.79, 6.7, 8.0])


def by_posterior(events):
    prior = prior_of(PUBLISHED)
    return posterior_parameters(posterior(event_data(events, X, prior), prior, step=1.0), PUBLISHED.x_ref)


def by_likelihood(update):
    return lambda events: updated_parameters(fit_update(events, PUBLISHED, X, update), PUBLISHED)


@pytest.mark.parametrize(
    "made",
    [pytest.param(by_posterior, marks=pytest.mark.slow), by_likelihood(Update.INTERCEPT), by_likelihood(Update.SLOPE)],
    ids=["bayes", "intercept", "slope"],
)
def test_95_percent_intervals_cover_a_truth_drawn_from_the_old_uncertainty(made):
    """Baseline, β and, as it is in the prior, γ are drawn; 150 cohorts give 95 % with a standard error of 1.8 %."""
    rng = np.random.default_rng(99)
    is_covered = []
    for k in range(N_COHORTS):
        factor = math.exp(rng.normal(0.0, 1.0 / math.sqrt(11.0)))
        slope, shape = rng.normal(PUBLISHED.slope, 0.22), math.exp(rng.normal(math.log(1.08), 0.302))
        found = made(cohort(150, 5000 + k, factor=factor, slope=slope, shape=shape))
        mean, sd = log_hazard(found, PLACES, day=90.0)
        log_rate = PUBLISHED.log_rate + math.log(factor) + PUBLISHED.shape * math.log(90.0)
        truth = log_rate + slope * (PLACES - PUBLISHED.x_ref)
        is_covered.append(np.abs(mean - truth) < 1.959964 * sd)
    covered = np.mean(is_covered, axis=0)
    assert (covered > 0.885).all()
    assert (covered < 0.995).all()

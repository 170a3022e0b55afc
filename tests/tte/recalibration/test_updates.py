"""Nested updates against closed forms, other programs' optimisers, and the uncertainty of what they hold."""

from __future__ import annotations

import math
from itertools import pairwise
from typing import Any

import numpy as np
import pytest
from scipy import optimize

from pkpd.errors import InputError
from tests.tte.model.event_model_files import MATRIX, build, held, refitted, shipped, with_coding
from tests.tte.recalibration.event_cohorts import PUBLISHED, X, cohort, log_likelihood
from tte.data.events import landmark
from tte.estimation.fit import FitStatus
from tte.recalibration.parameters import log_hazard, parameters_of, uncertainty_of
from tte.recalibration.updates import Update, fit_update, has_estimates, nested_fits, updated_parameters

MIXED = cohort(150, 4, factor=1.5, slope=-0.3, shape=1.3, is_mixed=True)
EXACT = cohort(150, 5, factor=1.4)


def best(events, update):
    """Return the maximum by another optimiser of the likelihood written once more."""
    old = parameters_of(PUBLISHED)
    start = old.on_links[[0, 2, 1]][: update.n_estimated]

    def fall(free):
        values = np.array([old.log_rate, old.slope, math.log(old.shape)])
        values[: free.size] = free
        return -log_likelihood(events, values[0], math.exp(values[2]), values[1], old.x_ref)

    found = optimize.minimize(
        fall, start, method="Nelder-Mead", options={"xatol": 1e-9, "fatol": 1e-11, "maxiter": 9000}
    )
    return found.x, -found.fun


@pytest.mark.parametrize("update", [Update.INTERCEPT, Update.SLOPE, Update.REFIT])
@pytest.mark.parametrize("day", [0.0, 28.0])
def test_estimates_are_those_of_another_optimiser_with_entries_and_intervals(update, day):
    events = landmark(MIXED, day).events if day else MIXED
    assert {1, 2} <= set(events.kind.tolist())
    found = fit_update(events, PUBLISHED, X, update)
    values, top = best(events, update)
    assert found.status is FitStatus.CONVERGED
    np.testing.assert_allclose(found.theta[[0, 2, 1]][: update.n_estimated], values, atol=2e-5)
    assert found.log_likelihood == pytest.approx(top, abs=1e-8)


def test_the_original_is_the_published_model_to_the_letter():
    old = parameters_of(PUBLISHED)
    found = fit_update(MIXED, PUBLISHED, X, Update.ORIGINAL)
    assert found.log_likelihood == pytest.approx(
        log_likelihood(MIXED, old.log_rate, old.shape, old.slope, old.x_ref), abs=1e-9
    )
    np.testing.assert_allclose(found.theta, old.on_links, rtol=1e-14)


def test_the_intercept_has_its_closed_form_and_a_variance_of_one_over_the_events():
    """With the linear predictor as offset ln λ = ln(events / Σ t^γ e^{β(x − x_ref)})."""
    found = fit_update(EXACT, PUBLISHED, X, Update.INTERCEPT)
    weight = EXACT.stop**PUBLISHED.shape * np.exp(PUBLISHED.slope * (EXACT.covariates[X] - PUBLISHED.x_ref))
    assert found.theta[0] == pytest.approx(math.log(EXACT.n_events / weight.sum()), abs=1e-7)
    anchored: Any = uncertainty_of(updated_parameters(found, PUBLISHED))
    assert anchored.variance == pytest.approx(1.0 / EXACT.n_events, rel=1e-6)
    assert anchored.centre == pytest.approx(np.average(EXACT.covariates[X], weights=weight), rel=1e-6)
    assert anchored.beta_sd == pytest.approx(0.22)


@pytest.mark.parametrize("update", [Update.INTERCEPT, Update.SLOPE])
@pytest.mark.parametrize("model", [PUBLISHED, refitted()], ids=["anchored", "covariance"])
def test_the_uncertainty_of_what_is_held_goes_into_what_is_estimated(update, model):
    """The covariance matrix is that of estimates made anew at other values of what is held, to first order."""
    found = updated_parameters(fit_update(MIXED, model, X, update), model)
    old = parameters_of(model)
    kept = [1, 2] if update is Update.INTERCEPT else [1]
    free = [k for k in range(3) if k not in kept]
    slopes = np.zeros((3, 3))
    for k in kept:
        slopes[k, k] = 1.0
        step = 1e-4 * np.eye(3)[k]
        ends = [_estimates_at(model, update, old.on_links + side * step) for side in (1.0, -1.0)]
        slopes[free, k] = ((ends[0] - ends[1]) / 2e-4)[free]
    sure = updated_parameters(fit_update(MIXED, held(), X, update), held()).covariance_on_links
    expected = sure + slopes @ old.covariance_on_links @ slopes.T
    np.testing.assert_allclose(found.covariance_on_links, expected, rtol=2e-5, atol=1e-8)


def _estimates_at(model, update, links):
    parameters = {
        "lambda": {"value": math.exp(links[0])},
        "shape": {"value": math.exp(links[1])},
        "beta": {"value": links[2]},
    }
    content = shipped() | {"parameters": parameters, "reference": {"log_auc_cl": model.x_ref}, "checks": {}}
    del content["anchor"]
    return fit_update(MIXED, build(content), X, update).theta


def test_a_coding_changes_no_update():
    """Through the same point of the same model the linear predictor is the same."""
    one = fit_update(MIXED, PUBLISHED, X, Update.SLOPE)
    two = fit_update(MIXED, with_coding("rate_power"), X, Update.SLOPE)
    assert two.log_likelihood == pytest.approx(one.log_likelihood, abs=1e-9)
    assert two.theta[2] == pytest.approx(one.theta[2], abs=1e-7)


def test_an_anchored_uncertainty_gives_the_variance_of_the_hazard_that_it_says():
    old = parameters_of(PUBLISHED)
    x = np.array([4.0, PUBLISHED.x_ref, 8.0])
    mean, sd = log_hazard(old, x, day=90.0)
    np.testing.assert_allclose(mean, math.log(0.1447) - 0.56 * (x - PUBLISHED.x_ref), atol=1e-3)
    np.testing.assert_allclose(sd**2, 1.0 / 11.0 + 0.22**2 * (x - PUBLISHED.x_ref) ** 2, rtol=1e-12)
    assert uncertainty_of(old) == PUBLISHED.uncertainty


def test_an_anchored_uncertainty_away_from_the_reference_is_found_again():
    content = shipped()
    content["uncertainty"] |= {"centre_log_auc_cl": 6.0}
    model = build(content)
    found: Any = uncertainty_of(parameters_of(model))
    assert (found.variance, found.centre, found.beta_sd) == pytest.approx((1.0 / 11.0, 6.0, 0.22))


def test_a_covariance_matrix_stays_as_it_is_and_exact_estimates_stay_exact():
    kept: Any = uncertainty_of(parameters_of(refitted()))
    assert np.array(kept.matrix) == pytest.approx(np.array(MATRIX))
    assert uncertainty_of(parameters_of(held())) is None


def test_nested_models_never_lose_likelihood():
    values = [one.log_likelihood for one in nested_fits(MIXED, PUBLISHED, X).values()]
    assert all(later >= earlier - 1e-9 for earlier, later in pairwise(values))


def test_without_an_event_there_is_nothing_to_estimate():
    events = cohort(20, 1, factor=1e-6)
    assert events.n_events == 0
    with pytest.raises(InputError, match="hold no event; expected at least one"):
        fit_update(events, PUBLISHED, X, Update.INTERCEPT)


def test_a_separated_cohort_has_no_estimates_unless_they_are_penalised():
    from tte.data.events import events_of  # noqa: PLC0415

    x = np.concatenate([np.full(5, 4.0), np.linspace(6.0, 8.0, 20)])
    events = events_of(np.where(x < 5.0, 20.0 + x, 90.0), x < 5.0, covariates={X: x})
    assert fit_update(events, PUBLISHED, X, Update.SLOPE).status is FitStatus.MONOTONE_LIKELIHOOD
    assert not has_estimates(fit_update(events, PUBLISHED, X, Update.SLOPE))
    assert has_estimates(fit_update(events, PUBLISHED, X, Update.SLOPE, is_penalised=True))
    assert has_estimates(fit_update(events, PUBLISHED, X, Update.INTERCEPT))

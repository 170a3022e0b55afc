"""Profiles of coefficients against a search of the likelihood itself."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.optimize import brentq, minimize_scalar
from scipy.stats import chi2

from tests.tte.estimation.event_data import mixed_events, weibull_events, weibull_times
from tte.data.events import events_of
from tte.estimation.fit import FitOptions, FitStatus, fit
from tte.estimation.model import event_time_model
from tte.estimation.profile import EndStatus, profile_of, profiles
from tte.hazards.hazard import Hazard


@pytest.mark.parametrize("hazard", [one for one in Hazard if one is not Hazard.SURGE])
def test_ends_are_where_the_likelihood_of_the_others_has_fallen_by_half_a_chi_square(hazard):
    events = mixed_events()
    found = fit(events, event_time_model(hazard, ["X"]))
    threshold = chi2.ppf(0.9, 1)
    for profile in profiles(found, level=0.9):
        for end in (profile.lower, profile.upper):
            assert end.status is EndStatus.FOUND
            value = found.model.natural(np.where(np.array(found.model.names) == profile.name, end.value, found.theta))
            held = dict(zip(found.model.names, value.tolist(), strict=True))[profile.name]
            model = event_time_model(hazard, ["X"], fixed={profile.name: held})
            fall = 2.0 * (found.log_likelihood - fit(events, model).log_likelihood)
            assert fall == pytest.approx(threshold, abs=1e-5)
        assert profile.lower.value < profile.estimate < profile.upper.value


def test_the_profile_of_a_rate_is_that_of_a_poisson_count():
    events = events_of([4.0, 6.0, 10.0], [1, 1, 0])
    found = fit(events, event_time_model("exponential"))
    (profile,) = profiles(found)

    def fall(log_rate):
        value = 2.0 * log_rate - 20.0 * np.exp(log_rate)
        return 2.0 * (2.0 * np.log(0.1) - 2.0 - value) - chi2.ppf(0.95, 1)

    ends = brentq(fall, -9.0, np.log(0.1)), brentq(fall, np.log(0.1), 3.0)
    assert (profile.lower.value, profile.upper.value) == pytest.approx(ends, abs=1e-6)


def test_an_effect_without_a_finite_estimate_has_one_end():
    time, event, _ = weibull_times(40)
    group = (np.arange(40) < 10).astype(float)
    events = events_of(time, np.where(group == 1.0, 0.0, event), covariates={"G": group})
    found = fit(events, event_time_model("exponential", ["G"]))
    assert found.status is FitStatus.MONOTONE_LIKELIHOOD
    effect = next(one for one in profiles(found) if one.name == "lambda:G")
    assert effect.lower.status is EndStatus.OPEN
    # With the effect held, the rate of the others is the events over the time watched, that of the group weighed by the effect.
    watched = [time[group == g].sum() for g in (0.0, 1.0)]
    n_events = event[group == 0.0].sum()
    other = np.log(watched[0] / watched[1] * np.expm1(chi2.ppf(0.95, 1) / (2.0 * n_events)))
    assert effect.upper.value == pytest.approx(other, abs=1e-6)


def test_an_end_is_found_where_the_standard_error_leads_out_of_all_numbers():
    # Found at visits after a late entry: the logarithm of the shape is next to unknown on one side, and a first step from its
    # standard error leads beyond the largest shape.
    counts = {(28.0, 42.0): 9, (42.0, 60.0): 7, (60.0, 90.0): 7}
    ends = [one for one, n in counts.items() for _ in range(n)] + [(90.0, np.nan)] * 40
    stop, upper = np.array(ends).T
    events = events_of(stop, np.isfinite(upper), entry=np.full(stop.size, 28.0), upper=upper)
    found = fit(events, event_time_model("weibull"))
    shape = next(one for one in profiles(found) if one.name == "shape")

    def value(gamma, log_rate):
        def grown(day):
            return np.exp(log_rate) * (day**gamma - 28.0**gamma)

        inside = sum(n * np.log(np.exp(-grown(a)) - np.exp(-grown(b))) for (a, b), n in counts.items())
        return inside - 40.0 * grown(90.0)

    def fall(gamma):
        best = minimize_scalar(
            lambda rate: -value(gamma, rate - np.log(90.0**gamma - 28.0**gamma)), bounds=(-5.0, 2.0), method="bounded"
        )
        return 2.0 * (found.log_likelihood + best.fun) - chi2.ppf(0.95, 1)

    assert shape.upper.status is EndStatus.FOUND
    assert np.exp(shape.upper.value) == pytest.approx(brentq(fall, 0.5, 4.0), rel=1e-5)


@pytest.mark.parametrize("hazard", ["exponential", "weibull"])
def test_what_goes_to_infinity_with_an_effect_has_no_end_on_that_side_either(hazard):
    day = np.arange(11.0, 31.0)
    group = (day > 20.0).astype(float)
    # The reference group has no event: ln lambda goes to minus infinity, the effect to infinity.
    found = fit(events_of(day, group, covariates={"G": group}), event_time_model(hazard, ["G"]))
    assert found.status is FitStatus.MONOTONE_LIKELIHOOD
    own = {one.name: one for one in profiles(found)}
    assert own["lambda"].lower.status is EndStatus.OPEN
    assert own["lambda"].upper.status is EndStatus.FOUND
    assert own["lambda:G"].lower.status is EndStatus.FOUND
    assert own["lambda:G"].upper.status is EndStatus.OPEN


def test_a_fit_that_was_only_evaluated_has_no_profile():
    model = event_time_model("weibull", initial={"lambda": 0.01, "shape": 1.0})
    assert profiles(fit(weibull_events(), model, FitOptions(0))) == ()


def test_what_is_held_has_no_profile():
    found = fit(weibull_events(), event_time_model("weibull", ["X"], fixed={"shape": 1.2}))
    assert [one.name for one in profiles(found)] == ["lambda", "lambda:X"]


class _Cut:
    """Fits whose likelihood falls by half of the square of the distance, and that find no maximum from 1 on."""

    estimate, se, unit, lower, upper, tolerance, most_unfound = 0.0, 1.0, 1.0, -np.inf, np.inf, 1e-7, 20

    def __init__(self) -> None:
        self.known: dict[float, float] = {0.0: 0.0}

    def fall(self, value: float) -> float:
        if value >= 1.0:
            return np.nan
        self.known[value] = value * value
        return self.known[value]


def test_an_end_beyond_the_last_maximum_is_given_up():
    held = _Cut()
    found = profile_of(held, "x")
    assert found.lower.status is EndStatus.FOUND
    assert found.upper.status is EndStatus.NOT_FOUND
    assert len(held.known) < 30

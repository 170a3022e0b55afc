"""Data at the edges: a fit says how it ended, whatever the scale of times and covariates, and never gives NaN with a good status."""

from __future__ import annotations

import json
import math

import numpy as np
import pytest

from pkpd.kernels.threads import on_one_thread
from tests.tte.estimation.event_data import mixed_events, weibull_events, weibull_times
from tte.data.events import Events, events_of, resampling_counts
from tte.estimation.document import fit_document
from tte.estimation.fit import FitOptions, FitStatus, fit, fit_samples
from tte.estimation.model import event_time_model
from tte.estimation.model_file import model_file, read_model_file
from tte.estimation.profile import EndStatus, profiles
from tte.hazards.hazard import Hazard, Link

GOOD = (FitStatus.CONVERGED, FitStatus.AT_BOUND)


def scaled(events, factor):
    return Events(
        events.ids,
        events.subject,
        events.start * factor,
        events.stop * factor,
        events.upper * factor,
        events.kind,
        events.covariates,
    )


def check(found):
    """Check that a document can be written, and that a converged fit has all its numbers."""
    document = fit_document(found, profiles(found))
    json.dumps(document, allow_nan=False)
    if found.status is FitStatus.CONVERGED:
        assert all(one["se"] is not None for one in document["parameters"].values() if not one["fixed"])


@pytest.mark.parametrize("factor", [1e-6, 1.0, 1e6])
@pytest.mark.parametrize("hazard", list(Hazard))
def test_the_unit_of_time_changes_the_likelihood_by_its_logarithm_only(hazard, factor):
    events = weibull_events()
    usual, other = (fit(data, event_time_model(hazard, ["X"])) for data in (events, scaled(events, factor)))
    assert other.status is usual.status
    assert other.log_likelihood == pytest.approx(usual.log_likelihood - events.n_events * math.log(factor), rel=1e-10)
    effect = usual.theta[-1]
    assert other.theta[-1] == pytest.approx(effect, abs=1e-5)
    check(other)


@pytest.mark.parametrize("hazard", list(Hazard))
def test_centre_and_scale_of_a_covariate_change_nothing_but_its_units(hazard):
    time, event, x = weibull_times()
    usual = fit(events_of(time, event, covariates={"X": x}), event_time_model(hazard, ["X"]))
    far = fit(
        events_of(time, event, covariates={"X": 1e5 + 10.0 * x}), event_time_model(hazard, ["X"], references={"X": 1e5})
    )
    large = fit(events_of(time, event, covariates={"X": 1e5 * x}), event_time_model(hazard, ["X"]))
    for other, factor in ((far, 10.0), (large, 1e5)):
        assert other.status is usual.status
        assert other.log_likelihood == pytest.approx(usual.log_likelihood, abs=1e-7)
        assert other.theta[-1] * factor == pytest.approx(usual.theta[-1], abs=1e-5)
        assert other.se[-1] * factor == pytest.approx(usual.se[-1], rel=1e-4)
        check(other)


@pytest.mark.parametrize("hazard", list(Hazard))
def test_covariates_that_say_the_same_have_no_standard_errors_and_are_named(hazard):
    time, event, x = weibull_times()
    events = events_of(time, event, covariates={"X": x, "Y": 3.0 - 2.0 * x})
    found = fit(events, event_time_model(hazard, ["X", "Y"]))
    alone = fit(events, event_time_model(hazard, ["X"]))
    first = found.model.hazard.parameters[0].name
    assert found.status is FitStatus.NOT_POSITIVE_DEFINITE or found.status is FitStatus.AT_BOUND
    if found.status is FitStatus.NOT_POSITIVE_DEFINITE:
        assert {f"{first}:X", f"{first}:Y"} <= set(found.named)
    assert found.log_likelihood == pytest.approx(alone.log_likelihood, abs=1e-6)
    check(found)


def test_all_events_on_one_day_drive_the_shape_to_its_bound():
    events = events_of([10.0] * 8 + [10.0] * 4, [1] * 8 + [0] * 4)
    found = fit(events, event_time_model("weibull"))
    assert found.status is FitStatus.AT_BOUND
    assert found.named == ("shape",)
    check(found)


@pytest.mark.parametrize("hazard", list(Hazard))
def test_few_events_give_a_status(hazard):
    for event in ([1, 0, 0, 0], [0, 0, 0, 1], [1, 1, 1, 1]):
        found = fit(events_of([1.0, 2.0, 5.0, 9.0], event), event_time_model(hazard))
        assert isinstance(found.status, FitStatus)
        check(found)


@pytest.mark.parametrize("hazard", list(Hazard))
@pytest.mark.parametrize("seed", range(4))
def test_small_samples_give_a_status_with_covariates_on_every_parameter(hazard, seed):
    events = mixed_events(14, seed)
    names = [f"{one.name}:X" for one in hazard.parameters]
    found = fit(events, event_time_model(hazard, [*names, "Z"]))
    assert isinstance(found.status, FitStatus)
    if found.status in GOOD:
        assert math.isfinite(found.log_likelihood)
    check(found)


@pytest.mark.parametrize("hazard", list(Hazard))
def test_a_sample_of_subjects_is_fitted_as_its_own_data_set(hazard):
    events = weibull_events(60)
    model = event_time_model(hazard, ["X"])
    counts = resampling_counts(60, 8, np.random.default_rng(3))
    many = fit_samples(events, model, counts)
    again = fit_samples(events, model, counts)
    assert many.theta.tobytes() == again.theta.tobytes()
    for k, count in enumerate(counts):
        rows = np.repeat(np.arange(60), count)
        own = events_of(events.stop[rows], (events.kind == 1)[rows], covariates={"X": events.covariates["X"][rows]})
        alone = fit(own, model)
        assert many.statuses[k] is alone.status
        if alone.status is FitStatus.CONVERGED:
            assert many.theta[k] == pytest.approx(alone.theta, abs=1e-5)
            assert many.log_likelihood[k] == pytest.approx(alone.log_likelihood, abs=1e-8)


def test_one_thread_and_all_give_the_same_bits():
    events = weibull_events(5000)
    model = event_time_model("weibull", ["X"])
    counts = resampling_counts(5000, 3, np.random.default_rng(3))
    found = []
    for is_one in (True, False):
        with on_one_thread(is_wanted=is_one):
            one = fit(events, model)
            found.append(
                (one.theta.tobytes(), one.covariance.tobytes(), fit_samples(events, model, counts).theta.tobytes())
            )
    assert found[0] == found[1]


def test_links_keep_every_positive_parameter_positive():
    for hazard in Hazard:
        found = fit(weibull_events(), event_time_model(hazard))
        values = found.model.natural(found.theta)
        assert all(value > 0.0 for value, link in zip(values, found.model.links, strict=True) if link is Link.LOG)


@pytest.mark.parametrize("shape", [0.001, 0.5, 30.0, 900.0, 1000.0])
def test_a_shape_that_is_held_far_out_has_the_rate_of_its_closed_form(shape):
    time, event, _ = weibull_times()
    found = fit(events_of(time, event), event_time_model("weibull", fixed={"shape": shape}))
    # d events: lambda = d / sum(t^shape), whose logarithm needs no power.
    n, logs = event.sum(), np.log(time)
    log_rate = math.log(n) - np.logaddexp.reduce(shape * logs)
    expected = n * (log_rate + math.log(shape) - 1.0) + (shape - 1.0) * logs[event == 1.0].sum()
    assert found.status is FitStatus.CONVERGED
    assert found.theta[0] == pytest.approx(log_rate, rel=1e-9)
    assert found.log_likelihood == pytest.approx(expected, rel=1e-12)


def test_values_at_which_the_likelihood_is_none_are_named():
    found = fit(weibull_events(), event_time_model("gompertz", fixed={"gamma": 100.0}))
    assert found.status is FitStatus.NO_FINITE_START
    assert fit_document(found)["status_text"] == f"{FitStatus.NO_FINITE_START.value} It concerns gamma = 100."


def years(n=80):
    """Return event times with the calendar year as covariate, at whose 0 the level is beyond what a number holds."""
    rng = np.random.default_rng(1)
    year = rng.integers(2015, 2026, n).astype(float)
    time, end = rng.exponential(60.0 * np.exp(0.5 * (year - 2020.0))), rng.uniform(30.0, 120.0, n)
    return events_of(np.minimum(time, end), (time < end).astype(float), covariates={"YEAR": year})


@pytest.mark.parametrize("hazard", list(Hazard))
def test_a_level_beyond_numbers_is_told_by_its_logarithm_and_everything_else_is_as_with_a_reference_inside(hazard):
    events = years()
    far, near = (fit(events, event_time_model(hazard, ["YEAR"], references={"YEAR": at})) for at in (0.0, 2020.0))
    assert far.log_likelihood == pytest.approx(near.log_likelihood, abs=1e-6)
    document = fit_document(far, profiles(far))
    level = next(iter(document["parameters"].values()))
    if level["link"] == "log" and abs(level["link_estimate"]) > 750.0:
        assert level["estimate"] is None
        assert any("which no number holds" in one["text"] for one in document["warnings"])
    counts = resampling_counts(events.n_subjects, 20, np.random.default_rng(2))
    drawn, expected = (fit_samples(events, one.model_at_estimates, counts) for one in (far, near))
    assert drawn.statuses == expected.statuses
    assert drawn.log_likelihood == pytest.approx(expected.log_likelihood, abs=1e-5)


def test_profiles_do_not_depend_on_where_a_covariate_has_its_reference():
    events = years()
    ends = []
    for at in (0.0, 2020.0):
        own = {
            one.name: one
            for one in profiles(fit(events, event_time_model("weibull", ["YEAR"], references={"YEAR": at})))
        }
        assert all(end.status is EndStatus.FOUND for one in own.values() for end in (one.lower, one.upper))
        ends.append([end.value for name in ("shape", "lambda:YEAR") for end in (own[name].lower, own[name].upper)])
    assert ends[0] == pytest.approx(ends[1], rel=1e-5)


@pytest.mark.parametrize("day", [20.0, 0.5])
def test_a_model_file_keeps_a_level_that_no_number_holds(tmp_path, day):
    # All events on one day: the shape ends at its bound, and lambda is e^-2996 or e^693.
    found = fit(events_of(np.full(20, day), np.arange(20) % 2), event_time_model("weibull"))
    file = tmp_path / "model.toml"
    file.write_text(model_file(found), encoding="utf-8")
    again = fit(found.events, read_model_file(str(file)).model, FitOptions(0))
    assert again.theta == pytest.approx(found.theta, rel=1e-14)
    assert again.log_likelihood == pytest.approx(found.log_likelihood, rel=1e-12)

"""Bootstrap of event times: samples against direct refits, intervals, and fits that have no result."""

from __future__ import annotations

import numpy as np
import pytest

from tests.tte.estimation.event_data import mixed_events, weibull_events
from tte.data.events import events_of
from tte.estimation.bootstrap import NO_EVENT, bootstrap_document, resampled_fits, sample_counts
from tte.estimation.fit import fit
from tte.estimation.model import event_time_model


@pytest.mark.parametrize("number", [1, 7])
def test_a_sample_is_the_fit_to_its_subjects_written_out(number: int):
    events = mixed_events()
    original = fit(events, event_time_model("weibull", ["X"]))
    counts = sample_counts(original, [number], seed=4)[0]
    rows = np.repeat(np.arange(events.n_subjects), counts)
    upper = np.where(events.kind == 2, events.upper, np.nan)[rows]
    written = events_of(
        events.stop[rows],
        (events.kind != 0)[rows],
        entry=events.start[rows],
        upper=upper,
        covariates={"X": events.covariates["X"][rows]},
    )
    direct = fit(written, original.model)
    (found,) = resampled_fits(original, [number], seed=4)
    assert found.n_events == written.n_events
    assert found.status == direct.status.name.lower() == "converged"
    assert found.theta == pytest.approx(direct.theta, rel=1e-5, abs=1e-6)
    assert found.log_likelihood == pytest.approx(direct.log_likelihood, rel=1e-10)


def test_samples_are_the_same_to_the_last_bit_in_any_company():
    original = fit(weibull_events(40), event_time_model("weibull", ["X"]))
    together = resampled_fits(original, range(1, 9), seed=2)
    apart = [one for k in (8, 3, 1) for one in resampled_fits(original, [k], seed=2)]
    for one in apart:
        same = together[one.number - 1]
        assert np.array_equal(same.theta, one.theta)
        assert same.log_likelihood == one.log_likelihood


def test_samples_draw_as_many_subjects_with_replacement():
    original = fit(weibull_events(40), event_time_model("exponential"))
    counts = sample_counts(original, range(1, 2001), seed=1)
    assert (counts.sum(axis=1) == 40).all()
    # A subject's count is binomial: mean 1, variance 1 - 1/40; four standard errors.
    assert counts.var() == pytest.approx(0.975, abs=0.02)


def test_a_rate_has_the_interval_of_its_closed_form():
    events = weibull_events(60)
    original = fit(events, event_time_model("exponential"))
    fits = resampled_fits(original, range(1, 501), seed=3)
    counts = sample_counts(original, range(1, 501), seed=3)
    rates = (counts @ (events.kind == 1)) / (counts @ events.stop)
    entry = bootstrap_document(original, fits)["parameters"]["lambda"]
    assert [entry["q025"], entry["q50"], entry["q975"]] == pytest.approx(
        np.quantile(rates, [0.025, 0.5, 0.975]), rel=1e-7
    )
    assert entry["se"] == pytest.approx(rates.std(ddof=1), rel=1e-7)
    assert entry["bias"] == pytest.approx(rates.mean() - original.model.natural(original.theta)[0], rel=1e-4)


def test_samples_without_an_event_or_a_maximum_are_counted_and_in_no_interval():
    time = np.arange(1.0, 13.0)
    group = np.repeat([0.0, 1.0], 6)
    event = np.zeros(12)
    event[[1, 8]] = 1.0
    events = events_of(time, event, covariates={"G": group})
    original = fit(events, event_time_model("exponential", ["G"]))
    fits = resampled_fits(original, range(1, 401), seed=1)
    document = bootstrap_document(original, fits)
    counts = sample_counts(original, range(1, 401), seed=1)
    in_each = np.stack([counts[:, 1], counts[:, 8]])
    n_none = int((in_each.sum(axis=0) == 0).sum())
    n_both = int((in_each > 0).all(axis=0).sum())
    assert document["statuses"][NO_EVENT] == n_none > 0
    assert document["statuses"]["converged"] == document["n_used"] == n_both
    assert sum(document["statuses"].values()) == document["n"] == 400
    assert document["statuses"]["monotone_likelihood"] > 0
    assert {one["code"] for one in document["warnings"]} == {"fits_without_maximum"}
    assert "too narrow" in document["warnings"][0]["text"]
    effect = np.array([one.theta[1] for one in fits if one.status == "converged"])
    assert np.isfinite(effect).all()
    assert document["parameters"]["lambda:G"]["q50"] == pytest.approx(np.median(effect))


def test_a_bootstrap_without_any_maximum_has_no_intervals_and_says_so():
    events = events_of([4.0, 6.0, 9.0, 9.0], [1, 1, 0, 0], covariates={"G": [1.0, 1.0, 0.0, 0.0]})
    original = fit(events, event_time_model("exponential", ["G"]))
    document = bootstrap_document(original, resampled_fits(original, range(1, 41), seed=1))
    assert document["n_used"] == 0
    assert document["parameters"]["lambda:G"]["limit"] == "infinity"
    assert document["parameters"]["lambda:G"]["q50"] is None
    assert [one["code"] for one in document["warnings"]] == ["fits_without_maximum", "original_without_maximum"]
    assert "There are no intervals" in document["warnings"][0]["text"]

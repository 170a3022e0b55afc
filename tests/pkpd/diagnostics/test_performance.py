"""Predictive performance against what it must equal."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from scipy.stats import binomtest

from pkpd.data.histories import sample_histories, without_last_samples
from pkpd.diagnostics.calibration import beyond_limit, binomial, coverage, drawn_places
from pkpd.diagnostics.performance import performance, performance_document
from pkpd.diagnostics.prediction_errors import draw_counts, drawn_mean, prediction_errors
from pkpd.diagnostics.predictive_distribution import (
    PROBABILITIES,
    TOLERANCE,
    Mixture,
    predict_measurements,
    probability_below,
    quantiles,
)
from pkpd.estimation.objectives import placed
from pkpd.kernels.residual import LOG_2PI
from pkpd.likelihood.marginal import evaluate_marginal
from pkpd.likelihood.population import bind_population, quantified_by_subject
from pkpd.model.library import load_model
from pkpd.simulation.replicates import simulate_replicates
from pkpd.simulation.virtual_cohort import Design, virtual_cohort

MODEL = load_model("niyigena_2026_asuc")


def cohort_of(n, seed):
    return virtual_cohort(MODEL, Design(n, missing=0.0), np.random.default_rng(seed))


def values_of(population):
    return np.array([one.value for one in population.parameters])


@pytest.fixture(scope="module")
def cohort():
    return cohort_of(30, 7)


@pytest.fixture(scope="module")
def found(cohort):
    population = bind_population(MODEL, cohort)
    return performance(population, values_of(population), n_draws=200, seed=1)


def test_forecasts_one_after_the_other_add_up_to_the_marginal_likelihood(cohort, found):
    population = bind_population(MODEL, cohort)
    values = values_of(population)
    exact = evaluate_marginal(population, values, placed(population, values), with_gradient=False)
    ofv = exact.ofv_i + LOG_2PI * quantified_by_subject(population)
    own = np.bincount(found.subject, weights=-2.0 * found.forecast.log_score, minlength=cohort.n_subjects)
    # The nodes of the likelihood err by 1e-3 squared or so, those of the forecast by less than their half differs.
    assert np.abs(own - ofv).max() < 1e-3
    assert found.forecast.error.max() < TOLERANCE


def test_a_first_sample_is_predicted_a_priori(found):
    first = found.n_before == 0
    np.testing.assert_array_equal(found.forecast.point[first], found.a_priori.point[first])
    np.testing.assert_allclose(found.forecast.place[first], found.a_priori.place[first], atol=TOLERANCE)


def test_quantiles_a_priori_are_those_of_simulations(cohort, found):
    population = bind_population(MODEL, cohort)
    n = 40_000
    drawn = simulate_replicates(population, values_of(population), 3, n)
    below = (drawn.measured[:, :, None] < found.a_priori.quantiles[:, None, :].astype(np.float32)).mean(axis=1)
    p = np.array(PROBABILITIES)
    # Five standard errors of a simulated share; where the drug is gone the distribution has a step at zero.
    is_step = found.a_priori.quantiles < 1e-6
    assert ((np.abs(below - p) < 5.0 * np.sqrt(p * (1.0 - p) / n)) | is_step).all()
    assert is_step.mean() < 0.05
    np.testing.assert_allclose(
        (drawn.measured < cohort.lloq[:, None]).mean(axis=1), found.a_priori.p_below, atol=5.0 * 0.5 / np.sqrt(n)
    )
    np.testing.assert_allclose(
        (drawn.measured > cohort.uloq[:, None]).mean(axis=1), found.a_priori.p_above, atol=5.0 * 0.5 / np.sqrt(n)
    )


def test_under_the_true_model_places_of_forecasts_are_uniform_and_counts_beyond_limits_as_expected():
    population = bind_population(MODEL, cohort_of(60, 11))
    document = performance_document(performance(population, values_of(population), n_draws=50, seed=2))
    forecast, a_priori = document["forecast"], document["a_priori"]
    # One of a thousand seeds fails each of these.
    assert forecast["places_uniform_p"] > 1e-3
    for one in forecast["coverage"]:
        assert binomtest(one["inside"], one["n"], one["interval_pct"] / 100.0).pvalue > 1e-3
    for side in ("below_lloq", "above_uloq"):
        for stage in (forecast, a_priori):
            assert abs(stage[side]["seen"] - stage[side]["expected"]) < 3.3 * stage[side]["expected_sd"] * 1.5
            assert stage[side]["brier"]["value"] < stage[side]["brier_reference"]


def test_a_wrong_model_is_found_out():
    population = bind_population(MODEL, cohort_of(30, 11))
    values = values_of(population)
    names = [one.name for one in population.parameters]
    values[names.index("cl")] *= 2.5
    document = performance_document(performance(population, values, n_draws=50, seed=2))
    assert document["a_priori"]["places_uniform_p"] < 1e-3
    assert document["a_priori"]["point"]["bias_mg_per_L"]["value"] < 0.0


def test_a_history_holds_the_earlier_samples_and_the_sample_itself(cohort):
    histories = sample_histories(cohort)
    owner = np.repeat(np.arange(cohort.n_subjects), np.diff(cohort.sample_start))
    np.testing.assert_array_equal(histories.subject, owner)
    ends = histories.cohort.sample_start[1:] - 1
    np.testing.assert_array_equal(histories.cohort.sample_time[ends], cohort.sample_time)
    np.testing.assert_array_equal(np.diff(histories.cohort.sample_start), histories.n_before + 1)
    own = np.arange(owner.size) - cohort.sample_start[owner]
    np.testing.assert_array_equal(histories.n_before, own)


def test_samples_of_one_time_do_not_forecast_each_other(cohort):
    twice = replace(cohort, sample_time=np.repeat(10.0, cohort.sample_time.size))
    histories = sample_histories(twice)
    assert (histories.n_before == 0).all()
    assert (np.diff(histories.cohort.sample_start) == 1).all()
    np.testing.assert_array_equal(histories.cohort.level, cohort.level)


def test_without_last_samples_keeps_the_first(cohort):
    kept = without_last_samples(cohort, np.minimum(1, np.diff(cohort.sample_start)))
    np.testing.assert_array_equal(kept.sample_time, cohort.sample_time[cohort.sample_start[:-1]])


def test_predictions_do_not_depend_on_the_order_of_the_subjects(cohort):
    population = bind_population(MODEL, cohort)
    n_given = np.diff(cohort.sample_start) - 1
    one = predict_measurements(population, values_of(population), n_given)
    again = predict_measurements(population, values_of(population), n_given)
    np.testing.assert_array_equal(one.quantiles, again.quantiles)
    assert one.point.size == cohort.n_subjects


def test_errors_of_four_predictions_by_hand():
    predicted, level = np.array([12.0, 9.0, 5.0, 26.0]), np.array([10.0, 10.0, 10.0, 20.0])
    counts = np.ones((3, 2), dtype=np.int64)
    found = prediction_errors(predicted, level, np.array([0, 0, 1, 1]), counts)
    assert found.bias.value == pytest.approx((2.0 - 1.0 - 5.0 + 6.0) / 4.0)
    assert found.rmse.value == pytest.approx(np.sqrt((4.0 + 1.0 + 25.0 + 36.0) / 4.0))
    assert found.mpe.value == pytest.approx((20.0 - 10.0 - 50.0 + 30.0) / 4.0)
    assert found.median_pe.value == pytest.approx(5.0)
    assert found.mape.value == pytest.approx(27.5)
    assert found.rrmse.value == pytest.approx(np.sqrt((400.0 + 100.0 + 2500.0 + 900.0) / 4.0))
    assert found.within.value == pytest.approx(75.0)
    # Every draw is the cohort itself.
    assert found.median_pe[1:] == pytest.approx((5.0, 5.0))


def test_intervals_over_drawn_subjects_are_those_of_a_plain_bootstrap():
    rng = np.random.default_rng(5)
    subject = np.sort(rng.integers(0, 12, 40))
    values = rng.normal(size=40)
    counts = draw_counts(12, 300, seed=9)
    plain = []
    medians = []
    for drawn in counts:
        rows = np.concatenate([np.repeat(np.flatnonzero(subject == s), k) for s, k in enumerate(drawn)])
        plain.append(values[rows].mean())
        medians.append(np.median(100.0 * (values[rows])))
    found = drawn_mean(values, subject, counts)
    assert found[1:] == pytest.approx(tuple(np.quantile(plain, (0.025, 0.975))))
    level = np.ones(40)
    errors = prediction_errors(1.0 + values, level, subject, counts)
    assert errors.median_pe[1:] == pytest.approx(tuple(np.quantile(medians, (0.025, 0.975))))


def test_draws_of_subjects_do_not_depend_on_how_many_there_are():
    np.testing.assert_array_equal(draw_counts(8, 5, seed=3), draw_counts(8, 9, seed=3)[:5])


@pytest.mark.parametrize(("k", "n"), [(0, 7), (7, 7), (3, 7), (95, 100)])
def test_a_share_has_its_exact_binomial_interval(k, n):
    exact = binomtest(k, n).proportion_ci(0.95, method="exact")
    assert binomial(k, n) == pytest.approx((k / n, exact.low, exact.high))


def test_places_of_censored_levels_lie_where_they_can():
    place = np.array([[0.3, 0.3], [0.0, 0.2], [0.6, 1.0]])
    drawn = drawn_places(place, np.array([0.9, 0.5, 0.5]))
    assert drawn == pytest.approx([0.3, 0.1, 0.8])
    counts = np.ones((2, 3), dtype=np.int64)
    assert coverage(drawn, np.arange(3), counts, 0.5).inside == 1
    assert coverage(drawn, np.arange(3), counts, 0.9).inside == 3


def test_a_brier_score_by_hand():
    counts = np.ones((2, 3), dtype=np.int64)
    found = beyond_limit(np.array([0.2, np.nan, 0.7]), np.array([False, True, True]), np.array([0, 1, 2]), counts)
    assert found is not None
    assert found.brier.value == pytest.approx((0.04 + 0.09) / 2.0)
    assert (found.n, found.seen, found.expected) == (2, 1, pytest.approx(0.9))
    assert found.reference == pytest.approx(0.25)


def test_quantiles_of_a_mixture_have_their_probabilities():
    rng = np.random.default_rng(8)
    mixture = Mixture(rng.dirichlet(np.ones(50)), rng.lognormal(1.0, 2.0, 50), rng.lognormal(-1.0, 1.5, 50))
    wanted = np.array(PROBABILITIES)
    found = quantiles(mixture, wanted)
    assert [probability_below(mixture, float(q)) for q in found] == pytest.approx(list(wanted), abs=1e-8)


def test_a_step_of_a_mixture_is_its_quantile():
    mixture = Mixture(np.array([0.6, 0.4]), np.array([0.0, 10.0]), np.array([0.0, 1.0]))
    low, high = quantiles(mixture, np.array([0.3, 0.9]))
    assert low == pytest.approx(0.0, abs=1e-7)
    assert probability_below(mixture, float(high)) == pytest.approx(0.9)

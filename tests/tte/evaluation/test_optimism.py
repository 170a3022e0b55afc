"""Optimism by a plain loop, its formulas, and a model that knows nothing."""

from __future__ import annotations

import numpy as np
import pytest

from pkpd.errors import InputError, input_error
from tests.tte.evaluation.drawn_times import drawn_times
from tte.evaluation.brier import brier_at
from tte.evaluation.concordance import harrell_c
from tte.evaluation.event_times import event_times
from tte.evaluation.optimism import (
    auroc_measure,
    brier_measure,
    concordance_measure,
    optimism,
    time_dependent_auc_measure,
)
from tte.evaluation.roc import auroc
from tte.evaluation.time_dependent_roc import cumulative_dynamic_auc


def counts_of(n, n_draws, seed=1):
    return np.random.default_rng(seed).multinomial(n, np.full(n, 1.0 / n), size=n_draws)


def best_of(columns, is_case):
    """Return a model that takes the noisiest of some markers: the one with the largest area in the subjects that count."""
    measure = auroc_measure(is_case)

    def refit(counts):
        areas = np.array([measure.value(column, counts) for column in columns.T])
        k = int(np.argmax(np.abs(areas - 0.5)))
        column = columns[:, k] if areas[k] > 0.5 else -columns[:, k]
        return 1.0 / (1.0 + np.exp(-column))

    return refit


def test_each_measure_is_that_of_its_own_function():
    times, marker = drawn_times(71, 1)
    risk, ones = 1.0 / (1.0 + np.exp(-marker)), np.ones(71)
    known = times.known_at(60.0) == 1
    assert auroc_measure(known).value(risk, ones) == pytest.approx(auroc(risk, known, "higher").area.value)
    assert concordance_measure(times).value(risk, ones) == pytest.approx(harrell_c(times, risk, "higher").c.value)
    assert brier_measure(times, 60.0).value(risk, ones) == pytest.approx(brier_at(times, risk, 60.0).score.value)
    by_time = cumulative_dynamic_auc(times, risk, "higher", np.array([60.0])).auc[0]
    assert time_dependent_auc_measure(times, 60.0).value(risk, ones) == pytest.approx(by_time)


def test_optimism_and_632_are_those_of_a_plain_loop():
    rng = np.random.default_rng(3)
    columns, is_case = rng.standard_normal((50, 4)), np.arange(50) < 12
    counts, refit, measure = counts_of(50, 40), best_of(columns, is_case), auroc_measure(is_case)
    gains, outs = [], []
    for drawn in counts:
        rows = np.repeat(np.arange(50), drawn)
        risk = refit(drawn.astype(float))
        if not is_case[rows].any():
            continue
        gains.append(auroc(risk[rows], is_case[rows], "higher").area.value - auroc(risk, is_case, "higher").area.value)
        out = drawn == 0
        if is_case[out].any():
            outs.append(auroc(risk[out], is_case[out], "higher").area.value)
    found = optimism(refit, counts, [measure]).measures[0]
    assert found.optimism == pytest.approx(np.mean(gains))
    assert found.corrected == pytest.approx(found.apparent - np.mean(gains))
    assert found.outside == pytest.approx(np.mean(outs))
    assert found.p632 == pytest.approx(0.368 * found.apparent + 0.632 * np.mean(outs))
    # Efron and Tibshirani's equations 24 to 32, errors being 1 − area and the uninformed error one half.
    error, out = 1 - found.apparent, min(1 - np.mean(outs), 0.5)
    rate = (out - error) / (0.5 - error) if error < out else 0.0
    weight = 0.632 / (1 - 0.368 * rate)
    assert found.p632_plus == pytest.approx(1 - ((1 - weight) * error + weight * out))


def test_a_choice_among_markers_of_noise_is_corrected_to_nothing():
    rng = np.random.default_rng(5)
    columns, is_case = rng.standard_normal((60, 12)), np.arange(60) < 10
    found = optimism(best_of(columns, is_case), counts_of(60, 200), [auroc_measure(is_case)]).measures[0]
    assert found.apparent > 0.65
    assert found.corrected < found.apparent - 0.08
    assert abs(found.p632_plus - 0.5) < abs(found.p632 - 0.5) < abs(found.apparent - 0.5)


def test_a_fixed_prediction_has_no_optimism_to_speak_of():
    times, marker = drawn_times(300, 6)
    risk = -np.expm1(-60.0 / 80.0 * np.exp(0.8 * marker))
    measures = [concordance_measure(times), brier_measure(times, 60.0), time_dependent_auc_measure(times, 60.0)]
    for one in optimism(lambda _: risk, counts_of(300, 200), measures).measures:
        assert abs(one.optimism) < 0.005
        assert one.corrected == pytest.approx(one.apparent, abs=0.005)
        assert one.n_used == 200


def test_failed_refits_are_counted_and_what_they_said_is_kept():
    is_case = np.arange(20) < 5
    risk = np.linspace(0.9, 0.1, 20)
    calls = iter(range(1000))

    def refit(_counts):
        k = next(calls)
        if k and k % 3 == 0:
            raise input_error("fit", "no event")
        return None if k and k % 3 == 1 else risk

    found = optimism(refit, counts_of(20, 9), [auroc_measure(is_case)])
    assert (found.n_draws, found.n_failed, found.failures) == (9, 6, ("fit: no event",))
    assert found.measures[0].n_used == 3


def test_draws_without_an_event_have_no_value_and_a_model_of_nothing_is_refused():
    is_case = np.array([1, 0, 0, 0], bool)
    counts = np.array([[0, 2, 1, 1], [1, 1, 1, 1]])
    found = optimism(lambda _: np.array([0.9, 0.1, 0.2, 0.3]), counts, [auroc_measure(is_case)]).measures[0]
    assert found.n_used == 1
    with pytest.raises(InputError, match="finds no model with all subjects"):
        optimism(lambda _: None, counts, [auroc_measure(is_case)])


def test_the_uninformed_brier_score_is_that_of_every_outcome_with_every_prediction():
    times = event_times([10.0, 20.0, 95.0, 95.0], [1, 1, 0, 0])
    risk = np.array([0.9, 0.4, 0.2, 0.3])
    expected = np.mean([(y - p) ** 2 for y in (1, 1, 0, 0) for p in risk])
    assert brier_measure(times, 90.0).uninformed(risk) == pytest.approx(expected)

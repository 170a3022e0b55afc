"""The doubly robust value against a formula by hand and against the truth of simulated tables."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from scipy.stats import t as student

from crohns_srs.data.config import PLACEBO
from crohns_srs.evaluation.rule_value import (
    Crossfit,
    clustered_mean,
    cross_fitted,
    doubly_robust,
    policy_values,
    rule_value,
)
from tests.crohns_srs.evaluation.tables import drawn, effects


def test_scores_are_those_of_the_formula():
    found = Crossfit(
        code=np.array([0, 1, 1]),
        best=np.array([0, 0, 1]),
        mean=np.array([[10.0, 20.0], [30.0, 40.0], [50.0, 60.0]]),
        error_of_new=np.ones((3, 2)),
        chance=np.array([[0.5, 0.5], [0.25, 0.75], [0.2, 0.8]]),
    )
    y = np.array([14.0, 44.0, 52.0])
    # 10 + (14 - 10)/0.5; 30, since it was given the other class; 60 + (52 - 60)/0.8
    np.testing.assert_allclose(doubly_robust(found, y, found.mean, found.best), [18.0, 30.0, 50.0])
    values = policy_values(found, y, found.mean, np.array(["A", "A", "B"]), ["a", "b"])
    assert [one.name for one in values] == ["rule", "a", "b", "observed"]
    assert values[0].value.value == pytest.approx(98.0 / 3.0)
    assert values[3].value.value == pytest.approx(110.0 / 3.0)
    assert values[3].over_rule.value == pytest.approx((98.0 - 110.0) / 3.0)
    weights = np.array([2.0, 0.0, 1.25])
    assert values[0].effective == pytest.approx(weights.sum() ** 2 / (weights**2).sum())


def test_clustered_interval_is_that_of_sums_of_clusters():
    rng = np.random.default_rng(1)
    cluster = np.repeat([f"T{k}" for k in range(6)], [5, 9, 3, 12, 7, 4])
    values = rng.standard_normal(cluster.size)
    found = clustered_mean(values, cluster)
    sums = [
        sum(values[i] - values.mean() for i in range(cluster.size) if cluster[i] == name)
        for name in sorted(set(cluster))
    ]
    error = np.sqrt(6 / 5 * sum(one**2 for one in sums)) / cluster.size
    assert found.high - found.value == pytest.approx(student.ppf(0.975, 5) * error)


@pytest.mark.requirement("EVAL-03")
def test_gains_of_the_rule_are_the_truth_of_randomised_tables_as_often_as_their_intervals_say():
    n_tables = 24
    z: list[list[float]] = []
    for seed in range(n_tables):
        table = drawn(100 + seed, n_trials=12, n_each=240, trial_sd=3.0, is_within=True)
        truth = effects(table.covariates)[table.arm != PLACEBO]
        found = rule_value(table, n_folds=5, seed=1)
        assert found.is_randomised
        best = cross_fitted(table, 5, 1).best
        reached = truth[np.arange(best.size), best].mean()
        errors = [(one.over_rule.high - one.over_rule.value) / student.ppf(0.975, 11) for one in found.outcome[1:4]]
        gains = [one.over_rule.value - (reached - truth[:, k].mean()) for k, one in enumerate(found.outcome[1:4])]
        z.append([gain / error for gain, error in zip(gains, errors, strict=True)])
    # t with 11 degrees of freedom has the standard deviation 1.1; three standard errors of the mean, and of the share of 72 intervals around 95 %.
    assert (np.abs(np.mean(z, axis=0)) < 3.0 * 1.1 / np.sqrt(n_tables)).all()
    assert np.mean(np.abs(z) < student.ppf(0.975, 11)) > 0.95 - 3.0 * np.sqrt(0.95 * 0.05 / (3 * n_tables))


def test_either_a_right_outcome_model_or_right_chances_are_enough():
    rng = np.random.default_rng(3)
    n = 400_000
    x = rng.standard_normal(n)
    chance = np.column_stack([1.0 / (1.0 + np.exp(-x)), 1.0 / (1.0 + np.exp(x))])
    code = (rng.random(n) > chance[:, 0]).astype(np.int64)
    mean = np.column_stack([1.0 + x, 2.0 - x])
    y = mean[np.arange(n), code] + rng.standard_normal(n)
    best = mean.argmax(axis=1)
    truth = np.maximum(mean[:, 0], mean[:, 1]).mean()
    wrong_mean, wrong_chance = np.zeros_like(mean), np.full_like(chance, 0.5)
    right = Crossfit(code, best, mean, np.ones_like(mean), chance)
    cases = {
        "both": (right, mean),
        "outcome": (replace(right, chance=wrong_chance), mean),
        "chances": (right, wrong_mean),
    }
    for found, given in cases.values():
        score = doubly_robust(found, y, given, best)
        assert score.mean() == pytest.approx(truth, abs=5.0 * score.std() / np.sqrt(n))
    neither = doubly_robust(replace(right, chance=wrong_chance), y, wrong_mean, best)
    assert abs(neither.mean() - truth) > 20.0 * neither.std() / np.sqrt(n)


def test_chances_are_estimated_where_trials_have_one_class_each():
    found = rule_value(drawn(6, n_each=120), n_folds=4, seed=2)
    assert not found.is_randomised
    assert sum(found.given.values()) == pytest.approx(1.0)
    chances = cross_fitted(drawn(6, n_each=120), 4, 2).chance
    np.testing.assert_allclose(chances.sum(axis=1), 1.0, rtol=1e-9)

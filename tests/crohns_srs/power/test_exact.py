"""Exact power against a loop over every pair of counts, and against simulated outcomes."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.special import ndtr
from scipy.stats import binom, chi2_contingency
from scipy.stats import t as student

from crohns_srs.power.chances import ArmModel, TrialEffects, arm_model
from crohns_srs.power.exact import (
    chi_square,
    exact_power,
    exact_size,
    highest_beaten,
    is_rejected,
    least_size,
    mean_chances,
)
from crohns_srs.power.population import synthetic_population
from crohns_srs.power.simulation import coded_arm, coded_test, simulated_trials
from crohns_srs.predict.library import shipped_models

MODELS = shipped_models()
IL, _, TNF = MODELS.classes
PEOPLE = synthetic_population(MODELS, 400, 3)


def known(p: float) -> tuple[np.ndarray, np.ndarray]:
    return np.array([p]), np.ones(1)


def enumerated(p: float, q: float, n: int, *, corrected: bool, both: bool = False) -> float:
    """Return the power by SciPy's test of each pair of counts."""
    total = 0.0
    for i in range(n + 1):
        for j in range(n + 1):
            if i + j in (0, 2 * n) or not (both or i > j):
                continue
            found = chi2_contingency([[i, n - i], [j, n - j]], correction=corrected)
            total += float(binom.pmf(i, n, p) * binom.pmf(j, n, q)) if found.pvalue < 0.05 else 0.0
    return total


@pytest.mark.requirement("EVAL-04")
@pytest.mark.parametrize("corrected", [False, True])
def test_power_and_size_are_those_of_enumerating_every_outcome(corrected: bool):  # noqa: FBT001
    options = {"corrected": corrected, "alpha": 0.05}
    for p, q, n in ((0.55, 0.3, 17), (0.8, 0.75, 24), (0.02, 0.01, 12)):
        assert exact_power(known(p), known(q), n, **options) == pytest.approx(
            enumerated(p, q, n, corrected=corrected), abs=1e-10
        )
    assert exact_size(known(0.4), 20, **options) == pytest.approx(
        enumerated(0.4, 0.4, 20, corrected=corrected, both=True), abs=1e-10
    )


def test_statistic_is_scipys():
    for corrected in (False, True):
        for i, j, n in ((10, 3, 20), (0, 7, 9), (5, 5, 11), (6, 5, 11)):
            mine = float(chi_square(np.array([i]), np.array([j]), n, corrected=corrected)[0])
            assert mine == pytest.approx(chi2_contingency([[i, n - i], [j, n - j]], correction=corrected).statistic)
    assert chi_square(np.array([0, 5]), np.array([0, 5]), 5, corrected=False).tolist() == [0.0, 0.0]


def test_highest_beaten_count_is_that_of_a_search():
    n = 60
    counts = np.arange(n + 1)
    for corrected in (False, True):
        found = highest_beaten(counts, n, corrected=corrected, alpha=0.05)
        for i in counts:
            beaten = [
                j for j in range(i) if is_rejected(np.array([i]), np.array([j]), n, corrected=corrected, alpha=0.05)[0]
            ]
            assert found[i] == (max(beaten) if beaten else -1)
            assert beaten == list(range(len(beaten)))


def test_least_size_has_the_power_and_smaller_ones_do_not_keep_it():
    p, q, options = known(0.55), known(0.4), {"corrected": False, "alpha": 0.05}
    n = least_size(p, q, 0.8, **options)
    assert n is not None
    powers = {k: exact_power(p, q, k, **options) for k in range(n - 12, n + 11)}
    assert all(powers[k] >= 0.8 for k in range(n, n + 11))
    assert powers[n - 1] < 0.8
    # The textbook's normal approximation.
    z = (1.959963985 * np.sqrt(2 * 0.475 * 0.525) + 0.841621234 * np.sqrt(0.55 * 0.45 + 0.4 * 0.6)) / 0.15
    assert n == pytest.approx(z**2, rel=0.05)


def test_no_size_is_enough_for_a_class_that_is_not_better():
    options = {"corrected": False, "alpha": 0.05}
    assert least_size(known(0.4), known(0.5), 0.8, **options) is None
    assert least_size(known(0.4), known(0.4), 0.8, **options) is None
    # The first class is better in three of four trials alone.
    mixed = (np.array([0.6, 0.3]), np.array([0.75, 0.25]))
    assert least_size(mixed, known(0.4), 0.8, **options) is None
    assert least_size(mixed, known(0.4), 0.7, **options) is not None


@pytest.mark.requirement("EVAL-04")
@pytest.mark.parametrize("effects", list(TrialEffects))
def test_simulated_trials_have_the_exact_power_and_type_1_error(effects: TrialEffects):
    first, second = (arm_model(MODELS, one, PEOPLE, effects, 70.0) for one in (TNF, IL))
    n, n_trials = 120, 20_000
    trials = simulated_trials(first, second, n, n_trials, np.random.default_rng(4))
    same = simulated_trials(second, second, n, n_trials, np.random.default_rng(5))
    chances = mean_chances(first), mean_chances(second)
    for corrected in (False, True):
        options = {"corrected": corrected, "alpha": 0.05}
        power, size = exact_power(*chances, n, **options), exact_size(chances[1], n, **options)
        for found, truth in ((trials.wins(**options).mean(), power), (same.rejects(**options).mean(), size)):
            assert abs(found - truth) < 4.0 * np.sqrt(truth * (1.0 - truth) / n_trials)
    assert exact_size(chances[1], n, corrected=False, alpha=0.05) == pytest.approx(0.05, abs=0.01)


def test_coded_procedure_is_a_t_test_of_predicted_chances():
    first, second = (arm_model(MODELS, one, PEOPLE, TrialEffects.NONE, 100.0) for one in (IL, TNF))
    a, b = coded_arm(IL, first, PEOPLE), coded_arm(TNF, second, PEOPLE)
    x = PEOPLE.matrix(IL.terms)[0]
    sd = np.sqrt(x @ IL.covariance @ x + IL.var_residual)
    assert a.chances[0] == pytest.approx(ndtr((first.mean[0] - 100.0) / sd))
    n, rng, again = 40, np.random.default_rng(6), np.random.default_rng(6)
    found = coded_test(b, a, n, 300, 0.05, rng)
    who = [again.integers(400, size=(300, n)) for _ in range(2)]
    wins = 0
    for i, j in zip(*who, strict=True):
        p, q = b.chances[i], a.chances[j]
        pooled = ((n - 1) * p.var(ddof=1) + (n - 1) * q.var(ddof=1)) / (2 * n - 2)
        wins += (p.mean() - q.mean()) > student.ppf(0.975, 2 * n - 1) * np.sqrt(pooled * 2 / n)
    assert found == wins / 300


def test_an_effect_of_the_trial_is_integrated_over():
    one = ArmModel("a", "a", np.array([90.0, 120.0]), 60.0, 30.0, 100.0)
    p, weight = mean_chances(one)
    u = np.random.default_rng(7).standard_normal(400_000)
    drawn = np.array([one.chances(30.0 * value).mean() for value in u[:20_000]])
    assert p @ weight == pytest.approx(drawn.mean(), abs=4.0 * drawn.std() / np.sqrt(20_000))

"""Drawn participants of three classes, as they are after reading, for the configuration of the published analysis."""

from __future__ import annotations

import numpy as np

from crohns_srs.data.config import PLACEBO, load_config
from crohns_srs.data.ipd_file import Participants

CONFIG = load_config()
IDS = [one.id for one in CONFIG.classes]


def drawn(
    seed: int = 0, *, n_trials: int = 9, n_each: int = 60, trial_sd: float = 10.0, is_within: bool = False
) -> Participants:
    """Draw trials with a placebo arm and one class each, or all classes, whose effects depend on age and CRP."""
    rng = np.random.default_rng(seed)
    trial: list[str] = []
    arm: list[str] = []
    for k in range(n_trials):
        arms = [PLACEBO, *IDS] if is_within else [PLACEBO, IDS[k % 3]]
        for i in range(n_each):
            trial.append(f"T{k}")
            arm.append(arms[i % len(arms)])
    n = len(trial)
    columns = {
        one.name: rng.integers(0, 2, n).astype(float) if one.is_binary else 10.0 * rng.standard_normal(n)
        for one in CONFIG.covariates
    }
    names, code = np.unique(trial, return_inverse=True)
    columns["Year_Cent"] = rng.integers(0, 15, names.size).astype(float)[code]
    arms_of = np.array(arm)
    drug = effects(columns)
    effect = np.zeros(n)
    for k, one in enumerate(IDS):
        effect = np.where(arms_of == one, drug[:, k], effect)
    y = 60.0 + 0.3 * columns["CDAI_baseline_Cent"] - columns["Year_Cent"] + effect
    y += (trial_sd * rng.standard_normal(names.size))[code] + 40.0 * rng.standard_normal(n)
    return Participants(CONFIG, "drawn.csv", "0", np.array(trial), arms_of, y, columns)


def effects(columns: dict[str, np.ndarray]) -> np.ndarray:
    """Return the true effects of the classes."""
    age, crp = columns["Age_Cent"], columns["CRP_Cent"]
    return np.column_stack([20.0 + 1.0 * age, 30.0 + 0.0 * age, 40.0 - 1.0 * age + 0.5 * crp])

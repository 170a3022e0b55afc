"""Mixed models of drawn trials of the published sizes, and simulated trials of the published models: for the claims on speed and agreement."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from crohns_srs.design import create_design, grouping
from crohns_srs.lmm import GroupEffects, fit_mixed, parametric_bootstrap
from crohns_srs.power.chances import TrialEffects, arm_model
from crohns_srs.power.exact import exact_power, mean_chances
from crohns_srs.power.population import synthetic_population
from crohns_srs.power.simulation import simulated_trials
from crohns_srs.predict.library import shipped_models

if TYPE_CHECKING:
    from crohns_srs.lmm import MixedFit, Refits
    from pkpd.arrays import FloatArray

# Participants and trials of the placebo, anti-IL-12/23, anti-integrin and anti-TNF arms, and their covariates.
_ARMS = ((1621, 9), (587, 3), (1818, 3), (1677, 9))
_COVARIATES = 9
_SIZES = (100, 250, 500)
_SD_TRIAL, _SD_RESIDUAL = 20.0, 90.0


@dataclass(frozen=True)
class Arm:
    """Trial, covariates and outcome of one arm's participants."""

    trial: list[str]
    columns: dict[str, FloatArray]
    outcome: FloatArray


def drawn(seed: int) -> list[Arm]:
    """Return the arms of 5,703 virtual participants."""
    rng = np.random.default_rng(seed)
    return [_arm(rng, n, n_trials) for n, n_trials in _ARMS]


def fitted(arm: Arm) -> MixedFit:
    """Return a fit, from columns to the effects of trials."""
    return fit_mixed(create_design("drawn", arm.columns, [grouping("Trial", arm.trial)]), arm.outcome)


def replicates(fit: MixedFit, n: int, seed: int) -> Refits:
    """Return refits of outcomes that are drawn from a fit, trials redrawn."""
    return parametric_bootstrap(fit, n, effects=GroupEffects.REDRAWN, rng=np.random.default_rng(seed))


def dense_deviance(fit: MixedFit, outcome: FloatArray) -> float:
    """Return -2 ln of the restricted likelihood at a fit's variances by n × n matrices."""
    x, code = fit.summary.design.matrix, fit.summary.design.groupings[0].code
    sigma = fit.group_variance[0] * (code[:, None] == code) + fit.residual_variance * np.eye(code.size)
    solved = np.linalg.solve(sigma, np.column_stack([x, outcome]))
    cross = x.T @ solved[:, :-1]
    rest = outcome @ solved[:, -1] - (x.T @ solved[:, -1]) @ np.linalg.solve(cross, x.T @ solved[:, -1])
    free = code.size - x.shape[1]
    log_dets = np.linalg.slogdet(sigma)[1] + np.linalg.slogdet(cross)[1]
    return float(log_dets + rest + free * np.log(2.0 * np.pi))


def simulated_power(n_trials: int, seed: int) -> list[tuple[float, float]]:
    """Return simulated and exact power of anti-TNF against anti-IL-12/23 at three sizes of arms, by outcomes of drawn patients."""
    models = shipped_models()
    people = synthetic_population(models.config, 5000, seed)
    il, _, tnf = models.classes
    arms = [arm_model(models, one, people, TrialEffects.MARGINAL, 100.0) for one in (tnf, il)]
    rng = np.random.default_rng(seed)
    options: dict[str, Any] = {"corrected": False, "alpha": 0.05}
    found: list[tuple[float, float]] = []
    for n in _SIZES:
        trials = simulated_trials(arms[0], arms[1], n, n_trials, rng)
        exact = exact_power(mean_chances(arms[0]), mean_chances(arms[1]), n, **options)
        found.append((float(trials.wins(**options).mean()), exact))
    return found


def _arm(rng: np.random.Generator, n: int, n_trials: int) -> Arm:
    code = rng.integers(0, n_trials, n)
    columns = {f"x{i}": rng.standard_normal(n) for i in range(_COVARIATES)}
    effect = _SD_TRIAL * rng.standard_normal(n_trials)[code]
    outcome = 60.0 + 5.0 * columns["x0"] + effect + _SD_RESIDUAL * rng.standard_normal(n)
    return Arm([f"T{i}" for i in code], columns, outcome)

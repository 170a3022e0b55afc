"""Mixed models of drawn trials of the published sizes, and simulated trials of the published models: for the claims on speed and agreement."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from scipy.optimize import minimize_scalar

from crohns_srs.design import create_design, grouping
from crohns_srs.lmm import GroupEffects, fit_mixed, parametric_bootstrap
from crohns_srs.power.chances import TrialEffects, arm_model
from crohns_srs.power.exact import exact_power, mean_chances
from crohns_srs.power.population import synthetic_population
from crohns_srs.power.simulation import simulated_trials
from crohns_srs.predict.batch import create_rule, label_chunks, possible_labels
from crohns_srs.predict.case import read_case
from crohns_srs.predict.effects import effects_on
from crohns_srs.predict.library import shipped_models
from crohns_srs.predict.preference import Adjustment, preference_groups
from crohns_srs.predict.profile import Profile
from crohns_srs.predict.recommend import recommend
from crohns_srs.subgroups import label_of

if TYPE_CHECKING:
    from crohns_srs.lmm import MixedFit, Refits
    from crohns_srs.predict.effects import Uncertainty
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
    people = synthetic_population(models, 5000, seed)
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


def plain_deviance_fit(arm: Arm) -> float:
    """Return the variance ratio that SciPy finds for one arm by the textbook's likelihood, trial by trial."""
    x = np.column_stack([np.ones(arm.outcome.size), *arm.columns.values()])
    trials = np.array(arm.trial)
    parts = [(x[trials == one], arm.outcome[trials == one]) for one in sorted(set(arm.trial))]

    def deviance(log_ratio: float) -> float:
        ratio, cross, moment, square, log_det = float(np.exp(log_ratio)), 0.0, 0.0, 0.0, 0.0
        for rows, outcome in parts:
            n = outcome.size
            taken = ratio / (1.0 + n * ratio)
            cross = cross + rows.T @ rows - taken * np.outer(rows.sum(axis=0), rows.sum(axis=0))
            moment = moment + rows.T @ outcome - taken * rows.sum(axis=0) * outcome.sum()
            square += outcome @ outcome - taken * outcome.sum() ** 2
            log_det += np.log1p(n * ratio)
        rest = square - moment @ np.linalg.solve(cross, moment)
        free = arm.outcome.size - x.shape[1]
        return float(log_det + np.linalg.slogdet(cross)[1] + free * np.log(rest))

    return float(np.exp(minimize_scalar(deviance, bounds=(-15.0, 5.0), method="bounded").x))


def redrawn_outcome(fit: MixedFit, arm: Arm, rng: np.random.Generator) -> Arm:
    """Return an arm with outcomes drawn row by row from a fit."""
    code = fit.summary.design.groupings[0].code
    effects = np.sqrt(fit.group_variance[0]) * rng.standard_normal(fit.effects.size)
    noise = np.sqrt(fit.residual_variance) * rng.standard_normal(code.size)
    return Arm(arm.trial, arm.columns, fit.summary.design.matrix @ fit.estimate + effects[code] + noise)


def patients(n: int, seed: int) -> dict[str, FloatArray]:
    """Return covariates of virtual patients, by the terms of the published models, centred."""
    rng = np.random.default_rng(seed)
    found: dict[str, FloatArray] = {}
    for one in shipped_models().config.covariates:
        spread = {"Year_Cent": 4.0, "CDAI_baseline_Cent": 60.0, "Age_Cent": 13.0, "BMI_Cent": 5.0, "CRP_Cent": 8.0}
        given = rng.random(n) < 0.5 if one.is_binary else spread[one.name] * rng.standard_normal(n)
        found[one.name] = np.asarray(given, dtype=np.float64)
    return found


def labelled(columns: dict[str, FloatArray], uncertainty: Uncertainty) -> FloatArray:
    """Return how many patients have each label, chunk by chunk."""
    rule = create_rule(shipped_models(), uncertainty)
    count = np.zeros(len(possible_labels(rule)))
    for _, found in label_chunks(rule, columns, columns["Age_Cent"].size):
        count += np.bincount(found.code, minlength=count.size)
    return count


def label_one(columns: dict[str, FloatArray], i: int, uncertainty: Uncertainty) -> str:
    """Return the label of one patient as a plain program has it: all effects and errors, one after the other."""
    models = shipped_models()
    values = {name: float(one[i]) for name, one in columns.items()}
    effects = effects_on(models, Profile({name: np.array([value]) for name, value in values.items()}, 1), uncertainty)
    ids = [one.id for one in models.classes]
    return label_of(preference_groups(effects, ids, (), uncertainty, Adjustment.NONE))


def answered(text: str) -> dict[str, Any]:
    """Return the document of one patient, from its text."""
    models = shipped_models()
    return recommend(models, read_case(text, models.config))


def _arm(rng: np.random.Generator, n: int, n_trials: int) -> Arm:
    code = rng.integers(0, n_trials, n)
    columns = {f"x{i}": rng.standard_normal(n) for i in range(_COVARIATES)}
    effect = _SD_TRIAL * rng.standard_normal(n_trials)[code]
    outcome = 60.0 + 5.0 * columns["x0"] + effect + _SD_RESIDUAL * rng.standard_normal(n)
    return Arm([f"T{i}" for i in code], columns, outcome)

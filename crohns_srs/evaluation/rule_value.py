"""What patients would gain if each got the class of which the models expect most, by augmented inverse probability weighting.

The value of a rule d is E[Y(d(X))] over the active participants, estimated as the mean of

    m_d(X) + 1{A = d(X)} / e_d(X) · (Y - m_A(X)),

with the outcome m and the chance e of each class from models, and the rule itself, that were fitted without the participant (cross-fitting). It is right where
either m or e is, and where nothing else that bears on the outcome differs between those who were given different classes. Where a trial has every
class, e is known from its arms. Elsewhere classes were never randomised against each other: e is estimated from the covariates, and trials
are taken to differ in nothing but these.

References
----------
Robins JM, Rotnitzky A, Zhao LP. J Am Stat Assoc 1994;89:846-66. doi:10.1080/01621459.1994.10476818
Chernozhukov V et al. Double/debiased machine learning. Econom J 2018;21:C1-68. doi:10.1111/ectj.12097
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from scipy.special import ndtr, stdtrit

from crohns_srs.data.config import PLACEBO
from crohns_srs.evaluation.comparison import quadratic
from crohns_srs.evaluation.learners import class_chances
from crohns_srs.evaluation.performance import Interval
from crohns_srs.evaluation.rows import chosen, folds, matrix
from crohns_srs.predict.own_models import fitted_models
from crohns_srs.srs.fit import fit_sequence

if TYPE_CHECKING:
    from crohns_srs.data.ipd_file import Participants
    from crohns_srs.predict.class_model import ModelSet
    from pkpd.arrays import BoolArray, FloatArray, IntArray

RULE, OBSERVED = "rule", "observed"
LEAST_CHANCE = 0.01
"""Chances of a class below this count as this, so that no single participant decides."""
_LEVEL = 0.95


@dataclass(frozen=True, slots=True)
class PolicyValue:
    """What becomes of patients under a policy.

    Parameters
    ----------
    name : str
        ``rule``, ``observed``, or the class that all are given.
    value : Interval
        Mean outcome, with an interval by the spread between trials.
    participant_error : float
        Standard error as if participants of one trial were independent.
    over_rule : Interval
        By how much the rule exceeds it, with an interval likewise.
    expected : float
        What the models themselves expect, which wants no data and tells the best of a rule that was chosen by them.
    effective : float
        (Σw)²/Σw² of the weights of those who were given what the policy gives.
    """

    name: str
    value: Interval
    participant_error: float
    over_rule: Interval
    expected: float
    effective: float


@dataclass(frozen=True, slots=True)
class RuleValue:
    """The value of the rule beside that of other policies.

    Parameters
    ----------
    n, n_trials : int
        Active participants, and their trials.
    is_randomised : bool
        Whether chances of the classes are known from trials that have all of them.
    given : dict of str to float
        Share of patients that the rule gives each class.
    clipped : float
        Share of participants whose own class had a chance below `LEAST_CHANCE`.
    outcome, response : tuple of PolicyValue
        The outcome, and the share with a response.
    """

    n: int
    n_trials: int
    is_randomised: bool
    given: dict[str, float]
    clipped: float
    outcome: tuple[PolicyValue, ...]
    response: tuple[PolicyValue, ...]


@dataclass(frozen=True, slots=True)
class Crossfit:
    """What models say of participants that they were fitted without.

    Parameters
    ----------
    code : (n,) array
        Class that each was given.
    best : (n,) array
        Class of which most is expected.
    mean : (n, n_classes) array
        Expected outcome on each class.
    error_of_new : (n, n_classes) array
        Standard deviation of a new outcome around it.
    chance : (n, n_classes) array
        Chance to be given each class.
    """

    code: IntArray
    best: IntArray
    mean: FloatArray
    error_of_new: FloatArray
    chance: FloatArray


def rule_value(participants: Participants, *, n_folds: int, seed: int) -> RuleValue:
    """Return the value of giving each patient the class of which the models expect most.

    Parameters
    ----------
    participants : Participants
        All arms.
    n_folds : int
        Folds of cross-fitting.
    seed : int
        Of the folds.

    Raises
    ------
    InputError
        Where some models cannot be fitted without a fold.
    """
    found = cross_fitted(participants, n_folds, seed)
    active = participants.arm != PLACEBO
    trial, y = participants.trial[active], participants.outcome[active]
    names = [one.id for one in participants.config.classes]
    threshold = participants.config.outcome.response[0]
    own = np.take_along_axis(found.chance, found.code[:, None], axis=1)[:, 0]
    responses = ndtr((found.mean - threshold) / found.error_of_new)
    return RuleValue(
        y.size,
        np.unique(trial).size,
        _is_randomised(participants),
        {name: float((found.best == k).mean()) for k, name in enumerate(names)},
        float((own < LEAST_CHANCE).mean()),
        policy_values(found, y, found.mean, trial, names),
        policy_values(found, (y >= threshold).astype(np.float64), responses, trial, names),
    )


def cross_fitted(participants: Participants, n_folds: int, seed: int) -> Crossfit:
    """Return what models say of each active participant that were fitted without its fold."""
    config = participants.config
    ids = [one.id for one in config.classes]
    part = folds(participants, n_folds, seed)
    active = participants.arm != PLACEBO
    n, k = participants.n_rows, len(ids)
    mean, error, effect, chance = (np.full((n, k), np.nan) for _ in range(4))
    code = np.array([ids.index(arm) if arm != PLACEBO else -1 for arm in participants.arm.tolist()])
    columns = matrix(participants, [one.name for one in config.drug_covariates])
    is_known = _is_randomised(participants)
    for fold in range(n_folds):
        out, rest = active & (part == fold), part != fold
        models = fitted_models(fit_sequence(chosen(participants, rest)))
        mean[out], error[out], effect[out] = expected_of_all(models, chosen(participants, out))
        if not is_known:
            seen = rest & active
            chance[out] = class_chances(columns[seen], code[seen], columns[out], k)
    if is_known:
        chance = _chances_by_design(participants, code, k)
    return Crossfit(
        code[active], effect[active].argmax(axis=1).astype(np.int64), mean[active], error[active], chance[active]
    )


def expected_of_all(models: ModelSet, participants: Participants) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Return expected outcome, standard deviation of a new one, and effect of every class, each (n_rows, n_classes)."""
    x0, x = matrix(participants, models.placebo.terms), matrix(participants, models.classes[0].terms)
    effect = np.column_stack([x @ one.estimate for one in models.classes])
    spread = [
        quadratic(x, one.covariance)
        + quadratic(x0 - x @ one.carried, models.placebo.covariance)
        + one.var_trial
        + one.var_residual
        for one in models.classes
    ]
    return (x0 @ models.placebo.estimate)[:, None] + effect, np.sqrt(np.column_stack(spread)), effect


def policy_values(
    found: Crossfit,
    outcome: FloatArray,
    mean: FloatArray,
    trial: np.ndarray[tuple[int], np.dtype[np.str_]],
    names: list[str],
) -> tuple[PolicyValue, ...]:
    """Return the values of the rule, of each class for all, and of what was given.

    Parameters
    ----------
    found : Crossfit
        Models without the participant.
    outcome : (n,) array
        Outcome.
    mean : (n, n_classes) array
        What is expected of it on each class.
    trial : (n,) array of str
        Trial.
    names : list of str
        Classes.
    """
    scores = {RULE: doubly_robust(found, outcome, mean, found.best)}
    scores |= {name: doubly_robust(found, outcome, mean, np.full_like(found.code, k)) for k, name in enumerate(names)}
    scores[OBSERVED] = outcome
    policies = {
        RULE: found.best,
        **{name: np.full_like(found.code, k) for k, name in enumerate(names)},
        OBSERVED: found.code,
    }
    row = np.arange(outcome.size)
    values: list[PolicyValue] = []
    for name, score in scores.items():
        policy = policies[name]
        taken = (found.code == policy) / np.maximum(found.chance[row, policy], LEAST_CHANCE)
        weight: FloatArray = np.ones(outcome.size) if name == OBSERVED else taken
        values.append(
            PolicyValue(
                name,
                clustered_mean(score, trial),
                float(score.std(ddof=1) / np.sqrt(score.size)),
                clustered_mean(scores[RULE] - score, trial) if name != RULE else Interval(0.0),
                float(mean[row, policy].mean()),
                float(weight.sum() ** 2 / (weight**2).sum()) if weight.any() else 0.0,
            )
        )
    return tuple(values)


def doubly_robust(found: Crossfit, outcome: FloatArray, mean: FloatArray, policy: IntArray) -> FloatArray:
    """Return what each participant adds to the value of a policy, (n,)."""
    row = np.arange(outcome.size)
    is_taken: BoolArray = found.code == policy
    chance = np.maximum(found.chance[row, policy], LEAST_CHANCE)
    return mean[row, policy] + is_taken / chance * (outcome - mean[row, found.code])


def clustered_mean(values: FloatArray, cluster: np.ndarray[tuple[int], np.dtype[np.str_]]) -> Interval:
    """Return a mean with its interval by t, from the spread of the sums of clusters; NaN ends for one cluster."""
    mean = float(values.mean())
    _, code = np.unique(cluster, return_inverse=True)
    sums = np.bincount(code, weights=values - mean)
    if sums.size < 2:
        return Interval(mean)
    error = float(np.sqrt(sums.size / (sums.size - 1) * (sums @ sums))) / values.size
    reach = error * float(stdtrit(sums.size - 1, 0.5 + 0.5 * _LEVEL))
    return Interval(mean, mean - reach, mean + reach)


def _is_randomised(participants: Participants) -> bool:
    """Return whether every trial with active participants has every class."""
    active = participants.arm != PLACEBO
    n = len(participants.config.classes)
    trials = np.unique(participants.trial[active])
    return all(np.unique(participants.arm[active & (participants.trial == trial)]).size == n for trial in trials)


def _chances_by_design(participants: Participants, code: IntArray, n_classes: int) -> FloatArray:
    """Return each class's share of the active participants of one's own trial; NaN for trials without any."""
    found = np.full((participants.n_rows, n_classes), np.nan)
    for trial in np.unique(participants.trial):
        own = participants.trial == trial
        counts = np.bincount(code[own & (code >= 0)], minlength=n_classes)
        found[own] = counts / counts.sum() if counts.any() else np.nan
    return found

"""Trials of two arms simulated outcome by outcome: patients drawn, each responding or not, and the test of what came of it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from scipy.special import ndtr, stdtrit

from crohns_srs.power.chances import drawn_means, drawn_parameters
from crohns_srs.power.exact import is_rejected

if TYPE_CHECKING:
    from crohns_srs.power.chances import ArmModel
    from crohns_srs.power.population import Population
    from crohns_srs.predict.class_model import ClassModel, ModelSet
    from pkpd.arrays import BoolArray, FloatArray, IntArray

# Participants whose chances are computed at once.
_BLOCK = 2_000_000


@dataclass(frozen=True, slots=True)
class Trials:
    """Simulated trials.

    Parameters
    ----------
    n : int
        Participants of each arm.
    first, second : (n_trials,) array
        Responders of both arms.
    """

    n: int
    first: IntArray
    second: IntArray

    def wins(self, *, corrected: bool, alpha: float) -> BoolArray:
        """Return whether the test finds a difference and the first arm has more responders, (n_trials,)."""
        return self.rejects(corrected=corrected, alpha=alpha) & (self.first > self.second)

    def rejects(self, *, corrected: bool, alpha: float) -> BoolArray:
        """Return whether the test finds a difference, either way, (n_trials,)."""
        return is_rejected(self.first, self.second, self.n, corrected=corrected, alpha=alpha)


def simulated_trials(first: ArmModel, second: ArmModel, n: int, n_trials: int, rng: np.random.Generator) -> Trials:
    """Simulate trials with n participants in each arm, drawn with replacement from the patients.

    Where both arms are given the same class, both have the same effect of the trial.
    """
    shift = first.between * rng.standard_normal(n_trials)
    other = shift if first.id == second.id else second.between * rng.standard_normal(n_trials)
    return Trials(n, _responders(first, n, shift, rng), _responders(second, n, other, rng))


def _responders(arm: ArmModel, n: int, shift: FloatArray, rng: np.random.Generator) -> IntArray:
    """Return how many of n drawn patients respond in each trial."""
    found = np.empty(shift.size, dtype=np.int64)
    own = arm.chances() if arm.between == 0.0 else None
    step = max(1, _BLOCK // n)
    for start in range(0, shift.size, step):
        part = slice(start, start + step)
        who = rng.integers(arm.mean.size, size=(shift[part].size, n))
        chance: FloatArray = _chances(arm, who, shift[part]) if own is None else own[who]
        found[part] = (rng.random(chance.shape) < chance).sum(axis=1)
    return found


def _chances(arm: ArmModel, who: IntArray, shift: FloatArray) -> FloatArray:
    """Return the chances of patients in trials with effects, (n_trials, n)."""
    return ndtr((arm.mean[who] + shift[:, None] - arm.threshold) / arm.spread)


@dataclass(frozen=True, slots=True)
class CodedArm:
    """Predicted chances as the publication's power code has them.

    Parameters
    ----------
    chances : (n_patients,) array
        Φ((expected outcome - threshold) / error), the error being that of a prediction without the trials' variance.
    """

    chances: FloatArray


def coded_arm(model: ClassModel, arm: ArmModel, population: Population) -> CodedArm:
    """Return the chances of the publication's power code, in the limit of many simulated predictions.

    Its standard error is that of `merTools::predictInterval` with ``which = "fixed"``, which leaves the trials' variance out.
    """
    x = population.matrix(model.terms)
    variance: FloatArray = np.einsum("ij,ij->i", x @ model.covariance, x) + model.var_residual
    error: FloatArray = np.sqrt(variance)
    return CodedArm(ndtr((arm.mean - arm.threshold) / error))


def coded_test(
    first: CodedArm, second: CodedArm, n: int, n_trials: int, alpha: float, rng: np.random.Generator
) -> float:
    """Return the share of trials in which the publication's procedure finds the first arm better.

    A pooled-variance t interval of the difference of mean *predicted* chances with 2n - 1 degrees of freedom: no outcome is drawn, so that the spread of outcomes, which
    is what a trial has to overcome, is not in it. It is no power, and is here to show where the published figures come from.
    """
    wins = 0
    step = max(1, _BLOCK // n)
    for start in range(0, n_trials, step):
        m = min(step, n_trials - start)
        a, b = (one.chances[rng.integers(one.chances.size, size=(m, n))] for one in (first, second))
        error = np.sqrt((a.var(axis=1, ddof=1) + b.var(axis=1, ddof=1)) / n)
        reach = float(stdtrit(2 * n - 1, 1.0 - 0.5 * alpha)) * error
        wins += int((a.mean(axis=1) - b.mean(axis=1) > reach).sum())
    return wins / n_trials


def drawn_mean_chances(
    models: ModelSet,
    arms: tuple[ArmModel, ArmModel],
    population: Population,
    firsts: IntArray,
    n_draws: int,
    rng: np.random.Generator,
) -> tuple[FloatArray, FloatArray]:
    """Return mean chances of a response by parameters that are drawn from their distribution.

    Parameters
    ----------
    models : ModelSet
        Models.
    arms : tuple of ArmModel
        Both arms; an effect of the trial is drawn for each where it has one.
    population : Population
        Patients, in the order in which they are selected.
    firsts : (n_selections,) array
        How many of them, from the first on, each selection has.
    n_draws : int
        Draws.
    rng : numpy.random.Generator
        Source of random numbers.

    Returns
    -------
    tuple of (n_draws, n_selections) array
        Of both arms.
    """
    drawn = drawn_parameters(models, n_draws, rng)
    by_id = {one.id: one for one in (models.placebo, *models.classes)}
    found: list[FloatArray] = []
    step = max(1, _BLOCK // population.n_patients)
    for arm in arms:
        shift = arm.between * rng.standard_normal(n_draws)
        means: FloatArray = np.empty((n_draws, firsts.size))
        for start in range(0, n_draws, step):
            part = slice(start, start + step)
            mean = drawn_means(models, by_id[arm.id], population, drawn.part(part))
            chance = ndtr((mean + shift[part, None] - arm.threshold) / arm.spread)
            means[part] = np.cumsum(chance, axis=1)[:, firsts - 1] / firsts
        found.append(means)
    return found[0], found[1]

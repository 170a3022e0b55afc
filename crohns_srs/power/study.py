"""A whole study of power: two classes, or one and placebo, a population, sizes of arms, and every question that is asked of them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from crohns_srs.power.chances import ArmModel, TrialEffects, arm_model
from crohns_srs.power.enrichment import (
    Coefficients,
    Selection,
    both_coefficients,
    by_contrast,
    counts_of,
    selections,
)
from crohns_srs.power.exact import exact_power, exact_size, is_rejected, least_size, mean_chances
from crohns_srs.power.simulation import coded_arm, coded_test, drawn_mean_chances, simulated_trials

if TYPE_CHECKING:
    from collections.abc import Callable

    from crohns_srs.power.population import Population
    from crohns_srs.predict.class_model import ClassModel, ModelSet
    from pkpd.arrays import FloatArray

_TRIALS_PER_DRAW = 20


@dataclass(frozen=True, slots=True)
class Asked:
    """What a study is asked.

    Parameters
    ----------
    first, second : str
        Classes, the second may be ``placebo``; power is the chance that the first is found better.
    sizes : tuple of int
        Participants of each arm.
    n_trials : int
        Simulated trials of each size, and draws of parameters.
    alpha, target : float
        Level of the two-sided test, and power that is asked for.
    threshold : float
        Outcome from which on it counts as a response.
    effects : TrialEffects
        What trials differ by.
    seed : int
        What is drawn from.
    """

    first: str
    second: str
    sizes: tuple[int, ...]
    n_trials: int
    alpha: float
    target: float
    threshold: float
    effects: TrialEffects
    seed: int


@dataclass(frozen=True, slots=True)
class SizePower:
    """Power at one size of the arms.

    Parameters
    ----------
    n : int
        Participants of each arm.
    simulated, simulated_corrected : float
        Share of simulated trials in which the chi-square test finds the first class better, without and with continuity correction.
    exact, exact_corrected : float
        The same by enumeration.
    type1, type1_corrected : float
        Share of simulated trials of two arms of the second class in which the test finds a difference.
    type1_exact, type1_exact_corrected : float
        The same by enumeration.
    coded : float
        Share of the publication's procedure, which is no power.
    coded_same : float
        The same of two arms of the second class.
    assurance, assurance_worse : float
        Chance over the parameters' distribution that the test finds the first, and the second, class better (without correction).
    """

    n: int
    simulated: float
    simulated_corrected: float
    exact: float
    exact_corrected: float
    type1: float
    type1_corrected: float
    type1_exact: float
    type1_exact_corrected: float
    coded: float
    coded_same: float
    assurance: float
    assurance_worse: float


@dataclass(frozen=True, slots=True)
class PowerStudy:
    """What a study found.

    Parameters
    ----------
    asked : Asked
        Questions.
    arms : tuple of ArmModel
        Both classes.
    population : Population
        Patients.
    chances : tuple of float
        Mean chance of a response on each class.
    drawn_difference : (n_draws,) array
        Difference of the mean chances by drawn parameters.
    sizes : tuple of SizePower
        Power at each size.
    least_size, least_size_corrected : int or None
        Participants in each arm for the power asked for; None where no number is enough.
    coefficients : tuple of Coefficients
        Covariates in both models.
    selections : tuple of Selection
        Trials among ever fewer patients.
    """

    asked: Asked
    arms: tuple[ArmModel, ArmModel]
    population: Population
    chances: tuple[float, float]
    drawn_difference: FloatArray
    sizes: tuple[SizePower, ...]
    least_size: int | None
    least_size_corrected: int | None
    coefficients: tuple[Coefficients, ...]
    selections: tuple[Selection, ...]


def power_study(
    models: ModelSet, population: Population, asked: Asked, tell: Callable[[float], None] = lambda _: None
) -> PowerStudy:
    """Answer every question of a study.

    Parameters
    ----------
    models : ModelSet
        Models.
    population : Population
        Patients.
    asked : Asked
        Questions.
    tell : callable
        Is told the share that is done.
    """
    by_id = {one.id: one for one in (models.placebo, *models.classes)}
    classes = by_id[asked.first], by_id[asked.second]
    streams = [np.random.default_rng(one) for one in np.random.SeedSequence(asked.seed).spawn(len(asked.sizes) + 1)]
    first, second = (arm_model(models, one, population, asked.effects, asked.threshold) for one in classes)
    arms = first, second
    ordered, order = by_contrast(arms, population)
    counts = counts_of(population.n_patients)
    drawn = drawn_mean_chances(models, arms, ordered, counts, asked.n_trials, streams[-1])
    assured = np.array([_assured(drawn, n, asked.alpha, streams[-1]) for n in asked.sizes])
    tell(0.4)
    found: list[SizePower] = []
    for k, n in enumerate(asked.sizes):
        found.append(_at_size(classes, arms, population, asked, n, assured[k, :, 0], streams[k]))
        tell(0.4 + 0.3 * (k + 1) / len(asked.sizes))
    chances = mean_chances(first), mean_chances(second)
    plain, corrected = (least_size(*chances, asked.target, corrected=one, alpha=asked.alpha) for one in (False, True))
    chosen = selections(arms, order, asked.sizes, target=asked.target, alpha=asked.alpha, assured=assured[:, 0, :].T)
    return PowerStudy(
        asked,
        arms,
        population,
        (float(first.chances().mean()), float(second.chances().mean())),
        drawn[0][:, 0] - drawn[1][:, 0],
        tuple(found),
        plain,
        corrected,
        both_coefficients(models, *classes),
        chosen,
    )


def _at_size(
    classes: tuple[ClassModel, ClassModel],
    arms: tuple[ArmModel, ArmModel],
    population: Population,
    asked: Asked,
    n: int,
    assured: FloatArray,
    rng: np.random.Generator,
) -> SizePower:
    """Return the power at one size of the arms."""
    first, second = arms
    alpha, n_trials = asked.alpha, asked.n_trials
    trials = simulated_trials(first, second, n, n_trials, rng)
    same = simulated_trials(second, second, n, n_trials, rng)
    chances = mean_chances(first), mean_chances(second)
    coded = coded_arm(classes[0], first, population), coded_arm(classes[1], second, population)
    won, won_corrected = (float(trials.wins(corrected=one, alpha=alpha).mean()) for one in (False, True))
    wrong, wrong_corrected = (float(same.rejects(corrected=one, alpha=alpha).mean()) for one in (False, True))
    return SizePower(
        n,
        won,
        won_corrected,
        exact_power(*chances, n, corrected=False, alpha=alpha),
        exact_power(*chances, n, corrected=True, alpha=alpha),
        wrong,
        wrong_corrected,
        exact_size(chances[1], n, corrected=False, alpha=alpha),
        exact_size(chances[1], n, corrected=True, alpha=alpha),
        coded_test(*coded, n, n_trials, alpha, rng),
        coded_test(coded[1], coded[1], n, n_trials, alpha, rng),
        float(assured[0]),
        float(assured[1]),
    )


def _assured(drawn: tuple[FloatArray, FloatArray], n: int, alpha: float, rng: np.random.Generator) -> FloatArray:
    """Return how often the test finds the first, and the second, class better over drawn parameters, (2, n_selections)."""
    a, b = (rng.binomial(n, np.clip(one, 0.0, 1.0), size=(_TRIALS_PER_DRAW, *one.shape)) for one in drawn)
    rejected = is_rejected(a, b, n, corrected=False, alpha=alpha)
    return np.array([(rejected & (a > b)).mean(axis=(0, 1)), (rejected & (a < b)).mean(axis=(0, 1))])

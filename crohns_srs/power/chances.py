"""The chance of a response of each patient on each class, by the models' estimates or by parameters drawn from their distribution."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING

import numpy as np
from scipy.special import ndtr

from crohns_srs.data.config import PLACEBO

if TYPE_CHECKING:
    from crohns_srs.power.population import Population
    from crohns_srs.predict.class_model import ClassModel, ModelSet
    from pkpd.arrays import FloatArray


class TrialEffects(Enum):
    """What trials differ by beyond the covariates; the value is the sentence the user reads."""

    MARGINAL = "Trials differ, and each participant is as from a trial of its own: the models' own chances of response."
    BY_CLASS = "Trials differ, and each class has one effect in a trial, common to all its participants."
    NONE = "Trials do not differ beyond the covariates."


@dataclass(frozen=True, slots=True)
class ArmModel:
    """What is expected of patients on one class, or on placebo.

    Parameters
    ----------
    id, title : str
        Class, or ``placebo``.
    mean : (n_patients,) array
        Expected outcome, placebo and drug part together.
    spread : float
        Standard deviation of a new outcome around it in one trial.
    between : float
        Standard deviation of the class's effect between trials, where it is common to a trial's participants; 0 elsewhere.
    threshold : float
        Outcome from which on it counts as a response.
    """

    id: str
    title: str
    mean: FloatArray
    spread: float
    between: float
    threshold: float

    def chances(self, shift: FloatArray | float = 0.0) -> FloatArray:
        """Return the chance of a response of each patient, all outcomes shifted."""
        return ndtr((self.mean + shift - self.threshold) / self.spread)


def arm_model(
    models: ModelSet, model: ClassModel, population: Population, effects: TrialEffects, threshold: float
) -> ArmModel:
    """Return what the estimates expect of patients on one class, or on placebo."""
    mean: FloatArray = population.matrix(models.placebo.terms) @ models.placebo.estimate
    if model.id != PLACEBO:
        mean = mean + population.matrix(model.terms) @ model.estimate
    spread, between = spreads(model, effects)
    return ArmModel(model.id, model.title, mean, spread, between, threshold)


def spreads(model: ClassModel, effects: TrialEffects) -> tuple[float, float]:
    """Return standard deviations of a new outcome in one trial, and of the class's effect between trials."""
    is_marginal = effects is TrialEffects.MARGINAL
    within = model.var_residual + (model.var_trial if is_marginal else 0.0)
    between = model.var_trial if effects is TrialEffects.BY_CLASS else 0.0
    return float(np.sqrt(within)), float(np.sqrt(between))


@dataclass(frozen=True, slots=True)
class DrawnParameters:
    """Coefficients drawn from their distribution: those of the placebo model, and of classes, which follow them.

    Parameters
    ----------
    placebo : (n_draws, n_placebo_terms) array
        Of the placebo model.
    classes : dict of str to (n_draws, n_terms) array
        Of each class.
    """

    placebo: FloatArray
    classes: dict[str, FloatArray]

    def part(self, draws: slice) -> DrawnParameters:
        """Return some draws."""
        return DrawnParameters(self.placebo[draws], {name: one[draws] for name, one in self.classes.items()})


def drawn_parameters(models: ModelSet, n: int, rng: np.random.Generator) -> DrawnParameters:
    """Draw coefficients from normal distributions around the estimates, both stages together.

    With β = β_observed - Bα an error of the placebo model's α goes into every class's β, so that α's own and theirs are drawn together; variances are held.
    """
    alpha = rng.multivariate_normal(models.placebo.estimate, models.placebo.covariance, size=n, method="cholesky")
    error = alpha - models.placebo.estimate
    classes = {
        one.id: rng.multivariate_normal(one.estimate, one.covariance, size=n, method="cholesky") - error @ one.carried.T
        for one in models.classes
    }
    return DrawnParameters(alpha, classes)


def drawn_means(models: ModelSet, model: ClassModel, population: Population, drawn: DrawnParameters) -> FloatArray:
    """Return the expected outcome of each patient on a class, or on placebo, by drawn coefficients, (n_draws, n_patients)."""
    placebo = drawn.placebo @ population.matrix(models.placebo.terms).T
    if model.id == PLACEBO:
        return placebo
    return placebo + drawn.classes[model.id] @ population.matrix(model.terms).T

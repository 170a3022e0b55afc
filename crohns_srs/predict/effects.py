"""Expected effects of the classes on one patient, and how sure they are: a named choice.

- `coherent`: the placebo model's error is carried on, trials differ as they were found to, and degrees of freedom say how few they are.
- `paper`: trials' effects held at their predictions, as the publication's subgroups were made.
- `dashboard`: covariance of the coefficients of each class alone, as the publication's calculator does.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING

import numpy as np

from crohns_srs.predict.class_model import degrees_of_freedom, pooled_degrees

if TYPE_CHECKING:
    from crohns_srs.predict.case import CrohnsCase
    from crohns_srs.predict.class_model import ClassModel, ModelSet
    from pkpd.arrays import FloatArray


class Uncertainty(Enum):
    """Which error an effect has."""

    COHERENT = "coherent"
    PAPER = "paper"
    DASHBOARD = "dashboard"


@dataclass(frozen=True, slots=True)
class Effects:
    """Effects of all classes on one patient.

    Parameters
    ----------
    placebo, placebo_error : float
        Expected outcome on placebo, and its standard error.
    effect : (n_classes,) array
        What each class adds.
    own_variance, own_df : (n_classes,) array
        Variance of each effect that is its class's alone, and its degrees of freedom.
    shared : (n_classes, n_placebo_terms) array
        How each effect follows the placebo model's coefficients, negative.
    placebo_covariance : (n_placebo_terms, n_placebo_terms) array
        Of those; 0 where they are taken as known.
    placebo_model : ClassModel
        The placebo model.
    total_variance : (n_classes,) array
        Of the expected outcome, placebo and drug together.
    new_variance : (n_classes,) array
        Of one new participant around it: trials and participants differ.
    """

    placebo: float
    placebo_error: float
    effect: FloatArray
    own_variance: FloatArray
    own_df: FloatArray
    shared: FloatArray
    placebo_covariance: FloatArray
    placebo_model: ClassModel
    total_variance: FloatArray
    new_variance: FloatArray


@dataclass(frozen=True, slots=True)
class Difference:
    """A difference with its error.

    Parameters
    ----------
    value, error, df : float
        Estimate, standard error and degrees of freedom.
    """

    value: float
    error: float
    df: float


def effects_on(models: ModelSet, case: CrohnsCase, uncertainty: Uncertainty) -> Effects:
    """Return the effects of all classes on a patient, in the order of the models."""
    placebo = models.placebo
    at = case.row(placebo.terms)
    is_paper, is_coherent = uncertainty is Uncertainty.PAPER, uncertainty is Uncertainty.COHERENT
    rows = [case.row(one.terms) for one in models.classes]
    held = [
        (one.held_estimate, one.held_covariance) if is_paper else (one.estimate, one.covariance)
        for one in models.classes
    ]
    effect = np.array([row @ estimate for row, (estimate, _) in zip(rows, held, strict=True)])
    own = np.array([row @ covariance @ row for row, (_, covariance) in zip(rows, held, strict=True)])
    own_df = [
        degrees_of_freedom(one, row) if is_coherent else float(one.df_test)
        for one, row in zip(models.classes, rows, strict=True)
    ]
    carried = np.array([row @ one.carried for one, row in zip(models.classes, rows, strict=True)])
    covariance = placebo.covariance if is_coherent else np.zeros_like(placebo.covariance)
    base, base_covariance = (
        (placebo.held_estimate, placebo.held_covariance) if is_paper else (placebo.estimate, placebo.covariance)
    )
    # What an effect takes from the placebo model and what is added for the expected outcome cancel, but for the year.
    left = at - carried
    total = own + np.einsum("ij,jk,ik->i", left, covariance, left)
    spread = np.array([one.var_trial + one.var_residual for one in models.classes])
    return Effects(
        float(at @ base),
        float(np.sqrt(at @ base_covariance @ at)),
        effect,
        own,
        np.array(own_df),
        carried,
        covariance,
        placebo,
        total,
        total + spread,
    )


def single(effects: Effects, k: int) -> Difference:
    """Return the effect of one class with its error."""
    return _summed(effects, float(effects.effect[k]), [k], effects.shared[k])


def difference(effects: Effects, a: int, b: int) -> Difference:
    """Return by how much the effect of one class exceeds that of another."""
    value = float(effects.effect[a] - effects.effect[b])
    return _summed(effects, value, [a, b], effects.shared[a] - effects.shared[b])


def _summed(effects: Effects, value: float, classes: list[int], shared: FloatArray) -> Difference:
    variances, degrees = effects.own_variance[classes], effects.own_df[classes]
    from_placebo = float(shared @ effects.placebo_covariance @ shared)
    if from_placebo > 0.0:
        variances = np.append(variances, from_placebo)
        degrees = np.append(degrees, degrees_of_freedom(effects.placebo_model, shared))
        return Difference(value, float(np.sqrt(variances.sum())), pooled_degrees(variances, degrees))
    is_counted = len(classes) > 1 and not effects.placebo_covariance.any()
    # The publication adds up the degrees of freedom of the two classes.
    df = float(degrees.sum()) if is_counted else pooled_degrees(variances, degrees)
    return Difference(value, float(np.sqrt(variances.sum())), df)

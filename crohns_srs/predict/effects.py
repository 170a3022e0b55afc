"""Expected effects of the classes on one patient, and how sure they are: a named choice.

- `coherent`: the placebo model's error is carried on, trials differ as they were found to, and degrees of freedom say how few they are.
- `paper`: trials' effects held at their predictions, as the publication's subgroups were made.
- `dashboard`: covariance of the coefficients of each class alone, as the publication's calculator does.

Where inputs are not known, a patient has many equally likely sets of values. Estimates are means over them, and variances those of the estimates, as a mean over the sets, plus
the variance of the estimates between the sets (as for imputations, without the noise of few of them).
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING

import numpy as np
from scipy.special import stdtr, stdtrit

from crohns_srs.predict.class_model import degrees_of_freedom, mean_square, pooled_degrees

if TYPE_CHECKING:
    from crohns_srs.predict.class_model import ClassModel, ModelSet
    from crohns_srs.predict.profile import Profile
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
    placebo_sets : (n_sets,) array
        Expected outcome on placebo for each set of values.
    placebo_variance : float
        Variance of its estimate.
    placebo_df : float
        Degrees of freedom of that variance.
    sets : (n_sets, n_classes) array
        What each class adds, for each set of values.
    own_variance, own_df : (n_classes,) array
        Variance of each effect that is its class's alone, and its degrees of freedom.
    own_sets : (n_sets, n_classes) array
        The same variance for each set of values.
    shared : (n_sets, n_classes, n_placebo_terms) array
        How each effect follows the placebo model's coefficients, negative.
    left : (n_sets, n_classes, n_placebo_terms) array
        How the expected outcome, placebo and drug together, follows them.
    placebo_covariance : (n_placebo_terms, n_placebo_terms) array
        Of those; 0 where they are taken as known.
    placebo_model : ClassModel
        The placebo model.
    spread : (n_classes,) array
        Variance of one new participant around the expected outcome: trials and participants differ.
    """

    placebo_sets: FloatArray
    placebo_variance: float
    placebo_df: float
    sets: FloatArray
    own_variance: FloatArray
    own_df: FloatArray
    own_sets: FloatArray
    shared: FloatArray
    left: FloatArray
    placebo_covariance: FloatArray
    placebo_model: ClassModel
    spread: FloatArray

    @property
    def effect(self) -> FloatArray:
        """What each class adds, (n_classes,)."""
        return self.sets.mean(axis=0)

    @property
    def expected_sets(self) -> FloatArray:
        """Expected outcome, placebo and drug together, for each set of values, (n_sets, n_classes)."""
        return self.placebo_sets[:, None] + self.sets


@dataclass(frozen=True, slots=True)
class Difference:
    """A difference with its error.

    Parameters
    ----------
    value, error, df : float
        Estimate, standard error and degrees of freedom.
    missing_error : float
        Part of the error that comes of inputs that are not known; 0 where all are.
    """

    value: float
    error: float
    df: float
    missing_error: float = 0.0

    @property
    def p(self) -> float:
        """Two-sided p-value of the hypothesis that it is 0."""
        return float(2.0 * stdtr(self.df, -abs(self.value) / self.error))

    def interval(self, level: float) -> list[float]:
        """Return the lower and the upper end."""
        reach = self.error * float(stdtrit(self.df, 0.5 + 0.5 * level))
        return [self.value - reach, self.value + reach]

    def probability_above(self, value: float) -> float:
        """Return how probable it is that the truth lies above a value."""
        return float(stdtr(self.df, (self.value - value) / self.error))


def effects_on(models: ModelSet, profile: Profile, uncertainty: Uncertainty) -> Effects:
    """Return the effects of all classes on a patient, in the order of the models."""
    placebo = models.placebo
    at = profile.rows(placebo.terms)
    is_paper, is_coherent = uncertainty is Uncertainty.PAPER, uncertainty is Uncertainty.COHERENT
    rows = [profile.rows(one.terms) for one in models.classes]
    used = [
        (one.held_estimate, one.held_covariance) if is_paper else (one.estimate, one.covariance)
        for one in (placebo, *models.classes)
    ]
    base, base_covariance = used[0]
    sets = np.column_stack([row @ estimate for row, (estimate, _) in zip(rows, used[1:], strict=True)])
    own = [((row @ covariance) * row).sum(axis=1) for row, (_, covariance) in zip(rows, used[1:], strict=True)]
    own_df = [
        degrees_of_freedom(one, row) if is_coherent else float(one.df_test)
        for one, row in zip(models.classes, rows, strict=True)
    ]
    carried = np.stack([row @ one.carried for one, row in zip(models.classes, rows, strict=True)], axis=1)
    own_sets = np.column_stack(own)
    return Effects(
        at @ base,
        mean_square(at, base_covariance),
        degrees_of_freedom(placebo, at) if is_coherent else float(placebo.df_test),
        sets,
        own_sets.mean(axis=0),
        np.array(own_df),
        own_sets,
        carried,
        # What an effect takes from the placebo model and what is added for the expected outcome cancel, but for the year.
        at[:, None, :] - carried,
        placebo.covariance if is_coherent else np.zeros_like(placebo.covariance),
        placebo,
        np.array([one.var_trial + one.var_residual for one in models.classes]),
    )


def placebo_effect(effects: Effects, shift: FloatArray | float = 0.0) -> Difference:
    """Return the expected outcome on placebo, less a shift that may differ between sets, with its error."""
    sets = effects.placebo_sets - shift
    variances, degrees = [effects.placebo_variance], [effects.placebo_df]
    return _summed(float(sets.mean()), variances, degrees, float(sets.var()), is_counted=False)


def single(effects: Effects, k: int) -> Difference:
    """Return the effect of one class with its error."""
    return _combined(effects, effects.sets[:, k], [k], effects.shared[:, k])


def expected(effects: Effects, k: int, shift: FloatArray | float = 0.0) -> Difference:
    """Return the expected outcome under one class, placebo and drug together, less a shift that may differ between sets, with its error."""
    return _combined(effects, effects.expected_sets[:, k] - shift, [k], effects.left[:, k])


def difference(effects: Effects, a: int, b: int) -> Difference:
    """Return by how much the effect of one class exceeds that of another."""
    sets = effects.sets[:, a] - effects.sets[:, b]
    return _combined(effects, sets, [a, b], effects.shared[:, a] - effects.shared[:, b])


def shared_covariance(effects: Effects, classes: list[int]) -> FloatArray:
    """Return the covariance of what the effects of some classes share: the placebo model, and inputs that are not known."""
    n, shared = effects.shared.shape[0], effects.shared[:, classes]
    # Σ over sets of S V S' as one product of matrices.
    flat, carried = (
        one.swapaxes(0, 1).reshape(len(classes), -1) for one in (shared, shared @ effects.placebo_covariance)
    )
    from_placebo = flat @ carried.T / n
    apart = effects.sets[:, classes] - effects.sets[:, classes].mean(axis=0)
    return from_placebo + apart.T @ apart / apart.shape[0]


def _combined(effects: Effects, sets: FloatArray, classes: list[int], shared: FloatArray) -> Difference:
    """Return the mean of a quantity over sets, with the errors of classes and of the placebo model that it follows."""
    variances, degrees = effects.own_variance[classes].tolist(), effects.own_df[classes].tolist()
    if effects.placebo_covariance.any():
        from_placebo = mean_square(shared, effects.placebo_covariance)
        if from_placebo > 0.0:
            variances.append(from_placebo)
            degrees.append(degrees_of_freedom(effects.placebo_model, shared))
        is_counted = False
    else:
        # The publication adds up the degrees of freedom of the two classes.
        is_counted = len(classes) > 1
    return _summed(float(sets.mean()), variances, degrees, float(sets.var()), is_counted=is_counted)


def _summed(
    value: float, variances: list[float], degrees: list[float], between: float, *, is_counted: bool
) -> Difference:
    """Return an estimate with independent parts of its variance, and a part without degrees of freedom."""
    own = np.array(variances)
    df = sum(degrees) if is_counted else pooled_degrees(own, np.array(degrees))
    total = float(own.sum())
    # What is not known adds to the variance, and its own variance is known (Welch and Satterthwaite).
    return Difference(value, float(np.sqrt(total + between)), df * ((total + between) / total) ** 2, between**0.5)

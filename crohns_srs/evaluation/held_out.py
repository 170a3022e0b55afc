"""Outcomes that no model has seen: each trial, or each of some folds, predicted by both stages fitted to the rest."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
from scipy.special import ndtr

from crohns_srs.data.config import PLACEBO
from crohns_srs.evaluation.comparison import quadratic
from crohns_srs.evaluation.rows import chosen, folds, matrix
from crohns_srs.predict.own_models import fitted_models
from crohns_srs.srs.fit import fit_sequence
from pkpd.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Callable

    from crohns_srs.data.config import DrugClass
    from crohns_srs.data.ipd_file import Participants
    from crohns_srs.predict.class_model import ModelSet
    from pkpd.arrays import BoolArray, FloatArray, IntArray


@dataclass(frozen=True, slots=True)
class HeldOut:
    """Predictions of participants by models that were fitted without them.

    Parameters
    ----------
    part : (n_rows,) array
        Part that each participant was held out with.
    names : tuple of str
        What each part is called.
    predicted : (n_rows,) array
        Expected outcome; NaN where the models could not be fitted without them.
    error_of_new : (n_rows,) array
        Standard deviation of a new outcome of a new trial around it.
    refused : tuple of tuple of str
        For each part one sentence for each model that could not be fitted without it.
    """

    part: IntArray
    names: tuple[str, ...]
    predicted: FloatArray
    error_of_new: FloatArray
    refused: tuple[tuple[str, ...], ...]

    def chance(self, threshold: float) -> FloatArray:
        """Return the predicted chance of an outcome of at least so much, (n_rows,)."""
        return ndtr((self.predicted - threshold) / self.error_of_new)


def leave_trials_out(participants: Participants, tell: Callable[[float], None] = lambda _: None) -> HeldOut:
    """Predict each trial by models of the others."""
    names, part = np.unique(participants.trial, return_inverse=True)
    return _held_out(participants, part.astype(np.int64), tuple(names.tolist()), tell)


def leave_folds_out(
    participants: Participants, n_folds: int, seed: int, tell: Callable[[float], None] = lambda _: None
) -> HeldOut:
    """Predict each fold by models of the others, both stages fitted anew.

    Raises
    ------
    InputError
        For fewer than two folds, or more than participants.
    """
    part = folds(participants, n_folds, seed)
    return _held_out(participants, part, tuple(f"fold {k + 1}" for k in range(n_folds)), tell)


def _held_out(
    participants: Participants, part: IntArray, names: tuple[str, ...], tell: Callable[[float], None]
) -> HeldOut:
    predicted, error = np.full(participants.n_rows, np.nan), np.full(participants.n_rows, np.nan)
    refused: list[tuple[str, ...]] = []
    for k in range(len(names)):
        is_out: BoolArray = part == k
        refused.append(_predict(participants, is_out, (predicted, error)))
        tell((k + 1) / len(names))
    return HeldOut(part, names, predicted, error, tuple(refused))


def _predict(participants: Participants, is_out: BoolArray, into: tuple[FloatArray, FloatArray]) -> tuple[str, ...]:
    """Write the predictions of some rows, and return why some have none."""
    rest = chosen(participants, ~is_out)
    said: dict[str, None] = {}
    arms = set(participants.arm[is_out].tolist())
    for one in participants.config.classes:
        # The models of classes are independent of each other, so that one that cannot be fitted takes nothing from the others.
        try:
            models = _models_of_class(rest, one)
        except InputError as error:
            if one.id in arms or PLACEBO in arms:
                said |= dict.fromkeys(
                    f"{problem.place.rpartition(', ')[2]}: {problem.message}" for problem in error.problems
                )
            continue
        for arm in (PLACEBO, one.id):
            rows = is_out & (participants.arm == arm)
            if arm in arms and np.isnan(into[0][rows]).all():
                into[0][rows], into[1][rows] = expected(models, chosen(participants, rows), is_placebo=arm == PLACEBO)
    return tuple(said)


def _models_of_class(participants: Participants, one: DrugClass) -> ModelSet:
    alone = replace(participants, config=replace(participants.config, classes=(one,)))
    return fitted_models(fit_sequence(alone))


def expected(models: ModelSet, participants: Participants, *, is_placebo: bool) -> tuple[FloatArray, FloatArray]:
    """Return expected outcomes of participants, on placebo or the first class, and the standard deviation of new ones in a new trial.

    Returns
    -------
    tuple of (n_rows,) array
        Expected outcome, and standard deviation with the errors of both stages, trials and participants.
    """
    placebo, drug = models.placebo, models.classes[0]
    x0 = matrix(participants, placebo.terms)
    mean = x0 @ placebo.estimate
    if is_placebo:
        return mean, np.sqrt(quadratic(x0, placebo.covariance) + placebo.var_trial + placebo.var_residual)
    x = matrix(participants, drug.terms)
    # What the effect takes from the placebo model comes back with the placebo part.
    left = x0 - x @ drug.carried
    variance = quadratic(x, drug.covariance) + quadratic(left, placebo.covariance)
    return mean + x @ drug.estimate, np.sqrt(variance + drug.var_trial + drug.var_residual)

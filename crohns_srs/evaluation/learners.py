"""Forests and boosted trees in the place of the linear models, in the same two stages.

They know nothing of trials: what differs between trials is either in the covariates or in the rest.

References
----------
Breiman L. Random forests. Mach Learn 2001;45:5-32. doi:10.1023/A:1010933404324
Friedman JH. Greedy function approximation: a gradient boosting machine. Ann Stat 2001;29:1189-232. doi:10.1214/aos/1013203451
"""

from __future__ import annotations

from enum import Enum
from typing import TYPE_CHECKING, Any

import numpy as np
import sklearn.ensemble  # pyright: ignore[reportMissingTypeStubs]
import sklearn.linear_model  # pyright: ignore[reportMissingTypeStubs]

from crohns_srs.data.config import PLACEBO
from crohns_srs.evaluation.rows import matrix

if TYPE_CHECKING:
    from crohns_srs.data.ipd_file import Participants
    from pkpd.arrays import FloatArray, IntArray

# scikit-learn has no types.
_ensemble: Any = sklearn.ensemble
_linear_model: Any = sklearn.linear_model
# Ten rows in a leaf and a third of the covariates at each split: what is usual for regression. Trees that end in single rows, as the
# publication's do, follow the noise of outcomes whose spread is ten times that of what is predicted.
_FOREST: dict[str, Any] = {"min_samples_leaf": 10, "max_features": 1.0 / 3.0}
_BOOSTING: dict[str, Any] = {"n_estimators": 100, "learning_rate": 0.05, "max_depth": 3, "min_samples_leaf": 20}
_LARGEST_SEED = 2**31 - 1


class Learner(Enum):
    """What is fitted in both stages; the value is how it is called."""

    FOREST = "random forest"
    BOOSTING = "gradient boosting"


def learned_effects(
    participants: Participants, patients: Participants, learner: Learner, *, n_trees: int, rng: np.random.Generator
) -> FloatArray:
    """Return what each class adds for some patients, by two stages fitted to participants.

    Parameters
    ----------
    participants : Participants
        Who the stages are fitted to: the outcome on placebo first, then of each class what its participants had beyond that.
    patients : Participants
        Who is predicted.
    learner : Learner
        What is fitted.
    n_trees : int
        Trees of a forest.
    rng : numpy.random.Generator
        Source of random numbers.

    Returns
    -------
    (n_rows, n_classes) array
        Effects.
    """
    config = participants.config
    every = tuple(one.name for one in config.covariates)
    own = tuple(one.name for one in config.drug_covariates)
    is_placebo = participants.arm == PLACEBO
    x, new = matrix(participants, every), matrix(patients, own)
    placebo = _learner(learner, n_trees, rng).fit(x[is_placebo], participants.outcome[is_placebo])
    beyond = participants.outcome - placebo.predict(x)
    columns = matrix(participants, own)
    found: list[FloatArray] = []
    for one in config.classes:
        rows = participants.arm == one.id
        found.append(_learner(learner, n_trees, rng).fit(columns[rows], beyond[rows]).predict(new))
    return np.column_stack(found)


def class_chances(columns: FloatArray, codes: IntArray, new: FloatArray, n_classes: int) -> FloatArray:
    """Return the chance that each of some patients was given each class, by multinomial logistic regression, (n_rows, n_classes).

    Parameters
    ----------
    columns, new : (n, n_covariates) array
        Covariates of those whose class is known, and of those asked for.
    codes : (n,) array
        Class of each.
    n_classes : int
        How many there are; one that does not occur has the chance 0.
    """
    # Of columns of one scale, so that the search for the optimum takes few steps.
    centre, spread = columns.mean(axis=0), columns.std(axis=0)
    scale = np.where(spread > 0.0, spread, 1.0)
    found = _linear_model.LogisticRegression(C=np.inf, max_iter=5000).fit((columns - centre) / scale, codes)
    chances: FloatArray = np.zeros((new.shape[0], n_classes))
    chances[:, found.classes_] = found.predict_proba((new - centre) / scale)
    return chances


def _learner(learner: Learner, n_trees: int, rng: np.random.Generator) -> Any:  # noqa: ANN401 - whatever scikit-learn has
    seed = int(rng.integers(_LARGEST_SEED))
    if learner is Learner.FOREST:
        return _ensemble.RandomForestRegressor(n_estimators=n_trees, n_jobs=1, random_state=seed, **_FOREST)
    return _ensemble.GradientBoostingRegressor(random_state=seed, **_BOOSTING)

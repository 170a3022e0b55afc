"""Replicates: participants drawn anew, and treatments exchanged, each fitted in both stages; what a task of a command computes."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np
from scipy.special import ndtr

from crohns_srs.evaluation.comparison import Comparison, labelled
from crohns_srs.evaluation.learners import Learner, learned_effects
from crohns_srs.evaluation.rows import Exchange, Unit, exchanged, matrix, resampled
from crohns_srs.predict.effects import Uncertainty
from crohns_srs.predict.own_models import fitted_models
from crohns_srs.srs.fit import fit_sequence

if TYPE_CHECKING:
    from collections.abc import Sequence

    from crohns_srs.data.ipd_file import Participants
    from pkpd.arrays import FloatArray, IntArray

UNCERTAINTIES = tuple(Uncertainty)


class Kind(Enum):
    """What a replicate is; the value is how it is called."""

    BOOTSTRAP = "bootstrap"
    EXCHANGE = "exchange"
    FOREST = "forest"
    BOOSTING = "boosting"


Task: TypeAlias = tuple[Kind, int]
"""Kind of a replicate, and its number."""
Result: TypeAlias = dict[str, np.ndarray[Any, np.dtype[Any]]]
"""What a replicate found, by name: shares and effects, and groups of labels as whole numbers."""
_LEARNERS = {Kind.FOREST: Learner.FOREST, Kind.BOOSTING: Learner.BOOSTING}
_ORDER = tuple(Kind)


@dataclass(frozen=True, slots=True)
class Resampling:
    """What all replicates share.

    Parameters
    ----------
    participants : Participants
        The table.
    unit : Unit
        What a bootstrap draws.
    exchange : Exchange
        What is exchanged where classes are made not to differ.
    n_trees : int
        Trees of a forest.
    seed : int
        Replicate i of a kind depends on this, the kind and i alone.
    """

    participants: Participants
    unit: Unit
    exchange: Exchange
    n_trees: int
    seed: int


def replicate(shared: Resampling, task: Task) -> Result:
    """Return one replicate.

    Parameters
    ----------
    shared : Resampling
        What is drawn from.
    task : tuple of Kind and int
        What, and its number; number 0 of a learner is fitted to the participants as they are.

    Returns
    -------
    dict of str to array
        ``effect``, (n_rows, n_classes): what each class adds for every participant of the table; ``group``, (3, n_rows, n_classes): the labels by each
        uncertainty, of linear models alone; of an exchange only ``labelled`` and ``ordered``, (3,): shares of patients with any order, and of pairs of classes in one.

    Raises
    ------
    InputError
        Where the draw has models that cannot be fitted.
    """
    kind, number = task
    everyone = shared.participants
    rng = np.random.default_rng(np.random.SeedSequence(shared.seed, spawn_key=(_ORDER.index(kind), number)))
    if kind is Kind.EXCHANGE:
        drawn = exchanged(everyone, shared.exchange, rng)
        models = fitted_models(fit_sequence(drawn))
        groups = [labelled(models, drawn, one) for one in UNCERTAINTIES]
        return {
            "labelled": np.array([float(group.any(axis=1).mean()) for group in groups]),
            "ordered": np.array([ordered_share(group) for group in groups]),
        }
    drawn = resampled(everyone, shared.unit, rng) if number else everyone
    if kind is Kind.BOOTSTRAP:
        models = fitted_models(fit_sequence(drawn))
        x = matrix(everyone, models.classes[0].terms)
        group = np.array([labelled(models, everyone, one) for one in UNCERTAINTIES], dtype=np.int64)
        return {"effect": np.column_stack([x @ one.estimate for one in models.classes]), "group": group}
    return {"effect": learned_effects(drawn, everyone, _LEARNERS[kind], n_trees=shared.n_trees, rng=rng)}


def tasks_of(n_bootstrap: int, n_exchanges: int, n_learners: int, learners: Sequence[Kind]) -> list[Task]:
    """Return the replicates that are asked for, those that take longest first."""
    found: list[Task] = [(kind, i) for kind in learners for i in range(n_learners + 1)]
    found += [(Kind.BOOTSTRAP, i) for i in range(1, n_bootstrap + 1)]
    return [*found, *((Kind.EXCHANGE, i) for i in range(1, n_exchanges + 1))]


def ordered_share(group: IntArray) -> float:
    """Return the share of pairs of classes in a strict order, over patients."""
    n_classes = group.shape[1]
    differs = group[:, :, None] != group[:, None, :]
    return float(differs.mean()) * n_classes / (n_classes - 1)


def compare_by_draws(effect: FloatArray, draws: FloatArray) -> Comparison:
    """Compare classes by the spread of their differences over bootstrap draws, both stages and what classes share included.

    Parameters
    ----------
    effect : (n_rows, n_classes) array
        Effects.
    draws : (n_draws, n_rows, n_classes) array
        The same of draws, at least two.
    """
    n_classes = effect.shape[1]
    p: FloatArray = np.ones((*effect.shape, n_classes))
    for a in range(n_classes):
        for b in range(a):
            error = (draws[:, :, a] - draws[:, :, b]).std(axis=0, ddof=1)
            t = np.abs(effect[:, a] - effect[:, b]) / error
            p[:, a, b] = p[:, b, a] = 2.0 * ndtr(-t)
    return Comparison(effect, p)

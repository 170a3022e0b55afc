"""What comes of replicates: labels where classes do not differ, their stability, and those of other learners."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from crohns_srs.evaluation.comparison import label_name, label_shares, levels, no_preference
from crohns_srs.evaluation.concordance import Concordance, concordance
from crohns_srs.evaluation.resampling import UNCERTAINTIES, Kind, compare_by_draws
from crohns_srs.evaluation.study import Evaluation, Labeling

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from crohns_srs.evaluation.resampling import Resampling, Result, Task
    from pkpd.arrays import FloatArray

LEAST_DRAWS = 20
"""Draws behind a standard error by which labels are made."""
RULES = {"all": True, "neighbours": False}
"""Rules of labels, and whether they are transitive."""


@dataclass(frozen=True, slots=True)
class Null:
    """Labels where no class differs from another.

    Parameters
    ----------
    n, n_failed : int
        Exchanges with a result, and those whose models could not be fitted.
    labelled, ordered : (n, 3) array
        Share of patients with any order, and of pairs of classes in one, of each exchange by each uncertainty.
    """

    n: int
    n_failed: int
    labelled: FloatArray
    ordered: FloatArray


@dataclass(frozen=True, slots=True)
class Stability:
    """Labels of the same patients by models of drawn participants.

    Parameters
    ----------
    n, n_failed : int
        Draws with a result, and those whose models could not be fitted.
    same : (3, n_rows) array
        Share of draws that give each patient the label of the table itself, by each uncertainty.
    by_label : dict of str to dict of str to float
        By the uncertainty and the label: mean of `same` over its patients.
    best : (n_rows,) array
        Share of draws in which the class with the greatest effect is the same.
    """

    n: int
    n_failed: int
    same: FloatArray
    by_label: dict[str, dict[str, float]]
    best: FloatArray


@dataclass(frozen=True, slots=True)
class LearnerLabels:
    """Labels by another learner, or by the linear models with errors from the same bootstrap.

    Parameters
    ----------
    n, n_failed : int
        Draws behind the errors, and those without a result.
    error : tuple of float
        Median over patients of the standard error of each class's effect.
    correlation : tuple of float
        Of each class's effects with those of the linear models, over patients.
    labelings : dict of str to Labeling
        By the rule: ``all`` (every class before better than every one after) and ``neighbours`` (the publication's).
    agreement : dict of str to Concordance
        With the linear models' labels under bootstrap errors, by the rule.
    same_best : float
        Share of patients whose class with the greatest effect is that of the linear models.
    """

    n: int
    n_failed: int
    error: tuple[float, ...]
    correlation: tuple[float, ...]
    labelings: dict[str, Labeling]
    agreement: dict[str, Concordance]
    same_best: float


def null_of(replicates: Sequence[Result], n_failed: int) -> Null:
    """Return what exchanges found."""
    empty = np.empty((0, len(UNCERTAINTIES)))
    labelled, ordered = (
        np.vstack([empty, *(one[key][None, :] for one in replicates)]) for key in ("labelled", "ordered")
    )
    return Null(len(replicates), n_failed, labelled, ordered)


def stability_of(found: Evaluation, ids: Sequence[str], replicates: Sequence[Result], n_failed: int) -> Stability:
    """Return how often draws give each patient the label of the table itself; at least one draw."""
    original = np.array([found.groups[one] for one in UNCERTAINTIES])
    same: FloatArray = np.zeros(original.shape[:2])
    n_rows: int = original.shape[1]
    best: FloatArray = np.zeros(n_rows)
    for one in replicates:
        same += (one["group"] == original).all(axis=2)
        best += one["effect"].argmax(axis=1) == found.effect.argmax(axis=1)
    same /= len(replicates)
    by_label: dict[str, dict[str, float]] = {}
    for one, shares in zip(UNCERTAINTIES, same, strict=True):
        kinds, code = np.unique(found.groups[one], axis=0, return_inverse=True)
        by_label[one.value] = {
            label_name(kind, ids): float(shares[code.ravel() == k].mean()) for k, kind in enumerate(kinds)
        }
    return Stability(len(replicates), n_failed, same, by_label, best / len(replicates))


def learner_labels(
    effect: FloatArray, linear: tuple[FloatArray, FloatArray], draws: FloatArray, ids: Sequence[str], n_failed: int
) -> LearnerLabels:
    """Return the labels of a learner.

    Parameters
    ----------
    effect : (n_rows, n_classes) array
        Its effects.
    linear : tuple of (n_rows, n_classes) and (n_draws, n_rows, n_classes) array
        Those of the linear models, and of their draws.
    draws : (n_draws, n_rows, n_classes) array
        Effects of its draws.
    ids : sequence of str
        Classes.
    n_failed : int
        Draws without a result.
    """
    own, other = compare_by_draws(effect, draws), compare_by_draws(*linear)
    groups = {name: levels(own, is_transitive=is_transitive) for name, is_transitive in RULES.items()}
    others = {name: levels(other, is_transitive=is_transitive) for name, is_transitive in RULES.items()}
    return LearnerLabels(
        draws.shape[0],
        n_failed,
        tuple(np.median(draws.std(axis=0, ddof=1), axis=0).tolist()),
        tuple(float(np.corrcoef(a, b)[0, 1]) for a, b in zip(effect.T, linear[0].T, strict=True)),
        {name: Labeling(label_shares(group, ids), no_preference(group)) for name, group in groups.items()},
        {name: concordance(others[name], group) for name, group in groups.items()},
        float((effect.argmax(axis=1) == linear[0].argmax(axis=1)).mean()),
    )


@dataclass(frozen=True, slots=True)
class Study:
    """A whole evaluation.

    Parameters
    ----------
    shared : Resampling
        The table, and how it was drawn from.
    evaluation : Evaluation
        What needs no replicates.
    null : Null or None
        Labels where classes do not differ; None where nothing was exchanged.
    stability : Stability or None
        Of labels; None where nothing was drawn.
    learners : dict of str to LearnerLabels
        By the learner; ``linear`` has the linear models with errors from draws. Empty where no other learner was asked for.
    failures : dict of str to str
        Reasons of replicates without a result, by kind and number.
    """

    shared: Resampling
    evaluation: Evaluation
    null: Null | None
    stability: Stability | None
    learners: dict[str, LearnerLabels]
    failures: dict[str, str]


def study_of(
    shared: Resampling,
    found: Evaluation,
    replicates: Mapping[Task, Result],
    failures: Mapping[Task, str],
) -> Study:
    """Return what an evaluation and its replicates found.

    Parameters
    ----------
    shared : Resampling
        What was drawn from.
    found : Evaluation
        What needs no replicates.
    replicates : mapping
        Results by kind and number.
    failures : mapping
        Reasons of those without.
    """
    ids = [one.id for one in shared.participants.config.classes]

    def of(kind: Kind) -> tuple[list[Result], int]:
        """Return the results of one kind in the order of their numbers, and how many have none."""
        kept = [replicates[task] for task in sorted(replicates, key=lambda one: one[1]) if task[0] is kind and task[1]]
        return kept, sum(task[0] is kind for task in failures)

    exchanges, drawn = of(Kind.EXCHANGE), of(Kind.BOOTSTRAP)
    learners: dict[str, LearnerLabels] = {}
    for kind in (Kind.FOREST, Kind.BOOSTING):
        own, n_failed = of(kind)
        if (kind, 0) in replicates and len(own) >= LEAST_DRAWS <= len(drawn[0]):
            linear = found.effect, np.array([one["effect"] for one in drawn[0]])
            learners.setdefault("linear", learner_labels(found.effect, linear, linear[1], ids, drawn[1]))
            draws = np.array([one["effect"] for one in own])
            learners[kind.value] = learner_labels(replicates[kind, 0]["effect"], linear, draws, ids, n_failed)
    return Study(
        shared,
        found,
        null_of(*exchanges) if any(exchanges) else None,
        stability_of(found, ids, *drawn) if drawn[0] else None,
        learners,
        {f"{kind.value} {number}": reason for (kind, number), reason in failures.items()},
    )

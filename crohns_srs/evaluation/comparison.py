"""Labels of many participants as groups of classes, by the rule of `predict` or by tests of one's own."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from crohns_srs.predict.batch import create_rule, label_chunks, label_levels
from crohns_srs.subgroups import ALPHA, label_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from crohns_srs.data.ipd_file import Participants
    from crohns_srs.predict.class_model import ModelSet
    from crohns_srs.predict.effects import Uncertainty
    from pkpd.arrays import FloatArray, IntArray


@dataclass(frozen=True, slots=True)
class Comparison:
    """Classes compared for many patients.

    Parameters
    ----------
    effect : (n_rows, n_classes) array
        What each class adds.
    p : (n_rows, n_classes, n_classes) array
        p-value of each difference; 1 on the diagonal.
    """

    effect: FloatArray
    p: FloatArray


def levels(found: Comparison, *, is_transitive: bool) -> IntArray:
    """Return the group of each class in each patient's label, 0 for the best, (n_rows, n_classes).

    Parameters
    ----------
    found : Comparison
        Tests.
    is_transitive : bool
        Whether classes part only where every one before is better than every one after (`subgroups.transitive_groups`), or where two neighbours in rank
        differ (`subgroups.adjacent_groups`, the publication's rule).
    """
    n_rows: int
    n_classes: int
    n_rows, n_classes = found.effect.shape
    order = np.argsort(-found.effect, axis=1, kind="stable")
    row = np.arange(n_rows)[:, None, None]
    is_apart = found.p[row, order[:, :, None], order[:, None, :]] < ALPHA
    parted = np.zeros((n_rows, n_classes), dtype=np.int64)
    for i in range(1, n_classes):
        parted[:, i] = is_apart[:, :i, i:].all(axis=(1, 2)) if is_transitive else is_apart[:, i - 1, i]
    ranked = np.cumsum(parted, axis=1)
    group = np.empty_like(ranked)
    np.put_along_axis(group, order, ranked, axis=1)
    return group


def labelled(models: ModelSet, participants: Participants, uncertainty: Uncertainty) -> IntArray:
    """Return the groups of the classes in each patient's label, by the rule that goes with the uncertainty."""
    rule = create_rule(models, uncertainty)
    chunks = label_chunks(rule, participants.covariates, participants.n_rows)
    return label_levels(rule)[np.concatenate([found.code for _, found in chunks])]


def label_shares(group: IntArray, ids: Sequence[str]) -> dict[str, float]:
    """Return the share of patients with each label that occurs, the most frequent first."""
    kinds, count = np.unique(group, axis=0, return_counts=True)
    named = [(label_name(kind, ids), int(n)) for kind, n in zip(kinds, count, strict=True)]
    return {name: n / group.shape[0] for name, n in sorted(named, key=lambda one: (-one[1], one[0]))}


def label_name(group: IntArray, ids: Sequence[str]) -> str:
    """Return one patient's label as text."""
    places: list[int] = group.tolist()
    return label_of([[ids[k] for k, at in enumerate(places) if at == i] for i in range(max(places) + 1)])


def no_preference(group: IntArray) -> float:
    """Return the share of patients whose label says nothing."""
    return float((group == 0).all(axis=1).mean())


def quadratic(x: FloatArray, middle: FloatArray) -> FloatArray:
    """Return x'Mx of every row, (n_rows,)."""
    return np.einsum("ij,ij->i", x @ middle, x)

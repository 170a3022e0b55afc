"""Effects, tests and labels of many patients at once, by the rules that `predict` has for one."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from scipy.special import stdtr

from crohns_srs.evaluation.rows import matrix
from crohns_srs.predict.effects import Uncertainty
from crohns_srs.subgroups import ALPHA, label_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from crohns_srs.data.ipd_file import Participants
    from crohns_srs.predict.class_model import ClassModel, ModelSet
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


def compare(models: ModelSet, participants: Participants, uncertainty: Uncertainty) -> Comparison:
    """Compare the classes for all participants, whatever they were given.

    Parameters
    ----------
    models : ModelSet
        Models.
    participants : Participants
        Patients.
    uncertainty : Uncertainty
        Which error an effect has.
    """
    is_coherent = uncertainty is Uncertainty.COHERENT
    x = matrix(participants, models.classes[0].terms)
    effect, variance, degrees = (np.empty((x.shape[0], len(models.classes))) for _ in range(3))
    for k, one in enumerate(models.classes):
        is_held = uncertainty is Uncertainty.PAPER
        effect[:, k] = x @ (one.held_estimate if is_held else one.estimate)
        variance[:, k] = quadratic(x, one.held_covariance if is_held else one.covariance)
        degrees[:, k] = _degrees(one, x) if is_coherent else float(one.df_test)
    p: FloatArray = np.ones((*effect.shape, effect.shape[1]))
    for a in range(effect.shape[1]):
        for b in range(a):
            both, df = variance[:, a] + variance[:, b], degrees[:, a] + degrees[:, b]
            if is_coherent:
                shared = x @ (models.classes[a].carried - models.classes[b].carried)
                both, df = _with_placebo(models.placebo, shared, variance[:, [a, b]], degrees[:, [a, b]])
            t: FloatArray = np.abs(effect[:, a] - effect[:, b]) / np.sqrt(both)
            p[:, a, b] = p[:, b, a] = 2.0 * stdtr(df, -t)
    return Comparison(effect, p)


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
    return levels(compare(models, participants, uncertainty), is_transitive=uncertainty is Uncertainty.COHERENT)


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


def _degrees(model: ClassModel, weights: FloatArray) -> FloatArray:
    """Return Satterthwaite's degrees of freedom of each row's sum of the coefficients."""
    gradient = np.column_stack([quadratic(weights, model.covariance), quadratic(weights, model.lever_square)])
    return 2.0 * gradient[:, 0] ** 2 / quadratic(gradient, model.spread)


def _with_placebo(
    placebo: ClassModel, shared: FloatArray, variance: FloatArray, degrees: FloatArray
) -> tuple[FloatArray, FloatArray]:
    """Return variance and degrees of freedom of differences with what they take from the placebo model."""
    carried = quadratic(shared, placebo.covariance)
    is_any = carried > 0.0
    carried_df = np.full(carried.size, np.inf)
    carried_df[is_any] = _degrees(placebo, shared[is_any])
    total = variance.sum(axis=1) + carried
    return total, total**2 / ((variance**2 / degrees).sum(axis=1) + carried**2 / carried_df)

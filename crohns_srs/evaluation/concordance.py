"""How far two labelings of the same patients agree: as the publication counts it, and beyond chance.

The publication calls two labels discordant only where they hold opposite strict orders of some pair of classes; "=" contradicts nothing, so that
a labeling that says nothing agrees with every other. Cohen's κ on the pairs that both put in a strict order, and on all pairs as <, =, >, says what is
left beyond the agreement that the frequencies of each pair's orders would give anyway.

References
----------
Cohen J. A coefficient of agreement for nominal scales. Educ Psychol Meas 1960;20:37-46. doi:10.1177/001316446002000104
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import combinations
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from pkpd.arrays import BoolArray, FloatArray, IntArray


# Pairs less than which are left beyond chance by rounding alone.
_ROUNDING = 1e-6


@dataclass(frozen=True, slots=True)
class Concordance:
    """Agreement of two labelings.

    Parameters
    ----------
    published : float
        Share of patients without a pair in opposite strict orders.
    same : float
        Share of patients with the same label.
    resolved : float
        Share of pairs (patient and two classes) that both put in a strict order.
    resolved_agreement, resolved_kappa : float
        Share of these with the same order, and Cohen's κ; NaN where there are none, or where each pair of classes has the same order in all patients.
    kappa : float
        Cohen's κ of all pairs as <, =, >; NaN likewise.
    """

    published: float
    same: float
    resolved: float
    resolved_agreement: float
    resolved_kappa: float
    kappa: float


def concordance(first: IntArray, second: IntArray) -> Concordance:
    """Compare two labelings.

    Parameters
    ----------
    first, second : (n_rows, n_classes) array
        Group of each class in each patient's label, 0 for the best.
    """
    a, b = _orders(first), _orders(second)
    is_resolved = (a != 0) & (b != 0)
    agreement = float((a == b)[is_resolved].mean()) if is_resolved.any() else float("nan")
    return Concordance(
        float(1.0 - (a * b < 0).any(axis=1).mean()),
        float((first == second).all(axis=1).mean()),
        float(is_resolved.mean()),
        agreement,
        stratified_kappa(a, b, is_resolved),
        stratified_kappa(a, b, np.ones_like(is_resolved)),
    )


def stratified_kappa(first: IntArray, second: IntArray, is_counted: BoolArray) -> float:
    """Return Cohen's κ of two ratings with a stratum in each column; the agreement by chance is that within strata.

    Parameters
    ----------
    first, second : (n_rows, n_strata) array
        Ratings.
    is_counted : (n_rows, n_strata) array
        Which are compared.

    Returns
    -------
    float
        NaN where nothing is compared, or chance alone would give full agreement.
    """
    n = int(is_counted.sum())
    if n == 0:
        return float("nan")
    observed = expected = 0.0
    for column in range(first.shape[1]):
        own = is_counted[:, column]
        x, y = first[own, column], second[own, column]
        if not x.size:
            continue
        observed += float((x == y).sum())
        share_x, share_y = _shares(x), _shares(y)
        expected += x.size * float(share_x @ share_y)
    if n - expected < _ROUNDING:
        return float("nan")
    return (observed - expected) / (n - expected)


def _orders(group: IntArray) -> IntArray:
    """Return the order of each pair of classes, 1 where the first is better, (n_rows, n_pairs)."""
    pairs = list(combinations(range(group.shape[1]), 2))
    return np.column_stack([np.sign(group[:, b] - group[:, a]) for a, b in pairs])


def _shares(orders: IntArray) -> FloatArray:
    return np.array([(orders == value).mean() for value in (-1, 0, 1)])

"""The observed information: the curvature of an objective where a search ended, and what it says of the end."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from pkpd.arrays import FloatArray
    from pkpd.estimation.minimize import Point
    from pkpd.estimation.objectives import Objective

# Differences of the gradient that the observed information comes from, on the scale of the search.
_STEP = 2e-4
# An information below what differences of a gradient tell from nothing; and eigenvalues, the largest being about 1.
_NO_CURVATURE, _ROUNDING = 1e-9, 1e-10


def information_at(objective: Objective, point: Point[Any]) -> tuple[FloatArray, int]:
    """Return half the Hessian on the scale of the search, by central differences of the gradient."""
    n = point.place.size
    rows = np.empty((n, n))
    for k in range(n):
        step = _STEP * np.eye(n)[k]
        ahead, behind = (objective(point.place + sign * step, point.memory).gradient for sign in (1.0, -1.0))
        rows[k] = (ahead - behind) / (4.0 * _STEP)
    return 0.5 * (rows + rows.T), 2 * n


def is_positive(matrix: FloatArray) -> bool:
    """Return whether a symmetric matrix is finite and positive definite, by more than its own rounding errors.

    It is judged scaled to a diagonal of ones, so that the units of the parameters do not matter.
    """
    diagonal = np.diag(matrix)
    if not np.isfinite(matrix).all() or not (diagonal > _NO_CURVATURE).all():
        return False
    root = np.sqrt(diagonal)
    return bool(np.linalg.eigvalsh(matrix / np.outer(root, root))[0] > _ROUNDING)


def expected_decrease(information: FloatArray, gradient: FloatArray) -> float:
    """Return by how much the objective would still fall by its quadratic approximation; 0 where that is not positive definite."""
    if not is_positive(information):
        return 0.0
    values, vectors = np.linalg.eigh(information)
    return float(0.25 * ((vectors.T @ gradient) ** 2 / values).sum())

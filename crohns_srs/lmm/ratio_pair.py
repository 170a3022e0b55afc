"""The ratios of two groupings' variances to that within groups, crossed or nested, where the profiled likelihood is highest.

The deviance is f(λ) = ln |I + Λ^½ E Λ^½| + ν ln Q(λ), E being K for the restricted and Z'Z for the full likelihood, with
∂f/∂λ_k = tr H_kk - ν |h_k|²/Q, where H = K(I + ΛK)⁻¹ and h = (I + KΛ)⁻¹ Z'r. Minima inside are looked for in ln λ, from the best
point of a grid; each grouping alone, and none, are looked at as well.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from scipy.linalg import cho_factor, cho_solve

if TYPE_CHECKING:
    from pkpd.arrays import FloatArray, IntArray

_GRID = np.log(10.0) * np.arange(-4.0, 6.5)
_MOST_STEPS = 200
_SMALL_GRADIENT = 1e-10
# A ratio whose largest effect on the variance of a sum over a group is below this is the boundary.
_BOUNDARY = np.log(1e-12)
_LEAST_STEP = 1e-12
_SUFFICIENT = 1e-4


@dataclass(frozen=True, slots=True)
class PairProfile:
    """Profiled deviance of one outcome as a function of the ratios.

    Parameters
    ----------
    determinant : (n_groups, n_groups) array
        E.
    kernel : (n_groups, n_groups) array
        K.
    factor : (n_groups,) array
        Grouping that each group is of.
    sums : (n_groups,) array
        Z'r.
    square : float
        r'r.
    n_free : int
        ν.
    """

    determinant: FloatArray
    kernel: FloatArray
    factor: IntArray
    sums: FloatArray
    square: float
    n_free: int


def pair_deviance(profile: PairProfile, ratio: FloatArray) -> float:
    """Return f; constants are left out."""
    root = np.sqrt(ratio)[profile.factor]
    chol, _ = cho_factor(np.eye(root.size) + root[:, None] * profile.kernel * root)
    solved = root * cho_solve((chol, False), root * profile.sums)
    square = profile.square - float(profile.sums @ solved)
    _, log_det = np.linalg.slogdet(np.eye(root.size) + root[:, None] * profile.determinant * root)
    return float(log_det) + profile.n_free * float(np.log(square))


def pair_derivatives(profile: PairProfile, ratio: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Return gradient and Hessian of f in the ratios."""
    root = np.sqrt(ratio)[profile.factor]
    h_matrix = damped(profile.kernel, root)
    h_determinant = h_matrix if profile.determinant is profile.kernel else damped(profile.determinant, root)
    h = profile.sums - h_matrix @ (root**2 * profile.sums)
    square = profile.square - float(profile.sums @ (root**2 * h))
    is_of = [profile.factor == k for k in range(ratio.size)]
    falls = np.array([float(h[own] @ h[own]) for own in is_of])
    gradient = np.array([float(np.trace(h_determinant[np.ix_(own, own)])) for own in is_of])
    hessian = np.empty((ratio.size, ratio.size))
    for i, a in enumerate(is_of):
        for j, b in enumerate(is_of):
            bend = 2.0 * float(h[a] @ h_matrix[np.ix_(a, b)] @ h[b]) / square
            hessian[i, j] = profile.n_free * (bend - falls[i] * falls[j] / square**2)
            hessian[i, j] -= float((h_determinant[np.ix_(a, b)] ** 2).sum())
    return gradient - profile.n_free * falls / square, hessian


def damped(matrix: FloatArray, root: FloatArray) -> FloatArray:
    """Return M(I + ΛM)⁻¹, with Λ^½ as a vector."""
    scaled = root[:, None] * matrix
    factored = cho_factor(np.eye(root.size) + scaled * root)
    return matrix - scaled.T @ cho_solve(factored, scaled)


def best_pair_inside(profile: PairProfile) -> FloatArray | None:
    """Return the ratios of the lowest minimum of f with both above 0; None where there is none."""
    scale = np.log([np.diag(profile.kernel)[profile.factor == k].max() for k in range(2)])
    starts = [(a, b) for a in _GRID - scale[0] for b in _GRID - scale[1]]
    values = [pair_deviance(profile, np.exp(np.array(start))) for start in starts]
    x = np.array(starts[int(np.argmin(values))])
    value = min(values)
    for _ in range(_MOST_STEPS):
        ratio = np.exp(x)
        slope, curvature = pair_derivatives(profile, ratio)
        gradient = slope * ratio
        if np.abs(gradient).max() < _SMALL_GRADIENT * profile.n_free:
            # At the noise of f: one last Newton step, which needs no comparison of values, gives the remaining digits.
            step = _newton(gradient, curvature * np.outer(ratio, ratio) + np.diag(gradient))
            return np.exp(x - step) if (x - step + scale > _BOUNDARY).all() else None
        step = _newton(gradient, curvature * np.outer(ratio, ratio) + np.diag(gradient))
        share = min(1.0, 3.0 / float(np.abs(step).max()))
        while share > _LEAST_STEP:
            new = pair_deviance(profile, np.exp(x - share * step))
            if new <= value - _SUFFICIENT * share * float(gradient @ step):
                break
            share *= 0.5
        else:
            return ratio
        x, value = x - share * step, new
        if (x + scale < _BOUNDARY).any():
            return None
    return np.exp(x)


def _newton(gradient: FloatArray, hessian: FloatArray) -> FloatArray:
    """Return Newton's step, its curvatures made positive."""
    values, vectors = np.linalg.eigh(hessian)
    floor = 1e-8 * max(float(np.abs(values).max()), float(np.abs(gradient).max()))
    return vectors @ ((vectors.T @ gradient) / np.maximum(np.abs(values), floor))

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
    determinant : (n_groups, rank_of_e) array
        Half of E, with E = half half'.
    half : (n_groups, rank) array
        Half of K.
    factor : (n_groups,) array
        Grouping that each group is of.
    along : (rank,) array
        r in an orthonormal basis of what groups can explain; `half` times it is Z'r.
    rest : float
        r'r less the square of `along`.
    n_free : int
        ν.
    """

    determinant: FloatArray
    half: FloatArray
    factor: IntArray
    along: FloatArray
    rest: float
    n_free: int


def pair_square(profile: PairProfile, ratio: FloatArray) -> float:
    """Return Q, a sum of squares: nothing is taken from r'r, of which large ratios leave few digits."""
    factored = _factored(profile.half, ratio[profile.factor])
    return profile.rest + float(profile.along @ cho_solve(factored, profile.along))


def pair_deviance(profile: PairProfile, ratio: FloatArray) -> float:
    """Return f; constants are left out."""
    factor, _ = _factored(profile.determinant, ratio[profile.factor])
    log_det = 2.0 * float(np.log(np.diag(factor)).sum())
    return log_det + profile.n_free * float(np.log(pair_square(profile, ratio)))


def pair_derivatives(profile: PairProfile, ratio: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Return gradient and Hessian of f in the ratios."""
    each = ratio[profile.factor]
    h_matrix = damped(profile.half, each)
    h_determinant = h_matrix if profile.determinant is profile.half else damped(profile.determinant, each)
    solved = cho_solve(_factored(profile.half, each), profile.along)
    h, square = profile.half @ solved, profile.rest + float(profile.along @ solved)
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


def damped(half: FloatArray, each: FloatArray) -> FloatArray:
    """Return M(I + ΛM)⁻¹ from half of M and the ratio of each group."""
    return half @ np.linalg.solve(_inner(half, each), half.T)


def damped_sums(half: FloatArray, each: FloatArray, along: FloatArray) -> FloatArray:
    """Return (I + KΛ)⁻¹ Z'r from half of K and r along what groups can explain."""
    return half @ np.linalg.solve(_inner(half, each), along)


def _factored(half: FloatArray, each: FloatArray) -> tuple[FloatArray, bool]:
    """Return Cholesky's factor of I + half' Λ half."""
    return cho_factor(_inner(half, each))


def _inner(half: FloatArray, each: FloatArray) -> FloatArray:
    return np.eye(half.shape[1]) + half.T @ (each[:, None] * half)


def best_pair_inside(profile: PairProfile) -> FloatArray | None:
    """Return the ratios of the lowest minimum of f with both above 0; None where there is none."""
    diagonal = (profile.half**2).sum(axis=1)
    scale = np.log([diagonal[profile.factor == k].max() for k in range(2)])
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

"""The ratio of the variance between groups to that within them, where one grouping's profiled likelihood is highest.

With one grouping the profiled deviance is f(λ) = Σ ln(1 + λ e_i) + ν ln Q(λ), Q(λ) = w_0 + Σ w_i / (1 + λ d_i), a function of one number whose
derivatives are sums. It can have several minima, so every change of sign of f' on a fine grid is followed to its root, and λ = 0 is looked at too.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from pkpd.arrays import BoolArray, FloatArray, IntArray

_POINTS_PER_DECADE = 6
# Products of λ and an eigenvalue between which minima are looked for; beyond, f is its limit to four and six digits.
_SMALLEST, _LARGEST = 1e-4, 1e6
_MOST_STEPS = 200
_ROUNDING = 4.0 * float(np.finfo(np.float64).eps)


@dataclass(frozen=True, slots=True)
class RatioProfile:
    """Profiled deviances of many outcomes of the same rows, as functions of the ratio.

    Parameters
    ----------
    determinant : (n_determinant,) array
        e.
    decay : (rank,) array
        d.
    weight : (n_outcomes, rank) array
        w_i: squares that the groups hold.
    rest : (n_outcomes,) array
        w_0: square that they do not hold.
    n_free : int
        ν.
    """

    determinant: FloatArray
    decay: FloatArray
    weight: FloatArray
    rest: FloatArray
    n_free: int


def best_ratios(profile: RatioProfile) -> FloatArray:
    """Return the ratio of lowest deviance of each outcome, (n_outcomes,); 0 exactly at the boundary."""
    grid = _grid(profile)
    slope = _slopes_on_grid(profile, grid)
    row, point = np.nonzero((slope[:, :-1] < 0.0) & (slope[:, 1:] >= 0.0))
    best = np.zeros(profile.rest.size)
    lowest = np.where(slope[:, 0] >= 0.0, deviances(profile, best, np.arange(best.size)), np.inf)
    if not row.size:
        return best
    root = _roots(profile, row, grid[point], grid[point + 1])
    at_root = deviances(profile, root, row)
    for i in np.argsort(-at_root, kind="stable"):  # the lowest of an outcome comes last
        if at_root[i] < lowest[row[i]]:
            lowest[row[i]], best[row[i]] = at_root[i], root[i]
    return best


def deviances(profile: RatioProfile, ratio: FloatArray, row: IntArray) -> FloatArray:
    """Return f for some outcomes, each at its own ratio; constants are left out."""
    left = 1.0 + ratio[:, None] * profile.decay
    square = profile.rest[row] + (profile.weight[row] / left).sum(axis=1)
    return np.log1p(ratio[:, None] * profile.determinant).sum(axis=1) + profile.n_free * np.log(square)


def _grid(profile: RatioProfile) -> FloatArray:
    """Return 0 and ratios up to one at which every f rises."""
    d = profile.decay
    rises = profile.n_free * (profile.weight / d).sum(axis=1) / (d.size * profile.rest)
    low = float(np.log10(_SMALLEST / d.max()))
    high = float(np.log10(max(_LARGEST / d.min(), 10.0 * float(rises.max()))))
    n = int(np.ceil(_POINTS_PER_DECADE * (high - low))) + 1
    return np.append(0.0, np.logspace(low, high, n))


def _slopes_on_grid(profile: RatioProfile, grid: FloatArray) -> FloatArray:
    """Return f' of every outcome at every ratio, (n_outcomes, n_grid)."""
    left = 1.0 / (1.0 + grid[:, None] * profile.decay)
    square = profile.rest[:, None] + profile.weight @ left.T
    falls = profile.weight @ (profile.decay * left**2).T
    rises = (profile.determinant / (1.0 + grid[:, None] * profile.determinant)).sum(axis=1)
    return rises - profile.n_free * falls / square


def _slope_and_curvature(profile: RatioProfile, ratio: FloatArray, row: IntArray) -> tuple[FloatArray, FloatArray]:
    left = 1.0 / (1.0 + ratio[:, None] * profile.decay)
    part = profile.weight[row] * left
    square = profile.rest[row] + part.sum(axis=1)
    part *= profile.decay * left
    first = -part.sum(axis=1) / square
    second = 2.0 * (part * profile.decay * left).sum(axis=1) / square
    share = profile.determinant / (1.0 + ratio[:, None] * profile.determinant)
    slope = share.sum(axis=1) + profile.n_free * first
    return slope, -(share**2).sum(axis=1) + profile.n_free * (second - first**2)


def _roots(profile: RatioProfile, row: IntArray, low: FloatArray, high: FloatArray) -> FloatArray:
    """Return where f' changes its sign between two ratios each, by Newton's steps that stay between them."""
    ratio = np.where(low > 0.0, np.sqrt(low * high), 0.5 * high)
    active: IntArray = np.arange(ratio.size)
    for _ in range(_MOST_STEPS):
        slope, curvature = _slope_and_curvature(profile, ratio[active], row[active])
        is_left: BoolArray = slope < 0.0
        low[active] = np.where(is_left, ratio[active], low[active])
        high[active] = np.where(is_left, high[active], ratio[active])
        step = np.divide(slope, curvature, out=np.full_like(slope, np.inf), where=curvature > 0.0)
        new = ratio[active] - step
        is_inside = (new > low[active]) & (new < high[active])
        new = np.where(is_inside, new, 0.5 * (low[active] + high[active]))
        moved = np.abs(new - ratio[active])
        ratio[active] = new
        is_narrow = high[active] - low[active] <= _ROUNDING * high[active]
        active = active[~((moved <= _ROUNDING * new) | is_narrow)]
        if not active.size:
            break
    return ratio

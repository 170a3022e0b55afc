"""How probable it is that each class has the greatest effect."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

import numpy as np
from scipy.special import stdtr, stdtrit

if TYPE_CHECKING:
    from pkpd.arrays import FloatArray

_POINTS = 24
_SHARED_POINTS = 11
# Share of the largest eigenvalue below which a common factor is rounding.
_RANK = 1e-9


def probabilities_best(
    effect: FloatArray, error: FloatArray, df: FloatArray, shared: FloatArray, within: float = 0.0
) -> FloatArray:
    """Return the probability of each class to have the greatest effect, or one near it, (n_classes,).

    Each effect is t distributed around its estimate, and the classes are independent but for normal factors that they share; those are
    integrated over by Gauss and Hermite's rule, the effects by Gauss and Legendre's.

    Parameters
    ----------
    effect, error, df : (n_classes,) array
        Estimates, standard errors of what is a class's own, and degrees of freedom.
    shared : (n_classes, n_classes) array
        Covariance of what they share.
    within : float
        By how much an effect may fall short of the greatest.
    """
    u, weight = _uniform_rule()
    shift, mass = _factors(shared)
    centre = effect + shift
    found = np.empty(effect.size)
    for k in range(effect.size):
        at = centre[:, k, None] + error[k] * stdtrit(df[k], u)
        below: FloatArray = np.ones_like(at)
        for j in range(effect.size):
            if j != k:
                z: FloatArray = (at + within - centre[:, j, None]) / float(error[j])
                below = below * stdtr(float(df[j]), z)
        found[k] = mass @ below @ weight
    return np.minimum(found, 1.0) if within else found / found.sum()


@cache
def _uniform_rule() -> tuple[FloatArray, FloatArray]:
    """Return nodes and weights for numbers between 0 and 1."""
    node, weight = np.polynomial.legendre.leggauss(_POINTS)
    return 0.5 * (node + 1.0), 0.5 * weight


@cache
def _normal_rule() -> tuple[FloatArray, FloatArray]:
    """Return nodes and weights for a standard normal number."""
    node, weight = np.polynomial.hermite_e.hermegauss(_SHARED_POINTS)
    return node, weight / weight.sum()


def _factors(shared: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Return shifts of all effects by what they share, but for what shifts all alike, and their probabilities."""
    n = shared.shape[0]
    apart = np.eye(n) - 1.0 / n
    values, vectors = np.linalg.eigh(apart @ shared @ apart)
    kept = [i for i in range(n) if values[i] > _RANK * max(float(np.trace(shared)), 0.0) and values[i] > 0.0]
    node, weight = _normal_rule()
    shift: FloatArray = np.zeros((1, n))
    mass: FloatArray = np.ones(1)
    for i in kept:
        step = np.sqrt(values[i]) * vectors[:, i]
        shift = (shift[:, None, :] + node[:, None] * step).reshape(-1, n)
        mass = (mass[:, None] * weight).ravel()
    return shift, mass

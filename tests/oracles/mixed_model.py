"""Mixed models by n × n matrices, straight from the definitions, and Kenward and Roger's equations as they are printed."""

from __future__ import annotations

from typing import NamedTuple

import mpmath
import numpy as np
from scipy.optimize import minimize

Array = np.ndarray


class DenseModel(NamedTuple):
    """Outcome, fixed effects and one indicator matrix for each grouping."""

    y: Array
    x: Array
    z: tuple[Array, ...]

    def sigma(self, variances: Array) -> Array:
        """Return the covariance of the outcome; the residual variance comes last."""
        total = variances[-1] * np.eye(self.y.size)
        for one, variance in zip(self.z, variances, strict=False):
            total = total + variance * one @ one.T
        return total


def indicators(code: Array) -> Array:
    """Return Z of one grouping."""
    return np.eye(code.max() + 1)[code]


def minus2_loglik(model: DenseModel, variances: Array, *, restricted: bool) -> float:
    """Return -2 ln of the likelihood with every constant."""
    sigma = model.sigma(variances)
    inverse = np.linalg.inv(sigma)
    cross = model.x.T @ inverse @ model.x
    beta = np.linalg.solve(cross, model.x.T @ inverse @ model.y)
    residual = model.y - model.x @ beta
    n, p = model.x.shape
    value = np.linalg.slogdet(sigma)[1] + residual @ inverse @ residual
    if restricted:
        return float(value + np.linalg.slogdet(cross)[1] + (n - p) * np.log(2 * np.pi))
    return float(value + n * np.log(2 * np.pi))


def minus2_loglik_mp(model: DenseModel, variances: Array, *, restricted: bool) -> float:
    """Return the same with fifty digits."""
    with mpmath.workdps(50):
        n, p = model.x.shape
        y, x = mpmath.matrix(model.y.tolist()), mpmath.matrix(model.x.tolist())
        sigma = mpmath.matrix(n, n)
        for i in range(n):
            for j in range(n):
                same = [float(one[i] @ one[j]) for one in model.z]
                sigma[i, j] = sum(mpmath.mpf(v) * s for v, s in zip(variances[:-1], same, strict=True))
            sigma[i, i] += mpmath.mpf(variances[-1])
        solved = mpmath.lu_solve
        inverse = sigma**-1
        cross = x.T * inverse * x
        beta = solved(cross, x.T * inverse * y)
        residual = y - x * beta
        value = mpmath.log(mpmath.det(sigma)) + (residual.T * inverse * residual)[0]
        if restricted:
            value += mpmath.log(mpmath.det(cross)) + (n - p) * mpmath.log(2 * mpmath.pi)
        else:
            value += n * mpmath.log(2 * mpmath.pi)
        return float(value)


def brute_fit(model: DenseModel, *, restricted: bool) -> tuple[Array, float]:
    """Return variances and -2 ln likelihood of the lowest of many searches without derivatives, boundaries among their starts."""
    k = len(model.z)
    scale = float(np.var(model.y - model.x @ np.linalg.lstsq(model.x, model.y, rcond=None)[0]))

    def value(root: Array) -> float:
        return minus2_loglik(model, np.append(root[:-1] ** 2, np.exp(2 * root[-1])), restricted=restricted)

    best: tuple[Array, float] = (np.zeros(k + 1), np.inf)
    for start in np.ndindex(*(3,) * k):
        x0 = np.append(np.sqrt(scale) * np.array([0.0, 0.3, 2.0])[list(start)], 0.5 * np.log(scale))
        found = minimize(
            value, x0, method="Nelder-Mead", options={"xatol": 1e-10, "fatol": 1e-12, "maxiter": 4000, "maxfev": 4000}
        )
        if found.fun < best[1]:
            best = (np.append(found.x[:-1] ** 2, np.exp(2 * found.x[-1])), float(found.fun))
    return best


def kenward_roger(model: DenseModel, variances: Array, weights: Array) -> tuple[Array, float, float]:
    """Return the adjusted covariance, denominator degrees of freedom and scale of F, by the equations of the paper."""
    n = model.y.size
    parts = [one @ one.T for one in model.z] + [np.eye(n)]
    inverse = np.linalg.inv(model.sigma(variances))
    phi = np.linalg.inv(model.x.T @ inverse @ model.x)
    p_matrices = [-model.x.T @ inverse @ g @ inverse @ model.x for g in parts]
    m = len(parts)
    information, q_matrices = np.empty((m, m)), {}
    for i, a in enumerate(parts):
        for j, b in enumerate(parts):
            q = model.x.T @ inverse @ a @ inverse @ b @ inverse @ model.x
            q_matrices[i, j] = q
            information[i, j] = 0.5 * (
                np.trace(inverse @ a @ inverse @ b)
                - 2 * np.trace(phi @ q)
                + np.trace(phi @ p_matrices[i] @ phi @ p_matrices[j])
            )
    w = np.linalg.inv(information)
    total = sum(w[i, j] * (q_matrices[i, j] - p_matrices[i] @ phi @ p_matrices[j]) for i in range(m) for j in range(m))
    adjusted = phi + 2 * phi @ total @ phi
    rank = weights.shape[0]
    theta = weights.T @ np.linalg.inv(weights @ phi @ weights.T) @ weights
    a1 = a2 = 0.0
    for i in range(m):
        for j in range(m):
            left, right = theta @ phi @ p_matrices[i] @ phi, theta @ phi @ p_matrices[j] @ phi
            a1 += w[i, j] * np.trace(left) * np.trace(right)
            a2 += w[i, j] * np.trace(left @ right)
    b = (a1 + 6 * a2) / (2 * rank)
    g = ((rank + 1) * a1 - (rank + 4) * a2) / ((rank + 2) * a2)
    c = 3 * rank + 2 * (1 - g)
    e_star = 1 / (1 - a2 / rank)
    v_star = (2 / rank) * (1 + g / c * b) / ((1 - (rank - g) / c * b) ** 2 * (1 - (rank + 2 - g) / c * b))
    rho = v_star / (2 * e_star**2)
    df = 4 + (rank + 2) / (rank * rho - 1)
    return adjusted, float(df), float(df / (e_star * (df - 2)))

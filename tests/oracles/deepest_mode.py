"""The least value of the individual objective by searches that do not know how the engine searches."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from scipy.optimize import minimize
from scipy.special import ndtri
from scipy.stats import qmc

from tests.oracles.likelihood import objective
from tests.oracles.superposition import prior_scale

if TYPE_CHECKING:
    from pkpd.data.records import Subject
    from pkpd.model.spec import ModelSpec


def on_dense_grid(model: ModelSpec, subject: Subject) -> float:
    """Two random effects: a grid of 0.125 standard deviations to 14, its local minima zoomed into."""
    omega, _ = prior_scale(model, subject.covariates[0].values)
    sd = np.sqrt(np.diag(omega))
    axis = np.linspace(-14.0, 14.0, 225)
    phi = _on_square(model, subject, sd, axis, axis)
    inner = phi[1:-1, 1:-1]
    lowest = np.ones(inner.shape, dtype=bool)
    for i in (0, 1, 2):
        for j in (0, 1, 2):
            lowest &= inner <= phi[i : i + inner.shape[0], j : j + inner.shape[1]]
    rows, columns = np.nonzero(lowest & np.isfinite(inner))
    order = np.argsort(inner[rows, columns])[:8]
    best = float(phi.min())
    for row, column in zip(rows[order], columns[order], strict=True):
        centre, half = np.array([axis[row + 1], axis[column + 1]]), 0.15
        for _ in range(9):
            first, second = (np.linspace(c - half, c + half, 13) for c in centre)
            zoomed = _on_square(model, subject, sd, first, second)
            i, j = np.unravel_index(int(np.argmin(zoomed)), zoomed.shape)
            centre, half = np.array([first[i], second[j]]), half * 0.35
            best = min(best, float(zoomed[i, j]))
    return best


def _on_square(model: ModelSpec, subject: Subject, sd: np.ndarray, first: np.ndarray, second: np.ndarray) -> np.ndarray:
    eta = np.stack([m.ravel() for m in np.meshgrid(first * sd[0], second * sd[1], indexing="ij")], axis=1)
    return objective(model, subject, eta).reshape(first.size, second.size)


def from_many_starts(model: ModelSpec, subject: Subject, *, n_points: int = 8192, n_starts: int = 10) -> float:
    """Any number of random effects: the best, mutually distant, of many quasi-random points, each minimised by SciPy."""
    omega, _ = prior_scale(model, subject.covariates[0].values)
    factor = np.linalg.cholesky(omega)
    n = len(factor)
    unit = qmc.Sobol(n, seed=7).random(n_points)
    white = np.vstack((np.zeros((1, n)), 2.0 * ndtri(np.clip(unit, 1e-12, 1.0 - 1e-12))))
    phi = objective(model, subject, white @ factor.T)

    def value_and_slope(z: np.ndarray) -> tuple[float, np.ndarray]:
        moves = np.vstack((np.zeros(n), 1e-5 * np.eye(n), -1e-5 * np.eye(n)))
        values = objective(model, subject, (z + moves) @ factor.T)
        with np.errstate(invalid="ignore"):  # infinity on both sides: nowhere to go
            slope = (values[1 : n + 1] - values[n + 1 :]) / 2e-5
        return float(values[0]), np.nan_to_num(slope)

    best = float(phi.min())
    for start in _distant(white, phi, n_starts):
        found = minimize(value_and_slope, start, jac=True, method="BFGS", options={"gtol": 1e-6})
        best = min(best, float(found.fun))
    return best


def _distant(white: np.ndarray, phi: np.ndarray, n_starts: int) -> list[np.ndarray]:
    chosen: list[np.ndarray] = []
    for i in np.argsort(phi):
        if np.isfinite(phi[i]) and all(np.linalg.norm(white[i] - other) > 1.0 for other in chosen):
            chosen.append(white[i])
        if len(chosen) == n_starts:
            break
    return chosen

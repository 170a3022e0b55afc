"""The marginal likelihood of three random effects on a dense grid of whitened coordinates: plain NumPy."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from tests.oracles.likelihood import objective
from tests.oracles.superposition import prior_scale

if TYPE_CHECKING:
    from pkpd.data.records import Subject
    from pkpd.model.spec import ModelSpec

_COARSE, _REACH = 61, 7.5
_CUT = 40.0


def minus2_log_marginal(model: ModelSpec, subject: Subject, *, n: int = 121) -> float:
    """-2 log p(y), with log 2π, by the trapezoidal rule on n³ nodes over the box that a coarse grid finds mass in."""
    omega, _ = prior_scale(model, subject.covariates[0].values)
    factor = np.linalg.cholesky(omega)
    box = [np.linspace(-_REACH, _REACH, _COARSE)] * 3
    coarse = _on_box(model, subject, factor, box)
    inside = np.argwhere(coarse < coarse.min() + _CUT)
    low, high = np.maximum(inside.min(axis=0) - 1, 0), np.minimum(inside.max(axis=0) + 1, _COARSE - 1)
    box = [np.linspace(axis[i], axis[j], n) for axis, i, j in zip(box, low, high, strict=True)]
    phi = _on_box(model, subject, factor, box)
    cell = np.prod([axis[1] - axis[0] for axis in box])
    least = float(phi.min())
    return least - 2.0 * float(np.log(np.exp(-0.5 * (phi - least)).sum() * cell)) + 3.0 * np.log(2.0 * np.pi)


def _on_box(model: ModelSpec, subject: Subject, factor: np.ndarray, box: list[np.ndarray]) -> np.ndarray:
    slices = []
    for first in box[0]:
        rest = np.stack([m.ravel() for m in np.meshgrid(box[1], box[2], indexing="ij")], axis=1)
        white = np.column_stack((np.full(len(rest), first), rest))
        slices.append(objective(model, subject, white @ factor.T).reshape(box[1].size, box[2].size))
    return np.array(slices)

"""The posterior of any number of random effects by importance sampling from heavy-tailed proposals around its modes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from scipy.optimize import minimize
from scipy.stats import multivariate_t

from tests.oracles.likelihood import objective
from tests.oracles.superposition import prior_scale

if TYPE_CHECKING:
    from pkpd.data.records import Subject
    from pkpd.model.spec import ModelSpec


@dataclass(frozen=True)
class Draws:
    """Weighted draws, their effective number and the log evidence with its standard error."""

    eta: np.ndarray
    weight: np.ndarray
    log_evidence: float
    standard_error: float

    @property
    def effective(self) -> float:
        return float(1.0 / np.square(self.weight).sum())

    def below(self, values: np.ndarray, target: float) -> float:
        return float(self.weight[values < target].sum())

    def quantile(self, values: np.ndarray, probability: float) -> float:
        order = np.argsort(values)
        return float(np.interp(probability, np.cumsum(self.weight[order]), values[order]))


def draw(model: ModelSpec, subject: Subject, n: int, *, seed: int = 1) -> Draws:
    """Draw from a mixture of the prior and of t distributions around the mode, twice, the second fitted to the first."""
    rng = np.random.default_rng(seed)
    omega, _ = prior_scale(model, subject.covariates[0].values)
    factor = np.linalg.cholesky(omega)
    k = len(factor)
    pilot = rng.standard_normal((20_000, k)) * 1.5
    start = pilot[np.argmin(objective(model, subject, pilot @ factor.T))]

    def value(z: np.ndarray) -> float:
        return float(objective(model, subject, (factor @ z)[None, :])[0])

    found = minimize(value, start, method="BFGS")
    parts: list[tuple[np.ndarray, np.ndarray]] = [
        (np.asarray(found.x), 2.0 * np.array(found.hess_inv, dtype=np.float64))
    ]
    for size in (n // 4, n):
        z, log_q = _mixture(parts, size, rng, k)
        log_p = -0.5 * objective(model, subject, z @ factor.T) - 0.5 * k * np.log(2.0 * np.pi)
        log_w = log_p - log_q
        top = log_w.max()
        w = np.exp(log_w - top)
        share = w / w.sum()
        centre = share @ z
        parts = [parts[0], (centre, 1.2 * (z - centre).T @ ((z - centre) * share[:, None]))]
    return Draws(z @ factor.T, share, float(np.log(w.mean()) + top), float(w.std() / w.mean() / np.sqrt(n)))


def _mixture(
    parts: list[tuple[np.ndarray, np.ndarray]], n: int, rng: np.random.Generator, k: int
) -> tuple[np.ndarray, np.ndarray]:
    components = [multivariate_t(centre, shape, df=5) for centre, shape in parts]
    components.append(multivariate_t(np.zeros(k), np.eye(k), df=8))
    counts = np.full(len(components), n // len(components))
    counts[0] += n - counts.sum()
    z = np.vstack([c.rvs(int(m), random_state=rng).reshape(-1, k) for c, m in zip(components, counts, strict=True)])
    log_q = np.logaddexp.reduce([c.logpdf(z) + np.log(m / n) for c, m in zip(components, counts, strict=True)])
    return z, log_q

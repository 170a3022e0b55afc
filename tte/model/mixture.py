"""A mixture of normal distributions with a mass at infinity, as a log cumulative hazard is distributed."""

from __future__ import annotations

from dataclasses import dataclass
from statistics import NormalDist
from typing import TYPE_CHECKING

import numpy as np

from pkpd.kernels import mixture as kernels

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pkpd.arrays import FloatArray

_NORMAL = NormalDist()


@dataclass(frozen=True, slots=True)
class Mixture:
    """Mixtures of normal distributions with the same weights, part of whose mass may sit at +infinity.

    Parameters
    ----------
    weight : (n_components,) array
        Weights, adding up to 1 - `infinite`.
    mean, sd : (..., n_components) array
        Means and standard deviations; either all standard deviations are above 0, or all are 0.
    infinite : float
        Mass at +infinity.
    """

    weight: FloatArray
    mean: FloatArray
    sd: FloatArray
    infinite: float = 0.0


def mixture_quantiles(mixture: Mixture, probabilities: Sequence[float]) -> FloatArray:
    """Return quantiles of a mixture.

    Parameters
    ----------
    mixture : Mixture
        Mixture; where the standard deviations are 0 its points are taken as the nodes of a smooth density, and the
        distribution function is interpolated between them.
    probabilities : sequence of float
        Probabilities in (0, 1).

    Returns
    -------
    (..., n_probabilities) array
        Quantiles, exact to 1e-12 of max(1, |quantile|); +inf where only the mass at infinity reaches the probability;
        NaN where a component is NaN.
    """
    finite = 1.0 - mixture.infinite
    wanted = np.asarray(probabilities, dtype=np.float64)
    quantiles = np.full((*mixture.mean.shape[:-1], wanted.size), np.inf)
    inside = wanted < finite
    if mixture.weight.size == 0 or not inside.any():
        return quantiles
    conditional = wanted[inside] / finite
    z = np.array([_NORMAL.inv_cdf(p) for p in conditional])
    weight = mixture.weight / finite
    if mixture.sd.any():
        rows = (-1, mixture.weight.size)
        solved = np.empty((mixture.mean[..., 0].size, conditional.size))
        mean, sd = np.ascontiguousarray(mixture.mean).reshape(rows), np.ascontiguousarray(mixture.sd).reshape(rows)
        kernels.mixture_quantiles(conditional, z, weight, mean, sd, solved)
        quantiles[..., inside] = solved.reshape((*mixture.mean.shape[:-1], conditional.size))
    else:
        quantiles[..., inside] = _interpolated(weight, mixture.mean, z)
    return quantiles


def risk_moments(mixture: Mixture) -> tuple[float, float]:
    """Return mean and standard deviation of 1 - exp(-exp(y)) over one mixture, 1 at infinity.

    Parameters
    ----------
    mixture : Mixture
        One mixture, with (n_components,) means.

    Returns
    -------
    mean, sd : float
        The mean to 1e-9, the standard deviation to 1e-8, where no component's standard deviation is above 10; NaN where
        a component is NaN.
    """
    infinite = mixture.infinite
    finite = 1.0 - infinite
    if mixture.weight.size == 0 or finite <= 0.0:
        return 1.0, 0.0
    mean, variance = kernels.mixture_risk_moments(mixture.weight / finite, mixture.mean, mixture.sd)
    return finite * mean + infinite, float(np.sqrt(finite * variance + finite * infinite * (1.0 - mean) ** 2))


def _interpolated(weight: FloatArray, points: FloatArray, z: FloatArray) -> FloatArray:
    """Return quantiles of the smooth density that has these nodes, at the standard normal's quantiles z.

    Half of a node's weight lies below it. On the scale of Φ⁻¹ the distribution function is nearly straight, so that a
    straight line between neighbours loses little.
    """
    if np.isnan(points).any():
        return np.full_like(z, np.nan)
    order = np.argsort(points)
    # Imported here: SciPy's special functions would double the time a forecast takes to start.
    from scipy import special  # noqa: PLC0415

    score = special.ndtri(np.cumsum(weight[order]) - 0.5 * weight[order])
    usable = np.isfinite(score)
    return np.interp(z, score[usable], points[order][usable])

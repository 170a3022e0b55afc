"""A mixture of normal distributions: distribution function, quantiles, and the moments of a risk, without draws."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from pkpd.kernels._jit import kernel
from pkpd.kernels.special import ndtr

if TYPE_CHECKING:
    from pkpd.arrays import FloatArray

_SQRT_2PI = math.sqrt(2.0 * math.pi)
_STEP_TOLERANCE = 1e-12
# Newton needs about five steps; bisection, which takes over where it fails, needs fifty to the last digit.
_STEP_LIMIT = 200
# Where the density is less than this share of F·(1 - F), as in a gap between components, Newton's step is no guide.
_FLATTEST = 1e-100
# Trapezoidal rule for exp(-z²/2)·f(mean + sd·z). Beyond ±6.5 lies a mass of 8e-11. The rule itself errs by e^-30 at this
# step for a constant; 1 - exp(-exp(y)) bends within a unit of y, so that the step in y is kept below 0.4.
_RULE_RANGE = 6.5
_RULE_STEP_Z = 0.8
_RULE_STEP_Y = 0.4
_RULE_LIMIT = 200.0


@kernel
def mixture_distribution(y: float, weight: FloatArray, mean: FloatArray, sd: FloatArray) -> tuple[float, float]:
    """Return distribution function and density of a mixture of normals.

    Parameters
    ----------
    y : float
        Where to evaluate.
    weight, mean, sd : (n_components,) array
        Weights that add up to 1, means, standard deviations above 0.

    Returns
    -------
    probability, density : float
        NaN where y or a component is NaN.
    """
    probability = 0.0
    density = 0.0
    for k in range(weight.size):
        u = (y - mean[k]) / sd[k]
        probability += weight[k] * ndtr(u)
        density += weight[k] * np.exp(-0.5 * u * u) / sd[k]
    return probability, density / _SQRT_2PI


@kernel
def mixture_quantile(probability: float, z: float, weight: FloatArray, mean: FloatArray, sd: FloatArray) -> float:
    """Return a quantile of a mixture of normals.

    Newton's method on the log odds of the distribution function, which is nearly straight where the function itself
    is flat, kept inside a bracket that shrinks with every evaluation.

    Parameters
    ----------
    probability : float
        Probability in (0, 1).
    z : float
        Quantile of the standard normal at that probability; a mixture's quantile lies between the smallest and the
        largest of its components' quantiles.
    weight, mean, sd : (n_components,) array
        As in `mixture_distribution`.

    Returns
    -------
    float
        Quantile, to 1e-12 of max(1, |quantile|); NaN where a component is NaN.
    """
    low, high = np.inf, -np.inf
    centre, square = 0.0, 0.0
    for k in range(weight.size):
        component = mean[k] + sd[k] * z
        low = min(low, component)
        high = max(high, component)
        centre += weight[k] * mean[k]
        square += weight[k] * (mean[k] * mean[k] + sd[k] * sd[k])
    wanted = np.log(probability / (1.0 - probability))
    # The normal with the mixture's mean and variance is a good guess.
    y = min(max(centre + z * np.sqrt(max(square - centre * centre, 0.0)), low), high)
    for _ in range(_STEP_LIMIT):
        below, density = mixture_distribution(y, weight, mean, sd)
        if np.isnan(below):
            return np.nan
        if below < probability:
            low = y
        else:
            high = y
        following = 0.5 * (low + high)
        width = below * (1.0 - below)
        if density > _FLATTEST * width > 0.0:
            newton = y - (np.log(below / (1.0 - below)) - wanted) * width / density
            if low <= newton <= high:
                following = newton
        moved = abs(following - y)
        y = following
        if not moved > _STEP_TOLERANCE * max(1.0, abs(y)):
            break
    return y


@kernel
def mixture_quantiles(
    probabilities: FloatArray, z: FloatArray, weight: FloatArray, mean: FloatArray, sd: FloatArray, out: FloatArray
) -> None:
    """Write quantiles of several mixtures that share their weights.

    Parameters
    ----------
    probabilities, z : (n_probabilities,) array
        Probabilities in (0, 1) and the standard normal's quantiles there.
    weight : (n_components,) array
        Weights that add up to 1.
    mean, sd : (n_mixtures, n_components) array
        Means and standard deviations.
    out : (n_mixtures, n_probabilities) array
        Filled with the quantiles of `mixture_quantile`.
    """
    for i in range(mean.shape[0]):
        for j in range(probabilities.size):
            out[i, j] = mixture_quantile(probabilities[j], z[j], weight, mean[i], sd[i])


@kernel
def _risk(log_hazard: float) -> float:
    """Return 1 - exp(-exp(log_hazard)); beyond e^7 nothing is left to add."""
    return -np.expm1(-np.exp(min(log_hazard, 7.0)))


@kernel
def mixture_risk_moments(weight: FloatArray, mean: FloatArray, sd: FloatArray) -> tuple[float, float]:
    """Return mean and variance of 1 - exp(-exp(y)), y being distributed as a mixture of normals.

    Parameters
    ----------
    weight, mean : (n_components,) array
        Weights that add up to 1, and means.
    sd : (n_components,) array
        Standard deviations; 0 is allowed.

    Returns
    -------
    mean, variance : float
        To 1e-9 where no standard deviation is above 10, else to 1e-2; NaN where a component is NaN.
    """
    # Deviations from a risk in the middle: no difference of two large sums.
    pivot = _risk(mean[weight.size // 2])
    total = 0.0
    first = 0.0
    second = 0.0
    for k in range(weight.size):
        n_side = math.ceil(min(_RULE_RANGE * max(1.0 / _RULE_STEP_Z, sd[k] / _RULE_STEP_Y), _RULE_LIMIT))
        step = _RULE_RANGE / n_side
        for i in range(-n_side, n_side + 1):
            z = i * step
            share = weight[k] * step * np.exp(-0.5 * z * z)
            deviation = _risk(mean[k] + sd[k] * z) - pivot
            total += share
            first += share * deviation
            second += share * deviation * deviation
    return pivot + first / total, max(second / total - (first / total) ** 2, 0.0)

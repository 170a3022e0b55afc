"""Tests and intervals of contrasts of fixed effects, with degrees of freedom that know how few groups there are.

With directions i = 0 for the residual variance at fixed ratios (∂Σ = Σ) and k for each ratio (∂Σ = σ² Z_k Z_k'), the variance of a contrast has
the gradient g_0 = v, g_k = σ² |F_k'A⁻¹l|². Satterthwaite takes the covariance of the variances from the curvature of the deviance, as lmerTest
does; Kenward and Roger from its expectation, which is tr H_kk and |H_kl|², and enlarge the covariance matrix as well.

References
----------
Kenward MG, Roger JH. Small sample inference for fixed effects from restricted maximum likelihood. Biometrics 1997;53:983-97. doi:10.2307/2533558
Fai AH-T, Cornelius PL. Approximate F-tests of multiple degree of freedom hypotheses in generalized least squares analyses of unbalanced split-plot
experiments. J Stat Comput Simul 1996;54:363-78. doi:10.1080/00949659608811740
Kuznetsova A, Brockhoff PB, Christensen RHB. lmerTest package. J Stat Softw 2017;82(13). doi:10.18637/jss.v082.i13
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING

import numpy as np
from scipy.special import chdtrc, fdtrc, stdtr, stdtrit

from crohns_srs.lmm.fit import Likelihood
from crohns_srs.lmm.ratio_pair import damped_sums
from pkpd.errors import input_error

if TYPE_CHECKING:
    from crohns_srs.lmm.fit import MixedFit
    from pkpd.arrays import FloatArray, IntArray


class DegreesOfFreedom(Enum):
    """Where the denominator degrees of freedom come from."""

    SATTERTHWAITE = "satterthwaite"
    KENWARD_ROGER = "kenward_roger"
    NORMAL = "normal"


@dataclass(frozen=True, slots=True)
class Contrast:
    """A tested sum of multiples of the fixed effects.

    Parameters
    ----------
    estimate, standard_error : float
        Its value and error.
    df : float
        Degrees of freedom; infinity for the normal distribution.
    p : float
        Two-sided p-value of the hypothesis that it is 0.
    interval : tuple of float
        Lower and upper end.
    """

    estimate: float
    standard_error: float
    df: float
    p: float
    interval: tuple[float, float]


@dataclass(frozen=True, slots=True)
class JointTest:
    """A test of several contrasts at once.

    Parameters
    ----------
    f : float
        Statistic, scaled as the method asks for.
    df : tuple of float
        Numerator and denominator degrees of freedom.
    p : float
        p-value.
    """

    f: float
    df: tuple[float, float]
    p: float


@dataclass(frozen=True, slots=True)
class RatioTest:
    """A likelihood-ratio test.

    Parameters
    ----------
    chi_square : float
        Difference of the deviances.
    df : int
        Difference of the numbers of parameters.
    p : float
        p-value by the chi-square distribution; conservative where a variance is tested against 0.
    """

    chi_square: float
    df: int
    p: float


def contrast(
    fit: MixedFit,
    weights: FloatArray,
    *,
    method: DegreesOfFreedom = DegreesOfFreedom.SATTERTHWAITE,
    level: float = 0.95,
) -> Contrast:
    """Test one sum of multiples of the fixed effects.

    Parameters
    ----------
    fit : MixedFit
        Fit; by restricted likelihood for Kenward and Roger.
    weights : (n_terms,) array
        Multiples, not all 0.
    method : DegreesOfFreedom
        Where the degrees of freedom come from.
    level : float
        Probability of the interval.

    Raises
    ------
    InputError
        For Kenward and Roger with a fit by full likelihood.
    """
    estimate = float(weights @ fit.estimate)
    error = float(np.sqrt(weights @ covariance_for(fit, method) @ weights))
    df = _degrees(fit, weights[None, :], method)[0]
    t = estimate / error
    reach = error * float(stdtrit(df, 0.5 + 0.5 * level))
    return Contrast(estimate, error, df, float(2.0 * stdtr(df, -abs(t))), (estimate - reach, estimate + reach))


def joint_test(
    fit: MixedFit, weights: FloatArray, *, method: DegreesOfFreedom = DegreesOfFreedom.SATTERTHWAITE
) -> JointTest:
    """Test several sums of multiples of the fixed effects at once.

    Parameters
    ----------
    fit : MixedFit
        Fit; by restricted likelihood for Kenward and Roger.
    weights : (n_contrasts, n_terms) array
        Multiples, linearly independent.
    method : DegreesOfFreedom
        Where the denominator degrees of freedom come from.

    Raises
    ------
    InputError
        For Kenward and Roger with a fit by full likelihood.
    """
    n: int = weights.shape[0]
    covariance = weights @ covariance_for(fit, method) @ weights.T
    value = weights @ fit.estimate
    f: float = float(value @ np.linalg.solve(covariance, value)) / n
    if method is DegreesOfFreedom.KENWARD_ROGER:
        df, scale = kenward_roger_scale(fit, weights)
        f *= scale
    elif method is DegreesOfFreedom.SATTERTHWAITE:
        _, directions = np.linalg.eigh(covariance)
        df = _pooled(_degrees(fit, directions.T @ weights, method))
    else:
        return JointTest(f, (float(n), np.inf), float(chdtrc(float(n), n * f)))
    return JointTest(f, (float(n), df), float(fdtrc(float(n), df, f)))


def likelihood_ratio_test(larger: MixedFit, smaller: MixedFit) -> RatioTest:
    """Test a model against one with fewer parameters, both fitted to the same outcome by full likelihood.

    Raises
    ------
    InputError
        Where they are not.
    """
    place = larger.summary.design.place
    if larger.likelihood is not Likelihood.FULL or smaller.likelihood is not Likelihood.FULL:
        raise input_error(place, "a likelihood-ratio test of fixed effects needs fits by ML; these are by REML")
    df = larger.n_parameters - smaller.n_parameters
    if larger.n_obs != smaller.n_obs or df <= 0:
        message = f"{smaller.n_parameters} parameters of {smaller.n_obs} rows are not nested in {larger.n_parameters} of {larger.n_obs}"
        raise input_error(place, message)
    chi_square = max(smaller.deviance - larger.deviance, 0.0)
    return RatioTest(chi_square, df, float(chdtrc(df, chi_square)))


def covariance_for(fit: MixedFit, method: DegreesOfFreedom) -> FloatArray:
    """Return the covariance of the fixed effects that a method tests with, (n_terms, n_terms).

    Raises
    ------
    InputError
        For Kenward and Roger with a fit by full likelihood.
    """
    return kenward_roger_covariance(fit) if method is DegreesOfFreedom.KENWARD_ROGER else fit.covariance


def kenward_roger_covariance(fit: MixedFit) -> FloatArray:
    """Return the covariance of the fixed effects, enlarged for the variances' being estimated (equation 3, Σ linear in the variances).

    Raises
    ------
    InputError
        For a fit by full likelihood.
    """
    if fit.likelihood is not Likelihood.RESTRICTED:
        raise input_error(
            fit.summary.design.place, "Kenward and Roger's degrees of freedom need a fit by REML; this is by ML"
        )
    at, of = fit.moments, _blocks(fit)
    spread = np.linalg.inv(_expected_information(fit))
    excess = np.zeros_like(fit.covariance)
    for i, a in enumerate(of):
        for j, b in enumerate(of):
            excess += spread[i + 1, j + 1] * at.lever[:, a] @ at.kernel[np.ix_(a, b)] @ at.lever[:, b].T
    return fit.covariance + fit.residual_variance * (excess + excess.T)


def kenward_roger_scale(fit: MixedFit, weights: FloatArray) -> tuple[float, float]:
    """Return denominator degrees of freedom and scale of Wald's F (page 987 of Kenward and Roger)."""
    n = weights.shape[0]
    middle = np.linalg.inv(weights @ fit.moments.covariance @ weights.T)
    slopes: list[FloatArray] = [_slope(fit, weights, i) @ middle for i in range(fit.ratio.size + 1)]
    spread = np.linalg.inv(_expected_information(fit))
    a1 = a2 = 0.0
    for i, first in enumerate(slopes):
        for j, second in enumerate(slopes):
            a1 += float(spread[i, j] * np.trace(first) * np.trace(second))
            a2 += float(spread[i, j] * np.trace(first @ second))
    b = (a1 + 6.0 * a2) / (2.0 * n)
    g = ((n + 1.0) * a1 - (n + 4.0) * a2) / ((n + 2.0) * a2)
    below = 3.0 * n + 2.0 * (1.0 - g)
    c1, c2, c3 = g / below, (n - g) / below, (n + 2.0 - g) / below
    mean = 1.0 / (1.0 - a2 / n)
    variance = 2.0 / n * (1.0 + c1 * b) / ((1.0 - c2 * b) ** 2 * (1.0 - c3 * b))
    df = 4.0 + (n + 2.0) / (n * variance / (2.0 * mean**2) - 1.0)
    return df, df / (mean * (df - 2.0))


def _degrees(fit: MixedFit, weights: FloatArray, method: DegreesOfFreedom) -> list[float]:
    """Return the degrees of freedom of each of some contrasts."""
    if method is DegreesOfFreedom.NORMAL:
        return [np.inf] * len(weights)
    is_expected = method is DegreesOfFreedom.KENWARD_ROGER
    spread = np.linalg.inv(_expected_information(fit)) if is_expected else variance_spread(fit)
    found: list[float] = []
    for one in weights:
        gradient = np.array([_slope(fit, one[None, :], i)[0, 0] for i in range(spread.shape[0])])
        found.append(float(2.0 * gradient[0] ** 2 / (gradient @ spread @ gradient)))
    return found


def variance_spread(fit: MixedFit) -> FloatArray:
    """Return the covariance of the estimates of ln σ² and the ratios, from the curvature of the deviance, (1 + n_factors, 1 + n_factors).

    At the boundary the deviance does not curve around the estimate: the variance counts as known to be 0, as in lmerTest.
    """
    kept = [0, *(k + 1 for k in range(fit.ratio.size) if fit.ratio[k] > 0.0)]
    found = np.zeros((fit.ratio.size + 1,) * 2)
    found[np.ix_(kept, kept)] = np.linalg.inv(_observed_information(fit)[np.ix_(kept, kept)])
    return found


def _slope(fit: MixedFit, weights: FloatArray, direction: int) -> FloatArray:
    """Return how the covariance of contrasts follows a direction of the variances, as if the residual variance were 1."""
    if direction == 0:
        return weights @ fit.moments.covariance @ weights.T
    lever = weights @ fit.moments.lever[:, _blocks(fit)[direction - 1]]
    return lever @ lever.T


def _expected_information(fit: MixedFit) -> FloatArray:
    """Return the expected information on ln σ² and the ratios of the restricted likelihood."""
    kernel, of = fit.moments.kernel, _blocks(fit)
    n = fit.ratio.size
    found = np.empty((n + 1, n + 1))
    found[0, 0] = fit.n_obs - fit.summary.n_terms
    for i, a in enumerate(of):
        found[0, i + 1] = found[i + 1, 0] = np.trace(kernel[np.ix_(a, a)])
        for j, b in enumerate(of):
            found[i + 1, j + 1] = (kernel[np.ix_(a, b)] ** 2).sum()
    return 0.5 * found


def _observed_information(fit: MixedFit) -> FloatArray:
    """Return half the curvature of the deviance in ln σ² and the ratios, where it is lowest."""
    kernel, of, variance = fit.moments.kernel, _blocks(fit), fit.residual_variance
    along = fit.statistics.rotated[0] / np.sqrt(fit.summary.values)
    h = damped_sums(fit.summary.half, fit.moments.ratio, along)
    determinant = kernel if fit.likelihood is Likelihood.RESTRICTED else _full_kernel(fit)
    n = fit.ratio.size
    found = np.empty((n + 1, n + 1))
    found[0, 0] = fit.n_obs - (fit.summary.n_terms if fit.likelihood is Likelihood.RESTRICTED else 0)
    for i, a in enumerate(of):
        found[0, i + 1] = found[i + 1, 0] = h[a] @ h[a] / variance
        for j, b in enumerate(of):
            bend = 2.0 * h[a] @ kernel[np.ix_(a, b)] @ h[b] / variance
            found[i + 1, j + 1] = bend - (determinant[np.ix_(a, b)] ** 2).sum()
    return 0.5 * found


def _full_kernel(fit: MixedFit) -> FloatArray:
    """Return Z'V⁻¹Z, which takes the place of H in the full likelihood."""
    counts = fit.summary.counts
    return counts - counts @ fit.moments.shrinkage @ counts


def _blocks(fit: MixedFit) -> list[IntArray]:
    return [np.flatnonzero(fit.summary.factor == k).astype(np.int64) for k in range(fit.ratio.size)]


def _pooled(df: list[float]) -> float:
    """Return the denominator degrees of freedom of a sum of squared t (Fai and Cornelius)."""
    if len(df) == 1:
        return df[0]
    if min(df) <= 2.0:  # the mean of such an F does not exist; lmerTest answers 2
        return 2.0
    expected = sum(one / (one - 2.0) for one in df)
    return 2.0 * expected / (expected - len(df))

"""One estimate, and one likelihood ratio, from several completed data sets.

Rubin DB. Multiple Imputation for Nonresponse in Surveys, 1987, doi:10.1002/9780470316696, chapter 3; degrees of freedom of few
subjects by Barnard J, Rubin DB. Biometrika 1999;86:948-955, doi:10.1093/biomet/86.4.948. The ratio is that of stacked data: Chan KW,
Meng XL. Stat Sinica 2022;32:1489-1514, doi:10.5705/ss.202019.0314.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from scipy.special import chdtrc, fdtrc
from scipy.stats import t

if TYPE_CHECKING:
    from pkpd.arrays import BoolArray, FloatArray

_PROBABILITY = 0.975


@dataclass(frozen=True, slots=True)
class Pooled:
    """Pooled estimates.

    Parameters
    ----------
    estimate : (n,) array
        Mean of the estimates.
    within, between : (n,) arrays
        Mean variance of an estimate in completed data, and variance of the estimates between them.
    total : (n,) array
        within + (1 + 1/m) between: the square of the standard error.
    df : (n,) array
        Degrees of freedom of an interval by the t distribution.
    fmi : (n,) array
        Fraction of the information that is missing.
    """

    estimate: FloatArray
    within: FloatArray
    between: FloatArray
    total: FloatArray
    df: FloatArray
    fmi: FloatArray

    @property
    def se(self) -> FloatArray:
        """Return the standard errors."""
        return np.sqrt(self.total)

    @property
    def reach(self) -> FloatArray:
        """Return how many standard errors a 95 % interval reaches to both sides."""
        with np.errstate(invalid="ignore"):
            quantiles = [float(t.ppf(_PROBABILITY, df)) for df in self.df.tolist()]
        return np.array(quantiles)


def pool(estimates: FloatArray, variances: FloatArray, *, df_complete: float) -> Pooled:
    """Return the pooled estimates of several completed data sets.

    Parameters
    ----------
    estimates, variances : (n_imputations, n) arrays
        Estimates and their variances; at least two imputations. NaN variances leave everything but the estimates open.
    df_complete : float
        Degrees of freedom that complete data would give: subjects minus parameters.
    """
    m = len(estimates)
    estimate, within = estimates.mean(axis=0), variances.mean(axis=0)
    between = estimates.var(axis=0, ddof=1)
    total = within + (1.0 + 1.0 / m) * between
    with np.errstate(divide="ignore", invalid="ignore"):
        share = (1.0 + 1.0 / m) * between / total
        ratio = (1.0 + 1.0 / m) * between / within
        df_rubin = (m - 1.0) / share**2
        df_observed = (df_complete + 1.0) / (df_complete + 3.0) * df_complete * (1.0 - share)
        df = 1.0 / (1.0 / df_rubin + 1.0 / df_observed)
    return Pooled(estimate, within, between, total, df, (ratio + 2.0 / (df + 3.0)) / (ratio + 1.0))


def pooled_covariance(estimates: FloatArray, covariances: FloatArray) -> FloatArray:
    """Return the covariance of pooled estimates, (n, n), whose diagonal is ``Pooled.total``.

    Parameters
    ----------
    estimates, covariances : (n_imputations, n), (n_imputations, n, n) arrays
        Estimates and their covariances; at least two imputations.
    """
    m = len(estimates)
    away = estimates - estimates.mean(axis=0)
    return covariances.mean(axis=0) + (1.0 + 1.0 / m) * away.T @ away / (m - 1.0)


@dataclass(frozen=True, slots=True)
class PooledRatio:
    """A pooled likelihood-ratio test.

    Parameters
    ----------
    statistic : float
        The ratio over its degrees of freedom and over 1 + r, r being the relative increase of variance.
    df, df_denominator : float
        Degrees of freedom of its F distribution; infinite ones where imputations do not differ, which leaves chi-square.
    p : float
        Probability of at least this statistic where nothing is tested.
    fmi : float
        Fraction of the information that is missing, r / (1 + r).
    """

    statistic: float
    df: int
    df_denominator: float
    p: float
    fmi: float


def relative_increase(within: FloatArray, scores: FloatArray, tested: BoolArray) -> float:
    """Return by how much imputation increases the variance of some parameters, relative to complete data, on average.

    The completed data sets' own estimates are one Newton step away from the estimate from all; with B the covariance of these steps and U the
    inverse information, r = (1 + 1/m) tr(B U^-1) / k over the tested parameters (Li KH, Raghunathan TE, Rubin DB. J Am Stat Assoc
    1991;86:1065-1073, doi:10.1080/01621459.1991.10475152).

    Parameters
    ----------
    within : (n, n) array
        Information of complete data, positive definite.
    scores : (n_imputations, n) array
        Derivatives of the log-likelihood of each data set at the estimate from all, up to a constant.
    tested : (n,) array
        Marks of the tested parameters.
    """
    m = len(scores)
    inverse: FloatArray = np.linalg.inv(within).astype(np.float64)
    steps = (scores - scores.mean(axis=0)) @ inverse
    between = steps[:, tested].T @ steps[:, tested] / (m - 1.0)
    own: FloatArray = np.linalg.inv(inverse[np.ix_(tested, tested)]).astype(np.float64)
    return (1.0 + 1.0 / m) * float((between * own).sum()) / int(tested.sum())


def pool_ratio(change: float, increase: float, *, df: int, n_imputations: int) -> PooledRatio:
    """Return the likelihood-ratio test of stacked data.

    Parameters
    ----------
    change : float
        Fall of the mean objective (-2 log likelihood) over the data sets, each model at its own minimum; below 0 it counts as 0.
    increase : float
        ``relative_increase`` of what is tested.
    df : int
        Parameters that are tested.
    n_imputations : int
        Data sets; at least two.
    """
    statistic = max(change, 0.0) / (df * (1.0 + increase))
    fmi = increase / (1.0 + increase)
    df_denominator = df * (n_imputations - 1.0) / fmi**2 if fmi > 0.0 else np.inf
    p = chdtrc(df, df * statistic) if np.isinf(df_denominator) else fdtrc(df, df_denominator, statistic)
    return PooledRatio(statistic, df, float(df_denominator), float(p), fmi)

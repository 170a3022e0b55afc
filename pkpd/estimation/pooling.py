"""One estimate from fits to several completed data sets: Rubin's rules.

Rubin DB. Multiple Imputation for Nonresponse in Surveys, 1987, doi:10.1002/9780470316696, chapter 3; degrees of freedom of few
subjects by Barnard J, Rubin DB. Biometrika 1999;86:948-955, doi:10.1093/biomet/86.4.948.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from pkpd.arrays import FloatArray


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

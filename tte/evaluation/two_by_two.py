"""A rule that calls subjects high or low risk against what became of them: exact intervals and Fisher's exact test.

Intervals are those of Clopper CJ, Pearson ES. Biometrika 1934;26:404-413, doi:10.1093/biomet/26.4.404. The odds ratio is the
conditional maximum-likelihood estimate with its exact interval (Cornfield J. Proc Third Berkeley Symp 1956;4:135-148).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from scipy.stats import fisher_exact
from scipy.stats.contingency import odds_ratio

from pkpd.diagnostics.calibration import binomial
from pkpd.diagnostics.prediction_errors import Measured

if TYPE_CHECKING:
    from pkpd.arrays import BoolArray


@dataclass(frozen=True, slots=True)
class TwoByTwo:
    """Counts of subjects.

    Parameters
    ----------
    true_positive, false_negative : int
        Subjects with the event that are called high and low risk.
    false_positive, true_negative : int
        Subjects without it, likewise.
    """

    true_positive: int
    false_negative: int
    false_positive: int
    true_negative: int

    @property
    def n(self) -> int:
        """Return the number of subjects."""
        return self.true_positive + self.false_negative + self.false_positive + self.true_negative


class Accuracy(NamedTuple):
    """Shares with their exact 95 % intervals; NaN where a share is one of nobody.

    Attributes
    ----------
    sensitivity, specificity : Measured
        Share called high risk of those with the event, and low risk of those without.
    accuracy : Measured
        Share called rightly.
    ppv, npv : Measured
        Share with the event of those called high risk, and without it of those called low risk.
    """

    sensitivity: Measured
    specificity: Measured
    accuracy: Measured
    ppv: Measured
    npv: Measured


class Fisher(NamedTuple):
    """Fisher's exact test.

    Attributes
    ----------
    p : float
        Two-sided: of all tables with the same margins, the probability of those no more probable than this one.
    odds_ratio : Measured
        Of the event, high against low risk; 0 or infinite where a cell is empty, NaN where a margin is.
    """

    p: float
    odds_ratio: Measured


def two_by_two(is_high: BoolArray, is_case: BoolArray) -> TwoByTwo:
    """Return the counts of subjects called high risk or not, with the event or not, both (n,) arrays."""
    true_positive = int((is_high & is_case).sum())
    n_high, n_cases = int(is_high.sum()), int(is_case.sum())
    rest = is_case.size - n_high - n_cases + true_positive
    return TwoByTwo(true_positive, n_cases - true_positive, n_high - true_positive, rest)


def accuracy(table: TwoByTwo) -> Accuracy:
    """Return sensitivity, specificity, accuracy and predictive values with exact 95 % intervals."""
    tp, fn, fp, tn = table.true_positive, table.false_negative, table.false_positive, table.true_negative
    pairs = ((tp, tp + fn), (tn, tn + fp), (tp + tn, table.n), (tp, tp + fp), (tn, tn + fn))
    return Accuracy(*(binomial(k, n) for k, n in pairs))


def fisher(table: TwoByTwo) -> Fisher:
    """Return Fisher's exact test of a table."""
    cells = np.array(
        [[table.true_positive, table.false_positive], [table.false_negative, table.true_negative]], dtype=np.int64
    )
    if not (cells.sum(axis=0).all() and cells.sum(axis=1).all()):
        return Fisher(1.0, Measured(np.nan, np.nan, np.nan))
    found = odds_ratio(cells, kind="conditional")
    low, high = found.confidence_interval(0.95)
    return Fisher(float(fisher_exact(cells).pvalue), Measured(float(found.statistic), float(low), float(high)))

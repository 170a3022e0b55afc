"""Which update the data ask for: likelihood-ratio tests from the largest model on, so that the level holds for the whole procedure.

Vergouwe Y, Nieboer D, Oostenbrink R, et al. A closed testing procedure to select an appropriate method for updating prediction models.
Stat Med 2017; 36: 4529-4539, doi:10.1002/sim.7179. The full refit is tested against the old model, then against the intercept, then against
intercept and slope; the first that it is not better than is taken.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING

from scipy.stats import chi2

from tte.estimation.fit import AT_A_MAXIMUM
from tte.recalibration.updates import Update

if TYPE_CHECKING:
    from tte.recalibration.updates import NestedFits

ALPHA = 0.05


@dataclass(frozen=True, slots=True)
class UpdateTest:
    """A likelihood-ratio test of two nested updates.

    Parameters
    ----------
    smaller, larger : Update
        The model under the null hypothesis, and the one with more estimated.
    n_degrees : int
        Degrees of freedom.
    statistic, p : float
        Twice the gain of the log-likelihood, and the probability of as much by chance; NaN where either has no maximum.
    """

    smaller: Update
    larger: Update
    n_degrees: int
    statistic: float
    p: float


@dataclass(frozen=True, slots=True)
class ClosedTest:
    """The procedure and what it ends with.

    Parameters
    ----------
    tests : tuple of UpdateTest
        The full refit against each smaller model, in order; the procedure stops at the first whose p is not below `ALPHA`.
    steps : tuple of UpdateTest
        Each update against the one before it, which the procedure does not use.
    recommended : Update or None
        What it ends with; None where a test could not be made.
    """

    tests: tuple[UpdateTest, ...]
    steps: tuple[UpdateTest, ...]
    recommended: Update | None


def closed_test(nested: NestedFits) -> ClosedTest:
    """Return the closed testing procedure of nested updates."""
    order = list(Update)
    tests = tuple(_tested(nested, smaller, Update.REFIT) for smaller in order[:-1])
    steps = tuple(_tested(nested, *pair) for pair in pairwise(order))
    return ClosedTest(tests, steps, _recommended(tests))


def _recommended(tests: tuple[UpdateTest, ...]) -> Update | None:
    for test in tests:
        if math.isnan(test.p):
            return None
        if test.p >= ALPHA:
            return test.smaller
    return Update.REFIT


def _tested(nested: NestedFits, smaller: Update, larger: Update) -> UpdateTest:
    n_degrees = larger.n_estimated - smaller.n_estimated
    pair = (nested[smaller], nested[larger])
    usable = all(one.status in AT_A_MAXIMUM or one.n_free == 0 for one in pair)
    if not (usable and all(math.isfinite(one.log_likelihood) for one in pair)):
        return UpdateTest(smaller, larger, n_degrees, math.nan, math.nan)
    statistic = max(0.0, 2.0 * (pair[1].log_likelihood - pair[0].log_likelihood))
    return UpdateTest(smaller, larger, n_degrees, statistic, float(chi2.sf(statistic, n_degrees)))

"""Exact power of two arms of equal size: the distribution of responders, and the chi-square test of every pair of counts.

A participant drawn from the population responds with the mean chance of its patients, whoever it is, so that responders of an arm have a binomial
distribution; with an effect of the trial, a mixture of those.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeAlias

import numpy as np
from scipy.special import chdtri
from scipy.stats import binom

if TYPE_CHECKING:
    from crohns_srs.power.chances import ArmModel
    from pkpd.arrays import BoolArray, FloatArray, IntArray

MeanChances: TypeAlias = "tuple[FloatArray, FloatArray]"
"""Mean chances of a response at each effect of the trial, and the probabilities of those, (n_nodes,) each."""
_NODES = 41
# Chances of counts that are left out on either side.
_TAIL = 1e-13
_MOST = 20_000
_AHEAD = 10


def mean_chances(arm: ArmModel) -> MeanChances:
    """Return the mean chance of a response at each effect of the trial, and the probabilities of those, (n_nodes,) each."""
    if arm.between == 0.0:
        return np.array([float(arm.chances().mean())]), np.ones(1)
    node, weight = np.polynomial.hermite_e.hermegauss(_NODES)
    return np.array([float(arm.chances(arm.between * u).mean()) for u in node.tolist()]), weight / weight.sum()


def responders(chance: MeanChances, n: int) -> tuple[IntArray, FloatArray]:
    """Return counts of responders of an arm and their probabilities, but for counts that are as good as impossible."""
    p, weight = chance
    low = int(binom.ppf(_TAIL, n, float(p.min())))
    high = int(binom.isf(_TAIL, n, float(p.max())))
    counts = np.arange(max(low, 0), min(high, n) + 1, dtype=np.int64)
    return counts, weight @ binom.pmf(counts, n, p[:, None])


def chi_square(first: IntArray, second: IntArray, n: int, *, corrected: bool) -> FloatArray:
    """Return the chi-square statistic of two arms of n participants; 0 where all or none respond.

    Parameters
    ----------
    first, second : array of int
        Responders of both arms, of shapes that fit each other.
    n : int
        Participants of each arm.
    corrected : bool
        Whether with Yates's continuity correction.
    """
    total = first + second
    apart = np.abs(first - second) - (1.0 if corrected else 0.0)
    below = total * (2.0 * n - total)
    return np.where(below > 0, 2.0 * n * np.maximum(apart, 0.0) ** 2 / np.maximum(below, 1), 0.0)


def is_rejected(first: IntArray, second: IntArray, n: int, *, corrected: bool, alpha: float) -> BoolArray:
    """Return whether the chi-square test finds a difference at level alpha."""
    return chi_square(first, second, n, corrected=corrected) > chdtri(1.0, alpha)


def highest_beaten(first: IntArray, n: int, *, corrected: bool, alpha: float) -> IntArray:
    """Return the most responders of the second arm over which the test still finds the first arm better; -1 where there are none.

    Parameters
    ----------
    first : (n_counts,) array
        Responders of the first arm.
    n : int
        Participants of each arm.
    corrected : bool
        Whether with Yates's continuity correction.
    alpha : float
        Level of the two-sided test.
    """
    # The statistic falls as the second count rises to the first: its logarithm has the slope -2/(a - b) - 1/(a + b) + 1/(2n - a - b), and 2n - a - b is at
    # least a - b. So halving finds the last count that is beaten.
    low, high = np.full_like(first, -1), first.copy()
    while (high - low > 1).any():
        middle = (low + high) // 2
        is_beaten = is_rejected(first, middle, n, corrected=corrected, alpha=alpha) & (middle >= 0)
        is_open = high - low > 1
        low = np.where(is_open & is_beaten, middle, low)
        high = np.where(is_open & ~is_beaten, middle, high)
    return low


def exact_power(first: MeanChances, second: MeanChances, n: int, *, corrected: bool, alpha: float) -> float:
    """Return the chance that the test finds a difference and the first arm has more responders.

    Parameters
    ----------
    first, second : tuple of array
        Mean chances of a response and their probabilities, as `mean_chances` gives them; independent of each other.
    n : int
        Participants of each arm.
    corrected : bool
        Whether with Yates's continuity correction.
    alpha : float
        Level of the two-sided test.
    """
    counts, probability = responders(first, n)
    beaten = highest_beaten(counts, n, corrected=corrected, alpha=alpha)
    others, other_probability = responders(second, n)
    up_to = np.append(0.0, np.cumsum(other_probability))
    return float(probability @ up_to[np.clip(beaten - others[0] + 1, 0, others.size)])


def exact_size(chance: MeanChances, n: int, *, corrected: bool, alpha: float) -> float:
    """Return the chance that the test finds a difference, either way, where both arms are given the same class with one effect of the trial."""
    nodes = [(np.array([p]), np.ones(1)) for p in chance[0].tolist()]
    found = [2.0 * exact_power(one, one, n, corrected=corrected, alpha=alpha) for one in nodes]
    return float(chance[1] @ np.array(found))


def least_size(first: MeanChances, second: MeanChances, target: float, *, corrected: bool, alpha: float) -> int | None:
    """Return the least number of participants in each arm from which on the power stays at a target, also for the next ten numbers.

    Power goes up in saw teeth, since counts are whole numbers.

    Returns
    -------
    int or None
        None where 20,000 in each arm are not enough, or no number is, since the second class is as good in too many trials.
    """

    def reaches(n: int) -> bool:
        return exact_power(first, second, n, corrected=corrected, alpha=alpha) >= target

    is_better = first[0][:, None] > second[0]
    if float(first[1] @ is_better @ second[1]) < target:
        return None
    low, high = 1, 16
    while not reaches(high):
        if high >= _MOST:
            return None
        low, high = high, min(2 * high, _MOST)
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (low, middle) if reaches(middle) else (middle, high)
    n = high
    while (short := next((k for k in range(n + _AHEAD, n, -1) if not reaches(k)), None)) is not None:
        n = short + 1
    return n

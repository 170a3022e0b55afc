"""How a marker ranks each subject with an event among those who are still at risk after it.

Subjects are swept from the last day to the first, and a Fenwick tree over the marker's values holds the weight of those at risk
(Fenwick PM. Softw Pract Exp 1994;24:327-336, doi:10.1002/spe.4380240306), so that n subjects take n log n steps.
"""

from __future__ import annotations

import numpy as np

from pkpd.arrays import BoolArray, FloatArray, IntArray
from tte.kernels._jit import inlined_kernel, kernel


@inlined_kernel
def _add(tree: FloatArray, code: int, weight: float) -> None:
    """Add a weight to one value of the marker."""
    at = code + 1
    while at < tree.size:
        tree[at] += weight
        at += at & -at


@inlined_kernel
def _sum_below(tree: FloatArray, code: int) -> float:
    """Return the weight of all values below one."""
    total, at = 0.0, code
    while at > 0:
        total += tree[at]
        at -= at & -at
    return total


@kernel
def rank_in_risk_sets(
    time: FloatArray,
    event: BoolArray,
    entry: FloatArray,
    code: IntArray,
    weight: FloatArray,
    by_time: IntArray,
    by_entry: IntArray,
    ranked: FloatArray,
) -> None:
    """Write for each event the weight of those still at risk whose marker is lower, is the same, and of all.

    Still at risk after the event on day t are those who entered before t and stay longer, or are censored on t.

    Parameters
    ----------
    time, event, entry, code, weight : (n,) arrays
        Last day, whether it is that of an event, first day, number of the marker's value in ascending order, and weight.
    by_time, by_entry : (n,) arrays
        Subjects from the last day to the first; on one day censored ones first. Subjects from the last entry to the first.
    ranked : (n, 3) array
        Written; rows without an event are left alone.
    """
    n = time.size
    tree = np.zeros(code.max() + 2)
    total = 0.0
    leaving = first = 0
    while first < n:
        day = time[int(by_time[first])]
        while leaving < n and entry[int(by_entry[leaving])] >= day:
            i = int(by_entry[leaving])
            _add(tree, int(code[i]), -float(weight[i]))
            total -= float(weight[i])
            leaving += 1
        after = first
        while after < n and time[int(by_time[after])] == day and not event[int(by_time[after])]:
            i = int(by_time[after])
            _add(tree, int(code[i]), float(weight[i]))
            total += float(weight[i])
            after += 1
        begin = after
        while after < n and time[int(by_time[after])] == day:
            i = int(by_time[after])
            below = _sum_below(tree, int(code[i]))
            ranked[i, 0] = below
            ranked[i, 1] = _sum_below(tree, int(code[i]) + 1) - below
            ranked[i, 2] = total
            after += 1
        for k in range(begin, after):
            i = int(by_time[k])
            _add(tree, int(code[i]), float(weight[i]))
            total += float(weight[i])
        first = after

"""Subjects drawn with replacement, those with and without the event apart, and their ROC curves."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from pkpd.arrays import BoolArray, FloatArray, IntArray


def stratified_counts(is_case: BoolArray, n_draws: int, seed: int, first: int = 0) -> IntArray:
    """Return how often each subject is drawn, (n_draws, n), as many with the event and without it as there are.

    Draw b comes from the seed and ``first + b`` alone.
    """
    counts = np.zeros((n_draws, is_case.size), dtype=np.int64)
    for b in range(n_draws):
        rng = np.random.default_rng([seed, first + b])
        for rows in (np.flatnonzero(is_case), np.flatnonzero(~is_case)):
            counts[b, rows] = np.bincount(rng.integers(rows.size, size=rows.size), minlength=rows.size)
    return counts


def counts_below(counts: IntArray, code: IntArray, is_case: BoolArray, n_values: int) -> tuple[FloatArray, FloatArray]:
    """Return how many with and without the event lie below each place between values of a marker.

    Parameters
    ----------
    counts : (n_draws, n) array
        How often each subject counts.
    code : (n,) array
        Number of its value, in ascending order.
    is_case : (n,) array
        Whether it had the event.
    n_values : int
        Different values.

    Returns
    -------
    cases, controls : (n_draws, n_values + 1) arrays
        Whole numbers.
    """
    order = np.argsort(code, kind="stable")
    starts = np.searchsorted(code[order], np.arange(n_values))
    sorted_counts = counts[:, order]
    below: list[FloatArray] = []
    for rows in (is_case[order], ~is_case[order]):
        at = np.add.reduceat(np.where(rows, sorted_counts, 0), starts, axis=1)
        below.append(np.pad(np.cumsum(at, axis=1), ((0, 0), (1, 0))).astype(np.float64))
    return below[0], below[1]

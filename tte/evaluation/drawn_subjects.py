"""Subjects drawn with replacement, as how often each is drawn."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from pkpd.arrays import FloatArray


def drawn_subjects(
    n_subjects: int, n_draws: int, seed: int, tell: Callable[[float], object] = lambda _: None
) -> Iterator[FloatArray]:
    """Yield how often each subject is drawn, (n_subjects,); draw b comes from the seed and b alone.

    Parameters
    ----------
    n_subjects, n_draws, seed : int
        How many, how often, and from what.
    tell : callable
        Told the share that is done.
    """
    for b in range(n_draws):
        chosen = np.random.default_rng([seed, b]).integers(n_subjects, size=n_subjects)
        yield np.bincount(chosen, minlength=n_subjects).astype(np.float64)
        tell((b + 1) / n_draws)

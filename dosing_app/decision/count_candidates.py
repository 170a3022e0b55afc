"""The exact size of a grid of regimens, without enumerating it."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING

import numpy as np

from dosing_app.decision.reference_plan import TOLERANCE

if TYPE_CHECKING:
    from dosing_app.decision.candidates import CandidateGrid


def count_candidates(grid: CandidateGrid) -> int:
    """Return how many regimens a grid holds, the one without infusions included where nothing is required.

    Parameters
    ----------
    grid : CandidateGrid
        Any size; the number may be far larger than could be enumerated.

    Returns
    -------
    int
        The exact number.
    """
    return sum(_count_of_size(grid, n_infusions) for n_infusions in range(min(grid.n_max, grid.times.size) + 1))

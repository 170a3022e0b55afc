"""Quasi-Monte-Carlo points: a rank-1 lattice, centred and carried to the normal distribution."""

from __future__ import annotations

from functools import cache
from statistics import NormalDist
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from pkpd.arrays import FloatArray

# Generating vector of an embedded lattice rule of order-2 weights (Cools, Kuo and Nuyens 2006, doi:10.1137/06065074X).
_GENERATOR = (1, 182667, 469891, 498753, 110745, 446247, 250185, 118627, 245333, 283199)
# Shifts by multiples of irrational numbers keep points off the ends of the unit interval and make replicates.
_SHIFT = (0.7548776662466927, 0.5698402909980532, 0.4301597090019467, 0.3247179572447460, 0.2451223337533072)


@cache
def lattice_points(n: int, dimensions: int, *, replicate: int = 0) -> FloatArray:
    """Return standard normal points of low discrepancy, the same at every call.

    Parameters
    ----------
    n : int
        Number of points, a power of two.
    dimensions : int
        Up to five.
    replicate : int
        Which shift of the lattice.

    Returns
    -------
    (n, dimensions) array
        Normal quantiles of the shifted lattice after the baker's transformation, which doubles the order of
        convergence for integrands that are not periodic (Hickernell 2002).
    """
    generator = np.array(_GENERATOR[:dimensions], dtype=np.float64)
    shift = np.array(_SHIFT[:dimensions]) * (2 * replicate + 1)
    unit = np.mod(np.arange(n)[:, None] * generator / n + shift, 1.0)
    folded = 1.0 - np.abs(2.0 * unit - 1.0)
    inverse = NormalDist().inv_cdf
    points = np.vectorize(inverse, otypes=[float])(np.clip(folded, 1e-15, 1.0 - 1e-15))
    points.setflags(write=False)
    return points

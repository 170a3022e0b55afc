"""Marks of censored levels: triangles at the limit that point where the level lies, and bars between two limits."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from pkpd.data.records import Censoring
from pkpd.figures.look import ORANGE
from pkpd.figures.sheet import marks

if TYPE_CHECKING:
    from pkpd.arrays import BoolArray, FloatArray, IntArray
    from pkpd.figures.sheet import Axes

# Triangles that stand with their flat side at the place, as corners; their first is their last.
POINTS_DOWN = ((-0.6, 0.0), (0.6, 0.0), (0.0, -1.0), (-0.6, 0.0))
POINTS_UP = ((-0.6, 0.0), (0.6, 0.0), (0.0, 1.0), (-0.6, 0.0))


def limits(
    axes: Axes, x: FloatArray, *, lower: FloatArray, upper: FloatArray, censoring: IntArray, size: float = 7.5
) -> None:
    """Draw censored levels as what is known of them: a triangle that points from its limit to where they lie, or a bar between two.

    Parameters
    ----------
    x, lower, upper : (n,) arrays
        Place and limits of quantification [mg/L]. The axis of the levels has its limits already.
    censoring : (n,) array
        A ``Censoring`` for each level; quantified ones are left alone.
    size : float
        Of the triangles [pt].
    """
    look: dict[str, Any] = {"color": ORANGE, "zorder": 4, "clip_on": False}
    for kind, at, marker, name in (
        (Censoring.BELOW, lower, POINTS_DOWN, "below"),
        (Censoring.ABOVE, upper, POINTS_UP, "above"),
    ):
        is_of_kind = censoring == int(kind)
        if is_of_kind.any():
            triangle = {"marker": marker, "markersize": size, "markerfacecolor": "none", "markeredgewidth": 0.9}
            axes.plot(x[is_of_kind], at[is_of_kind], linestyle="none", gid=marks(name), **triangle, **look)
    is_between = censoring == int(Censoring.BETWEEN)
    if is_between.any():
        floor = axes.get_ylim()[0]
        ends = np.maximum(lower[is_between], floor), upper[is_between]
        axes.vlines(x[is_between], *ends, linewidth=1.1, gid=marks("between"), **look)


def limit_of(level: FloatArray, lower: FloatArray, upper: FloatArray, censoring: IntArray) -> FloatArray:
    """Return where each level stands: at its number, at its limit, or at the upper one of two."""
    return np.where(censoring == int(Censoring.NONE), level, np.where(censoring == int(Censoring.BELOW), lower, upper))


def is_quantified(censoring: IntArray) -> BoolArray:
    """Return which levels are numbers."""
    return censoring == int(Censoring.NONE)

"""The look of the engine's figures: colours that colour-blind readers tell apart, axes, and the marks of levels.

The colours are those of Okabe M, Ito K. Color universal design, 2008, https://jfly.uni-koeln.de/color/. Dots, triangles and dashes
differ in shape too, so that a print in black says the same.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from pkpd.data.records import Censoring
from pkpd.figures.sheet import FONT_PT, marks

if TYPE_CHECKING:
    from pkpd.arrays import BoolArray, FloatArray, IntArray
    from pkpd.figures.sheet import Axes

BLUE, ORANGE, GREEN = "#0072b2", "#d55e00", "#007a5a"
INK, INK2, GREY, RULE, BAND = "#16212a", "#4e5b65", "#7a868f", "#e3e8eb", "#d3dbe0"
DASHES = (0, (4, 2))
_MARGIN = 1.3
# More dots than these are drawn small [pt].
_MANY, _SMALL = 500, 2.2
_FEW_DECADES, _MOST_TICKS = 3, 7
# Triangles that stand with their flat side at the place, as corners; their first is their last.
POINTS_DOWN = ((-0.6, 0.0), (0.6, 0.0), (0.0, -1.0), (-0.6, 0.0))
POINTS_UP = ((-0.6, 0.0), (0.6, 0.0), (0.0, 1.0), (-0.6, 0.0))


def styled(axes: Axes, *, x: str = "", y: str = "") -> Axes:
    """Return axes in the style of every figure, with the names of what they show."""
    for side in ("right", "top"):
        axes.spines[side].set_visible(False)
    for side in ("left", "bottom"):
        axes.spines[side].set(color=GREY, linewidth=0.6)
    axes.patch.set_visible(False)
    axes.tick_params(length=2.5, width=0.6, color=GREY, labelcolor=INK2, labelsize=FONT_PT, pad=2)
    axes.grid(visible=True, color=RULE, linewidth=0.5)
    axes.set_axisbelow(True)
    axes.set_xlabel(x, color=INK, labelpad=3)
    axes.set_ylabel(y, color=INK, labelpad=3)
    return axes


def with_log_axis(axes: Axes, which: Literal["x", "y"], low: float, high: float) -> None:
    """Make an axis logarithmic, with ticks in plain figures and room around what lies from ``low`` to ``high`` (both positive)."""
    low, high = low / _MARGIN, high * _MARGIN
    n_decades = math.log10(high / low)
    every = math.ceil(n_decades / _MOST_TICKS)
    first = every * math.floor(math.log10(low) / every)
    decades = range(first, math.ceil(math.log10(high)) + 1, every)
    steps = (1, 2, 5) if n_decades < _FEW_DECADES else (1,)
    ticks = [tick for decade in decades for step in steps if low <= (tick := step * 10.0**decade) <= high]
    scale, limits, set_ticks = (getattr(axes, f"set_{which}{what}") for what in ("scale", "lim", "ticks"))
    scale("log")
    set_ticks(ticks, [f"{tick:g}" for tick in ticks])
    set_ticks([], minor=True)
    limits(low, high)


def range_of(*groups: FloatArray) -> tuple[float, float] | None:
    """Return the smallest and the largest positive number of some arrays; None where there is none."""
    values = np.concatenate([np.zeros(0), *groups])
    values = values[np.isfinite(values) & (values > 0.0)]
    return (float(values.min()), float(values.max())) if values.size else None


def dots(axes: Axes, x: FloatArray, y: FloatArray, name: str = "levels", *, size: float = 3.4) -> None:
    """Draw quantified levels, or their residuals, as dots; they lie behind each other visibly."""
    look = {
        "markersize": size if x.size <= _MANY else _SMALL,
        "color": BLUE,
        "markeredgewidth": 0.0,
        "alpha": 0.6,
        "zorder": 3,
    }
    axes.plot(x, y, "o", gid=marks(name), clip_on=False, **look)


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

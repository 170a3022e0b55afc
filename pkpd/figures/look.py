"""The look of every figure: colours that colour-blind readers tell apart, axes, and dots.

The colours are those of Okabe M, Ito K. Color universal design, 2008, https://jfly.uni-koeln.de/color/. Dots, triangles and dashes
differ in shape too, so that a print in black says the same.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Literal

import numpy as np

from pkpd.figures.sheet import FONT_PT, marks

if TYPE_CHECKING:
    from pkpd.arrays import FloatArray
    from pkpd.figures.sheet import Axes

BLUE, ORANGE, GREEN = "#0072b2", "#d55e00", "#007a5a"
INK, INK2, GREY, RULE, BAND = "#16212a", "#4e5b65", "#7a868f", "#e3e8eb", "#d3dbe0"
DASHES = (0, (4, 2))
_MARGIN = 1.3
# More dots than these are drawn small [pt].
_MANY, _SMALL = 500, 2.2
_FEW_DECADES, _MOST_TICKS = 3, 7


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

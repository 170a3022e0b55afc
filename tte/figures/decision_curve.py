"""Net benefit over the risk from which on one would act."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from pkpd.figures.look import BAND, BLUE, DASHES, INK2, ORANGE, styled
from pkpd.figures.sheet import Drawing, Table, marks, svg
from pkpd.units import percent_from_fraction

if TYPE_CHECKING:
    from pkpd.figures.sheet import Cell, Figure
    from tte.evaluation.decision_curve import DecisionCurve

_WIDTH_MM, _HEIGHT_MM = 120.0, 82.0
_PERCENT = percent_from_fraction(1.0)
_FLOOR = -0.35
_HEAD = (
    *("threshold_pct", "n_above", "model", "model_low", "model_high", "all", "all_low", "all_high"),
    *("difference_low", "difference_high"),
)


def decision_curve_figure(found: DecisionCurve, *, horizon_day: float, name: str, population: str) -> Drawing:
    """Return the decision curve.

    Parameters
    ----------
    found : DecisionCurve
        Net benefit at some thresholds.
    horizon_day : float
        Horizon of the risk.
    name, population : str
        Name of its files, and who the subjects are, in words.
    """
    x = _PERCENT * found.threshold
    known = np.isfinite(found.model_high)
    top = float(np.concatenate([found.model, found.everybody, found.model_high[known], [0.01]]).max())

    def draw(figure: Figure) -> None:
        names = (f"Risk by day {horizon_day:g} from which on one would act (%)", "Net benefit per subject")
        axes = styled(figure.add_axes((0.14, 0.15, 0.83, 0.82)), x=names[0], y=names[1])
        axes.fill_between(x, found.model_low, found.model_high, color=BAND, linewidth=0.0, gid=marks("band"))
        axes.plot(x, found.model, color=BLUE, linewidth=1.6, label="act on the predicted risk", gid=marks("model"))
        look = {"color": ORANGE, "linewidth": 1.3, "linestyle": DASHES, "label": "act on all"}
        axes.plot(x, found.everybody, gid=marks("everybody"), **look)
        axes.axhline(0.0, color=INK2, linewidth=1.0, gid=marks("nobody"), label="act on nobody")
        axes.set_xlim(float(x[0]), float(x[-1]))
        axes.set_ylim(_FLOOR * top, 1.08 * top)
        axes.legend(frameon=False, loc="upper right")

    columns = (x, found.n_above, found.model, found.model_low, found.model_high, found.everybody)
    more = (found.everybody_low, found.everybody_high, found.difference_low, found.difference_high)
    rows: tuple[tuple[Cell, ...], ...] = tuple(zip(*(column.tolist() for column in (*columns, *more)), strict=True))
    title = "Decision curve"
    caption = (
        f"{title}, {population}: share treated who would have the event, minus share treated who would not times the odds of the threshold "
        f"(event by day {horizon_day:g}, Kaplan–Meier). The band is the pointwise 95 % interval over drawn subjects. It shows whom a rule "
        "selects, not that acting helps them."
    )
    picture = svg(draw, width_mm=_WIDTH_MM, height_mm=_HEIGHT_MM, name=name)
    return Drawing(name, title, caption, picture, Table(_HEAD, rows))

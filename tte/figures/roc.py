"""ROC curve with its band and the chosen threshold."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from pkpd.figures.look import BAND, BLUE, DASHES, INK2, ORANGE, styled
from pkpd.figures.sheet import Drawing, Table, marks, svg
from pkpd.units import percent_from_fraction
from pkpd.wording import counted
from tte.figures.wording import interval_text

if TYPE_CHECKING:
    from pkpd.figures.sheet import Axes, Cell, Figure
    from tte.evaluation.roc import Auroc, Roc
    from tte.evaluation.roc_band import RocBand
    from tte.evaluation.threshold import Rule

_SIDE_MM = 92.0
# More points than these are finer than the picture.
_MOST_POINTS = 3000
_PERCENT = percent_from_fraction(1.0)


def roc_figure(
    curve: Roc,
    area: Auroc,
    *,
    band: RocBand | None,
    rule: Rule | None,
    marker_name: str,
    name: str,
    population: str,
) -> Drawing:
    """Return the figure of a ROC curve.

    Parameters
    ----------
    curve : Roc
        The curve.
    area : Auroc
        The area under it.
    band : RocBand or None
        Its band over drawn subjects.
    rule : Rule or None
        The threshold that is marked, as what it does; None for none.
    marker_name, population : str
        What the marker is called, and who the subjects are, in words.
    name : str
        Name of its files.
    """
    x, y = _PERCENT * curve.false_positive_rate, _PERCENT * curve.sensitivity

    def draw(figure: Figure) -> None:
        axes = styled(figure.add_axes((0.15, 0.13, 0.82, 0.84)), x="100 % − specificity (%)", y="Sensitivity (%)")
        axes.axline((0.0, 0.0), (100.0, 100.0), color=INK2, linewidth=0.7, linestyle=DASHES, gid=marks("chance"))
        if band is not None:
            ends = (_PERCENT * band.low, _PERCENT * band.high)
            where = _PERCENT * band.false_positive_rate
            axes.fill_between(where, *ends, step="post", color=BAND, linewidth=0.0, gid=marks("band"))
        shown = np.unique(np.linspace(0, x.size - 1, min(x.size, _MOST_POINTS)).astype(np.int64))
        axes.plot(x[shown], y[shown], color=BLUE, linewidth=1.5, gid=marks("roc"), zorder=3)
        if rule is not None:
            shares = (rule.accuracy.specificity.value, rule.accuracy.sensitivity.value)
            _point(axes, _PERCENT * (1.0 - shares[0]), _PERCENT * shares[1])
        axes.text(98.0, 3.0, f"AUROC {interval_text(area.area)}", ha="right", color=INK2)
        axes.set_xlim(-1.0, 101.0)
        axes.set_ylim(-1.0, 101.0)

    head = ("threshold", "high_risk_with_event", "high_risk_without", "sensitivity_pct", "specificity_pct")
    columns = (curve.threshold, curve.true_positive, curve.false_positive, y, _PERCENT - x)
    rows: tuple[tuple[Cell, ...], ...] = tuple(zip(*(column.tolist() for column in columns), strict=True))
    title = f"ROC curve of {marker_name}"
    side = "below" if curve.direction == "lower" else "at or above"
    at = (
        ""
        if rule is None
        else f" The dot is the threshold {rule.threshold:.4g}: {side} it subjects are called high risk."
    )
    shown = "" if band is None else " The band holds 95 % of the curves of drawn subjects at each false-positive rate."
    caption = (
        f"{title}, {population}: {counted(curve.n_cases, 'subject')} with the event and {curve.n_controls:,} without. "
        f"Area {interval_text(area.area)}.{at}{shown}"
    )
    picture = svg(draw, width_mm=_SIDE_MM, height_mm=_SIDE_MM, name=name)
    return Drawing(name, title, caption, picture, Table(head, rows))


def _point(axes: Axes, x: float, y: float) -> None:
    axes.plot([x], [y], "o", markersize=7.0, color=ORANGE, markeredgecolor="white", gid=marks("threshold"), zorder=4)
    side: dict[str, Any] = {"xytext": (8, -3), "ha": "left"} if x < 60.0 else {"xytext": (-8, -12), "ha": "right"}
    text = f"sensitivity {y:.0f} %\nspecificity {_PERCENT - x:.0f} %"
    axes.annotate(text, (x, y), textcoords="offset points", va="top", color=ORANGE, **side)

"""Area under the ROC curve over the day up to which events count."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from pkpd.figures.look import BAND, BLUE, DASHES, INK2, styled
from pkpd.figures.sheet import Drawing, Table, marks, svg

if TYPE_CHECKING:
    from pkpd.figures.sheet import Cell, Figure
    from tte.evaluation.time_dependent_roc import TimeDependentAuc

_WIDTH_MM, _HEIGHT_MM = 120.0, 72.0
_LOWEST = 0.3


def time_dependent_auc_figure(
    found: TimeDependentAuc, *, marker_name: str, name: str, population: str
) -> Drawing | str:
    """Return the figure of cumulative/dynamic areas, or a sentence where no day has one.

    Parameters
    ----------
    found : TimeDependentAuc
        Areas on ascending days.
    marker_name, population : str
        What the marker is called, and who the subjects are, in words.
    name : str
        Name of its files.
    """
    title = f"AUROC of {marker_name} over time"
    known = np.isfinite(found.auc)
    if not known.any():
        return f"{title}, {population}: not drawn, since no day has subjects with the event and free of it."
    days, area, low, high = (one[known] for one in (found.days, found.auc, found.low, found.high))
    ends = np.concatenate([area, low[np.isfinite(low)]])

    def draw(figure: Figure) -> None:
        axes = styled(figure.add_axes((0.13, 0.16, 0.84, 0.81)), x="Events by day", y="AUROC")
        axes.fill_between(days, low, high, step="post", color=BAND, linewidth=0.0, gid=marks("band"))
        axes.step(days, area, where="post", color=BLUE, linewidth=1.5, gid=marks("auc"))
        axes.axhline(0.5, color=INK2, linewidth=0.8, linestyle=DASHES, gid=marks("chance"))
        axes.set_ylim(min(_LOWEST, float(ends.min()) - 0.02), 1.02)

    head = ("day", "auc", "low", "high", "with_event", "free", "censored_before", "status")
    columns = (found.days, found.auc, found.low, found.high, found.n_cases, found.n_controls, found.n_unknown)
    states = [one.value for one in found.status]
    rows: tuple[tuple[Cell, ...], ...] = tuple(zip(*(column.tolist() for column in columns), states, strict=True))
    caption = (
        f"{title}, {population}: subjects with the event by each day against those free of it, weighted for censoring; the band is the "
        "pointwise 95 % interval over drawn subjects. The dashed line is a marker that says nothing."
    )
    picture = svg(draw, width_mm=_WIDTH_MM, height_mm=_HEIGHT_MM, name=name)
    return Drawing(name, title, caption, picture, Table(head, rows))

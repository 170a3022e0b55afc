"""Kaplan–Meier curves that were seen, beside the bands of those that a model predicts."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from pkpd.figures.look import DASHES
from pkpd.figures.sheet import Drawing, Table, marks, svg
from pkpd.units import percent_from_fraction
from tte.figures.kaplan_meier import LOOKS, WIDTH_MM, CurvePanel
from tte.figures.wording import EVERYONE, called

if TYPE_CHECKING:
    from pkpd.arrays import FloatArray
    from pkpd.figures.sheet import Axes, Cell, Figure
    from tte.evaluation.visual_check import CheckedGroup, VisualCheck

_HEAD = ("group", "day", "observed_pct", "predicted_025_pct", "predicted_50_pct", "predicted_975_pct")
_PERCENT = percent_from_fraction(1.0)


def visual_check_figure(
    check: VisualCheck, *, name: str, column: str, said: str, population: tuple[str, str] = EVERYONE
) -> Drawing:
    """Return the figure of a visual predictive check.

    Parameters
    ----------
    check : VisualCheck
        One to four groups.
    name : str
        Name of its files.
    column : str
        What parts the groups; empty for nothing.
    said : str
        What the simulation assumes, in sentences.
    population : tuple of str
        What ends the name of the files, and who the subjects are in words.
    """
    own, title = called(name, "Visual predictive check of event times", population)
    parted = f"Groups by {column}. " if column else ""
    place = CurvePanel(tuple(one.name for one in check.groups), column)
    span = (float(check.day[0]), float(check.day[-1]))

    def draw(figure: Figure) -> None:
        axes = place.axes(figure)
        for one, (colour, _) in zip(check.groups, LOOKS, strict=False):
            _curves(axes, one, check.day, colour)
        axes.set_xlim(*span)
        axes.set_ylim(0.0, 102.0)
        place.write_key(axes)
        place.write_numbers(figure, axes, [one.times for one in check.groups], span)

    return Drawing(
        own,
        title,
        (
            f"{parted}Lines: Kaplan–Meier estimates that were seen. Bands and dashes: 95 % and median of the estimates of {check.n_simulated:,} "
            f"studies simulated from the model. {said}"
        ),
        svg(draw, width_mm=WIDTH_MM, height_mm=place.height_mm, name=own),
        Table(_HEAD, check_rows(check)),
    )


def check_rows(check: VisualCheck) -> tuple[tuple[Cell, ...], ...]:
    """Return the curves of a check as rows, in percent; NaN where nobody is watched."""
    return tuple(
        (one.name, *map(float, row))
        for one in check.groups
        for row in zip(
            check.day, *(_PERCENT * part for part in (one.observed, one.low, one.median, one.high)), strict=True
        )
    )


def _curves(axes: Axes, group: CheckedGroup, day: FloatArray, colour: str) -> None:
    key = group.name.replace(" ", "-")
    low, median, high, observed = (_PERCENT * part for part in (group.low, group.median, group.high, group.observed))
    is_known = np.isfinite(low)
    axes.fill_between(
        day[is_known],
        low[is_known],
        high[is_known],
        step="post",
        color=colour,
        alpha=0.16,
        linewidth=0.0,
        gid=marks(f"band-{key}"),
    )
    axes.step(
        day, median, where="post", color=colour, linewidth=0.9, linestyle=DASHES, gid=marks(f"median-{key}"), zorder=3
    )
    look = {"color": colour, "linewidth": 1.5, "label": group.name, "zorder": 4}
    axes.step(day, observed, where="post", gid=marks(f"observed-{key}"), **look)

"""The path of SAEM: each estimated parameter over the iterations."""

from __future__ import annotations

import math
from functools import partial
from typing import TYPE_CHECKING

import numpy as np

from pkpd.estimation.saem_document import path_table
from pkpd.figures.look import BAND, BLUE, DASHES, INK2, ORANGE, styled
from pkpd.figures.sheet import Drawing, Table, marks, svg

if TYPE_CHECKING:
    from pkpd.arrays import FloatArray
    from pkpd.estimation.saem import SaemFit
    from pkpd.figures.sheet import Axes, Figure

_NAME, _TITLE = "saem-path", "Path of SAEM"
_COLUMNS = 3
_WIDTH_MM, _ROW_MM, _FOOT_MM = 180.0, 38.0, 9.0
_MOST_POINTS = 1000


def saem_path(result: SaemFit) -> Drawing | str:
    """Return the path of every estimated parameter over the iterations; a sentence where there was no iteration."""
    if not len(result.path):
        return f"{_TITLE}: not drawn, since nothing was estimated."
    head, rows = path_table(result)
    n_panels = len(head) - 2
    n_rows = math.ceil(n_panels / _COLUMNS)
    return Drawing(
        name=_NAME,
        title=_TITLE,
        caption=(
            f"Estimated parameters over the iterations: exploration up to the dashed line ({result.n_exploration}), then smoothing. "
            f"The estimates (orange) are means of the last {result.n_averaged} iterations (grey) on the scale of the search."
        ),
        svg=svg(
            partial(_draw, result=result, n_rows=n_rows),
            width_mm=_WIDTH_MM,
            height_mm=_ROW_MM * n_rows + _FOOT_MM,
            name=_NAME,
        ),
        table=Table(head, tuple((int(str(k)), str(phase), *map(float, map(str, row))) for k, phase, *row in rows)),
    )


def _draw(figure: Figure, *, result: SaemFit, n_rows: int) -> None:
    places = sorted(result.fit.scale.free)
    for panel, place in enumerate(places):
        row, column = divmod(panel, _COLUMNS)
        height = 1.0 / n_rows
        box = ((column + 0.2) / _COLUMNS, 1.0 - (row + 0.88) * height + 0.12 * height, 0.75 / _COLUMNS, 0.6 * height)
        is_last = panel + _COLUMNS >= len(places)
        axes = styled(figure.add_axes(box), x="Iteration" if is_last else "")
        axes.set_title(result.fit.parameters[place].name, fontsize=7.0, color=INK2, loc="left", pad=3)
        _draw_path(axes, result, result.path[:, place], float(result.fit.values[place]))


def _draw_path(axes: Axes, result: SaemFit, values: FloatArray, estimate: float) -> None:
    n = len(values)
    shown = np.unique(np.linspace(0, n - 1, min(n, _MOST_POINTS)).round().astype(np.int64))
    axes.axvspan(n - result.n_averaged + 0.5, n + 0.5, color=BAND, linewidth=0.0, zorder=0)
    axes.axvline(result.n_exploration + 0.5, color=INK2, linewidth=0.8, linestyle=DASHES, zorder=2)
    axes.plot(shown + 1, values[shown], color=BLUE, linewidth=0.8, gid=marks("path"), zorder=3)
    axes.axhline(estimate, color=ORANGE, linewidth=0.9, zorder=4)
    axes.set_xlim(0.0, n + 1.0)
    axes.locator_params(axis="y", nbins=4)
    axes.locator_params(axis="x", nbins=4)

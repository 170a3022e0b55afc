"""Distributions of the estimates over samples of the subjects."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from pkpd.figures.look import BLUE, DASHES, GREEN, INK, styled
from pkpd.figures.sheet import Drawing, Table, marks, svg
from tte.estimation.intervals import axis_name
from tte.figures.wording import EVERYONE, called

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pkpd.arrays import FloatArray
    from pkpd.figures.sheet import Axes, Cell, Figure
    from tte.estimation.bootstrap import Resampled
    from tte.estimation.fit import EventFit

_COLUMNS = 3
_WIDTH_MM, _ROW_MM = 150.0, 50.0
_N_BINS = 40
_ENDS = (0.025, 0.5, 0.975)
# Estimates beyond the central part of the distribution, by widths of its central interval, are left to the table.
_ROOM = 0.5
_HEAD = ("parameter", "lower", "upper", "fits")


def bootstrap_figure(
    original: EventFit, fits: Sequence[Resampled], population: tuple[str, str] = EVERYONE
) -> Drawing | str:
    """Return histograms of the estimated coefficients on the linear scale, or a sentence where there are too few fits."""
    theta = np.array([one.theta for one in fits if one.is_used]).reshape(-1, original.theta.size)
    shown = [int(k) for k in np.flatnonzero(original.is_free)]
    if theta.shape[0] < 2 or not shown:
        return "Bootstrap: not drawn, since fewer than two fits ended at a maximum."
    name, title = called("bootstrap", "Bootstrap of the estimates", population)
    n_rows = math.ceil(len(shown) / _COLUMNS)
    edges = {k: _edges(theta[:, k]) for k in shown}
    names = [axis_name(*one) for one in zip(original.model.names, original.model.links, strict=True)]

    def draw(figure: Figure) -> None:
        for place, k in enumerate(shown):
            row, column = divmod(place, _COLUMNS)
            height = 1.0 / n_rows
            area = ((column + 0.26) / _COLUMNS, 1.0 - (row + 0.78) * height, 0.69 / _COLUMNS, 0.68 * height)
            axes = styled(figure.add_axes(area), x=names[k], y="Fits" if column == 0 else "")
            _panel(axes, theta[:, k], edges[k], float(original.theta[k]))

    rows: list[tuple[Cell, ...]] = []
    for k in shown:
        counts = np.histogram(theta[:, k], edges[k])[0].tolist()
        rows += [(names[k], *cell) for cell in zip(edges[k][:-1].tolist(), edges[k][1:].tolist(), counts, strict=True)]
    return Drawing(
        name,
        title,
        (
            f"Estimates of {theta.shape[0]:,} of {len(fits):,} fits to subjects drawn with replacement, those that ended at a maximum. "
            "Green: median and the ends of the 95 % interval; black dashes: the estimate of all subjects. Estimates that lie more than half the "
            "interval's width beyond it are counted in the outermost bars of the table, and not drawn."
        ),
        svg(draw, width_mm=_WIDTH_MM, height_mm=n_rows * _ROW_MM, name=name),
        Table(_HEAD, tuple(rows)),
    )


def _edges(values: FloatArray) -> FloatArray:
    """Return edges of bars: even ones over the central interval with room, and what lies beyond on either side."""
    low, _, high = map(float, np.quantile(values, _ENDS))
    room = _ROOM * (high - low) or 0.1 * abs(low) or 1.0
    inner: FloatArray = np.linspace(low - room, high + room, _N_BINS + 1)
    return np.concatenate(
        ([min(float(values.min()), low - 2.0 * room)], inner, [max(float(values.max()), high + 2.0 * room)])
    )


def _panel(axes: Axes, values: FloatArray, edges: FloatArray, estimate: float) -> None:
    counts = np.histogram(values, edges)[0][1:-1]
    inner = edges[1:-1]
    axes.bar(inner[:-1], counts, width=np.diff(inner), align="edge", color=BLUE, alpha=0.55, gid=marks("fits"))
    for end in np.quantile(values, _ENDS).tolist():
        axes.axvline(end, color=GREEN, linewidth=1.0, gid=marks("quantiles"))
    axes.axvline(estimate, color=INK, linewidth=1.0, linestyle=DASHES, gid=marks("estimate"))
    axes.set_xlim(inner[0], inner[-1])
    axes.locator_params(axis="x", nbins=4)
    axes.locator_params(axis="y", nbins=5, integer=True)

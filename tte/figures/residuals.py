"""Residuals of an event model: Cox–Snell residuals beside the hazard they should have, and Schoenfeld residuals over time."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from pkpd.figures.look import BAND, BLUE, DASHES, INK2, ORANGE, styled
from pkpd.figures.sheet import Drawing, Table, marks, svg
from tte.figures.wording import p_text

if TYPE_CHECKING:
    from pkpd.arrays import FloatArray
    from pkpd.figures.sheet import Cell, Figure
    from tte.evaluation.residuals import CoxSnellCheck, Schoenfeld, TimeTrend

_SIDE_MM, _WIDTH_MM, _HEIGHT_MM = 98.0, 120.0, 72.0
_ROOM, _MOST_ABOVE = 1.05, 1.4


def cox_snell_figure(found: CoxSnellCheck, *, name: str, population: str) -> Drawing:
    """Return the figure of Cox–Snell residuals.

    Parameters
    ----------
    found : CoxSnellCheck
        Residuals with the estimate of their cumulative hazard.
    name, population : str
        Name of its files, and who the subjects are, in words.
    """
    # The upper ends of the first residuals lie far above everything else.
    top = _ROOM * max(float(found.residual[-1]), float(found.cumulative_hazard[-1]))
    has_band = bool(np.isfinite(found.high).all())
    highest = float(found.high[-1]) if has_band else top
    estimate = (
        "Nelson–Aalen estimate (with the pointwise 95 % interval)"
        if has_band
        else "estimate by Turnbull at the ends of the intervals that events are known by (without an interval of its own)"
    )

    def draw(figure: Figure) -> None:
        axes = styled(
            figure.add_axes((0.15, 0.13, 0.82, 0.84)), x="Cox–Snell residual", y="Cumulative hazard of the residuals"
        )
        axes.axline((0.0, 0.0), (1.0, 1.0), color=INK2, linewidth=0.9, linestyle=DASHES, gid=marks("identity"))
        steps = np.append(found.residual, top)
        low, high, seen = (np.append(one, one[-1]) for one in (found.low, found.high, found.cumulative_hazard))
        if has_band:
            axes.fill_between(steps, low, high, step="post", color=BAND, linewidth=0.0, gid=marks("band"))
        axes.step(steps, seen, where="post", color=BLUE, linewidth=1.5, gid=marks("hazard"))
        axes.plot(found.residual, found.cumulative_hazard, "o", color=BLUE, markersize=3.5, gid=marks("residuals"))
        axes.set_xlim(0.0, top)
        axes.set_ylim(0.0, max(top, min(highest, _MOST_ABOVE * top)))

    columns = (found.residual, found.cumulative_hazard, found.low, found.high)
    rows: tuple[tuple[Cell, ...], ...] = tuple(zip(*(column.tolist() for column in columns), strict=True))
    title = "Cox–Snell residuals"
    caption = (
        f"{title}, {population}: the predicted cumulative hazard on each subject's last day, taken as a time. Where the predictions are true, its "
        f"{estimate} follows the dashed line; below it events are fewer than predicted."
    )
    picture = svg(draw, width_mm=_SIDE_MM, height_mm=_SIDE_MM, name=name)
    return Drawing(name, title, caption, picture, Table(("residual", "cumulative_hazard", "low", "high"), rows))


def schoenfeld_figure(
    found: Schoenfeld, trend: TimeTrend | str, column: int, *, covariate: str, name: str, population: str
) -> Drawing:
    """Return the figure of one covariate's Schoenfeld residuals.

    Parameters
    ----------
    found : Schoenfeld
        Residuals.
    trend : TimeTrend or str
        The test for a trend in time, or the sentence on why there is none.
    column : int
        Which covariate.
    covariate : str
        What it is called, in words.
    name, population : str
        Name of its files, and who the subjects are, in words.
    """
    day, residual = found.day, found.residual[:, column]
    reach = _ROOM * max(float(np.abs(residual).max()), np.finfo(float).tiny)

    def draw(figure: Figure) -> None:
        axes = styled(
            figure.add_axes((0.13, 0.16, 0.84, 0.81)), x="Day of the event", y="Event minus mean of those at risk"
        )
        axes.axhline(0.0, color=INK2, linewidth=0.9, linestyle=DASHES, gid=marks("zero"))
        axes.plot(day, residual, "o", color=ORANGE, markersize=4.5, gid=marks("residuals"))
        line = _line(day, residual)
        if line is not None:
            axes.plot(day[[0, -1]], line, color=BLUE, linewidth=1.2, gid=marks("trend"))
        axes.set_ylim(-reach, reach)

    rows: tuple[tuple[Cell, ...], ...] = tuple(zip(day.tolist(), residual.tolist(), strict=True))
    title = f"Schoenfeld residuals of {covariate}"
    tested = (
        f" {trend}"
        if isinstance(trend, str)
        else f" Test of a trend over ranked days: {p_text(float(trend.p[column]))}."
    )
    caption = (
        f"{title}, {population}: {covariate} of each subject with the event minus its mean, weighted by predicted hazard, among those at "
        f"risk. Proportional hazards leave no trend; the line is that of least squares.{tested}"
    )
    picture = svg(draw, width_mm=_WIDTH_MM, height_mm=_HEIGHT_MM, name=name)
    return Drawing(name, title, caption, picture, Table(("day", "residual"), rows))


def _line(day: FloatArray, residual: FloatArray) -> FloatArray | None:
    """Return the ends of the line of least squares; None with events on one day only."""
    centred = day - day.mean()
    if not centred.any():
        return None
    slope = float(centred @ residual) / float(centred @ centred)
    return residual.mean() + slope * centred[[0, -1]]

"""Predicted risk beside the one that was seen: groups, a smooth curve, and how the predictions are distributed."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from pkpd.figures.look import BAND, BLUE, DASHES, GREY, INK2, ORANGE, styled
from pkpd.figures.sheet import Drawing, Table, marks, svg
from pkpd.units import percent_from_fraction
from tte.evaluation.calibration_curve import CurveStatus

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pkpd.arrays import FloatArray
    from pkpd.diagnostics.prediction_errors import Measured
    from pkpd.figures.sheet import Axes, Cell, Figure
    from tte.evaluation.calibration import CalibrationGroup
    from tte.evaluation.calibration_curve import CalibrationCurve

_WIDTH_MM, _HEIGHT_MM = 98.0, 112.0
_N_BARS = 40
_PERCENT = percent_from_fraction(1.0)


def calibration_figure(
    groups: Sequence[CalibrationGroup],
    curve: CalibrationCurve,
    risk: FloatArray,
    *,
    horizon_day: float,
    name: str,
    population: str,
) -> Drawing:
    """Return the calibration plot at a horizon.

    Parameters
    ----------
    groups : sequence of CalibrationGroup
        Subjects of similar predictions.
    curve : CalibrationCurve
        The smooth curve; where it is empty, its status is in the caption.
    risk : (n,) array
        Predicted probabilities of the event by the horizon.
    horizon_day : float
        Horizon.
    name, population : str
        Name of its files, and who the subjects are, in words.
    """
    ends = np.array([value for one in groups for value in one.observed])
    shown = np.concatenate([risk, curve.observed, ends[np.isfinite(ends)]])
    top = _PERCENT * min(1.0, 1.05 * float(shown.max()))

    def draw(figure: Figure) -> None:
        axes = styled(figure.add_axes((0.15, 0.29, 0.82, 0.69)), y=f"Event by day {horizon_day:g}, seen (%)")
        axes.axline((0.0, 0.0), (1.0, 1.0), color=INK2, linewidth=0.9, linestyle=DASHES, gid=marks("identity"))
        if curve.predicted.size:
            x, low, high = (_PERCENT * one for one in (curve.predicted, curve.low, curve.high))
            axes.fill_between(x, low, high, color=BAND, linewidth=0.0, gid=marks("band"))
            axes.plot(x, _PERCENT * curve.observed, color=BLUE, linewidth=1.4, gid=marks("curve"))
        _points(axes, groups)
        axes.set_xlim(0.0, top)
        axes.set_ylim(0.0, top)
        axes.tick_params(labelbottom=False)
        bars = figure.add_axes((0.15, 0.11, 0.82, 0.14))
        below = styled(bars, x=f"Event by day {horizon_day:g}, predicted (%)", y="Subjects")
        below.hist(_PERCENT * risk, bins=np.linspace(0.0, top, _N_BARS + 1), color=GREY, gid=marks("predictions"))
        below.set_xlim(0.0, top)

    head = ("kind", "n", "events", "predicted_pct", "seen_pct", "low_pct", "high_pct")
    rows: list[tuple[Cell, ...]] = [
        ("group", one.n, one.n_events, _PERCENT * one.expected, *(_PERCENT * value for value in one.observed))
        for one in groups
    ]
    smooth = zip(curve.predicted, curve.observed, curve.low, curve.high, strict=True)
    rows += [("curve", "", "", *(float(_PERCENT * value) for value in point)) for point in smooth]
    title = f"Calibration at day {horizon_day:g}"
    known = "" if curve.status is CurveStatus.FOUND else f" {curve.status.value}"
    spread = f" Mean distance of curve and predictions (ICI) {_distance(curve.ici)}." if curve.predicted.size else ""
    caption = (
        f"{title}, {population}: risk seen (Kaplan–Meier, with 95 % intervals) in groups of similar predictions, and the curve of a hazard "
        "regression on the prediction with the pointwise 95 % band of drawn subjects. The dashed line is where both agree; bars below count "
        f"the predictions.{spread}{known}"
    )
    picture = svg(draw, width_mm=_WIDTH_MM, height_mm=_HEIGHT_MM, name=name)
    return Drawing(name, title, caption, picture, Table(head, tuple(rows)))


def _distance(ici: Measured) -> str:
    """Return a mean distance in percent, with its interval where there is one."""
    low, high = (_PERCENT * end for end in (ici.low, ici.high))
    ends = "" if np.isnan(low) else f" ({low:.1f} to {high:.1f} % in drawn subjects)"
    return f"{_PERCENT * ici.value:.1f} %{ends}"


def _points(axes: Axes, groups: Sequence[CalibrationGroup]) -> None:
    x = np.array([_PERCENT * one.expected for one in groups])
    y, low, high = (np.array([_PERCENT * one.observed[part] for one in groups]) for part in range(3))
    axes.vlines(x, low, high, color=ORANGE, linewidth=1.0, gid=marks("interval"), zorder=3)
    axes.plot(x, y, "o", color=ORANGE, markersize=5.0, gid=marks("groups"), zorder=4, clip_on=False)

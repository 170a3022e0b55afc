"""The concentration curve as a figure of Plotly, held as plain dictionaries (their validation is slow)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from dosing_app.ui import tokens
from dosing_app.ui.figure_marks import arrows, dose_traces, height, labels, now_line, sample_traces, window
from dosing_app.ui.figure_style import CURVE_FROM, Figure, axis, band, layout

if TYPE_CHECKING:
    from dosing_app.ui.view import View

_LANE = (0.0, 0.11)
_STEPS = (1.0, 2.0, 2.5, 5.0, 10.0)


def concentration_figure(view: View) -> Figure:
    """Return the concentration over time: bands, samples, doses and now.

    Without a sample in use the bands are those of before samples, and so the middle is dashed.
    """
    case = view.forecast.case
    top = axis_top(view)
    start, end = float(view.times[0]), float(view.times[-1])
    margin = 0.015 * (end - start)
    return {
        "data": [*_curves(view), *sample_traces(case), *dose_traces(case, end - start)],
        "layout": layout(
            xaxis=axis(range=[start - margin, end + margin], dtick=7, tick0=0, anchor="y2", tickprefix=""),
            yaxis=axis(
                range=[0, top],
                domain=[CURVE_FROM, 1.0],
                showgrid=True,
                gridcolor=tokens.LINE,
                nticks=5,
                ticks="",
                anchor="x",
            ),
            yaxis2=axis(range=[0, 1.05], domain=list(_LANE), visible=False),
            shapes=[*window(end), *now_line(case)],
            annotations=[*labels(case, end, end - start), *arrows(case)],
        ),
    }


def axis_top(view: View) -> float:
    """Return a round number at least a quarter above the highest peak of the middle curve and every level [mg/L]."""
    middle = view.prior_curve if view.bands is None else view.bands[:, 2]
    levels = [height(sample) for sample in view.forecast.case.samples if sample.exclude is None]
    wanted = 1.25 * max([float(np.max(middle)), float(np.max(view.prior_curve)) / 1.2, *levels, 1e-3])
    power = 10.0 ** np.floor(np.log10(wanted))
    return float(next(step for step in _STEPS if step * power >= wanted * (1.0 - 1e-9)) * power)


def _curves(view: View) -> list[dict[str, Any]]:
    prior: dict[str, Any] = {
        "x": view.times.tolist(),
        "y": view.prior_curve.tolist(),
        "mode": "lines",
        "name": "a priori",
        "line": {"color": tokens.PRIOR, "width": 1.6, "dash": "5px,4px"},
        "hoverinfo": "skip",
    }
    if view.bands is None:
        return [prior]
    q05, q25, q50, q75, q95 = view.bands.T
    bands = [
        *band(view.times, q05, q95, color=tokens.ACC90, name="90 %"),
        *band(view.times, q25, q75, color=tokens.ACC50, name="50 %"),
    ]
    if not view.forecast.samples:
        return [*bands, prior]
    middle = {
        "x": view.times.tolist(),
        "y": q50.tolist(),
        "customdata": np.column_stack((q05, q95)).tolist(),
        "mode": "lines",
        "name": "a posteriori",
        "line": {"color": tokens.ACC, "width": 2.4},
        "hovertemplate": "day %{x:.1f}: %{customdata[0]:.1f}–%{customdata[1]:.1f} mg/L, middle %{y:.1f}<extra></extra>",
    }
    return [*bands, prior, middle]

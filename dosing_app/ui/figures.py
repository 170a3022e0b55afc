"""The concentration curve as a figure of Plotly, held as plain dictionaries (their validation is slow)."""

from __future__ import annotations

import math
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import numpy as np

from dosing_app.findings.figure_places import axis_top
from dosing_app.language import say
from dosing_app.language.speaking import day_and_month
from dosing_app.ui.figure_marks import arrows, dose_traces, labels, sample_traces, window
from dosing_app.ui.figure_style import CURVE_FROM, Figure, axis, fan, layout, middle_line, now_line
from dosing_app.ui.tokens import palette

if TYPE_CHECKING:
    from datetime import datetime

    from dosing_app.decision.view import View
    from pkpd.exposure.concentrations import ConcentrationBands

_LANE = (0.0, 0.11)
_MOST_TICKS = 12
_LOG_FLOOR = 0.1  # below every assay's limit
_SMALL_HEIGHT, _AVERAGE_HEIGHT = 170, 300
_MARGIN_WITH_DATES = {"l": 38, "r": 8, "t": 6, "b": 36}


def concentration_figure(view: View, *, is_log: bool = False, start: datetime | None = None) -> Figure:
    """Return the concentration over time: bands, samples, doses and now.

    Without a sample in use the bands are those of before samples, and so the middle is dashed.

    Parameters
    ----------
    view : View
        The case.
    is_log : bool
        Whether the axis of the concentration is logarithmic.
    start : datetime, optional
        Moment of the first infusion, where the days are to have their dates.
    """
    case = view.forecast.case
    first, end = float(view.times[0]), float(view.times[-1])
    margin = 0.015 * (end - first)
    return {
        "data": [
            *_curves(view, floor=_LOG_FLOOR if is_log else 0.0),
            *_courses(view, floor=_LOG_FLOOR if is_log else 0.0),
            *sample_traces(case),
            *dose_traces(case, end - first),
        ],
        "layout": layout(
            xaxis=axis(
                range=[first - margin, end + margin], anchor="y2", tickprefix="", **_day_ticks(first, end, start)
            ),
            yaxis=axis(
                domain=[CURVE_FROM, 1.0],
                showgrid=True,
                gridcolor=palette().line,
                ticks="",
                anchor="x",
                **(_log_axis(view) if is_log else {"range": [0, axis_top(view)], "nticks": 5}),
            ),
            yaxis2=axis(range=[0, 1.05], domain=list(_LANE), visible=False),
            shapes=[*window(end), now_line(case.now_day)],
            annotations=[*labels(case, end, end - first), *arrows(case, is_log=is_log)],
            **({"margin": _MARGIN_WITH_DATES} if start else {}),
        ),
    }


def small_concentration_figure(view: View, plan: View, ends: tuple[float, float]) -> Figure:
    """Return the concentration from now on under one regimen, and under the current plan as a dotted line.

    Parameters
    ----------
    view, plan : View
        The case with the regimen, and as it stands.
    ends : (float, float)
        Where the axes of time [day] and concentration [mg/L] end, alike for all regimens compared.
    """
    case = view.forecast.case
    last, top = ends
    planned = {
        "x": plan.times.tolist(),
        "y": (plan.prior_curve if plan.bands is None else plan.bands[:, 2]).tolist(),
        "mode": "lines",
        "name": "current plan",
        "line": {"color": palette().prior, "width": 1.4, "dash": "dot"},
        "hoverinfo": "skip",
    }
    return {
        "data": [*_curves(view, floor=0.0, with_prior=False), planned, *dose_traces(case, last - case.now_day)],
        "layout": layout(
            height=_SMALL_HEIGHT,
            margin={"l": 30, "r": 4, "t": 4, "b": 20},
            xaxis=axis(
                range=[case.now_day - 1.0, last], dtick=_days_apart(2.0 * (last - case.now_day)), tick0=0, anchor="y2"
            ),
            yaxis=axis(range=[0, top], domain=[CURVE_FROM, 1.0], nticks=4, ticks="", anchor="x"),
            yaxis2=axis(range=[0, 1.05], domain=list(_LANE), visible=False),
            shapes=window(last),
        ),
    }


def averaged_concentration_figure(view: View, average: ConcentrationBands) -> Figure:
    """Return the concentration averaged over models by evidence, with the samples."""
    highest = float(average.quantiles[:, 3].max())
    return {
        "data": [
            *fan(average.times, average.quantiles),
            middle_line(average.times, average.quantiles, name="average", hover=say("curve.hover")),
            *sample_traces(view.forecast.case),
        ],
        "layout": layout(
            height=_AVERAGE_HEIGHT,
            xaxis=axis(dtick=_days_apart(float(average.times[-1] - average.times[0])), tick0=0),
            yaxis=axis(range=[0, 1.25 * highest], showgrid=True, gridcolor=palette().line, nticks=5, ticks=""),
            annotations=arrows(view.forecast.case, is_log=False),
        ),
    }


def _courses(view: View, *, floor: float) -> list[dict[str, Any]]:
    """Return the courses that explain the samples as thin lines, where there are several: their middle is none of them."""
    line = {"color": palette().acc, "width": 1.4, "dash": "dot"}
    return [
        {
            "x": view.times.tolist(),
            "y": np.maximum(course, floor).tolist(),
            "mode": "lines",
            "name": "course that fits",
            "line": line,
            "hoverinfo": "skip",
        }
        for course in view.courses
    ]


def _day_ticks(first: float, end: float, start: datetime | None) -> dict[str, Any]:
    """Return a tick every week or, over many, every few; with its date on a second line where the start is known."""
    apart = _days_apart(end - first)
    if start is None:
        return {"dtick": apart, "tick0": 0}
    days = np.arange(np.ceil(first / apart) * apart, end + 1e-9, apart).tolist()
    dates = [day_and_month(start + timedelta(days=day)) for day in days]
    return {"tickvals": days, "ticktext": [f"{day:.0f}<br>{date}" for day, date in zip(days, dates, strict=True)]}


def _days_apart(span: float) -> int:
    """Return the distance of the ticks over some days: whole weeks, few enough to be read."""
    return 7 * max(1, math.ceil(span / (7.0 * _MOST_TICKS)))


def _log_axis(view: View) -> dict[str, Any]:
    top = math.log10(axis_top(view))
    return {"type": "log", "range": [math.log10(_LOG_FLOOR), top], "dtick": 1}


def _curves(view: View, *, floor: float, with_prior: bool = True) -> list[dict[str, Any]]:
    """Return the curves and bands, none of them below a floor [mg/L] (a logarithmic axis has no zero)."""
    prior: dict[str, Any] = {
        "x": view.times.tolist(),
        "y": np.maximum(view.prior_curve, floor).tolist(),
        "mode": "lines",
        "name": "a priori",
        "line": {"color": palette().prior, "width": 1.6, "dash": "5px,4px"},
        "hoverinfo": "skip",
    }
    if view.bands is None:
        return [prior]
    quantiles = np.maximum(view.bands, floor)
    bands = fan(view.times, quantiles)
    if not view.forecast.samples and with_prior:
        return [*bands, prior]
    middle = middle_line(view.times, quantiles, name="a posteriori", hover=say("curve.hover"))
    return [*bands, *([prior] if with_prior else []), middle]

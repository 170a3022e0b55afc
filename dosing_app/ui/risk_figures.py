"""The risk and the survival curve as figures."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from dosing_app.language import say
from dosing_app.ui.figure_style import Figure, axis, band, layout
from dosing_app.ui.tokens import palette
from dosing_app.ui.wording import interval, shown
from pkpd.units import percent_from_fraction

if TYPE_CHECKING:
    from dosing_app.decision.case_schema import PatientCase
    from dosing_app.decision.forecast import RiskForecast
    from dosing_app.decision.view import View
    from pkpd.arrays import FloatArray

_BIN_PERCENT = 4.0
_DOTS_FROM = 0.62


@dataclass(frozen=True, slots=True)
class RiskRow:
    """One interval of the risk, and what it rests on.

    Parameters
    ----------
    name : str
        What it rests on, in words.
    quantiles : (5,) array
        Risk at 5, 25, 50, 75 and 95 %.
    is_headline : bool
        Whether it is the one that leads.
    """

    name: str
    quantiles: FloatArray
    is_headline: bool


def risk_rows(view: View, risk: RiskForecast, *, with_interval: bool) -> list[RiskRow]:
    """Return the intervals of the risk: of everything, from the levels alone, and with the other form of the CRP effect.

    Parameters
    ----------
    view, risk : View, RiskForecast
        The case.
    with_interval : bool
        Whether the names of all but the first say the interval.
    """

    def name(key: str, quantiles: FloatArray) -> str:
        words = say(key)
        return say("risk.row_with_interval", row=words, interval=interval(quantiles)) if with_interval else words

    rows = [
        RiskRow(say("risk.row_total"), risk.total.day90.quantiles, is_headline=True),
        RiskRow(name("risk.row_levels", risk.day90.quantiles), risk.day90.quantiles, is_headline=False),
    ]
    rows += [
        RiskRow(name("risk.row_other_form", other.quantiles), other.quantiles, is_headline=False)
        for other in view.other_forms.values()
    ]
    return rows


def risk_figure(view: View, risk: RiskForecast) -> Figure:
    """Return twenty equally likely values of the total risk and, below them, the intervals and what they rest on."""
    target = percent_from_fraction(view.forecast.case.target.risk_day90)
    rows = risk_rows(view, risk, with_interval=True)
    n = len(rows)
    return {
        "data": [*_dots(view.dots, target), *(trace for i, row in enumerate(rows) for trace in _interval(n - i, row))],
        "layout": layout(
            margin={"l": 8, "r": 12, "t": 16, "b": 20},
            xaxis=axis(range=[0, 100], dtick=20, showgrid=True, gridcolor=palette().line, anchor="y2"),
            yaxis=axis(range=[0.3, max(4.0, _tallest(view.dots, target)) + 0.5], domain=[_DOTS_FROM, 1], visible=False),
            yaxis2=axis(range=[0.6, n + 0.85], domain=[0, _DOTS_FROM - 0.04], visible=False),
            shapes=[_threshold(target)],
            annotations=[
                _threshold_label(target),
                *(_row_label(n - i, row.name, target) for i, row in enumerate(rows)),
            ],
        ),
    }


def survival_figure(view: View, risk: RiskForecast) -> Figure:
    """Return the fraction without colectomy up to day 90 with its bands, now, and the target at day 90."""
    days = risk.total.days
    q05, q25, q50, q75, q95 = percent_from_fraction_each(risk.total.survival).T
    case = view.forecast.case
    level = 100.0 - percent_from_fraction(case.target.risk_day90)
    middle = {
        "x": days.tolist(),
        "y": q50.tolist(),
        "customdata": np.column_stack((q05, q95)).tolist(),
        "mode": "lines",
        "name": "middle",
        "line": {"color": palette().acc, "width": 2.4},
        "hovertemplate": say("survival.hover") + "<extra></extra>",
    }
    end = float(days[-1])
    mark = {"color": palette().ink, "width": 1.4, "dash": "3px,2px"}
    return {
        "data": [
            *band(days, q05, q95, color=palette().acc90, name="90 %"),
            *band(days, q25, q75, color=palette().acc50, name="50 %"),
            middle,
        ],
        "layout": layout(
            margin={"l": 30, "r": 34, "t": 6, "b": 20},
            xaxis=axis(range=[0, end], tickvals=[0, 30, 60, 90]),
            yaxis=axis(range=[0, 101], tickvals=[0, 50, 100], showgrid=True, gridcolor=palette().line, ticks=""),
            shapes=[
                {"type": "line", "x0": end - 20, "x1": end, "y0": level, "y1": level, "line": mark},
                *_now(case, end),
            ],
            annotations=[
                {
                    "x": end,
                    "y": level,
                    "xanchor": "left",
                    "showarrow": False,
                    "text": say("number.percent", value=shown(level)),
                },
                *_now_label(case, end),
            ],
        ),
    }


def percent_from_fraction_each(fractions: FloatArray) -> FloatArray:
    """Return percentages from fractions."""
    return percent_from_fraction(1.0) * fractions


def stacked(values: FloatArray, threshold: float) -> tuple[FloatArray, FloatArray]:
    """Return where dots stand: centres of bins whose edges include the threshold, and their place in the stack."""
    bins = np.ceil((values - threshold) / _BIN_PERCENT) - 1
    seen: Counter[float] = Counter()
    heights = np.empty(values.size)
    for i, number in enumerate(bins.tolist()):
        seen[number] += 1
        heights[i] = seen[number]
    return threshold + (bins + 0.5) * _BIN_PERCENT, heights


def _tallest(dots: FloatArray | None, target: float) -> float:
    return 1.0 if dots is None else float(stacked(percent_from_fraction_each(dots), target)[1].max())


def _dots(dots: FloatArray | None, target: float) -> list[dict[str, Any]]:
    if dots is None:
        return []
    values = percent_from_fraction_each(dots)
    x, y = stacked(values, target)
    above = values > target
    marker = {
        "size": 10,
        "color": [palette().acc if is_above else palette().bg for is_above in above.tolist()],
        "line": {"color": palette().acc, "width": 1.6},
    }
    trace = {"x": x.tolist(), "y": y.tolist(), "mode": "markers", "name": "total risk", "marker": marker}
    return [{**trace, "hoverinfo": "skip", "cliponaxis": False}]


def _interval(height: int, row: RiskRow) -> list[dict[str, Any]]:
    name, is_headline = row.name, row.is_headline
    q05, q25, q50, q75, q95 = percent_from_fraction_each(row.quantiles).tolist()
    color = palette().acc if is_headline else palette().prior
    said = say("risk.row_with_interval", row=name, interval=interval(row.quantiles)) + "<extra></extra>"
    line: dict[str, Any] = {"yaxis": "y2", "mode": "lines", "name": name, "hovertemplate": said}
    return [
        {**line, "x": [q05, q95], "y": [height, height], "line": {"color": color, "width": 2}},
        {**line, "x": [q25, q75], "y": [height, height], "line": {"color": color, "width": 8 if is_headline else 5}},
        {**line, "x": [q50, q50], "y": [height - 0.25, height + 0.25], "line": {"color": palette().ink, "width": 2}},
    ]


def _row_label(height: int, name: str, target: float) -> dict[str, Any]:
    return {
        "x": target,
        "y": height + 0.2,
        "yanchor": "bottom",
        "yref": "y2",
        "xanchor": "left",
        "xshift": 3,
        "showarrow": False,
        "text": name,
        "font": {"size": 12, "color": palette().ink2},
    }


def _threshold(target: float) -> dict[str, Any]:
    line = {"color": palette().ink, "width": 1.4, "dash": "3px,2px"}
    return {"type": "line", "x0": target, "x1": target, "y0": 0, "y1": 1.05, "yref": "paper", "line": line}


def _threshold_label(target: float) -> dict[str, Any]:
    return {
        "x": target,
        "y": 1.0,
        "yref": "paper",
        "yanchor": "bottom",
        "xanchor": "left",
        "xshift": 3,
        "showarrow": False,
        "text": say("risk.target_label", target=say("number.percent", value=shown(target))),
    }


def _now(case: PatientCase, end: float) -> list[dict[str, Any]]:
    if case.now_day > end:
        return []
    line = {"color": palette().ink, "width": 1}
    return [{"type": "line", "x0": case.now_day, "x1": case.now_day, "y0": 0, "y1": 1, "yref": "paper", "line": line}]


def _now_label(case: PatientCase, end: float) -> list[dict[str, Any]]:
    if case.now_day > end:
        return []
    return [
        {"x": case.now_day, "y": 8, "xanchor": "left", "xshift": 3, "showarrow": False, "text": say("survival.now")}
    ]

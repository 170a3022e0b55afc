"""The risk and the survival curve as figures."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from dosing_app.findings.figure_places import in_percent, stacked
from dosing_app.findings.numbers import shown
from dosing_app.findings.risk_rows import risk_rows
from dosing_app.language import say
from dosing_app.ui.figure_style import Figure, axis, fan, layout, middle_line, now_line, upright
from dosing_app.ui.tokens import palette
from pkpd.units import percent_from_fraction

if TYPE_CHECKING:
    from dosing_app.decision.case_schema import PatientCase
    from dosing_app.decision.forecast import RiskForecast
    from dosing_app.decision.view import View
    from dosing_app.findings.risk_rows import RiskRow
    from pkpd.arrays import FloatArray

_DOTS_FROM = 0.68


def risk_figure(view: View) -> Figure:
    """Return twenty equally likely values of the total risk and, below them, the intervals and what they rest on."""
    target = percent_from_fraction(view.forecast.case.target.risk_day90)
    rows = risk_rows(view)
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
                *(_row_label(n - i, row, target) for i, row in enumerate(rows)),
            ],
        ),
    }


def survival_figure(view: View, risk: RiskForecast) -> Figure:
    """Return the fraction without colectomy up to day 90 with its bands, now, and the target at day 90."""
    days = risk.total.days
    survival = in_percent(risk.total.survival)
    case = view.forecast.case
    level = 100.0 - percent_from_fraction(case.target.risk_day90)
    end = float(days[-1])
    mark = {"color": palette().ink, "width": 1.4, "dash": "3px,2px"}
    return {
        "data": [
            *fan(days, survival),
            middle_line(days, survival, name="middle", hover=say("survival.hover")),
        ],
        "layout": layout(
            margin={"l": 30, "r": 34, "t": 6, "b": 20},
            xaxis=axis(range=[0, end], tickvals=[0, 30, 60, 90]),
            yaxis=axis(range=[0, 101], tickvals=[0, 50, 100], showgrid=True, gridcolor=palette().line, ticks=""),
            shapes=[
                {"type": "line", "x0": end - 20, "x1": end, "y0": level, "y1": level, "line": mark},
                *([now_line(case.now_day)] if case.now_day <= end else []),
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


def _tallest(dots: FloatArray | None, target: float) -> float:
    return 1.0 if dots is None else float(stacked(in_percent(dots), target)[1].max())


def _dots(dots: FloatArray | None, target: float) -> list[dict[str, Any]]:
    if dots is None:
        return []
    values = in_percent(dots)
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
    q05, q25, q50, q75, q95 = in_percent(row.quantiles).tolist()
    color, thick = (palette().acc, 8) if row.is_headline else (palette().prior, 5)
    said = row.with_interval + "<extra></extra>"
    line: dict[str, Any] = {"yaxis": "y2", "mode": "lines", "name": row.name, "hovertemplate": said}
    return [
        {**line, "x": [q05, q95], "y": [height, height], "line": {"color": color, "width": 2}},
        {**line, "x": [q25, q75], "y": [height, height], "line": {"color": color, "width": thick}},
        {**line, "x": [q50, q50], "y": [height - 0.25, height + 0.25], "line": {"color": palette().ink, "width": 2}},
    ]


def _row_label(height: int, row: RiskRow, target: float) -> dict[str, Any]:
    return {
        "x": target,
        "y": height + 0.2,
        "yanchor": "bottom",
        "yref": "y2",
        "xanchor": "left",
        "xshift": 3,
        "showarrow": False,
        "text": row.name if row.is_headline else row.with_interval,
        "font": {"size": 12, "color": palette().ink2},
    }


def _threshold(target: float) -> dict[str, Any]:
    return upright(target, {"color": palette().ink, "width": 1.4, "dash": "3px,2px"}, top=1.05)


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


def _now_label(case: PatientCase, end: float) -> list[dict[str, Any]]:
    if case.now_day > end:
        return []
    return [
        {"x": case.now_day, "y": 8, "xanchor": "left", "xshift": 3, "showarrow": False, "text": say("survival.now")}
    ]

"""The expected falls as bars: placebo and drug part, and below each bar the interval of their sum."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from dosing_app.findings.crohns.bars import bar_axis
from dosing_app.findings.crohns.names import class_title
from dosing_app.findings.crohns.numbers import points, points_interval
from dosing_app.language import say
from dosing_app.ui.figure_style import Figure, axis, layout, upright
from dosing_app.ui.tokens import palette

if TYPE_CHECKING:
    from dosing_app.decision.crohns.answer import CrohnsAnswer
    from dosing_app.decision.crohns.compared import ClassAnswer

# Of the height of one class: where its bar lies and how thick it is, and where its interval lies.
_BAR, _THICK, _INTERVAL = 0.14, 0.26, -0.2


def bars_figure(answer: CrohnsAnswer) -> Figure:
    """Return the bars of all classes, the greatest fall on top."""
    n = len(answer.classes)
    heights = {one.id: float(n - i) for i, one in enumerate(answer.classes)}
    low, high, ticks = bar_axis(answer)
    return {
        "data": [trace for one in answer.classes for trace in _class(one, heights[one.id], answer)],
        "layout": layout(
            margin={"l": 104, "r": 14, "t": 18, "b": 22},
            barmode="overlay",
            xaxis=axis(range=[low, high], tickvals=ticks, ticktext=[points(tick) for tick in ticks]),
            yaxis=axis(
                range=[0.55, n + 0.45],
                tickvals=[height + _BAR for height in heights.values()],
                ticktext=[f"<b>{class_title(name)}</b>" for name in heights],
                ticks="",
                showline=False,
                tickfont={"size": 14, "color": palette().ink},
            ),
            shapes=[upright(answer.threshold, {"color": palette().ink, "width": 1.4, "dash": "3px,2px"}, top=1.04)],
            annotations=[
                {
                    "x": answer.threshold,
                    "y": 1.0,
                    "yref": "paper",
                    "yanchor": "bottom",
                    "xanchor": "left",
                    "xshift": 5,
                    "yshift": -3,
                    "showarrow": False,
                    "text": say("crohns.response_line", points=points(answer.threshold)),
                }
            ],
        ),
    }


def _class(one: ClassAnswer, height: float, answer: CrohnsAnswer) -> list[dict[str, Any]]:
    said = say(
        "crohns.hover",
        title=class_title(one.id),
        placebo=points(answer.placebo),
        drug=points(one.drug),
        sum=points(one.expected),
        interval=points_interval(one.interval),
    )
    bar: dict[str, Any] = {
        "type": "bar",
        "orientation": "h",
        "y": [height + _BAR],
        "width": _THICK,
        "hovertemplate": said + "<extra></extra>",
    }
    # A class that takes from the fall is drawn hollow, back from the end of the placebo part.
    hollow = {"color": palette().bg, "line": {"color": palette().acc, "width": 2}}
    drug = hollow if one.drug < 0.0 else {"color": palette().acc}
    # Where one part goes back over the other, the placebo part lies on it, half as thick.
    is_back = one.drug * answer.placebo < 0.0
    parts = [
        {
            **bar,
            "x": [answer.placebo],
            "name": f"placebo {one.id}",
            "marker": {"color": palette().line2},
            "width": _THICK / 2 if is_back else _THICK,
        },
        {**bar, "x": [one.drug], "base": [answer.placebo], "name": f"drug {one.id}", "marker": drug},
    ]
    y = height + _INTERVAL
    low, high = one.interval
    line: dict[str, Any] = {"y": [y, y], "hovertemplate": said + "<extra></extra>"}
    return [
        *(reversed(parts) if is_back else parts),
        {
            **line,
            "x": [low, high],
            "mode": "lines+markers",
            "name": f"interval {one.id}",
            "line": {"color": palette().ink, "width": 2},
            "marker": {"symbol": "line-ns", "size": 10, "line": {"color": palette().ink, "width": 2}},
            "cliponaxis": False,
        },
        {
            **line,
            "x": [one.expected],
            "y": [y],
            "mode": "markers",
            "name": f"sum {one.id}",
            "marker": {"symbol": "diamond", "size": 10, "color": palette().ink},
        },
    ]

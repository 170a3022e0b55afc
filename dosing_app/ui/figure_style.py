"""What every figure has in common: its axes, its layout and its bands, as Plotly's dictionaries."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from dosing_app.language.speaking import spoken_number
from dosing_app.ui.tokens import FONT, palette

if TYPE_CHECKING:
    from pkpd.arrays import FloatArray

Figure = dict[str, Any]
CURVE_FROM = 0.19
"""Where the concentration curve begins above the lane of the doses, as a share of the figure's height."""


def axis(**more: object) -> dict[str, Any]:
    """Return an axis in the style of every figure."""
    return {
        "showgrid": False,
        "zeroline": False,
        "fixedrange": True,
        "ticks": "outside",
        "ticklen": 3,
        "tickcolor": palette().line2,
        "linecolor": palette().line2,
        "tickfont": {"size": 12, "color": palette().ink2},
        **more,
    }


def layout(**more: object) -> dict[str, Any]:
    """Return a layout in the style of every figure: nothing moves, nothing is boxed."""
    return {
        "margin": {"l": 38, "r": 8, "t": 6, "b": 22},
        "paper_bgcolor": "rgba(0,0,0,0)",
        "plot_bgcolor": "rgba(0,0,0,0)",
        "font": {"family": FONT, "size": 12, "color": palette().ink},
        "showlegend": False,
        "hoverlabel": {
            "bgcolor": palette().bg,
            "font": {"color": palette().ink, "size": 12},
            "bordercolor": palette().line2,
        },
        "dragmode": False,
        "uirevision": "constant",
        "separators": spoken_number(".,"),
        **more,
    }


def band(x: FloatArray, low: FloatArray, high: FloatArray, *, color: str, name: str) -> list[dict[str, Any]]:
    """Return the two traces of a filled band."""
    edge: dict[str, Any] = {"x": x.tolist(), "mode": "lines", "line": {"width": 0}, "hoverinfo": "skip", "name": name}
    return [{**edge, "y": high.tolist()}, {**edge, "y": low.tolist(), "fill": "tonexty", "fillcolor": color}]


def fan(x: FloatArray, quantiles: FloatArray) -> list[dict[str, Any]]:
    """Return the 90 and the 50 % band of quantiles at 5, 25, 50, 75 and 95 %, one row for each x."""
    q05, q25, _, q75, q95 = quantiles.T
    return [
        *band(x, q05, q95, color=palette().acc90, name="90 %"),
        *band(x, q25, q75, color=palette().acc50, name="50 %"),
    ]


def middle_line(x: FloatArray, quantiles: FloatArray, *, name: str, hover: str) -> dict[str, Any]:
    """Return the middle of the same quantiles as a line, whose words on hovering know the ends of the 90 % band."""
    return {
        "x": x.tolist(),
        "y": quantiles[:, 2].tolist(),
        "customdata": quantiles[:, [0, 4]].tolist(),
        "mode": "lines",
        "name": name,
        "line": {"color": palette().acc, "width": 2.4},
        "hovertemplate": hover + "<extra></extra>",
    }


def upright(x: float, line: dict[str, Any], *, top: float = 1) -> dict[str, Any]:
    """Return a line over the whole height of a figure, or beyond it where its top is more than 1."""
    return {"type": "line", "x0": x, "x1": x, "y0": 0, "y1": top, "yref": "paper", "line": line}


def now_line(day: float) -> dict[str, Any]:
    """Return the line of now."""
    return upright(day, {"color": palette().ink, "width": 1})

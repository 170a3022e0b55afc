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

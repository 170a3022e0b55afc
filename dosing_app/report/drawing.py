"""The look of the report's figures, drawn with the engine's pen."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dosing_app.findings.colours import LIGHT
from pkpd.figures import sheet

if TYPE_CHECKING:
    from collections.abc import Callable

    from dosing_app.decision.view import View
    from pkpd.figures.sheet import Axes, Figure


def svg(draw: Callable[[Figure, View], None], view: View, *, width_mm: float, height_mm: float, name: str) -> str:
    """Return a figure as an ``svg`` element for an HTML page; the same figure gives the same text.

    Parameters
    ----------
    draw : callable
        Draws a case on an empty figure.
    view : View
        The case.
    width_mm, height_mm : float
        Size on paper [mm].
    name : str
        Unique on the page, so that no two figures share an id.
    """
    element = sheet.svg(lambda figure: draw(figure, view), width_mm=width_mm, height_mm=height_mm, name=name)
    return sheet.inside_page(element)


def styled(axes: Axes) -> Axes:
    """Return axes in the style of every figure: a line below, nothing boxed."""
    for side in ("left", "right", "top"):
        axes.spines[side].set_visible(False)
    axes.spines["bottom"].set_color(LIGHT.line2)
    axes.patch.set_visible(False)
    axes.tick_params(length=2.5, width=0.6, color=LIGHT.line2, labelcolor=LIGHT.ink2, labelsize=sheet.FONT_PT, pad=2)
    axes.spines["bottom"].set_linewidth(0.6)
    return axes


def with_levels(axes: Axes) -> None:
    """Give axes faint horizontal lines instead of ticks."""
    axes.grid(visible=True, axis="y", color=LIGHT.line, linewidth=0.6)
    axes.tick_params(axis="y", length=0)
    axes.set_axisbelow(True)

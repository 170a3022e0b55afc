"""The pen of the report's figures: Matplotlib without its global state, and SVG that can stand inside a page."""

from __future__ import annotations

import io
import re
from threading import Lock
from typing import TYPE_CHECKING, Any, TypeAlias

from dosing_app.findings.colours import LIGHT

if TYPE_CHECKING:
    from collections.abc import Callable

    from dosing_app.decision.view import View

# Matplotlib's own types leave keyword arguments unknown, which a strict check cannot use.
Axes: TypeAlias = Any
Figure: TypeAlias = Any

FONT_PT = 8.0
_MM_PER_INCH = 25.4
_FAMILY = "Source Sans 3"
# Matplotlib reads no WOFF2: it measures with its own face, and the page sets the text in that of the screen.
_MEASURED_WITH = "DejaVu Sans"
_SETTINGS: dict[str, Any] = {
    "font.family": [_MEASURED_WITH],
    "font.size": FONT_PT,
    "svg.fonttype": "none",
    "text.parse_math": False,
    "path.simplify": False,
}
_NOWHERE = dict.fromkeys(("Creator", "Date", "Format", "Type"))
_ID = re.compile(r' id="([^"]*)"')
_NAMESPACE = re.compile(r' (xmlns(:\w+)?|version)="[^"]*"')
# Its settings and its fonts belong to the whole process.
_one_at_a_time = Lock()


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
    import matplotlib as mpl  # noqa: PLC0415 - most commands draw nothing and start faster without it
    from matplotlib import figure as sheets  # noqa: PLC0415

    library: Any = mpl

    file = io.StringIO()
    with _one_at_a_time, library.rc_context({**_SETTINGS, "svg.hashsalt": name}):
        figure: Figure = sheets.Figure(figsize=(width_mm / _MM_PER_INCH, height_mm / _MM_PER_INCH))
        draw(figure, view)
        figure.savefig(file, format="svg", transparent=True, metadata=_NOWHERE)
    return _for_a_page(file.getvalue())


def styled(axes: Axes) -> Axes:
    """Return axes in the style of every figure: a line below, nothing boxed."""
    for side in ("left", "right", "top"):
        axes.spines[side].set_visible(False)
    axes.spines["bottom"].set_color(LIGHT.line2)
    axes.patch.set_visible(False)
    axes.tick_params(length=2.5, width=0.6, color=LIGHT.line2, labelcolor=LIGHT.ink2, labelsize=FONT_PT, pad=2)
    axes.spines["bottom"].set_linewidth(0.6)
    return axes


def with_levels(axes: Axes) -> None:
    """Give axes faint horizontal lines instead of ticks."""
    axes.grid(visible=True, axis="y", color=LIGHT.line, linewidth=0.6)
    axes.tick_params(axis="y", length=0)
    axes.set_axisbelow(True)


def _for_a_page(document: str) -> str:
    """Return the element alone, its text in the page's font, without ids that nothing points to."""
    element = document[document.index("<svg") :].replace(_MEASURED_WITH, _FAMILY)
    used = {identifier for identifier in _ID.findall(element) if f"#{identifier}" in element}
    element = _ID.sub(lambda found: found.group() if found[1] in used else "", element)
    head, end, rest = element.partition(">")
    return _NAMESPACE.sub("", head) + end + rest

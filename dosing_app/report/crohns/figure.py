"""The expected falls as bars on paper: placebo and drug part, and below each bar the interval of their sum."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dosing_app.findings.colours import LIGHT
from dosing_app.findings.crohns.bars import bar_axis
from dosing_app.findings.crohns.names import class_title
from dosing_app.findings.crohns.numbers import points
from dosing_app.language import say
from dosing_app.report.drawing import styled
from pkpd.figures import sheet

if TYPE_CHECKING:
    from dosing_app.decision.crohns.answer import CrohnsAnswer
    from dosing_app.decision.crohns.compared import ClassAnswer
    from pkpd.figures.sheet import Axes, Figure

_PLACE = (0.115, 0.12, 0.865, 0.78)
_DASHES = (0, (3, 2))
_BAR, _THICK, _INTERVAL = 0.14, 0.26, -0.2


def bars_svg(answer: CrohnsAnswer, *, width_mm: float, height_mm: float) -> str:
    """Return the bars as an ``svg`` element for an HTML page; the same answer gives the same text.

    Parameters
    ----------
    answer : CrohnsAnswer
        With one class at least.
    width_mm, height_mm : float
        Size on paper [mm].
    """
    drawn = sheet.svg(lambda figure: _draw(figure, answer), width_mm=width_mm, height_mm=height_mm, name="bars")
    return sheet.inside_page(drawn)


def _draw(figure: Figure, answer: CrohnsAnswer) -> None:
    axes = styled(figure.add_axes(_PLACE))
    low, high, ticks = bar_axis(answer)
    n = len(answer.classes)
    for i, one in enumerate(answer.classes):
        _class(axes, one, float(n - i), answer.placebo)
    axes.set_xlim(low, high)
    axes.set_ylim(0.5, n + 0.45)
    axes.set_xticks(ticks, [points(tick) for tick in ticks])
    axes.set_yticks([n - i + _BAR for i in range(n)], [class_title(one.id) for one in answer.classes])
    axes.tick_params(axis="y", length=0, labelcolor=LIGHT.ink)
    axes.axvline(answer.threshold, color=LIGHT.ink, linewidth=1.0, linestyle=_DASHES)
    axes.annotate(
        say("crohns.response_line", points=points(answer.threshold)),
        (answer.threshold, 1.0),
        xycoords=("data", "axes fraction"),
        xytext=(3, 1),
        textcoords="offset points",
        fontsize=sheet.FONT_PT,
        color=LIGHT.ink,
    )


def _class(axes: Axes, one: ClassAnswer, height: float, placebo: float) -> None:
    # A class that takes from the fall is drawn hollow, back from the end of the placebo part.
    hollow = {"facecolor": LIGHT.bg, "edgecolor": LIGHT.acc}
    look = hollow if one.drug < 0.0 else {"facecolor": LIGHT.acc}
    axes.barh(height + _BAR, one.drug, _THICK, left=placebo, **look)
    # Where one part goes back over the other, the placebo part lies on it, half as thick.
    thick = _THICK / 2 if one.drug * placebo < 0.0 else _THICK
    axes.barh(height + _BAR, placebo, thick, color=LIGHT.line2)
    y = height + _INTERVAL
    axes.plot(one.interval, (y, y), color=LIGHT.ink, linewidth=1.2, marker="|", markersize=5.0)
    axes.plot([one.expected], [y], color=LIGHT.ink, marker="D", markersize=4.0, linestyle="none")

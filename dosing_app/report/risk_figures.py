"""The risk as twenty dots and intervals, and the fraction without colectomy."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

import numpy as np

from dosing_app.language import say
from dosing_app.report.colours import ACCENT, BAND50, BAND90, INK, INK2, LINE, PAPER, PRIOR
from dosing_app.report.drawing import styled, with_levels
from dosing_app.report.risk_words import risk_rows, shown_risk
from dosing_app.report.words import interval, shown
from pkpd.units import percent_from_fraction

if TYPE_CHECKING:
    from dosing_app.decision.view import View
    from dosing_app.report.drawing import Axes, Figure
    from dosing_app.report.risk_words import RiskRow
    from pkpd.arrays import FloatArray

_BIN_PERCENT = 4.0
_DOTS, _ROWS = (0.55, 0.34), (0.125, 0.41)
_LARGEST_DOT_PT, _LEAST_STACK = 7.0, 3.0
_DASHES = (0, (3, 2))
# Beyond it the words stand left of the target, where there is more room.
_RIGHT_HALF = 55.0


def draw_risk(figure: Figure, view: View) -> None:
    """Draw twenty equally likely values of the total risk and, below them, the intervals and what they rest on.

    Filled dots lie above the target, hollow ones at or below it. Nothing is drawn where there is no risk.
    """
    rows = risk_rows(view)
    if not rows:
        return
    target = percent_from_fraction(view.forecast.case.target.risk_day90)
    dots = styled(figure.add_axes((0.02, _DOTS[0], 0.945, _DOTS[1])))
    lines = styled(figure.add_axes((0.02, _ROWS[0], 0.945, _ROWS[1]), sharex=dots))
    _dots(dots, view.dots, target, figure.get_figheight() * _DOTS[1] * 72.0)
    for place, row in enumerate(reversed(rows), start=1):
        _row(lines, place, row, target)
    lines.set_ylim(0.5, len(rows) + 1.0)
    lines.set_xlim(0.0, 100.0)
    lines.set_xticks(
        range(0, 101, 20), [f"{tick}" for tick in range(0, 100, 20)] + [say("number.percent", value="100")]
    )
    lines.get_xticklabels()[-1].set_horizontalalignment("right")
    for axes in (dots, lines):
        axes.set_yticks([])
        axes.grid(visible=True, axis="x", color=LINE, linewidth=0.5)
        axes.set_axisbelow(True)
        axes.axvline(target, color=INK, linewidth=1.0, linestyle=_DASHES, clip_on=False, ymax=1.12, label="target")
    dots.tick_params(axis="x", length=0, labelbottom=False)
    dots.spines["bottom"].set_visible(False)
    label = say("risk.target_label", target=say("number.percent", value=shown(target)))
    _beside(dots, target, 1.12, label, color=INK, va="top", is_share=True)


def draw_survival(figure: Figure, view: View) -> None:
    """Draw the fraction without colectomy up to day 90 with its bands, now, and the target at day 90.

    Nothing is drawn where there is no risk.
    """
    risk = shown_risk(view)
    if risk is None:
        return
    case, days = view.forecast.case, risk.total.days
    q05, q25, q50, q75, q95 = (percent_from_fraction(1.0) * risk.total.survival).T
    end, level = float(days[-1]), 100.0 - percent_from_fraction(case.target.risk_day90)
    axes = styled(figure.add_axes((0.05, 0.12, 0.855, 0.83)))
    axes.fill_between(days, q05, q95, color=BAND90, linewidth=0, label="90 %")
    axes.fill_between(days, q25, q75, color=BAND50, linewidth=0, label="50 %")
    axes.plot(days, q50, color=ACCENT, linewidth=1.8, label="middle")
    axes.plot([end - 20.0, end], [level, level], color=INK, linewidth=1.0, linestyle=_DASHES, label="target")
    axes.set_xlim(0.0, end)
    axes.set_ylim(0.0, 101.0)
    axes.set_xticks([0, 30, 60, 90], ["0", "30", "60", say("case.day", day="90")])
    axes.set_yticks([0, 50, 100])
    with_levels(axes)
    axes.annotate(
        say("number.percent", value=shown(level)),
        (end, level),
        xytext=(4.0, 0.0),
        textcoords="offset points",
        va="center",
        color=INK,
        annotation_clip=False,
    )
    if case.now_day <= end:
        axes.axvline(case.now_day, color=INK, linewidth=0.8, label="now")
        axes.annotate(
            say("survival.now"), (case.now_day, 6.0), xytext=(3.0, 0.0), textcoords="offset points", color=INK
        )


def stacked(values: FloatArray, threshold: float) -> tuple[FloatArray, FloatArray]:
    """Return where dots stand: centres of bins whose edges include the threshold, and their place in the stack."""
    bins = np.ceil((values - threshold) / _BIN_PERCENT) - 1
    seen: Counter[float] = Counter()
    heights = np.empty(values.size)
    for i, number in enumerate(bins.tolist()):
        seen[number] += 1
        heights[i] = seen[number]
    return threshold + (bins + 0.5) * _BIN_PERCENT, heights


def _dots(axes: Axes, dots: FloatArray | None, target: float, height_pt: float) -> None:
    if dots is None:
        return
    values = percent_from_fraction(1.0) * dots
    x, y = stacked(values, target)
    tallest = max(float(y.max()), _LEAST_STACK)
    size = min(_LARGEST_DOT_PT, 0.85 * height_pt / (tallest + 1.0))
    for name, is_filled in (("dots above", True), ("dots at or below", False)):
        chosen = (values > target) == is_filled
        axes.plot(
            x[chosen],
            y[chosen],
            linestyle="none",
            marker="o",
            markersize=size,
            color=ACCENT,
            markerfacecolor=ACCENT if is_filled else PAPER,
            markeredgewidth=1.0,
            clip_on=False,
            label=name,
            zorder=3,
        )
    axes.set_ylim(0.4, tallest + 1.2)


def _row(axes: Axes, place: int, row: RiskRow, target: float) -> None:
    q05, q25, q50, q75, q95 = (percent_from_fraction(1.0) * row.quantiles).tolist()
    color, thick = (ACCENT, 5.0) if row.is_headline else (PRIOR, 3.2)
    axes.plot([q05, q95], [place, place], color=color, linewidth=1.3, solid_capstyle="butt", label=row.name, zorder=3)
    axes.plot([q25, q75], [place, place], color=color, linewidth=thick, solid_capstyle="butt", zorder=3)
    axes.plot([q50, q50], [place - 0.22, place + 0.22], color=INK, linewidth=1.3, solid_capstyle="butt", zorder=4)
    said = say("risk.row_with_interval", row=row.name, interval=interval(row.quantiles))
    _beside(axes, target, place + 0.3, said, color=INK2, va="bottom", is_share=False)


def _beside(axes: Axes, x: float, y: float, text: str, *, color: str, va: str, is_share: bool) -> None:
    """Write words beside the target, on the side with more room."""
    is_left = x > _RIGHT_HALF
    axes.annotate(
        text,
        (x, y),
        xycoords=axes.get_xaxis_transform() if is_share else "data",
        xytext=(-3.0 if is_left else 3.0, 0.0),
        textcoords="offset points",
        ha="right" if is_left else "left",
        va=va,
        color=color,
        annotation_clip=False,
        zorder=5,
    )

"""The risk as twenty dots and intervals, and the fraction without colectomy."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dosing_app.findings.colours import LIGHT
from dosing_app.findings.figure_places import in_percent, stacked
from dosing_app.findings.numbers import shown
from dosing_app.findings.risk_rows import risk_rows
from dosing_app.findings.risk_words import shown_risk
from dosing_app.language import say
from dosing_app.report.drawing import styled, with_levels
from pkpd.units import percent_from_fraction

if TYPE_CHECKING:
    from dosing_app.decision.view import View
    from dosing_app.findings.risk_rows import RiskRow
    from pkpd.arrays import FloatArray
    from pkpd.figures.sheet import Axes, Figure

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
        axes.grid(visible=True, axis="x", color=LIGHT.line, linewidth=0.5)
        axes.set_axisbelow(True)
        axes.axvline(
            target, color=LIGHT.ink, linewidth=1.0, linestyle=_DASHES, clip_on=False, ymax=1.12, label="target"
        )
    dots.tick_params(axis="x", length=0, labelbottom=False)
    dots.spines["bottom"].set_visible(False)
    label = say("risk.target_label", target=say("number.percent", value=shown(target)))
    _beside(dots, target, 1.12, label, color=LIGHT.ink, va="top", is_share=True)


def draw_survival(figure: Figure, view: View) -> None:
    """Draw the fraction without colectomy up to day 90 with its bands, now, and the target at day 90.

    Nothing is drawn where there is no risk.
    """
    risk = shown_risk(view)
    if risk is None:
        return
    case, days = view.forecast.case, risk.total.days
    q05, q25, q50, q75, q95 = in_percent(risk.total.survival).T
    end, level = float(days[-1]), 100.0 - percent_from_fraction(case.target.risk_day90)
    axes = styled(figure.add_axes((0.05, 0.12, 0.855, 0.83)))
    axes.fill_between(days, q05, q95, color=LIGHT.acc90, linewidth=0, label="90 %")
    axes.fill_between(days, q25, q75, color=LIGHT.acc50, linewidth=0, label="50 %")
    axes.plot(days, q50, color=LIGHT.acc, linewidth=1.8, label="middle")
    axes.plot([end - 20.0, end], [level, level], color=LIGHT.ink, linewidth=1.0, linestyle=_DASHES, label="target")
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
        color=LIGHT.ink,
        annotation_clip=False,
    )
    if case.now_day <= end:
        axes.axvline(case.now_day, color=LIGHT.ink, linewidth=0.8, label="now")
        axes.annotate(
            say("survival.now"), (case.now_day, 6.0), xytext=(3.0, 0.0), textcoords="offset points", color=LIGHT.ink
        )


def _dots(axes: Axes, dots: FloatArray | None, target: float, height_pt: float) -> None:
    if dots is None:
        return
    values = in_percent(dots)
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
            color=LIGHT.acc,
            markerfacecolor=LIGHT.acc if is_filled else LIGHT.bg,
            markeredgewidth=1.0,
            clip_on=False,
            label=name,
            zorder=3,
        )
    axes.set_ylim(0.4, tallest + 1.2)


def _row(axes: Axes, place: int, row: RiskRow, target: float) -> None:
    q05, q25, q50, q75, q95 = in_percent(row.quantiles).tolist()
    color, thick = (LIGHT.acc, 5.0) if row.is_headline else (LIGHT.prior, 3.2)
    axes.plot([q05, q95], [place, place], color=color, linewidth=1.3, solid_capstyle="butt", label=row.name, zorder=3)
    axes.plot([q25, q75], [place, place], color=color, linewidth=thick, solid_capstyle="butt", zorder=3)
    axes.plot([q50, q50], [place - 0.22, place + 0.22], color=LIGHT.ink, linewidth=1.3, solid_capstyle="butt", zorder=4)
    _beside(axes, target, place + 0.3, row.with_interval, color=LIGHT.ink2, va="bottom", is_share=False)


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

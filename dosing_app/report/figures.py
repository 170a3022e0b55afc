"""The concentration curve: bands, samples, doses and now."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np

from dosing_app.findings.case_words import level_text
from dosing_app.findings.colours import LIGHT
from dosing_app.findings.figure_places import axis_top, height, room_beside, samples_by_mark
from dosing_app.findings.numbers import shown
from dosing_app.language import say
from dosing_app.language.speaking import spoken_number
from dosing_app.report.drawing import styled, with_levels

if TYPE_CHECKING:
    from dosing_app.decision.case_schema import CaseDose, CaseSample, PatientCase
    from dosing_app.decision.view import View
    from pkpd.figures.sheet import Axes, Figure

_LEFT, _WIDTH = 0.045, 0.945
_CURVE, _LANE = (0.25, 0.74), (0.105, 0.11)
_MOST_WEEKS = 16
# Doses nearer than these shares of the axis have no room for the unit, or for a label at all.
_NARROW, _TOO_NARROW = 0.08, 0.035
_MOST_LABELLED_LIMITS = 12
# Nearer to the start than this share of the axis, the name of now stands to its right.
_AT_START = 0.12
_ARROW_PT = 22.0
_VEIL = {"facecolor": LIGHT.bg, "alpha": 0.75, "edgecolor": "none", "pad": 0.4}


def draw_concentration(figure: Figure, view: View) -> None:
    """Draw the concentration over time, and the doses in a lane below it.

    Without a sample in use the bands are those of before samples, and so the middle is dashed.
    """
    case = view.forecast.case
    first, end = float(view.times[0]), float(view.times[-1])
    margin = 0.012 * (end - first)
    curve = styled(figure.add_axes((_LEFT, _CURVE[0], _WIDTH, _CURVE[1])))
    lane = styled(figure.add_axes((_LEFT, _LANE[0], _WIDTH, _LANE[1]), sharex=curve))
    curve.set_xlim(first - margin, end + margin)
    top = axis_top(view)
    curve.set_ylim(0.0, top)
    curve.locator_params(axis="y", nbins=5)
    ticks: list[float] = [tick for tick in curve.get_yticks().tolist() if tick < top]
    curve.set_yticks(ticks, [spoken_number(f"{tick:g}") for tick in ticks])
    with_levels(curve)
    curve.tick_params(axis="x", length=0, labelbottom=False)
    curve.spines["bottom"].set_visible(False)
    _window(curve, view)
    _curves(curve, view)
    _samples(curve, case)
    _now(curve, lane, case, top)
    _doses(lane, case, end - first)
    _weeks(lane, first, end)


def _window(axes: Axes, view: View) -> None:
    start, stop = view.forecast.event_model.window_day
    stop = min(stop, float(view.times[-1]))
    if stop <= start:
        return
    axes.axvspan(start, stop, color=LIGHT.win, linewidth=0, zorder=0)
    _at_top(axes, stop, say("curve.counts"), color=LIGHT.ink2, ha="right", below_pt=11.0)


def _curves(axes: Axes, view: View) -> None:
    dashes = (0, (5, 4))
    if view.bands is not None:
        q05, q25, _, q75, q95 = view.bands.T
        axes.fill_between(view.times, q05, q95, color=LIGHT.acc90, linewidth=0, label="90 %", zorder=1)
        axes.fill_between(view.times, q25, q75, color=LIGHT.acc50, linewidth=0, label="50 %", zorder=1.1)
    axes.plot(
        view.times, view.prior_curve, color=LIGHT.prior, linewidth=1.1, linestyle=dashes, label="a priori", zorder=2
    )
    if view.bands is not None and view.forecast.samples:
        axes.plot(view.times, view.bands[:, 2], color=LIGHT.acc, linewidth=1.8, label="a posteriori", zorder=2.1)
    for course in view.courses:
        axes.plot(view.times, course, color=LIGHT.acc, linewidth=1.0, linestyle=(0, (1, 2)), label="course", zorder=2.2)


def _samples(axes: Axes, case: PatientCase) -> None:
    """Draw levels as dots, those beyond a limit as a bar with an arrow, those not used as grey crosses."""
    looks: dict[str, dict[str, Any]] = {
        "samples": {"marker": "o", "markeredgecolor": LIGHT.bg},
        "samples beyond a limit": {"marker": "_", "markeredgewidth": 1.8, "markersize": 9},
        "samples not used": {"marker": "x", "color": LIGHT.line2, "markeredgewidth": 1.1},
    }
    marked = samples_by_mark(case)
    for name, look in looks.items():
        x, y = [sample.time_day for sample in marked[name]], [height(sample) for sample in marked[name]]
        style = {"color": LIGHT.ink, "linestyle": "none", "markersize": 6, "clip_on": False, "zorder": 4, **look}
        axes.plot(x, y, label=name, **style)
    beyond = marked["samples beyond a limit"]
    for sample in beyond:
        _arrow(axes, sample, is_labelled=len(beyond) <= _MOST_LABELLED_LIMITS)


def _arrow(axes: Axes, sample: CaseSample, *, is_labelled: bool) -> None:
    """Draw an arrow from a limit in the direction in which the level lies, with the level as reported."""
    is_above = sample.censored == "above"
    # A level below its limit lies at the foot of the plot, where an arrow down needs its tail above.
    tip, tail, text = (_ARROW_PT, 0.0, -8.0) if is_above else (1.0, _ARROW_PT, _ARROW_PT + 1.0)
    place = (sample.time_day, height(sample))
    offset: dict[str, Any] = {"xycoords": "data", "textcoords": "offset points", "annotation_clip": False}
    style = {
        "arrowstyle": "<|-" if is_above else "-|>",
        "color": LIGHT.ink,
        "linewidth": 1.3,
        "shrinkA": 0,
        "shrinkB": 0,
    }
    axes.annotate("", place, xytext=(0.0, tip if is_above else tail), arrowprops=style, zorder=4, **offset)
    if is_labelled:
        axes.annotate(
            level_text(sample),
            place,
            xytext=(0.0, text),
            ha="center",
            va="center" if is_above else "bottom",
            weight=700,
            color=LIGHT.ink,
            bbox=_VEIL,
            zorder=5,
            **offset,
        )


def _now(curve: Axes, lane: Axes, case: PatientCase, top: float) -> None:
    curve.plot([case.now_day, case.now_day], [0.0, top], color=LIGHT.ink, linewidth=0.8, label="now", zorder=3)
    lane.axvline(case.now_day, ymax=1.6, color=LIGHT.ink, linewidth=0.8, clip_on=False, zorder=0)
    left, right = curve.get_xlim()
    is_at_start = case.now_day - left < _AT_START * (right - left)
    words = say("report.now", day=shown(case.now_day))
    _at_top(curve, case.now_day, words, color=LIGHT.ink, ha="left" if is_at_start else "right", below_pt=1.0)


def _at_top(axes: Axes, x: float, text: str, *, color: str, ha: str, below_pt: float) -> None:
    """Write a word at the top of the plot, left or right of a time."""
    axes.annotate(
        text,
        (x, 1.0),
        xycoords=axes.get_xaxis_transform(),
        xytext=(-3.0 if ha == "right" else 3.0, -below_pt),
        textcoords="offset points",
        ha=ha,
        va="top",
        color=color,
        zorder=5,
    )


def _doses(axes: Axes, case: PatientCase, span: float) -> None:
    """Draw doses as bars whose height is proportional to mg: filled given, outlined planned."""
    doses: list[tuple[CaseDose, bool]] = [(dose, True) for dose in case.doses]
    doses += [(dose, False) for dose in case.planned]
    highest = max(dose.amount_mg for dose, _ in doses)
    for is_given in (True, False):
        of_kind = [dose for dose, given in doses if given is is_given]
        axes.bar(
            [dose.time_day for dose in of_kind],
            [dose.amount_mg / highest for dose in of_kind],
            width=0.006 * span,
            color=LIGHT.ink if is_given else LIGHT.bg,
            edgecolor=LIGHT.ink if is_given else LIGHT.acc,
            linewidth=0.0 if is_given else 1.1,
            label="given" if is_given else "planned",
            clip_on=False,
            zorder=3,
        )
    axes.set_ylim(0.0, 1.05)
    axes.set_yticks([])
    rooms = room_beside([dose for dose, _ in doses], span)
    for (dose, is_given), room in zip(doses, rooms, strict=True):
        if room >= _TOO_NARROW * span:
            axes.annotate(
                shown(dose.amount_mg) + (" mg" if room >= _NARROW * span else ""),
                (dose.time_day, 0.5),
                xytext=(4.0, 0.0),
                textcoords="offset points",
                va="center",
                color=LIGHT.ink if is_given else LIGHT.acc,
                annotation_clip=False,
            )


def _weeks(axes: Axes, first: float, end: float) -> None:
    """Set a tick every week, or every few weeks of a long time."""
    step = 7.0 * max(math.ceil((end - first) / (7.0 * _MOST_WEEKS)), 1)
    days = np.arange(math.ceil(first / step) * step, end + 1e-9, step).tolist()
    axes.set_xticks(days, [say("case.day", day=f"{days[0]:.0f}"), *(f"{day:.0f}" for day in days[1:])])

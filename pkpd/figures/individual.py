"""Individual plots: levels, doses and predicted courses, several subjects a page."""

from __future__ import annotations

import math
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np

from pkpd.figures.level_marks import POINTS_DOWN, is_quantified, limit_of, limits
from pkpd.figures.look import BLUE, DASHES, GREEN, INK, INK2, ORANGE, range_of, styled, with_log_axis
from pkpd.figures.sheet import FONT_PT, Drawing, Table, marks, svg

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from pkpd.arrays import FloatArray
    from pkpd.diagnostics.courses import SubjectCourse
    from pkpd.figures.sheet import Axes, Cell, Figure

PER_PAGE = 12
_COLUMNS = 4
_WIDTH_MM, _PANEL_MM, _HEAD_MM, _FOOT_MM = 184.0, 44.0, 1.0, 10.5
_LONGEST_NAME = 24
_CAPTION = (
    "Measured levels (dots), individual prediction (blue line) and population prediction (dashed line), both on the scale "
    "of the left margin, which is logarithmic and the same in every panel; ticks at the foot are doses."
)
_LIMITS = " Triangles are censored levels: they stand at the limit and point where the level lies; bars lie between two limits."
# The lowest of what is drawn follows from levels and limits, not from curves that fall without end after the last dose.
_BELOW_LOWEST = 0.5
# Of a page without any level.
_RANGE = 500.0
# Room on both sides of a subject that has a single time.
_ALONE_DAY = 5.0


def individual_pages(courses: Sequence[SubjectCourse], *, n_subjects: int) -> Iterator[Drawing]:
    """Yield pages of individual plots, twelve subjects each.

    Parameters
    ----------
    courses : sequence of SubjectCourse
        Who is drawn, in this order.
    n_subjects : int
        Subjects of the cohort; where not all are drawn, the last caption says so.
    """
    levels = _levels(courses)
    for start in range(0, len(courses), PER_PAGE):
        shown = courses[start : start + PER_PAGE]
        yield _page(shown, levels, first=start + 1, n_drawn=len(courses), n_subjects=n_subjects)


def _levels(courses: Sequence[SubjectCourse]) -> tuple[float, float]:
    """Return the range of concentrations that all panels share."""
    known = range_of(*(limit_of(one.level, one.lower, one.upper, one.censoring) for one in courses))
    highest = range_of(*(one.ipred for one in courses), *(one.pred for one in courses))
    if highest is None:
        return known or (0.1, 100.0)
    low = _BELOW_LOWEST * known[0] if known else highest[1] / _RANGE
    return low, max(highest[1], known[1] if known else low)


def _page(
    courses: Sequence[SubjectCourse], levels: tuple[float, float], *, first: int, n_drawn: int, n_subjects: int
) -> Drawing:
    last = first + len(courses) - 1
    name = f"individuals-{(first - 1) // PER_PAGE + 1:03d}"
    title = (
        f"Individual plots, subjects {first} to {last} of {n_subjects:,}"
        if last > first
        else f"Individual plot, subject {first} of {n_subjects:,}"
    )
    caption = _CAPTION + (_LIMITS if any((~is_quantified(one.censoring)).any() for one in courses) else "")
    if last == n_drawn < n_subjects:
        caption += f" {n_subjects - n_drawn:,} further subjects are not drawn."
    n_rows = math.ceil(len(courses) / _COLUMNS)
    return Drawing(
        name=name,
        title=title,
        caption=caption,
        svg=svg(
            partial(_draw, courses=courses, levels=levels),
            width_mm=_WIDTH_MM,
            height_mm=_HEAD_MM + _FOOT_MM + n_rows * _PANEL_MM,
            name=name,
        ),
        table=_table(courses),
    )


def _draw(figure: Figure, *, courses: Sequence[SubjectCourse], levels: tuple[float, float]) -> None:
    n_rows = math.ceil(len(courses) / _COLUMNS)
    height = _HEAD_MM + _FOOT_MM + n_rows * _PANEL_MM
    left, right = 13.0, 2.0
    cell = (_WIDTH_MM - left - right) / _COLUMNS
    for place, one in enumerate(courses):
        row, column = divmod(place, _COLUMNS)
        x, y = left + column * cell, _FOOT_MM + (n_rows - 1 - row) * _PANEL_MM
        area = (x / _WIDTH_MM, y / height, (cell - 6.0) / _WIDTH_MM, (_PANEL_MM - 11.0) / height)
        axes = styled(figure.add_axes(area))
        _panel(axes, one, levels)
        if column:
            axes.tick_params(axis="y", labelleft=False)
    figure.text(2.5 / _WIDTH_MM, 0.5, "Concentration (mg/L)", rotation=90, ha="center", va="center", color=INK)
    figure.text(0.5, 1.5 / height, "Time (day)", ha="center", va="bottom", color=INK)
    _key(figure, height, has_limits=any((~is_quantified(one.censoring)).any() for one in courses))


def _panel(axes: Axes, one: SubjectCourse, levels: tuple[float, float]) -> None:
    with_log_axis(axes, "y", *levels)
    first, last = float(one.times[0]), float(one.times[-1])
    margin = 0.03 * (last - first) or _ALONE_DAY
    axes.set_xlim(first - margin, last + margin)
    axes.locator_params(axis="x", nbins=4)
    axes.set_title(_short(one.id), fontsize=FONT_PT, color=INK, pad=3, loc="left")
    axes.plot(one.times, _above(one.pred), color=INK2, linewidth=0.9, linestyle=DASHES, gid=marks("pred"), zorder=2)
    axes.plot(one.times, _above(one.ipred), color=BLUE, linewidth=1.2, gid=marks("ipred"), zorder=2.5)
    is_level = is_quantified(one.censoring) & (one.level > 0.0)
    axes.plot(
        one.sample_time[is_level], one.level[is_level], "o", color=INK, markersize=3.2, markeredgewidth=0.0,
        gid=marks("levels"), zorder=3, clip_on=False,
    )  # fmt: skip
    limits(axes, one.sample_time, lower=one.lower, upper=one.upper, censoring=one.censoring, size=6.5)
    axes.plot(
        one.dose_time, np.full(one.dose_time.size, 0.035), "|", color=GREEN, markersize=5, markeredgewidth=1.1,
        transform=axes.get_xaxis_transform(), gid=marks("doses"), zorder=4,
    )  # fmt: skip


def _above(prediction: FloatArray) -> FloatArray:
    """Return a prediction without its zeros, which have no place on a logarithmic axis."""
    return np.where(prediction > 0.0, prediction, np.nan)


def _key(figure: Figure, height: float, *, has_limits: bool) -> None:
    """Draw the key in one line above the panels."""
    axes = figure.add_axes((0.0, 1.0 - 5.5 / height, 1.0, 5.5 / height))
    axes.set_axis_off()
    axes.set_xlim(0.0, _WIDTH_MM)
    axes.set_ylim(0.0, 1.0)
    entries: list[tuple[str, dict[str, Any]]] = [
        ("level", {"marker": "o", "color": INK, "markersize": 3.2, "linestyle": "none"}),
        ("individual prediction", {"color": BLUE, "linewidth": 1.2}),
        ("population prediction", {"color": INK2, "linewidth": 0.9, "linestyle": DASHES}),
        ("dose", {"marker": "|", "color": GREEN, "markersize": 5, "markeredgewidth": 1.1, "linestyle": "none"}),
    ]
    if has_limits:
        triangle = {
            "marker": POINTS_DOWN,
            "color": ORANGE,
            "markerfacecolor": "none",
            "markersize": 6.5,
            "linestyle": "none",
        }
        entries.append(("censored, at its limit", triangle))
    x = 13.0
    for words, look in entries:
        middle = x + 3.0
        ends = [x, x + 6.0] if look.get("linestyle") != "none" else [middle]
        axes.plot(ends, [0.5] * len(ends), **look)
        axes.text(x + 7.5, 0.5, words, va="center", color=INK2)
        x += 12.0 + 1.4 * len(words)


def _short(name: str) -> str:
    return name if len(name) <= _LONGEST_NAME else f"{name[: _LONGEST_NAME - 1]}…"


def _table(courses: Sequence[SubjectCourse]) -> Table:
    """Return doses and levels of every subject, then the curves, each row one of them."""
    nan = float("nan")
    rows: list[tuple[Cell, ...]] = []
    curves: list[tuple[Cell, ...]] = []
    for one in courses:
        doses = zip(one.dose_time.tolist(), one.dose_amount.tolist(), strict=True)
        rows += [(one.id, "dose", time, amount, nan, nan, nan, nan, nan) for time, amount in doses]
        columns = (one.sample_time, one.level, one.lower, one.upper)
        levels = zip(*(column.tolist() for column in columns), strict=True)
        rows += [(one.id, "level", time, nan, level, low, high, nan, nan) for time, level, low, high in levels]
        curve = zip(one.times.tolist(), one.pred.tolist(), one.ipred.tolist(), strict=True)
        curves += [(one.id, "curve", time, nan, nan, nan, nan, pred, ipred) for time, pred, ipred in curve]
    head = ("id", "kind", "time", "amount", "level", "lower_limit", "upper_limit", "pred", "ipred")
    return Table(head, (*rows, *curves))

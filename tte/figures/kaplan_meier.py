"""Kaplan–Meier curves of groups: steps, bands, censoring marks, and how many are at risk below."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from pkpd.figures.look import BLUE, GREEN, INK, INK2, ORANGE, styled
from pkpd.figures.sheet import Drawing, Table, marks, svg
from pkpd.units import percent_from_fraction
from pkpd.wording import counted
from tte.evaluation.kaplan_meier import kaplan_meier, number_at_risk, stepped
from tte.figures.wording import p_text

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pkpd.arrays import FloatArray
    from pkpd.figures.sheet import Axes, Cell, Figure
    from tte.evaluation.event_times import EventTimes
    from tte.evaluation.kaplan_meier import LogRank

WIDTH_MM, _AXES_MM, _ROW_MM, _FOOT_MM, _TOP_MM = 130.0, 72.0, 4.6, 17.0, 9.0
_LEFT_MM, _RIGHT_MM = 26.0, 4.0
# A letter, and the line and gaps of an entry of the key, as wide as they may become.
_LETTER_MM, _ENTRY_MM = 1.75, 14.0
_MOST_MARKS = 400
# More steps than these are finer than the picture.
_MOST_STEPS = 3000
LOOKS: tuple[tuple[str, Any], ...] = (
    (ORANGE, "-"),
    (BLUE, (0, (6, 1.5))),
    (GREEN, (0, (1.5, 1.2))),
    (INK2, (0, (4, 1, 1, 1))),
)
_PERCENT = percent_from_fraction(1.0)


class CurveGroup(NamedTuple):
    """Subjects of one curve, and what they are called."""

    name: str
    times: EventTimes


def kaplan_meier_figure(
    groups: Sequence[CurveGroup], *, end_day: float, test: LogRank | None, name: str, title: str, population: str
) -> Drawing:
    """Return the figure of some groups' curves.

    Parameters
    ----------
    groups : sequence of CurveGroup
        One to four; groups of nobody are left out.
    end_day : float
        Where the curves end.
    test : LogRank or None
        The log-rank test of the groups, printed beside them.
    name : str
        Name of its files.
    title, population : str
        What is shown, and of whom, in words.
    """
    shown = [one for one in groups if one.times.n]
    span = (min(float(one.times.entry_day.min()) for one in shown), end_day)
    place = CurvePanel(tuple(one.name for one in shown))

    def draw(figure: Figure) -> None:
        axes = place.axes(figure)
        for k, one in enumerate(shown):
            _curve(axes, one, span, *LOOKS[k])
        axes.set_xlim(*span)
        axes.set_ylim(0.0, 102.0)
        if test is not None:
            axes.text(0.02, 0.04, f"log-rank {p_text(test.p)}", transform=axes.transAxes, color=INK)
        place.write_key(axes)
        place.write_numbers(figure, axes, [one.times for one in shown], span)

    rows = tuple(row for one in shown for row in _rows(one, end_day))
    head = ("group", "day", "at_risk", "events", "free_pct", "low_pct", "high_pct")
    counts = "; ".join(
        f"{one.name}: {counted(one.times.n, 'subject')}, {counted(_events(one.times, end_day), 'event')}"
        for one in shown
    )
    tested = "" if test is None else f" Log-rank test: {p_text(test.p)}."
    caption = (
        f"{title}, {population}. Kaplan–Meier estimates with pointwise 95 % intervals; upright strokes are subjects whose observation "
        f"ends. {counts}.{tested}"
    )
    picture = svg(draw, width_mm=WIDTH_MM, height_mm=place.height_mm, name=name)
    return Drawing(name, title, caption, picture, Table(head, rows))


def _curve(axes: Axes, group: CurveGroup, span: tuple[float, float], colour: str, style: Any) -> None:  # noqa: ANN401 - a dash pattern
    times, (start, end_day) = group.times, span
    curve = kaplan_meier(times)
    upto = np.flatnonzero(curve.time_day <= end_day)
    if upto.size > _MOST_STEPS:
        upto = upto[np.linspace(0, upto.size - 1, _MOST_STEPS).astype(np.int64)]
    last = max(min(end_day, float(times.time_day.max())), start)
    x = np.concatenate(([start], curve.time_day[upto], [last]))
    parts = [np.concatenate(([1.0], one[upto])) for one in (curve.survival, curve.low, curve.high)]
    y, low, high = (_PERCENT * np.append(one, one[-1]) for one in parts)
    key = group.name.replace(" ", "-")
    axes.fill_between(x, low, high, step="post", color=colour, alpha=0.14, linewidth=0.0, gid=marks(f"band-{key}"))
    look = {"color": colour, "linestyle": style, "linewidth": 1.5, "label": group.name}
    axes.step(x, y, where="post", gid=marks(f"curve-{key}"), **look)
    days = np.unique(times.time_day[~times.event & (times.time_day <= end_day)])
    if days.size > _MOST_MARKS:
        days = days[np.linspace(0, days.size - 1, _MOST_MARKS).astype(np.int64)]
    places = _PERCENT * stepped(curve.time_day, curve.survival, days)
    ticks = {"markersize": 5.0, "markeredgewidth": 0.9, "clip_on": False}
    axes.plot(days, places, "|", color=colour, gid=marks(f"censored-{key}"), **ticks)


@dataclass(frozen=True, slots=True)
class CurvePanel:
    """Where curves stand in their figure: room above for the key, on the left and below for the numbers at risk.

    Parameters
    ----------
    names : tuple of str
        What the groups are called.
    title : str
        What parts them, above the key; empty for nothing.
    """

    names: tuple[str, ...]
    title: str = ""

    @property
    def left_mm(self) -> float:
        """Return where the axes begin, right of the longest name [mm]; half of the figure at most."""
        return min(max(_LEFT_MM, _LETTER_MM * max(map(len, self.names)) + 4.0), 0.5 * WIDTH_MM)

    @property
    def n_columns(self) -> int:
        """Return how many entries of the key stand in one row: all where there is room, and rows of equal length."""
        widest = _LETTER_MM * max(map(len, self.names)) + _ENTRY_MM
        most = max(1, int((WIDTH_MM - self.left_mm) / widest))
        return math.ceil(len(self.names) / math.ceil(len(self.names) / most))

    @property
    def top_mm(self) -> float:
        """Return the room for the key [mm]."""
        n_rows = math.ceil(len(self.names) / self.n_columns) + bool(self.title)
        return _TOP_MM + _ROW_MM * (n_rows - 1)

    @property
    def height_mm(self) -> float:
        """Return the height of the figure [mm]."""
        return self.top_mm + _AXES_MM + self._foot_mm

    @property
    def _foot_mm(self) -> float:
        return _FOOT_MM + _ROW_MM * len(self.names)

    def axes(self, figure: Figure) -> Axes:
        """Return the axes of the curves."""
        width = 1.0 - (self.left_mm + _RIGHT_MM) / WIDTH_MM
        place = (self.left_mm / WIDTH_MM, self._foot_mm / self.height_mm, width, _AXES_MM / self.height_mm)
        return styled(figure.add_axes(place), x="Day", y="Free of the event (%)")

    def write_key(self, axes: Axes) -> None:
        """Write what the curves are above the axes."""
        axes.legend(
            frameon=False,
            loc="lower left",
            bbox_to_anchor=(-0.02, 0.99),
            ncols=self.n_columns,
            handlelength=2.6,
            title=self.title or None,
            alignment="left",
        )

    def write_numbers(self, figure: Figure, axes: Axes, times: Sequence[EventTimes], span: tuple[float, float]) -> None:
        """Write how many are at risk at each tick, below the axis."""
        start, end_day = span
        near = 0.05 * (end_day - start)
        inner = [float(t) for t in axes.get_xticks() if start + near < t <= end_day]
        ticks: FloatArray = np.array([start, *inner])
        axes.set_xticks(ticks, [f"{tick:g}" for tick in ticks])
        axes.set_xlim(*span)
        first = (_ROW_MM * len(self.names) + 1.0) / self.height_mm
        figure.text(0.01, first, "At risk", color=INK, va="bottom")
        left, width = self.left_mm / WIDTH_MM, 1.0 - (self.left_mm + _RIGHT_MM) / WIDTH_MM
        for k, (label, own) in enumerate(zip(self.names, times, strict=True)):
            y = first - _ROW_MM * (k + 1) / self.height_mm
            figure.text(0.01, y, label, color=LOOKS[k][0], va="bottom")
            for tick, n in zip(ticks.tolist(), number_at_risk(own, ticks).tolist(), strict=True):
                x = left + width * (tick - start) / (end_day - start)
                figure.text(x, y, f"{n:,}", color=INK, va="bottom", ha="center")


def _rows(group: CurveGroup, end_day: float) -> list[tuple[Cell, ...]]:
    times, curve = group.times, kaplan_meier(group.times)
    shares = [_PERCENT * one for one in (curve.survival, curve.low, curve.high)]
    columns = (curve.time_day, curve.at_risk, curve.events, *shares)
    found: list[tuple[Cell, ...]] = [
        (group.name, row[0], int(row[1]), int(row[2]), *row[3:])
        for row in zip(*(column.tolist() for column in columns), strict=True)
        if row[0] <= end_day
    ]
    start = float(times.entry_day.min())
    n = int(number_at_risk(times, np.array([start]))[0])
    return [(group.name, start, n, 0, _PERCENT, _PERCENT, _PERCENT), *found]


def _events(times: EventTimes, end_day: float) -> int:
    return int((times.event & (times.time_day <= end_day)).sum())

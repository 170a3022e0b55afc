"""Exposure of a cohort: how each measure is distributed over subjects, and how it differs by outcome."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from pkpd.figures.look import BLUE, DASHES, INK2, ORANGE, range_of, styled, with_log_axis
from pkpd.figures.sheet import FONT_PT, Drawing, Table, marks, svg
from pkpd.wording import counted

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pkpd.arrays import BoolArray, FloatArray
    from pkpd.figures.sheet import Axes, Cell, Figure

_WIDTH_MM, _ROW_MM, _PER_ROW = 165.0, 46.0, 3
_MOST_DOTS = 400
_STEPS = 1_000
_MOST_TICKS = 4
_GOLDEN = 0.6180339887498949
_UNITS = {
    "cl": "CL (L/day)",
    "v": "V (L)",
    "v1": "V1 (L)",
    "q": "Q (L/day)",
    "v2": "V2 (L)",
    "half_life": "Half-life (day)",
    "auc": "AUC (mg·day/L)",
    "ln_auc_cl": "ln(AUC/CL)",
    "cmin": "Cmin (mg/L)",
    "cmax": "Cmax (mg/L)",
    "trough": "Trough (mg/L)",
    "cl_a_priori_battat": "CL a priori (L/day)",
    "cl_day7": "CL of day 7 (L/day)",
}
_OUTCOMES = (("no event", False, BLUE), ("event", True, ORANGE))


@dataclass(frozen=True, slots=True)
class DrawnMeasure:
    """One measure of all subjects.

    Parameters
    ----------
    name : str
        Its name, with the days of its window or its day at the end.
    values : sequence of float
        One for each subject; NaN where there is none.
    """

    name: str
    values: Sequence[float]

    @property
    def known(self) -> FloatArray:
        """Return the values as an array."""
        return np.array(self.values, dtype=np.float64)

    @property
    def is_log(self) -> bool:
        """Return whether the measure is a logarithm already."""
        return self.name.startswith("ln_")

    @property
    def label(self) -> str:
        """Return its name and unit for an axis."""
        if self.name in _UNITS:
            return _UNITS[self.name]
        kind = next(one for one in sorted(_UNITS, key=len, reverse=True) if self.name.startswith(f"{one}_"))
        days = self.name.removeprefix(f"{kind}_").split("_")
        words = f"day {days[0]}" if len(days) == 1 else f"days {days[0]}–{days[1]}"
        head, _, unit = _UNITS[kind].partition(" (")
        return f"{head}, {words}{f' ({unit}' if unit else ''}"


def exposure_figures(
    ids: Sequence[str],
    measures: Sequence[DrawnMeasure],
    *,
    has_event: Sequence[bool | None] | None,
    at_risk: Sequence[bool] | None,
    landmark: float | None,
    what: str,
    hypothetical: str | None,
) -> tuple[tuple[Drawing, ...], tuple[str, ...]]:
    """Return the figures of a cohort's exposure, and a sentence for each that has nothing to show.

    Parameters
    ----------
    ids : sequence of str
        The subjects.
    measures : sequence of DrawnMeasure
        What is drawn, one panel each.
    has_event : sequence of bool or None, optional
        Whether each subject has the event; None where that is not known.
    at_risk : sequence of bool, optional
        Who is at risk at the landmark.
    landmark : float or None
        Its day.
    what : str
        What the values are, in words.
    hypothetical : str or None
        Name of a hypothetical regimen.
    """
    shown = [one for one in measures if np.isfinite(one.known).any()]
    left_out = [f"{one.label}: not drawn, since no subject has one." for one in measures if one not in shown]
    if not shown:
        return (), tuple(left_out)
    end = "" if hypothetical is None else f" The regimen is hypothetical ({hypothetical}): nobody was given it."
    drawings = [_distributions(ids, shown, at_risk, landmark, what, end)]
    if has_event is None:
        return tuple(drawings), tuple(left_out)
    outcome = np.array([math.nan if one is None else float(one) for one in has_event])
    if not {0.0, 1.0} <= set(outcome.tolist()):
        left_out.append("By outcome: not drawn, since not both outcomes are there.")
        return tuple(drawings), tuple(left_out)
    drawings.append(_by_outcome(ids, shown, outcome, at_risk, landmark, what + "." + end))
    return tuple(drawings), tuple(left_out)


def _distributions(
    ids: Sequence[str],
    measures: Sequence[DrawnMeasure],
    at_risk: Sequence[bool] | None,
    landmark: float | None,
    what: str,
    end: str,
) -> Drawing:
    title = "Exposure over subjects"
    left = None if at_risk is None else np.array(at_risk, dtype=np.bool_)

    def draw(figure: Figure) -> None:
        for i, one in enumerate(measures):
            axes = _panel(figure, i, len(measures), x=one.label, y="Share of subjects" if i % _PER_ROW == 0 else "")
            _set_axis(axes, "x", one)
            _steps(axes, one.known, BLUE, "-", "all")
            if left is not None:
                _steps(axes, one.known[left], ORANGE, DASHES, "landmark")
            axes.set_ylim(0.0, 1.0)
            axes.set_yticks((0.0, 0.5, 1.0), ("0", "0.5", "1"))

    beside = "" if landmark is None else f" Dashed: those at risk on day {landmark:g}."
    caption = f"Share of the subjects with a value up to each; the value is the {what}.{beside}{end}"
    head = ("id", *(one.name for one in measures))
    rows: list[tuple[Cell, ...]] = [(name, *(float(one.values[i]) for one in measures)) for i, name in enumerate(ids)]
    picture = svg(draw, width_mm=_WIDTH_MM, height_mm=_height(len(measures)), name="exposure-distribution")
    return Drawing("exposure-distribution", title, caption, picture, Table(head, tuple(rows)))


def _by_outcome(
    ids: Sequence[str],
    measures: Sequence[DrawnMeasure],
    outcome: FloatArray,
    at_risk: Sequence[bool] | None,
    landmark: float | None,
    what: str,
) -> Drawing:
    title = "Exposure by outcome"
    left = np.ones(outcome.size, dtype=np.bool_) if at_risk is None else np.array(at_risk, dtype=np.bool_)

    def draw(figure: Figure) -> None:
        for i, one in enumerate(measures):
            axes = _panel(figure, i, len(measures), x="", y=one.label)
            _set_axis(axes, "y", one)
            for place, (name, value, colour) in enumerate(_OUTCOMES):
                own = outcome == float(value)
                _scattered(axes, float(place), one.known, own, left, colour, name)
            axes.set_xlim(-0.5, 1.5)
            axes.set_xticks((0.0, 1.0), [name for name, *_ in _OUTCOMES])
            axes.grid(visible=False, axis="x")

    hollow = "" if landmark is None else f" Hollow dots: not at risk on day {landmark:g}."
    n_event = int((outcome == 1.0).sum())
    caption = (
        f"{counted(n_event, 'subject')} with the event and {int((outcome == 0.0).sum()):,} without; each dot is the {what} "
        f"Lines are medians and quartiles.{hollow} Differences are associations, not effects of treatment."
    )
    head = ("id", "event", *(("at_risk",) if at_risk is not None else ()), *(one.name for one in measures))
    rows: list[tuple[Cell, ...]] = [
        (
            name,
            float(outcome[i]),
            *(() if at_risk is None else (int(at_risk[i]),)),
            *(float(one.values[i]) for one in measures),
        )
        for i, name in enumerate(ids)
    ]
    picture = svg(draw, width_mm=_WIDTH_MM, height_mm=_height(len(measures)), name="exposure-by-outcome")
    return Drawing("exposure-by-outcome", title, caption, picture, Table(head, tuple(rows)))


def _height(n: int) -> float:
    return _ROW_MM * math.ceil(n / _PER_ROW)


def _panel(figure: Figure, i: int, n: int, *, x: str, y: str) -> Axes:
    n_rows = math.ceil(n / _PER_ROW)
    row, column = divmod(i, _PER_ROW)
    height = 1.0 / n_rows
    box = (0.085 + column / _PER_ROW, 1.0 - (row + 1) * height + 0.24 * height, 1.0 / _PER_ROW - 0.1, 0.68 * height)
    return styled(figure.add_axes(box), x=x, y=y)


def _set_axis(axes: Axes, which: Any, one: DrawnMeasure) -> None:  # noqa: ANN401 - x or y
    """Make the axis of a positive measure logarithmic where its values lie apart."""
    ends = range_of(one.known)
    if one.is_log or ends is None or ends[1] / ends[0] < 3.0:
        return
    with_log_axis(axes, which, *ends)
    if which == "x" and len(ticks := axes.get_xticks()) > _MOST_TICKS:
        axes.set_xticks(ticks, [f"{tick:g}" if i % 2 == 0 else "" for i, tick in enumerate(ticks)])


def _steps(axes: Axes, values: FloatArray, colour: str, line: Any, name: str) -> None:  # noqa: ANN401 - a line style
    """Draw the share of subjects with a value up to each."""
    known = np.sort(values[np.isfinite(values)])
    if not known.size:
        return
    share = np.arange(1, known.size + 1) / known.size
    if known.size > _STEPS:
        share = np.arange(1, _STEPS + 1) / _STEPS
        known = np.quantile(known, share)
    axes.step(known, share, where="post", color=colour, linewidth=1.2, linestyle=line, gid=marks(name))


def _scattered(
    axes: Axes, place: float, values: FloatArray, own: BoolArray, left: BoolArray, colour: str, name: str
) -> None:
    """Draw dots beside each other, with their median and quartiles."""
    at = np.flatnonzero(own & np.isfinite(values))
    if not at.size:
        axes.text(place, 0.5, "none", transform=axes.get_xaxis_transform(), ha="center", color=INK2, fontsize=FONT_PT)
        return
    shown = at[np.unique(np.linspace(0, at.size - 1, min(at.size, _MOST_DOTS)).round().astype(np.int64))]
    x = place + 0.56 * (np.mod(_GOLDEN * np.arange(1, shown.size + 1), 1.0) - 0.5)
    size = 3.2 if shown.size <= 100 else 2.2
    for is_full, face in ((True, colour), (False, "none")):
        some = left[shown] == is_full
        look = {"markersize": size, "markeredgewidth": 0.7, "markerfacecolor": face, "alpha": 0.6}
        axes.plot(x[some], values[shown][some], "o", color=colour, gid=marks(name), **look)
    low, middle, high = np.quantile(values[at], (0.25, 0.5, 0.75))
    axes.hlines((low, high), place - 0.3, place + 0.3, color=INK2, linewidth=0.8)
    axes.hlines(middle, place - 0.36, place + 0.36, color=INK2, linewidth=1.8)

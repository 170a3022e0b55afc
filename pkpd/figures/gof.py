"""Goodness of fit: levels against predictions, and residuals over time and prediction."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np

from pkpd.data.records import Censoring
from pkpd.figures.level_marks import is_quantified, limit_of, limits
from pkpd.figures.look import DASHES, INK2, ORANGE, dots, range_of, styled, with_log_axis
from pkpd.figures.npde import SELECTION, npde_distribution
from pkpd.figures.sheet import Drawing, Table, marks, svg
from pkpd.figures.trend import running_median

if TYPE_CHECKING:
    from collections.abc import Iterable

    from pkpd.arrays import BoolArray, FloatArray
    from pkpd.diagnostics.records import LevelRecords
    from pkpd.figures.sheet import Axes, Cell, Figure

_WIDTH_MM, _HEIGHT_MM, _SQUARE_MM = 104.0, 66.0, 98.0
_NORMAL_95, _MEDIAN_OF_SIZE = (
    1.96,
    0.6745,
)  # of a standard normal: its central 95 %, and the median of its absolute value
# More dots than these are not told apart, and make a file that browsers open slowly.
_MOST_DOTS = 10_000
# Of the lowest level or limit: predictions far below it would press everything else into a corner.
_FLOOR = 0.1
_WORDS = {Censoring.NONE: "", Censoring.BELOW: "below", Censoring.ABOVE: "above", Censoring.BETWEEN: "between"}
_TREND = "The orange line is a running median over a quarter of the levels, those nearest along the horizontal axis"


@dataclass(frozen=True, slots=True)
class _Residual:
    """One plot of residuals: which column against which, and the words for it."""

    name: str
    title: str
    y: str
    x: str
    y_label: str
    x_label: str
    is_size: bool = False


_TIME, _PRED, _IPRED = "Time (day)", "Population prediction (mg/L)", "Individual prediction (mg/L)"
_RESIDUALS = (
    _Residual("iwres-time", "IWRES over time", "iwres", "time", "IWRES", _TIME),
    _Residual("iwres-ipred", "Size of IWRES over individual prediction", "iwres", "ipred", "|IWRES|", _IPRED, True),  # noqa: FBT003
    _Residual("cwres-time", "CWRES over time", "cwres", "time", "CWRES", _TIME),
    _Residual("cwres-pred", "CWRES over population prediction", "cwres", "pred", "CWRES", _PRED),
    _Residual("npde-time", "NPDE over time", "npde", "time", "NPDE", _TIME),
    _Residual("npde-pred", "NPDE over population prediction", "npde", "pred", "NPDE", _PRED),
)


def gof_figures(records: LevelRecords) -> tuple[tuple[Drawing, ...], tuple[str, ...]]:
    """Return the figures of goodness of fit, and a sentence for each that has nothing to show.

    Parameters
    ----------
    records : LevelRecords
        Levels with predictions and residuals.

    Returns
    -------
    drawings : tuple of Drawing
        Levels over PRED and over IPRED; IWRES over time, and its size over IPRED; CWRES and NPDE over time and PRED; the
        distribution of NPDE.
    left_out : tuple of str
        Why others are not drawn.
    """
    found = [
        dv_prediction(records, "pred", "Levels over population predictions", _PRED),
        dv_prediction(records, "ipred", "Levels over individual predictions", _IPRED),
        *(_residual_figure(records, one) for one in _RESIDUALS),
        npde_distribution(records.npde, n_censored=int((~is_quantified(records.censoring)).sum())),
    ]
    drawings = tuple(one for one in found if isinstance(one, Drawing))
    return drawings, tuple(one for one in found if isinstance(one, str))


def dv_prediction(records: LevelRecords, column: str, title: str, label: str) -> Drawing | str:
    """Return levels over one of the predictions on logarithmic axes with the line of identity.

    Censored levels stand at their limit as triangles that point where they lie. Predictions of less than a tenth of the lowest
    level or limit stand at the left border. Returned is a sentence where no level is positive.
    """
    prediction: FloatArray = getattr(records, column)
    at = limit_of(records.level, records.lower, records.upper, records.censoring)
    has_place = np.isfinite(prediction) & np.isfinite(at) & (at > 0.0)
    known = range_of(at[has_place])
    if known is None:
        return f"{title}: not drawn, since no level with a prediction is above zero."
    floor = known[0] * _FLOOR
    x = np.maximum(prediction, floor)
    ends = range_of(x[has_place], at[has_place]) or known

    def draw(figure: Figure) -> None:
        axes = styled(figure.add_axes((0.13, 0.12, 0.84, 0.85)), x=label, y="Level (mg/L)")
        with_log_axis(axes, "x", *ends)
        with_log_axis(axes, "y", *ends)
        axes.axline((1.0, 1.0), (10.0, 10.0), color=INK2, linewidth=0.9, gid=marks("identity"), zorder=2)
        shown = _thinned(has_place)
        is_level = is_quantified(records.censoring)
        dots(axes, x[shown & is_level], records.level[shown & is_level])
        limits(
            axes,
            x[shown],
            lower=records.lower[shown],
            upper=records.upper[shown],
            censoring=records.censoring[shown],
        )
        _trend(axes, x[has_place], _ranked(records)[has_place])

    caption = [
        f"{title}, on logarithmic axes.",
        _count_of_levels(records, has_place),
        "The grey line is identity.",
        f"{_TREND}, censored ones counting on their side of it."
        if int(has_place.sum()) >= 22
        else "",  # as in the trend
        _at_border(int((has_place & (prediction < floor)).sum()), floor),
        _without_place(int((~has_place).sum())),
        _thinned_sentence(has_place),
    ]
    columns = {"level": records.level, "lower_limit": records.lower, "upper_limit": records.upper, column: prediction}
    return Drawing(
        name=f"dv-{column}",
        title=title,
        caption=_sentences(caption),
        svg=svg(draw, width_mm=_SQUARE_MM, height_mm=_SQUARE_MM, name=f"dv-{column}"),
        table=_table(records, columns),
    )


def _residual_figure(records: LevelRecords, one: _Residual) -> Drawing | str:
    x: FloatArray = getattr(records, one.x)
    y: FloatArray = getattr(records, one.y)
    is_known = np.isfinite(y)
    if not is_known.any():
        return f"{one.title}: not drawn, since no level has one (censored levels have none)."
    is_log = one.x != "time"
    has_place = is_known & np.isfinite(x) & ((x > 0.0) | (not is_log))
    if not has_place.any():
        return f"{one.title}: not drawn, since no prediction is above zero."
    values = np.abs(y) if one.is_size else y
    n_censored = int((~is_quantified(records.censoring)).sum())
    caption = [
        f"{one.title}, of the quantified levels ({int(has_place.sum()):,})"
        + (f"; censored levels ({n_censored:,}) have none. {SELECTION}" if n_censored else "."),
        "The dashed line is 0.67, the median expected."
        if one.is_size
        else "The dashed lines enclose 95 % of what is expected.",
        f"{_TREND}." if int(has_place.sum()) >= 22 else "",
        _without_prediction(int((is_known & ~has_place).sum())),
        _thinned_sentence(has_place),
    ]
    return Drawing(
        name=one.name,
        title=one.title,
        caption=_sentences(caption),
        svg=svg(
            partial(_draw_residual, one=one, x=x, y=values, has_place=has_place),
            width_mm=_WIDTH_MM,
            height_mm=_HEIGHT_MM,
            name=one.name,
        ),
        table=_table(records, {one.x: x, one.y: y} if is_log else {one.y: y}, is_known),
    )


def _draw_residual(figure: Figure, *, one: _Residual, x: FloatArray, y: FloatArray, has_place: BoolArray) -> None:
    axes = styled(figure.add_axes((0.1, 0.16, 0.88, 0.81)), x=one.x_label, y=one.y_label)
    ends = range_of(x[has_place])
    if one.x != "time" and ends is not None:
        with_log_axis(axes, "x", *ends)
    for level in (_MEDIAN_OF_SIZE,) if one.is_size else (-_NORMAL_95, _NORMAL_95):
        axes.axhline(level, color=INK2, linewidth=0.8, linestyle=DASHES, gid=marks("expected"), zorder=2)
    if not one.is_size:
        axes.axhline(0.0, color=INK2, linewidth=0.8, zorder=2)
    shown = _thinned(has_place)
    dots(axes, x[shown], y[shown], "residuals")
    largest = max(1.1 * float(np.abs(y[has_place]).max()), 2.5)
    axes.set_ylim(0.0 if one.is_size else -largest, largest)
    _trend(axes, x[has_place], y[has_place])


def _trend(axes: Axes, x: FloatArray, y: FloatArray) -> None:
    places, medians = running_median(x, y)
    known = np.isfinite(medians)
    if known.any():
        axes.plot(places[known], medians[known], color=ORANGE, linewidth=1.6, gid=marks("trend"), zorder=5)


def _ranked(records: LevelRecords) -> FloatArray:
    """Return levels for a median: censored ones beyond all others, those between two limits in their middle."""
    kinds = [records.censoring == int(kind) for kind in (Censoring.BELOW, Censoring.ABOVE, Censoring.BETWEEN)]
    middle = 0.5 * (records.lower + records.upper)
    return np.select(kinds, [np.full_like(middle, -np.inf), np.full_like(middle, np.inf), middle], records.level)


def _thinned(has_place: BoolArray) -> BoolArray:
    """Return which points are drawn: all, or evenly chosen ones of very many."""
    places = np.flatnonzero(has_place)
    if places.size <= _MOST_DOTS:
        return has_place
    chosen = np.zeros_like(has_place)
    chosen[places[np.linspace(0, places.size - 1, _MOST_DOTS).round().astype(np.int64)]] = True
    return chosen


def _thinned_sentence(has_place: BoolArray) -> str:
    n = int(has_place.sum())
    return f"Of {n:,} points {_MOST_DOTS:,} are drawn, evenly chosen." if n > _MOST_DOTS else ""


def _count_of_levels(records: LevelRecords, has_place: BoolArray) -> str:
    counts = {kind: int((records.censoring[has_place] == int(kind)).sum()) for kind in Censoring}
    words = {
        Censoring.NONE: "quantified levels (dots)",
        Censoring.BELOW: "levels below a limit (triangles pointing down, standing at it)",
        Censoring.ABOVE: "levels above a limit (triangles pointing up, standing at it)",
        Censoring.BETWEEN: "levels between two limits (bars)",
    }
    shown = [f"{text}: {counts[kind]:,}" for kind, text in words.items() if counts[kind] or kind is Censoring.NONE]
    return f"Shown are {'; '.join(shown)}."


def _at_border(n: int, floor: float) -> str:
    if not n:
        return ""
    return f"{n:,} {'prediction' if n == 1 else 'predictions'} below {floor:.2g} mg/L stand at the left border."


def _without_place(n: int) -> str:
    if not n:
        return ""
    return f"{n:,} {'level has' if n == 1 else 'levels have'} no place on a logarithmic axis, being zero."


def _without_prediction(n: int) -> str:
    return f"{n:,} with a prediction of zero {'has' if n == 1 else 'have'} no place on a logarithmic axis." if n else ""


def _sentences(parts: Iterable[str]) -> str:
    return " ".join(part for part in parts if part)


def _table(records: LevelRecords, columns: dict[str, FloatArray], which: BoolArray | None = None) -> Table:
    """Return columns beside subject, line, time and kind of each level."""
    places = range(records.n_levels) if which is None else np.flatnonzero(which).tolist()
    values: list[list[Any]] = [column.tolist() for column in columns.values()]
    line, time, censoring = records.line.tolist(), records.time.tolist(), records.censoring.tolist()
    rows: list[tuple[Cell, ...]] = [
        (records.ids[i], line[i], time[i], _WORDS[Censoring(censoring[i])], *(column[i] for column in values))
        for i in places
    ]
    return Table(("id", "line", "time", "censored", *columns), tuple(rows))

"""Predictive performance: levels over predictions, coverage of prediction intervals, and levels beyond limits beside those expected."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from pkpd.data.records import Censoring
from pkpd.diagnostics.calibration import N_BINS, binomial, drawn_places, histogram
from pkpd.figures.level_marks import is_quantified, limit_of, limits
from pkpd.figures.look import BAND, BLUE, DASHES, GREEN, INK2, ORANGE, dots, range_of, styled, with_log_axis
from pkpd.figures.sheet import Drawing, Table, marks, svg
from pkpd.units import percent_from_fraction

if TYPE_CHECKING:
    from pkpd.arrays import BoolArray, FloatArray
    from pkpd.diagnostics.performance import Performance
    from pkpd.diagnostics.predictive_distribution import Predicted
    from pkpd.figures.sheet import Axes, Cell, Figure

_SQUARE_MM, _WIDTH_MM, _LOW_MM = 98.0, 150.0, 66.0
_MOST_DOTS = 10_000
_WANTED = np.arange(1, 20) / 20.0
# Of the lowest level or limit: predictions far below it would press everything else into a corner.
_FLOOR = 0.1
_WORDS = {Censoring.NONE: "", Censoring.BELOW: "below", Censoring.ABOVE: "above", Censoring.BETWEEN: "between"}
_STAGES = (("a-priori", "a priori", BLUE), ("forecast", "forecast", ORANGE))


def performance_figures(found: Performance) -> tuple[tuple[Drawing, ...], tuple[str, ...]]:
    """Return the figures of predictive performance, and a sentence for each that has nothing to show."""
    has_before = found.n_before > 0
    everyone = np.ones(has_before.size, dtype=np.bool_)
    drawn = [_levels(found, found.a_priori, everyone, "a-priori", "Levels over predictions a priori")]
    if has_before.any():
        drawn.append(
            _levels(found, found.forecast, has_before, "forecast", "Levels over forecasts from earlier samples")
        )
    else:
        drawn.append("Forecasts: not drawn, since no subject has samples at two times.")
    drawn += [_coverage(found), _places(found)]
    return (
        tuple(one for one in drawn if isinstance(one, Drawing)),
        tuple(one for one in drawn if isinstance(one, str)),
    )


def _levels(found: Performance, predicted: Predicted, rows: BoolArray, name: str, title: str) -> Drawing | str:
    data = found.cohort
    at = limit_of(data.level, data.lloq, data.uloq, data.censoring)
    has_place = rows & np.isfinite(predicted.point) & np.isfinite(at) & (at > 0.0)
    known = range_of(at[has_place])
    if known is None:
        return f"{title}: not drawn, since no level with a prediction is above zero."
    x = np.maximum(predicted.point, known[0] * _FLOOR)
    ends = range_of(x[has_place], at[has_place]) or known
    places = np.flatnonzero(has_place)
    shown = places[np.unique(np.linspace(0, places.size - 1, min(places.size, _MOST_DOTS)).round().astype(np.int64))]

    def draw(figure: Figure) -> None:
        axes = styled(figure.add_axes((0.13, 0.12, 0.84, 0.85)), x="Prediction (mg/L)", y="Level (mg/L)")
        with_log_axis(axes, "x", *ends)
        with_log_axis(axes, "y", *ends)
        axes.axline((1.0, 1.0), (10.0, 10.0), color=INK2, linewidth=0.9, gid=marks("identity"), zorder=2)
        for factor in (1.0 / 0.7, 1.0 / 1.3):
            axes.axline(
                (1.0, factor), (10.0, 10.0 * factor), color=INK2, linewidth=0.7, linestyle=DASHES, gid=marks("within")
            )
        is_level = is_quantified(data.censoring[shown])
        dots(axes, x[shown][is_level], data.level[shown][is_level])
        own = (data.lloq[shown], data.uloq[shown], data.censoring[shown])
        limits(axes, x[shown], lower=own[0], upper=own[1], censoring=own[2])

    n_censored = int((data.censoring[places] != int(Censoring.NONE)).sum())
    caption = (
        f"{title}, on logarithmic axes: {places.size - n_censored:,} quantified levels (dots) and {n_censored:,} censored ones "
        "(triangles at their limit that point where they lie). The line is identity; predictions between the dashed ones are within "
        "30 % of the level."
    )
    columns = ("id", "line", "time", "censored", "level", "lower_limit", "upper_limit", "prediction")
    table = Table(columns, tuple(_row(found, predicted, int(i)) for i in places))
    picture = svg(draw, width_mm=_SQUARE_MM, height_mm=_SQUARE_MM, name=f"performance-{name}")
    return Drawing(f"performance-{name}", title, caption, picture, table)


def _row(found: Performance, predicted: Predicted, i: int) -> tuple[Cell, ...]:
    data = found.cohort
    return (
        data.ids[int(found.subject[i])],
        int(data.sample_line[i]),
        float(data.sample_time[i]),
        _WORDS[Censoring(int(data.censoring[i]))],
        float(data.level[i]),
        float(data.lloq[i]),
        float(data.uloq[i]),
        float(predicted.point[i]),
    )


def _stage_places(found: Performance) -> list[tuple[str, str, str, FloatArray]]:
    """Return the places of the measurements of each stage that has some, with its names and its colour."""
    rows = (found.is_predicted, found.is_predicted & (found.n_before > 0))
    return [
        (*words, drawn_places(one.place[used], found.uniform[used]))
        for words, one, used in zip(_STAGES, (found.a_priori, found.forecast), rows, strict=True)
        if used.any()
    ]


def _coverage(found: Performance) -> Drawing | str:
    title = "Coverage of prediction intervals"
    stages = _stage_places(found)
    if not stages:
        return f"{title}: not drawn, since nothing is predicted."
    percent = percent_from_fraction(1.0)
    inside = {
        name: [binomial(int((np.abs(places - 0.5) <= 0.5 * wanted).sum()), places.size) for wanted in _WANTED]
        for name, _, _, places in stages
    }

    def draw(figure: Figure) -> None:
        for k, (name, words, colour, _) in enumerate(stages):
            axes = styled(
                figure.add_axes((0.08 + 0.49 * k, 0.18, 0.4, 0.76)), x="Interval (%)", y=f"Levels inside, {words} (%)"
            )
            axes.axline((0.0, 0.0), (1.0, 1.0), color=INK2, linewidth=0.9, gid=marks("identity"))
            low, middle, high = (
                [percent * getattr(one, part) for one in inside[name]] for part in ("low", "value", "high")
            )
            axes.fill_between(percent * _WANTED, low, high, color=BAND, linewidth=0.0, gid=marks(f"interval-{name}"))
            axes.plot(
                percent * _WANTED,
                middle,
                "o-",
                color=colour,
                markersize=2.8,
                linewidth=1.1,
                gid=marks(f"inside-{name}"),
            )
            _square(axes)

    head = ("interval_pct", *(f"{name}_{part}_pct" for name, *_ in stages for part in ("inside", "low", "high")))
    rows: list[tuple[Cell, ...]] = [
        (
            float(percent * wanted),
            *(percent * value for name, *_ in stages for value in inside[name][k]),
        )
        for k, wanted in enumerate(_WANTED)
    ]
    caption = (
        "Share of the levels inside their own prediction intervals, residual error included, beside what the intervals are to hold (line). "
        "The band is the exact 95 % binomial interval. A censored level has a place drawn from what is known of it."
    )
    picture = svg(draw, width_mm=_WIDTH_MM, height_mm=_LOW_MM, name="performance-coverage")
    return Drawing("performance-coverage", title, caption, picture, Table(head, tuple(rows)))


def _square(axes: Axes) -> None:
    axes.set_xlim(0.0, 100.0)
    axes.set_ylim(0.0, 100.0)


def _places(found: Performance) -> Drawing | str:
    title = "Places of the levels in what was predicted"
    stages = _stage_places(found)
    if not stages:
        return f"{title}: not drawn, since nothing is predicted."
    counts = {name: histogram(places) for name, _, _, places in stages}
    ends = percent_from_fraction(1.0) * np.linspace(0.0, 1.0, N_BINS + 1)

    def draw(figure: Figure) -> None:
        for k, (name, words, _, places) in enumerate(stages):
            axes = styled(figure.add_axes((0.08 + 0.49 * k, 0.18, 0.4, 0.76)), x=f"Percentile, {words}", y="Levels")
            axes.bar(
                ends[:-1], counts[name], width=np.diff(ends), align="edge", color=GREEN, alpha=0.6, gid=marks(name)
            )
            axes.axhline(places.size / N_BINS, color=INK2, linewidth=0.9, linestyle=DASHES, gid=marks("expected"))

    head = ("from_pct", "to_pct", *(name for name, *_ in stages))
    rows: list[tuple[Cell, ...]] = [
        (float(ends[b]), float(ends[b + 1]), *(int(counts[name][b]) for name, *_ in stages)) for b in range(N_BINS)
    ]
    caption = (
        "How many levels lie in each tenth of their predictive distributions; the dashed line is expected under a true model. Levels "
        "heaped at both ends mean predictions that are too sure, levels heaped in the middle too wide ones."
    )
    picture = svg(draw, width_mm=_WIDTH_MM, height_mm=_LOW_MM, name="performance-places")
    return Drawing("performance-places", title, caption, picture, Table(head, tuple(rows)))

"""Predictive checks: percentiles of the levels over time, shares beyond the limits, and levels outside prediction intervals."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from pkpd.data.records import Censoring
from pkpd.diagnostics.npc import PREDICTION_INTERVALS
from pkpd.diagnostics.vpc import PERCENTILES
from pkpd.figures.level_marks import is_quantified, limits
from pkpd.figures.look import BAND, BLUE, DASHES, GREEN, INK, INK2, dots, range_of, styled, with_log_axis
from pkpd.figures.sheet import Drawing, Table, marks, svg
from pkpd.units import percent_from_fraction
from pkpd.wording import counted

if TYPE_CHECKING:
    from pkpd.arrays import FloatArray
    from pkpd.diagnostics.npc import Npc
    from pkpd.diagnostics.predictive_checks import PredictiveChecks
    from pkpd.diagnostics.vpc import Vpc
    from pkpd.figures.sheet import Axes, Cell, Figure

_WIDTH_MM, _HEIGHT_MM, _LOW_MM = 150.0, 84.0, 60.0
# More dots than these are not told apart.
_MOST_DOTS = 10_000
_PERCENTS = tuple(round(100 * p) for p in PERCENTILES)
_COLOURS = (GREEN, BLUE, GREEN)
_SIMULATED = "Bands hold 95 % of the simulations"
_ENDS = ("low", "middle", "high")


def check_figures(checks: PredictiveChecks) -> tuple[tuple[Drawing, ...], tuple[str, ...]]:
    """Return the figures of predictive checks, and a sentence for each that has nothing to show."""
    words = "Time after dose (day)" if checks.options.is_after_dose else "Time (day)"
    found = (
        _percentiles(checks.vpc, words, is_corrected=checks.options.is_corrected),
        _shares(checks.vpc, words),
        _intervals(checks.npc),
        *(
            _percentiles(part, words, is_corrected=checks.options.is_corrected, name=f"vpc-stratum-{k}", stratum=label)
            for k, (label, part) in enumerate(checks.strata, start=1)
        ),
    )
    return (
        tuple(one for one in found if isinstance(one, Drawing)),
        tuple(one for one in found if isinstance(one, str)),
    )


def _percentiles(
    visual: Vpc, time_words: str, *, is_corrected: bool, name: str = "vpc", stratum: str = ""
) -> Drawing | str:
    title = "Prediction-corrected visual check" if is_corrected else "Visual predictive check"
    title += f": {stratum}" if stratum else ""
    ends = range_of(visual.level, visual.observed.ravel(), visual.simulated.ravel())
    if ends is None:
        return f"{title}: not drawn, since no level is above zero."

    def draw(figure: Figure) -> None:
        label = "Level, corrected (mg/L)" if is_corrected else "Level (mg/L)"
        axes = styled(figure.add_axes((0.09, 0.14, 0.89, 0.83)), x=time_words, y=label)
        with_log_axis(axes, "y", *ends)
        _set_times(axes, visual)
        step = max(1, -(-visual.time.size // _MOST_DOTS))
        shown = slice(None, None, step)
        is_level = is_quantified(visual.censoring[shown])
        dots(axes, visual.time[shown][is_level], visual.level[shown][is_level], size=2.4)
        at = visual.level[shown]
        limits(axes, visual.time[shown], lower=at, upper=at, censoring=visual.censoring[shown], size=5.0)
        for p, colour in enumerate(_COLOURS):
            _band(axes, visual, visual.simulated[:, p], colour, f"simulated-p{_PERCENTS[p]}")
            _line(axes, visual, visual.observed[:, p], INK, f"observed-p{_PERCENTS[p]}", is_dashed=p != 1)

    n_censored = int((visual.censoring != int(Censoring.NONE)).sum())
    caption = (
        f"Lines are the {_PERCENTS[0]}th, {_PERCENTS[1]}th and {_PERCENTS[2]}th percentile of {counted(visual.time.size, 'level')} in {visual.n.size} "
        f"bins of time. {_SIMULATED}, censored at the limits of each sample; a dashed edge is the only end that is known. "
        f"{n_censored:,} censored levels stand at their limit as triangles that point where they lie; percentiles among them are not drawn."
    )
    if is_corrected:
        caption += " Levels are multiplied by the median prediction of their bin over their own prediction."
    head = ("from_day", "to_day", "n", *(f"p{p}_{part}" for p in _PERCENTS for part in ("observed", *_ENDS)))
    rows: list[tuple[Cell, ...]] = [
        (
            *_bin(visual, k),
            *(
                value
                for p in range(len(_PERCENTS))
                for value in (float(visual.observed[k, p]), *map(float, visual.simulated[k, p]))
            ),
        )
        for k in range(visual.n.size)
    ]
    picture = svg(draw, width_mm=_WIDTH_MM, height_mm=_HEIGHT_MM, name=name)
    return Drawing(name, title, caption, picture, Table(head, tuple(rows)))


def _shares(visual: Vpc, time_words: str) -> Drawing | str:
    title = "Levels beyond the limits of quantification"
    sides = (
        ("below", "Below the lower limit (%)", visual.below, visual.below_simulated),
        ("above", "Above the upper limit (%)", visual.above, visual.above_simulated),
    )
    if not any(observed.any() or simulated.any() for _, _, observed, simulated in sides):
        return f"{title}: not drawn, since no level and no simulation lies beyond a limit."

    def draw(figure: Figure) -> None:
        for k, (name, label, observed, simulated) in enumerate(sides):
            axes = styled(figure.add_axes((0.08 + 0.5 * k, 0.19, 0.41, 0.76)), x=time_words, y=label)
            _set_times(axes, visual)
            axes.set_ylim(0.0, 100.0)
            _band(axes, visual, percent_from_fraction(1.0) * simulated, BLUE, f"simulated-{name}")
            _line(axes, visual, percent_from_fraction(1.0) * observed, INK, f"observed-{name}")

    head = (
        "from_day",
        "to_day",
        "n",
        *(f"{s}_pct_{part}" for s in ("below", "above") for part in ("observed", *_ENDS)),
    )
    rows: list[tuple[Cell, ...]] = [
        (
            *_bin(visual, k),
            *(
                percent_from_fraction(float(value))
                for _, _, observed, simulated in sides
                for value in (observed[k], *simulated[k])
            ),
        )
        for k in range(visual.n.size)
    ]
    caption = f"Share of the levels of each bin that lies beyond its limits. {_SIMULATED}."
    picture = svg(draw, width_mm=_WIDTH_MM, height_mm=_LOW_MM, name="vpc-limits")
    return Drawing("vpc-limits", title, caption, picture, Table(head, tuple(rows)))


def _intervals(numerical: Npc) -> Drawing:
    wanted = percent_from_fraction(1.0) * np.array(PREDICTION_INTERVALS)
    sides = (
        ("below", "Below the interval (%)", numerical.below, numerical.below_simulated),
        ("above", "Above the interval (%)", numerical.above, numerical.above_simulated),
    )

    def draw(figure: Figure) -> None:
        for k, (name, label, observed, simulated) in enumerate(sides):
            axes = styled(figure.add_axes((0.08 + 0.5 * k, 0.19, 0.41, 0.76)), x="Prediction interval (%)", y=label)
            low, middle, high = percent_from_fraction(1.0) * simulated.T
            axes.fill_between(wanted, low, high, color=BAND, linewidth=0.0, gid=marks(f"simulated-{name}"))
            axes.plot(wanted, middle, color=INK2, linewidth=0.9, linestyle=DASHES, gid=marks(f"middle-{name}"))
            axes.plot(
                wanted,
                percent_from_fraction(1.0) * observed,
                "o-",
                color=BLUE,
                markersize=3.0,
                linewidth=1.1,
                gid=marks(f"observed-{name}"),
            )

    head = ("interval_pct", *(f"{s}_pct_{part}" for s in ("below", "above") for part in ("observed", *_ENDS)))
    rows: list[tuple[Cell, ...]] = [
        (
            float(wanted[k]),
            *(
                percent_from_fraction(float(value))
                for _, _, observed, simulated in sides
                for value in (observed[k], *simulated[k])
            ),
        )
        for k in range(wanted.size)
    ]
    caption = (
        "Share of the levels outside prediction intervals of their own. The band holds 95 % of the simulations, the dashed line is their "
        "middle. A censored level is outside only where the end of its interval was quantified, in the data and in the simulations alike."
    )
    picture = svg(draw, width_mm=_WIDTH_MM, height_mm=_LOW_MM, name="npc")
    return Drawing("npc", "Numerical predictive check", caption, picture, Table(head, tuple(rows)))


def _bin(visual: Vpc, k: int) -> tuple[float, float, int]:
    return float(visual.edges[k]), float(visual.edges[k + 1]), int(visual.n[k])


def _set_times(axes: Axes, visual: Vpc) -> None:
    room = 0.02 * max(float(visual.edges[-1] - visual.edges[0]), 1.0)
    axes.set_xlim(float(visual.edges[0]) - room, float(visual.edges[-1]) + room)


def _band(axes: Axes, visual: Vpc, simulated: FloatArray, colour: str, name: str) -> None:
    """Draw where a figure lies in the simulations, bin by bin; of an open one the end that is known."""
    for k in range(visual.n.size):
        left, right = float(visual.edges[k]), float(visual.edges[k + 1])
        if right == left:
            left, right = left - 0.5, right + 0.5
        low, _, high = simulated[k]
        if np.isfinite(low) and np.isfinite(high):
            axes.fill_between([left, right], low, high, color=colour, alpha=0.22, linewidth=0.0, gid=marks(name))
        else:
            for end in (low, high):
                if np.isfinite(end):
                    axes.plot([left, right], [end, end], color=colour, linewidth=0.8, linestyle=DASHES, gid=marks(name))


def _line(axes: Axes, visual: Vpc, observed: FloatArray, colour: str, name: str, *, is_dashed: bool = False) -> None:
    """Draw what was observed from bin to bin, with a mark in each; a gap where it is open."""
    style = {"linestyle": DASHES} if is_dashed else {}
    axes.plot(
        visual.centre,
        observed,
        marker="o",
        markersize=2.6,
        color=colour,
        linewidth=1.2,
        gid=marks(name),
        zorder=5,
        **style,
    )

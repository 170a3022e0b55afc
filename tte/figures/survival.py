"""Survival as it was seen, by Kaplan and Meier, and as fitted hazards have it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from pkpd.figures.look import BLUE, DASHES, GREEN, INK, INK2, ORANGE, styled
from pkpd.figures.sheet import Drawing, Table, marks, svg
from pkpd.wording import counted
from tte.data.events import EventKind
from tte.estimation.prediction import survival_curve
from tte.evaluation.kaplan_meier import kaplan_meier, number_at_risk, stepped
from tte.evaluation.marker_table import times_of_rows
from tte.figures.wording import EVERYONE, called

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pkpd.arrays import FloatArray
    from pkpd.figures.sheet import Axes, Cell, Figure
    from tte.data.events import Events
    from tte.estimation.fit import EventFit
    from tte.estimation.prediction import SurvivalCurve
    from tte.evaluation.kaplan_meier import KaplanMeier

_WIDTH_MM, _HEIGHT_MM = 150.0, 88.0
_N_DAYS = 181
# Steps that are drawn, of very many the ones in even distances; strokes that can be told apart.
_MOST_STEPS, _MOST_STROKES = 2000, 500
_LOOKS = ((BLUE, "-"), (ORANGE, "-"), (GREEN, "-"), (BLUE, DASHES), (ORANGE, DASHES), (GREEN, DASHES))
_HEAD = ("curve", "day", "survival", "lower", "upper", "at_risk", "events")


def survival_figure(fit: EventFit, population: tuple[str, str] = EVERYONE) -> Drawing | str:
    """Return survival with the fitted curve and its band, or a sentence where the fit has no finite curve."""
    name, title = called("survival", "Survival and the fitted hazard", population)
    curve = survival_curve(fit, _days(fit.events))
    if not np.isfinite(curve.survival).all():
        return "Survival: not drawn, since the fit gives no finite curve."
    observed = _observed(fit.events)

    def draw(figure: Figure) -> None:
        axes = _axes(figure)
        if np.isfinite(curve.lower).all():
            axes.fill_between(
                curve.day, curve.lower, curve.upper, color=BLUE, alpha=0.16, linewidth=0.0, gid=marks("band")
            )
        _steps(axes, observed, fit.events)
        axes.plot(
            curve.day,
            curve.survival,
            color=BLUE,
            linewidth=1.5,
            gid=marks("fit"),
            label=fit.model.hazard.value,
            zorder=4,
        )
        _key(axes)
        _at_risk(axes, fit.events)

    return Drawing(
        name,
        title,
        _caption(fit.events, observed)
        + f" Blue: mean survival of the subjects by the {fit.model.hazard.value} hazard with their first covariates, with a 95 % band.",
        svg(draw, width_mm=_WIDTH_MM, height_mm=_HEIGHT_MM, name=name),
        Table(_HEAD, (*_observed_rows(observed), *_curve_rows(fit.model.hazard.value, curve))),
    )


def hazards_figure(fits: Sequence[EventFit], population: tuple[str, str] = EVERYONE) -> Drawing | str:
    """Return survival with the curves of several hazards."""
    name, title = called("hazards", "Survival and all hazards", population)
    events = fits[0].events
    days = _days(events)
    curves = [(one.model.hazard.value, survival_curve(one, days)) for one in fits]
    curves = [one for one in curves if np.isfinite(one[1].survival).all()]
    if not curves:
        return "Hazards: not drawn, since no fit gives a finite curve."
    observed = _observed(events)

    def draw(figure: Figure) -> None:
        axes = _axes(figure)
        _steps(axes, observed, events)
        for (hazard, curve), (colour, dashes) in zip(curves, _LOOKS, strict=False):
            axes.plot(
                curve.day,
                curve.survival,
                color=colour,
                linestyle=dashes,
                linewidth=1.2,
                gid=marks(hazard),
                label=hazard,
                zorder=4,
            )
        _key(axes)
        _at_risk(axes, events)

    return Drawing(
        name,
        title,
        f"{_caption(events, observed)} Lines: mean survival of the subjects by each hazard with their first covariates.",
        svg(draw, width_mm=_WIDTH_MM, height_mm=_HEIGHT_MM, name=name),
        Table(_HEAD, (*_observed_rows(observed), *(row for one, curve in curves for row in _curve_rows(one, curve)))),
    )


def _days(events: Events) -> FloatArray:
    return np.linspace(float(events.start.min()), float(events.upper.max()), _N_DAYS)


def _observed(events: Events) -> KaplanMeier | None:
    return None if (events.kind == EventKind.INTERVAL).any() else kaplan_meier(times_of_rows(events))


def _axes(figure: Figure) -> Axes:
    """Return axes from 0 to 100 %: a cut axis makes a small difference look large."""
    axes = styled(figure.add_axes((0.09, 0.25, 0.89, 0.72)), x="Time (day)", y="Free of the event (%)")
    axes.set_ylim(0.0, 1.02)
    ticks = np.linspace(0.0, 1.0, 6)
    axes.set_yticks(ticks, [f"{100.0 * tick:.0f}" for tick in ticks])
    return axes


def _steps(axes: Axes, observed: KaplanMeier | None, events: Events) -> None:
    origin, end = float(events.start.min()), float(events.upper.max())
    axes.set_xlim(origin, end)
    if observed is None:
        return
    shown = slice(None, None, -(-observed.time_day.size // _MOST_STEPS))
    day = np.concatenate(([origin], observed.time_day[shown], [end]))
    for values, look in (
        (observed.low, {"color": INK2, "linewidth": 0.6, "linestyle": DASHES, "gid": marks("interval")}),
        (observed.high, {"color": INK2, "linewidth": 0.6, "linestyle": DASHES, "gid": marks("interval")}),
        (observed.survival, {"color": INK, "linewidth": 1.1, "gid": marks("observed"), "label": "Kaplan–Meier"}),
    ):
        axes.step(day, np.concatenate(([1.0], values[shown], values[-1:])), where="post", zorder=3, **look)
    last = _censored(events)
    if last.size <= _MOST_STROKES:
        height = stepped(observed.time_day, observed.survival, last)
        look = {"markersize": 4.0, "color": INK, "markeredgewidth": 0.6, "gid": marks("censored"), "zorder": 3}
        axes.plot(last, height, "|", **look)


def _censored(events: Events) -> FloatArray:
    """Return the days on which subjects were last seen without the event."""
    return events.stop[events.last & (events.kind == EventKind.CENSORED)]


def _key(axes: Axes) -> None:
    axes.legend(loc="lower left", frameon=False, fontsize="small", labelcolor=INK)


def _at_risk(axes: Axes, events: Events) -> None:
    """Write how many subjects are watched below the ticks."""
    low, high = axes.get_xlim()
    ticks = [float(tick) for tick in axes.get_xticks() if low <= tick <= high]
    watched = number_at_risk(times_of_rows(events), np.array(ticks))
    for tick, n in zip(ticks, watched.tolist(), strict=True):
        axes.annotate(
            f"{n:,}",
            (tick, 0.0),
            xytext=(0, -36),
            xycoords=("data", "axes fraction"),
            textcoords="offset points",
            ha="center",
            color=INK2,
        )
    where = {"xycoords": "axes fraction", "textcoords": "offset points", "annotation_clip": False}
    axes.annotate("Watched", (0.0, 0.0), xytext=(-34, -25), color=INK2, **where)
    axes.set_xlim(low, high)


def _caption(events: Events, observed: KaplanMeier | None) -> str:
    said = f"{counted(events.n_subjects, 'subject')}, {counted(events.n_events, 'event')}; the numbers below the axis are those watched."
    if observed is None:
        return f"{said} Some events are known by an interval only, so that there is no curve by Kaplan and Meier."
    strokes = "; strokes are subjects last seen without the event" if _censored(events).size <= _MOST_STROKES else ""
    return f"{said} Black: Kaplan and Meier's estimate with its 95 % interval (dashed){strokes}."


def _observed_rows(observed: KaplanMeier | None) -> list[tuple[Cell, ...]]:
    if observed is None:
        return []
    columns = (observed.time_day, observed.survival, observed.low, observed.high, observed.at_risk, observed.events)
    return [("observed", *map(float, row[:4]), *map(int, row[4:])) for row in zip(*columns, strict=True)]


def _curve_rows(name: str, curve: SurvivalCurve) -> list[tuple[Cell, ...]]:
    columns = (curve.day, curve.survival, curve.lower, curve.upper)
    return [(name, *map(float, row), "", "") for row in zip(*columns, strict=True)]

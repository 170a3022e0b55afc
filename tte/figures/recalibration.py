"""An event model before and after its recalibration: risk over exposure with both bands, and the calibration of each."""

from __future__ import annotations

from dataclasses import replace
from statistics import NormalDist
from typing import TYPE_CHECKING

import numpy as np

from pkpd.figures.look import BLUE, DASHES, GREY, INK2, ORANGE, styled
from pkpd.figures.sheet import Drawing, Table, marks, svg
from pkpd.units import percent_from_fraction
from tte.data.events import EventKind
from tte.figures.calibration import calibration_figure
from tte.recalibration.parameters import log_hazard, parameters_of, risk_of
from tte.recalibration.population import HORIZON_DAY

if TYPE_CHECKING:
    from pkpd.arrays import BoolArray, FloatArray
    from pkpd.figures.sheet import Axes, Cell, Figure
    from tte.recalibration.calibration import Calibration
    from tte.recalibration.parameters import RiskParameters
    from tte.recalibration.recalibrate import Recalibration

_WIDTH_MM, _HEIGHT_MM = 120.0, 92.0
_N_POINTS = 121
_ROOM = 0.3
_PERCENT = percent_from_fraction(1.0)
_HEAD = ("model", "log_auc_cl", "risk_pct", "low_pct", "high_pct")


def recalibration_figures(found: Recalibration, *, key: str, words: str, threshold: float) -> tuple[Drawing | str, ...]:
    """Return the figures of a recalibration, or sentences on those that are not drawn.

    Parameters
    ----------
    found : Recalibration
        The recalibration.
    key, words : str
        What its patients are called in names of files, and in words.
    threshold : float
        Threshold of the new model.
    """
    drawn: list[Drawing | str] = [risk_figure(found, key=key, words=words, threshold=threshold)]
    for when, one in (("before", found.before), ("after", found.after)):
        drawn.append(_calibration(found, one, when=when, key=key, words=words))
    return tuple(drawn)


def risk_figure(found: Recalibration, *, key: str, words: str, threshold: float) -> Drawing | str:
    """Return the risk by day 90 over the exposure, old and new, with the bands of the models' own uncertainty."""
    if found.parameters is None:
        return f"Risk over exposure, {words}: not drawn, since there are no new parameters."
    request, events = found.request, found.events
    exposure = events.covariates[request.covariate.upper()]
    places = [*exposure.tolist(), threshold, request.model.threshold]
    x: FloatArray = np.linspace(min(places) - _ROOM, max(places) + _ROOM, _N_POINTS)
    z = NormalDist().inv_cdf(0.5 + 0.5 * request.level)
    curves = {
        "old": _curve(parameters_of(request.model), x, z),
        "new": _curve(found.parameters, x, z),
    }

    def draw(figure: Figure) -> None:
        axes = styled(figure.add_axes((0.12, 0.14, 0.86, 0.83)), x="Exposure ln(AUC/CL)", y="Event by day 90 (%)")
        for name, colour, dashes in (("old", ORANGE, DASHES), ("new", BLUE, "-")):
            middle, low, high = curves[name]
            axes.fill_between(x, low, high, color=colour, alpha=0.14, linewidth=0.0, gid=marks(f"{name}-band"))
            axes.plot(
                x,
                middle,
                color=colour,
                linestyle=dashes,
                linewidth=1.5,
                gid=marks(f"{name}-risk"),
                label=f"{name} model",
            )
        axes.axvline(threshold, color=INK2, linewidth=0.8, linestyle=DASHES, gid=marks("threshold"))
        _rug(axes, exposure, events.kind != EventKind.CENSORED)
        axes.set_xlim(float(x[0]), float(x[-1]))
        axes.set_ylim(0.0, min(100.0, 1.15 * max(float(one[2].max()) for one in curves.values())))
        axes.legend(loc="upper right", frameon=False, fontsize="small")

    rows: tuple[tuple[Cell, ...], ...] = tuple(
        (name, float(at), *(float(part[i]) for part in curve))
        for name, curve in curves.items()
        for i, at in enumerate(x.tolist())
    )
    percent = f"{_PERCENT * request.level:g} %"
    caption = (
        f"Risk by day 90 over exposure, {words}: the old model {request.model.id} (orange, dashed) and the recalibrated one "
        f"({request.method}, blue) with the {percent} bands of their own uncertainty. Strokes are the patients, long ones those with "
        f"the event; the dashed line is the threshold of the new model, {threshold:.2f}. An association, not proof that more drug helps."
    )
    name = f"risk-over-exposure-{key}"
    picture = svg(draw, width_mm=_WIDTH_MM, height_mm=_HEIGHT_MM, name=name)
    return Drawing(name, f"Risk over exposure, {words}", caption, picture, Table(_HEAD, rows))


def _curve(parameters: RiskParameters, x: FloatArray, z: float) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Return the risk and the ends of its interval, all in percent."""
    mean, sd = log_hazard(parameters, x, day=HORIZON_DAY)
    middle, low, high = (_PERCENT * risk_of(one) for one in (mean, mean - z * sd, mean + z * sd))
    return middle, low, high


def _rug(axes: Axes, exposure: FloatArray, has_event: BoolArray) -> None:
    """Draw the patients' exposures along the axis, those with the event longer."""
    place = axes.get_xaxis_transform()
    for values, top, colour, name in (
        (exposure[~has_event], 0.02, GREY, "without-event"),
        (exposure[has_event], 0.06, INK2, "with-event"),
    ):
        axes.vlines(values, 0.0, top, color=colour, linewidth=0.6, transform=place, gid=marks(name))


def _calibration(found: Recalibration, one: Calibration | None, *, when: str, key: str, words: str) -> Drawing | str:
    what = f"Calibration {when} recalibration, {words}"
    if one is None or one.curve is None:
        return f"{what}: not drawn. {found.remark if one is None else one.remark}".strip()
    drawn = calibration_figure(
        one.groups,
        one.curve,
        one.predicted.risk,
        horizon_day=HORIZON_DAY,
        name=f"calibration-{when}-{key}",
        population=f"{when} recalibration, {words}",
    )
    return replace(drawn, title=what)

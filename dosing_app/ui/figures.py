"""The concentration curve as a figure of Plotly, held as plain dictionaries (their validation is slow)."""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING, Any

import numpy as np

from dosing_app.ui import text, tokens
from dosing_app.ui.state import level_text, number_text

if TYPE_CHECKING:
    from collections.abc import Sequence

    from dosing_app.decision.case_schema import CaseDose, CaseSample, PatientCase
    from dosing_app.ui.view import View
    from pkpd.arrays import FloatArray

Figure = dict[str, Any]
_LANE = (0.0, 0.11)
_CURVE = (0.19, 1.0)
_STEPS = (1.0, 2.0, 2.5, 5.0, 10.0)
# Doses nearer than this share of the axis have no room for the unit.
_NARROW = 0.16
_BEHIND = {"bgcolor": "rgba(255,255,255,0.7)", "borderpad": 0}


def axis(**more: object) -> dict[str, Any]:
    """Return an axis in the style of every figure."""
    return {
        "showgrid": False,
        "zeroline": False,
        "fixedrange": True,
        "ticks": "outside",
        "ticklen": 3,
        "tickcolor": tokens.LINE2,
        "linecolor": tokens.LINE2,
        "tickfont": {"size": 12, "color": tokens.INK2},
        **more,
    }


def layout(**more: object) -> dict[str, Any]:
    """Return a layout in the style of every figure: nothing moves, nothing is boxed."""
    return {
        "margin": {"l": 38, "r": 8, "t": 6, "b": 22},
        "paper_bgcolor": "rgba(0,0,0,0)",
        "plot_bgcolor": "rgba(0,0,0,0)",
        "font": {"family": tokens.FONT, "size": 12, "color": tokens.INK},
        "showlegend": False,
        "hoverlabel": {"bgcolor": tokens.BG, "font": {"color": tokens.INK, "size": 12}, "bordercolor": tokens.LINE2},
        "dragmode": False,
        "uirevision": "constant",
        **more,
    }


def band(x: FloatArray, low: FloatArray, high: FloatArray, *, color: str, name: str) -> list[dict[str, Any]]:
    """Return the two traces of a filled band."""
    edge: dict[str, Any] = {"x": x.tolist(), "mode": "lines", "line": {"width": 0}, "hoverinfo": "skip", "name": name}
    return [{**edge, "y": high.tolist()}, {**edge, "y": low.tolist(), "fill": "tonexty", "fillcolor": color}]


def concentration_figure(view: View) -> Figure:
    """Return the concentration over time: bands, samples, doses and now.

    Without a sample in use the bands are those of before samples, and so the middle is dashed.
    """
    case = view.forecast.case
    top = axis_top(view)
    start, end = float(view.times[0]), float(view.times[-1])
    margin = 0.015 * (end - start)
    return {
        "data": [*_curves(view), *_sample_traces(case), *_dose_traces(case, end - start)],
        "layout": layout(
            xaxis=axis(range=[start - margin, end + margin], dtick=7, tick0=0, anchor="y2", tickprefix=""),
            yaxis=axis(
                range=[0, top],
                domain=list(_CURVE),
                showgrid=True,
                gridcolor=tokens.LINE,
                nticks=5,
                ticks="",
                anchor="x",
            ),
            yaxis2=axis(range=[0, 1.05], domain=list(_LANE), visible=False),
            shapes=[*_window(end), *_now(case)],
            annotations=[*_labels(case, end, end - start), *_arrows(case)],
        ),
    }


def axis_top(view: View) -> float:
    """Return a round number at least a quarter above the highest peak of the middle curve and every level [mg/L]."""
    middle = view.prior_curve if view.bands is None else view.bands[:, 2]
    levels = [_height(sample) for sample in view.forecast.case.samples if sample.exclude is None]
    wanted = 1.25 * max([float(np.max(middle)), float(np.max(view.prior_curve)) / 1.2, *levels, 1e-3])
    power = 10.0 ** np.floor(np.log10(wanted))
    return float(next(step for step in _STEPS if step * power >= wanted * (1.0 - 1e-9)) * power)


def _curves(view: View) -> list[dict[str, Any]]:
    prior: dict[str, Any] = {
        "x": view.times.tolist(),
        "y": view.prior_curve.tolist(),
        "mode": "lines",
        "name": "a priori",
        "line": {"color": tokens.PRIOR, "width": 1.6, "dash": "5px,4px"},
        "hoverinfo": "skip",
    }
    if view.bands is None:
        return [prior]
    q05, q25, q50, q75, q95 = view.bands.T
    bands = [
        *band(view.times, q05, q95, color=tokens.ACC90, name="90 %"),
        *band(view.times, q25, q75, color=tokens.ACC50, name="50 %"),
    ]
    if not view.forecast.samples:
        return [*bands, prior]
    middle = {
        "x": view.times.tolist(),
        "y": q50.tolist(),
        "customdata": np.column_stack((q05, q95)).tolist(),
        "mode": "lines",
        "name": "a posteriori",
        "line": {"color": tokens.ACC, "width": 2.4},
        "hovertemplate": "day %{x:.1f}: %{customdata[0]:.1f}–%{customdata[1]:.1f} mg/L, middle %{y:.1f}<extra></extra>",
    }
    return [*bands, prior, middle]


def _height(sample: CaseSample) -> float:
    """Return the level of a sample, or the limit that it lies beyond [mg/L]."""
    limit = sample.uloq_mg_per_L if sample.censored == "above" else sample.lloq_mg_per_L
    return (limit if sample.censored else sample.concentration_mg_per_L) or 0.0


def _sample_traces(case: PatientCase) -> list[dict[str, Any]]:
    """Return measured levels as dots, censored ones as bars at their limit, excluded ones as grey crosses."""
    used = [sample for sample in case.samples if sample.exclude is None]
    kinds: tuple[tuple[str, list[CaseSample], dict[str, Any]], ...] = (
        (
            "samples",
            [sample for sample in used if sample.censored is None],
            {"symbol": "circle", "size": 9, "color": tokens.INK, "line": {"color": tokens.BG, "width": 1.5}},
        ),
        (
            "samples beyond a limit",
            [sample for sample in used if sample.censored],
            {"symbol": "line-ew", "size": 12, "line": {"color": tokens.INK, "width": 2.4}},
        ),
        (
            "samples not used",
            [sample for sample in case.samples if sample.exclude is not None],
            {"symbol": "x-thin", "size": 8, "line": {"color": tokens.LINE2, "width": 1.6}},
        ),
    )
    return [
        {
            "x": [sample.time_day for sample in samples],
            "y": [_height(sample) for sample in samples],
            "text": [f"day {number_text(sample.time_day)}: {level_text(sample)} mg/L" for sample in samples],
            "mode": "markers",
            "name": name,
            "marker": marker,
            "hovertemplate": "%{text}<extra></extra>",
            "cliponaxis": False,
        }
        for name, samples, marker in kinds
    ]


def _arrows(case: PatientCase) -> list[dict[str, Any]]:
    """Return an arrow from each limit in the direction in which the level lies, with the level as reported."""
    notes: list[dict[str, Any]] = []
    for sample in case.samples:
        if sample.exclude is not None or sample.censored is None:
            continue
        direction = 1 if sample.censored == "above" else -1
        place = {"x": sample.time_day, "y": _height(sample), "xref": "x", "yref": "y"}
        # A level below its limit lies at the foot of the plot, where an arrow down needs its tail above.
        tip, tail = (30, 30) if direction > 0 else (2, -26)
        notes.append(
            {
                **place,
                "yshift": tip,
                "ax": 0,
                "ay": tail,
                "showarrow": True,
                "arrowhead": 2,
                "arrowwidth": 1.8,
                "arrowcolor": tokens.INK,
                "text": "",
            }
        )
        notes.append(
            {
                **place,
                "yshift": -9 if direction > 0 else 36,
                "showarrow": False,
                "text": f"<b>{level_text(sample)}</b>".replace("<0", "&lt;0"),
                **_BEHIND,
            }
        )
    return notes


def _dose_traces(case: PatientCase, span: float) -> list[dict[str, Any]]:
    """Return the doses as bars whose height is proportional to mg: filled given, outlined planned."""
    highest = max(dose.amount_mg for dose in (*case.doses, *case.planned))
    kinds: tuple[tuple[str, Sequence[CaseDose], dict[str, Any]], ...] = (
        ("given", case.doses, {"color": tokens.INK}),
        ("planned", case.planned, {"color": tokens.BG, "line": {"color": tokens.ACC, "width": 1.6}}),
    )
    return [
        {
            "type": "bar",
            "x": [dose.time_day for dose in doses],
            "y": [dose.amount_mg / highest for dose in doses],
            "customdata": [dose.amount_mg for dose in doses],
            "width": 0.009 * span,
            "yaxis": "y2",
            "name": name,
            "marker": marker,
            "hovertemplate": f"day %{{x}}: %{{customdata}} mg {name}<extra></extra>",
        }
        for name, doses, marker in kinds
    ]


def _labels(case: PatientCase, end: float, span: float) -> list[dict[str, Any]]:
    doses = [(dose, tokens.INK) for dose in case.doses] + [(dose, tokens.ACC) for dose in case.planned]
    gaps = [later.time_day - dose.time_day for (dose, _), (later, _) in pairwise(doses)] + [span]
    notes = [
        {
            "x": dose.time_day,
            "y": 0.5,
            "yref": "y2",
            "xanchor": "left",
            "xshift": 4,
            "showarrow": False,
            "text": number_text(dose.amount_mg) + (" mg" if gap >= _NARROW * span else ""),
            "font": {"color": color},
        }
        for (dose, color), gap in zip(doses, gaps, strict=True)
    ]
    top = {"y": 1.0, "yref": "paper", "yanchor": "top", "showarrow": False}
    now = number_text(case.now_day)
    notes.append(
        {**top, "x": case.now_day, "xanchor": "right", "xshift": -3, "text": f"<b>now</b> day {now}", **_BEHIND}
    )
    if end > 14.0:
        notes.append(
            {
                **top,
                "x": min(28.0, end),
                "xanchor": "right",
                "yshift": -16,
                "text": text.COUNTS,
                "font": {"color": tokens.INK2},
            }
        )
    return notes


def _window(end: float) -> list[dict[str, Any]]:
    if end <= 14.0:
        return []
    shape = {
        "type": "rect",
        "x0": 14,
        "x1": min(28.0, end),
        "y0": _CURVE[0],
        "y1": 1,
        "yref": "paper",
        "layer": "below",
    }
    return [{**shape, "fillcolor": tokens.WIN, "line": {"width": 0}}]


def _now(case: PatientCase) -> list[dict[str, Any]]:
    line = {"color": tokens.INK, "width": 1}
    return [{"type": "line", "x0": case.now_day, "x1": case.now_day, "y0": 0, "y1": 1, "yref": "paper", "line": line}]

"""What stands on the concentration curve besides it: samples, doses, now, and the days that count for the risk."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from dosing_app.findings.case_words import level_text
from dosing_app.findings.figure_places import height, room_beside, samples_by_mark
from dosing_app.findings.numbers import shown
from dosing_app.language import say
from dosing_app.ui.figure_style import CURVE_FROM
from dosing_app.ui.tokens import palette

if TYPE_CHECKING:
    from collections.abc import Sequence

    from dosing_app.decision.case_schema import CaseDose, PatientCase

# Doses nearer than this share of the axis have no room for the unit.
_NARROW = 0.16


def sample_traces(case: PatientCase) -> list[dict[str, Any]]:
    """Return measured levels as dots, censored ones as bars at their limit, excluded ones as grey crosses."""
    marks: dict[str, dict[str, Any]] = {
        "samples": {
            "symbol": "circle",
            "size": 9,
            "color": palette().ink,
            "line": {"color": palette().bg, "width": 1.5},
        },
        "samples beyond a limit": {"symbol": "line-ew", "size": 12, "line": {"color": palette().ink, "width": 2.4}},
        "samples not used": {"symbol": "x-thin", "size": 8, "line": {"color": palette().line2, "width": 1.6}},
    }
    return [
        {
            "x": [sample.time_day for sample in samples],
            "y": [height(sample) for sample in samples],
            "text": [say("curve.sample", day=shown(sample.time_day), level=level_text(sample)) for sample in samples],
            "mode": "markers",
            "name": name,
            "marker": marks[name],
            "hovertemplate": "%{text}<extra></extra>",
            "cliponaxis": False,
        }
        for name, samples in samples_by_mark(case).items()
    ]


def dose_traces(case: PatientCase, span: float) -> list[dict[str, Any]]:
    """Return the doses as bars whose height is proportional to mg: filled given, outlined planned."""
    highest = max(dose.amount_mg for dose in (*case.doses, *case.planned))
    kinds: tuple[tuple[str, Sequence[CaseDose], dict[str, Any]], ...] = (
        ("given", case.doses, {"color": palette().ink}),
        ("planned", case.planned, {"color": palette().bg, "line": {"color": palette().acc, "width": 1.6}}),
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
            "hovertemplate": say("curve.dose_given" if name == "given" else "curve.dose_planned") + "<extra></extra>",
        }
        for name, doses, marker in kinds
    ]


def arrows(case: PatientCase, *, is_log: bool) -> list[dict[str, Any]]:
    """Return an arrow from each limit in the direction in which the level lies, with the level as reported."""
    notes: list[dict[str, Any]] = []
    for sample in case.samples:
        if sample.exclude is not None or sample.censored is None:
            continue
        direction = 1 if sample.censored == "above" else -1
        # An annotation on a logarithmic axis is placed by the logarithm, other than everything else.
        level = math.log10(height(sample)) if is_log else height(sample)
        place = {"x": sample.time_day, "y": level, "xref": "x", "yref": "y"}
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
                "arrowcolor": palette().ink,
                "text": "",
            }
        )
        notes.append(
            {
                **place,
                "yshift": -9 if direction > 0 else 36,
                "showarrow": False,
                "text": f"<b>{level_text(sample)}</b>".replace("<0", "&lt;0"),
                **_behind(),
            }
        )
    return notes


def labels(case: PatientCase, end: float, span: float) -> list[dict[str, Any]]:
    """Return the amounts beside the doses, and the names of now and of the shaded days."""
    doses = [(dose, palette().ink) for dose in case.doses] + [(dose, palette().acc) for dose in case.planned]
    rooms = room_beside([dose for dose, _ in doses], span)
    notes = [
        {
            "x": dose.time_day,
            "y": 0.5,
            "yref": "y2",
            "xanchor": "left",
            "xshift": 4,
            "showarrow": False,
            "text": shown(dose.amount_mg) + (" mg" if room >= _NARROW * span else ""),
            "font": {"color": color},
        }
        for (dose, color), room in zip(doses, rooms, strict=True)
    ]
    top = {"y": 1.0, "yref": "paper", "yanchor": "top", "showarrow": False}
    has_room = case.now_day - (end - span) > _NARROW * span
    notes.append(
        {
            **top,
            "x": case.now_day,
            "xanchor": "right" if has_room else "left",
            "xshift": -3 if has_room else 3,
            "text": say("curve.now", day=shown(case.now_day)),
            **_behind(),
        }
    )
    has_room_inside = 28.0 - (end - span) > 2.0 * _NARROW * span
    if end > 14.0:
        notes.append(
            {
                **top,
                "x": min(28.0, end) if has_room_inside else 14.0,
                "xanchor": "right" if has_room_inside else "left",
                "yshift": -16,
                "text": say("curve.counts"),
                "font": {"color": palette().ink2},
            }
        )
    return notes


def window(end: float) -> list[dict[str, Any]]:
    """Return the shade of days 14 to 28."""
    if end <= 14.0:
        return []
    shape = {
        "type": "rect",
        "x0": 14,
        "x1": min(28.0, end),
        "y0": CURVE_FROM,
        "y1": 1,
        "yref": "paper",
        "layer": "below",
    }
    return [{**shape, "fillcolor": palette().win, "line": {"width": 0}}]


def _behind() -> dict[str, Any]:
    """Return the ground of a label that stands on a curve."""
    return {"bgcolor": palette().veil, "borderpad": 0}

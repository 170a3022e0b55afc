"""Case deletion: Cook scores beside covariance ratios, and shifts of the estimates in standard errors."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from pkpd.figures.look import BLUE, DASHES, INK, INK2, ORANGE, styled
from pkpd.figures.sheet import FONT_PT, Drawing, Table, marks, svg

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pkpd.arrays import FloatArray
    from pkpd.figures.sheet import Axes, Cell, Figure

_WIDTH_MM, _HEIGHT_MM, _ROW_MM = 150.0, 76.0, 9.0
_MOST_NAMED = 5
_FEW_SE = 0.5  # about half a standard error is the width that every shift is seen in


def influence_figures(document: Mapping[str, Any]) -> tuple[tuple[Drawing, ...], tuple[str, ...]]:
    """Return the figures of case deletion, and a sentence for each that has nothing to show.

    Parameters
    ----------
    document : mapping
        As ``diagnostics.influence.influence_document`` returns it.
    """
    known = [one for one in document["cases"] if one["cook"] is not None]
    if not known:
        return (), ("Influence: not drawn, since there is no covariance matrix to measure shifts by.",)
    return (_scores(document, known), _shifts(document, known)), ()


def _scores(document: Mapping[str, Any], known: list[dict[str, Any]]) -> Drawing:
    cook = np.array([one["cook"] for one in known])
    ratio = np.array([np.nan if one["covariance_ratio"] is None else one["covariance_ratio"] for one in known])
    has_ratio = bool(np.isfinite(ratio).any())
    y = ratio if has_ratio else np.array([np.nan if one["d_ofv"] is None else one["d_ofv"] for one in known])
    label = "Covariance ratio" if has_ratio else "Fall of the others' OFV"
    unit = document["by"]

    def draw(figure: Figure) -> None:
        axes = styled(figure.add_axes((0.1, 0.16, 0.87, 0.8)), x="Cook score", y=label)
        axes.plot(cook, y, "o", color=BLUE, markersize=4.0, markeredgewidth=0.0, alpha=0.7, gid=marks("cases"))
        if has_ratio:
            axes.axhline(1.0, color=INK2, linewidth=0.8, linestyle=DASHES, gid=marks("expected"))
        _name_largest(axes, known, cook, y)
        axes.set_xlim(left=0.0)

    caption = (
        f"Each dot is one {unit} left out. The Cook score is the shift of all estimates together in units of their uncertainty. "
        + ("A covariance ratio above 1 means less certain estimates without it. " if has_ratio else "")
        + f"The {min(_MOST_NAMED, len(known))} with the largest scores are named."
        + (" By one Newton step, without fits." if document["approximate"] else "")
    )
    rows: list[tuple[Cell, ...]] = [
        (one["case"], one["status"], float(score), float(part), float("nan") if one["d_ofv"] is None else one["d_ofv"])
        for one, score, part in zip(known, cook, ratio, strict=True)
    ]
    table = Table((unit, "status", "cook", "covariance_ratio", "d_ofv"), tuple(rows))
    picture = svg(draw, width_mm=_WIDTH_MM, height_mm=_HEIGHT_MM, name="influence")
    return Drawing("influence", "Influence on the estimates", caption, picture, table)


def _name_largest(axes: Axes, known: list[dict[str, Any]], x: FloatArray, y: FloatArray) -> None:
    for i in np.argsort(-x, kind="stable")[:_MOST_NAMED].tolist():
        if np.isfinite(y[i]):
            axes.annotate(
                known[i]["case"], (x[i], y[i]), xytext=(4, 3), textcoords="offset points", fontsize=FONT_PT, color=INK
            )


def _shifts(document: Mapping[str, Any], known: list[dict[str, Any]]) -> Drawing:
    names: list[str] = document["free"]
    shifts = np.array(
        [[np.nan if one["shift_se"].get(name) is None else one["shift_se"][name] for name in names] for one in known]
    )
    largest = float(np.nanmax(np.abs(shifts), initial=_FEW_SE))

    def draw(figure: Figure) -> None:
        axes = styled(figure.add_axes((0.24, 0.2, 0.73, 0.76)), x="Shift of the estimate (standard errors)")
        for k in range(len(names)):
            axes.plot(
                shifts[:, k],
                np.full(len(known), -k),
                "|",
                color=BLUE,
                markersize=9.0,
                alpha=0.6,
                gid=marks(f"shifts-{k}"),
            )
            i = int(np.nanargmax(np.abs(shifts[:, k]))) if np.isfinite(shifts[:, k]).any() else 0
            axes.plot(shifts[i, k], -k, "|", color=ORANGE, markersize=11.0, markeredgewidth=1.6, gid=marks("largest"))
            axes.annotate(
                known[i]["case"], (shifts[i, k], -k), xytext=(3, 4), textcoords="offset points", fontsize=FONT_PT
            )
        axes.axvline(0.0, color=INK2, linewidth=0.8)
        axes.set_yticks([-k for k in range(len(names))], names)
        axes.set_ylim(0.6 - len(names), 0.6)
        axes.set_xlim(-1.15 * largest, 1.15 * largest)

    unit = document["by"]
    caption = f"Shift of each estimate when one {unit} is left out, in its standard error; the one that shifts it most is named."
    rows: list[tuple[Cell, ...]] = [(one["case"], *map(float, row)) for one, row in zip(known, shifts, strict=True)]
    picture = svg(draw, width_mm=_WIDTH_MM, height_mm=30.0 + _ROW_MM * len(names), name="influence-shifts")
    return Drawing("influence-shifts", "Shifts of the estimates", caption, picture, Table((unit, *names), tuple(rows)))

"""Figures of a joint model: the effect of exposure by every fit, and what the event times add to what is known of the exposures."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np

from pkpd.figures.look import BLUE, GREY, INK2, ORANGE, styled
from pkpd.figures.sheet import Drawing, Table, marks, svg
from pkpd.wording import counted
from tte.figures.wording import EVERYONE, called
from tte.joint.document import FITS, SUBJECT_HEAD

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pkpd.arrays import FloatArray
    from pkpd.figures.sheet import Cell, Figure

_WIDTH_MM, _EFFECT_MM, _EXPOSURE_MM = 150.0, 58.0, 100.0
# Subjects up to which each one's spread is drawn.
_MOST_BARS = 300
_HEAD = ("fit", "estimate", "se", "lower", "upper", "profile_lower", "profile_upper", "status")
_PREDICTORS = {"log_auc_cl": "ln(AUC/CL)", "log_auc": "ln AUC", "log_cl": "ln CL"}


def effect_figure(document: dict[str, Any], population: tuple[str, str] = EVERYONE) -> Drawing | str:
    """Return the effect of the exposure by every fit with its intervals, or a sentence where no fit has one.

    Parameters
    ----------
    document : dict
        ``tte-joint/1``.
    population : tuple of str
        What ends the name of the files, and who the subjects are in words.
    """
    effect = document["effect"]
    name, title = called("effect", "Effect of exposure by fit", population)
    rows = [_effect_row(fit, document["fits"][key], effect) for key, fit in FITS.items() if document["fits"][key]]
    if not any(math.isfinite(row[1]) for row in rows):
        return f"Effect of exposure: not drawn, since no fit has a finite estimate of {effect}."

    def draw(figure: Figure) -> None:
        axes = styled(figure.add_axes((0.24, 0.22, 0.73, 0.73)), x=f"{effect}, per unit of {_name(document)}")
        for place, (_, value, _, low, high, below, above, _) in enumerate(reversed(rows)):
            if not math.isfinite(value):
                continue
            axes.plot([low, high], [place, place], color=GREY, linewidth=4.0, alpha=0.5, gid=marks("by_se"), zorder=2)
            axes.plot([below, above], [place, place], color=BLUE, linewidth=1.2, gid=marks("by_profile"), zorder=3)
            axes.plot([value], [place], "o", color=BLUE, markersize=5.0, gid=marks("estimate"), zorder=4)
        axes.set_yticks(range(len(rows)), [row[0] for row in reversed(rows)])
        axes.set_ylim(-0.6, len(rows) - 0.4)
        axes.axvline(0.0, color=INK2, linewidth=0.7, zorder=1)

    return Drawing(
        name,
        title,
        (
            f"Estimates of {effect} with {100.0 * document['level']:g} % intervals: grey by standard error, blue by likelihood profile where it has both ends. Plug-in and "
            "regression calibration take each exposure for known. An association, not proof that more drug would have prevented an event."
        ),
        svg(draw, width_mm=_WIDTH_MM, height_mm=_EFFECT_MM, name=name),
        Table(_HEAD, tuple(rows)),
    )


def _effect_row(
    name: str, fit: dict[str, Any], effect: str
) -> tuple[str, float, float, float, float, float, float, str]:
    one = fit["parameters"][effect]
    numbers = (
        one["estimate"],
        one["se"],
        *(one["interval"] or (None, None)),
        *(one["profile_interval"] or (None, None)),
    )
    value, se, low, high, below, above = (math.nan if number is None else float(number) for number in numbers)
    return name, value, se, low, high, below, above, str(fit["status"])


def exposure_figure(
    document: dict[str, Any], rows: Sequence[tuple[object, ...]], population: tuple[str, str] = EVERYONE
) -> Drawing:
    """Return each subject's exposure given its levels, and given levels and event time.

    Parameters
    ----------
    document : dict
        ``tte-joint/1``.
    rows : sequence of tuple
        Of ``subject_rows``.
    population : tuple of str
        As ``effect_figure``.
    """
    called_as = called("exposure", "Exposure before and after the event time is known", population)
    has_joint = document["fits"]["joint"] is not None
    own = "joint" if has_joint else "held"
    events = np.array([str(row[SUBJECT_HEAD.index("event")]) for row in rows])
    before, sd_before, after, sd_after = (
        _column(rows, name) for name in ("x_mean_levels", "x_sd_levels", f"x_mean_{own}", f"x_sd_{own}")
    )
    known = np.isfinite(before) & np.isfinite(after) & (events != "")
    has_event = known & np.isin(events, ("event", "interval"))

    def draw(figure: Figure) -> None:
        name = _name(document)
        axes = styled(
            figure.add_axes((0.12, 0.13, 0.84, 0.83)),
            x=f"Mean {name} given the levels",
            y="Mean given levels and event time",
        )
        ends = [float(f(np.concatenate((before[known], after[known])))) for f in (np.min, np.max)]
        axes.plot(ends, ends, color=INK2, linewidth=0.7, zorder=1, gid=marks("same"))
        for which, colour, marker, label in (
            (known & ~has_event, BLUE, "o", "no event seen"),
            (has_event, ORANGE, "^", "event"),
        ):
            if known.sum() <= _MOST_BARS:
                low, high = after[which] - sd_after[which], after[which] + sd_after[which]
                axes.vlines(
                    before[which], low, high, color=colour, linewidth=0.6, alpha=0.45, gid=marks("sd"), zorder=2
                )
            axes.plot(
                before[which],
                after[which],
                marker,
                color=colour,
                markersize=4.2,
                markeredgewidth=0.0,
                alpha=0.85,
                label=label,
                gid=marks(label.split()[0]),
                zorder=3,
            )
        axes.legend(frameon=False, loc="upper left", handletextpad=0.3)

    shrinkage = document["exposure"]["shrinkage_pct"]
    open_part = (
        ""
        if shrinkage is None
        else f" The levels leave {shrinkage:.0f} % of the variance of the exposures open (shrinkage)."
    )
    what = "joint fit" if has_joint else "joint likelihood with the pharmacokinetics held"
    table: tuple[tuple[Cell, ...], ...] = tuple(
        (str(row[0]), str(event), *map(float, numbers))
        for row, event, *numbers in zip(rows, events, before, sd_before, after, sd_after, strict=True)
    )
    return Drawing(
        *called_as,
        (
            f"Posterior means of each subject with event times; bars: one posterior standard deviation given both (not drawn for more than {counted(_MOST_BARS, 'subject')}). Both by the {what}, "
            f"means given the levels at the pharmacokinetic parameters that were held. Line: no difference.{open_part}"
        ),
        svg(draw, width_mm=_WIDTH_MM, height_mm=_EXPOSURE_MM, name=called_as[0]),
        Table(("id", "event", "mean_levels", "sd_levels", "mean_both", "sd_both"), table),
    )


def _column(rows: Sequence[tuple[object, ...]], name: str) -> FloatArray:
    at = SUBJECT_HEAD.index(name)
    return np.array([row[at] for row in rows], dtype=np.float64)


def _name(document: dict[str, Any]) -> str:
    low, high = document["window_day"]
    name = _PREDICTORS[document["predictor"]]
    return name if document["predictor"] == "log_cl" else f"{name} of days {low:g} to {high:g}"

"""Likelihood profiles of a fit to event times, beside the parabola that standard errors stand for."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np
from scipy.interpolate import PchipInterpolator

from pkpd.figures.look import BLUE, DASHES, GREEN, INK, INK2, dots, styled
from pkpd.figures.sheet import FONT_PT, Drawing, Table, marks, svg
from tte.estimation.profile import EndStatus
from tte.figures.wording import EVERYONE, called

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pkpd.arrays import FloatArray
    from pkpd.figures.sheet import Axes, Cell, Figure
    from tte.estimation.profile import Profile

_COLUMNS = 3
_WIDTH_MM, _ROW_MM = 150.0, 50.0
# How much of the fall is shown, as a multiple of the one that an interval ends at.
_TOP = 2.0
_N_CURVE = 121
_NEXT_TO_NOTHING = 0.02
_HEAD = ("parameter", "value", "deviance_change")


def profile_figure(
    profiles: Sequence[Profile], scales: dict[str, str], *, level: float, population: tuple[str, str] = EVERYONE
) -> Drawing | str:
    """Return the profiles of some coefficients in panels, or a sentence where there is none.

    Parameters
    ----------
    profiles : sequence of Profile
        One panel each, under its name where several are of the same coefficient.
    scales : dict of str to str
        What stands on each panel's axis.
    level : float
        Probability of the intervals.
    population : tuple of str
        What ends the name of the files, and who the subjects are in words.
    """
    if not profiles:
        return "Profiles: not drawn, since there is no maximum to begin from."
    name, title = called("profiles", "Likelihood profiles", population)
    n_rows = math.ceil(len(profiles) / _COLUMNS)
    # Profiles of the same coefficient by several fits are told apart by their names.
    has_names = len(set(scales.values())) < len(profiles)

    def draw(figure: Figure) -> None:
        for k, profile in enumerate(profiles):
            row, column = divmod(k, _COLUMNS)
            left, height = (column + 0.27) / _COLUMNS, 1.0 / n_rows
            bottom = 1.0 - (row + 1.0 - 0.22) * height
            axes = figure.add_axes((left, bottom, 0.68 / _COLUMNS, 0.66 * height))
            _panel(styled(axes, x=scales[profile.name], y="−2 ln L change" if column == 0 else ""), profile)
            if has_names:
                axes.set_title(profile.name, fontsize=FONT_PT, color=INK, loc="left", pad=3)

    rows: tuple[tuple[Cell, ...], ...] = tuple(
        (one.name, float(value), float(fall))
        for one in profiles
        for value, fall in zip(one.values, one.falls, strict=True)
    )
    return Drawing(
        name,
        title,
        (
            "Twice the fall of the log-likelihood with one coefficient held and all others estimated again (dots: fits; line: between them). "
            f"Vertical lines: the {100.0 * level:g} % interval, in which it is less than {profiles[0].threshold:.2f} (horizontal line). "
            "Dashed: the parabola of the standard error."
        ),
        svg(draw, width_mm=_WIDTH_MM, height_mm=n_rows * _ROW_MM, name=name),
        Table(_HEAD, rows),
    )


def _panel(axes: Axes, profile: Profile) -> None:
    top = _TOP * profile.threshold
    is_shown = profile.falls <= top
    low, high = _range(profile, profile.values[is_shown])
    at = np.linspace(low, high, _N_CURVE)
    if profile.se < high - low:
        parabola = ((at - profile.estimate) / profile.se) ** 2
        axes.plot(at, parabola, color=INK2, linewidth=0.8, linestyle=DASHES, gid=marks("wald"), zorder=2)
    root = np.sign(profile.values - profile.estimate) * np.sqrt(np.maximum(profile.falls, 0.0))
    if profile.values.size > 1:
        inside = at[(at >= profile.values[0]) & (at <= profile.values[-1])]
        curve = PchipInterpolator(profile.values, root)(inside) ** 2
        axes.plot(inside, curve, color=BLUE, linewidth=1.2, gid=marks("profile"), zorder=3)
    is_shown &= (profile.values >= low) & (profile.values <= high)
    dots(axes, profile.values[is_shown], profile.falls[is_shown], "fits", size=3.4)
    axes.axhline(profile.threshold, color=INK2, linewidth=0.7, zorder=1)
    for end in (profile.lower, profile.upper):
        if end.status is EndStatus.FOUND:
            axes.axvline(end.value, color=GREEN, linewidth=0.9, gid=marks("ends"), zorder=1)
    axes.set_xlim(low, high)
    axes.set_ylim(-0.02 * top, top)
    axes.locator_params(axis="x", nbins=4)


def _range(profile: Profile, shown: FloatArray) -> tuple[float, float]:
    """Return the values that a panel shows: from interval's end to end with room."""
    ends = [end.value for end in (profile.lower, profile.upper) if end.status is EndStatus.FOUND]
    if len(ends) == 1:
        # Without the other end: as far on its side, or where an estimate is infinite to where next to nothing has fallen.
        is_open = EndStatus.OPEN in (profile.lower.status, profile.upper.status)
        low_places = profile.values[profile.falls < _NEXT_TO_NOTHING * profile.threshold]
        nearest = float(low_places[np.argmin(np.abs(low_places - ends[0]))])
        ends.append(nearest if is_open else 2.0 * profile.estimate - ends[0])
    values = np.array(ends or shown)
    low, high = float(values.min()), float(values.max())
    room = 0.25 * (high - low) or 0.1 * abs(profile.estimate) or 1.0
    return low - room, high + room

"""Profiles of parameters: the rise of the objective around each estimate, beside the parabola that standard errors stand for."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np
from scipy.interpolate import PchipInterpolator

from pkpd.estimation.multi_start import ENDED
from pkpd.estimation.profile import EndStatus
from pkpd.figures.look import BLUE, DASHES, GREEN, INK2, dots, styled
from pkpd.figures.sheet import FONT_PT, Drawing, Table, marks, svg

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pkpd.arrays import FloatArray
    from pkpd.estimation.profile import Profile
    from pkpd.figures.sheet import Axes, Cell, Figure

_COLUMNS = 3
_WIDTH_MM, _ROW_MM = 150.0, 50.0
# How much of the rise is shown, as a multiple of the one that an interval ends at.
_TOP = 2.0
_N_CURVE = 121


def profile_figure(profiles: Sequence[Profile], *, level: float) -> Drawing | str:
    """Return the profiles of some parameters in panels, or a sentence where there is nothing to draw.

    Parameters
    ----------
    profiles : sequence of Profile
        One panel each.
    level : float
        Probability of the intervals.
    """
    shown = [one for one in profiles if sum(point.status in ENDED for point in one.points) > 0]
    if not shown:
        return "Profiles: not drawn, since no fit with a parameter held converged."
    n_rows = math.ceil(len(shown) / _COLUMNS)

    def draw(figure: Figure) -> None:
        for k, profile in enumerate(shown):
            row, column = divmod(k, _COLUMNS)
            left, height = (column + 0.27) / _COLUMNS, 1.0 / n_rows
            bottom = 1.0 - (row + 1.0 - 0.22) * height
            axes = figure.add_axes((left, bottom, 0.68 / _COLUMNS, 0.66 * height))
            _panel(styled(axes, x=profile.name, y="OFV change" if column == 0 else ""), profile)

    return Drawing(
        name="profiles",
        title="Likelihood profiles",
        caption=(
            "The objective with one parameter held and all others estimated again (dots: fits; line: between them), as change from the fit. "
            f"Vertical lines: the {100.0 * level:g} % interval, in which it rises by less than {shown[0].threshold:.2f} (horizontal line). "
            "Dashed: the parabola of the standard error."
        ),
        svg=svg(draw, width_mm=_WIDTH_MM, height_mm=n_rows * _ROW_MM, name="profiles"),
        table=Table(
            ("parameter", "value", "ofv_change", "status"), tuple(row for one in profiles for row in profile_rows(one))
        ),
    )


def profile_rows(profile: Profile) -> list[tuple[Cell, ...]]:
    """Return parameter, value, change of the objective and status of every fit of a profile, the estimate's own in their order."""
    rows: list[tuple[Cell, ...]] = [
        (profile.name, point.value, point.ofv - profile.ofv, point.status.name.lower()) for point in profile.points
    ]
    rows.append((profile.name, profile.estimate, 0.0, "estimate"))
    return sorted(rows, key=lambda row: float(row[1]))


def profile_curve(profile: Profile) -> tuple[FloatArray, FloatArray]:
    """Return a smooth course through the fits of a profile: their signed square roots are interpolated, keeping their order.

    Returns
    -------
    value, change : (121,) arrays
        Values of the parameter over the fits, and the change of the objective.
    """
    fits = [(point.value, point.ofv - profile.ofv) for point in profile.points if point.status in ENDED]
    known = dict([*fits, (profile.estimate, 0.0)])
    x = np.array(sorted(known))
    change = np.array([known[value] for value in x.tolist()])
    root = np.sign(x - profile.estimate) * np.sqrt(np.maximum(change, 0.0))
    at = np.linspace(float(x[0]), float(x[-1]), _N_CURVE)
    return at, PchipInterpolator(x, root)(at) ** 2


def _panel(axes: Axes, profile: Profile) -> None:
    top = _TOP * profile.threshold
    points = [point for point in profile.points if point.status in ENDED]
    x = np.array([profile.estimate, *(point.value for point in points)])
    change = np.array([0.0, *(point.ofv - profile.ofv for point in points)])
    is_shown = change <= top
    low, high = _range(profile, x[is_shown])
    if np.isfinite(profile.se):
        at = np.linspace(low, high, _N_CURVE)
        wald = ((at - profile.estimate) / profile.se) ** 2
        axes.plot(at, wald, color=INK2, linewidth=0.8, linestyle=DASHES, gid=marks("wald"), zorder=2)
    curve, height = profile_curve(profile)
    axes.plot(curve, height, color=BLUE, linewidth=1.2, gid=marks("profile"), zorder=3)
    dots(axes, x[is_shown], change[is_shown], "fits", size=3.4)
    axes.axhline(profile.threshold, color=INK2, linewidth=0.7, zorder=1)
    for end in (profile.lower, profile.upper):
        if end.status is EndStatus.FOUND:
            axes.axvline(end.value, color=GREEN, linewidth=0.9, gid=marks("ends"), zorder=1)
    axes.set_xlim(low, high)
    axes.set_ylim(min(0.0, float(change.min())) - 0.02 * top, top)
    axes.locator_params(axis="x", nbins=4)
    axes.xaxis.label.set_fontsize(FONT_PT)


def _range(profile: Profile, shown: FloatArray) -> tuple[float, float]:
    """Return the values that a panel shows: the fits that are not too high, and the ends."""
    ends = [end.value for end in (profile.lower, profile.upper) if end.status is EndStatus.FOUND]
    values = np.array([*shown, *ends])
    low, high = float(values.min()), float(values.max())
    room = 0.06 * (high - low) or 0.1 * abs(profile.estimate) or 1.0
    return low - room, high + room

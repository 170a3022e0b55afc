"""How far the vectors of a resampling rise above the fit, beside the chi-square distribution that they would follow if all were normal."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

import numpy as np
from scipy.stats import chi2

from pkpd.figures.look import BLUE, DASHES, GREEN, INK2, ORANGE, styled
from pkpd.figures.sheet import Drawing, Table, marks, svg

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pkpd.arrays import FloatArray
    from pkpd.estimation.sir import SirIteration
    from pkpd.figures.sheet import Axes, Cell, Figure

_PROBABILITIES = np.linspace(0.005, 0.995, 199)
_WIDTH_MM, _HEIGHT_MM = 130.0, 78.0
# Shown rises end where the chi-square distribution and the kept vectors all but end.
_TOP = 1.15


def sir_figure(iterations: Sequence[SirIteration], *, n_free: int) -> Drawing:
    """Return quantiles of the rise of the objective: of vectors drawn and kept in each iteration, and of chi-square.

    Parameters
    ----------
    iterations : sequence of SirIteration
        All of them.
    n_free : int
        Free parameters: degrees of freedom of the chi-square distribution.
    """
    expected = chi2.ppf(_PROBABILITIES, n_free)
    drawn = [_quantiles(one.change) for one in iterations]
    kept = [_quantiles(one.change[one.is_kept]) for one in iterations]
    rows: list[tuple[Cell, ...]] = [
        (float(p), float(expected[k]), *(float(one[k]) for pair in zip(drawn, kept, strict=True) for one in pair))
        for k, p in enumerate(_PROBABILITIES)
    ]
    head = [f"{what}_{i + 1}" for i in range(len(iterations)) for what in ("drawn", "kept")]
    return Drawing(
        name="sir-dofv",
        title="Rise of the objective over resampled vectors",
        caption=(
            f"Quantiles of the change of the objective. Grey dashes: chi-square with {n_free} degrees of freedom, one for each free parameter. "
            f"Orange: vectors drawn from the first proposal; green: from the last of {len(iterations)}; blue: vectors kept in the last. The blue "
            "line near the dashes or below them, and near the green one, says that the proposal was wide enough and that iterations have settled."
        ),
        svg=svg(
            partial(_draw, expected=expected, drawn=drawn, kept=kept),
            width_mm=_WIDTH_MM,
            height_mm=_HEIGHT_MM,
            name="sir-dofv",
        ),
        table=Table(("probability", "chi_square", *head), tuple(rows)),
    )


def _quantiles(change: FloatArray) -> FloatArray:
    finite = change[np.isfinite(change)]
    return np.quantile(finite, _PROBABILITIES) if finite.size else np.full(_PROBABILITIES.size, np.nan)


def _draw(figure: Figure, *, expected: FloatArray, drawn: Sequence[FloatArray], kept: Sequence[FloatArray]) -> None:
    axes: Axes = styled(figure.add_axes((0.1, 0.15, 0.87, 0.81)), x="Quantile (%)", y="OFV change")
    percent = 100.0 * _PROBABILITIES
    axes.plot(percent, expected, color=INK2, linewidth=1.0, linestyle=DASHES, gid=marks("chi-square"), zorder=4)
    axes.plot(percent, drawn[0], color=ORANGE, linewidth=1.1, gid=marks("drawn-first"), zorder=2)
    if len(drawn) > 1:
        axes.plot(percent, drawn[-1], color=GREEN, linewidth=1.1, gid=marks("drawn-last"), zorder=2)
    axes.plot(percent, kept[-1], color=BLUE, linewidth=1.4, gid=marks("kept"), zorder=3)
    top = _TOP * max(float(expected[-1]), float(np.nanmax(kept[-1])))
    axes.set_xlim(0.0, 100.0)
    axes.set_ylim(min(0.0, float(np.nanmin(kept[-1]))), top)

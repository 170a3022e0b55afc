"""The distribution of NPDE beside the standard normal one: histogram and quantiles with 95 % bands."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

import numpy as np
from scipy.special import bdtrik, betaincinv, ndtr, ndtri

from pkpd.figures.look import BAND, BLUE, INK2, dots, styled
from pkpd.figures.sheet import Drawing, Table, marks, svg

if TYPE_CHECKING:
    from collections.abc import Callable

    from pkpd.arrays import FloatArray
    from pkpd.figures.sheet import Axes, Figure

# SciPy declares no types for them.
_normal_quantile: Callable[..., FloatArray] = ndtri
_normal_probability: Callable[..., FloatArray] = ndtr
_beta_quantile: Callable[..., FloatArray] = betaincinv
_binomial_quantile: Callable[..., FloatArray] = bdtrik

_ENDS = (-3.5, 3.5)
_EDGES = np.linspace(*_ENDS, 15)
_TAILS = (0.025, 0.975)
_MOST_DOTS = 5000
_TITLE = "Distribution of NPDE"
SELECTION = "The quantified levels are a selection, and depart from what is expected under a true model too."


def npde_distribution(npde: FloatArray, *, n_censored: int = 0) -> Drawing | str:
    """Return the histogram of NPDE and their quantiles against those of the standard normal distribution.

    The bands hold 95 % of what independent standard normal values give, at each bar and each quantile by itself: binomial
    counts, and order statistics.

    Parameters
    ----------
    npde : (n_levels,) array
        NaN where a level has none.
    n_censored : int
        Censored levels, which have none.

    Returns
    -------
    Drawing or str
        A sentence where no level has one.
    """
    values = np.sort(npde[np.isfinite(npde)])
    if not values.size:
        return f"{_TITLE}: not drawn, since no level has one (censored levels have none)."
    expected, low, high = qq_band(values.size)
    left_out = f"; censored levels ({n_censored:,}) have none. {SELECTION}" if n_censored else "."
    return Drawing(
        name="npde-distribution",
        title=_TITLE,
        caption=(
            f"Left, histogram of the NPDE of the quantified levels ({values.size:,}) beside the standard normal curve; right, their "
            f"quantiles against its quantiles{left_out} Grey: 95 % of what independent standard normal values give at each place "
            "by itself."
        ),
        svg=svg(partial(_draw, values=values), width_mm=130.0, height_mm=68.0, name="npde-distribution"),
        table=Table(
            ("normal_quantile", "npde", "band_low", "band_high"),
            tuple(zip(expected.tolist(), values.tolist(), low.tolist(), high.tolist(), strict=True)),
        ),
    )


def qq_band(n: int) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Return the quantiles expected of n standard normal values, ascending, and the 2.5 and 97.5 % quantile of each order statistic.

    Returns
    -------
    expected, low, high : (n,) arrays
        Of the place (i - 1/2) / n, and of the beta distribution with parameters i and n - i + 1.
    """
    i = np.arange(1.0, n + 1.0)
    low, high = (_normal_quantile(_beta_quantile(i, n - i + 1.0, tail)) for tail in _TAILS)
    return _normal_quantile((i - 0.5) / n), low, high


def _draw(figure: Figure, *, values: FloatArray) -> None:
    left = styled(figure.add_axes((0.095, 0.15, 0.39, 0.81)), x="NPDE", y="Levels per bar")
    _histogram(left, values)
    right = styled(figure.add_axes((0.59, 0.15, 0.39, 0.81)), x="Standard normal quantile", y="NPDE")
    _quantiles(right, values)


def _histogram(axes: Axes, values: FloatArray) -> None:
    inner = np.clip(values, *_ENDS)
    counts = np.histogram(inner, _EDGES)[0].astype(np.float64)
    share = np.diff(_normal_probability(_EDGES))
    low, high = (np.ceil(_binomial_quantile(tail, float(values.size), share)) for tail in _TAILS)
    width = float(_EDGES[1] - _EDGES[0])
    middle = 0.5 * (_EDGES[:-1] + _EDGES[1:])
    axes.bar(middle, high - low, width, bottom=low, color=BAND, linewidth=0.0, zorder=1)
    axes.bar(middle, counts, 0.9 * width, facecolor="none", edgecolor=BLUE, linewidth=1.1, gid=marks("bars"), zorder=3)
    x = np.linspace(_ENDS[0], _ENDS[1], 141)
    axes.plot(x, values.size * width * np.exp(-0.5 * x * x) / np.sqrt(2.0 * np.pi), color=INK2, linewidth=0.9, zorder=2)
    axes.set_xlim(*_ENDS)
    axes.locator_params(axis="y", integer=True)
    axes.set_ylim(0.0, 1.08 * float(max(counts.max(), high.max())))


def _quantiles(axes: Axes, values: FloatArray) -> None:
    expected, low, high = qq_band(values.size)
    axes.fill_between(expected, low, high, color=BAND, linewidth=0.0, gid=marks("band"), zorder=1)
    axes.axline((0.0, 0.0), slope=1.0, color=INK2, linewidth=0.9, zorder=2)
    # The ends, where a departure shows, stay among the dots that are drawn.
    shown = np.unique(np.linspace(0, values.size - 1, min(values.size, _MOST_DOTS)).round().astype(np.int64))
    dots(axes, expected[shown], values[shown], "quantiles", size=3.0)
    end = 1.1 * max(float(np.abs(values).max()), float(np.abs(expected).max()), 2.0)
    axes.set_xlim(-end, end)
    axes.set_ylim(-end, end)

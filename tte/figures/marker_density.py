"""How a marker is distributed among subjects with and without the event, and where the threshold lies."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from scipy.stats import gaussian_kde

from pkpd.figures.look import BLUE, DASHES, INK2, ORANGE, styled
from pkpd.figures.sheet import Drawing, Table, marks, svg

if TYPE_CHECKING:
    from pkpd.arrays import BoolArray, FloatArray
    from pkpd.figures.sheet import Axes, Cell, Figure

_WIDTH_MM, _HEIGHT_MM = 110.0, 78.0
_N_PLACES = 200
# Share of the axis beyond which the threshold's number would leave the picture on its right.
_FAR = 0.85
# Rugs of more subjects would be solid bars.
_MOST_TICKS = 2000
_LOOKS = (("with-event", "with the event", ORANGE, "-"), ("event-free", "without the event", BLUE, (0, (6, 1.5))))


def marker_density(
    marker: FloatArray,
    is_case: BoolArray,
    *,
    threshold: float | None,
    marker_name: str,
    name: str,
    population: str,
    lowest: float = -np.inf,
) -> Drawing:
    """Return the figure of a marker's density by outcome.

    Parameters
    ----------
    marker : (n,) array
        Finite.
    is_case : (n,) array
        Whether each subject had the event.
    threshold : float or None
        Where the dashed line stands; None for none.
    marker_name, population : str
        What the marker is called, and who the subjects are, in words.
    name : str
        Name of its files.
    lowest : float
        Value that the marker cannot be below, at which the axis begins at the latest.
    """
    groups = (marker[is_case], marker[~is_case])
    low, high = float(marker.min()), float(marker.max())
    room = 0.15 * (high - low) or 1.0
    places: FloatArray = np.linspace(max(low - room, min(low, lowest)), high + room, _N_PLACES)
    densities = [_density(values, places) for values in groups]
    top = max((float(one.max()) for one in densities if one is not None), default=1.0)

    def draw(figure: Figure) -> None:
        axes = styled(figure.add_axes((0.17, 0.15, 0.80, 0.76)), x=marker_name, y="Density")
        for k, (part, words, colour, style) in enumerate(_LOOKS):
            label, density = f"{words} ({groups[k].size:,})", densities[k]
            axes.plot([], [], color=colour, linewidth=1.5, linestyle=style, label=label)
            if density is not None:
                axes.plot(places, density, color=colour, linewidth=1.5, linestyle=style, gid=marks(part))
                axes.fill_between(places, 0.0, density, color=colour, alpha=0.12, linewidth=0.0)
            _rug(axes, groups[k], (-0.03 - 0.06 * k) * top, 0.05 * top, colour, part)
        if threshold is not None and np.isfinite(threshold):
            axes.axvline(threshold, color=INK2, linewidth=1.1, linestyle=DASHES, gid=marks("threshold"))
            _name_threshold(axes, threshold, top, is_far=threshold > places[0] + _FAR * (places[-1] - places[0]))
        axes.set_ylim(-0.13 * top, 1.25 * top)
        axes.set_xlim(places[0], places[-1])
        axes.legend(frameon=False, loc="lower left", bbox_to_anchor=(-0.02, 0.99), ncols=2, handlelength=2.4)

    nowhere = np.full(_N_PLACES, np.nan)
    columns = [places, *(nowhere if one is None else one for one in densities)]
    rows: tuple[tuple[Cell, ...], ...] = tuple(zip(*(column.tolist() for column in columns), strict=True))
    title = f"Density of {marker_name} by outcome"
    line = "" if threshold is None else f" The dashed line is the threshold {threshold:.4g}."
    bare = [words for (_, words, *_), one in zip(_LOOKS, densities, strict=True) if one is None]
    none = f" Too few different values for a density: {' and '.join(bare)}." if bare else ""
    caption = (
        f"{title}, {population}: Gaussian kernels of Scott's bandwidth; each tick below is one subject.{line}{none}"
    )
    picture = svg(draw, width_mm=_WIDTH_MM, height_mm=_HEIGHT_MM, name=name)
    return Drawing(name, title, caption, picture, Table((marker_name, "density_with_event", "density_without"), rows))


def _density(values: FloatArray, places: FloatArray) -> FloatArray | None:
    if np.unique(values).size < 2:
        return None
    return np.asarray(gaussian_kde(values)(places), dtype=np.float64)


def _name_threshold(axes: Axes, threshold: float, top: float, *, is_far: bool) -> None:
    """Write the threshold beside its line, on the left of it where it is far to the right."""
    axes.annotate(
        f"{threshold:.4g}",
        (threshold, 1.22 * top),
        xytext=(-4 if is_far else 4, 0),
        textcoords="offset points",
        color=INK2,
        va="top",
        ha="right" if is_far else "left",
    )


def _rug(axes: Axes, values: FloatArray, top: float, height: float, colour: str, part: str) -> None:
    shown = values if values.size <= _MOST_TICKS else np.quantile(values, np.linspace(0.0, 1.0, _MOST_TICKS))
    axes.vlines(shown, top - height, top, color=colour, linewidth=0.9, gid=marks(f"rug-{part}"))

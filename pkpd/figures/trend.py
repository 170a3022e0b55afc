"""The trend of a cloud of points: medians of windows that run through it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from pkpd.arrays import FloatArray

# A window holds this share of the points and at least so many; of fewer points than two windows no trend is drawn.
_SHARE, _FEWEST = 0.25, 11
_N_WINDOWS = 40


def running_median(x: FloatArray, y: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Return the median of ``y`` in windows of neighbouring ``x``, each a quarter of the points and at least eleven.

    Windows are cut off at both ends rather than moved, and each stands at the median of its ``x``. A censored level takes part as
    minus or plus infinity, since its side of the median is all that counts.

    Parameters
    ----------
    x, y : (n,) arrays
        Places, and values without NaN.

    Returns
    -------
    x, y : (n_windows,) arrays
        Ascending places and medians; empty where there are fewer than 22 points. A median that is not finite is NaN.
    """
    if x.size < 2 * _FEWEST:
        return np.zeros(0), np.zeros(0)
    order = np.argsort(x, kind="stable")
    half = max(_FEWEST, round(_SHARE * x.size)) // 2
    centres = np.unique(np.linspace(0, x.size - 1, _N_WINDOWS).round().astype(np.int64))
    windows = [order[max(0, centre - half) : centre + half + 1] for centre in centres.tolist()]
    places = np.array([_middle(x[window]) for window in windows])
    medians = np.array([_middle(y[window]) for window in windows])
    places, first = np.unique(places, return_index=True)
    medians = medians[first]
    return places, np.where(np.isfinite(medians), medians, np.nan)


def _middle(values: FloatArray) -> float:
    """Return the (upper) median, which is one of the values and so never a mean of two infinities."""
    return float(np.sort(values)[values.size // 2])

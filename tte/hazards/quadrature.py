"""Integrals of survival curves that have no closed form of full accuracy everywhere: Gauss-Legendre rules on panels."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Callable

    from pkpd.arrays import FloatArray

_NODE, _WEIGHT = np.polynomial.legendre.leggauss(20)
# Cumulative hazard beyond which a survival of 4e-18 adds nothing.
NOTHING_LEFT = 40.0


def integral_over_panels(function: Callable[[FloatArray], FloatArray], edges: FloatArray) -> FloatArray:
    """Return the integral of a function that is smooth on each panel.

    Parameters
    ----------
    function : callable
        Of a (..., n_panels, 20) array; gives its shape.
    edges : (..., n_panels + 1) array
        Where panels begin and end.

    Returns
    -------
    (...) array
        Integral from the first edge to the last.
    """
    half = 0.5 * np.diff(edges, axis=-1)
    middle = 0.5 * (edges[..., 1:] + edges[..., :-1])
    values = function(middle[..., None] + half[..., None] * _NODE)
    return np.asarray(((values @ _WEIGHT) * half).sum(axis=-1))

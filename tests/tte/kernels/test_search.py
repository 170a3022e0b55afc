"""The way from coefficients of covariates to those of scaled ones."""

from __future__ import annotations

import numpy as np

from tte.kernels.search import _way_there


def test_scaled_coefficients_are_the_solution_whatever_stood_in_their_memory():
    # Two intercepts with a covariate each, and a third without.
    column = np.array([-1, -1, -1, 0, 1])
    back = np.eye(5)
    back[0, 3], back[3, 3] = -2.0, 0.5
    back[1, 4], back[4, 4] = 3.0, 0.25
    theta = np.array([0.3, -1.2, 0.7, 2.0, -0.4])
    expected = np.linalg.solve(back, theta)
    for before in (0.0, np.nan, np.inf):
        scaled = np.full(5, before)
        _way_there(column, back, theta, scaled)
        np.testing.assert_allclose(scaled, expected, rtol=1e-14)

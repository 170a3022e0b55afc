"""Density of each subject's event time at the nodes of its random effects, and its gradient over them.

At every node one covariate, the exposure, has another value; the others are those of the rows.
"""

from __future__ import annotations

import numpy as np

from pkpd.arrays import FloatArray, IntArray
from tte.kernels._jit import inlined_kernel, parallel_kernel, prange
from tte.kernels.codes import MOST_PARAMETERS
from tte.kernels.likelihood import Coefficients, Rows, row_terms

# Mass of a node that changes no mean in a digit that is shown; a subject has some thousand nodes.
_NEGLIGIBLE = 1e-13


@inlined_kernel
def _predictors(
    rows: Rows, terms: Coefficients, theta: FloatArray, row: int, exposed: int, x: float, eta: FloatArray
) -> None:
    """Write the linear predictors of a row where the exposure, in column ``exposed``, is x."""
    eta[:] = 0.0
    for c in range(theta.size):
        column = terms.column[c]
        value = 1.0
        if column == exposed:
            value = x + terms.shift[c]
        elif column >= 0:
            value = rows.design[row, column] + terms.shift[c]
        eta[terms.parameter[c]] += theta[c] * value


@parallel_kernel
def minus2_log_density_at_nodes(
    rows: Rows,
    terms: Coefficients,
    theta: FloatArray,
    row_start: IntArray,
    node_start: IntArray,
    exposed: int,
    exposure: FloatArray,
    density: FloatArray,
) -> None:
    """Write -2 log of the density of each subject's event time at its nodes; infinite where the time is impossible.

    Parameters
    ----------
    rows, terms : Rows and Coefficients
        Data and model.
    theta : (n_coefficients,) array
        Coefficients on the scale of the linear predictors.
    row_start, node_start : (n_subjects + 1,) arrays
        First row and first node of each subject.
    exposed : int
        Column of the design that is the exposure.
    exposure : (n_all_nodes,) array
        The exposure at each node, less its reference.
    density : (n_all_nodes,) array
        Overwritten.
    """
    for s in prange(row_start.size - 1):
        eta = np.zeros(MOST_PARAMETERS)
        for k in range(node_start[s], node_start[s + 1]):
            total = 0.0
            for i in range(row_start[s], row_start[s + 1]):
                _predictors(rows, terms, theta, i, exposed, exposure[k], eta)
                total += row_terms(rows.hazard, eta[0], eta[1], eta[2], rows.time[i], rows.log_time[i], rows.kind[i])[0]
            density[k] = -2.0 * total


@parallel_kernel
def mean_slopes(
    rows: Rows,
    terms: Coefficients,
    theta: FloatArray,
    row_start: IntArray,
    node_start: IntArray,
    exposed: int,
    exposure: FloatArray,
    mass: FloatArray,
    slopes: FloatArray,
    by_exposure: FloatArray,
) -> None:
    """Write each subject's mean over its nodes of the gradient of the log-density by the coefficients.

    Parameters
    ----------
    mass : (n_all_nodes,) array
        Posterior mass of each node; nodes of next to none are passed over.
    slopes : (n_subjects, n_coefficients) array
        Overwritten. The other parameters are those of ``minus2_log_density_at_nodes``.
    by_exposure : (n_all_nodes,) array
        Overwritten with the derivative of the log-density by the exposure times the node's mass; empty where it is not wanted.
    """
    n = theta.size
    for s in prange(row_start.size - 1):
        eta = np.zeros(MOST_PARAMETERS)
        slopes[s] = 0.0
        for k in range(node_start[s], node_start[s + 1]):
            if by_exposure.size > 0:
                by_exposure[k] = 0.0
            if mass[k] < _NEGLIGIBLE:
                continue
            for i in range(row_start[s], row_start[s + 1]):
                _predictors(rows, terms, theta, i, exposed, exposure[k], eta)
                f = row_terms(rows.hazard, eta[0], eta[1], eta[2], rows.time[i], rows.log_time[i], rows.kind[i])
                by = (f[1], f[2], f[3])
                for c in range(n):
                    slope = mass[k] * by[int(terms.parameter[c])]
                    column = terms.column[c]
                    value = 1.0
                    if column == exposed:
                        value = exposure[k] + terms.shift[c]
                        if by_exposure.size > 0:
                            by_exposure[k] += slope * theta[c]
                    elif column >= 0:
                        value = rows.design[i, column] + terms.shift[c]
                    slopes[s, c] += slope * value

"""Log-likelihood of event times at many coefficients, as quadrature over them asks for it."""

from __future__ import annotations

import numpy as np

from pkpd.arrays import FloatArray, IntArray
from tte.kernels._jit import parallel_kernel, prange
from tte.kernels.codes import MOST_PARAMETERS
from tte.kernels.likelihood import row_terms


@parallel_kernel
def log_likelihoods(
    hazard: int,
    time: FloatArray,
    kind: IntArray,
    design: FloatArray,
    weight: FloatArray,
    parameter: IntArray,
    column: IntArray,
    theta: FloatArray,
    value: FloatArray,
) -> None:
    """Write the log-likelihood at each of some points, rows in their order, so that any number of threads gives the same bits.

    Parameters
    ----------
    hazard : int
        Code of the hazard.
    time, kind, design, weight, parameter, column : arrays
        As in `tte.kernels.search.search`.
    theta : (n_points, n_coefficients) array
        Points, on the scale of the linear predictors.
    value : (n_points,) array
        Written; NaN or -inf where the likelihood is none or vanishes.
    """
    n_rows, n = kind.size, parameter.size
    log_time = np.empty(time.shape)
    for i in range(n_rows):
        for k in range(3):
            log_time[i, k] = np.log(time[i, k]) if time[i, k] > 0.0 else 0.0
    for p in prange(theta.shape[0]):
        eta = np.zeros(MOST_PARAMETERS)
        total = 0.0
        for i in range(n_rows):
            if weight[i] == 0.0:
                continue
            eta[:] = 0.0
            for c in range(n):
                x = design[i, column[c]] if column[c] >= 0 else 1.0
                eta[parameter[c]] += theta[p, c] * x
            terms = row_terms(hazard, eta[0], eta[1], eta[2], time[i], log_time[i], kind[i])
            total += weight[i] * terms[0]
        value[p] = total

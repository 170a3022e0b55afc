"""Log-likelihood of each row of event times at linear predictors of its own, with its derivatives by these."""

from __future__ import annotations

import numpy as np

from pkpd.arrays import FloatArray, IntArray
from tte.kernels._jit import kernel
from tte.kernels.codes import MOST_PARAMETERS
from tte.kernels.likelihood import row_terms


@kernel
def row_values(
    hazard: int, time: FloatArray, kind: IntArray, linear: FloatArray, value: FloatArray, slope: FloatArray
) -> None:
    """Write the log-likelihood of each row and its derivatives.

    Parameters
    ----------
    hazard : int
        Code of the hazard.
    time, kind : (n_rows, 3) and (n_rows,) arrays
        As in `tte.kernels.search.search`.
    linear : (n_rows, n_parameters) array
        Linear predictors of the hazard's parameters.
    value, slope : (n_rows,) and (n_rows, n_parameters) arrays
        Written; NaN or -inf where the likelihood is none or vanishes.
    """
    n = linear.shape[1]
    eta, log_time = np.zeros(MOST_PARAMETERS), np.zeros(3)
    for i in range(kind.size):
        for k in range(n):
            eta[k] = linear[i, k]
        for k in range(3):
            log_time[k] = np.log(time[i, k]) if time[i, k] > 0.0 else 0.0
        terms = row_terms(hazard, eta[0], eta[1], eta[2], time[i], log_time, kind[i])
        value[i] = terms[0]
        by_parameter = (terms[1], terms[2], terms[3])
        for k in range(n):
            slope[i, k] = by_parameter[k]

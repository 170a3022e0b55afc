"""Log-likelihood of event times, its gradient and its information (minus the Hessian), row by row.

Rows are summed in chunks of a fixed size and the chunks in their order, so that the sum has the same bits on any number of threads.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np

from pkpd.arrays import FloatArray, IntArray
from tte.kernels import accelerated, proportional, surge
from tte.kernels._jit import inlined_kernel, kernel, parallel_kernel, prange
from tte.kernels.codes import (
    EVENT,
    EXPONENTIAL,
    GOMPERTZ,
    INTERVAL,
    LOGLOGISTIC,
    LOGNORMAL,
    MOST_PARAMETERS,
    WEIBULL,
)
from tte.kernels.terms import Terms, chained, nothing, plus

_CHUNK = 2048


class Rows(NamedTuple):
    """Rows of event times.

    Parameters
    ----------
    hazard : int
        Code of the hazard.
    time, log_time : (n_rows, 3) arrays
        Start of being at risk, end of being known free of the event, end of the interval that the event lies in [day]; their logarithms.
    kind : (n_rows,) array
        Codes of what the row's end means.
    design : (n_rows, n_columns) array
        Covariates.
    """

    hazard: int
    time: FloatArray
    log_time: FloatArray
    kind: IntArray
    design: FloatArray


class Coefficients(NamedTuple):
    """What multiplies what: each hazard parameter's linear predictor is a sum of coefficients times columns.

    Parameters
    ----------
    parameter, column : (n_coefficients,) arrays
        Hazard parameter, and column of the design or -1 for an intercept.
    shift : (n_coefficients,) array
        Added to the column.
    """

    parameter: IntArray
    column: IntArray
    shift: FloatArray


@inlined_kernel
def _cumulative(hazard: int, a: float, b: float, c: float, time: float, log_time: float) -> Terms:
    if hazard == WEIBULL:
        return proportional.weibull_cumulative(a, b, log_time)
    if hazard == EXPONENTIAL:
        return proportional.exponential_cumulative(a, time)
    if hazard == GOMPERTZ:
        return proportional.gompertz_cumulative(a, b, time)
    if hazard == LOGLOGISTIC:
        return accelerated.loglogistic_cumulative(a, b, log_time)
    if hazard == LOGNORMAL:
        return accelerated.lognormal_cumulative(a, b, log_time)
    return surge.surge_cumulative(a, b, c, time)


@inlined_kernel
def _log_hazard(hazard: int, a: float, b: float, c: float, time: float, log_time: float) -> Terms:
    if hazard == WEIBULL:
        return proportional.weibull_log_hazard(a, b, log_time)
    if hazard == EXPONENTIAL:
        return proportional.exponential_log_hazard(a)
    if hazard == GOMPERTZ:
        return proportional.gompertz_log_hazard(a, b, time)
    if hazard == LOGLOGISTIC:
        return accelerated.loglogistic_log_hazard(a, b, log_time)
    if hazard == LOGNORMAL:
        return accelerated.lognormal_log_hazard(a, b, log_time)
    return surge.surge_log_hazard(a, b, c, time)


@inlined_kernel
def row_terms(hazard: int, a: float, b: float, c: float, time: FloatArray, log_time: FloatArray, kind: int) -> Terms:
    """Return the log-likelihood of one row: of being free of the event from start to stop, and of what comes then.

    A hazard beyond all numbers by the stop leaves no likelihood (-inf), whatever it is at the start.
    """
    until = nothing()
    if time[1] > 0.0:
        until = _cumulative(hazard, a, b, c, time[1], log_time[1])
        if until[0] == math.inf:
            return -math.inf, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0
    total = plus(nothing(), until, -1.0)
    if time[0] > 0.0:
        total = plus(total, _cumulative(hazard, a, b, c, time[0], log_time[0]), 1.0)
    if kind == EVENT:
        total = plus(total, _log_hazard(hazard, a, b, c, time[1], log_time[1]), 1.0)
    elif kind == INTERVAL:
        rise = plus(_cumulative(hazard, a, b, c, time[2], log_time[2]), until, -1.0)
        if rise[0] != math.inf:  # otherwise the event by the end is certain, and nothing is added
            slope = 1.0 / math.expm1(rise[0])
            total = plus(total, chained(rise, math.log(-math.expm1(-rise[0])), slope, -slope * (1.0 + slope)), 1.0)
    return total


@kernel
def _chunk(
    rows: Rows, terms: Coefficients, weight: FloatArray, theta: FloatArray, first: int, last: int, out: FloatArray
) -> None:
    """Write value, gradient and information (upper triangle, by rows) of the rows from first up to last."""
    n = theta.size
    x = np.ones(n)
    eta = np.zeros(MOST_PARAMETERS)
    out[:] = 0.0
    for i in range(first, last):
        w = weight[i]
        if w == 0.0:
            continue
        eta[:] = 0.0
        for c in range(n):
            if terms.column[c] >= 0:
                x[c] = rows.design[i, terms.column[c]] + terms.shift[c]
            eta[terms.parameter[c]] += theta[c] * x[c]
        f = row_terms(rows.hazard, eta[0], eta[1], eta[2], rows.time[i], rows.log_time[i], rows.kind[i])
        slope = (f[1], f[2], f[3])
        curvature = (f[4], f[5], f[6], f[5], f[7], f[8], f[6], f[8], f[9])
        out[0] += w * f[0]
        at = n + 1
        for c in range(n):
            k = terms.parameter[c]
            wx = w * x[c]
            out[1 + c] += wx * slope[k]
            for d in range(c, n):
                out[at] -= wx * x[d] * curvature[3 * k + terms.parameter[d]]
                at += 1


@kernel
def _size(n: int) -> int:
    return 1 + n + n * (n + 1) // 2


@parallel_kernel
def _parts_in_parallel(
    rows: Rows, terms: Coefficients, weight: FloatArray, theta: FloatArray, parts: FloatArray
) -> None:
    n_rows = rows.kind.size
    for k in prange(parts.shape[0]):
        _chunk(rows, terms, weight, theta, k * _CHUNK, min((k + 1) * _CHUNK, n_rows), parts[k])


@kernel
def _parts(rows: Rows, terms: Coefficients, weight: FloatArray, theta: FloatArray, parts: FloatArray) -> None:
    n_rows = rows.kind.size
    for k in range(parts.shape[0]):
        _chunk(rows, terms, weight, theta, k * _CHUNK, min((k + 1) * _CHUNK, n_rows), parts[k])


@kernel
def _unpack(parts: FloatArray, gradient: FloatArray, information: FloatArray) -> float:
    """Write the sums over chunks and return the value; NaN where anything is not finite."""
    n = gradient.size
    total = np.zeros(parts.shape[1])
    for k in range(parts.shape[0]):
        total += parts[k]
    at = n + 1
    for c in range(n):
        gradient[c] = total[1 + c]
        for d in range(c, n):
            information[c, d] = total[at]
            information[d, c] = total[at]
            at += 1
    return total[0] if np.isfinite(total).all() else np.nan


@kernel
def n_chunks(n_rows: int) -> int:
    """Return in how many chunks rows are summed."""
    return max(1, (n_rows + _CHUNK - 1) // _CHUNK)


@kernel
def evaluate(
    rows: Rows,
    terms: Coefficients,
    weight: FloatArray,
    theta: FloatArray,
    gradient: FloatArray,
    information: FloatArray,
) -> float:
    """Write gradient and information at some coefficients and return the log-likelihood; NaN where anything is not finite.

    Parameters
    ----------
    rows, terms : Rows and Coefficients
        Data and model.
    weight : (n_rows,) array
        How often each row counts.
    theta : (n_coefficients,) array
        Coefficients on the scale of the linear predictors.
    gradient, information : (n_coefficients,) and (n_coefficients, n_coefficients) arrays
        Written.
    """
    parts = np.empty((n_chunks(rows.kind.size), _size(theta.size)))
    _parts(rows, terms, weight, theta, parts)
    return _unpack(parts, gradient, information)


@kernel
def evaluate_in_parallel(
    rows: Rows,
    terms: Coefficients,
    weight: FloatArray,
    theta: FloatArray,
    gradient: FloatArray,
    information: FloatArray,
) -> float:
    """Do as `evaluate`, with the same bits, on all threads."""
    parts = np.empty((n_chunks(rows.kind.size), _size(theta.size)))
    _parts_in_parallel(rows, terms, weight, theta, parts)
    return _unpack(parts, gradient, information)

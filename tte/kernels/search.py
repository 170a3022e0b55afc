"""Fits of event times, whole in compiled code: covariates centred and scaled, the search, and the way back; one fit, or many at once."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from pkpd.arrays import BoolArray, FloatArray, IntArray
from tte.kernels._jit import kernel, parallel_kernel, prange
from tte.kernels.likelihood import Coefficients, Rows
from tte.kernels.newton import Bounds, inverse, maximize


@kernel
def _with_logs(hazard: int, time: FloatArray, kind: IntArray, design: FloatArray) -> Rows:
    """Return rows with the logarithms of their times; nothing asks for that of a time of 0."""
    log_time = np.empty(time.shape)
    for i in range(time.shape[0]):
        for k in range(3):
            log_time[i, k] = np.log(time[i, k]) if time[i, k] > 0.0 else 0.0
    return Rows(hazard, time, log_time, kind, design)


@kernel
def _standardised(design: FloatArray, centre: FloatArray, width: FloatArray) -> FloatArray:
    """Write mean and range of each column, and return the columns less their mean over their range."""
    n, m = design.shape
    scaled = np.empty((n, m))
    for j in range(m):
        low, high, total = np.inf, -np.inf, 0.0
        for i in range(n):
            low, high = min(low, design[i, j]), max(high, design[i, j])
            total += design[i, j] / n
        centre[j] = total
        width[j] = high - low if high > low else 1.0
        for i in range(n):
            scaled[i, j] = (design[i, j] - centre[j]) / width[j]
    return scaled


@kernel
def _way_back(
    parameter: IntArray,
    column: IntArray,
    is_free: BoolArray,
    centre: FloatArray,
    width: FloatArray,
    back: FloatArray,
    shift: FloatArray,
) -> None:
    """Write the matrix from scaled coefficients to those of the covariates as given, and what is added to each scaled column.

    An intercept takes the means of its columns with it, unless it is held.
    """
    n = parameter.size
    back[:, :] = 0.0
    shift[:] = 0.0
    intercept = np.zeros(n, dtype=np.int64)
    for c in range(n):
        if column[c] < 0:
            for d in range(n):
                if parameter[d] == parameter[c]:
                    intercept[d] = c
    for c in range(n):
        if column[c] < 0:
            back[c, c] = 1.0
            continue
        j = column[c]
        back[c, c] = 1.0 / width[j]
        if is_free[intercept[c]]:
            back[intercept[c], c] = -centre[j] / width[j]
        else:
            shift[c] = centre[j] / width[j]


@kernel
def _way_there(column: IntArray, back: FloatArray, theta: FloatArray, scaled: FloatArray) -> None:
    """Write the scaled coefficients of some coefficients, the inverse of ``back``."""
    n = theta.size
    for c in range(n):
        if column[c] >= 0:
            scaled[c] = theta[c] / back[c, c]
    for c in range(n):
        if column[c] < 0:
            total = theta[c]
            for d in range(n):
                if column[d] >= 0:  # of another intercept nothing is written yet: 0 times what is there may be NaN
                    total -= back[c, d] * scaled[d]
            scaled[c] = total / back[c, c]


class _Problem(NamedTuple):
    """Data and model on the scaled coefficients, what counts as one of each, and the way back."""

    rows: Rows
    terms: Coefficients
    bounds: Bounds
    units: FloatArray
    back: FloatArray


@kernel
def _problem(
    hazard: int,
    time: FloatArray,
    kind: IntArray,
    design: FloatArray,
    parameter: IntArray,
    column: IntArray,
    unit: FloatArray,
    is_free: BoolArray,
    lower: FloatArray,
    upper: FloatArray,
) -> _Problem:
    n, m = parameter.size, design.shape[1]
    centre, width, back, shift = np.empty(m), np.empty(m), np.empty((n, n)), np.empty(n)
    rows = _with_logs(hazard, time, kind, _standardised(design, centre, width))
    _way_back(parameter, column, is_free, centre, width, back, shift)
    units = np.empty(n)
    for c in range(n):
        units[c] = unit[parameter[c]]
    return _Problem(rows, Coefficients(parameter, column, shift), Bounds(is_free, lower, upper), units, back)


@kernel
def _searched(
    problem: _Problem,
    weight: FloatArray,
    start: FloatArray,
    theta: FloatArray,
    gradient: FloatArray,
    information: FloatArray,
    covariance: FloatArray,
    is_at_bound: BoolArray,
    most_steps: int,
    is_parallel: bool,
) -> tuple[float, int, int, bool]:
    """Search on the scaled coefficients; write the results for the covariates as given."""
    n = theta.size
    terms, bounds, back = problem.terms, problem.bounds, problem.back
    scaled, slope, curvature, spread = np.empty(n), np.empty(n), np.zeros((n, n)), np.empty((n, n))
    _way_there(terms.column, back, start, scaled)
    value, status, n_steps = maximize(
        problem.rows, terms, weight, bounds, problem.units, scaled, slope, curvature, most_steps, is_parallel
    )
    is_in = np.empty(n, dtype=np.bool_)
    for c in range(n):
        is_at_bound[c] = bounds.is_free[c] and (scaled[c] <= bounds.lower[c] or scaled[c] >= bounds.upper[c])
        is_in[c] = bounds.is_free[c] and not is_at_bound[c]
    is_definite = inverse(curvature, is_in, spread)
    for c in range(n):
        theta[c] = 0.0
        for d in range(n):
            theta[c] += back[c, d] * scaled[d]
        if not bounds.is_free[c]:
            theta[c] = start[c]
    for i in range(n):
        for j in range(n):
            covariance[i, j] = 0.0
            for k in range(n):
                for m in range(n):
                    covariance[i, j] += back[i, k] * 0.5 * (spread[k, m] + spread[m, k]) * back[j, m]
    _by_inverse(back, terms, slope, curvature, gradient, information)
    return value, status, n_steps, is_definite


@kernel
def _by_inverse(
    back: FloatArray,
    terms: Coefficients,
    slope: FloatArray,
    curvature: FloatArray,
    gradient: FloatArray,
    information: FloatArray,
) -> None:
    """Write gradient and information by the coefficients of the covariates as given."""
    n = slope.size
    there = np.zeros((n, n))
    unit = np.zeros(n)
    for c in range(n):
        unit[:] = 0.0
        unit[c] = 1.0
        _way_there(terms.column, back, unit, there[:, c])
    for i in range(n):
        gradient[i] = 0.0
        for k in range(n):
            gradient[i] += there[k, i] * slope[k]
        for j in range(n):
            information[i, j] = 0.0
            for k in range(n):
                for m in range(n):
                    information[i, j] += there[k, i] * curvature[k, m] * there[m, j]


@kernel
def search(
    hazard: int,
    time: FloatArray,
    kind: IntArray,
    design: FloatArray,
    weight: FloatArray,
    parameter: IntArray,
    column: IntArray,
    unit: FloatArray,
    is_free: BoolArray,
    lower: FloatArray,
    upper: FloatArray,
    starts: FloatArray,
    theta: FloatArray,
    gradient: FloatArray,
    information: FloatArray,
    covariance: FloatArray,
    is_at_bound: BoolArray,
    most_steps: int,
) -> tuple[float, int, int, bool]:
    """Fit one model from one or several starts; the best is kept.

    Parameters
    ----------
    hazard : int
        Code.
    time : (n_rows, 3) array
        Start, stop and end of the interval [day].
    kind : (n_rows,) array
        Codes of the rows' ends.
    design : (n_rows, n_columns) array
        Covariates.
    weight : (n_rows,) array
        How often each row counts.
    parameter, column : (n_coefficients,) arrays
        What each coefficient belongs to; column -1 is an intercept. An intercept comes for every parameter.
    unit : (n_parameters,) array
        What counts as one of each linear predictor.
    is_free : (n_coefficients,) array
        Those that are estimated; the others stay at the start.
    lower, upper : (n_coefficients,) arrays
        Bounds of intercepts at the mean of the covariates, and of effects over the range of theirs.
    starts : (n_starts, n_coefficients) array
        Where searches begin.
    theta, gradient, information, covariance, is_at_bound : arrays
        Written: the estimates, the derivatives there, the inverse of the information (NaN where it is not positive definite), and which
        coefficients lie at a bound.
    most_steps : int
        Steps allowed; 0 evaluates the first start.

    Returns
    -------
    value : float
        Log-likelihood.
    status, n_steps : int
        Code of how the search ended, steps of all searches.
    is_definite : bool
        Whether the information of what is estimated is positive definite.
    """
    problem = _problem(hazard, time, kind, design, parameter, column, unit, is_free, lower, upper)
    n = parameter.size
    best, status, steps, is_definite = np.nan, 0, 0, False
    own, slope, curvature, spread = np.empty(n), np.empty(n), np.empty((n, n)), np.empty((n, n))
    at_bound = np.empty(n, dtype=np.bool_)
    for s in range(starts.shape[0]):
        value, ended, n_steps, definite = _searched(
            problem,
            weight,
            starts[s],
            own,
            slope,
            curvature,
            spread,
            at_bound,
            most_steps,
            True,
        )
        steps += n_steps
        if s == 0 or value > best or not np.isfinite(best):
            best, status, is_definite = value, ended, definite
            theta[:], gradient[:], is_at_bound[:] = own, slope, at_bound
            information[:, :], covariance[:, :] = curvature, spread
    return best, status, steps, is_definite


@parallel_kernel
def _each(
    rows: Rows,
    terms: Coefficients,
    bounds: Bounds,
    units: FloatArray,
    back: FloatArray,
    subject: IntArray,
    counts: IntArray,
    starts: FloatArray,
    theta: FloatArray,
    value: FloatArray,
    status: IntArray,
    is_at_bound: BoolArray,
    is_definite: BoolArray,
    most_steps: int,
) -> None:
    n_rows, n = subject.size, theta.shape[1]
    for r in prange(counts.shape[0]):
        problem = _Problem(rows, terms, bounds, units, back)  # a tuple of tuples does not get into a parallel loop
        weight = np.empty(n_rows)
        for i in range(n_rows):
            weight[i] = counts[r, subject[i]]
        own, slope, curvature, spread = np.empty(n), np.empty(n), np.empty((n, n)), np.empty((n, n))
        at_bound = np.empty(n, dtype=np.bool_)
        value[r] = np.nan
        for s in range(starts.shape[0]):
            found, ended, _, definite = _searched(
                problem,
                weight,
                starts[s],
                own,
                slope,
                curvature,
                spread,
                at_bound,
                most_steps,
                False,
            )
            if s == 0 or found > value[r] or not np.isfinite(value[r]):
                value[r], status[r], is_definite[r] = found, ended, definite
                theta[r], is_at_bound[r] = own, at_bound


@kernel
def search_many(
    hazard: int,
    time: FloatArray,
    kind: IntArray,
    design: FloatArray,
    subject: IntArray,
    counts: IntArray,
    parameter: IntArray,
    column: IntArray,
    unit: FloatArray,
    is_free: BoolArray,
    lower: FloatArray,
    upper: FloatArray,
    starts: FloatArray,
    theta: FloatArray,
    value: FloatArray,
    status: IntArray,
    is_at_bound: BoolArray,
    is_definite: BoolArray,
    most_steps: int,
) -> None:
    """Fit one model to many samples of the same subjects, on all threads, each fit with the same bits on any number of them.

    Parameters as in `search`, but for

    subject : (n_rows,) array
        Whose each row is.
    counts : (n_samples, n_subjects) array
        How often each sample holds each subject.
    theta, value, status, is_at_bound, is_definite : arrays with a first axis of n_samples
        Written.
    """
    problem = _problem(hazard, time, kind, design, parameter, column, unit, is_free, lower, upper)
    _each(
        problem.rows,
        problem.terms,
        problem.bounds,
        problem.units,
        problem.back,
        subject,
        counts,
        starts,
        theta,
        value,
        status,
        is_at_bound,
        is_definite,
        most_steps,
    )

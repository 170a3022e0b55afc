"""Newton's method with step control for the coefficients of one likelihood, whole in compiled code.

Steps solve the information scaled to a unit diagonal, so that units of time and covariates do not matter; a multiple of the identity is
added where it is not positive definite or where the likelihood would fall (Levenberg and Marquardt). A coefficient at a bound that the
likelihood pushes against is held for that step.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np

from pkpd.arrays import BoolArray, FloatArray
from pkpd.kernels.linalg import cholesky_solve
from tte.kernels._jit import kernel
from tte.kernels.codes import CONVERGED, MONOTONE, NO_START, NOT_FLAT
from tte.kernels.likelihood import Coefficients, Rows, evaluate, evaluate_in_parallel, n_chunks

# A fall of twice the log-likelihood that is still to be had, at which the search ends: estimates stand within 1e-7 standard errors.
_FLAT = 1e-14
# Largest step of a scaled coefficient, where one is a factor e of the hazard over the range of a covariate.
_LONGEST_STEP = 4.0
_LEAST_DAMPING, _SMALL_DAMPING, _FIRST_DAMPING, _MOST_DAMPING, _STRONGER = 1e-8, 1e-6, 1e-3, 1e12, 10.0
# Part of the gain that the quadratic model promises which a step must bring.
_PART_OF_GAIN = 1e-4
_ROUNDING = 1e-13
# Pivot of the scaled information that counts as zero.
_LEAST_PIVOT = 1e-11
# Steps that stay this long while there is next to nothing to gain lead to infinity.
_RUNNING, _RUNNING_GAIN, _RUNNING_STEPS, _RUNNING_END = 0.3, 1e-2, 5, 1e-9


class Bounds(NamedTuple):
    """Which coefficients are searched, and where.

    Parameters
    ----------
    is_free : (n_coefficients,) array
        The others are held.
    lower, upper : (n_coefficients,) arrays
        Bounds, infinite where there are none.
    """

    is_free: BoolArray
    lower: FloatArray
    upper: FloatArray


@kernel
def _factored(information: FloatArray, scale: FloatArray, is_in: BoolArray, damping: float, factor: FloatArray) -> bool:
    """Write the Cholesky factor of the scaled, damped information; return False where it is not positive definite."""
    n = scale.size
    for i in range(n):
        for j in range(i + 1):
            factor[i, j] = 0.0
            if not (is_in[i] and is_in[j]):
                if i == j:
                    factor[i, i] = 1.0
                continue
            total = information[i, j] / (scale[i] * scale[j])
            if i == j:
                total += damping
            for k in range(j):
                total -= factor[i, k] * factor[j, k]
            if i == j:
                if not total > _LEAST_PIVOT:
                    return False
                factor[i, i] = math.sqrt(total)
            else:
                factor[i, j] = total / factor[j, j]
    return True


@kernel
def _solve(factor: FloatArray, scale: FloatArray, right: FloatArray, is_in: BoolArray, step: FloatArray) -> None:
    scaled = np.zeros(right.size)
    for i in range(right.size):
        if is_in[i]:
            scaled[i] = right[i] / scale[i]
    cholesky_solve(factor, scaled, step)
    for i in range(right.size):
        step[i] /= scale[i]


@kernel
def _scale_of(information: FloatArray) -> FloatArray:
    scale = np.empty(information.shape[0])
    for i in range(scale.size):
        size = abs(information[i, i])
        scale[i] = math.sqrt(size) if size > 1e-290 else 1.0
    return scale


@kernel
def _evaluated(
    rows: Rows,
    terms: Coefficients,
    weight: FloatArray,
    theta: FloatArray,
    gradient: FloatArray,
    information: FloatArray,
    is_parallel: bool,
) -> float:
    if is_parallel and n_chunks(rows.kind.size) > 1:
        return evaluate_in_parallel(rows, terms, weight, theta, gradient, information)
    return evaluate(rows, terms, weight, theta, gradient, information)


@kernel
def maximize(
    rows: Rows,
    terms: Coefficients,
    weight: FloatArray,
    bounds: Bounds,
    unit: FloatArray,
    theta: FloatArray,
    gradient: FloatArray,
    information: FloatArray,
    most_steps: int,
    is_parallel: bool,
) -> tuple[float, int, int]:
    """Find the coefficients with the greatest likelihood.

    Parameters
    ----------
    rows, terms, weight
        As in `evaluate`.
    bounds : Bounds
        Which coefficients are searched, and where.
    unit : (n_coefficients,) array
        What counts as one of each coefficient.
    theta : (n_coefficients,) array
        Start; the result is written there.
    gradient, information : arrays
        Written, at the result.
    most_steps : int
        Steps allowed; with 0 the likelihood is evaluated at the start.
    is_parallel : bool
        Whether many rows are summed on all threads.

    Returns
    -------
    value : float
        Log-likelihood; NaN where the start has none.
    status, n_steps : int
        Code of how the search ended, and how many steps it took.
    """
    n = theta.size
    for c in range(n):
        if bounds.is_free[c]:
            theta[c] = min(max(theta[c], bounds.lower[c]), bounds.upper[c])
    value = _evaluated(rows, terms, weight, theta, gradient, information, is_parallel)
    if not np.isfinite(value):
        return value, NO_START, 0
    step, trial = np.zeros(n), np.empty(n)
    factor, is_in = np.zeros((n, n)), np.empty(n, dtype=np.bool_)
    next_gradient, next_information = np.empty(n), np.empty((n, n))
    damping, n_running = 0.0, 0
    for n_steps in range(most_steps):
        scale = _scale_of(information)
        for c in range(n):
            at_lower = theta[c] <= bounds.lower[c] and gradient[c] < 0.0
            at_upper = theta[c] >= bounds.upper[c] and gradient[c] > 0.0
            is_in[c] = bounds.is_free[c] and not at_lower and not at_upper
        found, is_better, is_refused, is_undamped = value, False, False, False
        while damping <= _MOST_DAMPING:
            if not _factored(information, scale, is_in, damping, factor):
                damping = max(_STRONGER * damping, _LEAST_DAMPING)
                continue
            _solve(factor, scale, gradient, is_in, step)
            gain, longest = 0.0, 0.0
            for c in range(n):
                gain += gradient[c] * step[c]
                longest = max(longest, abs(step[c]) / unit[c])
            if gain <= _FLAT:
                if damping <= _SMALL_DAMPING or is_undamped:
                    return value, CONVERGED, n_steps
                if is_refused:
                    return value, NOT_FLAT, n_steps
                damping, is_undamped = 0.0, True  # what is left over from earlier steps hides what there is to gain
                continue
            if damping == 0.0 and gain < _RUNNING_GAIN and longest > _RUNNING:
                n_running += 1
                if n_running >= _RUNNING_STEPS and gain < _RUNNING_END:
                    return value, MONOTONE, n_steps
            part = min(1.0, _LONGEST_STEP / longest)
            promised = 0.0
            for c in range(n):
                trial[c] = theta[c]
                if is_in[c]:
                    trial[c] = min(max(theta[c] + part * step[c], bounds.lower[c]), bounds.upper[c])
                    promised += 0.5 * gradient[c] * (trial[c] - theta[c])
            found = _evaluated(rows, terms, weight, trial, next_gradient, next_information, is_parallel)
            noise = _ROUNDING * (1.0 + abs(value))
            if np.isfinite(found) and found >= value + _PART_OF_GAIN * promised - noise:
                is_better = True
                break
            is_refused = True
            damping = max(_STRONGER * damping, _FIRST_DAMPING)
        if not is_better:
            return value, NOT_FLAT, n_steps
        theta[:] = trial
        gradient[:] = next_gradient
        information[:, :] = next_information
        value = found
        damping = damping / _STRONGER if damping > 10.0 * _LEAST_DAMPING else 0.0
    return value, NOT_FLAT if most_steps > 0 else CONVERGED, most_steps


@kernel
def inverse(information: FloatArray, is_in: BoolArray, covariance: FloatArray) -> bool:
    """Write the inverse of the information of some coefficients, 0 for the others; False where it is not positive definite."""
    n = information.shape[0]
    scale, factor = _scale_of(information), np.zeros((n, n))
    covariance[:, :] = 0.0
    if not _factored(information, scale, is_in, 0.0, factor):
        covariance[:, :] = np.nan
        return False
    right = np.zeros(n)
    for j in range(n):
        if is_in[j]:
            right[:] = 0.0
            right[j] = 1.0
            _solve(factor, scale, right, is_in, covariance[:, j])
    return True

"""Residual error: the one definition that likelihood, censoring, residuals and simulation share.

VARIANCES_ADD  sd = sqrt(a^2 + (b f^c)^2), additive and proportional error being b = 0 and a = 0
SDS_ADD        sd = a + b f^c
LOGARITHMIC    ln y scatters around ln f with sd = a; levels and limits are given as logarithms

c is 1 unless a model says otherwise. A sample outside its limits enters by Beal's M3 (doi:10.1023/A:1012299115260): the
probability of a level below the lower, or above the upper limit; one known to lie between two values by its probability.
"""

from __future__ import annotations

import math

import numpy as np

from pkpd.arrays import FloatArray
from pkpd.kernels._jit import inlined_kernel, kernel
from pkpd.kernels.codes import (
    ADDITIVE,
    CENSORED,
    ERROR_KIND,
    EXPONENT,
    LEVEL,
    LLOQ,
    PROPORTIONAL,
    ULOQ,
    Censored,
    ErrorKind,
)
from pkpd.kernels.special import log_ndtr, ndtr
from pkpd.kernels.taylor import (
    Taylor,
    added,
    constant,
    divided,
    exponential,
    linear,
    log_normal_distribution,
    log_one_minus_exponential,
    logarithm,
    multiplied,
    raised,
    scaled,
    square_root,
    subtracted,
)

LOG_2PI = math.log(2.0 * math.pi)
_NONE = float(Censored.NONE)
_BELOW = float(Censored.BELOW)
_BETWEEN = float(Censored.BETWEEN)
_SDS_ADD = float(ErrorKind.SDS_ADD)
_LOGARITHMIC = float(ErrorKind.LOGARITHMIC)


@kernel
def residual_sd(prediction: float, additive: float, proportional: float) -> float:
    """Return the standard deviation [mg/L] of a measurement around a prediction [mg/L], where variances add and c = 1."""
    scaled_part = proportional * prediction
    return math.sqrt(additive * additive + scaled_part * scaled_part)


@inlined_kernel
def residual_variance(observation: FloatArray, prediction: float) -> float:
    """Return the variance of a measurement around a prediction [mg/L], of its logarithm where the error is LOGARITHMIC."""
    additive = observation[ADDITIVE]
    if observation[ERROR_KIND] == _LOGARITHMIC:
        return additive * additive
    part = observation[PROPORTIONAL] * prediction
    if observation[EXPONENT] != 1.0:
        part = observation[PROPORTIONAL] * prediction ** observation[EXPONENT]
    if observation[ERROR_KIND] == _SDS_ADD:
        return (additive + part) * (additive + part)
    return additive * additive + part * part


@inlined_kernel
def _holds_nothing(observation: FloatArray) -> bool:
    """Return whether a censored level may be that of no drug at all; of a logarithm the lower end is never reached."""
    is_from_zero = observation[CENSORED] == _BETWEEN and observation[LLOQ] <= 0.0
    return observation[CENSORED] == _BELOW or (is_from_zero and observation[ERROR_KIND] != _LOGARITHMIC)


@inlined_kernel
def minus2_log_density(observation: FloatArray, prediction: float) -> float:
    """Return -2 log of one observation's density, or of its probability where it is censored, with log 2 pi.

    ``observation`` is a row of ``codes.PackedSubjects.observations``, the prediction is in mg/L. Without drug and without
    additive error no level can have been measured: +inf for a quantified or an above-limit sample, 0 for one below the limit or
    between 0 and a limit.
    """
    censored = observation[CENSORED]
    variance = residual_variance(observation, prediction)
    centre = prediction
    if observation[ERROR_KIND] == _LOGARITHMIC:
        centre = np.log(prediction)
    if variance == 0.0 or centre == -np.inf:
        return 0.0 if _holds_nothing(observation) else np.inf
    if censored == _NONE:
        residual = observation[LEVEL] - centre
        return LOG_2PI + math.log(variance) + residual * residual / variance
    sd = math.sqrt(variance)
    if censored == _BETWEEN:
        return -2.0 * _log_probability_between((observation[LLOQ] - centre) / sd, (observation[ULOQ] - centre) / sd)
    if censored == _BELOW:
        return -2.0 * log_ndtr((observation[LLOQ] - centre) / sd)
    return -2.0 * log_ndtr((centre - observation[ULOQ]) / sd)


@kernel
def _log_probability_between(low: float, high: float) -> float:
    """Return the logarithm of the standard normal probability between two values, in the tail where it is exact."""
    if low > 0.0:
        low, high = -high, -low
    upper = log_ndtr(high)
    return upper + np.log(-np.expm1(log_ndtr(low) - upper))


@inlined_kernel
def error_taylor(observation: FloatArray, prediction: Taylor, d_error: FloatArray) -> Taylor:
    """Return the polynomial of the variance, or the constant 0 where it is zero.

    Parameters
    ----------
    observation : (8,) array
        A row of ``codes.PackedSubjects.observations``.
    prediction : Taylor
        Prediction [mg/L].
    d_error : (3,) array
        Slopes of ADDITIVE, PROPORTIONAL and EXPONENT.
    """
    additive = linear(observation[ADDITIVE], d_error[0])
    if observation[ERROR_KIND] == _LOGARITHMIC:
        return multiplied(additive, additive)
    part = multiplied(linear(observation[PROPORTIONAL], d_error[1]), _powered(observation, prediction, d_error[2]))
    if observation[ERROR_KIND] == _SDS_ADD:
        total = added(additive, part)
        return multiplied(total, total)
    return added(multiplied(additive, additive), multiplied(part, part))


@inlined_kernel
def error_slope_taylor(observation: FloatArray, prediction: Taylor, d_error: FloatArray) -> Taylor:
    """Return the polynomial of the derivative of the variance with respect to the prediction; arguments as ``error_taylor``.

    Not for LOGARITHMIC errors, whose variance does not depend on it.
    """
    proportional = linear(observation[PROPORTIONAL], d_error[1])
    exponent = linear(observation[EXPONENT], d_error[2])
    part = multiplied(proportional, _powered(observation, prediction, d_error[2]))
    slope = proportional
    if not (observation[EXPONENT] == 1.0 and d_error[2] == 0.0):
        slope = divided(multiplied(exponent, part), prediction)
    total = part
    if observation[ERROR_KIND] == _SDS_ADD:
        total = added(linear(observation[ADDITIVE], d_error[0]), part)
    return scaled(multiplied(total, slope), 2.0)


@inlined_kernel
def _powered(observation: FloatArray, prediction: Taylor, d_exponent: float) -> Taylor:
    if observation[EXPONENT] == 1.0 and d_exponent == 0.0:
        return prediction
    if not prediction[0] > 0.0:
        return constant(0.0)
    return exponential(multiplied(linear(observation[EXPONENT], d_exponent), logarithm(prediction)))


@inlined_kernel
def minus2_log_density_taylor(observation: FloatArray, prediction: Taylor, variance: Taylor) -> Taylor:
    """Return the polynomial of ``minus2_log_density`` from those of the prediction [mg/L] and of the variance.

    The variance is ``error_taylor`` of the same prediction, or of another one where a method holds it apart.
    """
    censored = observation[CENSORED]
    is_logarithmic = observation[ERROR_KIND] == _LOGARITHMIC
    if variance[0] == 0.0 or (is_logarithmic and not prediction[0] > 0.0):
        return constant(0.0 if _holds_nothing(observation) else np.inf)
    centre = logarithm(prediction) if is_logarithmic else prediction
    if censored == _NONE:
        residual = raised(scaled(centre, -1.0), observation[LEVEL])
        return raised(added(logarithm(variance), divided(multiplied(residual, residual), variance)), LOG_2PI)
    sd = square_root(variance)
    below = divided(raised(scaled(centre, -1.0), observation[LLOQ]), sd)
    if censored == _BELOW:
        return scaled(log_normal_distribution(below), -2.0)
    above = divided(raised(centre, -observation[ULOQ]), sd)
    if censored != _BETWEEN:
        return scaled(log_normal_distribution(above), -2.0)
    if below[0] > 0.0:
        low, high = above, scaled(below, -1.0)
    else:
        low, high = below, scaled(above, -1.0)
    upper = log_normal_distribution(high)
    inner = log_one_minus_exponential(subtracted(log_normal_distribution(low), upper))
    return scaled(added(upper, inner), -2.0)


NO_ERROR_CHANGE = np.zeros(3)
"""Slopes of the error's parameters along a direction that does not change them."""


@inlined_kernel
def minus2_log_density_derivatives(observation: FloatArray, prediction: float) -> tuple[float, float, float]:
    """Return ``minus2_log_density`` and its first and second derivative with respect to the prediction."""
    along = linear(prediction, 1.0)
    value = minus2_log_density_taylor(observation, along, error_taylor(observation, along, NO_ERROR_CHANGE))
    return value[0], value[1], 2.0 * value[2]


@kernel
def probability_of_lower_level(
    weight: FloatArray, log_prediction: FloatArray, value: float, additive: float, proportional: float
) -> float:
    """Return the probability that a measurement falls below a value, over weighted predictions.

    Parameters
    ----------
    weight, log_prediction : (n_lines, n_nodes) arrays
        Weights that sum to one, and ln of the predicted concentration [mg/L].
    value : float
        Concentration [mg/L].
    additive, proportional : float
        Residual error [mg/L, fraction].
    """
    total = 0.0
    for line in range(weight.shape[0]):
        for m in range(weight.shape[1]):
            prediction = math.exp(log_prediction[line, m])
            sd = residual_sd(prediction, additive, proportional)
            total += weight[line, m] * (ndtr((value - prediction) / sd) if sd > 0.0 else 1.0)
    return min(max(total, 0.0), 1.0)

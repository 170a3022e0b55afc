"""Residual error: the one definition that likelihood, censoring, residuals and simulation share.

sd = sqrt(a^2 + (b f)^2), additive and proportional error being b = 0 and a = 0. A sample outside its limits enters by
Beal's M3 (doi:10.1023/A:1012299115260): the probability of a level below the lower, or above the upper limit.
"""

from __future__ import annotations

import math

import numpy as np

from pkpd.arrays import FloatArray
from pkpd.kernels._jit import inlined_kernel, kernel
from pkpd.kernels.codes import ADDITIVE, CENSORED, LEVEL, LLOQ, PROPORTIONAL, ULOQ, Censored
from pkpd.kernels.special import log_ndtr, mills, ndtr

LOG_2PI = math.log(2.0 * math.pi)
_NONE = float(Censored.NONE)
_BELOW = float(Censored.BELOW)


@kernel
def residual_sd(prediction: float, additive: float, proportional: float) -> float:
    """Return the standard deviation [mg/L] of a measurement around a prediction [mg/L]."""
    scaled = proportional * prediction
    return math.sqrt(additive * additive + scaled * scaled)


@inlined_kernel
def minus2_log_density(observation: FloatArray, prediction: float) -> float:
    """Return -2 log of one observation's density, or of its probability where it is censored, with log 2 pi.

    ``observation`` is a row of ``codes.PackedSubjects.observations``, the prediction is in mg/L. Without drug and without additive error no level can have been measured: +inf for a quantified or an above-limit
    sample, 0 for one below the limit.
    """
    censored = observation[CENSORED]
    additive, proportional = observation[ADDITIVE], observation[PROPORTIONAL]
    variance = additive * additive + proportional * proportional * prediction * prediction
    if variance == 0.0:
        return 0.0 if censored == _BELOW else np.inf
    if censored == _NONE:
        residual = observation[LEVEL] - prediction
        return LOG_2PI + math.log(variance) + residual * residual / variance
    if censored == _BELOW:
        return -2.0 * log_ndtr((observation[LLOQ] - prediction) / math.sqrt(variance))
    return -2.0 * log_ndtr((prediction - observation[ULOQ]) / math.sqrt(variance))


@inlined_kernel
def minus2_log_density_derivatives(observation: FloatArray, prediction: float) -> tuple[float, float, float]:
    """Return ``minus2_log_density`` and its first and second derivative with respect to the prediction."""
    censored = observation[CENSORED]
    additive, proportional = observation[ADDITIVE], observation[PROPORTIONAL]
    variance = additive * additive + proportional * proportional * prediction * prediction
    if variance == 0.0:
        return (0.0 if censored == _BELOW else np.inf), 0.0, 0.0
    square = proportional * proportional
    slope = 2.0 * square * prediction
    if censored == _NONE:
        residual = observation[LEVEL] - prediction
        relative = slope / variance
        ratio = residual / variance
        value = LOG_2PI + math.log(variance) + residual * ratio
        first = relative - 2.0 * ratio - residual * ratio * relative
        curve = 2.0 * square / variance
        second = curve - relative * relative + 2.0 / variance + 4.0 * ratio * relative
        second += residual * ratio * (2.0 * relative * relative - curve)
        return value, first, second
    sd = math.sqrt(variance)
    sd_slope = square * prediction / sd
    sd_curve = (square - sd_slope * sd_slope) / sd
    sign = 1.0 if censored == _BELOW else -1.0
    gap = (observation[LLOQ] if censored == _BELOW else observation[ULOQ]) - prediction
    z = sign * gap / sd
    numerator = -sd - gap * sd_slope
    z_slope = sign * numerator / variance
    z_curve = sign * (-gap * sd_curve / variance - 2.0 * numerator * sd_slope / (variance * sd))
    hazard = mills(z)
    value = -2.0 * log_ndtr(z)
    if hazard == 0.0:
        # So far on the right side of the limit that nothing changes; the squares below could overflow.
        return value, 0.0, 0.0
    first = -2.0 * hazard * z_slope
    second = -2.0 * (hazard * z_curve - hazard * (z + hazard) * z_slope * z_slope)
    return value, first, second


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

"""The individual objective: -2 log density of a subject's observations plus the penalty of its random effects.

phi(z) = sum of -2 log p(y | eta) + |z|^2, eta = L z: in whitened coordinates z the penalty eta' inv(Omega) eta is |z|^2.
"""

from __future__ import annotations

import numpy as np

from pkpd.arrays import FloatArray
from pkpd.kernels._jit import inlined_kernel, kernel
from pkpd.kernels.advance import eta_from_white, predict
from pkpd.kernels.advance_taylor import predict_taylor, row_taylor
from pkpd.kernels.codes import PackedSubject
from pkpd.kernels.residual import (
    NO_ERROR_CHANGE,
    error_taylor,
    minus2_log_density,
    minus2_log_density_taylor,
)
from pkpd.kernels.taylor import Taylor, added, constant


@inlined_kernel
def minus2_log_likelihood(subject: PackedSubject, prediction: FloatArray) -> float:
    """Return -2 log density of the observations given their predictions [mg/L], with log 2 pi."""
    observations = subject.observations
    total = 0.0
    for o in range(observations.shape[0]):
        total += minus2_log_density(observations[o], prediction[o])
    return total


@kernel
def objective(subject: PackedSubject, z: FloatArray) -> float:
    """Return phi(z) (see the module's text); +inf where the observations are impossible."""
    eta = np.empty(z.size)
    prediction = np.empty(subject.observations.shape[0])
    eta_from_white(subject, z, eta)
    predict(subject, eta, prediction)
    total = minus2_log_likelihood(subject, prediction)
    for i in range(z.size):
        total += z[i] * z[i]
    return total


@kernel
def data_taylor(
    subject: PackedSubject,
    eta: FloatArray,
    d_eta: FloatArray,
    d_log_typical: FloatArray,
    d_shape: FloatArray,
    prediction: FloatArray,
) -> Taylor:
    """Return the polynomial of the sum of -2 log p(y | eta); arguments as ``advance_taylor.predict_taylor``."""
    predict_taylor(subject, eta, d_eta, d_log_typical, d_shape, prediction)
    observations = subject.observations
    total = constant(0.0)
    for o in range(prediction.shape[0]):
        along = row_taylor(prediction, o)
        variance = error_taylor(observations[o], along, NO_ERROR_CHANGE)
        total = added(total, minus2_log_density_taylor(observations[o], along, variance))
    return total


@kernel
def objective_gradient(subject: PackedSubject, z: FloatArray, gradient: FloatArray) -> float:
    """Return phi(z) and write its gradient, both analytic."""
    n = z.size
    eta, d_eta = np.empty(n), np.empty(n)
    prediction = np.empty((subject.observations.shape[0], 4))
    nothing, no_shape = np.zeros(subject.log_typical.shape), np.zeros(subject.shape.size)
    eta_from_white(subject, z, eta)
    total = 0.0
    for i in range(n):
        d_eta[:] = subject.omega_cholesky[:, i]
        along = data_taylor(subject, eta, d_eta, nothing, no_shape, prediction)
        total = along[0]
        gradient[i] = along[1] + 2.0 * z[i]
    for i in range(n):
        total += z[i] * z[i]
    return total


@kernel
def objective_hessian(subject: PackedSubject, z: FloatArray, gradient: FloatArray, hessian: FloatArray) -> float:
    """Return phi(z), write its gradient and its Hessian, all analytic."""
    n = z.size
    eta, d_eta = np.empty(n), np.empty(n)
    prediction = np.empty((subject.observations.shape[0], 4))
    nothing, no_shape = np.zeros(subject.log_typical.shape), np.zeros(subject.shape.size)
    eta_from_white(subject, z, eta)
    factor = subject.omega_cholesky
    total = 0.0
    for i in range(n):
        d_eta[:] = factor[:, i]
        along = data_taylor(subject, eta, d_eta, nothing, no_shape, prediction)
        total = along[0]
        gradient[i] = along[1] + 2.0 * z[i]
        hessian[i, i] = 2.0 * along[2]
    for i in range(n):
        total += z[i] * z[i]
        for j in range(i):
            d_eta[:] = factor[:, i] + factor[:, j]
            along = data_taylor(subject, eta, d_eta, nothing, no_shape, prediction)
            hessian[i, j] = along[2] - 0.5 * (hessian[i, i] + hessian[j, j])
            hessian[j, i] = hessian[i, j]
    for i in range(n):
        hessian[i, i] += 2.0
    return total

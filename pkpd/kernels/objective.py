"""The individual objective: -2 log density of a subject's observations plus the penalty of its random effects.

phi(z) = sum of -2 log p(y | eta) + |z|^2, eta = L z: in whitened coordinates z the penalty eta' inv(Omega) eta is |z|^2.
"""

from __future__ import annotations

import numpy as np

from pkpd.arrays import FloatArray
from pkpd.kernels._jit import inlined_kernel, kernel
from pkpd.kernels.advance import eta_from_white, predict, predict_curvature, predict_gradient
from pkpd.kernels.codes import Disposition, PackedSubject
from pkpd.kernels.residual import minus2_log_density, minus2_log_density_derivatives

_TWO = int(Disposition.TWO_COMPARTMENT)
# Step of the differences of the analytic gradient that give the Hessian of a two-compartment model, near the cube
# root of the smallest relative double.
_STEP = 6e-6


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
def objective_gradient(subject: PackedSubject, z: FloatArray, gradient: FloatArray) -> float:
    """Return phi(z) and write its gradient, both analytic."""
    n = z.size
    n_obs = subject.observations.shape[0]
    eta = np.empty(n)
    prediction = np.empty(n_obs)
    sensitivity = np.empty((n_obs, n))
    eta_from_white(subject, z, eta)
    predict_gradient(subject, eta, prediction, sensitivity)
    by_eta = np.zeros(n)
    total = 0.0
    for o in range(n_obs):
        value, first, _ = minus2_log_density_derivatives(subject.observations[o], prediction[o])
        total += value
        for i in range(n):
            by_eta[i] += first * sensitivity[o, i]
    for i in range(n):
        total += z[i] * z[i]
        gradient[i] = 2.0 * z[i]
        for j in range(i, n):
            gradient[i] += subject.omega_cholesky[j, i] * by_eta[j]
    return total


@kernel
def objective_hessian(subject: PackedSubject, z: FloatArray, gradient: FloatArray, hessian: FloatArray) -> float:
    """Return phi(z), write its gradient and its Hessian.

    The Hessian of a one-compartment model is analytic; that of a two-compartment model comes from central differences
    of the analytic gradient.
    """
    if subject.disposition == _TWO:
        return _hessian_from_gradients(subject, z, gradient, hessian)
    return _hessian_onecomp(subject, z, gradient, hessian)


@kernel
def _hessian_onecomp(subject: PackedSubject, z: FloatArray, gradient: FloatArray, hessian: FloatArray) -> float:
    """Write the analytic gradient and Hessian of a one-compartment model; return phi(z)."""
    n = z.size
    n_obs = subject.observations.shape[0]
    eta = np.empty(n)
    prediction = np.empty(n_obs)
    slope = np.empty((n_obs, n))
    curve = np.empty((n_obs, n, n))
    eta_from_white(subject, z, eta)
    predict_curvature(subject, eta, prediction, slope, curve)
    by_eta = np.zeros(n)
    second_by_eta = np.zeros((n, n))
    total = 0.0
    for o in range(n_obs):
        value, first, second = minus2_log_density_derivatives(subject.observations[o], prediction[o])
        total += value
        for i in range(n):
            by_eta[i] += first * slope[o, i]
            for j in range(n):
                second_by_eta[i, j] += first * curve[o, i, j] + second * slope[o, i] * slope[o, j]
    factor = subject.omega_cholesky
    for i in range(n):
        total += z[i] * z[i]
        gradient[i] = 2.0 * z[i]
        for a in range(i, n):
            gradient[i] += factor[a, i] * by_eta[a]
        for j in range(n):
            entry = 2.0 if i == j else 0.0
            for a in range(i, n):
                for b in range(j, n):
                    entry += factor[a, i] * second_by_eta[a, b] * factor[b, j]
            hessian[i, j] = entry
    return total


@kernel
def _hessian_from_gradients(subject: PackedSubject, z: FloatArray, gradient: FloatArray, hessian: FloatArray) -> float:
    """Write the gradient and the symmetrised central differences of it; return phi(z)."""
    n = z.size
    ahead = np.empty(n)
    behind = np.empty(n)
    moved = z.copy()
    for i in range(n):
        moved[i] = z[i] + _STEP
        objective_gradient(subject, moved, ahead)
        moved[i] = z[i] - _STEP
        objective_gradient(subject, moved, behind)
        moved[i] = z[i]
        for j in range(n):
            hessian[i, j] = (ahead[j] - behind[j]) / (2.0 * _STEP)
    for i in range(n):
        for j in range(i):
            mean = 0.5 * (hessian[i, j] + hessian[j, i])
            hessian[i, j] = mean
            hessian[j, i] = mean
    return objective_gradient(subject, z, gradient)

"""NONMEM's conditional objectives and their gradients: FO, FOCE, FOCE with interaction, Laplace with interaction.

All four are Laplace's approximation of -2 log of a subject's marginal likelihood, with another curvature. In whitened
coordinates z (eta = L z, Omega = L L') with phi(z) = sum of -2 log p(y | eta) + |z|^2 at its minimum,

    OFV_i = phi + log|H|

LAPLACE  H = half the Hessian of phi
FOCEI    H = I + sum of (1 / r + (r' / r)^2 / 2) a a', a the gradient of the prediction, r the residual variance
FOCE     H = I + sum of a a' / r0, and r0 in phi: the residual variance at eta = 0
FO       as FOCE, of the prediction made linear in eta at eta = 0

Constants are those of the likelihood, log 2 pi included. With H^-1 = V V', v the columns of V, the total derivative of
log|H| along a direction w of the parameters is that of H at fixed z plus what the minimum's own movement adds. Every term
comes from Taylor polynomials along w, w + v and w - v: no difference of objectives is taken.

References
----------
Formulas of the objectives: confirmed against NONMEM in tests/pkpd/kernels. The movement of the minimum: Almquist, Leander and
Jirstrand 2015, doi:10.1007/s10928-015-9409-1.
"""

from __future__ import annotations

import math
from enum import IntEnum
from typing import NamedTuple

import numpy as np

from pkpd.arrays import FloatArray, IntArray
from pkpd.kernels._jit import inlined_kernel, kernel, parallel_kernel, prange
from pkpd.kernels.advance import eta_from_white, subject_at
from pkpd.kernels.advance_taylor import predict_taylor, row_taylor
from pkpd.kernels.codes import (
    ADDITIVE,
    ERROR_KIND,
    EXPONENT,
    LEVEL,
    PROPORTIONAL,
    TERM_ETA,
    TERM_SHAPE,
    ErrorKind,
    EtaShape,
    PackedSubject,
    PackedSubjects,
)
from pkpd.kernels.linalg import cholesky, cholesky_solve, log_determinant
from pkpd.kernels.mode import CONVERGED, newton
from pkpd.kernels.objective import objective_hessian
from pkpd.kernels.residual import LOG_2PI, error_slope_taylor, error_taylor, minus2_log_density_taylor
from pkpd.kernels.taylor import Taylor, added, constant, divided, logarithm, multiplied, scaled


class Approximation(IntEnum):
    """Which curvature."""

    FO = 0
    FOCE = 1
    FOCEI = 2
    LAPLACE = 3


NOT_POSITIVE_DEFINITE = 10
"""Status of a subject whose curvature has no Cholesky factor; the first ones are those of ``mode``."""

_FO, _FOCE = int(Approximation.FO), int(Approximation.FOCE)
_FOCEI, _LAPLACE = int(Approximation.FOCEI), int(Approximation.LAPLACE)
_SMALL_STEP = 1e-3
_LOGARITHMIC = float(ErrorKind.LOGARITHMIC)
_EXPONENTIAL = int(EtaShape.EXPONENTIAL)


class Directions(NamedTuple):
    """Directions of the population parameters, other than Omega, along which the objective is differentiated.

    Attributes
    ----------
    log_typical : (n_directions, n_epochs, n_terms) array
        How the logarithms of all subjects' typical values change.
    shape : (n_directions, n_terms) array
        How the parameters of the random effects' shapes change.
    error : (n_directions, n_groups, 3) array
        How ADDITIVE, PROPORTIONAL and EXPONENT of each group of observations change.
    error_group : (n_observations,) array
        Group of each observation of all subjects.
    """

    log_typical: FloatArray
    shape: FloatArray
    error: FloatArray
    error_group: IntArray


class _Along(NamedTuple):
    """One subject's part of one direction.

    Attributes
    ----------
    eta, log_typical, shape, error
        As in ``Directions``, (n_eta,), (n_epochs, n_terms), (n_terms,) and (n_observations, 3).
    """

    eta: FloatArray
    log_typical: FloatArray
    shape: FloatArray
    error: FloatArray


class _Curves(NamedTuple):
    """What one walk along one direction yields, rows of Taylor coefficients for each observation.

    Attributes
    ----------
    prediction : (n_observations, 4) array
        The predicted concentration.
    centre : (n_observations, 4) array
        What measurements scatter around: the prediction, or its logarithm where the error is logarithmic.
    weight : (n_observations, 4) array
        1 / r + (r' / r)^2 / 2, or 1 / r0 without interaction.
    """

    prediction: FloatArray
    centre: FloatArray
    weight: FloatArray


@inlined_kernel
def _room_for_curves(n_observations: int) -> _Curves:
    n = n_observations
    return _Curves(np.empty((n, 4)), np.empty((n, 4)), np.empty((n, 4)))


@kernel
def _walk(
    subject: PackedSubject,
    observations: FloatArray,
    eta: FloatArray,
    along: _Along,
    held_variance: FloatArray,
    has_interaction: bool,
    curves: _Curves,
) -> Taylor:
    """Write the curves along a direction; return the polynomial of the sum of -2 log p(y | eta)."""
    predict_taylor(subject, eta, along.eta, along.log_typical, along.shape, curves.prediction)
    return _measure(observations, along.error, held_variance, has_interaction, curves)


@kernel
def _measure(
    observations: FloatArray, d_error: FloatArray, held_variance: FloatArray, has_interaction: bool, curves: _Curves
) -> Taylor:
    """Write what measurements around the predictions of some curves have; return the polynomial of the sum of -2 log p(y | eta)."""
    total = constant(0.0)
    for o in range(observations.shape[0]):
        prediction = row_taylor(curves.prediction, o)
        is_logarithmic = observations[o, ERROR_KIND] == _LOGARITHMIC
        centre = logarithm(prediction) if is_logarithmic else prediction
        if has_interaction:
            variance = error_taylor(observations[o], prediction, d_error[o])
            weight = divided(constant(1.0), variance)
            if not is_logarithmic:
                relative = divided(error_slope_taylor(observations[o], prediction, d_error[o]), variance)
                weight = added(weight, scaled(multiplied(relative, relative), 0.5))
        else:
            variance = row_taylor(held_variance, o)
            weight = divided(constant(1.0), variance)
        total = added(total, minus2_log_density_taylor(observations[o], prediction, variance))
        for c in range(4):
            curves.centre[o, c] = centre[c]
            curves.weight[o, c] = weight[c]
    return total


@kernel
def _variance_at_zero(subject: PackedSubject, along: _Along, variance: FloatArray) -> None:
    """Write the polynomial of the residual variance at eta = 0 along a direction, for each observation."""
    n_eta = along.eta.size
    zero = np.zeros(n_eta)
    predict_taylor(subject, zero, zero, along.log_typical, along.shape, variance)
    for o in range(variance.shape[0]):
        value = error_taylor(subject.observations[o], row_taylor(variance, o), along.error[o])
        for c in range(4):
            variance[o, c] = value[c]


@kernel
def _with_held_variance(subject: PackedSubject, variance: FloatArray) -> PackedSubject:
    """Return a subject whose residual error does not depend on the prediction."""
    observations = subject.observations.copy()
    for o in range(observations.shape[0]):
        observations[o, ADDITIVE] = math.sqrt(variance[o, 0])
        observations[o, PROPORTIONAL] = 0.0
        observations[o, EXPONENT] = 1.0
        if observations[o, ERROR_KIND] != _LOGARITHMIC:
            observations[o, ERROR_KIND] = 0.0
    return PackedSubject(
        subject.disposition,
        subject.events,
        subject.event_index,
        observations,
        subject.log_typical,
        subject.terms,
        subject.shape,
        subject.omega_cholesky,
        subject.frame,
        subject.line_scale,
    )


@kernel
def _inverse_factor(factor: FloatArray, inverse: FloatArray) -> None:
    """Write V = C^-T, so that (C C')^-1 = V V'."""
    n = factor.shape[0]
    inverse[:, :] = 0.0
    for j in range(n):
        inverse[j, j] = 1.0 / factor[j, j]
        for i in range(j - 1, -1, -1):
            total = 0.0
            for k in range(i + 1, j + 1):
                total += factor[k, i] * inverse[k, j]
            inverse[i, j] = -total / factor[i, i]


@inlined_kernel
def _expected_curvature(slopes: FloatArray, weight: FloatArray, hessian: FloatArray) -> None:
    """Write I + sum of weight a a' from the gradients of the centres in whitened coordinates, (n_eta, n_observations)."""
    for i in range(slopes.shape[0]):
        for j in range(i + 1):
            total = 1.0 if i == j else 0.0
            for o in range(slopes.shape[1]):
                total += weight[o, 0] * slopes[i, o] * slopes[j, o]
            hessian[i, j] = total
            hessian[j, i] = total


@kernel
def approximate_subject(
    subject: PackedSubject,
    method: int,
    directions: Directions,
    first_epoch: int,
    first_observation: int,
    with_gradient: bool,
    z: FloatArray,
    covariance: FloatArray,
    gradient: FloatArray,
    omega_gradient: FloatArray,
) -> tuple[float, int]:
    """Return one subject's objective and how the search for its minimum ended.

    Parameters
    ----------
    method : int
        An ``Approximation``.
    directions : Directions
        Directions of all subjects; the next two say where this one's rows begin.
    first_epoch, first_observation : int
        First covariate row and observation of the subject.
    with_gradient : bool
        Whether the gradient is wanted.
    z : (n_eta,) array
        Start; overwritten with the minimum, whitened.
    covariance : (n_eta, n_eta) array
        Overwritten with H^-1, whitened.
    gradient : (n_directions,) array
        Overwritten with the derivatives along the directions.
    omega_gradient : (n_eta, n_eta) array
        Overwritten with W: the derivative with respect to Omega is L^-T W L^-1.
    """
    n_eta, n_obs = z.size, subject.observations.shape[0]
    n_epochs, n_terms = subject.log_typical.shape
    is_held = method in (_FO, _FOCE)
    along = _Along(np.zeros(n_eta), np.zeros((n_epochs, n_terms)), np.zeros(n_terms), np.zeros((n_obs, 3)))
    held = np.zeros((n_obs, 4))
    if is_held:
        _variance_at_zero(subject, along, held)
        searched = _with_held_variance(subject, held)
    else:
        searched = subject
    observations = searched.observations
    slope, exact = np.empty(n_eta), np.empty((n_eta, n_eta))
    if method == _FO:
        z[:] = 0.0
        value, status = 0.0, CONVERGED
    else:
        value, status = newton(searched, z, slope, exact)
        if np.isfinite(value):
            value = _polish(searched, z, slope, exact)
        for i in range(n_eta):
            for j in range(n_eta):
                exact[i, j] *= 0.5
    if not np.isfinite(value):
        return value, status
    eta = np.empty(n_eta)
    eta_from_white(subject, z, eta)
    curves = _room_for_curves(n_obs)
    hessian = exact
    if method != _LAPLACE:
        slopes = np.empty((n_eta, n_obs))
        for i in range(n_eta):
            along.eta[:] = subject.omega_cholesky[:, i]
            _walk(subject, observations, eta, along, held, not is_held, curves)
            slopes[i] = curves.centre[:, 1]
        hessian = np.empty((n_eta, n_eta))
        _expected_curvature(slopes, curves.weight, hessian)
        if method == _FO:
            value = _linear_minimum(observations, curves, slopes, hessian, held, z)
            eta_from_white(subject, z, eta)
    factor = np.empty((n_eta, n_eta))
    if not cholesky(hessian, factor):
        return np.nan, NOT_POSITIVE_DEFINITE
    value += log_determinant(factor)
    inverse = np.empty((n_eta, n_eta))
    _inverse_factor(factor, inverse)
    for i in range(n_eta):
        for j in range(n_eta):
            total = 0.0
            for c in range(n_eta):
                total += inverse[i, c] * inverse[j, c]
            covariance[i, j] = total
    if with_gradient:
        _write_gradient(
            subject,
            observations,
            method,
            directions,
            first_epoch,
            first_observation,
            z,
            eta,
            inverse,
            exact,
            gradient,
            omega_gradient,
        )
    return value, status


@kernel
def _polish(subject: PackedSubject, z: FloatArray, gradient: FloatArray, hessian: FloatArray) -> float:
    """Take one more Newton step from a minimum and return phi there; the derivatives are overwritten.

    A search that ends where phi no longer falls ends some 1e-7 beside the minimum, where phi is flat and log|H| is not.
    """
    factor, step = np.empty(hessian.shape), np.empty(z.size)
    if cholesky(hessian, factor):
        cholesky_solve(factor, gradient, step)
        if np.abs(step).max() < _SMALL_STEP:
            z -= step
    return objective_hessian(subject, z, gradient, hessian)


@kernel
def _linear_minimum(
    observations: FloatArray,
    curves: _Curves,
    slopes: FloatArray,
    hessian: FloatArray,
    held: FloatArray,
    z: FloatArray,
) -> float:
    """Write the minimum of phi for a prediction that is linear in eta; return phi there."""
    n_eta, n_obs = slopes.shape
    right = np.zeros(n_eta)
    for o in range(n_obs):
        scaled_residual = (observations[o, LEVEL] - curves.centre[o, 0]) / held[o, 0]
        for i in range(n_eta):
            right[i] += slopes[i, o] * scaled_residual
    factor = np.empty((n_eta, n_eta))
    cholesky(hessian, factor)
    cholesky_solve(factor, right, z)
    value = 0.0
    for i in range(n_eta):
        value += z[i] * z[i]
    for o in range(n_obs):
        residual = observations[o, LEVEL] - curves.centre[o, 0]
        for i in range(n_eta):
            residual -= slopes[i, o] * z[i]
        value += LOG_2PI + math.log(held[o, 0]) + residual * residual / held[o, 0]
    return value


@kernel
def _set_direction(along: _Along, directions: Directions, k: int, first_epoch: int, first_observation: int) -> None:
    """Write one subject's part of direction k; the random effects stay where they are."""
    along.eta[:] = 0.0
    for e in range(along.log_typical.shape[0]):
        for t in range(along.log_typical.shape[1]):
            along.log_typical[e, t] = directions.log_typical[k, first_epoch + e, t]
    along.shape[:] = directions.shape[k]
    for o in range(along.error.shape[0]):
        along.error[o] = directions.error[k, directions.error_group[first_observation + o]]


@kernel
def _clear_direction(along: _Along) -> None:
    along.eta[:] = 0.0
    along.log_typical[:, :] = 0.0
    along.shape[:] = 0.0
    along.error[:, :] = 0.0


@kernel
def _log_determinant_slope(
    method: int,
    total: Taylor,
    plus: Taylor,
    minus: Taylor,
    at: FloatArray,
    ahead: _Curves,
    behind: _Curves,
    weight: FloatArray,
) -> float:
    """Return one axis' part of the derivative of log|H| along a direction w at fixed z.

    Parameters
    ----------
    total, plus, minus : Taylor
        Sum of -2 log p(y | eta) along w, w + v and w - v.
    at : (n_observations,) array
        Slope of the centres along v.
    ahead, behind : _Curves
        Curves along w + v and w - v.
    weight : (n_observations, 4) array
        Weights along w.
    """
    if method == _LAPLACE:
        return 0.5 * (plus[3] + minus[3] - 2.0 * total[3])
    slope = 0.0
    for o in range(at.size):
        mixed = 0.5 * (ahead.centre[o, 2] - behind.centre[o, 2])
        slope += at[o] * (2.0 * mixed * weight[o, 0] + at[o] * weight[o, 1])
    return slope


@kernel
def _own_axis_slope(method: int, total: Taylor, at: FloatArray, own: _Curves) -> float:
    """Return an axis' part of the derivative of log|H| along itself."""
    if method == _LAPLACE:
        return 3.0 * total[3]
    slope = 0.0
    for o in range(at.size):
        slope += at[o] * (4.0 * own.centre[o, 2] * own.weight[o, 0] + at[o] * own.weight[o, 1])
    return slope


@kernel
def _movement(inverse: FloatArray, exact: FloatArray, slopes: FloatArray) -> FloatArray:
    """Return what the derivatives of log|H| along the axes turn into as the minimum moves: (V' B V)^-1 times them.

    B is half the Hessian of phi.
    """
    n = slopes.size
    turned = np.empty((n, n))
    for c in range(n):
        for d in range(n):
            total = 0.0
            for i in range(n):
                for j in range(n):
                    total += inverse[i, c] * exact[i, j] * inverse[j, d]
            turned[c, d] = total
    factor, moved = np.empty((n, n)), np.empty(n)
    if not cholesky(turned, factor):
        moved[:] = np.nan
        return moved
    cholesky_solve(factor, slopes, moved)
    return moved


@kernel
def _linear_residuals(observations: FloatArray, own: _Curves, at: FloatArray, share: FloatArray) -> FloatArray:
    """Return level - prediction of a prediction that is linear along the axes, ``share`` of each."""
    residuals = np.empty(observations.shape[0])
    for o in range(residuals.size):
        residuals[o] = observations[o, LEVEL] - own.centre[o, 0]
        for c in range(share.size):
            residuals[o] -= at[c, o] * share[c]
    return residuals


class _Axes(NamedTuple):
    """One subject's curves along the axes of H^-1.

    Attributes
    ----------
    eta : (n_eta, n_eta) array
        The axes as changes of the random effects, one row for each.
    at : (n_eta, n_observations) array
        Slope of the centres along each.
    prediction : (n_eta, n_observations, 4) array
        Predictions along each.
    total : (n_eta, 4) array
        Sum of -2 log p(y | eta) along each.
    """

    eta: FloatArray
    at: FloatArray
    prediction: FloatArray
    total: FloatArray


@kernel
def _axis_slopes(
    subject: PackedSubject,
    observations: FloatArray,
    method: int,
    point: FloatArray,
    along: _Along,
    held: FloatArray,
    axes: _Axes,
    slopes: FloatArray,
) -> None:
    """Write the curves along the axes and the derivatives of log|H| along each; ``along`` has no direction but theirs."""
    n_eta, n_obs = axes.at.shape
    has_interaction = method not in (_FO, _FOCE)
    own = _room_for_curves(n_obs)
    ahead, behind = _room_for_curves(n_obs), _room_for_curves(n_obs)
    weight = np.empty((n_eta, n_obs, 4))
    for d in range(n_eta):
        along.eta[:] = axes.eta[d]
        total = _walk(subject, observations, point, along, held, has_interaction, own)
        axes.at[d] = own.centre[:, 1]
        axes.prediction[d] = own.prediction
        weight[d] = own.weight
        for c in range(4):
            axes.total[d, c] = total[c]
        slopes[d] = _own_axis_slope(method, total, axes.at[d], own)
    for d in range(n_eta):
        for c in range(d):
            along.eta[:] = axes.eta[d] + axes.eta[c]
            plus = _walk(subject, observations, point, along, held, has_interaction, ahead)
            along.eta[:] = axes.eta[d] - axes.eta[c]
            minus = _walk(subject, observations, point, along, held, has_interaction, behind)
            total = row_taylor(axes.total, d)
            slopes[d] += _log_determinant_slope(method, total, plus, minus, axes.at[c], ahead, behind, weight[d])
            # Seen from the other axis the second walk runs backwards: odd coefficients change their sign.
            back = (minus[0], -minus[1], minus[2], -minus[3])
            total = row_taylor(axes.total, c)
            slopes[c] += _log_determinant_slope(method, total, plus, back, axes.at[d], ahead, behind, weight[c])


@kernel
def _as_random_effects(subject: PackedSubject, along: _Along, shift: FloatArray) -> bool:
    """Return whether a direction moves predictions as random effects do, and write how these would change.

    It does where typical values change by the same factor under every covariate row, each that of an exponential random effect,
    which multiplies by that factor too.
    """
    shift[:] = 0.0
    if along.shape.any() or along.error.any():
        return False
    n_epochs, n_terms = along.log_typical.shape
    for t in range(n_terms):
        change = along.log_typical[0, t]
        for e in range(n_epochs):
            if along.log_typical[e, t] != change:
                return False
        if change != 0.0:
            k = int(subject.terms[0, t, TERM_ETA])
            if k < 0 or subject.terms[0, t, TERM_SHAPE] != _EXPONENTIAL:
                return False
            shift[k] = change
    # A random effect that multiplies other terms too, in another shape or by another factor, would move these as well.
    for t in range(n_terms):
        k = int(subject.terms[0, t, TERM_ETA])
        if k >= 0 and shift[k] != along.log_typical[0, t]:
            return False
    return True


@kernel
def _write_gradient(
    subject: PackedSubject,
    observations: FloatArray,
    method: int,
    directions: Directions,
    first_epoch: int,
    first_observation: int,
    z: FloatArray,
    eta: FloatArray,
    inverse: FloatArray,
    exact: FloatArray,
    gradient: FloatArray,
    omega_gradient: FloatArray,
) -> None:
    """Write the derivatives of the objective (see ``approximate_subject``).

    Parameters
    ----------
    inverse : (n_eta, n_eta) array
        V: its columns are the axes of H^-1 = V V', whitened.
    exact : (n_eta, n_eta) array
        Half the Hessian of phi, by which the minimum moves.
    """
    n_eta, n_obs, n_directions = z.size, observations.shape[0], gradient.size
    n_epochs, n_terms = subject.log_typical.shape
    is_held, is_linear = method in (_FO, _FOCE), method == _FO
    along = _Along(np.zeros(n_eta), np.zeros((n_epochs, n_terms)), np.zeros(n_terms), np.zeros((n_obs, 3)))
    own, ahead, behind = _room_for_curves(n_obs), _room_for_curves(n_obs), _room_for_curves(n_obs)
    held = np.zeros((n_obs, 4))
    # The linear prediction is differentiated where it is made linear.
    point = np.zeros(n_eta) if is_linear else eta
    if is_held:
        _variance_at_zero(subject, along, held)
    axes = _Axes(np.empty((n_eta, n_eta)), np.empty((n_eta, n_obs)), np.empty((n_eta, n_obs, 4)), np.empty((n_eta, 4)))
    for c in range(n_eta):
        for i in range(n_eta):
            axes.eta[c, i] = 0.0
            for j in range(i + 1):
                axes.eta[c, i] += subject.omega_cholesky[i, j] * inverse[j, c]
    slopes, moved = np.zeros(n_eta), np.zeros(n_eta)
    _axis_slopes(subject, observations, method, point, along, held, axes, slopes)
    share, residuals = np.zeros(n_eta), np.zeros(n_obs)
    if is_linear:
        _on_axes(inverse, z, share)
        _walk(subject, observations, point, along, held, not is_held, own)
        residuals = _linear_residuals(observations, own, axes.at, share)
    else:
        moved = _movement(inverse, exact, slopes)
    turned = np.zeros(n_eta)
    for i in range(n_eta):
        for c in range(n_eta):
            turned[i] += inverse[i, c] * moved[c]
    shift = np.empty(n_eta)
    for k in range(n_directions):
        _set_direction(along, directions, k, first_epoch, first_observation)
        if not is_held and _as_random_effects(subject, along, shift):
            gradient[k] = _slope_as_random_effects(subject, inverse, axes, turned, shift)
            continue
        if is_held:
            _variance_at_zero(subject, along, held)
        is_error = not (along.log_typical.any() or along.shape.any())
        if is_error:
            _copy_along(axes.prediction[0], 0.0, own.prediction)
            total = _measure(observations, along.error, held, not is_held, own)
        else:
            total = _walk(subject, observations, point, along, held, not is_held, own)
        value = total[1]
        if is_linear:
            value = 0.0
            for o in range(n_obs):
                square = residuals[o] * residuals[o] / held[o, 0]
                value += (held[o, 1] * (1.0 - square) - 2.0 * residuals[o] * own.centre[o, 1]) / held[o, 0]
        for c in range(n_eta):
            if is_error:
                _copy_along(axes.prediction[c], 1.0, ahead.prediction)
                plus = _measure(observations, along.error, held, not is_held, ahead)
                _copy_along(axes.prediction[c], -1.0, behind.prediction)
                minus = _measure(observations, along.error, held, not is_held, behind)
            else:
                along.eta[:] = axes.eta[c]
                plus = _walk(subject, observations, point, along, held, not is_held, ahead)
                along.eta[:] = -axes.eta[c]
                minus = _walk(subject, observations, point, along, held, not is_held, behind)
            value += _log_determinant_slope(method, total, plus, minus, axes.at[c], ahead, behind, own.weight)
            if is_linear:
                for o in range(n_obs):
                    mixed = 0.5 * (ahead.centre[o, 2] - behind.centre[o, 2])
                    value -= 2.0 * residuals[o] * share[c] * mixed / held[o, 0]
            else:
                value -= moved[c] * 0.25 * (plus[2] - minus[2])
        gradient[k] = value
    for i in range(n_eta):
        for j in range(n_eta):
            entry = (1.0 if i == j else 0.0) - z[i] * z[j] + 0.5 * (turned[i] * z[j] + turned[j] * z[i])
            for c in range(n_eta):
                entry -= inverse[i, c] * inverse[j, c]
            omega_gradient[i, j] = entry


@kernel
def _slope_as_random_effects(
    subject: PackedSubject, inverse: FloatArray, axes: _Axes, turned: FloatArray, shift: FloatArray
) -> float:
    """Return the derivative along a direction that moves predictions as a change of the random effects would.

    With b the change in terms of the axes, that at fixed z is b (first derivatives + those of log|H|), and the minimum moves by
    the mixed derivatives (V' B V - V' V) b, in which the prior's part, V' V, is none of the data's. As V' B V times the movement are the
    derivatives of log|H|, these cancel, and what remains is b (first derivatives + V' V movement).
    """
    n = shift.size
    white, share = np.empty(n), np.empty(n)
    for i in range(n):
        white[i] = shift[i]
        for j in range(i):
            white[i] -= subject.omega_cholesky[i, j] * white[j]
        white[i] /= subject.omega_cholesky[i, i]
    _on_axes(inverse, white, share)
    value = 0.0
    for c in range(n):
        value += share[c] * axes.total[c, 1] + white[c] * turned[c]
    return value


@kernel
def _on_axes(inverse: FloatArray, white: FloatArray, share: FloatArray) -> None:
    """Write the share of each axis, a column of V, in a whitened vector."""
    n = white.size
    for i in range(n - 1, -1, -1):
        share[i] = white[i]
        for j in range(i + 1, n):
            share[i] -= inverse[i, j] * share[j]
        share[i] /= inverse[i, i]


@inlined_kernel
def _copy_along(rows: FloatArray, scale: float, result: FloatArray) -> None:
    """Write polynomials as they are along ``scale`` times their direction."""
    for o in range(rows.shape[0]):
        factor = 1.0
        for c in range(4):
            result[o, c] = factor * rows[o, c]
            factor *= scale


@parallel_kernel
def approximate(
    subjects: PackedSubjects,
    method: int,
    directions: Directions,
    with_gradient: bool,
    z: FloatArray,
    value: FloatArray,
    covariance: FloatArray,
    gradient: FloatArray,
    omega_gradient: FloatArray,
    status: IntArray,
) -> None:
    """Write every subject's objective on all threads, one slot for each (``approximate_subject``).

    Parameters
    ----------
    z : (n_subjects, n_eta) array
        Starts; overwritten.
    value, status : (n_subjects,) arrays
        Overwritten.
    covariance, omega_gradient : (n_subjects, n_eta, n_eta) arrays
        Overwritten.
    gradient : (n_subjects, n_directions) array
        Overwritten.
    """
    for i in prange(value.size):
        value[i], status[i] = approximate_subject(
            subject_at(subjects, i),
            method,
            directions,
            subjects.epoch_start[i],
            subjects.observation_start[i],
            with_gradient,
            z[i],
            covariance[i],
            gradient[i],
            omega_gradient[i],
        )

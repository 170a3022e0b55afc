"""Walk over one subject's events: doses, covariate changes and samples, each interval in closed form."""

from __future__ import annotations

import math

import numpy as np

from pkpd.arrays import FloatArray
from pkpd.kernels._jit import kernel
from pkpd.kernels.codes import (
    CENTRAL_VOLUME,
    CL_OR_KE,
    INTERCOMPARTMENTAL_CLEARANCE,
    N_PARAMETERS,
    PERIPHERAL_VOLUME,
    Disposition,
    PackedSubject,
    PackedSubjects,
)
from pkpd.kernels.onecomp import advance_onecomp, advance_onecomp_derivatives
from pkpd.kernels.twocomp import advance_twocomp, advance_twocomp_derivatives

_KE = int(Disposition.ONE_COMPARTMENT_KE)
_TWO = int(Disposition.TWO_COMPARTMENT)


@kernel
def subject_at(subjects: PackedSubjects, i: int) -> PackedSubject:
    """Return the slices that belong to subject i."""
    e0, e1 = subjects.event_start[i], subjects.event_start[i + 1]
    o0, o1 = subjects.observation_start[i], subjects.observation_start[i + 1]
    c0, c1 = subjects.epoch_start[i], subjects.epoch_start[i + 1]
    return PackedSubject(
        subjects.disposition,
        subjects.step[e0:e1],
        subjects.rate[e0:e1],
        subjects.bolus[e0:e1],
        subjects.epoch[e0:e1],
        subjects.observation[e0:e1],
        subjects.level[o0:o1],
        subjects.censored[o0:o1],
        subjects.lloq[o0:o1],
        subjects.uloq[o0:o1],
        subjects.additive[o0:o1],
        subjects.proportional[o0:o1],
        subjects.log_typical[c0:c1],
        subjects.term_parameter,
        subjects.term_eta,
        subjects.omega_cholesky[i],
        subjects.frame[i],
        subjects.line_scale[i],
    )


@kernel
def eta_from_white(subject: PackedSubject, z: FloatArray, eta: FloatArray) -> None:
    """Write eta = L z, with L the Cholesky factor of the covariance of the random effects."""
    for i in range(z.size):
        total = 0.0
        for j in range(i + 1):
            total += subject.omega_cholesky[i, j] * z[j]
        eta[i] = total


@kernel
def individual_parameters(subject: PackedSubject, epoch: int, eta: FloatArray, parameters: FloatArray) -> None:
    """Write the individual parameters under one covariate row: sums over terms of typical value times exp(eta).

    Parameters
    ----------
    parameters : (4,) array
        Overwritten with CL [L/day] (or the rate constant [1/day]), V or V1 [L], Q [L/day], V2 [L].
    """
    for p in range(N_PARAMETERS):
        parameters[p] = 0.0
    for t in range(subject.term_parameter.size):
        exponent = subject.log_typical[epoch, t]
        if subject.term_eta[t] >= 0:
            exponent += eta[subject.term_eta[t]]
        parameters[subject.term_parameter[t]] += math.exp(exponent)


@kernel
def elimination_rate(subject: PackedSubject, parameters: FloatArray) -> float:
    """Return the elimination rate constant of the central compartment [1/day]."""
    if subject.disposition == _KE:
        return parameters[CL_OR_KE]
    return parameters[CL_OR_KE] / parameters[CENTRAL_VOLUME]


@kernel
def predict(subject: PackedSubject, eta: FloatArray, prediction: FloatArray) -> None:
    """Write the predicted concentration [mg/L] of each observation.

    Parameters
    ----------
    eta : (n_eta,) array
        Random effects.
    prediction : (n_observations,) array
        Overwritten.
    """
    parameters = np.empty(N_PARAMETERS)
    current = -1
    central = 0.0
    peripheral = 0.0
    k = 0.0
    for e in range(subject.step.size):
        if subject.epoch[e] != current:
            current = subject.epoch[e]
            individual_parameters(subject, current, eta, parameters)
            k = elimination_rate(subject, parameters)
        if subject.step[e] > 0.0:
            if subject.disposition == _TWO:
                central, peripheral = advance_twocomp(
                    central, peripheral, subject.rate[e], parameters, subject.step[e]
                )
            else:
                central = advance_onecomp(central, subject.rate[e], k, subject.step[e])
        if subject.observation[e] >= 0:
            prediction[subject.observation[e]] = central / parameters[CENTRAL_VOLUME]
        central += subject.bolus[e]


@kernel
def predict_gradient(subject: PackedSubject, eta: FloatArray, prediction: FloatArray, gradient: FloatArray) -> None:
    """Write each prediction and its gradient with respect to eta, for one or two compartments.

    Parameters
    ----------
    prediction : (n_observations,) array
        Overwritten [mg/L].
    gradient : (n_observations, n_eta) array
        Overwritten [mg/L].
    """
    parameters = np.empty(N_PARAMETERS)
    share = np.empty((N_PARAMETERS, eta.size))
    state = np.zeros((1 + N_PARAMETERS, 2))
    amount = 0.0
    slope = 0.0
    curve = 0.0
    current = -1
    k = 0.0
    for e in range(subject.step.size):
        if subject.epoch[e] != current:
            current = subject.epoch[e]
            individual_parameters(subject, current, eta, parameters)
            _parameter_shares(subject, current, eta, parameters, share)
            k = elimination_rate(subject, parameters)
        if subject.step[e] > 0.0:
            if subject.disposition == _TWO:
                advance_twocomp_derivatives(state, subject.rate[e], parameters, subject.step[e])
            else:
                amount, slope, curve = advance_onecomp_derivatives(
                    amount, slope, curve, subject.rate[e], k, subject.step[e]
                )
        o = subject.observation[e]
        if o >= 0:
            volume = parameters[CENTRAL_VOLUME]
            central = state[0, 0] if subject.disposition == _TWO else amount
            prediction[o] = central / volume
            for i in range(eta.size):
                if subject.disposition == _TWO:
                    total = -central * share[CENTRAL_VOLUME, i]
                    for p in range(N_PARAMETERS):
                        total += state[1 + p, 0] * share[p, i]
                else:
                    total = slope * _rate_share(subject, share, i) - central * share[CENTRAL_VOLUME, i]
                gradient[o, i] = total / volume
        state[0, 0] += subject.bolus[e]
        amount += subject.bolus[e]


@kernel
def _parameter_shares(
    subject: PackedSubject, epoch: int, eta: FloatArray, parameters: FloatArray, share: FloatArray
) -> None:
    """Write d ln(parameter) / d eta: 1 for a parameter of one term, a term's share of the sum otherwise."""
    share[:, :] = 0.0
    for t in range(subject.term_parameter.size):
        if subject.term_eta[t] >= 0:
            p = subject.term_parameter[t]
            value = math.exp(subject.log_typical[epoch, t] + eta[subject.term_eta[t]])
            share[p, subject.term_eta[t]] += value / parameters[p]


@kernel
def _rate_share(subject: PackedSubject, share: FloatArray, i: int) -> float:
    """Return d ln(elimination rate constant) / d eta_i of a one-compartment model."""
    if subject.disposition == _KE:
        return share[CL_OR_KE, i]
    return share[CL_OR_KE, i] - share[CENTRAL_VOLUME, i]


@kernel
def predict_curvature(
    subject: PackedSubject, eta: FloatArray, prediction: FloatArray, gradient: FloatArray, hessian: FloatArray
) -> None:
    """Write each prediction of a one-compartment model of single-term parameters, its gradient and its Hessian.

    With f = A(ln k) / V and ln k, ln V linear in eta, all derivatives follow from A and its first two derivatives
    with respect to ln k, which the walk carries along.

    Parameters
    ----------
    prediction, gradient, hessian : (n_observations,), (n_observations, n_eta), (n_observations, n_eta, n_eta) arrays
        Overwritten [mg/L].
    """
    n_eta = eta.size
    parameters = np.empty(N_PARAMETERS)
    share = np.empty((N_PARAMETERS, n_eta))
    amount = 0.0
    first = 0.0
    second = 0.0
    current = -1
    k = 0.0
    for e in range(subject.step.size):
        if subject.epoch[e] != current:
            current = subject.epoch[e]
            individual_parameters(subject, current, eta, parameters)
            _parameter_shares(subject, current, eta, parameters, share)
            k = elimination_rate(subject, parameters)
        if subject.step[e] > 0.0:
            amount, first, second = advance_onecomp_derivatives(
                amount, first, second, subject.rate[e], k, subject.step[e]
            )
        o = subject.observation[e]
        if o >= 0:
            volume = parameters[CENTRAL_VOLUME]
            prediction[o] = amount / volume
            for i in range(n_eta):
                di = _rate_share(subject, share, i)
                wi = share[CENTRAL_VOLUME, i]
                gradient[o, i] = (first * di - amount * wi) / volume
                for j in range(n_eta):
                    dj = _rate_share(subject, share, j)
                    wj = share[CENTRAL_VOLUME, j]
                    hessian[o, i, j] = (second * di * dj - first * (di * wj + wi * dj) + amount * wi * wj) / volume
        amount += subject.bolus[e]


@kernel
def clearance(subject: PackedSubject, parameters: FloatArray) -> float:
    """Return the clearance [L/day] from a row of individual parameters."""
    if subject.disposition == _KE:
        return parameters[CL_OR_KE] * parameters[CENTRAL_VOLUME]
    return parameters[CL_OR_KE]


@kernel
def terminal_half_life(subject: PackedSubject, parameters: FloatArray) -> float:
    """Return the terminal half-life [day] from a row of individual parameters."""
    if subject.disposition == _TWO:
        k10 = parameters[CL_OR_KE] / parameters[CENTRAL_VOLUME]
        k12 = parameters[INTERCOMPARTMENTAL_CLEARANCE] / parameters[CENTRAL_VOLUME]
        k21 = parameters[INTERCOMPARTMENTAL_CLEARANCE] / parameters[PERIPHERAL_VOLUME]
        m = 0.5 * (k10 + k12 + k21)
        half = 0.5 * (k10 + k12 - k21)
        return math.log(2.0) * (m + math.sqrt(half * half + k12 * k21)) / (k10 * k21)
    return math.log(2.0) / elimination_rate(subject, parameters)

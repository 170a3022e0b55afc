"""Walk over one subject's events: doses, covariate changes and samples, each interval in closed form."""

from __future__ import annotations

import math

import numpy as np

from pkpd.arrays import FloatArray
from pkpd.kernels._jit import inlined_kernel, kernel
from pkpd.kernels.codes import (
    BOLUS,
    CENTRAL_VOLUME,
    CL_OR_KE,
    EPOCH,
    INTERCOMPARTMENTAL_CLEARANCE,
    N_PARAMETERS,
    OBSERVATION,
    PERIPHERAL_VOLUME,
    RATE,
    STEP,
    TERM_ETA,
    TERM_PARAMETER,
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
    """Return the rows that belong to subject i."""
    e0, e1 = subjects.event_start[i], subjects.event_start[i + 1]
    return PackedSubject(
        subjects.disposition,
        subjects.events[e0:e1],
        subjects.event_index[e0:e1],
        subjects.observations[subjects.observation_start[i] : subjects.observation_start[i + 1]],
        subjects.log_typical[subjects.epoch_start[i] : subjects.epoch_start[i + 1]],
        subjects.terms,
        subjects.omega_cholesky[i],
        subjects.frame[i],
        subjects.line_scale[i],
    )


@inlined_kernel
def eta_from_white(subject: PackedSubject, z: FloatArray, eta: FloatArray) -> None:
    """Write eta = L z, with L the Cholesky factor of the covariance of the random effects."""
    factor = subject.omega_cholesky
    for i in range(z.size):
        total = 0.0
        for j in range(i + 1):
            total += factor[i, j] * z[j]
        eta[i] = total


@inlined_kernel
def individual_parameters(subject: PackedSubject, epoch: int, eta: FloatArray, parameters: FloatArray) -> None:
    """Write the individual parameters under one covariate row: sums over terms of typical value times exp(eta).

    Parameters
    ----------
    parameters : (4,) array
        Overwritten with CL [L/day] (or the rate constant [1/day]), V or V1 [L], Q [L/day], V2 [L].
    """
    log_typical, terms = subject.log_typical, subject.terms
    for p in range(N_PARAMETERS):
        parameters[p] = 0.0
    for t in range(terms.shape[0]):
        exponent = log_typical[epoch, t]
        if terms[t, TERM_ETA] >= 0:
            exponent += eta[terms[t, TERM_ETA]]
        parameters[terms[t, TERM_PARAMETER]] += math.exp(exponent)


@inlined_kernel
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
    # Arrays are bound to local names before the loop: each access through the tuple would count references.
    events, index = subject.events, subject.event_index
    is_two = subject.disposition == _TWO
    parameters = np.empty(N_PARAMETERS)
    current = -1
    central = 0.0
    peripheral = 0.0
    k = 0.0
    for e in range(events.shape[0]):
        if index[e, EPOCH] != current:
            current = index[e, EPOCH]
            individual_parameters(subject, current, eta, parameters)
            k = elimination_rate(subject, parameters)
        step = events[e, STEP]
        if step > 0.0:
            if is_two:
                central, peripheral = advance_twocomp(central, peripheral, events[e, RATE], parameters, step)
            else:
                central = advance_onecomp(central, events[e, RATE], k, step)
        if index[e, OBSERVATION] >= 0:
            prediction[index[e, OBSERVATION]] = central / parameters[CENTRAL_VOLUME]
        central += events[e, BOLUS]


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
    events, index = subject.events, subject.event_index
    share = np.empty((N_PARAMETERS, eta.size))
    state = np.zeros((1 + N_PARAMETERS, 2))
    amount = 0.0
    slope = 0.0
    curve = 0.0
    current = -1
    k = 0.0
    for e in range(events.shape[0]):
        if index[e, EPOCH] != current:
            current = index[e, EPOCH]
            individual_parameters(subject, current, eta, parameters)
            _parameter_shares(subject, current, eta, parameters, share)
            k = elimination_rate(subject, parameters)
        step = events[e, STEP]
        if step > 0.0:
            if subject.disposition == _TWO:
                advance_twocomp_derivatives(state, events[e, RATE], parameters, step)
            else:
                amount, slope, curve = advance_onecomp_derivatives(amount, slope, curve, events[e, RATE], k, step)
        o = index[e, OBSERVATION]
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
        state[0, 0] += events[e, BOLUS]
        amount += events[e, BOLUS]


@kernel
def _parameter_shares(
    subject: PackedSubject, epoch: int, eta: FloatArray, parameters: FloatArray, share: FloatArray
) -> None:
    """Write d ln(parameter) / d eta: 1 for a parameter of one term, a term's share of the sum otherwise."""
    log_typical, terms = subject.log_typical, subject.terms
    share[:, :] = 0.0
    for t in range(terms.shape[0]):
        i = terms[t, TERM_ETA]
        if i >= 0:
            p = terms[t, TERM_PARAMETER]
            share[p, i] += math.exp(log_typical[epoch, t] + eta[i]) / parameters[p]


@inlined_kernel
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
    events, index = subject.events, subject.event_index
    parameters = np.empty(N_PARAMETERS)
    share = np.empty((N_PARAMETERS, n_eta))
    amount = 0.0
    first = 0.0
    second = 0.0
    current = -1
    k = 0.0
    for e in range(events.shape[0]):
        if index[e, EPOCH] != current:
            current = index[e, EPOCH]
            individual_parameters(subject, current, eta, parameters)
            _parameter_shares(subject, current, eta, parameters, share)
            k = elimination_rate(subject, parameters)
        step = events[e, STEP]
        if step > 0.0:
            amount, first, second = advance_onecomp_derivatives(amount, first, second, events[e, RATE], k, step)
        o = index[e, OBSERVATION]
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
        amount += events[e, BOLUS]


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

"""Walk over one subject's events: doses, covariate changes and samples, each interval in closed form."""

from __future__ import annotations

import math

import numpy as np

from pkpd.arrays import FloatArray
from pkpd.kernels._jit import inlined_kernel, kernel
from pkpd.kernels.absorption import absorbed_onecomp, absorbed_twocomp
from pkpd.kernels.codes import (
    ABSORPTION_RATE,
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
    TERM_OCCASION_ETA,
    TERM_PARAMETER,
    TERM_SHAPE,
    Disposition,
    EtaShape,
    PackedSubject,
    PackedSubjects,
)
from pkpd.kernels.onecomp import advance_onecomp
from pkpd.kernels.random_effect import shaped_exponent
from pkpd.kernels.twocomp import advance_twocomp

_KE = int(Disposition.ONE_COMPARTMENT_KE)
_TWO = int(Disposition.TWO_COMPARTMENT)
_PLAIN = int(EtaShape.EXPONENTIAL)


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
        subjects.terms[subjects.epoch_start[i] : subjects.epoch_start[i + 1]],
        subjects.shape,
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
    parameters : (5,) array
        Overwritten with CL [L/day] (or the rate constant [1/day]), V or V1 [L], Q [L/day], V2 [L], absorption rate constant
        [1/day]; 0 for one that the model has not.
    """
    terms = subject.terms
    for p in range(N_PARAMETERS):
        parameters[p] = 0.0
    for t in range(terms.shape[1]):
        parameters[terms[epoch, t, TERM_PARAMETER]] += math.exp(_exponent(subject, epoch, t, eta))


@inlined_kernel
def _exponent(subject: PackedSubject, epoch: int, t: int, eta: FloatArray) -> float:
    """Return ln of term t under one covariate row."""
    terms = subject.terms
    total = 0.0
    i, j = int(terms[epoch, t, TERM_ETA]), int(terms[epoch, t, TERM_OCCASION_ETA])
    if i >= 0:
        total += eta[i]
    if j >= 0:
        total += eta[j]
    if terms[epoch, t, TERM_SHAPE] == _PLAIN:
        return subject.log_typical[epoch, t] + total
    return shaped_exponent(subject.log_typical[epoch, t], total, terms[epoch, t, TERM_SHAPE], subject.shape[t])


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
    depot, central, peripheral = 0.0, 0.0, 0.0
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
            if depot > 0.0:
                if is_two:
                    depot, given1, given2 = absorbed_twocomp(depot, parameters, step)
                    central, peripheral = central + given1, peripheral + given2
                else:
                    depot, given1 = absorbed_onecomp(depot, parameters[ABSORPTION_RATE], k, step)
                    central += given1
        if index[e, OBSERVATION] >= 0:
            prediction[index[e, OBSERVATION]] = central / parameters[CENTRAL_VOLUME]
        if parameters[ABSORPTION_RATE] > 0.0:
            depot += events[e, BOLUS]
        else:
            central += events[e, BOLUS]


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

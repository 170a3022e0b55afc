"""Walk over one subject's events on Taylor polynomials: predictions and their derivatives along a direction."""

from __future__ import annotations

import numpy as np

from pkpd.arrays import FloatArray
from pkpd.kernels._jit import inlined_kernel, kernel
from pkpd.kernels.absorption_taylor import absorbed_onecomp_taylor, absorbed_twocomp_taylor
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
    PackedSubject,
)
from pkpd.kernels.onecomp_taylor import advance_onecomp_taylor
from pkpd.kernels.random_effect import shaped_exponent_taylor
from pkpd.kernels.taylor import Taylor, added, constant, divided, exponential, linear, raised
from pkpd.kernels.twocomp_taylor import advance_twocomp_taylor, spectrum_taylor

_KE = int(Disposition.ONE_COMPARTMENT_KE)
_TWO = int(Disposition.TWO_COMPARTMENT)


@inlined_kernel
def row_taylor(rows: FloatArray, i: int) -> Taylor:
    """Return a row of coefficients as a polynomial."""
    return (rows[i, 0], rows[i, 1], rows[i, 2], rows[i, 3])


@kernel
def parameters_taylor(
    subject: PackedSubject,
    epoch: int,
    eta: FloatArray,
    d_eta: FloatArray,
    d_log_typical: FloatArray,
    d_shape: FloatArray,
    parameters: FloatArray,
) -> None:
    """Write the polynomials of the individual parameters under one covariate row; arguments as ``predict_taylor``.

    Parameters
    ----------
    parameters : (5, 4) array
        Overwritten: one row of coefficients for each parameter (``advance.individual_parameters``).
    """
    terms, log_typical = subject.terms, subject.log_typical
    parameters[:, :] = 0.0
    for t in range(terms.shape[1]):
        value, slope = 0.0, 0.0
        i, j = int(terms[epoch, t, TERM_ETA]), int(terms[epoch, t, TERM_OCCASION_ETA])
        if i >= 0:
            value += eta[i]
            slope += d_eta[i]
        if j >= 0:
            value += eta[j]
            slope += d_eta[j]
        exponent = shaped_exponent_taylor(
            linear(log_typical[epoch, t], d_log_typical[epoch, t]),
            linear(value, slope),
            terms[epoch, t, TERM_SHAPE],
            linear(subject.shape[t], d_shape[t]),
        )
        term = exponential(exponent)
        p = terms[epoch, t, TERM_PARAMETER]
        for c in range(4):
            parameters[p, c] += term[c]


@kernel
def predict_taylor(
    subject: PackedSubject,
    eta: FloatArray,
    d_eta: FloatArray,
    d_log_typical: FloatArray,
    d_shape: FloatArray,
    prediction: FloatArray,
) -> None:
    """Write the polynomial of each observation's predicted concentration [mg/L] along one direction.

    Parameters
    ----------
    eta, d_eta : (n_eta,) arrays
        Random effects, and how they change along the direction.
    d_log_typical : (n_epochs, n_terms) array
        How the logarithms of the typical values change.
    d_shape : (n_terms,) array
        How the parameters of the random effects' shapes change.
    prediction : (n_observations, 4) array
        Overwritten with the coefficients.
    """
    events, index = subject.events, subject.event_index
    is_two = subject.disposition == _TWO
    parameters = np.empty((N_PARAMETERS, 4))
    current = -1
    depot, central, peripheral = constant(0.0), constant(0.0), constant(0.0)
    ka, k, volume = constant(0.0), constant(0.0), constant(1.0)
    one = constant(1.0)
    by = spectrum_taylor(one, one, one, one)
    for e in range(events.shape[0]):
        if index[e, EPOCH] != current:
            current = index[e, EPOCH]
            parameters_taylor(subject, current, eta, d_eta, d_log_typical, d_shape, parameters)
            first, volume = row_taylor(parameters, CL_OR_KE), row_taylor(parameters, CENTRAL_VOLUME)
            ka = row_taylor(parameters, ABSORPTION_RATE)
            if is_two:
                flow = row_taylor(parameters, INTERCOMPARTMENTAL_CLEARANCE)
                by = spectrum_taylor(first, volume, flow, row_taylor(parameters, PERIPHERAL_VOLUME))
            else:
                k = first if subject.disposition == _KE else divided(first, volume)
        step = events[e, STEP]
        if step > 0.0:
            if is_two:
                central, peripheral = advance_twocomp_taylor(central, peripheral, events[e, RATE], by, step)
            else:
                central = advance_onecomp_taylor(central, events[e, RATE], k, step)
            if depot[0] > 0.0:
                if is_two:
                    depot, given1, given2 = absorbed_twocomp_taylor(depot, ka, by, step)
                    central, peripheral = added(central, given1), added(peripheral, given2)
                else:
                    depot, given1 = absorbed_onecomp_taylor(depot, ka, k, step)
                    central = added(central, given1)
        o = index[e, OBSERVATION]
        if o >= 0:
            level = divided(central, volume)
            for c in range(4):
                prediction[o, c] = level[c]
        if ka[0] > 0.0:
            depot = raised(depot, events[e, BOLUS])
        else:
            central = raised(central, events[e, BOLUS])


@kernel
def predict_gradient(subject: PackedSubject, eta: FloatArray, prediction: FloatArray, gradient: FloatArray) -> None:
    """Write each prediction [mg/L] and its gradient with respect to eta.

    Parameters
    ----------
    prediction : (n_observations,) array
        Overwritten.
    gradient : (n_observations, n_eta) array
        Overwritten.
    """
    rows = np.empty((prediction.size, 4))
    d_eta = np.zeros(eta.size)
    nothing, no_shape = np.zeros(subject.log_typical.shape), np.zeros(subject.shape.size)
    for i in range(eta.size):
        d_eta[i] = 1.0
        predict_taylor(subject, eta, d_eta, nothing, no_shape, rows)
        d_eta[i] = 0.0
        for o in range(prediction.size):
            prediction[o] = rows[o, 0]
            gradient[o, i] = rows[o, 1]

"""Areas under the concentration curve in closed form, on the logarithmic scale so that nothing underflows."""

from __future__ import annotations

import math

import numpy as np

from pkpd.arrays import FloatArray, IntArray
from pkpd.kernels._jit import inlined_kernel, kernel, parallel_kernel, prange
from pkpd.kernels.advance import (
    clearance,
    elimination_rate,
    eta_from_white,
    individual_parameters,
    predict,
    subject_at,
    terminal_half_life,
)
from pkpd.kernels.codes import (
    BOLUS,
    CENTRAL_VOLUME,
    CL_OR_KE,
    EPOCH,
    INTERCOMPARTMENTAL_CLEARANCE,
    N_PARAMETERS,
    PERIPHERAL_VOLUME,
    RATE,
    STEP,
    Disposition,
    PackedSubject,
    PackedSubjects,
)
from pkpd.kernels.lines import white_on_line
from pkpd.kernels.onecomp import phi1, phi2
from pkpd.kernels.twocomp import SHORT, propagator, short_step, spectrum

_TWO = int(Disposition.TWO_COMPARTMENT)
_LOG_NOTHING = -700.0
# Times are sums of steps, so that an event at the end of a window may miss it by a rounding error [day].
_SAME_TIME = 1e-9
_NOTHING = math.exp(_LOG_NOTHING)


@inlined_kernel
def log_add(a: float, b: float) -> float:
    """Return log(exp(a) + exp(b)); -inf stands for zero."""
    if a < b:
        a, b = b, a
    return a if b == -np.inf else a + math.log1p(math.exp(b - a))


@kernel
def log_auc(subject: PackedSubject, eta: FloatArray, start: FloatArray, window: FloatArray) -> float:
    """Return ln of the area under the central concentration [mg day/L] over a window; -inf where no drug is there.

    Parameters
    ----------
    eta : (n_eta,) array
        Random effects.
    start : (1,) array
        Time of the subject's first event [day].
    window : (2,) array
        From and to [day]; both must be event times of the subject.
    """
    parameters = np.empty(N_PARAMETERS)
    current = -1
    k = 0.0
    # Amounts are central * exp(scale) and peripheral * exp(scale).
    central, peripheral, scale = 0.0, 0.0, 0.0
    total = -np.inf
    time = start[0]
    events, index = subject.events, subject.event_index
    for e in range(events.shape[0]):
        if index[e, EPOCH] != current:
            current = index[e, EPOCH]
            individual_parameters(subject, current, eta, parameters)
            k = elimination_rate(subject, parameters)
        step, rate = events[e, STEP], events[e, RATE]
        if step > 0.0:
            is_inside = time >= window[0] - _SAME_TIME and time + step <= window[1] + _SAME_TIME
            time += step
            given = rate * math.exp(-scale) if rate > 0.0 else 0.0
            if not math.isfinite(given):
                central, peripheral, scale, given = 0.0, 0.0, 0.0, rate
            if subject.disposition == _TWO:
                area, central, peripheral, decay = _advance_area_twocomp(central, peripheral, given, parameters, step)
            else:
                area, central, decay = _advance_area_onecomp(central, given, k, step)
            if is_inside and area > 0.0:
                total = log_add(total, math.log(area) + scale - math.log(parameters[CENTRAL_VOLUME]))
            scale += decay
        if events[e, BOLUS] > 0.0:
            given = events[e, BOLUS] * math.exp(-scale)
            if not math.isfinite(given):
                central, peripheral, scale, given = 0.0, 0.0, 0.0, events[e, BOLUS]
            central += given
    return total


@inlined_kernel
def _advance_area_onecomp(amount: float, rate: float, k: float, step: float) -> tuple[float, float, float]:
    """Return the integral of the amount, the new amount and the exponent taken out of it."""
    x = k * step
    p = phi1(x)
    area = step * (amount * p + rate * step * phi2(x))
    if rate == 0.0:
        return area, amount, -x
    return area, amount * math.exp(-x) + rate * step * p, 0.0


@inlined_kernel
def _advance_area_twocomp(
    central: float, peripheral: float, rate: float, parameters: FloatArray, step: float
) -> tuple[float, float, float, float]:
    """Return the integral of the central amount, both new amounts and the exponent taken out of them.

    The integral follows from the mass balance: what is eliminated is what went in less what is still there; over short
    steps, where little is eliminated, from the series.
    """
    cl, v1 = parameters[CL_OR_KE], parameters[CENTRAL_VOLUME]
    q, v2 = parameters[INTERCOMPARTMENTAL_CLEARANCE], parameters[PERIPHERAL_VOLUME]
    m, root, slow = spectrum(cl, v1, q, v2)
    if (m + root) * step < SHORT:
        area, central, peripheral = short_step(central, peripheral, rate, parameters, step)
        return area, central, peripheral, 0.0
    cosine, sine = propagator(root, step)
    steady1, steady2 = rate * v1 / cl, rate * v2 / cl
    u1, u2 = central - steady1, peripheral - steady2
    g11 = m - (cl + q) / v1
    new1 = cosine * u1 + sine * (g11 * u1 + q / v2 * u2)
    new2 = cosine * u2 + sine * (q / v1 * u1 - g11 * u2)
    exponent = -slow * step
    decay = math.exp(exponent)
    if rate == 0.0:
        area = (central - new1 * decay + peripheral - new2 * decay) * v1 / cl
        return area, new1, new2, exponent
    new1 = steady1 + decay * new1
    new2 = steady2 + decay * new2
    area = (rate * step + central - new1 + peripheral - new2) * v1 / cl
    return area, new1, new2, 0.0


@kernel
def parameters_on_lines(
    subject: PackedSubject, outer: FloatArray, low: FloatArray, step: FloatArray, epoch: int, tables: FloatArray
) -> None:
    """Write ln of CL, central volume, Q, V2 and terminal half-life at every node.

    Parameters
    ----------
    epoch : int
        Covariate row that the parameters are taken at.
    tables : (5, n_lines, n_nodes) array
        Overwritten; Q and V2 of a one-compartment model are NaN.
    """
    n_eta = outer.shape[1] + 1
    z = np.empty(n_eta)
    eta = np.empty(n_eta)
    parameters = np.empty(N_PARAMETERS)
    is_two = subject.disposition == _TWO
    for line in range(tables.shape[1]):
        for m in range(tables.shape[2]):
            if m > 0 and subject.line_scale > 0.0:
                change = subject.line_scale * step[line]
                for p in range(4):
                    tables[p, line, m] = tables[p, line, m - 1] + change
                tables[4, line, m] = tables[4, line, m - 1]
                continue
            white_on_line(subject, outer[line], low[line] + m * step[line], z)
            eta_from_white(subject, z, eta)
            individual_parameters(subject, epoch, eta, parameters)
            tables[0, line, m] = math.log(clearance(subject, parameters))
            tables[1, line, m] = math.log(parameters[CENTRAL_VOLUME])
            tables[2, line, m] = math.log(parameters[INTERCOMPARTMENTAL_CLEARANCE]) if is_two else np.nan
            tables[3, line, m] = math.log(parameters[PERIPHERAL_VOLUME]) if is_two else np.nan
            tables[4, line, m] = math.log(terminal_half_life(subject, parameters))


@kernel
def log_auc_on_lines(
    subject: PackedSubject,
    outer: FloatArray,
    low: FloatArray,
    step: FloatArray,
    start: FloatArray,
    window: FloatArray,
    table: FloatArray,
) -> None:
    """Write ln of the area over a window at every node (``log_auc``)."""
    n_eta = outer.shape[1] + 1
    z = np.empty(n_eta)
    eta = np.empty(n_eta)
    for line in range(table.shape[0]):
        for m in range(table.shape[1]):
            if m > 0 and subject.line_scale > 0.0:
                table[line, m] = table[line, m - 1] - subject.line_scale * step[line]
                continue
            white_on_line(subject, outer[line], low[line] + m * step[line], z)
            eta_from_white(subject, z, eta)
            table[line, m] = log_auc(subject, eta, start, window)


@parallel_kernel
def log_auc_of_population(
    subjects: PackedSubjects,
    index: IntArray,
    eta: FloatArray,
    start: FloatArray,
    window: FloatArray,
    result: FloatArray,
) -> None:
    """Write ln of the area over a window for many random effects, on all threads.

    Parameters
    ----------
    index : (n,) array
        Packed subject that each row of ``eta`` belongs to.
    eta : (n, n_eta) array
        Random effects.
    start : (n_subjects,) array
        Time of each subject's first event [day].
    window : (2,) array
        From and to [day].
    result : (n,) array
        Overwritten.
    """
    for i in prange(index.size):
        s = index[i]
        result[i] = log_auc(subject_at(subjects, s), eta[i], start[s : s + 1], window)


@inlined_kernel
def _log_exposure(
    subject: PackedSubject, eta: FloatArray, start: FloatArray, window: FloatArray, parameters: FloatArray
) -> tuple[float, float]:
    """Return ln of the area over a window and ln of the clearance at the last covariate row."""
    area = log_auc(subject, eta, start, window)
    individual_parameters(subject, subject.log_typical.shape[0] - 1, eta, parameters)
    return area, math.log(clearance(subject, parameters))


@parallel_kernel
def exposure_at_nodes(
    subjects: PackedSubjects,
    line_start: IntArray,
    outer: FloatArray,
    low: FloatArray,
    step: FloatArray,
    n_nodes: IntArray,
    node_start: IntArray,
    start: FloatArray,
    window: FloatArray,
    log_area: FloatArray,
    log_clearance: FloatArray,
) -> None:
    """Write ln of the area over a window and ln of the clearance at the last covariate row, at every node of all subjects.

    Parameters
    ----------
    line_start, outer, low, step, n_nodes : arrays
        Lines and nodes of each subject (``likelihood.marginal.Nodes``).
    node_start : (n_subjects + 1,) array
        First node of each subject.
    start : (n_subjects,) array
        Time of each subject's first event [day].
    window : (2,) array
        From and to [day].
    log_area, log_clearance : (n_all_nodes,) arrays
        Overwritten.
    """
    n_eta = subjects.omega_cholesky.shape[1]
    for s in prange(n_nodes.size):
        subject = subject_at(subjects, s)
        z, eta, parameters = np.empty(n_eta), np.empty(n_eta), np.empty(N_PARAMETERS)
        k = node_start[s]
        for line in range(line_start[s], line_start[s + 1]):
            change = subject.line_scale * step[line]
            for m in range(n_nodes[s]):
                if m > 0 and change > 0.0:
                    log_area[k] = log_area[k - 1] - change
                    log_clearance[k] = log_clearance[k - 1] + change
                else:
                    white_on_line(subject, outer[line : line + n_eta - 1], low[line] + m * step[line], z)
                    eta_from_white(subject, z, eta)
                    log_area[k], log_clearance[k] = _log_exposure(subject, eta, start[s : s + 1], window, parameters)
                k += 1


@parallel_kernel
def exposure_of_population(
    subjects: PackedSubjects,
    eta: FloatArray,
    start: FloatArray,
    window: FloatArray,
    log_area: FloatArray,
    log_clearance: FloatArray,
) -> None:
    """Write ln of the area over a window and ln of the clearance at the last covariate row, at one eta of every subject.

    Parameters
    ----------
    eta : (n_subjects, n_eta) array
        Random effects.
    start, window : arrays
        As ``exposure_at_nodes``.
    log_area, log_clearance : (n_subjects,) arrays
        Overwritten.
    """
    for s in prange(eta.shape[0]):
        parameters = np.empty(N_PARAMETERS)
        log_area[s], log_clearance[s] = _log_exposure(
            subject_at(subjects, s), eta[s], start[s : s + 1], window, parameters
        )


@kernel
def log_concentrations_on_lines(
    subject: PackedSubject, outer: FloatArray, low: FloatArray, step: FloatArray, first: int, tables: FloatArray
) -> None:
    """Write ln of predicted concentrations at every node.

    Parameters
    ----------
    first : int
        Observation, counted within the subject, that the first table belongs to.
    tables : (n_times, n_lines, n_nodes) array
        Overwritten; the logarithm is cut at -700, where a concentration has long been nothing.
    """
    n_eta = outer.shape[1] + 1
    z = np.empty(n_eta)
    eta = np.empty(n_eta)
    prediction = np.empty(first + tables.shape[0])
    for line in range(tables.shape[1]):
        for m in range(tables.shape[2]):
            if m > 0 and subject.line_scale > 0.0:
                for t in range(tables.shape[0]):
                    tables[t, line, m] = tables[t, line, m - 1] - subject.line_scale * step[line]
                continue
            white_on_line(subject, outer[line], low[line] + m * step[line], z)
            eta_from_white(subject, z, eta)
            predict(subject, eta, prediction)
            for t in range(tables.shape[0]):
                value = prediction[first + t]
                tables[t, line, m] = math.log(value) if value > _NOTHING else _LOG_NOTHING

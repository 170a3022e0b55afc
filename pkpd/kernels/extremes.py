"""The highest and the lowest concentration in a window, in closed form, and concentrations of many random effects at once."""

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
    ABSORPTION_RATE,
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
from pkpd.kernels.onecomp import advance_onecomp
from pkpd.kernels.twocomp import advance_twocomp, spectrum

_TWO = int(Disposition.TWO_COMPARTMENT)
# As in the closed form of the area [day].
_SAME_TIME = 1e-9
# A concentration below this has long been nothing.
_LOG_NOTHING = -700.0
_NOTHING = math.exp(_LOG_NOTHING)


@kernel
def extremes(subject: PackedSubject, eta: FloatArray, start: FloatArray, window: FloatArray, found: FloatArray) -> None:
    """Write the lowest and the highest central concentration [mg/L] in a window, its ends included.

    Between events a concentration of one compartment only falls or only rises; one of two compartments turns once at most. A bolus
    is as an infusion that takes no time: the concentration before it counts too, and one at the end of the window is outside it.

    Parameters
    ----------
    eta : (n_eta,) array
        Random effects.
    start : (1,) array
        Time of the subject's first event [day].
    window : (2,) array
        From and to [day]; both must be event times of the subject.
    found : (2,) array
        Overwritten.
    """
    parameters = np.empty(N_PARAMETERS)
    current = -1
    k = 0.0
    central, peripheral = 0.0, 0.0
    lowest, highest = np.inf, 0.0
    time = start[0]
    events, index = subject.events, subject.event_index
    is_two = subject.disposition == _TWO
    for e in range(events.shape[0]):
        if index[e, EPOCH] != current:
            current = index[e, EPOCH]
            individual_parameters(subject, current, eta, parameters)
            k = elimination_rate(subject, parameters)
        step, rate = events[e, STEP], events[e, RATE]
        volume = parameters[CENTRAL_VOLUME]
        if step > 0.0:
            is_inside = time >= window[0] - _SAME_TIME and time + step <= window[1] + _SAME_TIME
            time += step
            before = central / volume
            turn = before
            if is_two:
                if is_inside:
                    turn = _turning_point(before, peripheral, rate, parameters, step)
                central, peripheral = advance_twocomp(central, peripheral, rate, parameters, step)
            else:
                central = advance_onecomp(central, rate, k, step)
            if is_inside:
                lowest, highest = min(lowest, before, turn), max(highest, before, turn)
        if window[0] - _SAME_TIME <= time <= window[1] + _SAME_TIME:
            lowest, highest = min(lowest, central / volume), max(highest, central / volume)
        central += events[e, BOLUS]
        if window[0] - _SAME_TIME <= time < window[1] - _SAME_TIME:
            highest = max(highest, central / volume)
    found[0], found[1] = lowest, highest


@inlined_kernel
def _turning_point(before: float, peripheral: float, rate: float, parameters: FloatArray, step: float) -> float:
    """Return the concentration where it turns between two events, that at the first where it does not.

    It is a steady one plus A exp(-fast t) + B exp(-slow t), whose slope is zero where exp((fast - slow) t) = -fast A / (slow B).
    """
    cl, v1 = parameters[CL_OR_KE], parameters[CENTRAL_VOLUME]
    q, v2 = parameters[INTERCOMPARTMENTAL_CLEARANCE], parameters[PERIPHERAL_VOLUME]
    m, root, slow = spectrum(cl, v1, q, v2)
    fast = m + root
    if not fast > slow:
        return before
    steady = rate / cl
    above = before - steady
    slope = (rate - (cl + q) * before + q * peripheral / v2) / v1
    a = -(slope + slow * above) / (fast - slow)
    b = (slope + fast * above) / (fast - slow)
    ratio = -fast * a / (slow * b) if b != 0.0 else 0.0
    if not ratio > 1.0:
        return before
    turn = math.log(ratio) / (fast - slow)
    if not turn < step:
        return before
    return max(steady + a * math.exp(-fast * turn) + b * math.exp(-slow * turn), 0.0)


@inlined_kernel
def _log(value: float) -> float:
    return math.log(value) if value > _NOTHING else _LOG_NOTHING


@kernel
def log_extremes_on_lines(
    subject: PackedSubject,
    outer: FloatArray,
    low: FloatArray,
    step: FloatArray,
    start: FloatArray,
    window: FloatArray,
    tables: FloatArray,
) -> None:
    """Write ln of the lowest and the highest concentration in a window at every node (``extremes``).

    Parameters
    ----------
    tables : (2, n_lines, n_nodes) array
        Overwritten; the logarithm is cut at -700, where a concentration has long been nothing.
    """
    n_eta = outer.shape[1] + 1
    z, eta, found = np.empty(n_eta), np.empty(n_eta), np.empty(2)
    for line in range(tables.shape[1]):
        for m in range(tables.shape[2]):
            if m > 0 and subject.line_scale > 0.0:
                for i in range(2):
                    tables[i, line, m] = tables[i, line, m - 1] - subject.line_scale * step[line]
                continue
            white_on_line(subject, outer[line], low[line] + m * step[line], z)
            eta_from_white(subject, z, eta)
            extremes(subject, eta, start, window, found)
            for i in range(2):
                tables[i, line, m] = _log(found[i])


@parallel_kernel
def extremes_of_population(
    subjects: PackedSubjects,
    index: IntArray,
    eta: FloatArray,
    start: FloatArray,
    window: FloatArray,
    result: FloatArray,
) -> None:
    """Write the lowest and the highest concentration in a window for many random effects (``extremes``).

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
    result : (n, 2) array
        Overwritten.
    """
    for i in prange(index.size):
        s = index[i]
        extremes(subject_at(subjects, s), eta[i], start[s : s + 1], window, result[i])


@parallel_kernel
def concentrations_of_population(
    subjects: PackedSubjects, index: IntArray, eta: FloatArray, skipped: int, result: FloatArray
) -> None:
    """Write the concentration [mg/L] at the last wanted times for many random effects.

    Parameters
    ----------
    index, eta : (n,), (n, n_eta) arrays
        As ``extremes_of_population``.
    skipped : int
        Wanted times before those meant.
    result : (n, n_times) array
        Overwritten.
    """
    for i in prange(index.size):
        s = index[i]
        first = subjects.observation_start[s + 1] - subjects.observation_start[s] + skipped
        prediction = np.empty(first + result.shape[1])
        predict(subject_at(subjects, s), eta[i], prediction)
        result[i] = prediction[first:]


@parallel_kernel
def parameters_of_population(subjects: PackedSubjects, index: IntArray, eta: FloatArray, result: FloatArray) -> None:
    """Write the parameters under the last covariate row for many random effects.

    Parameters
    ----------
    index, eta : (n,), (n, n_eta) arrays
        As ``extremes_of_population``.
    result : (n, 5) array
        Overwritten with CL [L/day], central volume [L], Q [L/day], V2 [L] and the terminal half-life [day].
    """
    for i in prange(index.size):
        subject, own = subject_at(subjects, index[i]), np.empty(N_PARAMETERS)
        individual_parameters(subject, subject.log_typical.shape[0] - 1, eta[i], own)
        result[i, :ABSORPTION_RATE] = own[:ABSORPTION_RATE]
        result[i, 0] = clearance(subject, own)
        result[i, ABSORPTION_RATE] = terminal_half_life(subject, own)

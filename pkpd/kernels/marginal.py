"""The exact marginal likelihood of one subject with one or two random effects, and its gradient at the same nodes.

-2 log of the integral of exp(-phi / 2) over the whitened random effects, along lines (``lines``) by the trapezoidal rule. The
lines and nodes of a subject are chosen once (``place_nodes``) and kept while the parameters move a little, so that the
objective is a smooth function of them. By Fisher's identity the gradient is a mean over the posterior at the nodes:

    d/dOmega     tr(M dOmega), M = L^-T (I - E[z z']) L^-1
    d/dln(term)  -2 E[Omega^-1 eta] where the term has a random effect of its own and no row of its own (the integral is
                 shifted instead), else the mean of the derivative of -2 log p(y | eta)
    d/dsigma     the mean of that derivative
"""

from __future__ import annotations

import math

import numpy as np

from pkpd.arrays import BoolArray, FloatArray, IntArray
from pkpd.kernels._jit import inlined_kernel, kernel, parallel_kernel, prange
from pkpd.kernels.advance import eta_from_white, predict, subject_at
from pkpd.kernels.advance_taylor import predict_taylor
from pkpd.kernels.codes import (
    ADDITIVE,
    CENSORED,
    ERROR_KIND,
    EXPONENT,
    LEVEL,
    LLOQ,
    PROPORTIONAL,
    ULOQ,
    Censored,
    ErrorKind,
    PackedSubject,
    PackedSubjects,
)
from pkpd.kernels.laplace import Directions
from pkpd.kernels.lines import line_objective, white_on_line
from pkpd.kernels.quadrature import locate_line, outer_range
from pkpd.kernels.residual import NO_ERROR_CHANGE, error_taylor, minus2_log_density_taylor, residual_variance
from pkpd.kernels.special import mills_lookup
from pkpd.kernels.taylor import linear

_NONE, _BELOW, _BETWEEN = float(Censored.NONE), float(Censored.BELOW), float(Censored.BETWEEN)
_VARIANCES_ADD = float(ErrorKind.VARIANCES_ADD)
_SDS_ADD, _LOGARITHMIC = float(ErrorKind.SDS_ADD), float(ErrorKind.LOGARITHMIC)
# Mass where phi lies this far above its minimum is left out: a density below 3e-9 of the highest. So much is kept that nodes
# still reach beyond a posterior that has moved a little.
_NEGLIGIBLE = 40.0
# Nodes of a density below a billionth of the highest add nothing to a mean that would be seen.
_FLAT = -2.0 * math.log(1e-9)
# Standard deviations on the right side of a limit from which on nothing changes with the error.
_CERTAIN = 9.0
_N_SCAN = 24


@kernel
def place_nodes(
    subject: PackedSubject,
    least: float,
    reach: float,
    outer: FloatArray,
    low: FloatArray,
    step: FloatArray,
    values: FloatArray,
) -> float:
    """Write the lines of a subject and the nodes on each; return the weight of every line.

    Parameters
    ----------
    least, reach : float
        The least phi, and how far from zero mass is looked for.
    outer : (n_lines,) array
        Overwritten with the positions of the lines; a single 0 with one random effect.
    low, step : (n_lines,) arrays
        Overwritten with first node and node distance.
    values : (n_nodes,) array
        Scratch of as many nodes as each line has.
    """
    n_eta = subject.omega_cholesky.shape[0]
    weight = 1.0
    outer[:] = 0.0
    if n_eta == 2:
        first, last = outer_range(subject, reach, least + _NEGLIGIBLE, np.empty(_N_SCAN), _N_SCAN)
        weight = (last - first) / (outer.size - 1)
        for line in range(outer.size):
            outer[line] = first + line * weight
    for line in range(outer.size):
        low[line], step[line], _ = locate_line(
            subject, outer[line : line + n_eta - 1], -reach, reach, least + _NEGLIGIBLE, values
        )
    return weight


@inlined_kernel
def _doubt(half: float, thirds: FloatArray) -> float:
    """Return the larger relative change of an integral from every second node alone and from every third.

    The error of the trapezoidal rule falls exponentially with the number of nodes: as a change at half as many it is squared by all,
    at a third cubed, so that the power of 3/2 makes the latter comparable. One of them can be small by chance, where a posterior has
    an edge that is sharper than the nodes; all four hardly are.
    """
    coarse = max(abs(thirds[0] - 1.0), abs(thirds[1] - 1.0), abs(thirds[2] - 1.0))
    return max(abs(half - 1.0), coarse * math.sqrt(coarse))


@inlined_kernel
def _variance_slope(observation: FloatArray, prediction: float, variance: float) -> float:
    """Return the derivative of -2 log p with respect to the residual variance."""
    centre = math.log(prediction) if observation[ERROR_KIND] == _LOGARITHMIC else prediction
    censored = observation[CENSORED]
    if censored == _NONE:
        residual = observation[LEVEL] - centre
        return (1.0 - residual * residual / variance) / variance
    sd = math.sqrt(variance)
    if censored == _BETWEEN:
        low, high = (observation[LLOQ] - centre) / sd, (observation[ULOQ] - centre) / sd
        mass = 0.5 * (math.erfc(-high / math.sqrt(2.0)) - math.erfc(-low / math.sqrt(2.0)))
        ends = high * math.exp(-0.5 * high * high) - low * math.exp(-0.5 * low * low)
        return ends / (math.sqrt(2.0 * math.pi) * mass * variance)
    z = (observation[LLOQ] - centre) / sd if censored == _BELOW else (centre - observation[ULOQ]) / sd
    return mills_lookup(z) * z / variance if z < _CERTAIN else 0.0


@kernel
def _proportional_slope(row: FloatArray, levels: FloatArray, mass: FloatArray) -> float:
    """Return ``error_slopes`` by PROPORTIONAL where there is no other error, the common case, with less arithmetic."""
    inverse = 1.0 / row[PROPORTIONAL]
    total = 0.0
    if row[CENSORED] == _NONE:
        level = row[LEVEL]
        for m in range(mass.size):
            if mass[m] != 0.0:
                z = (level / levels[m] - 1.0) * inverse
                total += mass[m] * (1.0 - z * z)
        return 2.0 * inverse * total
    limit, sign = (row[LLOQ], inverse) if row[CENSORED] == _BELOW else (row[ULOQ], -inverse)
    for m in range(mass.size):
        if mass[m] != 0.0:
            z = sign * (limit / levels[m] - 1.0)
            # Far on the right side of a limit nothing changes with the error, and without drug z is infinite.
            if z < _CERTAIN:
                total += mass[m] * z * mills_lookup(z)
    return 2.0 * inverse * total


@kernel
def error_slopes(row: FloatArray, levels: FloatArray, mass: FloatArray) -> tuple[float, float, float]:
    """Return the sums over nodes of mass times the derivative of -2 log p by ADDITIVE, PROPORTIONAL and EXPONENT.

    Parameters
    ----------
    row : (8,) array
        The observation.
    levels, mass : (n_nodes,) arrays
        Predictions [mg/L], and the mass of each node; nodes without mass are passed over.
    """
    additive, proportional, exponent = row[ADDITIVE], row[PROPORTIONAL], row[EXPONENT]
    is_plain, is_sum = exponent == 1.0, row[ERROR_KIND] == _SDS_ADD
    if is_plain and additive == 0.0 and row[ERROR_KIND] == _VARIANCES_ADD and row[CENSORED] != _BETWEEN:
        return 0.0, _proportional_slope(row, levels, mass), 0.0
    first, second, third = 0.0, 0.0, 0.0
    for m in range(mass.size):
        if mass[m] == 0.0 or not levels[m] > 0.0:
            continue
        variance = residual_variance(row, levels[m])
        if not variance > 0.0:
            continue
        by_variance = 2.0 * mass[m] * _variance_slope(row, levels[m], variance)
        if row[ERROR_KIND] == _LOGARITHMIC:
            first += by_variance * additive
            continue
        power = levels[m] if is_plain else levels[m] ** exponent
        part = proportional * power
        total = part + additive if is_sum else part
        first += by_variance * (total if is_sum else additive)
        second += by_variance * total * power
        if not is_plain:
            third += by_variance * total * part * math.log(levels[m])
    return first, second, third


@inlined_kernel
def _weigh_line(values: FloatArray, least: float, share: float, masses: FloatArray, sums: FloatArray) -> None:
    """Write the mass of each node of a line, share times exp(-(phi - least) / 2), and the sums of mass, m mass and m^2 mass."""
    s0, s1, s2 = 0.0, 0.0, 0.0
    for m in range(values.size):
        mass = share * math.exp(-0.5 * (values[m] - least))
        masses[m] = mass
        s0 += mass
        s1 += m * mass
        s2 += m * m * mass
    sums[0], sums[1], sums[2] = s0, s1, s2


@inlined_kernel
def _add_moments(
    subject: PackedSubject,
    outer: FloatArray,
    low: float,
    step: float,
    sums: FloatArray,
    mean: FloatArray,
    square: FloatArray,
) -> None:
    """Add the sums of mass z and of mass z z' over the nodes low + m step of a line, from ``_weigh_line``'s sums."""
    along = low * sums[0] + step * sums[1]
    along_square = low * low * sums[0] + 2.0 * low * step * sums[1] + step * step * sums[2]
    frame = subject.frame
    for i in range(mean.size):
        # z = a y + b along the line.
        b_i = frame[i, 1] * outer[0] if outer.size else 0.0
        mean[i] += frame[i, 0] * along + b_i * sums[0]
        for j in range(i + 1):
            b_j = frame[j, 1] * outer[0] if outer.size else 0.0
            cross = frame[i, 0] * b_j + frame[j, 0] * b_i
            square[i, j] += frame[i, 0] * frame[j, 0] * along_square + cross * along + b_i * b_j * sums[0]


@inlined_kernel
def _keep_heavy(values: FloatArray, least: float, masses: FloatArray) -> bool:
    """Take the mass from nodes that add nothing to a mean; return whether any is left."""
    is_any = False
    for m in range(values.size):
        if values[m] - least > _FLAT:
            masses[m] = 0.0
        else:
            is_any = True
    return is_any


@kernel
def integrate_subject(
    subject: PackedSubject,
    least: float,
    outer: FloatArray,
    weight: float,
    low: FloatArray,
    step: FloatArray,
    n_nodes: int,
    directions: Directions,
    first_epoch: int,
    first_observation: int,
    is_shifted: BoolArray,
    further: FloatArray,
    mean: FloatArray,
    square: FloatArray,
    gradient: FloatArray,
    doubt: FloatArray,
    mass: FloatArray,
) -> tuple[float, float]:
    """Return -2 log of one subject's marginal likelihood, with log 2 pi, and the least phi at the nodes.

    Parameters
    ----------
    least : float
        About the least phi; it scales the sums.
    outer, weight, low, step
        As ``place_nodes`` wrote and returned them.
    directions : Directions
        Directions of all subjects; the next two say where this one's rows begin.
    is_shifted : (n_directions,) array
        Directions whose derivative the caller takes from the mean of z.
    further : (n_lines n_nodes,) array
        Added to phi at each node: -2 log density of what else was observed, given the random effects. Empty where there is nothing else.
    mean, square : (n_eta,), (n_eta, n_eta) arrays
        Overwritten with E[z] and E[z z'].
    gradient : (n_directions,) array
        Overwritten with the derivatives along the other directions, 0 along those; empty where none is wanted.
    doubt : (3,) array
        Overwritten with the share of the mass at the ends, and with the relative changes of the mass that leaving out lines
        and nodes makes (``_doubt``).
    mass : (n_lines n_nodes,) array
        Overwritten with the posterior mass of each node; empty where it is not wanted.
    """
    n_eta, n_lines, n_obs = mean.size, outer.size, subject.observations.shape[0]
    n_directions = gradient.size
    values, z, eta = np.empty(n_nodes), np.empty(n_eta), np.empty(n_eta)
    prediction = np.empty(n_obs)
    # Directions of the error alone need no walk; those that move typical values do.
    moves = np.zeros(n_directions, dtype=np.bool_)
    error = np.zeros((n_obs, n_directions, 3))
    for k in range(n_directions):
        if is_shifted[k]:
            continue
        for e in range(subject.log_typical.shape[0]):
            for t in range(subject.log_typical.shape[1]):
                moves[k] = moves[k] or directions.log_typical[k, first_epoch + e, t] != 0.0
        for t in range(subject.shape.size):
            moves[k] = moves[k] or directions.shape[k, t] != 0.0
        for o in range(n_obs):
            error[o, k] = directions.error[k, directions.error_group[first_observation + o]]
    has_walks, has_slopes = moves.any(), not is_shifted.all()
    rows = np.empty((n_directions, n_obs, 4))
    d_eta = np.zeros(n_eta)
    total, ends, even_lines, even_nodes, lowest = 0.0, 0.0, 0.0, 0.0, np.inf
    third_lines, third_nodes = np.zeros(3), np.zeros(3)
    sums = np.empty(3)
    mean[:] = 0.0
    square[:, :] = 0.0
    gradient[:] = 0.0
    is_scaled = subject.line_scale > 0.0
    masses, levels, walked = (
        np.empty(n_nodes),
        np.empty((n_obs, n_nodes)),
        np.zeros((n_directions if has_walks else 0, n_obs, n_nodes)),
    )
    observations = subject.observations
    for line in range(n_lines):
        position = outer[line : line + n_eta - 1]
        line_objective(subject, position, low[line], step[line], values)
        if further.size > 0:
            values += further[line * n_nodes : (line + 1) * n_nodes]
        _weigh_line(values, least, weight * step[line], masses, sums)
        if mass.size > 0:
            mass[line * n_nodes : (line + 1) * n_nodes] = masses
        _add_moments(subject, position, low[line], step[line], sums, mean, square)
        total += sums[0]
        lowest = min(lowest, values.min())
        is_outermost = n_eta == 2 and line in (0, n_lines - 1)
        ends += sums[0] if is_outermost else masses[0] + masses[n_nodes - 1]
        even_lines += sums[0] if line % 2 == 0 else 0.0
        third_lines[line % 3] += sums[0]
        even_nodes += masses[::2].sum()
        for third in range(3):
            third_nodes[third] += masses[third::3].sum()
        if not has_slopes or not _keep_heavy(values, least, masses):
            continue
        decay, scale = math.exp(-subject.line_scale * step[line]), 1.0
        for m in range(n_nodes):
            if m > 0 and is_scaled:
                scale *= decay
                for o in range(n_obs):
                    levels[o, m] = scale * levels[o, 0]
                    if has_walks:
                        for k in range(n_directions):
                            if moves[k]:
                                walked[k, o, m] = scale * walked[k, o, 0]
                continue
            if masses[m] == 0.0 and m > 0:
                continue
            white_on_line(subject, position, low[line] + m * step[line], z)
            eta_from_white(subject, z, eta)
            predict(subject, eta, prediction)
            levels[:, m] = prediction
            if has_walks:
                walk_all(subject, directions, first_epoch, moves, eta, d_eta, rows)
                for k in range(n_directions):
                    if moves[k]:
                        walked[k, :, m] = rows[k, :, 1]
        for o in range(n_obs):
            first, second, third = error_slopes(observations[o], levels[o], masses)
            for k in range(n_directions):
                gradient[k] += error[o, k, 0] * first + error[o, k, 1] * second + error[o, k, 2] * third
            if has_walks:
                add_walks(observations[o], levels[o], masses, walked[:, o], moves, gradient)
    inverse = 1.0 / total
    mass *= inverse
    for i in range(n_eta):
        mean[i] *= inverse
        for j in range(i + 1):
            square[i, j] *= inverse
            square[j, i] = square[i, j]
    gradient *= inverse
    doubt[0] = ends * inverse
    doubt[1] = _doubt(2.0 * even_lines * inverse, 3.0 * inverse * third_lines) if n_eta == 2 else 0.0
    doubt[2] = _doubt(2.0 * even_nodes * inverse, 3.0 * inverse * third_nodes)
    return least - 2.0 * math.log(total) + n_eta * math.log(2.0 * math.pi), lowest


@kernel
def add_walks(
    row: FloatArray, levels: FloatArray, mass: FloatArray, walked: FloatArray, moves: BoolArray, gradient: FloatArray
) -> None:
    """Add the mean of the derivative of one observation's -2 log p along every direction that moves its prediction."""
    for m in range(mass.size):
        if mass[m] == 0.0:
            continue
        along = linear(levels[m], 1.0)
        slope = minus2_log_density_taylor(row, along, error_taylor(row, along, NO_ERROR_CHANGE))[1]
        for k in range(moves.size):
            if moves[k]:
                gradient[k] += mass[m] * slope * walked[k, m]


@kernel
def walk_all(
    subject: PackedSubject,
    directions: Directions,
    first_epoch: int,
    moves: BoolArray,
    eta: FloatArray,
    d_eta: FloatArray,
    rows: FloatArray,
) -> None:
    """Write the predictions' derivatives along every direction that moves them."""
    last = first_epoch + subject.log_typical.shape[0]
    for k in range(moves.size):
        if moves[k]:
            predict_taylor(
                subject, eta, d_eta, directions.log_typical[k, first_epoch:last], directions.shape[k], rows[k]
            )


@parallel_kernel
def place_some(
    subjects: PackedSubjects,
    which: IntArray,
    least: FloatArray,
    reach: FloatArray,
    outer: FloatArray,
    weight: FloatArray,
    low: FloatArray,
    step: FloatArray,
    n_nodes: int,
) -> None:
    """Write lines and nodes of some subjects, one row for each (``place_nodes``); ``least`` and ``reach`` are of all subjects."""
    for i in prange(which.size):
        s = int(which[i])
        weight[i] = place_nodes(
            subject_at(subjects, s), least[s], reach[s], outer[i], low[i], step[i], np.empty(n_nodes)
        )


@parallel_kernel
def integrate_some(
    subjects: PackedSubjects,
    which: IntArray,
    least: FloatArray,
    line_start: IntArray,
    outer: FloatArray,
    weight: FloatArray,
    low: FloatArray,
    step: FloatArray,
    n_nodes: IntArray,
    directions: Directions,
    is_shifted: BoolArray,
    node_start: IntArray,
    further: FloatArray,
    value: FloatArray,
    mean: FloatArray,
    square: FloatArray,
    gradient: FloatArray,
    doubt: FloatArray,
    lowest: FloatArray,
    mass: FloatArray,
) -> None:
    """Write some subjects' integrals on all threads, one slot for each (``integrate_subject``).

    Parameters
    ----------
    which : (n,) array
        Subjects.
    line_start, node_start : (n + 1,) arrays
        First line and first node of each of them; the latter is not read where ``further`` and ``mass`` are empty.
    """
    for i in prange(which.size):
        s = int(which[i])
        lines = slice(line_start[i], line_start[i + 1])
        nodes = slice(node_start[i], node_start[i + 1]) if mass.size > 0 else slice(0, 0)
        value[i], lowest[i] = integrate_subject(
            subject_at(subjects, s),
            least[s],
            outer[lines],
            weight[i],
            low[lines],
            step[lines],
            n_nodes[i],
            directions,
            int(subjects.epoch_start[s]),
            int(subjects.observation_start[s]),
            is_shifted,
            further[nodes],
            mean[i],
            square[i],
            gradient[i],
            doubt[i],
            mass[nodes],
        )

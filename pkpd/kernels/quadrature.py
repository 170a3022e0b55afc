"""Integration of one subject's posterior along lines, and smooth distribution functions from it.

A posterior is held as lines (see ``lines``): on each line the density at equidistant nodes over the part of the line that
carries mass, and its running integral. The trapezoidal rule over such nodes converges faster than any power of their
distance. The probability that a quantity g, monotone along every line, lies below c is the sum over lines of the running
integral up to the point where g reaches c: no step function is ever summed over nodes.
"""

from __future__ import annotations

import math

import numpy as np

from pkpd.arrays import FloatArray
from pkpd.kernels._jit import inlined_kernel, kernel
from pkpd.kernels.codes import PackedSubject
from pkpd.kernels.lines import line_objective, white_on_line

# Mass where phi lies this far above its minimum is left out: a density below 1e-10 of the highest.
NEGLIGIBLE = 46.0
# Lines or nodes none of which is less than this above the least phi have not seen its valley.
UNSEEN = 20.0
_MOST_DENSER = 3
_FILLED = 0.6
# A coordinate that hardly varies along the lines has its distribution across them, from ``outer_marginal``.
_ALONG = 0.3
_MAX_PASSES = 12


@kernel
def locate_line(
    subject: PackedSubject, outer: FloatArray, low: float, high: float, cutoff: float, values: FloatArray
) -> tuple[float, float, float]:
    """Find the part of a line where phi < cutoff; return its low end, the node distance and the least phi.

    Parameters
    ----------
    low, high : float
        Range to search; grown where phi is below the cutoff at its ends.
    values : (n_nodes,) array
        Overwritten with phi at the nodes of the returned range.
    """
    n = values.size
    for attempt in range(_MAX_PASSES):
        step = (high - low) / (n - 1)
        line_objective(subject, outer, low, step, values)
        first, last = -1, -1
        least = np.inf
        for m in range(n):
            least = min(least, values[m])
            if values[m] < cutoff:
                if first < 0:
                    first = m
                last = m
        if attempt == _MAX_PASSES - 1:
            return low, step, least
        if first < 0:
            # A peak narrower than the nodes may still hide at the least of them.
            if least > cutoff + NEGLIGIBLE or step < 1e-4:
                return low, step, least
            m = int(np.argmin(values))
            low, high = low + (m - 1) * step, low + (m + 1) * step
            continue
        if first == 0 or last == n - 1:
            width = high - low
            low, high = (low - width if first == 0 else low), (high + width if last == n - 1 else high)
            continue
        if last - first + 2 >= _FILLED * n:
            return low, step, least
        low, high = low + (first - 1) * step, low + (last + 1) * step
    return low, (high - low) / (n - 1), np.inf


@kernel
def running_integral(density: FloatArray, step: float, integral: FloatArray) -> None:
    """Write the integral of equidistant values from the first node to each (sixth order; zero beyond the ends)."""
    n = density.size
    integral[0] = 0.0
    for m in range(n - 1):
        inner = density[m] + density[m + 1]
        middle = (density[m - 1] if m > 0 else 0.0) + (density[m + 2] if m < n - 2 else 0.0)
        ends = (density[m - 2] if m > 1 else 0.0) + (density[m + 3] if m < n - 3 else 0.0)
        piece = step / 1440.0 * (802.0 * inner - 93.0 * middle + 11.0 * ends)
        integral[m + 1] = integral[m] + max(piece, 0.0)


@kernel
def integrate_line(
    subject: PackedSubject,
    outer: FloatArray,
    low: float,
    high: float,
    least: float,
    values: FloatArray,
    density: FloatArray,
    integral: FloatArray,
) -> tuple[float, float, float]:
    """Integrate exp(-(phi - least) / 2) along one line; return low end, node distance and the error of the coarse rule.

    Parameters
    ----------
    least : float
        The least phi of the subject.
    values, density, integral : (n_nodes,) arrays
        Overwritten with phi, the density and its running integral.

    Returns
    -------
    float, float, float
        Low end, node distance, and the difference that leaving out every second node makes.
    """
    low, step, _ = locate_line(subject, outer, low, high, least + NEGLIGIBLE, values)
    even = 0.0
    total = 0.0
    for m in range(values.size):
        density[m] = math.exp(-0.5 * (values[m] - least))
        total += density[m]
        if m % 2 == 0:
            even += density[m]
    running_integral(density, step, integral)
    return low, step, abs(2.0 * even - total) * step


@kernel
def outer_range(
    subject: PackedSubject, reach: float, cutoff: float, values: FloatArray, n_lines: int
) -> tuple[float, float]:
    """Return the range of the single outer coordinate where phi comes below the cutoff, for models of two random effects.

    Where no line comes near the least phi, which is ``NEGLIGIBLE`` below the cutoff, its valley lies between lines that only saw another
    one, and the range is looked for with more of them.
    """
    low, high, lowest = _range_of_lines(subject, reach, cutoff, values, n_lines)
    for _ in range(_MOST_DENSER):
        if lowest < cutoff - NEGLIGIBLE + UNSEEN:
            break
        n_lines *= 4
        low, high, lowest = _range_of_lines(subject, reach, cutoff, values, n_lines)
    return low, high


@kernel
def _range_of_lines(
    subject: PackedSubject, reach: float, cutoff: float, values: FloatArray, n_lines: int
) -> tuple[float, float, float]:
    """Return the range, and the least phi on any of the lines."""
    low, high, least = -reach, reach, np.inf
    position = np.empty(1)
    for _ in range(_MAX_PASSES):
        step = (high - low) / (n_lines - 1)
        first, last = -1, -1
        lowest = np.inf
        lowest_line = 0
        for line in range(n_lines):
            position[0] = low + line * step
            _, _, line_least = locate_line(subject, position, -reach, reach, cutoff, values)
            if line_least < lowest:
                lowest = line_least
                lowest_line = line
            if line_least < cutoff:
                if first < 0:
                    first = line
                last = line
        least = min(least, lowest)
        if first < 0:
            low, high = low + (lowest_line - 1) * step, low + (lowest_line + 1) * step
            continue
        if first == 0 or last == n_lines - 1:
            width = high - low
            low, high = (low - width if first == 0 else low), (high + width if last == n_lines - 1 else high)
            continue
        full = last - first + 2 >= _FILLED * n_lines
        low, high = low + (first - 1) * step, low + (last + 1) * step
        if full:
            break
    return low, high, least


@kernel
def integrate_lines(
    subject: PackedSubject,
    outer: FloatArray,
    weight: FloatArray,
    reach: float,
    least: float,
    low: FloatArray,
    step: FloatArray,
    density: FloatArray,
    integral: FloatArray,
) -> tuple[float, float]:
    """Integrate along every line and scale all to a total mass of one.

    Parameters
    ----------
    outer : (n_lines, n_eta - 1) array
        Positions of the lines.
    weight : (n_lines,) array
        Weight of each line in the integral over the outer coordinates.
    reach : float
        Lines are searched from -reach to reach, and further where needed.
    least : float
        The least phi of the subject.
    low, step : (n_lines,) arrays
        Overwritten with the first node and the node distance of each line.
    density, integral : (n_lines, n_nodes) arrays
        Overwritten with the density along each line, times its weight, and its running integral.

    Returns
    -------
    float, float
        Logarithm of the integral of exp(-phi / 2), and the relative change from leaving out every second node.
    """
    values = np.empty(density.shape[1])
    total = 0.0
    coarse = 0.0
    for line in range(weight.size):
        low[line], step[line], error = integrate_line(
            subject, outer[line], -reach, reach, least, values, density[line], integral[line]
        )
        total += weight[line] * integral[line, values.size - 1]
        coarse += weight[line] * error
    for line in range(weight.size):
        scale = weight[line] / total
        for m in range(values.size):
            density[line, m] *= scale
            integral[line, m] *= scale
    return math.log(total) - 0.5 * least, coarse / total


@inlined_kernel
def integral_at(density: FloatArray, integral: FloatArray, step: float, position: float) -> tuple[float, float]:
    """Return the running integral and the density at a fractional node (cubic Hermite)."""
    m = min(int(position), density.size - 2)
    t = position - m
    f0, f1 = integral[m], integral[m + 1]
    d0, d1 = density[m] * step, density[m + 1] * step
    rise = f1 - f0
    a = 3.0 * rise - 2.0 * d0 - d1
    b = d0 + d1 - 2.0 * rise
    value = f0 + t * (d0 + t * (a + t * b))
    slope = (d0 + t * (2.0 * a + 3.0 * t * b)) / step
    return min(max(value, f0), f1), max(slope, 0.0)


@inlined_kernel
def _position_of(row: FloatArray, sign: float, target: float) -> tuple[float, float]:
    """Return where a monotone row reaches a target, as a fractional node, and the row's slope per node there.

    The row is taken times ``sign`` so that it rises; the target likewise and strictly inside the row's range. A first
    guess from the row's ends is exact for the straight rows of lines of constant rate constants.
    """
    n = row.size
    start, end = sign * row[0], sign * row[n - 1]
    m = min(max(int((target - start) / (end - start) * (n - 1)), 0), n - 2)
    while m > 0 and sign * row[m] > target:
        m -= 1
    while m < n - 2 and sign * row[m + 1] < target:
        m += 1
    f0, f1 = sign * row[m], sign * row[m + 1]
    rise = f1 - f0
    if rise <= 0.0:
        return m + 0.5, max(rise, 1e-300)
    d0 = 0.5 * sign * (row[m + 1] - row[m - 1]) if m > 0 else rise
    d1 = 0.5 * sign * (row[m + 2] - row[m]) if m < n - 2 else rise
    # Inverse cubic Hermite interpolation: node as a function of the value.
    u = (target - f0) / rise
    s0, s1 = rise / max(d0, 0.2 * rise), rise / max(d1, 0.2 * rise)
    t = u * (s0 + u * (3.0 - 2.0 * s0 - s1 + u * (s0 + s1 - 2.0)))
    return m + min(max(t, 0.0), 1.0), d0 + (d1 - d0) * u


@inlined_kernel
def _line_below(
    row: FloatArray, sign: float, step: float, density: FloatArray, integral: FloatArray, goal: float
) -> tuple[float, float]:
    """Return the mass of one line on which sign times a quantity lies below ``goal``, and its density there."""
    n = row.size
    if goal >= sign * row[n - 1]:
        return integral[n - 1], 0.0
    if not goal > sign * row[0]:
        return 0.0, 0.0
    position, row_slope = _position_of(row, sign, goal)
    value, height = integral_at(density, integral, step, position)
    return value, height * step / row_slope


@kernel
def probability_below(
    table: FloatArray, sign: float, step: FloatArray, density: FloatArray, integral: FloatArray, target: float
) -> tuple[float, float]:
    """Return the probability that a quantity lies below a target, and its probability density there.

    Parameters
    ----------
    table : (n_lines, n_nodes) array
        The quantity at the nodes, monotone along each line.
    sign : float
        1 where it rises along the lines, -1 where it falls.
    step, density, integral
        See ``integrate_lines``.
    """
    below = 0.0
    slope = 0.0
    for line in range(table.shape[0]):
        if integral[line, table.shape[1] - 1] > 0.0:
            value, height = _line_below(table[line], sign, step[line], density[line], integral[line], sign * target)
            below += value
            slope += height
    return (below if sign > 0.0 else 1.0 - below), slope


@kernel
def coarser_rule_errors(
    subject: PackedSubject,
    outer: FloatArray,
    low: FloatArray,
    step: FloatArray,
    density: FloatArray,
    integral: FloatArray,
    weight: FloatArray,
) -> FloatArray:
    """Return the largest change that each of some coarser rules makes to a set of probabilities.

    The total mass alone would not do: it can be smooth across lines while the part of it below a threshold is not.
    Looked at are the probabilities that each whitened random effect lies below its mean and a standard deviation to
    either side.

    Parameters
    ----------
    weight : (n_rules, n_lines) array
        Of each line in each rule: 2 or 0 for one that leaves out every second line.

    Returns
    -------
    (n_rules,) array
        Changes.
    """
    n_rules, n_lines = weight.shape
    n = density.shape[1]
    worst = np.abs(weight @ np.ascontiguousarray(integral[:, n - 1]) - 1.0)
    below = np.empty(n_lines)
    table = np.empty((n_lines, n))
    z = np.empty(outer.shape[1] + 1)
    for i in range(z.size):
        if abs(subject.frame[i, 0]) < _ALONG:
            continue
        sign = 1.0 if subject.frame[i, 0] > 0.0 else -1.0
        for line in range(n_lines):
            for m in range(n):
                white_on_line(subject, outer[line], low[line] + m * step[line], z)
                table[line, m] = z[i]
        mean, sd = table_moments(table, False, step, density)
        for shift in (-1.0, 0.0, 1.0):
            goal = sign * (mean + shift * sd)
            for line in range(n_lines):
                below[line], _ = _line_below(table[line], sign, step[line], density[line], integral[line], goal)
            change = np.abs(weight @ below - below.sum())
            for rule in range(n_rules):
                worst[rule] = max(worst[rule], change[rule])
    return worst


@kernel
def quantile(
    table: FloatArray,
    sign: float,
    step: FloatArray,
    density: FloatArray,
    integral: FloatArray,
    probability: float,
    tolerance: float,
    bracket: FloatArray,
) -> float:
    """Return the value that a quantity lies below with a given probability, by bracketed Newton steps.

    Parameters
    ----------
    tolerance : float
        How far its probability may be off.
    bracket : (3,) array
        Lower end, upper end and start of the search.
    """
    low, high = bracket[0], bracket[1]
    guess = min(max(bracket[2], low), high)
    for _ in range(80):
        below, slope = probability_below(table, sign, step, density, integral, guess)
        error = below - probability
        if abs(error) < tolerance or high - low < 1e-10:
            return guess
        if error > 0.0:
            high = guess
        else:
            low = guess
        guess -= _newton_step(below, probability, slope)
        if not low < guess < high:
            guess = 0.5 * (low + high)
    return guess


@inlined_kernel
def _newton_step(below: float, probability: float, slope: float) -> float:
    """Return Newton's step for the logarithm of the nearer tail, whose curve is far straighter there than the tail's."""
    if not slope > 0.0:
        return np.inf
    if probability < 0.5:
        return math.log(below / probability) * below / slope if below > 0.0 else np.inf
    above = 1.0 - below
    return -math.log(above / (1.0 - probability)) * above / slope if above > 0.0 else np.inf


@kernel
def quantiles(
    table: FloatArray,
    sign: float,
    step: FloatArray,
    density: FloatArray,
    integral: FloatArray,
    probabilities: FloatArray,
    tolerance: float,
    scores: FloatArray,
    result: FloatArray,
) -> None:
    """Write the quantiles of a quantity (see ``probability_below``), probabilities ascending.

    ``scores`` are where the searches start, in standard deviations from the mean: at first those of the normal
    distribution. They are overwritten with those of the result.
    """
    low, high = np.inf, -np.inf
    n = table.shape[1]
    for line in range(table.shape[0]):
        if integral[line, n - 1] > 0.0:
            low = min(low, table[line, 0], table[line, n - 1])
            high = max(high, table[line, 0], table[line, n - 1])
    mean, sd = table_moments(table, False, step, density)
    bracket = np.array([low, high, mean])
    for p in range(probabilities.size):
        bracket[2] = mean + scores[p] * sd
        result[p] = quantile(table, sign, step, density, integral, probabilities[p], tolerance, bracket)
        bracket[0] = result[p]
        if sd > 0.0:
            scores[p] = (result[p] - mean) / sd


@kernel
def table_moments(table: FloatArray, is_log: bool, step: FloatArray, density: FloatArray) -> tuple[float, float]:
    """Return mean and standard deviation of a quantity given at the nodes, or of the exponential of a logarithm."""
    centre = -np.inf
    for line in range(table.shape[0]):
        for m in range(table.shape[1]):
            if density[line, m] > 0.0:
                centre = max(centre, table[line, m])
    first = 0.0
    second = 0.0
    for line in range(table.shape[0]):
        for m in range(table.shape[1]):
            mass = density[line, m] * step[line]
            if mass > 0.0:
                value = math.exp(table[line, m] - centre) if is_log else table[line, m]
                first += mass * value
                second += mass * value * value
    scale = math.exp(centre) if is_log else 1.0
    return scale * first, scale * math.sqrt(max(second - first * first, 0.0))


@kernel
def density_at(
    table: FloatArray, sign: float, step: FloatArray, density: FloatArray, integral: FloatArray, nodes: FloatArray
) -> FloatArray:
    """Return the probability density of a quantity at the given values of it."""
    result = np.empty(nodes.size)
    for i in range(nodes.size):
        _, result[i] = probability_below(table, sign, step, density, integral, nodes[i])
    return result

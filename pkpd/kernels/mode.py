"""Search for the modes of one subject's posterior: a coarse scan for starts, then damped Newton from each.

Posteriors of censored, sparse data often have two humps. The scan looks at the objective along lines that cover the
prior, and its lowest local minima are the starts; what that misses is shown by comparison with dense grids.
"""

from __future__ import annotations

import numpy as np

from pkpd.arrays import FloatArray, IntArray
from pkpd.kernels._jit import inlined_kernel, kernel
from pkpd.kernels.advance import subject_at
from pkpd.kernels.codes import PackedSubject, PackedSubjects
from pkpd.kernels.linalg import cholesky, cholesky_solve
from pkpd.kernels.lines import line_objective, white_on_line
from pkpd.kernels.objective import objective, objective_gradient, objective_hessian

CONVERGED = 0
STEP_LIMIT = 1
NO_FINITE_START = 2

_MAX_STEPS = 100
_SMALLEST_DECREASE = 1e-13
# Beside a wall of phi a Newton step can lead over it into another valley; what is wanted is the mode of this one.
_LONGEST_STEP = 0.5
_SAME_MODE = 1e-3
_APART = 1.0
# Samples that only parameters beyond the scan explain are looked for in scans twice and four times as wide.
_MOST_WIDENINGS = 3
# Nodes to either side within which the lowest point of a neighbouring line belongs to the same valley.
_NEAR = 2
# Rise of phi from a lowest node to the next from which on a parabola through them says little.
_STEEP = 30.0
# Rise of phi above the best start up to which a minimum between lines is looked for.
_BETWEEN = 10.0


@kernel
def newton(subject: PackedSubject, z: FloatArray, gradient: FloatArray, hessian: FloatArray) -> tuple[float, int]:
    """Minimise phi from z by Newton steps, damped until each lowers it; return phi and how the search ended.

    Parameters
    ----------
    z : (n_eta,) array
        Start; overwritten with the minimum.
    gradient, hessian : (n_eta,), (n_eta, n_eta) arrays
        Overwritten with the derivatives at the minimum.
    """
    n = z.size
    factor = np.empty((n, n))
    shifted = np.empty((n, n))
    step = np.empty(n)
    trial = np.empty(n)
    damping = 0.0
    value = objective_hessian(subject, z, gradient, hessian)
    if not np.isfinite(value):
        return value, NO_FINITE_START
    for _ in range(_MAX_STEPS):
        largest = _largest_curvature(gradient, hessian)
        if not np.isfinite(largest):
            return value, STEP_LIMIT
        while True:
            for i in range(n):
                for j in range(n):
                    shifted[i, j] = hessian[i, j]
                shifted[i, i] += damping
            if cholesky(shifted, factor):
                break
            damping = max(4.0 * damping, 1e-3 * largest)
        cholesky_solve(factor, gradient, step)
        length = np.sqrt((step * step).sum())
        if length > _LONGEST_STEP:
            step *= _LONGEST_STEP / length
        predicted = 0.0
        for i in range(n):
            predicted += 0.5 * gradient[i] * step[i]
        tolerance = _SMALLEST_DECREASE * (1.0 + abs(value))
        if predicted < tolerance and damping < 0.1 * largest:
            return value, CONVERGED
        for i in range(n):
            trial[i] = z[i] - step[i]
        lowered = objective(subject, trial)
        if lowered < value or (lowered <= value + tolerance and predicted < 1e3 * tolerance):
            finished = value - lowered < tolerance and predicted < 1e3 * tolerance
            for i in range(n):
                z[i] = trial[i]
            value = objective_hessian(subject, z, gradient, hessian)
            damping = damping / 8.0 if damping > 1e-6 * largest else 0.0
            if finished:
                return value, CONVERGED
        else:
            damping = max(8.0 * damping, 1e-2 * largest)
            if damping > 1e16 * largest:
                return value, CONVERGED if predicted < 1e-9 else STEP_LIMIT
    return value, STEP_LIMIT


@inlined_kernel
def _largest_curvature(gradient: FloatArray, hessian: FloatArray) -> float:
    """Return the largest absolute diagonal entry; infinity where any derivative is not finite."""
    largest = 0.0
    for i in range(gradient.size):
        for j in range(gradient.size):
            if not np.isfinite(hessian[i, j]):
                return np.inf
        if not np.isfinite(gradient[i]):
            return np.inf
        largest = max(largest, abs(hessian[i, i]))
    return largest


@kernel
def scan_starts(
    subject: PackedSubject,
    outer: FloatArray,
    is_grid: bool,
    low: float,
    step: float,
    scan: FloatArray,
    starts: FloatArray,
) -> tuple[int, bool]:
    """Scan phi along lines and write its lowest local minima, deepest first.

    Parameters
    ----------
    outer : (n_lines, n_eta - 1) array
        Positions of the lines.
    is_grid : bool
        Whether neighbouring rows of ``outer`` are neighbours in space, so that minima are taken across lines as well.
    low, step : float
        First node of each line and distance of the nodes.
    scan : (n_lines, n_nodes) array
        Overwritten with phi.
    starts : (n_starts, n_eta) array
        Overwritten with whitened positions.

    Returns
    -------
    int, bool
        How many starts there are, and whether the deepest lies at the border of the scan.
    """
    n_lines, n_nodes = scan.shape
    vertex = np.empty((n_lines, n_nodes, 2))
    for line in range(n_lines):
        line_objective(subject, outer[line], low, step, scan[line])
        for m in range(n_nodes):
            if _is_lowest_along(scan[line], m):
                vertex[line, m] = _vertex(subject, outer[line], low, step, scan[line], m)
    kept = 0
    is_at_border = False
    best = np.full(starts.shape[0], np.inf)
    z = np.empty(starts.shape[1])
    for line in range(n_lines):
        for m in range(n_nodes):
            if not _is_lowest_along(scan[line], m):
                continue
            shift, value = vertex[line, m, 0], vertex[line, m, 1]
            if not value < best[best.size - 1]:
                continue
            if is_grid and not _is_lowest_across(scan, vertex, line, m):
                continue
            white_on_line(subject, outer[line], low + (m + shift) * step, z)
            if not is_grid:
                kept = _make_room(starts, best, kept, z, value)
                if kept < 0:
                    kept = -kept - 1
                    continue
            kept, slot = _insert(starts, best, kept, z, value)
            if slot == 0:
                is_at_border = n_nodes > 1 and (m in (0, n_nodes - 1) or (is_grid and line in (0, n_lines - 1)))
    if is_grid and outer.shape[1] == 1 and n_lines > 1:
        kept = _add_between_lines(subject, outer, low, step, scan, vertex, starts, best, kept)
    return kept, is_at_border


@inlined_kernel
def _insert(starts: FloatArray, best: FloatArray, kept: int, z: FloatArray, value: float) -> tuple[int, int]:
    """Put a start in its place, the last one dropping out; return how many there are, and the place."""
    slot = best.size - 1
    while slot > 0 and best[slot - 1] > value:
        best[slot] = best[slot - 1]
        starts[slot] = starts[slot - 1]
        slot -= 1
    best[slot] = value
    starts[slot] = z
    return min(kept + 1, best.size), slot


@kernel
def _add_between_lines(
    subject: PackedSubject,
    outer: FloatArray,
    low: float,
    step: float,
    scan: FloatArray,
    vertex: FloatArray,
    starts: FloatArray,
    best: FloatArray,
    kept: int,
) -> int:
    """Add starts where phi falls from one line to the next and from that one back: a minimum lies between them.

    Of each line the lowest point is looked at, unless it lies too high for the deepest mode to be near. A minimum whose
    line is lower than both its neighbours is among the starts already.
    """
    n_lines, n_nodes = scan.shape
    z, before = np.empty(2), np.empty(2)
    gradient = np.empty(2)
    highest = best[0] + _BETWEEN
    slope_before, value_before, node_before = 0.0, np.inf, 0.0
    for line in range(n_lines):
        value, node = np.inf, 0.0
        for m in range(n_nodes):
            if _is_lowest_along(scan[line], m) and vertex[line, m, 1] < value:
                value, node = vertex[line, m, 1], m + vertex[line, m, 0]
        slope = 0.0
        if value < highest:
            white_on_line(subject, outer[line], low + node * step, z)
            objective_gradient(subject, z, gradient)
            slope = subject.frame[0, 1] * gradient[0] + subject.frame[1, 1] * gradient[1]
        if slope_before < 0.0 < slope and abs(node - node_before) < _NEAR and max(value, value_before) < highest:
            lower = min(value, value_before)
            if lower < best[best.size - 1] and not np.any(best == lower):
                kept, _ = _insert(starts, best, kept, z if value <= value_before else before, lower)
        slope_before, value_before, node_before = slope, value, node
        before[:] = z
    return kept


@inlined_kernel
def _is_lowest_along(row: FloatArray, m: int) -> bool:
    """Return whether node m is a finite local minimum of its line."""
    if not np.isfinite(row[m]):
        return False
    return not ((m > 0 and row[m - 1] < row[m]) or (m < row.size - 1 and row[m + 1] <= row[m]))


@kernel
def _vertex(
    subject: PackedSubject, outer: FloatArray, low: float, step: float, row: FloatArray, m: int
) -> tuple[float, float]:
    """Return the lowest point of a line near its local minimum at node m: steps from that node, and phi there.

    Where a valley runs aslant to the lines its nodes lie now on one side of it and now on the other: only the lowest
    points of the lines tell how deep it is along its course. They come from the parabola through three nodes, nearer ones
    where phi rises so fast that it is none.
    """
    if m == 0 or m == row.size - 1:
        return 0.0, row[m]
    left, middle, right = row[m - 1], row[m], row[m + 1]
    shift = 0.0
    width = 1.0
    near = np.empty(9)
    while max(left, right) > middle + _STEEP and width > 1e-3:
        width /= 4.0
        start = low + (m + shift - 4.0 * width) * step
        line_objective(subject, outer, start, width * step, near)
        k = min(max(int(np.argmin(near)), 1), 7)
        shift += (k - 4) * width
        left, middle, right = near[k - 1], near[k], near[k + 1]
    curve = left - 2.0 * middle + right
    if not curve > 0.0:
        return shift, middle
    turn = min(max(0.5 * (left - right) / curve, -1.0), 1.0)
    return shift + turn * width, middle - 0.25 * (left - right) * turn


@kernel
def _make_room(starts: FloatArray, best: FloatArray, kept: int, z: FloatArray, value: float) -> int:
    """Drop the starts near z that lie above it; return how many are left, or -1 minus that where a near one lies below.

    Lines through lattice points have no neighbours to compare with: without this all starts could lie in one valley.
    """
    for k in range(kept):
        if best[k] <= value and _distance(starts[k], z) < _APART:
            return -kept - 1
    left = 0
    for k in range(kept):
        if _distance(starts[k], z) >= _APART:
            best[left] = best[k]
            starts[left] = starts[k]
            left += 1
    for k in range(left, kept):
        best[k] = np.inf
    return left


@kernel
def _distance(a: FloatArray, b: FloatArray) -> float:
    total = 0.0
    for i in range(a.size):
        total += (a[i] - b[i]) * (a[i] - b[i])
    return np.sqrt(total)


@kernel
def _is_lowest_across(scan: FloatArray, vertex: FloatArray, line: int, m: int) -> bool:
    """Return whether no node and no lowest point near node m on the neighbouring lines lies below that of its own line."""
    value = vertex[line, m, 1]
    for other in (line - 1, line + 1):
        if 0 <= other < scan.shape[0]:
            row = scan[other]
            for node in range(max(m - _NEAR, 0), min(m + _NEAR + 1, row.size)):
                if abs(node - m) <= 1 and row[node] < value:
                    return False
                if _is_lowest_along(row, node) and vertex[other, node, 1] < value:
                    return False
    return True


@kernel
def find_modes(
    subject: PackedSubject,
    outer: FloatArray,
    is_grid: bool,
    low: float,
    step: float,
    scan: FloatArray,
    starts: FloatArray,
    modes: FloatArray,
    values: FloatArray,
    hessians: FloatArray,
) -> tuple[int, int, float]:
    """Find the modes of the posterior; return their number, how the search for the deepest ended, and its gradient.

    Parameters
    ----------
    outer, is_grid, low, step, scan, starts
        See ``scan_starts``.
    modes, values, hessians : (n_starts, n_eta), (n_starts,), (n_starts, n_eta, n_eta) arrays
        Overwritten with the distinct minima, deepest first.
    """
    n = modes.shape[1]
    gradient = np.empty(n)
    hessian = np.empty((n, n))
    n_modes = 0
    outcome = NO_FINITE_START
    steepest = np.inf
    for widening in range(_MOST_WIDENINGS):
        if widening > 0:
            outer, low, scan = _wider(outer, is_grid, low, scan)
        n_starts, is_at_border = scan_starts(subject, outer, is_grid, low, step, scan, starts)
        for s in range(n_starts):
            z = starts[s].copy()
            value, ended = newton(subject, z, gradient, hessian)
            if not np.isfinite(value) or _is_known(modes, n_modes, z):
                continue
            if n_modes == values.size and value >= values[n_modes - 1]:
                continue
            slot = min(n_modes, values.size - 1)
            while slot > 0 and values[slot - 1] > value:
                values[slot] = values[slot - 1]
                modes[slot] = modes[slot - 1]
                hessians[slot] = hessians[slot - 1]
                slot -= 1
            values[slot] = value
            modes[slot] = z
            hessians[slot] = hessian
            n_modes = min(n_modes + 1, values.size)
            if slot == 0:
                outcome = ended
                steepest = np.abs(gradient).max()
        if not is_at_border:
            break
    return n_modes, outcome, steepest


@kernel
def _wider(outer: FloatArray, is_grid: bool, low: float, scan: FloatArray) -> tuple[FloatArray, float, FloatArray]:
    """Return lines and first node of a scan twice as wide around zero with the same distances, and room for its values.

    Lines through lattice points are as many as before, further apart.
    """
    n_lines = 2 * outer.shape[0] - 1 if is_grid else outer.shape[0]
    wider = np.empty((n_lines, outer.shape[1]))
    for line in range(n_lines):
        if is_grid and line % 2 == 1:
            wider[line] = outer[line // 2] + outer[line // 2 + 1]
        else:
            wider[line] = 2.0 * outer[line // 2 if is_grid else line]
    return wider, 2.0 * low, np.empty((n_lines, 2 * scan.shape[1] - 1))


@kernel
def _is_known(modes: FloatArray, n_modes: int, z: FloatArray) -> bool:
    """Return whether a mode found before lies at z."""
    for k in range(n_modes):
        distance = 0.0
        for i in range(z.size):
            distance = max(distance, abs(modes[k, i] - z[i]))
        if distance < _SAME_MODE:
            return True
    return False


@kernel
def find_all_modes(
    subjects: PackedSubjects,
    outer: FloatArray,
    is_grid: bool,
    low: float,
    step: float,
    n_nodes: int,
    n_starts: int,
    mode: FloatArray,
    value: FloatArray,
    hessian: FloatArray,
    gradient: FloatArray,
    outcome: IntArray,
    count: IntArray,
) -> None:
    """Write every subject's deepest modes.

    Parameters
    ----------
    outer, is_grid, low, step : see ``scan_starts``
    n_nodes, n_starts : int
        Nodes of a line; starts kept.
    mode : (n_subjects, n_kept, n_eta) array
        Overwritten with whitened modes, deepest first, and NaN where there are fewer.
    value, hessian, gradient, outcome, count : arrays over subjects
        Overwritten with phi of the deepest mode, its Hessian, its largest gradient, how the search ended (CONVERGED,
        STEP_LIMIT, NO_FINITE_START) and the number of modes.
    """
    n = mode.shape[2]
    scan = np.empty((outer.shape[0], n_nodes))
    starts = np.empty((n_starts, n))
    modes = np.empty((n_starts, n))
    values = np.empty(n_starts)
    hessians = np.empty((n_starts, n, n))
    for i in range(mode.shape[0]):
        subject = subject_at(subjects, i)
        count[i], outcome[i], gradient[i] = find_modes(
            subject, outer, is_grid, low, step, scan, starts, modes, values, hessians
        )
        mode[i] = np.nan
        for m in range(min(count[i], mode.shape[1])):
            mode[i, m] = modes[m]
        if count[i] > 0:
            value[i] = values[0]
            hessian[i] = hessians[0]
        else:
            value[i] = np.inf
            hessian[i] = np.nan

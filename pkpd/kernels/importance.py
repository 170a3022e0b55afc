"""The marginal likelihood of one subject with any number of random effects by importance sampling, and its gradient.

Points come from a mixture of multivariate t distributions around the modes of the posterior, one more with its moments, and the
prior made heavy-tailed (``sample_subject``). A point is weighted by its density over that of the whole mixture (the balance
heuristic, Veach and Guibas 1995, doi:10.1145/218380.218498), so that no weight is large unless all parts are wrong there; the
share of the prior bounds them all (the defensive mixture, Hesterberg 1995, doi:10.1080/00401706.1995.10484303).

Points are fixed where ln(typical value) + eta is: along a theta whose term has a random effect of its own they move with
it, so that levels stay and only the prior's density changes. The objective is then a smooth function of the parameters, and
the gradient is exactly its own:

    d/dOmega     tr(M dOmega), M = L^-T (I - E[z z']) L^-1
    d/dln(term)  -2 E[Omega^-1 eta] of the first row for such a term, and what else moves a level
    others       the mean of the derivative of -2 log p(y | eta)
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np

from pkpd.arrays import BoolArray, FloatArray, IntArray
from pkpd.kernels._jit import inlined_kernel, kernel, parallel_kernel, prange
from pkpd.kernels.advance import eta_from_white, predict, subject_at
from pkpd.kernels.codes import PackedSubject, PackedSubjects
from pkpd.kernels.laplace import Directions
from pkpd.kernels.linalg import log_determinant
from pkpd.kernels.marginal import add_walks, error_slopes, walk_all
from pkpd.kernels.mode import newton
from pkpd.kernels.objective import minus2_log_likelihood, objective

FREEDOM = 5.0
"""Degrees of freedom of every t distribution: heavy tails that still have a variance."""
_LOG_2PI = math.log(2.0 * math.pi)
# Points with less than this share of the largest weight add nothing to a mean that would be seen.
_NOTHING = 1e-12
_APART, _SAME_MODE = 1.0, 1e-2
COMPONENT, RADIUS, FIRST_NORMAL = 0, 1, 2


class Points(NamedTuple):
    """Points of low discrepancy in as many batches as there are scrambles, the same for all subjects.

    Attributes
    ----------
    stratum : (n_batches, n_points, n_eta + 2) array
        Stratum of each point, one of ``n_points``, along the choice of the part, the radius and each random effect.
    inside : (n_batches,) array
        Place of the first coordinate inside its stratum.
    stretch : (n_batches, n_points) array
        Factor that makes a normal variate one of a t distribution, for each stratum of the radius.
    normal : (n_batches, n_eta, n_points) array
        Normal variate of each stratum.
    """

    stratum: IntArray
    inside: FloatArray
    stretch: FloatArray
    normal: FloatArray


class Mixture(NamedTuple):
    """Where points are drawn, for every subject; whitened coordinates of the place where it was made.

    Attributes
    ----------
    share : (n_subjects, n_parts) array
        Share of each part; 0 where there is none.
    centre : (n_subjects, n_parts, n_eta) array
        Centres.
    factor : (n_subjects, n_parts, n_eta, n_eta) array
        Lower Cholesky factors of the scale matrices.
    origin : (n_subjects, n_eta, n_eta) array
        Cholesky factor of the covariance of the random effects at that place.
    """

    share: FloatArray
    centre: FloatArray
    factor: FloatArray
    origin: FloatArray


@kernel
def find_modes_of(
    subject: PackedSubject, scan: FloatArray, n_starts: int, modes: FloatArray, values: FloatArray, hessians: FloatArray
) -> int:
    """Write the modes that Newton's method reaches from the lowest, mutually distant points of a scan; return their number.

    Parameters
    ----------
    scan : (n_points, n_eta) array
        Where phi is looked at, whitened.
    n_starts : int
        Points that a search begins at.
    modes, values, hessians : (n_kept, n_eta), (n_kept,), (n_kept, n_eta, n_eta) arrays
        Overwritten with the distinct modes, deepest first.
    """
    n = scan.shape[1]
    height = np.empty(scan.shape[0])
    for p in range(scan.shape[0]):
        height[p] = objective(subject, scan[p])
        if not np.isfinite(height[p]):
            height[p] = np.inf
    gradient, hessian, z = np.empty(n), np.empty((n, n)), np.empty(n)
    found = 0
    for _ in range(n_starts):
        lowest = int(np.argmin(height))
        if height[lowest] == np.inf:
            break
        z[:] = scan[lowest]
        for p in range(scan.shape[0]):
            if ((scan[p] - z) ** 2).sum() < _APART * _APART:
                height[p] = np.inf
        value, _ = newton(subject, z, gradient, hessian)
        if np.isfinite(value) and np.isfinite(hessian).all():
            found = _kept_mode(z, value, hessian, modes, values, hessians, found)
    return found


@kernel
def _kept_mode(
    z: FloatArray,
    value: float,
    hessian: FloatArray,
    modes: FloatArray,
    values: FloatArray,
    hessians: FloatArray,
    found: int,
) -> int:
    """Put a mode in its place unless it is known; return how many there are."""
    for k in range(found):
        if np.abs(modes[k] - z).max() < _SAME_MODE:
            return found
    if found == values.size and value >= values[found - 1]:
        return found
    slot = min(found, values.size - 1)
    while slot > 0 and values[slot - 1] > value:
        values[slot] = values[slot - 1]
        modes[slot] = modes[slot - 1]
        hessians[slot] = hessians[slot - 1]
        slot -= 1
    values[slot] = value
    modes[slot] = z
    hessians[slot] = hessian
    return min(found + 1, values.size)


@parallel_kernel
def find_modes_of_all(
    subjects: PackedSubjects,
    scan: FloatArray,
    n_starts: int,
    modes: FloatArray,
    values: FloatArray,
    hessians: FloatArray,
    count: IntArray,
) -> None:
    """Write every subject's modes on all threads, one slot for each (``find_modes_of``)."""
    for i in prange(count.size):
        count[i] = find_modes_of(subject_at(subjects, i), scan, n_starts, modes[i], values[i], hessians[i])


@kernel
def _forward(factor: FloatArray, right: FloatArray, solution: FloatArray) -> float:
    """Write the solution of factor x = right; return its square."""
    square = 0.0
    for i in range(right.size):
        total = right[i]
        for j in range(i):
            total -= factor[i, j] * solution[j]
        solution[i] = total / factor[i, i]
        square += solution[i] * solution[i]
    return square


@kernel
def log_mixture_density(
    z: FloatArray, height: FloatArray, centre: FloatArray, factor: FloatArray, away: FloatArray, inner: FloatArray
) -> float:
    """Return the logarithm of the density of a mixture of multivariate t distributions.

    Parameters
    ----------
    height : (n_parts,) array
        Logarithm of share times density at the centre (``part_heights``); -inf where the share is 0.
    centre, factor : (n_parts, n_eta), (n_parts, n_eta, n_eta) arrays
        See ``Mixture``.
    away, inner : (n_eta,) arrays
        Scratch.
    """
    top, total = -np.inf, 0.0
    for k in range(height.size):
        if height[k] == -np.inf:
            continue
        for i in range(z.size):
            away[i] = z[i] - centre[k, i]
        distance = _forward(factor[k], away, inner)
        one = height[k] - 0.5 * (FREEDOM + z.size) * math.log1p(distance / FREEDOM)
        if one > top:
            total = total * math.exp(top - one) + 1.0
            top = one
        else:
            total += math.exp(one - top)
    return top + math.log(total)


@kernel
def part_heights(share: FloatArray, factor: FloatArray, height: FloatArray) -> None:
    """Write the logarithm of each part's share times its density at its centre."""
    n = factor.shape[1]
    constant = (
        math.lgamma(0.5 * (FREEDOM + n)) - math.lgamma(0.5 * FREEDOM) - 0.5 * n * math.log(FREEDOM * math.pi)
    )
    for k in range(share.size):
        height[k] = (
            math.log(share[k]) + constant - 0.5 * log_determinant(factor[k]) if share[k] > 0.0 else -np.inf
        )


@inlined_kernel
def _draw(
    points: Points,
    batch: int,
    m: int,
    shift: IntArray,
    share: FloatArray,
    centre: FloatArray,
    factor: FloatArray,
    inner: FloatArray,
    z: FloatArray,
) -> None:
    """Write one point of a subject; its strata are those of the common point with some binary digits turned."""
    stratum, n = points.stratum, z.size
    chosen = ((stratum[batch, m, COMPONENT] ^ shift[COMPONENT]) + points.inside[batch]) / stratum.shape[1]
    part, below = 0, 0.0
    for k in range(share.size):
        if share[k] > 0.0:
            part = k
            below += share[k]
            if chosen < below:
                break
    stretch = points.stretch[batch, stratum[batch, m, RADIUS] ^ shift[RADIUS]]
    for i in range(n):
        inner[i] = stretch * points.normal[batch, i, stratum[batch, m, FIRST_NORMAL + i] ^ shift[FIRST_NORMAL + i]]
    for i in range(n):
        total = centre[part, i]
        for j in range(i + 1):
            total += factor[part, i, j] * inner[j]
        z[i] = total


@kernel
def _weigh(
    subject: PackedSubject,
    points: Points,
    shift: IntArray,
    share: FloatArray,
    centre: FloatArray,
    factor: FloatArray,
    origin: FloatArray,
    moved: FloatArray,
    white: FloatArray,
    levels: FloatArray,
    log_mass: FloatArray,
) -> None:
    """Write whitened random effects, levels and log weight of every point, batch after batch; arguments as ``sample_subject``."""
    n_batches, n_points = points.stratum.shape[0], points.stratum.shape[1]
    n, n_obs = white.shape[1], levels.shape[0]
    height, z, eta = np.empty(share.size), np.empty(n), np.empty(n)
    away, inner, prediction = np.empty(n), np.empty(n), np.empty(n_obs)
    part_heights(share, factor, height)
    constant = 0.5 * (log_determinant(origin) - log_determinant(subject.omega_cholesky)) - 0.5 * n * _LOG_2PI
    for batch in range(n_batches):
        for m in range(n_points):
            _draw(points, batch, m, shift[batch], share, centre, factor, inner, z)
            log_density = log_mixture_density(z, height, centre, factor, away, inner)
            for i in range(n):
                total = -moved[i]
                for j in range(i + 1):
                    total += origin[i, j] * z[j]
                eta[i] = total
            at = batch * n_points + m
            square = _forward(subject.omega_cholesky, eta, white[at])
            predict(subject, eta, prediction)
            levels[:, at] = prediction
            value = constant - 0.5 * (minus2_log_likelihood(subject, prediction) + square) - log_density
            log_mass[at] = value if value < np.inf else -np.inf


@kernel
def sample_subject(
    subject: PackedSubject,
    points: Points,
    shift: IntArray,
    share: FloatArray,
    centre: FloatArray,
    factor: FloatArray,
    origin: FloatArray,
    moved: FloatArray,
    directions: Directions,
    first_epoch: int,
    first_observation: int,
    is_own: BoolArray,
    mean: FloatArray,
    square: FloatArray,
    gradient: FloatArray,
    quality: FloatArray,
) -> float:
    """Return -2 log of one subject's marginal likelihood, with log 2 pi; +inf where the observations are impossible.

    Parameters
    ----------
    points : Points
        Points, as many batches as ``shift`` has rows.
    shift : (n_batches, n_eta + 2) array
        Binary digits by which this subject's strata differ from the common ones.
    share, centre, factor, origin
        This subject's ``Mixture``.
    moved : (n_eta,) array
        How far each random effect's own typical value has moved since then.
    directions : Directions
        Directions of all subjects; the next two say where this one's rows begin.
    is_own : (n_terms,) array
        Terms with a random effect of their own, whose typical value in the first row the points move with.
    mean, square : (n_eta,), (n_eta, n_eta) arrays
        Overwritten with E[z] and E[z z'].
    gradient : (n_directions,) array
        Overwritten with the derivatives along the directions, but for what the prior's density adds; empty where none is
        wanted.
    quality : (2,) array
        Overwritten with the variance of the result between batches, and with the effective sample size.
    """
    n_batches, n_points = points.stratum.shape[0], points.stratum.shape[1]
    n, n_obs, n_all = mean.size, subject.observations.shape[0], n_batches * n_points
    white, levels, mass = np.empty((n_all, n)), np.empty((n_obs, n_all)), np.empty(n_all)
    _weigh(subject, points, shift, share, centre, factor, origin, moved, white, levels, mass)
    mean[:] = 0.0
    square[:, :] = 0.0
    gradient[:] = 0.0
    quality[:] = 0.0
    top = mass.max()
    if not top > -np.inf:
        quality[:] = np.nan
        return np.inf if top == -np.inf else np.nan
    total, squares = 0.0, 0.0
    by_batch = np.zeros(n_batches)
    for at in range(n_all):
        mass[at] = math.exp(mass[at] - top)
        by_batch[at // n_points] += mass[at]
    for batch in range(n_batches):
        total += by_batch[batch]
    for at in range(n_all):
        mass[at] /= total
        squares += mass[at] * mass[at]
        for i in range(n):
            mean[i] += mass[at] * white[at, i]
            for j in range(i + 1):
                square[i, j] += mass[at] * white[at, i] * white[at, j]
    for i in range(n):
        for j in range(i):
            square[j, i] = square[i, j]
    apart = 0.0
    for batch in range(n_batches):
        apart += (n_batches * by_batch[batch] / total - 1.0) ** 2
    quality[0] = 4.0 * apart / (n_batches * max(n_batches - 1, 1))
    quality[1] = 1.0 / squares
    if gradient.size > 0:
        own = _own_directions(subject, directions, first_epoch, is_own)
        for batch in range(n_batches):
            rows = slice(batch * n_points, (batch + 1) * n_points)
            _add_slopes(subject, own, first_observation, white[rows], levels[:, rows], mass[rows], gradient)
    return -2.0 * (top + math.log(total / n_all))


@kernel
def _own_directions(
    subject: PackedSubject, directions: Directions, first_epoch: int, is_own: BoolArray
) -> Directions:
    """Return one subject's directions as its levels see them: points move with the first row of terms that are ``is_own``."""
    n_epochs = subject.log_typical.shape[0]
    log_typical = directions.log_typical[:, first_epoch : first_epoch + n_epochs].copy()
    for k in range(log_typical.shape[0]):
        for t in range(is_own.size):
            if is_own[t]:
                first = log_typical[k, 0, t]
                for e in range(n_epochs):
                    log_typical[k, e, t] -= first
    return Directions(log_typical, directions.shape, directions.error, directions.error_group)


@kernel
def _add_slopes(
    subject: PackedSubject,
    directions: Directions,
    first_observation: int,
    white: FloatArray,
    levels: FloatArray,
    mass: FloatArray,
    gradient: FloatArray,
) -> None:
    """Add some points' share of the mean derivative of -2 log p(y | eta) along every direction."""
    n_directions, n_obs, n_points = gradient.size, levels.shape[0], mass.size
    observations, n = subject.observations, white.shape[1]
    moves = np.zeros(n_directions, dtype=np.bool_)
    for k in range(n_directions):
        moves[k] = np.any(directions.log_typical[k] != 0.0) or np.any(directions.shape[k] != 0.0)
    has_walks = moves.any()
    used = np.where(mass < _NOTHING * mass.max(), 0.0, mass)
    walked = np.zeros((n_directions if has_walks else 0, n_obs, n_points))
    if has_walks:
        eta, d_eta, rows = np.empty(n), np.zeros(n), np.empty((n_directions, n_obs, 4))
        for m in range(n_points):
            if used[m] > 0.0:
                eta_from_white(subject, white[m], eta)
                walk_all(subject, directions, 0, moves, eta, d_eta, rows)
                for k in range(n_directions):
                    if moves[k]:
                        walked[k, :, m] = rows[k, :, 1]
    for o in range(n_obs):
        first, second, third = error_slopes(observations[o], levels[o], used)
        error = directions.error[:, directions.error_group[first_observation + o]]
        for k in range(n_directions):
            gradient[k] += error[k, 0] * first + error[k, 1] * second + error[k, 2] * third
        if has_walks:
            add_walks(observations[o], levels[o], used, walked[:, o], moves, gradient)


@parallel_kernel
def sample_some(
    subjects: PackedSubjects,
    which: IntArray,
    points: Points,
    shift: IntArray,
    mixture: Mixture,
    moved: FloatArray,
    directions: Directions,
    is_own: BoolArray,
    value: FloatArray,
    mean: FloatArray,
    square: FloatArray,
    gradient: FloatArray,
    quality: FloatArray,
) -> None:
    """Write some subjects' integrals on all threads, one slot for each (``sample_subject``); arrays are of all subjects.

    Parameters
    ----------
    which : (n,) array
        Subjects.
    """
    for i in prange(which.size):
        s = int(which[i])
        value[s] = sample_subject(
            subject_at(subjects, s),
            points,
            shift[s],
            mixture.share[s],
            mixture.centre[s],
            mixture.factor[s],
            mixture.origin[s],
            moved[s],
            directions,
            int(subjects.epoch_start[s]),
            int(subjects.observation_start[s]),
            is_own,
            mean[s],
            square[s],
            gradient[s],
            quality[s],
        )

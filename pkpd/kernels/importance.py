"""The marginal likelihood of one subject with any number of random effects by importance sampling, and its gradient.

Points come from a mixture of multivariate t distributions around the modes of the posterior, one more with its moments, and the
prior made heavy-tailed (``sample_subject``). A point is weighted by its density over that of the whole mixture (the balance
heuristic, Veach and Guibas 1995, doi:10.1145/218380.218498), so that no weight is large unless all parts are wrong there; the
share of the prior bounds them all (the defensive mixture, Hesterberg 1995, doi:10.1080/00401706.1995.10484303).

Where the mixture has the part with the moments, Hermite polynomials times the normal density with these moments, whose integrals
are known, are control variates (Owen and Zhou 2000, doi:10.1080/01621459.2000.10473909). Regression on them turns the equal
weights 1 / N into others that do not depend on the parameters (``_regression_weights``).

Points move with the parameters as a normal posterior would, of which a share a of the variance is the prior's: along the typical
value of a term with a random effect of its own, ln(typical value) + eta moves by a of the change and eta by the rest; along the standard
deviation omega of a random effect, points widen as omega^a. a is fixed where points are placed, so that the objective is a smooth function of
the parameters, and the gradient is exactly its own:

    d/dOmega     tr(M dOmega), M = L^-T (I - E[z z']) L^-1, and on the diagonal what the widening adds
    d/dln(term)  -2 (1 - a) E[Omega^-1 eta] of the first row for such a term, and what else moves a level
    others       the mean of the derivative of -2 log p(y | eta)
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np

from pkpd.arrays import BoolArray, FloatArray, IntArray
from pkpd.kernels._jit import inlined_kernel, kernel, parallel_kernel, prange
from pkpd.kernels.advance import eta_from_white, predict, subject_at
from pkpd.kernels.advance_taylor import predict_taylor
from pkpd.kernels.codes import PackedSubject, PackedSubjects
from pkpd.kernels.laplace import Directions
from pkpd.kernels.linalg import cholesky, cholesky_solve, log_determinant
from pkpd.kernels.marginal import add_walks, error_slopes, walk_all
from pkpd.kernels.mode import newton
from pkpd.kernels.objective import minus2_log_likelihood, objective

FREEDOM = 5.0
"""Degrees of freedom of every t distribution: heavy tails that still have a variance."""
_LOG_2PI = math.log(2.0 * math.pi)
# Points with less than this share of the largest weight add nothing to a mean that would be seen.
_NOTHING = 1e-12
_APART, _SAME_MODE = 1.0, 1e-2
# Most random effects with controls of degree 3 and 2; with more, of degree 1.
_CUBIC, _QUADRATIC = 4, 6
# Largest factor between the results with and without controls up to which they are believed.
_FAR = 2.0
COMPONENT, RADIUS, FIRST_NORMAL = 0, 1, 2


class Points(NamedTuple):
    """Points of low discrepancy in as many batches as there are scrambles, the same for all subjects.

    Attributes
    ----------
    stratum : (n_batches, n_points, n_eta + 2) array
        Stratum of each point, one of ``n_points``, along the choice of the part, the radius and each random effect.
    inside : (n_batches, n_points) array
        Place inside each stratum of the choice of the part.
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
    constant = math.lgamma(0.5 * (FREEDOM + n)) - math.lgamma(0.5 * FREEDOM) - 0.5 * n * math.log(FREEDOM * math.pi)
    for k in range(share.size):
        height[k] = math.log(share[k]) + constant - 0.5 * log_determinant(factor[k]) if share[k] > 0.0 else -np.inf


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
    turned = stratum[batch, m, COMPONENT] ^ shift[COMPONENT]
    chosen = (turned + points.inside[batch, turned]) / stratum.shape[1]
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
def n_controls(n_eta: int) -> int:
    """Return how many control variates there are with that many random effects."""
    number = 1 + n_eta
    if n_eta <= _QUADRATIC:
        number += n_eta * (n_eta + 1) // 2
    if n_eta <= _CUBIC:
        number += n_eta * (n_eta + 1) * (n_eta + 2) // 6
    return number


@kernel
def write_controls(u: FloatArray, ratio: float, controls: FloatArray) -> None:
    """Write the Hermite polynomials of standard normal variates u, orthonormal, times a number.

    Parameters
    ----------
    controls : (n_controls(n_eta),) array
        Overwritten; the first is the number itself.
    """
    n, at = u.size, 1
    controls[0] = ratio
    for i in range(n):
        controls[at] = ratio * u[i]
        at += 1
    if n <= _QUADRATIC:
        for i in range(n):
            controls[at] = ratio * (u[i] * u[i] - 1.0) / math.sqrt(2.0)
            at += 1
            for j in range(i):
                controls[at] = ratio * u[i] * u[j]
                at += 1
    if n <= _CUBIC:
        for i in range(n):
            controls[at] = ratio * u[i] * (u[i] * u[i] - 3.0) / math.sqrt(6.0)
            at += 1
            for j in range(n):
                if j != i:
                    controls[at] = ratio * (u[i] * u[i] - 1.0) * u[j] / math.sqrt(2.0)
                    at += 1
                for k in range(min(i, j)):
                    if j < i:
                        controls[at] = ratio * u[i] * u[j] * u[k]
                        at += 1


@kernel
def _regression_weights(controls: FloatArray, mass: FloatArray, weight: FloatArray, by_batch: FloatArray) -> bool:
    """Write the weights of a mean that regression on the controls makes; return whether there are any.

    The coefficients for a batch come from the other batches: with its own, the mean would be biased.

    Parameters
    ----------
    controls : (n_points, n_controls) array
        Controls; the first one's mean is 1, that of all others 0. The known mean is taken off the first in place.
    mass : (n_points,) array
        What the mean is wanted of.
    weight : (n_points,) array
        Overwritten with weights; they depend on the controls alone.
    by_batch : (n_batches,) array
        Overwritten with the mean by each batch; their mean is the weighted sum of the masses.
    """
    n_points, n, n_batches = controls.shape[0], controls.shape[1] + 1, by_batch.size
    size = n_points // n_batches
    if n_points < 3 * n:
        return False
    controls[:, 0] -= 1.0
    gram, right = np.zeros((n_batches, n, n)), np.zeros((n_batches, n))
    row = np.ones(n)
    for m in range(n_points):
        row[1:] = controls[m]
        batch = m // size
        for i in range(n):
            right[batch, i] += row[i] * mass[m]
            for j in range(i + 1):
                gram[batch, i, j] += row[i] * row[j]
    all_gram, all_right = gram.sum(axis=0), right.sum(axis=0)
    factor, slope = np.empty((n, n)), np.empty(n)
    pull, own = np.empty((n_batches, n)), np.empty(n)
    for batch in range(n_batches):
        if not cholesky(all_gram - gram[batch], factor):
            return False
        cholesky_solve(factor, all_right - right[batch], slope)
        own[:] = gram[batch, :, 0] / size
        own[0] = 0.0
        cholesky_solve(factor, own, pull[batch])
        by_batch[batch] = right[batch, 0] / size - (slope * own).sum()
    together = pull.sum(axis=0)
    for m in range(n_points):
        row[1:] = controls[m]
        weight[m] = 1.0 / n_points
        for i in range(n):
            weight[m] -= (together[i] - pull[m // size, i]) * row[i] / n_batches
    return True


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
    widened: FloatArray,
    white: FloatArray,
    levels: FloatArray,
    log_mass: FloatArray,
    controls: FloatArray,
) -> None:
    """Write whitened random effects, levels, log weight and controls of every point, batch after batch."""
    n_batches, n_points = points.stratum.shape[0], points.stratum.shape[1]
    n, n_obs = white.shape[1], levels.shape[0]
    height, z, eta = np.empty(share.size), np.empty(n), np.empty(n)
    away, inner, prediction = np.empty(n), np.empty(n), np.empty(n_obs)
    part_heights(share, factor, height)
    constant = 0.5 * (log_determinant(origin) - log_determinant(subject.omega_cholesky)) - 0.5 * n * _LOG_2PI
    for i in range(n):
        constant += math.log(widened[i])
    last = share.size - 1
    normal = -0.5 * (n * _LOG_2PI + log_determinant(factor[last]))
    for batch in range(n_batches):
        for m in range(n_points):
            _draw(points, batch, m, shift[batch], share, centre, factor, inner, z)
            log_density = log_mixture_density(z, height, centre, factor, away, inner)
            at = batch * n_points + m
            if controls.size > 0:
                for i in range(n):
                    away[i] = z[i] - centre[last, i]
                distance = _forward(factor[last], away, inner)
                write_controls(inner, math.exp(normal - 0.5 * distance - log_density), controls[at])
            for i in range(n):
                total = 0.0
                for j in range(i + 1):
                    total += origin[i, j] * z[j]
                eta[i] = widened[i] * total - moved[i]
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
    widened: FloatArray,
    is_widening: BoolArray,
    directions: Directions,
    first_epoch: int,
    first_observation: int,
    follow: FloatArray,
    mean: FloatArray,
    square: FloatArray,
    gradient: FloatArray,
    by_eta: FloatArray,
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
    widened : (n_eta,) array
        Factor by which the points have widened since then along each random effect.
    is_widening : (n_eta,) array
        Along which of them they do.
    directions : Directions
        Directions of all subjects; the next two say where this one's rows begin.
    follow : (n_terms,) array
        Share by which the random effects of the points make up for a change of each term's typical value in the first row.
    mean, square : (n_eta,), (n_eta, n_eta) arrays
        Overwritten with E[z] and E[z z'].
    gradient : (n_directions,) array
        Overwritten with the derivatives along the directions, but for what the prior's density adds; empty where none is
        wanted.
    by_eta : (n_eta,) array
        Overwritten, with the gradient, with the mean of eta + moved times the derivative of -2 log p(y | eta) by eta, 0 where the
        points do not widen.
    quality : (2,) array
        Overwritten with the variance of the result between batches, and with the effective sample size.
    """
    n_batches, n_points = points.stratum.shape[0], points.stratum.shape[1]
    n, n_obs, n_all = mean.size, subject.observations.shape[0], n_batches * n_points
    white, levels, mass = np.empty((n_all, n)), np.empty((n_obs, n_all)), np.empty(n_all)
    has_controls = share[share.size - 1] > 0.0
    controls = np.empty((n_all if has_controls else 0, n_controls(n)))
    _weigh(subject, points, shift, share, centre, factor, origin, moved, widened, white, levels, mass, controls)
    mean[:] = 0.0
    square[:, :] = 0.0
    gradient[:] = 0.0
    by_eta[:] = 0.0
    quality[:] = np.nan
    top = mass.max()
    if not top > -np.inf:
        return np.inf
    for at in range(n_all):
        mass[at] = math.exp(mass[at] - top)
    total = _weighted(mass, controls, n_batches, quality)
    for at in range(n_all):
        for i in range(n):
            mean[i] += mass[at] * white[at, i]
            for j in range(i + 1):
                square[i, j] += mass[at] * white[at, i] * white[at, j]
    for i in range(n):
        for j in range(i):
            square[j, i] = square[i, j]
    if gradient.size > 0:
        own = _own_directions(subject, directions, first_epoch, follow)
        for batch in range(n_batches):
            rows = slice(batch * n_points, (batch + 1) * n_points)
            _add_slopes(subject, own, first_observation, white[rows], levels[:, rows], mass[rows], gradient)
            if is_widening.any():
                _add_eta_slopes(subject, white[rows], levels[:, rows], mass[rows], moved, is_widening, by_eta)
    return -2.0 * (top + math.log(total))


@kernel
def _weighted(mass: FloatArray, controls: FloatArray, n_batches: int, quality: FloatArray) -> float:
    """Return the mean of the masses of all points and write their shares of it in their place.

    Parameters
    ----------
    mass : (n_points,) array
        Integrand over density of each point; overwritten with shares that sum to 1.
    controls : (n_points, n_controls) array
        Controls, (0, n_controls) where there are none; overwritten.
    quality : (2,) array
        Overwritten with the variance of -2 log of the mean between the batches, and with the effective sample size.
    """
    n_all = mass.size
    plain, squares = 0.0, 0.0
    for at in range(n_all):
        plain += mass[at]
        squares += mass[at] * mass[at]
    quality[1] = plain * plain / squares
    total, size = plain / n_all, n_all // n_batches
    weight, by_batch = np.full(n_all, 1.0 / n_all), np.zeros(n_batches)
    for at in range(n_all):
        by_batch[at // size] += mass[at] / size
    if controls.shape[0] > 0:
        by_controls, refined_by_batch = np.empty(n_all), np.empty(n_batches)
        if _regression_weights(controls, mass, by_controls, refined_by_batch):
            refined = refined_by_batch.mean()
            if total < _FAR * refined < _FAR * _FAR * total:
                total, weight, by_batch = refined, by_controls, refined_by_batch
    apart = ((by_batch - total) ** 2).sum()
    quality[0] = 4.0 * apart / (n_batches * (n_batches - 1) * total * total)
    for at in range(n_all):
        mass[at] *= weight[at] / total
    return total


@kernel
def _own_directions(subject: PackedSubject, directions: Directions, first_epoch: int, follow: FloatArray) -> Directions:
    """Return one subject's directions as its levels see them, less what the points make up for (``follow``)."""
    n_epochs = subject.log_typical.shape[0]
    log_typical = directions.log_typical[:, first_epoch : first_epoch + n_epochs].copy()
    for k in range(log_typical.shape[0]):
        for t in range(follow.size):
            made_up = follow[t] * log_typical[k, 0, t]
            for e in range(n_epochs):
                log_typical[k, e, t] -= made_up
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
    size = np.abs(mass)
    used = np.where(size < _NOTHING * size.max(), 0.0, mass)
    walked = np.zeros((n_directions if has_walks else 0, n_obs, n_points))
    if has_walks:
        eta, d_eta, rows = np.empty(n), np.zeros(n), np.empty((n_directions, n_obs, 4))
        for m in range(n_points):
            if used[m] != 0.0:
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


@kernel
def _add_eta_slopes(
    subject: PackedSubject,
    white: FloatArray,
    levels: FloatArray,
    mass: FloatArray,
    moved: FloatArray,
    is_widening: BoolArray,
    by_eta: FloatArray,
) -> None:
    """Add some points' share of ``by_eta`` (``sample_subject``)."""
    n, n_obs, n_points = white.shape[1], levels.shape[0], mass.size
    size = np.abs(mass)
    used = np.where(size < _NOTHING * size.max(), 0.0, mass)
    walked, rows = np.zeros((n, n_obs, n_points)), np.empty((n_obs, 4))
    eta, d_eta = np.empty(n), np.zeros(n)
    nothing, no_shape = np.zeros(subject.log_typical.shape), np.zeros(subject.shape.size)
    for m in range(n_points):
        if used[m] == 0.0:
            continue
        eta_from_white(subject, white[m], eta)
        for i in range(n):
            if is_widening[i]:
                d_eta[i] = eta[i] + moved[i]
                predict_taylor(subject, eta, d_eta, nothing, no_shape, rows)
                d_eta[i] = 0.0
                walked[i, :, m] = rows[:, 1]
    for o in range(n_obs):
        add_walks(subject.observations[o], levels[o], used, walked[:, o], is_widening, by_eta)


@parallel_kernel
def sample_some(
    subjects: PackedSubjects,
    which: IntArray,
    points: Points,
    shift: IntArray,
    mixture: Mixture,
    moved: FloatArray,
    widened: FloatArray,
    is_widening: BoolArray,
    directions: Directions,
    follow: FloatArray,
    value: FloatArray,
    mean: FloatArray,
    square: FloatArray,
    gradient: FloatArray,
    by_eta: FloatArray,
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
            widened[s],
            is_widening[s],
            directions,
            int(subjects.epoch_start[s]),
            int(subjects.observation_start[s]),
            follow[s],
            mean[s],
            square[s],
            gradient[s],
            by_eta[s],
            quality[s],
        )

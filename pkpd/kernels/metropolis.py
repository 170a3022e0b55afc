"""Markov chains over the random effects of one subject, whose stationary distribution is its posterior.

In whitened coordinates z the prior is standard normal, and a proposal z' is accepted with probability
min(1, p(y | z') p(z') q(z) / (p(y | z) p(z) q(z'))). A sweep makes these moves in turn:

PRIOR        z' drawn from the prior: only the observations decide
INDEPENDENT  z' drawn from a t distribution (5 degrees of freedom) about the centre of the posterior
TOGETHER     a normal step in all coordinates, of the posterior's own shape
single       a normal step in one coordinate, for each

Censored observations enter by their probabilities as everywhere. The first two find other modes and far tails, the last two
work where the posterior is not like its centre says. Random numbers come as arrays: the same ones give the same chains.

References
----------
Kuhn E, Lavielle M. Comput Stat Data Anal 2005;49:1020-1038, doi:10.1016/j.csda.2004.07.002.
"""

from __future__ import annotations

import math

import numpy as np

from pkpd.arrays import FloatArray
from pkpd.kernels._jit import inlined_kernel, kernel, parallel_kernel, prange
from pkpd.kernels.advance import eta_from_white, predict, subject_at
from pkpd.kernels.advance_taylor import predict_taylor, row_taylor
from pkpd.kernels.codes import PackedSubject, PackedSubjects
from pkpd.kernels.laplace import Directions
from pkpd.kernels.objective import minus2_log_likelihood
from pkpd.kernels.residual import error_taylor, minus2_log_density_taylor
from pkpd.kernels.taylor import constant

PRIOR, INDEPENDENT, TOGETHER = 0, 1, 2
N_JOINT_MOVES = 3
"""Moves of a sweep other than those of single coordinates."""
FREEDOM = 5
"""Degrees of freedom of the independent proposal, and so many normal numbers more does each move get."""
_WIDER = 1.1


@inlined_kernel
def _misfit(subject: PackedSubject, z: FloatArray, eta: FloatArray, prediction: FloatArray) -> float:
    """Return the sum of -2 log p(y | eta)."""
    eta_from_white(subject, z, eta)
    predict(subject, eta, prediction)
    return minus2_log_likelihood(subject, prediction)


@inlined_kernel
def _square_distance(z: FloatArray, centre: FloatArray, factor: FloatArray, scratch: FloatArray) -> float:
    """Return |F^-1 (z - centre)|^2."""
    total = 0.0
    for i in range(z.size):
        value = z[i] - centre[i]
        for j in range(i):
            value -= factor[i, j] * scratch[j]
        scratch[i] = value / factor[i, i]
        total += scratch[i] * scratch[i]
    return total


@inlined_kernel
def _log_independent(square: float, n_eta: int) -> float:
    """Return the log density of the independent proposal, up to a constant."""
    freedom = float(FREEDOM)
    return -0.5 * (freedom + n_eta) * math.log(1.0 + square / (freedom * _WIDER * _WIDER))


@inlined_kernel
def _propose(
    move: int,
    z: FloatArray,
    centre: FloatArray,
    factor: FloatArray,
    scale: FloatArray,
    normal: FloatArray,
    to: FloatArray,
) -> None:
    """Write where a move leads."""
    n_eta = z.size
    if move == PRIOR:
        for i in range(n_eta):
            to[i] = normal[i]
        return
    if move > TOGETHER:
        one = move - N_JOINT_MOVES
        for i in range(n_eta):
            to[i] = z[i]
        to[one] += scale[1 + one] * normal[0]
        return
    length = scale[0]
    if move == INDEPENDENT:
        chi_square = 0.0
        for i in range(n_eta, n_eta + FREEDOM):
            chi_square += normal[i] * normal[i]
        length = _WIDER * math.sqrt(FREEDOM / chi_square)
    for i in range(n_eta):
        to[i] = centre[i] if move == INDEPENDENT else z[i]
        for j in range(i + 1):
            to[i] += length * factor[i, j] * normal[j]


@kernel
def walk_chains(
    subject: PackedSubject,
    centre: FloatArray,
    factor: FloatArray,
    scale: FloatArray,
    normal: FloatArray,
    uniform: FloatArray,
    z: FloatArray,
    accepted: FloatArray,
) -> None:
    """Move one subject's chains by some sweeps.

    Parameters
    ----------
    centre : (n_eta,) array
        About where the posterior lies, whitened.
    factor : (n_eta, n_eta) array
        Lower Cholesky factor of about its covariance.
    scale : (1 + n_eta,) array
        Length of the steps in all coordinates, in units of ``factor``, and in each alone.
    normal : (n_chains, n_moves, n_eta + 5) array
        Standard normal numbers; the number of moves is that of the sweeps times 3 + n_eta.
    uniform : (n_chains, n_moves) array
        Uniform numbers.
    z : (n_chains, n_eta) array
        Where the chains are; overwritten.
    accepted : (3 + n_eta,) array
        Overwritten with the share of each move's proposals that were accepted.
    """
    n_chains, n_eta = z.shape
    n_kinds = N_JOINT_MOVES + n_eta
    n_moves = uniform.shape[1]
    eta, prediction = np.empty(n_eta), np.empty(subject.observations.shape[0])
    to, scratch = np.empty(n_eta), np.empty(n_eta)
    accepted[:] = 0.0
    for c in range(n_chains):
        misfit = _misfit(subject, z[c], eta, prediction)
        for m in range(n_moves):
            move = m % n_kinds
            _propose(move, z[c], centre, factor, scale, normal[c, m], to)
            found = _misfit(subject, to, eta, prediction)
            log_ratio = -0.5 * (found - misfit)
            if move != PRIOR:
                for i in range(n_eta):
                    log_ratio -= 0.5 * (to[i] * to[i] - z[c, i] * z[c, i])
            if move == INDEPENDENT:
                log_ratio += _log_independent(_square_distance(z[c], centre, factor, scratch), n_eta)
                log_ratio -= _log_independent(_square_distance(to, centre, factor, scratch), n_eta)
            # Where the difference is not a number, both places are impossible, and the chain stays.
            if math.log(1.0 - uniform[c, m]) < log_ratio:
                z[c] = to
                misfit = found
                accepted[move] += n_kinds / (n_moves * n_chains)


@parallel_kernel
def walk_all_chains(
    subjects: PackedSubjects,
    centre: FloatArray,
    factor: FloatArray,
    scale: FloatArray,
    normal: FloatArray,
    uniform: FloatArray,
    z: FloatArray,
    accepted: FloatArray,
) -> None:
    """Move every subject's chains on all threads, one row of each array for each (``walk_chains``)."""
    for i in prange(z.shape[0]):
        walk_chains(subject_at(subjects, i), centre[i], factor[i], scale[i], normal[i], uniform[i], z[i], accepted[i])


@kernel
def misfit_slopes(
    subject: PackedSubject,
    directions: Directions,
    first_epoch: int,
    first_observation: int,
    eta: FloatArray,
    slope: FloatArray,
) -> float:
    """Return the sum of -2 log p(y | eta), and write its derivatives along directions at fixed random effects.

    Parameters
    ----------
    directions : Directions
        Directions of all subjects; the next two say where this one's rows begin.
    eta : (n_eta,) array
        Random effects.
    slope : (n_directions,) array
        Overwritten.
    """
    n_obs, n_eta = subject.observations.shape[0], eta.size
    first = slice(first_epoch, first_epoch + subject.log_typical.shape[0])
    level, row = np.empty(n_obs), np.empty((n_obs, 4))
    still = np.zeros(n_eta)
    predict(subject, eta, level)
    total = minus2_log_likelihood(subject, level)
    for k in range(slope.size):
        typical = directions.log_typical[k, first]
        moves = (typical != 0.0).any()
        if moves:
            predict_taylor(subject, eta, still, typical, directions.shape[k], row)
        slope[k] = 0.0
        for o in range(n_obs):
            along = row_taylor(row, o) if moves else constant(level[o])
            change = directions.error[k, directions.error_group[first_observation + o]]
            variance = error_taylor(subject.observations[o], along, change)
            slope[k] += minus2_log_density_taylor(subject.observations[o], along, variance)[1]
    return total


@parallel_kernel
def all_misfit_slopes(
    subjects: PackedSubjects, directions: Directions, eta: FloatArray, value: FloatArray, slope: FloatArray
) -> None:
    """Write the misfit of every subject at every chain's random effects, and its derivatives (``misfit_slopes``).

    Parameters
    ----------
    eta : (n_subjects, n_chains, n_eta) array
        Random effects.
    value, slope : (n_subjects, n_chains), (n_subjects, n_chains, n_directions) arrays
        Overwritten.
    """
    for i in prange(eta.shape[0]):
        subject = subject_at(subjects, i)
        epoch, observation = int(subjects.epoch_start[i]), int(subjects.observation_start[i])
        for c in range(eta.shape[1]):
            value[i, c] = misfit_slopes(subject, directions, epoch, observation, eta[i, c], slope[i, c])

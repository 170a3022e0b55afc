"""Nodes over the random effects of a subject, for means over its posterior.

With one or two random effects they lie on lines, as in the exact marginal likelihood, but closer, since what is averaged over them
changes with the random effects too; with more, they are points of a lattice under a mixture of the
prior and a normal distribution at the mode, whose weights are bounded since the prior is part of it (a defensive mixture, Hesterberg
1995, doi:10.1080/00401706.1995.10484303).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from pkpd.errors import input_error
from pkpd.estimation.lattice import lattice_points
from pkpd.estimation.map import MapEstimates, estimate_map
from pkpd.kernels.marginal import place_some
from pkpd.kernels.residual import LOG_2PI
from pkpd.likelihood.marginal import reach_of
from pkpd.likelihood.population import problem_at

if TYPE_CHECKING:
    from pkpd.arrays import BoolArray, FloatArray
    from pkpd.kernels.codes import PackedSubjects
    from pkpd.likelihood.population import Population

# Rules are doubled from the first size to the last; in the lattice's case a size is 64 points for each mode and the prior.
SIZES = (64, 128, 256, 512)
_POINTS_A_SIZE = 64
_WIDER = 1.3
_MOST_ETAS, _ON_PLANE = 5, 2


@dataclass(frozen=True, slots=True)
class Posteriors:
    """Subjects whose posteriors are to be integrated.

    Parameters
    ----------
    modes : MapEstimates
        The deepest mode of every subject.
    packed : PackedSubjects
        The subjects at the values of the parameters.
    """

    modes: MapEstimates
    packed: PackedSubjects


class PosteriorNodes(NamedTuple):
    """Nodes over one subject's posterior.

    Parameters
    ----------
    white : (n_nodes, n_eta) array
        Whitened random effects.
    log_weight : (n_nodes,) array
        Logarithm of prior density times the rule's weight: with the log-likelihood of the samples added, and scaled to a sum of one
        after the exponential, they are the weights of the posterior.
    half : (n_nodes,) array
        Which nodes are a coarser rule of their own, that the error is judged by.
    """

    white: FloatArray
    log_weight: FloatArray
    half: BoolArray


def find_posteriors(population: Population, values: FloatArray) -> Posteriors:
    """Return the posteriors of a population; a subject without samples has its prior.

    Parameters
    ----------
    population : Population
        Model and subjects.
    values : (n_parameters,) array
        Values of the model's parameters, in their order.

    Raises
    ------
    InputError
        For a model with more than five random effects.
    """
    if population.n_eta > _MOST_ETAS:
        raise input_error(
            population.model.id, f"has {population.n_eta} random effects; expected at most {_MOST_ETAS} for a forecast"
        )
    problem = problem_at(population, values)
    return Posteriors(estimate_map(problem), problem.subjects)


def posterior_nodes(posteriors: Posteriors, i: int, size: int) -> PosteriorNodes:
    """Return nodes over one subject's posterior, more of them for a larger ``size`` (one of ``SIZES``)."""
    if posteriors.modes.white.shape[1] > _ON_PLANE:
        return _points(posteriors.modes, i, _POINTS_A_SIZE * size)
    return _on_lines(posteriors, i, size)


def _on_lines(posteriors: Posteriors, i: int, size: int) -> PosteriorNodes:
    frame = posteriors.packed.frame[i]
    n_eta = len(frame)
    n_lines = size if n_eta == _ON_PLANE else 1
    outer, low, step = (np.empty((1, n_lines)) for _ in range(3))
    distance = np.empty(1)
    modes = posteriors.modes
    reach = reach_of(posteriors.packed.frame, modes.white)
    place_some(posteriors.packed, np.array([i]), modes.objective, reach, outer, distance, low, step, size)
    along = low[0, :, None] + step[0, :, None] * np.arange(size)
    across = np.repeat(outer[0, :, None], size, axis=1)
    coordinates = np.stack((along, across), axis=-1)[..., :n_eta].reshape(-1, n_eta)
    log_step = np.repeat(np.log(step[0] * distance[0]), size)
    is_even = np.arange(max(n_lines, size)) % 2 == 0
    # The frame is orthonormal, so that the prior is standard normal along lines and across them.
    return PosteriorNodes(
        coordinates @ frame.T, log_step + _log_normal(coordinates), np.outer(is_even[:n_lines], is_even[:size]).ravel()
    )


def _points(modes: MapEstimates, i: int, n: int) -> PosteriorNodes:
    points = lattice_points(n, modes.white.shape[1])
    # Every second point of the lattice is a lattice too.
    half = np.arange(n) % 2 == 0
    # The objective is -2 log of the posterior: half its Hessian is the inverse of a normal distribution's covariance.
    precision = 0.5 * modes.hessian[i] / _WIDER**2
    if not np.isfinite(precision).all() or np.linalg.eigvalsh(precision)[0] <= 0.0:
        return PosteriorNodes(np.array(points), np.zeros(n), half)
    factor: FloatArray = np.asarray(np.linalg.cholesky(precision), dtype=np.float64)
    white = np.concatenate((points, modes.white[i] + np.linalg.solve(factor.T, points.T).T))
    at_mode = _log_normal((white - modes.white[i]) @ factor) + np.log(np.diag(factor)).sum()
    prior = _log_normal(white)
    return PosteriorNodes(white, prior - np.logaddexp(prior, at_mode), np.tile(half, 2))


def _log_normal(points: FloatArray) -> FloatArray:
    return -0.5 * (points**2).sum(axis=-1) - 0.5 * points.shape[-1] * LOG_2PI

"""Normalised prediction distribution errors: where each level lies among levels that the fitted model would have given."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from scipy.special import ndtri

from pkpd.kernels.codes import CENSORED, LEVEL
from pkpd.likelihood.population import model_at, packed_at
from pkpd.simulation.random_effects import draw_centre_effects, draw_white, simulate_block

if TYPE_CHECKING:
    from collections.abc import Callable

    from pkpd.arrays import FloatArray, IntArray
    from pkpd.estimation.fit import Fit

# SciPy declares no type for it.
_NORMAL_QUANTILE: Callable[[FloatArray], FloatArray] = ndtri

N_REPLICATES = 1000
# Simulated levels held at once.
_MOST_LEVELS = 4_000_000


def npde(fit: Fit, rng: np.random.Generator, n_replicates: int = N_REPLICATES) -> FloatArray:
    """Return the NPDE of every level; standard normal and independent where the model is true.

    The levels of a subject and their simulations are decorrelated with the simulations' mean and the symmetric square root of
    their covariance, as CWRES is. Ranks at the ends count as half a simulation.

    Parameters
    ----------
    fit : Fit
        The fit.
    rng : Generator
        Source of randomness.
    n_replicates : int
        Simulations of each subject.

    Returns
    -------
    (n_observations,) array
        NaN for a censored level.

    References
    ----------
    Brendel K, Comets E, Laffont C, Laveille C, Mentre F. Pharm Res 2006;23:2036-2049, doi:10.1007/s11095-006-9067-5.
    """
    population = fit.population
    model = model_at(population, fit.values)
    packed = packed_at(population, model)
    is_level = packed.observations[:, CENSORED] == 0.0
    found = np.full(is_level.size, np.nan)
    starts = packed.observation_start
    centres = draw_centre_effects(model, population.cohort, rng, n_replicates)
    first = 0
    while first < population.n_subjects:
        most = int(starts[first]) + _MOST_LEVELS // n_replicates
        last = int(np.searchsorted(starts, most, side="right")) - 1
        last = min(max(last, first + 1), population.n_subjects)
        rows = slice(int(starts[first]), int(starts[last]))
        white = draw_white(model, packed, rng, range(first, last), n_replicates)
        noise = rng.standard_normal((rows.stop - rows.start, n_replicates))
        measured = simulate_block(packed, first, white, noise, centres)
        subject = np.repeat(np.arange(last - first), np.diff(starts[first : last + 1]))
        own = found[rows]
        for places in _by_size(subject[is_level[rows]], np.flatnonzero(is_level[rows])):
            own[places] = _decorrelated(packed.observations[rows, LEVEL][places], measured[places])
        first = last
    return found


def _by_size(subject: IntArray, place: IntArray) -> list[IntArray]:
    """Return the places of the levels of subjects with equally many of them, (n_subjects, n_levels) for each number."""
    _, start, count = np.unique(subject, return_index=True, return_counts=True)
    return [place[start[count == n][:, None] + np.arange(n)] for n in np.unique(count)]


def _decorrelated(level: FloatArray, measured: FloatArray) -> FloatArray:
    """Return the NPDE of subjects with equally many levels, (n_subjects, n_levels), from (.., n_replicates) simulations."""
    n_replicates = measured.shape[-1]
    mean: FloatArray = measured.mean(axis=-1)
    centred = measured - mean[..., None]
    covariance: FloatArray = centred @ centred.swapaxes(-1, -2) / (n_replicates - 1)
    eigen = np.linalg.eigh(covariance)
    values: FloatArray = eigen.eigenvalues
    vectors: FloatArray = eigen.eigenvectors
    # A level without any spread, such as one before the first dose, has no place among its simulations.
    has_spread = values[:, 0] > 0.0
    root = (vectors / np.sqrt(np.where(values > 0.0, values, 1.0))[:, None, :]) @ vectors.swapaxes(-1, -2)
    own = (root @ (level - mean)[..., None])[..., 0]
    simulated = root @ centred
    rank = (simulated < own[..., None]).sum(axis=-1)
    share = np.clip(rank / n_replicates, 0.5 / n_replicates, 1.0 - 0.5 / n_replicates)
    found: FloatArray = _NORMAL_QUANTILE(share)
    return np.where(has_spread[:, None], found, np.nan)

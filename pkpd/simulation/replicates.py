"""A population drawn many times at the times of its samples: what visual and numerical predictive checks compare with."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from pkpd.kernels.predict_all import predict_all
from pkpd.likelihood.population import model_at, packed_at
from pkpd.model.spec import ResidualKind
from pkpd.simulation.random_effects import draw_centre_effects, draw_white, simulate_block

if TYPE_CHECKING:
    from collections.abc import Callable

    from pkpd.arrays import FloatArray, ShortFloatArray
    from pkpd.likelihood.population import Population

# Draws made at once; part of what a seed stands for, so never a function of the machine.
_BLOCK_LEVELS = 1_000_000


class Replicates(NamedTuple):
    """Simulated measurements of every sample.

    Parameters
    ----------
    pred : (n_samples,) array
        Prediction at eta = 0 [mg/L].
    measured : (n_samples, n_replicates) array
        What would be measured without limits [mg/L], in single precision; below zero too where the error is normal.
    """

    pred: FloatArray
    measured: ShortFloatArray


def simulate_replicates(
    population: Population,
    values: FloatArray,
    rng: np.random.Generator,
    n_replicates: int,
    *,
    tell: Callable[[float], object] = lambda _: None,
) -> Replicates:
    """Return replicates of every sample of a population.

    Parameters
    ----------
    population : Population
        Model and subjects.
    values : (n_parameters,) array
        Values of the model's parameters, in their order.
    rng : Generator
        Source of randomness; the same seed draws the same numbers, whatever the number of threads.
    n_replicates : int
        How often the whole population is drawn.
    tell : callable, optional
        Told the share that is done.
    """
    model = model_at(population, values)
    packed = packed_at(population, model)
    is_logarithmic = population.model.residual.kind is ResidualKind.LOGARITHMIC
    n, n_eta = population.n_subjects, population.n_eta
    pred = np.empty(packed.observations.shape[0])
    predict_all(packed, np.zeros((n, n_eta)), pred)
    measured = np.empty((pred.size, n_replicates), dtype=np.float32)
    centres = draw_centre_effects(model, population.cohort, rng, n_replicates)
    starts = packed.observation_start
    first = 0
    while first < n:
        tell(first / n)
        most = int(starts[first]) + _BLOCK_LEVELS // n_replicates
        last = min(max(int(np.searchsorted(starts, most, side="right")) - 1, first + 1), n)
        rows = slice(int(starts[first]), int(starts[last]))
        white = draw_white(model, packed, rng, range(first, last), n_replicates)
        noise = rng.standard_normal((rows.stop - rows.start, n_replicates))
        block = simulate_block(packed, first, white, noise, centres)
        measured[rows] = np.exp(block) if is_logarithmic else block
        first = last
    return Replicates(pred, measured)

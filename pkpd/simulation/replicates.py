"""A population drawn many times at the times of its samples: what visual and numerical predictive checks compare with."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from pkpd.kernels.predict_all import predict_all
from pkpd.likelihood.population import model_at, packed_at
from pkpd.model.spec import ResidualKind
from pkpd.simulation.random_effects import draw_centre_effects, draw_white, simulate_block

if TYPE_CHECKING:
    from collections.abc import Callable

    from pkpd.arrays import FloatArray, ShortFloatArray
    from pkpd.data.cohort import Cohort
    from pkpd.kernels.codes import PackedSubjects
    from pkpd.likelihood.population import Population
    from pkpd.model.spec import ModelSpec
    from pkpd.simulation.random_effects import CentreDraws

# Levels drawn at once.
_BLOCK_LEVELS = 500_000


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


class Drawing(NamedTuple):
    """What replicates are drawn from.

    Parameters
    ----------
    model : ModelSpec
        The model at the values of its parameters.
    cohort : Cohort
        The subjects.
    packed : PackedSubjects
        The same as arrays.
    seed : int
        With the number of a replicate it decides what is drawn, whoever draws it and in whatever order.
    """

    model: ModelSpec
    cohort: Cohort
    packed: PackedSubjects
    seed: int


def drawing_of(population: Population, values: FloatArray, seed: int) -> Drawing:
    """Return what replicates of a population are drawn from.

    Parameters
    ----------
    population : Population
        Model and subjects.
    values : (n_parameters,) array
        Values of the model's parameters, in their order.
    seed : int
        Source of randomness.
    """
    model = model_at(population, values)
    return Drawing(model, population.cohort, packed_at(population, model), seed)


def typical_levels(drawing: Drawing) -> FloatArray:
    """Return the predictions at eta = 0 [mg/L], (n_samples,)."""
    packed = drawing.packed
    pred = np.empty(packed.observations.shape[0])
    predict_all(packed, np.zeros(packed.omega_cholesky.shape[:2]), pred)
    return pred


def replicate_blocks(n_levels: int, n_replicates: int) -> list[range]:
    """Return which replicates, by their number from 1, are drawn at once, so that memory stays small."""
    size = max(_BLOCK_LEVELS // max(n_levels, 1), 1)
    return [range(first, min(first + size, n_replicates + 1)) for first in range(1, n_replicates + 1, size)]


def draw_block(drawing: Drawing, numbers: range) -> ShortFloatArray:
    """Return some replicates, (n_samples, n_numbers) [mg/L], each drawn by a generator of its own."""
    model, cohort, packed = drawing.model, drawing.cohort, drawing.packed
    n_subjects, n_eta = packed.omega_cholesky.shape[:2]
    white = np.empty((n_subjects, len(numbers), n_eta))
    noise = np.empty((packed.observations.shape[0], len(numbers)))
    drawn: list[CentreDraws] = []
    for k, number in enumerate(numbers):
        rng = np.random.default_rng([drawing.seed, number])
        effects = draw_centre_effects(model, cohort, rng, 1)
        drawn += [] if effects is None else [effects]
        white[:, k] = draw_white(model, packed, rng, range(n_subjects), 1)[:, 0]
        noise[:, k] = rng.standard_normal(noise.shape[0])
    centres = replace(drawn[0], effects=np.concatenate([one.effects for one in drawn])) if drawn else None
    measured = simulate_block(packed, 0, white, noise, centres)
    is_logarithmic = model.residual.kind is ResidualKind.LOGARITHMIC
    return (np.exp(measured) if is_logarithmic else measured).astype(np.float32)


def simulate_replicates(
    population: Population,
    values: FloatArray,
    seed: int,
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
    seed : int
        The same seed draws the same numbers, whatever the number of threads; more replicates begin with the same ones.
    n_replicates : int
        How often the whole population is drawn.
    tell : callable, optional
        Told the share that is done.
    """
    drawing = drawing_of(population, values, seed)
    pred = typical_levels(drawing)
    measured = np.empty((pred.size, n_replicates), dtype=np.float32)
    for numbers in replicate_blocks(pred.size, n_replicates):
        tell((numbers.start - 1) / n_replicates)
        measured[:, numbers.start - 1 : numbers.stop - 1] = draw_block(drawing, numbers)
    return Replicates(pred, measured)

"""Simulated levels of a population: random effects, residual error, and the limits of the assays."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from pkpd.data.records import Censoring
from pkpd.model.spec import ResidualKind
from pkpd.problem import bind_cohort
from pkpd.simulation.random_effects import draw_centre_effects, draw_white, simulate_block

if TYPE_CHECKING:
    from pkpd.arrays import FloatArray
    from pkpd.data.cohort import Cohort
    from pkpd.model.spec import ModelSpec
    from pkpd.simulation.random_effects import CentreDraws


def simulate_levels(model: ModelSpec, cohort: Cohort, rng: np.random.Generator) -> Cohort:
    """Return a cohort with levels drawn from a model at the times, and with the limits, of its samples.

    Parameters
    ----------
    model : ModelSpec
        The truth.
    cohort : Cohort
        Doses, covariates, sample times and limits; its own levels are not read.
    rng : Generator
        Source of randomness; the same seed draws the same cohort.
    """
    return levels_of(model, cohort, draw_effects(model, cohort, rng), rng)


@dataclass(frozen=True, slots=True)
class DrawnEffects:
    """Random effects of a cohort's subjects and centres.

    Parameters
    ----------
    white : (n_subjects, 1, n_eta) array
        Of the subjects, whitened.
    centres : CentreDraws or None
        Of the centres.
    """

    white: FloatArray
    centres: CentreDraws | None


def draw_effects(model: ModelSpec, cohort: Cohort, rng: np.random.Generator) -> DrawnEffects:
    """Draw the random effects of a cohort's subjects and centres."""
    packed = bind_cohort(model, cohort).subjects
    centres = draw_centre_effects(model, cohort, rng, 1)
    return DrawnEffects(draw_white(model, packed, rng, range(cohort.n_subjects), 1), centres)


def levels_of(model: ModelSpec, cohort: Cohort, effects: DrawnEffects, rng: np.random.Generator) -> Cohort:
    """Return a cohort with levels drawn given the random effects, at the times and with the limits of its samples."""
    packed = bind_cohort(model, cohort).subjects
    noise = rng.standard_normal((packed.observations.shape[0], 1))
    measured = simulate_block(packed, 0, effects.white, noise, effects.centres)
    is_logarithmic = model.residual.kind is ResidualKind.LOGARITHMIC
    return with_levels(cohort, np.exp(measured[:, 0]) if is_logarithmic else measured[:, 0])


def with_levels(cohort: Cohort, measured: FloatArray) -> Cohort:
    """Return a cohort with given measurements, those beyond the limits of their sample censored."""
    is_below, is_above = measured < cohort.lloq, measured > cohort.uloq
    censoring = np.where(is_below, int(Censoring.BELOW), np.where(is_above, int(Censoring.ABOVE), 0)).astype(np.int64)
    return replace(cohort, level=np.where(censoring == 0, measured, np.nan), censoring=censoring)

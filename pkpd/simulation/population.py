"""Simulated levels of a population: random effects, residual error, and the limits of the assays."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from pkpd.data.records import Censoring
from pkpd.kernels.predict_all import predict_all
from pkpd.problem import bind_cohort

if TYPE_CHECKING:
    from pkpd.arrays import FloatArray
    from pkpd.data.cohort import Cohort
    from pkpd.kernels.codes import PackedSubjects
    from pkpd.model.spec import ModelSpec


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
    packed = bind_cohort(model, cohort).subjects
    eta = draw_etas(packed, rng)
    measured = draw_levels(packed, eta, rng)
    return with_levels(cohort, measured)


def draw_etas(packed: PackedSubjects, rng: np.random.Generator) -> FloatArray:
    """Return random effects of every subject, (n_subjects, n_eta)."""
    factor = packed.omega_cholesky
    white = rng.standard_normal(factor.shape[:2])
    return np.einsum("nij,nj->ni", factor, white)


def draw_levels(packed: PackedSubjects, eta: FloatArray, rng: np.random.Generator) -> FloatArray:
    """Return what would be measured without limits [mg/L], below zero too: the error is normal around the prediction."""
    prediction = np.empty(packed.observations.shape[0])
    predict_all(packed, eta, prediction)
    additive, proportional = packed.observations[:, 4], packed.observations[:, 5]
    sd = np.hypot(additive, proportional * prediction)
    return prediction + sd * rng.standard_normal(prediction.size)


def with_levels(cohort: Cohort, measured: FloatArray) -> Cohort:
    """Return a cohort with given measurements, those beyond the limits of their sample censored."""
    is_below, is_above = measured < cohort.lloq, measured > cohort.uloq
    censoring = np.where(is_below, int(Censoring.BELOW), np.where(is_above, int(Censoring.ABOVE), 0)).astype(np.int64)
    return replace(cohort, level=np.where(censoring == 0, measured, np.nan), censoring=censoring)

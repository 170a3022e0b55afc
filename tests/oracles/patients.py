"""Random subjects: ordinary ones, extreme ones, and ones whose samples contradict each other."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from pkpd.data.records import Censoring, CovariateRow, Dose, Sample, Subject
from pkpd.model.residual import residual_sd_parameters
from tests.oracles.superposition import concentration, kinetics, prior_scale

if TYPE_CHECKING:
    from pkpd.model.spec import ModelSpec

KINDS = ("ordinary", "extreme", "contradictory")


def median_covariates(model: ModelSpec) -> CovariateRow:
    return CovariateRow(0.0, {name: domain.median for name, domain in model.covariates.items()})


def quantified(time: float, level: float) -> Sample:
    return Sample(time, level, Censoring.NONE, math.nan, math.nan)


def below(time: float, limit: float) -> Sample:
    return Sample(time, math.nan, Censoring.BELOW, limit, math.nan)


def above(time: float, limit: float) -> Sample:
    return Sample(time, math.nan, Censoring.ABOVE, math.nan, limit)


def random_doses(rng: np.random.Generator) -> tuple[Dose, ...]:
    n = int(rng.integers(1, 6))
    starts = np.cumsum(np.concatenate(([0.0], rng.choice([3.0, 7.0, 14.0, 28.0], n - 1))))
    return tuple(
        Dose(float(t), float(rng.choice([200.0, 300.0, 400.0, 700.0])), float(rng.choice([0.0, 2.0 / 24.0, 0.25])))
        for t in starts
    )


def random_subject(model: ModelSpec, rng: np.random.Generator, kind: str) -> Subject:
    """A subject with one to six samples; ``kind`` says how far its levels lie from what the model expects."""
    row = median_covariates(model)
    doses = random_doses(rng)
    omega, _ = prior_scale(model, row.values)
    spread = {"ordinary": 1.0, "extreme": 3.0, "contradictory": 1.0}[kind]
    eta = spread * np.linalg.cholesky(omega) @ rng.standard_normal(len(model.etas))
    kin = kinetics(model, row.values, eta[None, :])
    additive, proportional = residual_sd_parameters(model, None)
    samples = []
    for time in np.sort(rng.uniform(0.5, doses[-1].time_day + 28.0, int(rng.integers(1, 7)))):
        expected = float(concentration(kin, doses, time)[0])
        noise = rng.standard_normal()
        level = expected * abs(1.0 + proportional * noise) + additive * noise
        if kind == "contradictory":
            level *= math.exp(rng.normal(0.0, 2.0))
        level = min(max(level, 0.02), 1000.0)
        censored = rng.uniform() < 0.4
        if censored and level < 3.0:
            samples.append(below(float(time), float(rng.choice([0.3, 1.0, 3.0]))))
        elif censored and level > 10.0:
            samples.append(above(float(time), float(rng.choice([10.0, 20.0]))))
        else:
            samples.append(quantified(float(time), float(level)))
    return Subject(doses, tuple(samples), (row,))

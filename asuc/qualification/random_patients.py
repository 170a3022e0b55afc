"""Random patients for the benchmarks: sparse and censored like the study's, some extreme or contradictory."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from pkpd.data.records import Censoring, CovariateRow, Dose, Sample, Subject
from pkpd.model import load_model, log_typical_terms, omega_matrix
from pkpd.units import days_from_hours

if TYPE_CHECKING:
    from pkpd.model.spec import ModelSpec

LLOQ, ULOQ = 0.4, 20.0
_EXTREME_SHARE = 0.2


def random_patients(n: int, *, seed: int, model: ModelSpec | None = None) -> list[Subject]:
    """Return patients whose samples come from the model, a fifth of them with samples that no model explains well.

    Parameters
    ----------
    n : int
        Number of patients.
    seed : int
        Seed of the random numbers.
    model : ModelSpec, optional
        One-compartment model of CL and V; the default model where left out.
    """
    rng = np.random.default_rng(seed)
    spec = model or load_model("niyigena_2026_asuc")
    return [_random_patient(rng, spec, is_extreme=rng.random() < _EXTREME_SHARE) for _ in range(n)]


def _random_patient(rng: np.random.Generator, model: ModelSpec, *, is_extreme: bool) -> Subject:
    covariates = {
        "weight_kg": float(rng.uniform(40.0, 110.0)),
        "crp_mg_per_L": float(np.clip(math.exp(rng.normal(3.4, 1.3)), 1.6, 400.0)),
    }
    days = np.sort(rng.choice(np.arange(0.0, 43.0), size=rng.integers(1, 5), replace=False))
    doses = tuple(Dose(float(day), 100.0 * rng.integers(2, 12), days_from_hours(2.0)) for day in days - days[0])
    cl, v = np.exp(
        log_typical_terms(model, covariates) + np.linalg.cholesky(omega_matrix(model, covariates)) @ rng.normal(size=2)
    )
    times = np.sort(rng.uniform(0.2, 60.0, size=rng.integers(1, 12 if is_extreme else 6)))
    samples = tuple(
        _sample(rng, float(time), _concentration(doses, cl, v, float(time)), is_extreme=is_extreme) for time in times
    )
    return Subject(doses, samples, (CovariateRow(0.0, covariates),))


def _concentration(doses: tuple[Dose, ...], cl: float, v: float, time: float) -> float:
    return sum(
        dose.amount_mg / v * math.exp(-cl / v * (time - dose.time_day)) for dose in doses if dose.time_day < time
    )


def _sample(rng: np.random.Generator, time: float, concentration: float, *, is_extreme: bool) -> Sample:
    level = concentration * math.exp(rng.normal(0.0, 2.0 if is_extreme else 0.44))
    if is_extreme and rng.random() < 0.3:
        level = math.exp(rng.uniform(-3.0, 6.0))
    if level < LLOQ:
        return Sample(time, math.nan, Censoring.BELOW, LLOQ, ULOQ)
    if level > ULOQ and rng.random() < 0.8:
        return Sample(time, math.nan, Censoring.ABOVE, LLOQ, ULOQ)
    return Sample(time, level, Censoring.NONE, LLOQ, ULOQ)

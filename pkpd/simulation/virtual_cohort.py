"""A virtual cohort of acute severe ulcerative colitis: patients, doses, samples and assays like those of Niyigena 2026.

Distributions are set by the published medians and quartiles (Table 1 there): no patient of any trial is in them. Correlations
are assumed: C-reactive protein with albumin -0.5, as inflammation lowers albumin, and height with weight 0.5.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from pkpd.data.cohort import Cohort, select_doses, select_samples
from pkpd.errors import input_error
from pkpd.simulation.population import draw_effects, levels_of, simulate_levels
from pkpd.units import days_from_hours

if TYPE_CHECKING:
    from pkpd.arrays import FloatArray, IntArray
    from pkpd.model.spec import ModelSpec
    from pkpd.simulation.population import DrawnEffects

_QUARTILE = 0.6744897501960817
_INFUSION_DAY = days_from_hours(2.0)
_VIAL_MG = 100.0
# Samples of a patient: 33, 18, 7, 8 and 6 of 72 patients had one to five.
_SAMPLES = np.array([33, 18, 7, 8, 6]) / 72.0
# Infusions [day]: one, label, and accelerated regimens; medians of 3 infusions over 7 days.
_REGIMENS: tuple[tuple[tuple[float, ...], float], ...] = (
    ((0.0,), 0.22),
    ((0.0, 4.0), 0.14),
    ((0.0, 7.0), 0.16),
    ((0.0, 3.0, 7.0), 0.12),
    ((0.0, 14.0), 0.10),
    ((0.0, 7.0, 21.0), 0.08),
    ((0.0, 14.0, 42.0), 0.12),
    ((0.0, 5.0, 14.0, 42.0), 0.06),
)
_ASSAYS: tuple[tuple[str, float, float], ...] = (("elisa_a", 0.3, 20.0), ("elisa_b", 0.4, 32.0), ("rapid", 0.5, 25.0))
_N_CENTRES = 7
# Of the samples, the share drawn after the last infusion rather than after any of them.
_FROM_LAST_DOSE = 0.75


@dataclass(frozen=True, slots=True)
class Design:
    """How a virtual cohort is drawn.

    Parameters
    ----------
    n_subjects : int
        Patients.
    missing : float
        Probability that a covariate other than weight is missing.
    """

    n_subjects: int = 72
    missing: float = 0.04


def virtual_cohort(model: ModelSpec, design: Design, rng: np.random.Generator) -> Cohort:
    """Draw a cohort from a model.

    Parameters
    ----------
    model : ModelSpec
        The truth; it reads weight, C-reactive protein, albumin, sex or the body-mass index at most.
    design : Design
        How many patients, and how much is missing.
    rng : Generator
        Source of randomness.

    Returns
    -------
    Cohort
        With the covariates weight_kg, crp_mg_per_L, albumin_g_per_L, age_year, sex and bmi_kg_per_m2; those that are
        missing were there when the levels were drawn.

    Raises
    ------
    InputError
        For a model that reads another covariate.
    """
    whole = _design(model, design, rng)
    return _with_gaps(simulate_levels(model, whole, rng), design, rng)


@dataclass(frozen=True, slots=True)
class VirtualPatients:
    """Patients before anything is observed of them.

    Parameters
    ----------
    cohort : Cohort
        Covariates, planned doses and times of samples, whose levels are not there yet.
    effects : DrawnEffects
        Their random effects.
    """

    cohort: Cohort
    effects: DrawnEffects


def draw_patients(model: ModelSpec, design: Design, rng: np.random.Generator) -> VirtualPatients:
    """Draw patients with their random effects; parameters and errors as ``virtual_cohort``."""
    cohort = _design(model, design, rng)
    return VirtualPatients(cohort, draw_effects(model, cohort, rng))


def observed(
    model: ModelSpec, patients: VirtualPatients, design: Design, rng: np.random.Generator, *, until_day: FloatArray
) -> tuple[Cohort, Cohort]:
    """Return what is observed of patients until a day of each, and the same with the doses planned for later.

    Parameters
    ----------
    model : ModelSpec
        The truth.
    patients : VirtualPatients
        The patients.
    design : Design
        How much is missing.
    rng : Generator
        Source of randomness.
    until_day : (n_subjects,) array
        Day from which on a patient has no dose and no sample [day], above 0; one all of whose samples would come later has the first one
        halfway to that day.
    """
    cohort = patients.cohort
    subject = _owner(cohort.sample_start)
    is_first = np.isin(np.arange(subject.size), cohort.sample_start[:-1])
    is_late = cohort.sample_time >= until_day[subject]
    moved = np.where(is_late & is_first, 0.5 * until_day[subject], cohort.sample_time)
    kept = select_samples(replace(cohort, sample_time=moved), ~is_late | is_first)
    drawn = _with_gaps(levels_of(model, kept, patients.effects, rng), design, rng)
    return select_doses(drawn, drawn.dose_time < until_day[_owner(drawn.dose_start)]), drawn


def _owner(start: IntArray) -> IntArray:
    """Return whose each row is."""
    return np.repeat(np.arange(start.size - 1), np.diff(start))


def _with_gaps(cohort: Cohort, design: Design, rng: np.random.Generator) -> Cohort:
    """Return a cohort some of whose covariates, other than weight, are missing."""
    seen = {
        name: values if name == "weight_kg" else np.where(rng.random(values.size) < design.missing, np.nan, values)
        for name, values in cohort.covariates.items()
    }
    return replace(cohort, covariates=seen)


def _design(model: ModelSpec, design: Design, rng: np.random.Generator) -> Cohort:
    """Draw patients, doses and sample times, all covariates known."""
    n = design.n_subjects
    covariates = _covariates(n, rng)
    if unknown := [name for name in model.covariates if name not in covariates]:
        message = f"reads {', '.join(unknown)}, which a virtual cohort does not have; it has {', '.join(covariates)}"
        raise input_error(model.id, message)
    dose_start, dose_time, dose_amount = _doses(covariates["weight_kg"], rng)
    sample_start, sample_time = _samples(dose_start, dose_time, rng)
    centre = rng.integers(0, _N_CENTRES, n)
    assays = _assays(model)
    assay = centre % len(assays)
    of_sample = np.repeat(assay, np.diff(sample_start))
    return Cohort(
        ids=tuple(str(i + 1) for i in range(n)),
        dose_start=dose_start,
        dose_time=dose_time,
        dose_amount=dose_amount,
        dose_duration=np.full(dose_time.size, _INFUSION_DAY),
        sample_start=sample_start,
        sample_time=sample_time,
        level=np.full(sample_time.size, np.nan),
        censoring=np.zeros(sample_time.size, dtype=np.int64),
        lloq=np.array([low for _, low, _ in assays])[of_sample],
        uloq=np.array([high for _, _, high in assays])[of_sample],
        assay=of_sample,
        assays=tuple(name for name, _, _ in assays),
        row_start=np.arange(n + 1),
        row_time=np.zeros(n),
        covariates=covariates,
        sample_line=np.zeros(sample_time.size, dtype=np.int64),
        occasion=np.zeros(n, dtype=np.int64),
        centre=centre,
        centres=tuple(f"centre_{i + 1}" for i in range(_N_CENTRES)),
    )


def _assays(model: ModelSpec) -> tuple[tuple[str, float, float], ...]:
    """Return name and limits [mg/L] of the assays; of a model that has errors by assay the first of its own, in place of the names."""
    names = tuple(model.residual.by_assay) or tuple(name for name, _, _ in _ASSAYS)
    return tuple((name, low, high) for name, (_, low, high) in zip(names, _ASSAYS, strict=False))


def _covariates(n: int, rng: np.random.Generator) -> dict[str, FloatArray]:
    """Return covariates with the published quartiles: weight 63 [56-75], CRP 30 [7-82], albumin 31 [27-38], age 34 [22-48]."""
    z = rng.standard_normal((5, n))
    inflammation = z[0]
    low = -0.5 * inflammation + np.sqrt(0.75) * z[1]
    weight: FloatArray = np.exp(np.log(63.0) + np.log(75.0 / 56.0) / (2.0 * _QUARTILE) * z[2])
    height = 171.0 + 9.0 * (0.5 * z[2] + np.sqrt(0.75) * z[3])
    sex = (rng.random(n) < 1.0 / (1.0 + np.exp(-(height - 170.0) / 4.0))).astype(np.float64)
    weight = _within(weight, 35.0, 140.0, 1)
    return {
        "weight_kg": weight,
        "crp_mg_per_L": _within(
            np.exp(np.log(29.0) + np.log(82.0 / 7.0) / (2.0 * _QUARTILE) * inflammation), 1.0, 400.0, 1
        ),
        "albumin_g_per_L": _within(31.5 + 11.0 / (2.0 * _QUARTILE) * low, 12.0, 52.0, 1),
        "age_year": _within(np.exp(np.log(33.5) + np.log(48.0 / 22.0) / (2.0 * _QUARTILE) * z[4]), 18.0, 85.0, 0),
        "sex": sex,
        "bmi_kg_per_m2": np.round(weight / (0.01 * height) ** 2, 1),
    }


def _doses(weight: FloatArray, rng: np.random.Generator) -> tuple[IntArray, FloatArray, FloatArray]:
    """Return infusions: 5 or 10 mg/kg in whole vials, by one of the regimens."""
    which = rng.choice(len(_REGIMENS), weight.size, p=[share for _, share in _REGIMENS])
    per_kg = rng.choice([5.0, 7.5, 10.0, 12.5], weight.size, p=[0.30, 0.10, 0.50, 0.10])
    counts = np.array([len(days) for days, _ in _REGIMENS])[which]
    times = np.concatenate([np.array(_REGIMENS[int(regimen)][0]) for regimen in which], dtype=np.float64)
    late = np.where(times > 0.0, rng.integers(-1, 2, times.size), 0)
    amount = _VIAL_MG * np.maximum(np.round(per_kg * weight / _VIAL_MG), 1.0)
    return np.concatenate(([0], np.cumsum(counts))), times + late, np.repeat(amount, counts)


def _samples(dose_start: IntArray, dose_time: FloatArray, rng: np.random.Generator) -> tuple[IntArray, FloatArray]:
    """Return draw times: one to five samples, the first within 14 weeks, most of them weeks after the last infusion."""
    n = dose_start.size - 1
    counts = 1 + rng.choice(_SAMPLES.size, n, p=_SAMPLES)
    times: list[FloatArray] = []
    for i, count in enumerate(map(int, counts)):
        doses = dose_time[dose_start[i] : dose_start[i + 1]]
        after: FloatArray = np.exp(np.log(28.0) + 0.85 * rng.standard_normal(count))
        base = np.where(rng.random(count) < _FROM_LAST_DOSE, doses[-1], doses[rng.integers(0, doses.size, count)])
        times.append(np.unique(_within(base + after, 2.0, 98.0, 2)))
    starts = np.concatenate(([0], np.cumsum([drawn.size for drawn in times])))
    return starts.astype(np.int64), np.concatenate(times)


def _within(values: FloatArray, low: float, high: float, decimals: int) -> FloatArray:
    return np.round(np.clip(values, low, high), decimals)

"""The joint likelihood of levels and event times on a dense grid of random effects, in plain NumPy: no formula of the engine is used.

One compartment with infusions by superposition, M3 for censored levels, proportional error, the published covariate model of Niyigena 2026,
and a Weibull hazard with the exposure ln(AUC/CL) and further covariates.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from scipy.special import log_ndtr

PK = ("cl", "cl_crp", "v", "omega2_cl", "omega2_v", "sigma")
HAZARD = ("log_lambda", "log_gamma", "beta")
_REACH = 8.5


@dataclass(frozen=True)
class Patient:
    """Doses (day, mg, day), levels (day, kind, mg/L), planned doses, and rows of event times (start, stop, upper, kind, z)."""

    doses: tuple[tuple[float, float, float], ...]
    levels: tuple[tuple[float, str, float], ...]
    rows: tuple[tuple[float, float, float, str, float], ...] = ()
    planned: tuple[tuple[float, float, float], ...] = ()
    weight: float = 63.0
    crp: float = 30.0


@dataclass(frozen=True)
class Truth:
    """Parameters of both models; ``by_z`` is the effect of the other covariate."""

    cl: float = 0.49
    cl_crp: float = 0.56
    v: float = 13.2
    omega2_cl: float = float(np.log(1.0 + 0.721**2))
    omega2_v: float = float(np.log(1.0 + 0.878**2))
    sigma: float = 0.44
    log_lambda: float = -6.8
    log_gamma: float = 0.08
    beta: float = -0.56
    by_z: float = 0.3
    reference: float = 6.5
    window: tuple[float, float] = (14.0, 28.0)


def moved(truth: Truth, name: str, step: float) -> Truth:
    return replace(truth, **{name: getattr(truth, name) + step})


def _minus2_event(truth: Truth, row: tuple[float, float, float, str, float], x: np.ndarray) -> np.ndarray:
    start, stop, upper, kind, z = row
    gamma = np.exp(truth.log_gamma)
    log_rate = truth.log_lambda + truth.beta * (x - truth.reference) + truth.by_z * z

    def cumulative(t: float) -> np.ndarray:
        return np.exp(log_rate) * t**gamma if t > 0.0 else np.zeros_like(x)

    found = -(cumulative(stop) - cumulative(start))
    if kind == "event":
        found = found + log_rate + truth.log_gamma + (gamma - 1.0) * np.log(stop)
    elif kind == "interval":
        found = found + np.log(-np.expm1(-(cumulative(upper) - cumulative(stop))))
    return -2.0 * found


def _since(doses: tuple[tuple[float, float, float], ...], k: np.ndarray, v: np.ndarray, t: float) -> np.ndarray:
    """Concentration at t: each infusion by its closed form."""
    total = np.zeros_like(k)
    for day, amount, duration in doses:
        if t <= day:
            continue
        run = min(t - day, duration)
        total += amount / duration / (k * v) * (1.0 - np.exp(-k * run)) * np.exp(-k * (t - day - run))
    return total


def exposure(truth: Truth, patient: Patient, cl: np.ndarray, v: np.ndarray) -> np.ndarray:
    """Return ln(AUC/CL): by mass balance the area is what was there and was given less what is left, over the clearance."""
    doses, k = (*patient.doses, *patient.planned), cl / v
    low, high = truth.window
    given = sum(
        amount * (min(max(high - day, 0.0), duration) - min(max(low - day, 0.0), duration)) / duration
        for day, amount, duration in doses
    )
    eliminated = given + v * (_since(doses, k, v, low) - _since(doses, k, v, high))
    return np.log(eliminated / cl) - np.log(cl)


def minus2_log_likelihood(
    truth: Truth, patient: Patient, *, with_event: bool = True, n: int = 401
) -> tuple[float, np.ndarray, np.ndarray]:
    """Return -2 log of one patient's joint likelihood without log 2 pi of quantified levels, and exposure and mass of the cells."""
    axis = np.linspace(-_REACH, _REACH, n)
    white = np.meshgrid(axis, axis, indexing="ij")
    typical_cl = truth.cl * (patient.weight / 63.0) ** 0.75 * (np.log(patient.crp) / np.log(30.0)) ** truth.cl_crp
    cl = typical_cl * np.exp(np.sqrt(truth.omega2_cl) * white[0])
    v = truth.v * patient.weight / 63.0 * np.exp(np.sqrt(truth.omega2_v) * white[1])
    with np.errstate(all="ignore"):  # cells in which nothing of the drug is left
        phi, x = _minus2_log_cells(truth, patient, white, cl, v, with_event=with_event)
    x, phi = np.where(np.isfinite(x), x, 0.0), np.where(np.isfinite(phi), phi, np.inf)
    least = phi.min()
    density = np.exp(-0.5 * (phi - least))
    cell = (axis[1] - axis[0]) ** 2
    return float(least - 2.0 * np.log(density.sum() * cell)), x, density / density.sum()


def _minus2_log_cells(
    truth: Truth,
    patient: Patient,
    white: tuple[np.ndarray, np.ndarray],
    cl: np.ndarray,
    v: np.ndarray,
    *,
    with_event: bool,
) -> tuple[np.ndarray, np.ndarray]:
    """Return -2 log density of prior, levels and event time in every cell, and the exposure there."""
    phi = white[0] ** 2 + white[1] ** 2 + 2.0 * np.log(2.0 * np.pi)
    for day, kind, value in patient.levels:
        level = _since(patient.doses, cl / v, v, day)
        sd = truth.sigma * level
        if kind == "level":
            phi += ((value - level) / sd) ** 2 + 2.0 * np.log(sd)
        elif kind == "below":
            phi -= 2.0 * log_ndtr((value - level) / sd)
        else:
            phi -= 2.0 * log_ndtr((level - value) / sd)
    x = exposure(truth, patient, cl, v)
    if with_event:
        for row in patient.rows:
            phi += _minus2_event(truth, row, x)
    return phi, x

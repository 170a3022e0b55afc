"""Concentrations and areas as sums over doses of exponentials: plain NumPy over many parameters at once.

Holds for covariates that stay as they are. The engine walks over events instead; the two share no formula.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from pkpd.model.parameters import log_typical_terms, omega_matrix
from pkpd.model.spec import PARAMETER_NAMES, Parameterization, RandomEffectShape

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from pkpd.data.records import Dose
    from pkpd.model.spec import ModelSpec, Term

Array = np.ndarray


class Kinetics(NamedTuple):
    """Unit-bolus response Σ coefficient·exp(-rate·t) [1/L] with the parameters it came from, each an (n,) array."""

    parameters: dict[str, Array]
    coefficients: tuple[Array, ...]
    rates: tuple[Array, ...]


def individual(model: ModelSpec, covariates: Mapping[str, float], eta: Array) -> dict[str, Array]:
    """Parameters of (n, n_eta) random effects, with the clearance, the central volume and the half-life added."""
    typical = np.exp(log_typical_terms(model, covariates))
    values = dict.fromkeys(PARAMETER_NAMES[model.parameterization], np.zeros(len(eta)))
    for term, value in zip(model.terms, typical, strict=True):
        one = value if term.eta is None else shaped(term, value, eta[:, model.etas.index(term.eta)])
        values[term.parameter] = values[term.parameter] + one
    if model.parameterization is Parameterization.KE_V:
        values["cl"] = values["ke"] * values["v"]
    return values


def shaped(term: Term, value: float, eta: Array) -> Array:
    """A term under its random effect, kept within e^300 of its typical value; NaN where it would not be positive."""
    nu = lam = term.shape_parameter
    match term.shape:
        case RandomEffectShape.PROPORTIONAL:
            return value * np.where(eta > -1.0, 1.0 + eta, np.nan)
        case RandomEffectShape.ADDITIVE:
            return np.where(value + eta > 0.0, value + eta, np.nan)
        case RandomEffectShape.BOX_COX:
            change = (np.exp(np.minimum(eta * lam, 300.0)) - 1.0) / lam
        case RandomEffectShape.T_DISTRIBUTED:
            first = (eta**3 + eta) / (4.0 * nu)
            second = (5.0 * eta**5 + 16.0 * eta**3 + 3.0 * eta) / (96.0 * nu**2)
            third = (3.0 * eta**7 + 19.0 * eta**5 + 17.0 * eta**3 - 15.0 * eta) / (384.0 * nu**3)
            change = eta + first + second + third
        case _:
            return value * np.exp(eta)
    return value * np.exp(np.clip(change, -300.0, 300.0))


def kinetics(model: ModelSpec, covariates: Mapping[str, float], eta: Array) -> Kinetics:
    p = individual(model, covariates, eta)
    if "v" in p:
        rate = p["cl"] / p["v"]
        p["half_life"] = np.log(2.0) / rate
        return Kinetics(p, (1.0 / p["v"],), (rate,))
    k10, k12, k21 = p["cl"] / p["v1"], p["q"] / p["v1"], p["q"] / p["v2"]
    total = k10 + k12 + k21
    alpha = 0.5 * (total + np.sqrt(total**2 - 4.0 * k10 * k21))
    beta = k10 * k21 / alpha
    p["half_life"] = np.log(2.0) / beta
    first = (alpha - k21) / (alpha - beta) / p["v1"]
    return Kinetics(p, (first, 1.0 / p["v1"] - first), (alpha, beta))


def concentration(kin: Kinetics, doses: Sequence[Dose], time: float) -> Array:
    """Concentration [mg/L], (n,); a bolus at this very time is not yet there."""
    total = np.zeros(kin.rates[0].size)
    for dose in doses:
        since = time - dose.time_day
        if since <= 0.0:
            continue
        for c, r in zip(kin.coefficients, kin.rates, strict=True):
            if dose.duration_day == 0.0:
                total += dose.amount_mg * c * np.exp(-r * since)
            else:
                run = min(since, dose.duration_day)
                given = dose.amount_mg / dose.duration_day * c / r * -np.expm1(-r * run)
                total += given * np.exp(-r * (since - run))
    return total


def area(kin: Kinetics, doses: Sequence[Dose], start: float, end: float) -> Array:
    """Area under the concentration from start to end [mg day/L], (n,)."""
    return _area_until(kin, doses, end) - _area_until(kin, doses, start)


def _area_until(kin: Kinetics, doses: Sequence[Dose], time: float) -> Array:
    total = np.zeros(kin.rates[0].size)
    for dose in doses:
        since = time - dose.time_day
        if since <= 0.0:
            continue
        for c, r in zip(kin.coefficients, kin.rates, strict=True):
            if dose.duration_day == 0.0:
                total += dose.amount_mg * c * -np.expm1(-r * since) / r
                continue
            run = min(since, dose.duration_day)
            infusion = dose.amount_mg / dose.duration_day * c / r
            total += infusion * (run + np.expm1(-r * run) / r)
            total += infusion * np.expm1(-r * run) * np.expm1(-r * (since - run)) / r
    return total


def prior_scale(model: ModelSpec, covariates: Mapping[str, float]) -> tuple[Array, Array]:
    """Covariance of the random effects and its inverse."""
    omega = omega_matrix(model, covariates)
    return omega, np.linalg.inv(omega)

"""What the simulation-estimation study does with one cohort: fits of the true model, and of the one without its covariate effect."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from pkpd.estimation.covariance import CovarianceKind, uncertainty
from pkpd.estimation.fit import FitOptions, fit, with_changes
from pkpd.estimation.objectives import Method
from pkpd.estimation.saem import SaemOptions, fit_by_saem
from pkpd.likelihood.population import bind_population, model_at
from pkpd.model import load_model
from pkpd.model_covariates import with_model_covariates
from pkpd.simulation.virtual_cohort import Design, virtual_cohort

if TYPE_CHECKING:
    from pkpd.arrays import FloatArray
    from pkpd.estimation.fit import Fit
    from pkpd.likelihood.population import Population
    from pkpd.model.population import PopulationParameter

MODEL = "niyigena_2026_asuc"
EFFECT = "cl_crp_mg_per_L"
METHODS = ("exact", "laplace", "saem")
# Truths: the published model, and the same without an effect of CRP, where every effect found is a false one.
TRUTHS = ("effect", "none")
ESTIMATED = ("cl", EFFECT, "v", "omega2_cl", "omega2_v", "sigma_proportional")


@dataclass(frozen=True, slots=True)
class Row:
    """One cohort fitted by one method.

    Parameters
    ----------
    seed, cohort : int
        Which: cohorts count from 1.
    truth : str
        One of ``TRUTHS``.
    method, status, status_without : str
        How, and how the fits with and without the effect of CRP ended.
    ofv, ofv_without : float
        Their objectives.
    cl, cl_crp_mg_per_L, ... : float
        Estimates of the fit with the effect, omegas as variances; ``se_`` their standard errors by the sandwich, NaN where there
        are none.
    """

    seed: int
    cohort: int
    truth: str
    method: str
    status: str
    status_without: str
    ofv: float
    ofv_without: float
    cl: float
    cl_crp_mg_per_L: float  # noqa: N815 - the parameter's name
    v: float
    omega2_cl: float
    omega2_v: float
    sigma_proportional: float
    se_cl: float
    se_cl_crp_mg_per_L: float  # noqa: N815
    se_v: float
    se_omega2_cl: float
    se_omega2_v: float
    se_sigma_proportional: float


def true_values(population: Population, truth: str) -> FloatArray:
    """Return the values that a cohort is drawn with."""
    published = np.array([one.value for one in population.parameters])
    names = [one.name for one in population.parameters]
    if truth == "none":
        published[names.index(EFFECT)] = 0.0
    return published


def drawn_cohort(number: int, truth: str, *, seed: int) -> Population:
    """Return a cohort of the published design, covariates that are missing taken as their median as in the paper."""
    model = load_model(MODEL)
    stem = [seed, number, TRUTHS.index(truth)]
    empty = virtual_cohort(model, Design(), np.random.default_rng(stem))
    bound = bind_population(model, with_model_covariates(empty, model).cohort)
    drawn = virtual_cohort(model_at(bound, true_values(bound, truth)), Design(), np.random.default_rng(stem))
    return bind_population(model, with_model_covariates(drawn, model).cohort)


def estimated(number: int, truth: str, method: str, *, seed: int) -> Row:
    """Draw a cohort and fit it with and without the effect of CRP, both from the published values."""
    population = drawn_cohort(number, truth, seed=seed)
    held = with_changes(population.parameters, initial={}, fixed={EFFECT: 0.0})
    found = _fitted(population, method, population.parameters, with_covariance=True)
    without = _fitted(population, method, held, with_covariance=False)
    estimates, errors = _estimates(found)
    return Row(
        seed,
        number,
        truth,
        method,
        found.status.name.lower(),
        without.status.name.lower(),
        found.ofv,
        without.ofv,
        *estimates,
        *errors,
    )


def _fitted(
    population: Population, method: str, parameters: tuple[PopulationParameter, ...], *, with_covariance: bool
) -> Fit:
    if method == "saem":
        return fit_by_saem(population, SaemOptions(with_covariance=with_covariance), parameters=parameters).fit
    return fit(population, FitOptions(Method(method), with_covariance=with_covariance), parameters=parameters)


def _estimates(found: Fit) -> tuple[list[float], list[float]]:
    names = [one.name for one in found.parameters]
    known = uncertainty(found, CovarianceKind.SANDWICH)
    free = [names[i] for i in found.scale.free]
    errors = dict(zip(free, known.se if known else [np.nan] * len(free), strict=True))
    return [float(found.values[names.index(name)]) for name in ESTIMATED], [float(errors[name]) for name in ESTIMATED]

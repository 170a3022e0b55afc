"""Exposure of every subject of a cohort: parameters and area over a window, with their posterior intervals."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from pkpd.data.cohort import subject_of
from pkpd.estimation.posterior import QuadratureStatus, integrate_posterior, marginal
from pkpd.exposure.metrics import (
    exposure_problem,
    log_auc_at,
    log_auc_table,
    parameter_marginals,
    parameter_tables,
    parameters_at,
)
from pkpd.problem import bind

if TYPE_CHECKING:
    from pkpd.data.cohort import Cohort
    from pkpd.estimation.posterior import Marginal
    from pkpd.model.spec import ModelSpec

PROBABILITIES = np.array([0.05, 0.5, 0.95])
"""Of the quantiles."""


@dataclass(frozen=True, slots=True)
class SubjectExposure:
    """What is known of one subject.

    Parameters
    ----------
    id : str
        The subject.
    status : QuadratureStatus
        How the integration of its posterior ended; NO_MASS where no parameters explain its levels, and nothing else is known.
    at_mode : dict of str to float
        Parameters [L/day, L, day] at the mode.
    parameters : dict of str to Marginal
        Their posterior.
    auc_at_mode : float
        Area over the window [mg day/L] at the mode; 0 without drug in it.
    auc, log_auc_cl : Marginal or None
        Posterior of the area [mg day/L] and of the logarithm of area over clearance; None without drug in the window.
    """

    id: str
    status: QuadratureStatus
    at_mode: dict[str, float]
    parameters: dict[str, Marginal]
    auc_at_mode: float
    auc: Marginal | None
    log_auc_cl: Marginal | None


@dataclass(frozen=True, slots=True)
class ExposureOf:
    """What the exposure of a cohort's subjects depends on.

    Parameters
    ----------
    model : ModelSpec
        The population model, with at least one random effect.
    cohort : Cohort
        Every covariate of the model is there.
    window : (float, float)
        From and to [day].
    """

    model: ModelSpec
    cohort: Cohort
    window: tuple[float, float]


def exposure_at(given: ExposureOf, place: int) -> SubjectExposure:
    """Return the exposure of one subject of a cohort."""
    return subject_exposure(given.model, given.cohort, place, given.window)


def subject_exposure(model: ModelSpec, cohort: Cohort, place: int, window: tuple[float, float]) -> SubjectExposure:
    """Return the exposure of one subject of a cohort.

    Parameters
    ----------
    model : ModelSpec
        The population model, with at least one random effect.
    cohort : Cohort
        Every covariate of the model is there.
    place : int
        Which subject.
    window : (float, float)
        From and to [day].
    """
    name, subject = cohort.ids[place], subject_of(cohort, place)
    posterior = integrate_posterior(bind(model, [subject]))
    if posterior.status is QuadratureStatus.NO_MASS:
        return SubjectExposure(name, posterior.status, {}, {}, math.nan, None, None)
    eta = posterior.mode.eta[0]
    tables = parameter_tables(posterior)
    problem = exposure_problem(posterior.problem, subject, window=window)
    log_auc = log_auc_at(problem, eta)
    auc = log_auc_cl = None
    if log_auc > -math.inf:
        table = log_auc_table(posterior, problem)
        auc = marginal(posterior, table, sign=-1.0, is_log=True, probabilities=PROBABILITIES)
        log_auc_cl = marginal(posterior, table - tables[0], sign=-1.0, is_log=False, probabilities=PROBABILITIES)
    return SubjectExposure(
        name,
        posterior.status,
        parameters_at(posterior.problem, eta),
        parameter_marginals(posterior, tables, PROBABILITIES),
        math.exp(log_auc),
        auc,
        log_auc_cl,
    )

"""Exposure of every subject at the nodes of the exact likelihood: what a model of events depends on."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from pkpd.kernels.exposure import exposure_at_nodes, exposure_of_population
from pkpd.likelihood.population import Population, bind_population, model_at, packed_at
from pkpd.problem import refuse_forecasts

if TYPE_CHECKING:
    from pkpd.arrays import FloatArray
    from pkpd.data.cohort import Cohort
    from pkpd.likelihood.marginal import Nodes
    from pkpd.model.spec import ModelSpec


@dataclass(frozen=True, slots=True)
class WindowExposure:
    """The regimens of a population and a window, whose exposure is asked for.

    Parameters
    ----------
    population : Population
        The subjects with given and planned doses; samples and covariates are those of the likelihood.
    start : (n_subjects,) array
        Time of each subject's first event [day].
    window : (2,) array
        From and to [day].
    """

    population: Population
    start: FloatArray
    window: FloatArray


def window_exposure(model: ModelSpec, cohort: Cohort, window: tuple[float, float]) -> WindowExposure:
    """Bind a cohort with given and planned doses for areas over a window [day]."""
    refuse_forecasts(model)
    first = first_events(cohort, window[0])
    return WindowExposure(bind_population(model, cohort, times=window), first, np.array(window))


def first_events(cohort: Cohort, at_most: float) -> FloatArray:
    """Return the time of each subject's first dose, record of covariates or sample, or a time before all of them, (n_subjects,) [day]."""
    first = np.full(cohort.n_subjects, at_most)
    for times, starts in (
        (cohort.dose_time, cohort.dose_start),
        (cohort.row_time, cohort.row_start),
        (cohort.sample_time, cohort.sample_start),
    ):
        np.minimum.at(first, np.repeat(np.arange(cohort.n_subjects), np.diff(starts)), times)
    return first


def log_exposure_at(given: WindowExposure, values: FloatArray, nodes: Nodes) -> tuple[FloatArray, FloatArray]:
    """Return ln of the area over the window [mg day/L] and ln of the clearance [L/day] at every node.

    Parameters
    ----------
    given : WindowExposure
        Regimens and window.
    values : (n_parameters,) array
        Values of the population's parameters.
    nodes : Nodes
        Of the same subjects.

    Returns
    -------
    (n_all_nodes,) and (n_all_nodes,) arrays
        The former is -inf where there is no drug in the window.
    """
    packed = packed_at(given.population, model_at(given.population, values))
    n = int(nodes.node_start[-1])
    log_area, log_clearance = np.empty(n), np.empty(n)
    exposure_at_nodes(
        packed,
        nodes.line_start,
        nodes.outer,
        nodes.low,
        nodes.step,
        nodes.n_nodes,
        nodes.node_start,
        given.start,
        given.window,
        log_area,
        log_clearance,
    )
    return log_area, log_clearance


def log_exposure_at_modes(given: WindowExposure, values: FloatArray, eta: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Return ln of the area over the window [mg day/L] and ln of the clearance [L/day] of every subject at given random effects.

    Parameters
    ----------
    given : WindowExposure
        Regimens and window.
    values : (n_parameters,) array
        Values of the population's parameters.
    eta : (n_subjects, n_eta) array
        Random effects.

    Returns
    -------
    (n_subjects,) and (n_subjects,) arrays
        The former is -inf where there is no drug in the window.
    """
    packed = packed_at(given.population, model_at(given.population, values))
    log_area, log_clearance = np.empty(len(eta)), np.empty(len(eta))
    exposure_of_population(packed, eta, given.start, given.window, log_area, log_clearance)
    return log_area, log_clearance

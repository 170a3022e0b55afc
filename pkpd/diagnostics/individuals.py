"""Individual parameters of a fitted cohort, one line for each subject: what an exposure or a covariate plot starts from."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from pkpd.kernels.predict_all import parameters_all
from pkpd.likelihood.centres import individual_population
from pkpd.likelihood.population import model_at, occasions_of, packed_at
from pkpd.model.spec import has_two_compartments, is_oral

if TYPE_CHECKING:
    from pkpd.arrays import FloatArray
    from pkpd.estimation.fit import Fit

_COLUMNS = {"v_L": 1, "cl_L_per_day": 4, "half_life_day": 5}
_TWO_COMPARTMENTS = {"v1_L": 1, "q_L_per_day": 2, "v2_L": 3, "cl_L_per_day": 4, "half_life_day": 5}

_ABSORPTION = {"ka_per_day": 6}


def individual_parameters(fit: Fit) -> dict[str, FloatArray]:
    """Return every subject's parameters at the random effects of the fit, under its first covariate row.

    Returns
    -------
    dict of str to (n_subjects,) array
        cl_L_per_day, then v_L or v1_L, q_L_per_day and v2_L, then half_life_day (terminal), and ka_per_day of oral models.
    """
    population = fit.population
    values = np.empty((population.n_subjects, 7))
    shifted = individual_population(population, fit.evaluation)
    parameters_all(packed_at(shifted, model_at(population, fit.values)), fit.evaluation.eta, values)
    two = has_two_compartments(population.model.parameterization)
    columns = (_TWO_COMPARTMENTS if two else _COLUMNS) | (
        _ABSORPTION if is_oral(population.model.parameterization) else {}
    )
    order = sorted(columns, key=lambda name: (name != "cl_L_per_day", columns[name]))
    return {name: values[:, columns[name]] for name in order}


def effect_columns(fit: Fit) -> dict[str, tuple[FloatArray, FloatArray]]:
    """Return every random effect of the subjects with its standard error.

    Returns
    -------
    dict of str to (n_subjects,) arrays
        By name: ``cl``, and ``iov_cl_1``, ``iov_cl_2`` of the first and second occasion; NaN where a subject has no such occasion.
    """
    population = fit.population
    own, each = population.model.etas, population.model.occasion_etas
    has, se = occasions_of(population), np.sqrt(np.einsum("nii->ni", fit.evaluation.covariance))
    columns = {name: (fit.evaluation.eta[:, i], se[:, i]) for i, name in enumerate(own)}
    for occasion in range(population.n_occasions):
        for i, name in enumerate(each):
            place = len(own) + len(each) * occasion + i
            eta, error = fit.evaluation.eta[:, place], se[:, place]
            is_there = has[:, occasion]
            columns[f"{name}_{occasion + 1}"] = np.where(is_there, eta, np.nan), np.where(is_there, error, np.nan)
    return columns

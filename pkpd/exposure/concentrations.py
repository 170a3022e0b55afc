"""Concentrations over a posterior: bands, averages' tables, and where samples lie among those expected."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from pkpd.data.records import Censoring
from pkpd.kernels.advance import subject_at
from pkpd.kernels.exposure import log_concentrations_on_lines
from pkpd.kernels.quadrature import quantiles
from pkpd.kernels.residual import probability_of_lower_level

if TYPE_CHECKING:
    from pkpd.arrays import FloatArray
    from pkpd.data.records import Subject
    from pkpd.estimation.posterior import Posterior
    from pkpd.problem import Problem

_MOST_LINES = 1024


@dataclass(frozen=True, slots=True)
class ConcentrationBands:
    """Posterior quantiles of the concentration itself (not of a measurement of it).

    Parameters
    ----------
    times : (n_times,) array
        Times [day].
    probabilities : (n,) array
        Ascending.
    quantiles : (n_times, n) array
        Concentrations [mg/L].
    """

    times: FloatArray
    probabilities: FloatArray
    quantiles: FloatArray


def concentration_bands(
    posterior: Posterior, problem: Problem, times: FloatArray, probabilities: FloatArray
) -> ConcentrationBands:
    """Return posterior bands of the concentration.

    With three random effects or more at most about a thousand of the lines are used: a table of every time at every node
    would not fit into memory, and a band is drawn, not computed with.

    Parameters
    ----------
    posterior : Posterior
        The posterior.
    problem : Problem
        The same subject bound with ``times`` as wanted times (``curve_problem``) and the regimen to predict.
    times : (n_times,) array
        The wanted times [day].
    probabilities : (n,) array
        Ascending.
    """
    kept = _lines_used(posterior)
    tables = log_concentration_tables(posterior, problem, kept)
    mass = posterior.integral[kept, -1].sum()
    density, integral = posterior.density[kept] / mass, posterior.integral[kept] / mass
    result = np.empty((times.size, probabilities.size))
    for t, table in enumerate(tables):
        quantiles(table, -1.0, posterior.step[kept], density, integral, probabilities, result[t])
    values = np.exp(result)
    values[values < 1e-300] = 0.0
    return ConcentrationBands(times, probabilities, values)


def _lines_used(posterior: Posterior) -> slice:
    """Return every line of a plane, and every few of the many lines through a lattice (a coarser lattice)."""
    return slice(None, None, max(1, len(posterior.low) // _MOST_LINES) if posterior.problem.n_eta > 2 else 1)


def log_concentration_tables(posterior: Posterior, problem: Problem, kept: slice) -> FloatArray:
    """Return ln of the concentration at the wanted times and every node of some lines, (n_times, n_lines, n_nodes)."""
    tables = np.empty((problem.n_wanted, *posterior.density[kept].shape))
    packed = problem.subjects._replace(
        frame=posterior.problem.subjects.frame, line_scale=posterior.problem.subjects.line_scale
    )
    log_concentrations_on_lines(
        subject_at(packed, 0),
        posterior.outer[kept],
        posterior.low[kept],
        posterior.step[kept],
        problem.subjects.observations.shape[0],
        tables,
    )
    return tables


def measurement_percentiles(prior: Posterior, subject: Subject, problem: Problem) -> FloatArray:
    """Return the probability of a measurement below each sample's level (or limit) before anything was measured.

    Parameters
    ----------
    prior : Posterior
        Integrated without samples.
    subject : Subject
        The subject with its samples.
    problem : Problem
        The subject bound with the sample times as wanted times, in the order of the samples.

    Returns
    -------
    (n_samples,) array
        Probabilities, over the random effects and the residual error.
    """
    kept = _lines_used(prior)
    weight = prior.density[kept] * prior.step[kept, None]
    weight = weight / weight.sum()
    result = np.empty(len(subject.samples))
    errors = problem.subjects.observations[:, 4:6]
    for i, (sample, table) in enumerate(
        zip(subject.samples, log_concentration_tables(prior, problem, kept), strict=True)
    ):
        value = {Censoring.BELOW: sample.lloq, Censoring.ABOVE: sample.uloq}.get(sample.censoring, sample.level)
        result[i] = probability_of_lower_level(weight, table, value, *errors[i])
    return result

"""Exposure metrics of one subject: parameters, areas under the curve, ln(AUC/CL), and their posterior distributions."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from pkpd.estimation.grid import is_half_life_straight
from pkpd.estimation.posterior import Marginal, constant_marginal, marginal, outer_marginal, straight_marginal
from pkpd.kernels.advance import clearance, individual_parameters, subject_at, terminal_half_life
from pkpd.kernels.codes import N_PARAMETERS
from pkpd.kernels.exposure import log_auc, log_auc_on_lines, parameters_on_lines
from pkpd.kernels.quadrature import table_moments
from pkpd.model.spec import PARAMETER_NAMES, Parameterization, RandomEffectShape, has_two_compartments
from pkpd.problem import Problem, bind, take_subject

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pkpd.arrays import FloatArray
    from pkpd.data.records import Subject
    from pkpd.estimation.posterior import Posterior
    from pkpd.model.spec import ModelSpec

WEEK_2_TO_4 = (14.0, 28.0)
"""Window of the paper's exposure metric [day]."""

# A parameter that varies less than this along the lines, in units of its change from one line to the next, has its
# distribution from across them.
_LITTLE = 0.3
PARAMETER_TABLES = {"cl": 0, "v": 1, "v1": 1, "q": 2, "v2": 3, "half_life": 4}
"""Place of each parameter in ``parameter_tables``."""


@dataclass(frozen=True, slots=True)
class ExposureProblem:
    """A regimen whose exposure is asked for: the same model and subject, with the window's ends among the events.

    Parameters
    ----------
    problem : Problem
        Regimen of one subject; its samples are those of the posterior, so that the covariates act at the same times.
    start : (1,) array
        Time of the first event [day].
    window : (2,) array
        From and to [day].
    """

    problem: Problem
    start: FloatArray
    window: FloatArray


def exposure_problem(
    posterior_problem: Problem, subject: Subject, *, window: tuple[float, float] = WEEK_2_TO_4
) -> ExposureProblem:
    """Bind a subject with given and planned doses for areas over a window.

    Parameters
    ----------
    posterior_problem : Problem
        Problem of the posterior that the areas are taken over.
    subject : Subject
        The same subject with the regimen in question.
    window : (float, float)
        From and to [day].
    """
    return exposure_problems(posterior_problem, [subject], window=window)[0]


def exposure_problems(
    posterior_problem: Problem, subjects: Sequence[Subject], *, window: tuple[float, float] = WEEK_2_TO_4
) -> list[ExposureProblem]:
    """Bind one subject with several regimens for areas over a window, at the cost of one.

    Parameters
    ----------
    posterior_problem : Problem
        Problem of the posterior that the areas are taken over.
    subjects : sequence of Subject
        The same subject with each regimen in question.
    window : (float, float)
        From and to [day].
    """
    together = bind(posterior_problem.model, subjects, times=np.array(window))
    ends = np.array(window)
    return [
        ExposureProblem(take_subject(together, number), np.array([_first_event(subject, window[0])]), ends)
        for number, subject in enumerate(subjects)
    ]


def _first_event(subject: Subject, start: float) -> float:
    return min(
        start,
        *(dose.time_day for dose in subject.doses),
        *(row.time_day for row in subject.covariates),
        *(sample.time_day for sample in subject.samples),
    )


def parameter_names(problem: Problem) -> tuple[str, ...]:
    """Return CL and the volumes that the model of a problem reports, then the half-life."""
    return reported_parameters(problem.model)


def reported_parameters(model: ModelSpec) -> tuple[str, ...]:
    """Return CL and the volumes that a model reports, then the half-life."""
    if has_two_compartments(model.parameterization):
        return (*PARAMETER_NAMES[Parameterization.CL_V1_Q_V2], "half_life")
    return ("cl", "v", "half_life")


def parameters_at(problem: Problem, eta: FloatArray, *, epoch: int = -1) -> dict[str, float]:
    """Return one subject's parameters and terminal half-life for given random effects.

    Parameters
    ----------
    eta : (n_eta,) array
        Random effects.
    epoch : int
        Covariate row; the last one where left out.

    Returns
    -------
    dict of str to float
        cl [L/day], v or v1, q, v2 [L, L/day, L], half_life [day].
    """
    subject = subject_at(problem.subjects, 0)
    values = np.empty(N_PARAMETERS)
    individual_parameters(subject, epoch % subject.log_typical.shape[0], eta, values)
    named = {"cl": clearance(subject, values), "half_life": terminal_half_life(subject, values)}
    for name in parameter_names(problem)[1:-1]:
        named[name] = float(values[PARAMETER_TABLES[name]])
    return {name: float(named[name]) for name in parameter_names(problem)}


def log_auc_at(exposure: ExposureProblem, eta: FloatArray) -> float:
    """Return ln of the area over the window [mg day/L] for given random effects; -inf without drug in it."""
    return float(log_auc(subject_at(exposure.problem.subjects, 0), eta, exposure.start, exposure.window))


def parameter_tables(posterior: Posterior) -> FloatArray:
    """Return ln of CL, central volume, Q, V2 and half-life at every node of the posterior, (5, n_lines, n_nodes)."""
    tables = np.empty((5, *posterior.density.shape))
    subject = posterior.subject
    last = subject.log_typical.shape[0] - 1
    parameters_on_lines(subject, posterior.outer, posterior.low, posterior.step, last, tables)
    return tables


def log_auc_table(posterior: Posterior, exposure: ExposureProblem) -> FloatArray:
    """Return ln of the area over the window at every node of the posterior, (n_lines, n_nodes)."""
    table = np.empty(posterior.density.shape)
    packed = exposure.problem.subjects
    subject = subject_at(
        packed._replace(frame=posterior.problem.subjects.frame, line_scale=posterior.problem.subjects.line_scale), 0
    )
    log_auc_on_lines(subject, posterior.outer, posterior.low, posterior.step, exposure.start, exposure.window, table)
    return table


def parameter_marginals(posterior: Posterior, tables: FloatArray, probabilities: FloatArray) -> dict[str, Marginal]:
    """Return the posterior distribution of every parameter and of the half-life.

    Parameters
    ----------
    tables : (5, n_lines, n_nodes) array
        From ``parameter_tables``.
    probabilities : (n,) array
        Probabilities of the quantiles, ascending.
    """
    return {
        name: _parameter_marginal(posterior, name, tables[PARAMETER_TABLES[name]], probabilities)
        for name in parameter_names(posterior.problem)
    }


def _parameter_marginal(posterior: Posterior, name: str, table: FloatArray, probabilities: FloatArray) -> Marginal:
    """Return a parameter's distribution, over the lines where it varies along them and across them otherwise."""
    problem = posterior.problem
    if np.ptp(table) < 1e-12:
        return constant_marginal(math.exp(table[0, 0]), probabilities)
    shaped = _shaped_eta(problem.model, name)
    if problem.n_eta > 2 and shaped is not None:
        found = _marginal_by_eta(posterior, name, shaped, table, probabilities)
        if found is not None:
            return found
    elif problem.n_eta > 2:
        width = _largest_straight_step(posterior, name)
        if _spread_along_lines(posterior, table) < _LITTLE * width:
            return straight_marginal(posterior, table, width, is_log=True, probabilities=probabilities)
    elif np.ptp(table[0]) < 1e-12:
        return outer_marginal(posterior, table[:, 0].copy(), is_log=True, probabilities=probabilities)
    sign = -1.0 if name == "half_life" else 1.0
    return marginal(posterior, table, sign=sign, is_log=True, probabilities=probabilities)


def _largest_straight_step(posterior: Posterior, name: str) -> float:
    """Return the largest change of ln of a parameter from a line to the next along an axis on which it is straight.

    A parameter of a single term with an exponential random effect is straight along every axis, the half-life along the first (``grid.first_axis``). 0 where
    there is none.
    """
    problem = posterior.problem
    axes = posterior.axes.T
    if name == "half_life":
        axes = axes[: int(is_half_life_straight(problem))]
    elif not _is_straight(problem.model, name):
        axes = axes[:0]
    factor = problem.subjects.omega_cholesky[0] @ problem.subjects.frame[0][:, 1:]
    here = math.log(parameters_at(problem, np.zeros(problem.n_eta))[name])
    return max((abs(math.log(parameters_at(problem, factor @ axis)[name]) - here) for axis in axes), default=0.0)


def _is_straight(model: ModelSpec, name: str) -> bool:
    """Return whether ln of a parameter is a straight line along every direction."""
    own = [term for term in model.terms if term.parameter == name]
    # The clearance of a model with a rate constant is a product of both parameters.
    return len(own) <= 1 and all(term.shape is RandomEffectShape.EXPONENTIAL for term in own or model.terms)


def _shaped_eta(model: ModelSpec, name: str) -> int | None:
    """Return the random effect that a parameter is a function of, where that is not the exponential; None otherwise."""
    own = [term for term in model.terms if term.parameter == name]
    if len(own) != 1 or own[0].eta is None or own[0].shape is RandomEffectShape.EXPONENTIAL:
        return None
    return model.etas.index(own[0].eta)


def _marginal_by_eta(
    posterior: Posterior, name: str, place: int, table: FloatArray, probabilities: FloatArray
) -> Marginal | None:
    """Return the distribution of a parameter that rises with a single random effect, from that of the effect.

    None where the effect varies along the lines, so that the parameter's distribution comes from there.
    """
    problem = posterior.problem
    factor = problem.subjects.omega_cholesky[0] @ problem.subjects.frame[0]
    nodes: FloatArray = np.arange(float(posterior.density.shape[1]))
    along: FloatArray = posterior.low[:, None] + posterior.step[:, None] * nodes
    eta: FloatArray = factor[place, 0] * along + (posterior.outer @ factor[place, 1:])[:, None]
    width = float(np.abs(factor[place, 1:] @ posterior.axes).max(initial=0.0))
    if _spread_along_lines(posterior, eta) >= _LITTLE * width:
        return None
    of_eta = straight_marginal(posterior, eta, width, is_log=False, probabilities=probabilities)
    direction = np.eye(problem.n_eta)[place]
    quantiles = np.array([parameters_at(problem, direction * value)[name] for value in of_eta.quantiles])
    mean, sd = table_moments(table, True, posterior.step, posterior.density)  # noqa: FBT003 - a kernel's
    return Marginal(mean, sd, probabilities, quantiles)


def _spread_along_lines(posterior: Posterior, table: FloatArray) -> float:
    """Return the root mean square standard deviation of a quantity along the lines."""
    mass = posterior.density * posterior.step[:, None]
    total = np.maximum(mass.sum(axis=1), 1e-300)
    mean = (mass * table).sum(axis=1) / total
    return math.sqrt(float((mass * (table - mean[:, None]) ** 2).sum()))

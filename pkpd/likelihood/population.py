"""A model bound to a population: objectives and gradients at any values of its parameters.

The events of the subjects are packed once; a new point changes only typical values, random-effect covariance and error.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from pkpd.errors import InputError
from pkpd.errors import Problem as InputProblem
from pkpd.kernels.codes import ADDITIVE, CENSORED, EXPONENT, PROPORTIONAL, PackedSubjects
from pkpd.kernels.laplace import Approximation, Directions, approximate
from pkpd.kernels.residual import LOG_2PI
from pkpd.model.parameters import log_typical_terms
from pkpd.model.population import (
    ParameterKind,
    PopulationParameter,
    is_shape,
    log_typical_slopes,
    population_parameters,
    with_all_values,
)
from pkpd.model.residual import error_group
from pkpd.problem import (
    Problem,
    bind_cohort,
    error_exponent,
    error_groups,
    group_errors,
    line_frames,
    n_occasions_of,
    omega_factors,
    shape_parameters,
)

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pkpd.arrays import BoolArray, FloatArray, IntArray
    from pkpd.data.cohort import Cohort
    from pkpd.model.spec import ModelSpec

# In the order of ``Directions.error``.
_ERROR_PARTS = ("additive", "proportional", "exponent")


@dataclass(frozen=True, slots=True)
class Population:
    """A model and the subjects that it is fitted to.

    Parameters
    ----------
    model : ModelSpec
        The model at its own values.
    cohort : Cohort
        The data.
    parameters : tuple of PopulationParameter
        Its parameters, in the order of every gradient.
    packed : PackedSubjects
        The subjects at those values.
    covariates : dict of str to (n_rows,) array
        Covariates of every row.
    n_rows : int
        Number of covariate rows of all subjects.
    first_rows : (n_subjects,) array
        First covariate row of each subject, which the variances of the random effects are taken at.
    groups : tuple of str or None
        Assays or centres whose observations may have an error of their own.
    group : (n_observations,) array
        Group of each observation.
    log_shift : (n_rows, n_terms) array or None
        What is added to the logarithms of the typical values: the effects of centres (``centres.shifted``).
    weight : (n_subjects,) array or None
        How often each subject counts in the objective of the population; once where None.
    """

    model: ModelSpec
    cohort: Cohort
    parameters: tuple[PopulationParameter, ...]
    packed: PackedSubjects
    covariates: dict[str, FloatArray]
    n_rows: int
    first_rows: IntArray
    groups: tuple[str | None, ...]
    group: IntArray
    log_shift: FloatArray | None = None
    weight: FloatArray | None = None

    @property
    def n_subjects(self) -> int:
        """Return the number of subjects."""
        return self.packed.event_start.size - 1

    @property
    def n_eta(self) -> int:
        """Return the number of random effects of a subject, those of its occasions included."""
        return self.packed.omega_cholesky.shape[1]

    @property
    def n_occasions(self) -> int:
        """Return the largest number of occasions of a subject."""
        return n_occasions_of(self.cohort)


@dataclass(frozen=True, slots=True)
class Evaluation:
    """An objective at one point.

    Parameters
    ----------
    ofv_i : (n_subjects,) array
        Each subject's objective, log 2 pi of quantified observations left out, as NONMEM prints it.
    white : (n_subjects, n_eta) array
        Empirical Bayes estimates, whitened: where the next search starts.
    eta : (n_subjects, n_eta) array
        The same as random effects.
    covariance : (n_subjects, n_eta, n_eta) array
        Conditional variance of the random effects (NONMEM's ETC).
    flatness : (n_subjects,) array
        Largest conditional variance of a whitened random effect: the prior's is 1. Where it is much more, the mode is flat, and an
        approximation by its curvature worthless.
    gradient : (n_subjects, n_parameters) array
        Derivatives of ``ofv_i`` with respect to every parameter; empty where not asked for. With effects of centres, a row for
        each centre.
    status : (n_subjects,) array
        How each subject's search ended (``kernels.mode``, ``kernels.laplace``).
    """

    ofv_i: FloatArray
    white: FloatArray
    eta: FloatArray
    covariance: FloatArray
    flatness: FloatArray
    gradient: FloatArray
    status: IntArray

    @property
    def ofv(self) -> float:
        """Return the objective of the population."""
        return float(self.ofv_i.sum())


def total_of(population: Population, by_subject: FloatArray) -> FloatArray:
    """Return the sum over subjects, the first axis, each counted as often as it does."""
    return by_subject.sum(axis=0) if population.weight is None else population.weight @ by_subject


def scores_of(population: Population, by_subject: FloatArray) -> FloatArray:
    """Return subjects' derivatives whose sum of squares counts each as often as it does, (n_subjects, n)."""
    return by_subject if population.weight is None else np.sqrt(population.weight)[:, None] * by_subject


def bind_population(model: ModelSpec, cohort: Cohort, *, times: Sequence[float] = ()) -> Population:
    """Bind a model to a cohort.

    Parameters
    ----------
    model : ModelSpec
        The model.
    cohort : Cohort
        At least one subject, each with at least one covariate row; no covariate of the model is missing.
    times : sequence of float
        Times [day] that are events of every subject, such as the ends of a window of exposure.

    Raises
    ------
    InputError
        As ``problem.bind_cohort``.
    """
    groups, group = error_groups(model, cohort)
    return Population(
        model=model,
        cohort=cohort,
        parameters=hold_idle_errors(population_parameters(model), model, cohort),
        packed=bind_cohort(model, cohort, times=times).subjects,
        covariates={name: cohort.covariates[name] for name in model.covariates},
        n_rows=cohort.row_time.size,
        first_rows=cohort.row_start[:-1],
        groups=groups,
        group=group,
    )


def hold_idle_errors(
    parameters: Sequence[PopulationParameter], model: ModelSpec, cohort: Cohort
) -> tuple[PopulationParameter, ...]:
    """Return parameters with the residual errors held that no level of a cohort has.

    Where every level names an assay that the model knows, that is the general error: free, it would leave no covariance matrix.
    """
    groups, group = error_groups(model, cohort)
    if not group.size:
        return tuple(parameters)
    used = {error_group(model, groups[int(g)]) for g in np.unique(group)}
    return tuple(
        replace(one, is_fixed=True) if _is_error_of_a_group(one) and one.place[1] not in used else one
        for one in parameters
    )


def idle_errors(population: Population) -> tuple[str, ...]:
    """Return the names of the residual errors that no level of a population has."""
    free = tuple(replace(one, is_fixed=False) for one in population.parameters)
    held = hold_idle_errors(free, population.model, population.cohort)
    return tuple(one.name for one in held if one.is_fixed)


def _is_error_of_a_group(one: PopulationParameter) -> bool:
    return one.kind is ParameterKind.SIGMA and one.place[0] in ("additive", "proportional")


def check_occasions_and_centres(model: ModelSpec, cohort: Cohort) -> None:
    """Refuse a model with effects of occasions or centres for a cohort that has a single one, which tells nothing of their variance.

    Raises
    ------
    InputError
        With one problem for each.
    """
    problems: list[InputProblem] = []
    found = (
        (model.occasion_etas, n_occasions_of(cohort), "inter-occasion variability", "occasion", "OCC", "iov"),
        (model.centre_etas, np.unique(cohort.centre).size, "random effects of centres", "centre", "CENTRE", "centre"),
    )
    for etas, n, what, one, column, section in found:
        if etas and n == 1:
            names = ", ".join(name.removeprefix(f"{section}_") for name in etas)
            message = f"has {what} on {names}, and the cohort a single {one}"
            message += f"; give the {one}s in a column {column}, or leave [{section}] out"
            problems.append(InputProblem(model.id, message))
    if problems:
        raise InputError(problems)


def model_at(population: Population, values: FloatArray) -> ModelSpec:
    """Return the model with other values of all its parameters, in their order."""
    return with_all_values(population.model, population.parameters, values)


def packed_at(population: Population, model: ModelSpec, *, with_lines: bool = True) -> PackedSubjects:
    """Return the packed subjects of a population at another point; the lines of the quadrature too, if asked for."""
    packed = population.packed
    # Copied, since kernels are compiled anew for arrays that may not be written to or lie otherwise in memory.
    log_typical = np.array(
        np.broadcast_to(log_typical_terms(model, population.covariates).T, (population.n_rows, len(model.terms))),
        order="C",
    )
    if population.log_shift is not None:
        log_typical = log_typical + population.log_shift
    observations = packed.observations.copy()
    observations[:, ADDITIVE : PROPORTIONAL + 1] = group_errors(model, population.groups)[population.group]
    observations[:, EXPONENT] = error_exponent(model)
    first = {name: values[population.first_rows] for name, values in population.covariates.items()}
    factors = omega_factors(model, first, population.n_subjects, population.n_occasions)
    moved = packed._replace(
        log_typical=log_typical,
        observations=observations,
        shape=shape_parameters(model),
        omega_cholesky=factors,
    )
    if not with_lines:
        return moved
    frame, line_scale = line_frames(model, factors)
    return moved._replace(frame=frame, line_scale=line_scale)


def evaluate(
    population: Population,
    values: FloatArray,
    method: Approximation,
    *,
    start: FloatArray | None = None,
    with_gradient: bool = True,
) -> Evaluation:
    """Return a conditional objective at some values of the parameters.

    Parameters
    ----------
    population : Population
        Model and subjects.
    values : (n_parameters,) array
        Values in the order of the population's parameters.
    method : Approximation
        Which of NONMEM's objectives.
    start : (n_subjects, n_eta) array, optional
        Where the searches for the empirical Bayes estimates begin, whitened; zero where left out.
    with_gradient : bool
        Whether the gradient is wanted.
    """
    model = model_at(population, values)
    # The approximations integrate along no lines.
    packed = packed_at(population, model, with_lines=False)
    n, n_eta = population.n_subjects, population.n_eta
    basis = basis_at(population, model)
    n_directions = basis.directions.log_typical.shape[0]
    white = np.zeros((n, n_eta)) if start is None else start.copy()
    ofv, status = np.empty(n), np.empty(n, dtype=np.int64)
    covariance, bracket = np.empty((n, n_eta, n_eta)), np.empty((n, n_eta, n_eta))
    along = np.empty((n, n_directions))
    approximate(packed, int(method), basis.directions, with_gradient, white, ofv, covariance, along, bracket, status)
    factor = packed.omega_cholesky
    gradient = gradient_from(population, model, basis, along, bracket, factor) if with_gradient else np.empty((n, 0))
    return Evaluation(
        ofv_i=ofv - LOG_2PI * quantified_by_subject(population),
        white=white,
        eta=np.einsum("nij,nj->ni", factor, white),
        covariance=factor @ covariance @ factor.transpose(0, 2, 1),
        flatness=flatness_of(covariance),
        gradient=gradient,
        status=status,
    )


def occasions_of(population: Population) -> BoolArray:
    """Return which occasions each subject has, (n_subjects, n_occasions)."""
    has = np.zeros((population.n_subjects, population.n_occasions), dtype=np.bool_)
    has[
        np.repeat(np.arange(population.n_subjects), np.diff(population.cohort.row_start)), population.cohort.occasion
    ] = True
    return has


def flatness_of(covariance: FloatArray) -> FloatArray:
    """Return the largest variance of each subject's whitened random effects."""
    variances = np.diagonal(covariance, axis1=1, axis2=2)
    return np.abs(variances).max(axis=1, initial=0.0)


def problem_at(population: Population, values: FloatArray) -> Problem:
    """Return the population as a problem of ``estimation.map`` and ``estimation.posterior``."""
    model = model_at(population, values)
    return Problem(model, packed_at(population, model), 0)


def quantified_by_subject(population: Population) -> FloatArray:
    """Return the number of quantified observations of each subject."""
    is_quantified = population.packed.observations[:, CENSORED] == 0.0
    return np.add.reduceat(
        np.concatenate((is_quantified, [False])).astype(np.float64), population.packed.observation_start[:-1]
    ) * (np.diff(population.packed.observation_start) > 0)


@dataclass(frozen=True, slots=True)
class Basis:
    """Directions of the kernels, and what the gradient of the thetas is made of from them.

    Parameters
    ----------
    directions : Directions
        As the kernel takes them.
    slopes : (n_theta, n_rows, n_terms) array
        How the typical values change with the thetas, those of shapes left out.
    is_by_term : bool
        Whether the first directions are the terms, since every subject has a single row, or the thetas. Those of the shapes follow,
        then those of the residual error.
    """

    directions: Directions
    slopes: FloatArray
    is_by_term: bool


def basis_at(population: Population, model: ModelSpec, *, by_theta: bool = False) -> Basis:
    """Return the directions of a population's gradient at a point; those of the thetas, if asked for, even where terms are fewer."""
    n_terms, n_rows = len(model.terms), population.n_rows
    slopes = log_typical_slopes(model, population.parameters, population.covariates, n_rows)
    is_by_term = n_rows == population.n_subjects and not by_theta
    along = np.repeat(np.eye(n_terms)[:, None, :], n_rows, axis=1) if is_by_term else slopes
    shapes = [p for p in population.parameters if is_shape(p)]
    sigmas = [p for p in population.parameters if p.kind is ParameterKind.SIGMA]
    n_first, n_directions = len(along), len(along) + len(shapes) + len(sigmas)
    log_typical = np.zeros((n_directions, n_rows, n_terms))
    log_typical[:n_first] = along
    shape = np.zeros((n_directions, n_terms))
    for k, parameter in enumerate(shapes):
        shape[n_first + k, int(parameter.place[1] or 0)] = 1.0
    error = np.zeros((n_directions, len(population.groups), 3))
    keys = [error_group(model, name) for name in population.groups]
    for s, parameter in enumerate(sigmas):
        part, wanted = parameter.place[:2]
        for g, key in enumerate(keys):
            if key == wanted or part == "exponent":
                error[n_first + len(shapes) + s, g, _ERROR_PARTS.index(str(part))] = 1.0
    return Basis(Directions(log_typical, shape, error, population.group), slopes, is_by_term)


def gradient_from(
    population: Population,
    model: ModelSpec,
    basis: Basis,
    along: FloatArray,
    bracket: FloatArray,
    factor: FloatArray,
) -> FloatArray:
    """Return the derivatives with respect to every parameter from those along the directions and in Omega."""
    n_theta = len(basis.slopes)
    n_first = len(model.terms) if basis.is_by_term else n_theta
    n_shapes = sum(is_shape(p) for p in population.parameters)
    first = along[:, :n_first]
    by_theta = np.einsum("it,kit->ik", first, basis.slopes) if basis.is_by_term else first
    inverse = np.linalg.inv(factor)
    by_omega = inverse.transpose(0, 2, 1) @ bracket @ inverse
    columns = [by_theta.reshape(-1, n_theta), along[:, n_first : n_first + n_shapes]]
    columns += [
        omega_slope(population, model, parameter, by_omega)[:, None]
        for parameter in population.parameters
        if parameter.kind is ParameterKind.OMEGA
    ]
    columns.append(along[:, n_first + n_shapes :])
    return np.concatenate(columns, axis=1)


def omega_slope(
    population: Population, model: ModelSpec, parameter: PopulationParameter, by_omega: FloatArray
) -> FloatArray:
    """Return the derivative by one parameter of Omega from that by its entries, (..., n_subjects, n_eta, n_eta)."""
    what, first, second = parameter.place
    if first in model.occasion_etas:
        other = first if what == "omega2" else second
        blocks = _occasion_blocks(population, model, by_omega)
        row, column = model.occasion_etas.index(str(first)), model.occasion_etas.index(str(other))
        return (1.0 if what == "omega2" else 2.0) * blocks[..., row, column].sum(axis=-1)
    if first in model.centre_etas:
        # It is no parameter of a subject's likelihood given the effects of its centre.
        return np.zeros(len(by_omega))
    row = model.etas.index(str(first))
    if what == "covariance":
        return 2.0 * by_omega[..., row, model.etas.index(str(second))]
    slope = by_omega[..., row, row]
    covariate = model.variances[row].covariate
    if covariate is None:
        return slope
    return np.where(population.covariates[covariate][population.first_rows] == second, slope, 0.0)


def _occasion_blocks(population: Population, model: ModelSpec, by_omega: FloatArray) -> FloatArray:
    """Return the blocks of the occasions on the diagonal, (n_subjects, n_occasions, n_each, n_each)."""
    n_own, n_each = len(model.etas), len(model.occasion_etas)
    starts = n_own + n_each * np.arange(population.n_occasions)
    places = starts[:, None] + np.arange(n_each)
    return by_omega[..., places[:, :, None], places[:, None, :]]

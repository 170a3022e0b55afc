"""A model bound to a population: objectives and gradients at any values of its parameters.

The events of the subjects are packed once; a new point changes only typical values, random-effect covariance and error.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from pkpd.kernels.codes import ADDITIVE, CENSORED, PROPORTIONAL, PackedSubjects
from pkpd.kernels.laplace import Approximation, Directions, approximate
from pkpd.kernels.residual import LOG_2PI
from pkpd.model.parameters import log_typical_terms
from pkpd.model.population import (
    ParameterKind,
    PopulationParameter,
    log_typical_slopes,
    population_parameters,
    with_values,
)
from pkpd.model.residual import residual_sd_parameters
from pkpd.problem import Problem, bind_cohort, line_frames, omega_factors

if TYPE_CHECKING:
    from pkpd.arrays import FloatArray, IntArray
    from pkpd.data.cohort import Cohort
    from pkpd.model.spec import ModelSpec


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
    assays : tuple of str or None
        Groups of observations with an error of their own.
    group : (n_observations,) array
        Group of each observation.
    """

    model: ModelSpec
    cohort: Cohort
    parameters: tuple[PopulationParameter, ...]
    packed: PackedSubjects
    covariates: dict[str, FloatArray]
    n_rows: int
    first_rows: IntArray
    assays: tuple[str | None, ...]
    group: IntArray

    @property
    def n_subjects(self) -> int:
        """Return the number of subjects."""
        return self.packed.event_start.size - 1

    @property
    def n_eta(self) -> int:
        """Return the number of random effects."""
        return len(self.model.etas)


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
        Derivatives of ``ofv_i`` with respect to every parameter; empty where not asked for.
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


def bind_population(model: ModelSpec, cohort: Cohort) -> Population:
    """Bind a model to a cohort.

    Parameters
    ----------
    model : ModelSpec
        The model.
    cohort : Cohort
        At least one subject, each with at least one covariate row; no covariate of the model is missing.

    Raises
    ------
    InputError
        As ``problem.bind_cohort``.
    """
    has_assays = bool(model.residual.by_assay)
    return Population(
        model=model,
        cohort=cohort,
        parameters=population_parameters(model),
        packed=bind_cohort(model, cohort).subjects,
        covariates={name: cohort.covariates[name] for name in model.covariates},
        n_rows=cohort.row_time.size,
        first_rows=cohort.row_start[:-1],
        assays=cohort.assays if has_assays else (None,),
        group=cohort.assay if has_assays else np.zeros(cohort.level.size, dtype=np.int64),
    )


def model_at(population: Population, values: FloatArray) -> ModelSpec:
    """Return the model with other values of all its parameters, in their order."""
    return with_values(population.model, dict(zip((p.name for p in population.parameters), values, strict=True)))


def packed_at(population: Population, model: ModelSpec) -> PackedSubjects:
    """Return the packed subjects of a population at another point."""
    packed = population.packed
    log_typical = np.ascontiguousarray(
        np.broadcast_to(log_typical_terms(model, population.covariates).T, (population.n_rows, len(model.terms)))
    )
    observations = packed.observations.copy()
    errors = np.array([residual_sd_parameters(model, assay) for assay in population.assays])
    observations[:, ADDITIVE : PROPORTIONAL + 1] = errors[population.group]
    first = {name: values[population.first_rows] for name, values in population.covariates.items()}
    factors = omega_factors(model, first, population.n_subjects)
    frame, line_scale = line_frames(model, factors)
    return packed._replace(
        log_typical=log_typical,
        observations=observations,
        omega_cholesky=factors,
        frame=frame,
        line_scale=line_scale,
    )


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
    packed = packed_at(population, model)
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
        How the typical values change with the thetas.
    is_by_term : bool
        Whether the directions are the terms, since every subject has a single row, or the thetas.
    """

    directions: Directions
    slopes: FloatArray
    is_by_term: bool


def basis_at(population: Population, model: ModelSpec, *, by_theta: bool = False) -> Basis:
    """Return the directions of a population's gradient at a point; those of the thetas, if asked for, even where terms are fewer."""
    n_terms, n_rows = len(model.terms), population.n_rows
    slopes = log_typical_slopes(model, population.covariates, n_rows)
    is_by_term = n_rows == population.n_subjects and not by_theta
    along = np.repeat(np.eye(n_terms)[:, None, :], n_rows, axis=1) if is_by_term else slopes
    sigmas = [p for p in population.parameters if p.kind is ParameterKind.SIGMA]
    n_directions = len(along) + len(sigmas)
    error = np.zeros((n_directions, len(population.assays), 3))
    for s, parameter in enumerate(sigmas):
        part, assay = parameter.place[:2]
        if assay in population.assays:
            error[len(along) + s, population.assays.index(assay), 0 if part == "additive" else 1] = 1.0
    log_typical = np.concatenate((along, np.zeros((len(sigmas), n_rows, n_terms))))
    directions = Directions(
        np.ascontiguousarray(log_typical), np.zeros((n_directions, n_terms)), error, population.group
    )
    return Basis(directions, slopes, is_by_term)


def gradient_from(
    population: Population,
    model: ModelSpec,
    basis: Basis,
    along: FloatArray,
    bracket: FloatArray,
    factor: FloatArray,
) -> FloatArray:
    """Return the derivatives with respect to every parameter from those along the directions and in Omega."""
    n_theta, n_sigma = len(basis.slopes), sum(p.kind is ParameterKind.SIGMA for p in population.parameters)
    first = along[:, : along.shape[1] - n_sigma]
    by_theta = np.einsum("it,kit->ik", first, basis.slopes) if basis.is_by_term else first
    inverse = np.linalg.inv(factor)
    by_omega = inverse.transpose(0, 2, 1) @ bracket @ inverse
    columns = [by_theta.reshape(-1, n_theta)]
    columns += [
        omega_slope(population, model, parameter, by_omega)[:, None]
        for parameter in population.parameters
        if parameter.kind is ParameterKind.OMEGA
    ]
    columns.append(along[:, along.shape[1] - n_sigma :])
    return np.concatenate(columns, axis=1)


def omega_slope(
    population: Population, model: ModelSpec, parameter: PopulationParameter, by_omega: FloatArray
) -> FloatArray:
    """Return the derivative by one parameter of Omega from that by its entries, (..., n_subjects, n_eta, n_eta)."""
    what, first, second = parameter.place
    row = model.etas.index(str(first))
    if what == "covariance":
        return 2.0 * by_omega[..., row, model.etas.index(str(second))]
    slope = by_omega[..., row, row]
    covariate = model.variances[row].covariate
    if covariate is None:
        return slope
    return np.where(population.covariates[covariate][population.first_rows] == second, slope, 0.0)

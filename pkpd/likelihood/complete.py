"""The complete-data likelihood: observations and random effects together, at random effects that are given.

-2 log p(y | phi) p(phi), phi = mu + eta. A theta that multiplies everything its random effects multiply is a shift mu of them
(mu-referencing): it changes where phi is expected and, at fixed phi, no prediction. Every other theta and the residual error change
predictions at fixed phi. Random effects of occasions are expected at 0: no theta shifts them. By Fisher's identity the posterior mean of
the derivatives is the derivative of the marginal likelihood.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from pkpd.kernels.codes import TERM_SHAPE, EtaShape
from pkpd.kernels.laplace import Directions
from pkpd.kernels.metropolis import all_misfit_slopes
from pkpd.likelihood.population import basis_at, model_at, occasions_of, omega_slope, packed_at
from pkpd.model.parameters import log_typical_terms
from pkpd.model.population import ParameterKind, log_typical_slopes

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pkpd.arrays import BoolArray, FloatArray
    from pkpd.likelihood.population import Population
    from pkpd.model.spec import ModelSpec


@dataclass(frozen=True, slots=True)
class CompleteData:
    """How the parameters of a population act on predictions and random effects.

    Parameters
    ----------
    population : Population
        Model and subjects.
    base : (n_parameters,) array
        Values that shifts are counted from.
    is_shift : (n_theta,) array
        Which thetas shift random effects.
    is_direction : (n_theta + n_sigma,) array
        Which thetas and sigmas change predictions at fixed phi and are free.
    """

    population: Population
    base: FloatArray
    is_shift: BoolArray
    is_direction: BoolArray


def complete_data(population: Population, values: FloatArray, free: Sequence[int]) -> CompleteData:
    """Return how the free parameters of a population act.

    Parameters
    ----------
    values : (n_parameters,) array
        Initial values.
    free : sequence of int
        Places of the parameters that are estimated.
    """
    model = model_at(population, values)
    is_free = np.isin(np.arange(len(population.parameters)), list(free))
    kinds = np.array([one.kind.value for one in population.parameters])
    free_theta = is_free[kinds == ParameterKind.THETA.value]
    is_shift = free_theta & _is_shift(population, model)
    free_sigma = is_free[kinds == ParameterKind.SIGMA.value]
    return CompleteData(population, values, is_shift, np.concatenate((free_theta & ~is_shift, free_sigma)))


def _is_shift(population: Population, model: ModelSpec) -> BoolArray:
    """Return for each theta whether it moves all terms of its random effects alike, and each subject's at all times alike."""
    slopes = log_typical_slopes(model, population.parameters, population.covariates, population.n_rows)
    is_plain = (population.packed.terms[:, :, TERM_SHAPE] == int(EtaShape.EXPONENTIAL)).all(axis=0)
    first = np.repeat(slopes[:, population.first_rows], np.diff(population.packed.epoch_start), axis=1)
    result = (slopes == first).all(axis=(1, 2))
    moved = (slopes != 0.0).any(axis=1)
    for k, terms in enumerate(moved):
        names = {model.terms[t].eta for t in np.flatnonzero(terms)}
        partners = [t for t, term in enumerate(model.terms) if term.eta in names]
        alike = all((slopes[k, :, t] == slopes[k, :, _first_of(model, t)]).all() for t in partners)
        result[k] &= terms.any() and None not in names and alike and bool(is_plain[partners].all())
    return result


def _first_of(model: ModelSpec, t: int) -> int:
    return [term.eta for term in model.terms].index(model.terms[t].eta)


def shift(data: CompleteData, values: FloatArray) -> FloatArray:
    """Return mu: where the random effects phi of each subject are expected, (n_subjects, n_eta)."""
    population = data.population
    moved = data.base.copy()
    places = np.flatnonzero(data.is_shift)
    moved[places] = values[places]
    model = model_at(population, moved)
    first = {name: column[population.first_rows] for name, column in population.covariates.items()}
    logs = log_typical_terms(model, first)
    by_term = np.broadcast_to(logs.reshape(len(model.terms), -1).T, (population.n_subjects, len(model.terms)))
    return _with_occasions(population, by_term[:, [_first_term(model, eta) for eta in model.etas]])


def _with_occasions(population: Population, of_subject: FloatArray) -> FloatArray:
    """Return what is of the subjects' own random effects, (..., n_own), with zeros for those of occasions behind, (..., n_eta)."""
    zeros = np.zeros((*of_subject.shape[:-1], population.n_eta - of_subject.shape[-1]))
    return np.concatenate((of_subject, zeros), axis=-1)


def _first_term(model: ModelSpec, eta: str) -> int:
    return [term.eta for term in model.terms].index(eta)


def shift_slopes(data: CompleteData, model: ModelSpec) -> FloatArray:
    """Return how mu changes with the thetas, (n_theta, n_subjects, n_eta); zero for those that are no shifts."""
    population = data.population
    slopes = log_typical_slopes(model, population.parameters, population.covariates, population.n_rows)[
        :, population.first_rows
    ]
    own = slopes[:, :, [_first_term(model, eta) for eta in model.etas]]
    return _with_occasions(population, own) * data.is_shift[:, None, None]


@dataclass(frozen=True, slots=True)
class CompleteScores:
    """Derivatives of -2 log of the complete-data likelihood at given random effects.

    Parameters
    ----------
    value : (n_subjects, n_chains) array
        The sum of -2 log p(y | phi), without the density of phi.
    scores : (n_chains, n_subjects, n_parameters) array
        Derivatives by every parameter at fixed phi; zero for those that are fixed.
    """

    value: FloatArray
    scores: FloatArray


def complete_scores(data: CompleteData, values: FloatArray, phi: FloatArray) -> CompleteScores:
    """Return the derivatives of the complete-data likelihood.

    Parameters
    ----------
    values : (n_parameters,) array
        Where.
    phi : (n_subjects, n_chains, n_eta) array
        Random effects with their shifts.
    """
    population = data.population
    model = model_at(population, values)
    eta = phi - shift(data, values)[:, None, :]
    value, along = _along(data, model, eta)
    factor = packed_at(population, model).omega_cholesky
    inverse = np.linalg.inv(factor)
    white = np.einsum("nij,ncj->cni", inverse, eta)
    weighted = np.einsum("nji,cnj->cni", inverse, white)
    by_shift = -2.0 * np.einsum("kni,cni->cnk", shift_slopes(data, model), weighted)
    by_omega = (inverse.transpose(0, 2, 1) @ inverse)[None] - weighted[..., :, None] * weighted[..., None, :]
    # An occasion that a subject does not have says nothing of Omega; what is drawn for it would only add noise.
    is_there = _present_effects(population)
    by_omega *= is_there[:, :, None] & is_there[:, None, :]
    n_theta = data.is_shift.size
    columns = [by_shift + along[..., :n_theta]]
    columns += [
        omega_slope(population, model, parameter, by_omega)[..., None]
        for parameter in population.parameters
        if parameter.kind is ParameterKind.OMEGA
    ]
    columns.append(along[..., n_theta:])
    return CompleteScores(value, np.concatenate(columns, axis=-1))


def _present_effects(population: Population) -> BoolArray:
    """Return which random effects each subject has, (n_subjects, n_eta): its own, and those of its occasions."""
    n_each = len(population.model.occasion_etas)
    own = np.ones((population.n_subjects, len(population.model.etas)), dtype=np.bool_)
    return np.concatenate((own, np.repeat(occasions_of(population), n_each, axis=1)), axis=1)


def misfit(data: CompleteData, values: FloatArray, phi: FloatArray) -> tuple[float, FloatArray]:
    """Return the mean over chains of -2 log p(y | phi), and each subject's derivatives by thetas and sigmas.

    Parameters
    ----------
    values, phi : arrays
        As in ``complete_scores``.

    Returns
    -------
    value : float
        Sum over subjects.
    slopes : (n_subjects, n_theta + n_sigma) array
        Means over chains; zero for what changes no prediction at fixed phi.
    """
    model = model_at(data.population, values)
    value, along = _along(data, model, phi - shift(data, values)[:, None, :])
    return float(value.mean(axis=1).sum()), along.mean(axis=0)


def _along(data: CompleteData, model: ModelSpec, eta: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Return the misfit of every subject and chain, and its derivatives by thetas and sigmas, chains first."""
    population = data.population
    whole = basis_at(population, model, by_theta=True).directions
    rows = np.flatnonzero(data.is_direction)
    directions = Directions(whole.log_typical[rows], whole.shape[rows], whole.error[rows], whole.error_group)
    n, n_chains = eta.shape[:2]
    value, slope = np.empty((n, n_chains)), np.empty((n, n_chains, rows.size))
    all_misfit_slopes(packed_at(population, model), directions, np.ascontiguousarray(eta), value, slope)
    along = np.zeros((n_chains, n, data.is_direction.size))
    along[..., rows] = slope.transpose(1, 0, 2)
    return value, along

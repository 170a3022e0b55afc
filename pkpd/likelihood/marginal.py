"""The exact marginal likelihood of a population with one or two random effects: deterministic quadrature."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from pkpd.kernels.marginal import integrate_some, place_some
from pkpd.kernels.residual import LOG_2PI
from pkpd.likelihood.population import (
    Evaluation,
    basis_at,
    flatness_of,
    gradient_from,
    model_at,
    packed_at,
    quantified_by_subject,
)
from pkpd.model.spec import RandomEffectShape

if TYPE_CHECKING:
    from pkpd.arrays import FloatArray, IntArray
    from pkpd.likelihood.population import Population
    from pkpd.model.spec import Term

_FEWEST, _MOST = 16, 1024
_TOLERANCE = 1e-3
"""Largest relative change of a subject's integral from leaving out lines or nodes. The trapezoidal rule's error falls faster
than any power of their distance, so that the whole rule errs by about the square of the change."""


@dataclass(frozen=True, slots=True)
class Nodes:
    """Where the integrals of all subjects are evaluated, in whitened coordinates.

    Parameters
    ----------
    least : (n_subjects,) array
        Least phi of each subject where the nodes were placed.
    line_start : (n_subjects + 1,) array
        First line of each subject.
    outer, low, step : (n_lines,) arrays
        Position, first node and node distance of each line.
    weight : (n_subjects,) array
        Distance of the lines of each subject.
    n_nodes : (n_subjects,) array
        Nodes of each line of a subject.
    """

    least: FloatArray
    line_start: IntArray
    outer: FloatArray
    low: FloatArray
    step: FloatArray
    weight: FloatArray
    n_nodes: IntArray


def place(population: Population, values: FloatArray, least: FloatArray) -> Nodes:
    """Choose lines and nodes for every subject at some values of the parameters: as many as its posterior needs.

    Parameters
    ----------
    least : (n_subjects,) array
        The objective of each subject's deepest mode (``estimation.map``).
    """
    model = model_at(population, values)
    packed = packed_at(population, model)
    n, n_eta = population.n_subjects, population.n_eta
    nothing = basis_at(population, model)
    nothing_yet: tuple[FloatArray, FloatArray, FloatArray] = (np.empty(0), np.empty(0), np.empty(0))
    rows = [nothing_yet] * n
    weight, n_nodes = np.empty(n), np.empty(n, dtype=np.int64)
    left: IntArray = np.arange(n)
    n_lines, size = (1 if n_eta == 1 else _FEWEST), _FEWEST
    while left.size:
        outer, low, step = (np.empty((left.size, n_lines)) for _ in range(3))
        between = np.empty(left.size)
        place_some(packed, left, least, outer, between, low, step, size)
        doubt = np.empty((left.size, 3))
        integrate_some(
            packed,
            left,
            least,
            np.arange(left.size + 1) * n_lines,
            outer.ravel(),
            between,
            low.ravel(),
            step.ravel(),
            np.full(left.size, size),
            nothing.directions,
            0,
            np.empty(left.size),
            np.empty((left.size, n_eta)),
            np.empty((left.size, n_eta, n_eta)),
            np.empty((left.size, 0)),
            doubt,
        )
        # Where nothing has any mass, because the observations are impossible, no number of nodes is too few.
        is_lost = ~np.isfinite(doubt).all(axis=1)
        is_fine = (doubt[:, 1:].max(axis=1) < _TOLERANCE) | is_lost | (max(n_lines, size) >= _MOST)
        for place_, i in enumerate(left):
            if is_fine[place_]:
                rows[i] = (outer[place_], low[place_], step[place_])
        weight[left[is_fine]], n_nodes[left[is_fine]] = between[is_fine], size
        # What is not fine yet is refined where it is not.
        if not is_fine.all():
            worst = doubt[~is_fine].max(axis=0)
            n_lines = 2 * n_lines if n_eta > 1 and worst[1] >= _TOLERANCE else n_lines
            size = 2 * size if worst[2] >= _TOLERANCE else size
        left = left[~is_fine]
    starts = np.concatenate(([0], np.cumsum([row[0].size for row in rows]))).astype(np.int64)
    outer, low, step = (np.concatenate(part) for part in zip(*rows, strict=True))
    return Nodes(least, starts, outer, low, step, weight, n_nodes)


@dataclass(frozen=True, slots=True)
class MarginalEvaluation(Evaluation):
    """The exact objective at one point.

    Parameters
    ----------
    doubt : (n_subjects, 3) array
        Share of each subject's mass at the ends of its nodes, and the relative change of its integral from leaving out lines
        and nodes; where they are not small, nodes have to be placed anew.
    """

    doubt: FloatArray


def evaluate_marginal(
    population: Population, values: FloatArray, nodes: Nodes, *, with_gradient: bool = True
) -> MarginalEvaluation:
    """Return the exact objective at some values of the parameters, with nodes that were placed near them.

    The random effects of the result are posterior means, its covariance that of the posterior.
    """
    model = model_at(population, values)
    packed = packed_at(population, model)
    n, n_eta = population.n_subjects, population.n_eta
    basis = basis_at(population, model)
    n_shifted = len(model.terms) if basis.is_by_term and all(map(_is_shifted, model.terms)) else 0
    n_directions = basis.directions.log_typical.shape[0] if with_gradient else n_shifted
    value, doubt = np.empty(n), np.empty((n, 3))
    mean, square = np.empty((n, n_eta)), np.empty((n, n_eta, n_eta))
    along = np.empty((n, n_directions))
    integrate_some(
        packed,
        np.arange(n),
        nodes.least,
        nodes.line_start,
        nodes.outer,
        nodes.weight,
        nodes.low,
        nodes.step,
        nodes.n_nodes,
        basis.directions,
        n_shifted,
        value,
        mean,
        square,
        along,
        doubt,
    )
    factor = packed.omega_cholesky
    gradient = np.empty((n, 0))
    if with_gradient:
        if n_shifted:
            etas = [model.etas.index(str(term.eta)) for term in model.terms]
            along[:, :n_shifted] = -2.0 * np.linalg.solve(factor.transpose(0, 2, 1), mean[:, :, None])[:, etas, 0]
        bracket = np.eye(n_eta) - square
        gradient = gradient_from(population, model, basis, along, bracket, factor)
    centred = square - mean[:, :, None] * mean[:, None, :]
    return MarginalEvaluation(
        ofv_i=value - LOG_2PI * quantified_by_subject(population),
        white=mean,
        eta=np.einsum("nij,nj->ni", factor, mean),
        covariance=factor @ centred @ factor.transpose(0, 2, 1),
        flatness=flatness_of(centred),
        gradient=gradient,
        status=np.zeros(n, dtype=np.int64),
        doubt=doubt,
    )


def _is_shifted(term: Term) -> bool:
    """Return whether a change of a term's typical value is one of the mean of its random effect."""
    return term.eta is not None and term.shape is RandomEffectShape.EXPONENTIAL

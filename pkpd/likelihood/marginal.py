"""The exact marginal likelihood of a population with one or two random effects: deterministic quadrature."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from pkpd.kernels.marginal import integrate_some, place_some
from pkpd.kernels.quadrature import UNSEEN
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
    from collections.abc import Sequence

    from pkpd.arrays import BoolArray, FloatArray, IntArray
    from pkpd.kernels.codes import PackedSubjects
    from pkpd.kernels.laplace import Directions
    from pkpd.likelihood.population import Basis, Population

_FEWEST, _MOST = 16, 1024
_NOTHING, _NO_NODES, _NO_DIRECTION = np.empty(0), np.empty(0, dtype=np.int64), np.empty(0, dtype=np.bool_)
# Standard deviations of the prior beyond the mode that mass is looked for in.
_REACH = 7.0
_TOLERANCE = 1e-3
"""Largest relative change of a subject's integral from leaving out lines or nodes. The trapezoidal rule's error falls faster
than any power of their distance, so that the whole rule errs by about the square of the change."""


@dataclass(frozen=True, slots=True)
class Nodes:
    """Where the integrals of all subjects are evaluated, in whitened coordinates.

    Parameters
    ----------
    least, reach : (n_subjects,) arrays
        Least phi of each subject where the nodes were placed, and how far from zero they were looked for.
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
    reach: FloatArray
    line_start: IntArray
    outer: FloatArray
    low: FloatArray
    step: FloatArray
    weight: FloatArray
    n_nodes: IntArray

    @property
    def node_start(self) -> IntArray:
        """Return the first node of each subject, all nodes of a line being counted before the next line's, (n_subjects + 1,)."""
        return np.concatenate(([0], np.cumsum(np.diff(self.line_start) * self.n_nodes)))


def reach_of(frame: FloatArray, white: FloatArray) -> FloatArray:
    """Return how far from zero the mass of each subject is looked for: beyond its mode, (n_subjects,).

    Parameters
    ----------
    frame : (n_subjects, n_eta, n_eta) array
        Bases that lines run along.
    white : (n_subjects, n_eta) array
        Deepest modes, whitened; a subject without one is looked for around zero.
    """
    along = np.abs(np.einsum("nji,nj->ni", frame, np.where(np.isfinite(white), white, 0.0)))
    return _REACH + along.max(axis=1, initial=0.0)


def place(population: Population, values: FloatArray, least: FloatArray, reach: FloatArray) -> Nodes:
    """Choose lines and nodes for every subject at some values of the parameters: as many as its posterior needs.

    Parameters
    ----------
    least : (n_subjects,) array
        The objective of each subject's deepest mode (``estimation.map``).
    reach : (n_subjects,) array
        How far from zero mass is looked for (``reach_of``).
    """
    n = population.n_subjects
    fewest = np.full(n, _FEWEST)
    n_lines = fewest if population.n_eta > 1 else np.ones(n, dtype=np.int64)
    return _joined(least, reach, _placed(population, values, least, reach, np.arange(n), n_lines, fewest))


def place_again(
    population: Population,
    values: FloatArray,
    least: FloatArray,
    reach: FloatArray,
    nodes: Nodes,
    is_meant: BoolArray,
    *,
    times: IntArray | None = None,
) -> Nodes:
    """Choose lines and nodes anew for some of the subjects, from as many as they had.

    Parameters
    ----------
    least : (n_subjects,) array
        The objective of each subject's deepest mode, or nearly: what is left out is judged by it.
    reach : (n_subjects,) array
        As ``place``.
    nodes : Nodes
        Those of all subjects before.
    is_meant : (n_subjects,) array
        For which subjects they are chosen anew.
    times : (n_subjects, 2) array, optional
        As many times as many lines of each subject, where it has several, and nodes on a line.
    """
    which = np.flatnonzero(is_meant)
    n_lines, n_nodes = np.diff(nodes.line_start)[which], nodes.n_nodes[which]
    if times is not None:
        n_lines = n_lines * (times[which, 0] if population.n_eta > 1 else 1)
        n_nodes = n_nodes * times[which, 1]
    rows = _placed(population, values, least, reach, which, n_lines, n_nodes)
    kept = (_row_of(nodes, i) for i in range(population.n_subjects))
    new = iter(rows)
    return _joined(
        np.where(is_meant, least, nodes.least),
        np.where(is_meant, reach, nodes.reach),
        [next(new) if again else row for row, again in zip(kept, is_meant, strict=True)],
    )


@dataclass(frozen=True, slots=True)
class _Row:
    """One subject's part of ``Nodes``."""

    outer: FloatArray
    low: FloatArray
    step: FloatArray
    weight: float
    n_nodes: int


def _row_of(nodes: Nodes, i: int) -> _Row:
    lines = slice(nodes.line_start[i], nodes.line_start[i + 1])
    return _Row(nodes.outer[lines], nodes.low[lines], nodes.step[lines], float(nodes.weight[i]), int(nodes.n_nodes[i]))


def _joined(least: FloatArray, reach: FloatArray, rows: Sequence[_Row]) -> Nodes:
    starts = np.concatenate(([0], np.cumsum([row.outer.size for row in rows]))).astype(np.int64)
    return Nodes(
        least=least,
        reach=reach,
        line_start=starts,
        outer=np.concatenate([row.outer for row in rows]),
        low=np.concatenate([row.low for row in rows]),
        step=np.concatenate([row.step for row in rows]),
        weight=np.array([row.weight for row in rows]),
        n_nodes=np.array([row.n_nodes for row in rows]),
    )


def _placed(
    population: Population,
    values: FloatArray,
    least: FloatArray,
    reach: FloatArray,
    which: IntArray,
    n_lines: IntArray,
    n_nodes: IntArray,
) -> list[_Row]:
    """Return lines and nodes of some subjects, twice as many where so many are too few until there are enough."""
    model = model_at(population, values)
    packed = packed_at(population, model)
    directions = basis_at(population, model).directions
    rows: dict[int, _Row] = {}
    wanted = dict(zip(which.tolist(), zip(n_lines.tolist(), n_nodes.tolist(), strict=True), strict=True))
    while wanted:
        for lines, size in sorted(set(wanted.values())):
            some = np.array([i for i, sizes in wanted.items() if sizes == (lines, size)])
            tried, doubt = _tried(packed, directions, least, reach, some, lines, size)
            for i, row, (few_lines, few_nodes) in zip(some.tolist(), tried, doubt[:, 1:] >= _TOLERANCE, strict=True):
                if not (few_lines or few_nodes) or max(lines, size) >= _MOST:
                    rows[i] = row
                    del wanted[i]
                else:
                    wanted[i] = (2 * lines if few_lines else lines, 2 * size if few_nodes else size)
    return [rows[i] for i in which.tolist()]


def _tried(
    packed: PackedSubjects,
    directions: Directions,
    least: FloatArray,
    reach: FloatArray,
    some: IntArray,
    n_lines: int,
    size: int,
) -> tuple[list[_Row], FloatArray]:
    """Return lines and nodes of some subjects, so many of each, and what is to be doubted about them."""
    n, n_eta = some.size, packed.omega_cholesky.shape[1]
    outer, low, step = (np.empty((n, n_lines)) for _ in range(3))
    weight, doubt, lowest = np.empty(n), np.empty((n, 3)), np.empty(n)
    place_some(packed, some, least, reach, outer, weight, low, step, size)
    integrate_some(
        packed,
        some,
        least,
        np.arange(n + 1) * n_lines,
        outer.ravel(),
        weight,
        low.ravel(),
        step.ravel(),
        np.full(n, size),
        directions,
        _NO_DIRECTION,
        _NO_NODES,
        _NOTHING,
        np.empty(n),
        np.empty((n, n_eta)),
        np.empty((n, n_eta, n_eta)),
        np.empty((n, 0)),
        doubt,
        lowest,
        _NOTHING,
    )
    # Where nothing has any mass, because the observations are impossible, no number of nodes is too few: a NaN is no doubt.
    rows = [_Row(outer[k], low[k], step[k], float(weight[k]), size) for k in range(n)]
    doubt[np.logical_not(np.isfinite(doubt)).any(axis=1)] = 0.0
    if n_eta > 1:
        # A valley between lines is missed by every second of them as well.
        doubt[lowest > least[some] + UNSEEN, 1] = np.inf
    return rows, doubt


@dataclass(frozen=True, slots=True)
class MarginalEvaluation(Evaluation):
    """The exact objective at one point.

    Parameters
    ----------
    doubt : (n_subjects, 3) array
        Share of each subject's mass at the ends of its nodes, and the relative change of its integral from leaving out lines
        and nodes; where they are not small, nodes have to be placed anew.
    lowest : (n_subjects,) array
        The least phi of each subject at its nodes.
    mass : (n_all_nodes,) array
        Posterior mass of each node (``Nodes.node_start``); empty unless further observations were given.
    """

    doubt: FloatArray
    lowest: FloatArray
    mass: FloatArray


def evaluate_marginal(
    population: Population,
    values: FloatArray,
    nodes: Nodes,
    *,
    with_gradient: bool = True,
    further: FloatArray | None = None,
) -> MarginalEvaluation:
    """Return the exact objective at some values of the parameters, with nodes that were placed near them.

    The random effects of the result are posterior means, its covariance that of the posterior.

    Parameters
    ----------
    population, values : Population and (n_parameters,) array
        Model and subjects, and the values.
    nodes : Nodes
        Where the integrals are evaluated.
    with_gradient : bool
        Whether the gradient is wanted.
    further : (n_all_nodes,) array, optional
        -2 log density of what else was observed of each subject, at its nodes: a joint likelihood. The gradient is then that of the joint
        objective by the population's own parameters, as far as that density depends on the individual parameters alone
        (``is_shifted``).
    """
    model = model_at(population, values)
    packed = packed_at(population, model)
    n, n_eta = population.n_subjects, population.n_eta
    basis = basis_at(population, model)
    shifted = (
        _shifted_directions(population, basis, has_further=further is not None) if with_gradient else _NO_DIRECTION
    )
    n_directions = shifted.size
    value, lowest, doubt = np.empty(n), np.empty(n), np.empty((n, 3))
    mean, square = np.empty((n, n_eta)), np.empty((n, n_eta, n_eta))
    along = np.empty((n, n_directions))
    node_start = _NO_NODES if further is None else nodes.node_start
    mass = _NOTHING if further is None else np.empty(further.size)
    # The density of what else was observed would be added to one that is scaled to 1 at its highest.
    least = nodes.least if further is None else nodes.least + np.minimum.reduceat(further, node_start[:-1])
    integrate_some(
        packed,
        np.arange(n),
        least,
        nodes.line_start,
        nodes.outer,
        nodes.weight,
        nodes.low,
        nodes.step,
        nodes.n_nodes,
        basis.directions,
        shifted,
        node_start,
        _NOTHING if further is None else further,
        value,
        mean,
        square,
        along,
        doubt,
        lowest,
        mass,
    )
    factor = packed.omega_cholesky
    gradient = np.empty((n, 0))
    if with_gradient:
        if shifted.any():
            etas = [model.etas.index(str(model.terms[t].eta)) for t in np.flatnonzero(shifted)]
            along[:, shifted] = -2.0 * np.linalg.solve(factor.transpose(0, 2, 1), mean[:, :, None])[:, etas, 0]
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
        lowest=lowest,
        mass=mass,
    )


def is_shifted(population: Population) -> bool:
    """Return whether a change of every typical value is one of the mean of a random effect.

    Whatever depends on the individual parameters alone is then no part of the gradient by the typical values; otherwise it depends
    on them at the same random effects as well.
    """
    return bool(_shifted_terms(population).all())


def _shifted_terms(population: Population) -> BoolArray:
    """Return for each term whether a change of its typical value is one of the mean of its random effect, (n_terms,)."""
    is_single = population.n_rows == population.n_subjects
    return np.array(
        [
            is_single and term.eta is not None and term.shape is RandomEffectShape.EXPONENTIAL
            for term in population.model.terms
        ]
    )


def _shifted_directions(population: Population, basis: Basis, *, has_further: bool) -> BoolArray:
    """Return the directions whose derivative is known from the mean of the random effects, those of shifted terms.

    Beside a further likelihood they are all terms or none: its own derivatives are added by the caller for all or for none.
    """
    found = np.zeros(basis.directions.log_typical.shape[0], dtype=np.bool_)
    terms = _shifted_terms(population)
    if basis.is_by_term and (terms.all() or not has_further):
        found[: terms.size] = terms
    return found

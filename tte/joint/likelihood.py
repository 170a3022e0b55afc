"""The joint likelihood of concentrations and event times, integrated exactly over the random effects.

For each subject ∫ p(concentrations | η) p(event time | x(η)) p(η) dη, x being its exposure, on the nodes of the exact likelihood of
the concentrations. By Fisher's identity the gradient is a mean over the joint posterior at the same nodes: with the individual parameters
as what is integrated over, the event time depends on none of the population's. Where a typical value has no random effect of its own,
or changes between records, the exposure at given random effects depends on it, and the mean of that dependence is added.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from pkpd.estimation.map import estimate_map
from pkpd.estimation.minimize import Point
from pkpd.estimation.objectives import is_doubtful, placed
from pkpd.estimation.scale import jacobian, to_values
from pkpd.likelihood.marginal import evaluate_marginal, is_shifted, place_again, reach_of
from pkpd.likelihood.population import problem_at
from pkpd.model.population import ParameterKind
from tte.joint.data import predictor_at_nodes
from tte.kernels.joint import mean_slopes, minus2_log_density_at_nodes

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from pkpd.arrays import BoolArray, FloatArray, IntArray
    from pkpd.estimation.scale import Scale
    from pkpd.likelihood.marginal import MarginalEvaluation, Nodes
    from tte.joint.coefficients import CoefficientScale
    from tte.joint.data import JointData

    JointObjective = Callable[[FloatArray, "JointEvaluation | None"], Point["JointEvaluation"]]

# Step of a typical value, relative, in differences of the exposure, which is known to almost all digits.
_STEP = 1e-5
# How often the nodes of a subject are doubled where the event time makes the posterior too sharp for them.
_MOST_DOUBLINGS = 3
# Nodes that are placed anew are doubled from such a relative change of a subject's integral on by leaving out some of them, and where
# they are so few that the change can be small by chance.
_TOLERANCE, _FEW = 3e-4, 16
# Lines, or nodes of a line, from which on they are not doubled any more.
_MOST = 512
_NOTHING = np.empty(0)


@dataclass(frozen=True, slots=True)
class JointEvaluation:
    """The joint objective at one point.

    Parameters
    ----------
    marginal : MarginalEvaluation
        Objective (-2 log likelihood, log 2 pi of quantified levels left out), moments of the joint posterior, gradient by the
        pharmacokinetic parameters, mass of the nodes.
    slopes : (n_subjects, n_coefficients) array
        Derivatives of each subject's log-likelihood by the coefficients of the hazard on their linear scale.
    nodes : Nodes
        Where it was integrated.
    exposure : (n_all_nodes,) array
        The exposure at each node.
    """

    marginal: MarginalEvaluation
    slopes: FloatArray
    nodes: Nodes
    exposure: FloatArray

    @property
    def exposure_mean(self) -> FloatArray:
        """Return each subject's posterior mean of the exposure, (n_subjects,); NaN for one without drug in the window."""
        return mean_at_nodes(self.nodes, self.marginal.mass, self.exposure)

    @property
    def exposure_sd(self) -> FloatArray:
        """Return each subject's posterior standard deviation of the exposure, (n_subjects,)."""
        return sd_at_nodes(self.nodes, self.marginal.mass, self.exposure)


def mean_at_nodes(nodes: Nodes, mass: FloatArray, exposure: FloatArray) -> FloatArray:
    """Return each subject's mean of the exposure, (n_subjects,); NaN where it is infinite at its nodes."""
    known = np.where(np.isfinite(exposure), exposure, np.nan)
    return np.add.reduceat(mass * known, nodes.node_start[:-1])


def sd_at_nodes(nodes: Nodes, mass: FloatArray, exposure: FloatArray) -> FloatArray:
    """Return each subject's standard deviation of the exposure, (n_subjects,)."""
    centre = np.repeat(mean_at_nodes(nodes, mass, exposure), np.diff(nodes.node_start))
    known = np.where(np.isfinite(exposure), exposure, np.nan)
    return np.sqrt(np.add.reduceat(mass * (known - centre) ** 2, nodes.node_start[:-1]))


def evaluate_joint(
    data: JointData, values: FloatArray, theta: FloatArray, nodes: Nodes, *, with_gradient: bool = True
) -> JointEvaluation:
    """Return the joint objective at some values of all parameters, with nodes that were placed near them.

    Parameters
    ----------
    data : JointData
        Data and models.
    values : (n_parameters,) array
        Pharmacokinetic parameters in the order of the population's.
    theta : (n_coefficients,) array
        Coefficients of the hazard on their linear scale.
    nodes : Nodes
        Nodes of the subjects.
    with_gradient : bool
        Whether the gradient by the pharmacokinetic parameters is wanted.
    """
    exposure = predictor_at_nodes(data, values, nodes)
    further = event_terms(data, theta, nodes, exposure)
    # Where an event time is impossible, so that there is no likelihood, NaN says so.
    with np.errstate(invalid="ignore", over="ignore"):
        marginal = evaluate_marginal(data.population, values, nodes, with_gradient=with_gradient, further=further)
    is_moved = with_gradient and not is_shifted(data.population)
    slopes, by_exposure = mean_event_slopes(data, theta, nodes, exposure, marginal.mass, with_exposure=is_moved)
    if is_moved:
        for k, by_value in _exposure_slopes(data, values, nodes):
            marginal.gradient[:, k] -= 2.0 * np.add.reduceat(by_exposure * by_value, nodes.node_start[:-1])
    return JointEvaluation(marginal, slopes, nodes, exposure)


def event_terms(data: JointData, theta: FloatArray, nodes: Nodes, exposure: FloatArray) -> FloatArray:
    """Return -2 log density of each subject's event time at its nodes, (n_all_nodes,), from the exposure there."""
    found = np.empty(exposure.size)
    centred = exposure - data.reference
    minus2_log_density_at_nodes(
        data.rows, data.terms, theta, data.row_start, nodes.node_start, data.exposed, centred, found
    )
    return found


def mean_event_slopes(
    data: JointData, theta: FloatArray, nodes: Nodes, exposure: FloatArray, mass: FloatArray, *, with_exposure: bool
) -> tuple[FloatArray, FloatArray]:
    """Return the mean derivatives of the log-density by the coefficients, and at each node by the exposure times its mass.

    Returns
    -------
    (n_subjects, n_coefficients) and (n_all_nodes,) arrays
        The latter empty where it is not wanted.
    """
    slopes = np.empty((data.population.n_subjects, theta.size))
    by_exposure = np.empty(exposure.size) if with_exposure else _NOTHING
    rows, terms, starts = data.rows, data.terms, (data.row_start, nodes.node_start)
    mean_slopes(rows, terms, theta, *starts, data.exposed, exposure - data.reference, mass, slopes, by_exposure)
    return slopes, by_exposure


def _exposure_slopes(data: JointData, values: FloatArray, nodes: Nodes) -> Iterator[tuple[int, FloatArray]]:
    """Yield the parameters that move the exposure at given random effects, and its derivative by each at the nodes."""
    for k, one in enumerate(data.population.parameters):
        if one.kind is not ParameterKind.THETA or one.is_fixed:
            continue
        step = _STEP * (abs(values[k]) or 1.0)
        ahead, behind = values.copy(), values.copy()
        ahead[k] += step
        behind[k] -= step
        with np.errstate(invalid="ignore"):  # without drug in the window, where no event time depends on it
            change = predictor_at_nodes(data, ahead, nodes) - predictor_at_nodes(data, behind, nodes)
        yield k, np.nan_to_num(change) / (2.0 * step)


def settled(data: JointData, values: FloatArray, theta: FloatArray, nodes: Nodes | None) -> JointEvaluation:
    """Return the joint objective with nodes placed anew where they are doubtful, and more of them where they still are.

    Nodes are placed for the concentrations; a subject's event time moves its posterior within them. What is to be doubted is measured
    with the event time, so that a posterior that leaves them, or is too sharp for them, is found out.

    Parameters
    ----------
    data, values, theta : JointData and arrays
        As ``evaluate_joint``.
    nodes : Nodes or None
        Nodes from nearby. None places them here, as many as the whole likelihood needs.
    """
    is_fresh = nodes is None
    nodes = placed(data.population, values) if nodes is None else nodes
    found = evaluate_joint(data, values, theta, nodes)
    if is_fresh:
        coarse = (found.marginal.doubt[:, 1:] > _TOLERANCE) | (_sizes(nodes) <= _FEW)
        coarse &= _sizes(nodes) < _MOST
        if coarse.any():
            found = _again(data, values, theta, nodes, coarse[:, 0] | coarse[:, 1], 1 + coarse)
    for doubling in range(1 + _MOST_DOUBLINGS):
        doubtful = is_doubtful(found.marginal) & (_sizes(found.nodes).max(axis=1) < _MOST)
        if not doubtful.any():
            break
        times = (
            np.ones((doubtful.size, 2), dtype=np.int64)
            if doubling == 0
            else 1 + (found.marginal.doubt[:, 1:] > _TOLERANCE)
        )
        found = _again(data, values, theta, found.nodes, doubtful, times)
    return found


def _sizes(nodes: Nodes) -> IntArray:
    """Return how many lines each subject has, and nodes on each, (n_subjects, 2)."""
    return np.column_stack((np.diff(nodes.line_start), nodes.n_nodes))


def _again(
    data: JointData, values: FloatArray, theta: FloatArray, nodes: Nodes, is_meant: BoolArray, times: IntArray
) -> JointEvaluation:
    """Return the joint objective with nodes of some subjects placed anew, so many times as many lines and nodes."""
    problem = problem_at(data.population, values)
    modes = estimate_map(problem)
    reach = reach_of(problem.subjects.frame, modes.white)
    placed_again = place_again(data.population, values, modes.objective, reach, nodes, is_meant, times=times)
    return evaluate_joint(data, values, theta, placed_again)


def doubtful_subjects(found: JointEvaluation) -> IntArray:
    """Return the places of the subjects whose integral is still coarse."""
    return np.flatnonzero(is_doubtful(found.marginal))


def joint_objective(data: JointData, scale: Scale, coefficients: CoefficientScale) -> JointObjective:
    """Return -2 log of the joint likelihood as a function of the free pharmacokinetic coordinates and coefficients, in this order.

    Parameters
    ----------
    data : JointData
        Data and models.
    scale : Scale
        What is searched of the pharmacokinetic parameters.
    coefficients : CoefficientScale
        What is searched of the hazard's.
    """
    n = scale.n_free

    def objective(place: FloatArray, memory: JointEvaluation | None) -> Point[JointEvaluation]:
        values, theta = to_values(scale, place[:n]), coefficients.theta_at(place[n:])
        if memory is not None and coefficients.is_far(place[n:]):
            return Point(place, np.nan, np.zeros(place.size), np.zeros((1, place.size)), memory)
        found = settled(data, values, theta, None if memory is None else memory.nodes)
        pk = found.marginal.gradient @ jacobian(scale, place[:n])
        is_free = coefficients.is_free
        scores = np.hstack((pk, -2.0 * found.slopes[:, is_free] * coefficients.unit[is_free]))
        value = found.marginal.ofv if np.isfinite(scores).all() else np.nan
        return Point(place, value, scores.sum(axis=0), scores, found)

    return objective

"""The joint likelihood of concentrations and event times, integrated exactly over the random effects.

For each subject ∫ p(concentrations | η) p(event time | x(η)) p(η) dη, x being its exposure, on the nodes of the exact likelihood of
the concentrations. By Fisher's identity the gradient is a mean over the joint posterior at the same nodes: with the individual parameters
as what is integrated over, the event time depends on none of the population's.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from pkpd.estimation.map import estimate_map
from pkpd.estimation.minimize import Point
from pkpd.estimation.objectives import is_doubtful, placed
from pkpd.estimation.scale import jacobian, to_values
from pkpd.likelihood.marginal import evaluate_marginal, place_again, reach_of
from pkpd.likelihood.population import problem_at
from tte.joint.data import predictor_at_nodes
from tte.kernels.joint import log_density_at_nodes, mean_slopes

if TYPE_CHECKING:
    from collections.abc import Callable

    from pkpd.arrays import BoolArray, FloatArray
    from pkpd.estimation.scale import Scale
    from pkpd.likelihood.marginal import MarginalEvaluation, Nodes
    from tte.joint.data import JointData

    JointObjective = Callable[[FloatArray, "JointEvaluation | None"], Point["JointEvaluation"]]


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
        """Return each subject's posterior mean of the exposure, (n_subjects,)."""
        return np.add.reduceat(self.marginal.mass * self.exposure, self.nodes.node_start[:-1])

    @property
    def exposure_sd(self) -> FloatArray:
        """Return each subject's posterior standard deviation of the exposure, (n_subjects,)."""
        mean = np.repeat(self.exposure_mean, np.diff(self.nodes.node_start))
        square = self.marginal.mass * (self.exposure - mean) ** 2
        return np.sqrt(np.add.reduceat(square, self.nodes.node_start[:-1]))


def evaluate_joint(data: JointData, values: FloatArray, theta: FloatArray, nodes: Nodes) -> JointEvaluation:
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
    """
    exposure = predictor_at_nodes(data, values, nodes)
    centred = exposure - data.reference
    node_start = nodes.node_start
    density = np.empty(exposure.size)
    log_density_at_nodes(data.rows, data.terms, theta, data.row_start, node_start, data.exposed, centred, density)
    marginal = evaluate_marginal(data.population, values, nodes, further=-2.0 * density)
    slopes = np.empty((data.population.n_subjects, theta.size))
    terms, rows, starts = data.terms, data.rows, data.row_start
    mean_slopes(rows, terms, theta, starts, node_start, data.exposed, centred, marginal.mass, slopes)
    return JointEvaluation(marginal, slopes, nodes, exposure)


def joint_objective(data: JointData, scale: Scale, theta: FloatArray, is_free: BoolArray) -> JointObjective:
    """Return -2 log of the joint likelihood as a function of the free pharmacokinetic coordinates and coefficients, in this order.

    Parameters
    ----------
    data : JointData
        Data and models.
    scale : Scale
        What is searched of the pharmacokinetic parameters; nothing where they are held.
    theta : (n_coefficients,) array
        Values of the coefficients that are held.
    is_free : (n_coefficients,) array
        Which are searched.
    """
    n = scale.n_free

    def objective(place: FloatArray, memory: JointEvaluation | None) -> Point[JointEvaluation]:
        values, current = to_values(scale, place[:n]), theta.copy()
        current[is_free] = place[n:]
        nodes = placed(data.population, values) if memory is None else memory.nodes
        found = evaluate_joint(data, values, current, nodes)
        if memory is not None and (doubtful := is_doubtful(found.marginal)).any():
            problem = problem_at(data.population, values)
            modes = estimate_map(problem)
            reach = reach_of(problem.subjects.frame, modes.white)
            nodes = place_again(data.population, values, modes.objective, reach, nodes, doubtful)
            found = evaluate_joint(data, values, current, nodes)
        pk = found.marginal.gradient @ jacobian(scale, place[:n])
        scores = np.hstack((pk, -2.0 * found.slopes[:, is_free]))
        value = found.marginal.ofv if np.isfinite(scores).all() else np.nan
        return Point(place, value, scores.sum(axis=0), scores, found)

    return objective

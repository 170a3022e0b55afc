"""The joint likelihood where the pharmacokinetic parameters are held: a sum over what the concentrations say of each exposure.

The posterior of the exposure given the concentrations does not change with the coefficients of the hazard, so that it is computed once:
-2 log p(concentrations, event time) = -2 log p(concentrations) - 2 log of the sum over nodes of mass times p(event time | x).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from pkpd.estimation.minimize import Point
from pkpd.estimation.objectives import placed
from pkpd.likelihood.marginal import evaluate_marginal
from tte.joint.data import predictor_at_nodes
from tte.joint.likelihood import event_terms, mean_at_nodes, mean_event_slopes, sd_at_nodes

if TYPE_CHECKING:
    from collections.abc import Callable

    from pkpd.arrays import FloatArray
    from pkpd.likelihood.marginal import Nodes
    from tte.joint.coefficients import CoefficientScale
    from tte.joint.data import JointData

    HeldObjective = Callable[[FloatArray, Any], Point[Any]]
    """Its memory is handed on as it is."""


@dataclass(frozen=True, slots=True)
class LevelsPosterior:
    """What the concentrations alone say of each subject's exposure.

    Parameters
    ----------
    nodes : Nodes
        Where it is evaluated.
    mass : (n_all_nodes,) array
        Posterior mass of each node.
    exposure : (n_all_nodes,) array
        The exposure there.
    ofv_i : (n_subjects,) array
        Each subject's -2 log likelihood of the concentrations, log 2 pi of quantified levels left out.
    """

    nodes: Nodes
    mass: FloatArray
    exposure: FloatArray
    ofv_i: FloatArray

    @property
    def mean(self) -> FloatArray:
        """Return the mean exposure of each subject, (n_subjects,); NaN for one without drug in the window."""
        return mean_at_nodes(self.nodes, self.mass, self.exposure)

    @property
    def sd(self) -> FloatArray:
        """Return the standard deviation of each subject's exposure, (n_subjects,)."""
        return sd_at_nodes(self.nodes, self.mass, self.exposure)


def levels_posterior(data: JointData, values: FloatArray, nodes: Nodes | None = None) -> LevelsPosterior:
    """Return the posterior of the exposures given the concentrations at some values of the pharmacokinetic parameters.

    Parameters
    ----------
    data : JointData
        Data and models.
    values : (n_parameters,) array
        Pharmacokinetic parameters.
    nodes : Nodes, optional
        Placed at these values; placed here where left out.
    """
    nodes = placed(data.population, values) if nodes is None else nodes
    exposure = predictor_at_nodes(data, values, nodes)
    found = evaluate_marginal(data.population, values, nodes, with_gradient=False, further=np.zeros(exposure.size))
    return LevelsPosterior(nodes, found.mass, exposure, found.ofv_i)


def held_objective(data: JointData, posterior: LevelsPosterior, coefficients: CoefficientScale) -> HeldObjective:
    """Return -2 log of the joint likelihood as a function of the free coefficients, the pharmacokinetic parameters being held.

    Parameters
    ----------
    data : JointData
        Data and models.
    posterior : LevelsPosterior
        From the concentrations.
    coefficients : CoefficientScale
        What is searched.
    """
    nodes, starts = posterior.nodes, posterior.nodes.node_start

    def objective(place: FloatArray, memory: Any) -> Point[Any]:  # noqa: ANN401
        current, is_free = coefficients.theta_at(place), coefficients.is_free
        if coefficients.is_far(place):
            return Point(place, np.nan, np.zeros(place.size), np.zeros((1, place.size)), memory)
        terms = event_terms(data, current, nodes, posterior.exposure)
        least = np.minimum.reduceat(terms, starts[:-1])
        with np.errstate(invalid="ignore", over="ignore", divide="ignore"):
            tilted = posterior.mass * np.exp(-0.5 * (terms - np.repeat(least, np.diff(starts))))
            total = np.add.reduceat(tilted, starts[:-1])
            value = float((posterior.ofv_i + least - 2.0 * np.log(total)).sum())
            mass = tilted / np.repeat(total, np.diff(starts))
        slopes, _ = mean_event_slopes(data, current, nodes, posterior.exposure, mass, with_exposure=False)
        scores = -2.0 * slopes[:, is_free] * coefficients.unit[is_free]
        return Point(place, value if np.isfinite(scores).all() else np.nan, scores.sum(axis=0), scores, memory)

    return objective

"""Fits of a joint model: all parameters together, or those of the pharmacokinetics held while their data stay (PPP&D)."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from pkpd.estimation.information import expected_decrease, information_at, is_positive
from pkpd.estimation.minimize import minimize
from pkpd.estimation.scale import jacobian, scale_of, to_free, to_values
from tte.estimation.fit import FitStatus
from tte.joint.likelihood import joint_objective
from tte.joint.sequential import plug_in

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from pkpd.arrays import BoolArray, FloatArray
    from pkpd.estimation.minimize import Point
    from pkpd.estimation.scale import Scale
    from pkpd.model.population import PopulationParameter
    from tte.joint.data import JointData
    from tte.joint.likelihood import JointEvaluation

_SMALL_DECREASE = 1e-3
# Effect over the range of the exposures from which on events are separated: the likelihood rises without end.
_SEPARATED = 50.0
_MOST_EVALUATIONS = 500


@dataclass(frozen=True, slots=True)
class JointFit:
    """A joint model with its estimates.

    Parameters
    ----------
    data : JointData
        Data and models.
    parameters : tuple of PopulationParameter
        Pharmacokinetic parameters, those that were held being fixed.
    values : (n_parameters,) array
        Their estimates.
    theta : (n_coefficients,) array
        Coefficients of the hazard on their linear scale.
    is_free : (n_coefficients,) array
        Which of them were estimated.
    covariance : (n_parameters + n_coefficients, …) array
        Of all, by the observed information of the joint likelihood; 0 for what was held, NaN where there is none.
    evaluation : JointEvaluation
        The objective at the estimates.
    status : FitStatus
        How it ended.
    gradient_norm : float
        Largest derivative of -2 log likelihood on the scale of the search.
    n_evaluations : int
        Evaluations of the objective.
    """

    data: JointData
    parameters: tuple[PopulationParameter, ...]
    values: FloatArray
    theta: FloatArray
    is_free: BoolArray
    covariance: FloatArray
    evaluation: JointEvaluation
    status: FitStatus
    gradient_norm: float
    n_evaluations: int

    @property
    def ofv(self) -> float:
        """Return -2 log of the joint likelihood, log 2 pi of quantified levels left out."""
        return self.evaluation.marginal.ofv

    @property
    def theta_covariance(self) -> FloatArray:
        """Return the covariance of the hazard's coefficients, (n_coefficients, n_coefficients)."""
        n = self.values.size
        return self.covariance[n:, n:]


def fit_joint(
    data: JointData,
    *,
    values: FloatArray,
    holds_pk: bool = False,
    theta: FloatArray | None = None,
    progress: Callable[[float], None] | None = None,
) -> JointFit:
    """Fit a joint model by maximum likelihood.

    Parameters
    ----------
    data : JointData
        Data and models.
    values : (n_parameters,) array
        Pharmacokinetic parameters where the search begins, or that are held.
    holds_pk : bool
        Whether these are held while concentrations stay in the likelihood (PPP&D; Zhang, Beal and Sheiner 2003,
        doi:10.1023/B:JOPA.0000012998.04442.1f).
    theta : (n_coefficients,) array, optional
        Coefficients where the search begins, on their linear scale; from the exposures at the modes where left out.
    progress : callable, optional
        Told the objective at every point of the search.
    """
    parameters = _started(data.population.parameters, values, holds_pk=holds_pk)
    scale = scale_of(parameters)
    model = data.model
    begun = plug_in(data, values).theta if theta is None else theta
    is_free = np.array([name not in model.fixed for name in model.names])
    objective = joint_objective(data, scale, begun, is_free)
    start = objective(np.concatenate((to_free(scale, scale.values), begun[is_free])), None)
    minimum = minimize(objective, start, most_evaluations=_MOST_EVALUATIONS, accepted=progress)
    point, n = minimum.point, 1 + minimum.n_evaluations
    information, used = information_at(objective, point)
    n += used
    # The last word on convergence has the observed information, not the approximation that the search went by.
    if is_positive(information) and expected_decrease(information, point.gradient) > _SMALL_DECREASE:
        again = minimize(objective, point, most_evaluations=_MOST_EVALUATIONS, hessian=2.0 * information)
        information, used = information_at(objective, again.point)
        point, n = again.point, n + again.n_evaluations + used
    settled = objective(point.place, None)
    estimates = begun.copy()
    estimates[is_free] = point.place[scale.n_free :]
    status = _status(data, settled, estimates, information)
    return JointFit(
        data=data,
        parameters=parameters,
        values=to_values(scale, point.place[: scale.n_free]),
        theta=estimates,
        is_free=is_free,
        covariance=_covariance(scale, point, is_free, information, status),
        evaluation=settled.memory,
        status=status,
        gradient_norm=float(np.abs(settled.gradient).max()),
        n_evaluations=n + 1,
    )


def _started(
    parameters: Sequence[PopulationParameter], values: FloatArray, *, holds_pk: bool
) -> tuple[PopulationParameter, ...]:
    return tuple(
        replace(one, value=float(value), is_fixed=one.is_fixed or holds_pk)
        for one, value in zip(parameters, values, strict=True)
    )


def _covariance(
    scale: Scale, point: Point[JointEvaluation], is_free: BoolArray, information: FloatArray, status: FitStatus
) -> FloatArray:
    """Return the covariance of all parameters from the information on the scale of the search."""
    n, n_pk = scale.n_free, scale.values.size
    size = n_pk + is_free.size
    if status in (FitStatus.NOT_POSITIVE_DEFINITE, FitStatus.MONOTONE_LIKELIHOOD):
        return np.full((size, size), np.nan)
    slopes = np.zeros((size, n + int(is_free.sum())))
    slopes[:n_pk, :n] = jacobian(scale, point.place[:n])
    slopes[n_pk + np.flatnonzero(is_free), n + np.arange(int(is_free.sum()))] = 1.0
    return slopes @ np.linalg.inv(information) @ slopes.T


def _status(data: JointData, point: Point[JointEvaluation], theta: FloatArray, information: FloatArray) -> FitStatus:
    exposures = point.memory.exposure_mean[data.has_events]
    effects = [i for i, name in enumerate(data.model.column_index) if name == data.exposed]
    if np.abs(theta[effects]).max(initial=0.0) * float(np.ptp(exposures)) > _SEPARATED:
        return FitStatus.MONOTONE_LIKELIHOOD
    if not is_positive(information):
        return FitStatus.NOT_POSITIVE_DEFINITE
    if expected_decrease(information, point.gradient) < _SMALL_DECREASE:
        return FitStatus.CONVERGED
    return FitStatus.GRADIENT_NOT_SMALL

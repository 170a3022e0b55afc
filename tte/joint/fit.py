"""Fits of a joint model: all parameters together, or those of the pharmacokinetics held while their data stay (PPP&D)."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from pkpd.estimation.fit import parameters_at_bound
from pkpd.estimation.information import expected_decrease, information_at, is_positive
from pkpd.estimation.minimize import minimize
from pkpd.estimation.scale import jacobian, scale_of, to_free, to_values
from tte.estimation.fit import FitStatus
from tte.estimation.start import starts
from tte.joint.coefficients import coefficient_scale
from tte.joint.data import given_values, predictor_at_modes
from tte.joint.held import held_objective, levels_posterior
from tte.joint.likelihood import doubtful_subjects, joint_objective, settled
from tte.joint.sequential import modes_of, plug_in

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from pkpd.arrays import FloatArray, IntArray
    from pkpd.estimation.minimize import Point
    from pkpd.estimation.scale import Scale
    from pkpd.model.population import PopulationParameter
    from tte.joint.coefficients import CoefficientScale
    from tte.joint.data import JointData
    from tte.joint.held import LevelsPosterior
    from tte.joint.likelihood import JointEvaluation

    AnyObjective = Callable[[FloatArray, Any], Point[Any]]

_SMALL_DECREASE, _TOLERANCE, _HELD_TOLERANCE = 1e-3, 1e-6, 1e-10
# An effect over the range of its covariate, as a power of e, and its standard error, from which on the data separate the events; and an
# effect that is none at any standard error: the likelihood rises as far as a search goes.
_SEPARATED, _UNKNOWN, _ENDLESS = 8.0, 50.0, 20.0
_MOST_EVALUATIONS = 500
USABLE = (FitStatus.CONVERGED, FitStatus.AT_BOUND, FitStatus.GRADIENT_NOT_SMALL)
"""Endings at a maximum, or near one."""


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
    coefficients : CoefficientScale
        Coefficients of the hazard: estimates on their linear scale, and which of them were free.
    covariance : (n_parameters + n_coefficients, …) array
        Of all, by the observed information of the joint likelihood; 0 for what was held or lies at a bound, NaN where there is none.
    information : (n_free, n_free) array
        Half the Hessian of -2 log likelihood on the scale of the search; NaN where it was not computed.
    evaluation : JointEvaluation
        The objective at the estimates.
    status : FitStatus
        How it ended.
    named : tuple of str
        The parameters that the status speaks of.
    gradient_norm : float
        Largest derivative of -2 log likelihood on the scale of the search.
    n_evaluations : int
        Evaluations of the objective.
    """

    data: JointData
    parameters: tuple[PopulationParameter, ...]
    values: FloatArray
    coefficients: CoefficientScale
    covariance: FloatArray
    information: FloatArray
    evaluation: JointEvaluation
    status: FitStatus
    named: tuple[str, ...]
    gradient_norm: float
    n_evaluations: int

    @property
    def ofv(self) -> float:
        """Return -2 log of the joint likelihood, log 2 pi of quantified levels left out."""
        return self.evaluation.marginal.ofv

    @property
    def theta(self) -> FloatArray:
        """Return the coefficients of the hazard on their linear scale."""
        return self.coefficients.theta

    @property
    def theta_covariance(self) -> FloatArray:
        """Return the covariance of the hazard's coefficients, (n_coefficients, n_coefficients)."""
        n = self.values.size
        return self.covariance[n:, n:]

    @property
    def holds_pk(self) -> bool:
        """Return whether every pharmacokinetic parameter was held."""
        return all(one.is_fixed for one in self.parameters)

    @property
    def doubtful(self) -> IntArray:
        """Return the places of the subjects whose integral is coarse."""
        return doubtful_subjects(self.evaluation)


def fit_joint(
    data: JointData,
    *,
    values: FloatArray,
    holds_pk: bool = False,
    theta: FloatArray | None = None,
    parameters: tuple[PopulationParameter, ...] | None = None,
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
    parameters : tuple of PopulationParameter, optional
        Which pharmacokinetic parameters are held besides; as the model says where left out.
    progress : callable, optional
        Told the objective at every point of the search.
    """
    begun = begin(data, values) if theta is None else theta
    begun = _near(data, values, begun)
    started = _started(parameters or data.population.parameters, values, holds_pk=holds_pk)
    scale = scale_of(started)
    first = settled(data, values, begun, None)
    posterior = levels_posterior(data, values, first.nodes)
    coefficients = coefficient_scale(data, begun, posterior.mean)
    search = _Search(data, started, scale, coefficients)
    if scale.n_free:
        return search.ended(joint_objective(data, scale, coefficients), first, progress)
    found = search.ended(held_objective(data, posterior, coefficients), first, progress)
    if found.evaluation.nodes is first.nodes or found.status not in USABLE:
        return found
    # At the estimates the event times need other nodes than where the search began.
    finer = levels_posterior(data, values, found.evaluation.nodes)
    return search.ended(held_objective(data, finer, coefficients), found.evaluation, progress)


def begin(data: JointData, values: FloatArray) -> FloatArray:
    """Return where a search for the coefficients begins: at the estimates from the modes, or from nothing where there are none."""
    found = plug_in(data, values)
    return found.theta if found.status is FitStatus.CONVERGED else starts(data.model, data.events)[0]


def _near(data: JointData, values: FloatArray, theta: FloatArray) -> FloatArray:
    """Return coefficients to begin from: those given, or from nothing where one of them is out of all proportion or not finite."""
    exposure = predictor_at_modes(data, values, modes_of(data, values))
    scale = coefficient_scale(data, theta, exposure)
    is_large = np.abs(theta / scale.unit)[scale.is_effect & scale.is_free].max(initial=0.0) > _SEPARATED
    return starts(data.model, data.events)[0] if is_large or not np.isfinite(theta).all() else theta


def refit_held(
    fit: JointFit, name: str, value: float, near: JointFit, posterior: LevelsPosterior | None = None
) -> JointFit:
    """Fit again with one more coefficient held, from the estimates of a fit nearby and with its curvature.

    Parameters
    ----------
    fit : JointFit
        The fit.
    name : str
        A coefficient that was free.
    value : float
        What it is held at, on its linear scale.
    near : JointFit
        Where the search begins.
    posterior : LevelsPosterior, optional
        That of the exposures at the pharmacokinetic parameters, where these are held.

    Returns
    -------
    JointFit
        Without a covariance.
    """
    data, at = fit.data, fit.data.model.names.index(name)
    theta = near.theta.copy()
    theta[at] = value
    is_free = fit.coefficients.is_free.copy()
    is_free[at] = False
    coefficients = replace(fit.coefficients, theta=theta, is_free=is_free)
    n_pk = scale_of(fit.parameters).n_free
    kept = np.delete(np.arange(len(fit.information)), n_pk + int(fit.coefficients.is_free[:at].sum()))
    hessian = 2.0 * fit.information[np.ix_(kept, kept)] if is_positive(fit.information) else None
    parameters = _started(fit.parameters, near.values, holds_pk=True)
    search = _Search(data, parameters, scale_of(parameters), coefficients, with_covariance=False)
    known = posterior or levels_posterior(data, near.values, near.evaluation.nodes)
    of_hazard = None if hessian is None else hessian[n_pk:, n_pk:]
    found = search.ended(held_objective(data, known, coefficients), near.evaluation, None, of_hazard)
    if not n_pk:
        return found
    # The hazard first: with its coefficients far from the value held, a step of all parameters at once may leave for
    # another, higher minimum, such as that without variance of the clearance.
    started = tuple(replace(one, value=float(v)) for one, v in zip(fit.parameters, near.values, strict=True))
    begun = replace(coefficients, theta=found.theta)
    search = _Search(data, started, scale_of(started), begun, with_covariance=False)
    return search.ended(joint_objective(data, search.scale, begun), found.evaluation, None, hessian)


def _started(
    parameters: Sequence[PopulationParameter], values: FloatArray, *, holds_pk: bool
) -> tuple[PopulationParameter, ...]:
    return tuple(
        replace(one, value=float(value), is_fixed=one.is_fixed or holds_pk)
        for one, value in zip(parameters, values, strict=True)
    )


@dataclass(frozen=True, slots=True)
class _Search:
    """What a search is made of besides its objective."""

    data: JointData
    parameters: tuple[PopulationParameter, ...]
    scale: Scale
    coefficients: CoefficientScale
    with_covariance: bool = True

    def ended(
        self,
        objective: AnyObjective,
        first: JointEvaluation,
        progress: Callable[[float], None] | None,
        hessian: FloatArray | None = None,
    ) -> JointFit:
        """Return the fit that a search ends at; ``first`` is an evaluation nearby, for its nodes."""
        place = np.concatenate((to_free(self.scale, self.scale.values), self.coefficients.place))
        start = objective(place, first)
        if not np.isfinite(start.value):
            return self._fit(start, np.full((place.size, place.size), np.nan), FitStatus.NO_FINITE_START, 1)
        most = _MOST_EVALUATIONS
        # With the pharmacokinetics held the nodes stay, and the objective is smooth to rounding.
        tolerance = _TOLERANCE if self.scale.n_free else _HELD_TOLERANCE
        minimum = minimize(
            objective, start, tolerance=tolerance, most_evaluations=most, hessian=hessian, accepted=progress
        )
        point, n = minimum.point, 1 + minimum.n_evaluations
        if not self.with_covariance:
            is_small = minimum.is_converged or minimum.expected_decrease < _SMALL_DECREASE
            status = FitStatus.CONVERGED if is_small else FitStatus.GRADIENT_NOT_SMALL
            return self._fit(point, np.full((place.size, place.size), np.nan), status, n)
        information, used = information_at(objective, point)
        n += used
        # The last word on convergence has the observed information, with nodes placed where the search ended.
        if self.scale.n_free:
            point, n = objective(point.place, None), n + 1
        if is_positive(information) and expected_decrease(information, point.gradient) > _SMALL_DECREASE:
            again = minimize(objective, point, most_evaluations=most, hessian=2.0 * information, accepted=progress)
            information, used = information_at(objective, again.point)
            point, n = again.point, n + again.n_evaluations + used
        return self._fit(point, information, self._status(point, information), n)

    def _status(self, point: Point[Any], information: FloatArray) -> FitStatus:
        inner = self._inner(self._at_bound(point.place), information.shape[0])
        own = information[np.ix_(inner, inner)]
        if not is_positive(own):
            return FitStatus.NOT_POSITIVE_DEFINITE
        if not expected_decrease(own, point.gradient[inner]) < _SMALL_DECREASE:
            return FitStatus.GRADIENT_NOT_SMALL
        return FitStatus.CONVERGED if inner.size == information.shape[0] else FitStatus.AT_BOUND

    def _at_bound(self, place: FloatArray) -> tuple[str, ...]:
        """Return the pharmacokinetic parameters that lie at a bound."""
        return parameters_at_bound(
            self.data.population, self.parameters, self.scale, to_values(self.scale, place[: self.scale.n_free])
        )

    def _inner(self, at_bound: tuple[str, ...], size: int) -> IntArray:
        """Return the coordinates of the search that do not lie at a bound."""
        names = [self.parameters[place].name for place in self.scale.free]
        return np.array([k for k in range(size) if k >= len(names) or names[k] not in at_bound], dtype=np.int64)

    def _fit(self, point: Point[Any], information: FloatArray, status: FitStatus, n: int) -> JointFit:
        values = to_values(self.scale, point.place[: self.scale.n_free])
        theta = self.coefficients.theta_at(point.place[self.scale.n_free :])
        estimates = replace(self.coefficients, theta=theta)
        at_bound = self._at_bound(point.place)
        named = self._separated(estimates, information, at_bound)
        status = FitStatus.MONOTONE_LIKELIHOOD if named else status
        memory: JointEvaluation = point.memory
        is_whole = self.scale.n_free > 0
        return JointFit(
            data=self.data,
            parameters=self.parameters,
            values=values,
            coefficients=estimates,
            covariance=self._covariance(point.place, information, status, at_bound),
            information=information,
            evaluation=memory if is_whole else settled(self.data, values, theta, memory.nodes),
            status=status,
            named=named or self._concerned(status, at_bound),
            gradient_norm=float(np.abs(point.gradient).max(initial=0.0)),
            n_evaluations=n,
        )

    def _concerned(self, status: FitStatus, at_bound: tuple[str, ...]) -> tuple[str, ...]:
        """Return the parameters that a status speaks of: those at a bound, or those whose values leave no likelihood."""
        if status is FitStatus.NO_FINITE_START:
            return tuple(given_values(self.data, self.parameters))
        return at_bound if status is FitStatus.AT_BOUND else ()

    def _separated(
        self, estimates: CoefficientScale, information: FloatArray, at_bound: tuple[str, ...]
    ) -> tuple[str, ...]:
        """Return the effects that are large and not known at all."""
        if not np.isfinite(information).all():
            return ()
        inner = self._inner(at_bound, information.shape[0])
        own = information[np.ix_(inner, inner)]
        variance = np.full(len(information), np.inf)
        if is_positive(own):
            variance[inner] = np.diag(np.linalg.inv(own))
        size, model = estimates.place, self.data.model
        names = [name for name, free in zip(model.names, estimates.is_free, strict=True) if free]
        effects = {effect.name for effect in model.effects}
        return tuple(
            name
            for name, u, v in zip(names, size.tolist(), variance[self.scale.n_free :].tolist(), strict=True)
            if name in effects and (abs(u) > _ENDLESS or (abs(u) > _SEPARATED and v > _UNKNOWN**2))
        )

    def _covariance(
        self, place: FloatArray, information: FloatArray, status: FitStatus, at_bound: tuple[str, ...]
    ) -> FloatArray:
        """Return the covariance of all parameters from the information on the scale of the search; 0 for what lies at a bound."""
        n, n_pk = self.scale.n_free, self.scale.values.size
        free = np.flatnonzero(self.coefficients.is_free)
        size = n_pk + self.coefficients.is_free.size
        inner = self._inner(at_bound, n + free.size)
        own = information[np.ix_(inner, inner)]
        if status not in USABLE or not is_positive(own):
            return np.full((size, size), np.nan)
        slopes = np.zeros((size, n + free.size))
        slopes[:n_pk, :n] = jacobian(self.scale, place[:n])
        slopes[n_pk + free, n + np.arange(free.size)] = self.coefficients.unit[free]
        return slopes[:, inner] @ np.linalg.inv(own) @ slopes[:, inner].T

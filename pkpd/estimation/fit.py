"""Maximum likelihood fits of a population model, by NONMEM's conditional objectives or the exact marginal likelihood."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from enum import Enum
from typing import TYPE_CHECKING, Any

import numpy as np

from pkpd.errors import input_error
from pkpd.estimation.map import estimate_map
from pkpd.estimation.minimize import Minimum, Point, minimize
from pkpd.estimation.objectives import (
    Memory,
    Method,
    SampledPoints,
    conditional_of,
    forgotten,
    has_other_points,
    objective_of,
)
from pkpd.estimation.scale import Scale, jacobian, scale_of, to_free, to_values
from pkpd.kernels.codes import CENSORED
from pkpd.kernels.laplace import Approximation
from pkpd.likelihood.centres import CentreEvaluation, at_mean_effects
from pkpd.likelihood.importance import Sampling
from pkpd.likelihood.population import Evaluation, Population, evaluate, problem_at
from pkpd.model.population import ParameterKind, PopulationParameter
from pkpd.model.spec import SIGNED_SHAPES

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from pkpd.arrays import BoolArray, FloatArray
    from pkpd.estimation.objectives import Objective


class FitStatus(Enum):
    """How a fit ended; the value is the sentence the user reads."""

    CONVERGED = "The fit converged: the gradient is zero and the curvature positive in every direction."
    WITHIN_NOISE = (
        "The fit converged within the error of its sampling: the objective could fall by less than 0.1, and the curvature is "
        "positive in every direction."
    )
    AT_BOUND = "The fit ended at a bound; what lies there has no standard error."
    GRADIENT_NOT_SMALL = "The fit stopped before the gradient was zero; start it again from its estimates."
    NOT_POSITIVE_DEFINITE = (
        "The curvature at the estimates is not positive in every direction: there is no covariance matrix."
    )
    EVALUATIONS = (
        "The fit used all its evaluations before the gradient was zero; allow more, or start from its estimates."
    )
    EVALUATED = "Nothing was estimated: the objective was evaluated at the initial values."
    FLAT_MODE = (
        "Laplace's approximation breaks down near these values: the mode of some subject is flat, where the objective falls "
        "without end. Use exact."
    )
    SEVERAL_MODES = (
        "Some subject has two modes that are almost equally deep: the objective jumps where the other one becomes the deeper, and may "
        "be lower beyond. Use exact."
    )
    NO_FINITE_START = (
        "The objective is not finite at the initial values: some subject's observations are impossible there."
    )
    FAILED = "The fit ended in an error of the program, or took down with it every process that computed it."


# Differences of the gradient that the observed information comes from, on the scale of the search.
_STEP = 2e-4
# Expected decrease at which a search whose sampled points move along ends: its gradient errs as much as its objective.
_ROUGH = 2e-2
_ZERO_VARIANCE = 1e-6
_LOG_ZERO = float(np.log(_ZERO_VARIANCE))
# An information below what differences of a gradient tell from nothing; and eigenvalues, the largest being about 1.
_NO_CURVATURE, _ROUNDING = 1e-9, 1e-10
_NEAR_ONE = 1.0 - 1e-5
_SMALL_DECREASE = 1e-3
# Difference of the objective from which on two optima are not the same.
_LOWER = 1e-2
# Difference of -2 log of two modes' densities below which a small change of the parameters makes the other one the deeper.
_RIVAL = 1.5
# Times that a search goes on from its end with everything remembered forgotten; and evaluations of each such search with sampled
# points, at the end of whose reach steps are cut again and again.
_MOST_SETTLINGS, _MOST_IN_REACH = 6, 40
# Largest conditional variance of a whitened random effect at which a search by Laplace's objective ended for want of a mode that
# is not flat.
_NEARLY_FLAT = 5.0


@dataclass(frozen=True, slots=True)
class FitOptions:
    """How a fit is made.

    Parameters
    ----------
    method : Method
        Which objective.
    most_evaluations : int
        Evaluations allowed; with 0 the objective is evaluated at the initial values.
    with_covariance : bool
        Whether the observed information is computed, from which the standard errors and the last check come.
    tolerance : float
        By how much less the objective could still become where the search ends.
    sampling : Sampling
        How exact the exact objective is with three random effects or more, where it is sampled.
    """

    method: Method
    most_evaluations: int = 500
    with_covariance: bool = True
    tolerance: float = 1e-6
    sampling: Sampling = field(default_factory=Sampling)


@dataclass(frozen=True, slots=True)
class Fit:
    """A fit.

    Parameters
    ----------
    population : Population
        Model and subjects.
    options : FitOptions
        How it was made.
    parameters : tuple of PopulationParameter
        What was estimated and what held, with the initial values.
    values : (n_parameters,) array
        Estimates, and the values of what was fixed.
    evaluation : Evaluation
        The objective there.
    scale : Scale
        What was searched.
    information : (n_free, n_free) array or None
        R: half the Hessian of the objective by the free parameters on their own scale; None where it was not computed.
    scores : (n_subjects, n_free) array
        Each subject's derivatives of the objective by the free parameters; each centre's where there are effects of centres.
    gradient_norm : float
        Largest derivative on the scale of the search.
    status : FitStatus
        How it ended.
    at_bound : tuple of str
        Names of the parameters that ended at a bound.
    n_evaluations : int
        Evaluations of the objective.
    """

    population: Population
    options: FitOptions
    parameters: tuple[PopulationParameter, ...]
    values: FloatArray
    evaluation: Evaluation
    scale: Scale
    information: FloatArray | None
    scores: FloatArray
    gradient_norm: float
    status: FitStatus
    at_bound: tuple[str, ...]
    n_evaluations: int

    @property
    def ofv(self) -> float:
        """Return the objective."""
        return self.evaluation.ofv


def with_changes(
    parameters: tuple[PopulationParameter, ...], *, initial: Mapping[str, float], fixed: Mapping[str, float]
) -> tuple[PopulationParameter, ...]:
    """Return parameters with other initial values, and some of them fixed.

    Raises
    ------
    InputError
        For a name that is none of theirs, and for a value outside its bounds.
    """
    names = [parameter.name for parameter in parameters]
    for name, value in (*initial.items(), *fixed.items()):
        if name not in names:
            raise input_error(name, f"is not a parameter of this model, which has {', '.join(names)}")
        one = parameters[names.index(name)]
        if not one.lower < value < one.upper:
            raise input_error(name, f"{value:g} is outside its bounds {one.lower:g} to {one.upper:g}")
    changed = (replace(one, value={**initial, **fixed}.get(one.name, one.value)) for one in parameters)
    return tuple(replace(one, is_fixed=one.is_fixed or one.name in fixed) for one in changed)


def fit(
    population: Population,
    options: FitOptions,
    *,
    parameters: tuple[PopulationParameter, ...] | None = None,
    hessian: FloatArray | None = None,
    progress: Callable[[float], None] | None = None,
    weights: FloatArray | None = None,
) -> Fit:
    """Fit a model to a population.

    Parameters
    ----------
    population : Population
        Model and subjects.
    options : FitOptions
        How.
    parameters : tuple of PopulationParameter, optional
        What to estimate and where to start; as the model has them where left out.
    hessian : (n_free, n_free) array, optional
        What the Hessian of the objective by the free parameters is at the start, about; from the subjects' gradients where
        left out. It changes how fast the search is, not where it ends.
    progress : callable, optional
        Told the objective at every point of the first search.
    weights : (n_subjects,) array, optional
        What each subject's objective counts, in the objective, the scores and the information; 1 where left out. The model has
        no effects of centres.

    Raises
    ------
    InputError
        Where the method cannot be used on these data, or the model has no free parameter.
    """
    parameters = population.parameters if parameters is None else parameters
    _check(population, options)
    scale = scale_of(parameters)
    is_search = options.most_evaluations > 0 and scale.n_free > 0
    objective = objective_of(
        population, scale, options.method, sampling=options.sampling, is_search=is_search, weights=weights
    )
    afresh = _afresh(population, scale, options, objective)
    free = to_free(scale, scale.values)
    start = objective(free, None)
    if not np.isfinite(start.value) or options.most_evaluations == 0 or scale.n_free == 0:
        status = _unsearched(start, options)
        return ended(population, options, parameters, scale, Minimum(start, 0.0, 1, is_converged=True), None, status)
    slopes = jacobian(scale, free)[scale.free]
    is_sampled = isinstance(start.memory.start, SampledPoints)
    minimum = minimize(
        objective,
        start,
        tolerance=max(options.tolerance, _ROUGH) if is_sampled else options.tolerance,
        most_evaluations=options.most_evaluations,
        hessian=None if hessian is None else slopes.T @ hessian @ slopes,
        accepted=progress,
    )
    n = 1 + minimum.n_evaluations
    # Approximations jump between modes near there, and mislead such a comparison.
    if options.with_covariance and options.method is Method.EXACT and not is_sampled:
        minimum, again = _lowest_without_variance(objective, scale, parameters, minimum, options)
        n += again
    information, is_settled = None, True
    for _ in range(3):
        minimum, again, is_settled = _settled(objective, afresh, minimum, options.tolerance)
        n += again
        if not options.with_covariance:
            break
        information, used = information_at(objective, minimum.point)
        n += used
        # The last word on convergence has the observed information, not the approximation that the search went by.
        left = expected_decrease(information, minimum.point.gradient)
        if left < _SMALL_DECREASE or not is_positive(information):
            break
        minimum = minimize(
            objective,
            minimum.point,
            tolerance=options.tolerance,
            most_evaluations=options.most_evaluations,
            hessian=2.0 * information,
        )
        n += minimum.n_evaluations
    minimum = replace(minimum, n_evaluations=n)
    found = ended(population, options, parameters, scale, minimum, information, None)
    # By quadrature the objective differs afresh by its own error alone.
    is_lost = not is_settled and options.method is not Method.EXACT and found.status is not FitStatus.FLAT_MODE
    is_doubtful = options.method is Method.LAPLACE and found.status in (FitStatus.CONVERGED, FitStatus.AT_BOUND)
    if is_lost or (is_doubtful and _has_rival_modes(population, scale, minimum.point, weights)):
        return replace(found, status=FitStatus.SEVERAL_MODES)
    return found


def _check(population: Population, options: FitOptions) -> None:
    if options.method is Method.SAEM:
        raise input_error("--method", "saem fits a model to one cohort alone (asuc fit); use exact or laplace here")
    censored = int((population.packed.observations[:, CENSORED] != 0.0).sum())
    if censored and options.method in (Method.FO, Method.FOCE, Method.FOCEI):
        raise input_error(
            "--method",
            f"{options.method.value} has no objective for the {censored} censored observations; use laplace or exact, or "
            "--censored drop or half",
        )
    signed = [term for term in population.model.terms if term.eta is not None and term.shape in SIGNED_SHAPES]
    if options.method is Method.EXACT and signed:
        raise input_error(
            "--method",
            f"exact integrates over effects that keep parameters positive, and that on {signed[0].parameter} is "
            f"{signed[0].shape.value}; use laplace or focei",
        )


def _ends_flat(options: FitOptions, evaluation: Evaluation) -> bool:
    return options.method is Method.LAPLACE and float(evaluation.flatness.max(initial=0.0)) > _NEARLY_FLAT


def _unsearched(start: Point[Memory], options: FitOptions) -> FitStatus:
    if not np.isfinite(start.memory.evaluation.ofv):
        return FitStatus.NO_FINITE_START
    if np.isfinite(start.value) or options.most_evaluations == 0:
        return FitStatus.EVALUATED
    return FitStatus.FLAT_MODE


def _lowest_without_variance(
    objective: Objective,
    scale: Scale,
    parameters: tuple[PopulationParameter, ...],
    minimum: Minimum[Any],
    options: FitOptions,
) -> tuple[Minimum[Any], int]:
    """Search again with each variance at nothing, in turn, and return the lowest minimum.

    On logarithms the objective is level there, so that no search from elsewhere need find that end, though it may be the lower one.
    """
    n, lowest = 0, minimum
    for piece, at in zip(scale.pieces, np.cumsum([0, *(len(piece.places) for piece in scale.pieces)]), strict=False):
        if piece.kind != "log" or parameters[piece.places[0]].kind is not ParameterKind.OMEGA:
            continue
        begin = minimum.point.place.copy()
        begin[at] = _LOG_ZERO - np.log(2.0)
        start = objective(begin, None)
        n += 1
        if not np.isfinite(start.value):
            continue
        found = minimize(objective, start, tolerance=options.tolerance, most_evaluations=options.most_evaluations)
        n += found.n_evaluations
        # Where nothing is lost without the variance, the search towards nothing stopped on its way there.
        is_as_low = found.point.place[at] < _LOG_ZERO and found.point.value < lowest.point.value + _SMALL_DECREASE
        if is_as_low or found.point.value < lowest.point.value - _LOWER:
            lowest = found
    return lowest, n


def _afresh(
    population: Population, scale: Scale, options: FitOptions, objective: Objective
) -> Callable[[Point[Any]], Point[Any]]:
    """Return the objective at a point with nothing remembered: nodes placed anew, or the deepest mode of every subject."""
    # Of three random effects and more, a scan for the deepest mode would take longer than the fit.
    # Modes of models with effects of centres belong to nodes of these.
    if options.method in (Method.EXACT, Method.FO) or population.n_eta > 2 or population.model.centre_variances:
        return lambda point: objective(point.place, forgotten(point.memory))

    def afresh(point: Point[Any]) -> Point[Any]:
        found = estimate_map(problem_at(population, to_values(scale, point.place)))
        begun = np.where(np.isfinite(found.white), found.white, 0.0)
        fresh = objective(point.place, replace(point.memory, start=begun))
        return replace(fresh, memory=replace(fresh.memory, second=found.modes[:, 1]))

    return afresh


def _has_rival_modes(population: Population, scale: Scale, point: Point[Memory], weights: FloatArray | None) -> bool:
    """Return whether some subject's second mode is almost as deep as its deepest."""
    second, first = point.memory.second, point.memory.evaluation
    if second is None:
        return False
    is_double: BoolArray = np.logical_and.reduce(np.isfinite(second), axis=1)
    if not is_double.any():
        return False
    begun = np.where(is_double[:, None], second, point.memory.start)
    other = evaluate(population, to_values(scale, point.place), Approximation.LAPLACE, start=begun, with_gradient=False)
    own = first.ofv_i if weights is None else first.ofv_i / weights
    depth = [ofv_i + np.linalg.slogdet(one.covariance).logabsdet for ofv_i, one in ((own, first), (other.ofv_i, other))]
    return bool((np.abs(depth[1] - depth[0])[is_double] < _RIVAL).any())


def _settled(
    objective: Objective, afresh: Callable[[Point[Any]], Point[Any]], minimum: Minimum[Any], tolerance: float
) -> tuple[Minimum[Any], int, bool]:
    """Search on from a minimum with everything remembered forgotten, until nothing changes by that; say whether it came to that."""
    n, lowest = 0, None
    for _ in range(_MOST_SETTLINGS):
        fresh = afresh(minimum.point)
        n += 1
        if not np.isfinite(fresh.value):
            return minimum, n, True
        is_same = abs(fresh.value - minimum.point.value) < _SMALL_DECREASE
        if is_same and not has_other_points(fresh.memory, minimum.point.memory):
            return replace(minimum, point=fresh), n, True
        is_sampled = isinstance(fresh.memory.start, SampledPoints)
        # A search that comes back no lower goes to and fro across a jump.
        if lowest is not None and not fresh.value < lowest.value - _SMALL_DECREASE:
            break
        lowest = None if is_sampled else fresh
        most = _MOST_IN_REACH if is_sampled else 500
        minimum = minimize(objective, fresh, tolerance=tolerance, most_evaluations=most)
        n += minimum.n_evaluations
    return (minimum if lowest is None else replace(minimum, point=lowest)), n, False


def information_at(objective: Objective, point: Point[Any]) -> tuple[FloatArray, int]:
    """Return half the Hessian on the scale of the search, by central differences of the gradient."""
    n = point.place.size
    rows = np.empty((n, n))
    for k in range(n):
        step = _STEP * np.eye(n)[k]
        ahead, behind = (objective(point.place + sign * step, point.memory).gradient for sign in (1.0, -1.0))
        rows[k] = (ahead - behind) / (4.0 * _STEP)
    return 0.5 * (rows + rows.T), 2 * n


def is_positive(matrix: FloatArray) -> bool:
    """Return whether a symmetric matrix is finite and positive definite, by more than its own rounding errors.

    It is judged scaled to a diagonal of ones, so that the units of the parameters do not matter.
    """
    diagonal = np.diag(matrix)
    if not np.isfinite(matrix).all() or not (diagonal > _NO_CURVATURE).all():
        return False
    root = np.sqrt(diagonal)
    return bool(np.linalg.eigvalsh(matrix / np.outer(root, root))[0] > _ROUNDING)


def expected_decrease(information: FloatArray, gradient: FloatArray) -> float:
    """Return by how much the objective would still fall by its quadratic approximation; 0 where that is not positive definite."""
    if not is_positive(information):
        return 0.0
    values, vectors = np.linalg.eigh(information)
    return float(0.25 * ((vectors.T @ gradient) ** 2 / values).sum())


def ended(
    population: Population,
    options: FitOptions,
    parameters: tuple[PopulationParameter, ...],
    scale: Scale,
    minimum: Minimum[Any],
    information: FloatArray | None,
    status: FitStatus | None,
) -> Fit:
    """Return the fit that ended at a minimum; its status is judged by gradient and information where none is given."""
    point = minimum.point
    values = to_values(scale, point.place)
    evaluation: Evaluation = point.memory.evaluation
    if isinstance(evaluation, CentreEvaluation):
        evaluation = at_mean_effects(population, values, conditional_of(options.method), evaluation)
    at_bound = parameters_at_bound(parameters, scale, values)
    free = scale.free
    own = None
    if information is not None:
        inverse = np.linalg.inv(jacobian(scale, point.place)[free])
        own = inverse.T @ information @ inverse
    return Fit(
        population=population,
        options=options,
        parameters=parameters,
        values=values,
        evaluation=evaluation,
        scale=scale,
        information=own,
        scores=evaluation.gradient[:, free],
        gradient_norm=float(np.abs(point.gradient).max()) if point.gradient.size else 0.0,
        status=status or _status(minimum, information, at_bound, options, evaluation),
        at_bound=at_bound,
        n_evaluations=minimum.n_evaluations,
    )


def _status(
    minimum: Minimum[Any],
    information: FloatArray | None,
    at_bound: tuple[str, ...],
    options: FitOptions,
    evaluation: Evaluation,
) -> FitStatus:
    is_minimum = minimum.is_converged and (information is None or is_positive(information))
    if not is_minimum and _ends_flat(options, evaluation):
        return FitStatus.FLAT_MODE
    if at_bound:
        return FitStatus.AT_BOUND
    if information is not None and not is_positive(information):
        return FitStatus.NOT_POSITIVE_DEFINITE
    left = minimum.expected_decrease if information is None else expected_decrease(information, minimum.point.gradient)
    if left < _SMALL_DECREASE:
        return FitStatus.CONVERGED
    return FitStatus.EVALUATIONS if minimum.n_evaluations >= options.most_evaluations else FitStatus.GRADIENT_NOT_SMALL


def parameters_at_bound(
    parameters: tuple[PopulationParameter, ...], scale: Scale, values: FloatArray
) -> tuple[str, ...]:
    """Return the names of the free parameters that lie at a bound."""
    variance = {
        str(one.place[1]): value
        for one, value in zip(parameters, values, strict=True)
        if one.kind is ParameterKind.OMEGA and one.place[0] == "omega2"
    }
    found: list[str] = []
    for i in scale.free:
        one, value = parameters[i], values[i]
        is_variance = one.kind is ParameterKind.OMEGA and one.place[0] == "omega2"
        if (is_variance and value < _ZERO_VARIANCE) or _is_near_end(one, value):
            found.append(one.name)
        elif one.kind is ParameterKind.OMEGA and one.place[0] == "covariance":
            limit = np.sqrt(variance[str(one.place[1])] * variance[str(one.place[2])])
            if abs(value) > _NEAR_ONE * limit:
                found.append(one.name)
    return tuple(found)


def _is_near_end(one: PopulationParameter, value: float) -> bool:
    if not (np.isfinite(one.lower) and np.isfinite(one.upper)):
        return False
    width = one.upper - one.lower
    return min(value - one.lower, one.upper - value) < 1e-4 * width

"""Maximum likelihood fits of a population model, by NONMEM's conditional objectives or the exact marginal likelihood."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from enum import Enum
from typing import TYPE_CHECKING, Any

import numpy as np

from pkpd.errors import InputError, Problem, input_error
from pkpd.estimation.information import expected_decrease, information_at, is_positive
from pkpd.estimation.minimize import Minimum, Point
from pkpd.estimation.objectives import Memory, Method, SampledPoints, conditional_of
from pkpd.estimation.optimum import (
    LOWER,
    SMALL_DECREASE,
    ZERO_VARIANCE,
    at_its_bounds,
    has_rival_modes,
    lowest_from_elsewhere,
    lowest_without_variance,
    off_level_ground,
    search_of,
    settled,
)
from pkpd.estimation.scale import NO_SHARE, Scale, jacobian, own_shares, reach_of, to_free, to_values
from pkpd.kernels.codes import CENSORED
from pkpd.likelihood.centres import CentreEvaluation, at_mean_effects
from pkpd.likelihood.importance import Sampling
from pkpd.likelihood.population import scores_of, total_of
from pkpd.model.population import ParameterKind, PopulationParameter
from pkpd.model.spec import SIGNED_SHAPES

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from pkpd.arrays import FloatArray
    from pkpd.estimation.optimum import Search
    from pkpd.estimation.scale import Piece
    from pkpd.likelihood.population import Evaluation, Population


class FitStatus(Enum):
    """How a fit ended; the value is the sentence the user reads."""

    CONVERGED = "The fit converged: the gradient is zero and the curvature positive in every direction."
    WITHIN_NOISE = (
        "The fit converged within the error of its sampling: the objective could fall by less than 0.1, and the curvature is "
        "positive in every direction."
    )
    AT_BOUND = "The fit ended at a bound; what lies there has no standard error, and those of the others hold it there."
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
    LOWER_ELSEWHERE = (
        "The fit ended at an optimum, but elsewhere the objective is lower, where no search comes to an end: modes of some subject are "
        "flat there, or jump. Use exact."
    )
    NO_FINITE_START = (
        "The objective is not finite at the initial values: some subject's observations are impossible there."
    )
    FAILED = "The fit ended in an error of the program, or took down with it every process that computed it."


# Expected decrease at which a search whose sampled points move along ends: its gradient errs as much as its objective.
_ROUGH = 2e-2
# Share of the model's value's distance from a bound below which a parameter lies there.
_AT_END = 1e-4
# Methods whose objective jumps where another mode of a subject becomes the deepest, and so has minima of its own.
_BY_MODES = (Method.FOCE, Method.FOCEI, Method.LAPLACE)
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
        return float(total_of(self.population, self.evaluation.ofv_i))


def with_changes(
    parameters: tuple[PopulationParameter, ...], *, initial: Mapping[str, float], fixed: Mapping[str, float]
) -> tuple[PopulationParameter, ...]:
    """Return parameters with other initial values, and some of them fixed.

    Raises
    ------
    InputError
        For a name that is none of theirs, and for a value outside its bounds.
    """
    by_name = {parameter.name: parameter for parameter in parameters}
    given = (*initial.items(), *fixed.items())
    unknown = dict.fromkeys(name for name, _ in given if name not in by_name)
    problems = [Problem(name, f"is not a parameter of this model, which has {', '.join(by_name)}") for name in unknown]
    problems += [
        Problem(name, f"is {_outside(value, by_name[name])}")
        for name, value in given
        if name in by_name and not by_name[name].lower < value < by_name[name].upper
    ]
    changed = [replace(one, value={**initial, **fixed}.get(one.name, one.value)) for one in parameters]
    problems += [
        Problem(one.name, f"starts at {_outside(one.value, one)}; give an initial value inside")
        for one in changed
        if not one.is_fixed and one.name not in {**initial, **fixed} and not one.lower < one.value < one.upper
    ]
    if problems:
        raise InputError(problems)
    return tuple(replace(one, is_fixed=one.is_fixed or one.name in fixed) for one in changed)


def _outside(value: float, one: PopulationParameter) -> str:
    """Return what is wrong with a value at or beyond a bound, and how a variance of 0 is had."""
    if value in {one.lower, one.upper}:
        absent = one.kind is ParameterKind.OMEGA and value == 0.0
        cure = "; to have no such random effect, leave its section out of the model file" if absent else ""
        return f"{value:g}, at a bound; expected a value between {one.lower:g} and {one.upper:g}{cure}"
    return f"{value:g}, outside its bounds {one.lower:g} to {one.upper:g}"


def fit(
    population: Population,
    options: FitOptions,
    *,
    parameters: tuple[PopulationParameter, ...] | None = None,
    hessian: FloatArray | None = None,
    modes: FloatArray | None = None,
    progress: Callable[[float], None] | None = None,
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
    modes : (n_subjects, n_eta) array, optional
        About the empirical Bayes estimates at the start, whitened; looked for from zero where left out. Methods that use none,
        and models with effects of centres, leave them aside.
    progress : callable, optional
        Told the objective at every point of the first search.

    Raises
    ------
    InputError
        Where the method cannot be used on these data, or the model has no free parameter.
    """
    parameters = population.parameters if parameters is None else parameters
    _check(population, options)
    is_search = options.most_evaluations > 0 and not all(one.is_fixed for one in parameters)
    search = search_of(
        population,
        parameters,
        options.method,
        sampling=options.sampling,
        tolerance=options.tolerance,
        is_search=is_search,
        modes=modes,
    )
    free = to_free(search.scale, search.scale.values)
    if is_search:
        free = off_level_ground(search, free)
    start = search.objective(free, None)
    if not np.isfinite(start.value) or not is_search:
        unsearched = Minimum(start, 0.0, 1, is_converged=True)
        return ended(population, options, parameters, search.scale, unsearched, None, _unsearched(start, options))
    slopes = jacobian(search.scale, free)[search.scale.free]
    is_sampled = isinstance(start.memory.start, SampledPoints)
    minimum = search.from_point(
        start,
        tolerance=max(options.tolerance, _ROUGH) if is_sampled else options.tolerance,
        most_evaluations=options.most_evaluations,
        hessian=None if hessian is None else slopes.T @ hessian @ slopes,
        accepted=progress,
    )
    is_exhausted = not minimum.is_converged and minimum.n_evaluations >= options.most_evaluations
    minimum = replace(minimum, n_evaluations=1 + minimum.n_evaluations)
    if is_exhausted:
        # What follows would search on with evaluations of its own, and compare what is no minimum.
        is_flat = options.method is Method.LAPLACE and _is_nearly_flat(minimum.point.memory.evaluation)
        status = FitStatus.FLAT_MODE if is_flat else FitStatus.EVALUATIONS
        return ended(population, options, parameters, search.scale, minimum, None, status)
    # Approximations jump between modes near there, and mislead such a comparison.
    if options.with_covariance and options.method is Method.EXACT and not is_sampled:
        minimum = lowest_without_variance(search, minimum)
    found, minimum = _finished(search, minimum, options)
    is_doubtful = options.method in _BY_MODES and found.status in (FitStatus.CONVERGED, FitStatus.AT_BOUND)
    if not is_doubtful or not options.with_covariance:
        return found
    lower = lowest_from_elsewhere(search, minimum)
    if lower.point is minimum.point:
        return replace(found, n_evaluations=lower.n_evaluations)
    other, _ = _finished(search, lower, options)
    if other.status is FitStatus.FLAT_MODE or other.ofv > lower.point.value + LOWER:
        return replace(found, status=FitStatus.LOWER_ELSEWHERE, n_evaluations=other.n_evaluations)
    return other


def _finished(search: Search, minimum: Minimum[Any], options: FitOptions) -> tuple[Fit, Minimum[Any]]:
    """Return the fit that a search ended in, settled and with its information, and its minimum."""
    information, is_settled = None, True
    for _ in range(3):
        minimum, is_settled = settled(search, minimum)
        minimum = at_its_bounds(search, minimum)
        if not options.with_covariance:
            break
        information, used = information_at(search.objective, minimum.point)
        n = minimum.n_evaluations + used
        minimum = replace(minimum, n_evaluations=n)
        # The last word on convergence has the observed information, not the approximation that the search went by.
        left = expected_decrease(information, minimum.point.gradient)
        if left < SMALL_DECREASE or not is_positive(information):
            break
        most = options.most_evaluations
        minimum = search.from_point(minimum.point, most_evaluations=most, hessian=2.0 * information)
        minimum = replace(minimum, n_evaluations=n + minimum.n_evaluations)
    found = ended(search.population, options, search.parameters, search.scale, minimum, information, None)
    # By quadrature the objective differs afresh by its own error alone.
    is_lost = not is_settled and options.method is not Method.EXACT and found.status is not FitStatus.FLAT_MODE
    is_doubtful = options.method is Method.LAPLACE and found.status in (FitStatus.CONVERGED, FitStatus.AT_BOUND)
    if is_lost or (is_doubtful and has_rival_modes(search, minimum.point)):
        return replace(found, status=FitStatus.SEVERAL_MODES), minimum
    return found, minimum


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


def _is_nearly_flat(evaluation: Evaluation) -> bool:
    return float(evaluation.flatness.max(initial=0.0)) > _NEARLY_FLAT


def _unsearched(start: Point[Memory], options: FitOptions) -> FitStatus:
    if not np.isfinite(start.memory.evaluation.ofv):
        return FitStatus.NO_FINITE_START
    if np.isfinite(start.value) or options.most_evaluations == 0:
        return FitStatus.EVALUATED
    return FitStatus.FLAT_MODE


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
    at_bound = parameters_at_bound(population, parameters, scale, values)
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
        scores=scores_of(population, evaluation.gradient[:, free]),
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
    if options.method is Method.LAPLACE and not is_minimum and (minimum.is_cut_off or _is_nearly_flat(evaluation)):
        return FitStatus.FLAT_MODE
    if at_bound:
        return FitStatus.AT_BOUND
    if information is not None and not is_positive(information):
        return FitStatus.NOT_POSITIVE_DEFINITE
    left = minimum.expected_decrease if information is None else expected_decrease(information, minimum.point.gradient)
    return FitStatus.CONVERGED if left < SMALL_DECREASE else FitStatus.GRADIENT_NOT_SMALL


def parameters_at_bound(
    population: Population, parameters: tuple[PopulationParameter, ...], scale: Scale, values: FloatArray
) -> tuple[str, ...]:
    """Return the names of the free parameters that lie at a bound."""
    dependent = {place for piece in scale.pieces for place in _dependent(piece, values)}
    found: list[str] = []
    for i in scale.free:
        one, value = parameters[i], values[i]
        if one.kind is not ParameterKind.OMEGA:
            is_there = _is_near_end(one, value, population.parameters[i].value)
        else:
            is_there = value < ZERO_VARIANCE if one.place[0] == "omega2" else i in dependent
        if is_there:
            found.append(one.name)
    return tuple(found)


def _dependent(piece: Piece, values: FloatArray) -> Iterator[int]:
    """Yield the places of covariances by which a random effect of a block is a line through others: one of them, if that is enough."""
    if piece.kind != "block":
        return
    triangle = values[list(piece.places)]
    shares = own_shares(triangle)
    starts = np.cumsum(np.arange(shares.size + 1))
    variance = triangle[starts[1:] - 1]
    for k in np.flatnonzero(shares < NO_SHARE).tolist():
        own = triangle[starts[k] : starts[k] + k]
        is_enough = own * own > (1.0 - NO_SHARE) * variance[:k] * variance[k]
        yield from (piece.places[starts[k] + j] for j in range(k) if is_enough[j] or not is_enough.any())


def _is_near_end(one: PopulationParameter, value: float, typical: float) -> bool:
    bounds = [bound for bound in (one.lower, one.upper) if np.isfinite(bound)]
    return any(abs(value - bound) < _AT_END * reach_of(one, bound, typical) for bound in bounds)

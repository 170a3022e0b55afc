"""Whether a minimum that a search ended at is the lowest: ways on from it, and to others."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from pkpd.estimation.map import estimate_map
from pkpd.estimation.minimize import Minimum, Point, minimize
from pkpd.estimation.objectives import (
    Memory,
    Method,
    SampledPoints,
    forgotten,
    has_other_points,
    objective_of,
    underived_of,
)
from pkpd.estimation.scale import own_shares, piece_place, piece_values, place_of_share, reach_of, scale_of, to_values
from pkpd.kernels.laplace import Approximation
from pkpd.likelihood.population import evaluate, problem_at
from pkpd.model.population import ParameterKind
from pkpd.model.spec import RandomEffectShape

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from pkpd.arrays import BoolArray, FloatArray
    from pkpd.estimation.objectives import Objective
    from pkpd.estimation.scale import Piece, Scale
    from pkpd.likelihood.importance import Sampling
    from pkpd.likelihood.population import Population
    from pkpd.model.population import PopulationParameter

ZERO_VARIANCE = 1e-6
"""A variance that is none."""
SMALL_DECREASE = 1e-3
"""Difference of the objective that no result depends on."""
_LOG_ZERO = float(np.log(ZERO_VARIANCE))
# On logarithms the objective is level towards a variance of nothing: below the first, a search would not find its way up again, and
# begins at the second; one that ended below the third may be nothing.
_LEVEL, _ABOVE_LEVEL, _PERHAPS_NOTHING = 1e-4, 1e-2, 1e-2
# Share of the model's value's distance from a bound that is the bound, and from which on it may be.
_END, _PERHAPS_END = 1e-5, 0.02
# The same of the share of its variance that a random effect of a block has of its own.
_OWN_SHARE, _PERHAPS_NO_SHARE = 1e-6, 2e-3
LOWER = 1e-2
"""Difference of the objective from which on two optima are not the same."""
# Difference of -2 log of two modes' densities below which a small change of the parameters makes the other one the deeper.
_RIVAL = 1.5
# Times that a search goes on from its end with everything remembered forgotten; and evaluations of each such search with sampled
# points, at the end of whose reach steps are cut again and again.
_MOST_SETTLINGS, _MOST_IN_REACH = 6, 40
# Starts away from a minimum: factors of residual errors, variances and typical values, least share of its initial value that a
# variance has there, and the expected decrease at which these searches end.
_LARGER_ERROR, _SMALLER_VARIANCE, _LARGER_TYPICAL, _LEAST_SHARE, _ROUGHLY = 1.5, 0.3, 1.6, 0.03, 1e-2
# Multiple of the expected decrease at a rough end by which the objective may still fall: the quadratic approximation errs.
_FURTHER = 10.0


@dataclass(frozen=True, slots=True)
class Search:
    """A search for the minimum of a method's objective over the free parameters of a population.

    Parameters
    ----------
    population : Population
        Model and subjects.
    parameters : tuple of PopulationParameter
        What is estimated and what held, with the initial values.
    method : Method
        Which objective.
    sampling : Sampling
        How exact the exact method is where it is sampled.
    tolerance : float
        By how much less the objective could still become where a search ends.
    scale : Scale
        What is searched.
    objective : callable
        The objective.
    underived : callable or None
        The same without its derivatives, where that saves time.
    """

    population: Population
    parameters: tuple[PopulationParameter, ...]
    method: Method
    sampling: Sampling
    tolerance: float
    scale: Scale
    objective: Objective
    underived: Objective | None

    def from_point(
        self,
        start: Point[Any],
        *,
        tolerance: float | None = None,
        most_evaluations: int = 500,
        hessian: FloatArray | None = None,
        accepted: Callable[[float], None] | None = None,
    ) -> Minimum[Any]:
        """Return the minimum that the search from a point leads to; arguments are those of ``minimize``."""
        return minimize(
            self.objective,
            start,
            underived=self.underived,
            tolerance=self.tolerance if tolerance is None else tolerance,
            most_evaluations=most_evaluations,
            hessian=hessian,
            accepted=accepted,
        )


def search_of(
    population: Population,
    parameters: tuple[PopulationParameter, ...],
    method: Method,
    *,
    sampling: Sampling,
    tolerance: float,
    is_search: bool,
    modes: FloatArray | None = None,
) -> Search:
    """Return the search of a method over the free ones of some parameters; arguments as the fields of ``Search``.

    ``is_search`` says whether sampled points begin few, for a search that refines them where it ends; ``modes`` is that of
    ``objective_of``.
    """
    scale = scale_of(parameters)
    objective = objective_of(population, scale, method, sampling=sampling, is_search=is_search, modes=modes)
    underived = underived_of(population, scale, method)
    return Search(population, parameters, method, sampling, tolerance, scale, objective, underived)


def afresh(search: Search, point: Point[Any]) -> Point[Any]:
    """Return the objective at a point with nothing remembered: nodes placed anew, or the deepest mode of every subject."""
    population, method = search.population, search.method
    # Of three random effects and more, a scan for the deepest mode would take longer than the fit.
    # Modes of models with effects of centres belong to nodes of these.
    if method in (Method.EXACT, Method.FO) or population.n_eta > 2 or population.model.centre_variances:
        return search.objective(point.place, forgotten(point.memory))
    found = estimate_map(problem_at(population, to_values(search.scale, point.place)))
    begun = np.where(np.isfinite(found.white), found.white, 0.0)
    fresh = search.objective(point.place, replace(point.memory, start=begun))
    return replace(fresh, memory=replace(fresh.memory, second=found.modes[:, 1]))


def settled(search: Search, minimum: Minimum[Any]) -> tuple[Minimum[Any], bool]:
    """Search on from a minimum with everything remembered forgotten, until nothing changes by that; say whether it came to that."""
    n, lowest = minimum.n_evaluations, None
    for _ in range(_MOST_SETTLINGS):
        fresh = afresh(search, minimum.point)
        n += 1
        if not np.isfinite(fresh.value):
            return replace(minimum, n_evaluations=n), True
        is_same = abs(fresh.value - minimum.point.value) < SMALL_DECREASE
        if is_same and not has_other_points(fresh.memory, minimum.point.memory):
            return replace(minimum, point=fresh, n_evaluations=n), True
        is_sampled = isinstance(fresh.memory.start, SampledPoints)
        # A search that comes back no lower goes to and fro across a jump.
        if lowest is not None and not fresh.value < lowest.value - SMALL_DECREASE:
            break
        lowest = None if is_sampled else fresh
        minimum = search.from_point(fresh, most_evaluations=_MOST_IN_REACH if is_sampled else 500)
        n += minimum.n_evaluations
    return replace(minimum, point=minimum.point if lowest is None else lowest, n_evaluations=n), False


def lowest_without_variance(search: Search, minimum: Minimum[Any]) -> Minimum[Any]:
    """Search again with each variance at nothing, in turn, and return the lowest minimum.

    On logarithms the objective is level there, so that no search from elsewhere need find that end, though it may be the lower one.
    """
    n, lowest = minimum.n_evaluations, minimum
    for at, piece in _first_places(search.scale):
        if not _is_variance(search, piece):
            continue
        begin = minimum.point.place.copy()
        begin[at] = _LOG_ZERO - np.log(2.0)
        start = search.objective(begin, None)
        n += 1
        if not np.isfinite(start.value):
            continue
        found = search.from_point(start, tolerance=_ROUGHLY)
        n += found.n_evaluations
        if found.point.value - _FURTHER * found.expected_decrease < lowest.point.value + LOWER:
            found = search.from_point(found.point)
            n += found.n_evaluations
        # Where nothing is lost without the variance, the search towards nothing stopped on its way there.
        is_as_low = found.point.place[at] < _LOG_ZERO and found.point.value < lowest.point.value + SMALL_DECREASE
        if is_as_low or found.point.value < lowest.point.value - LOWER:
            lowest = found
    return replace(lowest, n_evaluations=n)


def off_level_ground(search: Search, place: FloatArray) -> FloatArray:
    """Return where a search begins: as given, but no variance so small that its derivative on logarithms shows nothing."""
    begun = place.copy()
    # An effect that is added is measured in the parameter's unit, in which any variance may be a large one.
    added = {term.eta for term in search.population.model.terms if term.shape is RandomEffectShape.ADDITIVE}
    for at, piece in _first_places(search.scale):
        if not _is_variance(search, piece) or search.parameters[piece.places[0]].place[1] in added:
            continue
        if begun[at] < np.log(_LEVEL):
            begun[at] = np.log(_ABOVE_LEVEL)
    return begun


def at_its_bounds(search: Search, minimum: Minimum[Any]) -> Minimum[Any]:
    """Return the minimum with each parameter that is as good at its bound moved there, so that where it is said to be does not depend on the start."""
    n, point = minimum.n_evaluations, minimum.point
    for at, end in _ends_near(search, minimum.point.place):
        moved = point.place.copy()
        moved[at] = end
        there = search.objective(moved, point.memory)
        n += 1
        if not there.value < minimum.point.value + SMALL_DECREASE:
            continue
        # What was remembered is of the place before.
        fresh = afresh(search, there)
        n += 1
        if fresh.value < minimum.point.value + SMALL_DECREASE:
            point = fresh
    return replace(minimum, point=point, n_evaluations=n)


def _ends_near(search: Search, place: FloatArray) -> Iterator[tuple[int, float]]:
    """Yield each coordinate that has almost reached a bound with where that lies."""
    for at, piece in _first_places(search.scale):
        if piece.kind == "block":
            free = place[at : at + len(piece.places)]
            shares = own_shares(piece_values(piece, free))
            for k in np.flatnonzero(shares < _PERHAPS_NO_SHARE).tolist():
                yield at + k * (k + 3) // 2, place_of_share(free, k, _OWN_SHARE)
        elif (end := _end_near(search, piece, place[at : at + 1])) is not None:
            yield at, end


def _end_near(search: Search, piece: Piece, at: FloatArray) -> float | None:
    """Return where the bound lies that a parameter has almost reached, or None where it is not near one or there already."""
    if _is_variance(search, piece):
        return _LOG_ZERO - float(np.log(2.0)) if _LOG_ZERO < at[0] < np.log(_PERHAPS_NOTHING) else None
    (place,) = piece.places
    one, typical = search.parameters[place], search.population.parameters[place].value
    value = float(piece_values(piece, at)[0])
    for bound, inwards in ((one.lower, 1.0), (one.upper, -1.0)):
        reach = reach_of(one, bound, typical) if np.isfinite(bound) else 0.0
        if _END * reach < inwards * (value - bound) < _PERHAPS_END * reach:
            return float(piece_place(piece, np.array([bound + inwards * _END * reach]))[0])
    return None


def _is_variance(search: Search, piece: Piece) -> bool:
    return piece.kind == "log" and search.parameters[piece.places[0]].kind is ParameterKind.OMEGA


def _first_places(scale: Scale) -> list[tuple[int, Piece]]:
    """Return each piece with the place of its first coordinate."""
    starts = np.cumsum([0, *(len(piece.places) for piece in scale.pieces)]).tolist()
    return list(zip(starts, scale.pieces, strict=False))


def lowest_from_elsewhere(search: Search, minimum: Minimum[Any]) -> Minimum[Any]:
    """Search from places away from a minimum, and return the lowest minimum, however it ended; or the given one.

    With a larger residual error conditional densities have one broad mode, with smaller variances they lie near the prior's; with
    another typical value, other subjects are those whose modes compete. Of many ways tried on simulated cohorts, these led to lower minima most often.
    """
    n, lowest = minimum.n_evaluations, minimum
    for place in _places_away(search, minimum.point.place):
        start = search.objective(place, None)
        n += 1
        if not np.isfinite(start.value):
            continue
        found = search.from_point(start, tolerance=_ROUGHLY)
        n += found.n_evaluations
        if found.point.value < lowest.point.value - LOWER:
            found, _ = settled(search, replace(found, n_evaluations=0))
            n += found.n_evaluations
        if found.point.value < lowest.point.value - LOWER:
            lowest = found
    return replace(lowest, n_evaluations=n)


def _places_away(search: Search, place: FloatArray) -> list[FloatArray]:
    """Return a place with larger residual errors, one with smaller variances, and one with each typical value larger.

    No variance is nothing there.
    """
    begun = place.copy()
    errors: list[int] = []
    variances: list[int] = []
    typical: list[int] = []
    for at, piece in _first_places(search.scale):
        one = search.parameters[piece.places[0]]
        if _is_variance(search, piece):
            begun[at] = max(begun[at], np.log(_LEAST_SHARE * one.value))
            variances.append(at)
        elif piece.kind == "log":
            (errors if one.kind is ParameterKind.SIGMA else typical).append(at)
    away = [(errors, _LARGER_ERROR), (variances, _SMALLER_VARIANCE), *(([at], _LARGER_TYPICAL) for at in typical)]
    places: list[FloatArray] = []
    for which, factor in filter(lambda one: one[0], away):
        changed = begun.copy()
        changed[which] += np.log(factor)
        places.append(changed)
    return places


def has_rival_modes(search: Search, point: Point[Memory]) -> bool:
    """Return whether some subject's second mode is almost as deep as its deepest, by Laplace's objective."""
    second, first = point.memory.second, point.memory.evaluation
    if second is None:
        return False
    is_double: BoolArray = np.logical_and.reduce(np.isfinite(second), axis=1)
    if not is_double.any():
        return False
    begun = np.where(is_double[:, None], second, point.memory.start)
    values = to_values(search.scale, point.place)
    other = evaluate(search.population, values, Approximation.LAPLACE, start=begun, with_gradient=False)
    depth = [one.ofv_i + np.linalg.slogdet(one.covariance).logabsdet for one in (first, other)]
    return bool((np.abs(depth[1] - depth[0])[is_double] < _RIVAL).any())

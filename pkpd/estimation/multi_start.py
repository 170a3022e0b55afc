"""A fit from several starts: the given one and others scattered around it, and how far they agree."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from pkpd.estimation.covariance import CovarianceKind, uncertainty
from pkpd.estimation.fit import Fit, FitOptions, FitStatus, fit
from pkpd.estimation.scale import scale_of, to_values
from pkpd.estimation.starts import scattered_place

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pkpd.arrays import FloatArray
    from pkpd.likelihood.population import Population
    from pkpd.model.population import PopulationParameter

ENDED = frozenset({FitStatus.CONVERGED, FitStatus.AT_BOUND})
"""How a search ends at an optimum."""
SAME_OFV = 0.01
"""Objectives that differ by no more are the same optimum."""
SAME_ESTIMATE = 0.1
"""Standard errors by which estimates of the same optimum may differ: a difference of the objective of 0.01 at one parameter."""
DEFAULT_SPREAD = 0.5
# Difference of the objective that no result depends on.
_SAME_END = 1e-3
_FEW = 0.5


@dataclass(frozen=True, slots=True)
class StartedFit:
    """A search from one start.

    Parameters
    ----------
    number : int
        Which start, from 1, the given one; with the seed it decides where the search begins.
    start, values : (n_parameters,) arrays
        Where it began and where it ended.
    ofv : float
        The objective there; NaN where it is not finite.
    status : FitStatus
        How it ended; nothing is said of the curvature, which is not computed.
    n_evaluations : int
        Evaluations of the objective.
    """

    number: int
    start: FloatArray
    values: FloatArray
    ofv: float
    status: FitStatus
    n_evaluations: int


def scattered(
    parameters: Sequence[PopulationParameter], number: int, *, spread: float, seed: int
) -> tuple[PopulationParameter, ...]:
    """Return parameters with other initial values: those of start 1 as they are, of others drawn around them.

    Parameters
    ----------
    parameters : sequence of PopulationParameter
        With the given initial values.
    number : int
        Which start.
    spread : float
        Standard deviation on the scale of the search: of logarithms where a parameter is positive, of shares of its value where
        it is a coefficient.
    seed : int
        Seed of all starts.
    """
    if number == 1:
        return tuple(parameters)
    scale = scale_of(parameters)
    values = to_values(scale, scattered_place(scale, number, spread=spread, seed=seed))
    return tuple(
        one if one.is_fixed else replace(one, value=float(value)) for one, value in zip(parameters, values, strict=True)
    )


def fit_from_start(
    population: Population,
    options: FitOptions,
    number: int,
    *,
    parameters: Sequence[PopulationParameter],
    spread: float = DEFAULT_SPREAD,
    seed: int = 1,
) -> StartedFit:
    """Search from one start, without the curvature at its end.

    Parameters
    ----------
    population, options : Population and FitOptions
        As of a fit.
    number : int
        Which start, from 1.
    parameters : sequence of PopulationParameter
        With the given initial values.
    spread, seed : float and int
        As of ``scattered``.
    """
    begun = scattered(parameters, number, spread=spread, seed=seed)
    found = fit(population, replace(options, with_covariance=False), parameters=begun)
    start = np.array([one.value for one in begun])
    return StartedFit(number, start, found.values, found.ofv, found.status, found.n_evaluations)


def best_start(starts: Sequence[StartedFit]) -> StartedFit:
    """Return the search with the lowest objective; one that ended at an optimum comes before all that did not.

    Of those at the same optimum it is the first, so that the given start is reported where it led there.
    """
    ended = [one for one in starts if one.status in ENDED and np.isfinite(one.ofv)]
    if not ended:
        return min(starts, key=lambda one: (_above(one.ofv), one.number))
    least = min(one.ofv for one in ended)
    return next(one for one in ended if one.ofv <= least + _SAME_END)


def starts_document(starts: Sequence[StartedFit], best: Fit) -> dict[str, Any]:
    """Return how far several starts agree, as plain dictionaries.

    Parameters
    ----------
    starts : sequence of StartedFit
        All of them.
    best : Fit
        The fit from the best of them, with the curvature at its end.
    """
    first = best_start(starts)
    agree = [one for one in starts if agrees(one, best)]
    ordered = sorted((one for one in starts if np.isfinite(one.ofv)), key=lambda one: one.ofv)
    return {
        "n": len(starts),
        "n_finite": len(ordered),
        "n_ended_at_an_optimum": sum(one.status in ENDED for one in starts),
        "n_agree": len(agree),
        "best": first.number,
        "ofvs": [float(one.ofv) if np.isfinite(one.ofv) else None for one in starts],
        "statuses": [one.status.name.lower() for one in starts],
        "evaluations": sum(one.n_evaluations for one in starts),
        "warnings": _warnings(starts, first, best, len(agree)),
    }


def agrees(one: StartedFit, best: Fit) -> bool:
    """Return whether a search ended at the optimum of a fit: by its objective, and by estimates where there are standard errors."""
    if one.status not in ENDED or not abs(one.ofv - best.ofv) <= SAME_OFV:
        return False
    known = uncertainty(best, CovarianceKind.R)
    if known is None:
        return True
    away = np.abs(one.values - best.values)[best.scale.free]
    return bool((away <= SAME_ESTIMATE * known.se).all())


def _above(ofv: float) -> float:
    return ofv if np.isfinite(ofv) else np.inf


def _warnings(starts: Sequence[StartedFit], first: StartedFit, best: Fit, n_agree: int) -> list[dict[str, str]]:
    found: list[dict[str, str]] = []
    n = len(starts)
    if n_agree < _FEW * n:
        text = f"Only {n_agree} of {n} starts ended at the best optimum; there may be a better one: try more starts."
        found.append({"code": "starts_disagree", "text": text})
    given = starts[0]
    if first.number != 1 and given.status in ENDED and given.ofv > best.ofv + SAME_OFV:
        text = f"The given start ended {given.ofv - best.ofv:.3f} above the best optimum, which start {first.number} found."
        found.append({"code": "given_start_not_best", "text": text})
    lower = [one for one in starts if one.status not in ENDED and one.ofv < best.ofv - SAME_OFV]
    if lower:
        least = min(lower, key=lambda one: one.ofv)
        text = (
            f"{len(lower)} of {n} starts ended lower, at no optimum: start {least.number} by {best.ofv - least.ofv:.3f} "
            f"({least.status.name.lower()})."
        )
        found.append({"code": "lower_without_optimum", "text": text})
    return found

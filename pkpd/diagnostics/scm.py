"""Stepwise covariate search: forward selection and backward elimination of covariate effects by likelihood ratios.

The search says which models are to be fitted, and in which order what is found counts; how the fits are computed, one after
another or at the same time, is the caller's.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from enum import Enum
from functools import partial
from typing import TYPE_CHECKING

import numpy as np
from scipy.special import chdtrc

from pkpd.diagnostics.candidates import (
    CovariateValues,
    Relation,
    bounded,
    degrees_of_freedom,
    with_relations,
)
from pkpd.errors import input_error
from pkpd.estimation.bootstrap import USED
from pkpd.estimation.fit import FitOptions, FitStatus, fit
from pkpd.likelihood.population import bind_population
from pkpd.model.population import ParameterKind, PopulationParameter, population_parameters

if TYPE_CHECKING:
    from pkpd.data.cohort import Cohort
    from pkpd.estimation.objectives import Method
    from pkpd.likelihood.population import Population
    from pkpd.model.spec import ModelSpec

# By how much less an objective could still become where a fit ends: far below what changes a decision.
_TOLERANCE = 1e-4
# How near to a bound, in the distance of both, a coefficient starts that ended there.
_INSIDE = 1e-3


class Direction(Enum):
    """Which part of the search a fit belongs to."""

    BASE = "base"
    FORWARD = "forward"
    BACKWARD = "backward"


@dataclass(frozen=True, slots=True)
class Search:
    """What is searched.

    Parameters
    ----------
    base : ModelSpec
        Model that effects are added to; it has a domain for every covariate of the candidates.
    cohort : Cohort
        The data; no covariate is missing.
    parameters : tuple of PopulationParameter
        Parameters of the base model: where its fit starts and what is held.
    candidates : tuple of Relation
        What is tried, in the order that decides between equals.
    method : Method
        Objective of every fit.
    p_forward, p_backward : float
        An effect is taken in below the first, and stays in below the second.
    values : dict of str to CovariateValues
        The candidates' covariates.
    """

    base: ModelSpec
    cohort: Cohort
    parameters: tuple[PopulationParameter, ...]
    candidates: tuple[Relation, ...]
    method: Method
    p_forward: float
    p_backward: float
    values: Mapping[str, CovariateValues]


@dataclass(frozen=True, slots=True)
class Trial:
    """A model that is to be fitted.

    Parameters
    ----------
    step : int
        Step of the search, 0 for the base model.
    direction : Direction
        Which part of the search.
    tested : Relation or None
        What is added or removed; None in the base model.
    relations : tuple of Relation
        What is in the model that is fitted.
    df : int
        By how many parameters it differs from the model that it is compared with.
    start : dict of str to float
        Estimates of the latter, which the fit starts from.
    ofv_before : float
        Objective of the latter.
    """

    step: int
    direction: Direction
    tested: Relation | None
    relations: tuple[Relation, ...]
    df: int
    start: Mapping[str, float]
    ofv_before: float


@dataclass(frozen=True, slots=True)
class TestedFit:
    """A fit of the search and what it says.

    Parameters
    ----------
    step, direction, tested, relations, df
        As in ``Trial``.
    ofv : float
        Objective; NaN where it is not finite.
    change : float
        Objective minus that of the model that it is compared with.
    p : float
        Probability of at least this change of the objective where the effect is none; NaN where either fit failed.
    status : FitStatus
        How the fit ended.
    at_bound : tuple of str
        Parameters that ended at a bound.
    estimates : dict of str to float
        All parameters.
    is_selected : bool
        Whether the search went on from here: the effect was taken in, or removed.
    """

    step: int
    direction: Direction
    tested: Relation | None
    relations: tuple[Relation, ...]
    df: int
    ofv: float
    change: float
    p: float
    status: FitStatus
    at_bound: tuple[str, ...]
    estimates: Mapping[str, float]
    is_selected: bool = False

    @property
    def is_used(self) -> bool:
        """Return whether the fit ended so that its objective can be compared."""
        return self.status in USED


FitAll = Callable[[Sequence[Trial]], Sequence[TestedFit]]
"""What fits some models: one result for each, in their order."""


@dataclass(frozen=True, slots=True)
class SearchResult:
    """A search that has ended.

    Parameters
    ----------
    base : TestedFit
        Fit of the base model.
    tested : tuple of TestedFit
        Every fit, in the order of the steps and candidates, that of the base model first.
    final : TestedFit
        The fit that the search ended with.
    """

    base: TestedFit
    tested: tuple[TestedFit, ...]
    final: TestedFit


def search_covariates(search: Search, fit_all: FitAll | None = None) -> SearchResult:
    """Search for covariate effects, forwards and then backwards.

    Forwards, every candidate whose covariate is not yet on its parameter is added alone to the current model; the one with
    the smallest p is taken in if that is below ``p_forward``, until there is none. Backwards, every effect is removed alone;
    the one with the largest p goes unless that is below ``p_backward``, until every effect stays. Fits that failed are
    in the result and select nothing.

    Parameters
    ----------
    search : Search
        What is searched.
    fit_all : callable, optional
        What fits the models; here and one after another where left out.

    Raises
    ------
    InputError
        Where the fit of the base model fails.
    """
    fit_all = fit_all or partial(fit_trials, search)
    base = fit_all([Trial(0, Direction.BASE, None, (), 0, {}, np.nan)])[0]
    if not base.is_used:
        raise input_error(
            "base model", f"its fit failed, so that there is nothing to compare with: {base.status.value}"
        )
    tested, current = [base], base
    for direction in (Direction.FORWARD, Direction.BACKWARD):
        while trials := _trials(search, direction, current, tested[-1].step + 1):
            fits = fit_all(trials)
            chosen = _chosen(search, direction, fits)
            tested += [replace(one, is_selected=one is chosen) for one in fits]
            if chosen is None:
                break
            current = replace(chosen, is_selected=True)
    return SearchResult(base, tuple(tested), current)


def fit_trials(search: Search, trials: Sequence[Trial]) -> list[TestedFit]:
    """Fit some models of a search, one after another."""
    return [fit_trial(search, trial) for trial in trials]


def bound_model(
    search: Search, relations: Sequence[Relation], start: Mapping[str, float]
) -> tuple[Population, tuple[PopulationParameter, ...]]:
    """Return the base model with some relations bound to the cohort, and its parameters where a fit starts."""
    model = with_relations(search.base, relations, search.values)
    return bind_population(model, search.cohort), _started(search, model, start)


def fit_trial(search: Search, trial: Trial) -> TestedFit:
    """Fit one model of a search, without standard errors, from the estimates that it is compared with."""
    population, parameters = bound_model(search, trial.relations, trial.start)
    options = FitOptions(search.method, with_covariance=False, tolerance=_TOLERANCE)
    found = fit(population, options, parameters=parameters)
    estimates = {one.name: float(value) for one, value in zip(found.parameters, found.values, strict=True)}
    return compared(trial, found.ofv, found.status, found.at_bound, estimates)


def failed_trial(trial: Trial) -> TestedFit:
    """Return what stands for a fit that has no result at all: it has no objective, and selects nothing."""
    return compared(trial, np.nan, FitStatus.FAILED, (), {})


def compared(
    trial: Trial, ofv: float, status: FitStatus, at_bound: tuple[str, ...], estimates: Mapping[str, float]
) -> TestedFit:
    """Return what a fit says beside the model that it is compared with.

    The likelihood ratio statistic is the fall of the objective forwards and its rise backwards, chi-square distributed with
    ``df`` degrees of freedom where the effect is none; below 0 it counts as 0.
    """
    change = ofv - trial.ofv_before if np.isfinite(ofv) else np.nan
    statistic = change if trial.direction is Direction.BACKWARD else -change
    p = float(chdtrc(trial.df, max(statistic, 0.0))) if trial.df and status in USED else np.nan
    return TestedFit(
        step=trial.step,
        direction=trial.direction,
        tested=trial.tested,
        relations=trial.relations,
        df=trial.df,
        ofv=ofv if np.isfinite(ofv) else np.nan,
        change=change,
        p=p,
        status=status,
        at_bound=at_bound,
        estimates=estimates,
    )


def _trials(search: Search, direction: Direction, current: TestedFit, step: int) -> list[Trial]:
    """Return the models of one step."""
    present = current.relations
    if direction is Direction.FORWARD:
        taken = {(one.parameter, one.covariate) for one in present}
        tested = [one for one in search.candidates if (one.parameter, one.covariate) not in taken]
        models = [(one, (*present, one)) for one in tested]
    else:
        models = [(one, tuple(other for other in present if other != one)) for one in present]
    start = _start_from(search, current)
    return [
        Trial(
            step=step,
            direction=direction,
            tested=one,
            relations=relations,
            df=degrees_of_freedom(one, search.values[one.covariate]),
            start=start,
            ofv_before=current.ofv,
        )
        for one, relations in models
    ]


def _chosen(search: Search, direction: Direction, fits: Sequence[TestedFit]) -> TestedFit | None:
    """Return the fit that the search goes on from, or None where it goes on from none; the first of equals."""
    used = [one for one in fits if one.is_used]
    if not used:
        return None
    if direction is Direction.FORWARD:
        best = min(used, key=lambda one: (one.p, one.change))
        return best if best.p < search.p_forward else None
    least = max(used, key=lambda one: (one.p, -one.change))
    return None if least.p < search.p_backward else least


def _start_from(search: Search, found: TestedFit) -> dict[str, float]:
    """Return the estimates of a fit that others start from; variances do not where one of them is at its bound."""
    kinds = {one.name: one.kind for one in search.parameters}
    ended = {kinds.get(name, ParameterKind.THETA) for name in found.at_bound} - {ParameterKind.THETA}
    return {name: value for name, value in found.estimates.items() if kinds.get(name) not in ended}


def _started(search: Search, model: ModelSpec, start: Mapping[str, float]) -> tuple[PopulationParameter, ...]:
    """Return the parameters of a model with relations: bounds on their coefficients, and where the fit starts."""
    given = {one.name: one for one in search.parameters}
    added = [one for one in population_parameters(model) if one.name not in given]
    inside = {one.name: one for one in bounded(added, model, search.values)}
    return tuple(_at(given.get(one.name) or inside[one.name], start) for one in population_parameters(model))


def _at(one: PopulationParameter, start: Mapping[str, float]) -> PopulationParameter:
    """Return a parameter at its start, which lies inside its bounds; what is fixed stays."""
    if one.is_fixed:
        return one
    value = start.get(one.name, one.value)
    if not (np.isfinite(one.lower) and np.isfinite(one.upper)):
        return replace(one, value=value)
    margin = _INSIDE * (one.upper - one.lower)
    return replace(one, value=float(np.clip(value, one.lower + margin, one.upper - margin)))

"""Fits of a covariate search: which model each is of, and what it says beside the model that it is compared with."""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import Enum
from typing import TYPE_CHECKING

import numpy as np
from scipy.special import chdtrc

from pkpd.diagnostics.candidates import Relation, bounded, with_relations
from pkpd.estimation.bootstrap import USED
from pkpd.estimation.fit import FitOptions, FitStatus, fit
from pkpd.estimation.scale import inside
from pkpd.likelihood.population import bind_population
from pkpd.model.population import ParameterKind, PopulationParameter, population_parameters

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from pkpd.data.cohort import Cohort
    from pkpd.data.imputation import ImputedColumn
    from pkpd.diagnostics.candidates import CovariateValues
    from pkpd.estimation.fit import Fit
    from pkpd.estimation.multiple_imputation import ImputationOptions
    from pkpd.estimation.objectives import Method
    from pkpd.estimation.pooling import PooledRatio
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
class SearchImputation:
    """How a search draws covariates that are missing.

    Parameters
    ----------
    incomplete : Cohort
        The data with NaN for covariates that a subject has no value of.
    columns : tuple of ImputedColumn
        Covariates that they are drawn with; candidates within the values of the cohort.
    options : ImputationOptions
        How many completed cohorts, from which seed.
    missing : dict of str to int
        How many subjects each covariate of the search is drawn for.
    """

    incomplete: Cohort
    columns: tuple[ImputedColumn, ...]
    options: ImputationOptions
    missing: Mapping[str, int]


@dataclass(frozen=True, slots=True)
class Search:
    """What is searched.

    Parameters
    ----------
    base : ModelSpec
        Model that effects are added to; it has a domain for every covariate of the candidates.
    cohort : Cohort
        The data; no covariate is missing, or some value, such as the median, stands for it.
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
    imputation : SearchImputation or None
        How missing covariates are drawn; None where what stands for them in the cohort is taken.
    """

    base: ModelSpec
    cohort: Cohort
    parameters: tuple[PopulationParameter, ...]
    candidates: tuple[Relation, ...]
    method: Method
    p_forward: float
    p_backward: float
    values: Mapping[str, CovariateValues]
    imputation: SearchImputation | None = None


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
class ImputedTest:
    """What is behind a fit to completed cohorts.

    Parameters
    ----------
    ratio : PooledRatio or None
        The pooled likelihood-ratio test; None where nothing is tested, or either model has no fit.
    n_imputations : int
        Completed cohorts.
    n_fits, n_failed : int
        Fits that were made for it, and those of them that did not end at an optimum.
    """

    ratio: PooledRatio | None
    n_imputations: int
    n_fits: int
    n_failed: int


@dataclass(frozen=True, slots=True)
class TestedFit:
    """A fit of the search and what it says.

    Parameters
    ----------
    step, direction, tested, relations, df
        As in ``Trial``.
    ofv : float
        Objective, of completed cohorts its mean; NaN where it is not finite.
    change : float
        Objective minus that of the model that it is compared with, fitted to the same data.
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
    imputed : ImputedTest or None
        What was made of completed cohorts; None of a fit to a single one.
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
    imputed: ImputedTest | None = None

    @property
    def statistic(self) -> float:
        """Return the test's statistic: the likelihood ratio, or the pooled one; NaN where nothing is tested."""
        if self.imputed is not None:
            return np.nan if self.imputed.ratio is None else self.imputed.ratio.statistic
        return likelihood_ratio(self.direction, self.change) if self.df else np.nan

    @property
    def is_used(self) -> bool:
        """Return whether the fit ended so that its objective can be compared."""
        return self.status in USED


def bound_model(
    search: Search, relations: Sequence[Relation], start: Mapping[str, float]
) -> tuple[Population, tuple[PopulationParameter, ...]]:
    """Return the base model with some relations bound to the cohort, and its parameters where a fit starts."""
    model = with_relations(search.base, relations, search.values)
    return bind_population(model, search.cohort), _started(search, model, start)


def fit_once(search: Search, trial: Trial) -> TestedFit:
    """Fit one model of a search to the cohort as it is, without standard errors, from the estimates that it is compared with."""
    population, parameters = bound_model(search, trial.relations, trial.start)
    found = fit(population, trial_options(search), parameters=parameters)
    return compared(trial, found.ofv, found.status, found.at_bound, estimates_of(found))


def trial_options(search: Search) -> FitOptions:
    """Return how the fits of a search are made."""
    return FitOptions(search.method, with_covariance=False, tolerance=_TOLERANCE)


def estimates_of(found: Fit) -> dict[str, float]:
    """Return all parameters of a fit by their names."""
    return {one.name: float(value) for one, value in zip(found.parameters, found.values, strict=True)}


def likelihood_ratio(direction: Direction, change: float) -> float:
    """Return the likelihood ratio statistic of a change of the objective; below 0 it counts as 0."""
    ratio = change if direction is Direction.BACKWARD else -change
    return max(ratio, 0.0) if np.isfinite(ratio) else np.nan


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
    ratio = likelihood_ratio(trial.direction, change)
    p = float(chdtrc(trial.df, ratio)) if trial.df and status in USED else np.nan
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
    if one.kind is ParameterKind.OMEGA:
        return replace(one, value=start.get(one.name, one.value))
    return replace(one, value=inside(one, start.get(one.name, one.value), _INSIDE))

"""Exposure of every subject of a cohort: parameters, areas and concentrations, with their posterior."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from pkpd.data.cohort import select_subjects
from pkpd.estimation.map import estimate_map
from pkpd.estimation.posterior import Marginal, QuadratureStatus, integrate_posterior, marginal
from pkpd.estimation.posterior_draws import draw_random_effects
from pkpd.exposure.concentrations import for_concentrations, log_concentration_tables
from pkpd.exposure.measures import (
    AUC,
    HIGHEST,
    LOG_AUC_CL,
    LOWEST,
    BoundRegimens,
    Wanted,
    bound_regimens,
    levels_at,
    measures_at,
)
from pkpd.exposure.metrics import (
    ExposureProblem,
    log_auc_table,
    parameter_marginals,
    parameter_tables,
    reported_parameters,
)
from pkpd.kernels.advance import subject_at
from pkpd.kernels.extremes import log_extremes_on_lines
from pkpd.problem import bind_cohort, without_occasions

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from pkpd.arrays import FloatArray, IntArray
    from pkpd.data.cohort import Cohort
    from pkpd.errors import Status
    from pkpd.estimation.posterior import Posterior
    from pkpd.model.spec import ModelSpec

_LOG_NOTHING = -690.0  # of a concentration that is cut at -700: there is no drug
PROBABILITIES = np.array([0.05, 0.5, 0.95])
"""Of the quantiles."""


@dataclass(frozen=True, slots=True)
class Measure:
    """One quantity of one subject.

    Parameters
    ----------
    at_mode : float
        At the mode of the posterior; NaN for the logarithm of a ratio without drug in the window.
    posterior : Marginal or None
        Its posterior; None where no drug is there, so that an area or a concentration is 0 without doubt.
    """

    at_mode: float
    posterior: Marginal | None


@dataclass(frozen=True, slots=True)
class SubjectExposure:
    """What is known of one subject.

    Parameters
    ----------
    id : str
        The subject.
    status : QuadratureStatus
        How the integration of its posterior ended; NO_MASS where no parameters explain its levels, and nothing else is known.
    measures : dict of str to Measure
        Parameters [L/day, L, day] and what was wanted besides (``Wanted``), by name.
    troughs : tuple of Measure
        Concentration [mg/L] before each dose but the first; empty where not wanted.
    draws : (n_draws, n_measures) array
        Draws of all measures from the posterior.
    """

    id: str
    status: QuadratureStatus
    measures: Mapping[str, Measure]
    troughs: tuple[Measure, ...]
    draws: FloatArray

    @property
    def at_mode(self) -> dict[str, float]:
        """Return the parameters at the mode."""
        return {name: one.at_mode for name, one in self._parameters()}

    @property
    def parameters(self) -> dict[str, Marginal]:
        """Return the posterior of the parameters."""
        return {name: one.posterior for name, one in self._parameters() if one.posterior is not None}

    @property
    def auc(self) -> Marginal | None:
        """Return the posterior of the area over the first window; None without drug in it."""
        return self.measures[AUC].posterior

    @property
    def log_auc_cl(self) -> Marginal | None:
        """Return the posterior of the logarithm of that area over the clearance; None without drug in the window."""
        return self.measures[LOG_AUC_CL].posterior

    def _parameters(self) -> Iterator[tuple[str, Measure]]:
        for name, one in self.measures.items():
            if name == AUC:
                return
            yield name, one


@dataclass(frozen=True, slots=True)
class ExposureOf:
    """What the exposure of a cohort's subjects depends on.

    Parameters
    ----------
    model : ModelSpec
        The population model, with at least one random effect.
    cohort : Cohort
        The doses and levels that the parameters come from; every covariate of the model is there.
    regimens : Cohort
        The same subjects with the doses that the exposure is meant of.
    wanted : Wanted
        What is wanted.
    has_troughs : bool
        Whether concentrations before each dose are wanted.
    n_draws, seed : int
        Draws of each subject, and what they are drawn with.
    """

    model: ModelSpec
    cohort: Cohort
    regimens: Cohort
    wanted: Wanted
    has_troughs: bool = False
    n_draws: int = 0
    seed: int = 1

    @property
    def names(self) -> tuple[str, ...]:
        """Return the names of all measures: the parameters, then what is wanted."""
        return (*reported_parameters(self.model), *self.wanted.names)


@dataclass(frozen=True, slots=True)
class ModeExposure:
    """What is known of some subjects at the modes of their posteriors.

    Parameters
    ----------
    places : (n,) array
        The subjects.
    status : tuple of Status
        How each search ended.
    values : dict of str to (n,) array
        Parameters and what was wanted besides; NaN where no parameters explain the levels.
    troughs : tuple of (n_doses,) arrays
        Concentration [mg/L] before each dose but the first; empty where not wanted.
    """

    places: IntArray
    status: tuple[Status, ...]
    values: Mapping[str, FloatArray]
    troughs: tuple[FloatArray, ...]


def subject_exposure(model: ModelSpec, cohort: Cohort, place: int, window: tuple[float, float]) -> SubjectExposure:
    """Return the exposure of one subject of a cohort over a window, from its own doses.

    Parameters
    ----------
    model : ModelSpec
        The population model, with at least one random effect.
    cohort : Cohort
        Every covariate of the model is there.
    place : int
        Which subject.
    window : (float, float)
        From and to [day].
    """
    return exposure_at(ExposureOf(model, cohort, cohort, Wanted((window,))), place)


def exposure_at(given: ExposureOf, place: int) -> SubjectExposure:
    """Return the exposure of one subject of a cohort."""
    name, places = given.cohort.ids[place], np.array([place])
    own = select_subjects(given.cohort, places)
    posterior = integrate_posterior(bind_cohort(without_occasions(given.model), own))
    if posterior.status is QuadratureStatus.NO_MASS:
        return SubjectExposure(name, posterior.status, {}, (), np.empty((0, len(given.names))))
    regimen = select_subjects(given.regimens, places)
    bound = bound_regimens(given.model, regimen, given.wanted)
    at_mode = {
        key: float(value[0]) for key, value in measures_at(bound, np.zeros(1, np.int64), posterior.mode.eta).items()
    }
    marginals = _marginals(posterior, bound, at_mode)
    draws = np.empty((0, len(given.names)))
    if given.n_draws:
        eta = draw_random_effects(posterior, given.n_draws, (given.seed, place))
        draws = np.column_stack([*measures_at(bound, np.zeros(len(eta), np.int64), eta).values()])
    troughs = _troughs(posterior, given.model, regimen) if given.has_troughs else ()
    measures = {key: Measure(value, marginals[key]) for key, value in at_mode.items()}
    return SubjectExposure(name, posterior.status, measures, troughs, draws)


def modes_at(given: ExposureOf, places: IntArray) -> ModeExposure:
    """Return the exposure of some subjects at the modes of their posteriors, on all threads."""
    own, regimens = select_subjects(given.cohort, places), select_subjects(given.regimens, places)
    modes = estimate_map(bind_cohort(without_occasions(given.model), own))
    bound = bound_regimens(given.model, regimens, given.wanted)
    everyone = np.arange(places.size)
    values = measures_at(bound, everyone, modes.eta)
    is_known = np.isfinite(modes.objective)
    known = {name: np.where(is_known, value, np.nan) for name, value in values.items()}
    troughs: list[FloatArray] = []
    for i in everyone.tolist() if given.has_troughs else ():
        alone = select_subjects(regimens, np.array([i]))
        before = Wanted(trough_days=_days_before_doses(alone))
        levels = levels_at(bound_regimens(given.model, alone, before), np.zeros(1, np.int64), modes.eta[i : i + 1])[0]
        levels[:] = levels if is_known[i] else np.nan
        troughs.append(levels)
    return ModeExposure(places, modes.status, known, tuple(troughs))


def _days_before_doses(regimen: Cohort) -> tuple[float, ...]:
    return tuple(np.sort(regimen.dose_time)[1:].tolist())


def dose_days(regimens: Cohort, place: int) -> list[tuple[float, float]]:
    """Return day and amount [mg] of each dose of a subject but the first, in the order of time."""
    own = slice(int(regimens.dose_start[place]), int(regimens.dose_start[place + 1]))
    return sorted(zip(regimens.dose_time[own].tolist(), regimens.dose_amount[own].tolist(), strict=True), key=_day)[1:]


def _day(dose: tuple[float, float]) -> float:
    return dose[0]


def _marginals(posterior: Posterior, bound: BoundRegimens, at_mode: Mapping[str, float]) -> dict[str, Marginal | None]:
    """Return the posterior of every measure."""
    wanted, start = bound.wanted, bound.start
    tables = parameter_tables(posterior)
    found: dict[str, Marginal | None] = dict(parameter_marginals(posterior, tables, PROBABILITIES))
    finer = for_concentrations(posterior) if wanted.has_extremes or wanted.trough_days else posterior
    for number, window in enumerate(wanted.windows):
        area, ratio = (wanted.window_name(kind, number) for kind in (AUC, LOG_AUC_CL))
        found[area] = found[ratio] = None
        if not math.isnan(at_mode[ratio]):
            table = log_auc_table(posterior, ExposureProblem(bound.problem, start, np.array(window)))
            found[area] = marginal(posterior, table, sign=-1.0, is_log=True, probabilities=PROBABILITIES)
            found[ratio] = marginal(posterior, table - tables[0], sign=-1.0, is_log=False, probabilities=PROBABILITIES)
        if wanted.has_extremes:
            names = [wanted.window_name(kind, number) for kind in (LOWEST, HIGHEST)]
            both = _log_extreme_tables(finer, bound, np.array(window))
            found |= {name: _of_concentration(finer, table) for name, table in zip(names, both, strict=True)}
    levels = log_concentration_tables(finer, bound.problem, skipped=wanted.n_ends)
    named = zip(wanted.trough_names, levels, strict=True)
    return found | {name: _of_concentration(finer, table) for name, table in named}


def _troughs(posterior: Posterior, model: ModelSpec, regimen: Cohort) -> tuple[Measure, ...]:
    """Return the concentration before each dose but the first."""
    wanted = Wanted(trough_days=_days_before_doses(regimen))
    if not wanted.trough_days:
        return ()
    bound = bound_regimens(model, regimen, wanted)
    (at_mode,) = levels_at(bound, np.zeros(1, np.int64), posterior.mode.eta)
    finer = for_concentrations(posterior)
    tables = log_concentration_tables(finer, bound.problem, skipped=wanted.n_ends)
    return tuple(
        Measure(level, _of_concentration(finer, table)) for level, table in zip(at_mode.tolist(), tables, strict=True)
    )


def _log_extreme_tables(posterior: Posterior, bound: BoundRegimens, window: FloatArray) -> FloatArray:
    """Return ln of the lowest and the highest concentration in a window at every node, (2, n_lines, n_nodes)."""
    tables = np.empty((2, *posterior.density.shape))
    lines = posterior.problem.subjects
    packed = bound.problem.subjects._replace(frame=lines.frame, line_scale=lines.line_scale)
    log_extremes_on_lines(
        subject_at(packed, 0), posterior.outer, posterior.low, posterior.step, bound.start, window, tables
    )
    return tables


def _of_concentration(posterior: Posterior, table: FloatArray) -> Marginal | None:
    """Return the posterior of a concentration from its logarithms at the nodes; None where there is no drug."""
    if not (table > _LOG_NOTHING).any():
        return None
    return marginal(posterior, table, sign=-1.0, is_log=True, probabilities=PROBABILITIES)

"""What is wanted of an exposure, the names of it, and its value at given random effects."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from pkpd.exposure.at_nodes import first_events
from pkpd.exposure.metrics import PARAMETER_TABLES, WEEK_2_TO_4, reported_parameters
from pkpd.kernels.exposure import log_auc_of_population
from pkpd.kernels.extremes import concentrations_of_population, extremes_of_population, parameters_of_population
from pkpd.problem import bind_cohort, refuse_forecasts, without_occasions

if TYPE_CHECKING:
    from pkpd.arrays import FloatArray, IntArray
    from pkpd.data.cohort import Cohort
    from pkpd.model.spec import ModelSpec
    from pkpd.problem import Problem

AUC, LOG_AUC_CL, LOWEST, HIGHEST, TROUGH = "auc", "ln_auc_cl", "cmin", "cmax", "trough"
_N_PARAMETERS = 5


@dataclass(frozen=True, slots=True)
class Wanted:
    """What is wanted of each subject besides its parameters.

    Parameters
    ----------
    windows : tuple of (float, float)
        Windows of areas, from and to [day]; at least one.
    trough_days : tuple of float
        Days of concentrations; one at the time of a dose is that before it.
    has_extremes : bool
        Whether the lowest and the highest concentration of each window are wanted.
    """

    windows: tuple[tuple[float, float], ...] = (WEEK_2_TO_4,)
    trough_days: tuple[float, ...] = ()
    has_extremes: bool = False

    @property
    def times(self) -> FloatArray:
        """Return the ends of the windows, then the days of concentrations."""
        return np.array([*(day for window in self.windows for day in window), *self.trough_days])

    @property
    def names(self) -> tuple[str, ...]:
        """Return what is wanted, in order; the first window has no days in its names."""
        kinds = (AUC, LOG_AUC_CL, *((LOWEST, HIGHEST) if self.has_extremes else ()))
        named = [self.window_name(kind, number) for number in range(len(self.windows)) for kind in kinds]
        return (*named, *self.trough_names)

    @property
    def trough_names(self) -> tuple[str, ...]:
        """Return the names of the concentrations."""
        return tuple(f"{TROUGH}_{day:g}" for day in self.trough_days)

    @property
    def n_ends(self) -> int:
        """Return the number of times before the days of concentrations."""
        return 2 * len(self.windows)

    def window_name(self, kind: str, number: int) -> str:
        """Return the name of what is taken over a window."""
        start, end = self.windows[number]
        return kind if number == 0 else f"{kind}_{start:g}_{end:g}"


@dataclass(frozen=True, slots=True)
class BoundRegimens:
    """Regimens whose exposure is asked for, with the ends of the windows and the days of concentrations among the events.

    Parameters
    ----------
    problem : Problem
        The model and the subjects; wanted times are those of ``wanted``.
    start : (n_subjects,) array
        Time of each subject's first event [day].
    wanted : Wanted
        What is wanted.
    """

    problem: Problem
    start: FloatArray
    wanted: Wanted


def bound_regimens(model: ModelSpec, regimens: Cohort, wanted: Wanted) -> BoundRegimens:
    """Bind subjects with the regimens in question; effects of occasions and centres are 0."""
    refuse_forecasts(model)
    first = first_events(regimens, float(wanted.times.min()))
    return BoundRegimens(bind_cohort(without_occasions(model), regimens, times=wanted.times), first, wanted)


def measures_at(bound: BoundRegimens, index: IntArray, eta: FloatArray) -> dict[str, FloatArray]:
    """Return parameters and what is wanted at given random effects.

    Parameters
    ----------
    bound : BoundRegimens
        Subjects and regimens.
    index : (n,) array
        Subject that each row of ``eta`` belongs to.
    eta : (n, n_eta) array
        Random effects; NaN gives NaN.

    Returns
    -------
    dict of str to (n,) array
        Parameters [L/day, L, day], areas [mg day/L], their ratios to the clearance as logarithms (NaN without drug in the window) and
        concentrations [mg/L], in the order of their names.
    """
    packed, wanted = bound.problem.subjects, bound.wanted
    parameters = np.empty((index.size, _N_PARAMETERS))
    parameters_of_population(packed, index, eta, parameters)
    found = {name: parameters[:, PARAMETER_TABLES[name]] for name in reported_parameters(bound.problem.model)}
    log_area, ends = np.empty(index.size), np.empty((index.size, 2))
    for number, window in enumerate(wanted.windows):
        log_auc_of_population(packed, index, eta, bound.start, np.array(window), log_area)
        found[wanted.window_name(AUC, number)] = np.exp(log_area)
        ratio: FloatArray = log_area - np.log(found["cl"])
        found[wanted.window_name(LOG_AUC_CL, number)] = np.where(np.isfinite(ratio), ratio, np.nan)
        if wanted.has_extremes:
            extremes_of_population(packed, index, eta, bound.start, np.array(window), ends)
            found[wanted.window_name(LOWEST, number)] = ends[:, 0].copy()
            found[wanted.window_name(HIGHEST, number)] = ends[:, 1].copy()
    return found | dict(zip(wanted.trough_names, levels_at(bound, index, eta).T, strict=True))


def levels_at(bound: BoundRegimens, index: IntArray, eta: FloatArray) -> FloatArray:
    """Return the concentrations [mg/L] on the days that are wanted, (n, n_days); arguments as ``measures_at``."""
    wanted = bound.wanted
    levels = np.empty((index.size, len(wanted.trough_days)))
    concentrations_of_population(bound.problem.subjects, index, eta, wanted.n_ends, levels)
    return levels

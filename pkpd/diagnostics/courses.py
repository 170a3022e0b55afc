"""The course of single subjects under a fit: what is drawn for each of them."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from pkpd.data.cohort import select_subjects
from pkpd.likelihood.centres import individual_population
from pkpd.likelihood.population import model_at
from pkpd.problem import bind_cohort
from pkpd.simulation.predict import predict_curve

if TYPE_CHECKING:
    from collections.abc import Iterable

    from pkpd.arrays import FloatArray, IntArray
    from pkpd.data.cohort import Cohort
    from pkpd.estimation.fit import Fit
    from pkpd.problem import Problem

_N_TIMES = 121


@dataclass(frozen=True, slots=True)
class SubjectCourse:
    """One subject: doses, levels, and the predicted concentration over time.

    Parameters
    ----------
    id : str
        Name of the subject.
    times : (n_times,) array
        Ascending [day], from the first record of a dose or level to the last; every dose's start and end from there on is among them.
    pred, ipred : (n_times,) arrays
        Predictions [mg/L] at eta = 0 and at the estimates of the random effects.
    dose_time, dose_amount : (n_doses,) arrays
        Start [day] and amount [mg]; without those that stand for a steady state before the first record.
    sample_time, level, lower, upper, censoring : (n_levels,) arrays
        As in ``LevelRecords``.
    """

    id: str
    times: FloatArray
    pred: FloatArray
    ipred: FloatArray
    dose_time: FloatArray
    dose_amount: FloatArray
    sample_time: FloatArray
    level: FloatArray
    lower: FloatArray
    upper: FloatArray
    censoring: IntArray


def subject_courses(fit: Fit, places: Iterable[int]) -> tuple[SubjectCourse, ...]:
    """Return the courses of the subjects at some places of the cohort."""
    model = model_at(fit.population, fit.values)
    found: list[SubjectCourse] = []
    for place in places:
        one = select_subjects(fit.population.cohort, np.array([place]))
        times = _times(one)
        is_shown = one.dose_time >= times[0]
        problem = bind_cohort(model, one, times=times)
        # A subject alone has the random effects of its own occasions, which are the first ones of the cohort's.
        eta = np.ascontiguousarray(fit.evaluation.eta[place, : problem.n_eta])
        found.append(
            SubjectCourse(
                id=one.ids[0],
                times=times,
                pred=predict_curve(problem, np.zeros_like(eta)),
                ipred=predict_curve(_in_its_centre(problem, fit, place), eta),
                dose_time=one.dose_time[is_shown],
                dose_amount=one.dose_amount[is_shown],
                sample_time=one.sample_time,
                level=one.level,
                lower=one.lloq,
                upper=one.uloq,
                censoring=one.censoring,
            )
        )
    return tuple(found)


def _in_its_centre(problem: Problem, fit: Fit, place: int) -> Problem:
    """Return a problem of one subject with the estimated effects of its centre."""
    shift = individual_population(fit.population, fit.evaluation).log_shift
    if shift is None:
        return problem
    own = shift[fit.population.cohort.row_start[place] : fit.population.cohort.row_start[place + 1]]
    subjects = problem.subjects._replace(log_typical=problem.subjects.log_typical + own)
    return replace(problem, subjects=subjects)


def _times(one: Cohort) -> FloatArray:
    """Return even steps, and the corners of the curve: the starts and ends of infusions."""
    ends = one.dose_time + one.dose_duration
    # Doses before the first record stand for a steady state.
    begin = min(float(one.row_time[0]), float(one.sample_time.min(initial=np.inf)))
    known = np.concatenate((one.dose_time, one.sample_time))
    known = known[known >= begin]
    if not known.size:
        return np.zeros(1)
    corners = np.concatenate((one.dose_time, ends))
    corners = corners[corners >= begin]
    even = np.linspace(float(known.min()), float(known.max()), _N_TIMES)
    return np.unique(np.concatenate((even, corners[corners <= known.max()])))

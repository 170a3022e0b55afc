"""Doses that were planned and never given: a cohort's regimens go on with them after what is recorded, which stays as it is."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from pkpd.data.cohort_table import CohortTable, cell, numbers, problem_at, read_table, texts
from pkpd.data.label_regimen import LABEL_DURATION_HOUR, label_amount, label_days_left
from pkpd.errors import InputError, Problem
from pkpd.units import days_from_hours

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pkpd.arrays import BoolArray, FloatArray, IntArray
    from pkpd.data.cohort import Cohort

_REQUIRED = ("ID", "TIME", "AMT")
_MOST_NAMED = 5
# Names of the weight [kg]: as models have it, and the column that a model does not read.
_WEIGHTS = ("weight_kg", "wt")


@dataclass(frozen=True, slots=True)
class PlannedDoses:
    """Doses that were planned, in any order.

    Parameters
    ----------
    ids : tuple of str
        Whose each is.
    time, amount, duration : (n_doses,) arrays
        Start [day], amount [mg] and duration [day]; a duration of zero is a bolus.
    """

    ids: tuple[str, ...]
    time: FloatArray
    amount: FloatArray
    duration: FloatArray


@dataclass(frozen=True, slots=True)
class PlannedCohort:
    """A cohort with given and planned doses.

    Parameters
    ----------
    cohort : Cohort
        The same subjects, samples and covariates, and the same given doses.
    n_left_out : (n_subjects,) array
        Planned doses of each subject from the time that its records are of.
    first : (n_subjects,) array
        Time of each subject's first planned dose [day]; infinite where it has none.
    """

    cohort: Cohort
    n_left_out: IntArray
    first: FloatArray

    def changed_before(self, day: float) -> BoolArray:
        """Return which subjects have a planned dose before a day, (n_subjects,)."""
        return self.first < day


def read_planned_doses(path: str) -> PlannedDoses:
    """Read a file ID TIME[day] AMT[mg] and where given DUR[day] or RATE[mg/day], CSV or Parquet; other columns are not read.

    Raises
    ------
    InputError
        With every problem of the file, each with its line.
    """
    table = read_table(path, "planned doses")
    if missing := [name for name in _REQUIRED if name not in table.columns]:
        found = ", ".join(table.columns)
        raise InputError(Problem(path, f"has no column {name}; it has {found}") for name in missing)
    faults: list[Problem] = []
    time, amount = (_column(table, name, faults) for name in ("TIME", "AMT"))
    rate, duration = (
        np.nan_to_num(_column(table, name, faults, is_optional=True), posinf=np.inf, neginf=-np.inf)
        for name in ("RATE", "DUR")
    )
    names = tuple(str(name) for name in texts(table, "ID").to_pylist())
    for column, is_wrong, expected in (
        ("ID", np.array([not name for name in names]), "expected the name of a subject"),
        ("TIME", np.isinf(time), "expected a finite time [day]"),
        ("AMT", ~np.isnan(amount) & ~((amount > 0.0) & np.isfinite(amount)), "expected an amount above 0 [mg]"),
        ("RATE", ~((rate >= 0.0) & np.isfinite(rate)), "expected a rate above 0 [mg/day], or none"),
        ("DUR", ~((duration >= 0.0) & np.isfinite(duration)), "expected a duration of at least 0 [day], or none"),
        ("RATE", (rate > 0.0) & (duration > 0.0), "expected either RATE or DUR"),
    ):
        faults += [
            problem_at(table, row, column, f"is {cell(table, column, row) or 'nothing'}; {expected}")
            for row in np.flatnonzero(is_wrong).tolist()
        ]
    if faults:
        raise InputError(faults)
    return PlannedDoses(names, time, amount, np.divide(amount, rate, out=duration.copy(), where=rate > 0.0))


def _column(table: CohortTable, name: str, faults: list[Problem], *, is_optional: bool = False) -> FloatArray:
    """Return a column as numbers, and note the cells that hold none."""
    if is_optional and name not in table.columns:
        return np.full(table.n_rows, np.nan)
    values, wrong = numbers(table, name)
    bad = wrong if is_optional else np.flatnonzero(np.isnan(values))
    faults += [
        problem_at(table, row, name, f"is “{cell(table, name, row) or 'nothing'}”; expected a number")
        for row in bad.tolist()
    ]
    return values


def last_record(cohort: Cohort) -> FloatArray:
    """Return the time of each subject's last record: dose, sample or covariates, (n_subjects,) [day]."""
    last = np.full(cohort.n_subjects, -np.inf)
    for times, starts in (
        (cohort.dose_time, cohort.dose_start),
        (cohort.sample_time, cohort.sample_start),
        (cohort.row_time, cohort.row_start),
    ):
        np.maximum.at(last, np.repeat(np.arange(cohort.n_subjects), np.diff(starts)), times)
    return last


def label_doses(cohort: Cohort, now: FloatArray) -> PlannedDoses:
    """Return what the label regimen still gives each subject from some time on (``label_regimen.label_days_left``).

    Days are counted from the subject's first dose, and the weight is that of its first record.

    Parameters
    ----------
    cohort : Cohort
        With the covariate ``weight_kg``, or ``wt`` where the model does not read it.
    now : (n_subjects,) array
        From when on [day].

    Raises
    ------
    InputError
        With every subject whose weight is not known.
    """
    unknown_weight = np.full(cohort.row_time.size, np.nan)
    name = next((one for one in _WEIGHTS if one in cohort.covariates), "")
    weight = cohort.covariates.get(name, unknown_weight)[cohort.row_start[:-1]]
    if unknown := [name for name, kg in zip(cohort.ids, weight.tolist(), strict=True) if not 0.0 < kg < np.inf]:
        message = f"the weight of {_listed(unknown)} is not known; the label plan is 5 mg/kg, expected WT [kg]"
        raise InputError([Problem("--plan label", message)])
    ids: list[str] = []
    time: list[float] = []
    amount: list[float] = []
    for i, name in enumerate(cohort.ids):
        given = cohort.dose_time[cohort.dose_start[i] : cohort.dose_start[i + 1]]
        if not given.size:
            continue
        first = float(given.min())
        days = label_days_left(float(given.max()) - first, float(now[i]) - first)
        ids += [name] * len(days)
        time += [first + day for day in days]
        amount += [label_amount(float(weight[i]))] * len(days)
    return PlannedDoses(
        tuple(ids), np.array(time), np.array(amount), np.full(len(ids), days_from_hours(LABEL_DURATION_HOUR))
    )


def add_planned_doses(cohort: Cohort, planned: PlannedDoses, after: FloatArray) -> PlannedCohort:
    """Return a cohort with planned doses behind the given ones.

    Parameters
    ----------
    cohort : Cohort
        With the given doses, none of which is altered.
    planned : PlannedDoses
        Those at or before a subject's last given dose, or before ``after``, are left out and counted.
    after : (n_subjects,) array
        Until when each subject's records say what was given [day]; -inf where that is the last given dose.

    Raises
    ------
    InputError
        With the names that are no subject of the cohort.
    """
    place = {name: i for i, name in enumerate(cohort.ids)}
    if strangers := list(dict.fromkeys(name for name in planned.ids if name not in place)):
        message = f"{_listed(strangers)} are not in the cohort; expected the same names in both files"
        raise InputError([Problem("planned doses", message)])
    n = cohort.n_subjects
    subject = np.array([place[name] for name in planned.ids], dtype=np.int64)
    last = np.full(n, -np.inf)
    given_to = np.repeat(np.arange(n), np.diff(cohort.dose_start))
    np.maximum.at(last, given_to, cohort.dose_time)
    is_added = (planned.time > last[subject]) & (planned.time >= after[subject])
    owner = np.concatenate((given_to, subject[is_added]))
    time = np.concatenate((cohort.dose_time, planned.time[is_added]))
    order = np.lexsort((time, owner))
    first = np.full(n, np.inf)
    np.minimum.at(first, subject[is_added], planned.time[is_added])
    longer = replace(
        cohort,
        dose_start=np.searchsorted(owner[order], np.arange(n + 1)).astype(np.int64),
        dose_time=time[order],
        dose_amount=np.concatenate((cohort.dose_amount, planned.amount[is_added]))[order],
        dose_duration=np.concatenate((cohort.dose_duration, planned.duration[is_added]))[order],
    )
    return PlannedCohort(longer, np.bincount(subject[~is_added], minlength=n), first)


def _listed(names: Sequence[str]) -> str:
    more = f" and {len(names) - _MOST_NAMED} more" if len(names) > _MOST_NAMED else ""
    return f"{', '.join(names[:_MOST_NAMED])}{more}"

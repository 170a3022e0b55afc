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
    from collections.abc import Iterator, Sequence

    from pkpd.arrays import BoolArray, FloatArray, IntArray
    from pkpd.data.cohort import Cohort

_REQUIRED = ("ID", "TIME", "AMT")
# Names of the weight [kg]: as models have it, and the column that a model does not read.
_WEIGHTS = ("weight_kg", "wt")
_MOST_NAMED = 5


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
    return doses_of_table(table)


def doses_of_table(table: CohortTable, amount_column: str = "AMT", unit: str = "mg") -> PlannedDoses:
    """Return the doses of a table with TIME and amounts, and where given ID, DUR and RATE.

    Parameters
    ----------
    table : CohortTable
        The table; without a column ID every dose is of the subject without a name.
    amount_column, unit : str
        Column of the amounts and what they are in; a rate is in the same unit per day.

    Raises
    ------
    InputError
        With every problem, each with its line.
    """
    faults: list[Problem] = list(table.faults)
    time, amount = (_column(table, name, faults) for name in ("TIME", amount_column))
    rate, duration = (
        np.nan_to_num(_column(table, name, faults, is_optional=True), posinf=np.inf, neginf=-np.inf)
        for name in ("RATE", "DUR")
    )
    has_names = "ID" in table.columns
    names = tuple(str(name) for name in texts(table, "ID").to_pylist()) if has_names else ("",) * table.n_rows
    is_amount = (amount > 0.0) & np.isfinite(amount)
    for column, is_wrong, expected in (
        ("ID", np.array([has_names and not name for name in names]), "expected the name of a subject"),
        ("TIME", np.isinf(time), "expected a finite time [day]"),
        (amount_column, ~np.isnan(amount) & ~is_amount, f"expected an amount above 0 [{unit}]"),
        ("RATE", ~((rate >= 0.0) & np.isfinite(rate)), f"expected a rate above 0 [{unit}/day], or none"),
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


PLANNED_COLUMNS = ("ID", "TIME", "AMT", "DUR")
"""Head of a file of planned doses."""


def planned_rows(planned: PlannedDoses) -> Iterator[tuple[object, ...]]:
    """Yield planned doses as the rows of a file."""
    for name, *numbers_ in zip(planned.ids, planned.time, planned.amount, planned.duration, strict=True):
        yield (name, *(f"{round(float(value), 8):.10g}" for value in numbers_))


def doses_left_out(given: Cohort, planned: Cohort) -> PlannedDoses:
    """Return the last doses of each subject that one cohort has more of than another of the same subjects."""
    subject = np.repeat(np.arange(planned.n_subjects), np.diff(planned.dose_start))
    place = np.arange(subject.size) - planned.dose_start[subject]
    is_more = place >= np.diff(given.dose_start)[subject]
    ids = tuple(planned.ids[int(i)] for i in subject[is_more])
    return PlannedDoses(ids, planned.dose_time[is_more], planned.dose_amount[is_more], planned.dose_duration[is_more])


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
    weight = first_weights(cohort, "--plan label", "the label plan is 5 mg/kg")
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


def first_weights(cohort: Cohort, place: str, reason: str) -> FloatArray:
    """Return the weight of each subject at its first record, (n_subjects,) [kg].

    Parameters
    ----------
    cohort : Cohort
        With the covariate ``weight_kg``, or the column WT.
    place, reason : str
        What needs the weights, and why, for the message.

    Raises
    ------
    InputError
        With the subjects whose weight is not known.
    """
    columns = (cohort.covariates[name] for name in _WEIGHTS if name in cohort.covariates)
    weight = next(columns, np.full(cohort.row_time.size, np.nan))[cohort.row_start[:-1]]
    if unknown := [name for name, kg in zip(cohort.ids, weight.tolist(), strict=True) if not 0.0 < kg < np.inf]:
        message = f"the weight of {listed(unknown)} is not known; {reason}, expected WT [kg]"
        raise InputError([Problem(place, message)])
    return weight


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
        message = (
            f"holds subjects that are not in the cohort: {listed(strangers)}; expected the same names in both files"
        )
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


def listed(names: Sequence[str]) -> str:
    """Return the first of some names, and how many more there are."""
    more = f" and {len(names) - _MOST_NAMED} more" if len(names) > _MOST_NAMED else ""
    return f"{', '.join(names[:_MOST_NAMED])}{more}"

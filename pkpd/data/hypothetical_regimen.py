"""A regimen that nobody was given: it takes the place of the doses of a cohort, whose levels and covariates stay as they are."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from pkpd.data.cohort_table import read_table
from pkpd.data.label_regimen import LABEL_DAYS, LABEL_DURATION_HOUR, label_amount
from pkpd.data.planned_doses import PlannedDoses, doses_of_table, first_weights, listed
from pkpd.errors import InputError, Problem, input_error
from pkpd.units import days_from_hours

if TYPE_CHECKING:
    from pkpd.data.cohort import Cohort

_AMOUNTS = {"AMT": "mg", "MG_PER_KG": "mg/kg"}


def label_regimen(cohort: Cohort) -> Cohort:
    """Return a cohort on the label regimen from each subject's first dose (day 0 where it has none), in whole vials.

    Raises
    ------
    InputError
        With the subjects whose weight is not known.
    """
    weight = first_weights(cohort, "--regimen label", "the label regimen is 5 mg/kg")
    first = np.full(cohort.n_subjects, np.inf)
    np.minimum.at(first, np.repeat(np.arange(cohort.n_subjects), np.diff(cohort.dose_start)), cohort.dose_time)
    first = np.where(np.isfinite(first), first, 0.0)
    n = len(LABEL_DAYS)
    doses = PlannedDoses(
        ids=tuple(name for name in cohort.ids for _ in LABEL_DAYS),
        time=(first[:, None] + np.array(LABEL_DAYS)).reshape(-1),
        amount=np.repeat([label_amount(kg) for kg in weight.tolist()], n),
        duration=np.full(n * cohort.n_subjects, days_from_hours(LABEL_DURATION_HOUR)),
    )
    return _with_doses(cohort, doses)


def regimen_of_file(cohort: Cohort, path: str) -> Cohort:
    """Return a cohort with the doses of a file in place of its own.

    TIME[day], AMT[mg] or MG_PER_KG[mg/kg], and where given DUR[day] or RATE[mg/day, or mg/kg/day]; with a column ID each subject's own
    doses, without one the same days for all.

    Raises
    ------
    InputError
        With every problem of the file, with names that are no subject of the cohort, with subjects that have no dose in the file, and
        with those whose weight is needed and not known.
    """
    table = read_table(path, "a regimen")
    amounts = [name for name in _AMOUNTS if name in table.columns]
    found = ", ".join(table.columns)
    if "TIME" not in table.columns:
        raise input_error(path, f"has no column TIME; it has {found}")
    if len(amounts) != 1:
        raise input_error(
            path,
            f"has {' and '.join(amounts) or 'neither'} of AMT [mg] and MG_PER_KG [mg/kg]; expected one; it has {found}",
        )
    doses = doses_of_table(table, amounts[0], _AMOUNTS[amounts[0]])
    if "ID" not in table.columns:
        n, rows = cohort.n_subjects, table.n_rows
        doses = PlannedDoses(
            ids=tuple(name for name in cohort.ids for _ in range(rows)),
            time=np.tile(doses.time, n),
            amount=np.tile(doses.amount, n),
            duration=np.tile(doses.duration, n),
        )
    _check_names(cohort, doses, path)
    if amounts[0] == "MG_PER_KG":
        weight = dict(zip(cohort.ids, first_weights(cohort, path, "its amounts are in mg/kg").tolist(), strict=True))
        doses = replace(doses, amount=doses.amount * np.array([weight[name] for name in doses.ids]))
    return _with_doses(cohort, doses)


def _check_names(cohort: Cohort, doses: PlannedDoses, path: str) -> None:
    known, own = set(cohort.ids), set(doses.ids)
    faults: list[Problem] = []
    if strangers := list(dict.fromkeys(name for name in doses.ids if name not in known)):
        faults.append(
            Problem(
                path,
                f"holds subjects that are not in the cohort: {listed(strangers)}; expected the same names in both files",
            )
        )
    if without := [name for name in cohort.ids if name not in own]:
        message = f"has no dose of {listed(without)}; expected a regimen for every subject, or no column ID"
        faults.append(Problem(path, message))
    if faults:
        raise InputError(faults)


def _with_doses(cohort: Cohort, doses: PlannedDoses) -> Cohort:
    """Return a cohort with other doses, each subject's in the order of time."""
    place = {name: i for i, name in enumerate(cohort.ids)}
    owner = np.array([place[name] for name in doses.ids], dtype=np.int64)
    order = np.lexsort((doses.time, owner))
    return replace(
        cohort,
        dose_start=np.searchsorted(owner[order], np.arange(cohort.n_subjects + 1)).astype(np.int64),
        dose_time=doses.time[order],
        dose_amount=doses.amount[order],
        dose_duration=doses.duration[order],
    )

"""The rules of a case that need more than one field.

They read the plain tree rather than the checked case, and pass over what is wrong by itself, so that one reading
reports everything that is wrong.
"""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING

from dosing_app.decision.case_faults import Fault, shown
from dosing_app.decision.case_model_checks import body_size, covariates_over_time, known_assays, known_model
from dosing_app.decision.case_tree import Tree, all_times, as_object, day, number, rows_of, times_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

_CENSORING_LIMITS = {"below": ("lloq_mg_per_L", "lower"), "above": ("uloq_mg_per_L", "upper")}


def cross_check(tree: Tree) -> list[Fault]:
    """Return what is wrong between the fields of a case.

    Parameters
    ----------
    tree : dict
        The case as plain dictionaries and lists, whatever it holds.

    Returns
    -------
    list of Fault
        Empty where nothing is wrong beyond single fields.
    """
    return [fault for check in _CHECKS for fault in check(tree)]


def _time_order(tree: Tree) -> Iterator[Fault]:
    """Check that every list is in time order; only samples (of two assays) may share a time."""
    for name in ("doses", "planned", "samples", "covariates_over_time"):
        times = times_of(tree, name)
        for (earlier, before), (row, time) in pairwise(times):
            if time < before:
                message = (
                    f"{shown(time)} is earlier than {shown(before)} in {name}[{earlier}]; expected rows in time order"
                )
                yield Fault((name, row, "time_day"), message)
            elif time == before and name != "samples":
                message = f"{shown(time)} repeats the time of {name}[{earlier}]; expected one row for each time"
                yield Fault((name, row, "time_day"), message)


def _repeated_samples(tree: Tree) -> Iterator[Fault]:
    """Check that there is one used sample for each time and assay, and no row twice."""
    seen: dict[tuple[object, ...], int] = {}
    for row, sample in rows_of(tree, "samples"):
        time = day(sample.get("time_day"))
        if time is None:
            continue
        key = _sample_key(time, sample)
        if key in seen:
            message = (
                f"{shown(sample['time_day'])} is the time of samples[{seen[key]}] too; expected each sample once "
                "(name the assays if two measured it, or exclude one with a reason)"
            )
            yield Fault(("samples", row, "time_day"), message)
        seen.setdefault(key, row)


def _sample_key(time: float, sample: Tree) -> tuple[object, ...]:
    """Return what makes two samples the same; an excluded one is only the same as its exact copy."""
    if sample.get("exclude") is None:
        return (time, _whole_text(sample.get("assay")))
    return (time, *sorted((key, _whole_text(value)) for key, value in sample.items()))


def _whole_text(value: object) -> str:
    """Return a text as it is, since ``shown`` shortens it, and anything else as it is shown."""
    return value if isinstance(value, str) else shown(value)


def _before_first_dose(tree: Tree) -> Iterator[Fault]:
    """Check that no sample is before the first dose, and that none drawn at its very start holds drug."""
    doses = all_times(tree, "doses")
    if doses is None:
        return
    first = min(doses)
    for row, sample in rows_of(tree, "samples"):
        time = day(sample.get("time_day"))
        if time is not None and time < first:
            message = f"{shown(time)} is before the first dose on day {shown(first)}; expected a sample after it"
            yield Fault(("samples", row, "time_day"), message)
        elif time == first and _claims_drug(sample):
            message = (
                f"{shown(time)} is the very start of the first dose, when no drug can be there; "
                'expected a later time, or "censored": "below"'
            )
            yield Fault(("samples", row, "time_day"), message)


def _claims_drug(sample: Tree) -> bool:
    """Return whether a sample that is used says that there is drug."""
    is_measured = sample.get("concentration_mg_per_L") is not None or sample.get("censored") == "above"
    return is_measured and sample.get("exclude") is None


def _one_crp(tree: Tree) -> Iterator[Fault]:
    """Check that a CRP is either measured or below its limit."""
    covariates = as_object(tree.get("covariates"))
    measured, limit = covariates.get("crp_mg_per_L"), covariates.get("crp_below_mg_per_L")
    if measured is not None and limit is not None:
        message = f"{shown(limit)} is given beside crp_mg_per_L {shown(measured)}; expected one of the two"
        yield Fault(("covariates", "crp_below_mg_per_L"), message)


def _around_now(tree: Tree) -> Iterator[Fault]:
    """Check that given doses and samples lie up to now, planned doses from now on and after the last given one."""
    last_given = max(all_times(tree, "doses") or [], default=None)
    is_stated = tree.get("now_day") is not None
    now = day(tree.get("now_day")) if is_stated else _latest_given(tree)
    if now is None:
        return
    which = f"now_day {shown(now)}" + ("" if is_stated else " (the latest given dose or sample, as none is stated)")
    for name, what in (("doses", "a given dose"), ("samples", "a sample")):
        for row, time in times_of(tree, name):
            if time > now:
                message = f"{shown(time)} is after {which}; expected {what} at or before it"
                yield Fault((name, row, "time_day"), message)
    for row, time in times_of(tree, "planned"):
        if time < now:
            message = f"{shown(time)} is before {which}; expected a planned dose at or after it"
            yield Fault(("planned", row, "time_day"), message)
        elif time == last_given:
            message = f"{shown(time)} is the time of the last given dose; expected a planned dose after it"
            yield Fault(("planned", row, "time_day"), message)


def _latest_given(tree: Tree) -> float | None:
    """Return the default of now_day, or None where a time that it comes from cannot be read."""
    doses, samples = all_times(tree, "doses"), all_times(tree, "samples", default=[])
    return None if doses is None or samples is None else max(doses + samples)


def _sample_values(tree: Tree) -> Iterator[Fault]:
    """Check that each sample is measured or censored, by limits that fit."""
    for row, sample in rows_of(tree, "samples"):
        is_measured = sample.get("concentration_mg_per_L") is not None
        censored = sample.get("censored")
        if is_measured == (censored is not None):
            found = "both of" if is_measured else "neither of"
            message = f"has {found} concentration_mg_per_L and censored; expected exactly one of them"
            yield Fault(("samples", row), message)
        if isinstance(censored, str) and censored in _CENSORING_LIMITS:
            key, side = _CENSORING_LIMITS[censored]
            if sample.get(key) is None:
                message = f'missing with "censored": {shown(censored)}; expected the {side} limit of quantification'
                yield Fault(("samples", row, key), message)
        yield from _sample_limits(row, sample)


def _sample_limits(row: int, sample: Tree) -> Iterator[Fault]:
    """Check that the lower limit lies below the upper one, and a measured value between them (both included)."""
    lower, upper = number(sample.get("lloq_mg_per_L")), number(sample.get("uloq_mg_per_L"))
    level = number(sample.get("concentration_mg_per_L"))
    if lower is not None and upper is not None and lower >= upper:
        message = (
            f"{shown(lower)} is not below uloq_mg_per_L {shown(upper)}; expected a lower limit below the upper one"
        )
        yield Fault(("samples", row, "lloq_mg_per_L"), message)
        return
    place = ("samples", row, "concentration_mg_per_L")
    if level is not None and level > 0 and lower is not None and level < lower:
        message = (
            f'{shown(level)} is below lloq_mg_per_L {shown(lower)}; expected a value from it on, or "censored": "below"'
        )
        yield Fault(place, message)
    if level is not None and upper is not None and 0 < upper < level:
        message = (
            f'{shown(level)} is above uloq_mg_per_L {shown(upper)}; expected a value up to it, or "censored": "above"'
        )
        yield Fault(place, message)


def _weekdays_need_a_date(tree: Tree) -> Iterator[Fault]:
    """Check that the date of day 0 is there where days of the week are."""
    limits = as_object(tree.get("limits"))
    if limits.get("weekdays_allowed") is not None and tree.get("start_date") is None:
        message = "given without start_date; expected the date of day 0 as well, since days of the week follow from it"
        yield Fault(("limits", "weekdays_allowed"), message)


_CHECKS: tuple[Callable[[Tree], Iterator[Fault]], ...] = (
    known_model,
    body_size,
    covariates_over_time,
    _one_crp,
    _time_order,
    _repeated_samples,
    _before_first_dose,
    _around_now,
    _sample_values,
    known_assays,
    _weekdays_need_a_date,
)

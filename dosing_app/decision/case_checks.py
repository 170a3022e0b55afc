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
from dosing_app.language import Name, message

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from dosing_app.language import Message

_BELOW, _ABOVE = Name('"censored": "below"'), Name('"censored": "above"')
_CENSORING_LIMITS = {
    "below": ("lloq_mg_per_L", message("fault.lower_limit_missing", below=_BELOW)),
    "above": ("uloq_mg_per_L", message("fault.upper_limit_missing", above=_ABOVE)),
}
# None lies after the default of now_day, which is the latest of them.
_AFTER_NOW = {"doses": "fault.dose_after_now", "samples": "fault.sample_after_now"}


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
                said = message(
                    "fault.not_in_time_order", time=shown(time), before=shown(before), row=_row(name, earlier)
                )
                yield Fault((name, row, "time_day"), said)
            elif time == before and name != "samples":
                said = message("fault.time_repeated", time=shown(time), row=_row(name, earlier))
                yield Fault((name, row, "time_day"), said)


def _repeated_samples(tree: Tree) -> Iterator[Fault]:
    """Check that there is one used sample for each time and assay, and no row twice."""
    seen: dict[tuple[object, ...], int] = {}
    for row, sample in rows_of(tree, "samples"):
        time = day(sample.get("time_day"))
        if time is None:
            continue
        key = _sample_key(time, sample)
        if key in seen:
            said = message("fault.sample_repeated", time=shown(sample["time_day"]), row=_row("samples", seen[key]))
            yield Fault(("samples", row, "time_day"), said)
        seen.setdefault(key, row)


def _sample_key(time: float, sample: Tree) -> tuple[object, ...]:
    """Return what makes two samples the same; an excluded one is only the same as its exact copy."""
    if sample.get("exclude") is None:
        return (time, _whole_text(sample.get("assay")))
    return (time, *sorted((key, _whole_text(value)) for key, value in sample.items()))


def _whole_text(value: object) -> str:
    """Return a text as it is, since ``shown`` shortens it, and anything else as it is shown."""
    return value if isinstance(value, str) else str(shown(value))


def _before_first_dose(tree: Tree) -> Iterator[Fault]:
    """Check that no sample is before the first dose, and that none drawn at its very start holds drug."""
    doses = all_times(tree, "doses")
    if doses is None:
        return
    first = min(doses)
    for row, sample in rows_of(tree, "samples"):
        time = day(sample.get("time_day"))
        if time is not None and time < first:
            said = message("fault.sample_before_first_dose", time=shown(time), first=shown(first))
            yield Fault(("samples", row, "time_day"), said)
        elif time == first and _claims_drug(sample):
            said = message("fault.sample_at_first_dose", time=shown(time), below=_BELOW)
            yield Fault(("samples", row, "time_day"), said)


def _claims_drug(sample: Tree) -> bool:
    """Return whether a sample that is used says that there is drug."""
    is_measured = sample.get("concentration_mg_per_L") is not None or sample.get("censored") == "above"
    return is_measured and sample.get("exclude") is None


def _one_crp(tree: Tree) -> Iterator[Fault]:
    """Check that a CRP is either measured or below its limit."""
    covariates = as_object(tree.get("covariates"))
    measured, limit = covariates.get("crp_mg_per_L"), covariates.get("crp_below_mg_per_L")
    if measured is not None and limit is not None:
        said = message("fault.two_crp", limit=shown(limit), field=Name("crp_mg_per_L"), measured=shown(measured))
        yield Fault(("covariates", "crp_below_mg_per_L"), said)


def _around_now(tree: Tree) -> Iterator[Fault]:
    """Check that given doses and samples lie up to now, planned doses from now on and after the last given one."""
    last_given = max(all_times(tree, "doses") or [], default=None)
    is_stated = tree.get("now_day") is not None
    now = day(tree.get("now_day")) if is_stated else _latest_given(tree)
    if now is None:
        return
    for name, key in _AFTER_NOW.items():
        for row, time in times_of(tree, name):
            if time > now:
                yield Fault((name, row, "time_day"), _beside_now(key, time, now))
    for row, time in times_of(tree, "planned"):
        if time < now:
            key = "fault.planned_before_now" if is_stated else "fault.planned_before_latest"
            yield Fault(("planned", row, "time_day"), _beside_now(key, time, now))
        elif time == last_given:
            yield Fault(("planned", row, "time_day"), message("fault.planned_at_last_given", time=shown(time)))


def _beside_now(key: str, time: float, now: float) -> Message:
    return message(key, time=shown(time), field=Name("now_day"), now=shown(now))


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
            key = "fault.level_and_censored" if is_measured else "fault.no_level"
            said = message(key, level=Name("concentration_mg_per_L"), censored=Name("censored"))
            yield Fault(("samples", row), said)
        if isinstance(censored, str) and censored in _CENSORING_LIMITS:
            key, said = _CENSORING_LIMITS[censored]
            if sample.get(key) is None:
                yield Fault(("samples", row, key), said)
        yield from _sample_limits(row, sample)


def _sample_limits(row: int, sample: Tree) -> Iterator[Fault]:
    """Check that the lower limit lies below the upper one, and a measured value between them (both included)."""
    lower, upper = number(sample.get("lloq_mg_per_L")), number(sample.get("uloq_mg_per_L"))
    level = number(sample.get("concentration_mg_per_L"))
    if lower is not None and upper is not None and lower >= upper:
        said = message("fault.limits_crossed", lower=shown(lower), field=Name("uloq_mg_per_L"), upper=shown(upper))
        yield Fault(("samples", row, "lloq_mg_per_L"), said)
        return
    place = ("samples", row, "concentration_mg_per_L")
    if level is not None and level > 0 and lower is not None and level < lower:
        yield Fault(
            place,
            message(
                "fault.level_below_limit",
                level=shown(level),
                field=Name("lloq_mg_per_L"),
                limit=shown(lower),
                below=_BELOW,
            ),
        )
    if level is not None and upper is not None and 0 < upper < level:
        yield Fault(
            place,
            message(
                "fault.level_above_limit",
                level=shown(level),
                field=Name("uloq_mg_per_L"),
                limit=shown(upper),
                above=_ABOVE,
            ),
        )


def _weekdays_need_a_date(tree: Tree) -> Iterator[Fault]:
    """Check that the date of day 0 is there where days of the week are."""
    limits = as_object(tree.get("limits"))
    if limits.get("weekdays_allowed") is not None and tree.get("start_date") is None:
        said = message("fault.weekdays_without_date", field=Name("start_date"))
        yield Fault(("limits", "weekdays_allowed"), said)


def _row(name: str, row: int) -> Name:
    return Name(f"{name}[{row}]")


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

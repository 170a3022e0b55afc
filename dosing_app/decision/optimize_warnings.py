"""What the reader of a regimen search has to know beyond the regimens."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dosing_app.decision.optimize_result import OptimizeWarning
from dosing_app.decision.plan_limits import limits_broken
from dosing_app.decision.reference_plan import LAST_WINDOW_DAY, first_whole_day, is_allowed_day, label_amount
from dosing_app.language import Figure, Message, Name, listed, message

if TYPE_CHECKING:
    from collections.abc import Iterator

    from dosing_app.decision.case_schema import CaseDose, PatientCase
    from dosing_app.decision.reference_plan import ReferencePlan

# Above it lies the range of doses of the study cohort and of the trials of higher doses.
USUAL_MG_PER_KG_MAX = 10.0


def search_warnings(
    case: PatientCase, weight_kg: float, reference: ReferencePlan, label: tuple[CaseDose, ...]
) -> Iterator[OptimizeWarning]:
    """Yield what follows from the case alone.

    Parameters
    ----------
    case, weight_kg : PatientCase, float
        The patient.
    reference : ReferencePlan
        What is intensified.
    label : tuple of CaseDose
        The label regimen where it is listed as well; empty where it is not.
    """
    if case.limits.reference == "none":
        yield OptimizeWarning(
            "reference_none",
            message("search.reference_none", setting=Name("limits.reference: none")),
        )
    if reference.source == "label" and case.limits.reference != "label":
        yield OptimizeWarning("reference_is_label", message("search.reference_is_label"))
    if label_amount(case, weight_kg) <= 0:
        yield OptimizeWarning(
            "label_below_one_vial",
            message("search.label_below_one_vial", weight=_figure(weight_kg), vial=_figure(case.limits.vial_mg)),
        )
    for limit, found in limits_broken(case, reference.doses, weight_kg):
        said = message("search.reference_breaks", limit=Name(limit), found=found)
        yield OptimizeWarning(f"reference_breaks_{limit}", said)
    if label != reference.doses:
        for limit, found in limits_broken(case, label, weight_kg):
            said = message("search.label_breaks", limit=Name(limit), found=found)
            yield OptimizeWarning(f"label_breaks_{limit}", said)
    if case.now_day < LAST_WINDOW_DAY:
        yield from _no_day_allowed(case)
    between = [_figure(day) for day in case.limits.days_allowed or () if day != round(day)]
    if between:
        yield OptimizeWarning(
            "days_allowed_between",
            message("search.days_allowed_between", days=listed(between), limit=Name("days_allowed")),
        )
    if case.heart_failure is None:
        yield OptimizeWarning("heart_failure_unknown", message("search.heart_failure_unknown"))
    if case.limits.mg_per_kg_max > USUAL_MG_PER_KG_MAX and not case.heart_failure:
        yield OptimizeWarning(
            "above_usual_range",
            message(
                "search.above_usual_range",
                usual=_figure(USUAL_MG_PER_KG_MAX),
                most=_figure(case.limits.mg_per_kg_max),
            ),
        )


def _no_day_allowed(case: PatientCase) -> Iterator[OptimizeWarning]:
    """Yield the warning that the limits on days leave no day of the search."""
    first, last, limits = first_whole_day(case), int(LAST_WINDOW_DAY) - 1, case.limits
    if first > last or any(is_allowed_day(case, float(day)) for day in range(first, last + 1)):
        return
    given: list[Message] = []
    if limits.first_day is not None:
        given.append(message("search.limit", limit=Name("first_day"), value=_figure(limits.first_day)))
    if limits.days_allowed is not None:
        days = listed([_figure(day) for day in limits.days_allowed])
        given.append(message("search.limit", limit=Name("days_allowed"), value=days))
    if limits.weekdays_allowed is not None:
        given.append(message("search.limit", limit=Name("weekdays_allowed"), value=listed(limits.weekdays_allowed)))
    found = listed(given, join="list.semicolon")
    said = message("search.no_day_allowed", first=Figure(first), last=Figure(last), limits=found)
    yield OptimizeWarning("no_day_allowed", said)


def _figure(value: float) -> Figure:
    return Figure(f"{value:g}")


def not_complete(evaluated: int) -> OptimizeWarning:
    """Return the warning of a search that was cut off."""
    return OptimizeWarning(
        "search_not_complete",
        message(
            "search.not_complete",
            evaluated=Figure(f"{evaluated:,}"),
            step=Name("dose_step_mg"),
            gap=Name("gap_day_min"),
            most=Name("doses_max_28_day"),
        ),
    )


def limiting_not_certain() -> OptimizeWarning:
    """Return the warning that relaxed limits leave too many sets of infusion times to rule each out."""
    return OptimizeWarning("limiting_not_certain", message("search.limiting_not_certain"))


def no_label_left() -> OptimizeWarning:
    """Return the warning that the doses given stand for every day of the label regimen."""
    return OptimizeWarning("no_label_left", message("search.no_label_left"))


def no_regimen_of_kind(kind: str) -> OptimizeWarning:
    """Return the warning that nothing can be listed for a kind."""
    return OptimizeWarning(f"no_{kind}", message("search.none_of_kind", kind=message(f"search.kind.{kind}")))


def day_28_has_passed() -> OptimizeWarning:
    """Return the warning that nothing can change the exposure any more."""
    return OptimizeWarning("day_28_passed", message("search.day_28_passed"))

"""What the reader of a regimen search has to know beyond the regimens."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dosing_app.decision.optimize_result import OptimizeWarning
from dosing_app.decision.plan_limits import limits_broken
from dosing_app.decision.reference_plan import LAST_WINDOW_DAY, first_whole_day, is_allowed_day, label_amount

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
            "No plan has to be reached (limits.reference: none): regimens may give less drug than planned, also before "
            "day 14 and after an infusion was due.",
        )
    if reference.source == "label" and case.limits.reference != "label":
        yield OptimizeWarning(
            "reference_is_label", "No infusion is planned: the label regimen is what regimens are compared with."
        )
    if label_amount(case, weight_kg) <= 0:
        yield OptimizeWarning(
            "label_below_one_vial",
            f"5 mg/kg of {weight_kg:g} kg are less than one vial of {case.limits.vial_mg:g} mg: there is no label regimen "
            "within 5 mg/kg.",
        )
    for what, doses in (("reference plan", reference.doses), ("label regimen", label)):
        if what == "label regimen" and doses == reference.doses:
            continue
        code = what.split()[0]
        for limit, found in limits_broken(case, doses, weight_kg):
            yield OptimizeWarning(f"{code}_breaks_{limit}", f"The {what} breaks {limit}: {found}. It is not altered.")
    if case.now_day < LAST_WINDOW_DAY:
        yield from _no_day_allowed(case)
    between = [f"{day:g}" for day in case.limits.days_allowed or () if day != round(day)]
    if between:
        yield OptimizeWarning(
            "days_allowed_between",
            f"Infusions are searched on whole days: day {', '.join(between)} of days_allowed allows none.",
        )
    if case.heart_failure is None:
        yield OptimizeWarning(
            "heart_failure_unknown",
            "Heart failure is not known: doses above 5 mg/kg are contraindicated in moderate or severe heart failure. "
            "Confirm that there is none.",
        )
    if case.limits.mg_per_kg_max > USUAL_MG_PER_KG_MAX and not case.heart_failure:
        yield OptimizeWarning(
            "above_usual_range",
            f"Doses above {USUAL_MG_PER_KG_MAX:g} mg/kg lie outside the usual range (limit: "
            f"{case.limits.mg_per_kg_max:g} mg/kg).",
        )


def _no_day_allowed(case: PatientCase) -> Iterator[OptimizeWarning]:
    """Yield the warning that the limits on days leave no day of the search."""
    first, last, limits = first_whole_day(case), int(LAST_WINDOW_DAY) - 1, case.limits
    if first > last or any(is_allowed_day(case, float(day)) for day in range(first, last + 1)):
        return
    values = {
        "first_day": None if limits.first_day is None else f"{limits.first_day:g}",
        "days_allowed": None if limits.days_allowed is None else ", ".join(f"{day:g}" for day in limits.days_allowed),
        "weekdays_allowed": None if limits.weekdays_allowed is None else ", ".join(limits.weekdays_allowed),
    }
    found = "; ".join(f"{name}: {value}" for name, value in values.items() if value is not None)
    yield OptimizeWarning(
        "no_day_allowed",
        f"The limits allow no whole day from day {first} to day {last} ({found}): infusions are searched on the plan's own "
        "days only.",
    )


def not_complete(evaluated: int) -> OptimizeWarning:
    """Return the warning of a search that was cut off."""
    return OptimizeWarning(
        "search_not_complete",
        f"The grid is too large: the search ended after {evaluated:,} regimens and a better one may exist. Widen "
        "dose_step_mg or gap_day_min, or lower doses_max_28_day.",
    )


def limiting_not_certain() -> OptimizeWarning:
    """Return the warning that relaxed limits leave too many sets of infusion times to rule each out."""
    return OptimizeWarning(
        "limiting_not_certain",
        "With a limit relaxed there are too many sets of infusion times to rule each out: another limit than the one named "
        "may help more, and what a relaxed limit gives is the least it can give.",
    )


def no_label_left() -> OptimizeWarning:
    """Return the warning that the doses given stand for every day of the label regimen."""
    return OptimizeWarning(
        "no_label_left", "Nothing of the label regimen is left: each of its days counts as given, so it is not listed."
    )


def no_regimen_of_kind(kind: str) -> OptimizeWarning:
    """Return the warning that nothing can be listed for a kind."""
    return OptimizeWarning(f"no_{kind}", f"No infusion fits the limits: there is no regimen of kind {kind}.")


def day_28_has_passed() -> OptimizeWarning:
    """Return the warning that nothing can change the exposure any more."""
    return OptimizeWarning(
        "day_28_passed", "Day 28 has passed: no infusion can change the exposure of days 14 to 28 any more."
    )

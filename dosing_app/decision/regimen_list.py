"""The list that a search answers with: the best regimens and the ones always shown, ranked, each with its figures."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Literal

import numpy as np

from dosing_app.decision.case_schema import CaseDose
from dosing_app.decision.optimize_result import Kind, ListedRegimen, RiskFigures
from dosing_app.decision.plan_limits import (
    drug_before_day_28,
    limits_broken,
    most_in_28_days,
    vials_before_day_28,
)
from dosing_app.decision.ranking import MEASURE_DECIMALS, TOTAL_DECIMALS, is_reached
from dosing_app.decision.reference_plan import HEART_FAILURE_MG_PER_KG, LAST_WINDOW_DAY, TOLERANCE
from dosing_app.decision.why_not import why_not_a_candidate
from dosing_app.language import Figure, listed, message

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from dosing_app.decision.candidates import CandidateGrid
    from dosing_app.decision.case_schema import PatientCase
    from dosing_app.decision.goal import Goal
    from dosing_app.decision.ranking import Plans
    from dosing_app.decision.reference_plan import ReferencePlan
    from dosing_app.decision.regimen_scorer import ExposureTargets, RegimenScorer
    from dosing_app.language import Message
    from pkpd.arrays import FloatArray, IntArray


Merit = Literal["nearest", "least_drug", "least_addition"]
_FIRST: dict[Merit, str] = {
    "nearest": "search.why.nearest",
    "least_drug": "search.why.least_drug",
    "least_addition": "search.why.least_addition",
}
_BEST_OF_FAMILY: dict[Kind, dict[Merit, str]] = {
    "fixed_interval": {
        "nearest": "search.why.interval_nearest",
        "least_drug": "search.why.interval_least_drug",
        "least_addition": "search.why.interval_least_addition",
    },
    "fixed_dose": {
        "nearest": "search.why.dose_nearest",
        "least_drug": "search.why.dose_least_drug",
        "least_addition": "search.why.dose_least_addition",
    },
}


@dataclass(frozen=True, slots=True)
class Setting:
    """What every regimen of one search shares.

    Parameters
    ----------
    case, weight_kg : PatientCase, float
        The patient.
    reference : ReferencePlan
        What regimens are compared with.
    scorer, targets : RegimenScorer, ExposureTargets
        Exposure and what it means.
    columns : mapping of (day, hours) to int
        Index of the scorer for an infusion by time and duration.
    grid : CandidateGrid
        The regimens that are searched.
    goal : Goal
        How they are measured, and what the measure must reach.
    """

    case: PatientCase
    weight_kg: float
    reference: ReferencePlan
    scorer: RegimenScorer
    targets: ExposureTargets
    columns: Mapping[tuple[float, float], int]
    grid: CandidateGrid
    goal: Goal


@dataclass(frozen=True, slots=True)
class Entry:
    """One regimen before it is described: infusions from now on, how well it does, and why it is listed."""

    doses: tuple[CaseDose, ...]
    measure: float
    is_candidate: bool
    kind: tuple[Kind, ...] = ()


def plan_doses(grid: CandidateGrid, plans: Plans, row: int, kept: tuple[CaseDose, ...]) -> tuple[CaseDose, ...]:
    """Return the infusions of one regimen of a search, with the kept ones after them."""
    return (
        *(
            CaseDose(
                time_day=float(grid.times[index]), amount_mg=amount, duration_hour=float(grid.durations_hour[index])
            )
            for index, amount in zip(plans.time_index[row].tolist(), plans.amounts[row].tolist(), strict=True)
            if index >= 0
        ),
        *kept,
    )


def scorer_arrays(
    columns: Mapping[tuple[float, float], int], regimens: Sequence[tuple[CaseDose, ...]]
) -> tuple[IntArray, FloatArray]:
    """Return regimens as the scorer reads them: (n, k) indices, -1 for none, and (n, k) amounts [mg]."""
    early = [[dose for dose in doses if dose.time_day < LAST_WINDOW_DAY] for doses in regimens]
    width = max([1, *map(len, early)])
    times, amounts = np.full((len(early), width), -1, dtype=np.int64), np.zeros((len(early), width))
    for row, doses in enumerate(early):
        times[row, : len(doses)] = [columns[dose.time_day, dose.duration_hour] for dose in doses]
        amounts[row, : len(doses)] = [dose.amount_mg for dose in doses]
    return times, amounts


def ranked_entries(setting: Setting, entries: Iterable[Entry]) -> tuple[Entry, ...]:
    """Return entries in order of rank, equal regimens in one with all their kinds.

    What is not a candidate (a label regimen or a fixed dose that gives less than the plan) stands after the candidates
    and the reference plan. A reference plan that reaches the target is first; one that does not, and gives before day 28
    what is contraindicated in heart failure, is never the nearest where there are candidates.
    """
    merged: dict[tuple[CaseDose, ...], Entry] = {}
    for entry in entries:
        same = merged.get(entry.doses, entry)
        kind = tuple(dict.fromkeys((*same.kind, *entry.kind)))
        merged[entry.doses] = replace(same, kind=kind, is_candidate=same.is_candidate or entry.is_candidate)
    ordered = sorted(merged.values(), key=lambda entry: _rank_key(setting, entry))
    if not ordered:
        return ()
    best: Kind = "best" if is_in_reach(setting, ordered) else "nearest"
    return (replace(ordered[0], kind=(best, *ordered[0].kind)), *ordered[1:])


def counts(entry: Entry) -> bool:
    """Return whether a regimen may be chosen: a candidate, or the reference plan."""
    return entry.is_candidate or "reference" in entry.kind


def is_in_reach(setting: Setting, entries: Iterable[Entry]) -> bool:
    """Return whether a candidate or the reference plan reaches the target."""
    return any(counts(entry) and _reaches(setting, entry) for entry in entries)


def described(setting: Setting, entries: Sequence[Entry]) -> tuple[ListedRegimen, ...]:
    """Return ranked entries with all their figures and a sentence on why each is listed."""
    times, amounts = scorer_arrays(setting.columns, [entry.doses for entry in entries])
    scorer, targets = setting.scorer, setting.targets
    target = scorer.probability(times, amounts, targets.log_auc_cl_for_target)
    low_risk = scorer.probability(times, amounts, targets.log_auc_cl_threshold)
    plug_in = scorer.plug_in(times, amounts)
    reference_mg = drug_before_day_28(setting.reference.doses)
    listed: list[ListedRegimen] = []
    for row, entry in enumerate(entries):
        summary = scorer.summary(times[row], amounts[row])
        listed.append(
            ListedRegimen(
                doses=entry.doses,
                kind=entry.kind,
                rank=row + 1,
                reason=_reason(setting, entry, is_first=row == 0),
                is_reached=_reaches(setting, entry),
                is_candidate=entry.is_candidate,
                breaks=tuple(name for name, _ in limits_broken(setting.case, entry.doses, setting.weight_kg)),
                total_mg=drug_before_day_28(entry.doses),
                vials=vials_before_day_28(entry.doses, setting.case.limits.vial_mg),
                added_mg=round(drug_before_day_28(entry.doses) - reference_mg, 6),
                total_28_day_mg=most_in_28_days((*setting.case.doses, *entry.doses)),
                mg_per_kg_max=max((dose.amount_mg for dose in entry.doses), default=0.0) / setting.weight_kg,
                log_auc_cl=_finite(plug_in[row]),
                log_auc_cl_q50=_finite(summary.log_auc_cl),
                risk_day90=RiskFigures(summary.plug_in, summary.mean, summary.q05, summary.q95),
                probability_low_risk=float(low_risk[row]),
                probability_target=float(target[row]),
            )
        )
    return tuple(listed)


def _reaches(setting: Setting, entry: Entry) -> bool:
    return bool(is_reached(np.array([entry.measure]), setting.goal.threshold)[0])


def _rank_key(setting: Setting, entry: Entry) -> tuple[object, ...]:
    reaches = _reaches(setting, entry)
    is_plan_enough = reaches and "reference" in entry.kind
    early = [dose for dose in entry.doses if dose.time_day < LAST_WINDOW_DAY]
    drug, merit = round(drug_before_day_28(early), TOTAL_DECIMALS), -round(entry.measure, MEASURE_DECIMALS)
    return (
        not is_plan_enough,
        not counts(entry),
        not reaches,
        not reaches and _is_contraindicated(setting, early),
        *((drug, merit) if reaches else (merit, drug)),
        len(early),
        [dose.time_day for dose in early],
        [-dose.amount_mg for dose in early],
        [dose.time_day for dose in entry.doses],
    )


def _is_contraindicated(setting: Setting, doses: Sequence[CaseDose]) -> bool:
    return any(name == "heart_failure" for name, _ in limits_broken(setting.case, doses, setting.weight_kg))


def _reason(setting: Setting, entry: Entry, *, is_first: bool) -> Message:
    """Return why a regimen is listed, and why it is no candidate where it is none."""
    reaches, kind = _reaches(setting, entry), entry.kind
    added_mg = drug_before_day_28(entry.doses) - drug_before_day_28(setting.reference.doses)
    if "reference" in kind:
        return _reason_for_the_plan(setting, entry, is_first=is_first)
    if is_first:
        return message(_FIRST[_merit(setting, added_mg, reaches=reaches)])
    for family, keys in _BEST_OF_FAMILY.items():
        if family in kind:
            return _with_faults(setting, entry, message(keys[_merit(setting, added_mg, reaches=reaches)]))
    if "label" in kind:
        said = message("search.why.label_reaches" if reaches else "search.why.label_does_not_reach")
        return _with_faults(setting, entry, said)
    added = Figure(f"{added_mg:+g}")
    return message("search.why.reaches" if reaches else "search.why.does_not_reach", added=added)


def _reason_for_the_plan(setting: Setting, entry: Entry, *, is_first: bool) -> Message:
    if _reaches(setting, entry):
        return message("search.why.plan_reaches")
    if not _is_contraindicated(setting, entry.doses):
        return message("search.why.plan_nearest" if is_first else "search.why.plan_does_not_reach")
    most = Figure(f"{HEART_FAILURE_MG_PER_KG:g}")
    if is_first:
        return message("search.why.plan_nearest_contraindicated", most=most)
    return message("search.why.plan_does_not_reach_contraindicated", most=most)


def _merit(setting: Setting, added_mg: float, *, reaches: bool) -> Merit:
    """Return what a regimen is the best by: nothing is added where it gives less than the plan."""
    if not reaches:
        return "nearest"
    return "least_drug" if setting.case.limits.reference == "none" or added_mg < -TOLERANCE else "least_addition"


def _with_faults(setting: Setting, entry: Entry, said: Message) -> Message:
    """Return a reason with what keeps the regimen from being a candidate, where it is none."""
    if counts(entry):
        return said
    faults = why_not_a_candidate(setting.case, setting.weight_kg, setting.grid, setting.reference, entry.doses)
    return message("search.why.no_candidate", why=said, faults=listed(faults)) if faults else said


def _finite(value: float) -> float | None:
    return float(value) if math.isfinite(value) else None

"""The regimen search: every practical intensification of the reference plan against the whole posterior.

Rules and the decisions behind them: ``docs/theory/regimen-search.md``.
"""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING

import numpy as np

from dosing_app.decision import optimize_warnings
from dosing_app.decision.candidates import candidate_grid, grid_limits
from dosing_app.decision.count_candidates import count_candidates
from dosing_app.decision.goal import Goal
from dosing_app.decision.limiting import LEAST_GAIN, gain, nearest_when_relaxed
from dosing_app.decision.optimize_result import (
    DAY_28_PASSED,
    NO_LIMIT,
    OptimizeResult,
    Relaxation,
    RiskFigures,
    result_json,
)
from dosing_app.decision.ranking import is_reached
from dosing_app.decision.reference_plan import (
    LAST_WINDOW_DAY,
    label_amount,
    label_regimen,
    reference_plan,
    with_durations_of,
)
from dosing_app.decision.regimen_list import (
    Entry,
    Setting,
    described,
    is_in_reach,
    plan_doses,
    ranked_entries,
    scorer_arrays,
)
from dosing_app.decision.regimen_scorer import ExposureTargets, RegimenScorer, RiskSummary, ScorerFactory
from dosing_app.decision.regimen_sets import (
    at_fixed_dose,
    at_fixed_interval,
    day_sets,
    is_candidate,
    without_requirement,
)
from dosing_app.decision.search import EVALUATE_ALL_UP_TO, EVALUATIONS_MAX, search

if TYPE_CHECKING:
    from collections.abc import Iterator

    from dosing_app.decision.candidates import CandidateGrid
    from dosing_app.decision.case_schema import CaseDose, PatientCase
    from dosing_app.decision.goal import Found
    from dosing_app.decision.optimize_result import Kind
    from pkpd.arrays import FloatArray, IntArray

__all__ = [
    "ExposureTargets",
    "OptimizeResult",
    "RegimenScorer",
    "RiskSummary",
    "ScorerFactory",
    "optimize",
    "result_json",
]

LISTED_MAX = 25


def optimize(
    case: PatientCase,
    *,
    weight_kg: float,
    scorer_factory: ScorerFactory,
    targets: ExposureTargets,
    listed_max: int = LISTED_MAX,
    evaluate_all_up_to: int = EVALUATE_ALL_UP_TO,
    evaluations_max: int = EVALUATIONS_MAX,
) -> OptimizeResult:
    """Return the regimens that bring the risk to the target with the least additional drug.

    Parameters
    ----------
    case : PatientCase
        A checked case.
    weight_kg : float
        Body weight, measured or assumed [kg].
    scorer_factory : callable
        Builds the scorer from given and kept doses and the times [day] and durations [h] of possible infusions.
    targets : ExposureTargets
        What ln(AUC/CL) means for the risk.
    listed_max : int
        How many of the best regimens are listed, beside those that always are.
    evaluate_all_up_to : int
        Largest grid of which every regimen is evaluated; larger ones are searched by bounds that lose none.
    evaluations_max : int
        Where that search is cut off, with a warning.

    Returns
    -------
    OptimizeResult
        Ranked regimens, never none; the reference plan is always among them.
    """
    reference = reference_plan(case, weight_kg)
    grid = candidate_grid(case, reference, grid_limits(case, weight_kg))
    is_over = case.now_day >= LAST_WINDOW_DAY
    label = () if is_over else with_durations_of(reference, label_regimen(case, weight_kg))
    columns = _columns(grid, label)
    times, durations = np.ascontiguousarray(np.array(list(columns), dtype=np.float64).reshape(-1, 2).T)
    scorer = scorer_factory((*case.doses, *reference.kept), times, durations)
    goal = _goal(case, scorer, targets, listed_max)
    setting = Setting(case, weight_kg, reference, scorer, targets, columns, goal.threshold)
    n_candidates = count_candidates(grid)
    found = search(
        grid,
        partial(day_sets, grid),
        goal=goal,
        n_candidates=n_candidates,
        evaluate_all_up_to=evaluate_all_up_to,
        evaluations_max=evaluations_max,
    )
    entries = [_entry(setting, grid, goal, reference.doses, "reference"), *_entries(setting, grid, grid, found)]
    warnings = list(optimize_warnings.search_warnings(case, weight_kg, reference, label))
    is_complete = found.is_complete
    if is_over:
        warnings.append(optimize_warnings.day_28_has_passed())
    else:
        entries += [_entry(setting, grid, goal, label, "label")] if label else []
        warnings += [] if label or label_amount(case, weight_kg) <= 0 else [optimize_warnings.no_label_left()]
        for kind, family in _families(case, grid, weight_kg):
            best, is_certain = _best_of(setting, grid, family, goal, kind)
            is_complete = is_complete and is_certain
            entries += best
            warnings += [] if best else [optimize_warnings.no_regimen_of_kind(kind)]
    warnings += [] if is_complete else [optimize_warnings.not_complete(found.n_evaluated)]
    ranked = ranked_entries(setting, entries)
    regimens = described(setting, ranked)
    reachable = is_in_reach(setting, ranked)
    limiting, relaxations = (DAY_28_PASSED if is_over else NO_LIMIT), ()
    if not (is_over or reachable):
        before = max(one.measure for one in ranked if _is_choice(one))
        limiting, relaxations, is_certain = _limiting(setting, goal, before)
        warnings += [] if is_certain else [optimize_warnings.limiting_not_certain()]
    return OptimizeResult(
        candidates_evaluated=found.n_evaluated,
        candidates_total=n_candidates,
        candidates_reaching=found.n_reaching,
        is_complete=is_complete,
        reachable=reachable,
        limiting=limiting,
        relaxations=relaxations,
        reference=next(regimen for regimen in regimens if "reference" in regimen.kind),
        regimens=regimens,
        warnings=tuple(warnings),
    )


def _columns(grid: CandidateGrid, label: tuple[CaseDose, ...]) -> dict[tuple[float, float], int]:
    """Return the place of each infusion in the scorer by its time [day] and duration [h]: the grid's, then the label's."""
    infusions = list(zip(grid.times.tolist(), grid.durations_hour.tolist(), strict=True))
    infusions += [(dose.time_day, dose.duration_hour) for dose in label if dose.time_day < LAST_WINDOW_DAY]
    return {infusion: index for index, infusion in enumerate(dict.fromkeys(infusions))}


def _goal(case: PatientCase, scorer: RegimenScorer, targets: ExposureTargets, count: int) -> Goal:
    """Return the criterion of a case as a measure with its threshold."""

    def probability(time_index: IntArray, amounts: FloatArray) -> FloatArray:
        return scorer.probability(time_index, amounts, targets.log_auc_cl_for_target)

    if case.target.criterion == "posterior":
        return Goal(probability, case.target.confidence, count, scorer.best_index)
    return Goal(scorer.plug_in, targets.log_auc_cl_for_target, count, scorer.best_index)


def _entry(setting: Setting, grid: CandidateGrid, goal: Goal, doses: tuple[CaseDose, ...], kind: Kind) -> Entry:
    measure = float(goal.measure(*scorer_arrays(setting.columns, [doses]))[0])
    return Entry(doses, measure, _is_candidate(setting, grid, doses), (kind,))


def _is_choice(entry: Entry) -> bool:
    return entry.is_candidate or "reference" in entry.kind


def _is_candidate(setting: Setting, grid: CandidateGrid, doses: tuple[CaseDose, ...]) -> bool:
    """Return whether infusions are on the grid: times, durations and amounts, and the kept ones as they are."""
    early = tuple(dose for dose in doses if dose.time_day < LAST_WINDOW_DAY)
    if doses[len(early) :] != setting.reference.kept:
        return False
    time_index, amounts = scorer_arrays(setting.columns, [early])
    used = time_index[0] >= 0
    if np.any(time_index[0] >= grid.times.size):
        return False
    return is_candidate(grid, time_index[:, used], amounts[:, used])


def _entries(setting: Setting, grid: CandidateGrid, family: CandidateGrid, found: Found, *kind: Kind) -> list[Entry]:
    entries: list[Entry] = []
    for row, measure in enumerate(found.plans.measure.tolist()):
        doses = plan_doses(family, found.plans, row, setting.reference.kept)
        on_grid = family is grid or _is_candidate(setting, grid, doses)
        entries.append(Entry(doses, measure, on_grid, kind))
    return entries


def _families(case: PatientCase, grid: CandidateGrid, weight_kg: float) -> Iterator[tuple[Kind, CandidateGrid]]:
    yield "fixed_interval", at_fixed_interval(grid)
    amount = label_amount(case, weight_kg)
    if amount > 0:
        yield "fixed_dose", at_fixed_dose(grid, amount)


def _best_of(
    setting: Setting, grid: CandidateGrid, family: CandidateGrid, goal: Goal, kind: Kind
) -> tuple[list[Entry], bool]:
    """Return the best regimen of a family that holds an infusion before day 28, if any, and whether that is certain.

    Where none gives at least the reference plan's drug, it is the best that does not, which ranks after the candidates.
    """
    one = replace(goal, count=1)
    for choices in (family, without_requirement(family)):
        found = search(choices, partial(_sets_with_infusions, choices), goal=one)
        if len(found.plans):
            return _entries(setting, grid, choices, found, kind), found.is_complete
    return [], True


def _sets_with_infusions(grid: CandidateGrid) -> Iterator[IntArray]:
    return (sets for sets in day_sets(grid) if sets.shape[1])


def _limiting(setting: Setting, goal: Goal, before: float) -> tuple[str, tuple[Relaxation, ...], bool]:
    """Return the limit whose relaxation by one step helps most, what each gives, and whether that is certain."""
    case, targets = setting.case, setting.targets
    best_gain, limiting = LEAST_GAIN, NO_LIMIT
    relaxations: list[Relaxation] = []
    found = nearest_when_relaxed(case, setting.reference, setting.weight_kg, goal)
    for one in found:
        nearest, more = one.nearest, gain(float(one.nearest.measure[0]), before)
        if more > best_gain:
            best_gain, limiting = more, one.limit
        if more > LEAST_GAIN:
            risk = setting.scorer.summary(nearest.time_index[0], nearest.amounts[0])
            chance = setting.scorer.probability(nearest.time_index, nearest.amounts, targets.log_auc_cl_for_target)
            relaxations.append(
                Relaxation(
                    limit=one.limit,
                    change=one.change,
                    doses=plan_doses(one.grid, nearest, 0, setting.reference.kept),
                    risk_day90=RiskFigures(risk.plug_in, risk.mean, risk.q05, risk.q95),
                    probability_target=float(chance[0]),
                    is_reached=bool(is_reached(nearest.measure, goal.threshold)[0]),
                )
            )
    return limiting, tuple(relaxations), all(one.is_complete for one in found)

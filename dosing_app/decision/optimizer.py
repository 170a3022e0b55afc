"""The regimen search: every practical intensification of the reference plan against the whole posterior.

Rules and the decisions behind them: ``docs/theory/regimen-search.md``.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from dosing_app.decision import optimize_warnings
from dosing_app.decision.candidates import candidate_grid, grid_limits
from dosing_app.decision.count_candidates import count_at_most, count_candidates, is_countable
from dosing_app.decision.goal import Envelope, Enveloped, Goal
from dosing_app.decision.limiting import nearest_when_relaxed
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
    TOLERANCE,
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
from dosing_app.decision.regimen_sets import at_fixed_dose, at_fixed_interval, is_candidate, without_requirement
from dosing_app.decision.search import EVALUATE_ALL_UP_TO, EVALUATIONS_MAX, search

if TYPE_CHECKING:
    from collections.abc import Iterator

    from dosing_app.decision.candidates import CandidateGrid
    from dosing_app.decision.case_schema import CaseDose, PatientCase
    from dosing_app.decision.goal import Found, Measure, Progress
    from dosing_app.decision.optimize_result import Kind, OptimizeWarning
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
# A family of regimens is far smaller than the grid; how much of the evaluations it may take.
_FAMILY_SHARE = 8
_FAMILY_ALL_UP_TO = 30_000
# Shares of the progress: the search, the families, the relaxed limits.
_SEARCHED, _FAMILIES_DONE = 0.6, 0.8
# Chances below this are none: where every one is, exposure decides which regimen is nearest.
_NO_CHANCE = 1e-9
_FAR_BELOW = 1e6


def optimize(
    case: PatientCase,
    *,
    weight_kg: float,
    scorer_factory: ScorerFactory,
    targets: ExposureTargets,
    listed_max: int = LISTED_MAX,
    evaluate_all_up_to: int = EVALUATE_ALL_UP_TO,
    evaluations_max: int = EVALUATIONS_MAX,
    progress: Progress | None = None,
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
    progress : callable, optional
        Told the share that is done, from 0 to 1 and never falling: by the part of the grid that is settled or of the
        evaluations that are allowed, whichever is larger.

    Returns
    -------
    OptimizeResult
        Ranked regimens, never none; the reference plan is always among them.
    """
    label = () if case.now_day >= LAST_WINDOW_DAY else label_regimen(case, weight_kg)
    setting = _setting(case, weight_kg, scorer_factory, targets, label=label, listed_max=listed_max)
    label = with_durations_of(setting.reference, label)
    is_counted = is_countable(setting.grid)
    n_candidates = count_candidates(setting.grid) if is_counted else count_at_most(setting.grid)
    found = search(
        setting.grid,
        goal=setting.goal,
        n_candidates=n_candidates,
        evaluate_all_up_to=evaluate_all_up_to,
        evaluations_max=evaluations_max,
        progress=_part(progress, 0.0, _SEARCHED),
    )
    always, warnings, is_certain = _always_listed(setting, label, evaluations_max // _FAMILY_SHARE)
    _part(progress, 0.0, _FAMILIES_DONE)(1.0)
    is_complete = found.is_complete and is_certain
    if not is_complete:
        warnings = (*warnings, optimize_warnings.not_complete(found.n_evaluated))
    ranked = ranked_entries(setting, [*always, *_entries(setting, setting.grid, found)])
    regimens = described(setting, ranked)
    limiting, relaxations, more = _limiting(setting, ranked, _part(progress, _FAMILIES_DONE, 1.0))
    _part(progress, 0.0, 1.0)(1.0)
    return OptimizeResult(
        candidates_evaluated=found.n_evaluated,
        candidates_total=n_candidates,
        is_total_exact=is_counted,
        candidates_reaching=found.n_reaching,
        is_complete=is_complete,
        reachable=is_in_reach(setting, ranked),
        limiting=limiting,
        relaxations=relaxations,
        reference=next(regimen for regimen in regimens if "reference" in regimen.kind),
        reference_is=setting.reference.source if setting.reference.doses else "none",
        regimens=regimens,
        warnings=(*optimize_warnings.search_warnings(case, weight_kg, setting.reference, label), *warnings, *more),
    )


def _part(progress: Progress | None, start: float, end: float) -> Progress:
    """Return what tells a part's share as that of the whole."""

    def tell(share: float) -> None:
        if progress is not None:
            progress(start + (end - start) * share)

    return tell


def _setting(
    case: PatientCase,
    weight_kg: float,
    scorer_factory: ScorerFactory,
    targets: ExposureTargets,
    *,
    label: tuple[CaseDose, ...],
    listed_max: int,
) -> Setting:
    """Return the grid of a case and how its regimens are measured."""
    reference = reference_plan(case, weight_kg)
    grid = candidate_grid(case, reference, grid_limits(case, weight_kg))
    columns = _columns(grid, with_durations_of(reference, label))
    times, durations = np.ascontiguousarray(np.array(list(columns), dtype=np.float64).reshape(-1, 2).T)
    scorer = scorer_factory((*case.doses, *reference.kept), times, durations)
    return Setting(
        case=case,
        weight_kg=weight_kg,
        reference=reference,
        scorer=scorer,
        targets=targets,
        columns=columns,
        grid=grid,
        goal=_goal(case, scorer, targets, listed_max, len(columns)),
    )


def _columns(grid: CandidateGrid, label: tuple[CaseDose, ...]) -> dict[tuple[float, float], int]:
    """Return the place of each infusion in the scorer by its time [day] and duration [h]: the grid's, then the label's."""
    infusions = list(zip(grid.times.tolist(), grid.durations_hour.tolist(), strict=True))
    infusions += [(dose.time_day, dose.duration_hour) for dose in label if dose.time_day < LAST_WINDOW_DAY]
    return {infusion: index for index, infusion in enumerate(dict.fromkeys(infusions))}


def _goal(case: PatientCase, scorer: RegimenScorer, targets: ExposureTargets, count: int, n_columns: int) -> Goal:
    """Return the criterion of a case as a measure with its threshold."""
    if isinstance(scorer, Enveloped):
        envelope = scorer.envelope
    elif scorer.best_index is not None:
        envelope = Envelope(np.arange(n_columns), np.full(n_columns, scorer.best_index))
    else:
        envelope = None
    if case.target.criterion == "posterior":
        return Goal(_chance(case, scorer, targets), case.target.confidence, count, envelope)
    return Goal(scorer.plug_in, targets.log_auc_cl_for_target, count, envelope)


def _chance(case: PatientCase, scorer: RegimenScorer, targets: ExposureTargets) -> Measure:
    """Return the chance of the target as a measure; where there is none, exposure tells regimens apart, far below 0.

    Both never fall when an amount rises, and neither does this.
    """
    is_any_chance_enough = case.target.confidence <= _NO_CHANCE + TOLERANCE

    def measure(time_index: IntArray, amounts: FloatArray) -> FloatArray:
        chance = scorer.probability(time_index, amounts, targets.log_auc_cl_for_target)
        has_none = chance < _NO_CHANCE
        if is_any_chance_enough or not has_none.any():
            return chance
        return np.where(has_none, scorer.plug_in(time_index, amounts) - _FAR_BELOW, chance)

    return measure


def _entry(setting: Setting, doses: tuple[CaseDose, ...], kind: Kind) -> Entry:
    measure = float(setting.goal.measure(*scorer_arrays(setting.columns, [doses]))[0])
    return Entry(doses, measure, _is_candidate(setting, doses), (kind,))


def _is_candidate(setting: Setting, doses: tuple[CaseDose, ...]) -> bool:
    """Return whether infusions are on the grid: times, durations and amounts, and the kept ones as they are."""
    grid = setting.grid
    early = tuple(dose for dose in doses if dose.time_day < LAST_WINDOW_DAY)
    if doses[len(early) :] != setting.reference.kept:
        return False
    time_index, amounts = scorer_arrays(setting.columns, [early])
    used = time_index[0] >= 0
    if np.any(time_index[0] >= grid.times.size):
        return False
    return is_candidate(grid, time_index[:, used], amounts[:, used])


def _entries(setting: Setting, family: CandidateGrid, found: Found, *kind: Kind) -> list[Entry]:
    entries: list[Entry] = []
    for row, measure in enumerate(found.plans.measure.tolist()):
        doses = plan_doses(family, found.plans, row, setting.reference.kept)
        on_grid = family is setting.grid or _is_candidate(setting, doses)
        entries.append(Entry(doses, measure, on_grid, kind))
    return entries


def _always_listed(
    setting: Setting, label: tuple[CaseDose, ...], evaluations_max: int
) -> tuple[list[Entry], tuple[OptimizeWarning, ...], bool]:
    """Return reference, label and the best of each family, what of these there is not, and whether all is certain."""
    case, is_certain = setting.case, True
    entries = [_entry(setting, setting.reference.doses, "reference")]
    if case.now_day >= LAST_WINDOW_DAY:
        return entries, (optimize_warnings.day_28_has_passed(),), True
    warnings: list[OptimizeWarning] = []
    if label:
        entries.append(_entry(setting, label, "label"))
    elif label_amount(case, setting.weight_kg) > 0:
        warnings.append(optimize_warnings.no_label_left())
    for kind, family in _families(setting):
        best, is_best_certain = _best_of(setting, family, kind, evaluations_max)
        is_certain = is_certain and is_best_certain
        entries += best
        warnings += [] if best else [optimize_warnings.no_regimen_of_kind(kind)]
    return entries, tuple(warnings), is_certain


def _families(setting: Setting) -> Iterator[tuple[Kind, CandidateGrid]]:
    yield "fixed_interval", at_fixed_interval(setting.grid)
    amount = label_amount(setting.case, setting.weight_kg)
    if amount > 0:
        yield "fixed_dose", at_fixed_dose(setting.grid, amount)


def _best_of(setting: Setting, family: CandidateGrid, kind: Kind, evaluations_max: int) -> tuple[list[Entry], bool]:
    """Return the best regimen of a family that holds an infusion before day 28, if any, and whether that is certain.

    Where none gives at least the reference plan's drug, it is the best that does not, which ranks after the candidates.
    """
    one, is_certain = replace(setting.goal, count=1), True
    for choices in (family, without_requirement(family)):
        found = search(
            choices, goal=one, evaluate_all_up_to=_FAMILY_ALL_UP_TO, evaluations_max=evaluations_max, n_min=1
        )
        is_certain = is_certain and found.is_complete
        if len(found.plans):
            return _entries(setting, choices, found, kind), is_certain
    return [], is_certain


def _limiting(
    setting: Setting, ranked: tuple[Entry, ...], progress: Progress
) -> tuple[str, tuple[Relaxation, ...], tuple[OptimizeWarning, ...]]:
    """Return the limit whose relaxation by one step helps most, what each gives, and a warning if that is not certain."""
    if setting.case.now_day >= LAST_WINDOW_DAY:
        return DAY_28_PASSED, (), ()
    if is_in_reach(setting, ranked):
        return NO_LIMIT, (), ()
    case, targets = setting.case, setting.targets
    before = ranked[0].measure if case.target.criterion == "plug_in" else max(ranked[0].measure, 0.0)
    found, is_certain = nearest_when_relaxed(
        case, setting.reference, setting.weight_kg, setting.goal, before, progress=progress
    )
    relaxations: list[Relaxation] = []
    for one in found:
        nearest = one.nearest
        risk = setting.scorer.summary(nearest.time_index[0], nearest.amounts[0])
        chance = setting.scorer.probability(nearest.time_index, nearest.amounts, targets.log_auc_cl_for_target)
        relaxations.append(
            Relaxation(
                limit=one.limit,
                step=one.step,
                doses=plan_doses(one.grid, nearest, 0, setting.reference.kept),
                risk_day90=RiskFigures(risk.plug_in, risk.mean, risk.q05, risk.q95),
                probability_target=float(chance[0]),
                is_reached=bool(is_reached(nearest.measure, setting.goal.threshold)[0]),
            )
        )
    limiting = max(found, key=lambda one: one.measure).limit if found else NO_LIMIT
    return limiting, tuple(relaxations), () if is_certain else (optimize_warnings.limiting_not_certain(),)

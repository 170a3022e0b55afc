"""The search of `asuc optimize` gives what trying out every regimen gives, on small random cases with every edge."""

from __future__ import annotations

import math
from collections import Counter
from dataclasses import dataclass
from functools import cache
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from scipy.integrate import quad

from dosing_app.decision.optimizer import ExposureTargets, optimize
from dosing_app.decision.patient import read_case
from tests.dosing_app.decision.brute_force import (
    WINDOW_END,
    Answer,
    Infusions,
    Plan,
    Point,
    Scores,
    candidates,
    count_from,
    early_doses,
    infusions_of,
    is_reached,
    label_plan,
    log_auc_cl_of,
    log_exposures_of,
    probability_above,
    rank_key,
    risk_of,
    rules_of,
    search,
    target,
    total_mg,
    unit_auc,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from dosing_app.decision.case_schema import CaseDose
    from dosing_app.decision.optimize_result import ListedRegimen, OptimizeResult
    from pkpd.arrays import FloatArray, IntArray

N_CASES = 300
LOW_RISK = 5.79
N_POINTS = 9
NOWS = (2, 3.4, 6, 7, 10.5, 12, 13, 14, 14, 14.2, 16, 18.7, 20, 21, 23, 24.6, 26, 27.5)
PASSED = (28, 30.2, 45)
MOST_TIMES = 8  # with more possible times trying out everything takes too long
MOST_AMOUNTS = 7
MOST_CANDIDATES = 700


# -------------------------------------------------------------------------------------------------------- random cases


def pick(rng: np.random.Generator, *choices: Any) -> Any:
    return choices[int(rng.integers(len(choices)))]


def random_case(rng: np.random.Generator, nows: Sequence[float]) -> dict[str, Any]:
    """Return a valid case, most often with few possible infusions, now being one of the times given [day]."""
    weight = pick(rng, 19, 48.5, 62.5, 63, 63, 70, 80)
    now = pick(rng, *nows)
    given = {pick(rng, 0, 0, 0, 1.5): 0.0} | {day: 0.0 for day in (3, 7, 10.9, 14, now - 1, now) if rng.random() < 0.1}
    case: dict[str, Any] = {
        "schema": "asuc-case/1",
        "covariates": {"weight_kg": weight},
        "doses": [infusion(rng, day, weight) for day in sorted(given) if 0 <= day <= now],
        "now_day": now,
        "heart_failure": pick(rng, None, *([None, False, True, True])),
        "limits": random_limits(rng, now),
    }
    last_given = case["doses"][-1]["time_day"]
    ahead = {now + day for day in (0, 0.5, 1, 1, 2, 3, 4, 7, 10, 14, 20, 26) if rng.random() < 0.15} | (
        {day for day in (28, 29, 42, 45) if day >= now and rng.random() < 0.25}
    )
    if rng.random() < 0.6:
        case["planned"] = [infusion(rng, day, weight) for day in sorted(ahead) if day > last_given]
    if "weekdays_allowed" in case["limits"]:
        case["start_date"] = pick(rng, "2026-01-05", "2026-02-27", "2024-02-20")
    return case


def infusion(rng: np.random.Generator, day: float, weight: float) -> dict[str, float]:
    amount = pick(rng, 100, 200, 300, 300, 400, 600, 330, 87.5, 5 * weight)
    duration: dict[str, float] = {} if rng.random() < 0.7 else {"duration_hour": pick(rng, 1, 2, 3)}
    return {"time_day": round(day, 6), "amount_mg": amount, **duration}


def random_limits(rng: np.random.Generator, now: float) -> dict[str, Any]:
    limits: dict[str, Any] = {
        "mg_per_kg_max": pick(rng, 4, 5, 7.5, 10, 10, 10),
        "dose_step_mg": pick(rng, 100, 150, 200, 200, 300),
        "vial_mg": pick(rng, 50, 100, 100, 100),
        "reference": pick(rng, "planned", "planned", "planned", "label", "none"),
    }
    if rng.random() < 0.7:
        limits["gap_day_min"] = pick(rng, 0.5, 1, 1, 2, 2.5, 3.1, 4, 7)
    if rng.random() < 0.7:
        limits["doses_max_28_day"] = pick(rng, 1, 2, 3, 4, 4, 5, 6)
    ahead = [day for day in range(28) if day >= now]
    kind = pick(rng, "days", "days", "days", "weekdays", "first", "all")
    if kind == "days":
        chosen = rng.permutation([*ahead, 0, 27, 28, 30])[: int(rng.integers(2, 8))]
        limits["days_allowed"] = sorted({int(day) for day in chosen})
    if kind == "weekdays":
        limits["weekdays_allowed"] = pick(rng, ["Mon"], ["Tuesday"], ["wed", "Sun"], ["Fri", "Saturday"])
    if kind == "first" or rng.random() < 0.1:
        limits["first_day"] = pick(rng, now + 1, 15, 20.5, 23, 25, 27, 29)
    return limits


def random_target(rng: np.random.Generator, case: dict[str, Any], points: Sequence[Point]) -> dict[str, Any]:
    """Return a target near what one of the candidates reaches at one of the points, so that it is often just missed."""
    plans = sorted(candidates(rules_of(case, weight_of(case)))) or [()]
    exposures = log_exposures_of(points)(infusions_of(case, pick(rng, *plans)))
    risk = risk_of(pick(rng, *exposures))
    return {
        "risk_day90": round(min(max(risk * pick(rng, 0.7, 0.9, 0.98, 1.02), 0.005), 0.9), 4),
        "confidence": round(float(rng.uniform(0.1, 0.9)), 3),
        "criterion": pick(rng, "posterior", "posterior", "plug_in"),
    }


def is_small(case: dict[str, Any]) -> bool:
    """Return whether trying out everything takes at most a second or so."""
    rules = rules_of(case, weight_of(case))
    n_amounts = float(rules.largest // rules.step) + 2
    return len({*rules.days, *rules.early}) <= MOST_TIMES and n_amounts <= MOST_AMOUNTS


def random_points(rng: np.random.Generator) -> tuple[Point, ...]:
    weights = rng.dirichlet(np.ones(N_POINTS)).tolist()
    cl, v = 0.45 * np.exp(0.5 * rng.standard_normal(N_POINTS)), 5.0 * np.exp(0.4 * rng.standard_normal(N_POINTS))
    return tuple(Point(*values) for values in zip(cl.tolist(), v.tolist(), weights, strict=True))


def n_candidates(case: dict[str, Any]) -> int:
    return len(candidates(rules_of(case, weight_of(case))))


def weight_of(case: dict[str, Any]) -> float:
    return case["covariates"]["weight_kg"]


@dataclass(frozen=True, slots=True)
class Trial:
    """One random case with the posterior that it is scored by.

    Parameters
    ----------
    case : dict
        The case.
    points : tuple of Point
        The posterior; its heaviest point stands for the maximum a posteriori estimate.
    blur : float
        SD of ln(AUC/CL) about each point; without it many regimens tie.
    log_exposures : callable
        ln(AUC/CL) of infusions at each point.
    """

    case: dict[str, Any]
    points: tuple[Point, ...]
    blur: float
    log_exposures: Callable[[Infusions], list[float]]

    @property
    def weight_kg(self) -> float:
        return weight_of(self.case)

    @property
    def wanted(self) -> float:
        """The ln(AUC/CL) at which the risk is the target."""
        return log_auc_cl_of(target(self.case, "risk_day90"))

    def probability(self, infusions: Infusions, log_auc_cl: float) -> float:
        return probability_above(self.log_exposures(infusions), self.points, log_auc_cl, self.blur)

    def plug_in(self, infusions: Infusions) -> float:
        weights = [point.weight for point in self.points]
        return self.log_exposures(infusions)[weights.index(max(weights))]

    def scores(self, infusions: Infusions) -> Scores:
        return (
            self.probability(infusions, self.wanted),
            self.probability(infusions, LOW_RISK),
            risk_of(self.plug_in(infusions)),
        )


@cache
def trial_of(seed: int) -> Trial:
    """Return the trial of a seed, the first of its random cases that is small and not too small."""
    rng = np.random.default_rng(seed)
    points = random_points(rng)
    least = pick(rng, 0, 5, 15, 40)  # without it most cases would hold little more than the reference plan
    nows = NOWS if rng.random() < 0.95 else PASSED
    cases = (case for case in (random_case(rng, nows) for _ in range(1000)) if is_small(case))
    case = next(case for case in cases if nows is PASSED or least <= n_candidates(case) <= MOST_CANDIDATES)
    case = {**case, "target": random_target(rng, case, points)}
    return Trial(case, points, pick(rng, 0.0, 0.25), log_exposures_of(points))


# ----------------------------------------------------------------------------------------------------- the search itself


@dataclass(frozen=True, slots=True)
class Summary:
    """Risk of one regimen over the points, as the search wants it."""

    mean: float
    q05: float
    q95: float
    plug_in: float
    log_auc_cl: float


@dataclass(frozen=True, slots=True)
class PointScorer:
    """Exposure of regimens at the points of a trial."""

    trial: Trial
    fixed: Infusions
    times: list[float]
    durations: list[float]
    best_index: int | None = None

    def infusions(self, time_index: IntArray, amounts: FloatArray) -> Infusions:
        chosen = zip(time_index.tolist(), amounts.tolist(), strict=True)
        return self.fixed + [(self.times[i], amount, self.durations[i]) for i, amount in chosen if i >= 0]

    def probability(self, time_index: IntArray, amounts: FloatArray, log_auc_cl: float) -> FloatArray:
        regimens = [self.infusions(*row) for row in zip(time_index, amounts, strict=True)]
        return np.array([self.trial.probability(regimen, log_auc_cl) for regimen in regimens])

    def plug_in(self, time_index: IntArray, amounts: FloatArray) -> FloatArray:
        regimens = [self.infusions(*row) for row in zip(time_index, amounts, strict=True)]
        return np.array([self.trial.plug_in(regimen) for regimen in regimens])

    def summary(self, time_index: IntArray, amounts: FloatArray) -> Summary:
        infusions = self.infusions(time_index, amounts)
        exposures = sorted(self.trial.log_exposures(infusions))
        risks = [risk_of(x) for x in exposures]
        middle = exposures[len(exposures) // 2]
        return Summary(float(np.mean(risks)), risks[-1], risks[0], risk_of(self.trial.plug_in(infusions)), middle)


@cache
def result_of(seed: int) -> OptimizeResult:
    trial = trial_of(seed)

    def scorer(fixed: tuple[CaseDose, ...], times: FloatArray, durations_hour: FloatArray) -> PointScorer:
        doses = [(dose.time_day, dose.amount_mg, dose.duration_hour) for dose in fixed]
        return PointScorer(trial, doses, times.tolist(), durations_hour.tolist())

    return optimize(
        read_case(trial.case),
        weight_kg=trial.weight_kg,
        scorer_factory=scorer,
        targets=ExposureTargets(trial.wanted, LOW_RISK, risk_of),
    )


@cache
def answer_of(seed: int) -> Answer:
    trial = trial_of(seed)
    return search(trial.case, trial.weight_kg, trial.scores)


def plan_of(regimen: ListedRegimen) -> Plan:
    return tuple((dose.time_day, dose.amount_mg) for dose in regimen.doses)


def listed_as(seed: int, kind: str) -> ListedRegimen | None:
    """Return the one regimen of a kind."""
    of_kind = [regimen for regimen in result_of(seed).regimens if kind in regimen.kind]
    assert len(of_kind) <= 1
    return of_kind[0] if of_kind else None


def assert_is_first_in_rank(seed: int, expected: Plan | None, found: ListedRegimen | None) -> None:
    """Check a regimen and its figures; another one is right only where the rules of rank leave the two open."""
    if expected is None or found is None:
        assert expected is None
        assert found is None
        return
    trial, scores_of = trial_of(seed), answer_of(seed).scores_of
    scores = scores_of(plan_of(found))
    assert rank_key(trial.case, plan_of(found), scores) == pytest.approx(
        rank_key(trial.case, expected, scores_of(expected)), abs=1e-9
    )
    assert found.probability_target == pytest.approx(scores[0], abs=1e-12)
    assert found.probability_low_risk == pytest.approx(scores[1], abs=1e-12)
    assert found.risk_day90.plug_in == pytest.approx(scores[2], abs=1e-12)
    assert found.total_mg == pytest.approx(total_mg(plan_of(found)), abs=1e-9)
    assert found.added_mg == pytest.approx(total_mg(plan_of(found)) - total_mg(answer_of(seed).reference), abs=1e-6)


@pytest.mark.requirement("DOSE-02")
@pytest.mark.parametrize("seed", range(N_CASES))
def test_the_search_finds_what_trying_out_every_regimen_finds(seed: int) -> None:
    answer, result = answer_of(seed), result_of(seed)
    assert plan_of(result.reference) == answer.reference
    assert result.reachable == answer.is_reachable
    assert result.limiting in answer.limiting
    if answer.candidates is None:
        assert [plan_of(regimen) for regimen in result.regimens] == [answer.reference]
        return
    assert result.candidates_total == len(answer.candidates)
    assert_is_first_in_rank(seed, answer.best, result.regimens[0])
    assert ("best" in result.regimens[0].kind) == answer.is_reachable
    assert ("nearest" in result.regimens[0].kind) != answer.is_reachable
    label = listed_as(seed, "label")
    assert (plan_of(label) if label else ()) == answer.label
    assert_is_first_in_rank(seed, answer.fixed_interval, listed_as(seed, "fixed_interval"))
    assert_is_first_in_rank(seed, answer.fixed_dose, listed_as(seed, "fixed_dose"))
    case = trial_of(seed).case
    plans = [plan_of(regimen) for regimen in result.regimens if regimen.is_candidate]
    assert answer.candidates.issuperset(plans)
    keys = [rank_key(case, plan, answer.scores_of(plan)) for plan in plans if plan != answer.reference]
    assert keys == sorted(keys)
    n_reaching = sum(is_reached(case, answer.scores_of(plan)) for plan in answer.candidates)
    assert result.candidates_reaching in {n_reaching, None}


def test_the_random_cases_hold_every_edge() -> None:
    found = Counter(edge for seed in range(N_CASES) for edge in edges(seed))
    rare = {edge: count for edge, count in found.items() if count < LEAST_OF_EACH}
    assert set(found) == set(EDGES)
    assert not rare


EDGES = (
    "now between whole days",
    "now at 28 or later",
    "plan breaks the gap",
    "plan breaks the window",
    "plan breaks the largest dose",
    "plan has an amount off the grid",
    "plan has a time between whole days",
    "kept doses",
    "several new doses in the best",
    "heart failure",
    "no heart failure",
    "heart failure not known",
    "heart failure forbids the plan",
    "days allowed",
    "weekdays allowed",
    "first day",
    "label because nothing is planned",
    "label because asked for",
    "label day missed",
    "reference none",
    "reached without change",
    "reached with more",
    "reached by moving only",
    "not reached",
    "largest dose below one step",
    "a given dose within the gap",
    "posterior",
    "plug_in",
    "limited by mg_per_kg_max",
    "limited by gap_day_min",
    "limited by doses_max_28_day",
    "limited by days",
    "limited by heart_failure",
    "limited by none",
)
LEAST_OF_EACH = 2


def edges(seed: int) -> set[str]:
    """Return which edges a trial stands at, by the answer of the search, which is the quicker one."""
    case, result = trial_of(seed).case, result_of(seed)
    best, reference = plan_of(result.regimens[0]), plan_of(result.reference)
    rules = rules_of(case, weight_of(case))
    now, limits, times = case["now_day"], case["limits"], [time for time, _ in rules.reference]
    infusions = [*rules.given, *times]
    is_label = not case.get("planned") or limits["reference"] == "label"
    is_open = now < WINDOW_END
    new = len(early_doses(best)) - len(rules.early)
    states = {
        "now between whole days": now % 1 > 0,
        "now at 28 or later": not is_open,
        "plan breaks the gap": any(
            abs(one - other) < rules.gap for one in times for other in infusions if one is not other
        ),
        "plan breaks the window": any(count_from(infusions, start) > rules.doses_max for start in infusions),
        "plan breaks the largest dose": any(amount > rules.largest for amount in rules.early.values()),
        "plan has an amount off the grid": any(amount % rules.step > 0 for amount in rules.early.values()),
        "plan has a time between whole days": any(time % 1 > 0 for time in rules.early),
        "kept doses": bool(rules.kept),
        "several new doses in the best": new > 1,
        "heart failure": case["heart_failure"] is True,
        "no heart failure": case["heart_failure"] is False,
        "heart failure not known": case["heart_failure"] is None,
        "heart failure forbids the plan": rules.cap is not None and max(rules.early.values(), default=0) > rules.cap,
        "days allowed": "days_allowed" in limits,
        "weekdays allowed": "weekdays_allowed" in limits,
        "first day": "first_day" in limits,
        "label because nothing is planned": not case.get("planned"),
        "label because asked for": bool(case.get("planned")) and limits["reference"] == "label",
        "label day missed": is_label and is_open and bool({*times} - {0, 14, 42}),
        "reference none": limits["reference"] == "none",
        "reached without change": result.reachable and best == reference,
        "reached with more": result.reachable and total_mg(best) > total_mg(reference),
        "reached by moving only": result.reachable and best != reference and total_mg(best) == total_mg(reference),
        "not reached": not result.reachable,
        "largest dose below one step": rules.largest == 0,
        "a given dose within the gap": any(abs(day - time) < rules.gap for day in rules.days for time in rules.given),
        case["target"]["criterion"]: True,
        f"limited by {result.limiting}": is_open and not result.reachable,
    }
    return {edge for edge, holds in states.items() if holds}


# ----------------------------------------------------------------------------------------- the brute force itself is right


@pytest.mark.parametrize("time_day", [0.0, 9.3, 13.95, 14.0, 20.5, 27.95, 28.0])
@pytest.mark.parametrize("duration_hour", [1.0, 2.0, 20.0])
def test_the_closed_form_area_is_the_integral_of_the_concentration(time_day: float, duration_hour: float) -> None:
    point = Point(0.4, 5.2, 1.0)
    k, end = point.cl / point.v, time_day + duration_hour / 24

    def concentration(time: float) -> float:
        rate = 24 / duration_hour
        after = math.exp(-k * max(time - end, 0.0))
        return rate / point.cl * (1 - math.exp(-k * (min(time, end) - time_day))) * after if time > time_day else 0.0

    corners = [14.0, *(time for time in (time_day, end) if 14 < time < 28), 28.0]
    integral = sum(quad(concentration, *ends, epsabs=1e-13, epsrel=1e-12)[0] for ends in pairwise(corners))
    assert unit_auc(point, time_day, duration_hour) == pytest.approx(integral, rel=1e-9, abs=1e-12)


@pytest.mark.requirement("DOSE-01")
def test_the_risk_at_5_79_is_20_percent_and_its_inverse_is_exact() -> None:
    assert risk_of(5.79) == pytest.approx(0.2, rel=1e-14)
    assert [log_auc_cl_of(risk_of(x)) for x in (2.0, 5.79, 8.0)] == pytest.approx([2.0, 5.79, 8.0], rel=1e-12)
    assert risk_of(-math.inf) == 1


def plans(**fields: Any) -> set[Plan]:
    """Return the candidates of a 60 kg patient on one allowed day, 600 mg having been given on day 0."""
    limits = {"dose_step_mg": 300, "days_allowed": [17], **fields.pop("limits", {})}
    case = {"doses": [{"time_day": 0, "amount_mg": 600}], "now_day": 14, "limits": limits, **fields}
    return candidates(rules_of(case, 60))


def test_candidates_written_out_by_hand() -> None:
    at_14 = [{"time_day": 14, "amount_mg": 400}]
    both = {((14, first), (17, second)) for first in (400, 600) for second in (300, 600)}
    assert plans(planned=at_14) == {((14, 400),), ((14, 600),)} | both
    # Two infusions in 28 days, the given one among them.
    assert plans(planned=at_14, limits={"doses_max_28_day": 2}) == {((14, 400),), ((14, 600),)}
    # The plan breaks the gap; nothing else may.
    close = [{"time_day": 18, "amount_mg": 400}, {"time_day": 19, "amount_mg": 200}]
    as_planned = {((18, first), (19, second)) for first in (400, 600) for second in (200, 300, 600)}
    assert plans(planned=close) == {((17, 600),), ((18, 600),)} | as_planned
    # Kept doses count for the gap, and stay.
    assert plans(planned=[{"time_day": 28, "amount_mg": 100}], limits={"days_allowed": [26]}) == {((28, 100),)}
    # 63 kg would have 315 mg; here 5 mg/kg are 300 mg, and the 400 mg planned are no candidate.
    assert plans(planned=at_14, heart_failure=True) == {((14, 300),), ((14, 300), (17, 300))}


def test_label_plan_written_out_by_hand() -> None:
    def label(doses: Sequence[float], **fields: Any) -> list[float]:
        case = {"doses": [{"time_day": day, "amount_mg": 600} for day in doses], **fields}
        return [float(time) for time, _ in label_plan(case, 63)]

    assert label([0], now_day=14) == [14, 42]
    assert label([0, 11], now_day=14) == [42]
    assert label([0, 10.9], now_day=14) == [14, 42]
    assert label([0, 10.9], now_day=14, limits={"gap_day_min": 3.1}) == [42]
    assert label([0], now_day=15.2) == [16, 42]
    assert label([0], now_day=15.2, limits={"first_day": 18, "days_allowed": [16, 19, 21]}) == [19, 42]
    assert label([0], now_day=39.5) == [42, 45]
    case = {"doses": [{"time_day": 0, "amount_mg": 600}], "now_day": 14}
    assert label_plan(case, 63)[0][1] == 400
    assert label_plan({**case, "heart_failure": True}, 63)[0][1] == 300
    assert label_plan({**case, "heart_failure": True}, 19) == ()

"""The search of `asuc optimize` gives what trying out every regimen gives, on small random cases with every edge."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from scipy.integrate import quad

from dosing_app.decision.optimizer import ExposureTargets, optimize
from dosing_app.decision.patient import read_case
from tests.dosing_app.decision.brute_force import (
    Answer,
    Plan,
    Infusions,
    Point,
    Scores,
    candidates,
    infusions_of,
    log_auc_cl_of,
    log_exposures_of,
    probability_above,
    risk_of,
    rules_of,
    search,
    target,
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
    case = next(case for case in cases if nows is PASSED or n_candidates(case) >= least)
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

"""The search of `asuc optimize` gives what trying out every regimen gives, on small random cases with every edge."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from scipy.integrate import quad

from tests.dosing_app.decision.brute_force import (
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

N_CASES = 300
LOW_RISK = 5.79
N_POINTS = 9
MOST_TIMES = 8  # with more possible times trying out everything takes too long
MOST_AMOUNTS = 8


# -------------------------------------------------------------------------------------------------------- random cases


def pick(rng: np.random.Generator, *choices: Any) -> Any:
    return choices[int(rng.integers(len(choices)))]


def random_case(rng: np.random.Generator) -> dict[str, Any]:
    """Return a valid case with few possible infusions, the defaults of the format left out half of the time."""
    weight = pick(rng, 19, 48.5, 62.5, 63, 63, 70, 80)
    now = pick(rng, 2, 3.4, 6, 7, 10.5, 12, 13, 14, 14, 14.2, 16, 18.7, 20, 21, 23, 24.6, 26, 27.5, 28.5)
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
        "risk_day90": round(min(max(risk * rng.uniform(0.98, 1.02), 0.005), 0.9), 4),
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
    least = pick(rng, 0, 5, 20, 60)  # without it most cases would hold little more than the reference plan
    cases = (case for case in (random_case(rng) for _ in range(1000)) if is_small(case))
    case = next(case for case in cases if len(candidates(rules_of(case, weight_of(case)))) >= least)
    case = {**case, "target": random_target(rng, case, points)}
    return Trial(case, points, pick(rng, 0.0, 0.25), log_exposures_of(points))

"""Amounts and areas by numerical solution of the differential equations, covariates in NONMEM's convention."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from scipy.integrate import solve_ivp

from tests.oracles.superposition import individual

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pkpd.data.records import Subject
    from pkpd.model.spec import ModelSpec


def solve(model: ModelSpec, subject: Subject, eta: np.ndarray, times: Sequence[float]) -> tuple[np.ndarray, np.ndarray]:
    """Concentrations [mg/L] at the times and the areas under the curve up to them [mg day/L].

    The interval that ends at a record (dose, sample, covariate row) is driven by the covariates in force at that record;
    the end of an infusion and the given times are no records.
    """
    records = sorted(
        {d.time_day for d in subject.doses}
        | {s.time_day for s in subject.samples}
        | {r.time_day for r in subject.covariates}
    )
    breaks = sorted({*records, *(d.time_day + d.duration_day for d in subject.doses), *times})
    state = np.zeros(3)
    now = breaks[0]
    found: dict[float, tuple[float, float]] = {}
    for end in breaks:
        p = _parameters_until(model, subject, eta, records, end)
        if end > now:
            state = _step(p, _rate(subject, 0.5 * (now + end)), state, end - now)
            now = end
        found[end] = (state[0] / p["v1"], state[2])
        state[0] += sum(d.amount_mg for d in subject.doses if d.time_day == end and d.duration_day == 0.0)
    pairs = np.array([found[time] for time in times])
    return pairs[:, 0], pairs[:, 1]


def _parameters_until(
    model: ModelSpec, subject: Subject, eta: np.ndarray, records: list[float], end: float
) -> dict[str, float]:
    following = [time for time in records if time >= end]
    at = following[0] if following else np.inf
    in_force = [row for row in subject.covariates if row.time_day <= at] or [subject.covariates[0]]
    values = {name: float(v[0]) for name, v in individual(model, in_force[-1].values, eta[None, :]).items()}
    if "v" in values:
        values |= {"v1": values["v"], "q": 0.0, "v2": 1.0}
    return values


def _rate(subject: Subject, time: float) -> float:
    return sum(
        d.amount_mg / d.duration_day
        for d in subject.doses
        if d.duration_day > 0.0 and d.time_day < time < d.time_day + d.duration_day
    )


def _step(p: dict[str, float], rate: float, state: np.ndarray, step: float) -> np.ndarray:
    k10, k12, k21 = p["cl"] / p["v1"], p["q"] / p["v1"], p["q"] / p["v2"]

    def slope(_: float, a: np.ndarray) -> list[float]:
        return [rate - (k10 + k12) * a[0] + k21 * a[1], k12 * a[0] - k21 * a[1], a[0] / p["v1"]]

    solution = solve_ivp(slope, (0.0, step), state, method="DOP853", rtol=1e-12, atol=1e-13)
    return solution.y[:, -1].copy()

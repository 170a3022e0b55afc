"""A scorer for tests: weighted points of clearance and volume, one compartment, areas in closed form."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from dosing_app.decision.goal import Envelope
from dosing_app.decision.regimen_scorer import ExposureTargets
from pkpd.units import days_from_hours

if TYPE_CHECKING:
    from dosing_app.decision.case_schema import CaseDose
    from pkpd.arrays import FloatArray, IntArray

WINDOW = (14.0, 28.0)
THRESHOLD = 5.79
SHAPE, RISK_AT_THRESHOLD = 1.1, 0.2


def risk(log_auc_cl: float) -> float:
    """Return a risk that falls with exposure, 20 % at 5.79 and 1 without drug."""
    return float(1.0 - (1.0 - RISK_AT_THRESHOLD) ** np.exp(-SHAPE * (log_auc_cl - THRESHOLD)))


def targets(risk_day90: float = RISK_AT_THRESHOLD) -> ExposureTargets:
    """Return the targets of that risk."""
    hazard = np.log1p(-risk_day90) / np.log1p(-RISK_AT_THRESHOLD)
    return ExposureTargets(THRESHOLD - float(np.log(hazard)) / SHAPE, THRESHOLD, risk)


def area_per_mg(cl: FloatArray, volume: FloatArray, start: float, duration: float) -> FloatArray:
    """Return the area under the curve over days 14 to 28 of 1 mg infused from `start` on [mg day/L]."""
    k = cl / volume

    def area_until(time: float) -> FloatArray:
        during, after = np.clip(time - start, 0.0, duration), max(time - start - duration, 0.0)
        level = -np.expm1(-k * during) / (cl * duration)
        return (during + np.expm1(-k * during) / k) / (cl * duration) - level * np.expm1(-k * after) / k

    return area_until(WINDOW[1]) - area_until(WINDOW[0])


def best_first(areas: FloatArray) -> IntArray:
    """Return the rows in the order of their areas at the last point, the mode."""
    return np.argsort(-areas[:, -1], kind="stable")


@dataclass(frozen=True, slots=True)
class PointSummary:
    """Risk of one regimen over the points."""

    plug_in: float
    mean: float
    q05: float
    q95: float
    log_auc_cl: float


@dataclass(frozen=True, slots=True)
class PointScorer:
    """Exposure at each point: (n_points,) of the fixed doses, (n_times, n_points) per mg; the last point is the mode.

    A row more than there are times holds the largest area at each point, and after it stand the rows of the envelope.
    """

    weight: FloatArray
    cl: FloatArray
    fixed: FloatArray
    areas: FloatArray

    @property
    def n_times(self) -> int:
        return (len(self.areas) - 1) // 2

    @property
    def best_index(self) -> int:
        return self.n_times

    @property
    def envelope(self) -> Envelope:
        return Envelope(best_first(self.areas[: self.n_times]), self.n_times + 1 + np.arange(self.n_times))

    def log_auc_cl(self, time_index: IntArray, amounts: FloatArray) -> FloatArray:
        padded = np.vstack((self.areas, np.zeros((1, self.cl.size))))
        total = np.broadcast_to(self.fixed, (time_index.shape[0], self.cl.size)).copy()
        for column in range(time_index.shape[1]):
            total += amounts[:, column, None] * padded[time_index[:, column]]
        with np.errstate(divide="ignore"):
            return np.log(total / self.cl)

    def probability(self, time_index: IntArray, amounts: FloatArray, log_auc_cl: float) -> FloatArray:
        return (self.log_auc_cl(time_index, amounts) >= log_auc_cl)[:, :-1] @ self.weight

    def plug_in(self, time_index: IntArray, amounts: FloatArray) -> FloatArray:
        return self.log_auc_cl(time_index, amounts)[:, -1]

    def summary(self, time_index: IntArray, amounts: FloatArray) -> PointSummary:
        values = self.log_auc_cl(time_index[None, :], amounts[None, :])[0]
        order = np.argsort(values[:-1])
        shares = np.cumsum(self.weight[order])
        q05, q50, q95 = (float(values[order[np.searchsorted(shares, p - 1e-12)]]) for p in (0.05, 0.5, 0.95))
        mean = float(sum(w * risk(v) for w, v in zip(self.weight, values[:-1], strict=True)))
        return PointSummary(risk(float(values[-1])), mean, risk(q95), risk(q05), q50)


@dataclass(frozen=True, slots=True)
class Points:
    """A posterior of weighted points; calling it builds a scorer, as the engine's factory does."""

    cl: tuple[float, ...]
    volume: tuple[float, ...]
    weight: tuple[float, ...]

    def __call__(self, fixed_doses: tuple[CaseDose, ...], times: FloatArray, durations_hour: FloatArray) -> PointScorer:
        weight = np.array(self.weight) / sum(self.weight)
        cl, volume = (np.append(values, np.average(values, weights=weight)) for values in (self.cl, self.volume))
        fixed = np.zeros(cl.size)
        for dose in fixed_doses:
            duration = days_from_hours(dose.duration_hour)
            fixed += dose.amount_mg * area_per_mg(cl, volume, dose.time_day, duration)
        areas = np.array(
            [
                area_per_mg(cl, volume, time, days_from_hours(hours))
                for time, hours in zip(times.tolist(), durations_hour.tolist(), strict=True)
            ]
        ).reshape(times.size, cl.size)
        best = np.maximum.accumulate(areas[best_first(areas)[::-1]], axis=0)[::-1]
        return PointScorer(weight, cl, fixed, np.vstack((areas, areas.max(axis=0, initial=0.0), best)))


def spread_points(cl: float = 0.4, volume: float = 4.0, *, n: int = 41, sd: float = 0.35) -> Points:
    """Return points around a typical patient, log-normal in clearance, volume rising with it a little."""
    z = np.linspace(-2.5, 2.5, n)
    return Points(tuple(cl * np.exp(sd * z)), tuple(volume * np.exp(0.2 * sd * z)), tuple(np.exp(-0.5 * z**2)))

"""Whether the risks of a model come true in some patients, before and after its recalibration on them, and how optimistic the latter is."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from pkpd.errors import InputError
from tte.evaluation.calibration import (
    CalibrationGroup,
    CalibrationSlope,
    ObservedOverExpected,
    calibration_groups,
    calibration_slope,
    observed_over_expected,
)
from tte.evaluation.calibration_curve import CalibrationCurve, calibration_curve
from tte.evaluation.optimism import Measure, OptimismResult, brier_measure, optimism
from tte.recalibration.population import HORIZON_DAY, predictions

if TYPE_CHECKING:
    from collections.abc import Callable

    from pkpd.arrays import FloatArray, IntArray
    from tte.evaluation.event_times import EventTimes
    from tte.recalibration.parameters import RiskParameters
    from tte.recalibration.population import ExposedPopulation, Predictions

SLOPE_ANGLE = "slope_angle"
"""Measure of the slope b as the angle arctan b: a slope is a ratio of two estimates, which has no mean, and its angle has one."""
_MANY_EVENTS, _FEW_GROUPS, _MANY_GROUPS = 50, 3, 5
_MOST_CURVES = 200


@dataclass(frozen=True, slots=True)
class Calibration:
    """How the risks of a model compare with what was seen.

    Parameters
    ----------
    predicted : Predictions
        The risks.
    observed : ObservedOverExpected
        Events beside those expected.
    slope : CalibrationSlope
        Intercept and slope.
    groups : tuple of CalibrationGroup
        Patients of similar risks; empty where nobody is watched until day 90.
    curve : CalibrationCurve or None
        Smooth curve; None likewise.
    remark : str
        Why there are no groups; empty where there are.
    """

    predicted: Predictions
    observed: ObservedOverExpected
    slope: CalibrationSlope
    groups: tuple[CalibrationGroup, ...]
    curve: CalibrationCurve | None
    remark: str


def calibration_of(
    parameters: RiskParameters,
    people: ExposedPopulation,
    *,
    n_draws: int,
    seed: int,
    tell: Callable[[float], object] = lambda _: None,
) -> Calibration:
    """Return the calibration of a model, its parameters held at their values.

    Parameters
    ----------
    parameters, people
        The model, and whom its risks are compared for.
    n_draws, seed : int
        How often patients are drawn for the band of the curve, at most 200 times, and from what.
    tell : callable
        Told the share that is done.
    """
    found = predictions(parameters, people)
    observed = observed_over_expected(people.times.event, found.cumulative_hazard)
    slope = calibration_slope(people.times.event, found.cumulative_hazard, found.linear_predictor)
    n_groups = _MANY_GROUPS if people.times.n_events >= _MANY_EVENTS else _FEW_GROUPS
    n_curves = min(n_draws, _MOST_CURVES)
    try:
        groups = calibration_groups(people.times, found.risk, horizon_day=HORIZON_DAY, n_groups=n_groups)
        curve = calibration_curve(
            people.times, found.risk, horizon_day=HORIZON_DAY, n_draws=n_curves, seed=seed, tell=tell
        )
    except InputError as error:
        return Calibration(found, observed, slope, (), None, str(error.problems[0]))
    return Calibration(found, observed, slope, groups, curve, "")


def recalibration_optimism(
    refit: Callable[[FloatArray], RiskParameters | None],
    people: ExposedPopulation,
    counts: IntArray,
    *,
    tell: Callable[[float], object] = lambda _: None,
) -> OptimismResult:
    """Return angle of the slope, log of observed over expected, and Brier score of a recalibration, with their optimism.

    Parameters
    ----------
    refit : callable
        From how often each patient counts, (n,), the parameters of a recalibration on them; None where there is none.
    people : ExposedPopulation
        The patients.
    counts : (n_draws, n) array
        Draws of patients.
    tell : callable
        Told the share that is done.

    Raises
    ------
    InputError
        Where there is no recalibration with all patients.
    """

    def predicted(weight: FloatArray) -> FloatArray | None:
        parameters = refit(weight)
        if parameters is None:
            return None
        found = predictions(parameters, people)
        return np.column_stack([found.cumulative_hazard, found.linear_predictor, found.risk])

    return optimism(predicted, counts, _measures(people.times), tell=tell)


def _measures(times: EventTimes) -> tuple[Measure, ...]:
    """Return measures of predictions with three columns: cumulative hazard, linear predictor and risk."""

    def slope(found: FloatArray, counts: FloatArray) -> float:
        rows = np.repeat(np.arange(times.n), counts.astype(np.int64))
        event, hazard, linear = times.event[rows], found[rows, 0], found[rows, 1]
        if not event.any():
            return np.nan
        try:
            return float(np.arctan(calibration_slope(event, hazard, linear).slope.value))
        except (InputError, np.linalg.LinAlgError):  # predictions of a draw beyond all numbers
            return np.nan

    def ratio(found: FloatArray, counts: FloatArray) -> float:
        observed, expected = float(counts @ times.event), float(counts @ found[:, 0])
        return float(np.log(observed / expected)) if observed > 0.0 and expected > 0.0 else np.nan

    def none(found: FloatArray) -> float:  # noqa: ARG001 - what these measures reach without information has no meaning
        return np.nan

    brier = brier_measure(times, HORIZON_DAY)

    def score(found: FloatArray, counts: FloatArray) -> float:
        return brier.value(found[:, 2], counts)

    def uninformed(found: FloatArray) -> float:
        return brier.uninformed(found[:, 2])

    measures = [
        Measure(SLOPE_ANGLE, slope, none, is_error=False),
        Measure("log_observed_over_expected", ratio, none, is_error=False),
    ]
    return (*measures, Measure("brier", score, uninformed, is_error=True)) if _has_brier(times) else tuple(measures)


def _has_brier(times: EventTimes) -> bool:
    """Return whether the outcome at day 90 can be weighted for censoring: not where entries are late, or nobody is watched so long."""
    try:
        measure = brier_measure(times, HORIZON_DAY)
        return bool(np.isfinite(measure.value(np.full(times.n, 0.5), np.ones(times.n))))
    except InputError:
        return False

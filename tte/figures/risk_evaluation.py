"""The figures of a predicted risk in one population."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from pkpd.units import percent_from_fraction
from tte.evaluation.event_times import Known
from tte.evaluation.roc import roc_curve
from tte.evaluation.roc_band import roc_band
from tte.figures.calibration import calibration_figure
from tte.figures.decision_curve import decision_curve_figure
from tte.figures.kaplan_meier import CurveGroup, kaplan_meier_figure
from tte.figures.marker_density import marker_density
from tte.figures.residuals import cox_snell_figure, schoenfeld_figure
from tte.figures.roc import roc_figure
from tte.figures.time_dependent_auc import time_dependent_auc_figure

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from pkpd.figures.sheet import Drawing
    from tte.evaluation.calibration import CalibrationGroup
    from tte.evaluation.event_times import EventTimes
    from tte.evaluation.risk_evaluation import PredictedRisk, RiskEvaluation

_MOST_DRAWS = 500


def risk_figures(
    found: RiskEvaluation,
    times: EventTimes,
    predicted: PredictedRisk,
    *,
    cut: float | None,
    population: tuple[str, str],
    n_draws: int,
    seed: int,
) -> Iterator[Drawing | str]:
    """Yield the figures of a predicted risk, and a sentence for each that has nothing to show.

    Parameters
    ----------
    found : RiskEvaluation
        What was found.
    times, predicted : EventTimes and PredictedRisk
        Of the same n subjects.
    cut : float or None
        Risk that is marked as a threshold.
    population : tuple of str
        What ends the names of the files, and who the subjects are, in words.
    n_draws, seed : int
        How often subjects are drawn for the band of the ROC curve, and from what.
    """
    key, words = population
    day, percent = found.horizon_day, percent_from_fraction(1.0)
    called = f"predicted risk by day {day:g} (%)"
    yield from _by_outcome(found, times, predicted, (cut, called), (key, words), (n_draws, seed))
    if isinstance(found.over_time, str):
        yield f"Area over time, {words}: not drawn. {found.over_time}"
    else:
        yield time_dependent_auc_figure(
            found.over_time, marker_name="predicted risk", name=f"auc-over-time-{key}", population=words
        )
    if isinstance(found.groups, str) or isinstance(found.curve, str):
        yield f"Calibration, {words}: not drawn. {found.groups if isinstance(found.groups, str) else found.curve}"
    else:
        yield calibration_figure(
            found.groups, found.curve, predicted.risk, horizon_day=day, name=f"calibration-{key}", population=words
        )
    if not isinstance(found.groups, str):
        yield kaplan_meier_figure(
            _curves(found.groups, times, predicted, percent),
            end_day=day,
            test=None,
            name=f"kaplan-meier-by-risk-{key}",
            title="Freedom of the event by groups of similar predictions",
            population=words,
        )
    if isinstance(found.decision, str):
        yield f"Decision curve, {words}: not drawn. {found.decision}"
    else:
        yield decision_curve_figure(found.decision, horizon_day=day, name=f"decision-curve-{key}", population=words)
    yield from _residuals(found, predicted, key, words)


def _by_outcome(
    found: RiskEvaluation,
    times: EventTimes,
    predicted: PredictedRisk,
    shown: tuple[float | None, str],
    population: tuple[str, str],
    drawn: tuple[int, int],
) -> Iterator[Drawing | str]:
    (key, words), percent = population, percent_from_fraction(1.0)
    if found.marker.direction is None or found.marker.auroc is None or found.marker.drawn is None:
        yield f"Risk by outcome and ROC curve, {words}: not drawn. {found.marker.status.value}"
        return
    known = times.known_at(found.horizon_day)
    decided = known != int(Known.UNKNOWN)
    x, is_case = percent * predicted.risk[decided], known[decided] == int(Known.EVENT)
    cut, called = shown
    line = None if cut is None else percent * cut
    yield marker_density(
        x, is_case, threshold=line, marker_name=called, name=f"risk-by-outcome-{key}", population=words, lowest=0.0
    )
    n_draws, seed = drawn
    has_band = found.marker.drawn.n_draws > 0
    yield roc_figure(
        roc_curve(x, is_case, "higher"),
        found.marker.auroc,
        band=roc_band(x, is_case, "higher", n_draws=min(n_draws, _MOST_DRAWS), seed=seed) if has_band else None,
        rule=None,
        marker_name="predicted risk",
        name=f"roc-{key}",
        population=words,
    )


def _curves(
    groups: Sequence[CalibrationGroup], times: EventTimes, predicted: PredictedRisk, percent: float
) -> list[CurveGroup]:
    ends = [(percent * one.low_risk, percent * one.high_risk) for one in groups]
    # Groups lie so close to each other rarely that whole percents name two of them alike.
    digits = next((k for k in (0, 1, 2) if len({f"{high:.{k}f}" for _, high in ends}) == len(ends)), 3)
    found: list[CurveGroup] = []
    for one, (low, high) in zip(groups, ends, strict=True):
        inside = (predicted.risk >= one.low_risk) & (predicted.risk <= one.high_risk)
        found.append(CurveGroup(f"{low:.{digits}f}–{high:.{digits}f} %", times.rows(np.asarray(inside))))
    return found


def _residuals(found: RiskEvaluation, predicted: PredictedRisk, key: str, words: str) -> Iterator[Drawing | str]:
    if isinstance(found.cox_snell, str):
        yield f"Cox–Snell residuals, {words}: not drawn. {found.cox_snell}"
    else:
        yield cox_snell_figure(found.cox_snell, name=f"cox-snell-{key}", population=words)
    if isinstance(found.schoenfeld, str):
        yield f"Schoenfeld residuals, {words}: not drawn. {found.schoenfeld}"
        return
    for column, covariate in enumerate(predicted.names):
        yield schoenfeld_figure(
            found.schoenfeld,
            found.trend,
            column,
            covariate=covariate,
            name=f"schoenfeld-{column + 1}-{key}",
            population=words,
        )

"""The evaluation of a predicted risk as it stands in a document: numbers with their intervals, null where there is none."""

from __future__ import annotations

from math import isnan
from typing import TYPE_CHECKING, Any

import numpy as np

from tte.evaluation.threshold_document import finding_entry, measured_entry, number, paired_entry

if TYPE_CHECKING:
    from collections.abc import Callable

    from pkpd.arrays import FloatArray
    from pkpd.diagnostics.prediction_errors import Measured
    from tte.evaluation.brier import Brier
    from tte.evaluation.calibration import CalibrationGroup, CalibrationSlope, ObservedOverExpected
    from tte.evaluation.calibration_curve import CalibrationCurve
    from tte.evaluation.concordance import Concordance
    from tte.evaluation.decision_curve import DecisionCurve
    from tte.evaluation.optimism import OptimismResult
    from tte.evaluation.reclassification import Reclassification
    from tte.evaluation.residuals import CoxSnellCheck, TimeTrend
    from tte.evaluation.risk_comparison import RiskComparison
    from tte.evaluation.risk_evaluation import PredictedRisk, RiskEvaluation
    from tte.evaluation.time_dependent_roc import TimeDependentAuc

_SHARES = (0.05, 0.5, 0.95)
_MOVED = ("nri", "nri_events", "nri_free", "up_events", "down_events", "up_free", "down_free", "idi", "idi_events")
_OF_RISKS = ("idi", "idi_events")


def risk_entry(found: RiskEvaluation, predicted: PredictedRisk) -> dict[str, Any]:
    """Return the evaluation of a predicted risk in one population; a part without result holds its sentence as ``status_text``."""
    return {
        "n": found.n,
        "n_events": found.n_events,
        "risk": _spread(predicted.risk),
        "discrimination": {
            "marker": finding_entry(found.marker),
            "harrell_c": _entry(_concordance, found.harrell),
            "uno_c": _entry(_concordance, found.uno),
            "auc_over_time": _entry(_over_time, found.over_time),
        },
        "calibration": {
            "in_the_large": _entry(_in_the_large, found.in_the_large),
            "slope": _entry(_slope, found.slope),
            "groups": _entry(lambda groups: {"groups": [_group(one) for one in groups]}, found.groups),
            "curve": _entry(_curve, found.curve),
        },
        "brier": _entry(_brier, found.brier),
        "decision_curve": _entry(_decision, found.decision),
        "residuals": {
            "cox_snell": _entry(_cox_snell, found.cox_snell),
            "schoenfeld_trend": _entry(lambda one: _trend(one, predicted.names), found.trend),
        },
    }


def comparison_entry(one: RiskComparison) -> dict[str, Any]:
    """Return the comparison of a risk with a comparator as it stands in the document."""
    pair = None if one.difference is None else (one.difference, one.n)
    return {
        "comparator": one.name,
        "words": one.words,
        "n": one.n,
        "n_events": one.n_events,
        "n_without_comparator": one.n_missing,
        "auroc": None if one.area is None else measured_entry(one.area.area),
        "delong": paired_entry("risk", one.name, pair),
        "reclassified": one.kind,
        "reclassification": _entry(lambda moved: _moved(moved, is_risk=one.kind == "risk"), one.moved),
    }


def optimism_entry(found: OptimismResult) -> dict[str, Any]:
    """Return performance with its optimism as it stands in the document."""
    names = ("apparent", "optimism", "corrected", "outside", "p632", "p632_plus")
    return {
        "n_draws": found.n_draws,
        "n_failed": found.n_failed,
        "failures": list(found.failures),
        "measures": {
            one.name: {**{name: number(getattr(one, name)) for name in names}, "n_used": one.n_used}
            for one in found.measures
        },
    }


def _entry(entry: Callable[[Any], dict[str, Any]], found: Any) -> dict[str, Any]:  # noqa: ANN401 - an entry takes its own kind
    return {"status_text": found} if isinstance(found, str) else entry(found)


def _spread(risk: FloatArray) -> dict[str, float]:
    names = ("q05", "q50", "q95")
    return {"mean": float(risk.mean()), **dict(zip(names, np.quantile(risk, _SHARES).tolist(), strict=True))}


def _concordance(one: Concordance) -> dict[str, Any]:
    return {
        **measured_entry(one.c),
        "n_pairs": number(one.n_pairs),
        "n_tied": number(one.n_tied),
        "status_text": one.status.value,
    }


def _over_time(one: TimeDependentAuc) -> dict[str, Any]:
    columns = (one.days, one.auc, one.low, one.high, one.n_cases, one.n_controls, one.n_unknown)
    names = ("day", "value", "low", "high", "n_events", "n_free", "n_censored_before")
    return {
        "days": [dict(zip(names, map(number, row), strict=True)) for row in zip(*columns, strict=True)],
    }


def _in_the_large(one: ObservedOverExpected) -> dict[str, Any]:
    return {"observed": one.observed, "expected": one.expected, "ratio": measured_entry(one.ratio)}


def _slope(one: CalibrationSlope) -> dict[str, Any]:
    return {
        "intercept": {**measured_entry(one.intercept), "se": number(one.intercept_se)},
        "slope": {**measured_entry(one.slope), "se": number(one.slope_se)},
        "p": number(one.p),
        "status": one.status.name.lower(),
        "status_text": one.status.value,
    }


def _group(one: CalibrationGroup) -> dict[str, Any]:
    return {
        "n": one.n,
        "n_events": one.n_events,
        "lowest_risk": one.low_risk,
        "highest_risk": one.high_risk,
        "mean_risk": one.expected,
        "seen": measured_entry(one.observed),
    }


def _curve(one: CalibrationCurve) -> dict[str, Any]:
    points = zip(one.predicted, one.observed, one.low, one.high, strict=True)
    names = ("predicted", "value", "low", "high")
    return {
        "points": [dict(zip(names, map(number, point), strict=True)) for point in points],
        "ici": number(one.ici.value),
        "ici_interval": _interval(one.ici),
        "e50": number(one.e50.value),
        "e50_interval": _interval(one.e50),
        "e90": number(one.e90.value),
        "e90_interval": _interval(one.e90),
        "n_draws": one.n_draws,
        "n_failed": one.n_failed,
        "status": one.status.name.lower(),
        "status_text": one.status.value,
    }


def _interval(one: Measured) -> list[float] | None:
    """Return the ends of an interval; None where there is none."""
    return None if isnan(one.low) else [one.low, one.high]


def _brier(one: Brier) -> dict[str, Any]:
    return {
        "score": measured_entry(one.score),
        "reference": number(one.reference),
        "scaled": measured_entry(one.scaled),
    }


def _decision(one: DecisionCurve) -> dict[str, Any]:
    columns = (one.threshold, one.n_above, one.model, one.model_low, one.model_high)
    more = (one.everybody, one.everybody_low, one.everybody_high, one.difference_low, one.difference_high)
    names = (
        *("threshold", "n_above", "model", "model_low", "model_high"),
        *("all", "all_low", "all_high", "difference_low", "difference_high"),
    )
    rows = zip(*columns, *more, strict=True)
    return {"thresholds": [dict(zip(names, map(number, row), strict=True)) for row in rows]}


def _cox_snell(one: CoxSnellCheck) -> dict[str, Any]:
    names = ("residual", "value", "low", "high")
    rows = zip(one.residual, one.cumulative_hazard, one.low, one.high, strict=True)
    return {"points": [dict(zip(names, map(number, row), strict=True)) for row in rows]}


def _trend(one: TimeTrend, names: tuple[str, ...]) -> dict[str, Any]:
    parts = zip(names, one.statistic.tolist(), one.p.tolist(), strict=True)
    return {
        "covariates": [{"name": name, "statistic": number(value), "p": number(p)} for name, value, p in parts],
        "overall": {"statistic": number(one.overall), "p": number(one.overall_p)},
    }


def _moved(one: Reclassification, *, is_risk: bool) -> dict[str, Any]:
    kept = [name for name in _MOVED if is_risk or name not in _OF_RISKS]
    return {
        **{name: measured_entry(getattr(one, name)) for name in kept},
        "table_events": one.events.tolist(),
        "table_free": one.free.tolist(),
        "n_censored_before_horizon": one.n_unknown,
    }

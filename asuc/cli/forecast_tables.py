"""A forecast as tables for people."""

from __future__ import annotations

import math
import sys
from collections import defaultdict
from typing import TYPE_CHECKING

from asuc.cli.layout import Sheet, laid_out
from asuc.cli.output import write_output
from asuc.cli.remarks import RESEARCH_USE, limited
from asuc.cli.wording import UNKNOWN, chances, figure, interval, percent, percent_interval, typed_percent
from pkpd.errors import QuadratureStatus

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from dosing_app.decision.applicability import CaseWarning
    from dosing_app.decision.forecast import Forecast, RiskForecast
    from dosing_app.decision.sensitivity import ModelAverage, ModelView
    from pkpd.estimation.posterior import Marginal

_NO_DRUG = "no drug"
_LABELS = {
    "cl": "Clearance, L/day",
    "v": "Volume, L",
    "v1": "Central volume, L",
    "q": "Intercompartmental clearance, L/day",
    "v2": "Peripheral volume, L",
    "half_life": "Terminal half-life, days",
}


def print_forecast(forecast: Forecast, average: ModelAverage, warnings: Sequence[CaseWarning]) -> None:
    """Print parameters, exposure and risk with their 90 % intervals, other models and the checks."""
    write_output(laid_out(_forecast(forecast, average, warnings)))


def _forecast(forecast: Forecast, average: ModelAverage, warnings: Sequence[CaseWarning]) -> Iterator[Sheet | str]:
    if forecast.posterior.status is QuadratureStatus.NO_MASS:
        yield f"{QuadratureStatus.NO_MASS.value} Nothing but what was expected before the samples can be given."
    elif forecast.risk is None:
        yield f"The event model is not calibrated for {forecast.model.id}: no risk is given."
    else:
        yield from _risk(forecast.risk, forecast)
    yield Sheet(
        "Parameters",
        ("", "before samples", "at the mode", "middle", "90 % interval"),
        tuple(
            (
                _LABELS[name],
                figure(forecast.a_priori[name]),
                figure(forecast.at_map[name]),
                figure(float(marginal.quantiles[2])),
                interval(marginal.quantiles),
            )
            for name, marginal in forecast.parameters.items()
        ),
        wraps=0,
    )
    exposure = forecast.exposure
    yield Sheet(
        "Exposure, day 14 to 28",
        ("", "at the mode", "middle", "90 % interval"),
        (
            ("AUC, mg·day/L", *_exposure(exposure.map_log_auc, _exp(exposure.map_log_auc), exposure.auc)),
            ("ln(AUC/CL)", *_exposure(exposure.map_log_auc, exposure.map_log_auc_cl, exposure.log_auc_cl)),
        ),
    )
    yield from _other_models(average)
    yield from limited(warnings, ["Check" if warning.level == "check" else "Note" for warning in warnings])
    yield RESEARCH_USE


def _risk(risk: RiskForecast, forecast: Forecast) -> Iterator[Sheet | str]:
    case, rests_on = forecast.case, "levels" if forecast.samples else "weight, CRP"
    rows = [(f"{rests_on} and risk model together", risk.total.day90.quantiles)]
    if case.now_day < forecast.event_model.horizon_day:
        rows.append((f"the same, from day {case.now_day:g} on", risk.total.from_now.quantiles))
    rows.append(("this patient's levels alone" if forecast.samples else "weight and CRP alone", risk.day90.quantiles))
    yield Sheet(
        "Risk of colectomy by day 90, current plan",
        ("from", "90 % interval", "middle"),
        tuple(
            (label, percent_interval(quantiles[0], quantiles[4]), percent(quantiles[2])) for label, quantiles in rows
        ),
    )
    yield (
        f"{chances(risk.probability_target)} that exposure suffices for a risk of "
        f"{typed_percent(case.target.risk_day90)} or less (parameters only)."
    )


def _exposure(map_log_auc: float, at_map: float, marginal: Marginal | None) -> tuple[str, str, str]:
    if map_log_auc == -math.inf:
        return _NO_DRUG, _NO_DRUG, _NO_DRUG
    if marginal is None:
        return figure(at_map), UNKNOWN, UNKNOWN
    return figure(at_map), figure(float(marginal.quantiles[2])), interval(marginal.quantiles)


def _exp(logarithm: float) -> float:
    """Return e to a power; infinity where no float holds it."""
    try:
        return math.exp(logarithm)
    except OverflowError:
        return math.inf


def _other_models(average: ModelAverage) -> Iterator[Sheet | str]:
    if average.views:
        yield Sheet(
            "Other models (sensitivity)",
            ("model", "weight", "clearance, L/day", "90 % interval", "risk by day 90"),
            (
                *(_view(view) for view in sorted(average.views, key=lambda view: -view.weight)),
                ("average by evidence", "", figure(float(average.cl_quantiles[2])), interval(average.cl_quantiles), ""),
            ),
            wraps=0,
        )
    if not all(view.is_calibrated for view in average.views):
        yield "Not calibrated: the event model was not estimated with exposures of this pharmacokinetic model."
    left_out: defaultdict[str, list[str]] = defaultdict(list)
    for name, reason in average.skipped:
        left_out[reason].append(name)
    for reason, names in left_out.items():
        yield f"Left out of the comparison: {', '.join(names)} ({reason.rstrip('.')})."


def _view(view: ModelView) -> tuple[str, str, str, str, str]:
    spread = percent_interval(view.risk_quantiles[0], view.risk_quantiles[-1])
    risk = _NO_DRUG if view.log_auc_cl == -math.inf else f"{spread}, middle {percent(view.risk_quantiles[2])}"
    said = risk if view.is_calibrated else f"{risk}, not calibrated"
    middle = figure(float(view.cl_quantiles[2]))
    return view.model.id, _weight(view), middle, interval(view.cl_quantiles), said


def _weight(view: ModelView) -> str:
    """Return a model's share in the average; one that is too small for a float is still not 0."""
    return percent(max(view.weight, sys.float_info.min)) if view.model.in_default_panel else UNKNOWN

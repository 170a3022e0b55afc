"""The JSON document of a forecast (`asuc-forecast/1`); it never holds NaN or infinity."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Sequence

    from dosing_app.decision.applicability import CaseWarning
    from dosing_app.decision.forecast import Forecast, RiskForecast
    from dosing_app.decision.sensitivity import ModelAverage
    from pkpd.arrays import FloatArray
    from pkpd.estimation.posterior import Marginal
    from tte.model.total import RiskDistribution

_NAMES = {
    "cl": "cl_L_per_day",
    "v": "v_L",
    "v1": "v1_L",
    "q": "q_L_per_day",
    "v2": "v2_L",
    "half_life": "half_life_day",
}
_QUANTILES = ("q05", "q25", "q50", "q75", "q95")
_INTERVAL = {"q05": 0, "q50": 2, "q95": 4}


def forecast_json(forecast: Forecast, average: ModelAverage | None, warnings: Sequence[CaseWarning]) -> dict[str, Any]:
    """Return a forecast as JSON-ready values (interfaces.md, section 2).

    Parameters
    ----------
    forecast : Forecast
        The forecast.
    average : ModelAverage or None
        What other models say; left out where None.
    warnings : sequence of CaseWarning
        Warnings about the case.
    """
    model, posterior = forecast.model, forecast.posterior
    mode = posterior.mode
    return {
        "schema": "asuc-forecast/1",
        "model": {"name": model.id, "version": model.version, "sha256": model.sha256},
        "event_model": {
            "name": forecast.event_model.id,
            "version": forecast.event_model.version,
            "sha256": forecast.event_model.sha256,
        },
        "a_priori": _parameters(forecast.a_priori),
        "map": {
            "eta": {name: number(mode.eta[0, i]) for i, name in enumerate(model.etas)},
            **_parameters(forecast.at_map),
            "objective": number(mode.objective[0]),
            "status": mode.status[0].value,
            "modes": int(mode.n_modes[0]),
        },
        "posterior": _posterior(forecast),
        "exposure": {
            "auc_day14_28_mg_day_per_L": number(math.exp(min(forecast.exposure.map_log_auc, 700.0))),
            "log_auc_cl": number(forecast.exposure.map_log_auc_cl),
        },
        "risk": _risk(forecast),
        "survival": _survival(forecast.risk),
        "imputed": list(forecast.covariates.imputed),
        "sensitivity": [] if average is None else _sensitivity(average),
        "average": None if average is None else _average(average),
        "samples": [
            {
                "time_day": sample.time_day,
                "prediction_a_priori": number(sample.prediction_a_priori),
                "prediction_map": number(sample.prediction_map),
                "a_priori_percentile": number(sample.a_priori_percentile),
                "residual": number(sample.residual),
            }
            for sample in forecast.samples
        ],
        "warnings": [
            {"code": warning.code, "text": warning.text, "place": warning.place, "level": warning.level}
            for warning in warnings
        ],
    }


def number(value: float | None) -> float | None:
    """Return a number as JSON can hold it: null for NaN and infinity."""
    return float(value) if value is not None and math.isfinite(value) else None


def marginal_json(marginal: Marginal | RiskDistribution | None) -> dict[str, float | None] | None:
    """Return mean, standard deviation and quantiles of a distribution."""
    if marginal is None:
        return None
    return {
        "mean": number(marginal.mean),
        "sd": number(marginal.sd),
        **{name: number(value) for name, value in zip(_QUANTILES, marginal.quantiles, strict=True)},
    }


def _parameters(values: dict[str, float]) -> dict[str, float | None]:
    named = {_NAMES[name]: number(value) for name, value in values.items()}
    if "v1" in values:
        named["v_L"] = number(values["v1"])
    return named


def _posterior(forecast: Forecast) -> dict[str, Any]:
    risk = forecast.risk
    parameters = {_NAMES[name]: marginal_json(value) for name, value in forecast.parameters.items()}
    if "v1" in forecast.parameters:
        parameters["v_L"] = marginal_json(forecast.parameters["v1"])
    return {
        **parameters,
        "auc_day14_28_mg_day_per_L": marginal_json(forecast.exposure.auc),
        "log_auc_cl": marginal_json(forecast.exposure.log_auc_cl),
        "risk_day90": None if risk is None else marginal_json(risk.day90),
        "risk_day90_total": None if risk is None else marginal_json(risk.total.day90),
        "risk_from_now_total": None if risk is None else marginal_json(risk.total.from_now),
        "probability_low_risk": None if risk is None else number(risk.probability_low_risk),
        "probability_target": None if risk is None else number(risk.probability_target),
        "log_evidence": number(forecast.posterior.log_evidence),
        "status": forecast.posterior.status.value,
    }


def _risk(forecast: Forecast) -> dict[str, Any] | None:
    if forecast.risk is None:
        return None
    return {
        "day90": number(forecast.risk.map_day90),
        "from_now": number(forecast.risk.map_from_now),
        "threshold_log_auc_cl": forecast.event_model.threshold,
        "stratum": forecast.risk.stratum,
    }


def _survival(risk: RiskForecast | None) -> list[dict[str, float | None]]:
    if risk is None:
        return []
    return [
        {"day": float(day), **{name: number(value) for name, value in zip(_QUANTILES, row, strict=True)}}
        for day, row in zip(risk.total.days, risk.total.survival, strict=True)
    ]


def _sensitivity(average: ModelAverage) -> list[dict[str, Any]]:
    return [
        {
            "model": view.model.id,
            "log_evidence": number(view.log_evidence),
            "weight": number(view.weight),
            "cl_L_per_day": number(view.cl),
            **{f"cl_{name}_L_per_day": number(view.cl_quantiles[place]) for name, place in _INTERVAL.items()},
            "log_auc_cl": number(view.log_auc_cl),
            "risk_day90": number(view.risk_day90),
            **{f"risk_day90_{name}": number(view.risk_quantiles[place]) for name, place in _INTERVAL.items()},
            "event_model_calibrated": view.is_calibrated,
        }
        for view in average.views
    ]


def _average(average: ModelAverage) -> dict[str, Any]:
    return {
        "models": [view.model.id for view in average.views if view.weight > 0.0],
        "cl_L_per_day": _quantiles(average.cl_quantiles),
        "auc_day14_28_mg_day_per_L": _quantiles(average.auc_quantiles),
        "concentration_mg_per_L": []
        if average.concentrations is None
        else [
            {"time_day": float(time), **_quantiles(row)}
            for time, row in zip(average.concentrations.times, average.concentrations.quantiles, strict=True)
        ],
        "skipped": [{"model": name, "reason": reason} for name, reason in average.skipped],
    }


def _quantiles(values: FloatArray) -> dict[str, float | None]:
    return {name: number(float(value)) for name, value in zip(_QUANTILES, values, strict=True)}

"""What the figures rest on: parameters, method, models, other models, sources."""

from __future__ import annotations

import math
from collections import defaultdict
from typing import TYPE_CHECKING

from dosing_app.language import say
from dosing_app.language.speaking import spoken_number
from dosing_app.report.risk_words import risk_rows, shown_risk
from dosing_app.report.tables import Fact, Table
from dosing_app.report.words import (
    UNKNOWN,
    figures,
    interval,
    model_name,
    one_percent,
    percent,
    range_of,
)
from pkpd.units import percent_from_fraction

if TYPE_CHECKING:
    from collections.abc import Iterator

    from dosing_app.decision.forecast import Forecast
    from dosing_app.decision.sensitivity import ModelAverage
    from dosing_app.decision.view import View
    from pkpd.estimation.posterior import Marginal
    from pkpd.model.spec import ModelSpec
    from tte import EventModel

_UNITS = {"cl": "L/day", "v": "L", "v1": "L", "q": "L/day", "v2": "L", "auc": "mg·d/L"}
_SHORT = 8


def parameters_table(view: View) -> Table:
    """Return parameters and exposure, before samples and for this patient.

    The middle of this patient is left out without a sample in use, as on the screen.
    """
    result, exposure = view.forecast, view.forecast.exposure
    prior_auc, map_auc = (_exp(logarithm) for logarithm in (view.prior_log_auc, exposure.map_log_auc))
    prior_ratio = view.prior_log_auc - math.log(result.a_priori["cl"])
    rows: list[tuple[str, float, float, Marginal | None]] = [
        *((name, result.a_priori[name], result.at_map[name], one) for name, one in result.parameters.items()),
        ("auc", prior_auc, map_auc, exposure.auc),
        ("log_auc_cl", prior_ratio, exposure.map_log_auc_cl, exposure.log_auc_cl),
    ]
    titles = (
        "",
        say("parameters.column_before"),
        say("report.column_best"),
        say("parameters.column_patient"),
        say("parameters.column_interval"),
        say("parameters.column_percentile"),
    )
    return Table(titles, tuple(_parameter(view, *row) for row in rows))


def risks_table(view: View) -> Table:
    """Return the quantiles of the risk, one row for each thing that they rest on; no row where there is no risk."""
    titles = (say("twin.rests_on"), "5 %", "25 %", "50 %", "75 %", "95 %")
    rows = ((row.name, *(percent(float(value)) for value in row.quantiles)) for row in risk_rows(view))
    return Table(titles, tuple(rows))


def method_facts(view: View, average: ModelAverage | None) -> tuple[Fact, ...]:
    """Return models, estimation and what other models say."""
    result = view.forecast
    model, event_model = result.model, result.event_model
    return (
        Fact(say("report.model"), _model(model)),
        Fact(say("report.risk_model"), _model(event_model)),
        Fact(say("report.estimation"), say(f"report.status_{result.posterior.status.name.lower()}")),
        Fact(say("report.best_estimate"), _mode(result)),
        Fact(say("report.evidence"), _log(result.posterior.log_evidence)),
        *_other_models(view, average),
    )


def sources(view: View) -> tuple[str, ...]:
    """Return the citations of the models, each once, and the checksums of their files."""
    models = ((say("report.model"), view.forecast.model), (say("report.risk_model"), view.forecast.event_model))
    cited: defaultdict[str, list[str]] = defaultdict(list)
    for name, model in models:
        cited[" · ".join(part for part in (model.citation, model.doi) if part)].append(name)
    return (
        *(say("report.fact", name=", ".join(names), value=citation) for citation, names in cited.items()),
        "; ".join(say("report.checksum", name=name, hash=model.sha256) for name, model in models),
    )


def short_hash(sha256: str) -> str:
    """Return the beginning of a checksum, enough to tell two files apart."""
    return sha256[:_SHORT]


def _parameter(view: View, name: str, prior: float, at_map: float, marginal: Marginal | None) -> tuple[str, ...]:
    patient, spread = UNKNOWN, UNKNOWN
    if marginal is not None and view.has_mass:
        low, middle, high = (_number(name, float(marginal.quantiles[i])) for i in (0, 2, 4))
        spread = f"{low}–{high}"
        patient = middle if view.forecast.samples else UNKNOWN
    percentile = view.percentiles.get(name)
    return (
        f"{say(f'parameter.{name}')} {_unit(name)}".strip(),
        _number(name, prior),
        _number(name, at_map) if view.has_mass else UNKNOWN,
        patient,
        spread,
        "" if percentile is None else f"{percent_from_fraction(percentile):.0f}",
    )


def _unit(name: str) -> str:
    return say("unit.days") if name == "half_life" else _UNITS.get(name, "")


def _number(name: str, value: float) -> str:
    return _log(value) if name == "log_auc_cl" else figures(value)


def _log(value: float) -> str:
    """Return a logarithm, which has no size that deserves fewer decimals."""
    if not math.isfinite(value):
        return UNKNOWN
    # The sum turns -0 into 0.
    return spoken_number(f"{round(value, 2) + 0.0:.2f}").replace("-", "−")


def _exp(logarithm: float) -> float:
    """Return e to a power; infinity where no float holds it."""
    try:
        return math.exp(logarithm)
    except OverflowError:
        return math.inf


def _model(model: ModelSpec | EventModel) -> str:
    return say("report.model_version", name=model_name(model.id), version=model.version, hash=short_hash(model.sha256))


def _mode(result: Forecast) -> str:
    mode = result.posterior.mode
    status = say(f"report.mode_{mode.status[0].name.lower()}")
    return say("report.mode_many", count=max(int(mode.n_modes[0]), 1), status=status)


def _other_models(view: View, average: ModelAverage | None) -> Iterator[Fact]:
    risk = shown_risk(view)
    if risk is not None:
        yield Fact(say("report.mode_risk"), one_percent(risk.map_day90))
    weights = {one.model.id: one.weight for one in average.views} if average else {}
    for name, other in view.other_forms.items():
        spread = interval(other.quantiles)
        weight = weights.get(name)
        value = spread if weight is None else say("report.weight", interval=spread, weight=one_percent(weight))
        yield Fact(say("risk.row_other_form"), value)
    if average is not None and math.isfinite(float(average.cl_quantiles[2])):
        middle, spread = figures(float(average.cl_quantiles[2])), range_of(average.cl_quantiles)
        yield Fact(say("report.average"), say("report.average_of", middle=middle, interval=spread))

"""What the figures rest on: parameters, method, models, other models, sources."""

from __future__ import annotations

import math
from collections import defaultdict
from typing import TYPE_CHECKING

from dosing_app.findings.case_words import model_name
from dosing_app.findings.numbers import figures, interval, logarithm, one_percent, range_of
from dosing_app.findings.parameter_rows import parameter_rows
from dosing_app.findings.risk_rows import other_form_name
from dosing_app.findings.risk_words import shown_risk
from dosing_app.findings.table import Table
from dosing_app.language import say
from dosing_app.report.fact import Fact

if TYPE_CHECKING:
    from collections.abc import Iterator

    from dosing_app.decision.forecast import Forecast
    from dosing_app.decision.sensitivity import ModelAverage
    from dosing_app.decision.view import View
    from pkpd.model.spec import ModelSpec
    from tte import EventModel

_SHORT = 8


def parameters_table(view: View) -> Table:
    """Return parameters and exposure, before samples and for this patient.

    The middle of this patient is left out without a sample in use, as on the screen.
    """
    titles = (
        "",
        say("parameters.column_before"),
        say("report.column_best"),
        say("parameters.column_patient"),
        say("parameters.column_interval"),
        say("parameters.column_percentile"),
    )
    rows = (
        (f"{row.name} {row.unit}".strip(), row.before, row.best, row.middle, row.interval, row.percentile)
        for row in parameter_rows(view)
    )
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
        Fact(say("report.evidence"), logarithm(result.posterior.log_evidence)),
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
        yield Fact(other_form_name(view), value)
    if average is not None and math.isfinite(float(average.cl_quantiles[2])):
        middle, spread = figures(float(average.cl_quantiles[2])), range_of(average.cl_quantiles)
        yield Fact(say("report.average"), say("report.average_of", middle=middle, interval=spread))

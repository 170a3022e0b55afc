"""The cards of the models: who was studied, what was estimated and how well, what to be careful about.

They are thousands of cells that nobody edits: written as HTML by a template, not as components of Dash, which would take
the browser many seconds to build.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

from flask import request
from jinja2 import Environment, PackageLoader

from crohns_srs.predict.library import shipped_models
from crohns_srs.predict.recommend import CAVEAT
from dosing_app.findings.case_words import model_name
from dosing_app.language import say
from dosing_app.language.speaking import spoken_number
from dosing_app.ui import addresses
from dosing_app.ui.answering import answering
from pkpd.model.library import load_model, model_names
from tte.model.event_model import AnchoredUncertainty, CovarianceUncertainty

if TYPE_CHECKING:
    from collections.abc import Sequence

    from crohns_srs.predict.class_model import ModelSet
    from dosing_app.ui.elements import Dash
    from pkpd.model.spec import CovariateDomain, ModelSpec, PublishedValue
    from tte import EventModel
    from tte.model.event_model import Fact, PublishedEstimate

_DIGITS = 4
Rows = list[list[str]]
Titles = tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Card:
    """What stands on the card of one model.

    Parameters
    ----------
    id, name, title : str
        Its id in the page, its name and what it is.
    facts : list of (key, text)
        Facts by the key of their name.
    tables : list of (titles, rows)
        Tables with the keys of their titles; the first cell of a row names it.
    checks : list of rows
        Check values: patient, expected, source.
    lists : list of (key, sentences)
        Caveats, errata and decisions.
    """

    id: str
    name: str
    title: str
    facts: list[tuple[str, str]]
    tables: list[tuple[Titles, Rows]]
    checks: Rows
    lists: list[tuple[str, tuple[str, ...]]]


def register(app: Dash, event_model: EventModel) -> None:
    """Serve the cards as a part of the page, in the language asked for."""
    pages = Environment(loader=PackageLoader("dosing_app.ui"), autoescape=True)
    template = pages.get_template("model_cards.html")

    def cards() -> str:
        with answering(request.args.get("language")):
            return template.render(cards=model_cards(event_model), say=say)

    app.server.add_url_rule(addresses.MODEL_CARDS, "model_cards", cards)


def model_cards(event_model: EventModel) -> list[Card]:
    """Return the card of the event model, those of the pharmacokinetic models, and that of the models of Crohn's disease."""
    return [_event_card(event_model), *(_card(load_model(name)) for name in model_names()), _crohns_card()]


def _card(spec: ModelSpec) -> Card:
    return Card(
        id=spec.id,
        name=model_name(spec.id),
        title=spec.title,
        facts=[
            ("models.population", spec.population),
            ("models.citation", " · ".join(part for part in (spec.citation, spec.doi) if part)),
            ("models.version", f"{spec.version} · sha256 {spec.sha256}"),
            ("models.structure", say(f"models.{spec.structure.value}")),
            (
                "models.in_averages",
                f"{say('choice.yes' if spec.in_default_panel else 'choice.no')}. {spec.panel_reason}",
            ),
        ],
        tables=[_parameters(spec.parameters), _covariates(list(spec.covariates.values()))],
        checks=[
            [check.name, ", ".join(f"{name} {_number(value)}" for name, value in check.expected.items()), check.source]
            for check in spec.checks
        ],
        lists=[("models.caveats", spec.caveats), ("models.errata", spec.errata), ("models.decisions", spec.decisions)],
    )


def _event_card(model: EventModel) -> Card:
    facts = [[fact.name.replace("_", " "), _reported(fact)] for fact in model.facts]
    estimates = [[value.name, _estimated(value)] for value in model.parameters]
    return Card(
        id="event-model",
        name=say("models.event_model", name=model_name(model.id)),
        title=model.title,
        facts=[
            ("models.population", model.population),
            ("models.citation", " · ".join(part for part in (model.citation, model.doi) if part)),
            ("models.version", f"{model.version} · sha256 {model.sha256}"),
            *_origin(model),
            ("models.calibrated_for", ", ".join(model_name(name) for name in model.pk_models)),
            ("models.threshold", f"ln(AUC/CL) = {_number(model.threshold)}"),
            ("models.uncertainty", _uncertainty(model)),
        ],
        tables=[(("models.column_name", "models.column_value"), estimates + facts)],
        checks=[
            [check.name, f"ln(AUC/CL) {_number(check.log_auc_cl)}: {_number(check.risk)}", check.source]
            for check in model.checks
        ],
        lists=[("models.caveats", model.caveats), ("models.decisions", model.decisions)],
    )


def _crohns_card() -> Card:
    """Return the card of the models of pooled trials: coefficients with their errors, and how trials and participants differ."""
    models = shipped_models()
    titles = ("models.column_name", *(f"models.column_{one.id}" for one in (models.placebo, *models.classes)))
    return Card(
        id="crohns-models",
        name=say(f"crohns.models.{models.id}"),
        title=models.config.title,
        facts=[
            ("models.citation", f"{models.citation} · {models.doi}"),
            ("models.version", f"sha256 {models.sha256}"),
            ("models.structure", say("models.pooled_trials")),
        ],
        tables=[(titles, _coefficients(models))],
        checks=[],
        lists=[("models.caveats", (say("crohns.limits_of_it"), CAVEAT))],
    )


def _coefficients(models: ModelSet) -> Rows:
    """Return the terms of all models with their errors, then participants and variances."""
    every = (models.placebo, *models.classes)
    by_model = [
        {
            term: f"{_number(float(one.estimate[i]))} (SE {_number(math.sqrt(one.covariance[i, i]))})"
            for i, term in enumerate(one.terms)
        }
        for one in every
    ]
    rows = [[term, *(found.get(term, "–") for found in by_model)] for term in models.placebo.terms]
    rows.append([say("models.participants"), *(str(one.n_obs) for one in every)])
    rows.append([say("models.var_trial"), *(_number(one.var_trial) for one in every)])
    return [*rows, [say("models.var_residual"), *(_number(one.var_residual) for one in every)]]


def _origin(model: EventModel) -> list[tuple[str, str]]:
    """Return what a recalibrated model was made from; nothing for others."""
    one = model.provenance
    if one is None:
        return []
    said = say(
        "models.recalibrated_how",
        old=model_name(one.event_model),
        version=one.event_model_version,
        method=one.method,
        patients=f"{one.patients}",
        events=f"{one.events}",
        hash=one.data_sha256,
    )
    return [("models.recalibrated", said)]


def _uncertainty(model: EventModel) -> str:
    """Return what the event model's own interval rests on."""
    match model.uncertainty:
        case AnchoredUncertainty(variance=variance, centre=centre, beta_sd=beta_sd):
            hazard = _number(math.sqrt(variance))
            return say("models.uncertainty_anchored", hazard=hazard, centre=_number(centre), beta=_number(beta_sd))
        case CovarianceUncertainty(matrix=matrix):
            rate, shape, beta = (_number(math.sqrt(matrix[k][k])) for k in range(3))
            return say("models.uncertainty_covariance", rate=rate, shape=shape, beta=beta)
        case _:
            return say("models.uncertainty_none")


def _estimated(value: PublishedEstimate) -> str:
    return _number(value.value) + ("" if value.rse_pct is None else f" (RSE {_number(value.rse_pct)} %)")


def _reported(fact: Fact) -> str:
    of = f" / {_number(fact.out_of)}" if fact.out_of else ""
    ends = f" ({_number(fact.interval[0])}–{_number(fact.interval[1])})" if fact.interval else ""
    return f"{_number(fact.value)}{of}{f' {fact.unit}' if fact.unit else ''}{ends}"


def _parameters(values: Sequence[PublishedValue]) -> tuple[Titles, Rows]:
    titles = ("name", "value", "rse", "shrinkage", "bootstrap", "source")
    rows = [
        [
            value.name,
            f"{_number(value.value)} {value.unit}".strip(),
            say("models.fixed") if value.is_fixed else _percent(value.rse_pct),
            _percent(value.shrinkage_pct),
            f"{_number(value.bootstrap[1])}–{_number(value.bootstrap[2])}" if value.bootstrap else "",
            value.source,
        ]
        for value in values
    ]
    return tuple(f"models.column_{title}" for title in titles), rows


def _covariates(domains: Sequence[CovariateDomain]) -> tuple[Titles, Rows]:
    titles = ("covariate", "median", "range", "source")
    rows = [
        [
            say(f"field.{domain.name}"),
            _coded(domain, domain.median),
            "–"
            if domain.categories
            else f"{_number(domain.soft_range[0])}–{_number(domain.soft_range[1])} {domain.unit}",
            domain.soft_source,
        ]
        for domain in domains
    ]
    return tuple(f"models.column_{title}" for title in titles), rows


def _coded(domain: CovariateDomain, value: float) -> str:
    """Return a value with its unit, or the label of its code."""
    label = next((label for label, code in domain.categories if code == value), None)
    return label if label is not None else f"{_number(value)} {domain.unit}"


def _percent(value: float | None) -> str:
    return "" if value is None else f"{_number(value)} %"


def _number(value: float) -> str:
    return spoken_number(f"{value:.{_DIGITS}g}")
